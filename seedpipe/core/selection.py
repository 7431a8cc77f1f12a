"""Which cells of a series are made: product → exclude → where → sample → include → takes.

Hides how a matrix is cut down. Invariants: a cell has one number however the series is cut, so that a plan
can name it later; equal files give equal cells in equal order; adding a row moves few cells of a sample.
Memory holds the cells of a sample, never those of a product.
"""

from __future__ import annotations

import hashlib
import heapq
import itertools
import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from seedpipe.core.diagnostics import Span
    from seedpipe.core.templates import Template
    from seedpipe.core.values import Keyed


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One dimension of the matrix: its rows in the file's order. A row is text (its key) with columns.

    `chosen` are the positions of the rows that the product takes; `include` reaches the others too.
    """

    name: str
    rows: tuple[Keyed, ...]
    span: Span
    chosen: Sequence[int]

    @property
    def keys(self) -> frozenset[str]:
        """The keys of all rows."""
        return frozenset(self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Cells by the keys of some axes: `{market: [jp, us], product: AUR-03}`."""

    keys: Mapping[str, frozenset[str]]
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The `count` cells with the smallest sha256 of (seed, cell): in all, or of each key of axis `per`."""

    count: int
    seed: int
    per: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """How a series cuts its product down; `span` of what matches nothing is the user's mistake."""

    exclude: tuple[Match, ...] = ()
    include: tuple[Match, ...] = ()
    where: Template | None = None
    sample: Sample | None = None
    takes: int = 1

    @property
    def narrows(self) -> bool:
        """Whether a cell of the product may be left out."""
        return bool(self.exclude or self.where or self.sample)


class Matches:
    """Finds which of many matches a cell of a series has, as the bits of one number: bit n is match n.

    Each axis knows for each key which matches let it pass; a cell has those that all of its keys have. So
    matches that name many keys cost what they name, not the product of it.
    """

    def __init__(self, matches: Iterable[Match], over: Sequence[Axis]) -> None:
        listed = list(matches)
        self._all = (1 << len(listed)) - 1
        self._axes: list[tuple[int, dict[str, int], int]] = []  # position, by key, any other key
        for at, axis in enumerate(over):
            by_key: dict[str, int] = {}
            for number, match in enumerate(listed):
                for key in match.keys.get(axis.name, ()):
                    by_key[key] = by_key.get(key, 0) | 1 << number
            silent = sum(1 << number for number, match in enumerate(listed) if axis.name not in match.keys)
            if by_key:
                self._axes.append((at, {key: bits | silent for key, bits in by_key.items()}, silent))

    def of(self, rows: tuple[Keyed, ...]) -> int:
        """Return the matches that a cell has, as bits; 0 is none."""
        bits = self._all
        for at, by_key, other in self._axes:
            bits &= by_key.get(rows[at], other)
        return bits


def numbers_of(bits: int) -> list[int]:
    """Return which bits a number has, in order."""
    return [number for number in range(bits.bit_length()) if bits >> number & 1]


class Place(NamedTuple):
    """A cell before anything is rendered: its number in the series, its rows, and which take it is."""

    number: int
    rows: tuple[Keyed, ...]
    take: int


def capacity(over: Sequence[Axis], selection: Selection) -> int:
    """Return how many numbers the cells of a series can have."""
    return math.prod(len(axis.rows) for axis in over) * selection.takes


def product_size(over: Sequence[Axis]) -> int:
    """Return how many cells the product has before it is cut down."""
    return math.prod(len(axis.chosen) for axis in over)


def included_size(selection: Selection) -> int:
    """Return how many cells the includes name, those that are named twice counted twice."""
    return sum(math.prod(map(len, match.keys.values())) for match in selection.include)


def rows_of(over: Sequence[Axis], selection: Selection, number: int) -> tuple[tuple[str, ...], int]:
    """Return the axis keys and the take of the cell with a number."""
    rest, take = divmod(number, selection.takes)
    keys: list[str] = []
    for axis in reversed(over):
        rest, at = divmod(rest, len(axis.rows))
        keys.append(str(axis.rows[at]))
    return tuple(reversed(keys)), take + 1


@dataclass(slots=True)
class Choice:
    """One reading of the cells of a series.

    `holds` evaluates `where` for the rows of a cell, or returns None when it cannot. After `places` has been
    read to its end, `idle` are the parts of the selection that have matched nothing.
    """

    name: str
    over: Sequence[Axis]
    selection: Selection
    holds: Callable[[tuple[Keyed, ...]], bool | None]
    _kept: int = 0
    _failed: bool = False
    _hits: int = 0

    def places(self) -> Iterator[Place]:
        """Yield the cells in order; those that `include` adds come last."""
        included = dict(self._included())
        for number, rows in self._sampled():
            included.pop(number, None)
            yield from self._takes(number, rows)
        for number, rows in included.items():
            yield from self._takes(number, rows)

    def idle(self) -> Iterator[tuple[Span, str, str]]:
        """Yield what has matched no cell: its place, what it is called, and what may be the matter."""
        for at, match in enumerate(self.selection.exclude):
            if not self._hits >> at & 1:
                yield match.span, "this exclude", "what it names is not in the axes, or misspelt"
        where = self.selection.where
        if where and not self._kept and not self._failed:
            yield where.span, "'where'", "no cell matches it; is it misspelt?"

    def _takes(self, number: int, rows: tuple[Keyed, ...]) -> Iterator[Place]:
        takes = self.selection.takes
        for take in range(takes):
            yield Place(number * takes + take, rows, take + 1)

    def _product(self) -> Iterator[tuple[int, tuple[Keyed, ...]]]:
        stride = 1
        steps: list[list[tuple[int, Keyed]]] = []
        for axis in reversed(self.over):
            steps.append([(stride * at, axis.rows[at]) for at in axis.chosen])
            stride *= len(axis.rows)
        for cell in itertools.product(*reversed(steps)):
            yield sum(step for step, _ in cell), tuple(row for _, row in cell)

    def _kept_by_rules(self) -> Iterator[tuple[int, tuple[Keyed, ...]]]:
        excluded = Matches(self.selection.exclude, self.over)
        where = self.selection.where
        for number, rows in self._product():
            if hits := excluded.of(rows):
                self._hits |= hits
                continue
            if where:
                held = self.holds(rows)
                self._failed |= held is None
                if not held:
                    continue
            self._kept += 1
            yield number, rows

    def _sampled(self) -> Iterator[tuple[int, tuple[Keyed, ...]]]:
        sample = self.selection.sample
        if sample is None:
            yield from self._kept_by_rules()
            return
        chosen = self._smallest(sample)
        yield from ((number, rows) for number, rows in self._product() if number in chosen)

    def _smallest(self, sample: Sample) -> set[int]:
        group = next((at for at, axis in enumerate(self.over) if axis.name == sample.per), None)
        heaps: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for number, rows in self._kept_by_rules():
            heap = heaps[rows[group] if group is not None else ""]
            entry = (-_draw(sample.seed, self.name, rows), -number)
            if len(heap) < sample.count:
                heapq.heappush(heap, entry)
            else:
                heapq.heappushpop(heap, entry)
        return {-number for heap in heaps.values() for _, number in heap}

    def _included(self) -> Iterator[tuple[int, tuple[Keyed, ...]]]:
        positions = [{str(row): at for at, row in enumerate(axis.rows)} for axis in self.over]
        for match in self.selection.include:
            named = [match.keys[axis.name] for axis in self.over]
            in_order = [sorted(keys, key=at.__getitem__) for keys, at in zip(named, positions, strict=True)]
            for keys in itertools.product(*in_order):
                number, rows = 0, []
                for axis, at, key in zip(self.over, positions, keys, strict=True):
                    number = number * len(axis.rows) + at[key]
                    rows.append(axis.rows[at[key]])
                yield number, tuple(rows)


def _draw(seed: int, series: str, rows: tuple[Keyed, ...]) -> int:
    address = "/".join((str(seed), series, *rows))
    return int.from_bytes(hashlib.sha256(address.encode()).digest()[:16], "big")
