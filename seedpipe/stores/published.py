"""The folder of published images: `PublishedFolder`, with the manifest of what we have written there.

Hides what may be touched. Invariants: a file is there whole or not at all; nothing is written or removed
outside the folder, links followed; a file that we have not written is never replaced, and one that is no
longer what we wrote is never removed.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from seedpipe.core.audit import FileState
from seedpipe.core.errors import InputError, RunError
from seedpipe.core.paths import path_fault
from seedpipe.core.publishing import published_text, read_published
from seedpipe.stores.atomic import OUR_PART, PART, part_beside, remove_abandoned
from seedpipe.stores.local import disk_errors, folder_inside
from seedpipe.stores.shared_text import SharedText

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from seedpipe.core.publishing import PublishedFile

MANIFEST: Final = "published.jsonl"

_MAX_BYTES: Final = 256 * 1024 * 1024  # some 500,000 files
_HINT: Final = "remove the folder; `seedpipe publish` writes it again"


class PublishedFolder:
    """The files below one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        shown = str(root / MANIFEST)
        self._manifest = SharedText(
            root / MANIFEST, shown, title="the manifest", hint=_HINT, most_bytes=_MAX_BYTES
        )

    @contextmanager
    def held(self) -> Iterator[dict[str, PublishedFile]]:
        """Keep others of us out, and yield by path what we have written here.

        What a killed one has left half-written is removed. Raises `InputError` for a manifest that is none.
        """
        with self._manifest.held():
            listed = read_published(self._manifest.read(), self._manifest.shown)
            with disk_errors(self._root):
                for above in {PurePosixPath(file.path).parent for file in listed}:
                    for part in (self._root / above).glob(f"{OUR_PART}*{PART}"):
                        remove_abandoned(part)
            yield {file.path: file for file in listed}

    def listed(self) -> tuple[PublishedFile, ...]:
        """Return what we have written here, beside whoever writes; raises `InputError` like `held`."""
        return read_published(self._manifest.read(), self._manifest.shown)

    def inspect(self, file: PublishedFile) -> FileState:
        """Read a file to its end, and say whether it is there as it was written."""
        if self.is_whole(file):
            return FileState.WHOLE
        return FileState.DAMAGED if os.path.lexists(self._root / file.path) else FileState.MISSING

    def is_whole(self, file: PublishedFile) -> bool:
        """Say whether a file is there as it was written."""
        return self._sha256(file.path) == file.sha256

    def write(self, path: str, content: bytes, *, ours: bool) -> None:
        """Write a file; raises `InputError` when another one is there that is not `ours`."""
        with disk_errors(self._root):
            relative = PurePosixPath(path)
            folder = folder_inside(self._root, path)
            folder.mkdir(parents=True, exist_ok=True)
            target = folder / relative.name
            if not ours and os.path.lexists(target):
                if self._sha256(path) == hashlib.sha256(content).hexdigest():
                    return
                hint = "move it away, or name another folder with --to"
                raise InputError(f"{target} already exists, and was not published by seedpipe", hint=hint)
            _replace(target, content)

    def remove(self, file: PublishedFile) -> bool:
        """Remove a file of ours, and folders that it leaves empty; say whether it was as we wrote it."""
        stem, dot, _ = file.path.rpartition(".")
        if not dot or path_fault(stem) or not self.is_whole(file):
            return False
        with disk_errors(self._root):
            relative = PurePosixPath(file.path)
            (folder_inside(self._root, file.path) / relative.name).unlink()
            for above in relative.parents:
                folder = self._root / above
                if folder == self._root or any(folder.iterdir()):
                    break
                folder.rmdir()
        return True

    def list_files(self, files: Iterable[PublishedFile]) -> None:
        """Write the manifest, if it would change."""
        self._manifest.replace(published_text(files))

    def _sha256(self, path: str) -> str | None:
        """Return the digest of a file below the folder, None for what is no such file."""
        relative = PurePosixPath(path)
        try:
            file = folder_inside(self._root, path) / relative.name
            if file.is_symlink() or not file.is_file():
                return None
            with file.open("rb") as opened:
                return hashlib.file_digest(opened, "sha256").hexdigest()
        except (OSError, RunError):
            return None


def _replace(target: Path, content: bytes) -> None:
    temporary = part_beside(target)
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
