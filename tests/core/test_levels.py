"""How long a plan takes at an account's level."""

from __future__ import annotations

import pytest

from seedpipe import catalog
from seedpipe.core.errors import InputError
from seedpipe.core.levels import AccountLevel, estimated_s, spoken
from seedpipe.settings import Settings, account_level

SLOW = AccountLevel(name="slow", images_per_minute=2, concurrent_tasks=2, image_s=10)
WIDE = AccountLevel(name="wide", images_per_minute=6000, concurrent_tasks=1000, image_s=10)


@pytest.mark.parametrize(
    ("level", "jobs", "images", "concurrency", "seconds"),
    [
        (SLOW, 0, 0, 8, 0),
        (SLOW, 1, 1, 8, 10),
        (SLOW, 1, 4, 8, 40),
        (SLOW, 10, 10, 8, 9 * 30 + 10),  # two a minute: the tenth is sent after four and a half minutes
        (WIDE, 10, 10, 5, 20),  # five at a time: two rounds
        (WIDE, 10, 40, 5, 80),
    ],
)
def test_rate_and_concurrency_bound_a_run_together(level, jobs, images, concurrency, seconds):
    assert estimated_s(level, jobs=jobs, images=images, concurrency=concurrency) == seconds


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (40, "40 s"), (61, "2 min"), (3600, "1 h"), (12000, "3 h 20 min"), (187200, "2 d 4 h")],
)
def test_spans_are_told_in_two_parts(seconds, words):
    assert spoken(seconds) == words


def test_levels_rise():
    levels = list(catalog.levels().values())
    assert [level.name for level in levels] == ["bronze", "silver", "gold", "ultra"]
    assert levels == sorted(levels, key=lambda level: (level.images_per_minute, level.concurrent_tasks))


def test_a_level_is_said_by_flag_or_variable_and_counts_live_only():
    assert account_level("") is None
    assert Settings.read({"SEEDPIPE_LEVEL": "Gold"}, live=True).level == catalog.levels()["gold"]
    assert Settings.read({"SEEDPIPE_LEVEL": "gold"}, live=True, level="bronze").level.name == "bronze"
    assert Settings.read({"SEEDPIPE_LEVEL": "gold"}, live=False).level is None
    with pytest.raises(InputError, match="unknown account level 'glod'") as caught:
        Settings.read({}, live=True, level="glod")
    assert caught.value.hint == "did you mean 'gold'?"
