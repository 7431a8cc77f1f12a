"""A new project: files that validate, plan and run as they are.

Hides what becomes of files that are there already: none is overwritten, and those that every project has of
its own get the lines that they lack.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from seedpipe import starter
from seedpipe.core.errors import InputError, RunError
from seedpipe.stores import write_atomically

if TYPE_CHECKING:
    from pathlib import Path


def start_project(folder: Path) -> list[str]:
    """Write a project into a folder; return the paths that were written, relative to it.

    Raises `InputError` when one of its files is there already: then nothing is written.
    """
    texts = starter.files()
    taken = [path for path in texts if path not in starter.SHARED and (folder / path).exists()]
    if taken:
        raise InputError(
            f"{folder / taken[0]} already exists; nothing was written",
            hint="name another folder: seedpipe init DIR",
        )
    written = []
    try:
        for path, text in texts.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            grown = _with_lines(file, text) if path in starter.SHARED else text
            if grown is not None:
                write_atomically(file, [grown])
                written.append(path)
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"the project cannot be written to {folder}: {error}") from error
    return sorted(written)


def _with_lines(file: Path, text: str) -> str | None:
    """Return a file with the lines it lacks behind its own, None when it has them all."""
    there = file.read_text(encoding="utf-8") if file.exists() else ""
    lacking = [line for line in text.splitlines() if line not in there.splitlines()]
    if not any(lacking):
        return None
    joint = "" if not there or there.endswith("\n") else "\n"
    return there + joint + "".join(f"{line}\n" for line in lacking)
