"""The campaign's lock on disk: `LockFile`, beside the campaign and meant for git.

What its lines mean is in `seedpipe.core.lockfile`, how the file is read and replaced in `shared_text`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from seedpipe.core.errors import RunError
from seedpipe.core.lockfile import lock_text, read_lock
from seedpipe.stores.shared_text import SharedText

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from seedpipe.core.lockfile import LockLine

_MAX_BYTES: Final = 256 * 1024 * 1024  # some 400,000 paid jobs
_HINT: Final = "take it from git's history; without it jobs could be paid for again"


class LockFile:
    """The lock at one path; `shown` is the path as people would type it."""

    def __init__(self, path: Path, shown: str) -> None:
        self._file = SharedText(path, shown, title="the lock", hint=_HINT, most_bytes=_MAX_BYTES)

    def read(self) -> tuple[LockLine, ...]:
        """Return its lines, none when there is no lock; raises `InputError` for a bad one."""
        return read_lock(self._file.read(), self._file.shown)

    def write(self, lines: Iterable[LockLine]) -> None:
        """Replace the lock if it would change; raises `RunError` when the disk fails.

        No lines make no file.
        """
        try:
            self._file.replace("".join(lock_text(lines)))
        except RunError as error:
            raise RunError(
                f"{error}; what is paid is safe in the ledger, but the lock does not show it to others",
                hint="make the campaign's folder writable and run the same command again",
            ) from error

    def check_writable(self) -> None:
        """Raise `RunError` when what is about to be paid could not be written down here."""
        if not os.access(self._file.folder, os.W_OK | os.X_OK):
            raise RunError(
                f"the lock {self._file.shown} cannot be written: its folder is read-only",
                hint="make the campaign's folder writable; nothing was sent",
            )
