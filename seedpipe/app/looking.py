"""Looking at what runs have left: where the last one stands, what became of a cell.

Reads ledgers beside whoever may be writing to them, and changes nothing.
"""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Final

from seedpipe import __version__
from seedpipe.core.errors import InputError
from seedpipe.core.findings import tally_checks
from seedpipe.core.lifecycle import Phase, is_settled, is_unfetched
from seedpipe.core.manifest import RunManifest, priced
from seedpipe.core.policy import counts_as_failed, may_take, redo_word
from seedpipe.core.showing import is_away, placed_images, shown_sets
from seedpipe.core.standing import is_missing
from seedpipe.examining import Examiner
from seedpipe.project import (
    STATE_FOLDER,
    all_jobs,
    last_run,
    out_at,
    places_of,
    whole,
    world_of,
)
from seedpipe.settings import Settings, World
from seedpipe.sources import head_commit, project_root
from seedpipe.stores import LocalStore

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from seedpipe.core.findings import CheckTotal
    from seedpipe.core.model import PlanHeader, Policy
    from seedpipe.core.policy import Redo
    from seedpipe.core.records import JobRecord, RunRecord
    from seedpipe.ports import Ledger

_MOST_UNFETCHED: Final = 20  # jobs named at the end of a run; `jobs.jsonl` has them all
_MOST_TROUBLES: Final = 20  # jobs listed by `status`; the summary and the gallery have them all


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReview:
    """The last run and where its plan stands now; `troubles` are the first jobs that need attention.

    `missing` counts the jobs whose images were brought home and are not here any more, `missing_files` the
    images that are not at their paths in the output folder, `unmeasured` those that no check has looked at.
    `gallery` is the page to look at, from the project's folder, if it is there.
    `jobs` are all jobs where they were asked for.
    """

    manifest: RunManifest
    troubles: tuple[JobRecord, ...]
    hidden_troubles: int
    missing: int = 0
    missing_files: int = 0
    checks: Mapping[str, CheckTotal] = field(default_factory=dict)
    unmeasured: int = 0
    gallery: str | None = None
    jobs: tuple[JobRecord, ...] = ()


def status(
    folder: Path, *, world: World | None, state: Path | None, campaign: str | None, every: bool = False
) -> StatusReview:
    """Return where the last run of a project stands, with `every` job of it if asked.

    Raises `InputError` when there was none.
    """
    root = project_root(folder)
    with last_run(state or root / STATE_FOLDER, world, campaign) as (ledger, latest):
        manifest = manifest_of(ledger, latest, world_of(ledger), root)
        plan_id, policy = latest.start.plan_id, manifest.header.policy
        troubled = (record for record in all_jobs(ledger, plan_id) if _is_trouble(record, policy))
        shown = tuple(islice(troubled, _MOST_TROUBLES))
        hidden = sum(1 for _ in troubled)
        settings = Settings(world=world_of(ledger), origin=ledger.origin, state=state)
        out = out_at(root, latest.start.out, manifest.header, settings)
        store, page = LocalStore(places_of(root, settings).objects, out), out / "gallery.html"
        missing = sum(_is_missing(record, store) for record in all_jobs(ledger, plan_id))
        missing_files = sum(
            store.count_missing(image.path for image in placed_images(record))
            for record in all_jobs(ledger, plan_id)
        )
        with _recalling(manifest.header, root, settings) as examiner:
            judged = examiner.judged(partial(all_jobs, ledger, plan_id))
            checks = tally_checks(result for job in judged for result in job.results)
        return StatusReview(
            manifest=manifest,
            troubles=shown,
            hidden_troubles=hidden,
            missing=missing,
            missing_files=missing_files,
            checks=checks,
            unmeasured=examiner.unmeasured,
            gallery=os.path.relpath(page, root) if page.exists() else None,
            jobs=tuple(all_jobs(ledger, plan_id)) if every else (),
        )


def _recalling(header: PlanHeader, root: Path, settings: Settings) -> Examiner:
    """Return who judges the images of a plan by what was measured before, and decodes none."""
    places, proof = places_of(root, settings), settings.world is World.PROOF
    return Examiner(header, places.objects, places.measured, proof=proof, measures=False)


def show(
    folder: Path, text: str, *, world: World | None, state: Path | None, campaign: str | None
) -> tuple[PlanHeader, list[JobRecord]]:
    """Return the last run's plan, and its jobs that a cell address or the start of a job id names."""
    state = state or project_root(folder) / STATE_FOLDER
    with last_run(state, world, campaign) as (ledger, latest):
        header = ledger.plan_header(latest.start.plan_id)
        found = whole(ledger, ledger.find(latest.start.plan_id, text))
    if not found:
        raise InputError(
            f"the last run has no cell or job '{text}'",
            hint="`seedpipe status -v` lists the jobs; the first digits of a job id are enough",
        )
    return header, found


def _is_missing(record: JobRecord, store: LocalStore) -> bool:
    """Say whether images that cells of a job show are here no more, as objects or at their paths."""
    return any(
        is_away(shown, store.keeps)
        if shown.kept or shown.record is None
        else is_missing(shown.record, shown.cells[0], store.keeps)
        for shown in shown_sets(record)
    )


def _is_trouble(record: JobRecord, policy: Policy) -> bool:
    """Say whether a job of a plan needs attention; what is merely new does not."""
    rests_well = is_settled(record.phase) and not counts_as_failed(policy, record.phase)
    return not rests_well and record.phase is not Phase.PLANNED


def manifest_of(ledger: Ledger, record: RunRecord, world: World, root: Path) -> RunManifest:
    """Return what a run leaves behind, as its ledger tells it now."""
    plan_id = record.start.plan_id
    header, tally = ledger.plan_header(plan_id), ledger.tally(plan_id)
    unfetched: list[JobRecord] = []
    redoable: set[Redo] = set()
    if any(is_unfetched(phase) or redo_word(phase) for phase in tally):
        for job in all_jobs(ledger, plan_id):
            if is_unfetched(job.phase) and len(unfetched) < _MOST_UNFETCHED:
                unfetched.append(job)
            if (word := redo_word(job.phase)) and may_take(header.policy, len(job.attempts)):
                redoable.add(word)
    return RunManifest(
        world=world.value,
        origin=ledger.origin,
        header=header,
        run=record,
        tally=tally,
        environment={
            "seedpipe": __version__,
            "python": platform.python_version(),
            "platform": platform.platform(terse=True),
            "ci": "yes" if os.environ.get("CI") else "no",
        },
        commit=head_commit(root),
        kept=priced(record.job for record in ledger.kept(plan_id)),
        billed=ledger.billed(plan_id),
        run_billed=ledger.billed(plan_id, record.start.run_id),
        elsewhere=tuple(ledger.unfetched_elsewhere(plan_id)),
        unfetched=tuple(unfetched),
        redoable=frozenset(redoable),
    )
