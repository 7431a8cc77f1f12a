"""Things to sell: each a few turned, lofted or boxed surfaces with finishes and a place for a label.

Hides what a bottle looks like. A pack stands on z = 0 around the upright axis, with its front towards -y; the
order of its parts is that of painting, as far as the camera does not decide it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from seedpipe.sandbox.render.colours import lightness, linear, mixed
from seedpipe.sandbox.render.geometry import Patch, block, disc, lathe, loft, patch, sheet, smooth, tube
from seedpipe.sandbox.render.shading import Finish, Glow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from seedpipe.sandbox.render.look import Look

MATERIALS: Final = {
    "oak": Finish(colour="#B98B5A", gloss=0.08),
    "walnut": Finish(colour="#6B4630", gloss=0.1),
    "wooden": Finish(colour="#B08256", gloss=0.06),
    "wood": Finish(colour="#B08256", gloss=0.06),
    "bamboo": Finish(colour="#D3B27A", gloss=0.08),
    "cork": Finish(colour="#BE9467", gloss=0.0),
    "amber glass": Finish(colour="#A8591A", gloss=0.7, depth=0.75, opacity=0.94),
    "frosted glass": Finish(colour="#F4F1EA", gloss=0.15),
    "clear glass": Finish(colour="#DDE8E6", gloss=0.8, depth=0.4, opacity=0.55),
    "powder-coated steel": Finish(colour="#3B3E44", gloss=0.1),
    "steel": Finish(colour="#A9AEB4", gloss=0.5, metal=0.7),
    "brass": Finish(colour="#C79A4B", gloss=0.6, metal=0.8),
    "chrome": Finish(colour="#D0D4D8", gloss=0.8, metal=0.9),
    "copper": Finish(colour="#B8683A", gloss=0.6, metal=0.8),
    "aluminium": Finish(colour="#C3C6CA", gloss=0.5, metal=0.7),
    "aluminum": Finish(colour="#C3C6CA", gloss=0.5, metal=0.7),
    "linen": Finish(colour="#E3DACB", gloss=0.0),
    "stone": Finish(colour="#B3ACA1", gloss=0.02),
    "marble": Finish(colour="#E9E6E1", gloss=0.35),
    "concrete": Finish(colour="#A5A39E", gloss=0.0),
    "terrazzo": Finish(colour="#DAD3C9", gloss=0.2),
    "weathered": Finish(colour="#9A8B78", gloss=0.0),
    "leather": Finish(colour="#7A4A2C", gloss=0.15),
}
_METAL: Final = Finish(colour="#C9CBCE", gloss=0.55, metal=0.75)
_WARM: Final = "#FFC98A"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A surface with its finish; parts of a lower `layer` are painted first."""

    patch: Patch
    finish: Finish
    layer: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A place for wording: a grid on the pack (rows up, columns to the right) and its colours."""

    grid: Patch
    panel: str | None
    ink: str
    gloss: float = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A thing to put on the stage."""

    parts: tuple[Part, ...]
    height: float
    reach: float  # half of its width
    label: Label | None = None
    glow: Glow | None = None

    def turned(self, degrees: float) -> Pack:
        """Return the thing turned about its upright axis."""
        parts = tuple(replace(part, patch=part.patch.moved(0, 0, turn=degrees)) for part in self.parts)
        label = self.label and replace(self.label, grid=self.label.grid.moved(0, 0, turn=degrees))
        return replace(self, parts=parts, label=label)


def pack(subject: str, look: Look, materials: Sequence[str]) -> Pack:
    """Return the thing a subject's name stands for."""
    return _PACKS[subject](look, [MATERIALS[name] for name in materials if name in MATERIALS])


def curved(sections: Sequence[tuple[float, float, float]], degrees: float, lift: float = 0.004) -> Patch:
    """Return a label's grid around the front of `(z, half width, half depth)` sections."""
    turns = np.radians(np.linspace(-degrees, degrees, 29))
    rows = [
        np.stack(
            ((wide + lift) * np.sin(turns), -(deep + lift) * np.cos(turns), np.full_like(turns, z)), axis=-1
        )
        for z, wide, deep in sections
    ]
    return patch(np.array(rows))


def _around(low: float, high: float, radius: float, degrees: float) -> Patch:
    return curved([(z, radius, radius) for z in np.linspace(low, high, 5)], degrees)


def _turned(
    profile: Sequence[tuple[float, float]], finish: Finish, layer: int = 0, *, top: bool = True
) -> list[Part]:
    """Return a turned piece with its lid."""
    parts = [Part(patch=lathe(profile), finish=finish, layer=layer)]
    z, radius = profile[-1]
    return (
        [*parts, Part(patch=disc(z, radius), finish=finish, layer=layer)] if top and radius > 0.01 else parts
    )


def edged(low: float, high: float, radius: float, ease: float) -> list[tuple[float, float]]:
    """Return the profile of a cylinder with eased edges."""
    turns = np.linspace(0, math.pi / 2, 7)
    foot = [(low + ease * (1 - math.cos(t)), radius - ease * (1 - math.sin(t))) for t in turns]
    head = [(high - ease * (1 - math.sin(t)), radius - ease * (1 - math.cos(t))) for t in turns]
    middle = [(float(z), radius) for z in np.linspace(low + ease, high - ease, 16)[1:-1]]
    return [*foot, *middle, *head]


def _body(look: Look, materials: list[Finish], **more: float) -> Finish:
    glass = [each for each in materials if each.depth]
    if glass and look.is_neutral:
        return glass[0]
    return Finish(colour=look.product, **{"gloss": 0.3, **more})


def _bottle(look: Look, materials: list[Finish]) -> Pack:
    body = _body(look, materials, gloss=0.55, depth=0.3)
    profile = [
        *edged(0, 0.12, 0.29, 0.05)[:8],
        *smooth([(0.12, 0.29), (0.78, 0.29), (0.94, 0.24), (1.1, 0.125), (1.22, 0.1), (1.34, 0.1)], 44),
    ]
    parts = [
        *_turned(profile, body),
        *_turned(edged(1.33, 1.52, 0.118, 0.012), Finish(colour=look.cap, gloss=0.3)),
    ]
    label = Label(grid=_around(0.2, 0.72, 0.29, 74), panel=look.panel, ink=look.ink)
    return Pack(parts=tuple(parts), height=1.52, reach=0.3, label=label)


def _dropper(look: Look, materials: list[Finish]) -> Pack:
    body = _body(look, materials, gloss=0.5, depth=0.3)
    profile = [
        *edged(0, 0.12, 0.29, 0.05)[:8],
        *smooth([(0.12, 0.29), (0.66, 0.29), (0.76, 0.27), (0.84, 0.16), (0.88, 0.13), (0.93, 0.13)], 40),
    ]
    cap = Finish(colour=look.cap, gloss=0.15)
    bulb = smooth(
        [(1.1, 0.125), (1.13, 0.115), (1.22, 0.098), (1.36, 0.075), (1.44, 0.05), (1.47, 0.012)], 24
    )
    parts = [
        *_turned(profile, body),
        *_turned(edged(0.9, 1.1, 0.165, 0.014), replace(cap, gloss=0.35)),
        *_turned(bulb, cap, top=False),
    ]
    label = Label(grid=_around(0.12, 0.58, 0.29, 72), panel=look.panel, ink=look.ink)
    return Pack(parts=tuple(parts), height=1.47, reach=0.3, label=label)


def _pump(look: Look, materials: list[Finish]) -> Pack:
    body = _body(look, materials, gloss=0.35)
    profile = [
        *edged(0, 0.12, 0.32, 0.06)[:8],
        *smooth([(0.12, 0.32), (0.8, 0.32), (0.92, 0.29), (0.98, 0.15), (1.02, 0.13)], 40),
    ]
    cap = Finish(colour=look.cap, gloss=0.3)
    nozzle = np.array([(0, 0, 1.4), (0.05, 0, 1.405), (0.2, 0, 1.4), (0.31, 0, 1.385), (0.335, 0, 1.34)])
    parts = [
        *_turned(profile, body),
        *_turned(edged(1.0, 1.14, 0.165, 0.012), cap),
        *_turned([(1.14, 0.05), (1.34, 0.05)], cap, top=False),
        *_turned(edged(1.33, 1.45, 0.115, 0.03), cap, 1),
        Part(patch=tube(nozzle, 0.038), finish=cap, layer=1),
    ]
    label = Label(grid=_around(0.16, 0.74, 0.32, 70), panel=look.panel, ink=look.ink)
    return Pack(parts=tuple(parts), height=1.46, reach=0.35, label=label)


def _flacon(look: Look, materials: list[Finish]) -> Pack:
    glass = _body(look, materials, gloss=0.75, depth=0.45)
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
        *_turned([(0.8, 0.1), (0.87, 0.1)], _METAL, 2),
        *_turned(edged(0.86, 1.14, 0.155, 0.015), cap, 3),
    ]
    grid = sheet((-0.25, -0.206, 0.2), (0.5, 0, 0), (0, 0, 0.34))
    return Pack(
        parts=tuple(parts), height=1.14, reach=0.42, label=Label(grid=grid, panel=look.panel, ink=look.ink)
    )


def _jar(look: Look, materials: list[Finish]) -> Pack:
    body = _body(look, materials, gloss=0.4, depth=0.15)
    lid = Finish(colour=look.cap, gloss=0.25)
    parts = [
        *_turned(edged(0, 0.5, 0.5, 0.07), body),
        *_turned([(0.5, 0.44), (0.53, 0.44)], body),
        *_turned(edged(0.53, 0.78, 0.505, 0.035), lid),
    ]
    label = Label(grid=_around(0.1, 0.42, 0.5, 62), panel=None, ink=_plain_ink(look))
    return Pack(parts=tuple(parts), height=0.78, reach=0.51, label=label)


def _plain_ink(look: Look) -> str:
    from_palette = [look.cap, look.ink, look.panel]
    return max(from_palette, key=lambda colour: abs(lightness(colour) - lightness(look.product)))


def _tube(look: Look, materials: list[Finish]) -> Pack:
    body = _body(look, materials, gloss=0.3)
    cap = Finish(colour=look.cap, gloss=0.3)
    rise = np.linspace(0, 1, 22)
    sections = [(0.24 + 1.16 * t, 0.255 + 0.075 * t**1.3, 0.235 * (1 - t**1.7) + 0.012) for t in rise]
    crimp = [(1.4, 0.332, 0.012), (1.5, 0.335, 0.012)]
    parts = [
        *_turned(edged(0, 0.22, 0.215, 0.02), cap),
        Part(patch=loft([(0.22, 0.22, 0.2), *sections]), finish=body),
        Part(patch=loft(crimp, power=6), finish=replace(body, gloss=0.1)),
        Part(patch=disc(1.5, 0.335, 0.012, power=6), finish=body),
    ]
    label = Label(
        grid=curved([each for each in sections if 0.42 < each[0] < 1.12], 58),
        panel=None,
        ink=_plain_ink(look),
    )
    return Pack(parts=tuple(parts), height=1.5, reach=0.34, label=label)


def _can(look: Look, _materials: list[Finish]) -> Pack:
    body = Finish(colour=look.product, gloss=0.5, metal=0.12)
    foot = smooth([(0.0, 0.2), (0.025, 0.225), (0.09, 0.29)], 10)
    neck = smooth([(1.0, 0.29), (1.06, 0.265), (1.1, 0.24), (1.115, 0.235)], 12)
    parts = [
        *_turned(foot, _METAL, top=False),
        *_turned([(float(z), 0.29) for z in np.linspace(0.09, 1.0, 10)], body, top=False),
        *_turned(neck, body, top=False),
        *_turned([(1.115, 0.243), (1.14, 0.243)], _METAL, top=False),
        Part(
            patch=lathe([(1.112, 0.214), (1.14, 0.22)], inward=True), finish=replace(_METAL, colour="#8E9195")
        ),
        Part(patch=disc(1.14, 0.243, hole=0.88), finish=_METAL, layer=1),
        Part(patch=disc(1.118, 0.214), finish=replace(_METAL, colour="#AEB1B5"), layer=1),
        Part(patch=disc(1.126, 0.05, 0.09).moved(0, -0.06), finish=_METAL, layer=1),
    ]
    label = Label(grid=_around(0.16, 0.94, 0.29, 66), panel=look.panel, ink=look.ink, gloss=0.4)
    return Pack(parts=tuple(parts), height=1.14, reach=0.3, label=label)


def _boxed(
    width: float, depth: float, height: float, turn: float = 24
) -> Callable[[Look, list[Finish]], Pack]:
    def make(look: Look, _materials: list[Finish]) -> Pack:
        card = Finish(colour=look.product, gloss=0.06)
        lid = replace(card, colour=mixed(look.product, look.panel, 0.12))
        faces = [Part(patch=each.moved(0, 0, turn=turn), finish=card) for each in block(width, depth, height)]
        band = sheet(
            (-width / 2, -depth / 2 - 0.003, height * 0.24), (width, 0, 0), (0, 0, height * 0.46)
        ).moved(0, 0, turn=turn)
        faces[-1] = replace(faces[-1], finish=lid)
        reach = (width + depth) / 2 * 0.95
        return Pack(
            parts=tuple(faces),
            height=height,
            reach=reach,
            label=Label(grid=band, panel=look.panel, ink=look.ink, gloss=0.06),
        )

    return make


def _mug(look: Look, _materials: list[Finish]) -> Pack:
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
    label = Label(grid=_around(0.2, 0.66, 0.392, 52), panel=None, ink=_plain_ink(look))
    return Pack(parts=tuple(parts), height=0.8, reach=0.5, label=label)


def _candle(look: Look, materials: list[Finish]) -> Pack:
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
        *_turned([(0.62, 0.01), (0.74, 0.008)], Finish(colour="#2A221C"), 3),
        Part(patch=lathe(flame), finish=Finish(colour="#FFB652", gloss=0.0, shine=2.2), layer=3),
        Part(
            patch=lathe(edged(0, 0.82, 0.4, 0.05)[:-5]),
            finish=replace(glass, shine=0.06, opacity=0.93),
            layer=4,
        ),
        Part(patch=disc(0.805, 0.4, hole=0.93), finish=replace(glass, gloss=0.9), layer=5),
        *[replace(part, layer=6) for part in _lying_lid(lid)],
    ]
    label = Label(grid=_around(0.14, 0.52, 0.402, 46), panel=look.panel, ink=look.ink)
    glow = Glow(at=np.array((0.0, 0.0, 0.9)), reach=0.6, light=linear(_WARM) * 1.3)
    return Pack(parts=tuple(parts), height=0.95, reach=0.42, label=label, glow=glow)


def _lying_lid(lid: Finish) -> list[Part]:
    return [
        Part(patch=part.patch.moved(0.5, -0.36), finish=part.finish)
        for part in _turned(edged(0, 0.11, 0.27, 0.02), lid)
    ]


def _lamp(look: Look, materials: list[Finish]) -> Pack:
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
        *_turned(edged(0, 0.1, 0.36, 0.03), stand),
        *_turned(stem, stand),
        *_turned(dome if frosted else cone, shade, 1, top=not frosted),
        *_turned(edged(1.255, 1.31, 0.045, 0.015), stand, 2),
    ]
    trim = Part(
        patch=lathe([(0.652, 0.436), (0.672, 0.446)]), finish=Finish(colour=look.product, gloss=0.3), layer=2
    )
    glow = Glow(at=np.array((0.0, 0.0, 0.8)), reach=1.0, light=linear(_WARM) * 0.9)
    grid = _around(0.018, 0.085, 0.36, 30)
    label = Label(grid=grid, panel=None, ink=mixed(stand.colour, "#000000", 0.65))
    return Pack(parts=(*parts, trim), height=1.31, reach=0.48, label=label, glow=glow)


def _lantern(look: Look, materials: list[Finish]) -> Pack:
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
        *_turned(edged(0, 0.14, 0.44, 0.03), coat, 1),
        *[part for x, y in posts if y > 0 for part in _post(x, y, coat, 2)],
        *_turned([(0.14, 0.15), (0.55, 0.15)], wax, 3),
        Part(patch=lathe(flame), finish=fire, layer=3),
        Part(patch=lathe([(float(z), 0.35) for z in np.linspace(0.14, 1.0, 6)]), finish=glass, layer=4),
        *[part for x, y in posts if y < 0 for part in _post(x, y, coat, 5)],
        *_turned(roof, coat, 6),
        *_turned(edged(1.2, 1.26, 0.1, 0.02), coat, 7),
    ]
    glow = Glow(at=np.array((0.0, 0.0, 0.66)), reach=0.8, light=linear(_WARM) * 1.2)
    label = Label(grid=_around(0.025, 0.118, 0.44, 34), panel=None, ink=_plain_ink(look))
    return Pack(parts=tuple(parts), height=1.58, reach=0.46, label=label, glow=glow)


def _post(x: float, y: float, finish: Finish, layer: int) -> list[Part]:
    return [Part(patch=lathe([(0.13, 0.022), (1.02, 0.022)]).moved(x, y), finish=finish, layer=layer)]


def _pouch(look: Look, _materials: list[Finish]) -> Pack:
    foil = Finish(colour=look.product, gloss=0.22)
    rise = np.linspace(0, 1, 24)
    sections = [(1.18 * t, 0.40 - 0.015 * math.sin(math.pi * t), 0.2 * (1 - t**2.2) + 0.012) for t in rise]
    top = [(1.18, 0.40, 0.012), (1.34, 0.40, 0.012)]
    parts = [
        Part(patch=loft(sections, power=2.6), finish=foil),
        Part(patch=loft(top, power=8), finish=replace(foil, colour=mixed(look.product, "#000000", 0.12))),
    ]
    label = Label(
        grid=curved([each for each in sections if 0.25 < each[0] < 0.92], 44, lift=0.03),
        panel=look.panel,
        ink=look.ink,
    )
    return Pack(parts=tuple(parts), height=1.34, reach=0.42, label=label)


def _vase(look: Look, _materials: list[Finish]) -> Pack:
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
        *_turned(profile, clay, 1, top=False),
        Part(patch=disc(1.2, 0.18, hole=0.9), finish=clay, layer=2),
    ]
    return Pack(parts=tuple(parts), height=1.2, reach=0.38)


def _tumbler(look: Look, _materials: list[Finish]) -> Pack:
    glass = Finish(colour="#E3ECEA", gloss=0.8, depth=0.35, opacity=0.4)
    drink = Finish(colour=look.product, gloss=0.3, depth=0.35, opacity=0.95)
    parts = [
        *_turned([(0.08, 0.255), (0.4, 0.275), (0.72, 0.295)], drink),
        Part(patch=lathe([(0.0, 0.29), (0.5, 0.315), (0.95, 0.335)]), finish=glass, layer=1),
        Part(patch=disc(0.95, 0.335, hole=0.94), finish=replace(glass, opacity=0.8), layer=2),
    ]
    return Pack(parts=tuple(parts), height=0.95, reach=0.34)


def _speaker(look: Look, _materials: list[Finish]) -> Pack:
    cloth = Finish(colour=look.product, gloss=0.03)
    parts = [
        *_turned(edged(0, 0.95, 0.42, 0.12), cloth),
        *_turned(edged(0.95, 0.99, 0.3, 0.02), Finish(colour=look.cap, gloss=0.4)),
    ]
    return Pack(
        parts=tuple(parts),
        height=0.99,
        reach=0.42,
        label=Label(grid=_around(0.3, 0.5, 0.42, 34), panel=None, ink=_plain_ink(look)),
    )


_PACKS: Final[dict[str, Callable[[Look, list[Finish]], Pack]]] = {
    "bar": _boxed(0.9, 0.5, 0.26, 18),
    "book": _boxed(0.78, 0.14, 1.08, 28),
    "bottle": _bottle,
    "box": _boxed(0.66, 0.36, 0.98),
    "can": _can,
    "candle": _candle,
    "dropper": _dropper,
    "flacon": _flacon,
    "jar": _jar,
    "lamp": _lamp,
    "lantern": _lantern,
    "mug": _mug,
    "phone": _boxed(0.56, 0.06, 1.14, 22),
    "pouch": _pouch,
    "pump": _pump,
    "speaker": _speaker,
    "tube": _tube,
    "tumbler": _tumbler,
    "vase": _vase,
}
SUBJECTS: Final = frozenset(_PACKS)
