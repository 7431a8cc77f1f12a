"""A changed cell keeps its picture: who waits for the user's word, and where pictures go meanwhile."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from seedpipe.core.keeping import may_follow, waits_for_word
from seedpipe.core.lifecycle import Phase
from seedpipe.core.manifest import job_document
from seedpipe.core.model import Cell
from seedpipe.core.policy import Orders, Redo
from seedpipe.core.records import Former, JobRecord
from tests.core.test_lockfile import a_record, an_attempt

NEW = None
CHANGED = Former(job_id="a" * 32, paid_usd=Decimal("0.1"))
KEPT = Former(job_id="b" * 32, paid_usd=Decimal("0.2"), decided=True)


def record_of(formers, *attempts):
    job = a_record().job
    cells = tuple(
        Cell(address=f"hero/{n}", series="hero", axes={}, job_id=job.job_id, output_paths=(f"{n}",))
        for n in range(len(formers))
    )
    return JobRecord(
        job=job,
        cells=cells,
        attempts=attempts,
        outputs=(),
        earlier=((),) * max(len(attempts) - 1, 0),
        formers={f"hero/{n}": former for n, former in enumerate(formers) if former},
    )


@pytest.mark.parametrize(
    ("formers", "waits", "waits_with_redo"),
    [
        ([NEW], False, False),
        ([CHANGED], True, False),
        ([KEPT], True, True),
        # Two cells share a job: one that was never paid for has it bought, and then it is there for all.
        ([NEW, CHANGED], False, False),
        ([CHANGED, NEW], False, False),
        ([NEW, KEPT], False, False),
        ([CHANGED, CHANGED], True, False),
        ([CHANGED, KEPT], True, False),
        ([KEPT, KEPT], True, True),
        # One of an earlier plan, which no cell asks for any more, is not ours to hold back.
        ([], False, False),
    ],
)
def test_a_job_waits_when_each_of_its_cells_was_paid_for_as_another(formers, waits, waits_with_redo):
    record = record_of(formers)
    assert (record.is_changed, record.is_kept) == (waits, waits)
    assert waits_for_word(record, Orders()) is waits
    assert waits_for_word(record, Orders(redo=frozenset({Redo.CHANGED}))) is waits_with_redo
    others = frozenset(Redo) - {Redo.CHANGED}
    assert waits_for_word(record, Orders(redo=others)) is waits


@pytest.mark.parametrize("phase", list(Phase))
def test_only_what_was_never_bought_is_kept_back(phase):
    assert record_of([CHANGED], an_attempt(1, phase, "task-1")).is_kept is (phase is Phase.PLANNED)


def test_a_decision_stands_whatever_the_redo_says():
    assert may_follow([CHANGED, KEPT], {Redo.CHANGED})
    assert not may_follow([KEPT], {Redo.CHANGED})
    assert not may_follow([CHANGED], {Redo.FAILED, Redo.MISSING})


def test_pictures_follow_the_job_unless_somebody_has_decided_to_keep_the_old_one():
    record = record_of([NEW, CHANGED, KEPT])
    assert [cell.address for cell in record.followers] == ["hero/0", "hero/1"]


def test_the_job_s_line_says_which_cells_keep_what():
    waits = record_of([CHANGED, KEPT])
    waiting = job_document(waits)
    assert [cell["kept"] for cell in waiting["cells"]] == ["a" * 32, "b" * 32]
    done = a_record(an_attempt(1, Phase.DONE, "task-1"), takes=["ab"])
    bought = job_document(replace(done, cells=waits.cells, formers=waits.formers))
    assert [cell["kept"] for cell in bought["cells"]] == [None, "b" * 32]
