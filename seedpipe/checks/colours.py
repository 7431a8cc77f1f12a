"""Colours as people see them: CIE Lab and the distance ΔE2000, for many pixels at once.

Hides the arithmetic of CIE 142-2001 (Sharma, Wu and Dalal 2005), vectorised; the tests hold it against a
library of colours, value by value. Distances: 1 is just seen, 10 is another shade, 30 another colour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_TO_XYZ: Final = np.array(
    [[0.4123908, 0.3575843, 0.1804808], [0.2126390, 0.7151687, 0.0721923], [0.0193308, 0.1191948, 0.9505322]],
    dtype=np.float32,
)
_WHITE: Final = np.array([0.9504559, 1.0, 1.0890578], dtype=np.float32)  # D65
_NEUTRAL: Final = 0.01  # of chroma: below it a hue is an accident of rounding
_POWER_7: Final = np.float32(25.0**7)


def lab_of(rgb: Floats) -> Floats:
    """Return the Lab values (D65) of sRGB pixels; both (n, 3), the latter from 0 to 255."""
    share = rgb / np.float32(255)
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)  # noqa: PLR2004 - sRGB
    part = (linear @ _TO_XYZ.T) / _WHITE
    root = np.where(part > 216 / 24389, np.cbrt(part), (24389 / 27 * part + 16) / 116)
    x, y, z = root[:, 0], root[:, 1], root[:, 2]
    lab: Floats = np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1).astype(np.float32)
    return lab


def lab_of_hex(colour: str) -> Floats:
    """Return the Lab values of `#RRGGBB`."""
    lab: Floats = lab_of(np.frombuffer(bytes.fromhex(colour[1:]), dtype=np.uint8).astype(np.float32)[None])[0]
    return lab


def palette_distance(lab: Floats, palette: Floats) -> Floats:
    """Return ΔE2000 of each pixel to each colour: (n, 3) and (m, 3) make (n, m)."""
    return _distance(lab, palette, lightness=True)


def hue_distance(lab: Floats, palette: Floats) -> Floats:
    """Return ΔE2000 without its part of lightness: the same paint in another light is near."""
    return _distance(lab, palette, lightness=False)


def _distance(lab: Floats, palette: Floats, *, lightness: bool) -> Floats:
    l1, a1, b1 = (lab[:, None, at] for at in range(3))
    l2, a2, b2 = (palette[None, :, at] for at in range(3))
    mean_chroma = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    grey = 1 + 0.5 * (1 - np.sqrt(mean_chroma**7 / (mean_chroma**7 + _POWER_7)))
    c1, c2 = np.hypot(a1 * grey, b1), np.hypot(a2 * grey, b2)
    h1, h2 = (np.degrees(np.arctan2(b, a * grey)) % 360 for a, b in ((a1, b1), (a2, b2)))
    coloured = (c1 > _NEUTRAL) & (c2 > _NEUTRAL)
    turn = (h2 - h1 + 180) % 360 - 180
    mean_hue = np.where(coloured, (h1 + turn / 2) % 360, h1 + h2)
    chroma, hue = c2 - c1, np.where(coloured, 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2)), 0)
    mean_c = (c1 + c2) / 2
    weight = (
        1
        - 0.17 * np.cos(np.radians(mean_hue - 30))
        + 0.24 * np.cos(np.radians(2 * mean_hue))
        + 0.32 * np.cos(np.radians(3 * mean_hue + 6))
        - 0.20 * np.cos(np.radians(4 * mean_hue - 63))
    )
    by_chroma, by_hue = chroma / (1 + 0.045 * mean_c), hue / (1 + 0.015 * mean_c * weight)
    rotation = -np.sin(np.radians(60 * np.exp(-(((mean_hue - 275) / 25) ** 2)))) * (
        2 * np.sqrt(mean_c**7 / (mean_c**7 + _POWER_7))
    )
    total = by_chroma**2 + by_hue**2 + rotation * by_chroma * by_hue
    if lightness:
        middle = ((l1 + l2) / 2 - 50) ** 2
        total = total + ((l2 - l1) / (1 + 0.015 * middle / np.sqrt(20 + middle))) ** 2
    distance: Floats = np.sqrt(np.maximum(total, 0)).astype(np.float32)
    return distance
