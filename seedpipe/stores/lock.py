"""The campaign's lock on disk: `LockFile`, beside the campaign and meant for git.

Hides how the file is read and replaced. Invariants: it is there whole or not at all; an unchanged lock is not
touched, so that git sees a change only where there is one; a link is refused, for a clone must not make us
read or show another file. What the lines mean is in `seedpipe.core.lockfile`.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from seedpipe.core.errors import InputError, RunError
from seedpipe.core.lockfile import lock_text, read_lock
from seedpipe.stores.atomic import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from seedpipe.core.lockfile import LockLine

_MAX_BYTES: Final = 256 * 1024 * 1024  # some 400,000 paid jobs


class LockFile:
    """The lock at one path; `shown` is the path as people would type it."""

    def __init__(self, path: Path, shown: str) -> None:
        self._path = path
        self._shown = shown

    def read(self) -> tuple[LockLine, ...]:
        """Return its lines, none when there is no lock; raises `InputError` for a bad one."""
        return read_lock(self._text(), self._shown)

    def write(self, lines: Iterable[LockLine]) -> None:
        """Replace the lock if it would change; raises `RunError` when the disk fails.

        No lines make no file.
        """
        text = "".join(lock_text(lines))
        if text == self._text():
            return
        try:
            write_atomically(self._path, [text])
        except RunError as error:
            raise RunError(
                f"{error}; what is paid is safe in the ledger, but others cannot know of it",
                hint="make the campaign's folder writable and run the same command again",
            ) from error

    def check_writable(self) -> None:
        """Raise `RunError` when what is about to be paid could not be written down here."""
        if not os.access(self._path.parent, os.W_OK | os.X_OK):
            raise RunError(
                f"the lock {self._shown} cannot be written: its folder is read-only",
                hint="make the campaign's folder writable; nothing was sent",
            )

    def _text(self) -> str:
        try:
            fd = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise self._unreadable(error.strerror or "it cannot be opened") from error
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise self._unreadable("it is no regular file")
        with os.fdopen(fd, "rb") as file:
            data = file.read(_MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise self._unreadable(f"it is larger than {_MAX_BYTES // 1024 // 1024} MiB")
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            raise self._unreadable(f"line {line} is not UTF-8") from None

    def _unreadable(self, why: str) -> InputError:
        return InputError(
            f"the lock {self._shown} cannot be read: {why}",
            hint="take it from git's history; without it jobs could be paid for again",
        )
