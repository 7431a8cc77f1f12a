"""CSV text → records that know their place.

Hides the dialects: UTF-8 with or without BOM, `,` or `;` (whichever the first line has more of), quotes as
in RFC 4180, any line end. Cells are text; blanks around unquoted ones are dropped; wholly empty lines are
skipped; a row with too few or too many cells is told and left out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from seedpipe.core.campaign.records import (
    MAX_CELLS,
    MAX_COLUMNS,
    MAX_KEPT,
    Record,
    Records,
    span_at,
    unfit_character,
)
from seedpipe.core.campaign.yaml import decode
from seedpipe.core.diagnostics import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from seedpipe.core.diagnostics import SourceText, Span


_MAX_LINES: Final = 400_000  # twice the rows that a table may have: some cells hold two lines


class _Field(NamedTuple):
    text: str
    start: int
    end: int


def read(shown_path: str, data: bytes, problems: list[Diagnostic]) -> Records | None:
    """Return the records of a CSV file, or None; faults are added to `problems` as they are met."""
    source, problem = decode(shown_path, data)
    problem = problem or unfit_character(source) or _too_long(source)
    if problem:
        problems.append(problem)
        return None
    return _Reader(source, problems).read()


def _too_long(source: SourceText) -> Diagnostic | None:
    """Return why a file of more lines, empty ones too, or more cells is not even looked through."""
    text = source.text
    if text.count("\n") + text.count("\r") > 2 * _MAX_LINES:
        message = f"more than {_MAX_LINES} lines"
        return Diagnostic(rule="too-many-rows", message=message, span=source.span())
    if text.count(_delimiter(text)) > MAX_CELLS:
        message = f"more than {MAX_CELLS} cells"
        return Diagnostic(rule="file-too-large", message=message, span=source.span())
    return None


class _Reader:
    """Reads one text; faults are kept and reading goes on where it can."""

    def __init__(self, source: SourceText, problems: list[Diagnostic]) -> None:
        self._problems = problems
        self._source = source
        self._match_field = _field_pattern(_delimiter(source.text))

    def read(self) -> Records | None:
        lines = self._lines(0)
        header = next(lines, None)
        if header is None:
            if not self._problems:
                self._report("empty-file", "the file is empty; its first line must name the columns", 0, 0)
            return None
        columns = self._columns(header)
        head = span_at(self._source, header[0].start)
        return Records(columns=columns, head=head, rows=self._rows(lines, len(columns)), place=self._place)

    def _columns(self, header: list[_Field]) -> tuple[str, ...]:
        names: list[str] = []
        for field in header:
            if not field.text:
                self._report("empty-column-name", "this column has no name", field.start, field.end)
            elif field.text in names:
                self._report(
                    "duplicate-column", f"column '{field.text}' is here twice", field.start, field.end
                )
            names.append(field.text)
        return tuple(names)

    def _rows(self, lines: Iterator[list[_Field]], width: int) -> Iterator[Record]:
        for fields in lines:
            if len(fields) == width:
                yield Record(tuple(field.text for field in fields), fields[0].start)
                continue
            message = f"this row has {len(fields)} cells, the first line has {width}"
            hint = "put a cell that has a delimiter in it in double quotes"
            self._report("ragged-row", message, fields[0].start, fields[-1].end, hint)
            if len(self._problems) > MAX_KEPT:
                return

    def _lines(self, offset: int) -> Iterator[list[_Field]]:
        text, match_field = self._source.text, self._match_field
        fields = list[_Field]()
        while offset < len(text) or fields:
            match = match_field(text, offset)
            if match is None:
                self._report_quote(offset)
                return
            fields.append(_field(match))
            offset = match.end()
            if len(fields) > MAX_COLUMNS:
                message = f"this row has more than {MAX_COLUMNS} cells"
                self._report("ragged-row", message, fields[0].start, fields[0].start + 1)
                return
            if match["stop"] in ("\n", "\r\n", "\r", ""):
                if len(fields) > 1 or fields[0].text:
                    yield fields
                fields = []
                if not match["stop"]:
                    return

    def _report_quote(self, offset: int) -> None:
        text = self._source.text
        blanks = _BLANKS.match(text, offset)
        start = blanks.end() if blanks else offset
        closing = _QUOTED.match(text, start)
        if closing:
            message, hint = "there is text after the closing quote", 'write a quote inside quotes twice: ""'
            self._report("csv-quotes", message, closing.end(), closing.end() + 1, hint)
        else:
            self._report("csv-quotes", "this quote is never closed", start, start + 1)

    def _place(self, start: int, at: int) -> Span:
        field = next(self._lines(start))[at]
        return span_at(self._source, field.start, field.end)

    def _report(self, rule: str, message: str, start: int, end: int, hint: str | None = None) -> None:
        span = span_at(self._source, start, end)
        self._problems.append(Diagnostic(rule=rule, message=message, span=span, hint=hint))


_BLANKS = re.compile(r"[ \t]*")
_QUOTED = re.compile(r'"(?:[^"]|"")*+"')


def _field_pattern(delimiter: str) -> Callable[[str, int], re.Match[str] | None]:
    pattern = (
        r'[ \t]*(?:"(?P<quoted>(?:[^"]|"")*+)"[ \t]*|'
        rf'(?P<bare>(?:[^"{delimiter}\r\n \t][^{delimiter}\r\n]*)?))'
        rf"(?P<stop>{delimiter}|\r\n|\n|\r|\Z)"
    )
    return re.compile(pattern).match


def _field(match: re.Match[str]) -> _Field:
    if (quoted := match["quoted"]) is not None:
        return _Field(quoted.replace('""', '"').strip(), match.start("quoted") - 1, match.end("quoted") + 1)
    bare = match["bare"].strip()
    start = match.start("bare")
    return _Field(bare, start, start + len(bare))


def _delimiter(text: str) -> str:
    header = re.sub(r'"[^"]*"', "", text[: text.find("\n")] if "\n" in text else text)
    return ";" if header.count(";") > header.count(",") else ","
