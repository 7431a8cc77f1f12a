"""Bills and balance: what was charged, what came back and when, page by page."""

from decimal import Decimal

import pytest

FAILING = {"prompt": "a lamp [sandbox: fail 5000]"}
MODERATED = {"prompt": "a lamp [sandbox: fail 1200]"}


def told(here, **query):
    return [
        (item["billing_type"], item["prediction"]["uuid"], item["price"])
        for item in here.bills(**query)["items"]
    ]


def test_every_charge_is_a_deduction_newest_first(service):
    here = service()
    first = here.submitted()
    here.pass_time(60)
    second = here.submitted("bytedance/seedream-v4/sequential", max_images=4)
    assert told(here) == [("deduct", second, 0.108), ("deduct", first, 0.027)]
    item = here.bills()["items"][1]
    assert item["prediction"] == {
        "uuid": first,
        "model_uuid": "bytedance/seedream-v4",
        "status": "completed",
    }
    assert item["created_at"].endswith("000Z")
    assert len({bill["uuid"] for bill in here.bills()["items"]}) == 2


def test_a_failed_task_is_refunded_after_the_delay_and_its_bill_stays(service):
    here = service(refund_after_s=600, balance_usd=Decimal(1))
    task = here.submitted(**FAILING)
    here.pass_time(600)
    assert told(here) == [("deduct", task, 0.027)]
    assert here.balance() == 0.973
    here.pass_time(1)
    assert told(here) == [("refund", task, 0.027), ("deduct", task, 0.027)]
    assert here.balance() == 1.0
    assert here.book.charged_usd() == Decimal("0.027")


@pytest.mark.parametrize(("refunds", "kinds"), [(False, ["deduct"]), (True, ["refund", "deduct"])])
def test_moderation_is_refunded_only_when_the_switch_says_so(service, refunds, kinds):
    here = service(refunds_moderation=refunds)
    here.submitted(**MODERATED)
    here.pass_time(1)
    assert [kind for kind, _, _ in told(here)] == kinds


def test_refunded_money_can_be_spent_again(service):
    here = service(balance_usd=Decimal("0.03"), refund_after_s=10)
    here.submitted(**FAILING)
    assert here.submit().status == 402
    here.pass_time(11)
    assert here.submit().status == 200


def test_bills_are_found_by_kind_model_and_time_and_come_in_pages(service):
    here = service()
    lamp = here.submitted()
    here.pass_time(60)
    noon = here.now.isoformat()
    failed = here.submitted("bytedance/seedream-v4/sequential", **FAILING)
    here.pass_time(60)
    assert [task for _, task, _ in told(here, billing_type="refund")] == [failed]
    assert [task for _, task, _ in told(here, model_uuid="bytedance/seedream-v4")] == [lamp]
    assert {task for _, task, _ in told(here, start_time=noon)} == {failed}
    assert {task for _, task, _ in told(here, end_time=noon)} == {lamp, failed}
    pages = [here.bills(page=number, page_size=2) for number in (1, 2, 3)]
    assert [(len(page["items"]), page["has_more"]) for page in pages] == [(2, True), (1, False), (0, False)]


def test_bills_outlive_the_task(service):
    here = service()
    task = here.submitted()
    here.sandbox.delete({"ids": [task]}, here.now)
    here.pass_time(30 * 24 * 3600)
    assert told(here) == [("deduct", task, 0.027)]


@pytest.mark.parametrize(
    "query", [{"page": 0}, {"page_size": 101}, {"billing_type": "gift"}, {"start_time": "now"}]
)
def test_a_question_that_makes_no_sense_is_refused(service, query):
    here = service()
    assert here.sandbox.bills(query, here.now).status == 400


def test_prices_drift_by_the_switch_in_what_is_said_and_in_what_is_charged(service):
    here = service(price_percent=150)
    said = here.sandbox.price({"model_id": "bytedance/seedream-v4", "inputs": {}}).body["data"]
    here.submitted()
    assert said["price"] == 0.0405
    assert here.book.charged_usd() == Decimal("0.0405")


def test_a_silent_account_says_nothing_and_still_takes_requests(service):
    here = service(account_is_silent=True)
    price = {"model_id": "bytedance/seedream-v4", "inputs": {}}
    asked = (here.sandbox.balance(here.now), here.sandbox.bills({}, here.now), here.sandbox.price(price))
    assert [reply.status for reply in asked] == [503, 503, 503]
    assert here.submit().status == 200
