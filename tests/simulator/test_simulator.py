"""The proof: tens of thousands of small histories, every death of one job, and the wrong protocols caught."""

import os
import re
from dataclasses import replace

import pytest

from seedpipe.core.lifecycle import Event
from seedpipe.core.model import DoubtPolicy, Policy
from tests.simulator.mutants import LATE_MUTANTS, MUTANTS, ForgetsWhatOtherPlansPaid
from tests.simulator.scenario import DEATHS, LOSSES, Trouble, drawn, late, planned, simple
from tests.simulator.service import SUBMIT_FATES, Habits
from tests.simulator.world import Failure, deaths, failures, play

HISTORIES = int(os.environ.get("SEEDPIPE_HISTORIES", "20000"))
SHARES = 80  # tests that the histories are dealt to, so that several processes can play
HOLD = Policy(in_doubt=DoubtPolicy.HOLD)
HELD_TOO = ("kill", "power")  # the deaths that are tried for a campaign that holds its doubts as well
LATE_SEEDS = 200
MUTANT_SEEDS = 400  # a wrong protocol must be caught within so many histories


@pytest.mark.parametrize("share", range(SHARES))
def test_no_history_breaks_a_promise(share):
    seeds = (HISTORIES * share // SHARES, HISTORIES * (share + 1) // SHARES)
    failed = failures(seeds)
    assert not failed, f"{len(failed)} of the seeds {seeds}; the first:\n{failed[0]}"


def test_a_slow_disk_shows_nobody_an_older_truth():
    """A doubt was settled, and the feed, reading the record of that, took the same job up once more."""
    for seed in range(400):
        play(replace(drawn(seed), slow_disk=True))


@pytest.mark.parametrize("kind", DEATHS)
@pytest.mark.parametrize("fate", ["well", *SUBMIT_FATES])
def test_one_job_survives_every_single_death(fate, kind):
    assert len(play(one_job(fate))) > 10
    settled = settled_deaths(fate, kind)
    if kind in HELD_TOO:
        for at in deaths(kind, play(one_job(fate, policy=HOLD))):
            if at not in settled:
                play(one_job(fate, kind=kind, at=at, policy=HOLD))


@pytest.mark.parametrize("fate", ["not sent", "answer lost"])
def test_where_no_doubt_is_judged_absent_it_is_one_history_whatever_the_policy(fate):
    """Hence such a death is not played once more with doubts held."""
    settled = settled_deaths(fate, "kill")
    assert len(settled) > 10
    for at, lines in settled.items():
        assert lines == told(one_job(fate, at=at, policy=HOLD))


def settled_deaths(fate, kind):
    """Play every single death; return by operation what was told of those where no doubt was judged absent.

    Only where one is does it matter what a campaign says of doubts.
    """
    played = {at: told(one_job(fate, kind=kind, at=at)) for at in deaths(kind, play(one_job(fate)))}
    return {at: lines for at, lines in played.items() if Event.SURELY_ABSENT not in "\n".join(lines)}


def one_job(fate, **more):
    """A campaign of one job whose requests all have one fate."""
    share = 0.6 if fate == "rate limited" else 1.0  # a limit that never ends is waited for without end
    habits = Habits(submits={fate: share}, late_s=100.0, lag_s=60.0)
    return simple(**{"habits": habits, "images": 2} | more)


def told(scenario):
    """All that is told of a history; paths have random names."""
    trace = []
    play(scenario, trace=trace)
    return [re.sub(r"/\S+", "", line) for line in trace]


@pytest.mark.parametrize("kind", ["disk", "ledger before", "ledger after"])
def test_a_death_that_is_left_out_is_the_same_history_as_one_that_is_played(kind):
    def events(at):
        lines = (re.sub("starts, .*", "", line) for line in told(simple(kind=kind, at=at)))
        return tuple(line for line in lines if " at operation " not in line)

    whole = play(simple())
    played = {events(at) for at in deaths(kind, whole)}
    assert 1 < len(played) < len(whole) / 2
    assert {events(at) for at in range(len(whole) + 1)} == played | {events(0)}


@pytest.mark.parametrize("edit", LOSSES)
@pytest.mark.parametrize("inputs", ["list", "nowhere"])
def test_one_job_survives_every_single_death_and_the_loss_of_its_memory(edit, inputs):
    """What the lock or the list can tell is not paid again, wherever the process died before."""
    habits = Habits(inputs=inputs)
    for at in deaths("kill", play(simple(habits=habits))):
        scenario = simple(habits=habits, at=at)
        lines = told(replace(scenario, troubles=(replace(scenario.troubles[0], edit=edit),)))
        paid = sum("charged:" in line for line in lines)
        can_be_known = inputs == "list" or edit in {"lose lock", "merge locks"}
        assert paid == 1 or not can_be_known, "\n".join(lines)


@pytest.mark.parametrize("edit", ["lose ledger", "clone"])
@pytest.mark.parametrize("ending", ["well", "short"])
def test_the_lock_alone_is_enough(edit, ending):
    """The list tells nothing; what a run has written in its lock is fetched by the next, and not paid."""
    finished = Trouble(kind="none", at=0, gap_s=5.0, edit=edit)
    scenario = simple(habits=Habits(inputs="nowhere", endings={ending: 1.0}), images=2)
    words = "\n".join(told(replace(scenario, troubles=(finished, finished))))
    assert (words.count("charged:"), words.count("adopted recorded")) == (1, 2), words


@pytest.mark.parametrize("skew_s", [-7200.0, 7200.0, 86_400.0])
def test_a_clock_set_right_between_two_runs_pays_nothing_twice(skew_s):
    """The window of a request lies on the service's clock, as it was told when the intent was recorded."""
    lost = Habits(submits={"answer lost": 1.0})
    for at in deaths("kill", play(simple(habits=lost))):
        scenario = simple(habits=lost, at=at)
        play(replace(scenario, skews_s=(0.0, skew_s)))


@pytest.mark.parametrize("ending", ["well", "short"])
def test_a_lost_object_is_fetched_again_and_not_bought(ending):
    lost = Trouble(kind="none", at=0, gap_s=5.0, edit="delete both")
    scenario = simple(habits=Habits(endings={ending: 1.0}), images=2)
    words = "\n".join(told(replace(scenario, troubles=(lost,))))
    assert words.count("charged:") == 1
    assert words.count("output_missing") == 1


def dropped_while_overdue(at):
    """Two tasks that take an hour; the process dies, and one of them is dropped from the campaign."""
    scenario = simple(habits=Habits(endings={"for long": 1.0}), at=at)
    drop = replace(scenario.troubles[0], edit="drop")
    return replace(scenario, jobs=(planned("p0"), planned("p1")), troubles=(drop,))


def test_what_a_campaign_has_dropped_is_paid_all_the_same_and_waited_for():
    """It ended with 0 while paid tasks of an earlier plan were still at the service."""
    caught = 0
    for at in range(10, 60, 5):
        play(dropped_while_overdue(at))
        try:
            play(dropped_while_overdue(at), ForgetsWhatOtherPlansPaid())
        except Failure as failure:
            caught += "exit 0" in str(failure)
    assert caught


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_wrong_protocol_is_caught(mutant):
    assert is_caught(mutant(), drawn, (MUTANTS[mutant], *range(MUTANT_SEEDS)))


def is_caught(mutant, scenario_of, seeds):
    """Whether one of the seeds shows what a wrong protocol does; the one that is known to comes first."""
    for seed in seeds:
        try:
            play(scenario_of(seed), mutant)
        except Failure:
            return True
    return False


def test_what_the_list_shows_late_is_taken_over_or_reported():
    """Whatever was given up, as absent or by the user, is not bought again once the list shows it."""
    for seed in range(LATE_SEEDS):
        play(late(seed))


@pytest.mark.parametrize("mutant", LATE_MUTANTS, ids=lambda mutant: mutant.__name__)
def test_who_forgets_what_was_given_up_is_caught(mutant):
    assert is_caught(mutant(), late, (LATE_MUTANTS[mutant], *range(LATE_SEEDS)))


@pytest.mark.parametrize("seeds", [range(first, first + 25) for first in range(0, 300, 25)], ids=repr)
def test_a_seed_is_a_whole_history_wherever_its_ledger_lies(seeds):
    def kept_in(ledger, seed):
        return told(replace(drawn(seed), ledger=ledger))

    for seed in seeds:
        assert kept_in("plain", seed) == kept_in("memory", seed)
    assert kept_in("plain", seeds[0]) == kept_in("file", seeds[0])
