"""Text on proofs, with the one font that Pillow always brings along.

Hides that this font draws little more than ASCII: accents are drawn onto their base letters, a few
characters are spelt out, and what still cannot be drawn becomes a visible box: it never vanishes or
turns into another letter. Positions are pixels; a line hangs from its baseline.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from PIL import ImageFont

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

BOX: Final = "\N{WHITE VERTICAL RECTANGLE}"  # stands for a character that cannot be drawn
LEADING: Final = 1.32  # line height to font size
_DRAWABLE: Final = frozenset(map(chr, range(0x20, 0x7F))) | frozenset("©«°±´·»‘’“”…‹›™")  # noqa: RUF001
_BOX_WIDTH: Final = 0.62  # of the font size
_SPELT: Final = {
    "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L",
    "đ": "d", "Đ": "D", "\N{LATIN SMALL LETTER DOTLESS I}": "i", "–": "-", "—": "-",
    "\N{MINUS SIGN}": "-", "\N{MULTIPLICATION SIGN}": "x", "€": "EUR",
    "£": "GBP", "•": "·", "„": '"', "\N{SINGLE LOW-9 QUOTATION MARK}": "'", "→": "->",
    "¿": "?", "¡": "!",
}  # fmt: skip
_TALL: Final = frozenset("bdfhijklt")

# Accents as strokes over a letter: fractions of the font size, from the letter's middle and top.
_STROKES: Final = {
    "\u0300": (((-0.09, -0.19), (0.04, -0.06)),),
    "\u0301": (((0.09, -0.19), (-0.04, -0.06)),),
    "\u0302": (((-0.11, -0.06), (0.0, -0.18), (0.11, -0.06)),),
    "\u0303": (((-0.13, -0.08), (-0.06, -0.15), (0.06, -0.09), (0.13, -0.16)),),
    "\u0304": (((-0.12, -0.12), (0.12, -0.12)),),
    "\u0306": (((-0.11, -0.17), (-0.05, -0.09), (0.05, -0.09), (0.11, -0.17)),),
    "\u0307": (((-0.03, -0.12), (0.03, -0.12)),),
    "\u0308": (((-0.12, -0.12), (-0.06, -0.12)), ((0.06, -0.12), (0.12, -0.12))),
    "\u030a": (((-0.07, -0.12), (0.0, -0.19), (0.07, -0.12), (0.0, -0.05), (-0.07, -0.12)),),
    "\u030b": (((-0.02, -0.19), (-0.1, -0.06)), ((0.13, -0.19), (0.05, -0.06))),
    "\u030c": (((-0.11, -0.18), (0.0, -0.06), (0.11, -0.18)),),
}
_STROKES_BELOW: Final = {
    "\u0323": (((-0.03, 0.11), (0.03, 0.11)),),
    "\u0326": (((0.02, 0.06), (-0.04, 0.18)),),
    "\u0327": (((0.0, 0.0), (0.05, 0.08), (0.0, 0.15), (-0.07, 0.15)),),
    "\u0328": (((0.1, 0.0), (0.05, 0.09), (0.12, 0.15)),),
}


def spell(text: str) -> str:
    """Return the text in characters that can be drawn: letters, accents after their letter, boxes."""
    return "".join(_spelt(char) for char in unicodedata.normalize("NFC", text))


def length(text: str, size: int) -> float:
    """Return the width of a spelt text, in pixels."""
    return sum(_advance(char, size) for char in text)


def fitting(text: str, width: float, largest: int, *, smallest: int = 6) -> int:
    """Return the largest font size at which a spelt text is no wider than `width`."""
    at_hundred = length(text, 100) or 1.0
    return max(smallest, min(largest, int(width / at_hundred * 100 * 0.98)))


def wrapped(text: str, size: int, width: float, most_lines: int) -> tuple[list[str], bool]:
    """Return a spelt text in lines, and whether all of it is there; else the last ends in an ellipsis."""
    lines: list[str] = []
    line = ""
    for word in (piece for each in text.split() for piece in _pieces(each, size, width)):
        longer = f"{line} {word}" if line else word
        if length(longer, size) <= width:
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
    while last and length(last + "…", size) > width:
        last = last[:-1]
    return [*lines[: most_lines - 1], last.rstrip() + "…"], False


def write(
    draw: ImageDraw, at: tuple[float, float], text: str, size: int, fill: str, *, bold: bool = False
) -> None:
    """Draw a spelt text from a point of its baseline."""
    x, baseline = at
    run = ""
    for char in text + "\0":
        if char in _DRAWABLE:
            run += char
            continue
        if run:
            draw.text(
                (x, baseline), run, fill, _font(size), anchor="ls", stroke_width=size // 22 if bold else 0
            )
            x += _font(size).getlength(run)
        if char == BOX:
            _draw_box(draw, x, baseline, size, fill)
            x += _BOX_WIDTH * size
        elif char != "\0":
            _draw_accent(draw, x, baseline, char, run[-1:], size, fill)
        run = "" if char in (BOX, "\0") else run[:0]


def _spelt(char: str) -> str:
    if char in _DRAWABLE:
        return char
    if char in _SPELT:
        return _SPELT[char]
    if char.isspace() or unicodedata.category(char) == "Cc":
        return " "
    if unicodedata.category(char) == "Cf":  # direction marks and joiners have no shape of their own
        return ""
    for form in ("NFD", "NFKD"):
        parts = unicodedata.normalize(form, char)
        if parts[0] in _DRAWABLE and all(_is_known(part) for part in parts[1:]):
            return parts
    return BOX


def _is_known(part: str) -> bool:
    return part in _DRAWABLE or part in _STROKES or part in _STROKES_BELOW


def _pieces(word: str, size: int, width: float) -> list[str]:
    """Return a word as pieces that fit a line each."""
    if length(word, size) <= width:
        return [word]
    pieces = [""]
    for char in word:
        if pieces[-1] and length(pieces[-1] + char, size) > width:
            pieces.append("")
        pieces[-1] += char
    return pieces


def _draw_box(draw: ImageDraw, x: float, baseline: float, size: int, fill: str) -> None:
    left, right = x + 0.08 * size, x + 0.52 * size
    draw.rectangle((left, baseline - 0.66 * size, right, baseline), outline=fill, width=max(1, size // 16))


def _draw_accent(
    draw: ImageDraw, x: float, baseline: float, accent: str, letter: str, size: int, fill: str
) -> None:
    middle = x - _font(size).getlength(letter) / 2
    below = accent in _STROKES_BELOW
    tall = letter.isupper() or letter in _TALL
    top = baseline if below else baseline - (0.7 if tall else 0.52) * size
    for stroke in (_STROKES_BELOW if below else _STROKES).get(accent, ()):
        points = [(middle + right * size, top + down * size) for right, down in stroke]
        draw.line(points, fill, max(1, round(size / 13)), joint="curve")


@lru_cache(maxsize=8192)
def _advance(char: str, size: int) -> float:
    if char == BOX:
        return _BOX_WIDTH * size
    return _font(size).getlength(char) if char in _DRAWABLE else 0.0


@lru_cache(maxsize=256)
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise TypeError("this build of Pillow has no FreeType, which proofs are lettered with")
    return font
