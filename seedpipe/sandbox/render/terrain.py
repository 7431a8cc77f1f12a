"""The ground of landscapes: heights over the plane, and what covers them in which season.

Hides the noise. Everything follows from the request's seed; x is to the right, y away from the viewer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from seedpipe.sandbox.render.brief import Light
from seedpipe.sandbox.render.colours import Floats, lab, lightness, linear, mixed
from seedpipe.sandbox.render.geometry import times

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from seedpipe.sandbox.render.brief import Brief
    from seedpipe.sandbox.render.look import Look

_LATTICE: Final = 64  # a power of two: places wrap around by a mask
_WRAP, _WHOLE = _LATTICE - 1, _LATTICE * _LATTICE - 1
_LAND: Final = {  # land and second land: fields, rock and meadow, water and sand
    "desert": ("#D99A5B", "#B4683B"),
    "mountains": ("#7C8794", "#6E8A4E"),
    "lake": ("#7C8794", "#6E8A4E"),
    "sea": ("#1B7F9E", "#EAD7AE"),
    "hills": ("#7E9B45", "#C2A24B"),
    "forest": ("#5F7A3E", "#8A7A46"),
}
_IN_SEASON: Final = {
    ("hills", "spring"): ("#8DBB4F", "#B9CF6A"),
    ("hills", "summer"): ("#86A24A", "#D3B45C"),
    ("hills", "autumn"): ("#B98A3A", "#8A4F2B"),
    ("hills", "winter"): ("#EEF3F7", "#D5DEE6"),
    ("forest", "spring"): ("#7FA64C", "#A3B566"),
    ("forest", "autumn"): ("#A8703A", "#7C4B2B"),
    ("forest", "winter"): ("#EEF3F7", "#D9E1E8"),
    ("mountains", "autumn"): ("#7C8794", "#B5803C"),
    ("mountains", "winter"): ("#8791A0", "#E9EFF4"),
    ("lake", "autumn"): ("#7C8794", "#B5803C"),
    ("lake", "winter"): ("#8791A0", "#E9EFF4"),
}
_BLUE: Final = -8.0  # b* of CIE L*a*b*: below it a colour could be a sky's
_MIST: Final = "#D9DEE2"


class Noise:
    """Smooth noise over the plane, about 0, of a seed's own."""

    def __init__(self, seed: int) -> None:
        chance = np.random.default_rng(seed % 2**32)
        self._lattice = chance.uniform(-1, 1, (_LATTICE, _LATTICE)).astype(np.float32)

    def at(self, x: Floats, y: Floats) -> Floats:
        """Return the noise at places."""
        left, top = np.floor(x), np.floor(y)
        over, down = x - left, y - top
        over, down = over * over * (3 - 2 * over), down * down * (3 - 2 * down)
        column, row = left.astype(np.int32) & _WRAP, (top.astype(np.int32) & _WRAP) * _LATTICE
        aside, under = (column + 1) & _WRAP, (row + _LATTICE) & _WHOLE
        above, below = (self._between(line + column, line + aside, over) for line in (row, under))
        above += (below - above) * down
        return above

    def _between(self, here: NDArray[np.int32], there: NDArray[np.int32], share: Floats) -> Floats:
        """Return what lies between places of the lattice, at a share of the way."""
        values = self._lattice.take(here)
        values += (self._lattice.take(there) - values) * share
        return values

    def rough(self, x: Floats, y: Floats, octaves: int) -> Floats:
        """Return noise with finer noise on it."""
        return np.asarray(sum(self.at(x * 2**k + 7.1 * k, y * 2**k - 3.7 * k) / 2**k for k in range(octaves)))

    def ridged(self, x: Floats, y: Floats, octaves: int) -> Floats:
        """Return noise with sharp crests, from 0 up."""
        return np.asarray(
            sum(
                (1 - np.abs(self.at(x * 2**k + 5.3 * k, y * 2**k + 1.9 * k))) ** 2 / 2.15**k
                for k in range(octaves)
            )
        )


def tones(brief: Brief, look: Look) -> dict[str, Floats]:
    """Return the colours of land, second land, and sky at its top and its horizon, as linear light."""
    land, second = _IN_SEASON.get((brief.subject, brief.season)) or _LAND[brief.subject]
    sky = "#DCE7EE"
    if len(brief.palette) > 1 or brief.background:
        sky = brief.background or _sky(brief)
        land, second = _own(brief, sky, land, second)
    elif brief.palette:  # one colour dyes the land, it does not flood the country
        land, second = mixed(land, brief.palette[0], 0.4), mixed(second, brief.palette[0], 0.15)
    top, low = {
        Light.GOLDEN: (mixed(mixed(land, "#5F6FA0", 0.62), "#7A6A8E", 0.25), mixed(sky, "#FFC27A", 0.62)),
        Light.EVENING: (mixed("#33416B", land, 0.12), mixed(sky, "#E79A7C", 0.6)),
        Light.NIGHT: (mixed("#0B1024", look.background, 0.2), mixed("#2C3558", sky, 0.1)),
    }.get(brief.light, (mixed("#5B9BD3", sky, 0.22), mixed(sky, "#FFFFFF", 0.45)))
    if brief.background:
        top = mixed(top, brief.background, 0.7)
    if brief.misty:
        dim = 0.25 if brief.light is Light.NIGHT else 0.62
        top, low = mixed(top, _MIST, dim), mixed(low, _MIST, dim)
    colours = {"land": land, "second": second, "top": top, "low": low}
    return {name: linear(code).astype(np.float32) for name, code in colours.items()}


def _sky(brief: Brief) -> str:
    """Return the palette's colour for the sky: at night the darkest, else a blue, else the lightest."""
    if brief.light is Light.NIGHT:
        return min(brief.palette, key=lightness)
    blues = [colour for colour in brief.palette if lab(colour)[2] < _BLUE and lightness(colour) > 45]
    # The sea is blue first.
    return max(blues if blues and brief.subject != "sea" else brief.palette, key=lightness)


def _own(brief: Brief, sky: str, land: str, second: str) -> tuple[str, str]:
    """Return land and second land in the prompt's colours; rock and snow keep some of their own."""
    grounds = [colour for colour in brief.palette if colour != sky] or [mixed(sky, "#3A3A40", 0.4)]
    if brief.subject in {"mountains", "lake"}:
        own = grounds[1] if len(grounds) > 1 else mixed(second, grounds[0], 0.25)
        return mixed(land, grounds[0], 0.45), own
    if brief.subject == "sea":
        water = min(grounds, key=lambda colour: lab(colour)[2])
        rest = [colour for colour in (*grounds, sky) if colour != water]
        if lab(water)[2] > 0:  # no water is red: it takes a little of the colour
            water, rest = mixed(land, grounds[0], 0.25), [*grounds, sky]
        return water, max(rest, key=lightness)
    if len(grounds) > 1:
        return grounds[0], grounds[1]
    return grounds[0], sky if brief.subject == "sea" else mixed(grounds[0], sky, 0.4)


# ---- heights ------------------------------------------------------------------------------------


def _dunes(x: Floats, y: Floats, noise: Noise) -> Floats:
    bend = 1.5 * noise.at(x * 0.2, y * 0.16) + 0.3 * noise.at(x * 0.6, y * 0.5)
    wave = np.mod(0.24 * y + 0.1 * x + bend, 1.0)
    # Slow to windward, steep in the lee; far away, where a dune is a pixel wide, only the ground's own swell.
    turn = np.where(wave < 0.64, wave / 0.64, 1 + (wave - 0.64) / 0.36) * np.pi
    near = 1 / (1 + (np.maximum(y - 9, 0) / 9) ** 2)
    high = 0.55 + 0.45 * noise.at(x * 0.11 + 9, y * 0.11)
    crest = (0.5 - 0.5 * np.cos(turn)) ** 1.3 * high * (0.62 + np.minimum(y, 24) * 0.085)
    swell = np.clip(y / 26, 0, 1) * (1.1 + 1.2 * noise.rough(x * 0.1 + 3, y * 0.06, 3))
    return np.asarray(crest * near + swell * (1 - near) + 0.05 * noise.rough(x * 0.7, y * 0.7, 2) * near)


def _mountains(x: Floats, y: Floats, noise: Noise) -> Floats:
    far = np.clip((y - 4.5) / 11, 0, 1)
    range_ = noise.ridged(x * 0.115 + 2, y * 0.115, 5) - 0.78
    foot = 0.22 * noise.rough(x * 0.4, y * 0.4, 3)
    return np.asarray(far**1.15 * (0.3 + 2.7 * np.maximum(range_, -0.1)) + foot)


def _lake(x: Floats, y: Floats, noise: Noise) -> Floats:
    shore = 11.0 + 1.6 * noise.at(x * 0.16, y * 0 + 4)
    near = 2.1 + 0.5 * noise.at(x * 0.5, y * 0 + 9) + 0.12 * x
    land = np.clip((y - shore) / 3, 0, 1) * (0.12 + np.maximum(_mountains(x, y - 1.5, noise), 0))
    bank = np.clip((near - y) * 0.16, -0.2, 0.3) + 0.02 * noise.rough(x * 3, y * 3, 2)
    return np.asarray(np.where(y > shore, land, np.maximum(bank, -0.3)))


def _coast(x: Floats, y: Floats, noise: Noise) -> Floats:
    shore = y - 2.6 - 0.85 * x + 0.7 * noise.at(x * 0.35, y * 0.3)
    sand = np.clip(-shore * 0.07, -0.3, 0.4) + 0.008 * noise.rough(x * 2, y * 2, 2)
    reach = 2.4 * noise.rough(x * 0.09 + 5, y * 0.05, 4) - 0.75 + np.clip(-x * 0.04, -1, 1)
    head = np.clip((y - 20) / 8, 0, 1) * np.clip(reach, 0, 3)
    return np.asarray(np.maximum(sand, 1.1 * head - 0.3))


def _hills(x: Floats, y: Floats, noise: Noise) -> Floats:
    far = np.clip((y - 16) / 30, 0, 1) * 2.6 * (0.6 + noise.rough(x * 0.07, y * 0.07, 3))
    return np.asarray(0.75 * noise.at(x * 0.17, y * 0.21) + 0.2 * noise.at(x * 0.5, y * 0.5) + far)


def _clearing(x: Floats, y: Floats, noise: Noise) -> Floats:
    far = np.clip((y - 9) / 20, 0, 1) * 3.0 * (0.7 + noise.rough(x * 0.08 + 2, y * 0.08, 3))
    return np.asarray(0.35 * noise.at(x * 0.2, y * 0.2) + far)


HEIGHTS: Final[dict[str, Callable[[Floats, Floats, Noise], Floats]]] = {
    "desert": _dunes,
    "mountains": _mountains,
    "lake": _lake,
    "sea": _coast,
    "hills": _hills,
    "forest": _clearing,
}


# ---- what covers them ---------------------------------------------------------------------------


def cover(
    brief: Brief,
    place: tuple[Floats, Floats],
    land: Floats,
    slope: Floats,
    noise: Noise,
    tone: dict[str, Floats],
) -> tuple[Floats, Floats, Floats]:
    """Return the ground's colours and its finest bumps; `slope` is how steep it is."""
    x, y = place
    match brief.subject:
        case "desert":
            return _sand(x, y, noise, tone)
        case "mountains" | "lake":
            return _rock(brief, x, y, land, slope, noise, tone)
        case "sea":
            beach = np.clip(land * 30, 0, 1)
            bumps = 0.11 * noise.rough(x * 2.2, y * 7, 3) * np.exp(-y / 22)
            return (
                times(tone["land"] * 0.7, 1 - beach) + times(tone["second"], beach),
                0.03 * noise.at(x * 8, y * 8),
                bumps,
            )
        case _:
            return _fields(brief, x, y, noise, tone)


def _sand(x: Floats, y: Floats, noise: Noise, tone: dict[str, Floats]) -> tuple[Floats, Floats, Floats]:
    ripple = np.sin(17 * (y + 0.45 * x) + 9 * noise.at(x * 0.8, y * 0.8)) * np.exp(-y / 7.0)
    ripple = ripple * (0.55 + 0.45 * noise.at(x * 0.9 + 4, y * 0.6))
    share = 0.5 + 0.5 * noise.rough(x * 0.3, y * 0.3, 2)
    ground = times(tone["land"], 1 - 0.55 * share) + times(tone["second"] * 0.55, share)
    return ground, 0.05 * ripple, 0.15 * ripple


def _rock(
    brief: Brief, x: Floats, y: Floats, land: Floats, slope: Floats, noise: Noise, tone: dict[str, Floats]
) -> tuple[Floats, Floats, Floats]:
    steep = np.clip(slope - 0.8, 0, 1)
    line = {"winter": 0.25, "summer": 1.9}.get(brief.season, 1.35)
    snow = np.clip((land - line + 0.5 * noise.rough(x, y, 3)) * 1.8, 0, 1) * (1 - 0.6 * steep)
    meadow = np.clip(1.25 - land * 1.15 + 0.4 * noise.rough(x * 2, y * 2, 2), 0, 1) * (1 - steep)
    rock = times(tone["land"], 0.82 + 0.22 * noise.rough(x * 3, y * 3, 3))
    patches = 0.9 + 0.18 * noise.rough(x * 1.3 + 8, y * 1.3, 3)
    ground = rock * (1 - meadow[..., None]) + times(tone["second"], patches * meadow)
    bumps = 0.16 * noise.rough(x * 6, y * 6, 2)
    return ground * (1 - snow[..., None]) + 0.93 * snow[..., None], bumps, 0.6 * bumps


def _fields(
    brief: Brief, x: Floats, y: Floats, noise: Noise, tone: dict[str, Floats]
) -> tuple[Floats, Floats, Floats]:
    field = np.floor(noise.at(x * 0.22 + 3, y * 0.22) * 3.2)
    share = np.clip(0.5 + 0.5 * np.sin(field * 2.4), 0, 1)
    if brief.subject == "forest" or brief.season == "winter":
        share = np.clip(0.5 + 0.6 * noise.rough(x * 0.6, y * 0.6, 4), 0, 1)
    ground = times(tone["land"], 1 - 0.8 * share) + times(tone["second"] * 0.8, share)
    mottled = (0.92 + 0.12 * noise.rough(x * 2.1, y * 2.1, 4))[..., None]
    if brief.subject == "forest" or brief.season == "winter":
        bumps = 0.05 * noise.rough(x * 4, y * 4, 3)
        return ground * mottled, bumps, bumps
    along = np.where(field % 2 == 0, x + 0.4 * y, y - 0.3 * x)
    rows = np.sin(along * 22) * np.clip(1.6 - y / 14, 0, 1) * (field % 3 != 1)
    return ground * mottled * (0.88 + 0.12 * rows[..., None]), 0.2 * rows, 0.09 * rows
