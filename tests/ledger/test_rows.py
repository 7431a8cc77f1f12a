"""Money and times as columns: exact, or an error."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedpipe.core.lifecycle import Event
from seedpipe.core.records import Entry
from seedpipe.ledger import rows


@pytest.mark.parametrize(
    ("amount", "micros"),
    [
        ("0", 0),
        ("0.027", 27_000),
        ("0.027000000", 27_000),
        ("1E+2", 100_000_000),
        ("0.000001", 1),
        ("9223372036854.775807", 2**63 - 1),
    ],
)
def test_money_is_millionths(amount, micros):
    assert rows.to_micros(Decimal(amount)) == micros
    assert rows.from_micros(micros) == Decimal(amount)


@pytest.mark.parametrize(
    "amount",
    [
        "0.0000001",
        "0.0270000000000000000000000000000000001",
        "NaN",
        "Infinity",
        "-0.01",
        "9223372036854.775808",
    ],
)
def test_what_is_not_exact_money_is_an_error(amount):
    with pytest.raises(ValueError, match=r"USD|amount"):
        rows.to_micros(Decimal(amount))


def test_a_coarse_decimal_context_rounds_nothing_away():
    with localcontext() as context:
        context.prec = 3
        assert rows.to_micros(Decimal("12.345678")) == 12_345_678


@pytest.mark.parametrize(("micros", "text"), [(27_000, "0.027"), (5_000_000, "5"), (1, "0.000001"), (0, "0")])
def test_money_comes_back_without_padding(micros, text):
    assert f"{rows.from_micros(micros):f}" == text


@pytest.mark.parametrize(("cap", "micros"), [(None, None), ("1.5", 1_500_000), ("0.1234567", 123_456)])
def test_a_cap_is_rounded_down(cap, micros):
    assert rows.cap_to_micros(None if cap is None else Decimal(cap)) == micros


@given(
    st.datetimes(
        timezones=st.builds(timezone, st.integers(-23, 23).map(lambda hours: timedelta(hours=hours))),
        min_value=datetime(1900, 1, 1),  # noqa: DTZ001 - Hypothesis adds the zone
        max_value=datetime(2200, 1, 1),  # noqa: DTZ001
    )
)
def test_times_are_lossless(at):
    kept = rows.from_instant(rows.to_instant(at))
    assert (kept, kept.tzinfo) == (at, UTC)


def test_the_audit_trail_keeps_when_an_intent_was_recorded_on_the_services_clock():
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    said = {"job_id": "j", "event": Event.INTENT_RECORDED, "at": at}
    assert rows.entry_detail(Entry(**said)) is None
    assert json.loads(rows.entry_detail(Entry(**said, service_at=at))) == {"service_at": rows.to_instant(at)}


def test_a_time_without_a_zone_is_an_error():
    with pytest.raises(ValueError, match="no zone"):
        rows.to_instant(datetime(2026, 1, 1))  # noqa: DTZ001
