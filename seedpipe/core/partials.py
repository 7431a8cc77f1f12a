"""The files that templates of one campaign include and import, and the patterns that ship.

Hides how a name in `{% include %}` becomes text. Invariants: each file is read once; a published pattern file
never changes, so that no request that was paid for does. Names under `seedpipe/` are ours.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final

from jinja2 import FunctionLoader

from seedpipe.core.diagnostics import Diagnostic, SourceText, did_you_mean
from seedpipe.core.fence import FencedEnvironment, fenced

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

    from seedpipe.core.diagnostics import Span

    Read = Callable[[str, Span], SourceText | Diagnostic]  # (path, where it is named) → its text, or why not

OURS: Final = "seedpipe/"
_BUILT_IN: Final = {"seedpipe/patterns.j2": "patterns.j2"}


class Partials:
    """What one campaign's templates may include; `read` brings its files or says why it cannot."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._sources: dict[str, SourceText] = {}
        loader = FunctionLoader(self._text)
        self._environments = {path: fenced(path=path, loader=loader) for path in (False, True)}

    @property
    def built_in(self) -> dict[str, str]:
        """The built-in files that were used, by name, and their texts."""
        return {name: source.text for name, source in self._sources.items() if name in _BUILT_IN}

    def environment(self, *, path: bool) -> FencedEnvironment:
        """Return the environment in which templates find these files."""
        return self._environments[path]

    def source(self, name: str, span: Span) -> SourceText | Diagnostic:
        """Return a file that a template names at `span`, or why it cannot be read."""
        if name in self._sources:
            return self._sources[name]
        found = _built_in(name, span) if name.startswith(OURS) else self._read(name, span)
        if isinstance(found, SourceText):
            self._sources[name] = found
        return found

    def known(self, name: str | None) -> SourceText | None:
        """Return a file that was read before."""
        return self._sources.get(name or "")

    def _text(self, name: str) -> str | None:
        source = self._sources.get(name)
        return source.text if source else None


def locate_in(source: SourceText) -> Callable[..., Span]:
    """Return a function that finds a line of a whole file, and the first group of a pattern on it."""
    lines = source.text.split("\n")

    def locate(line: int, *patterns: re.Pattern[str]) -> Span:
        number = min(max(line, 1), len(lines))
        text = lines[number - 1]
        for pattern in patterns:
            if match := pattern.search(text):
                return source.span(number, match.start(1) + 1, width=len(match[1]))
        indent = len(text) - len(text.lstrip())
        return source.span(number, indent + 1, width=len(text.strip()))

    return locate


def _built_in(name: str, span: Span) -> SourceText | Diagnostic:
    if name in _BUILT_IN:
        return SourceText(path=name, text=_shipped(_BUILT_IN[name]))
    hint = did_you_mean(name, _BUILT_IN) or f"there is {', '.join(_BUILT_IN)}"
    message = f"seedpipe has no file '{name}'"
    return Diagnostic(rule="template-include", message=message, span=span, hint=hint)


@cache
def _shipped(name: str) -> str:
    return resources.files("seedpipe.core").joinpath(name).read_text(encoding="utf-8")
