"""The decisions about a campaign's images on disk: `DecisionsFile`.

What its lines mean is in `seedpipe.core.reviewing`, how the file is read and replaced in `shared_text`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seedpipe.core.reviewing import Decisions, decisions_text, later, read_decisions
from seedpipe.stores.shared_text import SharedText

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from seedpipe.core.reviewing import Decision

_MAX_BYTES: Final = 256 * 1024 * 1024  # some 800,000 decisions
_HINT: Final = "take it from git's history; without it a rejected image could be published"


class DecisionsFile:
    """The decisions file at one path; `shown` is the path as people would type it."""

    def __init__(self, path: Path, shown: str) -> None:
        self._file = SharedText(path, shown, title="the decisions file", hint=_HINT, most_bytes=_MAX_BYTES)

    @property
    def shown(self) -> str:
        """Its path as people would type it."""
        return self._file.shown

    def read(self) -> Decisions:
        """Return what was decided, nothing when there is no file; raises `InputError` for a bad one."""
        return Decisions(read_decisions(self._file.read(), self._file.shown))

    def add(self, decisions: Iterable[Decision]) -> Decisions:
        """Write down decisions as the last words of their people; return what holds then.

        Lines that nobody's last word stands in are dropped: git keeps them. Raises `RunError` when the disk
        fails.
        """
        with self._file.held():
            known = self.read()
            all_of_them = Decisions([*known, *(later(one, known) for one in decisions)])
            self._file.replace(decisions_text(all_of_them))
        return all_of_them
