"""Runs: what is new is submitted, what is paid is brought home, reports are written.

Hides the order in which a run looks, asks, pays and writes down. Nothing is sent before consent.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, partial
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeAlias

from seedpipe.app.adopting import take_over
from seedpipe.app.looking import manifest_of
from seedpipe.app.planning import NOTHING, PlanReview, plan_as_paid, review_of
from seedpipe.app.references import keep_references
from seedpipe.app.reporting import Reported, examiner_of, judged_jobs, write_reports
from seedpipe.core.errors import InputError
from seedpipe.core.findings import tally_checks
from seedpipe.core.lifecycle import Phase
from seedpipe.core.manifest import RunManifest, exit_code
from seedpipe.core.money import cents_up, usd
from seedpipe.core.policy import Orders, Redo
from seedpipe.core.quotes import AccountReview, questions, refuse_dearer, refuse_unpriced, why_no_resend
from seedpipe.core.records import RunRecord
from seedpipe.core.showing import phases_away
from seedpipe.core.totals import total
from seedpipe.core.variant import AS_IT_STANDS, Variant
from seedpipe.examining import WatchedStore
from seedpipe.locked import CampaignLock
from seedpipe.project import all_jobs, decisions_of, out_in, out_of, places_of, ready_to_write, writing
from seedpipe.session import careful, drive, provider_at, run_end, run_log, run_start, service
from seedpipe.settings import Settings, World
from seedpipe.sources import WorkTree
from seedpipe.stores import LocalStore, clean_derived

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from seedpipe.core.catalogue import Catalogue
    from seedpipe.core.findings import CheckTotal, Finding, JudgedJob
    from seedpipe.core.model import JobPlan
    from seedpipe.core.records import Aside, JobRecord, RunEnd, RunStart
    from seedpipe.core.reviewing import Decisions
    from seedpipe.examining import Examiner
    from seedpipe.ledger import SqliteLedger
    from seedpipe.ports import RunListener
    from seedpipe.project import Places

    # Takes what a run would do, and what the account says where it is asked; says what may be paid again.
    Consent: TypeAlias = Callable[[PlanReview, Callable[[], AccountReview]], "Agreed"]

_MOST_FINDINGS: Final = 12  # told on the screen; the summary and the gallery have them all


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """What a consent covers beyond the jobs to buy.

    `retries` is what the campaign's policy may buy again; `resubmits` what an earlier run has left in doubt.
    """

    retries: bool
    resubmits: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """A finished run: its manifest, the folder of its images and reports, and what it did.

    `submitted` counts the jobs this run sent, `adopted` those it took over from the lock or from the
    service's list, `doubts_found` those that a killed run had left in doubt. `asides` lie in `asides_folder`;
    `away` counts the sets that changed cells keep and that are not here; `reported` is None when no reports
    were asked for; `checks` sums up what was found, and `findings` are the first of it.
    `campaign` is the campaign's file, which need not be there any more.
    """

    manifest: RunManifest
    campaign: Path
    out: Path
    exit_code: int
    submitted: int
    adopted: int
    doubts_found: int
    asides: tuple[Aside, ...]
    asides_folder: Path
    away: int = 0
    reported: Reported | None = None
    checks: Mapping[str, CheckTotal] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """What one run stands on, held open until it is over."""

    root: Path
    settings: Settings
    places: Places
    out: Path
    ledger: SqliteLedger
    store: LocalStore
    lock: CampaignLock
    examiner: Examiner
    decisions: Decisions


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """A run that has ended: what it brought aside, and its jobs with what was found in their images.

    `away` counts the sets that cells keep and that are not here.
    """

    start: RunStart
    end: RunEnd
    asides: tuple[Aside, ...]
    judged: Callable[[], Iterator[JudgedJob]]
    checks: Mapping[str, CheckTotal]
    away: int


def run(
    file: Path,
    settings: Settings,
    variant: Variant = AS_IT_STANDS,
    *,
    consent: Consent,
    listener: RunListener,
) -> RunResult:
    """Do what the plan says: submit what is new, bring home what is paid, write the reports.

    `consent` is called once the price is known and before anything is sent; it raises to refuse, and returns
    what may be paid for again. What the account says can be had through its second argument, which asks the
    service when it is first called.
    """
    tree = WorkTree.around(file)
    plan = plan_as_paid(tree, variant, settings, partial=settings.partial)
    return carry_out(plan, tree, settings, consent=consent, listener=listener)


def carry_out(
    plan: JobPlan,
    tree: WorkTree,
    settings: Settings,
    *,
    consent: Consent,
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
        ground = _Ground(
            root=tree.root,
            settings=settings,
            places=places,
            out=out,
            ledger=ledger,
            store=store,
            lock=lock,
            examiner=examiner,
            decisions=decisions_of(tree, settings, plan.header.campaign).read(),
        )
        reviewed = review_of(plan, settings, ledger, store, lock, rejects=ground.decisions.rejects)
        orders = _agreed(reviewed, ground, consent)
        keep_references(plan.header, tree, store)
        ledger.admit(plan.header, plan.cells())
        adopted = take_over(plan.header, ledger, settings, places, lock, orders)
        elsewhere = lock.elsewhere(ledger, datetime.now(UTC))
        start = run_start(plan.header, settings, elsewhere, out_in(tree.root, out))
        doubts_found = ledger.begin_run(start)
        store.clean_parts()
        for derived in (places.thumbnails, places.measured):
            clean_derived(derived)
        done = _driven(ground, start, orders, reviewed.catalogue, listener)
        return _told(ground, done, adopted=adopted, doubts_found=doubts_found)


def _agreed(
    reviewed: PlanReview,
    ground: _Ground,
    consent: Consent,
) -> Orders:
    """Return what a run may do, once it fits its budgets, can be written down and is consented to."""
    settings = ground.settings
    if not settings.partial:
        _refuse_over_budget(reviewed)
    ready_to_write(ground.out, "--out")
    if reviewed.to_buy.jobs or reviewed.to_resend.jobs:
        ground.lock.check_writable()
    account = cache(partial(_account, reviewed, settings))
    agreed, said = consent(reviewed, account), account()
    return Orders(
        redo=settings.redo,
        rejected=reviewed.standing.rejected_jobs if Redo.REJECTED in settings.redo else frozenset(),
        retries=agreed.retries,
        resubmits=agreed.resubmits and not said.no_resend,
        fail_fast=settings.fail_fast,
    )


def _driven(
    ground: _Ground, start: RunStart, orders: Orders, catalogue: Catalogue, listener: RunListener
) -> _Done:
    """Have the engine do what is ordered, the lock written down and the images judged."""
    settings, places, ledger, lock = ground.settings, ground.places, ground.ledger, ground.lock
    with (
        service(settings, places, catalogue) as origin,
        lock.kept(places.ledger, start.campaign, listener) as keeper,
        run_log(places, start, settings, keeper) as log,
    ):
        asides, watched = (
            LocalStore(places.objects, places.asides),
            WatchedStore(ground.store, ground.examiner),
        )
        outcome, signal_number = asyncio.run(
            drive(start, orders, ledger, origin, watched, asides, settings, log)
        )
        lock.write(ledger, start.campaign)
        # Whoever interrupts a run does not wait for checks: `seedpipe report` makes up for them.
        examiner = None if signal_number else ground.examiner
        judged = partial(judged_jobs, examiner, ledger, start.plan_id)
        checks = tally_checks(result for job in judged() for result in job.results)
        kept = all_jobs(ledger, start.plan_id) if settings.world is World.LIVE else ()
        away = list(phases_away(kept, ground.store.keeps))
        code = exit_code(
            ledger.tally(start.plan_id),
            outcome,
            policy=ledger.plan_header(start.plan_id).policy,
            interrupted_by=signal_number,
            checks_failed=any(total.failed for total in checks.values()),
            away=away,
        )
        log.note("run_ends", exit_code=code, stop=outcome.stop, message=outcome.message)
    end = run_end(start, outcome, code)
    ledger.end_run(end)
    return _Done(start=start, end=end, asides=outcome.asides, judged=judged, checks=checks, away=len(away))


def _told(ground: _Ground, done: _Done, *, adopted: int, doubts_found: int) -> RunResult:
    """Write the reports and return what there is to say."""
    ledger, settings, start = ground.ledger, ground.settings, done.start
    manifest = manifest_of(ledger, RunRecord(start=start, end=done.end), settings.world, ground.root)
    reported = None
    if settings.reports:
        reported = write_reports(
            ledger,
            manifest,
            done.judged,
            ground.decisions,
            ground.places,
            ground.out,
            settings.surroundings,
        )
    return RunResult(
        manifest=manifest,
        campaign=ground.root / manifest.header.file,
        out=ground.out,
        exit_code=done.end.exit_code,
        submitted=sum(_is_sent_by(record, start) for record in all_jobs(ledger, start.plan_id)),
        adopted=adopted,
        doubts_found=doubts_found,
        asides=done.asides,
        asides_folder=ground.places.asides,
        away=done.away,
        reported=reported,
        checks=done.checks,
        findings=tuple(islice((one for job in done.judged() for one in job.findings), _MOST_FINDINGS)),
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
            f" campaign's budget of {usd(budget)} ({usd(reviewed.committed_usd)} is spent or reserved);"
            " nothing was sent",
            hint=f"raise budget.usd to {cents_up(budget + over)}, make the plan smaller, or use --partial to"
            " stop when the budget is used up",
        )
    if over := reviewed.over_month_by_usd:
        month = reviewed.header.budget.brand_usd_per_month or NOTHING
        raise InputError(
            f"the jobs to buy cost {usd(reviewed.to_buy.cost_usd)}, {usd(over)} more than is left of the"
            f" {usd(month)} that brand '{reviewed.header.brand}' has for this month"
            f" ({usd(reviewed.month_committed_usd)} is spent or reserved); nothing was sent",
            hint="wait for the next month (UTC), raise budget.usd_per_month in the brand file, or use"
            " --partial to stop when the budget is used up",
        )


def _account(reviewed: PlanReview, settings: Settings) -> AccountReview:
    """Ask the service what the jobs to buy cost today and what is left. A risen price is an `InputError`.

    Not so for jobs in doubt: what was paid for must come home, so a run goes on and sends them not again.
    """
    from seedpipe.accounts import ask_account

    new_usd = reviewed.to_buy.cost_usd
    if settings.world is World.PROOF or not (reviewed.to_buy.jobs or reviewed.to_resend.jobs):
        return AccountReview(new_usd=new_usd)
    models = reviewed.catalogue.models
    doubts = reviewed.jobs_in_doubt() if reviewed.to_resend.jobs else ()
    asked = questions(reviewed.jobs_to_buy(), lambda model: models[model].priced_inputs, doubts)

    async def ask() -> AccountReview:
        async with provider_at(settings, settings.origin) as provider:
            return await ask_account(provider, asked, new_usd=new_usd)

    said = asyncio.run(ask())
    refuse_dearer(said, prices_as_of=reviewed.catalogue_as_of)
    refuse_unpriced(said, asked, reviewed.catalogue.own)
    return replace(said, no_resend=why_no_resend(said, asked, reviewed.catalogue.own))
