"""The books held against everything that can contradict them: their own events, the files, the bills.

Hides what counts as a discrepancy and what as mere delay. Invariants: nothing is mended here, only told; a
bill is joined to an attempt by the id of its task, and by nothing else; the account is shared, so a bill that
names no task of ours is a discrepancy only where a request of ours is missing its task: same model, same
price, a few minutes.

Absent on purpose: disk, network, the ledger's storage.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from seedpipe.core.bills import BillKind
from seedpipe.core.lifecycle import INTENTS, TRANSITIONS, Event, Phase, holds_money, opens_attempt
from seedpipe.core.money import usd

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from seedpipe.core.bills import Bill
    from seedpipe.core.records import Account, Payment

REFUNDS_TAKE: Final = timedelta(hours=3)  # the service's word for failed tasks
BILLS_TAKE: Final = timedelta(minutes=10)  # a younger task may not be billed yet: nobody says how soon
_SKEW: Final = timedelta(minutes=2)  # between our clock and the service's
_DOUBT_REACHES: Final = timedelta(minutes=10)  # a request in doubt is accepted within minutes or never
_MODERATION: Final = 1200  # refused content: not surely refunded
_NOTHING: Final = Decimal(0)
_HAS_TASK: Final = frozenset({Phase.ACCEPTED, Phase.FETCHING, Phase.DONE, Phase.DONE_SHORT, Phase.LOST})
_LEFT_OPEN: Final = frozenset({Event.UNKNOWN, Event.HELD, Event.SURELY_ABSENT, Event.WRITTEN_OFF})


class FileState(StrEnum):
    """How a file stands against its recorded hash."""

    WHOLE = "whole"
    MISSING = "missing"
    DAMAGED = "damaged"


class Kind(StrEnum):
    """What can be wrong."""

    OBJECT_MISSING = "object_missing"
    OBJECT_DAMAGED = "object_damaged"
    FILE_MISSING = "file_missing"
    FILE_DAMAGED = "file_damaged"
    PUBLISHED_MISSING = "published_missing"
    PUBLISHED_DAMAGED = "published_damaged"
    ACCOUNT_OFF = "account_off"
    HISTORY_BROKEN = "history_broken"
    RECORD_INCOMPLETE = "record_incomplete"
    UNBILLED = "unbilled"
    BILLED_TWICE = "billed_twice"
    PRICE_DIFFERS = "price_differs"
    NOT_REFUNDED = "not_refunded"
    BILLED_UNKNOWN = "billed_unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """One contradiction: `subject` is a cell, a path or an account; `job_id` is None when it is no job's."""

    kind: Kind
    subject: str
    message: str
    job_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BillsAudit:
    """The bills against the attempts. `planned_usd` and `billed_usd` are of the attempts that have a task.

    `waiting` are too young to judge, `moderated_usd` was charged for refused content and not given back,
    `others` are bills for tasks that no attempt of ours names.
    """

    discrepancies: tuple[Discrepancy, ...]
    planned_usd: Decimal
    billed_usd: Decimal
    bills: int
    waiting: int
    moderated_usd: Decimal
    others: int


# ---- the ledger against itself ------------------------------------------------------------------


def history_faults(payment: Payment) -> Iterator[Discrepancy]:
    """Yield where an attempt's events do not lead to its phase by the lifecycle's table."""
    phase: Phase | None = None if payment.attempt.number > 1 else Phase.PLANNED
    for step in payment.steps:
        allowed = (
            {TRANSITIONS.get((phase, step.event))}
            if phase
            else {
                TRANSITIONS.get((before, step.event)) for before in Phase if opens_attempt(before, step.event)
            }
        )
        if step.phase not in allowed:
            came = f"from '{phase}'" if phase else "as its first event"
            yield _of(payment, Kind.HISTORY_BROKEN, f"'{step.event}' cannot lead {came} to '{step.phase}'")
            return
        phase = step.phase
    if phase is not payment.attempt.phase:
        ends = f"its events end in '{phase}'" if phase else "it has no events"
        yield _of(payment, Kind.HISTORY_BROKEN, f"it is in phase '{payment.attempt.phase}', but {ends}")


def record_faults(payment: Payment) -> Iterator[Discrepancy]:
    """Yield what an attempt in its phase must have and has not."""
    attempt = payment.attempt
    if attempt.phase in _HAS_TASK and attempt.prediction_id is None:
        yield _of(payment, Kind.RECORD_INCOMPLETE, f"it is '{attempt.phase}' without a prediction")
    if attempt.phase is Phase.DONE and len(payment.outputs) < payment.job.outputs_expected:
        found = f"{len(payment.outputs)} of {payment.job.outputs_expected} images"
        yield _of(payment, Kind.RECORD_INCOMPLETE, f"it is done, but the ledger has {found}")


class AccountSums:
    """What the accounts should say: fed with every attempt, asked once at the end."""

    def __init__(self) -> None:
        self._sums: defaultdict[tuple[str, str], Decimal] = defaultdict(lambda: _NOTHING)

    def add(self, payment: Payment) -> None:
        """Count an attempt, if it holds money."""
        if holds_money(payment.attempt.phase):
            for account in _accounts_of(payment):
                self._sums[account] += payment.attempt.cost_usd

    def faults(self, accounts: Iterable[Account]) -> Iterator[Discrepancy]:
        """Yield the accounts that are not the sum over the attempts that hold money."""
        told = {(account.kind, account.name): account.committed_usd for account in accounts}
        for kind, name in sorted(self._sums.keys() | told.keys()):
            said, true = told.get((kind, name), _NOTHING), self._sums[kind, name]
            if said != true:
                message = (
                    f"the account of {kind} '{name}' says {usd(said)}; its attempts add up to {usd(true)}"
                )
                yield Discrepancy(kind=Kind.ACCOUNT_OFF, subject=f"{kind} {name}", message=message)


def account_faults(accounts: Iterable[Account], payments: Iterable[Payment]) -> Iterator[Discrepancy]:
    """Yield the accounts that are not what these attempts, all there are, add up to."""
    sums = AccountSums()
    for payment in payments:
        sums.add(payment)
    yield from sums.faults(accounts)


def _accounts_of(payment: Payment) -> Iterator[tuple[str, str]]:
    yield ("campaign", payment.campaign)
    if payment.attempt.run_id:
        yield ("run", payment.attempt.run_id)
    if payment.brand:
        yield ("month", f"{payment.month} {payment.brand}")


# ---- the bills against the ledger ---------------------------------------------------------------


@dataclass(slots=True)
class _Tab:
    """All bills for one task."""

    model: str
    first_at: datetime
    deductions: int = 0
    deducted_usd: Decimal = _NOTHING
    refunded_usd: Decimal = _NOTHING

    @property
    def net_usd(self) -> Decimal:
        return self.deducted_usd - self.refunded_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class _Orphan:
    """A request whose task is not known: it may have been accepted."""

    payment: Payment
    sent_at: datetime


@dataclass(slots=True)
class _Tally:
    """The sums of an audit while it goes."""

    discrepancies: list[Discrepancy] = field(default_factory=list)
    planned_usd: Decimal = _NOTHING
    billed_usd: Decimal = _NOTHING
    moderated_usd: Decimal = _NOTHING
    waiting: int = 0


def weigh_bills(payments: Iterable[Payment], bills: Iterable[Bill], now: datetime) -> BillsAudit:
    """Hold every bill against the attempt whose task it names, and every attempt against its bills."""
    counted, tabs = _tabs(bills)
    orphans: list[_Orphan] = []
    tally = _Tally()
    for payment in payments:
        orphans += _orphans(payment)
        if (task := payment.attempt.prediction_id) is not None:
            _weigh(payment, tabs.pop(task, None), tally, now)
    tally.discrepancies += _claimed(tabs, orphans)
    return BillsAudit(
        discrepancies=tuple(tally.discrepancies),
        planned_usd=tally.planned_usd,
        billed_usd=tally.billed_usd,
        bills=counted,
        waiting=tally.waiting,
        moderated_usd=tally.moderated_usd,
        others=len(tabs),
    )


def _tabs(bills: Iterable[Bill]) -> tuple[int, dict[str, _Tab]]:
    """Return how many bills there are, each counted once, and the tab of each task."""
    tabs: dict[str, _Tab] = {}
    seen: set[str] = set()
    for bill in bills:
        if bill.prediction_id is None or bill.kind is BillKind.OTHER or bill.bill_id in seen:
            continue
        seen.update({bill.bill_id} - {""})  # pages overlap when a bill comes in between two of them
        tab = tabs.setdefault(bill.prediction_id, _Tab(model=bill.model, first_at=bill.at))
        tab.first_at = min(tab.first_at, bill.at)
        if bill.kind is BillKind.DEDUCT:
            tab.deductions += 1
            tab.deducted_usd += bill.amount_usd
        else:
            tab.refunded_usd += bill.amount_usd
    return len(seen), tabs


def _weigh(payment: Payment, tab: _Tab | None, tally: _Tally, now: datetime) -> None:
    attempt = payment.attempt
    net = tab.net_usd if tab else _NOTHING
    tally.billed_usd += net
    if not holds_money(attempt.phase):
        _weigh_failed(payment, net, tally, now)
        return
    cost = attempt.cost_usd
    tally.planned_usd += cost
    if tab is None:
        if attempt.accepted_at is not None and now - attempt.accepted_at < BILLS_TAKE:
            tally.waiting += 1
        else:
            said = f"the plan's price is {usd(cost)}, but the service has no bill for it"
            tally.discrepancies.append(_of(payment, Kind.UNBILLED, said))
    elif tab.deductions > 1 and net > cost:
        said = f"the service billed it {tab.deductions} times, {usd(net)} for {usd(cost)}"
        tally.discrepancies.append(_of(payment, Kind.BILLED_TWICE, said))
    elif net != cost:
        back = f" and refunded {usd(tab.refunded_usd)}" if tab.refunded_usd else ""
        said = f"the service billed {usd(tab.deducted_usd)}{back}; the plan's price is {usd(cost)}"
        tally.discrepancies.append(_of(payment, Kind.PRICE_DIFFERS, said))


def _weigh_failed(payment: Payment, net: Decimal, tally: _Tally, now: datetime) -> None:
    attempt = payment.attempt
    if net <= 0:
        return
    if attempt.error_code == _MODERATION:
        tally.moderated_usd += net
    elif attempt.finished_at is not None and now - attempt.finished_at < REFUNDS_TAKE:
        tally.waiting += 1
    else:
        said = f"it failed, but {usd(net)} was not refunded"
        tally.discrepancies.append(_of(payment, Kind.NOT_REFUNDED, said))


def _orphans(payment: Payment) -> Iterator[_Orphan]:
    """Yield the requests of an attempt that may have been accepted without anybody hearing of it."""
    open_since: datetime | None = None
    doubted = False
    for step in payment.steps:
        if step.event in INTENTS:
            if open_since and doubted:
                yield _Orphan(payment=payment, sent_at=open_since)
            open_since, doubted = step.at, False
        elif step.event in _LEFT_OPEN:
            doubted = True
        elif step.event in {Event.ACCEPTED, Event.FOUND, Event.ADOPTED}:
            open_since = None
    if open_since and (doubted or payment.attempt.phase is Phase.SUBMITTING):
        yield _Orphan(payment=payment, sent_at=open_since)


def _claimed(tabs: dict[str, _Tab], orphans: list[_Orphan]) -> Iterator[Discrepancy]:
    """Yield the bills that requests without a task explain, taking them out of `tabs`."""
    for orphan in orphans:
        payment = orphan.payment
        task = next(
            (
                task
                for task, tab in tabs.items()
                if tab.model == payment.job.model
                and tab.net_usd == payment.attempt.cost_usd
                and orphan.sent_at - _SKEW <= tab.first_at <= orphan.sent_at + _DOUBT_REACHES
            ),
            None,
        )
        if task is not None:
            tab = tabs.pop(task)
            said = (
                f"task {task}, billed {usd(tab.net_usd)} at {tab.first_at:%Y-%m-%d %H:%M:%S} UTC, belongs to"
                " no attempt; it may be this request, which was in doubt then"
            )
            yield _of(payment, Kind.BILLED_UNKNOWN, said)


def _of(payment: Payment, kind: Kind, message: str) -> Discrepancy:
    return Discrepancy(kind=kind, subject=payment.label, message=message, job_id=payment.job.job_id)
