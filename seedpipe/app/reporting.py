"""The reports of a run: written at its end, and again whenever somebody asks.

Hides where reports go and what they are made from: plan, ledger and bytes, nothing else, so that they can be
removed and rebuilt at any time. Only reads the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from seedpipe.app.looking import manifest_of
from seedpipe.core.checking import extras_of
from seedpipe.core.errors import InputError
from seedpipe.core.findings import JudgedJob
from seedpipe.core.reviewing import Decisions
from seedpipe.examining import Examiner
from seedpipe.project import (
    STATE_FOLDER,
    Places,
    all_jobs,
    decisions_about,
    last_run,
    out_at,
    places_of,
    ready_to_write,
    world_of,
)
from seedpipe.settings import Settings, World
from seedpipe.sources import project_root
from seedpipe.stores import LocalPictures, append_bounded, write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from seedpipe.core.manifest import RunManifest
    from seedpipe.core.model import PlanHeader
    from seedpipe.core.records import JobRecord
    from seedpipe.ports import Ledger
    from seedpipe.settings import Surroundings

_MOST_SUMMARY_BYTES = 1024 * 1024  # what GitHub shows of a step's summary; one byte more and it shows nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """The reports of a run: their folder and names, and the annotations for a CI that shows them."""

    manifest: RunManifest
    out: Path
    names: tuple[str, ...]
    annotations: tuple[str, ...]

    @property
    def gallery(self) -> Path:
        """The page to look at."""
        return self.out / "gallery.html"


def report(
    folder: Path,
    surroundings: Surroundings,
    *,
    world: World | None,
    state: Path | None,
    campaign: str | None,
    out: Path | None = None,
    embed_full: bool = False,
) -> Reported:
    """Write the reports of the last run anew. Raises `InputError` when there was none."""
    root = project_root(folder)
    with last_run(state or root / STATE_FOLDER, world, campaign) as (ledger, latest):
        settings = Settings(world=world_of(ledger), origin=ledger.origin, state=state)
        manifest = manifest_of(ledger, latest, settings.world, root)
        out = out or out_at(root, latest.start.out, manifest.header, settings)
        ready_to_write(out, "--out")
        places = places_of(root, settings)
        with examiner_of(manifest.header, places, settings.world) as examiner:
            judged = partial(judged_jobs, examiner, ledger, manifest.header.plan_id)
            found = decisions_about(root, settings, manifest.header)
            decisions = found.read() if found else Decisions()
            return write_reports(
                ledger, manifest, judged, decisions, places, out, surroundings, embed_full=embed_full
            )


def write_reports(
    ledger: Ledger,
    manifest: RunManifest,
    judged: Callable[[], Iterator[JudgedJob]],
    decisions: Decisions,
    places: Places,
    out: Path,
    surroundings: Surroundings,
    *,
    embed_full: bool = False,
) -> Reported:
    """Write every report of a run into its folder, and what a CI shows to where it looks for it."""
    from seedpipe.reports import REPORTS, Subject, files, workflow_commands

    subject = Subject(
        manifest=manifest,
        jobs=judged,
        pictures=LocalPictures(places.objects, places.thumbnails, out),
        before=_sets_before(ledger, manifest),
        decisions=decisions.of,
        embed_full=embed_full,
    )
    names = []
    for name, chunks in files(subject):
        write_atomically(out / name, chunks)
        names.append(name)
    if surroundings.step_summary:
        summary = "".join(REPORTS["summary.md"](subject))
        append_bounded(surroundings.step_summary, summary, _MOST_SUMMARY_BYTES)
    lines = workflow_commands(subject) if surroundings.annotates else []
    return Reported(manifest=manifest, out=out, names=tuple(names), annotations=tuple(lines))


def examiner_of(header: PlanHeader, places: Places, world: World) -> Examiner:
    """Return who measures and judges the images of a plan; proofs are judged without their slug.

    Raises `InputError` when its checks need an extra that is not installed.
    """
    missing = [name for name, package in extras_of(header).items() if find_spec(package) is None]
    if missing:
        raise InputError(
            f"checks whose extras are not installed: {', '.join(missing)}; nothing was sent",
            hint=f"pip install 'seedpipe[{','.join(missing)}]', or switch them off",
        )
    return Examiner(header, places.objects, places.measured, proof=world is World.PROOF)


def judged_jobs(examiner: Examiner | None, ledger: Ledger, plan_id: str) -> Iterator[JudgedJob]:
    """Yield the jobs of a plan in order with what their checks have found; None checks nothing."""
    if examiner is None:
        return (JudgedJob(record=record) for record in all_jobs(ledger, plan_id))
    return examiner.judged(partial(all_jobs, ledger, plan_id))


def _sets_before(ledger: Ledger, manifest: RunManifest) -> Callable[[str], JobRecord | None]:
    """Return how to find the job whose set a cell showed before its campaign was changed."""
    plan_id, campaign = manifest.header.plan_id, manifest.header.campaign
    current = {record.job.job_id for record in all_jobs(ledger, plan_id)}
    found: dict[str, JobRecord] = {}
    for record in ledger.paid(campaign):
        if record.job.job_id in current or record.published is None:
            continue
        for cell in record.cells:
            known = found.get(cell.address)
            if known is None or _finished(known) < _finished(record):
                found[cell.address] = record
    return found.get


def _finished(record: JobRecord) -> str:
    """Return when a job was last heard of, as text that sorts."""
    latest = record.latest
    return latest.finished_at.isoformat() if latest and latest.finished_at else ""
