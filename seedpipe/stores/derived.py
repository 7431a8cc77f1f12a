"""Files that can be made again at any time: small pictures, what was measured.

Hides how they are kept: whole or not at all, without waiting for the disk, and so that one that refuses
costs no more than time.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from seedpipe.stores.atomic import PART

if TYPE_CHECKING:
    from pathlib import Path


def keep_derived(path: Path, data: bytes) -> None:
    """Keep a file for the next time; whoever reads beside us sees all of it or nothing."""
    part = path.with_name(secrets.token_hex(8) + PART)
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(path)
    with suppress(OSError):
        part.unlink(missing_ok=True)


def clean_derived(folder: Path) -> None:
    """Remove what a killed process left half-written; what is being written now is made again some time."""
    with suppress(OSError):
        for part in folder.glob("*" + PART):
            part.unlink(missing_ok=True)
