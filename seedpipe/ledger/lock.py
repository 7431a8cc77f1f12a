"""One writer at a time: a lock that the kernel frees when its holder dies.

The lock is `flock` on a file of its own beside the ledger; the file stays when the lock goes, because
removing it would let two writers hold two files of one name. Its text says who holds it, for people only.
"""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

from seedpipe.core.errors import LedgerLocked, RunError

if TYPE_CHECKING:
    from pathlib import Path

_LONGEST_NOTE_BYTES = 200  # a pid and a run id; anything longer is not ours


def lock_holder(ledger: Path) -> str | None:
    """Return what the holder of a ledger's lock says of itself, or None when nobody holds it.

    Looking takes no lock that a run would notice for longer than the look.
    """
    try:
        fd = os.open(_lock_file(ledger), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _note_of(fd)
    except OSError:
        return None
    finally:
        os.close(fd)
    return None


class WriterLock:
    """The right to write to one ledger, held from construction until `release` or death."""

    def __init__(self, ledger: Path) -> None:
        """Take the lock at once or raise `LedgerLocked`; never wait."""
        self._path = _lock_file(ledger)
        try:
            self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise RunError(f"the lock {self._path} cannot be opened: {error.strerror}") from error
        try:
            self._take(ledger)
        except BaseException:
            os.close(self._fd)
            raise
        self.note("")

    def note(self, run_id: str) -> None:
        """Leave word for others who holds the lock; a note that fails is no reason to stop."""
        text = f"pid {os.getpid()}" + (f", run {run_id}" if run_id else "")
        try:
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, text.encode()[:_LONGEST_NOTE_BYTES], 0)
        except OSError:
            return

    def release(self) -> None:
        """Give the lock back; may be called twice."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _take(self, ledger: Path) -> None:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LedgerLocked(
                f"another run{self._holder()} is writing to {ledger}",
                hint="wait for it to end, or stop it; nothing was sent or charged",
            ) from None
        except OSError as error:
            raise RunError(
                f"the lock {self._path} cannot be taken: {error.strerror}",
                hint="the state folder must be on a local disk",
            ) from error

    def _holder(self) -> str:
        text = _note_of(self._fd)
        return f" ({text})" if text else ""


def _lock_file(ledger: Path) -> Path:
    return ledger.with_name(ledger.name + ".lock")


def _note_of(fd: int) -> str:
    """Return the words in a lock's file; empty for none, or for such as are not ours."""
    try:
        text = os.pread(fd, _LONGEST_NOTE_BYTES, 0).decode("utf-8", "replace").strip()
    except OSError:
        return ""
    return text if text.isprintable() else ""
