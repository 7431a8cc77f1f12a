"""What git says of the work tree. A missing git or repository is an answer, not an error."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_TIMEOUT_S = 5  # a commit id is read from one small file; longer means a hung file system


def head_commit(folder: Path) -> str | None:
    """Return the id of the commit that is checked out around `folder`, or None outside of git."""
    return _asked(folder, "rev-parse", "--verify", "--quiet", "HEAD")


def user_name(folder: Path) -> str | None:
    """Return the name that commits made in `folder` carry, or None when git knows none."""
    return _asked(folder, "config", "--get", "user.name")


def _asked(folder: Path, *words: str) -> str | None:
    try:
        answer = subprocess.run(  # noqa: S603 - fixed words and a folder
            ["git", "-C", str(folder), *words],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() or None
