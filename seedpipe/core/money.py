"""Money as people read it: US dollars, never rounded to look cheaper."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal
from typing import Final

_CENT: Final = Decimal("0.01")


def usd(amount: Decimal) -> str:
    """Return an amount as `$1,234.56`; more digits are shown when there are more, as in `$0.027`."""
    sign = "-" if amount < 0 else ""
    return f"{sign}${exact(abs(amount), grouped=True)}"


def exact(amount: Decimal, *, grouped: bool = False) -> str:
    """Return all digits of an amount, at least two after the point and no exponent: `0.108`, `12.00`."""
    digits = f"{amount:,f}" if grouped else f"{amount:f}"
    whole, _, fraction = digits.partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(2, '0')}"


def cents_up(amount: Decimal) -> Decimal:
    """Return the amount rounded up to whole cents: what to put into a budget so that it fits."""
    return amount.quantize(_CENT, rounding=ROUND_CEILING)
