"""CSV text → rows that know their place.

Hides the dialects: UTF-8 with or without BOM, `,` or `;` (whichever the first line has more of), quotes as
in RFC 4180, any line end. Invariants: rows come in the order of the file, keys are unique, filled and
fit for an address. Cells are text; blanks around unquoted ones are dropped; wholly empty lines are skipped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from seedpipe.core.campaign.yaml import decode
from seedpipe.core.diagnostics import Diagnostic, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from seedpipe.core.diagnostics import SourceText, Span

_MAX_ROWS: Final = 200_000  # a matrix over more rows than this is no campaign but a mistake
_MAX_KEPT: Final = 50  # a file with the wrong delimiter has a fault a line: the first ones tell it all
_UNFIT_IN_KEY: Final = re.compile(r"[/\\\x00-\x1f\x7f\u2028\u2029]")
_MAX_KEY_CHARS: Final = 100


class _Field(NamedTuple):
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The rows of a file: the key of each, and its texts in the order of `columns`."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


def key_fault(key: str) -> str | None:
    """Return why a text cannot be the key of a row, or None: keys make addresses like `hero/AUR-07/jp`."""
    if not key:
        return "the key is empty"
    if key != key.strip():
        return f"the key '{key}' begins or ends with a blank"
    if unfit := _UNFIT_IN_KEY.search(key):
        shown = unfit[0] if unfit[0].isprintable() else f"U+{ord(unfit[0]):04X}"
        return f"the key '{key}' has a '{shown}' in it"
    if len(key) > _MAX_KEY_CHARS:
        return f"the key is longer than {_MAX_KEY_CHARS} characters"
    return None


def parse(shown_path: str, data: bytes, *, key: str, key_span: Span) -> tuple[Table | None, list[Diagnostic]]:
    """Return the table of a CSV file, None when it has none, and what is wrong with it.

    `key_span` is where the campaign names the key column.
    """
    source, problem = decode(shown_path, data)
    if problem:
        return None, [problem]
    reader = _Reader(source)
    table = reader.read(key, key_span)
    return (None if reader.problems else table), reader.problems


class _Reader:
    """Reads one text; faults are kept and reading goes on where it can."""

    def __init__(self, source: SourceText) -> None:
        self.problems: list[Diagnostic] = []
        self._source = source

    def read(self, key: str, key_span: Span) -> Table | None:
        records = self._records()
        header = next(records, None)
        if header is None:
            if not self.problems:
                self._report("empty-file", "the file is empty; its first line must name the columns", 0, 0)
            return None
        columns = self._columns(header)
        if key not in columns:
            hint = did_you_mean(key, columns) or f"the columns are {', '.join(columns)}"
            message = f"{self._source.path} has no column '{key}'"
            self.problems.append(Diagnostic(rule="missing-column", message=message, span=key_span, hint=hint))
            return None
        rows = tuple(self._rows(records, columns, columns.index(key)))
        if not rows and not self.problems:
            self._report("empty-file", "there are no rows below the first line", header[0].start, 0)
        return Table(columns=columns, rows=rows)

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

    def _rows(
        self, records: Iterator[list[_Field]], columns: tuple[str, ...], key_at: int
    ) -> Iterator[tuple[str, tuple[str, ...]]]:
        first_at: dict[str, int] = {}
        for record in records:
            if len(record) != len(columns):
                message = f"this row has {len(record)} cells, the first line has {len(columns)}"
                hint = "put a cell that has a delimiter in it in double quotes"
                self._report("ragged-row", message, record[0].start, record[-1].end, hint)
            if len(record) <= key_at:
                continue
            key = record[key_at]
            if fault := key_fault(key.text):
                self._report("axis-key", f"column '{columns[key_at]}': {fault}", key.start, key.end)
            elif key.text in first_at:
                line = self._span(first_at[key.text], 0).line
                message = f"the key '{key.text}' is here twice; it was first given on line {line}"
                self._report("duplicate-axis-key", message, key.start, key.end)
            else:
                first_at[key.text] = key.start
                yield key.text, tuple(field.text for field in record)
            if len(first_at) > _MAX_ROWS:
                self._report("too-many-rows", f"more than {_MAX_ROWS} rows", key.start, key.end)
                return
            if len(self.problems) > _MAX_KEPT:
                return

    def _records(self) -> Iterator[list[_Field]]:
        text = self._source.text
        match_field = _field_pattern(_delimiter(text))
        offset, record = 0, list[_Field]()
        while offset < len(text) or record:
            match = match_field(text, offset)
            if match is None:
                self._report_quote(offset)
                return
            record.append(_field(match))
            offset = match.end()
            if match["stop"] in ("\n", "\r\n", "\r", ""):
                if len(record) > 1 or record[0].text:
                    yield record
                record = []
                if not match["stop"]:
                    return

    def _report_quote(self, offset: int) -> None:
        text = self._source.text
        start = offset + len(text[offset:]) - len(text[offset:].lstrip(" \t"))
        closing = _QUOTED.match(text, start)
        if closing:
            message, hint = "there is text after the closing quote", 'write a quote inside quotes twice: ""'
            self._report("csv-quotes", message, closing.end(), closing.end() + 1, hint)
        else:
            self._report("csv-quotes", "this quote is never closed", start, start + 1)

    def _report(self, rule: str, message: str, start: int, end: int, hint: str | None = None) -> None:
        span = self._span(start, end)
        self.problems.append(Diagnostic(rule=rule, message=message, span=span, hint=hint))

    def _span(self, start: int, end: int) -> Span:
        text = self._source.text
        line_start = text.rfind("\n", 0, start) + 1
        return self._source.span(text.count("\n", 0, start) + 1, start - line_start + 1, width=end - start)


_QUOTED = re.compile(r'"(?:[^"]|"")*"')


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
