"""A data file → rows under keys, whatever its format.

Hides which format a file has (by its extension: CSV, JSON, JSON Lines, YAML) and what makes a key.
Invariants: rows come in the order of the file, keys are unique, filled and fit for an address.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from seedpipe.core.campaign import csv, json, yaml
from seedpipe.core.campaign.records import MAX_KEPT, Record, Records, too_many_columns
from seedpipe.core.diagnostics import Diagnostic, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from seedpipe.core.diagnostics import Span
    from seedpipe.core.model import Json

_MAX_ROWS: Final = 200_000  # a matrix over more rows than this is no campaign but a mistake
_UNFIT_IN_KEY: Final = re.compile(r"[/\\\x00-\x1f\x7f\u2028-\u202e\u2066-\u2069]")  # \u202e turns text round
_MAX_KEY_CHARS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The rows of a file: the key of each, a part a key column, and its values in the order of `columns`."""

    columns: tuple[str, ...]
    rows: tuple[tuple[tuple[str, ...], Sequence[Json]], ...]


def key_fault(key: str) -> str | None:
    """Return why a text cannot be the key of a row, or None: keys make addresses like `hero/AUR-07/jp`."""
    if not key:
        return "the key is empty"
    if key != key.strip():
        return f"the key '{key}' begins or ends with a space"
    if unfit := _UNFIT_IN_KEY.search(key):
        shown = unfit[0] if unfit[0].isprintable() else f"U+{ord(unfit[0]):04X}"
        return f"the key '{key}' has a '{shown}' in it"
    if len(key) > _MAX_KEY_CHARS:
        return f"the key is longer than {_MAX_KEY_CHARS} characters"
    return None


def parse(
    shown_path: str, data: bytes, *, keys: Sequence[tuple[str, Span]], named: Span
) -> tuple[Table | None, list[Diagnostic]]:
    """Return the table of a file, None when it has none, and what is wrong with it.

    `keys` are the columns that make a key, and where the campaign names each; `named` is where it names
    the file.
    """
    problems: list[Diagnostic] = []
    read = _FORMATS.get(shown_path.rpartition(".")[2].casefold())
    if read is None:
        hint = "give it the extension of its format"
        message = f"{shown_path}: rows are read from .csv, .jsonl, .json and .yaml files"
        return None, [Diagnostic(rule="file-format", message=message, span=named, hint=hint)]
    records = read(shown_path, data, problems)
    if records is None or _misses_columns(shown_path, records, keys, problems):
        return None, problems
    rows = tuple(_rows(records, [name for name, _ in keys], problems))
    if not rows and not problems:
        problems.append(_no_rows(records))
    return (None if problems else Table(columns=records.columns, rows=rows)), problems


def row_of(
    shown_path: str, data: bytes, keys: Sequence[str], key: tuple[str, ...]
) -> Callable[[str | None], Span | None]:
    """Return a function that says where the row with a key stands, or its cell of a column, if at all."""
    read = _FORMATS.get(shown_path.rpartition(".")[2].casefold())
    records = read(shown_path, data, []) if read else None
    if records is None or not set(keys) <= set(records.columns):
        return lambda _: None
    columns, at = records.columns, [records.columns.index(name) for name in keys]
    keyed = (one for one in records.rows if tuple(_key_text(one.values[place]) for place in at) == key)
    found, place = next(keyed, None), records.place

    def where(column: str | None) -> Span | None:
        name = column or keys[0]
        return place(found.start, columns.index(name)) if found and name in columns else None

    return where


def _misses_columns(
    shown_path: str, records: Records, keys: Sequence[tuple[str, Span]], problems: list[Diagnostic]
) -> bool:
    columns = records.columns
    if not columns:
        problems += [] if problems else [_no_rows(records)]
        return True
    missing = [(key, span) for key, span in keys if key not in columns]
    for key, span in missing:
        hint = did_you_mean(key, columns) or f"the columns are {', '.join(columns)}"
        message = f"{shown_path} has no column '{key}'"
        problems.append(Diagnostic(rule="missing-column", message=message, span=span, hint=hint))
    return bool(missing)


def _no_rows(records: Records) -> Diagnostic:
    hint = "a campaign without rows makes no images"
    return Diagnostic(rule="empty-file", message="there are no rows here", span=records.head, hint=hint)


def _rows(
    records: Records, keys: list[str], problems: list[Diagnostic]
) -> Iterator[tuple[tuple[str, ...], Sequence[Json]]]:
    places = [records.columns.index(key) for key in keys]
    first: dict[tuple[str, ...], int] = {}
    for record in records.rows:
        if len(problems) > MAX_KEPT:
            return
        if len(first) == _MAX_ROWS:
            message = f"more than {_MAX_ROWS} rows"
            problems.append(
                Diagnostic(rule="too-many-rows", message=message, span=records.place(record.start, places[0]))
            )
            return
        key = tuple(_key_text(record.values[at]) for at in places)
        faults = [(at, why) for at, part in zip(places, key, strict=True) if (why := key_fault(part))]
        for at, why in faults[:1]:
            message = f"column '{records.columns[at]}': {why}"
            span = records.place(record.start, at)
            problems.append(Diagnostic(rule="axis-key", message=message, span=span))
        if faults:
            continue
        if key in first:
            line = records.place(first[key], places[0]).line
            message = f"the key '{'/'.join(key)}' appears twice; it first appears on line {line}"
            span = records.place(record.start, places[0])
            hint = "a key names one row: change this one, or remove the row"
            problems.append(Diagnostic(rule="duplicate-axis-key", message=message, span=span, hint=hint))
        else:
            first[key] = record.start
            yield key, record.values


def _key_text(value: Json) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str() | int() | float():
            return str(value)
        case _:
            return ""


def _from_yaml(shown_path: str, data: bytes, problems: list[Diagnostic]) -> Records | None:
    root, found = yaml.parse(shown_path, data)
    problems += found
    if not isinstance(root, yaml.Sequence):
        if root and not found:
            hint = "write one row per line: - {sku: AUR-01, name: Lamp}"
            message = "a file of rows is a list of maps"
            problems.append(Diagnostic(rule="wrong-type", message=message, span=root.span, hint=hint))
        return None
    maps = [item for item in root.items if isinstance(item, yaml.Mapping)]
    for item in root.items:
        if not isinstance(item, yaml.Mapping):
            message = "a row is a map of columns"
            problems.append(Diagnostic(rule="wrong-type", message=message, span=item.span))
    columns = tuple(dict.fromkeys(name for row in maps for name, _ in row.items()))

    if too_wide := too_many_columns(columns, root.span):
        problems.append(too_wide)
        return None

    def place(start: int, at: int) -> Span:
        return (maps[start].get(columns[at]) or maps[start]).span

    def values(row: yaml.Mapping) -> tuple[Json, ...]:
        nodes = dict(row.items())
        return tuple(yaml.data(nodes[name]) if name in nodes else None for name in columns)

    rows = (Record(values(row), start) for start, row in enumerate(maps))
    return Records(columns=columns, head=root.span, rows=rows, place=place)


_FORMATS: Final[dict[str, Callable[[str, bytes, list[Diagnostic]], Records | None]]] = {
    "csv": csv.read,
    "json": json.read,
    "jsonl": json.read,
    "ndjson": json.read,
    "yaml": _from_yaml,
    "yml": _from_yaml,
}
