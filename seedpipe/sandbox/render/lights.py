"""What shines: candle, lamp, lantern. Each brings its glow along."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from seedpipe.sandbox.render.colours import linear, mixed
from seedpipe.sandbox.render.geometry import disc, lathe, smooth, tube
from seedpipe.sandbox.render.parts import (
    MATERIALS,
    WARM,
    Label,
    Pack,
    Part,
    around,
    edged,
    plain_ink,
    turned,
)
from seedpipe.sandbox.render.shading import Finish, Glow

if TYPE_CHECKING:
    from seedpipe.sandbox.render.look import Look


def candle(look: Look, materials: list[Finish]) -> Pack:
    """Return a candle in a glass, its lid beside it."""
    glass = next(
        (each for each in materials if each.depth), Finish(colour=look.product, gloss=0.45, depth=0.2)
    )
    if not look.is_neutral and not any(each.depth for each in materials):
        glass = Finish(colour=look.product, gloss=0.45, depth=0.2)
    wax = Finish(colour="#F6E7CC", gloss=0.1, shine=0.35)
    lid = next(
        (each for each in materials if each.colour == MATERIALS["cork"].colour),
        Finish(colour=look.cap, gloss=0.2),
    )
    flame = smooth([(0.735, 0.004), (0.77, 0.03), (0.81, 0.036), (0.88, 0.018), (0.95, 0.003)], 22)
    parts = [
        Part(
            patch=lathe([(0.5, 0.375), (0.82, 0.375)], inward=True),
            finish=replace(glass, shine=0.25),
            layer=1,
        ),
        Part(patch=disc(0.62, 0.374), finish=wax, layer=2),
        *turned([(0.62, 0.01), (0.74, 0.008)], Finish(colour="#2A221C"), 3),
        Part(patch=lathe(flame), finish=Finish(colour="#FFB652", gloss=0.0, shine=2.2), layer=3),
        Part(
            patch=lathe(edged(0, 0.82, 0.4, 0.05)[:-5]),
            finish=replace(glass, shine=0.06, opacity=0.93),
            layer=4,
        ),
        Part(patch=disc(0.805, 0.4, hole=0.93), finish=replace(glass, gloss=0.9), layer=5),
        *[replace(part, layer=6, is_beside=True) for part in _lying_lid(lid)],
    ]
    label = Label(grid=around(0.14, 0.52, 0.402, 46), panel=look.panel, ink=look.ink)
    glow = Glow(at=np.array((0.0, 0.0, 0.9)), reach=0.6, light=linear(WARM) * 1.3)
    return Pack(parts=tuple(parts), height=0.95, reach=0.42, label=label, glow=glow)


def _lying_lid(lid: Finish) -> list[Part]:
    return [
        Part(patch=part.patch.moved(0.5, -0.36), finish=part.finish)
        for part in turned(edged(0, 0.11, 0.27, 0.02), lid)
    ]


def lamp(look: Look, materials: list[Finish]) -> Pack:
    """Return a table lamp."""
    stand = next(
        (each for each in materials if each.colour != MATERIALS["frosted glass"].colour and not each.depth),
        Finish(colour=look.cap, gloss=0.3),
    )
    frosted = any(each.colour == MATERIALS["frosted glass"].colour for each in materials)
    shade = Finish(
        colour="#FFF1DA" if frosted else mixed(look.product, "#FFF1DA", 0.15), gloss=0.12, shine=0.42
    )
    stem = smooth([(0.1, 0.12), (0.14, 0.07), (0.24, 0.05), (0.6, 0.045), (0.66, 0.06), (0.7, 0.09)], 26)
    dome = [
        *smooth(
            [
                (0.66, 0.43),
                (0.72, 0.455),
                (0.86, 0.44),
                (1.06, 0.36),
                (1.2, 0.22),
                (1.26, 0.05),
                (1.265, 0.005),
            ],
            40,
        )
    ]
    cone = [(float(z), 0.48 - 0.32 * (float(z) - 0.66)) for z in np.linspace(0.66, 1.26, 14)]
    parts = [
        *turned(edged(0, 0.1, 0.36, 0.03), stand),
        *turned(stem, stand),
        *turned(dome if frosted else cone, shade, 1, top=not frosted),
        *turned(edged(1.255, 1.31, 0.045, 0.015), stand, 2),
    ]
    trim = Part(
        patch=lathe([(0.652, 0.436), (0.672, 0.446)]), finish=Finish(colour=look.product, gloss=0.3), layer=2
    )
    glow = Glow(at=np.array((0.0, 0.0, 0.8)), reach=1.0, light=linear(WARM) * 0.9)
    grid = around(0.018, 0.085, 0.36, 30)
    label = Label(grid=grid, panel=None, ink=mixed(stand.colour, "#000000", 0.65))
    return Pack(parts=(*parts, trim), height=1.31, reach=0.48, label=label, glow=glow)


def lantern(look: Look, materials: list[Finish]) -> Pack:
    """Return a lantern."""
    coat = Finish(colour=look.product, gloss=0.2)
    grip = Finish(colour="#C79B62" if materials else look.accents[0], gloss=0.05)
    posts = [(math.cos(t) * 0.37, math.sin(t) * 0.37) for t in np.radians((-128, -52, 52, 128))]
    glass = Finish(colour="#FFE9C4", gloss=0.6, shine=0.35, opacity=0.5)
    wax, fire = (
        Finish(colour="#F6E7CC", gloss=0.05, shine=0.4),
        Finish(colour="#FFB652", gloss=0.0, shine=2.4),
    )
    flame = smooth([(0.56, 0.006), (0.61, 0.04), (0.66, 0.045), (0.74, 0.022), (0.82, 0.003)], 20)
    turns = np.linspace(math.radians(8), math.radians(172), 40)
    bail = np.stack((0.34 * np.cos(turns), np.zeros(40), 1.16 + 0.42 * np.sin(turns)), axis=-1)
    roof = smooth([(1.0, 0.45), (1.03, 0.45), (1.1, 0.34), (1.17, 0.2), (1.2, 0.14)], 20)
    parts = [
        Part(patch=tube(bail, 0.02), finish=coat),
        Part(patch=tube(bail[13:27], 0.036), finish=grip),
        *turned(edged(0, 0.14, 0.44, 0.03), coat, 1),
        *[part for x, y in posts if y > 0 for part in _post(x, y, coat, 2)],
        *turned([(0.14, 0.15), (0.55, 0.15)], wax, 3),
        Part(patch=lathe(flame), finish=fire, layer=3),
        Part(patch=lathe([(float(z), 0.35) for z in np.linspace(0.14, 1.0, 6)]), finish=glass, layer=4),
        *[part for x, y in posts if y < 0 for part in _post(x, y, coat, 5)],
        *turned(roof, coat, 6),
        *turned(edged(1.2, 1.26, 0.1, 0.02), coat, 7),
    ]
    glow = Glow(at=np.array((0.0, 0.0, 0.66)), reach=0.8, light=linear(WARM) * 1.2)
    label = Label(grid=around(0.025, 0.118, 0.44, 34), panel=None, ink=plain_ink(look))
    return Pack(parts=tuple(parts), height=1.58, reach=0.46, label=label, glow=glow)


def _post(x: float, y: float, finish: Finish, layer: int) -> list[Part]:
    return [Part(patch=lathe([(0.13, 0.022), (1.02, 0.022)]).moved(x, y), finish=finish, layer=layer)]
