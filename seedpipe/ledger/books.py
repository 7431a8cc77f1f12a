"""The bookkeeping of events: what one entry changes in the ledger, inside a transaction that others hold.

Hides the rows an event touches and the order of the steps: what follows from it, whether the money
suffices, then the event, the attempt, its output and the accounts. Invariant: after every entry, `accounts`
equals the sum over the attempts that hold money, by run, by campaign and by the month of a brand.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from seedpipe.core.errors import RunError
from seedpipe.core.lifecycle import INTENTS, Event, holds_money
from seedpipe.core.model import canonical_json
from seedpipe.core.records import Verdict
from seedpipe.ledger import queries, rows
from seedpipe.ledger.history import SETS_THE_PRICE, STORES_AN_OUTPUT, moved

if TYPE_CHECKING:
    import sqlite3

    from seedpipe.core.model import Output
    from seedpipe.core.records import Attempt, Entry
    from seedpipe.ledger.placed import Placed


class Books:
    """Applies entries to the rows of one ledger; the caller begins and ends the transaction."""

    def __init__(self, db: sqlite3.Connection, placed: Placed) -> None:
        self._db = db
        self._placed = placed

    def apply(self, entry: Entry) -> Verdict:
        """Write one event and what follows from it, or nothing; only an intent can be declined."""
        row = self._found(queries.LATEST_ATTEMPT, entry.job_id)
        before = _Standing(payer=_payer(row), attempt=rows.attempt(row)) if row else None
        terms = self._terms(entry) if row is None or entry.event in SETS_THE_PRICE else None
        after = _Standing(
            payer=terms.payer if terms else _payer(row),
            attempt=moved(
                before.attempt if before else None, entry, terms.price_usd if terms else Decimal(0)
            ),
        )
        changes = _account_changes(before, after)
        if entry.event in INTENTS and terms:
            verdict = self._verdict(terms, changes)
            if verdict is not Verdict.RECORDED:
                return verdict
        self._write(entry, after)
        if terms and entry.event in SETS_THE_PRICE:
            self._placed.bought(terms.plan_no, entry.job_id)
        for (kind, name), micros in changes.items():
            self._db.execute(queries.OPEN_ACCOUNT, (kind, name))
            self._db.execute(queries.CHANGE_ACCOUNT, (micros, kind, name))
        return Verdict.RECORDED

    def _terms(self, entry: Entry) -> _Terms:
        """Return what an attempt costs and who pays: the run's plan decides, else the newest plan."""
        run = None
        if entry.run_id is not None:
            run = self._found(queries.RUN, entry.run_id)
            if run is None:
                raise KeyError(entry.run_id)
        priced = self._found(queries.PRICE_OF_JOB, entry.job_id, run["plan_no"] if run else None)
        if priced is None:
            raise KeyError(entry.job_id)
        asking = run or priced
        return _Terms(
            plan_no=priced["plan_no"],
            price_usd=rows.from_micros(priced["cost_micros"]),
            payer=_Payer(campaign=asking["campaign"], brand=asking["brand"], month=_month(entry)),
            purse_micros=run["purse_micros"] if run else None,
            budget_micros=_left(run, "budget_micros", "elsewhere_micros"),
            month_micros=_left(run, "month_micros", "elsewhere_month_micros"),
        )

    def _verdict(self, terms: _Terms, changes: dict[tuple[str, str], int]) -> Verdict:
        """Say whether an intent fits under the caps of its run, its campaign and its brand's month."""
        caps = {
            "run": (terms.purse_micros, Verdict.OVER_PURSE),
            "campaign": (terms.budget_micros, Verdict.OVER_BUDGET),
            "month": (terms.month_micros, Verdict.OVER_MONTH),
        }
        for (kind, name), micros in changes.items():
            cap, over = caps[kind]
            if cap is not None and self.committed(kind, name) + micros > cap:
                return over
        return Verdict.RECORDED

    def _write(self, entry: Entry, after: _Standing) -> None:
        attempt = after.attempt
        event_no = self._db.execute(
            queries.INSERT_EVENT,
            (
                rows.to_instant(entry.at),
                entry.job_id,
                attempt.number,
                entry.event,
                attempt.phase,
                entry.run_id,
                None if entry.body is None else canonical_json(dict(entry.body)),
                rows.entry_detail(entry),
            ),
        ).lastrowid
        self._check_prediction_is_new(entry, attempt)
        is_intent = entry.event in INTENTS
        self._db.execute(
            queries.SAVE_ATTEMPT,
            {
                **rows.attempt_columns(attempt),
                "job_id": entry.job_id,
                "campaign": after.payer.campaign,
                "brand": after.payer.brand,
                "month": after.payer.month,
                "owner": entry.owner if is_intent else None,
                "intent_event": event_no if is_intent else None,
            },
        )
        if entry.output and entry.event in STORES_AN_OUTPUT:
            self._write_output(entry.output, attempt.number)

    def _check_prediction_is_new(self, entry: Entry, attempt: Attempt) -> None:
        if entry.prediction is None or attempt.prediction_id is None:
            return
        other = self._found(
            "SELECT job_id, number FROM attempts WHERE prediction_id = ? AND NOT (job_id = ? AND number = ?)",
            attempt.prediction_id,
            entry.job_id,
            attempt.number,
        )
        if other:
            raise RunError(
                f"the service gave task {attempt.prediction_id} to job {entry.job_id}, "
                f"but it already belongs to attempt {other['number']} of job {other['job_id']}",
                hint="nothing more is sent; compare both jobs with `seedpipe show`",
            )

    def _write_output(self, output: Output, number: int) -> None:
        image = output.image
        self._db.execute(
            queries.SAVE_OUTPUT,
            (
                output.index,
                image.sha256,
                image.media_type,
                image.width_px,
                image.height_px,
                image.size_bytes,
                output.job_id,
                number,
            ),
        )

    def committed(self, kind: str, name: str) -> int:
        """Return the millionths that a `run`, a `campaign` or a `month` has reserved and spent."""
        row = self._found("SELECT committed_micros FROM accounts WHERE kind = ? AND name = ?", kind, name)
        return row["committed_micros"] if row else 0

    def _found(self, query: str, *values: object) -> Any:
        """Return the first row of a query, or None."""
        return self._db.execute(query, values).fetchone()


def month_account(brand: str, month: str) -> str:
    """Return the name of the account of a brand's month; a month is always of one length."""
    return f"{month} {brand}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Payer:
    """Whose budgets an attempt counts against."""

    campaign: str
    brand: str | None
    month: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Terms:
    """What an attempt costs, which plan asks, who pays, and the caps of its run.

    What others had paid when the run began is taken off the caps.
    """

    plan_no: int
    price_usd: Decimal
    payer: _Payer
    purse_micros: int | None
    budget_micros: int | None
    month_micros: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """An attempt and who pays for it."""

    attempt: Attempt
    payer: _Payer

    @property
    def holds(self) -> dict[tuple[str, str], int]:
        """The millionths that this attempt keeps committed, by account."""
        if not holds_money(self.attempt.phase):
            return {}
        micros = rows.to_micros(self.attempt.cost_usd)
        payer, run_id = self.payer, self.attempt.run_id
        run = {("run", run_id): micros} if run_id else {}
        month = {("month", month_account(payer.brand, payer.month)): micros} if payer.brand else {}
        return run | {("campaign", payer.campaign): micros} | month


def _left(run: Any, cap: str, elsewhere: str) -> int | None:
    return None if run is None or run[cap] is None else run[cap] - run[elsewhere]


def _payer(row: Any) -> _Payer:
    return _Payer(campaign=row["campaign"], brand=row["brand"], month=row["month"])


def _month(entry: Entry) -> str:
    """Return the month an attempt is paid in: a task that is adopted was paid for when it was made."""
    made_at = entry.prediction.created_at if entry.prediction and entry.event is Event.ADOPTED else None
    return rows.month_of(made_at or entry.at)


def _account_changes(before: _Standing | None, after: _Standing) -> dict[tuple[str, str], int]:
    """Return what an event adds to each account; the attempt that a redo leaves behind keeps its money."""
    same = before is not None and before.attempt.number == after.attempt.number
    released = before.holds if before and same else {}
    held = after.holds
    changes = {account: held.get(account, 0) - released.get(account, 0) for account in held | released}
    return {account: micros for account, micros in changes.items() if micros}
