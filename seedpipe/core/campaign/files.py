"""How the core asks for the user's files: a Protocol, so that a work tree, a git ref or a test can answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class FileProblem(Exception):  # noqa: N818 - a fact about the user's file, turned into a diagnostic
    """A file cannot be read; the message says why, without its path."""

    def __init__(self, message: str, *, rule: str = "file-unreadable", hint: str | None = None) -> None:
        super().__init__(message)
        self.rule = rule
        self.hint = hint


class Files(Protocol):
    """The files of one campaign, by POSIX paths relative to the folder of the campaign file."""

    def read(self, path: str) -> bytes:
        """Return the whole file. Raises `FileProblem`, never OSError."""

    def shown(self, path: str) -> str:
        """Return the path as the user would type it."""

    def models(self) -> Sequence[str]:
        """Return the paths of the files `models/*.yaml` in the project root, in order."""
