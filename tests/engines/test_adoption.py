"""Work that is paid for and not in the ledger is taken over; lists of odd services are read right."""

import random
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from seedpipe.core.errors import Refused, RunError, Unavailable, Uncertain
from seedpipe.core.lifecycle import Event, Phase
from seedpipe.core.model import DoubtPolicy, PredictionPage, job_id
from seedpipe.core.policy import Orders, Redo
from seedpipe.core.reconcile import Window
from seedpipe.core.records import Entry
from seedpipe.engines import Pace, adopt
from seedpipe.engines.lists import Lists
from tests.engines.stage import MODEL, planned
from tests.fakes.clock import EPOCH, run_virtually

DAY = timedelta(days=1)
AROUND = Window(after=EPOCH - DAY, before=EPOCH + DAY)


def pay(play, *prompts, at_s=0.0, **more):
    async def accepted():
        await play.clock.sleep(at_s)
        return [play.provider.accept(MODEL, {"prompt": name, "max_images": 1, **more}) for name in prompts]

    return run_virtually(accepted())


def take_over(play, orders=None, plan_id=None, provider=None):
    async def look():
        return await adopt(
            play.ledger,
            provider or play.provider,
            play.clock,
            plan_id=plan_id or play.plan_id,
            pace=Pace(),
            rng=random.Random(7),
            orders=orders,
        )

    return run_virtually(look())


def days_read(play, look):
    """How many days back a look has read, one entry a page that was longer than a question for the time."""
    play.provider.windows.clear()
    look()
    return [
        round((play.clock.start - after) / DAY, 1)
        for after, before in play.provider.windows
        if before - after > timedelta(minutes=10)
    ]


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


# --- before a run buys ---


def test_the_rest_of_a_plan_is_looked_for_when_a_part_was_run_before(stage):
    play = stage("a")
    pay(play, "a", "b", "c")
    play.clock.start += DAY
    assert take_over(play, Orders()) == 1
    play.run()
    play.plan_id = play.admit([*planned("a"), *planned("b"), *planned("c")])
    assert take_over(play, Orders()) == 2
    play.run()
    assert sorted(play.provider.billed) == ["a", "b", "c"]


def test_what_was_looked_for_is_looked_for_again_only_since_then(stage):
    play = stage("a", "b")
    play.clock.start += 9 * DAY
    look = partial(take_over, play, Orders())
    assert days_read(play, look) == [7.0]
    play.clock.start += DAY
    since = timedelta(hours=1, seconds=Pace().settle_s)  # what was made little before may be listed late
    assert days_read(play, look) == [round((DAY + since) / DAY, 1)]
    newcomer = play.admit([*planned("a"), *planned("c")])
    assert days_read(play, partial(take_over, play, Orders(), newcomer)) == [7.0]
    assert days_read(play, partial(take_over, play)) == [7.0], "by hand all is looked for"


def test_what_was_bought_elsewhere_since_the_last_look_is_taken_over(stage):
    play = stage("a", "b")
    assert take_over(play, Orders()) == 0
    play.clock.start += timedelta(hours=5)
    pay(play, "b")
    play.clock.start += 2 * DAY
    assert take_over(play, Orders()) == 1
    assert play.phases() == {"a": Phase.PLANNED, "b": Phase.ACCEPTED}


@pytest.mark.parametrize("orders", [Orders(), Orders(redo=frozenset({Redo.CHANGED, Redo.FAILED}))])
def test_a_run_that_buys_nothing_asks_nobody(stage, orders):
    play = stage("a")
    play.run()
    assert days_read(play, partial(take_over, play, orders)) == []


def test_cells_that_keep_their_picture_ask_nobody_without_the_users_word(stage):
    play = stage("a")
    play.run()
    (before,) = planned("a")
    (after,) = planned("a, anew")
    changed = replace(after, cell=replace(before.cell, job_id=after.job.job_id))
    plan_id = play.admit([changed])
    pay(play, "a, anew")
    play.clock.start += DAY
    assert days_read(play, partial(take_over, play, Orders(), plan_id)) == []
    assert take_over(play, Orders(redo=frozenset({Redo.CHANGED})), plan_id) == 1


def given_up(stage, event):
    """One job whose request was accepted, is shown late, and was given up meanwhile."""
    play = stage()
    play.plan_id = play.admit(planned("a"), in_doubt=DoubtPolicy.HOLD)
    play.provider.submit_faults = [Uncertain("reset")]
    play.provider.list_lag_s = 86_400
    play.run()
    play.ledger.record([Entry(job_id=planned("a")[0].job.job_id, event=event, at=play.clock.start)])
    return play


def written_off(stage):
    """One that was written off, and is shown by now."""
    play = given_up(stage, Event.WRITTEN_OFF)
    assert play.phases() == {"a": Phase.FAILED}
    take_over(play)  # too early: the list does not show it yet
    play.clock.start += 2 * DAY
    return play


def test_what_was_written_off_is_taken_over_before_a_redo_buys_it(stage):
    play = written_off(stage)
    assert take_over(play, Orders()) == 0, "a run that does not buy it leaves it alone"
    redo = Orders(redo=frozenset({Redo.FAILED}))
    assert take_over(play, redo) == 1
    play.run(orders=redo)
    assert play.phases() == {"a": Phase.DONE}
    assert play.provider.billed == ["a"]


def test_what_was_written_off_is_taken_over_by_hand(stage):
    play = written_off(stage)
    assert take_over(play) == 1
    assert play.ledger.committed_usd("aurora") == play.records()["a"].job.cost_usd


def test_a_request_that_was_given_up_is_looked_for_in_all_the_days(stage):
    """It may be shown late: a look that came too early proves nothing."""
    play = given_up(stage, Event.SURELY_ABSENT)
    assert take_over(play, Orders()) == 0
    play.clock.start += 2 * DAY
    assert take_over(play, Orders()) == 1
    assert play.provider.billed == ["a"]


def test_a_prediction_that_a_doubt_may_have_made_is_left_to_it(stage):
    """Two takes ask the same; one is in doubt, and its request was accepted."""
    play = stage()
    twice = [*planned("a"), *another_take("a")]
    play.plan_id = play.admit(twice[:1])
    play.provider.submit_faults = [Uncertain("reset")]
    play.provider.list_faults = [Unavailable("HTTP 502", status=502)] * 999
    play.run()
    play.provider.list_faults = []
    play.clock.start += timedelta(minutes=10)
    play.plan_id = play.admit(twice)
    assert take_over(play, Orders()) == 0
    pay(play, "a")
    play.clock.start += timedelta(minutes=1)
    assert take_over(play, Orders()) == 1, "of two equal ones the doubt needs one"


def another_take(prompt):
    (first,) = planned(prompt)
    job = replace(first.job, job_id=job_id(MODEL, first.job.request, take=2))
    return [replace(first, cell=replace(first.cell, address="hero/a/2", job_id=job.job_id), job=job)]


def test_a_list_that_cannot_be_read_to_its_end_stops_everything(stage):
    play = stage("a")
    ids = pay(play, *(f"p{number}" for number in range(100)))
    with pytest.raises(RunError, match="to its end") as caught:
        take_over(play, provider=OddPages(play, lambda _: (ids, True)))
    assert "--no-adopt" in caught.value.hint


@pytest.mark.parametrize("why", ["no time", "a result that is not there yet"])
def test_a_look_that_may_have_missed_something_is_not_relied_on(stage, why):
    play = stage("a")
    if why == "no time":
        play.provider.tells_date = False
    else:
        play.provider.list_inputs, play.provider.result_inputs = False, True
        play.provider.result_faults["b"] = [Refused("HTTP 404", status=404)]
        pay(play, "b")
    take_over(play, Orders())
    play.clock.start += 3 * DAY
    assert set(days_read(play, partial(take_over, play, Orders()))) == {7.0}


def test_the_newest_is_seen_though_our_clock_is_hours_behind(stage):
    play = stage("a")
    play.provider.skew_s = 4 * 3600
    pay(play, "a")
    assert take_over(play, Orders()) == 1


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
