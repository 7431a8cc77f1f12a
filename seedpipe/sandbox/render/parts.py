"""What things are made of: surfaces with a finish, the places for wording on them, and how pieces are turned.

Hides materials. A thing stands on z = 0 around the upright axis, with its front towards -y.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from seedpipe.sandbox.render.colours import lightness
from seedpipe.sandbox.render.geometry import Patch, block, disc, lathe, loft, patch
from seedpipe.sandbox.render.shading import Finish, Glow, Rig, shaded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from seedpipe.sandbox.render.canvas import Canvas
    from seedpipe.sandbox.render.geometry import Camera
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
METAL: Final = Finish(colour="#C9CBCE", gloss=0.55, metal=0.75)
WARM: Final = "#FFC98A"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A surface with its finish; parts of a lower `layer` are painted first."""

    patch: Patch
    finish: Finish
    layer: int = 0
    is_beside: bool = False  # it lies beside the thing, and stays there when that is taken up


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


def around(low: float, high: float, radius: float, degrees: float) -> Patch:
    """Return a label's grid around the front of a cylinder."""
    return curved([(z, radius, radius) for z in np.linspace(low, high, 5)], degrees)


def turned(
    profile: Sequence[tuple[float, float]],
    finish: Finish,
    layer: int = 0,
    *,
    top: bool = True,
    at: tuple[float, float] = (0.0, 0.0),
) -> list[Part]:
    """Return a turned piece, with its lid unless it is open or ends in a point."""
    parts = [Part(patch=lathe(profile).moved(*at), finish=finish, layer=layer)]
    z, radius = profile[-1]
    if top and radius > 0.01:
        parts.append(Part(patch=disc(z, radius).moved(*at), finish=finish, layer=layer))
    return parts


def cushion(
    at: tuple[float, float, float],
    size: tuple[float, float, float],
    finish: Finish,
    *,
    ease: float | None = None,
    layer: int = 0,
) -> list[Part]:
    """Return a box with soft edges: half width, half depth, height; `at` is the middle of its foot."""
    half, deep, high = size
    ease = min(0.09, high * 0.4, deep * 0.7) if ease is None else ease
    turns = np.linspace(0, math.pi / 2, 6)
    foot = [(ease * (1 - math.cos(t)), ease * (1 - math.sin(t))) for t in turns]
    head = [(high - ease + ease * math.sin(t), ease * (1 - math.cos(t))) for t in turns]
    sections = [(z, half - cut, deep - cut) for z, cut in (*foot, *head)]
    top = disc(high, half - ease, deep - ease, power=6)
    walls = loft(sections, power=6)
    return [Part(patch=each.moved(*at), finish=finish, layer=layer) for each in (walls, top)]


def crate(
    at: tuple[float, float, float], size: tuple[float, float, float], finish: Finish, *, layer: int = 0
) -> list[Part]:
    """Return a box with sharp edges: width, depth, height; `at` is the middle of its foot."""
    return [Part(patch=each.moved(*at), finish=finish, layer=layer) for each in block(*size)]


def edged(low: float, high: float, radius: float, ease: float) -> list[tuple[float, float]]:
    """Return the profile of a cylinder with eased edges."""
    turns = np.linspace(0, math.pi / 2, 7)
    foot = [(low + ease * (1 - math.cos(t)), radius - ease * (1 - math.sin(t))) for t in turns]
    head = [(high - ease * (1 - math.sin(t)), radius - ease * (1 - math.cos(t))) for t in turns]
    middle = [(float(z), radius) for z in np.linspace(low + ease, high - ease, 16)[1:-1]]
    return [*foot, *middle, *head]


def body(look: Look, materials: list[Finish], **more: float) -> Finish:
    """Return what a pack is made of: its colour, or the glass that a prompt without colours names."""
    glass = [each for each in materials if each.depth]
    if glass and look.is_neutral:
        return glass[0]
    return Finish(colour=look.product, **{"gloss": 0.3, **more})


def plain_ink(look: Look) -> str:
    """Return the colour that is read best on the bare product."""
    from_palette = [look.cap, look.ink, look.panel]
    return max(from_palette, key=lambda colour: abs(lightness(colour) - lightness(look.product)))


def paint(canvas: Canvas, camera: Camera, light: Rig, parts: Iterable[Part]) -> None:
    """Paint parts in their order."""
    for part in parts:
        canvas.surface(camera, part.patch, shaded(camera, part.finish, light), part.finish.opacity)
