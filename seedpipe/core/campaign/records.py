"""Records: the rows of a data file before anyone asks for keys, and the words all formats share.

Hides where the text of a row is: in the bytes of its file, decoded when a cell is asked for, so that 100,000
rows cost what they have on disk. Each format (`csv`, `json`, `yaml`) brings `Records`, and `tables` puts keys
on them. Invariant: text in a record has no control characters and no halves of characters.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from seedpipe.core.diagnostics import Diagnostic, SourceText

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from seedpipe.core.diagnostics import Span
    from seedpipe.core.model import Json

UNFIT_TEXT: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
MAX_KEPT: Final = 50  # a file with the wrong delimiter has a fault a line: the first ones tell it all
MAX_COLUMNS: Final = 500  # wider than any sheet that a person keeps; each row has a place for every column
MAX_CELLS: Final = 3_000_000  # 100,000 rows of 20 columns, and commas in their texts: 2 s of reading
MAX_ROW_BYTES: Final = 1024 * 1024  # of one row: 20 times the longest text that a template may bring
MAX_DEPTH: Final = 32  # nesting of data: nobody's product sheet is deeper

_UNFIT_BYTES: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_CHUNK: Final = 1024 * 1024  # bytes that are decoded at a time, to see whether they can be
_LONGEST_SHOWN: Final = 100_000  # bytes of a line that may stand in a code frame; a longer one is not shown
_CONTINUED: Final = bytes(range(0x80, 0xC0))  # bytes of UTF-8 that begin no character


class Record(NamedTuple):
    """A row: its values in the order of the columns, and the number that `Records.place` finds it by."""

    values: Sequence[Json]
    start: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """The columns of a file and its rows, which are read as they are asked for.

    `head` is where the rows are expected. `place` returns where a row's cell stands, by the row's `start` and
    the number of its column: a place is wanted for faults only, so none is kept.
    """

    columns: tuple[str, ...]
    head: Span
    rows: Iterable[Record]
    place: Callable[[int, int], Span]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataText:
    """The bytes of a data file without its BOM, and its path as shown."""

    path: str
    data: bytes

    @classmethod
    def of(cls, shown_path: str, data: bytes) -> DataText:
        """Return the text of a file."""
        return cls(path=shown_path, data=data.removeprefix(codecs.BOM_UTF8))

    def span(self, start: int, end: int = 0) -> Span:
        """Return the place between two offsets in bytes; its source shows that line and the one before."""
        data = self.data
        number, first = data.count(b"\n", 0, start) + 1, data.rfind(b"\n", 0, start) + 1
        last = data.find(b"\n", first)
        last = len(data) if last < 0 else last
        before = data.rfind(b"\n", 0, max(0, first - 1)) + 1
        text = ""
        if last - before <= _LONGEST_SHOWN:
            shown = data[before:last].decode("utf-8", "surrogateescape")
            text = "\n" * (number - 1 - shown.count("\n")) + _LOST.sub("\ufffd", shown)
        column, width = self._length(first, start) + 1, self._length(start, min(end, last))
        return SourceText(path=self.path, text=text).span(number, column, width=width)

    def _length(self, start: int, end: int) -> int:
        """Return how many characters stand between two offsets, counted piece by piece."""
        pieces = (self.data[at : min(at + _CHUNK, end)] for at in range(start, end, _CHUNK))
        return sum(len(piece.translate(None, _CONTINUED)) for piece in pieces)

    def fault(self) -> Diagnostic | None:
        """Return why this is no text that can be data, if it is none."""
        if (at := _undecodable(self.data)) is not None:
            return Diagnostic(
                rule="not-utf8",
                message="this is not UTF-8 text",
                span=self.span(at),
                hint="save the file as UTF-8 (in Excel: 'CSV UTF-8')",
            )
        found = _UNFIT_BYTES.search(self.data)
        return _unfit(ord(found[0]), self.span(found.start())) if found else None


def unfit_character(source: SourceText) -> Diagnostic | None:
    """Return the first character of a text that cannot be data, if there is one."""
    found = UNFIT_TEXT.search(source.text)
    return _unfit(ord(found[0]), span_at(source, found.start())) if found else None


def too_many_columns(columns: Collection[str], head: Span) -> Diagnostic | None:
    """Return why rows that name ever new columns are not read, if there are too many."""
    if len(columns) <= MAX_COLUMNS:
        return None
    message = f"the rows have more than {MAX_COLUMNS} columns together"
    hint = "do all rows use the same column names?"
    return Diagnostic(rule="file-too-large", message=message, span=head, hint=hint)


def row_too_long(at: Span) -> Diagnostic:
    """Return why a row of so many bytes is not read."""
    message = f"this row is longer than {MAX_ROW_BYTES // 1024 // 1024} MiB"
    hint = "is a closing quote or a line end missing?"
    return Diagnostic(rule="file-too-large", message=message, span=at, hint=hint)


def span_at(source: SourceText, start: int, end: int = 0) -> Span:
    """Return the place between two offsets of a text."""
    line_start = source.text.rfind("\n", 0, start) + 1
    return source.span(source.text.count("\n", 0, start) + 1, start - line_start + 1, width=end - start)


_LOST: Final = re.compile("[\udc80-\udcff]")


def _unfit(code: int, span: Span) -> Diagnostic:
    return Diagnostic(
        rule="control-character",
        message=f"the character U+{code:04X} is not allowed in text",
        span=span,
        hint="remove it; it is invisible, and not allowed in prompts and paths",
    )


def _undecodable(data: bytes) -> int | None:
    """Return the offset where UTF-8 ends to be it, looked for piece by piece; None for sound text."""
    if data.isascii():
        return None
    decoder = codecs.getincrementaldecoder("utf-8")()
    for at in range(0, len(data), _CHUNK):
        waiting = len(decoder.getstate()[0])
        try:
            decoder.decode(data[at : at + _CHUNK], final=at + _CHUNK >= len(data))
        except UnicodeDecodeError as error:
            return at - waiting + error.start
    return None
