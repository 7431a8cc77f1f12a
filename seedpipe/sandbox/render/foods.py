"""What is eaten: a bowl, a plate, a burger, a cone. Dishes are the product's colour, food is its own."""

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
    """Return a plate with a nest of something on it, and herbs."""
    china = Finish(colour=look.product, gloss=0.3)
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
            (0.17, -0.12, Finish(colour="#D4523B", gloss=0.3)),
        )
    ]
    parts = [
        *turned([(0.0, 0.34), (0.025, 0.4), (0.07, 0.74)], china, top=False),
        Part(patch=disc(0.07, 0.74), finish=china, layer=1),
        Part(
            patch=disc(0.073, 0.52),
            finish=replace(china, colour=mixed(look.product, "#000000", 0.06)),
            layer=2,
        ),
        *[replace(part, layer=3 + index) for index, part in enumerate((*nest, *garnish))],
    ]
    return Pack(parts=tuple(parts), height=0.42, reach=0.74)


def burger(_look: Look, _materials: list[Finish]) -> Pack:
    """Return a burger with a bun, its layers and sesame."""
    meat, tomato = Finish(colour="#5C3520", gloss=0.15), Finish(colour="#C8402C", gloss=0.3)
    crown = [(0.62, 0.46), (0.66, 0.49), (0.76, 0.475), (0.88, 0.39), (0.97, 0.23), (1.0, 0.01)]
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
