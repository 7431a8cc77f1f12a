"""Doubts: requests whose fate is not known, looked up on demand or given up.

Hides which of them belong to the ledger of the last run. Nothing is submitted here.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from seedpipe.core.campaign import FileProblem
from seedpipe.core.errors import InputError
from seedpipe.core.lifecycle import Event, Phase
from seedpipe.core.lockfile import Elsewhere
from seedpipe.core.model import SANDBOX_ORIGIN
from seedpipe.core.policy import Orders
from seedpipe.core.records import Entry, RunOutcome
from seedpipe.locked import CampaignLock
from seedpipe.project import ledger_of_last_run, places_of
from seedpipe.session import careful, drive, run_end, run_log, run_start, service
from seedpipe.settings import Settings, World
from seedpipe.sources import WorkTree, project_root
from seedpipe.stores import LocalStore

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from seedpipe.core.records import Aside, JobRecord
    from seedpipe.ports import Ledger, RunListener


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What became of doubts: found at the service, surely absent, or left in doubt."""

    found: tuple[JobRecord, ...]
    absent: tuple[JobRecord, ...]
    left: tuple[JobRecord, ...]
    asides: tuple[Aside, ...]
    asides_folder: Path
    exit_code: int


def reconcile(
    folder: Path,
    settings_for: Callable[[str], Settings],
    *,
    world: World | None,
    state: Path | None,
    campaign: str | None,
    listener: RunListener,
) -> Reconciled:
    """Settle the doubts of the last run's ledger and submit nothing. `settings_for` takes its origin."""
    with ledger_of_last_run(folder, settings_for, world, state, campaign) as (ledger, latest, settings):
        if settings.world is World.LIVE:
            settings.required_key()
        plan_id, places = latest.start.plan_id, places_of(project_root(folder), settings)
        header, out = ledger.plan_header(plan_id), latest.start.out
        start = run_start(header, settings, Elsewhere(), out)  # which buys nothing
        ledger.begin_run(start)
        doubts = {request.record.job.job_id: request.record for request in ledger.open_requests(plan_id)}
        outcome, signal_number = RunOutcome(), None
        if doubts:
            store = LocalStore(places.objects, places.asides)
            with service(settings, places) as origin, run_log(places, start, settings, listener) as log:
                settling = careful(settings, places)
                outcome, signal_number = asyncio.run(
                    drive(start, Orders(), ledger, origin, store, store, settling, log, settle_only=True)
                )
        left = {request.record.job.job_id: request.record for request in ledger.open_requests(plan_id)}
        code = 128 + signal_number if signal_number else 4 if left else 0
        ledger.end_run(run_end(start, outcome, code))
        phases = ledger.phases(list(doubts))
        found = {job_id for job_id in doubts.keys() - left.keys() if phases[job_id] is not Phase.PLANNED}
        _write_locks(ledger, found, project_root(folder), settings)
    settled = [record for job_id, record in doubts.items() if job_id not in left]
    return Reconciled(
        found=tuple(record for record in settled if record.job.job_id in found),
        absent=tuple(record for record in settled if record.job.job_id not in found),
        left=tuple(left.values()),
        asides=outcome.asides,
        asides_folder=places.asides,
        exit_code=code,
    )


def _write_locks(ledger: Ledger, found: Collection[str], root: Path, settings: Settings) -> None:
    """Write down what was found, in the lock of each campaign that has paid for it."""
    for account in ledger.accounts():
        latest = ledger.latest_run(account.name) if account.kind == "campaign" else None
        if latest and any(record.job.job_id in found for record in ledger.paid(account.name)):
            with suppress(FileProblem):  # a file outside the project has no lock of ours beside it
                tree = WorkTree.at(root, ledger.plan_header(latest.start.plan_id).file)
                CampaignLock.of(tree, settings).write(ledger, account.name)


def write_off(
    folder: Path,
    text: str,
    *,
    world: World | None,
    state: Path | None,
    campaign: str | None,
) -> JobRecord:
    """Take one doubt as failed, at the user's word: its cell's address, or the start of its job id.

    Nobody is asked, so the ledger may belong to any service.
    """

    def keyless(origin: str) -> Settings:
        own = World.PROOF if origin == SANDBOX_ORIGIN else World.LIVE
        return Settings(world=own, origin=origin, state=state)

    with ledger_of_last_run(folder, keyless, world, state, campaign) as (ledger, latest, _):
        found = [
            request.record
            for request in ledger.open_requests(latest.start.plan_id)
            if request.record.phase is Phase.IN_DOUBT and _is_named(request.record, text)
        ]
        if len(found) != 1:
            raise InputError(
                f"'{text}' names {len(found) or 'no'} jobs in doubt",
                hint="`seedpipe status` lists them; after a killed run, `seedpipe reconcile` looks first",
            )
        words = "written off by the user: whether the request was accepted is unknown"
        entry = Entry(job_id=found[0].job.job_id, event=Event.WRITTEN_OFF, at=datetime.now(UTC), error=words)
        ledger.record([entry])
        return found[0]


def _is_named(record: JobRecord, text: str) -> bool:
    return bool(text) and (
        record.job.job_id.startswith(text) or any(cell.address == text for cell in record.cells)
    )
