"""What a probe of the service has shown of its list, as far as runs rely on it.

Hides how a kept probe is read. Invariants: what cannot be understood counts as not seen; whatever was seen
can only make a run more careful.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_MOST_LAG_S: Final = 3600.0  # a list later than that is broken: no run should wait for three of them


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTraits:
    """How late the list showed a task, or how long at least it did not; and whether it is literal.

    `lag_s` is None if nobody has looked. A literal list repeats inputs with the values that were sent.
    """

    lag_s: float | None = None
    was_seen: bool = True
    is_literal: bool = True


def traits_of(said: object) -> ListTraits:
    """Return what a probe's document says of the list; one that makes no sense says nothing."""
    if not isinstance(said, dict):
        return ListTraits()
    over_s = _seconds(said.get("list_lag_over_s"))
    return ListTraits(
        lag_s=_seconds(said.get("list_lag_s")) if over_s is None else over_s,
        was_seen=over_s is None,
        is_literal=said.get("inputs_as_sent") is not False,
    )


def _seconds(said: object) -> float | None:
    if not isinstance(said, (int, float)) or isinstance(said, bool) or not said >= 0:
        return None
    return float(min(said, _MOST_LAG_S))
