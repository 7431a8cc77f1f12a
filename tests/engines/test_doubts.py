"""Requests whose fate is not known: looked up, adopted, sent again when surely absent, or left alone."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from seedpipe.core.errors import LedgerDamaged, Malformed, Refused, Unavailable, Uncertain
from seedpipe.core.lifecycle import Event, Phase
from seedpipe.core.model import DoubtPolicy
from seedpipe.core.policy import Orders
from seedpipe.core.records import Entry, StopReason
from tests.engines.stage import MODEL, planned
from tests.fakes.clock import run_virtually
from tests.fakes.provider import RequestLost

NAMES = [f"p{number}" for number in range(30)]


def lost():
    return RequestLost("reset")


@pytest.mark.parametrize("fault", [Uncertain("reset"), Malformed("HTML"), Uncertain("HTTP 502", status=502)])
def test_a_request_whose_answer_was_lost_is_found_and_not_sent_again(stage, fault):
    play = stage("a", "b")
    play.provider.submit_faults_of["a"] = [fault]
    outcome = play.run()
    assert (outcome.stop, outcome.overdue, outcome.asides) == (None, 0, ())
    assert play.phases() == {"a": Phase.DONE, "b": Phase.DONE}
    assert sorted(play.provider.billed) == ["a", "b"]
    assert play.ledger.events()[Event.FOUND] == 1
    assert play.ear.way_of("a")[1:4] == [Phase.IN_DOUBT, Phase.ACCEPTED, Phase.FETCHING]
    assert play.took_s < 60


def test_every_answer_in_five_lost_is_one_charge_a_job(stage):
    play = stage(*NAMES, images=2)
    play.provider.submit_faults = [0.2, 0.2, 0.2, 0.2, Uncertain("reset")] * 6
    assert play.run().stop is None
    assert set(play.phases().values()) == {Phase.DONE}
    assert sorted(play.provider.billed) == sorted(NAMES)
    assert len(play.files()) == 60


def test_a_request_that_was_lost_is_sent_again_when_its_absence_is_sure(stage):
    play = stage("a", "b")
    play.provider.submit_faults_of["a"] = [lost()]
    assert play.run().stop is None
    assert play.phases() == {"a": Phase.DONE, "b": Phase.DONE}
    first, second = [at_s for at_s, prompt in play.provider.submits if prompt == "a"]
    assert 180 <= second - first < 200
    assert play.provider.billed == ["b", "a"]
    assert play.ledger.events()[Event.SURELY_ABSENT] == 1


def test_new_requests_need_not_wait_for_doubts(stage):
    play = stage("a", "b", "c", concurrency=1)
    play.provider.submit_faults_of["a"] = [lost()]
    play.run()
    assert [prompt for _, prompt in play.provider.submits] == ["a", "b", "c", "a"]
    assert play.provider.submits[2][0] < 60


@pytest.mark.parametrize("lag_s", [0, 60, 170])
def test_a_list_that_runs_behind_finds_it_in_time(stage, lag_s):
    play = stage("a")
    play.provider.submit_faults = [Uncertain("reset")]
    play.provider.list_lag_s = lag_s
    assert play.run().stop is None
    assert play.provider.billed == ["a"]
    assert play.phases() == {"a": Phase.DONE}


@pytest.mark.parametrize("skew_s", [-7200, -100, 100, 7200])
@pytest.mark.parametrize("fault", [Uncertain("reset"), lost()])
def test_the_services_clock_may_differ_from_ours(stage, skew_s, fault):
    play = stage("a")
    play.provider.skew_s = skew_s
    play.provider.submit_faults = [fault]
    for _ in range(2):
        play.run()
        play.clock.start += timedelta(hours=3)
    assert play.phases() == {"a": Phase.DONE}
    assert play.provider.billed == ["a"]


@pytest.mark.parametrize("hours", [-3, 3])
def test_the_services_time_is_asked_for_again_when_our_clocks_disagree(stage, hours):
    play = stage("a", "b", "c", "d", concurrency=1)
    after = play.provider.before_submit

    def step(body):
        after(body)
        if body["prompt"] == "b":
            play.clock.start += timedelta(hours=hours)
            play.provider.skew_s -= 3600 * hours

    play.provider.before_submit = step
    play.run()
    times = [entry.service_at for entry in play.ledger.log if entry.event is Event.INTENT_RECORDED]
    assert times == sorted(times)
    assert times[-1] - times[0] < timedelta(minutes=1)
    assert len(play.provider.listings) == 2 + 2, "before a, before c, and two pages of the sweep"


def test_a_service_that_does_not_tell_its_time_is_believed_to_go_like_ours(stage):
    play = stage("a", "b")
    play.provider.tells_date = False
    play.provider.submit_faults = [Uncertain("reset"), lost()]
    play.run()
    assert set(play.phases().values()) == {Phase.DONE}
    assert sorted(play.provider.billed) == ["a", "b"]


def test_at_most_once_a_run_and_three_times_a_job(stage):
    play = stage("a")
    play.provider.submit_faults = [lost() for _ in range(20)]
    for run in range(1, 6):
        assert play.run().stop is None
        assert play.phases() == {"a": Phase.IN_DOUBT}
        assert len(play.provider.submits) == [2, 3, 4, 4, 4][run - 1]
        play.clock.start += timedelta(hours=1)
    assert play.ledger.events()[Event.HELD] == 5
    assert "does not show it" in play.records()["a"].latest.error


def test_hold_leaves_it_to_the_user_and_looks_again(stage):
    play = stage()
    play.plan_id = play.admit(planned("a"), in_doubt=DoubtPolicy.HOLD)
    play.provider.submit_faults = [lost()]
    for _ in range(3):
        play.run()
        assert play.phases() == {"a": Phase.IN_DOUBT}
        play.clock.start += timedelta(hours=1)
    assert len(play.provider.submits) == 1
    assert play.took_s < 10, "its settle time has long passed"


def test_hold_takes_what_the_list_shows_after_all(stage):
    play = stage()
    play.plan_id = play.admit(planned("a"), in_doubt=DoubtPolicy.HOLD)
    play.provider.submit_faults = [Uncertain("reset")]
    play.provider.list_lag_s = 600
    play.run()
    assert play.phases() == {"a": Phase.IN_DOUBT}
    play.clock.start += timedelta(hours=1)
    play.provider.tasks["task000000"].ready_at_s = 0
    play.run()
    assert play.phases() == {"a": Phase.DONE}
    assert play.provider.billed == ["a"]


def test_a_list_that_cannot_be_read_leaves_the_doubt(stage):
    play = stage("a")
    play.provider.submit_faults = [lost()]
    play.provider.list_faults = [Unavailable("HTTP 502", status=502)] * 1000
    assert play.run().stop is None
    assert play.phases() == {"a": Phase.IN_DOUBT}
    assert 240 <= play.took_s < 270
    assert "cannot be read: HTTP 502" in play.records()["a"].latest.error


def test_a_list_that_comes_back_settles(stage):
    play = stage("a")
    play.provider.submit_faults = [lost()]
    play.provider.list_faults = [Malformed("HTML"), Refused("HTTP 403", status=403)] * 7
    play.run()
    assert play.phases() == {"a": Phase.DONE}


def test_a_429_of_the_list_holds_back_the_submits(stage):
    play = stage("a", "b", "c", concurrency=1)
    play.provider.submit_faults_of["a"] = [lost()]
    play.provider.list_faults = [None, Unavailable("HTTP 429", status=429, retry_after_s=50)]
    play.run()
    assert play.provider.submits[2][0] >= 50
    assert play.provider.billed == ["b", "c", "a"]


def test_a_long_list_is_read_to_its_end(stage):
    play = stage("a")
    play.provider.submit_faults = [Uncertain("reset")]

    after = play.provider.before_submit

    def crowded(body):
        after(body)
        for number in range(250):
            play.provider.accept(MODEL, {"prompt": f"stranger {number}"})

    play.provider.before_submit = crowded
    play.run()
    assert play.phases() == {"a": Phase.DONE}
    assert {page for _, page in play.provider.listings} >= {1, 2, 3, 4}


def test_inputs_that_only_the_result_tells_are_asked_for_there(stage):
    play = stage(*NAMES[:5])
    play.provider.list_inputs, play.provider.result_inputs = False, True
    play.provider.submit_faults = [Uncertain("reset"), lost(), Uncertain("reset")]
    play.run()
    assert set(play.phases().values()) == {Phase.DONE}
    assert sorted(play.provider.billed) == NAMES[:5]


def test_inputs_told_nowhere_leave_different_requests_in_doubt_and_fetch_aside(stage):
    play = stage("a", "b", "c")
    play.provider.list_inputs = False
    for name in "ab":
        play.provider.submit_faults_of[name] = [Uncertain("reset")]
    outcome = play.run()
    assert play.phases() == {"a": Phase.IN_DOUBT, "b": Phase.IN_DOUBT, "c": Phase.DONE}
    assert sorted(play.provider.billed) == ["a", "b", "c"]
    aside = {aside.prediction_id: aside.paths for aside in outcome.asides}
    assert len(aside) == 2
    assert play.aside_files() == sorted(path for paths in aside.values() for path in paths)
    assert play.files() == ["c/0-0.png"]


def test_inputs_told_nowhere_and_counts_that_agree_are_adopted(stage):
    play = stage("a", "b")
    play.provider.list_inputs = False
    play.provider.submit_faults_of["a"] = [Uncertain("reset")]
    assert play.run().asides == ()
    assert set(play.phases().values()) == {Phase.DONE}
    assert sorted(play.provider.billed) == ["a", "b"]


def test_a_request_that_shows_up_after_all_is_fetched_aside_and_reported(stage):
    """The honest limit: a list later than the settle time. Then it is paid twice, and nothing is lost."""
    play = stage("a")
    play.provider.submit_faults_of["a"] = [Uncertain("reset")]
    play.provider.list_lag_s = 200
    play.provider.task_s = 30
    outcome = play.run()
    assert play.provider.billed.count("a") == 2
    (aside,) = outcome.asides
    assert aside.prediction_id == "task000000"
    assert play.aside_files() == ["task000000-1.png"]
    assert "hero/a/0" in aside.why


def test_it_is_reported_by_the_runs_that_follow_whatever_they_are_about(stage):
    """The list shows it when the run that gave it up has ended."""
    play = stage("a")
    play.provider.submit_faults_of["a"] = [Uncertain("reset")]
    play.provider.list_lag_s = 3600
    assert play.run().asides == ()
    assert play.provider.billed.count("a") == 2
    play.provider.list_lag_s = 0
    play.clock.start += timedelta(days=3)
    for plan_id in (play.plan_id, play.admit(planned("b"))):
        (aside,) = play.run(plan_id=plan_id).asides
        assert aside.prediction_id == "task000000"
        assert aside.paths
    play.clock.start += timedelta(days=5)
    asked = len(play.provider.listings)
    assert play.run().asides == ()
    assert len(play.provider.listings) == asked, "the list no longer shows it"


def test_what_was_written_off_is_reported_when_the_list_shows_it(stage):
    play = stage()
    play.plan_id = play.admit(planned("a"), in_doubt=DoubtPolicy.HOLD)
    play.provider.submit_faults = [Uncertain("reset")]
    play.provider.list_lag_s = 3600
    play.run()
    job = planned("a")[0].job.job_id
    play.ledger.record([Entry(job_id=job, event=Event.WRITTEN_OFF, at=play.clock.start)])
    play.clock.start += timedelta(hours=2)
    (aside,) = play.run().asides
    assert "hero/a/0" in aside.why


def test_nothing_of_others_is_touched(stage):
    play = stage("a")
    run_virtually(accepted(play, "a"))  # made before this run
    after = play.provider.before_submit

    def crowded(body):
        after(body)
        play.provider.accept(MODEL, {"prompt": "stranger", "max_images": 1})

    play.provider.before_submit = crowded
    play.clock.start += timedelta(hours=1)
    assert play.run().asides == ()
    assert play.aside_files() == []


async def accepted(play, prompt):
    return play.provider.accept(MODEL, {"prompt": prompt, "max_images": 1})


def test_a_doubt_of_a_dropped_job_is_found_but_never_sent_again(stage):
    for lose in (Uncertain("reset"), lost()):
        play = stage("a")
        play.provider.submit_faults = [lose]
        play.provider.list_faults = [Unavailable("HTTP 502", status=502)] * 100
        play.run()
        assert play.phases() == {"a": Phase.IN_DOUBT}
        play.provider.list_faults = []
        play.clock.start += timedelta(hours=1)
        play.run(plan_id=play.admit(planned("b")))
        assert play.phases() == {"a": Phase.PLANNED if isinstance(lose, RequestLost) else Phase.DONE}
        assert sorted(play.provider.billed) == (["b"] if isinstance(lose, RequestLost) else ["a", "b"])
        play.close()
        for path in (play.folder / "ledger.sqlite").parent.glob("ledger.sqlite*"):
            path.unlink()


# --- a streak of doubts ---


def test_eight_doubts_in_a_row_are_settled_before_one_probes(stage):
    play = stage(*NAMES, concurrency=1)
    play.provider.submit_faults = [Uncertain("reset")] * 8
    assert play.run().stop is None
    assert set(play.phases().values()) == {Phase.DONE}
    assert sorted(play.provider.billed) == sorted(NAMES)
    assert any("in a row" in why for _, why in play.ear.waits)


def test_during_a_streak_no_more_goes_out_than_was_on_its_way(stage):
    play = stage(*NAMES, concurrency=4)
    play.provider.submit_faults = [lost() for _ in range(10)]
    assert play.run().stop is None
    sent = [at_s for at_s, _ in play.provider.submits]
    assert len([at_s for at_s in sent if at_s < 180]) <= 8 + 3
    assert play.provider.most_in_flight <= 4
    assert set(play.phases().values()) == {Phase.DONE}
    assert sorted(play.provider.billed) == sorted(NAMES)


def test_probes_that_fail_end_submitting(stage):
    play = stage(*NAMES, concurrency=1)
    play.provider.submit_faults = [Uncertain("reset")] * 30
    outcome = play.run()
    assert outcome.stop is StopReason.UNCERTAIN
    assert len(play.provider.submits) == 8 + 3
    phases = list(play.phases().values())
    assert (phases.count(Phase.DONE), phases.count(Phase.PLANNED)) == (11, 19)
    assert len(set(play.provider.billed)) == len(play.provider.billed) == 11


def test_a_probe_that_is_turned_away_is_followed_by_another(stage):
    play = stage(*NAMES, concurrency=2)
    faults = [Uncertain("reset")] * 9 + [Unavailable("HTTP 429", status=429, retry_after_s=5)] * 5
    play.provider.submit_faults = faults
    assert play.run().stop is None
    assert set(play.phases().values()) == {Phase.DONE}
    assert sorted(play.provider.billed) == sorted(NAMES)


def test_doubts_between_successes_are_no_streak(stage):
    play = stage(*NAMES, concurrency=1)
    play.provider.submit_faults = [Uncertain("reset"), 0.1] * 15
    assert play.run().stop is None
    assert set(play.phases().values()) == {Phase.DONE}
    assert play.ear.waits == []


# --- the ledger and the end of a run ---


def test_a_stop_does_not_wait_for_doubts(stage):
    play = stage("a")
    play.provider.submit_faults = [lost()]

    def stop_soon(engine, _):
        asyncio.get_running_loop().call_later(20, engine.stop)

    assert play.run(when=stop_soon).stop is StopReason.INTERRUPTED
    assert play.took_s < 25
    assert play.phases() == {"a": Phase.IN_DOUBT}


@pytest.mark.parametrize("event", [Event.FOUND, Event.SURELY_ABSENT, Event.HELD])
def test_a_ledger_that_dies_while_settling_ends_the_run(stage, event):
    play = stage()
    policy = DoubtPolicy.HOLD if event is Event.HELD else DoubtPolicy.RESUBMIT
    play.plan_id = play.admit(planned("a"), in_doubt=policy)
    play.provider.submit_faults = [Uncertain("reset") if event is Event.FOUND else lost()]
    play.ledger.faults[event] = LedgerDamaged("the power is gone")
    with pytest.raises(LedgerDamaged, match="power"):
        play.run()
    play.ledger.faults.clear()
    assert play.phases() == {"a": Phase.IN_DOUBT}
    play.clock.start += timedelta(hours=1)
    play.run()
    assert play.provider.billed.count("a") <= 1
    assert play.phases() == {"a": Phase.IN_DOUBT if event is Event.HELD else Phase.DONE}


def test_counting_counts_the_doubts_that_were_left_aside_too(stage):
    """The list tells no inputs: what may be the picture of one job is never given to another."""
    play = stage("a", "b", concurrency=2)
    play.provider.list_inputs = False
    play.provider.submit_faults_of["a"] = [Uncertain("reset")]
    play.provider.submit_faults_of["b"] = [Unavailable("HTTP 429", status=429, retry_after_s=20), lost()]
    play.run()
    assert play.phases() == {"a": Phase.IN_DOUBT, "b": Phase.IN_DOUBT}
    assert play.provider.billed == ["a"]


@pytest.mark.parametrize("told", ["nowhere", "in the list"])
def test_counting_counts_a_doubt_that_arose_while_the_list_was_read(stage, told):
    """The request of `a` is lost; that of `b` is accepted, and fails on us while the list is on its way."""
    play = stage("a", "c", "b", concurrency=1)
    provider, clock = play.provider, play.clock
    provider.list_inputs = told == "in the list"
    provider.task_s_of["c"] = 60  # `b` leaves when the doubt about `a` is a minute old
    provider.submit_faults_of["a"] = [lost()]
    submit, predictions = provider.submit, provider.predictions
    accepted, cut = asyncio.Event(), asyncio.Event()

    async def hang(model, body):
        if body["prompt"] != "b" or accepted.is_set():
            return await submit(model, body)
        await clock.sleep(20)
        provider.accept(model, body)
        accepted.set()
        await cut.wait()
        raise Uncertain("reset")

    async def slow_page(**asked):
        page = await predictions(**asked)
        if accepted.is_set() and clock.monotonic() > 181 and not cut.is_set():
            cut.set()
            await clock.sleep(1)
        return page

    provider.submit, provider.predictions = hang, slow_page
    play.run()
    assert cut.is_set()
    for record in play.records().values():
        ids = {attempt.prediction_id for attempt in record.attempts} - {None}
        assert {provider.tasks[one].prompt for one in ids} <= {record.job.request["prompt"]}
    kept = Phase.IN_DOUBT if told == "nowhere" else Phase.DONE
    assert play.phases() == {"a": kept, "b": kept, "c": Phase.DONE}
    assert sorted(provider.billed) == (["b", "c"] if told == "nowhere" else ["a", "b", "c"])


SIZED = {"size": "1024*1024"}


def sized(name, **more):
    return planned(name, more=SIZED | more)


def at_place(address, cells):
    return [
        replace(each, cell=replace(each.cell, address=address, output_paths=(address,))) for each in cells
    ]


@pytest.mark.parametrize("told_by", ["list", "result"])
def test_a_list_that_spells_what_was_sent_otherwise_proves_no_absence(stage, told_by):
    """It shows `1024x1024` for `1024*1024`: nothing that was paid for is found, and nothing is paid twice."""
    play = stage(*(sized(name) for name in "abcd"))
    play.provider.list_inputs, play.provider.result_inputs = told_by == "list", told_by == "result"
    play.provider.respells = {"size": "1024x1024"}
    for name in "ac":
        play.provider.submit_faults_of[name] = [Uncertain("reset")]
    outcome = play.run()
    assert sorted(play.provider.billed) == ["a", "b", "c", "d"]
    assert (outcome.held, len(outcome.asides)) == (2, 2)
    assert (play.phases()["a"], play.phases()["b"]) == (Phase.IN_DOUBT, Phase.DONE)
    assert "otherwise than they were sent" in play.ear.notes_of("a")


def test_one_request_alone_in_a_list_that_spells_it_otherwise_is_held(stage):
    play = stage(sized("a"))
    play.provider.respells = {"size": "1024x1024"}
    play.provider.submit_faults_of["a"] = [Uncertain("reset")]
    outcome = play.run()
    assert (play.provider.billed, outcome.held, len(outcome.asides)) == (["a"], 1, 1)
    assert "task000000 has the same prompt" in play.ear.notes_of("a")


def test_what_a_list_has_shown_of_itself_holds_for_the_whole_run(stage):
    """Yesterday's window shows that it respells; beside today's doubt is a stranger's task."""
    play = stage(sized("a"), sized("c"))
    play.provider.respells = {"size": "1024x1024"}
    play.provider.submit_faults_of["a"] = [Uncertain("reset")]
    assert play.run().held == 1
    play.clock.start += timedelta(days=1)
    play.plan_id = play.admit([*sized("a"), *sized("b"), *sized("c")])
    play.provider.submit_faults_of["b"] = [lost()]
    run_virtually(accepted(play, "stranger"))
    play.run()
    assert sorted(play.provider.billed) == ["a", "c", "stranger"]
    assert play.phases() == {"a": Phase.IN_DOUBT, "b": Phase.IN_DOUBT, "c": Phase.DONE}


def test_jobs_that_differ_in_one_value_are_told_apart(stage):
    """One of them is lost, the answer about another one is, and a third is as it should be."""
    sizes = ("1024*1024", "2048*2048", "512*512")
    play = stage(*(at_place(size, sized("a", size=size)) for size in sizes))
    play.provider.submit_faults_of["a"] = [lost(), Uncertain("reset")]
    outcome = play.run()
    assert (outcome.held, outcome.asides, len(play.provider.billed)) == (0, (), 3)
    assert {task.inputs["size"] for task in play.provider.tasks.values()} == set(sizes)


def test_a_doubt_of_long_ago_keeps_nobody_from_counting(stage):
    """The list tells no inputs; what is in doubt since yesterday cannot be what was made today."""
    play = stage()
    play.provider.list_inputs = False
    play.plan_id = play.admit(planned("a"), in_doubt=DoubtPolicy.HOLD)
    play.provider.submit_faults_of["a"] = [lost()]
    play.run()
    play.clock.start += timedelta(days=1)
    play.provider.submit_faults_of["b"] = [Uncertain("reset")]
    play.plan_id = play.admit([*planned("a"), *planned("b")], in_doubt=DoubtPolicy.HOLD)
    play.run()
    assert play.provider.billed == ["b"]
    assert play.phases() == {"a": Phase.IN_DOUBT, "b": Phase.DONE}


def test_a_result_that_is_not_there_yet_is_asked_for_its_inputs_again(stage):
    play = stage("a", "b")
    play.provider.list_inputs, play.provider.result_inputs = False, True
    play.provider.submit_faults_of["a"] = [Uncertain("reset")]
    play.provider.submit_faults_of["b"] = [lost()]
    play.provider.result_faults["a"] = [Refused("HTTP 404", status=404)]
    play.run()
    assert play.phases() == {"a": Phase.DONE, "b": Phase.DONE}
    assert sorted(play.provider.billed) == ["a", "b"]


WITHOUT_CONSENT = Orders(retries=False, resubmits=False)


def leave_in_doubt(play, *faults):
    """Have a run end at once when its requests are in doubt."""
    for prompt, fault in zip("ab", faults, strict=True):
        play.provider.submit_faults_of[prompt] = [fault]

    def stop_with_both(engine, ear):
        def stop():
            if sum(heard.phase is Phase.IN_DOUBT for heard in ear.heard) == len(faults):
                engine.stop()

        ear.react[Phase.IN_DOUBT] = stop

    play.run(when=stop_with_both)
    assert play.phases() == {"a": Phase.IN_DOUBT, "b": Phase.IN_DOUBT}


def test_without_consent_an_earlier_doubt_is_looked_up_and_fetched_but_not_sent_again(stage):
    play = stage("a", "b")
    leave_in_doubt(play, lost(), Uncertain("reset"))
    outcome = play.run(orders=WITHOUT_CONSENT)
    assert (outcome.stop, outcome.held) == (None, 1)
    assert play.phases() == {"a": Phase.IN_DOUBT, "b": Phase.DONE}
    assert "nobody has agreed to pay for it again" in play.ear.notes_of("a")
    assert play.provider.billed == ["b"]
    assert play.run(orders=Orders()).held == 0
    assert play.phases() == {"a": Phase.DONE, "b": Phase.DONE}
    assert play.provider.billed == ["b", "a"]


def test_what_this_run_has_sent_with_consent_it_may_send_again(stage):
    play = stage("a")
    play.provider.submit_faults_of["a"] = [lost()]
    assert play.run(orders=WITHOUT_CONSENT).held == 0
    assert play.phases() == {"a": Phase.DONE}


def test_a_doubt_of_another_plan_is_planned_again_without_consent_and_not_sent(stage):
    play = stage("a", "b")
    leave_in_doubt(play, lost(), lost())
    other = play.admit(planned("c"))
    assert play.run(plan_id=other, orders=WITHOUT_CONSENT).held == 0
    assert play.phases() == {"a": Phase.PLANNED, "b": Phase.PLANNED}
    assert play.provider.billed == ["c"]
