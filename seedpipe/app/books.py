"""The books: what was spent, and whether everything that was recorded is true.

Hides which ledger, which files and which service an audit holds against each other.
"""

from __future__ import annotations

import asyncio
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from seedpipe.core.model import SANDBOX_ORIGIN
from seedpipe.core.spend import spend as sum_up
from seedpipe.ledger import SqliteLedger
from seedpipe.project import (
    STATE_FOLDER,
    Places,
    all_jobs,
    last_ledger,
    out_at,
    places_of,
    reading,
)
from seedpipe.session import provider_at, service
from seedpipe.settings import Settings, World
from seedpipe.sources import project_root
from seedpipe.stores import LocalStore

if TYPE_CHECKING:
    from pathlib import Path

    from seedpipe.accounts import AuditReport, PlacedImages
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
    silence = None if with_bills else "the service's bills were not asked for"
    with closing(SqliteLedger.open(file, origin=origin)) as ledger:
        placed, remarks = _placed(ledger, own, places, root)
        silence = silence or _why_no_bills(settings, own)
        report = asyncio.run(_audit(ledger, own, places, placed, asks=silence is None))
    return replace(report, remarks=(*remarks, *report.remarks, *([silence] if silence else [])))


def _placed(
    ledger: Ledger, settings: Settings, places: Places, root: Path
) -> tuple[list[PlacedImages], list[str]]:
    """Return what each campaign shows by its latest plan, and which folders are not here to be looked at."""
    from seedpipe.accounts import PlacedImages

    placed, remarks = [], []
    for campaign in [account.name for account in ledger.accounts() if account.kind == "campaign"]:
        latest = ledger.latest_run(campaign)
        if latest is None:
            continue
        header = ledger.plan_header(latest.start.plan_id)
        out = settings.out or out_at(root, latest.start.out, header, settings)
        if out.is_dir():
            jobs = partial(all_jobs, ledger, latest.start.plan_id)
            placed.append(PlacedImages(jobs=jobs, store=LocalStore(places.objects, out)))
        else:
            remarks.append(f"{out} is not here, so its images were not checked; --out names another folder")
    return placed, remarks


def _why_no_bills(settings: Settings, own: Settings) -> str | None:
    """Return why a ledger's service is not asked; `settings` are the user's, `own` those of the ledger."""
    if own.world is World.PROOF:
        return None
    if not settings.trusts(own.origin):
        return f"this ledger belongs to {own.origin}; to ask for its bills, say --base-url {own.origin}"
    return None if settings.api_key else "WAVESPEED_API_KEY is not set, so no bills were asked for"


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
