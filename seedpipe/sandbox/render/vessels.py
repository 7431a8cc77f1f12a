"""What holds something: bottles, jars, cans, mugs. Turned, all but a flacon."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from seedpipe.sandbox.render.colours import mixed
from seedpipe.sandbox.render.geometry import disc, lathe, loft, sheet, smooth, tube
from seedpipe.sandbox.render.parts import (
    METAL,
    Label,
    Pack,
    Part,
    around,
    body,
    edged,
    plain_ink,
    turned,
)
from seedpipe.sandbox.render.shading import Finish

if TYPE_CHECKING:
    from seedpipe.sandbox.render.look import Look


def bottle(look: Look, materials: list[Finish]) -> Pack:
    """Return a bottle with a cap."""
    glass = body(look, materials, gloss=0.55, depth=0.3)
    profile = [
        *edged(0, 0.12, 0.29, 0.05)[:8],
        *smooth([(0.12, 0.29), (0.78, 0.29), (0.94, 0.24), (1.1, 0.125), (1.22, 0.1), (1.34, 0.1)], 44),
    ]
    parts = [
        *turned(profile, glass),
        *turned(edged(1.33, 1.52, 0.118, 0.012), Finish(colour=look.cap, gloss=0.3)),
    ]
    label = Label(grid=around(0.2, 0.72, 0.29, 74), panel=look.panel, ink=look.ink)
    return Pack(parts=tuple(parts), height=1.52, reach=0.3, label=label)


def flask(look: Look, _materials: list[Finish]) -> Pack:
    """Return a water bottle with a loop at its lid."""
    coat = Finish(colour=look.product, gloss=0.12)
    lid = Finish(colour=look.cap, gloss=0.2)
    profile = [
        *edged(0, 0.12, 0.27, 0.04)[:8],
        *smooth([(0.12, 0.27), (0.92, 0.27), (1.04, 0.245), (1.12, 0.19), (1.17, 0.18)], 44),
    ]
    turns = np.linspace(0.12, math.pi - 0.12, 26)
    loop = np.stack((0.15 * np.cos(turns), np.zeros_like(turns), 1.36 + 0.13 * np.sin(turns)), axis=-1)
    parts = [
        *turned(profile, coat),
        *turned([(1.16, 0.192), (1.19, 0.192)], METAL, 1),
        Part(patch=tube(loop, 0.03), finish=lid, layer=1),
        *turned(edged(1.19, 1.38, 0.205, 0.025), lid, 2),
    ]
    label = Label(grid=around(0.3, 0.86, 0.27, 58), panel=None, ink=plain_ink(look))
    return Pack(parts=tuple(parts), height=1.49, reach=0.28, label=label)


def dropper(look: Look, materials: list[Finish]) -> Pack:
    """Return a dropper bottle."""
    glass = body(look, materials, gloss=0.5, depth=0.3)
    profile = [
        *edged(0, 0.12, 0.29, 0.05)[:8],
        *smooth([(0.12, 0.29), (0.66, 0.29), (0.76, 0.27), (0.84, 0.16), (0.88, 0.13), (0.93, 0.13)], 40),
    ]
    cap = Finish(colour=look.cap, gloss=0.15)
    bulb = smooth(
        [(1.1, 0.125), (1.13, 0.115), (1.22, 0.098), (1.36, 0.075), (1.44, 0.05), (1.47, 0.012)], 24
    )
    parts = [
        *turned(profile, glass),
        *turned(edged(0.9, 1.1, 0.165, 0.014), replace(cap, gloss=0.35)),
        *turned(bulb, cap, top=False),
    ]
    label = Label(grid=around(0.12, 0.58, 0.29, 72), panel=look.panel, ink=look.ink)
    return Pack(parts=tuple(parts), height=1.47, reach=0.3, label=label)


def pump(look: Look, materials: list[Finish]) -> Pack:
    """Return a bottle with a pump."""
    glass = body(look, materials, gloss=0.35)
    profile = [
        *edged(0, 0.12, 0.32, 0.06)[:8],
        *smooth([(0.12, 0.32), (0.8, 0.32), (0.92, 0.29), (0.98, 0.15), (1.02, 0.13)], 40),
    ]
    cap = Finish(colour=look.cap, gloss=0.3)
    nozzle = np.array([(0, 0, 1.4), (0.05, 0, 1.405), (0.2, 0, 1.4), (0.31, 0, 1.385), (0.335, 0, 1.34)])
    parts = [
        *turned(profile, glass),
        *turned(edged(1.0, 1.14, 0.165, 0.012), cap),
        *turned([(1.14, 0.05), (1.34, 0.05)], cap, top=False),
        *turned(edged(1.33, 1.45, 0.115, 0.03), cap, 1),
        Part(patch=tube(nozzle, 0.038), finish=cap, layer=1),
    ]
    label = Label(grid=around(0.16, 0.74, 0.32, 70), panel=look.panel, ink=look.ink)
    return Pack(parts=tuple(parts), height=1.46, reach=0.35, label=label)


def flacon(look: Look, materials: list[Finish]) -> Pack:
    """Return a flacon: coloured glass in clear glass."""
    glass = body(look, materials, gloss=0.75, depth=0.45)
    outer = replace(glass, colour=mixed(glass.colour, "#FFFFFF", 0.35), opacity=0.62, depth=0.3)
    shoulders = [
        (z, 0.40 - cut, 0.20 - cut)
        for z, cut in ((0, 0.03), (0.02, 0.008), (0.05, 0), (0.4, 0), (0.74, 0), (0.78, 0.01), (0.8, 0.04))
    ]
    inner = [(z, 0.335, 0.14) for z in np.linspace(0.09, 0.66, 6)]
    cap = Finish(colour=look.cap, gloss=0.4)
    parts = [
        Part(patch=loft(inner, power=7), finish=glass),
        Part(
            patch=disc(0.66, 0.335, 0.14, power=7),
            finish=replace(glass, colour=mixed(glass.colour, "#FFFFFF", 0.3)),
        ),
        Part(patch=loft(shoulders, power=8), finish=outer, layer=1),
        Part(patch=disc(0.8, 0.36, 0.16, power=8), finish=outer, layer=1),
        *turned([(0.8, 0.1), (0.87, 0.1)], METAL, 2),
        *turned(edged(0.86, 1.14, 0.155, 0.015), cap, 3),
    ]
    grid = sheet((-0.25, -0.206, 0.2), (0.5, 0, 0), (0, 0, 0.34))
    return Pack(
        parts=tuple(parts), height=1.14, reach=0.42, label=Label(grid=grid, panel=look.panel, ink=look.ink)
    )


def jar(look: Look, materials: list[Finish]) -> Pack:
    """Return a jar with a lid."""
    glass = body(look, materials, gloss=0.4, depth=0.15)
    lid = Finish(colour=look.cap, gloss=0.25)
    parts = [
        *turned(edged(0, 0.5, 0.5, 0.07), glass),
        *turned([(0.5, 0.44), (0.53, 0.44)], glass),
        *turned(edged(0.53, 0.78, 0.505, 0.035), lid),
    ]
    label = Label(grid=around(0.1, 0.42, 0.5, 62), panel=None, ink=plain_ink(look))
    return Pack(parts=tuple(parts), height=0.78, reach=0.51, label=label)


def can(look: Look, _materials: list[Finish]) -> Pack:
    """Return a drinks can."""
    body = Finish(colour=look.product, gloss=0.5, metal=0.12)
    foot = smooth([(0.0, 0.2), (0.025, 0.225), (0.09, 0.29)], 10)
    neck = smooth([(1.0, 0.29), (1.06, 0.265), (1.1, 0.24), (1.115, 0.235)], 12)
    parts = [
        *turned(foot, METAL, top=False),
        *turned([(float(z), 0.29) for z in np.linspace(0.09, 1.0, 10)], body, top=False),
        *turned(neck, body, top=False),
        *turned([(1.115, 0.243), (1.14, 0.243)], METAL, top=False),
        Part(
            patch=lathe([(1.112, 0.214), (1.14, 0.22)], inward=True), finish=replace(METAL, colour="#8E9195")
        ),
        Part(patch=disc(1.14, 0.243, hole=0.88), finish=METAL, layer=1),
        Part(patch=disc(1.118, 0.214), finish=replace(METAL, colour="#AEB1B5"), layer=1),
        Part(patch=disc(1.126, 0.05, 0.09).moved(0, -0.06), finish=METAL, layer=1),
    ]
    label = Label(grid=around(0.16, 0.94, 0.29, 66), panel=look.panel, ink=look.ink, gloss=0.4)
    return Pack(parts=tuple(parts), height=1.14, reach=0.3, label=label)


def mug(look: Look, _materials: list[Finish]) -> Pack:
    """Return a mug: its handle is a ring that can be looked through."""
    clay = Finish(colour=look.product, gloss=0.35)
    turns = np.linspace(-math.pi * 0.44, math.pi * 0.44, 30)
    handle = np.stack(
        (0.37 + 0.26 * np.cos(turns) ** 0.8, np.zeros_like(turns), 0.40 + 0.235 * np.sin(turns)), axis=-1
    )
    ends = np.array([(0.36, 0, 0.172)]), np.array([(0.36, 0, 0.628)])
    outer = [
        *edged(0, 0.2, 0.385, 0.09)[:9],
        *[(float(z), 0.385 + 0.012 * float(z)) for z in np.linspace(0.22, 0.8, 10)],
    ]
    parts = [
        Part(
            patch=tube(np.concatenate((ends[0], handle, ends[1])), 0.052).moved(0, 0, turn=-16), finish=clay
        ),
        Part(
            patch=lathe([(float(z), 0.362) for z in np.linspace(0.1, 0.8, 8)], inward=True),
            finish=replace(clay, colour=mixed(look.product, "#FFFFFF", 0.12)),
            layer=1,
        ),
        Part(patch=disc(0.66, 0.36), finish=Finish(colour="#3A2115", gloss=0.35), layer=2),
        Part(patch=disc(0.66, 0.36, hole=0.93), finish=Finish(colour="#8A5A36", gloss=0.2), layer=2),
        Part(patch=lathe(outer), finish=clay, layer=3),
        Part(patch=disc(0.8, 0.395, hole=0.91), finish=clay, layer=4),
    ]
    label = Label(grid=around(0.2, 0.66, 0.392, 52), panel=None, ink=plain_ink(look))
    return Pack(parts=tuple(parts), height=0.8, reach=0.5, label=label)


def vase(look: Look, _materials: list[Finish]) -> Pack:
    """Return a vase."""
    clay = Finish(colour=look.product, gloss=0.3)
    profile = smooth(
        [
            (0, 0.17),
            (0.03, 0.2),
            (0.3, 0.37),
            (0.55, 0.38),
            (0.85, 0.2),
            (1.0, 0.12),
            (1.1, 0.13),
            (1.2, 0.18),
        ],
        60,
    )
    parts = [
        Part(
            patch=lathe([(1.05, 0.11), (1.2, 0.17)], inward=True),
            finish=replace(clay, colour=mixed(look.product, "#000000", 0.4)),
        ),
        *turned(profile, clay, 1, top=False),
        Part(patch=disc(1.2, 0.18, hole=0.9), finish=clay, layer=2),
    ]
    return Pack(parts=tuple(parts), height=1.2, reach=0.38)


def tumbler(look: Look, _materials: list[Finish]) -> Pack:
    """Return a glass of something."""
    glass = Finish(colour="#E3ECEA", gloss=0.8, depth=0.35, opacity=0.4)
    drink = Finish(colour=look.product, gloss=0.3, depth=0.35, opacity=0.95)
    parts = [
        *turned([(0.08, 0.255), (0.4, 0.275), (0.72, 0.295)], drink),
        Part(patch=lathe([(0.0, 0.29), (0.5, 0.315), (0.95, 0.335)]), finish=glass, layer=1),
        Part(patch=disc(0.95, 0.335, hole=0.94), finish=replace(glass, opacity=0.8), layer=2),
    ]
    return Pack(parts=tuple(parts), height=0.95, reach=0.34)
