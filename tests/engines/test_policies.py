"""What a run buys again, and what it does not: the campaign's policy, `--redo` and `--fail-fast`."""

from decimal import Decimal

import pytest

from seedpipe.core.errors import Refused, Uncertain
from seedpipe.core.lifecycle import Event, Phase
from seedpipe.core.model import Policy, ShortSets
from seedpipe.core.policy import Orders, Redo
from seedpipe.core.records import StopReason
from tests.engines.stage import planned

RETRY_SHORT = Policy(short_sets=ShortSets.RETRY)
DOWN = ("failed", 5000, "internal error")
BUSY = ("failed", 5003, "unavailable")
MODERATED = ("failed", 1200, "content moderation")


def redo(*words):
    return Orders(redo=frozenset(map(Redo, words)))


def ways(play, name):
    return [attempt.phase for attempt in play.records()[name].attempts]


@pytest.mark.parametrize("fate", [DOWN, BUSY, ("timeout", 5004, "timed out")])
def test_a_failure_of_the_service_is_tried_again_and_both_attempts_are_kept(stage, fate):
    play = stage("a", "b")
    play.provider.fates_of["a"] = [fate]
    assert play.run().stop is None
    assert ways(play, "a") == [Phase.FAILED, Phase.DONE]
    assert sorted(play.provider.billed) == ["a", "a", "b"]
    assert f"the service failed with code {fate[1]}: retry 1 of 1" in play.ear.notes_of("a")
    assert play.ledger.committed_usd("aurora") == Decimal("0.20")  # the failed one is released


def test_retries_end_and_the_next_run_does_not_go_on(stage):
    play = stage("a", policy=Policy(service_retries=2))
    play.provider.fails["a"] = DOWN
    for _ in range(2):
        assert play.run().stop is None
        assert ways(play, "a") == [Phase.FAILED] * 3
    assert len(play.provider.billed) == 3


@pytest.mark.parametrize(("max_takes", "attempts"), [(1, 1), (2, 2), (3, 3), (9, 3)])
def test_no_policy_buys_more_than_the_most_takes(stage, max_takes, attempts):
    play = stage("a", policy=Policy(service_retries=2, max_takes=max_takes))
    play.provider.fails["a"] = DOWN
    play.run()
    assert len(play.provider.billed) == attempts
    assert ("policy.max_takes" in play.ear.notes_of("a")) is (max_takes < 3)


def test_no_redo_buys_more_than_the_most_takes_in_a_jobs_whole_life(stage):
    play = stage("a", "b", policy=Policy(max_takes=2))
    play.provider.fails["a"] = MODERATED
    redo = Orders(redo=frozenset({Redo.FAILED}))
    for _ in range(3):
        assert play.run(orders=redo).stop is None
    assert sorted(play.provider.billed) == ["a", "a", "b"]
    assert play.phases() == {"a": Phase.FAILED, "b": Phase.DONE}
    assert "it would be attempt 3, and policy.max_takes is 2" in play.ear.notes_of("a")


@pytest.mark.parametrize("fate", [MODERATED, ("failed", 1401, "bad size"), ("cancelled", None, "")])
def test_other_failures_are_never_tried_again(stage, fate):
    play = stage("a", policy=Policy(service_retries=5))
    play.provider.fails["a"] = fate
    play.run()
    assert ways(play, "a") == [Phase.FAILED]


def test_without_consent_to_pay_nothing_is_tried_again(stage):
    play = stage("a", policy=RETRY_SHORT)
    play.provider.fails["a"] = DOWN
    play.run(orders=Orders(retries=False))
    assert ways(play, "a") == [Phase.FAILED]


def test_a_retry_that_does_not_fit_leaves_the_job_as_it_is_and_ends_nothing(stage):
    cheap = planned("cheap", cost_usd=Decimal("0.01"))
    play = stage(planned("a", images=3), cheap, policy=RETRY_SHORT, concurrency=1)
    play.provider.fates_of["a"] = [2]
    assert play.run(purse=Decimal("0.15")).stop is None
    assert ways(play, "a") == [Phase.DONE_SHORT]
    assert ways(play, "cheap") == [Phase.DONE]
    assert "not tried again: " in play.ear.notes_of("a")
    assert play.files() == ["a/0-0.png", "a/0-1.png", "cheap/0-0.png"]


@pytest.mark.parametrize(
    ("second", "phase", "files"), [(3, Phase.DONE, 3), (1, Phase.DONE_SHORT, 2), (2, Phase.DONE_SHORT, 2)]
)
def test_a_short_set_is_tried_once_more_and_the_fuller_one_is_published(stage, second, phase, files):
    play = stage(planned("a", images=3), policy=RETRY_SHORT)
    play.provider.fates_of["a"] = [2, second]
    assert play.run().stop is None
    assert ways(play, "a") == [Phase.DONE_SHORT, phase]
    assert len(play.files()) == files
    assert [len(take) for take in play.records()["a"].takes] == [2, second]
    assert len(play.provider.billed) == 2
    play.run()
    assert len(play.provider.billed) == 2


def test_the_fuller_set_comes_back_when_the_newer_attempt_failed(stage):
    play = stage(planned("a", images=3), policy=RETRY_SHORT)
    play.provider.fates_of["a"] = [2, MODERATED]
    play.run()
    assert ways(play, "a") == [Phase.DONE_SHORT, Phase.FAILED]
    for path in play.out.rglob("*.png"):
        path.unlink()
    play.run()
    assert play.files() == ["a/0-0.png", "a/0-1.png"]
    assert len(play.provider.billed) == 2


@pytest.mark.parametrize("short_sets", [ShortSets.FAIL, ShortSets.ACCEPT])
def test_a_short_set_is_kept_and_not_paid_again(stage, short_sets):
    play = stage(planned("a", images=3), policy=Policy(short_sets=short_sets))
    play.provider.images_of["a"] = 2
    play.run()
    assert ways(play, "a") == [Phase.DONE_SHORT]
    assert len(play.files()) == 2


def test_flagged_images_are_kept_aside_and_the_set_is_short(stage):
    play = stage(planned("a", images=3))
    play.provider.flags_of["a"] = {1}
    play.run()
    record = play.records()["a"]
    assert (record.phase, record.latest.flagged, len(record.outputs)) == (Phase.DONE_SHORT, {1}, 3)
    assert play.files() == ["a/0-0.png", "a/0-2.png"]
    assert "1 flagged as unsafe by the service and set aside" in play.ear.notes_of("a")
    play.run()
    assert play.files() == ["a/0-0.png", "a/0-2.png"]


def test_a_surplus_image_takes_the_place_of_a_flagged_one(stage):
    play = stage(planned("a", images=2))
    play.provider.images_of["a"] = 3
    play.provider.flags_of["a"] = {0}
    play.run()
    assert play.phases() == {"a": Phase.DONE}
    assert play.files() == ["a/0-0.png", "a/0-1.png"]


@pytest.mark.parametrize(
    ("fates", "word", "phases"),
    [
        ([MODERATED], "failed", [Phase.FAILED, Phase.DONE]),
        ([1], "short", [Phase.DONE_SHORT, Phase.DONE]),
    ],
)
def test_a_redo_buys_once_more_what_it_names(stage, fates, word, phases):
    play = stage(planned("a", images=2), planned("b"))
    play.provider.fates_of["a"] = list(fates)
    play.run(orders=redo("failed", "short", "missing"))  # nothing had failed when it was said
    assert ways(play, "a") == phases[:1]
    for other in {"failed", "short", "missing"} - {word}:
        play.run(orders=redo(other))
    assert ways(play, "a") == phases[:1]
    play.run(orders=redo(word))
    assert ways(play, "a") == phases
    assert play.provider.billed.count("b") == 1


def test_a_redo_is_good_for_one_attempt_a_run(stage):
    play = stage("a")
    play.provider.fails["a"] = MODERATED
    for runs in range(1, 4):
        play.run(orders=redo("failed"))
        assert ways(play, "a") == [Phase.FAILED] * runs


def test_what_the_service_has_lost_is_bought_again_only_when_told(stage):
    play = stage("a", "b")
    play.run()
    for path in play.objects.iterdir():
        path.unlink()
    for path in play.out.rglob("*.png"):
        path.unlink()
    del play.provider.tasks[play.records()["a"].latest.prediction_id]
    play.run()
    assert play.phases() == {"a": Phase.LOST, "b": Phase.DONE}
    assert play.files() == ["b/0-0.png"]
    play.run(orders=redo("failed", "short"))
    assert play.provider.billed == ["a", "b"]
    play.run(orders=redo("missing"))
    assert ways(play, "a") == [Phase.LOST, Phase.DONE]
    assert play.provider.billed == ["a", "b", "a"]
    assert play.ledger.committed_usd("aurora") == Decimal("0.30")  # what was lost is paid all the same


def test_what_is_found_missing_and_gone_is_bought_again_in_the_same_run(stage):
    play = stage("a")
    play.run()
    for path in play.objects.iterdir():
        path.unlink()
    for path in play.out.rglob("*.png"):
        path.unlink()
    play.provider.tasks.clear()
    play.run(orders=redo("missing"))
    assert ways(play, "a") == [Phase.LOST, Phase.DONE]


@pytest.mark.parametrize(
    ("gone", "phases"),
    [
        ((), [Phase.DONE, Phase.DONE]),
        (("files",), [Phase.DONE, Phase.DONE]),  # its pictures are fetched first
        (("files", "tasks"), [Phase.LOST, Phase.DONE]),
    ],
)
def test_what_people_have_rejected_is_bought_once_more(stage, gone, phases):
    play = stage(planned("a", images=2), planned("b"))
    play.run()
    rejected = frozenset({play.records()["a"].job.job_id})
    play.run(orders=redo("rejected"))
    assert play.provider.billed == ["a", "b"]
    for path in [*play.objects.iterdir(), *play.out.rglob("*.png")] if "files" in gone else ():
        path.unlink()
    if "tasks" in gone:
        play.provider.tasks.clear()
    play.run(orders=Orders(redo=frozenset({Redo.REJECTED}), rejected=rejected))
    assert ways(play, "a") == phases
    assert sorted(play.provider.billed) == ["a", "a", "b"]
    assert "--redo rejected" in play.ear.notes_of("a")


def test_a_redo_that_does_not_fit_ends_the_run_and_changes_nothing(stage):
    play = stage("a")
    play.provider.fails["a"] = MODERATED
    play.run()
    assert play.run(orders=redo("failed"), purse=Decimal("0.05")).stop is StopReason.PURSE
    assert ways(play, "a") == [Phase.FAILED]


def test_a_redo_whose_answer_is_lost_is_found_and_not_sent_again(stage):
    play = stage("a")
    play.provider.fates_of["a"] = [MODERATED]
    play.run()
    play.provider.submit_faults_of["a"] = [Uncertain("reset")]
    play.run(orders=redo("failed"))
    assert ways(play, "a") == [Phase.FAILED, Phase.DONE]
    assert len(play.provider.submits) == 2


def test_retries_are_counted_over_a_resumed_attempt(stage):
    play = stage("a", policy=Policy(service_retries=1))
    play.provider.fails["a"] = DOWN
    play.provider.submit_faults_of["a"] = [0.1, Uncertain("reset")]
    play.run()
    assert ways(play, "a") == [Phase.FAILED, Phase.FAILED]
    assert play.provider.billed == ["a", "a"]


def test_a_job_that_the_plan_has_dropped_is_fetched_and_not_tried_again(stage):
    play = stage("a", policy=Policy(service_retries=3))
    play.provider.fails["a"] = DOWN
    play.provider.task_s = 1000
    play.run(when=lambda engine, ear: ear.react.update({Phase.ACCEPTED: engine.stop}))
    assert play.phases() == {"a": Phase.ACCEPTED}
    play.run(plan_id=play.admit(planned("b")))
    assert ways(play, "a") == [Phase.FAILED]
    assert play.provider.billed == ["a", "b"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda provider: provider.fails.update(b=MODERATED),
        lambda provider: provider.images_of.update(b=1),
        lambda provider: provider.submit_faults_of["b"].append(Refused("no such size", status=400)),
    ],
    ids=["failed", "short", "refused"],
)
def test_fail_fast_ends_submitting_and_finishes_what_is_paid(stage, spoil):
    names = ["a", "b", "c", "d", "e", "f"]
    play = stage(*names, images=2, concurrency=2)
    spoil(play.provider)
    play.provider.task_s_of["c"] = 60
    outcome = play.run(orders=Orders(fail_fast=True))
    assert outcome.stop is StopReason.FAILED_JOB
    assert "hero/b/0" in outcome.message
    left = play.phases()
    assert {left["a"], left["e"], left["f"]} == {Phase.DONE, Phase.PLANNED}
    assert not set(left.values()) & {Phase.ACCEPTED, Phase.FETCHING, Phase.IN_DOUBT}
    assert play.run().stop is None  # keep going is the default
    assert [name for name, phase in play.phases().items() if phase is not Phase.DONE] == ["b"]


def test_fail_fast_minds_neither_old_failures_nor_accepted_short_sets_nor_retries(stage):
    play = stage("old", policy=Policy(short_sets=ShortSets.ACCEPT))
    play.provider.fails["old"] = MODERATED
    play.run()
    cells = [*planned("old"), *planned("short", images=2), *planned("retried"), *planned("last")]
    play.provider.images_of["short"] = 1
    play.provider.fates_of["retried"] = [BUSY]
    outcome = play.run(plan_id=play.admit(cells), orders=Orders(fail_fast=True))
    assert outcome.stop is None
    assert play.provider.billed.count("last") == 1


def test_a_redo_records_its_reason_and_carries_the_body(stage):
    play = stage("a")
    play.provider.fates_of["a"] = [MODERATED]
    play.run()
    play.run(orders=redo("failed"))
    (intent,) = [entry for entry in play.ledger.log if entry.event is Event.REDO_INTENDED]
    assert dict(intent.body) == {"prompt": "a", "max_images": 1}
    assert "--redo failed" in play.ear.notes_of("a")
