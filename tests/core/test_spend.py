"""Sums of what was paid: they add up by whatever is asked."""

from dataclasses import replace
from decimal import Decimal

import pytest

from seedpipe.core.errors import InputError
from seedpipe.core.lifecycle import Event
from seedpipe.core.spend import BUILT_IN, spend
from tests.core.books import TO_DONE, TO_DOUBT, TO_FAILED, paid

PAYMENTS = [
    paid("lamp", cells=("us",)),
    paid("bowl", cells=("de", "at"), cost=Decimal("0.108")),
    replace(paid("vase", *TO_DOUBT, cells=("de",)), month="2026-12", campaign="winter", brand=None),
    paid("jug", *TO_FAILED),
    paid("cup", Event.INTENT_RECORDED, Event.NOT_SENT),
    paid("mug", *TO_DONE[:2], cells=("us",)),
]


def told(by, payments=PAYMENTS):
    return {line.key: str(line.usd) for line in spend(payments, by).lines}


@pytest.mark.parametrize(
    ("by", "lines"),
    [
        ("campaign", {"autumn": "0.216", "winter": "0.054"}),
        ("brand", {"aurora": "0.216", "(no brand)": "0.054"}),
        ("month", {"2026-11": "0.216", "2026-12": "0.054"}),
        ("series", {"hero": "0.270"}),
        ("market", {"us": "0.108", "at + de": "0.108", "de": "0.054"}),
        ("axis:market", {"us": "0.108", "at + de": "0.108", "de": "0.054"}),
    ],
)
def test_money_falls_to_its_key(by, lines):
    assert told(by) == lines


@pytest.mark.parametrize("by", [*BUILT_IN, "market", "product"])
def test_the_lines_add_up_to_the_total(by):
    report = spend(PAYMENTS, by)
    assert report.total.usd == sum(line.usd for line in report.lines) == Decimal("0.270")
    assert (report.total.attempts, report.total.images) == (4, 8)
    assert report.total.reserved_usd == Decimal("0.054")


def test_the_dearest_come_first_and_months_in_order():
    assert spend(PAYMENTS, "product").lines[0].key == "bowl"
    swapped = [replace(p, month="2027-01") if p.month == "2026-11" else p for p in PAYMENTS]
    assert [line.key for line in spend(swapped, "month").lines] == ["2026-12", "2027-01"]


def test_an_axis_that_some_jobs_lack_is_said():
    bare = replace(paid("poster"), cells=())
    assert told("market", [*PAYMENTS[:1], bare]) == {"us": "0.054", "(no market)": "0.054"}


def test_a_name_that_is_no_axis_is_an_error_with_a_guess():
    with pytest.raises(InputError, match="'markt'") as raised:
        spend(PAYMENTS, "markt")
    assert "market" in raised.value.hint
    assert spend([], "anything").lines == ()
