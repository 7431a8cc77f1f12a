"""The lock beside a campaign: what is already paid, as text that git can merge.

Hides the spelling of `<campaign>.lock.jsonl` (schema in `schemas/lock.schema.json`) and what its lines mean
for a ledger that has never heard of them. One line a payment, sorted, and nothing else in the file: no head,
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
from typing import TYPE_CHECKING, Final

from seedpipe.core.lifecycle import Event, Phase, holds_money
from seedpipe.core.model import Job, PlannedCell, Prediction, digest
from seedpipe.core.money import exact
from seedpipe.core.records import Entry
from seedpipe.core.shared_lines import LineFormat, at_milliseconds, matching, moment, text, texts, time_text
from seedpipe.core.showing import kept_sets

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

    from seedpipe.core.model import Json, PlanHeader
    from seedpipe.core.records import Attempt, JobRecord

LOCK_FORMAT: Final = 1

_JOB: Final = re.compile(r"[0-9a-f]{32}")
_PREDICTION: Final = re.compile(r"[0-9A-Za-z_-]{6,64}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_AMOUNT: Final = re.compile(r"[0-9]{1,9}\.[0-9]{2,6}")
_ADOPTABLE: Final = frozenset({Phase.PLANNED, Phase.FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class LockLine:
    """One payment: for which job, which cells asked, which prediction answers, what it cost.

    `cells` are addresses, those of a profile as `@draft/hero/AUR-07/jp`, for a profile has places of its own.
    A job that was bought again has a line for each time; all but the one whose images are shown name none.

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """What a lock says was paid and a ledger does not know: in the campaign's life, and in a month of it."""

    usd: Decimal = Decimal(0)
    month_usd: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidSizes:
    """The sizes that lines of one service tell of, each the last one paid for first.

    `jobs` has by size the ids of the jobs that asked for it; `of_series` by series, as a place names it
    (`@draft/hero`), and model the sizes that its cells were paid for.
    """

    jobs: Mapping[str, frozenset[str]]
    of_series: Mapping[tuple[str, str], tuple[str, ...]]


def read_lock(text: str, path: str) -> tuple[LockLine, ...]:
    """Return the lines of a lock, each once; raises `InputError` with its faulty lines.

    `path` is the one that people are shown.
    """
    return _FORMAT.read(text, path)


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
        "accepted_at": time_text(line.accepted_at),
        "cost_usd": exact(line.cost_usd),
        "outputs": list(line.outputs),
    }


def paid_at(origin: str, lines: Iterable[LockLine]) -> dict[str, LockLine]:
    """Return for each job the line to rely on at one service.

    A job may have been paid for more than once: of the lines that are shown somewhere, the one whose images
    were seen counts, then the newer.
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


def paid_elsewhere(lines: Iterable[LockLine], owned: Container[str], month: datetime) -> Elsewhere:
    """Return what lines of one service say was paid for predictions that a ledger does not own.

    A prediction counts once, whatever was merged, and whether or not a plan still asks for its job. `month`
    is any time in the month that counts, in UTC.
    """
    dearest: dict[str, LockLine] = {}
    for line in lines:
        known = dearest.get(line.prediction_id)
        if line.prediction_id not in owned and (known is None or line.cost_usd > known.cost_usd):
            dearest[line.prediction_id] = line
    in_month = [line for line in dearest.values() if _month(line.accepted_at) == _month(month)]
    return Elsewhere(
        usd=sum((line.cost_usd for line in dearest.values()), Decimal(0)),
        month_usd=sum((line.cost_usd for line in in_month), Decimal(0)),
    )


def sizes_paid(lines: Iterable[LockLine]) -> PaidSizes:
    """Return which sizes the lines of one service were paid for."""
    jobs: dict[str, set[str]] = {}
    series: dict[tuple[str, str], dict[str, None]] = {}
    for line in sorted(lines, key=_worth_now, reverse=True):
        if line.size is None:
            continue
        jobs.setdefault(line.size, set()).add(line.job_id)
        for place in line.cells:
            series.setdefault((_series_of(place), line.model), {})[line.size] = None
    return PaidSizes(
        jobs={size: frozenset(ids) for size, ids in jobs.items()},
        of_series={of: tuple(sizes) for of, sizes in series.items()},
    )


def can_be_adopted(line: LockLine, record: JobRecord | None) -> bool:
    """Say whether a ledger should take up a line: it has nothing better, and has not seen it fail."""
    if record is None:
        return True
    seen = {attempt.prediction_id for attempt in record.attempts}
    return record.phase in _ADOPTABLE and line.prediction_id not in seen


def as_paid(
    header: PlanHeader, records: Iterable[JobRecord], paid: Mapping[str, LockLine]
) -> tuple[PlanHeader, list[PlannedCell]]:
    """Return what cells of a plan keep and only the lock tells of, as a plan of its own.

    The lock does not tell what was asked, so that the requests of its jobs are empty.
    """
    cells: dict[str, PlannedCell] = {}
    opened: set[str] = set()
    for record in records:
        for shown in kept_sets(record):
            line = paid.get(shown.kept.job_id) if shown.kept and shown.record is None else None
            if line is None:
                continue
            job = _unknown_job(line, record.job.outputs_expected)
            for cell in shown.cells:
                cells[cell.address] = PlannedCell(
                    cell=replace(cell, job_id=job.job_id), job=job, opens_job=job.job_id not in opened
                )
                opened.add(job.job_id)
    kept = digest({address: planned.job.job_id for address, planned in cells.items()})
    return replace(header, variant={**header.variant, "as_paid": kept}), list(cells.values())


def _unknown_job(line: LockLine, usual: int) -> Job:
    return Job(
        job_id=line.job_id,
        model=line.model,
        request={},
        outputs_expected=len(line.outputs) or usual,
        cost_usd=line.cost_usd,
    )


def adoption(line: LockLine, at: datetime) -> Entry:
    """Return the entry that makes what others have paid a part of this ledger; no purse pays for it."""
    said = Prediction(
        prediction_id=line.prediction_id, model=line.model, status="", created_at=line.accepted_at
    )
    return Entry(job_id=line.job_id, event=Event.ADOPTED, at=at, prediction=said, cost_usd=line.cost_usd)


def lines_of(record: JobRecord, origin: str) -> list[LockLine]:
    """Return a line for each attempt of a job that the service has accepted and not given back."""
    paid = [place for place, attempt in enumerate(record.attempts) if _is_paid(attempt)]
    shown = record.published if record.published in paid else max(paid, default=None)
    cells = record.places or tuple(cell.address for cell in record.cells)
    size = record.job.request.get("size")
    return [
        LockLine(
            job_id=record.job.job_id,
            cells=cells if place == shown else (),
            model=record.job.model,
            size=size if isinstance(size, str) else None,
            prediction_id=attempt.prediction_id or "",
            origin=origin,
            accepted_at=at_milliseconds(attempt.accepted_at or datetime.fromtimestamp(0, UTC)),
            cost_usd=attempt.cost_usd,
            outputs=tuple(output.image.sha256 for output in record.takes[place]),
        )
        for place in paid
        for attempt in [record.attempts[place]]
    ]


def updated(
    lines: Iterable[LockLine], origin: str, owned: Mapping[str, str], paid: Iterable[JobRecord]
) -> list[LockLine]:
    """Return the lock as this ledger knows it better.

    `owned` are the predictions of `lines` that the ledger has seen, with their jobs: what it knows of them
    counts, be it that one has failed. `paid` are all jobs it has paid for; lines that say nothing of either
    are kept.
    """
    before = list(lines)
    known_before = {line.prediction_id: line for line in before if line.origin == origin}
    kept = [line for line in before if line.origin != origin or owned.get(line.prediction_id) != line.job_id]
    ours = [line for record in paid for line in lines_of(record, origin)]
    return kept + [_with_what_was_known(line, known_before.get(line.prediction_id)) for line in ours]


def _with_what_was_known(line: LockLine, before: LockLine | None) -> LockLine:
    """Return a line with what the lock has said of it and this ledger cannot: it may not know the request."""
    if before is None:
        return line
    return replace(line, outputs=line.outputs or before.outputs, size=line.size or before.size)


def _series_of(place: str) -> str:
    """Return the series of a place, with the profile whose place it is."""
    profile, slash, rest = place.partition("/") if place.startswith("@") else ("", "", place)
    return profile + slash + rest.partition("/")[0]


def _is_paid(attempt: Attempt) -> bool:
    return attempt.prediction_id is not None and holds_money(attempt.phase)


def _worth_now(line: LockLine) -> tuple[datetime, str]:
    return (line.accepted_at, line.prediction_id)


def _worth(line: LockLine) -> tuple[bool, int, datetime, str]:
    return (bool(line.cells), len(line.outputs), line.accepted_at, line.prediction_id)


def _order(line: LockLine) -> tuple[str, ...]:
    # The whole line decides at last: lines that differ in their cost alone have an order, too.
    whole = json.dumps(lock_document(line), ensure_ascii=False)
    return (line.job_id, time_text(line.accepted_at), line.prediction_id, line.origin, whole)


def _hashes(value: object) -> tuple[str, ...] | None:
    found = texts(value)
    return found if found is not None and all(map(_SHA256.fullmatch, found)) else None


def _amount(value: object) -> Decimal | None:
    return Decimal(value) if isinstance(value, str) and _AMOUNT.fullmatch(value) else None


def _month(at: datetime) -> tuple[int, int]:
    at = at.astimezone(UTC)
    return at.year, at.month


_FORMAT: Final = LineFormat(
    name="lock",
    version=LOCK_FORMAT,
    rule="lock-line",
    title="the lock",
    suffix=".lock.jsonl",
    hint="take the line from git's history; without it the job could be paid for again",
    make=LockLine,
    fields={
        "job_id": matching(_JOB),
        "cells": texts,
        "model": text,
        "size": text,
        "prediction_id": matching(_PREDICTION),
        "origin": text,
        "accepted_at": moment,
        "cost_usd": _amount,
        "outputs": _hashes,
    },
    nullable=frozenset({"size"}),
)
