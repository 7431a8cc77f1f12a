"""What the service's answers about the account mean: balance, prices, bills.

Hides their spelling. Invariants: an amount that leaves here is finite, exact as written and not negative (but
a balance, which may be overdrawn); what cannot be understood is `Malformed`. A page of bills is read whole or
not at all: a bill that is left out silently would look like one that was never sent.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from seedpipe.core.bills import Bill, BillKind, BillPage
from seedpipe.core.catalogue import Offer
from seedpipe.core.errors import Malformed
from seedpipe.providers.answers import Answer, data_of, is_prediction_id, one_line, said_in, written_time

if TYPE_CHECKING:
    from collections.abc import Mapping

BILLS_A_PAGE: Final = 100
_WEBHOOK_SECRET: Final = re.compile(r"whsec_[!-~]{8,256}")
_LARGEST_USD: Final = Decimal(10) ** 9  # no account and no bill comes near; a number above it is no amount
_LEAST_DIGIT: Final = -12  # finer than any price: a float's noise ends here


def balance(answer: Answer, *, secret: str) -> Decimal:
    """Return what is left on the account."""
    data, _ = data_of(answer, "about the balance", secret=secret)
    return _amount(data.get("balance"), "balance", least=-_LARGEST_USD)


def price(answer: Answer, model: str, *, secret: str) -> Decimal:
    """Return what one request costs: the discounted price, the price, or that of the older call."""
    data, _ = data_of(answer, "about a price", secret=secret)
    if data.get("model_id") not in (None, model):
        raise Malformed("the service answered about the price of another model")
    if (currency := data.get("currency")) not in (None, "", "USD"):
        raise Malformed(
            f"the service named a price in '{one_line(str(currency), secret=secret)}', not in USD"
        )
    names = ("discounted_price", "price", "unit_price")
    named = next((data[name] for name in names if data.get(name) is not None), None)
    return _amount(named, "price")


def offers(answer: Answer, *, secret: str) -> list[Offer]:
    """Return the models that the service lists; an entry that cannot be read is no offer."""
    listed = said_in(answer, secret=secret)
    if isinstance(listed, dict):
        listed = listed.get("items", listed.get("models"))
    if not isinstance(listed, list):
        raise Malformed("the service listed its models in an unknown shape")
    return [offer for item in listed if (offer := _offer(item, secret=secret))]


def webhook_secret(answer: Answer, *, secret: str) -> str:
    """Return what webhooks are signed with; the answer is the word itself, or has it under a name."""
    said = said_in(answer, secret=secret)
    words = said.values() if isinstance(said, dict) else (said,)
    for word in words:
        if isinstance(word, str) and _WEBHOOK_SECRET.fullmatch(word):
            return word
    raise Malformed("the service answered about the webhook secret without one")


def bills(answer: Answer, *, secret: str) -> BillPage:
    """Return one page of bills."""
    data, _ = data_of(answer, "about bills", secret=secret)
    items, has_more = data.get("items"), data.get("has_more", False)
    if items is None:
        items = []
    if not isinstance(items, list) or not isinstance(has_more, bool):
        raise Malformed("the service listed bills in an unknown shape")
    return BillPage(bills=tuple(_bill(item, secret=secret) for item in items), has_more=has_more)


def _offer(item: Any, *, secret: str) -> Offer | None:
    """Return a model of the list; None for one that is not run by a POST with a flat map of inputs."""
    if not isinstance(item, dict) or not isinstance(name := item.get("model_id"), str):
        return None
    api = item.get("api_schema")
    calls = api.get("api_schemas") if isinstance(api, dict) else None
    calls = calls if isinstance(calls, list) else []
    run = next((call for call in calls if isinstance(call, dict) and call.get("type") == "model_run"), {})
    schema = run.get("request_schema")
    properties = schema.get("properties") if isinstance(schema, dict) else None
    required = schema.get("required", []) if isinstance(schema, dict) else None
    if not isinstance(properties, dict) or not isinstance(required, list):
        return None
    try:
        base_usd = _amount(item.get("base_price"), "price")
    except Malformed:
        return None
    formula = item.get("formula")
    return Offer(
        model_id=one_line(name, secret=secret),
        base_price_usd=base_usd,
        formula=formula if isinstance(formula, str) else "",
        properties=properties,
        required=frozenset(str(name) for name in required),
    )


def _bill(item: Any, *, secret: str) -> Bill:
    if not isinstance(item, dict):
        raise Malformed("the service listed a bill in an unknown shape")
    at = written_time(item.get("created_at"))
    if at is None:
        raise Malformed("the service listed a bill without its time")
    task = item.get("prediction")
    task = task if isinstance(task, dict) else {}
    named = task.get("uuid") or task.get("id")
    return Bill(
        bill_id=one_line(str(item.get("uuid", "")), secret=secret),
        kind=_kind(item),
        amount_usd=abs(_amount(item.get("price"), "bill", least=-_LARGEST_USD)),
        at=at,
        prediction_id=named if is_prediction_id(named) else None,
        model=one_line(str(task.get("model_uuid") or ""), secret=secret),
    )


def _kind(item: Mapping[str, Any]) -> BillKind:
    try:
        return BillKind(str(item.get("billing_type")))
    except ValueError:
        return BillKind.OTHER


def _amount(value: object, what: str, *, least: Decimal = Decimal(0)) -> Decimal:
    """Return a number of the service as money, as exact as it was written."""
    text = value if isinstance(value, str) else repr(value)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Malformed(f"the service named no {what}")
    try:
        amount = Decimal(text.strip())
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not least <= amount <= _LARGEST_USD:
        raise Malformed(f"the service named a {what} that is no amount of money")
    return round(amount, -_LEAST_DIGIT)
