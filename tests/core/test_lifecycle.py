"""The lifecycle's table: every pair is decided, and no road leads to paying twice."""

from __future__ import annotations

from itertools import product

import pytest

from seedpipe.core.errors import Malformed, ProviderError, Refused, Unavailable, Uncertain
from seedpipe.core.lifecycle import (
    INTENTS,
    TRANSITIONS,
    Event,
    IllegalTransition,
    Phase,
    advance,
    holds_money,
    is_settled,
    is_unfetched,
    opens_attempt,
    set_finished,
    submit_failure,
    task_progress,
)
from seedpipe.core.model import Prediction

SURELY_NOT_ACCEPTED = {
    Event.NOT_SENT,
    Event.UNAVAILABLE,
    Event.RATE_LIMITED,
    Event.BLOCKED,
    Event.SURELY_ABSENT,
}
MAYBE_PAID = {Phase.SUBMITTING, Phase.IN_DOUBT, Phase.ACCEPTED, Phase.FETCHING}


@pytest.mark.parametrize(("phase", "event"), list(product(Phase, Event)))
def test_every_pair_is_in_the_table_or_an_error(phase, event):
    if (phase, event) in TRANSITIONS:
        assert advance(phase, event) is TRANSITIONS[phase, event]
    else:
        with pytest.raises(IllegalTransition, match=f"'{phase}' cannot take event '{event}'"):
            advance(phase, event)


def test_every_phase_is_reached_and_every_event_is_used():
    assert {event for _, event in TRANSITIONS} == set(Event)
    reached, new = set(), {Phase.PLANNED}
    while new:
        reached |= new
        new = {after for (before, _), after in TRANSITIONS.items() if before in reached} - reached
    assert reached == set(Phase)


@pytest.mark.parametrize(
    ("phase", "event"),
    [
        (Phase.PLANNED, Event.ADOPTED),  # others have paid for it
        (Phase.FAILED, Event.ADOPTED),
        (Phase.DONE, Event.OUTPUT_MISSING),  # its images are gone from here
        (Phase.DONE_SHORT, Event.OUTPUT_MISSING),
        (Phase.IN_DOUBT, Event.FOUND),
    ],
)
def test_what_is_paid_for_elsewhere_or_gone_is_fetched_and_not_bought(phase, event):
    assert advance(phase, event) is Phase.ACCEPTED


@pytest.mark.parametrize("start", sorted(MAYBE_PAID))
def test_no_path_resends_what_may_be_paid_without_certainty_or_consent(start):
    """Walk every path that uses none of the certain events: a redo, the user's consent, ends the walk too."""
    reached, new = set(), {start}
    while new:
        reached |= new
        new = {
            after
            for (before, event), after in TRANSITIONS.items()
            if before in reached and event not in SURELY_NOT_ACCEPTED | {Event.REDO_INTENDED}
        } - reached
    assert Phase.PLANNED not in reached


def test_only_an_intent_sends_and_only_from_planned_or_with_consent_from_settled():
    sending = {pair for pair, after in TRANSITIONS.items() if after is Phase.SUBMITTING}
    redone = {(phase, Event.REDO_INTENDED) for phase in Phase if is_settled(phase)}
    assert sending == {(Phase.PLANNED, Event.INTENT_RECORDED)} | redone
    assert {event for _, event in sending} == INTENTS


def test_a_redo_and_the_adoption_after_a_failure_open_an_attempt_and_nothing_else_does():
    opening = {pair for pair in TRANSITIONS if opens_attempt(*pair)}
    redone = {(phase, Event.REDO_INTENDED) for phase in Phase if is_settled(phase)}
    assert opening == redone | {(Phase.FAILED, Event.ADOPTED)}


def test_a_doubt_ends_only_by_looking_or_by_the_user():
    leaving = {event: after for (before, event), after in TRANSITIONS.items() if before is Phase.IN_DOUBT}
    assert leaving == {
        Event.FOUND: Phase.ACCEPTED,
        Event.SURELY_ABSENT: Phase.PLANNED,
        Event.HELD: Phase.IN_DOUBT,
        Event.WRITTEN_OFF: Phase.FAILED,
    }


def test_a_redo_starts_only_from_what_is_settled():
    assert {before for before, event in TRANSITIONS if event is Event.REDO_INTENDED} == {
        phase for phase in Phase if is_settled(phase)
    }


@pytest.mark.parametrize(
    ("phase", "money", "settled", "unfetched"),
    [
        (Phase.PLANNED, False, False, False),
        (Phase.SUBMITTING, True, False, False),
        (Phase.IN_DOUBT, True, False, False),
        (Phase.ACCEPTED, True, False, True),
        (Phase.FETCHING, True, False, True),
        (Phase.DONE, True, True, False),
        (Phase.DONE_SHORT, True, True, False),
        (Phase.FAILED, False, True, False),
        (Phase.LOST, True, True, False),
    ],
)
def test_what_each_phase_means(phase, money, settled, unfetched):
    assert (holds_money(phase), is_settled(phase), is_unfetched(phase)) == (money, settled, unfetched)


def refused(status):
    return Refused("no", status=status)


@pytest.mark.parametrize(
    ("error", "event"),
    [
        *((refused(status), Event.BLOCKED) for status in (401, 402, 403)),
        *((refused(status), Event.REFUSED) for status in (400, 404, 413, 422, None)),
        (Unavailable("slow down", status=429, retry_after_s=3.0), Event.RATE_LIMITED),
        (Unavailable("no connection"), Event.NOT_SENT),
        (Unavailable("closed for today", status=503), Event.UNAVAILABLE),
        (Uncertain("read timed out"), Event.UNKNOWN),
        (Uncertain("conflict", status=409), Event.UNKNOWN),
        (Uncertain("odd", status=429), Event.UNKNOWN),
        (Malformed("a web page", status=200), Event.UNKNOWN),
        (ProviderError("new kind of failure"), Event.UNKNOWN),
    ],
)
def test_what_a_failed_submit_means(error, event):
    assert submit_failure(error) is event
    assert advance(Phase.SUBMITTING, event)


def answer(status, *outputs):
    return Prediction(prediction_id="1" * 32, model="m", status=status, outputs=outputs)


@pytest.mark.parametrize(
    ("prediction", "event"),
    [
        (answer("completed", "https://cdn.example/1"), Event.COMPLETED),
        (answer("completed"), Event.COMPLETED_EMPTY),
        *(
            (answer(status), Event.PROVIDER_FAILED)
            for status in ("failed", "cancelled", "timeout", "deleted")
        ),
        (answer("failed", "https://cdn.example/1"), Event.PROVIDER_FAILED),
        *((answer(status), None) for status in ("created", "processing", "queued", "", "COMPLETED")),
    ],
)
def test_what_an_answer_about_a_task_means(prediction, event):
    assert task_progress(prediction) is event


@pytest.mark.parametrize(
    ("stored", "received", "good", "expected", "event"),
    [
        (1, 3, 1, 3, Event.OUTPUT_STORED),
        (2, 3, 2, 1, Event.OUTPUT_STORED),
        (3, 3, 3, 3, Event.SET_COMPLETE),
        (1, 1, 1, 1, Event.SET_COMPLETE),
        (4, 4, 4, 3, Event.SET_COMPLETE),
        (4, 4, 3, 3, Event.SET_COMPLETE),
        (2, 2, 2, 3, Event.SET_SHORT),
        (3, 3, 2, 3, Event.SET_SHORT),
        (1, 1, 0, 1, Event.SET_SHORT),
        (1, 1, 1, 15, Event.SET_SHORT),
    ],
)
def test_when_a_set_is_finished(stored, received, good, expected, event):
    assert set_finished(stored=stored, received=received, good=good, expected=expected) is event
