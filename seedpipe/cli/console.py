"""The screen: stdout for data, stderr for everything else, and what kind of screen they are.

Every word that the command line prints goes through here, and here is where text of others is made harmless:
prompts, file names and the service's messages may hold escape sequences and workflow commands. JSON goes
through `print_json`, whose text is harmless and whose value is untouched.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from rich.console import Console, ConsoleOptions, RenderableType

from seedpipe.core.safe_text import neutral, safe_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rich.segment import Segment

    from seedpipe.core.model import Json

_PLAIN_WIDTH = 110  # columns off a terminal without COLUMNS: tables keep their shape


class HarmlessConsole(Console):
    """A console whose text acts on nothing; styles and cursor movements are its own."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Return the segments of a renderable, their text neutral."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=neutral(segment.text))


def print_json(document: Mapping[str, Json]) -> None:
    """Print one JSON document on stdout."""
    print(safe_json(dict(document), indent=2))


@dataclass(frozen=True, kw_only=True)
class Screen:
    """How the user wants to see things. Text off a terminal is plain; COLUMNS may set its width."""

    as_json: bool = False
    quiet: bool = False
    verbose: bool = False
    color: str = "auto"

    @cached_property
    def out(self) -> Console:
        """Where results go."""
        return self._console(stderr=False)

    @cached_property
    def err(self) -> Console:
        """Where progress, warnings and errors go."""
        return self._console(stderr=True)

    @property
    def animated(self) -> bool:
        """Whether a moving progress bar makes sense: on a terminal, not in CI."""
        return self.err.is_terminal and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"

    def _console(self, *, stderr: bool) -> Console:
        system: Literal["auto"] | None = None if self.color == "never" else "auto"
        force = True if self.color == "always" else None
        console = HarmlessConsole(
            stderr=stderr, color_system=system, force_terminal=force, highlight=False, emoji=False
        )
        if not console.is_terminal or force:
            columns = os.environ.get("COLUMNS", "")
            console.width = int(columns) if columns.isdecimal() and int(columns) else _PLAIN_WIDTH
        return console
