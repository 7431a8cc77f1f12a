"""Images on a local disk: `seedpipe.ports.Store` with hard links.

Hides the order of steps that makes a file durable before anyone relies on it: written under a temporary name,
judged, synced, renamed to its sha256, the folder synced. Invariants: a name without `.part` is always
a whole file; an object never changes, and is read-only because the published paths are links to it; nothing
is written outside the two folders.

Absent on purpose: removing objects; knowing which object belongs to which job, which the ledger does.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import secrets
import shutil
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

from seedpipe.core.audit import FileState
from seedpipe.core.errors import DiskFailed, Malformed, RunError
from seedpipe.core.image_bytes import EXTENSIONS, HEAD_BYTES, TAIL_BYTES
from seedpipe.core.model import ImageFile
from seedpipe.stores.atomic import DISK_FULL, OUR_PART, PART, part_beside, remove_abandoned, sync_folder
from seedpipe.stores.images import MAX_PIXELS, decoded_size, judged

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator

_P = ParamSpec("_P")
_T = TypeVar("_T")

_MAX_BYTES: Final = 64 * 1024 * 1024  # a 4096x4096 PNG of noise is 50 MB; no set needs more an image
_WORKERS: Final = 2  # decoded images in memory at once: 256 MiB each at the pixel limit
_OBJECT_MODE: Final = 0o444
_COPY_CHUNK_BYTES: Final = 1024 * 1024
_NO_LINK: Final = frozenset({errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.ENOSYS})


class LocalStore:
    """`Store` in two folders: `objects`, by content, and `out`, by the names people chose."""

    def __init__(
        self, objects: Path, out: Path, *, max_bytes: int = _MAX_BYTES, max_pixels: int = MAX_PIXELS
    ) -> None:
        self._objects = objects
        self._out = out
        self._max_bytes = max_bytes
        self._max_pixels = max_pixels
        self._workers = ThreadPoolExecutor(max_workers=_WORKERS, thread_name_prefix="store")

    def clean_parts(self) -> None:
        """Remove what a killed run left half-written; only whoever holds the ledger's lock may.

        An object that it put in its place, and had not synced the name of, is as durable as all others then.
        """
        with disk_errors(self._objects):
            for part in self._objects.glob("*" + PART):
                part.unlink(missing_ok=True)
            if self._objects.is_dir():
                sync_folder(self._objects)
            for folder, _, names in os.walk(self._out):
                for name in names:
                    if name.startswith(OUR_PART) and name.endswith(PART):
                        remove_abandoned(Path(folder, name))  # reports are written beside a run, too

    async def receive(self, chunks: AsyncIterator[bytes]) -> ImageFile:
        """Keep one download durably, or nothing of it; whatever `chunks` raises passes through.

        Chunks are written as they come, into the page cache; judging and syncing go to a thread, which owns
        the file from then on, so that a cancelled caller leaves nothing open and nothing half-written.
        """
        part = _Part(self._objects, self._max_bytes)
        try:
            async for chunk in chunks:
                part.write(chunk)
        except BaseException:
            part.discard()
            raise
        return await self._in_thread(self._keep, part)

    async def publish(self, image: ImageFile, stem: str) -> str:
        """Place a kept image at `stem` plus its extension; `RunError` for a path outside the folder."""
        return await self._in_thread(self._publish, image, stem)

    async def withdraw(self, stem: str) -> None:
        """Take the image away that stands at `stem`, unless it is kept nowhere else."""
        await self._in_thread(self._withdraw, stem)

    async def reclaim(self, image: ImageFile, stem: str) -> bool:
        """Make the published file at `stem` the object again; return whether the object is there now."""
        return await self._in_thread(self._reclaim, image, stem)

    async def read(self, sha256: str) -> bytes:
        """Return an object's bytes; raises `KeyError` if it is gone, or not what its name says any more."""
        return await self._in_thread(self._read, sha256)

    def keeps(self, image: ImageFile, stem: str | None) -> bool:
        """Say whether the image is here: as an object, or by its size as the published file at `stem`."""
        if self.holds(image) or stem is None:
            return self.holds(image)
        with disk_errors(self._out):
            try:
                return self._published(image, stem).stat().st_size == image.size_bytes
            except (FileNotFoundError, NotADirectoryError):
                return False

    def count_missing(self, paths: Iterable[str]) -> int:
        """Count the published paths at which no file is; none of a folder that is not here at all."""
        with disk_errors(self._out):
            return sum(not (self._out / path).is_file() for path in paths) if self._out.is_dir() else 0

    def holds(self, image: ImageFile) -> bool:
        """Say whether the object is there in its full size."""
        with disk_errors(self._objects):
            try:
                return self._object(image).stat().st_size == image.size_bytes
            except FileNotFoundError:
                return False

    def inspect(self, image: ImageFile, path: str | None = None) -> FileState:
        """Read the object, or the file at a published path, and say whether it is this image."""
        target = self._object(image) if path is None else self._out / path
        with disk_errors(target):
            try:
                with target.open("rb") as file:
                    found = hashlib.file_digest(file, "sha256").hexdigest()
            except (FileNotFoundError, NotADirectoryError):
                return FileState.MISSING
            except IsADirectoryError:
                return FileState.DAMAGED
        return FileState.WHOLE if found == image.sha256 else FileState.DAMAGED

    async def _in_thread(self, function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Run a step that blocks. Once handed over it runs to its end, also when the caller is cancelled."""
        step = partial(function, *args, **kwargs)
        running = asyncio.get_running_loop().run_in_executor(self._workers, step)
        # Nobody is left to hear of a failure once the caller is cancelled; unheard, asyncio would print it.
        running.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(running)

    def _read(self, sha256: str) -> bytes:
        with disk_errors(self._objects):
            try:
                content = (self._objects / sha256).read_bytes()
            except FileNotFoundError:
                raise KeyError(sha256) from None
        if hashlib.sha256(content).hexdigest() != sha256:
            raise KeyError(sha256)
        return content

    def _object(self, image: ImageFile) -> Path:
        return self._objects / image.sha256

    # --- receiving ---

    def _keep(self, part: _Part) -> ImageFile:
        """Make a whole download an object, and dispose of its temporary name either way."""
        try:
            with disk_errors(self._objects):
                image = self._inspected(part)
                if not self.holds(image):
                    part.sync()
                    part.path.replace(self._object(image))
                sync_folder(self._objects)
                return image
        finally:
            part.discard()

    def _inspected(self, part: _Part) -> ImageFile:
        kind = judged(head=bytes(part.head), tail=bytes(part.tail), size_bytes=part.size_bytes)
        part.flush()
        width_px, height_px = decoded_size(part.path, kind, max_pixels=self._max_pixels)
        return ImageFile(
            sha256=part.sha256,
            media_type=kind,
            width_px=width_px,
            height_px=height_px,
            size_bytes=part.size_bytes,
        )

    # --- publishing ---

    def _publish(self, image: ImageFile, stem: str) -> str:
        if not self.holds(image):
            raise KeyError(image.sha256)
        with disk_errors(self._out):
            relative = PurePosixPath(stem + EXTENSIONS[image.media_type])
            folder = folder_inside(self._out, stem)
            folder.mkdir(parents=True, exist_ok=True)
            target = folder / relative.name
            if not self._is_placed(image, target):
                self._place(image, target)
            _remove_siblings(target, EXTENSIONS[image.media_type])
        return relative.as_posix()

    def _withdraw(self, stem: str) -> None:
        with disk_errors(self._out):
            folder = folder_inside(self._out, stem)
            for extension in EXTENSIONS.values():
                path = folder / (PurePosixPath(stem).name + extension)
                if path.is_file() and not path.is_symlink() and (self._objects / _digest(path)).is_file():
                    path.unlink(missing_ok=True)

    def _published(self, image: ImageFile, stem: str) -> Path:
        return self._out / (stem + EXTENSIONS[image.media_type])

    def _reclaim(self, image: ImageFile, stem: str) -> bool:
        if self.holds(image):
            return True
        found = self._published(image, stem)
        part = self._objects / f"{secrets.token_hex(8)}{PART}"
        with disk_errors(self._objects):
            try:
                if found.is_symlink() or not found.is_file() or _digest(found) != image.sha256:
                    return False
                _make_folder(self._objects)
                _link_or_copy(found, part)
                _sync_read_only(part)
                part.replace(self._object(image))
                sync_folder(self._objects)
            finally:
                part.unlink(missing_ok=True)
        return True

    def _is_placed(self, image: ImageFile, target: Path) -> bool:
        """Say whether the path already shows this image: the same file, or another with the same bytes."""
        try:
            there = target.lstat()
        except FileNotFoundError:
            return False
        if not stat.S_ISREG(there.st_mode) or there.st_size != image.size_bytes:
            return False
        if os.path.samestat(there, self._object(image).stat()):
            return True
        return _digest(target) == image.sha256

    def _place(self, image: ImageFile, target: Path) -> None:
        temporary = part_beside(target)
        try:
            _link_or_copy(self._object(image), temporary)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)


def folder_inside(root: Path, path: str) -> Path:
    """Return the folder of a path below `root`, links followed; raises `RunError` for one outside."""
    real = root.resolve()
    is_plain = path and not path.endswith("/") and "\0" not in path and ".." not in PurePosixPath(path).parts
    try:
        folder = (real / PurePosixPath(path).parent).resolve() if is_plain else None
    except RuntimeError:  # symbolic links in a circle
        folder = None
    if folder is None or not folder.is_relative_to(real):
        raise RunError(
            f"the image path {path!r} leaves the output folder {root}",
            hint="remove the symbolic link, or choose another folder with --out",
        )
    return folder


class _Part:
    """One download on its way to disk: bytes under a temporary name, and what is known about them so far."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self.path = folder / f"{secrets.token_hex(8)}{PART}"
        self.size_bytes = 0
        self.head = bytearray()
        self.tail = bytearray()
        self._max_bytes = max_bytes
        self._hash = hashlib.sha256()
        with disk_errors(folder):
            _make_folder(folder)
            self._file = self.path.open("xb")

    @property
    def sha256(self) -> str:
        """The digest of what was written, in hex."""
        return self._hash.hexdigest()

    def write(self, chunk: bytes) -> None:
        """Add bytes; raises `Malformed` past the limit."""
        self.size_bytes += len(chunk)
        if self.size_bytes > self._max_bytes:
            raise Malformed(f"the download is larger than {self._max_bytes:,} bytes")
        self._hash.update(chunk)
        self.head += chunk[: max(0, HEAD_BYTES - len(self.head))]
        self.tail = (self.tail + chunk[-TAIL_BYTES:])[-TAIL_BYTES:]
        with disk_errors(self.path.parent):
            self._file.write(chunk)

    def flush(self) -> None:
        """Hand the bytes to the system, so that others can read them by path."""
        self._file.flush()

    def sync(self) -> None:
        """Make the bytes durable and for good."""
        os.fchmod(self._file.fileno(), _OBJECT_MODE)
        os.fsync(self._file.fileno())

    def discard(self) -> None:
        """Close the file and remove the temporary name if it is still there; never fails."""
        with suppress(OSError):  # a full disk also fails to close; what counts has been raised already
            self._file.close()
        with suppress(OSError):
            self.path.unlink()


def _make_folder(folder: Path) -> None:
    """Make a folder whose name is as durable as what will lie in it."""
    if folder.is_dir():
        return
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in missing:
        sync_folder(path.parent)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_read_only(path: Path) -> None:
    with path.open("rb") as file:
        os.fchmod(file.fileno(), _OBJECT_MODE)
        os.fsync(file.fileno())


def _link_or_copy(source: Path, target: Path) -> None:
    """Give a file a second name; where that cannot be, a durable copy."""
    try:
        target.hardlink_to(source)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
    else:
        return
    with source.open("rb") as original, target.open("xb") as copy:
        shutil.copyfileobj(original, copy, _COPY_CHUNK_BYTES)
        copy.flush()
        os.fsync(copy.fileno())


def _remove_siblings(target: Path, extension: str) -> None:
    """Remove the images of an earlier run that stand at the same stem in another format."""
    stem = target.name.removesuffix(extension)
    for other in EXTENSIONS.values():
        path = target.with_name(stem + other)
        if path != target and (path.is_symlink() or path.is_file()):
            path.unlink(missing_ok=True)


@contextmanager
def disk_errors(where: Path) -> Iterator[None]:
    """Turn a failure of the disk into one for the user, with its place."""
    try:
        yield
    except OSError as error:
        place = error.filename or where
        if error.errno in DISK_FULL:
            raise DiskFailed(
                f"the disk is full: {place} cannot be written",
                hint="free some space and run the same command again; paid images are fetched then",
            ) from error
        raise DiskFailed(
            f"{place} cannot be used: {error.strerror or error}",
            hint="check the disk and the folder, then run the same command again",
        ) from error
