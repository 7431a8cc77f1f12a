"""What an entry does to a job's attempts: from values to values, for any ledger.

Hides which facts each event leaves behind. Invariants: the phase moves through
`seedpipe.core.lifecycle.advance` and nothing else; an attempt that surely was not accepted keeps its number
for the next intent; a redo leaves the old attempt as it is and opens the next number; only the latest
attempt of a job is ever unsettled.

Absent on purpose: budgets, which need sums over many jobs, and storage.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from seedpipe.core.lifecycle import INTENTS, Event, Phase, advance, is_settled, opens_attempt
from seedpipe.core.records import Attempt, Entry
from seedpipe.core.safe_text import lasting_url

if TYPE_CHECKING:
    from decimal import Decimal

    from seedpipe.core.records import RunStart

SETS_THE_PRICE: Final = INTENTS | {Event.ADOPTED}
STORES_AN_OUTPUT: Final = frozenset({Event.OUTPUT_STORED, Event.SET_COMPLETE, Event.SET_SHORT})
_NAMES_THE_TASK: Final = frozenset({Event.ADOPTED, Event.ACCEPTED, Event.FOUND})
_MADE_BEFORE: Final = frozenset(
    {Event.ADOPTED, Event.FOUND}
)  # their days at the service count from their making
_SHOWS_THE_RESULT: Final = frozenset({Event.COMPLETED, Event.COMPLETED_EMPTY, Event.PROVIDER_FAILED})
_GOOD_NEWS: Final = STORES_AN_OUTPUT | _NAMES_THE_TASK | INTENTS | {Event.COMPLETED}


def moved(latest: Attempt | None, entry: Entry, price_usd: Decimal) -> Attempt:
    """Return the attempt that an entry leaves as the latest one: moved on, or new.

    `price_usd` counts for the events in `SETS_THE_PRICE`. Raises `IllegalTransition`, or `ValueError` for an
    entry that lacks what its event must carry.
    """
    before = latest.phase if latest else Phase.PLANNED
    phase = advance(before, entry.event)
    _check_carries(entry, latest)
    if latest is None:
        latest = _unsent(1, price_usd)
    elif opens_attempt(before, entry.event):
        latest = _unsent(latest.number + 1, price_usd)
    ended_at = entry.at if is_settled(phase) else None
    return replace(latest, phase=phase, finished_at=ended_at, **_facts(entry, price_usd), **_words(entry))


def abandoned(job_id: str, run: RunStart) -> Entry:
    """Return what a run that begins records of a request that was still on its way."""
    return Entry(
        job_id=job_id,
        event=Event.UNKNOWN,
        at=run.started_at,
        run_id=run.run_id,
        error="the run that was sending this request ended before the answer came",
    )


def _unsent(number: int, price_usd: Decimal) -> Attempt:
    return Attempt(
        number=number,
        phase=Phase.PLANNED,
        cost_usd=price_usd,
        run_id=None,
        intent_at=None,
        accepted_at=None,
        finished_at=None,
        prediction_id=None,
        urls=(),
        inference_ms=None,
        error="",
        error_code=None,
    )


def _check_carries(entry: Entry, latest: Attempt | None) -> None:
    """Refuse an entry that would leave a gap in the books, or mix two tasks."""
    event, said = entry.event, entry.prediction
    if event in INTENTS and (entry.run_id is None or not entry.owner or entry.body is None):
        raise ValueError(f"an intent for job {entry.job_id} must carry its run, owner and body")
    if event in _NAMES_THE_TASK | {Event.COMPLETED} and said is None:
        raise ValueError(f"event '{event}' for job {entry.job_id} must carry the prediction")
    if event is Event.OUTPUT_STORED and entry.output is None:
        raise ValueError(f"event '{event}' for job {entry.job_id} must carry the output")
    if entry.output and entry.output.job_id != entry.job_id:
        raise ValueError(f"an output of job {entry.output.job_id} was entered for job {entry.job_id}")
    known = latest.prediction_id if latest else None
    if said and event in _SHOWS_THE_RESULT and said.prediction_id != known:
        raise ValueError(f"job {entry.job_id} has task {known}, not {said.prediction_id}")


def _facts(entry: Entry, price_usd: Decimal) -> dict[str, Any]:
    """Return what this event brings to light for good, by the fields of the attempt."""
    event, said = entry.event, entry.prediction
    facts: dict[str, Any] = {}
    if event in SETS_THE_PRICE:
        paid_usd = price_usd if entry.cost_usd is None else entry.cost_usd
        facts |= {"cost_usd": paid_usd, "run_id": entry.run_id}
    if event in INTENTS:
        facts["intent_at"] = entry.at
    if said and event in _NAMES_THE_TASK:
        made_at = said.created_at if event in _MADE_BEFORE else entry.service_at
        facts |= {"prediction_id": said.prediction_id, "accepted_at": made_at or entry.at}
    if said and event in _SHOWS_THE_RESULT:
        urls = tuple(map(lasting_url, said.outputs))  # one each output, kept or not: their number counts
        facts |= {"urls": urls, "inference_ms": said.inference_ms, "flagged": said.flagged}
    return facts


def _words(entry: Entry) -> dict[str, Any]:
    """Return the attempt's latest trouble, by its fields; good news clears it, silence keeps it."""
    said = entry.prediction
    error = entry.error or (said.error if said else "")
    code = entry.error_code if entry.error_code is not None or said is None else said.code
    if error or code is not None or entry.event in _GOOD_NEWS:
        return {"error": error, "error_code": code}
    return {}
