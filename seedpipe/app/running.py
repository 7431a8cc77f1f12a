"""Runs: what is new is submitted, what is paid is brought home, doubts are settled.

Hides the order in which a run looks, asks, pays and writes down. Nothing is sent before consent.
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, partial
from itertools import islice
from typing import TYPE_CHECKING, Final

from seedpipe.app.looking import manifest_of
from seedpipe.app.planning import NOTHING, PlanReview, plan_of, review_of
from seedpipe.app.references import keep_references
from seedpipe.app.reporting import Reported, examiner_of, judged_jobs, write_reports
from seedpipe.core.errors import InputError
from seedpipe.core.findings import tally_checks
from seedpipe.core.lifecycle import Event, Phase
from seedpipe.core.lockfile import Elsewhere
from seedpipe.core.manifest import RunManifest, exit_code
from seedpipe.core.money import cents_up, usd
from seedpipe.core.policy import Orders, Redo
from seedpipe.core.quotes import AccountReview, questions, refuse_dearer, refuse_unpriced
from seedpipe.core.records import Entry, RunEnd, RunOutcome, RunRecord, RunStart
from seedpipe.core.totals import total
from seedpipe.core.variant import AS_IT_STANDS, Variant
from seedpipe.examining import WatchedStore
from seedpipe.locked import CampaignLock
from seedpipe.project import (
    Places,
    all_jobs,
    decisions_of,
    ledger_of_last_run,
    out_of,
    places_of,
    ready_to_write,
    writing,
)
from seedpipe.session import careful, drive, pace_for, provider_at, run_log, service
from seedpipe.settings import Settings, World
from seedpipe.sources import WorkTree, project_root
from seedpipe.stores import LocalStore, clean_derived

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from seedpipe.core.findings import CheckTotal, Finding
    from seedpipe.core.model import JobPlan, PlanHeader
    from seedpipe.core.records import Aside, JobRecord
    from seedpipe.ledger import SqliteLedger
    from seedpipe.ports import RunListener

_MOST_FINDINGS: Final = 12  # told on the screen; the summary and the gallery have them all


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """A finished run: its manifest, the folder of its images and reports, and what it did.

    `submitted` counts the jobs this run sent, `adopted` those it took over from the lock or from the
    service's list, `doubts_found` those that a killed run had left in doubt. `asides` lie in `asides_folder`;
    `reported` is None when no reports were asked for; `checks` sums up what was found, and `findings` are the
    first of it.
    """

    manifest: RunManifest
    out: Path
    exit_code: int
    submitted: int
    adopted: int
    doubts_found: int
    asides: tuple[Aside, ...]
    asides_folder: Path
    reported: Reported | None = None
    checks: Mapping[str, CheckTotal] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What became of doubts: found at the service, surely absent, or left in doubt."""

    found: tuple[JobRecord, ...]
    absent: tuple[JobRecord, ...]
    left: tuple[JobRecord, ...]
    asides: tuple[Aside, ...]
    asides_folder: Path
    exit_code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """How many jobs were taken over from the service's list, and what is still new."""

    jobs: int
    reviewed: PlanReview


def run(
    file: Path,
    settings: Settings,
    variant: Variant = AS_IT_STANDS,
    *,
    consent: Callable[[PlanReview, Callable[[], AccountReview]], bool],
    listener: RunListener,
) -> RunResult:
    """Do what the plan says: submit what is new, bring home what is paid, write the reports.

    `consent` is called once the price is known and before anything is sent; it raises to refuse, and returns
    whether the campaign's policy may buy again what fails or comes short. What the account says can be had
    through its second argument, which asks the service when it is first called.
    """
    tree = WorkTree.around(file)
    return carry_out(
        plan_of(tree, variant, partial=settings.partial), tree, settings, consent=consent, listener=listener
    )


def carry_out(
    plan: JobPlan,
    tree: WorkTree,
    settings: Settings,
    *,
    consent: Callable[[PlanReview, Callable[[], AccountReview]], bool],
    listener: RunListener,
) -> RunResult:
    """Carry out a plan, wherever it comes from; `tree` is where its campaign lies. See `run`."""
    if settings.world is World.LIVE:
        settings.required_key()
    total(plan)  # a plan with faults leaves no state folder behind
    places = places_of(tree.root, settings)
    settings = careful(settings, places)
    out = out_of(tree, plan, settings)
    store, lock = LocalStore(places.objects, out), CampaignLock.of(tree, settings)
    with (
        writing(places, settings) as ledger,
        examiner_of(plan.header, places, settings.world) as examiner,
    ):
        rejects = decisions_of(tree, settings, plan.header.campaign).read().rejects
        reviewed = review_of(plan, settings, ledger, store, lock, rejects=rejects)
        orders = _agreed(reviewed, settings, out, lock, consent)
        keep_references(plan.header, tree, store)
        ledger.admit(plan.header, plan.cells())
        adopted = _take_over(plan.header, ledger, settings, places, lock)
        start = _run_start(plan.header, settings, lock.elsewhere(ledger, datetime.now(UTC)))
        doubts_found = ledger.begin_run(start)
        store.clean_parts()
        for derived in (places.thumbnails, places.measured):
            clean_derived(derived)
        with (
            service(settings, places, reviewed.catalogue) as origin,
            lock.kept(places.ledger, plan.header.campaign, listener) as keeper,
            run_log(places, start, settings, keeper) as log,
        ):
            asides, watched = LocalStore(places.objects, places.asides), WatchedStore(store, examiner)
            outcome, signal_number = asyncio.run(
                drive(start, orders, ledger, origin, watched, asides, settings, log)
            )
            lock.write(ledger, plan.header.campaign)
            # Whoever interrupts a run does not wait for checks: `seedpipe report` makes up for them.
            judged = partial(judged_jobs, None if signal_number else examiner, ledger, start.plan_id)
            checks = tally_checks(result for job in judged() for result in job.results)
            code = _exit_code(ledger, start, outcome, checks, signal_number)
            log.note("run_ends", exit_code=code, stop=outcome.stop, message=outcome.message)
        end = _run_end(start, outcome, code)
        ledger.end_run(end)
        manifest = manifest_of(ledger, RunRecord(start=start, end=end), settings.world, tree.root)
        reported = None
        if settings.reports:
            reported = write_reports(ledger, manifest, judged, places, out, settings.surroundings)
        submitted = sum(_is_sent_by(record, start) for record in all_jobs(ledger, start.plan_id))
        findings = tuple(islice((one for job in judged() for one in job.findings), _MOST_FINDINGS))
    return RunResult(
        manifest=manifest,
        out=out,
        exit_code=code,
        submitted=submitted,
        adopted=adopted,
        doubts_found=doubts_found,
        asides=outcome.asides,
        asides_folder=places.asides,
        reported=reported,
        checks=checks,
        findings=findings,
    )


def _agreed(
    reviewed: PlanReview,
    settings: Settings,
    out: Path,
    lock: CampaignLock,
    consent: Callable[[PlanReview, Callable[[], AccountReview]], bool],
) -> Orders:
    """Return what a run may do, once it fits its budgets, can be written down and is consented to."""
    if not settings.partial:
        _refuse_over_budget(reviewed)
    ready_to_write(out, "--out")
    if reviewed.to_buy.jobs:
        lock.check_writable()
    account = cache(partial(_account, reviewed, settings))
    retries = consent(reviewed, account)
    account()
    rejected = reviewed.standing.rejected_jobs if Redo.REJECTED in settings.redo else frozenset()
    return Orders(redo=settings.redo, rejected=rejected, retries=retries, fail_fast=settings.fail_fast)


def _exit_code(
    ledger: SqliteLedger,
    start: RunStart,
    outcome: RunOutcome,
    checks: Mapping[str, CheckTotal],
    signal_number: int | None,
) -> int:
    return exit_code(
        ledger.tally(start.plan_id),
        outcome,
        policy=ledger.plan_header(start.plan_id).policy,
        interrupted_by=signal_number,
        checks_failed=any(total.failed for total in checks.values()),
    )


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
        start = _run_start(ledger.plan_header(plan_id), settings, Elsewhere())  # which buys nothing
        ledger.begin_run(start)
        doubts = {request.record.job.job_id: request.record for request in ledger.open_requests(plan_id)}
        outcome, signal_number = RunOutcome(), None
        if doubts:
            store = LocalStore(places.objects, places.asides)
            with service(settings, places) as origin, run_log(places, start, settings, listener) as log:
                settling = drive(
                    start,
                    Orders(),
                    ledger,
                    origin,
                    store,
                    store,
                    careful(settings, places),
                    log,
                    settle_only=True,
                )
                outcome, signal_number = asyncio.run(settling)
        left = {request.record.job.job_id: request.record for request in ledger.open_requests(plan_id)}
        code = 128 + signal_number if signal_number else 4 if left else 0
        ledger.end_run(_run_end(start, outcome, code))
        phases = ledger.phases(list(doubts))
    settled = [record for job_id, record in doubts.items() if job_id not in left]
    return Reconciled(
        found=tuple(record for record in settled if phases[record.job.job_id] is not Phase.PLANNED),
        absent=tuple(record for record in settled if phases[record.job.job_id] is Phase.PLANNED),
        left=tuple(left.values()),
        asides=outcome.asides,
        asides_folder=places.asides,
        exit_code=code,
    )


def write_off(
    folder: Path,
    text: str,
    settings_for: Callable[[str], Settings],
    *,
    world: World | None,
    state: Path | None,
    campaign: str | None,
) -> JobRecord:
    """Take one doubt as failed, at the user's word: its cell's address, or the start of its job id."""
    with ledger_of_last_run(folder, settings_for, world, state, campaign) as (ledger, latest, _):
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
        words = "written off by the user: what became of the request is not known"
        entry = Entry(job_id=found[0].job.job_id, event=Event.WRITTEN_OFF, at=datetime.now(UTC), error=words)
        ledger.record([entry])
        return found[0]


def adopt(file: Path, settings: Settings, variant: Variant = AS_IT_STANDS) -> Adopted:
    """Take over what the lock and the service's list know of a campaign; the next run fetches it, unpaid."""
    if settings.world is World.LIVE:
        settings.required_key()
    tree = WorkTree.around(file)
    plan = plan_of(tree, variant)
    total(plan)  # a campaign with faults leaves no state folder behind
    places = places_of(tree.root, settings)
    store, lock = LocalStore(places.objects, out_of(tree, plan, settings)), CampaignLock.of(tree, settings)
    with writing(places, settings) as ledger:
        ledger.admit(plan.header, plan.cells())
        jobs = lock.adopt(ledger, all_jobs(ledger, plan.header.plan_id), datetime.now(UTC))
        jobs += _adopt_listed(plan.header, ledger, settings, places)
        return Adopted(jobs=jobs, reviewed=review_of(plan, settings, ledger, store, lock))


def _take_over(
    header: PlanHeader, ledger: SqliteLedger, settings: Settings, places: Places, lock: CampaignLock
) -> int:
    """Learn of what is paid for already and not in the ledger, before anything is sent; return how much.

    Every source of such knowledge joins here, as `ADOPTED` entries: the campaign's lock, then the service's
    list. A campaign that has never run live from here may have done so elsewhere: the list is looked at then
    unless the user forbids it.
    """
    lock.teach(ledger, header.campaign)
    stranger = settings.world is World.LIVE and ledger.latest_run(header.campaign) is None
    locked = lock.adopt(ledger, all_jobs(ledger, header.plan_id), datetime.now(UTC))
    if not (stranger if settings.adopt is None else settings.adopt):
        return locked
    return locked + _adopt_listed(header, ledger, settings, places)


def _adopt_listed(header: PlanHeader, ledger: SqliteLedger, settings: Settings, places: Places) -> int:
    from seedpipe.engines import SystemClock
    from seedpipe.engines import adopt as adopt_listed

    async def look(origin: str) -> int:
        async with provider_at(settings, origin) as provider:
            return await adopt_listed(
                ledger,
                provider,
                SystemClock(),
                plan_id=header.plan_id,
                pace=pace_for(settings, origin),
                rng=random.Random(),
            )

    with service(settings, places) as origin:
        return asyncio.run(look(origin))


def _is_named(record: JobRecord, text: str) -> bool:
    return bool(text) and (
        record.job.job_id.startswith(text) or any(cell.address == text for cell in record.cells)
    )


def _is_sent_by(record: JobRecord, run: RunStart) -> bool:
    """Say whether a run has submitted a job, whatever became of it."""
    return any(
        attempt.run_id == run.run_id and attempt.intent_at is not None and attempt.phase is not Phase.PLANNED
        for attempt in record.attempts
    )


def _refuse_over_budget(reviewed: PlanReview) -> None:
    if over := reviewed.over_budget_by_usd:
        budget = reviewed.header.budget.usd or NOTHING
        raise InputError(
            f"the jobs to buy cost {usd(reviewed.to_buy.cost_usd)}, {usd(over)} more than is left of the"
            f" campaign's budget of {usd(budget)} ({usd(reviewed.committed_usd)} is reserved and spent)",
            hint=f"raise budget.usd to {cents_up(budget + over)}, make the plan smaller, or go as far as it"
            " reaches with --partial; nothing was sent",
        )
    if over := reviewed.over_month_by_usd:
        month = reviewed.header.budget.brand_usd_per_month or NOTHING
        raise InputError(
            f"the jobs to buy cost {usd(reviewed.to_buy.cost_usd)}, {usd(over)} more than is left of the"
            f" {usd(month)} that brand '{reviewed.header.brand}' has for this month"
            f" ({usd(reviewed.month_committed_usd)} is reserved and spent)",
            hint="wait for the next month (UTC), raise budget.usd_per_month in the brand file, or go as far"
            " as it reaches with --partial; nothing was sent",
        )


def _account(reviewed: PlanReview, settings: Settings) -> AccountReview:
    """Ask the service what the jobs to buy cost today and what is left. A risen price is an `InputError`."""
    from seedpipe.accounts import ask_account

    new_usd = reviewed.to_buy.cost_usd
    if settings.world is World.PROOF or not reviewed.to_buy.jobs:
        return AccountReview(new_usd=new_usd)
    models = reviewed.catalogue.models
    asked = questions(reviewed.jobs_to_buy(), lambda model: models[model].priced_inputs)

    async def ask() -> AccountReview:
        async with provider_at(settings, settings.origin) as provider:
            return await ask_account(provider, asked, new_usd=new_usd)

    said = asyncio.run(ask())
    refuse_dearer(said, prices_as_of=reviewed.catalogue_as_of)
    refuse_unpriced(said, asked, reviewed.catalogue.own)
    return said


def _run_start(header: PlanHeader, settings: Settings, elsewhere: Elsewhere) -> RunStart:
    now = datetime.now(UTC)
    token = secrets.token_hex(3)
    caps = header.budget
    return RunStart(
        run_id=f"{now:%Y%m%dT%H%M%SZ}-{token}",
        plan_id=header.plan_id,
        campaign=header.campaign,
        owner=f"{os.getpid()}-{token}",
        started_at=now,
        purse_usd=settings.purse_usd,
        budget_usd=caps.usd if settings.world is World.LIVE else None,
        month_usd=caps.brand_usd_per_month if settings.world is World.LIVE else None,
        elsewhere_usd=elsewhere.usd,
        elsewhere_month_usd=elsewhere.month_usd,
    )


def _run_end(start: RunStart, outcome: RunOutcome, code: int) -> RunEnd:
    return RunEnd(
        run_id=start.run_id,
        finished_at=datetime.now(UTC),
        exit_code=code,
        stop=outcome.stop,
        message=outcome.message,
    )
