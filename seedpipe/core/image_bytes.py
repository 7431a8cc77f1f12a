"""What the first and last bytes of a file prove: which kind of image it is, and whether it has its end.

Hides how PNG, JPEG and WebP begin and end. Nothing here believes a file name, a URL or a media type that
somebody claims; whether the middle can be decoded is not judged here.
"""

from __future__ import annotations

from typing import Final

EXTENSIONS: Final = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp"}
HEAD_BYTES: Final = 64  # enough for every magic number, and to know a web page
TAIL_BYTES: Final = 64  # enough for every end mark behind a little padding

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
        return "an empty file"
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "a web page"
    if start.startswith(b"<"):
        return "XML or SVG"
    if start.startswith((b"{", b"[")):
        return "JSON"
    if head.startswith((b"GIF8", b"BM", b"II*\0", b"MM\0*")) or head[4:8] == b"ftyp":
        return "a file in an unsupported image or video format (PNG, JPEG and WebP are supported)"
    return "something unknown"
