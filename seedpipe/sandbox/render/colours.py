"""Colours: the names people use, and the arithmetic between codes, light and what the eye sees.

Hides colour spaces. A colour is a code `#RRGGBB` outside the shading, and linear light (floats from 0 to 1)
inside it.
"""

from __future__ import annotations

import functools
import math
import re
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

NAMED: Final = {
    "amber": "#FFBF00", "apricot": "#FBC08A", "aqua": "#4FC9D9", "beige": "#E8DCC4", "black": "#17181C",
    "blue": "#2F5FD0", "blush": "#F3C6BE", "bronze": "#A9713C", "brown": "#6F4A32", "burgundy": "#6D1A36",
    "butter yellow": "#F9E5A0", "caramel": "#B97A3D", "champagne": "#EBD9BB", "charcoal": "#36393F",
    "chartreuse": "#C3DC2B", "cobalt": "#1F45B5", "copper": "#B8683A", "coral": "#FF7F5C",
    "cream": "#FFF6E3", "crimson": "#C81D3F", "cyan": "#22C1DC", "ecru": "#E4D9C0", "eggshell": "#F4EFE2",
    "electric blue": "#2B50FF", "emerald": "#128C5E", "forest green": "#23492F", "fuchsia": "#D72C8C",
    "gold": "#D4A32C", "gray": "#8A8F98", "green": "#3B8F4E", "grey": "#8A8F98", "hot pink": "#FF3E96",
    "indigo": "#3A3F9E", "ivory": "#FBF7EA", "khaki": "#B5A878", "lavender": "#B9A6E0", "lemon": "#F9E04C",
    "lilac": "#C9B3DC", "lime": "#A4D91C", "magenta": "#D02A8A", "maroon": "#5E1A26", "mauve": "#A98AA5",
    "midnight": "#10152E", "midnight blue": "#131A3D", "mint": "#A8E6CF", "mustard": "#D9A521",
    "navy": "#17264D", "neon green": "#7CF02A", "neon pink": "#FF2E93", "neon yellow": "#EAFF1F",
    "ochre": "#C58A2B", "off-white": "#F6F3EC", "olive": "#77803A", "orange": "#F2862B", "peach": "#FFC9A3",
    "periwinkle": "#8F9CE8", "petrol": "#14505E", "pink": "#F48FB1", "plum": "#6B2C5B", "purple": "#7A3FA0",
    "red": "#D93A32", "rose": "#E36488", "rust": "#A8482A", "sage": "#AFC3A2", "salmon": "#F79A84",
    "sand": "#DCC7A1", "scarlet": "#D4261E", "silver": "#C3C8CE", "sky blue": "#8CC8F0", "slate": "#56616E",
    "tan": "#C9A57B", "taupe": "#9A8B7C", "teal": "#15807F", "terracotta": "#C9633F",
    "anthracite": "#2F3338", "aubergine": "#3F1F3A", "baby blue": "#A9D3F0", "baby pink": "#F6C9D6",
    "bottle green": "#0E4B36", "brick red": "#9C3B2E", "cherry red": "#B71C3B",
    "chocolate brown": "#4A2C1E", "cognac": "#A4592B", "graphite": "#41454C", "ice blue": "#D3E8F2",
    "moss green": "#6B7341", "nude": "#E3BFA8", "oxblood": "#5A1620", "pine green": "#1F4D3E",
    "pistachio": "#C4D69B", "powder blue": "#B8CFE0", "powder pink": "#F1D0CE", "racing green": "#0F3D2E",
    "raspberry": "#C2215A", "rose gold": "#D9A08B", "royal blue": "#2A4BB8", "steel blue": "#4A7299",
    "wine red": "#6B1B2C",
    "turquoise": "#35C3B7", "violet": "#7D4FC4", "white": "#FAFAF7", "yellow": "#F8CF3A",
}  # fmt: skip
_SHADES: Final = {
    "light": ("#FFFFFF", 0.45), "pale": ("#FFFFFF", 0.55), "pastel": ("#FFFFFF", 0.5),
    "soft": ("#FFFFFF", 0.25), "dark": ("#000000", 0.45), "deep": ("#000000", 0.3),
    "muted": ("#8A8680", 0.35), "dusty": ("#A89F96", 0.4),
}  # fmt: skip
# What only says which family a colour is of: "sage green" is sage, and no second colour.
_FAMILIES: Final = ("beige", "black", "blue", "brown", "gray", "green", "grey", "orange", "pink", "purple",
                    "red", "violet", "white", "yellow")  # fmt: skip
_NAME: Final = re.compile(
    rf"\b(?:({'|'.join(_SHADES)})[ -])?"
    rf"(?:({'|'.join(sorted(set(NAMED) - set(_FAMILIES), key=len, reverse=True))})"
    rf"(?:[ -](?:{'|'.join(_FAMILIES)}))?|({'|'.join(_FAMILIES)}))\b",
    re.IGNORECASE,
)
_CODE: Final = re.compile(r"(?<![\w&#])#(?:[0-9a-f]{6}|[0-9a-f]{3})(?![0-9a-z])", re.IGNORECASE)
_CODE_KNEE: Final = 0.04045
_STEPS: Final = 4096


def codes_in(text: str) -> list[tuple[int, int, str]]:
    """Return the colour codes of a text, each with where it begins and ends."""
    return [(match.start(), match.end(), _long(match[0].upper())) for match in _CODE.finditer(text)]


def names_in(text: str) -> list[tuple[int, int, str]]:
    """Return the colours a text calls by name, each with where it begins and ends."""
    found = []
    for match in _NAME.finditer(text):
        code = NAMED[(match[2] or match[3]).lower()]
        if match[1]:
            code = mixed(code, *_SHADES[match[1].lower()])
        found.append((match.start(), match.end(), code))
    return found


def rgb(code: str) -> tuple[int, int, int]:
    """Return the three bytes of a code."""
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)


def code_of(red: float, green: float, blue: float) -> str:
    """Return the code of three bytes."""
    return f"#{round(red):02X}{round(green):02X}{round(blue):02X}"


def mixed(code: str, other: str, share: float) -> str:
    """Return a colour with a share of another in it."""
    pairs = zip(rgb(code), rgb(other), strict=True)
    return code_of(*(mine + (theirs - mine) * share for mine, theirs in pairs))


@functools.lru_cache(maxsize=1024)
def linear(code: str) -> Floats:
    """Return a colour as linear light; the array is shared, so nobody may write into it."""
    share = np.array(rgb(code)) / 255
    light = np.where(share <= _CODE_KNEE, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    light.setflags(write=False)
    return light


def encoded(light: Floats) -> NDArray[np.uint8]:
    """Return linear light as bytes; what is brighter than white turns white softly."""
    over = np.maximum(light.max(axis=-1, keepdims=True) - 1.0, 0.0)
    light = np.clip(light + 0.35 * over, 0.0, 1.0)
    # Far quicker than a power of each, and the same: no step is so narrow that it has two bytes' borders.
    step = (light * _STEPS).astype(np.intp)
    return np.asarray(_BYTES.take(step) + (light >= _BORDERS.take(step)), dtype=np.uint8)


def _steps() -> tuple[NDArray[np.uint8], Floats]:
    """Return for each of `_STEPS` of linear light the byte at its start, and where the next byte begins."""
    share = (np.arange(255) + 0.5) / 255
    begins = np.where(share <= _CODE_KNEE, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    byte = np.searchsorted(begins, np.arange(_STEPS + 1) / _STEPS, side="right")
    return byte.astype(np.uint8), np.append(begins, np.inf)[byte]


_BYTES, _BORDERS = _steps()


@functools.lru_cache(maxsize=1024)
def lab(code: str) -> tuple[float, float, float]:
    """Return a colour as CIE L*a*b* under D65."""
    red, green, blue = (float(value) for value in linear(code))
    x = _lab_root((0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505)
    y = _lab_root(0.2126 * red + 0.7152 * green + 0.0722 * blue)
    z = _lab_root((0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def lightness(code: str) -> float:
    """Return how light a colour looks, from 0 to 100."""
    return lab(code)[0]


def apart(code: str, other: str) -> float:
    """Return how far two colours are apart (ΔE 1976): good enough to choose between colours."""
    return math.dist(lab(code), lab(other))


def legible_on(ground: str, choices: list[str]) -> str:
    """Return the first choice that reads well on a ground; else the one of black and white that does."""
    for choice in choices:
        if contrast(choice, ground) >= 3.0:
            return choice
    return max(("#17181C", "#FAFAF7"), key=lambda choice: contrast(choice, ground))


def most_legible_on(ground: str, choices: list[str]) -> str:
    """Return the choice that reads best on a ground, if any reads well; else black or white."""
    return legible_on(ground, sorted(choices, key=lambda choice: -contrast(choice, ground)))


def contrast(code: str, other: str) -> float:
    """Return the contrast of two colours as WCAG counts it, from 1 to 21."""
    bright, dark = sorted((_luminance(code), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(code: str) -> float:
    red, green, blue = (float(value) for value in linear(code))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _lab_root(value: float) -> float:
    return value ** (1 / 3) if value > 216 / 24389 else (24389 / 27 * value + 16) / 116


def _long(code: str) -> str:
    return code if len(code) > 4 else "#" + "".join(2 * digit for digit in code[1:])
