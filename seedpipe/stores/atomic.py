"""Text files that are there whole or not at all: how reports reach the disk.

Invariants: several processes may write the same file at a time, and each puts a whole one in its place; what
a killed one has left half-written is removed by the next, what a living one is writing is not.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
from contextlib import contextmanager, suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from seedpipe.core.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import TextIO

PART: Final = ".part"  # how every temporary name ends
OUR_PART: Final = ".seedpipe-"  # and how one begins in a folder where people keep files, too
DISK_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


def write_atomically(path: Path, chunks: Iterable[str]) -> None:
    """Write a text file through a temporary name beside it. Raises `RunError` when the disk fails."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for part in path.parent.glob(f"{_parts_of(path)}*{PART}"):
            remove_abandoned(part)
        with _new_part(path) as (temporary, file):
            file.writelines(chunks)
            file.flush()
            os.fsync(file.fileno())
            temporary.replace(path)
    except OSError as error:
        is_full = error.errno in DISK_FULL
        hint = "free some space" if is_full else "check the disk and the folder"
        raise RunError(
            f"cannot write {path}: {error.strerror}", hint=f"{hint}, then run the same command again"
        ) from error


@contextmanager
def _new_part(path: Path) -> Iterator[tuple[Path, TextIO]]:
    """Open a temporary file beside a path, locked while it is written: a dead one's is not.

    It is removed when the block fails.
    """
    while True:
        temporary = part_beside(path)
        with temporary.open("x", encoding="utf-8", newline="\n") as file:
            with suppress(OSError):  # where nothing can be locked, nobody sees that we are alive
                fcntl.flock(file, fcntl.LOCK_EX)
            if not temporary.exists():  # it was removed before it was locked
                continue
            try:
                yield temporary, file
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
            return


def part_beside(target: Path) -> Path:
    """Return a temporary name in the folder of a file, known as ours where people keep files, too."""
    return target.with_name(f"{_parts_of(target)}{secrets.token_hex(8)}{PART}")


def remove_abandoned(part: Path) -> None:
    """Remove a temporary file unless somebody is writing it, as far as that can be seen.

    It stays locked until it is gone, so that whoever has just made it finds out.
    """
    with suppress(FileNotFoundError), part.open("rb") as file:
        with suppress(OSError):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
        part.unlink(missing_ok=True)


def _parts_of(target: Path) -> str:
    """Return how the temporary names of one file begin; short, whatever it is called."""
    return f"{OUR_PART}{sha256(os.fsencode(target.name)).hexdigest()[:8]}-"


def sync_folder(folder: Path) -> None:
    """Make the names in a folder as durable as the files that they stand for."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def append_bounded(path: Path, text: str, most_bytes: int) -> None:
    """Append to a file that others write as well, unless it would grow past `most_bytes`.

    Raises `RunError` when the disk fails.
    """
    data = text.encode()
    try:
        there = path.stat().st_size if path.exists() else 0
        if there + len(data) <= most_bytes:
            with path.open("ab") as file:
                file.write(data)
    except OSError as error:
        raise RunError(
            f"cannot append to {path}: {error.strerror}", hint="GITHUB_STEP_SUMMARY names this file"
        ) from error
