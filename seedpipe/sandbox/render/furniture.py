"""Furniture, and which pieces stand in which room, far to near.

Hides how a sofa is built: boxes with soft edges, turned feet, boards.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from seedpipe.sandbox.render.colours import mixed
from seedpipe.sandbox.render.geometry import ball, disc
from seedpipe.sandbox.render.greenery import plant
from seedpipe.sandbox.render.parts import Part, crate, cushion, turned
from seedpipe.sandbox.render.shading import Finish

if TYPE_CHECKING:
    from collections.abc import Callable

    from seedpipe.sandbox.render.look import Look

OAK: Final = "#B98B5A"
_OAK: Final = Finish(colour=OAK, gloss=0.1)
_BRASS: Final = Finish(colour="#B8924A", gloss=0.4, metal=0.6)
_DARK: Final = Finish(colour="#2F3033", gloss=0.3)
_STONE: Final = Finish(colour="#EDE9E2", gloss=0.3)


def furnished(room: str, look: Look, *, clear_left: bool = False) -> list[list[Part]]:
    """Return the pieces of a room by name, far to near; `clear_left`: without those at its left end."""
    pieces = _ROOMS[room](look)
    if not clear_left:
        return pieces
    return [
        parts for parts in pieces if max(float(part.patch.points[..., 0].mean()) for part in parts) > -1.5
    ]


def _soft(colour: str) -> Finish:
    return Finish(colour=colour, gloss=0.03)


def _glazed(colour: str) -> Finish:
    return Finish(colour=colour, gloss=0.3)


# ---- pieces -------------------------------------------------------------------------------------


def _rug(look: Look, x: float, y: float, wide: float, deep: float) -> list[Part]:
    inner = mixed(look.accents[0], "#FFFFFF", 0.25)
    return [
        Part(patch=disc(0.012, wide, deep).moved(x, y), finish=Finish(colour=look.accents[0], gloss=0.0)),
        Part(
            patch=disc(0.016, wide * 0.8, deep * 0.8).moved(x, y),
            finish=Finish(colour=inner, gloss=0.0),
            layer=1,
        ),
    ]


def _floor_lamp(x: float, y: float, colour: str) -> list[Part]:
    shade = Finish(colour=mixed("#FFF1DA", colour, 0.12), gloss=0.0, shine=0.5)
    cone = [(1.5 + 0.42 * k / 7, 0.3 - 0.12 * k / 7) for k in range(8)]
    return [
        *turned([(0, 0.2), (0.03, 0.2)], _BRASS, at=(x, y)),
        *turned([(0.03, 0.018), (1.6, 0.018)], _BRASS, top=False, at=(x, y)),
        *turned(cone, shade, 1, at=(x, y)),
    ]


def _pendant(x: float, y: float, colour: str) -> list[Part]:
    return [
        *turned([(2.1, 0.2), (2.2, 0.16), (2.3, 0.05)], Finish(colour=colour, gloss=0.25), at=(x, y)),
        *turned([(2.3, 0.008), (2.9, 0.008)], Finish(colour="#2A2A2C"), top=False, at=(x, y)),
    ]


def _vase(x: float, y: float, z: float, colour: str) -> list[Part]:
    profile = [(0, 0.05), (0.07, 0.08), (0.13, 0.075), (0.19, 0.045), (0.25, 0.05)]
    return turned([(z + rise, radius) for rise, radius in profile], _glazed(colour), at=(x, y))


def _chair(x: float, y: float, colour: str, *, away: bool) -> list[Part]:
    """Return a chair at a table; one that is turned `away` shows its back."""
    legs = [
        part
        for dx in (-0.2, 0.2)
        for dy in (0.18, -0.18)
        for part in turned([(0, 0.018), (0.42, 0.024)], _OAK, at=(x + dx, y + dy))
    ]
    seat = cushion((x, y, 0.42), (0.25, 0.23, 0.07), _soft(colour), layer=2)
    back = cushion(
        (x, y + (-0.22 if away else 0.22), 0.6), (0.24, 0.035, 0.34), _soft(colour), layer=3 if away else 1
    )
    return [*legs, *back, *seat]


def _sofa(look: Look) -> list[list[Part]]:
    sofa, pale = _soft(look.product), _soft(mixed(look.product, "#FFFFFF", 0.12))
    legs = [
        part
        for x in (-1.05, 1.05)
        for y in (0.6, 1.2)
        for part in turned([(0, 0.025), (0.16, 0.035)], _OAK, at=(x, y))
    ]
    return [
        legs,
        cushion((0, 1.25, 0.2), (1.2, 0.17, 0.68), sofa),
        cushion((-1.2, 0.92, 0.16), (0.16, 0.46, 0.48), sofa),
        cushion((1.2, 0.92, 0.16), (0.16, 0.46, 0.48), sofa),
        cushion((0, 0.92, 0.14), (1.12, 0.44, 0.2), sofa),
        cushion((-0.53, 0.86, 0.33), (0.52, 0.42, 0.15), pale),
        cushion((0.53, 0.86, 0.33), (0.52, 0.42, 0.15), pale),
        cushion((-0.78, 1.0, 0.47), (0.24, 0.09, 0.4), _soft(look.accents[0])),
        cushion((0.62, 1.0, 0.47), (0.22, 0.09, 0.36), _soft(look.accents[1])),
    ]


# ---- rooms --------------------------------------------------------------------------------------


def _living(look: Look) -> list[list[Part]]:
    table = [
        *turned([(0, 0.26), (0.3, 0.1), (0.36, 0.1)], _OAK, at=(0.15, -0.1)),
        *turned([(0.36, 0.56), (0.4, 0.58), (0.43, 0.57)], replace(_OAK, gloss=0.14), at=(0.15, -0.1)),
    ]
    return [
        _rug(look, 0.1, 0.0, 1.75, 0.8),
        plant(-1.85, 1.05, look.accents[1]),
        _floor_lamp(1.75, 1.1, look.accents[0]),
        *_sofa(look),
        table,
        _vase(0.35, -0.15, 0.43, look.accents[1]),
        crate((-0.1, -0.15, 0.43), (0.34, 0.24, 0.05), Finish(colour=look.accents[0], gloss=0.05)),
    ]


def _bedroom(look: Look) -> list[list[Part]]:
    linen = _soft(mixed(look.accents[0], "#FFFFFF", 0.6))
    pillow = _soft("#F6F2EA")
    return [
        _rug(look, 0.1, -0.1, 1.9, 0.9),
        plant(-1.9, 1.2, look.accents[1]),
        cushion((0, 1.45, 0.0), (1.25, 0.09, 1.05), _soft(mixed(look.product, OAK, 0.25))),
        crate((1.65, 1.25, 0), (0.46, 0.42, 0.5), _OAK),
        _floor_lamp(2.15, 1.2, look.accents[0]),
        _vase(1.65, 1.2, 0.5, look.accents[1]),
        cushion((0, 0.5, 0.06), (1.12, 0.95, 0.26), _soft(mixed(OAK, "#FFFFFF", 0.1))),
        cushion((0, 0.5, 0.3), (1.08, 0.92, 0.22), linen),
        cushion((-0.5, 1.18, 0.5), (0.42, 0.15, 0.34), pillow),
        cushion((0.5, 1.18, 0.5), (0.42, 0.15, 0.34), pillow),
        cushion((0.05, 1.0, 0.5), (0.3, 0.1, 0.28), _soft(look.accents[1])),
        cushion((0, 0.2, 0.36), (1.14, 0.68, 0.21), _soft(look.product)),
        cushion((0, -0.2, 0.43), (1.15, 0.22, 0.17), _soft(mixed(look.product, "#FFFFFF", 0.3))),
    ]


def _kitchen(look: Look) -> list[list[Part]]:
    front = Finish(colour=look.product, gloss=0.05)
    counter = crate(
        (0, 1.2, 0), (3.8, 0.64, 0.86), replace(front, colour=mixed(look.product, "#000000", 0.25))
    )
    doors = [
        part for k in range(6) for part in crate((-1.55 + 0.62 * k, 0.87, 0.1), (0.58, 0.02, 0.7), front)
    ]
    island = [
        *crate((0, -0.05, 0), (2.0, 0.7, 0.86), replace(front, colour=mixed(look.product, "#FFFFFF", 0.15))),
        *crate((0, -0.05, 0.86), (2.2, 0.85, 0.06), _STONE, layer=1),
    ]
    return [
        counter,
        doors,
        crate((0, 1.18, 0.86), (3.9, 0.7, 0.05), _STONE),
        *_shelf(look),
        plant(-2.15, 1.1, look.accents[1]),
        [part for x in (-0.6, 0.7) for part in _pendant(x, 0.1, look.accents[0])],
        island,
        _fruit(look, 0.35, -0.1, 0.92),
        [part for x in (-0.75, 0.0, 0.75) for part in _stool(x, -0.75, look.accents[1])],
    ]


def _shelf(look: Look) -> list[list[Part]]:
    tins = (look.accents[0], look.accents[1], look.accents[2], "#F4EFE6")
    jars = [
        part
        for k, colour in enumerate(tins)
        for part in turned(
            [(1.6, 0.09), (1.78 + 0.05 * (k % 2), 0.09), (1.82 + 0.05 * (k % 2), 0.06)],
            _glazed(colour),
            at=(0.35 + 0.36 * k, 1.4),
        )
    ]
    return [crate((0.9, 1.42, 1.55), (1.7, 0.28, 0.05), _OAK), jars]


def _stool(x: float, y: float, colour: str) -> list[Part]:
    foot = [(0, 0.16), (0.02, 0.16), (0.03, 0.025), (0.58, 0.025)]
    seat = [(0.58, 0.17), (0.62, 0.19), (0.65, 0.18)]
    return [
        *turned(foot, _DARK, top=False, at=(x, y)),
        *turned(seat, Finish(colour=colour, gloss=0.05), at=(x, y)),
    ]


def _fruit(look: Look, x: float, y: float, z: float) -> list[Part]:
    bowl = [(0.0, 0.08), (0.03, 0.14), (0.1, 0.2), (0.13, 0.21)]
    pieces = [
        Part(
            patch=ball(0.07).moved(x + 0.1 * math.cos(t), y - 0.02 + 0.06 * math.sin(t), z + 0.16),
            finish=Finish(colour=look.accents[1], gloss=0.25),
            layer=3,
        )
        for t in (0.2, 2.2, 4.2)
    ]
    return [
        *turned([(z + rise, radius) for rise, radius in bowl], _glazed(look.accents[0]), at=(x, y)),
        *pieces,
    ]


def _dining(look: Look) -> list[list[Part]]:
    top = [
        part
        for x in (-0.95, 0.95)
        for y in (0.4, -0.15)
        for part in turned([(0, 0.03), (0.7, 0.045)], _OAK, at=(x, y))
    ]
    seats = (-0.6, 0.05, 0.7)
    return [
        _rug(look, 0.05, 0.0, 1.9, 0.85),
        crate((1.5, 1.35, 0), (1.3, 0.42, 0.72), replace(_OAK, colour=mixed(OAK, "#3A2A1C", 0.25))),
        _vase(1.2, 1.3, 0.72, look.accents[0]),
        plant(-1.95, 1.15, look.accents[1]),
        *[_chair(x, 0.72, look.product, away=False) for x in seats],
        top,
        crate((0.05, 0.12, 0.7), (2.3, 0.95, 0.06), replace(_OAK, gloss=0.15)),
        _fruit(look, 0.1, 0.15, 0.76),
        *[_chair(x, -0.55, look.product, away=True) for x in seats],
        [part for x in (-0.45, 0.55) for part in _pendant(x, 0.1, look.accents[0])],
    ]


def _office(look: Look) -> list[list[Part]]:
    screen = [
        *turned([(0.74, 0.14), (0.755, 0.14), (0.76, 0.02), (0.95, 0.02)], _DARK, at=(0.1, 0.95)),
        *crate((0.1, 0.93, 0.92), (0.95, 0.04, 0.56), _DARK, layer=1),
        *crate((0.1, 0.905, 0.945), (0.9, 0.01, 0.51), Finish(colour=look.accents[0], gloss=0.3), layer=2),
    ]
    desk = [
        *crate((-0.95, 0.75, 0), (0.05, 0.66, 0.7), _OAK),
        *crate((0.95, 0.75, 0), (0.5, 0.66, 0.7), Finish(colour=look.product, gloss=0.05)),
        *crate((0.1, 0.75, 0.7), (2.2, 0.74, 0.045), replace(_OAK, gloss=0.14), layer=1),
    ]
    books = [
        part
        for k, colour in enumerate(
            (look.accents[0], look.product, look.accents[1], "#F4EFE6", look.accents[0])
        )
        for part in crate((0.3 + 0.1 * k, 1.42, 1.6), (0.08, 0.2, 0.26 + 0.04 * (k % 3)), _soft(colour))
    ]
    seat = [
        *turned([(0.05, 0.26), (0.09, 0.04), (0.4, 0.035)], _DARK, top=False, at=(0.05, -0.1)),
        *cushion((0.05, -0.1, 0.42), (0.28, 0.27, 0.1), _soft(look.product), layer=1),
        *cushion((0.05, -0.36, 0.58), (0.27, 0.05, 0.52), _soft(look.product), layer=2),
    ]
    return [
        _rug(look, 0.05, -0.1, 1.7, 0.75),
        crate((0.75, 1.42, 1.55), (1.5, 0.26, 0.05), _OAK),
        books,
        plant(-1.85, 1.05, look.accents[1]),
        _floor_lamp(1.9, 1.1, look.accents[0]),
        desk,
        screen,
        _vase(-0.7, 0.8, 0.745, look.accents[1]),
        seat,
    ]


_ROOMS: Final[dict[str, Callable[[Look], list[list[Part]]]]] = {
    "bedroom": _bedroom,
    "dining": _dining,
    "kitchen": _kitchen,
    "living": _living,
    "office": _office,
}
