"""What a cell shows: its job's own set, or the one that its place was last paid for."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from seedpipe.core.lifecycle import Phase
from seedpipe.core.manifest import job_document
from seedpipe.core.model import Cell
from seedpipe.core.records import Former
from seedpipe.core.showing import kept_jobs, kept_words, own_set, shown_sets, with_kept
from tests.core.test_lockfile import a_record, an_attempt

OLD = "0" * 32
URLS = ("u", "v")
UNTRIED = a_record()
DONE = a_record(an_attempt(1, Phase.DONE, "t1"), takes=["ab"])
SHORT = a_record(an_attempt(1, Phase.DONE_SHORT, "t1"), takes=["a"])
HALF = a_record(an_attempt(1, Phase.FETCHING, "t1", urls=URLS), takes=["a"])
REFETCHED = a_record(an_attempt(1, Phase.FETCHING, "t1", urls=URLS), takes=["ab"])
FAILED = a_record(an_attempt(1, Phase.FAILED, "t1"))
LOST = a_record(an_attempt(1, Phase.LOST, "t1"))
ACCEPTED = a_record(an_attempt(1, Phase.ACCEPTED, "t1"))
FULL_THEN_SHORT = a_record(
    an_attempt(1, Phase.DONE, "t1"), an_attempt(2, Phase.DONE_SHORT, "t2"), takes=["ab", "c"]
)
SHORT_THEN_HALF = a_record(
    an_attempt(1, Phase.DONE_SHORT, "t1"),
    an_attempt(2, Phase.FETCHING, "t2", urls=("u", "v", "w")),
    takes=["a", "cd"],
)
REDONE_IN_VAIN = a_record(an_attempt(1, Phase.DONE, "t1"), an_attempt(2, Phase.FAILED), takes=["ab"])

FORMER = replace(
    DONE, job=replace(DONE.job, job_id=OLD), outputs=a_record(an_attempt(1, Phase.DONE), takes=["xy"]).outputs
)
CHANGED = Former(job_id=OLD, paid_usd=Decimal("0.216"))
DECIDED = replace(CHANGED, decided=True)
NEVER_PAID = None


def asking(record, *formers, paths=2):
    """Return a job with a cell for each of these formers, which are known to the ledger."""
    cells = tuple(
        Cell(
            address=f"hero/{n}",
            series="hero",
            axes={},
            job_id=record.job.job_id,
            output_paths=tuple(f"{n}/{place}" for place in range(paths)),
        )
        for n in range(len(formers))
    )
    known = {cell.address: former for cell, former in zip(cells, formers, strict=True) if former}
    return with_kept(replace(record, cells=cells, formers=known), {OLD: FORMER})


def shown(record):
    """Return for each cell the first letters of its images by path, and whether it keeps them."""
    return {
        cell.address: (
            "".join(image.output.image.sha256[0] for image in each.placed if image.cell == cell),
            each.kept is not None,
        )
        for each in shown_sets(record)
        for cell in each.cells
    }


@pytest.mark.parametrize(
    ("record", "former", "images", "kept"),
    [
        (UNTRIED, NEVER_PAID, "", False),
        (UNTRIED, CHANGED, "xy", True),
        (UNTRIED, DECIDED, "xy", True),
        # Bought by the user's word, or for a new cell that asks the same.
        (DONE, CHANGED, "ab", False),
        (DONE, DECIDED, "xy", True),
        (DONE, NEVER_PAID, "ab", False),
        (SHORT, CHANGED, "a", False),
        # Until the new set is whole, the old one lies at its paths.
        (ACCEPTED, CHANGED, "xy", True),
        (HALF, CHANGED, "xy", True),
        (HALF, NEVER_PAID, "a", False),
        (REFETCHED, CHANGED, "ab", False),
        (FAILED, CHANGED, "xy", True),
        (LOST, CHANGED, "xy", True),
        (FAILED, NEVER_PAID, "", False),
        # Of several takes the fullest that has come.
        (FULL_THEN_SHORT, NEVER_PAID, "ab", False),
        (SHORT_THEN_HALF, NEVER_PAID, "a", False),
        (REDONE_IN_VAIN, CHANGED, "ab", False),
    ],
)
def test_a_cell_shows_its_job_s_set_or_keeps_what_it_was_paid_for_as(record, former, images, kept):
    assert shown(asking(record, former)) == {"hero/0": (images, kept)}


def test_cells_of_one_job_may_show_different_sets():
    record = asking(DONE, NEVER_PAID, DECIDED, CHANGED)
    assert shown(record) == {"hero/0": ("ab", False), "hero/2": ("ab", False), "hero/1": ("xy", True)}
    waiting = asking(UNTRIED, NEVER_PAID, CHANGED)
    assert shown(waiting) == {"hero/0": ("", False), "hero/1": ("xy", True)}
    assert kept_jobs([record, waiting, UNTRIED]) == [OLD]


def test_cells_that_keep_one_set_for_different_reasons_are_told_apart():
    changed, decided = shown_sets(asking(UNTRIED, CHANGED, DECIDED))
    assert [each.kept.decided for each in (changed, decided)] == [False, True]
    assert changed.record is decided.record


def test_every_image_is_placed_as_far_as_there_are_places():
    fewer = asking(UNTRIED, CHANGED, paths=1)
    assert [image.path for each in shown_sets(fewer) for image in each.placed] == ["0/0.png"]
    more = asking(UNTRIED, CHANGED, CHANGED, paths=3)
    (kept,) = shown_sets(more)
    assert [image.path for image in kept.placed] == ["0/0.png", "0/1.png", "1/0.png", "1/1.png"]


def test_a_set_that_the_ledger_does_not_know_has_no_images():
    (kept,) = shown_sets(with_kept(asking(UNTRIED, CHANGED), {}))
    assert (kept.record, kept.outputs, kept.placed, kept.remarks) == (None, (), (), "")


def test_the_job_s_line_has_the_kept_set_with_its_places():
    document = job_document(asking(UNTRIED, CHANGED))
    assert (document["outputs"], document["cells"][0]["kept"]) == ([], OLD)
    (kept,) = document["kept"]
    assert (kept["job_id"], kept["paid_usd"]) == (OLD, "0.216")
    assert [output["paths"] for output in kept["outputs"]] == [["0/0.png"], ["0/1.png"]]
    followed = job_document(asking(DONE, CHANGED, DECIDED))
    assert [output["paths"] for output in followed["outputs"]] == [["0/0.png"], ["0/1.png"]]
    assert [output["paths"] for output in followed["kept"][0]["outputs"]] == [["1/0.png"], ["1/1.png"]]


def test_what_nobody_shows_is_still_the_job_s_own():
    own = own_set(asking(DONE, DECIDED))
    assert (own.cells, len(own.outputs), own.placed) == ((), 2, ())


def test_words():
    assert kept_words(CHANGED) == "changed · paid $0.216 · kept"
    assert kept_words(DECIDED) == "kept by decision · paid $0.216"
