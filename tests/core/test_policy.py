"""What a run may buy again: only what the policy or the user's word says, and never without end."""

from __future__ import annotations

import pytest

from seedpipe.core.lifecycle import Phase, is_settled
from seedpipe.core.model import Policy, ShortSets
from seedpipe.core.policy import (
    SERVICE_FAILURES,
    Ending,
    Orders,
    Redo,
    counts_as_failed,
    is_meant_by_redo,
    redo_phases,
    redo_reason,
    retry_reason,
)

SHORT = Ending(phase=Phase.DONE_SHORT)
DONE = Ending(phase=Phase.DONE)
LOST = Ending(phase=Phase.LOST)


def failed(code):
    return Ending(phase=Phase.FAILED, error_code=code)


@pytest.mark.parametrize("code", sorted(SERVICE_FAILURES))
def test_the_services_own_failures_are_tried_again_as_often_as_the_policy_says(code):
    policy = Policy(service_retries=2)
    assert retry_reason(policy, [failed(code)]) == f"the service failed with code {code}: retry 1 of 2"
    assert retry_reason(policy, [failed(5000), failed(code)]).endswith("retry 2 of 2")
    assert not retry_reason(policy, [failed(5000), failed(5003), failed(code)])
    assert not retry_reason(Policy(service_retries=0), [failed(code)])


@pytest.mark.parametrize("code", [1200, 1400, 1401, 1402, 1403, 1405, 400, 422, None, 5001])
def test_no_other_failure_is_ever_tried_again(code):
    assert not retry_reason(Policy(service_retries=5, short_sets=ShortSets.RETRY), [failed(code)])


def test_failures_are_counted_in_a_row():
    assert retry_reason(Policy(), [failed(5000), failed(5000), SHORT, failed(5003)])


@pytest.mark.parametrize(
    ("short_sets", "endings", "again"),
    [
        (ShortSets.RETRY, [SHORT], True),
        (ShortSets.RETRY, [failed(5000), SHORT], True),
        (ShortSets.RETRY, [SHORT, SHORT], False),
        (ShortSets.RETRY, [SHORT, failed(5000), SHORT], False),
        (ShortSets.FAIL, [SHORT], False),
        (ShortSets.ACCEPT, [SHORT], False),
        (ShortSets.RETRY, [DONE], False),
        (ShortSets.RETRY, [LOST], False),
    ],
)
def test_a_short_set_is_tried_once_more_if_the_policy_says_so(short_sets, endings, again):
    assert bool(retry_reason(Policy(short_sets=short_sets), endings)) is again


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("word", list(Redo))
def test_a_redo_takes_what_it_names_and_nothing_else(phase, word):
    named = {Redo.FAILED: Phase.FAILED, Redo.SHORT: Phase.DONE_SHORT, Redo.MISSING: Phase.LOST}.get(word)
    assert bool(redo_reason(Orders(redo=frozenset({word})), phase, "job")) is (phase is named)
    assert not redo_reason(Orders(), phase, "job")
    assert redo_phases({word}) == ({named} if named else set())


@pytest.mark.parametrize(
    ("phase", "reason"),
    [
        (Phase.DONE, "--redo rejected"),
        (Phase.DONE_SHORT, "--redo rejected"),
        (Phase.LOST, "--redo rejected"),
        (Phase.FAILED, ""),
        (Phase.PLANNED, ""),
        (Phase.ACCEPTED, ""),
    ],
)
def test_a_rejected_job_is_redone_when_it_shows_what_was_rejected(phase, reason):
    orders = Orders(redo=frozenset({Redo.REJECTED}), rejected=frozenset({"job"}))
    assert redo_reason(orders, phase, "job") == reason
    assert not redo_reason(orders, phase, "another")
    both = Orders(redo=frozenset({Redo.REJECTED, Redo.SHORT}), rejected=frozenset({"job"}))
    assert redo_reason(both, Phase.DONE_SHORT, "job") == "--redo short"


@pytest.mark.parametrize(
    ("phase", "job_id", "ended_here", "meant"),
    [
        (Phase.FAILED, "job", False, True),
        (Phase.FAILED, "job", True, False),
        (Phase.LOST, "job", True, True),
        (Phase.DONE, "job", True, False),
        (Phase.DONE, "rejected", True, True),  # its pictures were not here and came in this run
    ],
)
def test_the_user_speaks_of_what_was_known_before_the_run(phase, job_id, ended_here, meant):
    orders = Orders(redo=frozenset(Redo), rejected=frozenset({"rejected"}))
    assert is_meant_by_redo(orders, phase, job_id, ended_here=ended_here) is meant


def test_only_settled_jobs_can_be_redone():
    assert all(map(is_settled, redo_phases(Redo)))


@pytest.mark.parametrize("phase", list(Phase))
def test_what_makes_a_run_a_failed_one(phase):
    strict = phase in {Phase.FAILED, Phase.LOST, Phase.DONE_SHORT}
    assert counts_as_failed(Policy(), phase) is strict
    assert counts_as_failed(Policy(short_sets=ShortSets.RETRY), phase) is strict
    assert counts_as_failed(Policy(short_sets=ShortSets.ACCEPT), phase) is (
        strict and phase is not Phase.DONE_SHORT
    )
