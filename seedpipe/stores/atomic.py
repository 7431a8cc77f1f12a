"""Text files that are there whole or not at all: how reports reach the disk."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING, Final

from seedpipe.core.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
PART: Final = ".part"  # how every temporary name ends
OUR_PART: Final = ".seedpipe-"  # and how one begins in a folder where people keep files, too


def write_atomically(path: Path, chunks: Iterable[str]) -> None:
    """Write a text file through a temporary name beside it. Raises `RunError` when the disk fails."""
    temporary = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("w", encoding="utf-8", newline="\n") as file:
                file.writelines(chunks)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise RunError(
            f"cannot write {path}: {error.strerror}", hint="make room or name another folder with --out"
        ) from error


def part_beside(target: Path) -> Path:
    """Return a temporary name in the folder of a file, known as ours where people keep files, too."""
    return target.with_name(f"{OUR_PART}{secrets.token_hex(8)}{PART}")


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
