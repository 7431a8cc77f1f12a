"""Changed cells: an edit buys nothing by itself, the old pictures stay, and the user's word buys anew."""

from __future__ import annotations

from dataclasses import replace

import pytest

from seedpipe.core.lifecycle import Phase
from seedpipe.core.policy import Orders, Redo
from seedpipe.core.showing import shown_sets
from tests.engines.stage import Stage, planned

REDO = Orders(redo=frozenset({Redo.CHANGED}))


def cell_asking(prompt, address, *, opens=True):
    """Return a cell that asks for this prompt at an address."""
    first = planned(prompt)[0]
    cell = replace(first.cell, address=address, output_paths=(address,))
    return replace(first, cell=cell, opens_job=opens)


@pytest.fixture
def stage(tmp_path):
    """Two cells that are paid for: hero/a asks for a red lamp, hero/b for a blue one."""
    made = Stage(tmp_path, [cell_asking("red", "hero/a"), cell_asking("blue", "hero/b")])
    made.run()
    assert len(made.provider.billed) == 2
    yield made
    made.close()


def content(stage, path):
    return (stage.out / path).read_bytes()


def test_a_changed_cell_is_not_bought_and_keeps_its_picture(stage):
    before = content(stage, "hero/a.png")
    edited = stage.admit([cell_asking("green", "hero/a"), cell_asking("blue", "hero/b")])
    stage.run(plan_id=edited)
    assert len(stage.provider.billed) == 2
    assert content(stage, "hero/a.png") == before
    assert stage.ledger.tally(edited).keys() == {Phase.DONE}
    assert [record.label for record in stage.ledger.kept(edited)] == ["hero/a"]


def test_only_the_new_cell_beside_a_changed_one_is_bought(stage):
    edited = stage.admit([cell_asking("green", "hero/a"), cell_asking("new", "hero/c")])
    stage.run(plan_id=edited)
    assert len(stage.provider.billed) == 3
    assert stage.records(edited)["new"].phase is Phase.DONE
    assert stage.records(edited)["green"].is_kept


def test_a_shorter_set_leaves_nothing_of_the_old_one_beside_it(tmp_path):
    """One picture of a new set beside one of the old set would be taken for a set."""
    made = Stage(tmp_path, planned("red", images=2))
    made.run()
    edited = [
        replace(new, cell=replace(old.cell, job_id=new.job.job_id))
        for old, new in zip(planned("red", images=2), planned("green", images=2), strict=True)
    ]
    made.provider.images_of["green"] = 1
    made.run(plan_id=made.admit(edited), orders=REDO)
    assert [path.name for path in sorted((made.out / "red").iterdir())] == ["0-0.png"]
    assert len(list(made.objects.iterdir())) == 3, "the old pictures are kept"
    made.close()


def test_the_old_picture_goes_where_the_cell_lies_now(stage):
    green = cell_asking("green", "hero/a")
    moved = replace(green, cell=replace(green.cell, output_paths=("moved/a",)))
    stage.run(plan_id=stage.admit([moved]))
    assert content(stage, "moved/a.png") == content(stage, "hero/a.png")


def test_a_kept_picture_that_is_gone_is_fetched_again_and_not_bought(stage):
    for folder in (stage.out, stage.objects):
        for file in [path for path in folder.rglob("*") if path.is_file()]:
            file.unlink()
    edited = stage.admit([cell_asking("green", "hero/a")])
    stage.run(plan_id=edited)
    assert len(stage.provider.billed) == 2
    assert "hero/a.png" in stage.files()


def test_the_user_s_word_buys_what_has_changed_and_the_old_take_is_kept(stage):
    before = content(stage, "hero/a.png")
    edited = stage.admit([cell_asking("green", "hero/a"), cell_asking("blue", "hero/b")])
    stage.run(plan_id=edited, orders=REDO)
    assert len(stage.provider.billed) == 3
    assert stage.records(edited)["green"].phase is Phase.DONE
    assert content(stage, "hero/a.png") != before
    old = stage.ledger.tried([cell_asking("red", "hero/a").job.job_id])[0]
    assert old.phase is Phase.DONE
    assert stage.store.holds(old.outputs[0].image)
    stage.run(plan_id=edited, orders=REDO)
    assert len(stage.provider.billed) == 3


def test_what_was_asked_before_is_shown_again_without_being_bought(stage):
    before = content(stage, "hero/a.png")
    stage.run(plan_id=stage.admit([cell_asking("green", "hero/a")]), orders=REDO)
    stage.run()
    assert len(stage.provider.billed) == 3
    assert content(stage, "hero/a.png") == before
    again = stage.admit([cell_asking("white", "hero/a"), cell_asking("blue", "hero/b")])
    stage.run(plan_id=again)
    assert (len(stage.provider.billed), content(stage, "hero/a.png")) == (3, before)


def test_a_changed_cell_follows_a_job_that_a_new_cell_has_bought(stage):
    cells = [cell_asking("green", "hero/a"), cell_asking("green", "hero/c", opens=False)]
    stage.run(plan_id=stage.admit(cells))
    assert len(stage.provider.billed) == 3
    assert content(stage, "hero/a.png") == content(stage, "hero/c.png")


def test_a_cell_that_was_kept_by_decision_follows_nobody(stage):
    before = content(stage, "hero/a.png")
    green, red = cell_asking("green", "hero/a"), cell_asking("red", "hero/a")
    stage.ledger.keep("aurora", {"hero/a": (green.job.job_id, red.job.job_id)}, stage.clock.start)
    stage.run(plan_id=stage.admit([green]), orders=REDO)
    assert len(stage.provider.billed) == 2
    cells = [green, cell_asking("green", "hero/c", opens=False)]
    stage.run(plan_id=stage.admit(cells), orders=REDO)
    assert len(stage.provider.billed) == 3
    assert content(stage, "hero/a.png") == before != content(stage, "hero/c.png")
    white = stage.admit([cell_asking("white", "hero/a")])
    stage.run(plan_id=white)
    assert not stage.records(white)["white"].formers["hero/a"].decided
    assert stage.ledger.formers("aurora", {"hero/a": "x"})["hero/a"].job_id == red.job.job_id


def test_a_picture_that_was_kept_by_decision_is_put_back(stage):
    before = content(stage, "hero/a.png")
    green, red = cell_asking("green", "hero/a"), cell_asking("red", "hero/a")
    stage.ledger.keep("aurora", {"hero/a": (green.job.job_id, red.job.job_id)}, stage.clock.start)
    edited = stage.admit([green, cell_asking("green", "hero/c", opens=False)])
    stage.run(plan_id=edited)
    (stage.out / "hero/a.png").unlink()
    stage.run(plan_id=edited)
    assert (len(stage.provider.billed), content(stage, "hero/a.png")) == (3, before)


def test_the_old_picture_is_shown_when_the_new_one_fails(stage):
    before = content(stage, "hero/a.png")
    green = cell_asking("green", "hero/a")
    moved = replace(green, cell=replace(green.cell, output_paths=("moved/a",)))
    stage.provider.fails["green"] = ("failed", 1403, "no luck")
    edited = stage.admit([moved])
    stage.run(plan_id=edited, orders=REDO)
    record = stage.records(edited)["green"]
    (shown,) = shown_sets(record)
    assert (record.phase, shown.kept.job_id) == (Phase.FAILED, cell_asking("red", "hero/a").job.job_id)
    assert content(stage, "moved/a.png") == before


def test_what_failed_was_not_paid_and_is_new_when_it_changes(tmp_path):
    stage = Stage(tmp_path, [cell_asking("red", "hero/a")])
    stage.provider.fails["red"] = ("failed", 1403, "no luck")
    stage.run()
    assert stage.records()["red"].phase is Phase.FAILED
    stage.run(plan_id=stage.admit([cell_asking("green", "hero/a")]))
    assert len(stage.provider.billed) == 2
    stage.close()
