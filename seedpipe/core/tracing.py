"""What the templates of one cell read, noticed as they read it.

Hides how a read is noticed: the cell is rendered once more, with values that say when they are used. So a
branch that was not taken reads nothing, and a row that stands in for a missing one is told as itself.
Invariant: what is rendered here is what was planned. Absent on purpose: where a value is written (see
`campaign.places`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, SupportsIndex, TypeAlias, overload

from jinja2 import Undefined

from seedpipe.core.campaign import data_values
from seedpipe.core.expansion import cell_name
from seedpipe.core.faults import Faults
from seedpipe.core.fence import Steps
from seedpipe.core.rendering import Rendering
from seedpipe.core.templates import Template
from seedpipe.core.values import DataMap, Keyed, TableByKey, TablePart, shielded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from seedpipe.core.campaign import Brand, Series
    from seedpipe.core.model import Json, PlannedCell


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One value that a template used: `path` begins with the name of a variable, of an axis, or with `brand`.

    Then come keys and columns. In a table they are those of the row that had the value.
    """

    path: tuple[str, ...]
    spelt: str
    value: object


Note: TypeAlias = Callable[[Read], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """What was read, each value once and in order, and the derived texts as they were rendered."""

    reads: tuple[Read, ...]
    derived: Mapping[str, str]


def trace(
    variables: Mapping[str, Json | TableByKey],
    brand: Brand | None,
    series: Series,
    rows: Sequence[Keyed],
    planned: PlannedCell,
) -> Traced:
    """Return what the templates of a cell read; variables and series are as its overrides have them."""
    found: dict[tuple[str, ...], Read] = {}

    def note(read: Read) -> None:
        found.setdefault(read.path, read)

    data = data_values(variables, brand)
    values = {name: _watched(name, value, note) for name, value in data.items()}
    for axis, row in zip(series.over, rows, strict=True):
        values[axis.name] = Keyed(row, row.columns, _Columns(row, note))
    seen = Rendering(values=values, where=planned.cell.address, faults=Faults(), steps=Steps())
    _render(series, rows, seen, planned)
    for name in sorted(_names(series) & variables.keys()):
        value = variables[name]
        if not isinstance(value, dict | TableByKey):
            note(Read(path=(name,), spelt=name, value=value))
    derived = {one.name: str(values[one.name]) for one in series.derived}
    return Traced(reads=tuple(found.values()), derived=derived)


def _render(series: Series, rows: Sequence[Keyed], seen: Rendering, planned: PlannedCell) -> None:
    """Render all templates of a cell, in the order in which it was planned."""
    cell, job = planned.cell, planned.job
    beyond = cell.address.split("/")[1 + len(rows) :]
    take = int(beyond[0].removeprefix("take-")) if beyond else 1
    values = seen.values
    values |= {"series": series.name, "cell": cell_name(series, tuple(rows), take), "take": str(take)}
    values["shots"] = shielded("shots", list(series.shots))
    for derived in series.derived:
        seen.derive(derived)
    for given in series.inputs.values():
        for template in given.templates:
            seen.text(template)
    request = {name: value for name, value in job.request.items() if name != "prompt"}
    values |= {"input": shielded("input", request), "max_images": job.outputs_expected}
    seen.text(series.prompt)
    values |= {"image": "1", **({"shot": series.shots[0]} if series.shots else {})}
    seen.text(series.output)


def _names(series: Series) -> frozenset[str]:
    templates = [series.prompt, series.output, *(derived.template for derived in series.derived)]
    parts = [part for given in series.inputs.values() for part in given.parts]
    templates += [part for part in parts if isinstance(part, Template)]
    return frozenset[str]().union(*(template.names for template in templates))


# ---- values that say when they are used ---------------------------------------------------------


def _watched(name: str, value: object, note: Note) -> object:
    match value:
        case DataMap():
            return _Map((name,), value, note)
        case TablePart():
            return TablePart(_Table.of(value.table, note))
        case _:
            return value


class _Map(DataMap):
    """A map whose reads are noted, at any depth."""

    __slots__ = ("_keys", "_note")

    def __init__(self, keys: tuple[str, ...], data: Mapping[str, object], note: Note) -> None:
        super().__init__(".".join(keys), data)
        self._keys, self._note = keys, note

    def __getitem__(self, name: str) -> object:
        return self._noted(name, super().__getitem__(name))

    def read(self, name: str) -> object:
        """Return the value of a key, noted when there is one."""
        return self._noted(name, super().read(name))

    def _noted(self, name: str, value: object) -> object:
        keys = (*self._keys, name)
        if isinstance(value, DataMap):
            return _Map(keys, value, self._note)
        if not isinstance(value, Undefined):
            self._note(Read(path=keys, spelt=".".join(keys), value=value))
        return value


class _Columns(tuple[object, ...]):  # noqa: SLOT001 - a tuple with more to it cannot have slots
    """The cells of a row, of which those are noted that are read."""

    _row: Keyed
    _note: Note

    def __new__(cls, row: Keyed, note: Note) -> Self:
        cells = super().__new__(cls, row.values)
        cells._row, cells._note = row, note
        return cells

    @overload
    def __getitem__(self, at: SupportsIndex) -> object: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[object, ...]: ...
    def __getitem__(self, at: SupportsIndex | slice) -> object:
        value = super().__getitem__(at)
        shared = self._row.columns
        for name, position in shared.names.items():
            if position == at and value not in (None, ""):
                self._note(Read(path=(shared.axis, name), spelt=f"{shared.axis}.{name}", value=value))
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table(TableByKey):
    """A table whose reads are noted, with the key of the row that had the value."""

    note: Note

    @classmethod
    def of(cls, table: TableByKey, note: Note) -> _Table:
        return cls(
            name=table.name,
            keys=table.keys,
            columns=table.columns,
            rows=table.rows,
            prefixes=table.prefixes,
            fallback=table.fallback,
            origin=table.origin,
            note=note,
        )

    def value(self, key: tuple[str, ...], column: str) -> object:
        value = TableByKey.value(self, key, column)
        if not isinstance(value, Undefined):
            at = self.columns[column]
            filled = (one for one in self.keys_for(key) if self.rows[one][at] not in (None, ""))
            found = next(filled)
            self.note(
                Read(path=(self.name, *found, column), spelt=f"{self.spelt(found)}.{column}", value=value)
            )
        return value
