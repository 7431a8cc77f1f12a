"""The table of contents: every use case of seedpipe, and where its parts are put together.

A use case takes settings and values and returns a value for a view; it prints nothing and
exits nothing. Rooms are joined here and in `session`; heavy ones load when a use case needs them.
"""

from __future__ import annotations

import asyncio
import os
import platform
import random
import secrets
import signal
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, partial
from itertools import islice
from typing import TYPE_CHECKING, Final

from seedpipe import __version__, catalog
from seedpipe.core.errors import InputError
from seedpipe.core.lifecycle import Event, Phase, is_settled
from seedpipe.core.manifest import RunManifest, add_up, exit_code
from seedpipe.core.money import cents_up, usd
from seedpipe.core.planning import make_plan
from seedpipe.core.policy import Orders, counts_as_failed
from seedpipe.core.quotes import AccountReview, questions, refuse_dearer
from seedpipe.core.records import Entry, RunEnd, RunOutcome, RunRecord, RunStart
from seedpipe.core.spend import spend as sum_up
from seedpipe.core.standing import Known, Standing, is_missing, jobs_to_buy, survey
from seedpipe.core.totals import PlanTotals, total
from seedpipe.core.variant import AS_IT_STANDS, Variant
from seedpipe.ledger import SqliteLedger
from seedpipe.locked import CampaignLock
from seedpipe.project import (
    STATE_FOLDER,
    Places,
    all_jobs,
    folder_name,
    last_ledger,
    last_run,
    ledger_of_last_run,
    out_of,
    places_of,
    reading,
    ready_to_write,
    store_of,
    world_of,
    writing,
)
from seedpipe.session import drive, pace_for, provider_at, run_log, service
from seedpipe.settings import SANDBOX_ORIGIN, Settings, World
from seedpipe.sources import WorkTree, head_commit, project_root
from seedpipe.stores import LocalStore, write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from seedpipe.accounts import AuditReport, PlacedImages
    from seedpipe.core.checkup import CheckLine
    from seedpipe.core.model import Job, PlanHeader, PlannedCell, Policy
    from seedpipe.core.planning import Plan
    from seedpipe.core.policy import Redo
    from seedpipe.core.records import Aside, JobRecord, PhaseTotal
    from seedpipe.core.spend import SpendReport
    from seedpipe.doctor.probe import Learned
    from seedpipe.ports import Ledger, RunListener

_MOST_TROUBLES: Final = 20  # jobs listed by `status`; the summary and the gallery have them all
_NOTHING: Final = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanReview:
    """A plan with its price and where it stands.

    `committed_usd` is what the campaign has reserved and spent so far, what the lock says of others
    included, `month_committed_usd` what its brand has in this month; `redo` names what this run may buy
    again; `cells` streams the plan, `jobs_to_buy` those of its jobs that a run would submit.
    """

    world: World
    origin: str
    header: PlanHeader
    totals: PlanTotals
    standing: Standing
    catalogue_as_of: str
    committed_usd: Decimal
    month_committed_usd: Decimal
    cells: Callable[[], Iterator[PlannedCell]]
    jobs_to_buy: Callable[[], Iterator[Job]]
    redo: frozenset[Redo] = frozenset()

    @property
    def again(self) -> PhaseTotal:
        """What `--redo` would buy once more at most."""
        return self.standing.again(self.redo)

    @property
    def to_buy(self) -> PhaseTotal:
        """What a run would submit: what is new and what is redone."""
        return add_up([self.standing.new, self.again])

    @property
    def over_budget_by_usd(self) -> Decimal:
        """By how much the jobs to buy pass what is left of the campaign's budget; 0 when they fit."""
        return self._over(self.header.budget.usd, self.committed_usd)

    @property
    def over_month_by_usd(self) -> Decimal:
        """By how much the jobs to buy pass what is left of the brand's month; 0 when they fit."""
        return self._over(self.header.budget.brand_usd_per_month, self.month_committed_usd)

    @property
    def over_by_usd(self) -> Decimal:
        """By how much the jobs to buy cost more than any budget leaves."""
        return max(self.over_budget_by_usd, self.over_month_by_usd)

    def _over(self, cap: Decimal | None, committed_usd: Decimal) -> Decimal:
        if cap is None:
            return _NOTHING
        return max(_NOTHING, committed_usd + self.to_buy.cost_usd - cap)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """A finished run: its manifest, the folder of its images and reports, and what it did.

    `submitted` counts the jobs this run sent, `adopted` those it took over from the lock or from the
    service's list, `doubts_found` those that a killed run had left in doubt. `asides` lie in `asides_folder`.
    """

    manifest: RunManifest
    out: Path
    exit_code: int
    submitted: int
    adopted: int
    doubts_found: int
    asides: tuple[Aside, ...]
    asides_folder: Path

    @property
    def gallery(self) -> Path:
        """The page to look at."""
        return self.out / "gallery.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReview:
    """The last run and where its plan stands now; `troubles` are the first jobs that need attention.

    `missing` counts the jobs whose images were brought home and are not here any more.
    """

    manifest: RunManifest
    troubles: tuple[JobRecord, ...]
    hidden_troubles: int
    missing: int = 0


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


def validate(file: Path, variant: Variant = AS_IT_STANDS) -> PlanTotals:
    """Check a campaign as far as can be without a service. Raises `InputError` with all findings."""
    return total(_plan_of(WorkTree.around(file), variant))


def review(file: Path, settings: Settings, variant: Variant = AS_IT_STANDS) -> PlanReview:
    """Return the jobs and the money of a campaign, against what is already there. Sends nothing."""
    tree = WorkTree.around(file)
    plan = _plan_of(tree, variant)
    totals = total(plan)
    places = places_of(tree.root, settings)
    store, lock = LocalStore(places.objects, out_of(tree, plan, settings)), CampaignLock.of(tree, settings)
    if not places.ledger.exists():
        return _review(plan, totals, settings, None, store, lock)
    with reading(places.ledger) as ledger:
        return _review(plan, totals, settings, ledger, store, lock)


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
    if settings.world is World.LIVE:
        settings.required_key()
    tree = WorkTree.around(file)
    plan = _plan_of(tree, variant, partial=settings.partial)
    totals = total(plan)
    places = places_of(tree.root, settings)
    out = out_of(tree, plan, settings)
    store, lock = LocalStore(places.objects, out), CampaignLock.of(tree, settings)
    with writing(places, settings) as ledger:
        reviewed = _review(plan, totals, settings, ledger, store, lock)
        if not settings.partial:
            _refuse_over_budget(reviewed)
        ready_to_write(out, "--out")
        if reviewed.to_buy.jobs:
            lock.check_writable()
        account = cache(partial(_account, reviewed, settings))
        retries = consent(reviewed, account)
        account()
        orders = Orders(redo=settings.redo, retries=retries, fail_fast=settings.fail_fast)
        ledger.admit(plan.header, plan.cells())
        adopted = _take_over(plan.header, ledger, settings, places, lock)
        start = _run_start(plan.header, settings)
        doubts_found = ledger.begin_run(start)
        store.clean_parts()
        with service(settings, places) as origin, run_log(places, start, settings, listener) as log:
            asides = LocalStore(places.objects, places.asides)
            outcome, signal_number = asyncio.run(
                drive(start, orders, ledger, origin, store, asides, settings, log)
            )
            tally, policy = ledger.tally(start.plan_id), plan.header.policy
            code = exit_code(tally, outcome, policy=policy, interrupted_by=signal_number)
            log.note("run_ends", exit_code=code, stop=outcome.stop, message=outcome.message)
        end = _run_end(start, outcome, code)
        ledger.end_run(end)
        manifest = _manifest(ledger, RunRecord(start=start, end=end), settings.world, tree.root)
        _write_reports(manifest, partial(all_jobs, ledger, start.plan_id), out)
        lock.write(ledger, plan.header.campaign)
        submitted = sum(_is_sent_by(record, start) for record in all_jobs(ledger, start.plan_id))
    return RunResult(
        manifest=manifest,
        out=out,
        exit_code=code,
        submitted=submitted,
        adopted=adopted,
        doubts_found=doubts_found,
        asides=outcome.asides,
        asides_folder=places.asides,
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
        start = _run_start(ledger.plan_header(plan_id), settings)
        ledger.begin_run(start)
        doubts = {request.record.job.job_id: request.record for request in ledger.open_requests(plan_id)}
        outcome, signal_number = RunOutcome(), None
        if doubts:
            store = LocalStore(places.objects, places.asides)
            with service(settings, places) as origin, run_log(places, start, settings, listener) as log:
                settling = drive(
                    start, Orders(), ledger, origin, store, store, settings, log, settle_only=True
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
    plan = _plan_of(tree, variant)
    totals = total(plan)
    places = places_of(tree.root, settings)
    store, lock = LocalStore(places.objects, out_of(tree, plan, settings)), CampaignLock.of(tree, settings)
    with writing(places, settings) as ledger:
        ledger.admit(plan.header, plan.cells())
        jobs = lock.adopt(ledger, all_jobs(ledger, plan.header.plan_id), datetime.now(UTC))
        jobs += _adopt_listed(plan.header, ledger, settings, places)
        return Adopted(jobs=jobs, reviewed=_review(plan, totals, settings, ledger, store, lock))


def status(folder: Path, *, world: World | None, state: Path | None, campaign: str | None) -> StatusReview:
    """Return where the last run of a project stands. Raises `InputError` when there was none."""
    root = project_root(folder)
    with last_run(state or root / STATE_FOLDER, world, campaign) as (ledger, latest):
        manifest = _manifest(ledger, latest, world_of(ledger), root)
        plan_id, policy = latest.start.plan_id, manifest.header.policy
        troubled = (record for record in all_jobs(ledger, plan_id) if _is_trouble(record, policy))
        shown = tuple(islice(troubled, _MOST_TROUBLES))
        hidden = sum(1 for _ in troubled)
        keeps = store_of(ledger, root, state, manifest.header).keeps
        missing = sum(is_missing(record, record.cells[0], keeps) for record in all_jobs(ledger, plan_id))
        return StatusReview(manifest=manifest, troubles=shown, hidden_troubles=hidden, missing=missing)


def show(
    folder: Path, text: str, *, world: World | None, state: Path | None, campaign: str | None
) -> list[JobRecord]:
    """Return the jobs of the last run's plan that a cell address or the start of a job id names."""
    state = state or project_root(folder) / STATE_FOLDER
    with last_run(state, world, campaign) as (ledger, latest):
        found = ledger.find(latest.start.plan_id, text)
    if not found:
        raise InputError(
            f"the last run's plan has no cell or job '{text}'",
            hint="`seedpipe plan FILE -v` lists the cells; a job id may be cut to its first digits",
        )
    return found


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


def doctor(folder: Path, settings: Settings) -> list[CheckLine]:
    """Return how it stands with this place: key, service, disk, lock, ledger, clock, versions."""
    from seedpipe.doctor import check_up

    return check_up(settings, ledger_file=places_of(project_root(folder), settings).ledger)


def probe(folder: Path, settings: Settings, *, consent: Callable[[Decimal], None]) -> Learned:
    """Ask the live service its open questions with one cheapest image, and keep what was learned.

    `consent` hears the most it can cost, before anything is sent; it raises to refuse.
    """
    from seedpipe.doctor import live_probe
    from seedpipe.doctor.probe import cheapest

    settings.required_key()
    _, image_usd = cheapest()
    consent(2 * image_usd)  # one image, and one request that is meant to fail and may be billed all the same
    places = places_of(project_root(folder), settings)
    return live_probe(settings, kept=places.world / "learned.json")


def serve_sandbox(
    folder: Path, *, port: int, state: Path | None, switches: Iterable[str], ready: Callable[[str], None]
) -> None:
    """Run the sandbox as a server for any client until a signal ends it; `ready` hears its address.

    `switches` are words like `lose_every=5`.
    """
    from seedpipe.sandbox import SandboxServer, switched

    chosen = switched(switches)
    state = state or project_root(folder) / STATE_FOLDER
    endings = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, endings)  # before any thread starts: they inherit it
    with SandboxServer(state=state / "sandbox", port=port, switches=chosen) as server:
        ready(server.base_url)
        signal.sigwait(endings)


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
        name = folder_name(ledger.plan_header(latest.start.plan_id))
        out = settings.out or root / "out" / f"{name}{settings.out_suffix}"
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
    if settings.origin != own.origin:
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


def _plan_of(tree: WorkTree, variant: Variant, *, partial: bool = False) -> Plan:
    return make_plan(tree.campaign, tree, catalog.load(), variant, partial=partial)


def _review(
    plan: Plan,
    totals: PlanTotals,
    settings: Settings,
    ledger: Ledger | None,
    store: LocalStore,
    lock: CampaignLock,
) -> PlanReview:
    campaign, brand = plan.header.campaign, plan.header.brand
    # Proofs are free and follow every change at once, so their charges never add up to a budget.
    books = ledger if settings.world is World.LIVE else None
    known = Known(tried=ledger.tried if ledger else _never_tried, keeps=store.keeps, lock=lock.paid)
    standing = survey(plan.cells(), known)
    committed_usd = books.committed_usd(campaign) if books else _NOTHING
    return PlanReview(
        world=settings.world,
        origin=settings.origin,
        header=plan.header,
        totals=totals,
        standing=standing,
        catalogue_as_of=catalog.load().as_of,
        committed_usd=committed_usd + standing.paid_elsewhere_usd,
        month_committed_usd=books.month_usd(brand, datetime.now(UTC)) if books and brand else _NOTHING,
        cells=plan.cells,
        jobs_to_buy=lambda: jobs_to_buy(plan.cells(), known, settings.redo),
        redo=settings.redo,
    )


def _take_over(
    header: PlanHeader, ledger: SqliteLedger, settings: Settings, places: Places, lock: CampaignLock
) -> int:
    """Learn of what is paid for already and not in the ledger, before anything is sent; return how much.

    Every source of such knowledge joins here, as `ADOPTED` entries: the campaign's lock, then the service's
    list. A campaign that has never run live from here may have done so elsewhere: the list is looked at then
    unless the user forbids it.
    """
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


def _never_tried(_: object) -> list[JobRecord]:
    return []


def _is_sent_by(record: JobRecord, run: RunStart) -> bool:
    """Say whether a run has submitted a job, whatever became of it."""
    return any(
        attempt.run_id == run.run_id and attempt.intent_at is not None and attempt.phase is not Phase.PLANNED
        for attempt in record.attempts
    )


def _is_trouble(record: JobRecord, policy: Policy) -> bool:
    """Say whether a job of a plan needs attention; what is merely new does not."""
    rests_well = is_settled(record.phase) and not counts_as_failed(policy, record.phase)
    return not rests_well and record.phase is not Phase.PLANNED


def _refuse_over_budget(reviewed: PlanReview) -> None:
    if over := reviewed.over_budget_by_usd:
        budget = reviewed.header.budget.usd or _NOTHING
        raise InputError(
            f"the jobs to buy cost {usd(reviewed.to_buy.cost_usd)}, {usd(over)} more than is left of the"
            f" campaign's budget of {usd(budget)} ({usd(reviewed.committed_usd)} is reserved and spent)",
            hint=f"raise budget.usd to {cents_up(budget + over)}, make the plan smaller, or go as far as it"
            " reaches with --partial; nothing was sent",
        )
    if over := reviewed.over_month_by_usd:
        month = reviewed.header.budget.brand_usd_per_month or _NOTHING
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
    models = catalog.load().models
    asked = questions(reviewed.jobs_to_buy(), lambda model: models[model].priced_inputs)

    async def ask() -> AccountReview:
        async with provider_at(settings, settings.origin) as provider:
            return await ask_account(provider, asked, new_usd=new_usd)

    said = asyncio.run(ask())
    refuse_dearer(said, prices_as_of=reviewed.catalogue_as_of)
    return said


def _run_start(header: PlanHeader, settings: Settings) -> RunStart:
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
    )


def _run_end(start: RunStart, outcome: RunOutcome, code: int) -> RunEnd:
    return RunEnd(
        run_id=start.run_id,
        finished_at=datetime.now(UTC),
        exit_code=code,
        stop=outcome.stop,
        message=outcome.message,
    )


def _manifest(ledger: Ledger, record: RunRecord, world: World, root: Path) -> RunManifest:
    plan_id = record.start.plan_id
    return RunManifest(
        world=world.value,
        origin=ledger.origin,
        header=ledger.plan_header(plan_id),
        run=record,
        tally=ledger.tally(plan_id),
        environment={
            "seedpipe": __version__,
            "python": platform.python_version(),
            "platform": platform.platform(terse=True),
            "ci": "yes" if os.environ.get("CI") else "no",
        },
        commit=head_commit(root),
    )


def _write_reports(manifest: RunManifest, jobs: Callable[[], Iterable[JobRecord]], out: Path) -> None:
    from seedpipe.reports import REPORTS

    for name, report in REPORTS.items():
        write_atomically(out / name, report(manifest, jobs))
