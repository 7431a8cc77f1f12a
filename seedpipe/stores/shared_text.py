"""A text file beside a campaign that a team shares in git: `SharedText`.

Hides how it is read and replaced. Invariants: it is there whole or not at all; an unchanged one is not
touched, so that git sees a change only where there is one; a link is refused, for a clone must not make us
read or show another file.
"""

from __future__ import annotations

import fcntl
import os
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from seedpipe.core.errors import InputError, RunError
from seedpipe.stores.atomic import sync_folder, write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class SharedText:
    """The text at one path; `title` and `shown` are what people are told of it, `hint` what helps."""

    def __init__(self, path: Path, shown: str, *, title: str, hint: str, most_bytes: int) -> None:
        self._path = path
        self.shown = shown
        self._title = title
        self._hint = hint
        self._most_bytes = most_bytes

    @property
    def folder(self) -> Path:
        """The folder that it lies in."""
        return self._path.parent

    def read(self) -> str:
        """Return the text, empty when there is no file; raises `InputError` for what is no such text."""
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
            data = file.read(self._most_bytes + 1)
        if len(data) > self._most_bytes:
            raise self._unreadable(f"it is larger than {self._most_bytes // 1024 // 1024} MiB")
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            raise self._unreadable(f"line {line} is not UTF-8") from None

    def replace(self, text: str) -> None:
        """Replace the text durably if it would change; no text makes no file. Raises `RunError`."""
        if text == self.read():
            return
        write_atomically(self._path, [text])
        try:
            sync_folder(self.folder)
        except OSError as error:
            raise RunError(f"the folder {self.folder} cannot be synced: {error.strerror}") from error

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep others of us out while the text is read and replaced; waits for them.

        The folder is what is locked, so nothing is left behind. Where it cannot be, the last one wins.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            fd = os.open(self.folder, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise RunError(f"the folder {self.folder} cannot be used: {error.strerror}") from error
        try:
            with suppress(OSError):
                fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

    def _unreadable(self, why: str) -> InputError:
        return InputError(f"{self._title} {self.shown} cannot be read: {why}", hint=self._hint)
