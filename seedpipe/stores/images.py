"""What makes bytes a whole image: magic bytes, the end mark of the format, and a decoder that agrees.

The first two judgements are pure and cheap (`core.image_bytes`) and give the plain words; hides the decoder,
which has the last one, under a limit of pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PIL import Image, WebPImagePlugin

from seedpipe.core.errors import Malformed
from seedpipe.core.image_bytes import is_whole, looks_like, media_type

if TYPE_CHECKING:
    from pathlib import Path

_PILLOW_NAMES: Final = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    # Named by its plugin, which is loaded then: Pillow would load all its formats to look for it.
    "image/webp": WebPImagePlugin.WebPImageFile.format,
}


def judged(*, head: bytes, tail: bytes, size_bytes: int) -> str:
    """Return the media type of a file that begins and ends as an image does; raises `Malformed`."""
    kind = media_type(head)
    if kind is None:
        raise Malformed(f"the download is not an image but {looks_like(head)} ({size_bytes:,} bytes)")
    if not is_whole(kind, head=head, tail=tail, size_bytes=size_bytes):
        raise Malformed(f"the download was cut short: {size_bytes:,} bytes of {kind} without its end")
    return kind


MAX_PIXELS: Final = 8192 * 8192
"""The largest image of any model that ships; decoded it takes 256 MiB."""


def decoded_size(path: Path, kind: str, *, max_pixels: int) -> tuple[int, int]:
    """Decode a whole image and return its width and height in pixels; raises as `decoded` does."""
    return decoded(path, kind, max_pixels=max_pixels).size


def decoded(path: Path, kind: str, *, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Return a whole image, decoded.

    Raises `Malformed` for what a decoder cannot take or what is larger than `max_pixels`, which is known
    before the pixels need memory; `OSError` with an errno when the file cannot be read.
    """
    try:
        with Image.open(path, formats=(_PILLOW_NAMES[kind],)) as image:
            width, height = image.size
            too_large = width * height > max_pixels
            if not too_large:
                image.load()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Malformed(f"the image is far too large: more than {max_pixels:,} pixels") from error
    except Exception as error:  # decoders fail with whatever their parsers raise
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise Malformed(f"the download is a damaged {kind}: {error}") from error
    if too_large:
        raise Malformed(f"the image is {width}x{height}: more than {max_pixels:,} pixels")
    return image
