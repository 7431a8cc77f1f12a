"""Records: the rows of a data file before anyone asks for keys, and the words all formats share.

Hides nothing but the shape: each format (`csv`, `json`, `yaml`) brings `Records`, and `tables` puts keys on
them. Invariant: text in a record has no control characters and no halves of characters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from seedpipe.core.diagnostics import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from seedpipe.core.diagnostics import SourceText, Span
    from seedpipe.core.model import Json

UNFIT_TEXT: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
MAX_KEPT: Final = 50  # a file with the wrong delimiter has a fault a line: the first ones tell it all
MAX_COLUMNS: Final = 500  # wider than any sheet that a person keeps; each row has a place for every column
MAX_CELLS: Final = 1_000_000  # 100,000 rows of 10 columns; each costs up to 150 bytes once read
MAX_DEPTH: Final = 32  # nesting of data: nobody's product sheet is deeper


class Record(NamedTuple):
    """A row: its values in the order of the columns, and the number that `Records.place` finds it by."""

    values: tuple[Json, ...]
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


def unfit_character(source: SourceText) -> Diagnostic | None:
    """Return the first character of a text that cannot be data, if there is one."""
    found = UNFIT_TEXT.search(source.text)
    if not found:
        return None
    return Diagnostic(
        rule="control-character",
        message=f"the character U+{ord(found[0]):04X} is not text",
        span=span_at(source, found.start()),
        hint="remove it; it cannot be seen, and no prompt or path can carry it",
    )


def too_many_columns(columns: Sequence[str], head: Span) -> Diagnostic | None:
    """Return why rows that name ever new columns are not read, if there are too many."""
    if len(columns) <= MAX_COLUMNS:
        return None
    message = f"the rows have {len(columns)} columns together; at most {MAX_COLUMNS} are read"
    return Diagnostic(rule="file-too-large", message=message, span=head)


def span_at(source: SourceText, start: int, end: int = 0) -> Span:
    """Return the place between two offsets of a text."""
    line_start = source.text.rfind("\n", 0, start) + 1
    return source.span(source.text.count("\n", 0, start) + 1, start - line_start + 1, width=end - start)
