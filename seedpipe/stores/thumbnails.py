"""Small pictures of the kept images, for pages that carry them: `seedpipe.ports.Pictures` on a local disk.

Hides how a picture is made small enough: decoded no larger than needed, reduced, and encoded anew with less
quality, then smaller, until it fits. Made once by content and kept in a folder that may be removed at any
time. Decoding and encoding leave the interpreter, so a few threads keep all processors busy.
"""

from __future__ import annotations

import io
import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from PIL import Image

from seedpipe.stores.derived import keep_derived

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from concurrent.futures import Future

    from seedpipe.core.model import ImageFile

_MOST_WORKERS: Final = 4  # a decoded image of 4096² takes 48 MB
_AHEAD: Final = 8  # pictures in the works before the first is asked for
_QUALITIES: Final = (82, 72, 60, 46, 32)  # below the last a picture is better smaller than worse
_SMALLEST_PX: Final = 16
_EFFORT: Final = 2  # of the encoder, 0 to 6: twice the effort is 4 % smaller and takes 2.5 times as long


class LocalPictures:
    """`Pictures` over a folder of objects; `cache` keeps the small ones, `out` is where the reports lie."""

    def __init__(self, objects: Path, cache: Path, out: Path) -> None:
        self._objects = objects
        self._cache = cache
        self._out = out

    def thumbnails(self, images: Iterable[ImageFile], *, side_px: int, most_bytes: int) -> Iterator[bytes]:
        """Yield a small picture of each image, in order; a handful is in the works at a time."""
        make = partial(self._thumbnail, side_px=side_px, most_bytes=most_bytes)
        waiting: deque[Future[bytes]] = deque()
        with ThreadPoolExecutor(min(_MOST_WORKERS, os.cpu_count() or 1), "thumbnails") as workers:
            for image in images:
                waiting.append(workers.submit(make, image))
                if len(waiting) > _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def whole(self, image: ImageFile) -> bytes:
        """Return the image file itself; empty when it is not here."""
        try:
            return (self._objects / image.sha256).read_bytes()
        except OSError:
            return b""

    def link(self, image: ImageFile) -> str:
        """Return where the object lies, relative to the reports; empty when it is not here."""
        kept = self._objects / image.sha256
        if not kept.exists():
            return ""
        return quote(Path(os.path.relpath(kept.resolve(), self._out.resolve())).as_posix())

    def _thumbnail(self, image: ImageFile, *, side_px: int, most_bytes: int) -> bytes:
        kept = self._cache / f"{image.sha256}-{side_px}-{most_bytes}.webp"
        with suppress(OSError):
            return kept.read_bytes()
        try:
            small = _reduced(self._objects / image.sha256, side_px)
        except Exception:  # noqa: BLE001 - decoders fail with whatever their parsers raise; the page goes without
            return b""
        data = fitting_webp(small, most_bytes)
        keep_derived(kept, data)
        return data


def fitting_webp(image: Image.Image, most_bytes: int) -> bytes:
    """Return an image as WebP of at most `most_bytes`, reduced in quality, then in size as needed."""
    while True:
        for quality in _QUALITIES:
            file = io.BytesIO()
            image.save(file, "WEBP", quality=quality, method=_EFFORT)
            if file.tell() <= most_bytes or max(image.size) <= _SMALLEST_PX:
                return file.getvalue()
        width, height = image.size
        image = image.resize((max(1, width * 3 // 4), max(1, height * 3 // 4)), Image.Resampling.LANCZOS)


def _reduced(path: Path, side_px: int) -> Image.Image:
    with Image.open(path, formats=("PNG", "JPEG", "WEBP")) as image:
        share = min(1.0, side_px / max(image.size))
        least = max(1, int(image.width * share)), max(1, int(image.height * share))
        image.draft("RGB", least)  # a JPEG is decoded at a fraction of its size
        mode = "RGBA" if image.has_transparency_data else "RGB"
        small = image if image.mode == mode else image.convert(mode)
        small.thumbnail((side_px, side_px), Image.Resampling.LANCZOS, reducing_gap=2.0)
        small.load()  # if it was small enough, nothing has read it yet
        return small
