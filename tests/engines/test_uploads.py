"""Local images on their way to the service: once each, before the intent; found again by what they show."""

import asyncio
import hashlib
from datetime import timedelta
from decimal import Decimal

import pytest

from seedpipe.core.errors import Malformed, Refused, Unavailable, Uncertain
from seedpipe.core.lifecycle import Event, Phase
from seedpipe.core.policy import Orders, Redo
from seedpipe.core.records import StopReason, Upload
from seedpipe.core.references import reference
from tests.engines.stage import MODEL, planned
from tests.engines.test_adoption import take_over
from tests.fakes.clock import run_virtually
from tests.fakes.provider import RequestLost, picture

CUP, LAMP = picture("cup"), picture("lamp")
THEIRS = "https://example.com/light.png"


def digest(content):
    return hashlib.sha256(content).hexdigest()


def edit(prompt, *images, **more):
    """A planned job that refers to images: bytes are kept in the store, text is an address."""
    entries = [image if isinstance(image, str) else reference(digest(image)) for image in images]
    return planned(prompt, more={"images": entries}, **more)


@pytest.fixture
def play(stage):
    def build(*jobs, **pace):
        made = stage(*jobs, **pace)
        made.keep(CUP, LAMP)
        return made

    return build


def bodies(play):
    return [dict(entry.body) for entry in play.ledger.log if entry.body is not None]


def test_each_image_is_uploaded_once_and_its_address_is_what_is_sent(play):
    at_work = play(edit("a", CUP, THEIRS), edit("b", CUP), edit("c", LAMP, CUP), "d")
    at_work.run()
    assert set(at_work.phases().values()) == {Phase.DONE}
    urls = {content: url for url, content in at_work.provider.uploads.items()}
    assert len(at_work.provider.uploads) == 2
    assert {task.prompt: task.inputs.get("images") for task in at_work.provider.tasks.values()} == {
        "a": [urls[CUP], THEIRS],
        "b": [urls[CUP]],
        "c": [urls[LAMP], urls[CUP]],
        "d": None,
    }
    assert sorted(body["prompt"] for body in bodies(at_work)) == ["a", "b", "c", "d"]
    assert [task.inputs for task in at_work.provider.tasks.values() if task.prompt == "a"] == [
        body for body in bodies(at_work) if body["prompt"] == "a"
    ]


def test_a_second_run_uploads_nothing(play):
    at_work = play(edit("a", CUP))
    at_work.run()
    more = at_work.admit([*edit("a", CUP), *edit("b", CUP)])
    at_work.run(plan_id=more)
    assert sorted(at_work.provider.billed) == ["a", "b"]
    assert len(at_work.provider.uploads) == 1


@pytest.mark.parametrize(("days", "uploads"), [(5.9, 1), (6.1, 2), (-1, 2)])
def test_an_upload_that_the_service_will_soon_forget_is_made_anew(play, days, uploads):
    at_work = play(edit("a", CUP))
    at_work.provider.uploads["https://up.test/old.png"] = CUP
    at = at_work.clock.start - timedelta(days=days)
    at_work.ledger.record_upload(Upload(sha256=digest(CUP), url="https://up.test/old.png", at=at))
    at_work.run()
    assert len(at_work.provider.uploads) == uploads


@pytest.mark.parametrize(
    "faults", [[Unavailable("503", status=503)] * 3, [Malformed("HTML")], [Unavailable("429", status=429)]]
)
def test_an_upload_is_tried_again(play, faults):
    at_work = play(edit("a", CUP))
    at_work.provider.upload_faults = list(faults)
    assert at_work.run().stop is None
    assert at_work.phases() == {"a": Phase.DONE}


@pytest.mark.parametrize(
    ("faults", "stop"),
    [
        ([Unavailable("HTTP 503", status=503)] * 4, StopReason.UNAVAILABLE),
        ([Refused("HTTP 413", status=413)], StopReason.UNAVAILABLE),
        ([Refused("HTTP 401", status=401)], StopReason.BLOCKED),
    ],
)
def test_an_upload_that_fails_for_good_ends_the_submits_and_nothing_is_paid(play, faults, stop):
    at_work = play(edit("a", CUP), edit("b", CUP), concurrency=1)
    at_work.provider.upload_faults = list(faults)
    outcome = at_work.run()
    assert outcome.stop is stop
    assert "a reference image cannot be uploaded: HTTP" in outcome.message
    assert set(at_work.phases().values()) == {Phase.PLANNED}
    assert at_work.provider.submits == []
    assert at_work.ledger.committed_usd("aurora") == Decimal(0)
    at_work.run()
    assert set(at_work.phases().values()) == {Phase.DONE}


def test_an_image_that_is_not_kept_any_more_stops_the_run_before_anything_is_sent(play):
    at_work = play(edit("a", picture("never kept")))
    outcome = at_work.run()
    assert outcome.stop is StopReason.FAILURE
    assert "is no longer kept here" in outcome.message
    assert at_work.phases() == {"a": Phase.PLANNED}
    assert at_work.provider.submits == []


def test_the_address_is_on_record_before_the_intent(play):
    at_work = play(edit("a", CUP), edit("b", LAMP))
    at_work.run()
    intents = {
        entry.body["images"][0]: number
        for number, entry in enumerate(at_work.ledger.log)
        if entry.body is not None
    }
    recorded = dict(at_work.ledger.uploads_seen)
    assert len(recorded) == len(intents) == 2
    assert all(recorded[url] <= number for url, number in intents.items())


def test_a_stop_during_an_upload_leaves_the_job_planned(play):
    at_work = play(edit("a", CUP))
    at_work.provider.upload_s = 100

    def when(engine, _):
        asyncio.get_running_loop().call_later(5, engine.stop)

    assert at_work.run(when=when).stop is StopReason.INTERRUPTED
    assert at_work.phases() == {"a": Phase.PLANNED}
    assert at_work.took_s < 10


def test_images_that_the_service_could_not_read_are_uploaded_anew(play):
    at_work = play(edit("a", CUP))
    at_work.provider.fates_of["a"] = [("failed", 1402, "An input file could not be accessed.")]
    at_work.run()
    assert at_work.phases() == {"a": Phase.FAILED}
    at_work.run(orders=Orders(redo=frozenset({Redo.FAILED})))
    assert at_work.phases() == {"a": Phase.DONE}
    first, second = at_work.provider.tasks.values()
    assert first.inputs["images"] != second.inputs["images"]


class TestDoubts:
    @pytest.mark.parametrize("moves", [False, True])
    def test_a_lost_answer_is_found_by_what_the_images_show(self, play, moves):
        at_work = play(edit("a", CUP, THEIRS), edit("b", LAMP))
        at_work.provider.moves_uploads = moves
        at_work.provider.submit_faults_of["a"] = [Uncertain("reset")]
        assert at_work.run().held == 0
        assert set(at_work.phases().values()) == {Phase.DONE}
        assert sorted(at_work.provider.billed) == ["a", "b"]
        assert at_work.ledger.events()[Event.FOUND] == 1
        assert THEIRS not in at_work.provider.downloads, "what a campaign names is never fetched from here"

    def test_the_same_prompt_with_another_picture_is_another_request(self, play):
        """Both answers are lost and the list shows other addresses: each job gets its own picture."""
        at_work = play(edit("a", CUP), edit("a", LAMP))
        at_work.provider.moves_uploads = True
        at_work.provider.submit_faults = [Uncertain("reset")] * 2
        at_work.run()
        records = at_work.ledger.jobs(at_work.plan_id, 0, 2)
        asked = {
            record.job.request["images"][0]: at_work.provider.tasks[record.latest.prediction_id]
            for record in records
        }
        shown = {
            name: reference(digest(at_work.provider.uploads[task.inputs["images"][0]]))
            for name, task in asked.items()
        }
        assert shown == {name: name for name in shown}
        assert len(at_work.provider.billed) == 2

    def test_a_picture_of_another_is_not_taken_for_ours(self, play):
        at_work = play(edit("a", CUP))
        at_work.provider.uploads["https://up.test/theirs.png"] = LAMP
        at_work.provider.submit_faults_of["a"] = [RequestLost("reset")]
        theirs = {"prompt": "a", "max_images": 1, "images": ["https://up.test/theirs.png"]}
        run_virtually(_accept(at_work, theirs))
        at_work.run()
        assert at_work.ledger.events()[Event.SURELY_ABSENT] == 1
        assert at_work.phases() == {"a": Phase.DONE}

    def test_an_image_that_is_gone_leaves_the_doubt(self, play):
        at_work = play(edit("a", CUP))
        at_work.provider.submit_faults_of["a"] = [RequestLost("reset")]
        theirs = {"prompt": "a", "max_images": 1, "images": ["https://cdn.test/gone.png"]}
        at_work.provider.download_faults["https://cdn.test/gone.png"] = [Refused("404", status=404)] * 900
        for _ in range(2):  # two that may be it: counting does not tell
            run_virtually(_accept(at_work, theirs))
        assert at_work.run().held == 1
        assert at_work.phases() == {"a": Phase.IN_DOUBT}
        assert at_work.provider.billed == ["a", "a"]

    def test_a_resubmit_uses_the_upload_that_is_there(self, play):
        at_work = play(edit("a", CUP))
        at_work.provider.submit_faults_of["a"] = [RequestLost("reset")]
        at_work.run()
        assert at_work.phases() == {"a": Phase.DONE}
        assert len(at_work.provider.uploads) == 1


class TestAdoption:
    def test_what_others_paid_for_is_known_by_its_pictures(self, play):
        at_work = play(edit("a", CUP), edit("b", LAMP))
        at_work.provider.uploads["https://up.test/x.png"] = CUP
        theirs = {"prompt": "a", "max_images": 1, "images": ["https://up.test/x.png"]}
        other = {"prompt": "b", "max_images": 1, "images": ["https://up.test/x.png"]}
        for body in (theirs, other):
            run_virtually(_accept(at_work, body))
        assert take_over(at_work) == 1
        assert at_work.phases() == {"a": Phase.ACCEPTED, "b": Phase.PLANNED}
        assert at_work.provider.downloads == ["https://up.test/x.png"]

    def test_an_image_that_cannot_be_read_just_now_is_asked_again(self, play):
        at_work = play(edit("a", CUP))
        at_work.provider.uploads["https://up.test/x.png"] = CUP
        at_work.provider.download_faults["https://up.test/x.png"] = [Unavailable("503", status=503)] * 2
        theirs = {"prompt": "a", "max_images": 1, "images": ["https://up.test/x.png"]}
        run_virtually(_accept(at_work, theirs))
        assert take_over(at_work) == 1


async def _accept(at_work, body):
    at_work.provider.accept(MODEL, body)
