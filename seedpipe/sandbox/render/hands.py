"""A hand that holds a pack, so that its label still reads.

Hides anatomy: fingers go round the back and come out at the left, the thumb lies on the front at the right.
What is behind the pack and what is before it are painted apart. Nobody is meant: the request's seed chooses.
"""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Final

import numpy as np

from seedpipe.sandbox.render.geometry import ball, tube
from seedpipe.sandbox.render.parts import Part

if TYPE_CHECKING:
    from seedpipe.sandbox.render.colours import Floats
    from seedpipe.sandbox.render.parts import Pack
    from seedpipe.sandbox.render.shading import Finish

SKINS: Final = ("#F0C9AC", "#E6B793", "#D9A27C", "#B97F56", "#8D5A3B", "#5E3B28")  # from light to dark
_THICK: Final = 0.056  # half of a finger
_APART: Final = 0.118  # finger to finger


def skin_of(seed: int) -> str:
    """Return the skin of whoever is seen in a set's pictures."""
    return random.Random(seed + 1).choice(SKINS)


def hand(ware: Pack, skin: Finish, sleeve: Finish, size: float = 1.0) -> tuple[list[Part], list[Part]]:
    """Return what is behind a pack and what is before it; at `size` 1 a bottle is a little longer than it."""
    size = min(size, ware.height / 0.62)
    grip = ware.height * 0.36
    half, deep = _girth(ware, grip)
    thick = _THICK * size

    def around(degrees: Floats, z: Floats | float) -> Floats:
        turns = np.radians(degrees)
        out = thick * 0.75
        return np.stack(
            ((half + out) * np.cos(turns), (deep + out) * np.sin(turns), np.broadcast_to(z, turns.shape)),
            axis=-1,
        )

    behind: list[Part] = [
        *_arm(np.array((half + 0.1 * size, deep * 0.5, grip - 0.1 * size)), size, skin, sleeve),
        Part(
            patch=ball(0.25 * size, wide=0.62, flat=1.05).moved(
                half + 0.06 * size, deep * 0.4, grip - 0.04 * size
            ),
            finish=skin,
        ),
    ]
    before: list[Part] = []
    for index in range(4):
        z = grip + (1.5 - index) * _APART * size
        reach = (236, 246, 242, 228)[index]
        behind.append(Part(patch=tube(around(np.linspace(40, 200, 22), z), thick, 22), finish=skin))
        tip = around(np.linspace(176, reach, 16), z)
        before.append(Part(patch=tube(tip, _rounded(16, thick), 22), finish=skin))
    bent = min(84.0, math.degrees(0.44 * size / half))
    thumb = around(np.linspace(12, 12 - bent, 18), np.linspace(grip - 0.16 * size, grip + 0.16 * size, 18))
    before.append(Part(patch=tube(thumb, _rounded(18, thick * 1.18), 24), finish=skin))
    return behind, before


def _girth(ware: Pack, z: float) -> tuple[float, float]:
    """Return half of a pack's width and depth at a height."""
    points = np.concatenate([part.patch.points.reshape(-1, 3) for part in ware.parts if not part.is_beside])
    near = points[np.abs(points[:, 2] - z) < 0.2 * ware.height]
    near = near if len(near) else points
    # A handle reaches out on one side only; it is not what the fingers go round.
    return float(min(near[:, 0].max(), -near[:, 0].min())), float(max(np.abs(near[:, 1]).max(), 0.06))


def _rounded(count: int, thick: float) -> Floats:
    """Return the thickness along a finger, its tip round."""
    to_tip = np.linspace(1, 0, count)
    return thick * np.sqrt(np.clip(1 - np.clip(1 - to_tip / 0.2, 0, 1) ** 2, 0.02, 1))


def _arm(wrist: Floats, size: float, skin: Finish, sleeve: Finish) -> list[Part]:
    down = np.array(
        ((0.0, 0.0, 0.0), (0.2, 0.1, -0.42), (0.52, 0.2, -1.0), (1.0, 0.3, -1.9), (1.7, 0.4, -3.2))
    )
    path = wrist + down * size
    cuff = 0.45 * path[1] + 0.55 * path[2]
    return [
        Part(patch=tube(path[:4], np.array((0.15, 0.14, 0.17, 0.2)) * size, 40), finish=skin),
        Part(
            patch=tube(np.stack((cuff, *path[2:])), np.array((0.215, 0.24, 0.28, 0.34)) * size, 40),
            finish=sleeve,
        ),
    ]
