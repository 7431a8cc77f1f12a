"""The keys of a series that choose its cells: `where`, `exclude`, `include`, `sample`, `takes`.

Invariant: a selection that is returned names axes of the series and keys that exist; whether it matches a
cell is known when the cells are read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seedpipe.core.campaign.reading import map_at, scalars
from seedpipe.core.campaign.yaml import Mapping, Scalar, Sequence
from seedpipe.core.diagnostics import did_you_mean, nearest
from seedpipe.core.selection import Match, Sample, Selection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping as MappingOf

    from seedpipe.core.campaign.reading import Reading
    from seedpipe.core.diagnostics import Span
    from seedpipe.core.selection import Axis
    from seedpipe.core.templates import Template


@dataclass(slots=True, kw_only=True)
class SelectionReader:
    """Reads the selection of one series; `sound` turns false with the first fault.

    `axes` are those that could be read; `over` names those of the series.
    """

    reading: Reading
    series: str
    node: Mapping
    over: tuple[str, ...]
    axes: MappingOf[str, Axis]
    sound: bool = True

    def read(self, where: Template | None) -> Selection:
        """Return the selection, with a condition that was compiled elsewhere."""
        return Selection(
            exclude=tuple(self._matches("exclude")),
            include=tuple(self._matches("include", whole=True)),
            where=where,
            sample=self._sample(),
            takes=self._takes(),
        )

    def _matches(self, name: str, *, whole: bool = False) -> Iterator[Match]:
        listed = self.node.get(name)
        items = listed.items if isinstance(listed, Sequence) and self._fits(name) else ()
        for item in items:
            match = self._match(item, whole=whole) if isinstance(item, Mapping) else None
            if match:
                yield match

    def _match(self, node: Mapping, *, whole: bool) -> Match | None:
        known = [self._knows(axis, node) for axis, _ in node.entries]
        missing = [axis for axis in self.over if axis not in node] if whole else []
        if missing:
            message = f"an include names one cell; '{missing[0]}' is missing"
            self._report("missing-key", message, node.span, f"the axes are {', '.join(self.over)}")
        if missing or not all(known):
            return None
        keys = {axis: frozenset(key.raw for key in scalars(value)) for axis, value in node.items()}
        return Match(keys=keys, span=node.span)

    def _knows(self, name: Scalar, node: Mapping) -> bool:
        """Say whether an axis is one of the series and has the keys that are named."""
        if name.raw not in self.over:
            hint = did_you_mean(name.raw, self.over) or f"it uses {', '.join(self.over) or 'no axis'}"
            message = f"series '{self.series}' does not use an axis '{name.raw}'"
            self._report("unknown-axis", message, name.span, hint)
            return False
        axis = self.axes.get(name.raw)
        keys = axis.keys if axis else frozenset()
        strange = [key for key in scalars(node.get(name.raw)) if axis and key.raw not in keys]
        for key in strange:
            self._report(
                "unknown-axis-key",
                f"axis '{name.raw}' has no key '{key.raw}'",
                key.span,
                nearest(key.raw, keys),
            )
        return axis is not None and not strange

    def _sample(self) -> Sample | None:
        node = map_at(self.node, "sample")
        count, seed, per = (node.get(name) for name in ("count", "seed", "per"))
        if not isinstance(count, Scalar) or not self._fits("sample"):
            return None
        if isinstance(per, Scalar) and per.raw not in self.over:
            hint = did_you_mean(per.raw, self.over) or f"it uses {', '.join(self.over) or 'no axis'}"
            self._report(
                "unknown-axis", f"'per' names an axis of the series, not '{per.raw}'", per.span, hint
            )
        return Sample(
            count=int(str(count.value)),
            seed=int(str(seed.value)) if isinstance(seed, Scalar) else 0,
            per=per.raw if isinstance(per, Scalar) else None,
        )

    def _takes(self) -> int:
        takes = self.node.get("takes")
        return int(str(takes.value)) if isinstance(takes, Scalar) and self._fits("takes") else 1

    def _fits(self, name: str) -> bool:
        return self.reading.sound("series", self.series, name)

    def _report(self, rule: str, message: str, span: Span, hint: str | None = None) -> None:
        self.sound = False
        self.reading.report(rule, message, span, hint, breaks=False)
