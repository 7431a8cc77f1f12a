"""Answers about the account: exact amounts, and nothing that is half understood."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from seedpipe.core.bills import BillKind
from seedpipe.core.errors import Malformed, Refused
from seedpipe.providers import account
from seedpipe.providers.answers import Answer

MODEL = "bytedance/seedream-v4"
BILL = {
    "uuid": "b1",
    "billing_type": "refund",
    "price": "0.108",
    "created_at": "2026-03-01T12:00:00.123456789Z",
    "prediction": {"uuid": "e6832d4abffb4d79bfbca19783fca133", "model_uuid": MODEL, "status": "failed"},
}


def says(data, status=200):
    return Answer(status=status, body=json.dumps({"code": status, "data": data}).encode(), whole=True)


@pytest.mark.parametrize(
    ("said", "amount"),
    [(12.34, "12.34"), (0, "0"), ("7.5", "7.5"), (-0.4, "-0.4"), (0.1 + 0.2, "0.3"), (1e-7, "0.0000001")],
)
def test_a_balance_is_as_exact_as_it_was_written(said, amount):
    assert account.balance(says({"balance": said}), secret="") == Decimal(amount)


@pytest.mark.parametrize("said", [None, "lots", True, [], float("nan"), float("inf"), 1e30, "", {"usd": 1}])
def test_what_is_no_amount_is_malformed(said):
    with pytest.raises(Malformed):
        account.balance(says({"balance": said}), secret="")


@pytest.mark.parametrize(
    ("data", "amount"),
    [
        ({"price": 0.03, "discounted_price": 0.027}, "0.027"),
        ({"price": 0.03, "discounted_price": None}, "0.03"),
        ({"price": 0.03, "discounted_price": 0}, "0"),
        ({"unit_price": 0.027, "currency": "USD"}, "0.027"),
    ],
)
def test_a_price_is_the_one_that_would_be_charged(data, amount):
    assert account.price(says({"model_id": MODEL, **data}), MODEL, secret="") == Decimal(amount)


@pytest.mark.parametrize(
    "data",
    [{}, {"price": -1}, {"price": 1, "currency": "CNY"}, {"price": 1, "model_id": "another/model"}, None, []],
)
def test_a_price_of_something_else_is_malformed(data):
    with pytest.raises(Malformed):
        account.price(says(data), MODEL, secret="")


def test_a_refusal_inside_an_envelope_is_a_refusal():
    refused = Answer(status=200, body=b'{"code": 403, "message": "no"}', whole=True)
    with pytest.raises(Refused, match="no"):
        account.balance(refused, secret="")


def test_a_bill_is_read_whole():
    page = account.bills(says({"page": 1, "has_more": True, "items": [BILL]}), secret="")
    (bill,) = page.bills
    assert (bill.kind, bill.amount_usd, bill.model) == (BillKind.REFUND, Decimal("0.108"), MODEL)
    assert bill.prediction_id == BILL["prediction"]["uuid"]
    assert bill.at == datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
    assert page.has_more


@pytest.mark.parametrize(
    ("changed", "kind", "task"),
    [
        ({"billing_type": "topup", "prediction": None}, BillKind.OTHER, None),
        ({"billing_type": "deduct", "price": -0.108}, BillKind.DEDUCT, BILL["prediction"]["uuid"]),
        ({"prediction": {"uuid": "../../etc"}}, BillKind.REFUND, None),
        ({"prediction": {"id": "abcdef0123"}}, BillKind.REFUND, "abcdef0123"),
    ],
)
def test_a_bill_of_another_shape_keeps_its_sense(changed, kind, task):
    (bill,) = account.bills(says({"items": [BILL | changed]}), secret="").bills
    assert (bill.kind, bill.prediction_id, bill.amount_usd) == (kind, task, Decimal("0.108"))


@pytest.mark.parametrize(
    "data",
    [
        {"items": {}},
        {"items": [BILL, "x"]},
        {"items": [BILL | {"price": None}]},
        {"items": [BILL | {"created_at": "soon"}]},
        {"items": [], "has_more": "yes"},
    ],
)
def test_a_page_with_one_line_that_cannot_be_read_is_no_page(data):
    with pytest.raises(Malformed):
        account.bills(says(data), secret="")


def test_no_bills_are_an_empty_page():
    page = account.bills(says({"items": None}), secret="")
    assert (page.bills, page.has_more) == ((), False)


ENTRY = {
    "model_id": MODEL,
    "base_price": 0.027,
    "formula": "",
    "api_schema": {
        "api_schemas": [
            {"type": "upload"},
            {
                "type": "model_run",
                "request_schema": {"properties": {"prompt": {"type": "string"}}, "required": ["prompt"]},
            },
        ]
    },
}


@pytest.mark.parametrize("data", [[ENTRY], {"items": [ENTRY]}, {"models": [ENTRY]}])
def test_offers_are_read_in_every_shape_of_the_list(data):
    (offer,) = account.offers(says(data), secret="")
    assert (offer.model_id, offer.base_price_usd, offer.formula) == (MODEL, Decimal("0.027"), "")
    assert (set(offer.properties), offer.required) == ({"prompt"}, {"prompt"})


@pytest.mark.parametrize(
    "broken",
    [
        "text",
        {**ENTRY, "model_id": 7},
        {**ENTRY, "base_price": "free"},
        {**ENTRY, "api_schema": None},
        {**ENTRY, "api_schema": {"api_schemas": [{"type": "model_run", "request_schema": []}]}},
    ],
)
def test_an_entry_that_cannot_be_read_is_no_offer(broken):
    assert [offer.model_id for offer in account.offers(says([broken, ENTRY]), secret="")] == [MODEL]


@pytest.mark.parametrize("data", [None, "models", {}, 5])
def test_a_list_of_models_in_no_shape_is_malformed(data):
    with pytest.raises(Malformed):
        account.offers(says(data), secret="")
