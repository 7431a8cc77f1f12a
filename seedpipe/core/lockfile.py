"""The lock beside a campaign: what is already paid, as text that git can merge.

Hides the spelling of `<campaign>.lock.jsonl` (schema in `schemas/lock.schema.json`) and what its lines mean
for a ledger that has never heard of them. One line a paid job, sorted, and nothing else in the file: no head,
no total, so that a union merge of two branches is a lock again. Invariants: what cannot be understood is an
error with its line, never skipped, for a skipped line is paid twice; lines of other origins and of jobs that
this ledger does not know are kept as they are; equal locks are equal byte for byte.

Absent on purpose: URLs, requests and prompts. The campaign has them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from seedpipe.core.diagnostics import Diagnostic, SourceText
from seedpipe.core.errors import InputError
from seedpipe.core.lifecycle import Event, Phase, holds_money
from seedpipe.core.model import Prediction
from seedpipe.core.money import exact
from seedpipe.core.records import Entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from seedpipe.core.model import Json
    from seedpipe.core.records import Attempt, JobRecord

LOCK_FORMAT: Final = 1

_MOST_FAULTS: Final = 20  # lines shown: a lock that was cut or overwritten is bad from there on
_JOB: Final = re.compile(r"[0-9a-f]{32}")
_PREDICTION: Final = re.compile(r"[0-9A-Za-z_-]{6,64}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_AMOUNT: Final = re.compile(r"[0-9]{1,9}\.[0-9]{2,6}")
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
_CONFLICT: Final = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")
_ADOPTABLE: Final = frozenset({Phase.PLANNED, Phase.FAILED})
_LONGEST_TEXT: Final = 4000  # characters: no address, model or origin is longer


@dataclass(frozen=True, slots=True, kw_only=True)
class LockLine:
    """One paid job: which cells asked, which prediction answers, what it cost.

    `cells` are addresses, those of a profile as `@draft/hero/AUR-07/jp`, for a profile has places of its own.

    `outputs` are the sha256 of the images, in the service's order, once they were brought home; `size` is the
    one that was asked for, where the model has sizes.
    """

    job_id: str
    cells: tuple[str, ...]
    model: str
    size: str | None
    prediction_id: str
    origin: str
    accepted_at: datetime
    cost_usd: Decimal
    outputs: tuple[str, ...] = ()


def read_lock(text: str, path: str) -> tuple[LockLine, ...]:
    """Return the lines of a lock, each once; raises `InputError` with its faulty lines.

    `path` is the one that people are shown.
    """
    lines: dict[LockLine, None] = {}
    faults: list[Diagnostic] = []
    source = SourceText(path=path, text=text)
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            lines[_parsed(line)] = None
        except _Fault as fault:
            if len(faults) < _MOST_FAULTS:
                faults.append(_diagnostic(fault, source, number, line))
    if faults:
        raise InputError(f"the lock {path} cannot be read", diagnostics=faults)
    return tuple(lines)


def lock_text(lines: Iterable[LockLine]) -> Iterator[str]:
    """Yield the text of a lock, a line each, sorted."""
    for line in sorted(set(lines), key=_order):
        yield json.dumps(lock_document(line), ensure_ascii=False) + "\n"


def lock_document(line: LockLine) -> dict[str, Json]:
    """Return one line as its JSON document; the job comes first, so that sorted text is sorted by job."""
    return {
        "job_id": line.job_id,
        "lock": LOCK_FORMAT,
        "cells": list(line.cells),
        "model": line.model,
        "size": line.size,
        "prediction_id": line.prediction_id,
        "origin": line.origin,
        "accepted_at": _time(line.accepted_at),
        "cost_usd": exact(line.cost_usd),
        "outputs": list(line.outputs),
    }


def paid_at(origin: str, lines: Iterable[LockLine]) -> dict[str, LockLine]:
    """Return for each job the line to rely on at one service.

    Two people may have paid for the same job: the one whose images were seen counts, then the newer.
    """
    best: dict[str, LockLine] = {}
    for line in lines:
        known = best.get(line.job_id)
        if line.origin == origin and (known is None or _worth(line) > _worth(known)):
            best[line.job_id] = line
    return best


def paid_places(lines: Iterable[LockLine]) -> dict[str, LockLine]:
    """Return for each cell the line of what was paid for it last."""
    newest: dict[str, LockLine] = {}
    for line in lines:
        for place in line.cells:
            known = newest.get(place)
            if known is None or _worth_now(line) > _worth_now(known):
                newest[place] = line
    return newest


def can_be_adopted(line: LockLine, record: JobRecord | None) -> bool:
    """Say whether a ledger should take up a line: it has nothing better, and has not seen it fail."""
    if record is None:
        return True
    seen = {attempt.prediction_id for attempt in record.attempts}
    return record.phase in _ADOPTABLE and line.prediction_id not in seen


def adoption(line: LockLine, at: datetime) -> Entry:
    """Return the entry that makes what others have paid a part of this ledger; no purse pays for it."""
    said = Prediction(
        prediction_id=line.prediction_id, model=line.model, status="", created_at=line.accepted_at
    )
    return Entry(job_id=line.job_id, event=Event.ADOPTED, at=at, prediction=said, cost_usd=line.cost_usd)


def line_of(record: JobRecord, origin: str) -> LockLine | None:
    """Return the line of a job that this ledger has paid for; None when the service has accepted nothing."""
    place = _paid_attempt(record)
    if place is None:
        return None
    attempt, take = record.attempts[place], record.takes[place]
    size = record.job.request.get("size")
    return LockLine(
        job_id=record.job.job_id,
        cells=record.places or tuple(cell.address for cell in record.cells),
        model=record.job.model,
        size=size if isinstance(size, str) else None,
        prediction_id=attempt.prediction_id or "",
        origin=origin,
        accepted_at=_at_milliseconds(attempt.accepted_at),
        cost_usd=attempt.cost_usd,
        outputs=tuple(output.image.sha256 for output in take),
    )


def updated(
    lines: Iterable[LockLine], origin: str, known: Mapping[str, JobRecord], paid: Iterable[JobRecord]
) -> list[LockLine]:
    """Return the lock as this ledger knows it better.

    `known` are the jobs of `lines` that the ledger has tried, by id: what it has seen of a prediction counts,
    be it that it failed. `paid` are all jobs it has paid for; lines that say nothing of either are kept.
    """
    before = list(lines)
    hashes = {line.prediction_id: line.outputs for line in before if line.origin == origin}
    seen = {attempt.prediction_id for record in known.values() for attempt in record.attempts}
    kept = [line for line in before if line.origin != origin or line.prediction_id not in seen]
    ours = [line for record in paid if (line := line_of(record, origin))]
    return kept + [
        line if line.outputs else replace(line, outputs=hashes.get(line.prediction_id, ())) for line in ours
    ]


def _paid_attempt(record: JobRecord) -> int | None:
    paid = [place for place, attempt in enumerate(record.attempts) if _is_paid(attempt)]
    return record.published if record.published in paid else max(paid, default=None)


def _is_paid(attempt: Attempt) -> bool:
    return attempt.prediction_id is not None and holds_money(attempt.phase)


def _worth_now(line: LockLine) -> tuple[datetime, str]:
    return (line.accepted_at, line.prediction_id)


def _worth(line: LockLine) -> tuple[int, datetime, str]:
    return (len(line.outputs), line.accepted_at, line.prediction_id)


def _order(line: LockLine) -> tuple[str, ...]:
    # The whole line decides at last: lines that differ in their cost alone have an order, too.
    whole = json.dumps(lock_document(line), ensure_ascii=False)
    return (line.job_id, _time(line.accepted_at), line.prediction_id, line.origin, whole)


class _Fault(Exception):  # noqa: N818 - a fact about one line, on its way to a diagnostic
    def __init__(self, message: str, *, hint: str | None = None, column: int = 1) -> None:
        super().__init__(message)
        self.hint = hint
        self.column = column


def _diagnostic(fault: _Fault, source: SourceText, number: int, line: str) -> Diagnostic:
    hint = fault.hint or "take the line from git's history; without it the job could be paid for again"
    width = len(line.rstrip()) - fault.column + 1
    span = source.span(number, fault.column, width=width)
    return Diagnostic(rule="lock-line", message=str(fault), span=span, hint=hint)


def _parsed(text: str) -> LockLine:
    if text.startswith(_CONFLICT):
        raise _Fault(
            "a merge left its marks",
            hint="keep the lines of both sides and remove the marks;"
            " `*.lock.jsonl merge=union` in .gitattributes does so by itself",
        )
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise _Fault("this is not JSON", column=min(error.colno, len(text))) from None
    except (ValueError, RecursionError):
        raise _Fault("this is not JSON") from None
    if not isinstance(data, dict):
        raise _Fault("this is no JSON object")
    if data.get("lock") != LOCK_FORMAT or isinstance(data.get("lock"), bool):
        raise _Fault(f"'lock' is not {LOCK_FORMAT}", hint="upgrade seedpipe if a newer one wrote this line")
    return _checked(data)


def _checked(data: dict[str, Any]) -> LockLine:
    if unknown := sorted(data.keys() - _FIELDS.keys() - {"lock"}):
        raise _Fault(f"the key '{unknown[0]}' is unknown", hint="upgrade seedpipe if a newer one wrote it")
    if missing := sorted(_FIELDS.keys() - data.keys()):
        raise _Fault(f"the key '{missing[0]}' is missing")
    return LockLine(**{key: _read(key, data[key]) for key in _FIELDS})


def _read(key: str, value: object) -> Any:
    read = _FIELDS[key](value)
    if read is None and value is not None:
        raise _Fault(f"'{key}' cannot be {json.dumps(value, ensure_ascii=False)[:60]}")
    if read is None and key != "size":
        raise _Fault(f"'{key}' cannot be null")
    return read


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= _LONGEST_TEXT else None


def _matching(pattern: re.Pattern[str]) -> Callable[[object], str | None]:
    return lambda value: value if isinstance(value, str) and pattern.fullmatch(value) else None


def _texts(value: object) -> tuple[str, ...] | None:
    good = isinstance(value, list) and all(_text(item) for item in value)
    return tuple(value) if good and isinstance(value, list) else None


def _hashes(value: object) -> tuple[str, ...] | None:
    texts = _texts(value)
    return texts if texts is not None and all(map(_SHA256.fullmatch, texts)) else None


def _amount(value: object) -> Decimal | None:
    return Decimal(value) if isinstance(value, str) and _AMOUNT.fullmatch(value) else None


def _moment(value: object) -> datetime | None:
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


_FIELDS: Final[dict[str, Callable[[object], Any]]] = {
    "job_id": _matching(_JOB),
    "cells": _texts,
    "model": _text,
    "size": _text,
    "prediction_id": _matching(_PREDICTION),
    "origin": _text,
    "accepted_at": _moment,
    "cost_usd": _amount,
    "outputs": _hashes,
}


def _at_milliseconds(at: datetime | None) -> datetime:
    """Return a time as the lock can tell it; an attempt that was accepted always has one."""
    at = (at or datetime.fromtimestamp(0, UTC)).astimezone(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _time(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
