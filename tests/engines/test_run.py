"""What a run does: everything comes home, once, in order, within its limits."""

from decimal import Decimal

import pytest

from seedpipe.core.errors import Malformed, Refused, Unavailable, Uncertain
from seedpipe.core.lifecycle import Event, Phase
from seedpipe.core.records import StopReason
from tests.engines.stage import planned

NAMES = [f"p{number}" for number in range(30)]


def test_every_job_is_paid_once_and_its_images_stand_at_every_path(stage):
    play = stage(planned("a", images=2, cells=2), planned("b"))
    outcome = play.run()
    assert (outcome.stop, outcome.overdue) == (None, 0)
    assert play.files() == ["a/0-0.png", "a/0-1.png", "a/1-0.png", "a/1-1.png", "b/0-0.png"]
    assert sorted(play.provider.billed) == ["a", "b"]
    for name in ("a", "b"):
        assert play.ear.way_of(name) == [Phase.SUBMITTING, Phase.ACCEPTED, Phase.FETCHING, Phase.DONE]
    assert play.records()["a"].latest.prediction_id == "task000000"


def test_a_second_run_asks_and_pays_nothing(stage):
    play = stage("a", "b")
    play.run()
    asked = len(play.provider.results) + len(play.provider.downloads)
    play.run()
    assert len(play.provider.results) + len(play.provider.downloads) == asked
    assert len(play.provider.submits) == 2
    assert play.ear.way_of("a") == [Phase.DONE]


@pytest.mark.parametrize("concurrency", [1, 4])
def test_no_more_jobs_are_in_the_air_than_allowed(stage, concurrency):
    play = stage(*NAMES, concurrency=concurrency)
    play.run()
    assert play.ear.most_at_once() == concurrency
    assert set(play.phases().values()) == {Phase.DONE}


def test_no_more_submits_are_in_flight_than_allowed(stage):
    play = stage(*NAMES, concurrency=20, submits_in_flight=3)
    play.run()
    assert play.provider.most_in_flight == 3


def test_shards_are_read_as_seats_come_free(stage):
    play = stage(*NAMES, concurrency=2, shard_jobs=5)
    ahead = []
    play.provider.before_submit = lambda _: ahead.append(
        play.ledger.ranges[-1][1] - len(set(play.provider.billed))
    )
    play.run()
    assert play.ledger.ranges == [(start, start + 5) for start in range(0, 30, 5)]
    assert max(ahead) <= 5 + 2


def test_intents_that_wait_for_the_disk_are_committed_together(stage):
    play = stage(*NAMES, concurrency=30)
    play.run()
    assert max(play.ledger.batches) > 5


def test_a_pause_of_429_holds_for_all_workers(stage):
    play = stage(*NAMES, concurrency=4)
    play.provider.submit_faults = [0.1, Unavailable("HTTP 429", status=429, retry_after_s=30)]
    outcome = play.run()
    times = [at_s for at_s, _ in play.provider.submits]
    told_s = times[1] + play.provider.submit_s
    assert not [at_s for at_s in times if told_s < at_s < told_s + 30]
    assert (30, "too many requests to the service: HTTP 429") in play.ear.waits
    assert outcome.stop is None
    assert sorted(play.provider.billed) == sorted(NAMES)


def test_a_429_without_retry_after_waits_longer_each_time(stage):
    play = stage("a", concurrency=1)
    play.provider.submit_faults = [Unavailable("HTTP 429", status=429) for _ in range(12)]
    assert play.run().stop is None
    waits = [seconds for seconds, _ in play.ear.waits]
    assert len(waits) == 12
    assert waits[0] < 2
    assert 300 < max(waits) <= 600
    assert play.provider.billed == ["a"]


def test_a_wave_of_429_is_one_pause(stage):
    play = stage(*NAMES, concurrency=20)
    play.provider.submit_faults = [Unavailable("HTTP 429", status=429) for _ in range(20)]
    play.run()
    assert len(play.ear.waits) == 1
    assert sorted(play.provider.billed) == sorted(NAMES)


def test_a_pause_ends_when_there_is_nothing_more_to_wait_for(stage):
    play = stage("a", "b", "c", concurrency=3)
    play.provider.submit_faults_of["a"] = [Unavailable("HTTP 429", status=429, retry_after_s=500)]
    play.provider.submit_s = 1.0
    play.provider.submit_faults_of["b"] = [Refused("no balance", status=402)]
    play.provider.delays_of["b"] = 5.0
    assert play.run().stop is StopReason.BLOCKED
    assert play.took_s < 60


def test_a_service_that_is_away_for_a_moment_costs_only_time(stage):
    play = stage(*NAMES, concurrency=20)
    play.provider.submit_faults = [Unavailable("no route") for _ in range(20)]  # one wave: not 20 failures
    assert play.run().stop is None
    assert sorted(play.provider.billed) == sorted(NAMES)


def test_a_service_that_stays_away_ends_the_run(stage):
    play = stage("a", "b", "c")
    play.provider.submit_faults = [Unavailable("no route") for _ in range(1000)]
    outcome = play.run()
    assert outcome.stop is StopReason.UNAVAILABLE
    assert "no route" in outcome.message
    assert set(play.phases().values()) == {Phase.PLANNED}
    assert play.provider.billed == []
    assert play.took_s > 60


@pytest.mark.parametrize("status", [401, 402, 403])
def test_a_blocked_key_ends_submitting_and_finishes_what_is_paid(stage, status):
    play = stage("a", "b", "c", "d", concurrency=2)
    play.provider.submit_faults_of["c"] = [Refused("insufficient balance", status=status)] * 9
    play.provider.submit_faults_of["d"] = play.provider.submit_faults_of["c"]
    outcome = play.run()
    assert outcome.stop is StopReason.BLOCKED
    assert "insufficient balance" in outcome.message
    assert play.phases() == {"a": Phase.DONE, "b": Phase.DONE, "c": Phase.PLANNED, "d": Phase.PLANNED}


@pytest.mark.parametrize(
    ("limit", "reason"),
    [("purse", StopReason.PURSE), ("budget", StopReason.BUDGET), ("month", StopReason.MONTH)],
)
def test_a_limit_ends_submitting_before_it_is_passed(stage, limit, reason):
    cheap = planned("cheap", cost_usd=Decimal("0.01"))
    play = stage("a", "b", "c", cheap, concurrency=1)
    outcome = play.run(**{limit: Decimal("0.25")})
    assert outcome.stop is reason
    assert "hero/c/0" in outcome.message
    assert "$0.10" in outcome.message
    assert play.phases() == {"a": Phase.DONE, "b": Phase.DONE, "c": Phase.PLANNED, "cheap": Phase.PLANNED}
    assert play.ledger.committed_usd("aurora") == Decimal("0.20")


def test_a_job_that_fitted_is_sent_although_its_neighbour_did_not_fit(stage):
    play = stage(planned("dear", cost_usd=Decimal(5)), "a", concurrency=2)
    assert play.run(purse=Decimal("0.25")).stop is StopReason.PURSE
    assert play.phases() == {"dear": Phase.PLANNED, "a": Phase.DONE}


def test_done_jobs_behind_the_limit_still_get_their_files(stage):
    play = stage("a", "b", concurrency=1)
    later = [*planned("new"), *planned("newer"), *planned("a")]
    play.run()
    for path in play.out.rglob("*.png"):
        path.unlink()
    plan_id = play.admit(later)
    assert play.run(plan_id=plan_id, purse=Decimal(0)).stop is StopReason.PURSE
    assert play.files() == ["a/0-0.png"]


def test_a_refused_request_fails_alone(stage):
    play = stage("a", "b")
    play.provider.submit_faults_of["a"] = [Refused("HTTP 400: no such size", status=400, code=1401)]
    assert play.run().stop is None
    assert play.phases() == {"a": Phase.FAILED, "b": Phase.DONE}
    attempt = play.records()["a"].latest
    assert (attempt.error, attempt.error_code) == ("HTTP 400: no such size", 1401)
    play.run()
    assert play.ear.way_of("a") == [Phase.FAILED]
    assert play.ear.notes_of("a") == "HTTP 400: no such size"
    assert play.provider.billed == ["b"]


def test_a_failed_task_keeps_the_services_code_and_words(stage):
    play = stage("a")
    play.provider.fails["a"] = ("failed", 1200, "content moderation")
    assert play.run().stop is None
    attempt = play.records()["a"].latest
    assert (attempt.phase, attempt.error_code, attempt.error) == (Phase.FAILED, 1200, "content moderation")


@pytest.mark.parametrize(
    ("came", "phase", "files"),
    [(0, Phase.FAILED, 0), (2, Phase.DONE_SHORT, 2), (3, Phase.DONE, 3), (5, Phase.DONE, 3)],
)
def test_sets_that_come_empty_short_whole_and_over(stage, came, phase, files):
    play = stage("a", images=3)
    play.provider.images_of["a"] = came
    assert play.run().stop is None
    assert play.phases() == {"a": phase}
    assert len(play.files()) == files
    assert len(play.records()["a"].outputs) == came
    assert ("2 of 3 images came" in play.ear.notes_of("a")) == (phase is Phase.DONE_SHORT)


def test_reads_are_repeated_until_they_work(stage):
    play = stage("a")
    play.provider.result_faults["a"] = [
        Unavailable("HTTP 502", status=502),
        Malformed("HTML"),
        Uncertain("odd"),
    ]
    assert play.run().stop is None
    assert play.phases() == {"a": Phase.DONE}


def test_retry_after_on_a_read_is_honoured_and_holds_submits(stage):
    play = stage("a", "b", concurrency=1)
    play.provider.result_faults["a"] = [Unavailable("HTTP 429", status=429, retry_after_s=90)]
    play.run()
    first, second = play.provider.results[:2]
    assert second[0] - first[0] >= 90
    assert play.ear.waits[0][0] == 90


def test_a_task_that_never_ends_is_left_to_the_next_run(stage):
    play = stage("a", job_deadline_s=120)
    play.provider.task_s = 1e9
    outcome = play.run()
    assert (outcome.stop, outcome.overdue) == (None, 1)
    assert play.phases() == {"a": Phase.ACCEPTED}
    assert 120 <= play.took_s < 140
    play.provider.tasks["task000000"].ready_at_s = 0
    assert play.run().overdue == 0
    assert play.phases() == {"a": Phase.DONE}
    assert play.provider.billed == ["a"]


def test_a_key_that_stops_working_while_polling_leaves_paid_tasks_alone(stage):
    play = stage("a", "b", concurrency=1)
    play.provider.result_faults["a"] = [Refused("HTTP 401: bad key", status=401)]
    outcome = play.run()
    assert (outcome.stop, outcome.overdue) == (StopReason.BLOCKED, 1)
    assert play.phases() == {"a": Phase.ACCEPTED, "b": Phase.PLANNED}


def test_a_task_that_shows_up_late_is_waited_for(stage):
    play = stage("a")
    play.provider.result_faults["a"] = [Refused("HTTP 404", status=404)] * 6
    assert play.run().overdue == 0
    assert play.phases() == {"a": Phase.DONE}


def test_a_task_that_hides_now_and_then_is_not_missing(stage):
    play = stage("a")
    play.provider.task_s = 200
    hidden = [Refused("HTTP 404", status=404)] * 3
    play.provider.result_faults["a"] = [*hidden, None] * 4
    assert play.run().overdue == 0
    assert play.phases() == {"a": Phase.DONE}


def test_a_task_that_does_not_show_up_is_neither_lost_nor_bought_again(stage):
    play = stage("a")
    play.provider.result_faults["a"] = [Refused("HTTP 404", status=404)] * 1000
    play.provider.list_lag_s = 1000
    outcome = play.run()
    assert outcome.overdue == 1
    assert 60 <= play.took_s < 100
    assert play.phases() == {"a": Phase.ACCEPTED}
    assert len(play.provider.submits) == 1


def test_a_task_whose_result_is_unknown_comes_home_from_the_list(stage):
    play = stage("a")
    play.provider.result_faults["a"] = [Refused("HTTP 404", status=404)] * 1000
    assert play.run().overdue == 0
    assert 60 <= play.took_s < 100
    assert play.phases() == {"a": Phase.DONE}
    assert len(play.provider.submits) == 1


def test_a_task_that_the_list_shows_running_is_asked_for_again(stage):
    play = stage("a")
    play.provider.task_s = 100
    play.provider.result_faults["a"] = [Refused("HTTP 404", status=404)] * 10
    assert play.run().overdue == 0
    assert play.phases() == {"a": Phase.DONE}
    assert play.provider.billed == ["a"]


def test_a_cut_download_is_repeated(stage):
    play = stage("a")
    url = "https://files.test/a/0"
    play.provider.download_faults[url] = [Unavailable("cut"), b"<html>", Malformed("large")]
    assert play.run().overdue == 0
    assert play.files() == ["a/0-0.png"]
    assert len(play.provider.downloads) == 4


def test_one_bad_file_keeps_no_other_out_and_is_fetched_by_the_next_run(stage):
    play = stage("a", images=3)
    url = "https://files.test/a/1"
    play.provider.download_faults[url] = [Unavailable("HTTP 503", status=503)] * 4
    assert play.run().overdue == 1
    assert play.phases() == {"a": Phase.FETCHING}
    assert [output.index for output in play.records()["a"].outputs] == [0, 2]
    before = len(play.provider.downloads)
    assert play.run().overdue == 0
    assert play.provider.downloads[before:] == [url]
    assert play.phases() == {"a": Phase.DONE}
    assert play.provider.billed == ["a"]


@pytest.mark.parametrize(("times", "phase", "asked"), [(1, Phase.DONE, 1), (9, Phase.FETCHING, 1)])
def test_expired_urls_are_asked_for_again_once(stage, times, phase, asked):
    play = stage("a")
    play.provider.download_faults["https://files.test/a/0"] = [Refused("HTTP 403", status=403)] * times
    outcome = play.run()
    assert play.phases() == {"a": phase}
    assert play.ledger.events()[Event.URLS_EXPIRED] == asked
    assert outcome.overdue == (phase is Phase.FETCHING)


def test_a_signed_url_is_not_kept_but_asked_for_again_by_the_next_run(stage):
    play = stage("a", images=2)
    play.provider.url_suffix = "?signature=canary"
    first, second = ("https://files.test/a/0?signature=canary", "https://files.test/a/1?signature=canary")
    play.provider.download_faults[second] = [Unavailable("HTTP 503", status=503)] * 4
    play.run()
    assert play.phases() == {"a": Phase.FETCHING}
    assert play.records()["a"].latest.urls == ("", "")
    before = len(play.provider.downloads)
    assert play.run().overdue == 0
    assert play.phases() == {"a": Phase.DONE}
    assert play.provider.downloads[before:] == [second]
    assert first in play.provider.downloads
    assert play.provider.billed == ["a"]


def test_a_url_listed_twice_is_fetched_and_counted_once(stage):
    play = stage("a", images=2)
    play.provider.images_of["a"] = 1
    accept = play.provider.accept

    def twice(model, body):
        prediction_id = accept(model, body)
        play.provider.tasks[prediction_id].outputs *= 2
        return prediction_id

    play.provider.accept = twice
    play.run()
    assert play.phases() == {"a": Phase.DONE_SHORT}
    assert play.ear.notes_of("a").endswith("1 of 2 images came, 1 more that are duplicates")
    assert len(play.provider.downloads) == 1
    assert len(play.records()["a"].outputs) == 2
    assert play.files() == ["a/0-0.png"]
