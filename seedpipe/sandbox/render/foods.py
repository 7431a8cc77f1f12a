"""What is eaten, in a bowl, on a plate, in a cone. Dishes are the product's colour, food is its own."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from seedpipe.sandbox.render.colours import mixed
from seedpipe.sandbox.render.geometry import ball, disc, lathe, patch, smooth, tube
from seedpipe.sandbox.render.parts import Pack, Part, crate, edged, turned
from seedpipe.sandbox.render.shading import Finish

if TYPE_CHECKING:
    from seedpipe.sandbox.render.geometry import Patch
    from seedpipe.sandbox.render.look import Look

_HERB: Final = Finish(colour="#5E8C3A", gloss=0.08)
_BROTH: Final = Finish(colour="#C98A45", gloss=0.35)
_BUN: Final = Finish(colour="#CC8A45", gloss=0.3)
_TOMATO: Final = Finish(colour="#D4523B", gloss=0.3)
_NOODLE: Final = Finish(colour="#EBCB82", gloss=0.15)


def bowl(look: Look, _materials: list[Finish]) -> Pack:
    """Return a bowl of soup with something in it."""
    clay = Finish(colour=look.product, gloss=0.35)
    inside = replace(clay, colour=mixed(look.product, "#FFFFFF", 0.2))
    outer = smooth([(0.0, 0.2), (0.04, 0.22), (0.1, 0.32), (0.24, 0.46), (0.46, 0.56)], 36)
    noodles = [
        Part(patch=_coil(0.13 + 0.012 * k, 0.014).moved(-0.16, 0.05, 0.352 + 0.012 * k), finish=_NOODLE)
        for k in range(6)
    ]
    toppings = [
        *noodles,
        *_egg(0.2, -0.12, 0.36),
        *[Part(patch=ball(0.05, flat=0.5).moved(x, y, 0.37), finish=_HERB) for x, y in _SPRINKLED],
        Part(patch=ball(0.1, flat=0.35).moved(0.22, 0.2, 0.365), finish=Finish(colour="#D4523B", gloss=0.2)),
    ]
    parts = [
        Part(patch=lathe([(0.3, 0.47), (0.46, 0.53)], inward=True), finish=inside, layer=1),
        Part(patch=disc(0.35, 0.5), finish=_BROTH, layer=2),
        *[replace(part, layer=3 + index) for index, part in enumerate(toppings)],
        Part(patch=lathe(outer), finish=clay, layer=30),
        Part(patch=disc(0.46, 0.56, hole=0.945), finish=clay, layer=31),
    ]
    return Pack(parts=tuple(parts), height=0.5, reach=0.56)


_SPRINKLED: Final = ((0.02, -0.26), (0.1, 0.1), (-0.05, 0.28), (0.34, 0.02), (-0.3, -0.16))


def plate(look: Look, _materials: list[Finish]) -> Pack:
    """Return a plate with something on it that nobody could name, among leaves."""
    chance = random.Random(look.seed)
    tones = ("#D9A05B", "#C7793F", "#E7C98B", "#A8562F")
    mounds = [
        _lump(x, y, 0.16, size, Finish(colour=tones[k], gloss=0.12))
        for k, (x, y, size) in enumerate(
            ((0.02, 0.18, 0.2), (-0.2, 0.02, 0.19), (0.2, 0.0, 0.18), (0.0, -0.12, 0.16))
        )
    ]
    leaves = [
        _lump(
            0.36 * math.cos(turn),
            0.36 * math.sin(turn),
            0.1,
            0.08 + 0.03 * chance.random(),
            replace(_HERB, colour=mixed(_HERB.colour, "#9CC06A", chance.random())),
        )
        for turn in (2.5 + 0.42 * k for k in range(9))
    ]
    return _served(look, [*leaves, *mounds], 0.36)


def pasta(look: Look, _materials: list[Finish]) -> Pack:
    """Return a nest of pasta on a plate, with herbs."""
    chance = random.Random(look.seed)
    nest = [
        Part(
            patch=_coil(0.3 - 0.017 * k, 0.026, lean=chance.uniform(-0.05, 0.05)).moved(
                chance.uniform(-0.04, 0.04), chance.uniform(-0.04, 0.04), 0.1 + 0.021 * k
            ),
            finish=replace(_NOODLE, colour=mixed(_NOODLE.colour, "#C9903F", 0.25 * chance.random())),
        )
        for k in range(12)
    ]
    garnish = [
        Part(patch=ball(0.09, flat=0.28).moved(x, y, 0.36 - 0.5 * abs(x)), finish=finish)
        for x, y, finish in (
            (-0.06, 0.06, _HERB),
            (0.1, 0.0, replace(_HERB, colour="#79A84C")),
            (0.0, -0.09, replace(_HERB, colour="#4E7A33")),
            (0.17, -0.12, _TOMATO),
        )
    ]
    return _served(look, [*nest, *garnish], 0.42)


def pancakes(look: Look, _materials: list[Finish]) -> Pack:
    """Return a stack of pancakes with butter and berries."""
    rim = Finish(colour="#B9763A", gloss=0.1)
    stack = [
        part
        for k in range(5)
        for part in turned(
            edged(0.08 + 0.085 * k, 0.165 + 0.085 * k, 0.37 - 0.012 * (k % 2), 0.04),
            replace(rim, colour=mixed(rim.colour, "#E9C27E", 0.45 if k % 2 else 0.1)),
            at=(0.014 * (k % 3 - 1), 0.012 * (k % 2)),
        )
    ]
    butter = [
        replace(part, patch=part.patch.moved(0, 0, turn=24))
        for part in crate((0, 0, 0.505), (0.16, 0.16, 0.06), Finish(colour="#F6DE8A", gloss=0.3))
    ]
    berries = [
        _lump(x, y, 0.12, 0.06, Finish(colour=colour, gloss=0.35), flat=1.0)
        for x, y, colour in ((-0.46, -0.2, "#3C4A86"), (-0.4, -0.32, "#B3263D"), (-0.52, -0.06, "#3C4A86"))
    ]
    syrup = Part(patch=disc(0.508, 0.25, 0.21), finish=Finish(colour="#8A4A1B", gloss=0.6, opacity=0.85))
    return _served(look, [*stack, syrup, *butter, *berries], 0.58)


def pizza(look: Look, _materials: list[Finish]) -> Pack:
    """Return a pizza on a board, with basil."""
    chance = random.Random(look.seed)
    crust, cheese = Finish(colour="#D29A52", gloss=0.08), Finish(colour="#F3D58C", gloss=0.2)
    top = [
        Part(patch=disc(0.115, 0.62), finish=Finish(colour="#B9402A", gloss=0.2)),
        Part(patch=disc(0.12, 0.57), finish=cheese),
    ]
    for k in range(15):
        turn, out = k * 2.4, 0.13 + 0.39 * (k / 15) ** 0.6
        finish, size = ((_TOMATO, 0.085), (_HERB, 0.065), (replace(cheese, colour="#FBF1D8"), 0.1))[k % 3]
        x, y = out * math.cos(turn), out * math.sin(turn)
        top.append(_lump(x, y, 0.125, size + 0.02 * chance.random(), finish, flat=0.18))
    return _served(look, [Part(patch=_coil(0.64, 0.055).moved(0, 0, 0.125), finish=crust), *top], 0.2)


def sushi(look: Look, _materials: list[Finish]) -> Pack:
    """Return rolls of sushi in two rows."""
    rolls = []
    for k, (x, y) in enumerate((x, y) for y in (0.2, -0.16) for x in (-0.36, -0.12, 0.12, 0.36)):
        filling = ("#F2856B", "#7FA848", "#F2B33D")[k % 3]
        rolls += [
            *turned(edged(0.08, 0.28, 0.115, 0.012), Finish(colour="#1E2A24", gloss=0.15), at=(x, y)),
            Part(patch=disc(0.283, 0.1).moved(x, y), finish=Finish(colour="#FAF7EF", gloss=0.05)),
            Part(patch=disc(0.287, 0.045).moved(x, y), finish=Finish(colour=filling, gloss=0.2)),
        ]
    ginger = _lump(0.52, -0.14, 0.1, 0.08, Finish(colour="#F4B9A8", gloss=0.1))
    return _served(look, [*rolls, ginger], 0.3)


def cake(look: Look, _materials: list[Finish]) -> Pack:
    """Return a cake on a stand, iced in the product's colour, with berries on it."""
    icing = Finish(colour=look.product, gloss=0.2)
    sponge = Finish(colour="#6A4029", gloss=0.02)
    china = Finish(colour="#F5F1E8", gloss=0.3)
    berries = [
        _lump(0.3 * math.cos(turn), 0.3 * math.sin(turn), 0.86, 0.065, finish, flat=1.0)
        for turn, finish in (
            (0.4 + k * math.tau / 9, replace(_TOMATO, colour=("#B3263D", "#C8375A")[k % 2])) for k in range(9)
        )
    ]
    parts = [
        *turned([(0.0, 0.2), (0.03, 0.18), (0.08, 0.06), (0.2, 0.06)], china),
        *turned(edged(0.2, 0.25, 0.6, 0.02), china, 1),
        *turned(edged(0.25, 0.44, 0.44, 0.02), sponge, 2),
        *turned(edged(0.43, 0.49, 0.445, 0.02), replace(icing, colour="#FBF3E6"), 3),
        *turned(edged(0.48, 0.68, 0.44, 0.02), sponge, 4),
        Part(patch=_frill(0.7, 0.455, high=0.09), finish=icing, layer=5),
        *turned(edged(0.72, 0.83, 0.45, 0.04), icing, 6),
        *[replace(part, layer=7 + k) for k, part in enumerate(sorted(berries, key=_farthest))],
    ]
    return Pack(parts=tuple(parts), height=0.92, reach=0.6)


def burger(_look: Look, _materials: list[Finish]) -> Pack:
    """Return a burger with a bun, its layers and sesame."""
    meat, tomato = Finish(colour="#5C3520", gloss=0.15), Finish(colour="#C8402C", gloss=0.3)
    crown = [(0.55, 0.43), (0.6, 0.49), (0.74, 0.48), (0.88, 0.39), (0.97, 0.23), (1.0, 0.01)]
    seeds = [
        Part(
            patch=ball(0.02, flat=0.7, wide=1.5).moved(
                0.34 * share * math.cos(turn), 0.34 * share * math.sin(turn), 1.0 - 0.17 * share**2.2
            ),
            finish=Finish(colour="#F2DFB4", gloss=0.1),
        )
        for share, turn in [(0.25 + 0.72 * ((k * 0.37) % 1), k * 2.4) for k in range(22)]
    ]
    parts = [
        *turned(edged(0.0, 0.2, 0.47, 0.08), _BUN, 0),
        *turned(edged(0.2, 0.38, 0.49, 0.06), meat, 1),
        *[
            replace(part, patch=part.patch.moved(0, 0, turn=38), layer=2)
            for part in crate((0, 0, 0.37), (0.78, 0.78, 0.035), Finish(colour="#F2B33D", gloss=0.2))
        ],
        *turned(edged(0.41, 0.5, 0.45, 0.03), tomato, 3),
        Part(patch=_frill(0.52, 0.53), finish=Finish(colour="#7FB04A", gloss=0.1), layer=4),
        *turned(smooth(crown, 40), _BUN, 5, top=False),
        *[replace(part, layer=6) for part in seeds],
    ]
    return Pack(parts=tuple(parts), height=1.0, reach=0.53)


def cone(look: Look, _materials: list[Finish]) -> Pack:
    """Return an ice cream of two scoops."""
    wafer = Finish(colour="#D6A05C", gloss=0.05)
    first, second = Finish(colour=look.product, gloss=0.12), Finish(colour=look.accents[0], gloss=0.12)
    parts = [
        *turned([(0.0, 0.03), (0.35, 0.14), (0.72, 0.265)], wafer, top=False),
        *turned(edged(0.68, 0.77, 0.285, 0.02), replace(wafer, colour="#BE8748"), 1),
        Part(patch=ball(0.29).moved(0, 0, 0.93), finish=first, layer=2),
        Part(patch=_frill(0.79, 0.3, high=0.045), finish=first, layer=3),
        Part(patch=ball(0.25).moved(0.02, 0, 1.3), finish=second, layer=4),
        Part(patch=_frill(1.15, 0.255, high=0.045).moved(0.02, 0), finish=second, layer=5),
    ]
    return Pack(parts=tuple(parts), height=1.55, reach=0.3)


def _served(look: Look, food: list[Part], height: float) -> Pack:
    """Return food, from the plate up, on a plate."""
    china = Finish(colour=look.product, gloss=0.3)
    well = replace(china, colour=mixed(look.product, "#000000", 0.06))
    parts = [
        *turned([(0.0, 0.34), (0.025, 0.4), (0.07, 0.74)], china, top=False),
        Part(patch=disc(0.07, 0.74), finish=china, layer=1),
        Part(patch=disc(0.073, 0.52), finish=well, layer=2),
        *[replace(part, layer=3 + index) for index, part in enumerate(food)],
    ]
    return Pack(parts=tuple(parts), height=height, reach=0.74)


def _lump(x: float, y: float, z: float, size: float, finish: Finish, *, flat: float = 0.55) -> Part:
    return Part(patch=ball(size, flat=flat).moved(x, y, z), finish=finish)


def _farthest(part: Part) -> float:
    return -float(part.patch.points[..., 1].mean())


def _egg(x: float, y: float, z: float) -> list[Part]:
    """Return half an egg, cut side up."""
    return [
        Part(
            patch=ball(0.12, flat=0.3, wide=1.25).moved(x, y, z), finish=Finish(colour="#FBF6EA", gloss=0.2)
        ),
        Part(patch=ball(0.06, flat=0.5).moved(x, y, z + 0.02), finish=Finish(colour="#F0A431", gloss=0.3)),
    ]


def _coil(radius: float, thick: float, *, lean: float = 0.0) -> Patch:
    """Return a level ring."""
    turns = np.linspace(0, 2 * math.pi, 60)
    path = np.stack((radius * np.cos(turns), radius * np.sin(turns), lean * np.sin(turns)), axis=-1)
    return tube(path, thick, 14)


def _frill(z: float, radius: float, *, high: float = 0.06) -> Patch:
    """Return a ring that bulges and waves, as a leaf or a scoop's foot does."""
    turns = np.linspace(0, 2 * math.pi, 145)
    wave = 1 + 0.035 * np.sin(9 * turns) + 0.02 * np.sin(17 * turns + 1)
    rows = [
        np.stack(
            (
                radius * wave * out * np.sin(turns),
                -radius * wave * out * np.cos(turns),
                z + high * up + 0.014 * np.sin(11 * turns),
            ),
            axis=-1,
        )
        for up, out in ((-0.7, 0.9), (-0.35, 1.0), (0.0, 1.03), (0.5, 1.0), (1.0, 0.88))
    ]
    return patch(np.array(rows))
