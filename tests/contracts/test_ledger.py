"""What every ledger promises: each of `LEDGERS` runs this suite."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import partial
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seedpipe.core.errors import InputError, RunError
from seedpipe.core.lifecycle import (
    INTENTS,
    TRANSITIONS,
    Event,
    IllegalTransition,
    Phase,
    advance,
    holds_money,
    opens_attempt,
)
from seedpipe.core.model import job_id
from seedpipe.core.records import PhaseTotal, RunEnd, RunRecord, Step, StopReason, Upload, Verdict
from tests.contracts.ledger_plans import (
    AT,
    MODEL,
    PRICE,
    a_header,
    a_job,
    a_prediction,
    a_run,
    an_entry,
    an_output,
    some_cells,
)
from tests.contracts.ledgers import LEDGERS

PLAN = a_header().plan_id
CAMPAIGNS = count()


@pytest.fixture(params=LEDGERS)
def opened(request, tmp_path):
    """A function that opens the test's ledger, again after `close`."""
    ledgers = []

    def open_ledger():
        ledgers.append(LEDGERS[request.param](tmp_path, "sandbox"))
        return ledgers[-1]

    yield open_ledger
    for ledger in ledgers:
        ledger.close()


@pytest.fixture
def ledger(opened):
    return opened()


@pytest.fixture
def jobs(ledger):
    """The ids of an admitted plan of six jobs with a run under way."""
    ledger.admit(a_header(), some_cells(6))
    ledger.begin_run(a_run())
    return [record.job.job_id for record in ledger.jobs(PLAN, 0, 6)]


def walk(ledger, job, *events, **more):
    for event in events:
        assert ledger.record([an_entry(job, event, **more)]) == [Verdict.RECORDED]


def of_size(job, size):
    request = {**job.request, "size": size}
    return replace(job, request=request, job_id=job_id(MODEL, request))


def one(ledger, job):
    (record,) = ledger.find(PLAN, job)
    return record


TO_SUBMITTING = (Event.INTENT_RECORDED,)
TO_DOUBT = (*TO_SUBMITTING, Event.UNKNOWN)
TO_ACCEPTED = (*TO_SUBMITTING, Event.ACCEPTED)
TO_FETCHING = (*TO_ACCEPTED, Event.COMPLETED)
TO_DONE = (*TO_FETCHING, Event.OUTPUT_STORED, Event.SET_COMPLETE)
WAY_TO_DONE = (Phase.SUBMITTING, Phase.ACCEPTED, Phase.FETCHING, Phase.FETCHING, Phase.DONE)


class TestPlans:
    def test_a_plan_comes_back_as_it_went_in(self, ledger):
        cells = list(some_cells(5, cells_per_job=3))
        ledger.admit(a_header(), iter(cells))
        records = ledger.jobs(PLAN, 0, 99)
        assert ledger.plan_header(PLAN) == a_header()
        assert ledger.job_count(PLAN) == 5
        assert [record.job for record in records] == [planned.job for planned in cells if planned.opens_job]
        for record in records:
            assert list(record.cells) == [p.cell for p in cells if p.job.job_id == record.job.job_id]
            assert list(record.cells[0].axes) == ["product", "market"]
            assert (record.phase, record.attempts, record.outputs) == (Phase.PLANNED, (), ())

    @pytest.mark.parametrize(
        ("start", "stop", "expected"),
        [(0, 2, [0, 1]), (2, 4, [2, 3]), (4, 99, [4, 5]), (6, 9, []), (3, 3, [])],
    )
    def test_a_range_follows_the_order_of_the_plan(self, ledger, jobs, start, stop, expected):
        assert [r.job.job_id for r in ledger.jobs(PLAN, start, stop)] == [jobs[i] for i in expected]

    def test_a_known_plan_is_not_even_read_again(self, ledger):
        ledger.admit(a_header(), some_cells(3))

        def unwanted():
            raise AssertionError("the stream of a known plan was read")
            yield

        ledger.admit(a_header(), unwanted())
        assert ledger.job_count(PLAN) == 3

    @pytest.mark.parametrize("good_cells", [0, 3, 1700])
    def test_a_stream_that_fails_leaves_nothing_behind(self, ledger, good_cells):
        def failing():
            yield from some_cells(good_cells)
            raise InputError("the campaign has faults")

        with pytest.raises(InputError, match="faults"):
            ledger.admit(a_header(), failing())
        with pytest.raises(KeyError):
            ledger.plan_header(PLAN)
        ledger.admit(a_header(), some_cells(2))
        assert ledger.job_count(PLAN) == 2

    def test_a_job_of_two_plans_has_one_history_and_the_price_of_the_plan_that_asks(self, ledger, jobs):
        walk(ledger, jobs[0], *TO_DONE)
        other = a_header(edition="2")
        ledger.admit(other, some_cells(2, cost_usd=Decimal("0.08")))
        done, planned = ledger.jobs(other.plan_id, 0, 9)
        assert (done.phase, done.latest.cost_usd, done.job.cost_usd) == (Phase.DONE, PRICE, Decimal("0.08"))
        assert planned.phase is Phase.PLANNED

    def test_a_price_finer_than_a_millionth_is_an_error(self, ledger):
        with pytest.raises(ValueError, match="millionths"):
            ledger.admit(a_header(), some_cells(1, cost_usd=Decimal("0.0000001")))
        with pytest.raises(KeyError):
            ledger.plan_header(PLAN)

    @pytest.mark.parametrize(
        "opening", [lambda cell: replace(cell, opens_job=False), lambda cell: replace(cell, opens_job=True)]
    )
    def test_a_job_is_opened_once_and_by_its_first_cell(self, ledger, opening):
        with pytest.raises(ValueError, match="contradicts"):
            ledger.admit(a_header(), map(opening, some_cells(2, cells_per_job=2)))
        with pytest.raises(KeyError):
            ledger.plan_header(PLAN)

    def test_a_request_that_was_not_known_is_learnt_and_stays(self, ledger):
        (cell,) = some_cells(1)
        unknown = replace(cell, job=replace(cell.job, request={}))
        for edition, planned, request in (("1", unknown, {}), ("2", cell, cell.job.request)):
            ledger.admit(a_header(edition=edition), [planned])
            assert one(ledger, cell.job.job_id).job.request == request
        ledger.admit(a_header(edition="3"), [unknown])
        assert one(ledger, cell.job.job_id).job.is_known

    def test_an_empty_plan_is_a_plan(self, ledger):
        ledger.admit(a_header(), iter(()))
        assert (ledger.job_count(PLAN), ledger.jobs(PLAN, 0, 9), ledger.tally(PLAN)) == (0, [], {})

    @pytest.mark.parametrize("method", ["job_count", "plan_header", "tally", "billed"])
    def test_an_unknown_plan_is_a_key_error(self, ledger, method):
        with pytest.raises(KeyError):
            getattr(ledger, method)("nowhere")


class TestRuns:
    def test_a_run_is_remembered_with_its_end(self, ledger, opened):
        ledger.admit(a_header(), some_cells(1))
        start = a_run(purse="1.25", budget="40", month="300.5")
        ledger.begin_run(start)
        assert ledger.latest_run() == RunRecord(start=start, end=None)
        end = RunEnd(run_id="run-1", finished_at=AT, exit_code=3, stop=StopReason.PURSE, message="€ short")
        ledger.end_run(end)
        ledger.close()
        assert opened().latest_run("autumn") == RunRecord(start=start, end=end)

    def test_the_latest_run_is_the_one_that_began_last(self, ledger):
        spring = a_header("spring")
        for header in (a_header(), spring):
            ledger.admit(header, some_cells(1))
        ledger.begin_run(a_run("one"))
        ledger.begin_run(a_run("two", header=spring))
        assert ledger.latest_run().start.run_id == "two"
        assert ledger.latest_run("autumn").start.run_id == "one"
        assert ledger.latest_run("winter") is None

    def test_the_folder_of_a_campaign_is_that_of_its_latest_run_in_this_profile(self, ledger):
        draft = replace(a_header(edition="2"), variant={"profile": "draft"})
        edited, spring = a_header(edition="3"), a_header("spring")
        for header in (a_header(), draft, edited, spring):
            ledger.admit(header, some_cells(1))
        assert ledger.latest_out(a_header()) is None
        ledger.begin_run(a_run("one", out="/tmp/o2"))
        ledger.begin_run(a_run("two", header=draft, out="out/autumn@draft"))
        ledger.begin_run(a_run("three", header=spring, out="elsewhere"))
        assert ledger.latest_out(edited) == ledger.latest_out(a_header()) == "/tmp/o2"
        assert ledger.latest_out(draft) == "out/autumn@draft"
        assert ledger.latest_run("spring").start.out == "elsewhere"
        ledger.begin_run(a_run("four", header=edited))
        assert ledger.latest_out(a_header()) is None

    def test_each_plan_s_latest_run_is_known_the_newest_first(self, ledger):
        spring = a_header("spring")
        for header in (a_header(), spring):
            ledger.admit(header, some_cells(1))
        for name, header in (("one", a_header()), ("two", spring), ("three", a_header())):
            ledger.begin_run(a_run(name, header=header))
        assert [run.start.run_id for run in ledger.runs_of_plans()] == ["three", "two"]

    def test_what_a_dead_run_was_sending_is_in_doubt_and_keeps_its_money(self, ledger, jobs, opened):
        walk(ledger, jobs[0], *TO_SUBMITTING)
        walk(ledger, jobs[1], *TO_SUBMITTING)
        walk(ledger, jobs[2], *TO_ACCEPTED)
        ledger.close()
        ledger = opened()
        assert ledger.begin_run(a_run("run-2")) == 2
        assert ledger.phases(jobs) == {
            jobs[0]: Phase.IN_DOUBT,
            jobs[1]: Phase.IN_DOUBT,
            jobs[2]: Phase.ACCEPTED,
        }
        assert "ended before the answer came" in one(ledger, jobs[0]).latest.error
        assert ledger.committed_usd("autumn") == 3 * PRICE
        assert ledger.begin_run(a_run("run-3")) == 0

    def test_a_run_needs_an_admitted_plan(self, ledger):
        with pytest.raises(KeyError):
            ledger.begin_run(a_run())
        assert ledger.latest_run() is None

    def test_a_run_begins_once(self, ledger, jobs):
        walk(ledger, jobs[0], *TO_SUBMITTING)
        with pytest.raises(ValueError, match="contradicts"):
            ledger.begin_run(a_run())
        assert ledger.phases(jobs) == {jobs[0]: Phase.SUBMITTING}

    def test_only_a_run_that_began_can_end(self, ledger):
        with pytest.raises(KeyError):
            ledger.end_run(RunEnd(run_id="never", finished_at=AT, exit_code=0))


class TestAttempts:
    def test_the_history_of_a_job_that_went_well(self, ledger, jobs, opened):
        walk(ledger, jobs[0], *TO_DONE)
        ledger.close()
        record = one(opened(), jobs[0])
        attempt = record.latest
        assert (attempt.number, attempt.phase, attempt.cost_usd) == (1, Phase.DONE, PRICE)
        assert (attempt.intent_at, attempt.accepted_at, attempt.finished_at) == (AT, AT, AT)
        assert attempt.prediction_id == a_prediction(jobs[0]).prediction_id
        assert attempt.urls == ("https://cdn.example/1.png", "https://cdn.example/2.png")
        assert (attempt.run_id, attempt.inference_ms, attempt.error) == ("run-1", 4321, "")
        assert record.outputs == (an_output(jobs[0], 0), an_output(jobs[0], 1))

    def test_an_illegal_event_records_nothing_of_its_batch(self, ledger, jobs):
        batch = [an_entry(jobs[0], Event.INTENT_RECORDED), an_entry(jobs[1], Event.ACCEPTED)]
        with pytest.raises(IllegalTransition):
            ledger.record(batch)
        assert ledger.phases(jobs) == {}
        assert ledger.committed_usd("autumn") == 0

    def test_every_pair_of_phase_and_event_is_as_the_table_says(self, ledger, jobs):
        reached = {
            Phase.PLANNED: (),
            Phase.SUBMITTING: TO_SUBMITTING,
            Phase.IN_DOUBT: TO_DOUBT,
            Phase.ACCEPTED: TO_ACCEPTED,
            Phase.FETCHING: TO_FETCHING,
            Phase.DONE: TO_DONE,
        }
        for (phase, events), job in zip(reached.items(), jobs, strict=True):
            walk(ledger, job, *events)
            for event in Event:
                if (phase, event) not in TRANSITIONS:
                    with pytest.raises(IllegalTransition):
                        ledger.record([an_entry(job, event)])
            assert one(ledger, job).phase is phase

    @pytest.mark.parametrize(
        "back", [Event.NOT_SENT, Event.UNAVAILABLE, Event.RATE_LIMITED, Event.BLOCKED, Event.SURELY_ABSENT]
    )
    def test_what_was_surely_not_accepted_keeps_its_number(self, ledger, jobs, back):
        walk(ledger, jobs[0], *(TO_DOUBT if back is Event.SURELY_ABSENT else TO_SUBMITTING))
        ledger.record([an_entry(jobs[0], back, error="come back later", error_code=1)])
        attempt = one(ledger, jobs[0]).latest
        assert (attempt.phase, attempt.error, attempt.error_code) == (Phase.PLANNED, "come back later", 1)
        assert ledger.committed_usd("autumn") == 0
        walk(ledger, jobs[0], Event.INTENT_RECORDED)
        record = one(ledger, jobs[0])
        assert [a.number for a in record.attempts] == [1]
        assert (record.latest.error, record.latest.error_code) == ("", None)

    def test_a_redo_is_a_new_attempt_that_keeps_the_old_one_paid(self, ledger, jobs):
        walk(ledger, jobs[0], *TO_DONE)
        walk(ledger, jobs[0], Event.REDO_INTENDED)
        record = one(ledger, jobs[0])
        assert [(a.number, a.phase) for a in record.attempts] == [(1, Phase.DONE), (2, Phase.SUBMITTING)]
        assert (record.outputs, [len(take) for take in record.earlier]) == ((), [2])
        assert ledger.committed_usd("autumn") == 2 * PRICE
        walk(ledger, jobs[0], *TO_DONE[1:], task="second")
        record = one(ledger, jobs[0])
        assert [a.phase for a in record.attempts] == [Phase.DONE, Phase.DONE]
        assert [len(take) for take in record.takes] == [2, 2]
        assert ledger.committed_usd("autumn") == 2 * PRICE

    @pytest.mark.parametrize(
        ("cap", "verdict"), [("purse", Verdict.OVER_PURSE), ("budget", Verdict.OVER_BUDGET)]
    )
    def test_a_redo_that_does_not_fit_leaves_the_job_as_it_was(self, ledger, jobs, cap, verdict):
        ledger.begin_run(a_run("run-2", **{cap: str(PRICE + PRICE / 2)}))
        walk(ledger, jobs[0], *TO_DONE, run_id="run-2")
        before = one(ledger, jobs[0])
        redo = an_entry(jobs[0], Event.REDO_INTENDED, run_id="run-2")
        assert ledger.record([redo]) == [verdict]
        assert one(ledger, jobs[0]) == before
        assert ledger.committed_usd("autumn") == PRICE

    def test_what_others_paid_after_a_failure_here_is_a_new_attempt(self, ledger, jobs):
        walk(ledger, jobs[0], *TO_SUBMITTING, Event.REFUSED)
        said = replace(a_prediction("theirs"), created_at=AT - timedelta(days=3))
        walk(ledger, jobs[0], Event.ADOPTED, run_id=None, prediction=said, cost_usd=Decimal("0.01"))
        record = one(ledger, jobs[0])
        assert [a.phase for a in record.attempts] == [Phase.FAILED, Phase.ACCEPTED]
        assert (record.latest.accepted_at, record.latest.run_id) == (AT - timedelta(days=3), None)
        assert record.latest.cost_usd == ledger.committed_usd("autumn") == Decimal("0.01")

    def test_what_the_service_has_flagged_is_remembered(self, ledger, jobs):
        walk(ledger, jobs[0], *TO_ACCEPTED)
        said = replace(a_prediction(jobs[0], status="completed", outputs=("u", "v")), flagged=frozenset({1}))
        walk(ledger, jobs[0], Event.COMPLETED, prediction=said)
        assert one(ledger, jobs[0]).latest.flagged == {1}

    def test_a_failure_keeps_the_words_of_the_service(self, ledger, jobs):
        walk(ledger, jobs[0], *TO_ACCEPTED)
        said = replace(a_prediction(jobs[0], status="failed"), code=1200, error="moderated \ud800\x00")
        ledger.record([an_entry(jobs[0], Event.PROVIDER_FAILED, prediction=said)])
        attempt = one(ledger, jobs[0]).latest
        assert (attempt.phase, attempt.error_code) == (Phase.FAILED, 1200)
        assert attempt.error.startswith("moderated")
        assert attempt.finished_at == AT
        assert ledger.committed_usd("autumn") == 0

    def test_a_number_too_large_to_mean_anything_stops_nothing(self, ledger, jobs):
        walk(ledger, jobs[0], *TO_ACCEPTED)
        said = replace(a_prediction(jobs[0], status="failed"), code=10**30, error="odd")
        ledger.record([an_entry(jobs[0], Event.PROVIDER_FAILED, prediction=said)])
        assert one(ledger, jobs[0]).latest.error_code is None

    def test_a_url_that_may_be_signed_is_not_kept_but_counts(self, ledger, jobs, tmp_path):
        signed = ("https://cdn.example/1.png?sig=canary", "https://cdn.example/2.png")
        events = [Event.INTENT_RECORDED, Event.ACCEPTED]
        ledger.record([an_entry(jobs[0], event) for event in events])
        shown = a_prediction(jobs[0], status="completed", outputs=signed)
        ledger.record([replace(an_entry(jobs[0], Event.COMPLETED), prediction=shown)])
        [record] = ledger.jobs(PLAN, 0, 1)
        assert record.latest.urls == ("", "https://cdn.example/2.png")
        ledger.close()
        kept = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
        assert b"canary" not in kept

    def test_fresh_urls_keep_what_is_already_home(self, ledger, jobs):
        walk(ledger, jobs[0], *TO_FETCHING, Event.OUTPUT_STORED, Event.URLS_EXPIRED)
        record = one(ledger, jobs[0])
        assert (record.phase, record.outputs) == (Phase.ACCEPTED, (an_output(jobs[0], 0),))
        fresh = a_prediction(jobs[0], status="completed", outputs=("https://cdn.example/fresh.png",))
        walk(ledger, jobs[0], Event.COMPLETED, prediction=fresh)
        record = one(ledger, jobs[0])
        assert record.latest.urls == ("https://cdn.example/fresh.png",)
        assert record.outputs == (an_output(jobs[0], 0),)

    def test_an_output_stored_twice_is_one_output(self, ledger, jobs):
        walk(ledger, jobs[0], *TO_FETCHING, Event.OUTPUT_STORED, Event.OUTPUT_STORED)
        newer = an_output(jobs[0], 0, sha256="f" * 64)
        walk(ledger, jobs[0], Event.OUTPUT_STORED, output=newer)
        assert one(ledger, jobs[0]).outputs == (newer,)

    def test_a_missing_output_reopens_a_done_job_without_buying_it(self, ledger, jobs):
        walk(ledger, jobs[0], *TO_DONE, Event.OUTPUT_MISSING)
        attempt = one(ledger, jobs[0]).latest
        assert (attempt.phase, attempt.finished_at, attempt.accepted_at) == (Phase.ACCEPTED, None, AT)
        assert ledger.committed_usd("autumn") == PRICE

    def test_a_task_belongs_to_one_attempt(self, ledger, jobs):
        walk(ledger, jobs[0], *TO_ACCEPTED, task="same")
        walk(ledger, jobs[1], *TO_SUBMITTING)
        with pytest.raises(RunError, match="already belongs"):
            ledger.record([an_entry(jobs[1], Event.ACCEPTED, task="same")])
        assert ledger.phases(jobs[:2]) == {jobs[0]: Phase.ACCEPTED, jobs[1]: Phase.SUBMITTING}

    @pytest.mark.parametrize(
        ("events", "missing"),
        [
            ((), {"event": Event.INTENT_RECORDED, "owner": None}),
            ((), {"event": Event.INTENT_RECORDED, "body": None}),
            ((), {"event": Event.INTENT_RECORDED, "run_id": None}),
            (TO_SUBMITTING, {"event": Event.ACCEPTED, "prediction": None}),
            (TO_DOUBT, {"event": Event.FOUND, "prediction": None}),
            (TO_ACCEPTED, {"event": Event.COMPLETED, "prediction": None}),
            (TO_ACCEPTED, {"event": Event.COMPLETED, "prediction": a_prediction("another")}),
            (TO_FETCHING, {"event": Event.OUTPUT_STORED, "output": None}),
            (TO_FETCHING, {"event": Event.OUTPUT_STORED, "output": an_output("another", 0)}),
            ((), {"event": Event.INTENT_RECORDED, "at": AT.replace(tzinfo=None)}),
        ],
    )
    def test_an_entry_that_would_leave_a_gap_is_refused(self, ledger, jobs, events, missing):
        walk(ledger, jobs[0], *events)
        before = one(ledger, jobs[0])
        entry = replace(an_entry(jobs[0], missing["event"]), **missing)
        with pytest.raises(ValueError, match=r"."):
            ledger.record([entry])
        assert one(ledger, jobs[0]) == before

    @pytest.mark.parametrize("unknown", [{"job_id": "nobody"}, {"run_id": "never"}])
    def test_an_unknown_job_or_run_is_a_key_error(self, ledger, jobs, unknown):
        with pytest.raises(KeyError):
            ledger.record([replace(an_entry(jobs[0], Event.INTENT_RECORDED), **unknown)])

    def test_times_are_kept_to_the_microsecond_and_told_in_utc(self, ledger, jobs):
        odd = datetime(2031, 1, 2, 3, 4, 5, 999_999, tzinfo=timezone(timedelta(hours=-7)))
        walk(ledger, jobs[0], Event.INTENT_RECORDED, at=odd)
        kept = one(ledger, jobs[0]).latest.intent_at
        assert (kept, kept.tzinfo) == (odd, UTC)


class TestDoubts:
    def test_open_requests_are_those_on_their_way_or_in_doubt(self, ledger, jobs):
        walk(ledger, jobs[0], *TO_SUBMITTING, body={"prompt": "to the letter", "n": 1})
        walk(ledger, jobs[1], *TO_DOUBT, at=AT - timedelta(seconds=1))
        walk(ledger, jobs[2], *TO_ACCEPTED)
        second, first = ledger.open_requests(PLAN)[::-1]
        assert [r.record.phase for r in (first, second)] == [Phase.IN_DOUBT, Phase.SUBMITTING]
        assert (second.record, second.body) == (one(ledger, jobs[0]), {"prompt": "to the letter", "n": 1})
        assert (first.intent_at, second.intent_at) == (AT - timedelta(seconds=1), AT)
        assert first.absences == second.absences == 0

    def test_the_body_is_that_of_the_latest_intent(self, ledger, jobs):
        walk(ledger, jobs[0], *TO_DOUBT, Event.SURELY_ABSENT)
        walk(ledger, jobs[0], *TO_DOUBT, body={"prompt": "again"})
        walk(ledger, jobs[1], Event.INTENT_RECORDED, Event.NOT_SENT)
        (request,) = ledger.open_requests(PLAN)
        assert (request.body, request.absences) == ({"prompt": "again"}, 1)

    def test_doubts_of_other_plans_have_no_cells(self, ledger, jobs):
        walk(ledger, jobs[0], *TO_DOUBT)
        other = a_header("spring")
        ledger.admit(other, some_cells(1, tag="s"))
        (request,) = ledger.open_requests(other.plan_id)
        assert (request.record.job.job_id, request.record.cells) == (jobs[0], ())
        assert request.record.job.cost_usd == PRICE

    def test_open_requests_of_an_unknown_plan_are_a_key_error(self, ledger):
        with pytest.raises(KeyError):
            ledger.open_requests("nowhere")

    def test_predictions_that_belong_to_an_attempt(self, ledger, jobs):
        walk(ledger, jobs[0], *TO_DONE)
        walk(ledger, jobs[1], *TO_DOUBT, Event.FOUND)
        mine = {a_prediction(job).prediction_id: job for job in jobs[:2]}
        assert ledger.owned([*mine, "stranger"]) == mine
        assert ledger.owned([]) == {}

    def test_what_was_sent_for_predictions(self, ledger, jobs):
        """Of what was adopted nobody here knows the body: it was asked by the job's request."""
        walk(ledger, jobs[0], *TO_DONE, body={"prompt": "to the letter", "n": 1})
        walk(ledger, jobs[1], Event.ADOPTED)
        walk(ledger, jobs[2], *TO_DOUBT)
        first, second = (a_prediction(job).prediction_id for job in jobs[:2])
        assert ledger.sent([first, second, "stranger"]) == {
            first: {"prompt": "to the letter", "n": 1},
            second: dict(one(ledger, jobs[1]).job.request),
        }
        assert ledger.sent([]) == {}

    def test_what_was_sent_is_told_of_each_attempt(self, ledger, jobs):
        walk(ledger, jobs[0], *TO_DONE, body={"prompt": "first"}, task="one")
        walk(ledger, jobs[0], Event.REDO_INTENDED, body={"prompt": "second"})
        walk(ledger, jobs[0], Event.ACCEPTED, task="two")
        tasks = [a_prediction(task).prediction_id for task in ("one", "two")]
        assert [ledger.sent(tasks)[task] for task in tasks] == [{"prompt": "first"}, {"prompt": "second"}]

    def test_predictions_by_the_time_they_were_accepted(self, ledger, jobs):
        for number, job in enumerate(jobs[:4]):
            walk(ledger, job, *TO_ACCEPTED, at=AT + timedelta(seconds=number))
        walk(ledger, jobs[2], Event.VANISHED)
        found = ledger.accepted_between(MODEL, AT + timedelta(seconds=1), AT + timedelta(seconds=3))
        assert found == {a_prediction(jobs[n]).prediction_id: AT + timedelta(seconds=n) for n in (1, 3)}
        assert ledger.accepted_between("another/model", AT, AT + timedelta(days=1)) == {}

    def test_an_acceptance_counts_by_the_services_clock_if_it_told_its_time(self, ledger, jobs):
        """Our clock may have been wrong then, and be right when a list is held against it."""
        walk(ledger, jobs[0], *TO_ACCEPTED[:-1])
        wrong = AT + timedelta(minutes=50)
        entry = an_entry(jobs[0], Event.ACCEPTED, at=wrong, service_at=AT, prediction=a_prediction(jobs[0]))
        ledger.record([entry])
        assert ledger.accepted_between(MODEL, AT, AT) == {a_prediction(jobs[0]).prediction_id: AT}

    @pytest.mark.parametrize(
        ("events", "made"), [((*TO_DOUBT, Event.FOUND), True), ((Event.ADOPTED,), True), (TO_ACCEPTED, False)]
    )
    def test_what_was_found_later_counts_from_its_making(self, ledger, jobs, events, made):
        later = AT + timedelta(hours=1)
        walk(ledger, jobs[0], *events, at=later)  # the prediction was made at AT
        assert one(ledger, jobs[0]).latest.accepted_at == (AT if made else later)


class TestUploads:
    """Images that the service has already, by content and by address."""

    ONE, OTHER = "1" * 64, "2" * 64

    def test_an_upload_is_remembered_after_a_restart(self, opened):
        ledger = opened()
        kept = Upload(sha256=self.ONE, url="https://up.test/a?sig=1", at=AT)
        ledger.record_upload(kept)
        ledger.close()
        again = opened()
        assert again.uploads([self.ONE, self.OTHER]) == {self.ONE: kept}
        assert again.uploaded([kept.url, "https://up.test/z"]) == {kept.url: self.ONE}

    def test_the_latest_counts_and_every_address_is_known(self, ledger):
        for number, later in enumerate((0, 1)):
            at = AT + timedelta(days=later)
            ledger.record_upload(Upload(sha256=self.ONE, url=f"https://up.test/{number}", at=at))
        assert ledger.uploads([self.ONE])[self.ONE].url == "https://up.test/1"
        assert set(ledger.uploaded(["https://up.test/0", "https://up.test/1"]).values()) == {self.ONE}

    def test_a_withdrawn_one_is_used_no_more_and_still_known(self, ledger):
        ledger.record_upload(Upload(sha256=self.ONE, url="https://up.test/a", at=AT))
        ledger.record_upload(Upload(sha256=self.OTHER, url="https://up.test/b", at=AT))
        ledger.withdraw_uploads([self.ONE])
        assert list(ledger.uploads([self.ONE, self.OTHER])) == [self.OTHER]
        assert ledger.uploaded(["https://up.test/a"]) == {"https://up.test/a": self.ONE}
        again = Upload(sha256=self.ONE, url="https://up.test/c", at=AT)
        ledger.record_upload(again)
        assert ledger.uploads([self.ONE]) == {self.ONE: again}


class TestMoney:
    @pytest.mark.parametrize(
        ("caps", "verdict"),
        [
            ({"purse": "0.162"}, None),
            ({"purse": "0.161999"}, Verdict.OVER_PURSE),
            ({"purse": "0.16199999999"}, Verdict.OVER_PURSE),
            ({"budget": "0.162"}, None),
            ({"budget": "0.161999"}, Verdict.OVER_BUDGET),
            ({"month": "0.162"}, None),
            ({"month": "0.161999"}, Verdict.OVER_MONTH),
            ({"purse": "0.1", "budget": "0.1", "month": "0.1"}, Verdict.OVER_PURSE),
            ({"purse": "9", "budget": "0.12"}, Verdict.OVER_BUDGET),
            ({}, None),
        ],
    )
    def test_the_third_intent_meets_the_caps(self, ledger, caps, verdict):
        ledger.admit(a_header(), some_cells(4))
        ledger.begin_run(a_run(**caps))
        jobs = [a_job(number).job_id for number in range(3)]
        verdicts = ledger.record([an_entry(job, Event.INTENT_RECORDED) for job in jobs])
        fits = 1 if caps.get("purse") == "0.1" else 2
        assert verdicts == [Verdict.RECORDED if verdict is None or i < fits else verdict for i in range(3)]
        assert len(ledger.phases(jobs)) == verdicts.count(Verdict.RECORDED)
        assert ledger.committed_usd("autumn") == PRICE * verdicts.count(Verdict.RECORDED)

    def test_a_declined_intent_stops_only_itself(self, ledger, jobs):
        ledger.begin_run(a_run("poor", purse="0.06"))
        walk(ledger, jobs[0], Event.INTENT_RECORDED, run_id="poor")
        batch = [
            an_entry(jobs[1], Event.INTENT_RECORDED, run_id="poor"),
            an_entry(jobs[0], Event.NOT_SENT),
            an_entry(jobs[2], Event.INTENT_RECORDED, run_id="poor"),
        ]
        assert ledger.record(batch) == [Verdict.OVER_PURSE, Verdict.RECORDED, Verdict.RECORDED]
        assert ledger.phases(jobs) == {jobs[0]: Phase.PLANNED, jobs[2]: Phase.SUBMITTING}

    def test_a_purse_is_one_runs_and_a_budget_the_campaigns_whole_life(self, ledger, jobs):
        walk(ledger, jobs[0], *TO_DONE)
        ledger.begin_run(a_run("run-2", purse="0.054", budget="0.12"))
        batch = [an_entry(job, Event.INTENT_RECORDED, run_id="run-2") for job in jobs[1:3]]
        assert ledger.record(batch) == [Verdict.RECORDED, Verdict.OVER_PURSE]
        ledger.begin_run(a_run("run-3", purse="1", budget="0.12"))
        assert ledger.record([an_entry(jobs[2], Event.INTENT_RECORDED, run_id="run-3")]) == [
            Verdict.OVER_BUDGET
        ]

    @pytest.mark.parametrize(
        ("caps", "verdict"),
        [
            ({"budget": "0.162", "elsewhere": "0.054"}, Verdict.RECORDED),
            ({"budget": "0.162", "elsewhere": "0.055"}, Verdict.OVER_BUDGET),
            ({"budget": "0.162", "elsewhere": "9"}, Verdict.OVER_BUDGET),
            ({"month": "0.162", "elsewhere": "9", "elsewhere_month": "0.054"}, Verdict.RECORDED),
            ({"month": "0.162", "elsewhere_month": "0.055"}, Verdict.OVER_MONTH),
            ({"purse": "0.054", "elsewhere": "9", "elsewhere_month": "9"}, Verdict.RECORDED),
        ],
    )
    def test_what_others_have_paid_counts_against_the_life_and_the_month(self, ledger, jobs, caps, verdict):
        walk(ledger, jobs[0], *TO_DONE)
        ledger.begin_run(a_run("run-2", **caps))
        assert ledger.record([an_entry(jobs[1], Event.INTENT_RECORDED, run_id="run-2")]) == [verdict]

    def test_a_run_remembers_what_others_had_paid_when_it_began(self, ledger):
        ledger.admit(a_header(), some_cells(1))
        start = a_run("run-2", budget="5", elsewhere="1.25", elsewhere_month="0.000001")
        ledger.begin_run(start)
        assert ledger.latest_run().start == start

    def test_another_campaigns_money_is_not_touched(self, ledger, jobs):
        spring = a_header("spring")
        ledger.admit(spring, some_cells(2, tag="s"))
        ledger.begin_run(a_run("run-s", header=spring, budget="0.06"))
        walk(ledger, jobs[0], *TO_DONE)
        walk(ledger, a_job(0, tag="s").job_id, Event.INTENT_RECORDED, run_id="run-s")
        assert (ledger.committed_usd("autumn"), ledger.committed_usd("spring")) == (PRICE, PRICE)
        assert ledger.committed_usd("winter") == 0

    def test_a_month_is_the_brands_and_begins_anew(self, ledger, jobs):
        spring = a_header("spring")
        ledger.admit(spring, some_cells(3, tag="s"))
        walk(ledger, jobs[0], *TO_DONE)
        ledger.begin_run(a_run("run-s", header=spring, month="0.1"))
        ids = [a_job(number, tag="s").job_id for number in range(3)]
        intent = partial(an_entry, event=Event.INTENT_RECORDED, run_id="run-s")
        assert ledger.record([intent(ids[0])]) == [Verdict.OVER_MONTH]
        midnight = datetime(2026, 12, 1, tzinfo=timezone(timedelta(hours=9)))  # still November in UTC
        assert ledger.record([intent(ids[0], at=midnight)]) == [Verdict.OVER_MONTH]
        december = midnight + timedelta(hours=9)
        assert ledger.record([intent(ids[0], at=december)]) == [Verdict.RECORDED]
        assert ledger.month_usd("aurora", AT) == ledger.month_usd("aurora", december) == PRICE
        assert ledger.month_usd("other", AT) == 0

    def test_what_fails_is_given_back_to_the_month_that_held_it(self, ledger, jobs):
        walk(ledger, jobs[0], *TO_ACCEPTED)
        later = AT + timedelta(days=30)
        walk(ledger, jobs[0], Event.PROVIDER_FAILED, prediction=a_prediction(jobs[0]), at=later)
        assert ledger.month_usd("aurora", AT) == ledger.month_usd("aurora", later) == 0
        walk(ledger, jobs[0], Event.REDO_INTENDED, at=later)
        assert (ledger.month_usd("aurora", AT), ledger.month_usd("aurora", later)) == (0, PRICE)

    def test_a_task_that_is_adopted_counts_in_the_month_it_was_made(self, ledger, jobs):
        walk(ledger, jobs[0], Event.ADOPTED, at=AT + timedelta(days=30))
        assert ledger.month_usd("aurora", AT) == PRICE

    def test_without_a_brand_no_month_is_kept(self, ledger):
        header = replace(a_header(), brand=None)
        ledger.admit(header, some_cells(1))
        ledger.begin_run(a_run(header=header, month="0.01"))
        walk(ledger, a_job(0).job_id, *TO_DONE)
        assert {account.kind for account in ledger.accounts()} == {"campaign", "run"}

    def test_payments_tell_every_attempt_with_who_paid_and_for_what(self, ledger, jobs):
        walk(ledger, jobs[0], *TO_DONE)
        other = replace(a_header(edition="2"), brand="borealis")
        ledger.admit(other, some_cells(1, cells_per_job=2, cost_usd=Decimal("0.08")))
        ledger.begin_run(a_run("run-2", header=other))
        walk(ledger, jobs[0], Event.REDO_INTENDED, run_id="run-2")
        walk(ledger, jobs[1], Event.ADOPTED, run_id=None)
        first, second, adopted = ledger.payments()
        assert (first.job, first.attempt) == (a_job(0), one(ledger, jobs[0]).attempts[0])
        assert (first.campaign, first.brand, first.month) == ("autumn", "aurora", "2026-11")
        assert first.outputs == (an_output(jobs[0], 0), an_output(jobs[0], 1))
        assert first.steps == tuple(
            Step(event=event, phase=phase, at=AT) for event, phase in zip(TO_DONE, WAY_TO_DONE, strict=True)
        )
        assert (second.job.cost_usd, second.brand, len(second.cells)) == (Decimal("0.08"), "borealis", 2)
        assert second.steps == (Step(event=Event.REDO_INTENDED, phase=Phase.SUBMITTING, at=AT),)
        assert (adopted.job, len(adopted.cells)) == (a_job(1), 1)

    def test_a_job_paid_by_a_run_of_another_plan_is_told_too(self, ledger, jobs):
        other = a_header(edition="2")
        ledger.admit(other, iter(()))
        ledger.begin_run(a_run("run-2", header=other))
        walk(ledger, jobs[0], *TO_SUBMITTING, run_id="run-2")
        assert [payment.job for payment in ledger.payments()] == [a_job(0)]

    def test_any_number_of_payments_is_told_once_each(self, ledger):
        ledger.admit(a_header(), some_cells(1100))
        ledger.begin_run(a_run())
        ids = [record.job.job_id for record in ledger.jobs(PLAN, 0, 1100)]
        ledger.record([an_entry(job, Event.INTENT_RECORDED) for job in ids])
        assert [payment.job.job_id for payment in ledger.payments()] == ids

    def test_adopted_work_counts_though_nothing_asked_for_it(self, ledger, jobs):
        walk(ledger, jobs[0], Event.ADOPTED)
        walk(ledger, jobs[1], Event.ADOPTED, run_id=None)
        assert ledger.committed_usd("autumn") == 2 * PRICE
        assert one(ledger, jobs[1]).latest.intent_at is None

    def test_billed_is_every_attempt_at_the_jobs_of_a_plan_that_holds_money(self, ledger, jobs):
        walk(ledger, jobs[0], *TO_DONE)
        walk(ledger, jobs[1], *TO_ACCEPTED, Event.PROVIDER_FAILED)
        walk(ledger, jobs[2], *TO_DOUBT)
        walk(ledger, jobs[3], Event.ADOPTED, run_id=None, cost_usd=Decimal("0.07"))
        ledger.begin_run(a_run("run-2"))
        walk(ledger, jobs[0], Event.REDO_INTENDED, run_id="run-2")
        other = a_header("spring")
        ledger.admit(other, some_cells(1, tag="x"))
        ledger.begin_run(a_run("run-3", header=other))
        walk(ledger, a_job(0, tag="x").job_id, *TO_DONE, run_id="run-3")
        assert ledger.billed(PLAN) == PhaseTotal(jobs=3, images=8, cost_usd=3 * PRICE + Decimal("0.07"))
        assert ledger.billed(PLAN).cost_usd == ledger.committed_usd("autumn")
        accounts = {one.name: one.committed_usd for one in ledger.accounts() if one.kind == "run"}
        for run_id, images in (("run-1", 4), ("run-2", 2)):
            billed = ledger.billed(PLAN, run_id)
            assert (billed.images, billed.cost_usd) == (images, accounts[run_id])
        assert ledger.billed(PLAN, "run-3") == ledger.billed(PLAN, "nobody's") == PhaseTotal()

    def test_the_tally_adds_up_to_the_plan(self, ledger, jobs):
        walk(ledger, jobs[0], *TO_DONE)
        walk(ledger, jobs[1], *TO_DONE)
        walk(ledger, jobs[2], *TO_DOUBT)
        walk(ledger, jobs[3], *TO_SUBMITTING, Event.NOT_SENT)
        assert ledger.tally(PLAN) == {
            Phase.DONE: PhaseTotal(jobs=2, images=4, cost_usd=2 * PRICE),
            Phase.IN_DOUBT: PhaseTotal(jobs=1, images=2, cost_usd=PRICE),
            Phase.PLANNED: PhaseTotal(jobs=3, images=6, cost_usd=3 * PRICE),
        }

    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(data=st.data())
    def test_what_is_committed_is_always_the_sum_over_the_attempts(self, ledger, data):
        """Random legal histories: the ledger agrees with a model that knows nothing but the table."""
        campaign = f"campaign-{next(CAMPAIGNS)}"  # the examples share one ledger: opening costs time
        header = replace(a_header(campaign), brand=campaign)
        ledger.admit(header, some_cells(3, tag=campaign))
        jobs = [a_job(number, tag=campaign).job_id for number in range(3)]
        limits = st.integers(0, 400_000).map(lambda micros: Decimal(micros) / 10**6)
        model = Model(*(data.draw(limits, label=cap) for cap in ("budget", "purse", "month")))
        for run_number in range(data.draw(st.integers(1, 3), label="runs")):
            run_id = f"{campaign}-{run_number}"
            caps = {"budget": str(model.budget), "purse": str(model.purse), "month": str(model.month)}
            ledger.begin_run(a_run(run_id, header=header, **caps))
            model.begin_run(run_id)
            for _ in range(data.draw(st.integers(1, 3), label="batches")):
                batch, expected = model.draw_batch(data, jobs)
                assert ledger.record(batch) == expected
                attempts = [a for r in ledger.jobs(header.plan_id, 0, 9) for a in r.attempts]
                held = sum((a.cost_usd for a in attempts if holds_money(a.phase)), Decimal(0))
                assert ledger.committed_usd(campaign) == held == model.committed()
                assert {
                    (account.kind, account.name): account.committed_usd
                    for account in ledger.accounts()
                    if account.committed_usd and f"{campaign}-" in f"{account.name}-"
                } == model.accounts(campaign)


class Model:
    """A ledger of a few lines: phases by job and attempt, and who pays."""

    def __init__(self, budget, purse, month):
        self.budget, self.purse, self.month = budget, purse, month
        self.attempts = {}  # job -> list of [phase, run]
        self.serial = count()
        self.tasks = {}

    def begin_run(self, run_id):
        self.run_id = run_id
        for attempts in self.attempts.values():
            if attempts[-1][0] is Phase.SUBMITTING:
                attempts[-1][0] = Phase.IN_DOUBT

    def committed(self, run_id=None):
        every = [attempt for attempts in self.attempts.values() for attempt in attempts]
        return sum(
            (PRICE for phase, run in every if holds_money(phase) and run_id in (None, run)), Decimal(0)
        )

    def accounts(self, name):
        """What each account holds; campaign and brand are of one name, and all happens in one month."""
        runs = {run for attempts in self.attempts.values() for _, run in attempts if run}
        held = {("run", run): self.committed(run) for run in runs}
        whole = self.committed()
        held |= {("campaign", name): whole, ("month", f"2026-11 {name}"): whole}
        return {account: usd for account, usd in held.items() if usd}

    def draw_batch(self, data, jobs):
        batch, expected = [], []
        for _ in range(data.draw(st.integers(1, 6), label="size")):
            job = data.draw(st.sampled_from(jobs))
            phase = self.attempts[job][-1][0] if job in self.attempts else Phase.PLANNED
            legal = [event for before, event in TRANSITIONS if before is phase]
            event = data.draw(st.sampled_from(legal))
            batch.append(self._entry(job, event))
            expected.append(self._take(job, phase, event))
        return batch, expected

    def _entry(self, job, event):
        if event in (Event.ADOPTED, Event.ACCEPTED, Event.FOUND):
            self.tasks[job] = f"{self.run_id}-{next(self.serial)}"
        return an_entry(job, event, run_id=self.run_id, task=self.tasks.get(job))

    def _take(self, job, phase, event):
        if event in INTENTS:
            if self.committed(self.run_id) + PRICE > self.purse:
                return Verdict.OVER_PURSE
            if self.committed() + PRICE > self.budget:
                return Verdict.OVER_BUDGET
            if self.committed() + PRICE > self.month:
                return Verdict.OVER_MONTH
        attempts = self.attempts.setdefault(job, [])
        if not attempts or opens_attempt(phase, event):
            attempts.append([phase, None])
        attempts[-1][0] = advance(phase, event)
        if event in INTENTS | {Event.ADOPTED}:
            attempts[-1][1] = self.run_id
        return Verdict.RECORDED


class TestLooks:
    """Until when the service's list was read for what is not bought, and what it may still show late."""

    def until(self, ledger, plan_id=PLAN, *phases):
        return ledger.looked_until(plan_id, phases or [Phase.PLANNED])

    def test_what_nobody_looked_for_was_never_looked_for(self, ledger, jobs):
        assert self.until(ledger) == {MODEL: None}
        ledger.note_look(PLAN, AT)
        assert self.until(ledger) == {MODEL: AT}

    def test_a_look_never_reaches_less_far_than_one_before(self, ledger, jobs):
        for hours in (0, 2, 1):
            ledger.note_look(PLAN, AT + timedelta(hours=hours))
        assert self.until(ledger) == {MODEL: AT + timedelta(hours=2)}

    def test_a_look_for_one_plan_counts_for_its_jobs_in_every_plan(self, ledger, jobs):
        part, more = a_header(edition="2"), a_header(edition="3")
        ledger.admit(part, some_cells(2))
        ledger.admit(more, some_cells(7))
        ledger.note_look(PLAN, AT)
        assert self.until(ledger, part.plan_id) == {MODEL: AT}
        assert self.until(ledger, more.plan_id) == {MODEL: None}
        ledger.note_look(part.plan_id, AT + timedelta(hours=1))
        assert self.until(ledger, part.plan_id) == {MODEL: AT + timedelta(hours=1)}
        assert self.until(ledger) == {MODEL: AT}, "the jobs outside the part were not looked for again"

    def test_only_jobs_in_the_phases_that_are_asked_about_count(self, ledger, jobs):
        for job in jobs[1:]:
            walk(ledger, job, *TO_ACCEPTED)
        ledger.note_look(PLAN, AT)
        assert self.until(ledger) == {MODEL: AT}
        walk(ledger, jobs[0], *TO_ACCEPTED)
        assert self.until(ledger) == {}

    def test_what_was_surely_not_sent_was_looked_for_all_the_same(self, ledger, jobs):
        walk(ledger, jobs[0], *TO_SUBMITTING, Event.NOT_SENT)
        ledger.note_look(PLAN, AT)
        assert self.until(ledger) == {MODEL: AT}

    @pytest.mark.parametrize(
        ("way", "phase"),
        [
            ((*TO_DOUBT, Event.SURELY_ABSENT), Phase.PLANNED),
            ((*TO_DOUBT, Event.SURELY_ABSENT, *TO_SUBMITTING, Event.NOT_SENT), Phase.PLANNED),
            ((*TO_DOUBT, Event.WRITTEN_OFF), Phase.FAILED),
            ((*TO_DOUBT, Event.WRITTEN_OFF, Event.REDO_INTENDED, Event.NOT_SENT), Phase.PLANNED),
            ((*TO_SUBMITTING, Event.REFUSED), Phase.FAILED),
        ],
    )
    def test_what_was_given_up_or_has_failed_counts_as_never_looked_for(self, ledger, jobs, way, phase):
        walk(ledger, jobs[0], *way)
        ledger.note_look(PLAN, AT)
        assert self.until(ledger, PLAN, Phase.PLANNED, Phase.FAILED) == {MODEL: None}
        for job in jobs[1:]:
            walk(ledger, job, *TO_ACCEPTED)
        assert self.until(ledger, PLAN, phase) == {MODEL: None}

    def test_a_plan_that_nobody_knows(self, ledger):
        for ask in (
            lambda: ledger.note_look(PLAN, AT),
            lambda: self.until(ledger),
            lambda: ledger.given_up(PLAN, AT),
        ):
            with pytest.raises(KeyError):
                ask()

    def test_requests_that_were_given_up_come_back_as_they_were_sent(self, ledger, jobs):
        later, service_at = AT + timedelta(hours=1), AT + timedelta(minutes=3)
        first = an_entry(jobs[0], Event.INTENT_RECORDED, body={"prompt": "one"}, service_at=service_at)
        ledger.record([first])
        walk(ledger, jobs[0], Event.UNKNOWN, Event.SURELY_ABSENT)
        again = an_entry(jobs[0], Event.INTENT_RECORDED, body={"prompt": "two"}, at=later)
        ledger.record([again])
        walk(ledger, jobs[0], Event.UNKNOWN)
        walk(ledger, jobs[0], Event.WRITTEN_OFF, at=later)
        walk(ledger, jobs[1], *TO_DOUBT, Event.HELD)
        one_, two = ledger.given_up(PLAN, AT)
        assert (one_.body, one_.intent_at, one_.service_at) == ({"prompt": "one"}, AT, service_at)
        assert (two.body, two.intent_at, two.service_at) == ({"prompt": "two"}, later, None)
        assert {one_.record.label, two.record.label} == {"hero/0/0"}
        assert (one_.absences, two.absences) == (1, 1)
        assert ledger.given_up(PLAN, later) == [two]
        assert ledger.given_up(PLAN, later + timedelta(seconds=1)) == []

    def test_those_of_other_plans_come_without_cells(self, ledger, jobs):
        walk(ledger, jobs[0], *TO_DOUBT, Event.SURELY_ABSENT)
        walk(ledger, jobs[0], *TO_ACCEPTED)
        other = a_header(edition="2")
        ledger.admit(other, iter(()))
        (request,) = ledger.given_up(other.plan_id, AT)
        assert (request.record.job, request.record.cells) == (a_job(0), ())
        assert request.record.phase is Phase.ACCEPTED


class TestQuestions:
    def test_paid_jobs_of_other_plans_are_found_without_cells(self, ledger, jobs):
        walk(ledger, jobs[0], *TO_ACCEPTED)
        walk(ledger, jobs[1], *TO_FETCHING, Event.OUTPUT_STORED)
        walk(ledger, jobs[2], *TO_DONE)
        walk(ledger, jobs[3], *TO_DOUBT)
        walk(ledger, jobs[4], *TO_ACCEPTED)
        other = a_header(edition="2")
        ledger.admit(other, (p for p in some_cells(6) if p.job.job_id == jobs[4]))
        found = {record.job.job_id: record for record in ledger.unfetched_elsewhere(other.plan_id)}
        assert set(found) == {jobs[0], jobs[1]}
        assert all(record.cells == () for record in found.values())
        assert found[jobs[1]].outputs == (an_output(jobs[1], 0),)
        assert found[jobs[0]].job == a_job(0)
        assert list(ledger.unfetched_elsewhere(PLAN)) == []

    def test_any_number_of_them_is_yielded_once_each(self, ledger):
        ledger.admit(a_header(), some_cells(1300))
        ledger.begin_run(a_run())
        ids = [record.job.job_id for record in ledger.jobs(PLAN, 0, 1300)]
        for event in TO_ACCEPTED:
            ledger.record([an_entry(job, event) for job in ids])
        ledger.record([an_entry(job, Event.COMPLETED) for job in ids[::3]])
        other = a_header(edition="2")
        ledger.admit(other, iter(()))
        found = [record.job.job_id for record in ledger.unfetched_elsewhere(other.plan_id)]
        assert sorted(found) == sorted(ids)

    def test_events_may_be_recorded_between_two_of_them(self, ledger, jobs):
        for job in jobs:
            walk(ledger, job, *TO_ACCEPTED)
        other = a_header(edition="2")
        ledger.admit(other, iter(()))
        seen = []
        for record in ledger.unfetched_elsewhere(other.plan_id):
            seen.append(record.job.job_id)
            walk(ledger, record.job.job_id, Event.COMPLETED)
        assert sorted(seen) == sorted(jobs)

    def test_phases_of_any_number_of_jobs(self, ledger, jobs):
        walk(ledger, jobs[5], *TO_DONE, Event.REDO_INTENDED)
        walk(ledger, jobs[0], *TO_ACCEPTED)
        many = [jobs[0], *(f"unknown-{i}" for i in range(40_000)), jobs[5]]
        assert ledger.phases(many) == {jobs[0]: Phase.ACCEPTED, jobs[5]: Phase.SUBMITTING}
        assert ledger.phases([]) == {}
        tried = {record.job.job_id: record for record in ledger.tried(many)}
        assert {job: record.phase for job, record in tried.items()} == ledger.phases(many)
        assert [len(take) for take in tried[jobs[5]].takes] == [2, 0]
        assert ledger.tried([]) == []

    def test_the_sizes_that_were_asked_for_and_the_jobs_that_did(self, ledger):
        squares = [of_size(a_job(number), "1024*1024") for number in range(4)]
        wide = of_size(a_job(0), "1920*1088")
        asked = [*squares, wide, a_job(5), of_size(a_job(6), "64*64")]
        ledger.admit(a_header(), [replace(p, job=job) for p, job in zip(some_cells(7), asked, strict=True)])
        ledger.begin_run(a_run())
        walk(ledger, squares[0].job_id, *TO_DONE)
        walk(ledger, squares[1].job_id, *TO_ACCEPTED, Event.PROVIDER_FAILED)
        walk(ledger, squares[2].job_id, *TO_ACCEPTED, Event.PROVIDER_FAILED, Event.REDO_INTENDED)
        walk(ledger, squares[3].job_id, Event.INTENT_RECORDED, Event.NOT_SENT)
        walk(ledger, wide.job_id, *TO_DOUBT)
        walk(ledger, asked[5].job_id, *TO_DONE)
        assert ledger.sizes_asked() == ["1024*1024", "1920*1088"]
        known = {squares[0].job_id: True, squares[1].job_id: False, squares[2].job_id: True}
        assert ledger.jobs_of_size("1024*1024") == known
        assert ledger.jobs_of_size("1920*1088") == {wide.job_id: True}
        assert ledger.jobs_of_size("64*64") == ledger.jobs_of_size("2048*2048") == {}

    def test_paid_jobs_of_a_campaign_come_with_the_cells_of_their_newest_plan(self, ledger, jobs):
        walk(ledger, jobs[0], *TO_DONE)
        walk(ledger, jobs[1], *TO_ACCEPTED, Event.PROVIDER_FAILED)
        walk(ledger, jobs[2], *TO_DOUBT)
        walk(ledger, jobs[3], *TO_ACCEPTED)
        walk(ledger, jobs[4], *TO_DONE, Event.REDO_INTENDED)
        newer = a_header(edition="2")
        ledger.admit(newer, (p for p in some_cells(6, cells_per_job=2) if p.job.job_id == jobs[3]))
        found = list(ledger.paid("autumn"))
        assert [record.job.job_id for record in found] == sorted([jobs[0], jobs[3], jobs[4]])
        assert {r.job.job_id: len(r.cells) for r in found} == {jobs[0]: 1, jobs[3]: 2, jobs[4]: 1}
        assert list(ledger.paid("spring")) == []

    def test_a_job_is_found_by_cell_and_by_the_start_of_its_id(self, ledger, jobs):
        assert [r.job.job_id for r in ledger.find(PLAN, "hero/3/0")] == [jobs[3]]
        assert [r.job.job_id for r in ledger.find(PLAN, jobs[2][:12])] == [jobs[2]]
        for nothing in ("hero/3", "%", "", "_" * 32, jobs[2] + "0"):
            assert ledger.find(PLAN, nothing) == []

    def test_entries_survive_closing(self, ledger, jobs, opened):
        walk(ledger, jobs[0], *TO_DOUBT)
        ledger.close()
        ledger.close()
        again = opened()
        assert again.phases(jobs) == {jobs[0]: Phase.IN_DOUBT}
        assert again.origin == "sandbox"

    def test_recording_nothing_is_nothing(self, ledger, jobs):
        assert ledger.record([]) == []
