"""The lock: what its text may be, what it means for a ledger, and that git may merge it as it likes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from seedpipe import schemas
from seedpipe.core.errors import InputError
from seedpipe.core.lifecycle import Phase
from seedpipe.core.lockfile import (
    Elsewhere,
    LockLine,
    as_paid,
    can_be_adopted,
    lines_of,
    lock_document,
    lock_text,
    paid_at,
    paid_elsewhere,
    paid_places,
    read_lock,
    sizes_paid,
    updated,
)
from seedpipe.core.model import Cell, ImageFile, Job, Output
from seedpipe.core.records import Attempt, Former, JobRecord
from tests.contracts.ledger_plans import a_header

LINE_SCHEMA = Draft7Validator(schemas.load("lock"))

HERE = "https://api.test"
AT = datetime(2026, 11, 20, 10, 17, 5, 123000, tzinfo=UTC)
HASH = "a" * 64
OWNED = {"task-1": "1" * 32}  # what a ledger knows of the prediction of `a_line`


def a_line(**more):
    facts = {
        "job_id": "1" * 32,
        "cells": ("hero/AUR-01/us",),
        "model": "bytedance/seedream-v4",
        "size": "1024*1024",
        "prediction_id": "task-1",
        "origin": HERE,
        "accepted_at": AT,
        "cost_usd": Decimal("0.108"),
        "outputs": (HASH,),
    }
    return LockLine(**(facts | more))


def text_of(*lines):
    return "".join(lock_text(lines))


def an_attempt(number, phase, prediction_id=None, **more):
    facts = {
        "run_id": "run-1",
        "intent_at": AT,
        "accepted_at": AT if prediction_id else None,
        "finished_at": None,
        "urls": (),
        "inference_ms": None,
        "error": "",
        "error_code": None,
    }
    return Attempt(
        number=number, phase=phase, prediction_id=prediction_id, cost_usd=Decimal("0.10"), **(facts | more)
    )


def a_record(*attempts, takes=(), job_id="1" * 32):
    job = Job(job_id=job_id, model="m", request={"size": "1*1"}, outputs_expected=2, cost_usd=Decimal("0.1"))
    outputs = [
        tuple(
            Output(
                job_id=job_id,
                index=index,
                image=ImageFile(
                    sha256=name * 64, media_type="image/png", width_px=1, height_px=1, size_bytes=1
                ),
            )
            for index, name in enumerate(take)
        )
        for take in takes
    ]
    outputs += [()] * (len(attempts) - len(outputs))
    latest, earlier = (outputs[-1], tuple(outputs[:-1])) if outputs else ((), ())
    return JobRecord(job=job, cells=(), attempts=attempts, outputs=latest, earlier=earlier)


lines = st.builds(
    a_line,
    job_id=st.sampled_from(["1" * 32, "2" * 32, "e" * 32]),
    cells=st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=20), max_size=3).map(tuple),
    size=st.none() | st.just("16:9"),
    prediction_id=st.binary(min_size=3, max_size=32).map(lambda some: f"{some.hex()[:-2]}_-"),
    origin=st.sampled_from([HERE, "http://127.0.0.1:8080"]),
    accepted_at=st.integers(0, 4 * 10**12).map(
        lambda ms: datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=ms)
    ),
    cost_usd=st.integers(0, 10**12).map(lambda micros: Decimal(micros) / 10**6),
    outputs=st.lists(st.binary(min_size=32, max_size=32).map(bytes.hex), max_size=3).map(tuple),
)


def test_lines_that_differ_in_their_cost_alone_have_an_order():
    dear, cheap = (a_line(cost_usd=Decimal(micros) / 10**6) for micros in (22, 6))
    assert text_of(dear, cheap) == text_of(cheap, dear)


@given(st.lists(lines, max_size=5))
def test_a_lock_is_read_as_it_was_written_and_its_schema_says_so(some):
    text = text_of(*some)
    assert sorted(read_lock(text, "c.lock.jsonl"), key=repr) == sorted(set(some), key=repr)
    assert text_of(*read_lock(text, "c.lock.jsonl")) == text
    for line in text.split("\n")[:-1]:
        LINE_SCHEMA.validate(json.loads(line))


@given(st.lists(lines, max_size=4), st.lists(lines, max_size=4), st.randoms())
def test_a_union_merge_of_two_locks_is_a_lock_of_both(ours, theirs, random):
    merged = text_of(*ours).split("\n") + text_of(*theirs).split("\n")
    random.shuffle(merged)  # git says nothing of the order
    assert set(read_lock("\n".join(merged), "c.lock.jsonl")) == {*ours, *theirs}


def test_the_job_stands_first_and_sorts_the_text():
    text = text_of(a_line(job_id="f" * 32), a_line(job_id="0" * 32), a_line(job_id="0" * 32))
    assert [line[:16] for line in text.splitlines()] == ['{"job_id": "0000', '{"job_id": "ffff']


@pytest.mark.parametrize("ending", ["\r\n", "\n\n", "\n   \n"])
def test_empty_lines_and_windows_endings_are_fine(ending):
    assert read_lock(text_of(a_line()).replace("\n", ending), "c") == (a_line(),)


def spoiled(**changes):
    document = {**lock_document(a_line()), **changes}
    return json.dumps({key: value for key, value in document.items() if value != "absent"})


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("<<<<<<< HEAD", "a merge left conflict markers"),
        ("=======", "a merge left conflict markers"),
        ('{"job_id": "1111', "this is not JSON"),
        ("[1]", "this is not a JSON object"),
        ("nonsense", "this is not JSON"),
        (spoiled(lock=2), "'lock' is not 1"),
        (spoiled(lock=True), "'lock' is not 1"),
        (spoiled(lock="absent"), "'lock' is not 1"),
        (spoiled(colour="red"), "the key 'colour' is unknown"),
        (spoiled(model="absent"), "the key 'model' is missing"),
        (spoiled(job_id="123"), "'job_id' cannot be \"123\""),
        (spoiled(prediction_id="../../etc"), "'prediction_id' cannot be"),
        (spoiled(prediction_id=None), "'prediction_id' cannot be null"),
        (spoiled(cost_usd=0.1), "'cost_usd' cannot be 0.1"),
        (spoiled(cost_usd="-1.00"), "'cost_usd' cannot be"),
        (spoiled(cost_usd="NaN"), "'cost_usd' cannot be"),
        (spoiled(accepted_at="2026-13-01T00:00:00.000Z"), "'accepted_at' cannot be"),
        (spoiled(accepted_at="yesterday"), "'accepted_at' cannot be"),
        (spoiled(outputs=["xyz"]), "'outputs' cannot be"),
        (spoiled(outputs="a"), "'outputs' cannot be"),
        (spoiled(cells=[1]), "'cells' cannot be"),
        (spoiled(origin=""), "'origin' cannot be"),
        (spoiled(size=7), "'size' cannot be 7"),
        ("[" * 100_000, "this is not JSON"),
    ],
)
def test_a_line_that_cannot_be_understood_is_an_error_with_its_place(line, words):
    with pytest.raises(InputError) as failed:
        read_lock(text_of(a_line()) + line + "\n", "campaign.lock.jsonl")
    (found,) = failed.value.diagnostics
    assert found.message.startswith(words)
    assert str(found.span).startswith("campaign.lock.jsonl:2:")
    assert found.hint


def test_every_faulty_line_is_told_at_once_up_to_a_limit():
    with pytest.raises(InputError) as failed:
        read_lock("x\n" * 50, "c")
    assert [found.span.line for found in failed.value.diagnostics] == list(range(1, 21))


def test_only_lines_of_the_same_service_count():
    other = a_line(origin="http://127.0.0.1:8080", prediction_id="task-2")
    assert paid_at(HERE, [other, a_line()]) == {"1" * 32: a_line()}
    assert paid_at("https://elsewhere.test", [other]) == {}


def test_of_two_payments_the_one_that_was_seen_complete_counts_then_the_newer():
    seen = a_line(prediction_id="task-seen")
    newer = a_line(prediction_id="task-newer", outputs=(), accepted_at=AT + timedelta(days=1))
    older = a_line(prediction_id="task-older", outputs=(), accepted_at=AT - timedelta(days=1))
    for order in ([seen, newer, older], [older, newer, seen], [newer, seen, older]):
        assert paid_at(HERE, order)["1" * 32] == seen
    assert paid_at(HERE, [newer, older])["1" * 32] == newer


def test_what_others_paid_is_what_no_attempt_of_ours_stands_for_whatever_a_merge_left():
    ours = a_line(prediction_id="task-ours")
    dropped = a_line(job_id="2" * 32, prediction_id="task-dropped", cost_usd=Decimal(2))
    fetched = replace(dropped, outputs=(), cost_usd=Decimal("1.5"))  # the same task on another branch
    twice = a_line(prediction_id="task-their-own", accepted_at=AT - timedelta(days=20))
    assert paid_elsewhere([ours, dropped, twice, fetched], {"task-ours"}, AT) == Elsewhere(
        usd=Decimal("2.108"), month_usd=Decimal(2)
    )
    assert paid_elsewhere([ours], {"task-ours"}, AT) == Elsewhere()


def test_a_month_begins_at_midnight_utc():
    first = datetime(2026, 12, 1, tzinfo=UTC)
    tokyo = datetime(2026, 12, 1, 8, tzinfo=timezone(timedelta(hours=9)))  # still November in UTC
    for at, paid_usd in ((first, 0), (first - timedelta(milliseconds=1), Decimal("0.108"))):
        assert paid_elsewhere([a_line(accepted_at=at)], (), tokyo).month_usd == paid_usd


def test_the_sizes_that_were_paid_for_last_stand_first():
    later = AT + timedelta(hours=1)
    lines = [
        a_line(job_id="1" * 32, size="1024*1024"),
        a_line(job_id="2" * 32, size="2048*2048", accepted_at=later, cells=("hero", "@draft/film/a/b")),
        a_line(job_id="3" * 32, size="2048*2048", cells=(), accepted_at=later),
        a_line(job_id="4" * 32, size=None),
    ]
    told = sizes_paid(lines)
    assert list(told.jobs) == ["2048*2048", "1024*1024"]
    assert told.jobs["2048*2048"] == {"2" * 32, "3" * 32}
    model = "bytedance/seedream-v4"
    assert told.of_series == {
        ("hero", model): ("2048*2048", "1024*1024"),
        ("@draft/film", model): ("2048*2048",),
    }


@pytest.mark.parametrize(
    ("record", "adopted"),
    [
        (None, True),
        (a_record(), True),
        (a_record(an_attempt(1, Phase.PLANNED)), True),
        (a_record(an_attempt(1, Phase.FAILED, "task-2")), True),
        (a_record(an_attempt(1, Phase.FAILED, "task-1")), False),
        (a_record(an_attempt(1, Phase.FAILED, "task-1"), an_attempt(2, Phase.PLANNED)), False),
        *(
            (a_record(an_attempt(1, phase, "task-2")), False)
            for phase in Phase
            if phase not in (Phase.PLANNED, Phase.FAILED)
        ),
    ],
)
def test_a_ledger_takes_up_what_it_has_nothing_better_than(record, adopted):
    assert can_be_adopted(a_line(), record) is adopted


@pytest.mark.parametrize(
    ("attempts", "takes", "shown", "replaced"),
    [
        ([(Phase.ACCEPTED, "task-1")], [""], {"task-1": 0}, {}),
        ([(Phase.DONE, "task-1")], ["ab"], {"task-1": 2}, {}),
        ([(Phase.LOST, "task-1")], [""], {"task-1": 0}, {}),
        ([(Phase.DONE_SHORT, "task-1"), (Phase.DONE, "task-2")], ["a", "ab"], {"task-2": 2}, {"task-1": 1}),
        ([(Phase.DONE, "task-1"), (Phase.DONE_SHORT, "task-2")], ["ab", "c"], {"task-1": 2}, {"task-2": 1}),
        ([(Phase.DONE_SHORT, "task-1"), (Phase.FAILED, "task-2")], ["a", ""], {"task-1": 1}, {}),
        ([(Phase.DONE_SHORT, "task-1"), (Phase.IN_DOUBT, None)], ["a", ""], {"task-1": 1}, {}),
        ([(Phase.LOST, "task-1"), (Phase.ACCEPTED, "task-2")], ["", ""], {"task-2": 0}, {"task-1": 0}),
        ([(Phase.FAILED, "task-1")], [""], {}, {}),
        ([(Phase.IN_DOUBT, None)], [""], {}, {}),
        ([(Phase.SUBMITTING, None)], [""], {}, {}),
        ([], [], {}, {}),
    ],
)
def test_each_payment_is_a_line_and_that_of_the_images_that_are_shown_names_the_cells(
    attempts, takes, shown, replaced
):
    record = a_record(
        *(an_attempt(n, phase, task) for n, (phase, task) in enumerate(attempts, 1)), takes=takes
    )
    lines = lines_of(replace(record, places=("hero/a",)), HERE)
    assert {line.prediction_id: len(line.outputs) for line in lines if line.cells == ("hero/a",)} == shown
    assert {line.prediction_id: len(line.outputs) for line in lines if not line.cells} == replaced


def test_a_take_that_another_one_has_replaced_is_not_taken_up():
    shown = a_line(prediction_id="task-shown", accepted_at=AT - timedelta(days=1))
    replaced = a_line(prediction_id="task-replaced", cells=(), outputs=(HASH, "b" * 64))
    for order in ([shown, replaced], [replaced, shown]):
        assert paid_at(HERE, order)["1" * 32] == shown
        assert paid_places(order) == {"hero/AUR-01/us": shown}


def test_a_ledger_corrects_its_own_lines_and_keeps_the_others():
    mine = a_line(prediction_id="task-mine", outputs=())
    failed = a_line(job_id="2" * 32, prediction_id="task-failed")
    theirs = a_line(job_id="3" * 32, prediction_id="task-theirs")
    twice = a_line(prediction_id="task-their-own")  # a colleague has paid for my job, too
    elsewhere = a_line(origin="http://127.0.0.1:1", prediction_id="task-mine")
    done = a_record(an_attempt(1, Phase.DONE, "task-mine"), takes=["ab"])
    owned = {"task-mine": "1" * 32, "task-failed": "2" * 32}
    lock = updated([mine, failed, theirs, twice, elsewhere], HERE, owned, [done])
    assert {line.prediction_id for line in lock} == {"task-mine", "task-theirs", "task-their-own"}
    assert elsewhere in lock
    (now,) = [line for line in lock if line.prediction_id == "task-mine" and line.origin == HERE]
    assert now.outputs == ("a" * 64, "b" * 64)


def test_hashes_that_the_lock_knows_outlive_a_ledger_that_has_not_fetched_yet():
    adopted = a_record(an_attempt(1, Phase.ACCEPTED, "task-1"))
    (line,) = updated([a_line()], HERE, OWNED, [adopted])
    assert line.outputs == (HASH,)
    assert updated([line], HERE, OWNED, [adopted]) == [line]


def test_the_size_that_the_lock_knows_outlives_a_ledger_that_does_not_know_the_request():
    taken_over = a_record(an_attempt(1, Phase.DONE, "task-1"), takes=["a"])
    taken_over = replace(taken_over, job=replace(taken_over.job, request={}))
    (line,) = updated([a_line()], HERE, OWNED, [taken_over])
    assert (line.size, line.outputs) == ("1024*1024", ("a" * 64,))
    assert lines_of(taken_over, HERE)[0].size is None


def keeping(*formers, number=1, history=None):
    """A job of a plan with a cell for each of these jobs that it was paid for as before."""
    record = a_record(job_id=f"{number:032x}")
    cells = tuple(
        Cell(
            address=f"hero/{number}/{place}",
            series="hero",
            axes={"product": "red"},
            job_id=record.job.job_id,
            output_paths=(f"{number}-{place}",),
        )
        for place in range(len(formers))
    )
    known = {
        cell.address: Former(job_id=f"{former:032x}", paid_usd=Decimal(1), record=history)
        for cell, former in zip(cells, formers, strict=True)
    }
    return replace(record, cells=cells, formers=known)


def test_what_cells_keep_and_only_the_lock_knows_is_a_plan_of_its_own():
    header = a_header()
    paid = {f"{n:032x}": a_line(job_id=f"{n:032x}", outputs=(HASH,) * 3) for n in (8, 9)}
    records = [
        keeping(8, 9),
        keeping(8, number=2),
        keeping(9, number=3, history=a_record(an_attempt(1, Phase.DONE, "task-1"), takes=["a"])),
        keeping(7, number=4),  # the lock does not know of it any more
    ]
    former, cells = as_paid(header, records, paid)
    assert [(each.cell.address, each.job.job_id[-1], each.opens_job) for each in cells] == [
        ("hero/1/0", "8", True),
        ("hero/1/1", "9", True),
        ("hero/2/0", "8", False),
    ]
    assert {each.cell.job_id == each.job.job_id for each in cells} == {True}
    job = cells[0].job
    assert (job.is_known, job.outputs_expected, job.cost_usd) == (False, 3, Decimal("0.108"))
    assert former.plan_id != header.plan_id
    assert former.place("hero/1/0") == header.place("hero/1/0")
    again, _ = as_paid(header, records[:2], paid)
    assert again == former
    other, _ = as_paid(header, records[1:], paid)
    assert other.plan_id != former.plan_id
    unseen = {"8".zfill(32): replace(paid["8".zfill(32)], outputs=())}
    assert as_paid(header, [keeping(8)], unseen)[1][0].job.outputs_expected == 2
    assert as_paid(header, [keeping(7)], paid)[1] == []


def test_times_are_told_to_the_millisecond_and_stay_so():
    precise = an_attempt(1, Phase.DONE, "task-1", accepted_at=AT + timedelta(microseconds=7))
    (line,) = lines_of(a_record(precise, takes=["a"]), HERE)
    assert read_lock(text_of(line), "c") == (line,)
    assert line.accepted_at == AT
    assert replace(line, outputs=()) != line
