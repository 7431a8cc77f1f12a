"""A kept image in the form in which it is published: framed, in sRGB, without metadata, small enough.

Hides colour profiles, turned photographs, transparency and the search for a quality that fits. Equal images
and equal formats give equal bytes with one version of Pillow.
"""

from __future__ import annotations

import io
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageCms, ImageOps

from seedpipe.core.publishing import BYTES_A_KB, LOWEST_QUALITY, framed
from seedpipe.stores.images import MAX_PIXELS, decoded

if TYPE_CHECKING:
    from pathlib import Path

    from seedpipe.core.publishing import Format

_PNG: Final = "image/png"
_JPEG: Final = "image/jpeg"
_PAPER: Final = (255, 255, 255)  # what shows through where a JPEG cannot be transparent
_LONGEST_SIDE_PX: Final = 16383  # of a WebP; nobody shows a longer one of another kind
_WEBP_EFFORT: Final = 4  # 0 to 6
_REDUCING_GAP: Final = 3.0  # as good as none to the eye, and quicker on large pictures


class TooLarge(Exception):  # noqa: N818 - a fact about one image and its format
    """An image does not fit its format's limit at the lowest quality, or has more pixels than are written."""


def picture_of(path: Path, media_type: str) -> Image.Image:
    """Return a kept image as people see it: upright, 8 bits a channel, RGB or RGBA, its profile beside it.

    Raises `Malformed`, and `OSError` when the file cannot be read.
    """
    image = ImageOps.exif_transpose(decoded(path, media_type))
    if image.mode.startswith("I"):  # 16 bits a channel
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode == "CMYK":
        return image
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def in_format(picture: Image.Image, form: Format) -> tuple[bytes, int, int]:
    """Return a picture's file in a format, and its width and height in pixels. Raises `TooLarge`."""
    frame = framed(*picture.size, form)
    size = (frame.width_px, frame.height_px)
    if max(size) > _LONGEST_SIDE_PX or frame.width_px * frame.height_px > MAX_PIXELS:
        raise TooLarge(f"it would have {frame.width_px:,} × {frame.height_px:,} pixels")
    shown = picture.resize(size, Image.Resampling.LANCZOS, box=frame.box, reducing_gap=_REDUCING_GAP)
    shown = _in_srgb(shown, picture.info.get("icc_profile"))
    if form.media_type == _JPEG:
        shown = _on_paper(shown)
    shown.info.clear()
    return _fitting(shown, form), *size


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return an image in the colours of the web; one whose profile cannot be read counts as having them."""
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    colours = image if image.mode == "CMYK" else image.convert("RGB")
    if profile:
        with suppress(ImageCms.PyCMSError, OSError):
            given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            told = ImageCms.profileToProfile(colours, given, ImageCms.createProfile("sRGB"), outputMode="RGB")
            colours = told or colours
    colours = colours.convert("RGB")
    if alpha:
        colours.putalpha(alpha)
    return colours


def _on_paper(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image
    paper = Image.new("RGB", image.size, _PAPER)
    paper.paste(image, mask=image.getchannel("A"))
    return paper


def _fitting(image: Image.Image, form: Format) -> bytes:
    """Return the file of the highest quality that is small enough, up to that of the format."""
    best = _encoded(image, form.media_type, form.quality)
    if form.max_bytes is None or len(best) <= form.max_bytes:
        return best
    least = _encoded(image, form.media_type, LOWEST_QUALITY, smallest=True)
    if len(least) > form.max_bytes:
        how = "without loss" if form.media_type == _PNG else f"at quality {LOWEST_QUALITY}"
        raise TooLarge(
            f"{-(-len(least) // BYTES_A_KB):,} kB {how}, and max_kb is {form.max_bytes // BYTES_A_KB:,}"
        )
    fits, low, high = least, LOWEST_QUALITY, LOWEST_QUALITY if form.media_type == _PNG else form.quality
    while high - low > 1:
        middle = (low + high) // 2
        tried = _encoded(image, form.media_type, middle)
        if len(tried) <= form.max_bytes:
            fits, low = tried, middle
        else:
            high = middle
    return fits


def _encoded(image: Image.Image, media_type: str, quality: int, *, smallest: bool = False) -> bytes:
    """Return a file; a PNG is made the `smallest` only when it must be, for that takes seconds."""
    file = io.BytesIO()
    if media_type == _PNG:
        image.save(file, "PNG", optimize=smallest)
    elif media_type == _JPEG:
        image.save(file, "JPEG", quality=quality, optimize=True, progressive=True)
    else:
        image.save(file, "WEBP", quality=quality, method=_WEBP_EFFORT)
    return file.getvalue()
