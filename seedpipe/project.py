"""Where a project keeps its things, and how its ledgers are opened.

Hides the layout below the state folder: a folder a world, with its ledger and its images. Invariants: a
ledger is opened for writing only once its folder has shown to be writable; nothing is made for somebody
who only reads.
"""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from seedpipe.core.errors import InputError, RunError
from seedpipe.core.model import SANDBOX_ORIGIN
from seedpipe.core.showing import kept_jobs, with_kept
from seedpipe.ledger import SqliteLedger
from seedpipe.settings import Settings, World
from seedpipe.sources import project_root
from seedpipe.stores import DecisionsFile, write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from seedpipe.core.model import JobPlan, PlanHeader
    from seedpipe.core.records import JobRecord, RunRecord
    from seedpipe.ports import Ledger
    from seedpipe.sources import WorkTree

STATE_FOLDER: Final = ".seedpipe"
_DECISIONS_SUFFIX: Final = ".decisions.jsonl"
_JOBS_A_READ: Final = 100  # jobs read from the ledger at a time: a report stands in memory a shard at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where one world of a project keeps its things, below the state folder."""

    state: Path
    world: Path

    @property
    def ledger(self) -> Path:
        """The ledger's file."""
        return self.world / "ledger.sqlite3"

    @property
    def objects(self) -> Path:
        """The folder of verified images, by content."""
        return self.world / "objects"

    @property
    def thumbnails(self) -> Path:
        """The folder of small pictures, by the content of the large ones; can be made again."""
        return self.world / "thumbnails"

    @property
    def measured(self) -> Path:
        """The folder of what the checks have measured, by content; can be made again."""
        return self.world / "measured"

    @property
    def asides(self) -> Path:
        """The folder of images that may be ours and belong to no job."""
        return self.world / "asides"

    @property
    def decisions(self) -> Path:
        """The folder of what was decided about proofs, a file a campaign."""
        return self.world / "decisions"

    @property
    def learned(self) -> Path:
        """What `doctor --live` has learned of the service."""
        return self.world / "learned.json"

    @property
    def logs(self) -> Path:
        """The folder of the runs' logs."""
        return self.state / "logs"

    @property
    def sandbox(self) -> Path:
        """The folder of the embedded sandbox's tasks and book."""
        return self.world / "sandbox"


def places_of(root: Path, settings: Settings) -> Places:
    """Return where the world of these settings lies in a project."""
    state = settings.state or root / STATE_FOLDER
    return Places(state=state, world=state / settings.world_name)


def folder_name(header: PlanHeader) -> str:
    """Return what a plan's folder of images is called: a profile's pictures never lie among others."""
    profile = header.variant.get("profile")
    return f"{header.campaign}@{profile}" if profile else header.campaign


def out_of(tree: WorkTree, plan: JobPlan, settings: Settings) -> Path:
    """Return the folder that a plan's images and reports go to."""
    return settings.out or usual_out(tree.root, plan.header, settings)


def usual_out(root: Path, header: PlanHeader, settings: Settings) -> Path:
    """Return the folder of a plan's images and reports when none is named."""
    return root / "out" / f"{folder_name(header)}{settings.out_suffix}"


def out_in(root: Path, out: Path) -> str:
    """Return how a run's record spells its folder of images; see `RunStart.out`."""
    whole = Path(
        os.path.normpath(Path.cwd() / out)
    )  # links stay: whoever links out/ to a large disk means out/
    for path in (whole, Path(os.path.realpath(whole))):
        if path.is_relative_to(root):
            return path.relative_to(root).as_posix()
    return str(whole)


def out_at(root: Path, recorded: str | None, header: PlanHeader, settings: Settings) -> Path:
    """Return the folder that a run has put its images into; the usual one if its record does not say."""
    return usual_out(root, header, settings) if recorded is None else root / recorded


def latest_out(ledger: Ledger | None, root: Path, header: PlanHeader, settings: Settings) -> Path:
    """Return the folder that the latest run of a campaign and profile has put its images into."""
    return out_at(root, ledger.latest_out(header) if ledger else None, header, settings)


def decisions_of(tree: WorkTree, settings: Settings, campaign: str) -> DecisionsFile:
    """Return the decisions about a campaign's images: live ones beside its file, for git; proofs' at home."""
    if settings.world is World.PROOF:
        return _proof_decisions(tree.root, settings, campaign)
    path = tree.beside(_DECISIONS_SUFFIX)
    return DecisionsFile(path, tree.shown(path.name))


def decisions_about(root: Path, settings: Settings, header: PlanHeader) -> DecisionsFile | None:
    """Return the decisions about the images of a plan that was run here; None if its file is not known."""
    if settings.world is World.PROOF:
        return _proof_decisions(root, settings, header.campaign)
    file = PurePosixPath(header.file)
    if not header.file or file.is_absolute() or ".." in file.parts:
        return None
    path = root / file.with_name(file.stem + _DECISIONS_SUFFIX)
    return DecisionsFile(path, str(path))


def _proof_decisions(root: Path, settings: Settings, campaign: str) -> DecisionsFile:
    path = places_of(root, settings).decisions / f"{campaign}.jsonl"
    return DecisionsFile(path, str(path))


def world_of(ledger: Ledger) -> World:
    """Return the world that a ledger remembers."""
    return World.PROOF if ledger.origin == SANDBOX_ORIGIN else World.LIVE


@contextmanager
def writing(places: Places, settings: Settings) -> Iterator[SqliteLedger]:
    """Open the ledger of a world for writing, making the state folder on the way."""
    ready_to_write(places.world, "--state")
    ignore = places.state / ".gitignore"
    if not ignore.exists():
        write_atomically(
            ignore, ["# Ledgers and images of seedpipe: cache this folder, do not commit it.\n*\n"]
        )
    ledger = SqliteLedger.open(places.ledger, origin=settings.origin)
    try:
        yield ledger
    finally:
        ledger.close()


def ready_to_write(folder: Path, option: str) -> None:
    """Make a folder if need be, and fail now rather than when images are paid for."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise RunError(
            f"the folder {folder} cannot be written: {error.strerror}",
            hint=f"name another one with {option}; nothing was sent",
        ) from error


@contextmanager
def reading(file: Path) -> Iterator[SqliteLedger]:
    """Open a ledger beside whoever may be writing to it."""
    ledger = SqliteLedger.open_for_reading(file)
    try:
        yield ledger
    finally:
        ledger.close()


@contextmanager
def last_run(
    state: Path, world: World | None, campaign: str | None
) -> Iterator[tuple[SqliteLedger, RunRecord]]:
    """Open the ledger with the latest run, of one world or of any."""
    with reading(last_ledger(state, world, campaign)) as ledger:
        found = ledger.latest_run(campaign)
        if found is None:
            raise RunError("the last run was deleted while it was being read")
        yield ledger, found


def last_ledger(state: Path, world: World | None, campaign: str | None) -> Path:
    """Return the ledger with the latest run; raises `InputError` when there was none."""
    latest: list[tuple[datetime, Path]] = []
    for file in sorted(state.glob("*/ledger.sqlite3")):
        if world is None or file.parent.name.partition("-")[0] == world.value:
            with reading(file) as ledger:
                if found := ledger.latest_run(campaign):
                    latest.append((found.start.started_at, file))
    if not latest:
        makes = "run FILE --live` (paid)" if world is World.LIVE else "run FILE` (free proofs)"
        raise InputError(
            f"there was no {'live ' if world is World.LIVE else ''}run here yet"
            + (f" of campaign '{campaign}'" if campaign else ""),
            hint=f"start one with `seedpipe {makes}, or name another state folder with --state",
        )
    return max(latest)[1]


@contextmanager
def ledger_of_last_run(
    folder: Path,
    settings_for: Callable[[str], Settings],
    world: World | None,
    state: Path | None,
    campaign: str | None,
) -> Iterator[tuple[SqliteLedger, RunRecord, Settings]]:
    """Open the ledger with the latest run for writing; `settings_for` takes its origin."""
    root = project_root(folder)
    with last_run(state or root / STATE_FOLDER, world, campaign) as (ledger, latest):
        settings = settings_for(ledger.origin)
    with writing(places_of(root, settings), settings) as ledger:
        yield ledger, latest, settings


def all_jobs(ledger: Ledger, plan_id: str) -> Iterator[JobRecord]:
    """Yield the jobs of a plan with their history, in the plan's order.

    They know the history of the sets that their cells keep, too.
    """
    for first in range(0, ledger.job_count(plan_id), _JOBS_A_READ):
        yield from whole(ledger, ledger.jobs(plan_id, first, first + _JOBS_A_READ))


def whole(ledger: Ledger, records: list[JobRecord]) -> list[JobRecord]:
    """Return jobs that know the history of the sets that their cells keep."""
    wanted = kept_jobs(records)
    if not wanted:
        return records
    known = {record.job.job_id: record for record in ledger.tried(wanted)}
    return [with_kept(record, known) for record in records]
