"""What every ledger knows of places: what each was paid for as, and what is kept there."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from seedpipe.core.lifecycle import Event, Phase
from seedpipe.core.records import Former
from tests.contracts.ledger_plans import AT, PRICE, a_header, a_run, an_entry, some_cells
from tests.contracts.ledgers import LEDGERS
from tests.core.test_lockfile import a_line


@pytest.fixture(params=LEDGERS)
def live(request, tmp_path):
    """A ledger of a service where things are paid."""
    with closing(LEDGERS[request.param](tmp_path, "https://api.test")) as ledger:
        yield ledger


@pytest.fixture(params=LEDGERS)
def proofs(request, tmp_path):
    """A ledger of the sandbox."""
    with closing(LEDGERS[request.param](tmp_path, "sandbox")) as ledger:
        yield ledger


def a_cell(address, number, *, opens=True):
    """Return a cell at an address that asks for a job by number."""
    planned = next(some_cells(1, tag=f"n{number}-"))
    cell = replace(planned.cell, address=address, output_paths=(f"{address}-1", f"{address}-2"))
    return replace(planned, cell=cell, opens_job=opens)


def buy(ledger, header, *cells, run_id="run-1"):
    ledger.admit(header, cells)
    ledger.begin_run(a_run(run_id, header=header))
    for planned in cells:
        if planned.opens_job:
            job = planned.job.job_id
            ledger.record([an_entry(job, Event.INTENT_RECORDED, run_id=run_id)])
            ledger.record([an_entry(job, Event.ACCEPTED, run_id=run_id)])


def former_at(ledger, place, *, asked="another", campaign="autumn"):
    former = ledger.formers(campaign, {place: asked}).get(place)
    return former and former.job_id


def test_a_place_knows_what_it_was_paid_for_as_and_what_that_cost(live):
    bought = a_cell("hero/a", 1)
    buy(live, a_header(), bought)
    found = live.formers("autumn", {"hero/a": "another", "hero/b": "another"})
    assert found == {"hero/a": Former(job_id=bought.job.job_id, paid_usd=PRICE)}
    assert live.formers("autumn", {"hero/a": bought.job.job_id}) == {}
    assert live.formers("winter", {"hero/a": "another"}) == {}


def test_what_failed_was_never_paid_and_what_is_in_doubt_may_have_been(live):
    live.admit(a_header(), [a_cell("hero/a", 1)])
    live.begin_run(a_run())
    job = a_cell("hero/a", 1).job.job_id
    live.record([an_entry(job, Event.INTENT_RECORDED)])
    assert former_at(live, "hero/a") == job
    live.record([an_entry(job, Event.UNKNOWN)])
    assert former_at(live, "hero/a") == job
    live.record([an_entry(job, Event.WRITTEN_OFF)])
    assert former_at(live, "hero/a") is None


def test_the_job_a_place_has_shown_last_counts(live):
    first, second = a_header(edition="1"), a_header(edition="2")
    buy(live, first, a_cell("hero/a", 1))
    buy(live, second, a_cell("hero/a", 2), run_id="run-2")
    assert former_at(live, "hero/a") == a_cell("hero/a", 2).job.job_id
    live.begin_run(a_run("run-3", header=first))
    assert former_at(live, "hero/a") == a_cell("hero/a", 1).job.job_id


def test_a_cell_that_joins_a_paid_job_was_paid_for_once_a_run_has_shown_it(live):
    buy(live, a_header(edition="1"), a_cell("hero/a", 1))
    later = a_header(edition="2")
    live.admit(later, [a_cell("hero/a", 1), a_cell("hero/b", 1, opens=False)])
    assert former_at(live, "hero/b") is None
    live.begin_run(a_run("run-2", header=later))
    assert former_at(live, "hero/b") == a_cell("hero/a", 1).job.job_id


def test_a_profile_has_places_of_its_own(live):
    draft = replace(a_header(), variant={"profile": "draft"})
    buy(live, draft, a_cell("hero/a", 1))
    assert former_at(live, "hero/a") is None
    assert former_at(live, "@draft/hero/a") == a_cell("hero/a", 1).job.job_id


def test_a_proof_follows_every_change(proofs):
    buy(proofs, a_header(edition="1"), a_cell("hero/a", 1))
    edited = a_header(edition="2")
    proofs.admit(edited, [a_cell("hero/a", 2)])
    assert former_at(proofs, "hero/a") is None
    assert list(proofs.kept(edited.plan_id)) == []


def test_kept_jobs_are_in_no_phase(live):
    buy(live, a_header(edition="1"), a_cell("hero/a", 1), a_cell("hero/b", 2))
    edited = a_header(edition="2")
    live.admit(edited, [a_cell("hero/a", 3), a_cell("hero/b", 2), a_cell("hero/c", 4)])
    tally = live.tally(edited.plan_id)
    assert {phase: total.jobs for phase, total in tally.items()} == {Phase.PLANNED: 1, Phase.ACCEPTED: 1}
    assert tally[Phase.PLANNED].cost_usd == PRICE
    (kept,) = live.kept(edited.plan_id)
    assert (kept.label, kept.formers["hero/a"].job_id) == ("hero/a", a_cell("hero/a", 1).job.job_id)
    first, second, third = live.jobs(edited.plan_id, 0, 3)
    assert (first.is_kept, second.is_kept, third.is_kept) == (True, False, False)


def test_a_decision_holds_until_the_cell_asks_for_something_else(live):
    buy(live, a_header(edition="1"), a_cell("hero/a", 1))
    old, new = (a_cell("hero/a", number).job.job_id for number in (1, 2))
    live.keep("autumn", {"hero/a": (new, old)}, AT)
    assert live.formers("autumn", {"hero/a": new})["hero/a"].decided
    assert not live.formers("autumn", {"hero/a": "third"})["hero/a"].decided
    assert (live.unkeep("autumn", ["hero/a"]), live.unkeep("autumn", ["hero/a"])) == (1, 0)
    assert not live.formers("autumn", {"hero/a": new})["hero/a"].decided


def test_what_others_have_paid_counts_until_this_ledger_has_tried_it_itself(live):
    old, new = a_line(job_id="1" * 32, cells=("hero/a",)), a_cell("hero/a", 2)
    live.remember("autumn", [old])
    live.remember("autumn", [old])
    found = live.formers("autumn", {"hero/a": new.job.job_id})["hero/a"]
    assert (found.job_id, found.paid_usd) == (old.job_id, old.cost_usd)
    buy(live, a_header(), new)
    assert former_at(live, "hero/a", asked="third") == new.job.job_id
    tried = a_line(job_id=a_cell("hero/z", 5).job.job_id, cells=("hero/z",))
    live.remember("autumn", [tried])
    live.admit(a_header(edition="3"), [a_cell("hero/z", 5)])
    assert former_at(live, "hero/z") == tried.job_id
    live.begin_run(a_run("run-3", header=a_header(edition="3")))
    live.record([an_entry(tried.job_id, Event.INTENT_RECORDED, run_id="run-3")])
    live.record([an_entry(tried.job_id, Event.REFUSED, run_id="run-3")])
    assert former_at(live, "hero/z") is None


def test_a_sandbox_remembers_nothing_of_others_for_nothing_is_paid_there(proofs):
    proofs.remember("autumn", [a_line(job_id="1" * 32, cells=("hero/a",))])
    assert proofs.formers("autumn", {"hero/a": "2" * 32}) == {}


def test_the_newest_of_what_others_have_paid_counts(live):
    older = a_line(job_id="9" * 32, cells=("hero/a",))
    newer = replace(older, job_id="1" * 32, accepted_at=older.accepted_at + timedelta(days=1))
    live.remember("autumn", [newer, older])
    assert former_at(live, "hero/a") == newer.job_id


def test_a_paid_job_names_every_place_it_was_ever_paid_for(live):
    buy(live, a_header(edition="1"), a_cell("hero/a", 1))
    live.admit(a_header(edition="2"), [a_cell("hero/b", 1)])
    live.begin_run(a_run("run-2", header=a_header(edition="2")))
    (record,) = live.paid("autumn")
    assert record.places == ("hero/a", "hero/b")
    assert [cell.address for cell in record.cells] == ["hero/b"]


def test_the_places_of_a_paid_job_are_its_own_and_those_of_one_campaign(live):
    buy(live, a_header(), a_cell("hero/a", 1), a_cell("hero/b", 2))
    spring = a_header("spring")
    live.admit(spring, [a_cell("hero/c", 1)])
    live.begin_run(a_run("run-2", header=spring))
    assert {record.job.job_id: record.places for record in live.paid("autumn")} == {
        a_cell("hero/a", 1).job.job_id: ("hero/a",),
        a_cell("hero/b", 2).job.job_id: ("hero/b",),
    }
    assert list(live.paid("spring")) == []


def test_a_place_that_keeps_a_picture_has_never_shown_what_it_asked_for(live):
    """Another place buys that job, and a later run shows it: the one that keeps goes on with what it has."""
    kept, asked = a_cell("hero/a", 1), a_cell("hero/a", 2, opens=False)
    buy(live, a_header(edition="1"), kept)
    live.keep("autumn", {"hero/a": (asked.job.job_id, kept.job.job_id)}, AT)
    both = a_header(edition="2")
    buy(live, both, a_cell("hero/b", 2), asked, run_id="run-2")
    for run_id in ("run-3", "run-4"):
        assert former_at(live, "hero/a") == kept.job.job_id
        assert former_at(live, "hero/b") == asked.job.job_id
        live.begin_run(a_run(run_id, header=both))
