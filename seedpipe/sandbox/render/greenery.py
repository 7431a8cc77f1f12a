"""What grows: trees, bushes and potted plants, in the leaves of their season.

Hides how leaves are faked: clumps of balls, and blades that bend.
"""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Final

import numpy as np

from seedpipe.sandbox.render.colours import mixed
from seedpipe.sandbox.render.geometry import ball, tube
from seedpipe.sandbox.render.parts import Part, turned
from seedpipe.sandbox.render.shading import Finish

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAF: Final = "#4E6B47"
_PALER: Final = "#A9C08C"
_LEAVES: Final = {
    "spring": ("#7FA457", "#A5C276", "#F2C9D0"),
    "autumn": ("#B5562A", "#D08A35", "#8C3F24"),
    "winter": ("#4A5E50", "#DDE4E6", "#EEF2F2"),
}
_SUMMER: Final = (LEAF, "#6A8A55", "#86A468")
_GRASS: Final = {"spring": "#8DB266", "autumn": "#A59A58", "winter": "#EDF1F3"}


def leaves(season: str) -> Sequence[str]:
    """Return three colours of leaves; in winter they are evergreens under snow."""
    return _LEAVES.get(season, _SUMMER)


def grass(season: str) -> str:
    """Return the colour of a lawn; in winter it is snow."""
    return _GRASS.get(season, "#7C9B58")


def tree(x: float, y: float, high: float, season: str, seed: int) -> list[Part]:
    """Return a tree with a round crown."""
    chance = random.Random(seed)
    bark = Finish(colour="#6B5140", gloss=0.02)
    crown = []
    for index in range(9):
        turn, out = index * 2.4, 0.22 * high * (0.35 + 0.65 * chance.random())
        z = high * (0.62 + 0.3 * chance.random())
        radius = high * (0.15 + 0.09 * chance.random())
        colour = leaves(season)[index % 3] if season in _LEAVES else mixed(LEAF, _PALER, 0.12 * (index % 4))
        at = x + out * math.cos(turn), y + 0.5 * out * math.sin(turn), z
        crown.append(
            (at, Part(patch=ball(radius, flat=0.85).moved(*at), finish=Finish(colour=colour, gloss=0.02)))
        )
    crown.sort(key=lambda each: (-each[0][1], each[0][2]))
    trunk = turned([(0, 0.05 * high), (0.1 * high, 0.035 * high), (0.7 * high, 0.02 * high)], bark, at=(x, y))
    return [*trunk, *[part for _, part in crown]]


def bush(x: float, y: float, size: float, season: str) -> list[Part]:
    """Return three clumps."""
    tones = leaves(season)
    return [
        Part(
            patch=ball(size * share, flat=0.8).moved(x + size * over, y, size * share * 0.62),
            finish=Finish(colour=tones[index], gloss=0.02),
        )
        for index, (over, share) in enumerate(((-0.75, 0.7), (0.7, 0.75), (0.0, 1.0)))
    ]


def clipped(x: float, y: float, pot: str, season: str) -> list[Part]:
    """Return a clipped tree in a pot, as it stands beside a door."""
    tone = leaves(season)[0]
    crown = [
        Part(
            patch=ball(radius).moved(x, y, z),
            finish=Finish(colour=mixed(tone, _PALER, share), gloss=0.05),
        )
        for radius, z, share in ((0.3, 0.62, 0.0), (0.24, 0.92, 0.15), (0.16, 1.16, 0.3))
    ]
    return [*turned([(0, 0.15), (0.3, 0.19), (0.34, 0.19)], Finish(colour=pot, gloss=0.1), at=(x, y)), *crown]


def plant(x: float, y: float, pot: str) -> list[Part]:
    """Return a house plant with long leaves."""
    vessel = [(0, 0.13), (0.02, 0.14), (0.2, 0.17), (0.36, 0.18)]
    parts = turned(vessel, Finish(colour=pot, gloss=0.1), at=(x, y))
    rise = np.linspace(0, 1, 12)
    wide = 0.012 + 0.075 * np.sin(math.pi * np.linspace(0.02, 0.98, 12)) ** 1.3
    for k in range(11):
        turn, lean = k * 2.4, 0.16 + 0.035 * k
        out = lean * rise * rise
        path = np.stack(
            (x + 1.1 * out * math.cos(turn), y + out * math.sin(turn), 0.34 + rise * (1.15 - 0.06 * k)),
            axis=-1,
        )
        finish = Finish(colour=mixed(LEAF, _PALER, 0.06 * k), gloss=0.12)
        parts.append(Part(patch=tube(path, wide, 16), finish=finish, layer=2))
    return parts
