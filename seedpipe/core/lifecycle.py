"""The lifecycle of a job's latest attempt: which event leads from which phase to which.

Hides the decision that matters most: when a paid request may be sent, sent again, or must never
be. The table is the whole truth; a pair that is absent is an error. Invariants: money is
reserved from the intent until the attempt is known to have failed; nothing leads from
`IN_DOUBT` back to `PLANNED` but the certainty that the service has not accepted it; what is settled is
bought again by `REDO_INTENDED` alone, which is consent and intent in one.

Absent on purpose: time, I/O and retries. The engine asks, this module answers.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from seedpipe.core.errors import Refused, Unavailable

if TYPE_CHECKING:
    from seedpipe.core.errors import ProviderError
    from seedpipe.core.model import Prediction


class Phase(StrEnum):
    """Where a job's latest attempt stands."""

    PLANNED = "planned"
    SUBMITTING = "submitting"
    IN_DOUBT = "in_doubt"
    ACCEPTED = "accepted"
    FETCHING = "fetching"
    DONE = "done"
    DONE_SHORT = "done_short"
    FAILED = "failed"
    LOST = "lost"


class Event(StrEnum):
    """What can happen to an attempt."""

    INTENT_RECORDED = "intent_recorded"
    ADOPTED = "adopted"
    ACCEPTED = "accepted"
    NOT_SENT = "not_sent"
    UNAVAILABLE = "unavailable"
    RATE_LIMITED = "rate_limited"
    BLOCKED = "blocked"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    FOUND = "found"
    SURELY_ABSENT = "surely_absent"
    HELD = "held"
    WRITTEN_OFF = "written_off"
    COMPLETED = "completed"
    COMPLETED_EMPTY = "completed_empty"
    PROVIDER_FAILED = "provider_failed"
    OVERDUE = "overdue"
    VANISHED = "vanished"
    EXPIRED = "expired"
    OUTPUT_STORED = "output_stored"
    SET_COMPLETE = "set_complete"
    SET_SHORT = "set_short"
    URLS_EXPIRED = "urls_expired"
    GAVE_UP = "gave_up"
    OUTPUT_MISSING = "output_missing"
    REDO_INTENDED = "redo_intended"


TRANSITIONS: Final[dict[tuple[Phase, Event], Phase]] = {
    (Phase.PLANNED, Event.INTENT_RECORDED): Phase.SUBMITTING,
    (Phase.PLANNED, Event.ADOPTED): Phase.ACCEPTED,
    (Phase.SUBMITTING, Event.ACCEPTED): Phase.ACCEPTED,
    (Phase.SUBMITTING, Event.NOT_SENT): Phase.PLANNED,
    (Phase.SUBMITTING, Event.UNAVAILABLE): Phase.PLANNED,
    (Phase.SUBMITTING, Event.RATE_LIMITED): Phase.PLANNED,
    (Phase.SUBMITTING, Event.BLOCKED): Phase.PLANNED,
    (Phase.SUBMITTING, Event.REFUSED): Phase.FAILED,
    (Phase.SUBMITTING, Event.UNKNOWN): Phase.IN_DOUBT,
    (Phase.IN_DOUBT, Event.FOUND): Phase.ACCEPTED,
    (Phase.IN_DOUBT, Event.SURELY_ABSENT): Phase.PLANNED,
    (Phase.IN_DOUBT, Event.HELD): Phase.IN_DOUBT,
    (Phase.IN_DOUBT, Event.WRITTEN_OFF): Phase.FAILED,
    (Phase.ACCEPTED, Event.COMPLETED): Phase.FETCHING,
    (Phase.ACCEPTED, Event.COMPLETED_EMPTY): Phase.FAILED,
    (Phase.ACCEPTED, Event.PROVIDER_FAILED): Phase.FAILED,
    (Phase.ACCEPTED, Event.OVERDUE): Phase.ACCEPTED,
    (Phase.ACCEPTED, Event.VANISHED): Phase.LOST,
    (Phase.ACCEPTED, Event.EXPIRED): Phase.LOST,
    (Phase.FETCHING, Event.OUTPUT_STORED): Phase.FETCHING,
    (Phase.FETCHING, Event.SET_COMPLETE): Phase.DONE,
    (Phase.FETCHING, Event.SET_SHORT): Phase.DONE_SHORT,
    (Phase.FETCHING, Event.URLS_EXPIRED): Phase.ACCEPTED,
    (Phase.FETCHING, Event.GAVE_UP): Phase.FETCHING,
    (Phase.DONE, Event.OUTPUT_MISSING): Phase.ACCEPTED,
    (Phase.DONE_SHORT, Event.OUTPUT_MISSING): Phase.ACCEPTED,
    (Phase.DONE, Event.REDO_INTENDED): Phase.SUBMITTING,
    (Phase.DONE_SHORT, Event.REDO_INTENDED): Phase.SUBMITTING,
    (Phase.FAILED, Event.ADOPTED): Phase.ACCEPTED,
    (Phase.FAILED, Event.REDO_INTENDED): Phase.SUBMITTING,
    (Phase.LOST, Event.REDO_INTENDED): Phase.SUBMITTING,
}

INTENTS: Final = frozenset({Event.INTENT_RECORDED, Event.REDO_INTENDED})
"""The events after which a paid request may leave: they reserve its price, and only they can be declined."""

_HOLDS_MONEY: Final = frozenset(Phase) - {Phase.PLANNED, Phase.FAILED}
_SETTLED: Final = frozenset({Phase.DONE, Phase.DONE_SHORT, Phase.FAILED, Phase.LOST})
_UNFETCHED: Final = frozenset({Phase.ACCEPTED, Phase.FETCHING})
_FAILED_STATUSES: Final = frozenset({"failed", "cancelled", "timeout", "deleted"})
_BLOCKING_STATUSES: Final = frozenset({401, 402, 403})
_TOO_MANY_REQUESTS: Final = 429


class IllegalTransition(AssertionError):  # noqa: N818 - a bug of ours, never the user's
    """An event came that the attempt's phase does not allow."""


def advance(phase: Phase, event: Event) -> Phase:
    """Return the phase that follows; an absent pair raises `IllegalTransition`."""
    try:
        return TRANSITIONS[phase, event]
    except KeyError:
        raise IllegalTransition(f"an attempt in phase '{phase}' cannot take event '{event}'") from None


def holds_money(phase: Phase) -> bool:
    """Say whether the attempt's price is reserved or spent in this phase."""
    return phase in _HOLDS_MONEY


def is_settled(phase: Phase) -> bool:
    """Say whether nothing more happens to the attempt without the user's consent."""
    return phase in _SETTLED


def is_unfetched(phase: Phase) -> bool:
    """Say whether the attempt is paid for and its images are still to be brought home."""
    return phase in _UNFETCHED


def submit_failure(error: ProviderError) -> Event:
    """Return what a failed submit means for the attempt. What is not surely refused is unknown."""
    match error:
        case Refused(status=status) if status in _BLOCKING_STATUSES:
            return Event.BLOCKED
        case Refused():
            return Event.REFUSED
        case Unavailable(status=status) if status == _TOO_MANY_REQUESTS:
            return Event.RATE_LIMITED
        case Unavailable(status=None):
            return Event.NOT_SENT
        case Unavailable():
            return Event.UNAVAILABLE
        case _:
            return Event.UNKNOWN


def task_progress(prediction: Prediction) -> Event | None:
    """Return what an answer about an accepted task means; None while it is still running.

    A status nobody has heard of counts as running: the task is paid for, so keep asking.
    """
    if prediction.status == "completed":
        return Event.COMPLETED if prediction.outputs else Event.COMPLETED_EMPTY
    if prediction.status in _FAILED_STATUSES:
        return Event.PROVIDER_FAILED
    return None


def opens_attempt(phase: Phase, event: Event) -> bool:
    """Say whether an event begins a new attempt and leaves the latest one, if any, as it is."""
    return event is Event.REDO_INTENDED or (phase is Phase.FAILED and event is Event.ADOPTED)


def set_finished(*, stored: int, received: int, good: int, expected: int) -> Event:
    """Return the event after an output was stored: more to come, complete, or short.

    `received` counts the outputs the service named, `stored` those that are safe on disk, `good` those
    of them that count (see `core.sets`), and `expected` those that are billed.
    """
    if stored < received:
        return Event.OUTPUT_STORED
    return Event.SET_COMPLETE if good >= expected else Event.SET_SHORT
