"""An audit over a real ledger and store, and a scripted service: pages, silences, retries."""

from __future__ import annotations

from decimal import Decimal

import pytest

from seedpipe.accounts import PlacedImages, audit
from seedpipe.core.audit import Kind
from seedpipe.core.errors import Malformed, Refused, Unavailable
from tests.engines.stage import Stage, planned
from tests.fakes.clock import run_virtually


@pytest.fixture
def played(tmp_path):
    """A stage on which five jobs were paid for: four are done, one failed and was given back."""
    stage = Stage(tmp_path, [cell for name in "abcde" for cell in planned(name)])
    stage.provider.fails["e"] = ("failed", 1405, "broken")
    stage.run()
    for task in stage.provider.tasks.values():
        task.ready_at_s = 0  # the clock of the audit begins anew
    yield stage
    stage.close()


def audited(stage, *, provider=True):
    placed = PlacedImages(name="out", jobs=lambda: stage.records().values(), store=stage.store)
    asked = stage.provider if provider else None
    return run_virtually(audit(stage.ledger, stage.store, [placed], asked, stage.clock))


def test_what_was_played_without_a_fault_is_clean(played):
    report = audited(played)
    assert (report.discrepancies, report.remarks) == ((), ())
    assert (report.attempts, report.objects, report.files) == (5, 4, 4)
    assert report.bills.bills == 6
    assert report.bills.planned_usd == report.bills.billed_usd == Decimal("0.40")


@pytest.mark.parametrize("page", [1, 2, 5, 6])
def test_bills_are_read_to_their_last_page(played, page):
    played.provider.bills_a_page = page
    report = audited(played)
    assert (report.discrepancies, report.bills.bills) == ((), 6)


def test_a_busy_service_is_asked_again(played):
    busy = Unavailable("HTTP 429", status=429, retry_after_s=7)
    played.provider.account_faults = [busy, Unavailable("HTTP 503", status=503)]
    report = audited(played)
    assert (report.remarks, report.bills.bills) == ((), 6)


@pytest.mark.parametrize(
    "faults", [[Unavailable("HTTP 503")] * 4, [Malformed("no bills")], [Refused("HTTP 401", status=401)]]
)
def test_bills_that_cannot_be_had_are_a_remark(played, faults):
    played.provider.account_faults = list(faults)
    report = audited(played)
    assert (report.bills, report.discrepancies) == (None, ())
    assert str(faults[0]) in report.remarks[0]


def test_bills_that_never_end_are_a_remark(played, monkeypatch):
    monkeypatch.setattr("seedpipe.accounts.auditing._MOST_PAGES", 3)
    played.provider.bills_a_page = 1
    assert "did not end after 3 pages" in audited(played).remarks[0]


def test_without_a_service_the_rest_is_checked_all_the_same(played):
    (played.out / "a" / "0-0.png").unlink()
    report = audited(played, provider=False)
    assert [found.kind for found in report.discrepancies] == [Kind.FILE_MISSING]
    assert (report.bills, played.provider.account_asked) == (None, [])


def test_other_prices_than_planned_are_found_for_every_job_that_cost_something(played):
    played.provider.image_usd = Decimal("0.20")
    found = audited(played).discrepancies
    assert [each.kind for each in found] == [Kind.PRICE_DIFFERS] * 4
    assert {each.subject for each in found} == {f"hero/{name}/0" for name in "abcd"}


def test_an_empty_ledger_is_clean(tmp_path):
    stage = Stage(tmp_path, planned("a"))
    report = audited(stage)
    stage.close()
    assert (report.attempts, report.discrepancies, report.bills.bills) == (0, (), 0)
