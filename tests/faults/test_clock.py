"""Clocks that jump and machines that sleep: deadlines go by the steady clock, and nothing is paid twice."""

from datetime import timedelta

import pytest

from seedpipe.core.errors import Uncertain
from seedpipe.core.lifecycle import Event, Phase


def let_the_clock_jump(play, days, *, after_s):
    """From some moment of the run on, the wall clock is days ahead or behind."""
    honest = play.clock.now

    def now():
        late = play.clock.monotonic() >= after_s
        return honest() + (timedelta(days=days) if late else timedelta())

    play.clock.now = now


@pytest.mark.parametrize("days", [-30, -1, 1, 6])
def test_a_wall_clock_that_jumps_neither_ends_a_task_nor_prolongs_it(stage, days):
    play = stage("a", "b")
    play.provider.task_s = 60
    let_the_clock_jump(play, days, after_s=20)
    outcome = play.run()
    assert (outcome.stop, outcome.overdue) == (None, 0)
    assert play.phases() == {"a": Phase.DONE, "b": Phase.DONE}
    assert play.took_s < 120
    assert sorted(play.provider.billed) == ["a", "b"]


def test_a_wall_clock_that_jumps_does_not_stretch_the_deadline(stage):
    play = stage("a", job_deadline_s=100)
    play.provider.task_s = 10_000
    let_the_clock_jump(play, -30, after_s=20)
    assert play.run().overdue == 1
    assert play.took_s < 130


def test_a_machine_that_slept_past_the_deadline_asks_again_and_pays_nothing(stage):
    play = stage("a", "b", job_deadline_s=100)
    play.provider.task_s = 30
    awake = play.clock.sleep
    slept = []

    async def sleep(seconds):
        asleep_s = 0 if slept or play.clock.monotonic() < 5 else 2 * 24 * 3600
        slept.extend([asleep_s] if asleep_s else [])
        await awake(seconds + asleep_s)

    play.clock.sleep = sleep
    play.run()
    assert slept
    play.run()
    assert play.phases() == {"a": Phase.DONE, "b": Phase.DONE}
    assert sorted(play.provider.billed) == ["a", "b"]


@pytest.mark.parametrize(("slept_s", "intents"), [(30, 1), (90, 2), (8 * 3600, 2)])
def test_a_machine_that_slept_between_intent_and_bytes_sends_under_a_new_intent(stage, slept_s, intents):
    """A doubt is looked for at the time of its intent: bytes that left hours later are not found there."""
    play = stage("a")
    honest, slept = play.clock.now, []
    play.clock.now = lambda: honest() + timedelta(seconds=sum(slept))
    play.provider.submit_faults_of["a"] = [Uncertain("reset")]

    def sleep_once(_, ear):
        ear.react[Phase.SUBMITTING] = lambda: slept or slept.append(slept_s)

    play.run(when=sleep_once)
    assert play.phases() == {"a": Phase.DONE}
    assert play.provider.billed == ["a"]
    assert play.ledger.events()[Event.INTENT_RECORDED] == intents
    assert play.ledger.events()[Event.NOT_SENT] == intents - 1
    assert play.ledger.events()[Event.FOUND] == 1
