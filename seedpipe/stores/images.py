"""What makes bytes a whole image: magic bytes, the end mark of the format, and a decoder that agrees.

Hides how PNG, JPEG and WebP begin and end. The first two judgements are pure and cheap and give the plain
words; the decoder has the last one, under a limit of pixels. Nothing here believes a file name, a URL or a
media type that a server claims.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PIL import Image

from seedpipe.core.errors import Malformed

if TYPE_CHECKING:
    from pathlib import Path

EXTENSIONS: Final = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp"}
HEAD_BYTES: Final = 64  # enough for every magic number, and to know a web page
TAIL_BYTES: Final = 64  # enough for every end mark behind a little padding

_PILLOW_NAMES: Final = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}
_PNG_MAGIC: Final = b"\x89PNG\r\n\x1a\n"
_PNG_END: Final = b"\0\0\0\0IEND\xaeB`\x82"
_JPEG_MAGIC: Final = b"\xff\xd8\xff"
_JPEG_END: Final = b"\xff\xd9"
_RIFF_HEADER_BYTES: Final = 8  # `RIFF` and the size, which does not count these eight
_WEBP_HEADER_BYTES: Final = 12
_PADDING: Final = b"\0\r\n"  # what some servers and editors leave behind a complete file


def media_type(head: bytes) -> str | None:
    """Return the media type that the first bytes prove, or None if they prove none that we keep."""
    if head.startswith(_PNG_MAGIC):
        return "image/png"
    if head.startswith(_JPEG_MAGIC):
        return "image/jpeg"
    if head.startswith(b"RIFF") and head[_RIFF_HEADER_BYTES:_WEBP_HEADER_BYTES] == b"WEBP":
        return "image/webp"
    return None


def is_whole(kind: str, *, head: bytes, tail: bytes, size_bytes: int) -> bool:
    """Say whether a file of this media type has its end; a cut download has not."""
    match kind:
        case "image/png":
            return tail.rstrip(_PADDING).endswith(_PNG_END)
        case "image/jpeg":
            return tail.rstrip(_PADDING).endswith(_JPEG_END)
        case "image/webp":
            declared = int.from_bytes(head[4:_RIFF_HEADER_BYTES], "little") + _RIFF_HEADER_BYTES
            surplus = size_bytes - declared
            return 0 <= surplus <= len(tail) and not tail[len(tail) - surplus :].strip(_PADDING)
        case _:
            raise ValueError(f"no end mark is known for {kind}")


def looks_like(head: bytes) -> str:
    """Return in plain words what bytes that are no image we keep look like."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not head:
        return "nothing at all"
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "a web page"
    if start.startswith(b"<"):
        return "XML or SVG"
    if start.startswith((b"{", b"[")):
        return "JSON"
    if head.startswith((b"GIF8", b"BM", b"II*\0", b"MM\0*")) or head[4:8] == b"ftyp":
        return "an image or film of a kind that is not kept (PNG, JPEG and WebP are)"
    return "something unknown"


def judged(*, head: bytes, tail: bytes, size_bytes: int) -> str:
    """Return the media type of a file that begins and ends as an image does; raises `Malformed`."""
    kind = media_type(head)
    if kind is None:
        raise Malformed(f"the download is no image but {looks_like(head)} ({size_bytes:,} bytes)")
    if not is_whole(kind, head=head, tail=tail, size_bytes=size_bytes):
        raise Malformed(f"the download was cut short: {size_bytes:,} bytes of {kind} without its end")
    return kind


def decoded_size(path: Path, kind: str, *, max_pixels: int) -> tuple[int, int]:
    """Decode a whole image and return its width and height in pixels.

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
    return width, height
