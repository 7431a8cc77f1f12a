"""What a run leaves behind when it ends early, and what the next one makes of it."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from seedpipe.core.errors import DiskFailed, LedgerDamaged, RunError, Unavailable
from seedpipe.core.lifecycle import Event, Phase
from seedpipe.core.model import Prediction
from seedpipe.core.records import Entry, StopReason
from tests.engines.stage import MODEL, planned
from tests.fakes.clock import EPOCH, run_virtually

UNDER_S = 5.0


def bring_to(play, prompt, phase):
    """Write a job's history up to a phase, as a run that was killed would have left it."""
    record = play.records()[prompt]
    job, body = record.job, record.job.request
    entry = {"job_id": job.job_id, "at": EPOCH}
    history = [Entry(event=Event.INTENT_RECORDED, run_id="dead", owner="dead", body=body, **entry)]
    if phase is not Phase.SUBMITTING:
        prediction_id = play.provider.tasks and next(iter(play.provider.tasks))
        prediction_id = prediction_id or accept(play, prompt)
        task = Prediction(prediction_id=prediction_id, model=MODEL, status="created")
        history.append(Entry(event=Event.ACCEPTED, prediction=task, **entry))
        outputs = play.provider.tasks[prediction_id].outputs
        done = Prediction(prediction_id=prediction_id, model=MODEL, status="completed", outputs=outputs)
        if phase is Phase.FETCHING:
            history.append(Entry(event=Event.COMPLETED, prediction=done, **entry))
    play.ledger.begin_run(play.start("dead"))
    for item in history:
        play.ledger.record([item])


def accept(play, prompt):
    async def accepted():
        return play.provider.accept(MODEL, {"prompt": prompt, "max_images": 1})

    return run_virtually(accepted())


@pytest.mark.parametrize(
    ("left", "phase", "submits"),
    [
        (Phase.SUBMITTING, Phase.DONE, 1),  # it was never sent, and the list proves it
        (Phase.ACCEPTED, Phase.DONE, 0),
        (Phase.FETCHING, Phase.DONE, 0),
    ],
)
def test_a_killed_run_is_taken_up_from_each_phase(stage, left, phase, submits):
    play = stage("a")
    bring_to(play, "a", left)
    assert play.run().stop is None
    assert play.phases() == {"a": phase}
    assert len(play.provider.submits) == submits
    assert len(play.provider.billed) <= 1


def test_paid_jobs_come_home_before_new_ones_are_bought(stage):
    play = stage("a", "b", "z", concurrency=1)
    bring_to(play, "z", Phase.ACCEPTED)
    play.run()
    order = [(heard.prompt, heard.phase) for heard in play.ear.heard]
    assert order.index(("z", Phase.DONE)) < order.index(("a", Phase.SUBMITTING))
    assert sorted(play.provider.billed) == ["a", "b", "z"]


def test_paid_jobs_of_other_plans_come_home_first(stage):
    play = stage("a")
    bring_to(play, "a", Phase.ACCEPTED)
    edited = play.admit(planned("b"))
    play.provider.task_s_of["b"] = 20
    play.run(plan_id=edited)
    assert [heard.prompt for heard in play.ear.heard if heard.phase is Phase.DONE] == ["a", "b"]
    assert play.phases() == {"a": Phase.DONE}
    assert play.files() == ["b/0-0.png"]
    play.run()
    assert play.files() == ["a/0-0.png", "b/0-0.png"]
    assert sorted(play.provider.billed) == ["a", "b"]


@pytest.mark.parametrize("phase", [Phase.SUBMITTING, Phase.ACCEPTED, Phase.FETCHING, Phase.DONE])
def test_a_stop_in_each_phase_is_quick_and_the_next_run_finishes(stage, phase):
    names = [f"p{number}" for number in range(6)]
    play = stage(*names, images=2, concurrency=3)

    stopped_s = []

    def stop_at(engine, ear):
        def stop():
            engine.stop()
            stopped_s.append(play.clock.monotonic())

        ear.react[phase] = stop

    outcome = play.run(when=stop_at)
    assert outcome.stop is StopReason.INTERRUPTED
    assert outcome.overdue == 0
    assert play.took_s < stopped_s[0] + UNDER_S
    assert not set(play.phases().values()) & {Phase.SUBMITTING, Phase.IN_DOUBT}
    assert any(left is not Phase.DONE for left in play.phases().values())
    submitted = len(play.provider.submits)
    assert play.run().stop is None
    assert set(play.phases().values()) == {Phase.DONE}
    assert sorted(play.provider.billed) == names
    assert submitted <= 6
    assert not list(play.objects.glob("*.part"))


def stop_after(seconds):
    def arm(engine, _):
        asyncio.get_running_loop().call_later(seconds, engine.stop)

    return arm


def test_an_answer_on_its_way_is_waited_for_and_recorded(stage):
    play = stage("a", "b", concurrency=1)
    play.provider.submit_s = 2.5
    assert play.run(when=stop_after(0.5)).stop is StopReason.INTERRUPTED
    assert play.took_s == pytest.approx(2.55)  # with the question for the service's time
    assert play.provider.results == []
    assert play.phases() == {"a": Phase.ACCEPTED, "b": Phase.PLANNED}
    assert play.records()["a"].latest.prediction_id == "task000000"


def test_an_answer_that_does_not_come_leaves_a_doubt(stage):
    play = stage("a", "b", concurrency=1)
    play.provider.submit_faults = [60]
    assert play.run(when=stop_after(0.5)).stop is StopReason.INTERRUPTED
    assert play.took_s < 0.5 + UNDER_S
    assert play.phases() == {"a": Phase.IN_DOUBT, "b": Phase.PLANNED}
    assert len(play.provider.submits) == 1


def test_a_stop_does_not_wait_for_a_pause(stage):
    play = stage("a", "b")
    play.provider.submit_faults = [Unavailable("HTTP 429", status=429, retry_after_s=500)] * 2
    assert play.run(when=stop_after(10)).stop is StopReason.INTERRUPTED
    assert play.took_s < 10 + UNDER_S
    assert play.phases() == {"a": Phase.PLANNED, "b": Phase.PLANNED}


def test_a_stop_is_the_reason_even_when_submitting_had_ended_before(stage):
    play = stage("a", "b", concurrency=2)
    play.provider.task_s = 100
    outcome = play.run(when=stop_after(10), purse=Decimal("0.10"))
    assert outcome.stop is StopReason.INTERRUPTED
    assert "interrupted" in outcome.message


def test_a_stop_before_the_start_sends_nothing(stage):
    play = stage("a")
    outcome = play.run(when=lambda engine, _: engine.stop())
    assert outcome.stop is StopReason.INTERRUPTED
    assert play.provider.submits == []


def test_a_cancelled_engine_winds_up_like_a_stopped_one(stage):
    play = stage("a", "b", concurrency=1)
    play.provider.submit_s = 1.0

    def cancel_soon(_engine, _ear):
        asyncio.get_running_loop().call_later(0.5, asyncio.current_task().cancel)

    with pytest.raises(asyncio.CancelledError):
        play.run(when=cancel_soon)
    assert play.provider.results == []
    assert play.phases() == {"a": Phase.ACCEPTED, "b": Phase.PLANNED}


def test_a_stop_after_the_intent_takes_it_back_before_the_bytes_leave(stage):
    play = stage("a")

    def stop_at_intent(engine, ear):
        ear.react[Phase.SUBMITTING] = engine.stop

    play.run(when=stop_at_intent)
    assert play.provider.submits == []
    assert play.phases() == {"a": Phase.PLANNED}
    assert play.ledger.committed_usd("aurora") == 0


# --- files and objects that are gone ---


def test_a_published_file_that_is_gone_is_placed_again_without_asking_anyone(stage):
    play = stage("a")
    play.run()
    (play.out / "a/0-0.png").unlink()
    asked = len(play.provider.results)
    play.run()
    assert play.files() == ["a/0-0.png"]
    assert len(play.provider.results) == asked


def lose_objects(play):
    for path in [*play.objects.iterdir(), *play.out.rglob("*.png")]:
        path.unlink()


def test_an_object_that_is_gone_is_fetched_again_and_not_bought(stage):
    play = stage("a", images=2)
    play.run()
    lose_objects(play)
    assert play.run().stop is None
    assert play.files() == ["a/0-0.png", "a/0-1.png"]
    assert play.phases() == {"a": Phase.DONE}
    assert play.provider.billed == ["a"]


def test_an_object_that_is_gone_everywhere_is_lost_and_not_bought(stage):
    play = stage("a")
    play.run()
    lose_objects(play)
    play.provider.tasks.clear()
    assert play.run().stop is None
    assert play.phases() == {"a": Phase.LOST}
    play.run()
    assert play.provider.billed == ["a"]


def test_a_task_past_the_services_memory_has_expired(stage):
    play = stage("a")
    bring_to(play, "a", Phase.ACCEPTED)
    play.provider.tasks.clear()
    play.clock.start = EPOCH + timedelta(days=8)
    outcome = play.run()
    assert play.phases() == {"a": Phase.LOST}
    assert outcome.overdue == 0
    assert play.took_s < 1


# --- what breaks ---


class FullStore:
    """A disk that is full after a number of images."""

    def __init__(self, store, room):
        self._store = store
        self._room = room

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def receive(self, chunks):
        if self._room == 0:
            raise DiskFailed("the disk is full")
        self._room -= 1
        return await self._store.receive(chunks)


class SlowStore:
    """A disk that takes its time to place the files of `a`, and remembers what it placed."""

    def __init__(self, store):
        self._store = store
        self.placed = []

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def publish(self, image, stem):
        self.placed.append(stem)
        await asyncio.sleep(500 if stem.startswith("a/") else 0)
        return await self._store.publish(image, stem)


def test_a_job_that_is_in_the_air_is_not_taken_up_twice(stage):
    """The second pass reads `a` when the first has it done, but not yet placed."""
    play = stage("b", "c", "a", concurrency=2, shard_jobs=1)
    bring_to(play, "a", Phase.FETCHING)
    store = SlowStore(play.store)
    play.run(store=store)
    assert sorted(store.placed) == ["a/0-0", "b/0-0", "c/0-0"]


def test_a_full_disk_does_not_wait_for_slow_tasks(stage):
    play = stage("a", "slow", concurrency=2)
    play.provider.task_s_of["slow"] = 1000
    assert play.run(store=FullStore(play.store, 0)).stop is StopReason.DISK
    assert play.took_s < 20


def test_a_full_disk_ends_the_run_in_order_and_loses_nothing(stage):
    names = [f"p{number}" for number in range(8)]
    play = stage(*names, concurrency=3)
    outcome = play.run(store=FullStore(play.store, 2))
    assert (outcome.stop, outcome.message) == (StopReason.DISK, "the disk is full")
    assert not set(play.phases().values()) & {Phase.SUBMITTING, Phase.IN_DOUBT, Phase.FAILED}
    assert play.run().stop is None
    assert set(play.phases().values()) == {Phase.DONE}
    assert sorted(play.provider.billed) == names


@pytest.mark.parametrize(
    ("kind", "stop"),
    [(DiskFailed, StopReason.DISK), (RunError, StopReason.FAILURE), (LedgerDamaged, None)],
)
def test_an_accepted_id_that_cannot_be_recorded_is_in_the_message(stage, kind, stop):
    play = stage("a", "b", concurrency=2)
    play.ledger.faults[Event.ACCEPTED] = kind("it cannot be written")
    if kind is LedgerDamaged:
        with pytest.raises(LedgerDamaged) as raised:
            play.run()
        message = str(raised.value)
    else:
        outcome = play.run()
        assert outcome.stop is stop
        message = outcome.message
    for prompt, task in (("a", "task000000"), ("b", "task000001")):
        assert f"accepted hero/{prompt}/0 as prediction {task}" in message
    play.ledger.faults.clear()
    play.run()
    assert play.phases() == {"a": Phase.DONE, "b": Phase.DONE}
    assert len(play.provider.submits) == 2


def test_a_ledger_that_cannot_be_read_ends_the_run(stage):
    play = stage("a")
    plain = play.ledger.jobs

    def broken(*_):
        raise LedgerDamaged("page 7 is torn")

    play.ledger.jobs = broken
    with pytest.raises(LedgerDamaged, match="page 7"):
        play.run()
    play.ledger.jobs = plain
    assert play.provider.submits == []


def test_a_bug_is_raised_after_everything_in_flight_is_accounted_for(stage):
    play = stage("a", "b", "c", concurrency=2)

    def break_listener(_engine, ear):
        ear.react[Phase.FETCHING] = lambda: 1 / 0

    with pytest.raises(ZeroDivisionError):
        play.run(when=break_listener)
    assert not set(play.phases().values()) & {Phase.SUBMITTING, Phase.IN_DOUBT}
    play.run()
    assert sorted(play.provider.billed) == ["a", "b", "c"]


@pytest.mark.parametrize("after_commit", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("nth", range(1, 19))
def test_a_ledger_that_dies_at_any_entry_costs_nothing_twice(stage, nth, after_commit):
    """Three jobs make 18 entries; whichever is the first that fails, before or after its commit."""
    names = ["a", "b", "c"]
    play = stage(*names, images=3, concurrency=2)
    play.ledger.failure = LedgerDamaged("the power is gone")
    play.ledger.fail_at, play.ledger.fail_after_commit = nth, after_commit
    with pytest.raises(LedgerDamaged):
        play.run()
    play.ledger.fail_at = None
    assert play.run().stop is None
    phases = play.phases()
    assert set(phases.values()) <= {Phase.DONE, Phase.IN_DOUBT}
    for name in names:
        assert play.provider.billed.count(name) <= 1
        assert phases[name] is Phase.IN_DOUBT or play.provider.billed.count(name) == 1
    assert len(play.files()) == 3 * list(phases.values()).count(Phase.DONE)
