"""The values that templates see: rows, maps, lists, numbers and tables by key, each behind a fence.

Hides how plain data is kept from turning into Python's spelling. Invariants: reading a name gives data or an
`Undefined` that says what is missing and what to do; a map, list or table cannot be printed whole.
Absent on purpose: Jinja's syntax and sandbox, which are the business of `seedpipe.core.fence`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import permutations
from typing import TYPE_CHECKING, Any, Final, Self

from jinja2 import StrictUndefined, Undefined

from seedpipe.core.diagnostics import did_you_mean

if TYPE_CHECKING:
    from seedpipe.core.model import Json

_MAX_FALLBACKS: Final = 8  # steps from a key to what stands in for it; a chain of locales has two or three


class Fault(Exception):  # noqa: N818
    """What went wrong inside a render, before anyone knows the line.

    `word` is what to mark on it; where a template computes the word, it is the `owner` that is written there.
    """

    def __init__(
        self,
        message: str,
        *,
        rule: str = "template-error",
        hint: str | None = None,
        word: str = "",
        owner: str = "",
    ) -> None:
        super().__init__(message)
        self.rule = rule
        self.hint = hint
        self.word = word
        self.owner = owner


# ---- the values that templates see ------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What the rows of one axis have in common: its name, its columns by position, and its file."""

    axis: str
    names: Mapping[str, int]
    origin: str


class Keyed(str):
    """A row of an axis: text that is its key, with columns behind it. An empty or null column is missing."""

    __slots__ = ("columns", "values")
    columns: Columns
    values: Sequence[object]

    def __new__(cls, key: str, columns: Columns, values: Sequence[object] = ()) -> Self:
        """Return the row `key`; `values` are in the order of `columns`, plain data or text."""
        row = super().__new__(cls, key)
        row.columns = columns
        row.values = values
        return row


class Number(float):
    """A number that prints as it was written: `1.10` stays `1.10`."""

    __slots__ = ("written",)
    written: str

    def __new__(cls, value: float, written: str) -> Self:
        """Return the number with its spelling."""
        number = super().__new__(cls, value)
        number.written = written
        return number

    def __str__(self) -> str:
        return self.written


class DataMap(Mapping[str, object]):
    """A map of plain data that cannot be printed whole."""

    __slots__ = ("_data", "_path")

    def __init__(self, path: str, data: Mapping[str, Any]) -> None:
        self._path = path
        self._data = {name: shielded(f"{path}.{name}", value) for name, value in data.items()}

    def __getitem__(self, name: str) -> object:
        return self._data[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __str__(self) -> str:
        hint = f"print one of its values: {self._path}.{next(iter(self._data), 'name')}"
        if all(isinstance(value, str) and value.startswith("#") for value in self._data.values()):
            hint += f", or all of them: {self._path} | colors"
        message = f"'{self._path}' is a map and cannot be printed as a whole"
        raise Fault(message, rule="whole-map-printed", hint=hint, word=self._path.rpartition(".")[2])

    def read(self, name: str) -> object:
        """Return the value of a key."""
        if name in self._data:
            return self._data[name]
        hint = did_you_mean(name, self._data) or f"it has {', '.join(self._data) or 'nothing'}"
        own = self._path.rpartition(".")[2]
        return missing(f"'{self._path}' has no '{name}'", word=name, hint=hint, owner=own)


class DataList(tuple[object, ...]):  # noqa: SLOT001 - a tuple with a name cannot have slots
    """A list of plain data that cannot be printed whole."""

    path: str

    def __new__(cls, path: str, values: list[Any]) -> Self:
        """Return the list that templates call `path`."""
        entries = super().__new__(cls, (shielded(f"{path}[{at}]", value) for at, value in enumerate(values)))
        entries.path = path
        return entries

    def __str__(self) -> str:
        message = f"'{self.path}' is a list and cannot be printed as a whole"
        hint = f'print its entries: {{{{ {self.path} | join(", ") }}}}'
        raise Fault(message, rule="whole-map-printed", hint=hint, word=self.path.rpartition(".")[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class TableByKey:
    """A file of rows under one or more keys, as `copy[product][market].headline` reads it.

    `rows` maps whole keys to values in the order of `columns`; `prefixes` are the keys that begin one;
    `fallback` names for a key the one that stands in where its row or its cell is missing.
    """

    name: str
    keys: tuple[str, ...]
    columns: Mapping[str, int]
    rows: Mapping[tuple[str, ...], Sequence[object]]
    prefixes: frozenset[tuple[str, ...]]
    fallback: Mapping[str, str]
    origin: str

    def at(self, key: tuple[str, ...]) -> TablePart | MissingRow:
        """Return what stands under a key or the beginning of one."""
        if len(key) == len(self.keys) and not any(True for _ in self.keys_for(key)):
            return MissingRow(self, key)
        return TablePart(self, key)

    def keys_for(self, key: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        """Yield a key if it has a row, then those of the rows that stand in for it."""
        for _ in range(_MAX_FALLBACKS):
            if key in self.rows:
                yield key
            following = tuple(self.fallback.get(part, part) for part in key)
            if following == key:
                return
            key = following

    def value(self, key: tuple[str, ...], column: str) -> object:
        """Return a cell, or an `Undefined` that says which one is missing."""
        if column not in self.columns:
            hint = did_you_mean(column, self.columns) or f"it has {', '.join(self.columns)}"
            return missing(f"table '{self.name}' has no column '{column}'", word=column, hint=hint)
        for each in self.keys_for(key):
            value = self.rows[each][self.columns[column]]
            if value is not None and value != "":
                return shielded(column, value) if isinstance(value, list | dict) else value
        return missing(
            f"missing translation: {self.spelt(key)}.{column}",
            word=column,
            rule="missing-translation",
            hint=self.advice(key),
        )

    def spelt(self, key: tuple[str, ...]) -> str:
        """Return a key as a template spells it: `copy[AUR-07][jp]`."""
        return self.name + "".join(f"[{part}]" for part in key)

    def advice(self, key: tuple[str, ...]) -> str:
        """Return what to do where a row is missing or empty."""
        turned = next((each for each in permutations(key) if each in self.rows), None)
        if turned and key not in self.rows:
            return f"the keys are {', '.join(self.keys)}, in this order: {self.spelt(turned)}"
        if key[-1] in self.columns and key not in self.rows:
            whole = "".join(f"[{name}]" for name in self.keys)
            return f"give all keys before the column: {self.name}{whole}.{key[-1]}"
        named = ", ".join(f"{name} {part}" for name, part in zip(self.keys, key, strict=False))
        what = "fill it in" if key in self.rows else "add a row"
        return f"{what} for {named} in {self.origin}, or set a replacement: fallback: {{{key[-1]}: ...}}"


class TablePart:
    """A row of a table, or the rows that share the beginning of a key."""

    __slots__ = ("_key", "_table")

    def __init__(self, table: TableByKey, key: tuple[str, ...] = ()) -> None:
        self._table = table
        self._key = key

    @property
    def table(self) -> TableByKey:
        """The whole of it."""
        return self._table

    def read(self, name: str) -> object:
        """Return the part under one more key; in a row, the value of a column."""
        if len(self._key) < len(self._table.keys):
            return self._table.at((*self._key, name))
        return self._table.value(self._key, name)

    def __contains__(self, name: object) -> bool:
        key = (*self._key, str(name))
        return key in self._table.prefixes or key in self._table.rows

    def __str__(self) -> str:
        rest = self._table.keys[len(self._key) :]
        shown = self._table.spelt(self._table.keys[: len(self._key)])
        column = next((name for name in self._table.columns if name not in self._table.keys), "column")
        hint = f"print one of its values: {shown}{''.join(f'[{key}]' for key in rest)}.{column}"
        message = f"'{shown}' is a {'table' if rest else 'row'} and cannot be printed whole"
        raise Fault(message, rule="whole-map-printed", hint=hint, word=self._table.name)


class MissingRow(StrictUndefined):
    """A key that a table has no row for: undefined, and so is each of its columns."""

    __slots__ = ("_key", "_table")

    def __init__(self, table: TableByKey, key: tuple[str, ...]) -> None:
        fault = partial(Fault, rule="missing-translation", hint=table.advice(key), word=table.name)
        super().__init__(hint=f"missing translation: {table.spelt(key)}", name=table.name, exc=fault)  # type: ignore[arg-type]
        self._table = table
        self._key = key

    def read(self, name: str) -> object:
        """Return the undefined column of this row."""
        return self._table.value(self._key, name)


def shielded(path: str, value: Json | Mapping[str, Any] | TableByKey) -> object:
    """Return plain data as templates may see it; `path` is what the template calls it."""
    match value:
        case None:
            return missing(f"'{path}' has no value", word=path.rpartition(".")[2])
        case TableByKey():
            return TablePart(value)
        case Mapping():
            return DataMap(path, value)
        case list():
            return DataList(path, value)
        case _:
            return value


def missing(
    message: str,
    *,
    word: str,
    rule: str = "undefined-name",
    hint: str | None = None,
    owner: str = "",
) -> Undefined:
    """Return what a template sees in place of a value that is not there: any use raises a `Fault`."""
    fault = partial(Fault, rule=rule, hint=hint, word=word, owner=owner)
    return StrictUndefined(hint=message, name=word, exc=fault)  # type: ignore[arg-type]


def column(row: Keyed, name: str) -> object:
    """Return the value of a row's column, or an `Undefined` that says why there is none."""
    shared = row.columns
    if name not in shared.names:
        if shared.names:
            hint = did_you_mean(name, shared.names) or f"it has {', '.join(shared.names)}"
            return missing(f"axis '{shared.axis}' has no column '{name}'", word=name, hint=hint)
        message = f"axis '{shared.axis}' is a plain list; its keys have no columns"
        hint = f"print the key itself: {{{{ {shared.axis} }}}}"
        return missing(message, word=name, hint=hint)
    value = row.values[shared.names[name]]
    if value is None or value == "":
        message = f"{shared.axis} '{row}' has no '{name}': the cell is empty in {shared.origin}"
        hint = f"fill it in, or set a default: {{{{ {shared.axis}.{name} | default('...') }}}}"
        return missing(message, word=name, rule="missing-value", hint=hint)
    return shielded(f"{shared.axis}.{name}", value) if isinstance(value, list | dict) else value


def kind_of(value: object) -> str:  # noqa: PLR0911 - a table by type
    """Return what a value is, in the words of somebody who writes YAML."""
    match value:
        case Keyed():
            return f"a row of '{value.columns.axis}'"
        case str():
            return "text"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case Mapping():
            return "a map"
        case TablePart():
            return "a table"
        case tuple() | list():
            return "a list"
        case None:
            return "nothing"
        case _:
            return "no plain value"
