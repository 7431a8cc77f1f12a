"""A changed cell keeps its picture: when a job that nobody has bought waits for the user's word.

Hides the rule that an edit costs nothing by itself. A cell whose place was paid for, and whose request has
changed since, keeps what it has; a job is bought unasked only when one of its cells has never been paid for.
Invariants: a job with a new cell is bought once, and its changed cells then show it too, for that costs
nothing more; a cell whose old picture somebody has accepted (`seedpipe keep`) never follows.

Absent on purpose: what was paid (the ledger and the lock know), and proofs, which follow every change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from seedpipe.core.policy import Redo

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seedpipe.core.policy import Orders
    from seedpipe.core.records import Former, JobRecord


def may_follow(formers: Iterable[Former], redo: Iterable[Redo]) -> bool:
    """Say whether the user's word buys a changed job: it never overrules a decision to keep every cell."""
    return Redo.CHANGED in frozenset(redo) and not all(former.decided for former in formers)


def waits_for_word(record: JobRecord, orders: Orders) -> bool:
    """Say whether a run leaves a job alone that was never bought, or surely never accepted."""
    return record.is_changed and not may_follow(record.formers.values(), orders.redo)
