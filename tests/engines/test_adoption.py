"""Work that is paid for and not in the ledger is taken over; lists of odd services are read right."""

import random
from datetime import timedelta

import pytest

from seedpipe.core.errors import RunError, Unavailable
from seedpipe.core.lifecycle import Event, Phase
from seedpipe.core.model import PredictionPage
from seedpipe.core.reconcile import Window
from seedpipe.engines import Pace, adopt
from seedpipe.engines.lists import Lists
from tests.engines.stage import MODEL
from tests.fakes.clock import EPOCH, run_virtually

DAY = timedelta(days=1)
AROUND = Window(after=EPOCH - DAY, before=EPOCH + DAY)


def pay(play, *prompts, at_s=0.0, **more):
    async def accepted():
        await play.clock.sleep(at_s)
        return [play.provider.accept(MODEL, {"prompt": name, "max_images": 1, **more}) for name in prompts]

    return run_virtually(accepted())


def take_over(play):
    async def look():
        pace, rng = Pace(), random.Random(7)
        return await adopt(play.ledger, play.provider, play.clock, plan_id=play.plan_id, pace=pace, rng=rng)

    return run_virtually(look())


def test_what_the_list_shows_is_adopted_fetched_and_not_paid_again(stage):
    play = stage("a", "b", "c", shard_jobs=1)
    pay(play, "a", "b", "stranger")
    assert take_over(play) == 2
    assert play.ledger.committed_usd("aurora") == 2 * play.records()["a"].job.cost_usd
    assert take_over(play) == 0
    play.clock.start += timedelta(minutes=1)
    play.run()
    assert set(play.phases().values()) == {Phase.DONE}
    assert sorted(play.provider.billed) == ["a", "b", "c", "stranger"]


def test_the_newest_of_equal_predictions_is_taken_and_each_once(stage):
    play = stage("a")
    old, new = pay(play, "a")[0], pay(play, "a", at_s=100)[0]
    play.clock.start += timedelta(minutes=5)
    assert take_over(play) == 1
    assert play.records()["a"].latest.prediction_id == new != old


def test_a_failed_prediction_is_not_worth_having(stage):
    play = stage("a")
    play.provider.fails["a"] = ("failed", 1200, "moderated")
    play.provider.task_s = 0
    pay(play, "a")
    assert take_over(play) == 0


@pytest.mark.parametrize(("in_list", "in_result", "adopted"), [(0, 0, 0), (0, 1, 1), (1, 0, 1)])
def test_only_what_surely_asks_the_same_is_adopted(stage, in_list, in_result, adopted):
    play = stage("a")
    play.provider.list_inputs, play.provider.result_inputs = bool(in_list), bool(in_result)
    pay(play, "a")
    pay(play, "a", max_images=2)
    assert take_over(play) == adopted


def test_what_is_older_than_the_lists_memory_is_not_asked_for(stage):
    play = stage("a")
    pay(play, "a")
    play.clock.start += timedelta(days=8)
    assert take_over(play) == 0


def test_a_list_that_cannot_be_read_stops_everything(stage):
    play = stage("a")
    pay(play, "a")
    play.provider.list_faults = [Unavailable("HTTP 502", status=502)] * 4
    with pytest.raises(RunError, match="HTTP 502"):
        take_over(play)
    assert play.phases() == {"a": Phase.PLANNED}
    play.provider.list_faults = [Unavailable("HTTP 502", status=502)] * 3
    assert take_over(play) == 1


def test_a_plan_that_is_done_asks_nobody(stage):
    play = stage("a")
    play.run()
    asked = len(play.provider.listings)
    assert take_over(play) == 0
    assert len(play.provider.listings) == asked
    assert play.ledger.events()[Event.ADOPTED] == 0


# --- reading the list ---


class OddPages:
    """A service with a list of its own kind: `pages` maps a page's number to ids and whether more follow."""

    def __init__(self, play, pages):
        self._play = play
        self._pages = pages

    async def predictions(self, *, page, **_):
        ids, more = self._pages(page)
        items = [self._play.provider._shown(self._play.provider.tasks[name]) for name in ids]
        return PredictionPage(items=tuple(items), more=more)


def read(play, pages):
    lists = Lists(OddPages(play, pages), play.clock)
    listing = run_virtually(lists.read(MODEL, AROUND))
    return [item.prediction_id for item in listing.items], listing.complete


def test_pages_are_read_until_the_service_has_no_more(stage):
    play = stage()
    ids = pay(play, *"abcde")
    cut = {1: ids[:2], 2: ids[1:3], 3: ids[3:], 4: []}  # a new task has pushed one over to the next page
    assert read(play, lambda page: (cut[page], page < 4)) == (ids, True)


def test_a_service_that_knows_no_pages_has_shown_all_when_the_page_is_short(stage):
    play = stage()
    ids = pay(play, *"abc")
    assert read(play, lambda _: (ids, True)) == (ids, True)


def test_the_same_full_page_for_ever_proves_nothing(stage):
    play = stage()
    ids = pay(play, *(f"p{number}" for number in range(100)))
    found, complete = read(play, lambda _: (ids, True))
    assert (found, complete) == (ids, False)


def test_a_list_without_end_proves_nothing(stage):
    play = stage()
    ids = pay(play, *(f"p{number}" for number in range(1001)))
    found, complete = read(play, lambda page: ([ids[page]], True))
    assert (len(found), complete) == (1000, False)
