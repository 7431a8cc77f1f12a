"""How values are spelt as columns: money, times, plan headers, what an entry said.

Invariants: money is a whole number of millionths of a dollar and times are microseconds since 1970 in
UTC, so sums and comparisons are exact in any database; JSON is ASCII, so that no text a service sends can
fail to be stored.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Protocol

from seedpipe.core.lifecycle import Event, Phase, holds_money
from seedpipe.core.model import (
    Cell,
    ImageFile,
    Job,
    Output,
    PlanHeader,
)
from seedpipe.core.records import (
    Account,
    Attempt,
    Payment,
    PhaseTotal,
    RunEnd,
    RunRecord,
    RunStart,
    Step,
    StopReason,
    Upload,
)
from seedpipe.core.safe_text import lasting_url
from seedpipe.core.saved import header_document, header_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seedpipe.core.records import Entry

_MICROS_PER_USD: Final = 1_000_000
_LARGEST: Final = 2**63 - 1  # what an INTEGER column holds
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

PAID: Final = json.dumps([phase.value for phase in Phase if holds_money(phase)])  # as statements take them


class Row(Protocol):
    """A row as a database hands it out, by the names of its columns."""

    def __getitem__(self, column: str, /) -> Any:
        """Return the value of a column."""


def to_micros(amount: Decimal) -> int:
    """Return an amount as millionths of a dollar; raises `ValueError` if that is not exact."""
    micros, rest = _micros(amount)
    if rest:
        raise ValueError(f"{amount} USD is not a whole number of millionths of a dollar")
    return micros


def cap_to_micros(cap: Decimal | None) -> int | None:
    """Return a limit rounded down: no sum of whole millionths can tell the difference."""
    return None if cap is None else _micros(cap)[0]


def from_micros(micros: int) -> Decimal:
    """Return millionths of a dollar as an amount, without trailing zeros."""
    return Decimal(micros) / _MICROS_PER_USD


def cap_from_micros(micros: int | None) -> Decimal | None:
    """Return a stored limit, if there is one."""
    return None if micros is None else from_micros(micros)


def to_instant(at: datetime) -> int:
    """Return a time as microseconds since 1970; raises `ValueError` for one without a zone."""
    if at.tzinfo is None:
        raise ValueError(f"the time {at} has no zone")
    return (at - _EPOCH) // _MICROSECOND


def from_instant(instant: int) -> datetime:
    """Return a stored time, in UTC."""
    return _EPOCH + instant * _MICROSECOND


def month_of(at: datetime) -> str:
    """Return the month of a time as the books count it: `2026-11`, in UTC."""
    if at.tzinfo is None:
        raise ValueError(f"the time {at} has no zone")
    return f"{at.astimezone(UTC):%Y-%m}"


def optional_instant(at: datetime | None) -> int | None:
    """Return a time as stored, if there is one."""
    return None if at is None else to_instant(at)


def from_optional_instant(instant: int | None) -> datetime | None:
    """Return a stored time, if there is one."""
    return None if instant is None else from_instant(instant)


def storable_text(text: str) -> str:
    """Return text as UTF-8 can hold it: half a surrogate pair, legal in JSON, becomes `?`."""
    return text.encode("utf-8", "replace").decode("utf-8")


def storable_int(number: int | None) -> int | None:
    """Return a number of the service, or None for one that no column can hold and no service can mean."""
    return number if number is not None and abs(number) <= _LARGEST else None


def header_json(header: PlanHeader) -> str:
    """Return a plan's header as JSON."""
    return json.dumps(header_document(header))


def header_from_json(text: str) -> PlanHeader:
    """Return the header that `header_json` spelt."""
    return header_of(json.loads(text))


def entry_detail(entry: Entry) -> str | None:
    """Return what an entry said beyond its event, time and body, for the audit trail; None for nothing."""
    detail: dict[str, object] = {}
    if entry.owner:
        detail["owner"] = entry.owner
    if entry.service_at:
        detail["service_at"] = to_instant(entry.service_at)
    if said := entry.prediction:
        detail["prediction"] = {
            "id": said.prediction_id,
            "status": said.status,
            "outputs": [lasting_url(url) for url in said.outputs],
            "flagged": sorted(said.flagged),
            "code": said.code,
            "error": said.error,
            "created_at": said.created_at.isoformat() if said.created_at else None,
            "inference_ms": said.inference_ms,
        }
    if entry.cost_usd is not None:
        detail["cost_micros"] = to_micros(entry.cost_usd)
    if entry.output:
        detail["output"] = {"index": entry.output.index, "sha256": entry.output.image.sha256}
    if entry.error or entry.error_code is not None:
        detail["error"] = {"message": entry.error, "code": entry.error_code}
    return json.dumps(detail) if detail else None


def job(row: Row) -> Job:
    """Return a job as one plan prices it."""
    return Job(
        job_id=row["job_id"],
        model=row["model"],
        request=json.loads(row["request"]),
        outputs_expected=row["outputs_expected"],
        cost_usd=from_micros(row["cost_micros"]),
    )


def cell(row: Row) -> Cell:
    """Return a cell, its axes in the order they were planned in."""
    return Cell(
        address=row["address"],
        series=row["series"],
        axes=json.loads(row["axes"]),
        job_id=row["job_id"],
        output_paths=tuple(json.loads(row["output_paths"])),
    )


def attempt(row: Row) -> Attempt:
    """Return an attempt."""
    return Attempt(
        number=row["number"],
        phase=Phase(row["phase"]),
        cost_usd=from_micros(row["cost_micros"]),
        run_id=row["run_id"],
        intent_at=from_optional_instant(row["intent_at"]),
        accepted_at=from_optional_instant(row["accepted_at"]),
        finished_at=from_optional_instant(row["finished_at"]),
        prediction_id=row["prediction_id"],
        urls=tuple(json.loads(row["urls"])),
        flagged=frozenset(json.loads(row["flagged"])),
        inference_ms=row["inference_ms"],
        error=row["error"],
        error_code=row["error_code"],
    )


def attempt_columns(attempt: Attempt) -> dict[str, str | int | None]:
    """Return the columns that `attempt` reads."""
    return {
        "number": attempt.number,
        "phase": attempt.phase.value,
        "cost_micros": to_micros(attempt.cost_usd),
        "run_id": attempt.run_id,
        "intent_at": optional_instant(attempt.intent_at),
        "accepted_at": optional_instant(attempt.accepted_at),
        "finished_at": optional_instant(attempt.finished_at),
        "prediction_id": attempt.prediction_id,
        "urls": json.dumps(attempt.urls),
        "flagged": json.dumps(sorted(attempt.flagged)),
        "inference_ms": storable_int(attempt.inference_ms),
        "error": storable_text(attempt.error),
        "error_code": storable_int(attempt.error_code),
    }


def payment(row: Row, cells: Sequence[Row], outputs: Sequence[Row], steps: Sequence[Row]) -> Payment:
    """Return an attempt with who pays for it, its cells, outputs and events."""
    asked = Job(
        job_id=row["job_id"],
        model=row["model"],
        request=json.loads(row["request"]),
        outputs_expected=row["outputs_expected"],
        cost_usd=from_micros(row["price_micros"]),
    )
    return Payment(
        job=asked,
        attempt=attempt(row),
        campaign=row["campaign"],
        brand=row["brand"],
        month=row["month"],
        cells=tuple(map(cell, cells)),
        outputs=tuple(output(each, asked.job_id) for each in outputs),
        steps=tuple(
            Step(event=Event(step["event"]), phase=Phase(step["phase"]), at=from_instant(step["at"]))
            for step in steps
        ),
    )


def phase_total(row: Row) -> PhaseTotal:
    """Return how much stands in one phase."""
    return PhaseTotal(jobs=row["jobs"], images=row["images"], cost_usd=from_micros(row["cost_micros"]))


def account(row: Row) -> Account:
    """Return what is reserved and spent of one account."""
    return Account(kind=row["kind"], name=row["name"], committed_usd=from_micros(row["committed_micros"]))


def upload(row: Row) -> Upload:
    """Return an image as the service has it."""
    return Upload(sha256=row["sha256"], url=row["url"], at=from_instant(row["uploaded_at"]))


def output(row: Row, job_id: str) -> Output:
    """Return a stored output of a job."""
    return Output(
        job_id=job_id,
        index=row["position"],
        image=ImageFile(
            sha256=row["sha256"],
            media_type=row["media_type"],
            width_px=row["width_px"],
            height_px=row["height_px"],
            size_bytes=row["size_bytes"],
        ),
    )


def run_record(row: Row) -> RunRecord:
    """Return a run, with its end if it had one."""
    start = RunStart(
        run_id=row["run_id"],
        plan_id=row["plan_id"],
        campaign=row["campaign"],
        owner=row["owner"],
        started_at=from_instant(row["started_at"]),
        purse_usd=cap_from_micros(row["purse_micros"]),
        budget_usd=cap_from_micros(row["budget_micros"]),
        month_usd=cap_from_micros(row["month_micros"]),
        elsewhere_usd=from_micros(row["elsewhere_micros"]),
        elsewhere_month_usd=from_micros(row["elsewhere_month_micros"]),
        out=row["out"],
    )
    if row["finished_at"] is None:
        return RunRecord(start=start, end=None)
    end = RunEnd(
        run_id=row["run_id"],
        finished_at=from_instant(row["finished_at"]),
        exit_code=row["exit_code"],
        stop=StopReason(row["stop"]) if row["stop"] else None,
        message=row["message"],
    )
    return RunRecord(start=start, end=end)


def _micros(amount: Decimal) -> tuple[int, int]:
    """Return whole millionths of a dollar and what is left over, exact whatever the decimal context."""
    if not amount.is_finite() or amount < 0:
        raise ValueError(f"{amount} is not an amount of money")
    dollars, parts = amount.as_integer_ratio()
    micros, rest = divmod(dollars * _MICROS_PER_USD, parts)
    if (micros, rest) > (_LARGEST, 0):
        raise ValueError(f"{amount} USD is more than the ledger can count")
    return micros, rest
