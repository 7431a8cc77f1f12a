"""YAML text → a tree in which every key and value knows its place. The one owner of `yaml`.

Hides PyYAML: only its events are used, nothing is ever constructed. Scalars are YAML 1.2 core
(`no`, `on` and `12:30` are text) and keep their raw text, so that an axis key `0815` stays as written.
Duplicate keys, tags, anchors, aliases, merges, directives and further documents are errors. Invariants:
the tree is built without recursion under limits; whatever the text, faults become diagnostics.
Numbers are finite and of moderate length; what is not (`.inf`, `1e999`, 40 digits) is text.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
)

from seedpipe.core.campaign.records import UNFIT_TEXT
from seedpipe.core.diagnostics import Diagnostic, SourceText, Span
from seedpipe.core.values import Number

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping as MappingOf

    from seedpipe.core.model import Json

_MAX_BYTES: Final = 1024 * 1024  # a campaign is written by hand; put long lists into CSV files
_MAX_NODES: Final = 50_000  # keys and values: far above any file that a person reviews
_MAX_DEPTH: Final = 32  # nesting: the format itself needs six levels
_MAX_NUMBER_CHARS: Final = 30  # longer digits are article numbers, not quantities

_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_COLOUR_COMMENT = re.compile(r"[ \t]+(#(?:[0-9A-Fa-f]{8}|[0-9A-Fa-f]{6}|[0-9A-Fa-f]{3,4}))\b")
_BARE_TEMPLATE = re.compile(r"[^\n\"'{}#]*[:\-,]\s+(\{\{)")
_INDENT = re.compile(r"[ ]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """A text, number, boolean or null. `raw` is the text as YAML reads it; `end` the offset behind it."""

    span: Span
    raw: str
    style: str
    value: bool | int | float | str | None
    start: int = field(repr=False)
    end: int = field(repr=False)

    def locate(self, line: int, *patterns: re.Pattern[str]) -> Span:
        """Return the place in the file of a pattern's first group on a line (from 1) of this text.

        Patterns are tried in turn. In a literal block the lines are the file's; in quoted, folded and plain
        text the file's lines are joined, so all are searched. Without a hit: the start of line or value.
        """
        lines = self.span.source.text.split("\n")
        if self.style == "|":
            numbers = [min(self.span.line + line, len(lines))]
            fallback = _first_ink(self.span.source, numbers[0], lines[numbers[0] - 1])
        else:
            last = self.span.source.text.count("\n", 0, self.end) + 1
            numbers = list(range(self.span.line, last + 1))
            fallback = self.span
        for pattern, number in product(patterns, numbers):
            skipped = self.span.column - 1 if number == self.span.line else 0
            if match := pattern.search(lines[number - 1], skipped):
                start, end = match.span(1)
                return self.span.source.span(number, start + 1, width=end - start)
        return fallback


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """A list of nodes."""

    span: Span
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """A map in the order of the file; keys are unique."""

    span: Span
    entries: tuple[tuple[Scalar, Node], ...]

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def get(self, name: str) -> Node | None:
        """Return the value of a key, or None."""
        return next((value for key, value in self.entries if key.raw == name), None)

    def key(self, name: str) -> Scalar | None:
        """Return the key itself, for its place."""
        return next((key for key, _ in self.entries if key.raw == name), None)

    def items(self) -> Iterator[tuple[str, Node]]:
        """Yield key texts and values."""
        return ((key.raw, value) for key, value in self.entries)


Node: TypeAlias = Scalar | Sequence | Mapping


def parse(shown_path: str, data: bytes) -> tuple[Node | None, list[Diagnostic]]:
    """Return the tree of a YAML file, None when it has no usable one, and what is wrong with it."""
    if len(data) > _MAX_BYTES:
        limit = f"{_MAX_BYTES // 1024} KiB"
        message = f"the file is larger than {limit}"
        hint = "put long lists into CSV files"
        return None, [Diagnostic(rule="file-too-large", message=f"{shown_path}: {message}", hint=hint)]
    source, problem = decode(shown_path, data)
    if problem:
        return None, [problem]
    return _Builder(source).build()


def decode(shown_path: str, data: bytes) -> tuple[SourceText, Diagnostic | None]:
    """Return a file's UTF-8 text without its BOM, or the place where it stops being UTF-8."""
    try:
        return SourceText(path=shown_path, text=data.decode("utf-8-sig")), None
    except UnicodeDecodeError as error:
        sane = data[: error.start].decode("utf-8-sig", errors="replace")
        # The rest is decoded as Latin-1 for the code frame only: that is what it mostly is.
        source = SourceText(path=shown_path, text=sane + data[error.start :].decode("latin-1"))
        line, column = sane.count("\n") + 1, len(sane) - (sane.rfind("\n") + 1) + 1
        return source, Diagnostic(
            rule="not-utf8",
            message="this is not UTF-8 text",
            span=source.span(line, column),
            hint="save the file as UTF-8 (in Excel: 'CSV UTF-8')",
        )


def plain(node: Node) -> Json:
    """Return a node as plain data."""
    match node:
        case Scalar():
            return node.value
        case Sequence():
            return [plain(item) for item in node.items]
        case Mapping():
            return {key.raw: plain(value) for key, value in node.entries}


def data(node: Node) -> Json:
    """Return a node as plain data in which numbers keep their spelling."""
    match node:
        case Scalar(value=bool()):
            return node.value
        case Scalar(value=int() | float() as number) if str(number) != node.raw:
            return Number(number, node.raw)
        case Scalar():
            return node.value
        case Sequence():
            return [data(item) for item in node.items]
        case Mapping():
            return {key.raw: data(value) for key, value in node.entries}


def plain_text(text: str) -> Json:
    """Return what an unquoted text in YAML stands for; a number keeps its spelling."""
    value = _resolved(text)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return Number(value, text) if is_number and str(value) != text else value  # type: ignore[arg-type]


class _Stop(Exception):  # noqa: N818
    """The text cannot be read any further."""


@dataclass(slots=True)
class _Frame:
    """A list or map that is still open."""

    start: int
    is_map: bool
    items: list[Node] = field(default_factory=list)
    entries: dict[str, tuple[Scalar, Node]] = field(default_factory=dict)
    key: Scalar | None = None


class _Builder:
    """Turns the events of one text into a tree."""

    def __init__(self, source: SourceText) -> None:
        self._source = source
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", source.text))]
        self._problems: list[Diagnostic] = []
        self._open: list[_Frame] = []
        self._root: Node | None = None
        self._nodes = 0
        self._documents = 0

    def build(self) -> tuple[Node | None, list[Diagnostic]]:
        try:
            for event in yaml.parse(self._source.text, Loader=yaml.SafeLoader):
                self._take(event)
        except _Stop:
            return None, self._problems
        except yaml.reader.ReaderError as error:
            message = f"the character U+{error.character:04X} is not allowed in YAML"
            self._report("yaml-syntax", message, error.position)
            return None, self._problems
        except yaml.MarkedYAMLError as error:
            self._syntax_error(error)
            return None, self._problems
        except (ValueError, OverflowError):
            # PyYAML lets "\UFFFFFFFF" fall through to chr().
            match = re.search(r"\\U(?!0010|000)[0-9A-Fa-f]{8}", self._source.text)
            offset = match.start() if match else 0
            self._report("yaml-syntax", "this escape is not a valid character", offset, width=10)
            return None, self._problems
        if self._root is None and not self._problems:
            self._report("empty-file", "the file is empty", 0)
        return self._root, self._problems

    def _take(self, event: yaml.Event) -> None:
        match event:
            case DocumentStartEvent():
                self._begin_document(event)
            case AliasEvent():
                offset = _offset(event.start_mark)
                self._refuse("alias", "aliases (*name) are not supported", offset, "write the value out")
                self._place(self._scalar("", "", offset, _offset(event.end_mark)))
            case ScalarEvent():
                self._check_node(event)
                offsets = _offset(event.start_mark), _offset(event.end_mark)
                self._place(self._scalar(event.value, event.style or "", *offsets))
            case CollectionStartEvent():
                self._check_node(event)
                if len(self._open) == _MAX_DEPTH:
                    self._report(
                        "yaml-limit", f"nested deeper than {_MAX_DEPTH} levels", _offset(event.start_mark)
                    )
                    raise _Stop
                start, is_map = _offset(event.start_mark), isinstance(event, MappingStartEvent)
                self._open.append(_Frame(start=start, is_map=is_map))
            case CollectionEndEvent():
                self._close()
            case _:
                pass

    def _begin_document(self, event: DocumentStartEvent) -> None:
        self._documents += 1
        if event.version or event.tags:
            self._refuse(
                "directive", "YAML directives (%...) are not supported", _offset(event.start_mark), None
            )
        if self._documents > 1:
            hint = "one campaign per file; remove the '---' and what follows"
            self._refuse(
                "several-documents", "a second document starts here", _offset(event.start_mark), hint
            )
            raise _Stop

    def _check_node(self, event: NodeEvent) -> None:
        self._nodes += 1
        offset = _offset(event.start_mark)
        if self._nodes > _MAX_NODES:
            self._report("yaml-limit", f"more than {_MAX_NODES} values; put long lists into CSV", offset)
            raise _Stop
        if event.anchor:
            self._refuse(
                "anchor", "anchors (&name) are not supported", offset, "write the value out where it is used"
            )
        if getattr(event, "tag", None):
            self._refuse(
                "tag", "tags (!name) are not supported", offset, "quote the value if it starts with '!'"
            )

    def _close(self) -> None:
        frame = self._open.pop()
        span = self._span(frame.start)
        if frame.is_map:
            self._place(Mapping(span=span, entries=tuple(frame.entries.values())))
        else:
            self._place(Sequence(span=span, items=tuple(frame.items)))

    def _place(self, node: Node) -> None:
        if not self._open:
            self._root = node
            return
        frame = self._open[-1]
        if not frame.is_map:
            self._note_colour(node, "this entry")
            frame.items.append(node)
        elif frame.key is None:
            frame.key = self._as_key(node)
        else:
            key, frame.key = frame.key, None
            self._note_colour(node, f"'{key.raw}'")
            self._enter(frame, key, node)

    def _as_key(self, node: Node) -> Scalar:
        if isinstance(node, Scalar):
            return node
        self._refuse_at("key-type", "a key must be text", node.span, None)
        return Scalar(span=node.span, raw="", style="?", value="", start=0, end=0)

    def _enter(self, frame: _Frame, key: Scalar, value: Node) -> None:
        if key.raw == "<<" and key.style == "":
            hint = "write the keys out"
            self._refuse_at("merge-key", "merge keys (<<) are not supported", key.span, hint)
        elif key.raw in frame.entries:
            first = frame.entries[key.raw][0].span
            message = f"'{key.raw}' appears twice; it first appears on line {first.line}"
            self._refuse_at("duplicate-key", message, key.span, "keep one of them")
        else:
            frame.entries[key.raw] = (key, value)

    def _note_colour(self, node: Node, what: str) -> None:
        """`ember: #E4572E` is null to YAML, because a `#` behind a space starts a comment."""
        if not isinstance(node, Scalar) or node.style:
            return
        match = _COLOUR_COMMENT.match(self._source.text, node.end if node.raw else node.start)
        if match:
            colour = match[1]
            message = (
                f"{what} {'ends before the colour' if node.raw else 'is empty'}: '#' starts a comment in YAML"
            )
            hint = "put the whole text in quotes" if node.raw else f'quote the colour: "{colour}"'
            self._report("unquoted-colour", message, match.start(1), width=len(colour), hint=hint)

    def _scalar(self, text: str, style: str, start: int, end: int) -> Scalar:
        source = self._source.text
        if not style and not text:
            # PyYAML places an empty value behind the comment that follows; it belongs behind the colon.
            start = end = min(start, len(source))
        line_end = source.find("\n", start)
        width = (end if line_end < 0 else min(end, line_end)) - start
        span = self._span(start, width=width)
        if unfit := UNFIT_TEXT.search(text):
            message = f"an escape names U+{ord(unfit[0]):04X}, which is not text"
            self._refuse_at("yaml-syntax", message, span, "remove it")
            text = UNFIT_TEXT.sub("\ufffd", text)
        value = _resolved(text) if not style else text
        return Scalar(span=span, raw=text, style=style, value=value, start=start, end=end)

    def _syntax_error(self, error: yaml.MarkedYAMLError) -> None:
        mark = error.problem_mark or error.context_mark
        offset = mark.index if mark else 0
        problem = str(error.problem or error.context or "not YAML")
        told, hint = _SYNTAX_WORDS.get(problem, ("", None))
        if braces := self._bare_template(offset):
            message = "a value that begins with '{{' is a map to YAML"
            hint = "put the whole template in quotes"
            self._report("yaml-syntax", message, braces.start(1), width=2, hint=hint)
            return
        message = told or problem
        opened = error.context_mark
        if swallowed := self._swallowed_colour(offset):
            hint = f'quote the colour: "{swallowed[1]}"'
            start, width = swallowed.start(1), len(swallowed[1])
            message = "'#' starts a comment in YAML: the rest of this line is not read"
            self._report("unquoted-colour", message, start, width=width, hint=hint)
            return
        if opened and message in ("found unexpected end of stream", _ENDLESS):
            what = "quote" if self._source.text[opened.index : opened.index + 1] in "'\"" else "bracket"
            message, hint = f"a {what} is opened and never closed", f"add the closing {what}"
            self._report("yaml-syntax", message, opened.index, hint=hint)
            return
        context = f" {error.context}" if error.context and error.problem and not told else ""
        self._report("yaml-syntax", f"{message}{context}", offset, hint=hint)

    def _bare_template(self, offset: int) -> re.Match[str] | None:
        """Return the braces of a template without quotes on the line of a syntax error."""
        start = self._source.text.rfind("\n", 0, offset) + 1
        return _BARE_TEMPLATE.match(self._source.text, start)

    def _swallowed_colour(self, offset: int) -> re.Match[str] | None:
        """Return the last colour before a syntax error that made a comment of its closing bracket."""
        for match in reversed(list(_COLOUR_COMMENT.finditer(self._source.text, 0, offset))):
            before = self._source.text[self._source.text.rfind("\n", 0, match.start()) + 1 : match.start()]
            if before.count("{") + before.count("[") > before.count("}") + before.count("]"):
                return match
        return None

    def _refuse(self, rule: str, message: str, offset: int, hint: str | None) -> None:
        self._report(f"yaml-{rule}", message, offset, hint=hint)

    def _refuse_at(self, rule: str, message: str, span: Span, hint: str | None) -> None:
        self._problems.append(Diagnostic(rule=rule, message=message, span=span, hint=hint))

    def _report(
        self, rule: str, message: str, offset: int, *, width: int = 1, hint: str | None = None
    ) -> None:
        span = self._span(offset, width=width)
        self._problems.append(Diagnostic(rule=rule, message=message, span=span, hint=hint))

    def _span(self, offset: int, *, width: int = 1) -> Span:
        offset = min(offset, len(self._source.text))
        line = bisect_right(self._line_starts, offset)
        return self._source.span(line, offset - self._line_starts[line - 1] + 1, width=width)


_ENDLESS: Final = "expected the node content, but found '<stream end>'"
_UNEVEN: Final = ("this line is not aligned with the lines around it", "check its indentation")
_STRAY: Final = "a text cannot begin with this character"
_SYNTAX_WORDS: Final[MappingOf[str, tuple[str, str]]] = {  # PyYAML's words: ours, and what to do
    "mapping values are not allowed here": (
        "YAML does not allow a second ': ' in one line",
        "quote text that has a ': ' in it",
    ),
    "found character '\\t' that cannot start any token": (
        "there is a tab where only spaces are allowed",
        "indent with spaces, not tabs",
    ),
    "found character '%' that cannot start any token": (_STRAY, "quote text that starts with '%'"),
    "found character '@' that cannot start any token": (_STRAY, "quote text that starts with '@'"),
    "found character '`' that cannot start any token": (_STRAY, "quote text that starts with a backtick"),
    "could not find expected ':'": ("", "is a colon missing, or a line indented too little?"),
    "expected <block end>, but found '<block mapping start>'": _UNEVEN,
    "expected <block end>, but found '<block sequence start>'": _UNEVEN,
    "expected <block end>, but found '?'": (
        "a list and a map are mixed here",
        "begin all of them with '- ', or none",
    ),
    "expected <block end>, but found '<scalar>'": (
        "there is text after the closing quote",
        "quote the whole value when a part of it is in quotes",
    ),
    "expected ',' or ']', but got '<stream end>'": ("", "is a closing ']' missing?"),
    "expected ',' or '}', but got '<stream end>'": ("", "is a closing '}' missing?"),
    "found unknown escape character": ("", "in double quotes a backslash is an escape; use single quotes"),
}


def _resolved(text: str) -> bool | int | float | str | None:
    """Return a plain scalar's value by the YAML 1.2 core schema."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if len(text) > _MAX_NUMBER_CHARS:
        return text
    if _INT.fullmatch(text):
        base = {"0o": 8, "0x": 16}.get(text[:2], 10)
        return int(text, base)
    if _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text


def _offset(mark: Any) -> int:
    return int(mark.index) if mark else 0


def _first_ink(source: SourceText, number: int, line: str) -> Span:
    indent = len(_INDENT.match(line)[0])  # type: ignore[index]
    return source.span(number, indent + 1, width=len(line.rstrip()) - indent)
