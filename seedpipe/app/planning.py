"""Campaigns before anything is sent: what they mean, what they cost, where they stand.

Hides how a plan meets what is there already: the ledger, the lock, the files in their places.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Final

from seedpipe import catalog
from seedpipe.app.pinning import pins_of
from seedpipe.core.changes import ValueChange, changed_values
from seedpipe.core.diagnostics import did_you_mean
from seedpipe.core.errors import InputError
from seedpipe.core.levels import estimated_s
from seedpipe.core.lint import Lint
from seedpipe.core.manifest import add_up
from seedpipe.core.model import DoubtPolicy
from seedpipe.core.planning import make_plan
from seedpipe.core.records import Former, PhaseTotal
from seedpipe.core.sampling import PlanPart, part_of
from seedpipe.core.standing import (
    ChangedCell,
    Kept,
    Known,
    Standing,
    jobs_in_doubt,
    jobs_to_buy,
    survey,
)
from seedpipe.core.totals import Bill, PlanTotals
from seedpipe.core.variant import AS_IT_STANDS, Variant
from seedpipe.locked import CampaignLock
from seedpipe.project import decisions_of, out_of, places_of, reading
from seedpipe.settings import Settings, World
from seedpipe.sources import WorkTree
from seedpipe.stores import LocalStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from seedpipe.core.catalogue import Catalogue
    from seedpipe.core.diagnostics import Diagnostic
    from seedpipe.core.levels import AccountLevel
    from seedpipe.core.model import Job, JobPlan, PlanHeader, PlannedCell
    from seedpipe.core.pinning import Pins
    from seedpipe.core.planning import Plan
    from seedpipe.core.policy import Redo
    from seedpipe.core.records import JobRecord
    from seedpipe.ports import Ledger

NOTHING: Final = Decimal(0)


def _nobody_rejects(_: str) -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class CellChange:
    """A cell that keeps its picture, and what it asks for otherwise than when that was paid for.

    `values` is None when only the lock knows of the old job, for it does not tell what was asked.
    """

    cell: ChangedCell
    values: tuple[ValueChange, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanReview:
    """A plan with its price and where it stands.

    `committed_usd` is what the campaign has reserved and spent so far, `month_committed_usd` what its brand
    has in this month, both with all that the lock says of others; `redo` names what this run may buy again;
    `cells` streams the plan, `jobs_to_buy` those of its jobs that a run would submit, `jobs_in_doubt` those
    of which nobody knows whether their request was accepted; `changes` has the first
    cells that keep what they have. `level` is the account's, `concurrency` how many jobs are in the air at a
    time; `warnings` counts what the campaign probably does not mean, which `validate` tells.
    """

    world: World
    origin: str
    header: PlanHeader
    totals: PlanTotals
    standing: Standing
    catalogue: Catalogue
    catalogue_as_of: str
    committed_usd: Decimal
    month_committed_usd: Decimal
    cells: Callable[[], Iterator[PlannedCell]]
    jobs_to_buy: Callable[[], Iterator[Job]]
    jobs_in_doubt: Callable[[], Iterator[Job]] = lambda: iter(())
    redo: frozenset[Redo] = frozenset()
    changes: tuple[CellChange, ...] = ()
    level: AccountLevel | None = None
    concurrency: int = 1
    warnings: int = 0

    @property
    def estimated_s(self) -> float | None:
        """About how many seconds the jobs to buy take; None when nobody has said the account's level."""
        if self.level is None:
            return None
        new = self.to_buy
        return estimated_s(self.level, jobs=new.jobs, images=new.images, concurrency=self.concurrency)

    @property
    def again(self) -> PhaseTotal:
        """What `--redo` would buy once more at most."""
        return self.standing.again(self.redo)

    @property
    def to_buy(self) -> PhaseTotal:
        """What a run would submit: what is new and what is redone."""
        return add_up([self.standing.new, self.again])

    @property
    def to_resend(self) -> PhaseTotal:
        """What is in doubt and would be sent again, and paid, if the service's list does not show it.

        Its price is reserved already, so that it makes no plan dearer than its budgets.
        """
        resubmits = self.header.policy.in_doubt is DoubtPolicy.RESUBMIT
        return self.standing.doubtful if resubmits else PhaseTotal()

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
            return NOTHING
        return max(NOTHING, committed_usd + self.to_buy.cost_usd - cap)


@dataclass(frozen=True, slots=True, kw_only=True)
class Valid:
    """A campaign without errors: its sums, and what it probably does not mean."""

    totals: PlanTotals
    warnings: tuple[Diagnostic, ...]


def validate(file: Path, variant: Variant = AS_IT_STANDS) -> Valid:
    """Check a campaign as far as can be without a service. Raises `InputError` with all findings."""
    plan = plan_of(WorkTree.around(file), variant)
    bill, lint = Bill(plan), Lint(plan.campaign)
    for _ in lint.watching(bill.counting(plan.cells())):
        pass
    return Valid(totals=bill.totals(), warnings=tuple(lint.warnings()))


def review(file: Path, settings: Settings, variant: Variant = AS_IT_STANDS) -> PlanReview:
    """Return the jobs and the money of a campaign, against what is already there. Sends nothing."""
    tree = WorkTree.around(file)
    lock = CampaignLock.of(tree, settings)
    plan = plan_as_paid(tree, variant, settings, lock)
    places = places_of(tree.root, settings)
    store = LocalStore(places.objects, out_of(tree, plan, settings))
    lint = Lint(plan.campaign)
    rejects = decisions_of(tree, settings, plan.campaign.name).read().rejects
    with reading(places.ledger) if places.ledger.exists() else nullcontext() as ledger:
        return review_of(plan, settings, ledger, store, lock, lint, rejects=rejects)


def plan_as_paid(
    tree: WorkTree,
    variant: Variant,
    settings: Settings,
    lock: CampaignLock | None = None,
    *,
    partial: bool = False,
) -> Plan | PlanPart:
    """Return the plan of a campaign in a world: its ratios stand for the sizes that were paid for.

    `lock` is the campaign's, where it is open already. Raises `InputError`.
    """
    return plan_of(tree, variant, pins_of(tree, variant, settings, lock), partial=partial)


def plan_of(
    tree: WorkTree, variant: Variant, pins: Pins | None = None, *, partial: bool = False
) -> Plan | PlanPart:
    """Return the plan of a campaign, or the part of it that is asked for; raises `InputError`.

    With `pins`, its ratios stand for the sizes that they stood for before.
    """
    return part_of(replace(whole_plan_of(tree, variant, partial=partial), pins=pins), variant)


def whole_plan_of(tree: WorkTree, variant: Variant, *, partial: bool = False) -> Plan:
    """Return the plan of a campaign with all that it reads, before a part of it is taken."""
    partial = partial or bool(
        variant.sample or variant.canary
    )  # a budget is held against what is chosen, by the review
    return replace(make_plan(tree.campaign, tree, catalog.load(), variant, partial=partial), file=tree.place)


def no_such_cell(address: str, known: Iterable[str]) -> InputError:
    """Return the error for an address that is not among a campaign's cells."""
    hint = did_you_mean(address, known) or "`seedpipe plan FILE -v` lists the cells"
    return InputError(f"the campaign has no cell '{address}'", hint=hint)


def review_of(
    plan: JobPlan,
    settings: Settings,
    ledger: Ledger | None,
    store: LocalStore,
    lock: CampaignLock,
    lint: Lint | None = None,
    *,
    rejects: Callable[[str], bool] = _nobody_rejects,
) -> PlanReview:
    """Return how a plan stands against a ledger, if there is one, the images that are kept, and the lock.

    With `lint`, it is looked at on the way for what is probably not meant; `rejects` says which images people
    have rejected.

    Raises `InputError` for a campaign with faults, all of them.
    """
    # Proofs are free and follow every change at once, so their charges never add up to a budget.
    books = ledger if settings.world is World.LIVE else None
    known = Known(
        tried=ledger.tried if ledger else _never_tried,
        keeps=store.keeps,
        lock=lock.paid,
        formers=partial(formers_of, plan.header, books, lock),
        rejects=rejects,
        policy=plan.header.policy,
    )
    bill = Bill(plan)
    cells = bill.counting(plan.cells())
    standing = survey(lint.watching(cells) if lint else cells, known)
    committed_usd, month_usd = _committed(plan.header, books, lock)
    return PlanReview(
        world=settings.world,
        origin=settings.origin,
        header=plan.header,
        totals=bill.totals(),
        warnings=len(lint.warnings()) if lint else 0,
        standing=standing,
        catalogue=plan.catalogue,
        catalogue_as_of=plan.prices_as_of,
        committed_usd=committed_usd,
        month_committed_usd=month_usd,
        cells=plan.cells,
        jobs_to_buy=lambda: jobs_to_buy(plan.cells(), known, settings.redo, standing.kept),
        jobs_in_doubt=lambda: jobs_in_doubt(plan.cells(), known),
        redo=settings.redo,
        changes=_changes(standing.kept, known),
        level=settings.level,
        concurrency=settings.concurrency,
    )


def _committed(header: PlanHeader, books: Ledger | None, lock: CampaignLock) -> tuple[Decimal, Decimal]:
    """Return what the campaign has reserved and spent in its life, and its brand in this month."""
    now = datetime.now(UTC)
    elsewhere = lock.elsewhere(books, now)
    life_usd = books.committed_usd(header.campaign) if books else NOTHING
    if header.brand is None:
        return life_usd + elsewhere.usd, NOTHING
    month_usd = books.month_usd(header.brand, now) if books else NOTHING
    return life_usd + elsewhere.usd, month_usd + elsewhere.month_usd


def _changes(kept: Kept, known: Known) -> tuple[CellChange, ...]:
    wanted = {cell.former.job_id for cell in kept.first}
    before = {record.job.job_id: record.job for record in known.tried(list(wanted))}
    return tuple(
        CellChange(
            cell=cell,
            values=changed_values(old.request, cell.job.request) if old and old.is_known else None,
        )
        for cell in kept.first
        for old in [before.get(cell.former.job_id)]
    )


def formers_of(
    header: PlanHeader, ledger: Ledger | None, lock: CampaignLock, asked: Mapping[str, str]
) -> dict[str, Former]:
    """Return what cells were last paid for as, where that is not what they ask for, by ledger and lock."""
    places = {header.place(address): address for address in asked}
    found: dict[str, Former] = {}
    for place, address in places.items():
        line = lock.places.get(place)
        if line and line.job_id != asked[address]:
            found[address] = Former(job_id=line.job_id, paid_usd=line.cost_usd)
    if ledger:
        own = ledger.formers(header.campaign, {place: asked[address] for place, address in places.items()})
        found |= {places[place]: former for place, former in own.items()}
    return found


def _never_tried(_: object) -> list[JobRecord]:
    return []
