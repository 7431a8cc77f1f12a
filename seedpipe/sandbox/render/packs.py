"""Things to sell, by name; here the boxed and lofted ones, the turned ones in `vessels` and `lights`.

Hides where each is made and which words of a brief reach it. The order of a pack's parts is that of painting,
as far as the camera does not decide it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from seedpipe.sandbox.render.colours import mixed
from seedpipe.sandbox.render.foods import bowl, burger, cake, cone, pancakes, pasta, pizza, plate, sushi
from seedpipe.sandbox.render.geometry import block, disc, front, loft, sheet, smooth, tube
from seedpipe.sandbox.render.lights import candle, lamp, lantern
from seedpipe.sandbox.render.parts import (
    MATERIALS,
    METAL,
    Label,
    Pack,
    Part,
    around,
    body,
    crate,
    curved,
    cushion,
    edged,
    plain_ink,
    turned,
)
from seedpipe.sandbox.render.shading import Finish
from seedpipe.sandbox.render.vessels import bottle, can, dropper, flacon, flask, jar, mug, pump, tumbler, vase

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from seedpipe.sandbox.render.look import Look


def pack(subject: str, look: Look, materials: Sequence[str]) -> Pack:
    """Return the thing a subject's name stands for."""
    return _PACKS[subject](look, [MATERIALS[name] for name in materials if name in MATERIALS])


def _posed(parts: list[Part], degrees: float, label: Label, size: tuple[float, float]) -> Pack:
    """Return a pack that stands at an angle, of a height and half of a width."""
    return Pack(parts=tuple(parts), height=size[0], reach=size[1], label=label).turned(degrees)


def _box(look: Look, _materials: list[Finish]) -> Pack:
    """Return a box with a lid that goes over it."""
    card = Finish(colour=look.product, gloss=0.06)
    lid = replace(card, colour=mixed(look.product, "#FFFFFF", 0.16))
    parts = [
        *crate((0, 0, 0), (0.66, 0.38, 0.66), card),
        *crate((0, 0, 0.62), (0.685, 0.405, 0.32), lid, layer=1),
    ]
    grid = sheet((-0.33, -0.193, 0.14), (0.66, 0, 0), (0, 0, 0.36))
    return _posed(parts, 24, Label(grid=grid, panel=look.panel, ink=look.ink, gloss=0.06), (0.94, 0.5))


def _bag(look: Look, _materials: list[Finish]) -> Pack:
    """Return a carrier bag with cord handles."""
    paper = Finish(colour=look.product, gloss=0.02)
    cord = Finish(colour=look.cap, gloss=0.1)
    turns = np.linspace(0, math.pi, 30)
    handle = np.stack((0.16 * np.cos(turns), np.zeros(30), 0.98 + 0.24 * np.sin(turns)), axis=-1)
    inside = replace(paper, colour=mixed(look.product, "#000000", 0.35))
    walls = block(0.74, 0.3, 1.0)
    parts = [
        Part(patch=tube(handle, 0.014, 20).moved(0, 0.14), finish=cord),
        Part(patch=walls[4], finish=inside, layer=1),
        *[Part(patch=each, finish=paper, layer=2) for each in walls[:4]],
        Part(patch=tube(handle, 0.014, 20).moved(0, -0.158), finish=cord, layer=3),
    ]
    grid = sheet((-0.3, -0.153, 0.3), (0.6, 0, 0), (0, 0, 0.42))
    return _posed(parts, 20, Label(grid=grid, panel=None, ink=plain_ink(look), gloss=0.02), (1.22, 0.5))


def _book(look: Look, _materials: list[Finish]) -> Pack:
    """Return a book that stands on its foot, its spine to the left."""
    cloth, pages = Finish(colour=look.product, gloss=0.05), Finish(colour="#F4EEDF", gloss=0.0)
    parts = [
        *crate((0, 0.09, 0), (0.8, 0.02, 1.1), cloth),
        *crate((0.0, 0, 0.03), (0.74, 0.16, 1.04), pages, layer=1),
        *crate(
            (-0.39, 0, 0),
            (0.02, 0.2, 1.1),
            replace(cloth, colour=mixed(look.product, "#000000", 0.1)),
            layer=2,
        ),
        *crate((0, -0.09, 0), (0.8, 0.02, 1.1), cloth, layer=3),
    ]
    grid = sheet((-0.3, -0.103, 0.36), (0.64, 0, 0), (0, 0, 0.5))
    return _posed(parts, 28, Label(grid=grid, panel=look.panel, ink=look.ink, gloss=0.05), (1.1, 0.45))


def _slab(half: float, high: float, corner: float, inset: float = 0.0) -> list[tuple[float, float]]:
    """Return heights and half widths of an upright rectangle with round corners."""
    turns = np.linspace(0, math.pi / 2, 9)
    foot = [(inset + corner * (1 - math.cos(t)), half - inset - corner * (1 - math.sin(t))) for t in turns]
    return [*foot, *[(high - z, wide) for z, wide in reversed(foot)]]


def _phone(look: Look, _materials: list[Finish]) -> Pack:
    """Return a phone; what a label would say stands on its screen."""
    shell = Finish(colour=look.product, gloss=0.5, metal=0.3)
    outline = _slab(0.3, 1.2, 0.07)
    screen = _slab(0.3, 1.2, 0.055, 0.022)
    parts = [
        Part(patch=loft([(z, wide, 0.035) for z, wide in outline], power=10), finish=shell),
        Part(patch=disc(1.2, 0.23, 0.035, power=8), finish=shell),
        Part(patch=front(outline, -0.0355), finish=shell, layer=1),
        Part(patch=front(screen, -0.037), finish=Finish(colour="#14161C", gloss=0.5), layer=2),
    ]
    grid = sheet((-0.25, -0.039, 0.09), (0.5, 0, 0), (0, 0, 1.02))
    return _posed(parts, 22, Label(grid=grid, panel=look.panel, ink=look.ink, gloss=0.3), (1.2, 0.32))


def _bar(look: Look, _materials: list[Finish]) -> Pack:
    """Return a bar of soap on its long side."""
    soap = Finish(colour=look.product, gloss=0.2)
    parts = cushion((0, 0, 0), (0.52, 0.2, 0.46), soap, ease=0.1)
    grid = sheet((-0.34, -0.203, 0.11), (0.68, 0, 0), (0, 0, 0.24))
    return _posed(parts, 16, Label(grid=grid, panel=None, ink=plain_ink(look), gloss=0.2), (0.46, 0.52))


def _lipstick(look: Look, _materials: list[Finish]) -> Pack:
    """Return a lipstick, turned out."""
    case = Finish(colour=look.cap, gloss=0.5)
    wax = Finish(colour=look.product, gloss=0.35)
    bullet = smooth([(0.78, 0.135), (1.1, 0.135), (1.2, 0.125), (1.27, 0.085), (1.3, 0.01)], 40)
    parts = [
        *turned(edged(0, 0.6, 0.21, 0.014), case),
        *turned(edged(0.6, 0.8, 0.165, 0.01), METAL, 1),
        *turned(bullet, wax, 2, top=False),
    ]
    label = Label(grid=around(0.16, 0.44, 0.21, 60), panel=None, ink=mixed(look.cap, "#FFFFFF", 0.7))
    return Pack(parts=tuple(parts), height=1.3, reach=0.22, label=label)


def _chair(look: Look, materials: list[Finish]) -> Pack:
    """Return a chair with a padded seat and back."""
    wood = next(iter(materials), MATERIALS["oak"])
    cloth = Finish(colour=look.product, gloss=0.03)
    legs = {
        (x, y): turned([(0.0, 0.024), (0.62, 0.036)], wood, 0 if y > 0 else 3, at=(x, y))
        for x in (-0.36, 0.36)
        for y in (0.3, -0.3)
    }
    posts = [
        part for x in (-0.34, 0.34) for part in turned([(0.6, 0.03), (1.3, 0.024)], wood, 1, at=(x, 0.34))
    ]
    parts = [
        *[part for each in legs.values() for part in each],
        *posts,
        *cushion((0, 0.34, 0.86), (0.42, 0.07, 0.5), cloth, layer=2),
        *cushion((0, 0, 0.58), (0.45, 0.4, 0.14), cloth, ease=0.05, layer=4),
    ]
    return Pack(parts=tuple(parts), height=1.36, reach=0.5).turned(-24)


def _tube(look: Look, materials: list[Finish]) -> Pack:
    """Return a tube that stands on its cap."""
    foil = body(look, materials, gloss=0.3)
    cap = Finish(colour=look.cap, gloss=0.3)
    rise = np.linspace(0, 1, 22)
    sections = [(0.24 + 1.16 * t, 0.255 + 0.075 * t**1.3, 0.235 * (1 - t**1.7) + 0.012) for t in rise]
    crimp = [(1.4, 0.332, 0.012), (1.5, 0.335, 0.012)]
    parts = [
        *turned(edged(0, 0.22, 0.215, 0.02), cap),
        Part(patch=loft([(0.22, 0.22, 0.2), *sections]), finish=foil),
        Part(patch=loft(crimp, power=6), finish=replace(foil, gloss=0.1)),
        Part(patch=disc(1.5, 0.335, 0.012, power=6), finish=foil),
    ]
    grid = curved([each for each in sections if 0.42 < each[0] < 1.12], 58)
    return Pack(
        parts=tuple(parts), height=1.5, reach=0.34, label=Label(grid=grid, panel=None, ink=plain_ink(look))
    )


def _pouch(look: Look, _materials: list[Finish]) -> Pack:
    """Return a pouch that stands by itself."""
    foil = Finish(colour=look.product, gloss=0.22)
    rise = np.linspace(0, 1, 24)
    sections = [(1.18 * t, 0.40 - 0.015 * math.sin(math.pi * t), 0.2 * (1 - t**2.2) + 0.012) for t in rise]
    top = [(1.18, 0.40, 0.012), (1.34, 0.40, 0.012)]
    parts = [
        Part(patch=loft(sections, power=2.6), finish=foil),
        Part(patch=loft(top, power=8), finish=replace(foil, colour=mixed(look.product, "#000000", 0.12))),
    ]
    grid = curved([each for each in sections if 0.25 < each[0] < 0.92], 44, lift=0.03)
    return Pack(
        parts=tuple(parts), height=1.34, reach=0.42, label=Label(grid=grid, panel=look.panel, ink=look.ink)
    )


def _speaker(look: Look, _materials: list[Finish]) -> Pack:
    """Return a speaker in cloth."""
    cloth = Finish(colour=look.product, gloss=0.03)
    parts = [
        *turned(edged(0, 0.95, 0.42, 0.12), cloth),
        *turned(edged(0.95, 0.99, 0.3, 0.02), Finish(colour=look.cap, gloss=0.4)),
    ]
    label = Label(grid=around(0.3, 0.5, 0.42, 34), panel=None, ink=plain_ink(look))
    return Pack(parts=tuple(parts), height=0.99, reach=0.42, label=label)


_PACKS: Final[dict[str, Callable[[Look, list[Finish]], Pack]]] = {
    "bag": _bag,
    "bar": _bar,
    "book": _book,
    "bottle": bottle,
    "bowl": bowl,
    "box": _box,
    "burger": burger,
    "cake": cake,
    "can": can,
    "candle": candle,
    "chair": _chair,
    "cone": cone,
    "dropper": dropper,
    "flacon": flacon,
    "flask": flask,
    "jar": jar,
    "lamp": lamp,
    "lantern": lantern,
    "lipstick": _lipstick,
    "mug": mug,
    "pancakes": pancakes,
    "pasta": pasta,
    "phone": _phone,
    "pizza": pizza,
    "plate": plate,
    "pouch": _pouch,
    "pump": pump,
    "speaker": _speaker,
    "sushi": sushi,
    "tube": _tube,
    "tumbler": tumbler,
    "vase": vase,
}
