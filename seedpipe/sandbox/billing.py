"""The account's bills, as they follow from the book: a deduction a charge, a refund a failed task.

Hides when money comes back. Nothing of it is stored: like the status of a task, a refund is what was
decided when the task was accepted, seen at a later moment. Moderation is refunded only if a switch says so.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta  # noqa: TC003 - dataclass field types are read at run time by tests
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from seedpipe.sandbox.tasks import Charge, Task, timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seedpipe.core.model import Json

DEDUCT: Final = "deduct"
REFUND: Final = "refund"
_MODERATION: Final = 1200
_NAMESPACE: Final = uuid.UUID(
    "5eed0000-0000-4000-8000-000000000b00"
)  # makes a bill's id from what it is about


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundTerms:
    """How long after its failure a task is refunded, and whether moderation is."""

    after: timedelta
    moderation: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the bills."""

    kind: str
    usd: Decimal
    at: datetime
    task: Task

    def shown(self, number: int, now: datetime) -> dict[str, Json]:
        """Return it as the service writes it; `number` tells apart two bills for one task."""
        named = f"{self.kind} {self.task.prediction_id} {number}"
        return {
            "uuid": str(uuid.uuid5(_NAMESPACE, named)),
            "billing_type": self.kind,
            "price": float(self.usd),
            "created_at": timestamp(self.at),
            "prediction": {
                "uuid": self.task.prediction_id,
                "model_uuid": self.task.model,
                "status": self.task.status(now).value,
            },
        }


def lines(charged: Iterable[tuple[Charge, Task]], terms: RefundTerms, now: datetime) -> list[Line]:
    """Return every line there is at a moment, newest first."""
    found: list[Line] = []
    for charge, task in charged:
        found.append(Line(kind=DEDUCT, usd=charge.usd, at=charge.at, task=task))
        refunded_at = _refunded_at(task, terms)
        if refunded_at is not None and refunded_at <= now:
            found.append(Line(kind=REFUND, usd=charge.usd, at=refunded_at, task=task))
    return sorted(found, key=lambda line: line.at, reverse=True)


def refunded_usd(charged: Iterable[tuple[Charge, Task]], terms: RefundTerms, now: datetime) -> Decimal:
    """Return what has come back at a moment."""
    return sum((line.usd for line in lines(charged, terms, now) if line.kind == REFUND), Decimal(0))


def _refunded_at(task: Task, terms: RefundTerms) -> datetime | None:
    if task.fail_code is None or (task.fail_code == _MODERATION and not terms.moderation):
        return None
    return task.ready_at + terms.after
