"""Where a plan stands: each job once, nothing new that anyone has paid for, nothing done that is not here."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from seedpipe.core.lifecycle import Phase
from seedpipe.core.model import Cell, PlannedCell, Policy
from seedpipe.core.policy import Redo
from seedpipe.core.records import Former, PhaseTotal
from seedpipe.core.standing import Known, is_missing, jobs_in_doubt, jobs_to_buy, survey
from tests.core.test_lockfile import a_line, a_record, an_attempt

NOTHING = PhaseTotal()


def job_id(number):
    return f"{number:032x}"


def a_cell(number):
    record = a_record(job_id=job_id(number))
    cell = Cell(
        address=f"hero/{number}",
        series="hero",
        axes={},
        job_id=job_id(number),
        output_paths=(f"{number}-1", f"{number}-2"),
    )
    return PlannedCell(cell=cell, job=record.job, opens_job=True)


def record_in(number, phase, take=""):
    return a_record(an_attempt(1, phase, f"task-{number}"), takes=[take], job_id=job_id(number))


def stands(records, *, jobs=8, keeps=lambda image, stem: True, lock=()):
    return survey([a_cell(number) for number in range(jobs)], knowing(records, keeps, lock))


def knowing(records, keeps=lambda image, stem: True, lock=()):
    known = {record.job.job_id: record for record in records}
    return Known(
        tried=lambda ids: [known[wanted] for wanted in ids if wanted in known],
        keeps=keeps,
        lock={line.job_id: line for line in lock},
    )


def jobs_of(tally):
    return {phase: total.jobs for phase, total in tally.items()}


def test_each_job_counts_where_its_latest_attempt_stands():
    records = [record_in(0, Phase.DONE, "ab"), record_in(1, Phase.FAILED), record_in(2, Phase.ACCEPTED)]
    standing = stands(records)
    assert jobs_of(standing.tally) == {Phase.PLANNED: 5, Phase.ACCEPTED: 1, Phase.DONE: 1, Phase.FAILED: 1}
    assert (standing.new.jobs, standing.missing) == (5, NOTHING)
    assert dict(standing.sizes) == {"hero": ("1*1",)}


def test_what_the_lock_knows_is_missing_and_not_new():
    line = a_line(job_id=job_id(3), cost_usd=Decimal("0.07"))
    standing = stands([], lock=[line])
    assert (standing.new.jobs, standing.missing.jobs) == (7, 1)
    known = stands([record_in(3, Phase.ACCEPTED)], lock=[line])
    assert known.missing == NOTHING


def test_what_is_done_and_not_here_is_missing():
    records = [record_in(0, Phase.DONE, "ab"), record_in(1, Phase.DONE, "cd"), record_in(2, Phase.LOST)]
    standing = stands(records, keeps=lambda image, stem: image.sha256[0] != "d")
    assert jobs_of(standing.tally) == {Phase.PLANNED: 5, Phase.DONE: 1, Phase.LOST: 1}
    assert standing.missing == PhaseTotal(jobs=1, images=2, cost_usd=Decimal("0.1"))


@pytest.mark.parametrize(
    ("redo", "jobs"),
    [((), 0), (("failed",), 1), (("short",), 2), (("missing",), 4), (("failed", "short", "missing"), 7)],
)
def test_what_a_redo_would_buy(redo, jobs):
    records = [record_in(0, Phase.FAILED)]
    records += [record_in(number, Phase.DONE_SHORT, "a") for number in (1, 2)]
    records += [record_in(number, Phase.LOST) for number in (3, 4)]
    records += [record_in(5, Phase.DONE, "xx")]
    lock = [a_line(job_id=job_id(6))]
    standing = stands(records, keeps=lambda image, stem: image.sha256[0] != "x", lock=lock)
    again = standing.again(map(Redo, redo))
    assert (again.jobs, again.cost_usd) == (jobs, jobs * Decimal("0.1"))
    known = knowing(records, lambda image, stem: image.sha256[0] != "x", lock)
    bought = list(jobs_to_buy([a_cell(number) for number in range(8)], known, map(Redo, redo)))
    assert len(bought) == standing.new.jobs + again.jobs


@pytest.mark.parametrize(
    ("redo", "jobs"),
    [
        ((), 0),
        (("rejected",), 4),
        (("short",), 2),
        (("rejected", "short"), 5),  # the short one that is rejected counts once
        (("rejected", "missing"), 5),  # as does a missing one
        (("rejected", "short", "missing", "failed"), 7),
    ],
)
def test_what_people_have_rejected_is_bought_again_once(redo, jobs):
    records = [
        record_in(0, Phase.DONE, "xa"),
        record_in(1, Phase.DONE_SHORT, "x"),
        record_in(2, Phase.DONE_SHORT, "a"),
        record_in(3, Phase.DONE, "xm"),  # missing
        record_in(4, Phase.FAILED),
        record_in(5, Phase.DONE, "am"),  # missing
        a_record(
            an_attempt(1, Phase.DONE, "t"), an_attempt(2, Phase.ACCEPTED), takes=["x"], job_id=job_id(6)
        ),
    ]
    lock = [a_line(job_id=job_id(7), outputs=("x" * 64,))]
    known = knowing(records, lambda image, stem: image.sha256[0] != "m", lock)
    known = replace(known, rejects=lambda sha256: sha256[0] == "x")
    cells = [a_cell(number) for number in range(8)]
    standing = survey(cells, known)
    assert standing.rejected_jobs == {job_id(number) for number in (0, 1, 3, 7)}
    again = standing.again(map(Redo, redo))
    assert again.jobs == jobs
    bought = list(jobs_to_buy(cells, known, map(Redo, redo)))
    assert len(bought) == standing.new.jobs + again.jobs == jobs


@pytest.mark.parametrize(("max_takes", "jobs"), [(1, 0), (2, 4), (3, 5)])
def test_what_was_tried_as_often_as_may_be_is_not_bought_again(max_takes, jobs):
    twice = [an_attempt(1, Phase.FAILED), an_attempt(2, Phase.FAILED)]
    records = [
        record_in(0, Phase.FAILED),
        record_in(1, Phase.DONE_SHORT, "a"),
        record_in(2, Phase.DONE, "x"),  # rejected
        a_record(*twice, job_id=job_id(3)),
        record_in(4, Phase.ACCEPTED),
        record_in(5, Phase.IN_DOUBT),
    ]
    lock = [a_line(job_id=job_id(6))]
    known = replace(
        knowing(records, lock=lock),
        rejects=lambda sha256: sha256[0] == "x",
        policy=Policy(max_takes=max_takes),
    )
    cells = [a_cell(number) for number in range(8)]
    standing = survey(cells, known)
    again = standing.again(Redo)
    assert (standing.new.jobs, again.jobs) == (1, jobs)
    assert len(list(jobs_to_buy(cells, known, Redo))) == 1 + jobs
    assert standing.may_redo(Phase.FAILED) is (max_takes > 1)
    assert standing.rejected_jobs == {job_id(2)}


def test_what_was_on_its_way_when_a_run_died_is_in_doubt():
    records = [record_in(0, Phase.SUBMITTING), record_in(1, Phase.IN_DOUBT), record_in(2, Phase.ACCEPTED)]
    cells = [a_cell(number) for number in range(4)]
    assert stands(records, jobs=4).doubtful == PhaseTotal(jobs=2, images=4, cost_usd=Decimal("0.2"))
    assert [job.job_id for job in jobs_in_doubt(cells, knowing(records))] == [job_id(0), job_id(1)]


def test_an_image_is_looked_for_as_an_object_and_where_its_cell_puts_it():
    asked = []

    def keeps(image, stem):
        asked.append((image.sha256[0], stem))
        return True

    cell = a_cell(0).cell
    record = record_in(0, Phase.DONE, "aabc")  # `b` keeps its place beyond the paths: `c` has none
    assert not is_missing(record, cell, keeps)
    assert asked == [("a", "0-1"), ("b", "0-2"), ("c", None)]
    assert not is_missing(record, None, keeps)
    assert is_missing(record, replace(cell, output_paths=()), lambda image, stem: stem is not None)


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase not in (Phase.DONE, Phase.DONE_SHORT)])
def test_only_what_was_brought_home_can_be_missing(phase):
    assert not is_missing(record_in(0, phase, "ab"), None, lambda image, stem: False)


# ---- changed cells ----


def sharing(*numbers):
    """Return cells that ask for jobs by number: a job is opened by its first cell."""
    seen = set()
    cells = []
    for place, number in enumerate(numbers):
        planned = a_cell(number)
        cell = replace(planned.cell, address=f"hero/{place}")
        cells.append(replace(planned, cell=cell, opens_job=number not in seen))
        seen.add(number)
    return cells


def former_of(number, *, decided=False):
    return Former(job_id=f"{number:032x}", paid_usd=Decimal("0.25"), decided=decided)


def with_formers(formers, records=()):
    """Return what is known when these cells, by their place in the plan, were paid for otherwise."""
    by_address = {f"hero/{place}": former for place, former in formers.items()}
    return replace(
        knowing(records),
        formers=lambda asked: {
            address: former
            for address in asked
            if (former := by_address.get(address)) and former.job_id != asked[address]
        },
    )


@pytest.mark.parametrize(
    ("jobs", "formers", "new", "changed", "cells", "paid"),
    [
        ([1, 2, 3], {}, 3, 0, 0, "0"),
        ([1, 2, 3], {0: 8, 2: 9}, 1, 2, 2, "0.50"),
        ([1, 2, 3], {0: 8, 2: 8}, 1, 2, 2, "0.25"),  # they had shared one picture
        ([1, 1], {0: 8, 1: 9}, 0, 1, 2, "0.50"),
        ([1, 1], {0: 8}, 1, 0, 0, "0"),  # the second cell is new: it is bought, and the first one follows
        ([1, 1], {1: 8}, 1, 0, 0, "0"),
        ([1, 2, 1, 2], {0: 8, 1: 8, 2: 8}, 1, 1, 2, "0.25"),
    ],
)
def test_changed_cells_keep_what_they_have(jobs, formers, new, changed, cells, paid):
    known = with_formers({place: former_of(number) for place, number in formers.items()})
    planned = sharing(*jobs)
    standing = survey(planned, known)
    assert standing.new.jobs == new
    assert (standing.kept.changed.jobs, standing.kept.changed_cells) == (changed, cells)
    assert standing.kept.paid_usd == Decimal(paid)
    assert standing.again({Redo.CHANGED}).jobs == changed
    assert standing.again({Redo.FAILED}) == NOTHING
    bought = list(jobs_to_buy(planned, known, (), standing.kept))
    assert len(bought) == new
    assert len(list(jobs_to_buy(planned, known, {Redo.CHANGED}, standing.kept))) == new + changed


def test_a_decision_to_keep_is_not_a_change_and_is_never_bought():
    known = with_formers({0: former_of(8, decided=True), 1: former_of(9)})
    standing = survey(sharing(1, 2), known)
    assert (standing.kept.decided.jobs, standing.kept.decided_cells) == (1, 1)
    assert (standing.kept.changed.jobs, standing.again({Redo.CHANGED}).jobs) == (1, 1)
    bought = jobs_to_buy(sharing(1, 2), known, {Redo.CHANGED}, standing.kept)
    assert [job.job_id for job in bought] == [job_id(2)]


def test_a_job_that_was_bought_is_no_change_whatever_its_cells_had_before():
    known = with_formers({0: former_of(8), 1: former_of(8)}, [record_in(1, Phase.DONE, "ab")])
    standing = survey(sharing(1, 2), known)
    assert jobs_of(standing.tally) == {Phase.DONE: 1}
    assert standing.kept.changed.jobs == 1


@pytest.mark.parametrize(
    ("former", "keeps", "to_fetch", "lost"),
    [
        (None, True, 1, 0),  # only the lock knows of it
        (record_in(8, Phase.DONE, "ab"), True, 0, 0),
        (record_in(8, Phase.DONE, "ab"), False, 1, 0),
        (record_in(8, Phase.ACCEPTED), True, 1, 0),
        (record_in(8, Phase.FETCHING, "a"), False, 1, 0),
        (record_in(8, Phase.LOST), True, 0, 1),
        (record_in(8, Phase.LOST, "ab"), True, 0, 0),  # fetched before it was lost
        (record_in(8, Phase.LOST, "ab"), False, 0, 1),
    ],
)
def test_what_changed_cells_keep_is_missing_when_it_is_not_here(former, keeps, to_fetch, lost):
    known = replace(
        with_formers({0: former_of(8), 1: former_of(8)}, [former] if former else []),
        keeps=lambda image, stem: keeps,
    )
    standing = survey(sharing(1, 2), known)
    assert (standing.kept.to_fetch, standing.kept.lost) == (to_fetch, lost)
    assert (standing.pending.jobs, standing.missing.jobs) == (to_fetch, 0)
