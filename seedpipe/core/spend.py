"""What was spent, summed up by brand, campaign, month or an axis of the matrix.

Hides how an attempt's money falls to a key. Invariants: the lines add up to the total, to the last digit;
what was given back counts nowhere. A job that several cells share is one price: it counts under their keys
together (`at + de`), because any split would be made up.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from seedpipe.core.diagnostics import did_you_mean
from seedpipe.core.errors import InputError
from seedpipe.core.lifecycle import Phase, holds_money

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seedpipe.core.records import Payment

BUILT_IN: Final = ("campaign", "brand", "month", "series", "model")
_AXIS: Final = "axis:"  # before a name that one of the built-in words takes
_RESERVED: Final = frozenset({Phase.SUBMITTING, Phase.IN_DOUBT})


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendLine:
    """The attempts under one key. `reserved_usd` is the part whose fate is not known yet."""

    key: str
    attempts: int = 0
    images: int = 0
    spent_usd: Decimal = Decimal(0)
    reserved_usd: Decimal = Decimal(0)

    @property
    def usd(self) -> Decimal:
        """Spent and reserved."""
        return self.spent_usd + self.reserved_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendReport:
    """What was spent by one thing: its lines, the dearest first (months in order), and their sum."""

    by: str
    lines: tuple[SpendLine, ...]
    total: SpendLine


def spend(payments: Iterable[Payment], by: str) -> SpendReport:
    """Sum up payments by a word of `BUILT_IN` or the name of an axis; `InputError` for what is neither."""
    lines: defaultdict[str, _Sum] = defaultdict(_Sum)
    axes: set[str] = set()
    for payment in payments:
        axes.update(axis for cell in payment.cells for axis in cell.axes)
        if holds_money(payment.attempt.phase):
            lines[_key(payment, by)].add(payment)
    if lines and by not in BUILT_IN and by.removeprefix(_AXIS) not in axes:
        known = [*BUILT_IN, *sorted(axes)]
        guess = did_you_mean(by, known)
        raise InputError(
            f"spending cannot be grouped by '{by}'", hint=guess or f"choose one of {', '.join(known)}"
        )
    told = [line.told(key) for key, line in lines.items()]
    in_time = by == "month"
    told.sort(key=lambda line: (line.key,) if in_time else (-line.usd, line.key))
    return SpendReport(by=by, lines=tuple(told), total=_total(told))


def _key(payment: Payment, by: str) -> str:
    match by:
        case "campaign":
            keys = {payment.campaign}
        case "brand":
            keys = {payment.brand} if payment.brand else set()
        case "month":
            keys = {payment.month}
        case "model":
            keys = {payment.job.model}
        case "series":
            keys = {cell.series for cell in payment.cells}
        case _:
            axis = by.removeprefix(_AXIS)
            keys = {cell.axes[axis] for cell in payment.cells if axis in cell.axes}
    return " + ".join(sorted(keys)) or f"(no {by.removeprefix(_AXIS)})"


def _total(lines: Iterable[SpendLine]) -> SpendLine:
    whole = SpendLine(key="total")
    for line in lines:
        whole = replace(
            whole,
            attempts=whole.attempts + line.attempts,
            images=whole.images + line.images,
            spent_usd=whole.spent_usd + line.spent_usd,
            reserved_usd=whole.reserved_usd + line.reserved_usd,
        )
    return whole


@dataclass(slots=True)
class _Sum:
    """A line while it grows."""

    attempts: int = 0
    images: int = 0
    spent_usd: Decimal = Decimal(0)
    reserved_usd: Decimal = Decimal(0)

    def add(self, payment: Payment) -> None:
        self.attempts += 1
        self.images += payment.job.outputs_expected
        if payment.attempt.phase in _RESERVED:
            self.reserved_usd += payment.attempt.cost_usd
        else:
            self.spent_usd += payment.attempt.cost_usd

    def told(self, key: str) -> SpendLine:
        return SpendLine(
            key=key,
            attempts=self.attempts,
            images=self.images,
            spent_usd=self.spent_usd,
            reserved_usd=self.reserved_usd,
        )
