"""Clocks that jump and machines that sleep: deadlines go by the steady clock, and nothing is paid twice."""

from datetime import timedelta

import pytest

from seedpipe.core.lifecycle import Phase


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
