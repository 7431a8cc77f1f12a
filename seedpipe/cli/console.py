"""The screen: stdout for data, stderr for everything else, and what kind of screen they are."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from rich.console import Console

_PLAIN_WIDTH = 110  # columns off a terminal: tables keep their shape in a log


@dataclass(frozen=True, kw_only=True)
class Screen:
    """How the user wants to see things. Text off a terminal is plain and of a fixed width."""

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
        console = Console(
            stderr=stderr, color_system=system, force_terminal=force, highlight=False, emoji=False
        )
        if not console.is_terminal or force:
            console.width = _PLAIN_WIDTH
        return console
