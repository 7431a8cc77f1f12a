"""Output paths: how a value becomes a segment, and which whole paths may be written.

Hides what file systems, shells and our own output folder dislike. Invariant: a path that `path_fault` passes
stays inside the output folder on every system, and is not one of the names that seedpipe writes itself.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

_MAX_SEGMENT_BYTES: Final = 200  # file systems allow 255; room for the extension and '.part'
_MAX_PATH_BYTES: Final = 800  # macOS allows 1024 in all; room for the output folder
_PLAIN: Final = re.compile(r"[A-Za-z0-9_-]{1,200}")  # most segments by far: nobody dislikes them
_UNSAFE: Final = re.compile(r'[/\\:*?"<>|]')
_DROPPED: Final = frozenset({"Cf"})  # format characters are invisible: two paths would look the same
_REPLACED: Final = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINERS: Final = "\u200c\u200d"  # part of how some scripts are spelt
_DEVICES: Final = frozenset({"con", "prn", "aux", "nul", "conin$", "conout$"}) | {
    f"{port}{number}" for port in ("com", "lpt") for number in "123456789¹²³"
}
_IMAGE_ENDING: Final = re.compile(r"\.(avif|bmp|gif|heic|jpe?g|png|svg|tiff?|webp)$", re.IGNORECASE)
_OUR_FILES: Final = frozenset(
    {"run.json", "jobs.jsonl", "gallery.html", "summary.md", "junit.xml", "published", "published.jsonl"}
)


@lru_cache(maxsize=4096)
def safe_segment(text: str) -> str:
    """Return a text as one segment of a path: NFC, without separators, control characters or outer dots.

    Empty when nothing is left.
    """
    if _PLAIN.fullmatch(text):
        return text
    kept = []
    for char in unicodedata.normalize("NFC", text):
        category = unicodedata.category(char)
        if category in _DROPPED and char not in _JOINERS:
            continue
        kept.append("-" if category in _REPLACED or _UNSAFE.match(char) else char)
    return "".join(kept).lstrip(". ").rstrip(". ")


def path_fault(path: str) -> tuple[str, str | None] | None:
    """Return what is wrong with a relative path without extension and what to do, or None."""
    if len(path.encode("utf-8", "surrogatepass")) > _MAX_PATH_BYTES:
        return f"is longer than {_MAX_PATH_BYTES} bytes", "use fewer or shorter parts"
    if path.startswith("/"):
        return "is absolute", "paths are relative to the output folder: remove the leading '/'"
    segments = path.split("/")
    if segments[0].casefold() in _OUR_FILES:
        return f"begins with '{segments[0]}', which seedpipe writes itself", None
    for segment in segments:
        is_plain = _PLAIN.fullmatch(segment) and segment.lower() not in _DEVICES
        if not is_plain and (fault := _segment_fault(segment)):
            return fault
    return None


def path_identity(path: str) -> str:
    """Return what two paths have in common when some file system takes them for one."""
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


@lru_cache(maxsize=4096)
def _segment_fault(segment: str) -> tuple[str, str | None] | None:  # noqa: PLR0911 - a list of reasons
    if not segment:
        return "has an empty part", "remove a '//', or a '/' at the end"
    if segment in (".", ".."):
        return f"has the part '{segment}'", "paths stay inside the output folder"
    if segment.startswith("."):
        return f"has the hidden part '{segment}'", "begin it with something other than a dot"
    if segment != segment.strip(" ") or segment.endswith("."):
        return f"has the part '{segment}' that begins or ends with a space or dot", None
    if unsafe := next((char for char in segment if _is_unsafe(char)), None):
        shown = unsafe if unsafe.isprintable() else f"U+{ord(unsafe):04X}"
        return f"has a '{shown}' in it", "use letters, digits, '-' and '_'"
    if len(segment.encode()) > _MAX_SEGMENT_BYTES:
        return f"has a part longer than {_MAX_SEGMENT_BYTES} bytes", "use a shorter value"
    if segment.split(".", maxsplit=1)[0].rstrip().casefold() in _DEVICES:
        return f"has the part '{segment}', a device name on Windows", "add something to it"
    if image := _IMAGE_ENDING.search(segment):
        return f"names the extension '{image[0]}'", "leave it out: it comes from the image's bytes"
    if segment.casefold().endswith(".part"):
        return "ends in '.part', which marks unfinished files", "leave it out"
    return None


def _is_unsafe(char: str) -> bool:
    category = unicodedata.category(char)
    return (
        category in _REPLACED or (category in _DROPPED and char not in _JOINERS) or bool(_UNSAFE.match(char))
    )
