"""What is wrong with a user's files, where, and what to do next.

Hides one decision: how a position in a file becomes something a person can act on.
A diagnostic is data; `render` turns it into text with a code frame. Invariants: lines and
columns count from 1, columns count characters (a tab is one), a span lies in one file.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_FRAME_BEFORE = 1  # lines of context above the marked one: enough to see the key it belongs to
_FRAME_WIDTH = 110  # characters of a source line shown: longer lines are clipped around the mark

_MOST_WORDS = 8  # known words that a hint names: more are not read

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")  # what a terminal would obey


class Severity(StrEnum):
    """How bad it is: errors stop everything before money is spent, warnings do not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceText:
    """A file as it was read: its path as shown to the user, and its whole text."""

    path: str
    text: str = field(repr=False)

    def span(self, line: int = 1, column: int = 1, *, width: int = 1) -> Span:
        """Return the place of `width` characters at a position of this text."""
        return Span(source=self, line=line, column=column, width=max(1, width))


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A run of characters on one line of a file."""

    source: SourceText
    line: int
    column: int
    width: int = 1

    def __str__(self) -> str:
        return f"{self.source.path}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One finding about the user's files.

    `rule` is the stable kebab-case name that docs and suppressions use; `notes` are further
    facts (the cells it was seen in); `hint` is what to do next.
    """

    rule: str
    message: str
    span: Span | None = None
    severity: Severity = Severity.ERROR
    hint: str | None = None
    notes: tuple[str, ...] = ()


def render(diagnostic: Diagnostic) -> str:
    """Return the diagnostic as text: `file:line:column: severity rule: message`, frame, notes, hint."""
    span = diagnostic.span
    head = f"{span}: " if span else ""
    lines = [f"{head}{diagnostic.severity.value} {diagnostic.rule}: {diagnostic.message}"]
    if span:
        lines += _code_frame(span)
    lines += [f"  note: {note}" for note in diagnostic.notes]
    if diagnostic.hint:
        lines.append(f"  hint: {diagnostic.hint}")
    return "\n".join(lines)


def in_reading_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Return the diagnostics by file, line and column; those without a place come last."""

    def place(diagnostic: Diagnostic) -> tuple[bool, str, int, int]:
        span = diagnostic.span
        return (False, span.source.path, span.line, span.column) if span else (True, "", 0, 0)

    return sorted(diagnostics, key=place)


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Return a hint that names the closest known word, or None when nothing is close."""
    close = closest(word, known)
    return f"did you mean '{close}'?" if close else None


def closest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that is most like this one, or None when nothing is close."""
    words = list(known)
    alike = [one for one in words if one.casefold() == word.casefold()]
    return next(iter(alike or difflib.get_close_matches(word, words, n=1, cutoff=0.6)), None)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a hint for a word that is not among the known ones: the closest, else which there are."""
    words = sorted(known)
    shown = ", ".join(words[:_MOST_WORDS]) or "nothing"
    more = f" and {len(words) - _MOST_WORDS} more" if len(words) > _MOST_WORDS else ""
    return did_you_mean(word, words) or f"there are {shown}{more}"


def _code_frame(span: Span) -> list[str]:
    first = max(1, span.line - _FRAME_BEFORE)
    lines = _lines_from(span.source.text, first, span.line)
    if not 0 <= span.line - first < len(lines):
        return []
    gutter = len(str(span.line))
    offset = _clip_offset(span)
    frame = [
        f"  {number:>{gutter}} | {_clipped(text, offset)}"
        for number, text in enumerate(lines, first)
        if number == span.line or text.strip()
    ]
    line = lines[-1]
    lead = line[offset : span.column - 1]
    padding = "".join("\t" if char == "\t" else " " * _columns(char) for char in lead)
    visible = max(1, min(span.width, len(line) - span.column + 1, _FRAME_WIDTH - len(lead)))
    marked = sum(_columns(char) for char in line[span.column - 1 : span.column - 1 + visible])
    return [*frame, f"  {' ' * gutter} | {padding}{'^' * max(1, marked)}"]


def _lines_from(text: str, first: int, last: int) -> list[str]:
    """Return some lines of a text, without a copy of all the others."""
    lines = list[str]()
    start = 0
    for number in range(1, last + 1):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        if number >= first:
            lines.append(text[start:end])
        start = end + 1
        if start > len(text):
            break
    return lines


def _columns(char: str) -> int:
    """Return how many columns of a terminal a character takes: wide ones two, marks over others none."""
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _clip_offset(span: Span) -> int:
    """Return how many leading characters to leave out so that the mark is in sight."""
    overflow = span.column + min(span.width, 20) - _FRAME_WIDTH
    return max(0, overflow)


def _clipped(line: str, offset: int) -> str:
    return _CONTROLS.sub("\ufffd", line.rstrip("\r")[offset : offset + _FRAME_WIDTH])
