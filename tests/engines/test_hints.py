"""A hint ends the wait about its task, and nothing else."""

import asyncio

import pytest

from seedpipe.engines import Hints
from tests.fakes.clock import FakeClock, run_virtually


def waited(act, *, listens=True):
    """Seconds that a wait of 60 about `task` took while `act(hints, clock)` went on beside it."""

    async def play():
        clock, hints = FakeClock(), Hints(listens=listens)
        beside = asyncio.create_task(act(hints, clock))
        began_s = clock.monotonic()
        await hints.wait(clock, "task", 60)
        took_s = clock.monotonic() - began_s
        await beside
        return took_s

    return run_virtually(play())


def hint(prediction_id, after_s):
    async def act(hints, clock):
        await clock.sleep(after_s)
        hints.give(prediction_id)

    return act


@pytest.mark.parametrize(
    ("prediction_id", "listens", "took_s"), [("task", True, 5), ("other", True, 60), ("task", False, 60)]
)
def test_only_a_hint_about_the_task_ends_the_wait(prediction_id, listens, took_s):
    assert waited(hint(prediction_id, 5), listens=listens) == pytest.approx(took_s)


def test_a_hint_that_came_before_the_wait_counts_once():
    async def play():
        clock, hints = FakeClock(), Hints(listens=True)
        hints.give("task")
        await hints.wait(clock, "task", 60)
        first_s = clock.monotonic()
        await hints.wait(clock, "task", 60)
        return first_s, clock.monotonic() - first_s

    first_s, second_s = run_virtually(play())
    assert (first_s, second_s) == (pytest.approx(0), pytest.approx(60))


def test_hints_are_bounded():
    hints = Hints(listens=True)
    for number in range(20_000):
        hints.give(f"task{number}")
    assert len(hints._hinted) == 10_000


@pytest.mark.parametrize(("task_s", "hint_s", "asked"), [(5, 10, 1), (100, 105, 4)])
def test_a_run_asks_at_once_when_a_webhook_names_its_task(stage, task_s, hint_s, asked):
    play = stage("a", poll_first_s=40, poll_max_s=40)
    play.hints = Hints(listens=True)
    play.provider.task_s = task_s
    play.run(
        when=lambda _engine, _ear: asyncio.get_running_loop().call_later(
            hint_s, play.hints.give, "task000000"
        )
    )
    assert play.took_s < hint_s + 3
    assert len(play.provider.results) <= asked
