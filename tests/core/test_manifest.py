"""The exit code of a run: the first rule that applies."""

import pytest

from seedpipe.core.lifecycle import Phase
from seedpipe.core.manifest import exit_code
from seedpipe.core.model import Policy, ShortSets
from seedpipe.core.records import PhaseTotal, RunOutcome, StopReason

DONE = {Phase.DONE: PhaseTotal(jobs=1)}
ACCEPTS = Policy(short_sets=ShortSets.ACCEPT)


def one(*phases):
    return {phase: PhaseTotal(jobs=1) for phase in (Phase.DONE, *phases)}


@pytest.mark.parametrize(
    ("tally", "outcome", "more", "code"),
    [
        (DONE, RunOutcome(), {}, 0),
        ({}, RunOutcome(), {}, 0),
        (DONE | {Phase.FAILED: PhaseTotal()}, RunOutcome(), {}, 0),
        (one(Phase.DONE_SHORT), RunOutcome(), {"policy": ACCEPTS}, 0),
        (one(Phase.DONE_SHORT), RunOutcome(), {}, 1),
        (one(Phase.FAILED), RunOutcome(), {}, 1),
        (one(Phase.LOST), RunOutcome(), {}, 1),
        (DONE, RunOutcome(), {"checks_failed": True}, 1),
        (one(Phase.FAILED), RunOutcome(stop=StopReason.FAILED_JOB), {}, 1),
        (one(Phase.FAILED, Phase.PLANNED), RunOutcome(stop=StopReason.FAILED_JOB), {}, 3),
        (DONE, RunOutcome(stop=StopReason.DISK), {}, 3),
        (one(Phase.PLANNED), RunOutcome(), {}, 3),
        (one(Phase.SUBMITTING), RunOutcome(), {}, 3),
        (one(Phase.ACCEPTED), RunOutcome(), {}, 3),
        (one(Phase.FETCHING, Phase.FAILED), RunOutcome(), {}, 3),
        (DONE, RunOutcome(overdue=1), {}, 3),
        ({}, RunOutcome(overdue=2), {}, 3),
        (one(Phase.FAILED), RunOutcome(overdue=1), {}, 3),
        (one(Phase.IN_DOUBT), RunOutcome(overdue=1), {}, 4),
        (DONE, RunOutcome(held=1), {}, 4),
        (one(Phase.IN_DOUBT), RunOutcome(overdue=1), {"interrupted_by": 15}, 143),
        (DONE, RunOutcome(), {"interrupted_by": 2}, 130),
    ],
)
def test_the_first_rule_that_applies(tally, outcome, more, code):
    assert exit_code(tally, outcome, **more) == code
