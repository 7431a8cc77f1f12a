"""JSON and JSON Lines → records that know their line.

Hides Python's leniency: `NaN`, a name given twice, halves of characters and deep nesting are faults here.
Invariants: one row is decoded at a time, so that limits on rows hold before memory is spent, and stays in its
file until a cell is asked for; a number prints as it was written. Absent on purpose: places inside a row,
which JSON's decoder does not tell.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Never, TypeAlias, overload

from seedpipe.core.campaign.records import (
    MAX_CELLS,
    MAX_COLUMNS,
    MAX_DEPTH,
    MAX_KEPT,
    MAX_ROW_BYTES,
    UNFIT_TEXT,
    DataText,
    Record,
    Records,
    row_too_long,
    too_many_columns,
)
from seedpipe.core.diagnostics import Diagnostic
from seedpipe.core.values import Number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seedpipe.core.model import Json

_MAX_BRACKETS: Final = 400_000  # 200,000 rows with a list in each; an object costs some 200 bytes once read
_MAX_LINES: Final = 2_000_000  # 200,000 rows of ten lines each
_MAX_ROWS: Final = 200_001  # one more than a table may have, so that `tables` tells it
_MAX_DIGITS: Final = 30  # as in YAML: longer ones are article numbers and belong into quotes
_ROWS_AT_HAND: Final = 256  # rows that stay decoded: those of one axis come again and again
_WINDOWS: Final = (
    512,
    4096,
    32 * 1024,
    MAX_ROW_BYTES,
)  # bytes that are tried for a row, when it may end anywhere
_BLANKS: Final = re.compile(r"[ \t\r\n]*")
_BLANK_BYTES: Final = re.compile(rb"[ \t\r\n]*")
_ODD_NUMBER: Final = re.compile(r"[0-9](?:[eE]|[0-9]{30})")
_FLAT: Final = frozenset({str, bool, type(None)})


_Found: TypeAlias = "tuple[dict[str, Json], int, int]"  # a row, and where it begins and ends


class _Unfit(Exception):  # noqa: N818
    """A value that JSON allows and data cannot be."""


def read(shown_path: str, data: bytes, problems: list[Diagnostic]) -> Records | None:
    """Return the records of a `.json` list of objects or of a `.jsonl` file, or None."""
    text = DataText.of(shown_path, data)
    problem = _too_large(text) or text.fault()
    if problem:
        problems.append(problem)
        return None
    in_lines = shown_path.casefold().endswith((".jsonl", ".ndjson"))
    reader = _Reader(text, problems)
    return _records(text, reader.lines() if in_lines else reader.entries(), problems)


def _too_large(text: DataText) -> Diagnostic | None:
    data = text.data
    if data.count(b"\n") > _MAX_LINES:
        return Diagnostic(rule="too-many-rows", message=f"more than {_MAX_LINES} lines", span=text.span(0))
    if data.count(b"[") + data.count(b"{") <= _MAX_BRACKETS and data.count(b",") <= MAX_CELLS:
        return None
    message = f"more than {_MAX_BRACKETS:,} lists and objects, or {MAX_CELLS:,} commas"
    return Diagnostic(rule="file-too-large", message=message, span=text.span(0))


def _records(text: DataText, rows: Iterator[_Found], problems: list[Diagnostic]) -> Records | None:
    columns: dict[str, None] = {}
    bounds: list[tuple[int, int]] = []
    for row, start, end in rows:
        bounds.append((start, end))
        if row.keys() <= columns.keys():
            continue
        columns |= dict.fromkeys(row)
        if too_wide := too_many_columns(columns, text.span(0)):
            problems.append(too_wide)
            return None
    names = tuple(columns)
    return Records(
        columns=names,
        head=text.span(0),
        rows=(Record(_Object(text.data, start, end, names), start) for start, end in bounds),
        place=lambda start, _: text.span(start),
    )


class _Object(Sequence[Any]):
    """The values of a row, in the order of the columns, taken from the file when they are asked for."""

    __slots__ = ("_columns", "_data", "_end", "_start")

    def __init__(self, data: bytes, start: int, end: int, columns: tuple[str, ...]) -> None:
        self._data, self._start, self._end, self._columns = data, start, end, columns

    @overload
    def __getitem__(self, at: int) -> Any: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Any, ...]: ...
    def __getitem__(self, at: int | slice) -> Any:
        row, wanted = self._data[self._start : self._end], self._columns[at]
        if not isinstance(wanted, str):
            return tuple(map(_spelt(row).get, wanted))
        value = _quick(row).get(wanted)
        return _spelt(row).get(wanted) if isinstance(value, float | list | dict) else value

    def __len__(self) -> int:
        return len(self._columns)


class _Reader:
    """Decodes one text row by row; each is found with its bounds in bytes."""

    def __init__(self, text: DataText, problems: list[Diagnostic]) -> None:
        self._text = text
        self._problems = problems

    def lines(self) -> Iterator[_Found]:
        """Yield the object of each line; a faulty line is told and left out."""
        data, start, count = self._text.data, 0, 0
        while start < len(data) and count < _MAX_ROWS and len(self._problems) <= MAX_KEPT:
            end = data.find(b"\n", start)
            end = len(data) if end < 0 else end
            if end - start > MAX_ROW_BYTES:
                self._problems.append(row_too_long(self._text.span(start)))
                return
            line = data[start:end].decode()
            at = _skip(line)
            found = self._object(line, at, start) if at < len(line) else None
            if found and _skip(line, found[1]) < len(line):
                behind = _offset(line, found[1], start)
                self._report("a line holds one object and nothing after it", behind)
            elif found:
                count += 1
                yield found[0], _offset(line, at, start), end
            start = end + 1

    def entries(self) -> Iterator[_Found]:
        """Yield the objects of a list; the first fault of syntax ends it."""
        data, at = self._text.data, self._after_blanks(0)
        if not data.startswith(b"[", at):
            self._report("a file of rows is a list of objects: [{...}, {...}]", at)
            return
        at, count = self._after_blanks(at + 1), 0
        while not data.startswith(b"]", at) and count < _MAX_ROWS:
            found = self._entry(at)
            if found is None:
                return
            yield found
            count, at = count + 1, self._after_blanks(found[2])
            if data.startswith(b",", at):
                at = self._after_blanks(at + 1)
            elif not data.startswith(b"]", at):
                self._report("a ',' or the closing ']' is missing", at)
                return
        if count < _MAX_ROWS and self._after_blanks(at + 1) < len(data):
            self._report("there is text after the closing ']'", self._after_blanks(at + 1))

    def _entry(self, at: int) -> _Found | None:
        """Return the object that begins at an offset; how far it goes, its own text tells."""
        data = self._text.data
        for size in _WINDOWS:
            text = data[at : at + size].decode("utf-8", "ignore")  # a half character at the end may be cut
            is_last = at + size >= len(data) or size == _WINDOWS[-1]
            try:
                value, end = _raw(text, 0)
            except (ValueError, RecursionError, _Unfit):
                if not is_last:
                    continue
            else:
                sound = self._sound(value, text[:end], at)
                return (sound, at, _offset(text, end, at)) if sound else None
            break
        self._object(text, 0, at)
        return None

    def _object(self, text: str, at: int, before: int) -> tuple[dict[str, Json], int] | None:
        """Return the object at a place of a text and where it ends, or None when it was told.

        `before` is how many bytes of the file stand before the text.
        """
        try:
            value, end = _raw(text, at)
        except json.JSONDecodeError as error:
            what = f"{error.msg[0].lower()}{error.msg[1:]}"
            self._report(f"not JSON: {what}", _offset(text, error.pos, before))
        except _Unfit as unfit:
            self._report(str(unfit), _offset(text, at, before))
        except RecursionError:
            self._report(f"nested deeper than {MAX_DEPTH} levels", _offset(text, at, before))
        else:
            sound = self._sound(value, text, _offset(text, at, before))
            return (sound, end) if sound else None
        return None

    def _sound(self, value: object, text: str, start: int) -> dict[str, Json] | None:
        """Return a value of a text that can be a row, or None when it was told that it cannot."""
        if not isinstance(value, dict):
            self._report('a row is an object: {"sku": "AUR-01", "name": "Lamp"}', start)
        elif not value:
            self._report("this row is empty", start)
        elif fault := _unfit(value, has_escapes="\\" in text):
            self._report(fault, start)
        else:
            return value
        return None

    def _after_blanks(self, at: int) -> int:
        match = _BLANK_BYTES.match(self._text.data, at)
        return match.end() if match else at

    def _report(self, message: str, at: int) -> None:
        span = self._text.span(min(at, len(self._text.data)))
        self._problems.append(Diagnostic(rule="json-syntax", message=message, span=span))


def _unfit(row: dict[str, Json], *, has_escapes: bool) -> str | None:
    """Return why a row cannot be data: its depth, or escapes of characters that are no text."""
    if not has_escapes and _is_flat(row):
        return None
    level: list[Json] = [row]
    for _ in range(MAX_DEPTH):
        if has_escapes:
            names = [name for value in level if isinstance(value, dict) for name in value]
            texts = [value for value in level if isinstance(value, str)]
            if found := next(filter(None, map(UNFIT_TEXT.search, [*names, *texts])), None):
                return f"the character U+{ord(found[0]):04X} is not allowed in text"
        nested = (value for value in level if isinstance(value, dict | list))
        level = [
            entry for value in nested for entry in (value.values() if isinstance(value, dict) else value)
        ]
        if not level:
            return None
    return f"nested deeper than {MAX_DEPTH} levels"


def _is_flat(value: object) -> bool:
    """Say whether a value is what most rows are: texts side by side, with no number and nothing nested."""
    return isinstance(value, dict) and _FLAT.issuperset(map(type, value.values()))


def _offset(text: str, at: int, before: int = 0) -> int:
    """Return a place of a text in bytes of its file."""
    return before + (at if text.isascii() else len(text[:at].encode()))


def _skip(text: str, at: int = 0) -> int:
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


_KNOWN: Final = json.JSONDecoder()  # of a row that was read before, and so is sound
_QUICK: Final = json.JSONDecoder(object_pairs_hook=_unique)
_STRICT: Final = json.JSONDecoder(
    object_pairs_hook=_unique, parse_float=_number, parse_int=_whole, parse_constant=_no_number
)


def _raw(text: str, at: int) -> tuple[object, int]:
    """Return what stands at a place of a text and where it ends.

    Numbers are looked at one by one only where there are some that JSON or we may not take.
    """
    try:
        value, end = _QUICK.raw_decode(text, at)
    except (json.JSONDecodeError, _Unfit):
        raise
    except ValueError:  # more digits than Python reads
        return _STRICT.raw_decode(text, at)
    if _is_flat(value):
        return value, end
    if _ODD_NUMBER.search(text, at, end) or text.find("NaN", at, end) >= 0 or text.find("Inf", at, end) >= 0:
        return _STRICT.raw_decode(text, at)
    return value, end


@lru_cache(maxsize=_ROWS_AT_HAND)
def _quick(row: bytes) -> dict[str, Any]:
    """Return the object of a row, which was read before."""
    decoded: dict[str, Any] = _KNOWN.raw_decode(row.decode())[0]
    return decoded


@lru_cache(maxsize=_ROWS_AT_HAND)
def _spelt(row: bytes) -> dict[str, Any]:
    """Return the same with numbers that keep their spelling, which takes longer."""
    decoded: dict[str, Any] = _STRICT.raw_decode(row.decode())[0]
    return decoded
