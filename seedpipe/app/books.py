"""The books: what was spent, and whether everything that was recorded is true.

Hides which ledger, which files and which service an audit holds against each other.
"""

from __future__ import annotations

import asyncio
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from seedpipe.core.errors import InputError
from seedpipe.core.model import SANDBOX_ORIGIN
from seedpipe.core.spend import spend as sum_up
from seedpipe.core.variant import is_whole
from seedpipe.ledger import SqliteLedger
from seedpipe.project import (
    STATE_FOLDER,
    Places,
    all_jobs,
    folder_name,
    last_ledger,
    out_at,
    places_of,
    reading,
)
from seedpipe.session import provider_at, service
from seedpipe.settings import Settings, World
from seedpipe.sources import project_root
from seedpipe.stores import LocalStore, PublishedFolder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from seedpipe.accounts import AuditReport, PlacedImages
    from seedpipe.core.audit import FileState
    from seedpipe.core.model import PlanHeader
    from seedpipe.core.publishing import PublishedFile
    from seedpipe.core.records import JobRecord
    from seedpipe.core.spend import SpendReport
    from seedpipe.ports import Ledger


def spend(folder: Path, settings: Settings, *, by: str) -> SpendReport:
    """Return what a world's campaigns have spent and reserved; nothing when there was no run yet."""
    ledger_file = places_of(project_root(folder), settings).ledger
    if not ledger_file.exists():
        return sum_up((), by)
    with reading(ledger_file) as ledger:
        return sum_up(ledger.payments(), by)


def audit(folder: Path, settings: Settings, *, world: World | None, with_bills: bool) -> AuditReport:
    """Hold the ledger of the last run's world against itself, the files and the service's bills.

    The ledger's lock is held meanwhile, for books are audited at rest. `settings` say where a live service
    may be asked: the key goes to no origin that only a ledger names.
    """
    root = project_root(folder)
    state = settings.state or root / STATE_FOLDER
    file = last_ledger(state, world, None)
    with reading(file) as closed:
        origin = closed.origin
    own = replace(settings, world=World.PROOF if origin == SANDBOX_ORIGIN else World.LIVE, origin=origin)
    places = Places(state=state, world=file.parent)
    silence = None if with_bills else "the service's bills were not checked (--no-bills)"
    with closing(SqliteLedger.open(file, origin=origin)) as ledger:
        placed, remarks = _placed(ledger, own, places, root)
        silence = silence or _why_no_bills(settings, own)
        report = asyncio.run(_audit(ledger, own, places, placed, asks=silence is None))
    return replace(report, remarks=(*remarks, *report.remarks, *([silence] if silence else [])))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Folder:
    """An output folder, and the plans of one campaign and profile that show their images there, newest first.

    All but the last are parts of a campaign (`--select`, `--limit` and the like): of what they leave out the
    folder shows what an older plan has put there.
    """

    out: Path
    header: PlanHeader
    plans: list[str]

    def jobs(self, ledger: Ledger) -> Iterator[JobRecord]:
        """Yield the jobs that are shown there, each with those of its cells that no newer plan has."""
        covered = set[str]()
        for plan_id in self.plans:
            for record in all_jobs(ledger, plan_id):
                cells = tuple(cell for cell in record.cells if cell.address not in covered)
                if plan_id != self.plans[-1]:
                    covered.update(cell.address for cell in cells)
                if cells:
                    yield replace(record, cells=cells)


def _folders(ledger: Ledger, settings: Settings, root: Path) -> list[_Folder]:
    """Return where each campaign, and each of its profiles, shows its images: that of the last run first.

    Its plans are read back to the newest that leaves no cell out.
    """
    found: dict[tuple[str, Path], _Folder] = {}
    complete = set[str]()
    last: str | None = None
    for run in ledger.runs_of_plans():
        header = ledger.plan_header(run.start.plan_id)
        name = folder_name(header)
        if name in complete:
            continue
        last = last or name
        if is_whole(header.variant):
            complete.add(name)
        named = settings.out if name == last else None
        out = named or out_at(root, run.start.out, header, settings)
        folder = found.setdefault((name, out), _Folder(out=out, header=header, plans=[]))
        folder.plans.append(run.start.plan_id)
    return list(found.values())


def _placed(
    ledger: Ledger, settings: Settings, places: Places, root: Path
) -> tuple[list[PlacedImages], list[str]]:
    """Return what each campaign shows, and what is not here to be looked at."""
    from seedpipe.accounts import PlacedImages

    placed: list[PlacedImages] = []
    remarks: list[str] = []
    for folder in _folders(ledger, settings, root):
        if not folder.out.is_dir():
            said = f"{folder.out} is not here, so its images were not checked; --out names another folder"
            remarks.append(said)
            continue
        store, published = LocalStore(places.objects, folder.out), PublishedFolder(folder.out / "published")
        try:
            files = [one for one in published.listed() if one.campaign == folder_name(folder.header)]
        except InputError as error:
            remarks.append(f"the published files were not checked: {error}")
            files = []
        jobs = partial(folder.jobs, ledger)
        states = partial(_states, published, files)
        inside = folder.out.is_relative_to(root)
        name = str(folder.out.relative_to(root) if inside else folder.out)
        placed.append(PlacedImages(name=name, jobs=jobs, store=store, published=states))
    return placed, remarks


def _states(folder: PublishedFolder, files: list[PublishedFile]) -> Iterator[tuple[PublishedFile, FileState]]:
    return ((file, folder.inspect(file)) for file in files)


def _why_no_bills(settings: Settings, own: Settings) -> str | None:
    """Return why a ledger's service is not asked; `settings` are the user's, `own` those of the ledger."""
    if own.world is World.PROOF:
        return None
    if not settings.trusts(own.origin):
        return f"this ledger belongs to {own.origin}; to check its bills, add --base-url {own.origin}"
    return (
        None if settings.api_key else "WAVESPEED_API_KEY is not set, so the service's bills were not checked"
    )


async def _audit(
    ledger: Ledger, settings: Settings, places: Places, placed: list[PlacedImages], *, asks: bool
) -> AuditReport:
    from seedpipe.accounts import audit as audited
    from seedpipe.engines import SystemClock

    store = LocalStore(places.objects, places.world)
    if not asks:
        return await audited(ledger, store, placed, None, SystemClock())
    with service(settings, places) as origin:
        async with provider_at(settings, origin) as provider:
            return await audited(ledger, store, placed, provider, SystemClock())
