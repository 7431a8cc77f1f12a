"""CSV text → records that know their place.

Hides the dialects: UTF-8 with or without BOM, `,` or `;` (whichever the first line has more of), quotes as
in RFC 4180, any line end. Cells are text; blanks around unquoted ones are dropped; wholly empty lines are
skipped; a row with too few or too many cells is told and left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple, overload

from seedpipe.core.campaign.records import (
    MAX_CELLS,
    MAX_COLUMNS,
    MAX_KEPT,
    MAX_ROW_BYTES,
    DataText,
    Record,
    Records,
    row_too_long,
)
from seedpipe.core.diagnostics import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seedpipe.core.diagnostics import Span

_MAX_LINES: Final = 400_000  # twice the rows that a table may have: some cells hold two lines
_ROWS_AT_HAND: Final = 256  # rows that stay decoded: those of one axis come again and again


class _Field(NamedTuple):
    start: int
    end: int


def read(shown_path: str, data: bytes, problems: list[Diagnostic]) -> Records | None:
    """Return the records of a CSV file, or None; faults are added to `problems` as they are met."""
    text = DataText.of(shown_path, data)
    problem = text.fault() or _too_long(text)
    if problem:
        problems.append(problem)
        return None
    return _Reader(text, problems).read()


def _too_long(text: DataText) -> Diagnostic | None:
    """Return why a file of more lines, empty ones too, or more cells is not even looked through."""
    if text.data.count(b"\n") + text.data.count(b"\r") > 2 * _MAX_LINES:
        message = f"more than {_MAX_LINES} lines"
        return Diagnostic(rule="too-many-rows", message=message, span=text.span(0))
    if text.data.count(_delimiter(text.data)) > MAX_CELLS:
        message = f"more than {MAX_CELLS:,} cells"
        return Diagnostic(rule="file-too-large", message=message, span=text.span(0))
    return None


class _Row(Sequence[str]):
    """The cells of a row, taken from the file when they are asked for."""

    __slots__ = ("_data", "_delimiter", "_end", "_start")

    def __init__(self, data: bytes, start: int, end: int, delimiter: bytes) -> None:
        self._data, self._start, self._end, self._delimiter = data, start, end, delimiter

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[str, ...]: ...
    def __getitem__(self, at: int | slice) -> str | tuple[str, ...]:
        return _cells(self._data[self._start : self._end], self._delimiter)[at]

    def __len__(self) -> int:
        return len(_cells(self._data[self._start : self._end], self._delimiter))


@lru_cache(maxsize=_ROWS_AT_HAND)
def _cells(row: bytes, delimiter: bytes) -> tuple[str, ...]:
    text, stop = row.decode(), delimiter.decode()
    if '"' not in text:
        return tuple(map(str.strip, text.split(stop)))
    found = _pattern(_FIELD, delimiter).findall(row + delimiter)
    return tuple((quoted.decode().replace('""', '"') or bare.decode()).strip() for quoted, bare in found)


class _Reader:
    """Reads one text; faults are kept and reading goes on where it can."""

    def __init__(self, text: DataText, problems: list[Diagnostic]) -> None:
        self._problems = problems
        self._text = text
        self._delimiter = _delimiter(text.data)
        self._match_field = _pattern(_STOPPED_FIELD, self._delimiter).match

    def read(self) -> Records | None:
        rows = self._spans()
        head = next(rows, None)
        if head is None:
            if not self._problems:
                self._report("empty-file", "the file is empty; its first line must name the columns", 0, 0)
            return None
        if self._is_too_wide(*head):
            return None
        columns = self._columns(head[0])
        at = self._text.span(next(self._fields(head[0])).start)
        return Records(columns=columns, head=at, rows=self._rows(rows, len(columns)), place=self._place)

    def _columns(self, start: int) -> tuple[str, ...]:
        names: list[str] = []
        for field in self._fields(start):
            name = _cells(self._text.data[field.start : field.end], self._delimiter)[0]
            if not name:
                self._report("empty-column-name", "this column has no name", *field)
            elif name in names:
                self._report("duplicate-column", f"column '{name}' appears twice", *field)
            names.append(name)
        return tuple(names)

    def _rows(self, spans: Iterator[tuple[int, int]], width: int) -> Iterator[Record]:
        data, delimiter = self._text.data, self._delimiter
        for start, end in spans:
            if self._is_too_wide(start, end):
                return
            row = _Row(data, start, end, delimiter)
            if len(row) == width:
                yield Record(row, start)
                continue
            message = f"this row has {len(row)} cells, the first line has {width}"
            hint = "put a cell that has a delimiter in it in double quotes"
            other = b"," if delimiter == b";" else b";"
            if len(row) == 1 and data.find(other, start, end) >= 0:
                hint = f"separate its cells with '{delimiter.decode()}', as the first line does"
            fields = list(self._fields(start))
            self._report("ragged-row", message, fields[0].start, fields[-1].end, hint)
            if len(self._problems) > MAX_KEPT:
                return

    def _spans(self) -> Iterator[tuple[int, int]]:
        """Yield where each row that has ink begins and ends; the first fault of quotes ends them."""
        data, offset = self._text.data, 0
        match_row = _pattern(_ROW, self._delimiter).match
        while offset < len(data):
            match = match_row(data, offset)
            if match is None:
                self._report_quote(offset)
                return
            end = match.end()
            if end - offset > MAX_ROW_BYTES:
                self._problems.append(row_too_long(self._text.span(offset)))
                return
            if data.find(self._delimiter, offset, end) >= 0 or _cells(data[offset:end], self._delimiter)[0]:
                yield offset, end
            offset = end + (2 if data.startswith(b"\r\n", end) else 1)

    def _is_too_wide(self, start: int, end: int) -> bool:
        """Say whether a row has more cells than any row may, which is told."""
        if self._text.data.count(self._delimiter, start, end) < MAX_COLUMNS:
            return False
        for number, field in enumerate(self._fields(start)):
            if number == MAX_COLUMNS:
                message = f"this row has more than {MAX_COLUMNS} cells"
                self._report("ragged-row", message, start, field.start)
                return True
        return False

    def _fields(self, offset: int) -> Iterator[_Field]:
        """Yield where the cells of a row stand, as far as their quotes are right."""
        while match := self._match_field(self._text.data, offset):
            yield _bounds(match)
            offset = match.end()
            if match["stop"] != self._delimiter:
                return

    def _report_quote(self, offset: int) -> None:
        data = self._text.data
        while match := self._match_field(data, offset):
            offset = match.end()
        blanks = _BLANKS.match(data, offset)
        start = blanks.end() if blanks else offset
        if closing := _QUOTED.match(data, start):
            message, hint = "there is text after the closing quote", 'write a quote inside quotes twice: ""'
            self._report("csv-quotes", message, closing.end(), closing.end() + 1, hint)
        else:
            hint = "add the closing quote at the end of the cell"
            self._report("csv-quotes", "this quote is never closed", start, start + 1, hint)

    def _place(self, start: int, at: int) -> Span:
        field = list(self._fields(start))[at]
        return self._text.span(*field)

    def _report(self, rule: str, message: str, start: int, end: int, hint: str | None = None) -> None:
        span = self._text.span(start, end)
        self._problems.append(Diagnostic(rule=rule, message=message, span=span, hint=hint))


_BLANKS = re.compile(rb"[ \t]*")
_QUOTED = re.compile(rb'"(?:[^"]|"")*+"')

# D is the delimiter. Everything is possessive, so that no file makes the search go back.
_INSIDE: Final = rb'[^"]*+(?:""[^"]*+)*+'
_BARE: Final = rb'(?:[^"D\r\n \t][^D\r\n]*+)?+'
_FIELD: Final = rb'[ \t]*+(?:"(' + _INSIDE + rb')"[ \t]*+|(' + _BARE + rb"))D"
_STOPPED_FIELD: Final = (
    rb'[ \t]*+(?:"(?P<quoted>' + _INSIDE + rb')"[ \t]*+|(?P<bare>' + _BARE + rb"))(?P<stop>D|\r\n|\n|\r|\Z)"
)
_CELL: Final = rb'[ \t]*+(?:"' + _INSIDE + rb'"[ \t]*+|' + _BARE + rb")"
_ROW: Final = rb"(?:" + _CELL + rb"D)*+" + _CELL + rb"(?=[\r\n]|\Z)"


@cache
def _pattern(of: bytes, delimiter: bytes) -> re.Pattern[bytes]:
    return re.compile(of.replace(b"D", delimiter))


def _bounds(match: re.Match[bytes]) -> _Field:
    if match["quoted"] is not None:
        return _Field(match.start("quoted") - 1, match.end("quoted") + 1)
    return _Field(match.start("bare"), match.start("bare") + len(match["bare"].rstrip()))


def _delimiter(data: bytes) -> bytes:
    header = re.sub(rb'"[^"]*+"', b"", data[: data.find(b"\n")] if b"\n" in data else data)
    return b";" if header.count(b";") > header.count(b",") else b","
