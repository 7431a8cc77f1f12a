"""Waits and pauses, without a run around them."""

import asyncio
import random
from itertools import pairwise

import pytest

from seedpipe.core.errors import Refused, Unavailable
from seedpipe.core.lifecycle import Event
from seedpipe.core.records import StopReason
from seedpipe.engines.pace import Pace, Traffic, backoff
from tests.engines.stage import Stage, planned
from tests.fakes.clock import FakeClock, run_virtually


class Ear:
    def __init__(self):
        self.waits = []

    def waiting(self, seconds, why):
        self.waits.append(seconds)


def in_traffic(act, **pace):
    async def play():
        ear = Ear()
        clock = FakeClock()
        traffic = Traffic(Pace(**pace), clock, ear, random.Random(3))
        await act(traffic, clock, ear)

    run_virtually(play())


def test_waits_grow_to_their_maximum_with_jitter():
    waits = backoff(1.0, 60.0, 2.0, random.Random(3))
    for nominal in (1, 2, 4, 8, 16, 32, 60, 60, 60):
        assert 0.75 * nominal <= next(waits) <= 1.25 * nominal


def test_two_runs_do_not_wait_in_step():
    one, other = (backoff(1.0, 60.0, 2.0, random.Random(seed)) for seed in (1, 2))
    assert [next(one) for _ in range(4)] != [next(other) for _ in range(4)]


@pytest.mark.parametrize(("asked_s", "waited_s"), [(0, 1), (30, 30), (5000, 600)])
def test_a_pause_is_as_long_as_asked_up_to_ten_minutes(asked_s, waited_s):
    async def act(traffic, clock, _):
        traffic.heard(Event.RATE_LIMITED, Unavailable("slow down", status=429, retry_after_s=asked_s))
        assert await traffic.clear()
        assert clock.monotonic() == pytest.approx(waited_s)

    in_traffic(act)


def test_a_longer_pause_extends_a_shorter_one_and_not_the_other_way_round():
    async def act(traffic, clock, ear):
        for asked_s in (20, 50, 10):
            traffic.heard(Event.RATE_LIMITED, Unavailable("", status=429, retry_after_s=asked_s))
        assert ear.waits == [20, 50]
        assert await traffic.clear()
        assert clock.monotonic() == pytest.approx(50)

    in_traffic(act)


def test_failures_are_forgotten_when_the_service_answers():
    async def act(traffic, _, __):
        for _ in range(20):
            traffic.heard(Event.NOT_SENT, Unavailable("away"))
            assert await traffic.clear()
            traffic.heard(Event.ACCEPTED)
        assert traffic.open

    in_traffic(act, failed_waves=3)


@pytest.mark.parametrize(
    ("reasons", "kept"),
    [
        ([StopReason.PURSE, StopReason.BLOCKED], StopReason.PURSE),
        ([StopReason.PURSE, StopReason.INTERRUPTED], StopReason.INTERRUPTED),
        ([StopReason.BLOCKED, StopReason.DISK], StopReason.DISK),
        ([StopReason.DISK, StopReason.INTERRUPTED], StopReason.DISK),
        ([StopReason.INTERRUPTED, StopReason.BLOCKED], StopReason.INTERRUPTED),
    ],
)
def test_the_first_reason_is_kept_unless_a_later_one_ends_the_run(reasons, kept):
    async def act(traffic, _, __):
        for reason in reasons:
            traffic.halt(reason, reason.value)
        assert (traffic.reason, traffic.message) == (kept, kept.value)
        assert not await traffic.clear()

    in_traffic(act)


def test_a_halt_wakes_those_who_wait_for_a_pause():
    async def act(traffic, clock, _):
        traffic.heard(Event.RATE_LIMITED, Unavailable("", status=429, retry_after_s=500))
        waiting = asyncio.create_task(traffic.clear())
        await clock.sleep(1)
        traffic.heard(Event.BLOCKED, Refused("no balance", status=402))
        assert not await waiting
        assert clock.monotonic() == pytest.approx(1)

    in_traffic(act)


def test_an_account_s_rate_spaces_the_submits_by_their_images(tmp_path):
    cells = [cell for prompt in "abc" for cell in planned(prompt, images=4)]
    stage = Stage(tmp_path, cells, images_per_minute=60)
    stage.run()
    sent = [at_s for at_s, _ in stage.provider.submits]
    assert [later - sooner for sooner, later in pairwise(sent)] == pytest.approx([4, 4], abs=0.3)
    stage.close()
