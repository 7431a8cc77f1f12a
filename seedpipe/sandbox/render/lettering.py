"""Text on proofs, in Inter, which comes along for Latin, Greek and Cyrillic, or Noto Sans CJK if installed.

Hides fonts and their gaps: what no font can draw becomes a visible box; it never vanishes or turns into
another letter. Positions are pixels; a line hangs from its baseline. Absent on purpose: scripts that need
shaping, and kerning.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PIL import ImageFont

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

BOX: Final = "\N{WHITE SQUARE}"  # stands for a character that cannot be drawn
LACKING: Final = "([]: not in these fonts; the extra cjk has Chinese, Japanese, Korean) "
LEADING: Final = 1.32  # line height to font size
_FONTS: Final = Path(__file__).parent / "fonts"
_COVERED: Final = (  # what both fonts were cut down to
    (0x20, 0x7E),
    (0xA0, 0x148),
    (0x14A, 0x1C3),
    (0x1C5, 0x233),
    (0x2BC, 0x2BC),
    (0x300, 0x304),
    (0x306, 0x30C),
    (0x384, 0x38A),
    (0x38C, 0x38C),
    (0x38E, 0x3A1),
    (0x3A3, 0x3CE),
    (0x400, 0x45F),
    (0x490, 0x491),
    (0x1EA0, 0x1EF9),
    (0x2012, 0x2014),
    (0x2018, 0x201E),
    (0x2020, 0x2022),
    (0x2026, 0x2026),
    (0x2030, 0x2030),
    (0x2039, 0x203A),
    (0x20AC, 0x20AC),
    (0x2116, 0x2116),
    (0x2122, 0x2122),
    (0x2190, 0x2193),
    (0x2212, 0x2212),
    (0x25A1, 0x25A1),
)
_EAST_ASIAN: Final = (
    (0x1100, 0x11FF),
    (0x2E80, 0x2FDF),
    (0x3000, 0x30FF),
    (0x3100, 0x31BF),
    (0x31F0, 0x33FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xAC00, 0xD7A3),
    (0xF900, 0xFAFF),
    (0xFF00, 0xFFEF),
)


class Face(StrEnum):
    """The two weights: running text, and headlines."""

    TEXT = "text"
    DISPLAY = "display"


def spell(text: str) -> str:
    """Return the text in characters that can be drawn, with boxes for those that cannot."""
    return "".join(_spelt(char) for char in unicodedata.normalize("NFC", text))


def legible(text: str, note: str = "") -> str:
    """Return the text as it can be read: what no font here draws is counted in brackets, no row of boxes.

    `note` stands before it then, to say why.
    """
    spelt = spell(text)
    if BOX not in spelt:
        return spelt

    def counted(match: re.Match[str]) -> str:
        count = match[0].count(BOX)
        return f"[{count} character{'s' if count > 1 else ''}]"

    return note + re.sub(rf"{BOX}[\s{BOX}]*{BOX}|{BOX}", counted, spelt)


def length(text: str, size: int, face: Face = Face.TEXT) -> float:
    """Return the width of a spelt text, in pixels."""
    return sum(_advance(char, size, face) for char in text)


def fitting(text: str, width: float, largest: int, *, smallest: int = 6, face: Face = Face.TEXT) -> int:
    """Return the largest font size at which a spelt text is no wider than `width`."""
    at_hundred = length(text, 100, face) or 1.0
    return max(smallest, min(largest, int(width / at_hundred * 100 * 0.98)))


def wrapped(
    text: str, size: int, width: float, most_lines: int, face: Face = Face.TEXT
) -> tuple[list[str], bool]:
    """Return a spelt text in lines, and whether all of it is there; else the last ends in an ellipsis."""
    lines: list[str] = []
    line = ""
    for word in (piece for each in text.split() for piece in _pieces(each, size, width, face)):
        longer = f"{line} {word}" if line else word
        if not line or length(longer, size, face) <= width:
            line = longer
            continue
        lines.append(line)
        line = word
        if len(lines) > most_lines:
            break
    lines.append(line)
    if len(lines) <= most_lines:
        return lines, True
    last = lines[most_lines - 1]
    while last and length(last + "…", size, face) > width:
        last = last[:-1]
    return [*lines[: most_lines - 1], last.rstrip() + "…"], False


def write(
    draw: ImageDraw, at: tuple[float, float], text: str, size: int, fill: str | int, face: Face = Face.TEXT
) -> None:
    """Draw a spelt text from a point of its baseline."""
    x, baseline = at
    for run in _runs(text):
        font = _font(size, face, _is_east_asian(run[0]))
        draw.text((x, baseline), run, fill, font, anchor="ls")
        x += length(run, size, face)


def _spelt(char: str) -> str:
    if _is_drawable(char):
        return char
    if char.isspace() or unicodedata.category(char) == "Cc":
        return " "
    if unicodedata.category(char) == "Cf":  # direction marks and joiners have no shape of their own
        return ""
    for form in ("NFD", "NFKD"):
        parts = unicodedata.normalize(form, char)
        if parts != char and all(_is_drawable(part) for part in parts):
            return parts
    return BOX


def _is_drawable(char: str) -> bool:
    return _is_within(char, _COVERED) or (_is_east_asian(char) and _east_asian(Face.TEXT) is not None)


def _is_east_asian(char: str) -> bool:
    return _is_within(char, _EAST_ASIAN)


def _is_within(char: str, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= ord(char) <= last for first, last in ranges)


def _runs(text: str) -> list[str]:
    """Return a text in pieces that one font draws each."""
    runs: list[str] = []
    for char in text:
        if runs and _is_east_asian(runs[-1][0]) == _is_east_asian(char):
            runs[-1] += char
        else:
            runs.append(char)
    return runs


def _pieces(word: str, size: int, width: float, face: Face) -> list[str]:
    """Return a word as pieces that fit a line each; East Asian text may break anywhere."""
    if length(word, size, face) <= width:
        return [word]
    pieces = [""]
    for char in word:
        if pieces[-1] and length(pieces[-1] + char, size, face) > width:
            pieces.append("")
        pieces[-1] += char
    return pieces


@lru_cache(maxsize=16384)
def _advance(char: str, size: int, face: Face) -> float:
    return _font(size, face, _is_east_asian(char)).getlength(char)


@lru_cache(maxsize=256)
def _font(size: int, face: Face, east_asian: bool) -> ImageFont.FreeTypeFont:  # noqa: FBT001 - a cache's key
    path = (_east_asian(face) if east_asian else None) or _FONTS / f"{face}.otf"
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=2)
def _east_asian(face: Face) -> Path | None:
    """Return the font of the extra `cjk`, when it is installed: in this weight, or else in the other one."""
    weights = ("bold", "regular") if face is Face.DISPLAY else ("regular", "bold")
    for weight in weights:
        try:
            home = import_module(f"noto_cjk_sans_jp_{weight}").__file__
        except ImportError:
            continue
        if fonts := sorted(Path(home or "").parent.rglob("*.otf")):
            return fonts[0]
    return None
