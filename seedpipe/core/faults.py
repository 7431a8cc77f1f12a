"""What is wrong with the cells of a plan, collected over all of them.

Hides how the same mistake in many cells becomes one diagnostic. Invariant: what is kept is bounded, however
many cells there are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from seedpipe.core.diagnostics import Diagnostic, in_reading_order

if TYPE_CHECKING:
    from collections.abc import Iterable

_MAX_FAULTS: Final = 200  # different ones that are shown: more than anyone reads before mending the first


@dataclass(slots=True)
class _Seen:
    diagnostic: Diagnostic
    where: str
    of: str = ""
    more: int = 0

    def told(self) -> Diagnostic:
        if not self.where:
            return self.diagnostic
        note = f"{self.where} and {self.more} more{self.of}" if self.more else self.where
        return replace(self.diagnostic, notes=(*self.diagnostic.notes, note))


class Faults:
    """Collects what is wrong: the same mistake in many cells is one diagnostic that names the first."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str, str], _Seen] = {}
        self._left_out = 0

    def add(self, diagnostic: Diagnostic, where: str = "", of: str = "") -> None:
        """Keep a fault, or count that a known one was met again; `where` is told of the first."""
        key = (diagnostic.rule, diagnostic.message, str(diagnostic.span))
        if key in self._seen:
            self._seen[key].more += 1
        elif len(self._seen) < _MAX_FAULTS:
            self._seen[key] = _Seen(diagnostic, where, of)
        else:
            self._left_out += 1

    @property
    def any(self) -> bool:
        """Whether anything is wrong so far."""
        return bool(self._seen)

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Keep faults that belong to no cell."""
        for diagnostic in diagnostics:
            self.add(diagnostic)

    def diagnostics(self) -> list[Diagnostic]:
        """Return what was found, in reading order."""
        found = in_reading_order(seen.told() for seen in self._seen.values())
        if self._left_out:
            message = f"{self._left_out} more errors of this kind are not shown"
            hint = "fix the first ones and check again"
            found.append(Diagnostic(rule="more-errors", message=message, hint=hint))
        return found
