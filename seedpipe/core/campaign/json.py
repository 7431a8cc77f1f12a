"""JSON and JSON Lines → records that know their line.

Hides Python's leniency: `NaN`, a name given twice, halves of characters and deep nesting are faults here.
Invariants: one row is decoded at a time, so that limits on rows hold before memory is spent; a number
prints as it was written. Absent on purpose: places inside a row, which JSON's decoder does not tell.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, Final, Never

from seedpipe.core.campaign.records import (
    MAX_CELLS,
    MAX_COLUMNS,
    MAX_DEPTH,
    MAX_KEPT,
    UNFIT_TEXT,
    Record,
    Records,
    span_at,
    too_many_columns,
    unfit_character,
)
from seedpipe.core.campaign.yaml import decode
from seedpipe.core.diagnostics import Diagnostic
from seedpipe.core.values import Number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seedpipe.core.diagnostics import SourceText
    from seedpipe.core.model import Json

_MAX_BRACKETS: Final = 400_000  # 200,000 rows with a list in each; an object costs some 200 bytes once read
_MAX_LINES: Final = 2_000_000  # 200,000 rows of ten lines each
_MAX_ROWS: Final = 200_001  # one more than a table may have, so that `tables` tells it
_MAX_DIGITS: Final = 30  # as in YAML: longer ones are article numbers and belong into quotes
_BLANKS: Final = re.compile(r"[ \t\r\n]*")


class _Unfit(Exception):  # noqa: N818
    """A value that JSON allows and data cannot be."""


def read(shown_path: str, data: bytes, problems: list[Diagnostic]) -> Records | None:
    """Return the records of a `.json` list of objects or of a `.jsonl` file, or None."""
    source, problem = decode(shown_path, data)
    problem = problem or unfit_character(source) or _too_large(source)
    if problem:
        problems.append(problem)
        return None
    lines = shown_path.casefold().endswith((".jsonl", ".ndjson"))
    rows = list(_Reader(source, problems).lines() if lines else _Reader(source, problems).entries())
    columns = tuple(dict.fromkeys(name for row, _ in rows for name in row))
    if too_wide := too_many_columns(columns, source.span()):
        problems.append(too_wide)
        return None
    return Records(
        columns=columns,
        head=source.span(),
        rows=(Record(tuple(row.get(column) for column in columns), start) for row, start in rows),
        place=lambda start, _: span_at(source, start),
    )


def _too_large(source: SourceText) -> Diagnostic | None:
    text = source.text
    if text.count("\n") > _MAX_LINES:
        return Diagnostic(rule="too-many-rows", message=f"more than {_MAX_LINES} lines", span=source.span())
    if text.count("[") + text.count("{") <= _MAX_BRACKETS and text.count(",") <= MAX_CELLS:
        return None
    message = f"more than {_MAX_BRACKETS} lists and objects, or {MAX_CELLS} commas"
    return Diagnostic(rule="file-too-large", message=message, span=source.span())


class _Reader:
    """Decodes one text row by row."""

    def __init__(self, source: SourceText, problems: list[Diagnostic]) -> None:
        self._source = source
        self._problems = problems
        self._has_escapes = "\\" in source.text
        self._decoder = json.JSONDecoder(
            object_pairs_hook=_unique, parse_float=_number, parse_int=_whole, parse_constant=_no_number
        )

    def lines(self) -> Iterator[tuple[dict[str, Json], int]]:
        """Yield the object of each line with its offset; a faulty line is told and left out."""
        text, start, count = self._source.text, 0, 0
        while start < len(text) and count < _MAX_ROWS and len(self._problems) <= MAX_KEPT:
            end = text.find("\n", start)
            end = len(text) if end < 0 else end
            at = _skip(text, start)
            if at < end:
                found = self._decoded(at)
                if found and _skip(text, found[1]) < end:
                    self._report("a line holds one object and nothing behind it", found[1])
                elif found:
                    count += 1
                    yield found[0], at
            start = end + 1

    def entries(self) -> Iterator[tuple[dict[str, Json], int]]:
        """Yield the objects of a list with their offsets; the first fault of syntax ends it."""
        text = self._source.text
        at = _skip(text, 0)
        if text[at : at + 1] != "[":
            self._report("a file of rows is a list of objects: [{...}, {...}]", at)
            return
        at = _skip(text, at + 1)
        count = 0
        while text[at : at + 1] != "]":
            found = self._decoded(at)
            if found is None:
                return
            yield found[0], at
            count += 1
            at = _skip(text, found[1])
            if text[at : at + 1] == ",":
                at = _skip(text, at + 1)
            elif text[at : at + 1] != "]":
                self._report("a ',' or the closing ']' is missing", at)
                return
            if count >= _MAX_ROWS:
                return
        if _skip(text, at + 1) < len(text):
            self._report("there is text behind the closing ']'", _skip(text, at + 1))

    def _decoded(self, at: int) -> tuple[dict[str, Json], int] | None:
        """Return the object at an offset and where it ends, or None when it was told."""
        try:
            value, end = self._decoder.raw_decode(self._source.text, at)
        except json.JSONDecodeError as error:
            self._report(f"not JSON: {error.msg[0].lower()}{error.msg[1:]}", error.pos)
        except _Unfit as unfit:
            self._report(str(unfit), at)
        except RecursionError:
            self._report(f"nested deeper than {MAX_DEPTH} levels", at)
        else:
            if not isinstance(value, dict):
                self._report('a row is an object: {"sku": "AUR-01", "name": "Lamp"}', at)
            elif fault := self._unfit(value):
                self._report(fault, at)
            else:
                return value, end
        return None

    def _unfit(self, row: dict[str, Json]) -> str | None:
        """Return why a row cannot be data: its depth, or escapes of characters that are no text."""
        level: list[Json] = [row]
        for _ in range(MAX_DEPTH):
            if self._has_escapes:
                names = [name for value in level if isinstance(value, dict) for name in value]
                texts = [value for value in level if isinstance(value, str)]
                if found := next(filter(None, map(UNFIT_TEXT.search, [*names, *texts])), None):
                    return f"the character U+{ord(found[0]):04X} is not text"
            nested = (value for value in level if isinstance(value, dict | list))
            level = [
                entry for value in nested for entry in (value.values() if isinstance(value, dict) else value)
            ]
            if not level:
                return None
        return f"nested deeper than {MAX_DEPTH} levels"

    def _report(self, message: str, at: int) -> None:
        span = span_at(self._source, min(at, len(self._source.text)))
        self._problems.append(Diagnostic(rule="json-syntax", message=message, span=span))


def _skip(text: str, at: int) -> int:
    match = _BLANKS.match(text, at)
    return match.end() if match else at


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MAX_COLUMNS:
        raise _Unfit(f"an object has more than {MAX_COLUMNS} names")
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Unfit(f"'{twice}' is in this object twice")
    return found


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _Unfit(f"the number {text[:_MAX_DIGITS]} is too large")
    return value if str(value) == text else Number(value, text)


def _whole(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise _Unfit(f"the number {text[:_MAX_DIGITS]}... is too long; put it in quotes")
    return int(text)


def _no_number(text: str) -> Never:
    raise _Unfit(f"{text} is not a number in JSON")
