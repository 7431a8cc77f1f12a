"""The part of a plan that a command asks for: `--select`, `--exclude`, `--limit`.

Hides how it cuts the stream of cells. Invariants: repetition is "and"; what names nothing or matches nothing
is a fault, so that a typo cannot widen what is paid for; cells keep their order: a limit takes the first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from seedpipe.core.diagnostics import Diagnostic, did_you_mean, nearest
from seedpipe.core.variant import Condition, conditions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seedpipe.core.campaign import Campaign, Series
    from seedpipe.core.selection import Place


class Asked:
    """One reading of the cells that a campaign's variant asks for."""

    def __init__(self, campaign: Campaign) -> None:
        variant = campaign.variant
        self._campaign = campaign
        self._select = conditions("--select", variant.select)
        self._exclude = conditions("--exclude", variant.exclude)
        self._limit = variant.limit
        self._taken = 0
        self._left_out = 0

    @property
    def narrows(self) -> bool:
        """Whether the command asks for a part of the plan only."""
        return bool(self._select or self._exclude or self._limit is not None)

    @property
    def is_full(self) -> bool:
        """Whether the limit is reached."""
        return self._limit is not None and self._taken >= self._limit

    def may_take(self, series: Series) -> bool:
        """Say whether any cell of a series can be asked for; one that cannot is not even judged."""
        axes = {axis.name for axis in series.over}
        fits = all(
            series.name in condition.keys if condition.name == "series" else condition.name in axes
            for condition in self._select
        )
        return fits and not self.is_full

    def takes(self, series: Series, place: Place) -> bool:
        """Say whether a cell is asked for, and count it."""
        if self.is_full:
            return False
        axes = {axis.name: str(row) for axis, row in zip(series.over, place.rows, strict=True)}
        if not all(condition.holds(series.name, axes) for condition in self._select):
            return False
        if self._exclude and all(condition.holds(series.name, axes) for condition in self._exclude):
            self._left_out += 1
            return False
        self._taken += 1
        return True

    def faults(self) -> Iterator[Diagnostic]:
        """Yield what names no axis, no series or no key of the campaign."""
        for condition in (*self._select, *self._exclude):
            known = self._keys(condition)
            if known is None:
                names = ("series", *self._campaign.axes)
                hint = did_you_mean(condition.name, names) or f"known are {', '.join(names)}"
                message = f"{condition.spelt}: there is no axis '{condition.name}'"
                yield Diagnostic(rule="unknown-axis", message=message, hint=hint)
                continue
            for key in sorted(condition.keys - known):
                message = f"{condition.spelt}: {_what(condition)} '{key}'"
                yield Diagnostic(rule="unknown-axis-key", message=message, hint=nearest(key, known))

    def idle(self) -> Iterator[Diagnostic]:
        """Yield what has matched no cell once all have been read."""
        if self._exclude and not self._left_out:
            spelt = " ".join(condition.spelt for condition in self._exclude)
            hint = "repeated options must all match the same cell; use a comma to match either"
            yield Diagnostic(rule="matches-nothing", message=f"{spelt} matches no cell", hint=hint)
        if self._select and not self._taken:
            spelt = " ".join(condition.spelt for condition in self._select)
            hint = "`seedpipe plan FILE -v` lists the cells"
            yield Diagnostic(rule="matches-nothing", message=f"{spelt} matches no cell", hint=hint)

    def _keys(self, condition: Condition) -> frozenset[str] | None:
        if condition.name == "series":
            return frozenset(series.name for series in self._campaign.series)
        axis = self._campaign.axes.get(condition.name)
        return axis.keys if axis else None


def _what(condition: Condition) -> str:
    return "there is no series" if condition.name == "series" else f"axis '{condition.name}' has no key"
