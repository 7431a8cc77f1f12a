"""Text files that a team shares in git: one JSON object a line, in any order, and nothing else.

Hides how such a text is read. Without a head and without a total, a union merge of two branches is again such
a file. Invariant: what cannot be understood is an error with its place, never skipped.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from seedpipe.core.diagnostics import Diagnostic, SourceText
from seedpipe.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_Line = TypeVar("_Line")

_MOST_FAULTS: Final = 20  # lines shown: a file that was cut or overwritten is bad from there on
_CONFLICT: Final = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
_LONGEST_TEXT: Final = 4000  # characters: no address, model or origin is longer


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFormat(Generic[_Line]):
    """What a line may be: its fields and how each is read, None for a value that cannot be.

    `name` is the key that holds the `version`; `rule` is that of a line which cannot be read, and `hint` says
    what to do then; `title` is what people call the file and `suffix` how its name ends. Fields in `nullable`
    may be null.
    """

    name: str
    version: int
    rule: str
    title: str
    suffix: str
    hint: str
    make: Callable[..., _Line]
    fields: Mapping[str, Callable[[object], Any]]
    nullable: frozenset[str] = frozenset()

    def read(self, text: str, path: str) -> tuple[_Line, ...]:
        """Return the lines of a text, each once; raises `InputError` with its faulty lines.

        `path` is the one that people are shown.
        """
        lines: dict[_Line, None] = {}
        faults: list[Diagnostic] = []
        source = SourceText(path=path, text=text)
        for number, line in enumerate(text.split("\n"), start=1):
            if not line.strip():
                continue
            try:
                lines[self._parsed(line)] = None
            except _Fault as fault:
                if len(faults) < _MOST_FAULTS:
                    faults.append(self._diagnostic(fault, source, number, line))
        if faults:
            raise InputError(f"{self.title} {path} cannot be read", diagnostics=faults)
        return tuple(lines)

    def _diagnostic(self, fault: _Fault, source: SourceText, number: int, line: str) -> Diagnostic:
        width = len(line.rstrip()) - fault.column + 1
        span = source.span(number, fault.column, width=width)
        return Diagnostic(rule=self.rule, message=str(fault), span=span, hint=fault.hint or self.hint)

    def _parsed(self, text: str) -> _Line:
        if text.startswith(_CONFLICT):
            raise _Fault(
                "a merge left conflict markers",
                hint="keep the lines of both sides and remove the markers;"
                f" `*{self.suffix} merge=union` in .gitattributes does so automatically",
            )
        try:
            data = json.loads(text)
        except json.JSONDecodeError as error:
            raise _Fault("this is not JSON", column=min(error.colno, len(text))) from None
        except (ValueError, RecursionError):
            raise _Fault("this is not JSON") from None
        if not isinstance(data, dict):
            raise _Fault("this is not a JSON object")
        version = data.get(self.name)
        if version != self.version or isinstance(version, bool):
            hint = "upgrade seedpipe if a newer one wrote this line"
            raise _Fault(f"'{self.name}' is not {self.version}", hint=hint)
        return self._checked(data)

    def _checked(self, data: dict[str, Any]) -> _Line:
        if unknown := sorted(data.keys() - self.fields.keys() - {self.name}):
            hint = "upgrade seedpipe if a newer one wrote it"
            raise _Fault(f"the key '{unknown[0]}' is unknown", hint=hint)
        if missing := sorted(self.fields.keys() - data.keys()):
            raise _Fault(f"the key '{missing[0]}' is missing")
        return self.make(**{key: self._value(key, data[key]) for key in self.fields})

    def _value(self, key: str, value: object) -> Any:
        read = self.fields[key](value)
        if read is None and value is not None:
            raise _Fault(f"'{key}' cannot be {json.dumps(value, ensure_ascii=False)[:60]}")
        if read is None and key not in self.nullable:
            raise _Fault(f"'{key}' cannot be null")
        return read


def text(value: object) -> str | None:
    """Read a text that is not empty."""
    return value if isinstance(value, str) and 0 < len(value) <= _LONGEST_TEXT else None


def matching(pattern: re.Pattern[str]) -> Callable[[object], str | None]:
    """Return how to read a text that matches a pattern as a whole."""
    return lambda value: value if isinstance(value, str) and pattern.fullmatch(value) else None


def texts(value: object) -> tuple[str, ...] | None:
    """Read a list of texts."""
    good = isinstance(value, list) and all(text(item) for item in value)
    return tuple(value) if good and isinstance(value, list) else None


def moment(value: object) -> datetime | None:
    """Read a time as `time_text` writes it."""
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def time_text(at: datetime) -> str:
    """Return a time in UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def at_milliseconds(at: datetime) -> datetime:
    """Return a time as a line can tell it."""
    at = at.astimezone(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


class _Fault(Exception):  # noqa: N818 - a fact about one line, on its way to a diagnostic
    def __init__(self, message: str, *, hint: str | None = None, column: int = 1) -> None:
        super().__init__(message)
        self.hint = hint
        self.column = column
