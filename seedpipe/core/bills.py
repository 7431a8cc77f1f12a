"""What the service says about money: bills, pages of them, and the price it asks today.

Amounts are as the service gave them, in US dollars and never negative: the kind says in which direction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - dataclass field types are read at run time by tests
from decimal import Decimal  # noqa: TC003
from enum import StrEnum


class BillKind(StrEnum):
    """Which way the money went: to the service, or back; a top-up or the like is neither."""

    DEDUCT = "deduct"
    REFUND = "refund"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """One line of the account's bills; `prediction_id` is None for what is no task, like a top-up."""

    bill_id: str
    kind: BillKind
    amount_usd: Decimal
    at: datetime
    prediction_id: str | None = None
    model: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillPage:
    """One page of bills, and whether more follow."""

    bills: tuple[Bill, ...]
    has_more: bool
