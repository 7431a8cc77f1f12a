"""The product stage: a pack on a plinth before a seamless backdrop, with a few solids in the palette.

Hides the set. The backdrop is ray cast on a coarse grid, everything on it is painted as surfaces, far to
near.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from seedpipe.sandbox.render.brief import Light
from seedpipe.sandbox.render.colours import Floats, apart, linear
from seedpipe.sandbox.render.geometry import (
    Camera,
    Patch,
    Shell,
    arch,
    arch_rim,
    ball,
    block,
    disc,
    dot,
    joined,
    lathe,
    orbit,
    shell,
    times,
    unit,
)
from seedpipe.sandbox.render.hands import hand, skin_of
from seedpipe.sandbox.render.labels import paint_label
from seedpipe.sandbox.render.packs import pack
from seedpipe.sandbox.render.parts import MATERIALS, Label, Pack, Part, edged, paint
from seedpipe.sandbox.render.shading import (
    Finish,
    Glow,
    Rig,
    Shade,
    falloff,
    lit,
    rig,
    through_blinds,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seedpipe.sandbox.render.brief import Brief
    from seedpipe.sandbox.render.canvas import Canvas, Shader
    from seedpipe.sandbox.render.look import Look, Shot

_DISTANCE: Final = 7.5
_WALL_Y: Final = 2.6
_COVE: Final = 1.1  # the backdrop: where its wall stands, and the radius it rises with
_BEHIND: Final = 0.8  # how far back a prop stands that is before no pack
_SEEN: Final = 14.0  # ΔE to the background
_COARSE_PX: Final = 300
_PLINTH: Final = 0.3
_FOLLOWS: Final = 0.55  # how far a pack turns after the camera, so that its label stays legible
_BESIDE: Final = 0.21  # of the picture's width: half of what is a pack's beside a headline
_INTO: Final = {  # how steeply at least: one looks into them
    "bowl": 24.0,
    "cake": 14.0,
    "pancakes": 18.0,
    "pasta": 28.0,
    "pizza": 34.0,
    "plate": 28.0,
    "sushi": 30.0,
}
_WIDE: Final = 1.3  # from this ratio on a headline stands beside the pack


@dataclass(frozen=True, slots=True, kw_only=True)
class _Solid:
    """Something on the stage: its parts in place, and where it stands for the order of painting."""

    parts: tuple[Part, ...]
    at: tuple[float, float]
    plinth: bool = False
    foot: float = 0.0  # how high it stands
    label: Label | None = None
    brief: Brief | None = None  # what its label is of


def paint_stage(canvas: Canvas, brief: Brief, look: Look, shot: Shot) -> None:
    """Paint the pack that a brief asks for."""
    turn = _FOLLOWS * shot.azimuth + shot.turn
    ware = pack(brief.subject, look, brief.materials).turned(turn)
    others = [] if shot.in_hand else [each.turned(turn) for each in _others(brief, look)]
    camera = _camera(canvas, brief, shot, ware, others)
    light = rig(brief.light, look.side)
    if shot.in_hand:
        _paint_in_hand(canvas, camera, light, ware, brief, look)
        return
    if ware.glow and brief.light is not Light.STUDIO:
        light = light.with_glows(_raised(ware.glow, 1.0))
    elif ware.glow:
        light = light.with_glows(_raised(ware.glow, 0.35))
    solids = _set(brief, look, ware)
    if others:  # they stand where props would
        solids = [each for each in solids if each.foot or each.plinth or each.at[1] > _BEHIND]
        solids += _placed(others, brief, look, ware)
    throwing = _shell(solids)
    shades = _floor_shade(throwing, light), _wall_shade(throwing, light)
    canvas.flood(backdrop(canvas, camera, look, light, shades))
    _paint_solids(canvas, camera, light, solids, ware)
    if ware.label:
        paint_label(canvas, camera, light, _on_plinth(ware.label), brief)


def _paint_in_hand(canvas: Canvas, camera: Camera, light: Rig, ware: Pack, brief: Brief, look: Look) -> None:
    """Paint a hand that holds the pack up before the backdrop."""
    canvas.flood(backdrop(canvas, camera, look, light))
    taken = [part for part in ware.parts if not part.is_beside]
    raised = tuple(replace(part, patch=part.patch.moved(0, 0, _PLINTH)) for part in taken)
    skin, sleeve = Finish(colour=skin_of(look.seed), gloss=0.06), Finish(colour=look.accents[0], gloss=0.03)
    behind, before = hand(ware, skin, sleeve)
    paint(canvas, camera, light, [replace(part, patch=part.patch.moved(0, 0, _PLINTH)) for part in behind])
    paint(canvas, camera, light, painting_order(raised, camera))
    if ware.label:
        paint_label(canvas, camera, light, _on_plinth(ware.label), brief)
    paint(canvas, camera, light, [replace(part, patch=part.patch.moved(0, 0, _PLINTH)) for part in before])


def _others(brief: Brief, look: Look) -> list[Pack]:
    """Return the packs that stand beside the first one, each in a colour of the palette that is seen."""
    seen = [colour for colour in (look.product, *look.accents) if apart(colour, look.background) > _SEEN]
    return [
        pack(
            name, replace(look, product=seen[(k + 1) % len(seen)] if seen else look.product), brief.materials
        )
        for k, name in enumerate(brief.beside)
    ]


def _placed(others: list[Pack], brief: Brief, look: Look, ware: Pack) -> list[_Solid]:
    """Return packs on the floor at both sides of the plinth."""
    solids = []
    for k, other in enumerate(others):
        side = look.side if k % 2 == 0 else -look.side
        x, y = side * (_reach(ware) + other.reach + 0.06), 0.18 - 0.1 * k
        own_parts = (part for part in other.parts if not part.is_beside)  # there is no room for its lid
        parts = tuple(replace(part, patch=part.patch.moved(x, y)) for part in own_parts)
        label = other.label and replace(other.label, grid=other.label.grid.moved(x, y))
        own = replace(brief, subject=brief.beside[k], ware="")
        solids.append(_Solid(parts=parts, at=(x, y), label=label, brief=own))
    return solids


def _reach(ware: Pack) -> float:
    """Return half of the plinth's width."""
    return max(0.62, ware.reach * 1.32)


def _camera(canvas: Canvas, brief: Brief, shot: Shot, ware: Pack, others: Sequence[Pack]) -> Camera:
    ratio = canvas.width / canvas.height
    across, up = 0.5 + shot.shift, 0.5
    tall = max(ware.height + _PLINTH, 1.0)
    view = max(tall * (1.75 if ratio < _WIDE else 1.58), 2.15, 2.45 / ratio)
    if brief.headline and ratio >= _WIDE:
        across, up = 0.67, 0.53
    elif brief.headline:
        view, up = max(tall * 2.15, 2.45 / ratio), 0.6
    if others:
        half = _reach(ware) + 2 * max(other.reach for other in others) + 0.3
        view = max(view, 2 * half / ratio / (0.62 if brief.headline and ratio >= _WIDE else 1.0))
    view /= shot.near
    if brief.headline and ratio >= _WIDE:  # however close, the pack stays beside the words
        view = max(view, max(ware.reach, 0.85 * _reach(ware)) / (_BESIDE * ratio))
    focal = canvas.height * _DISTANCE / view
    target = (
        0.0,
        0.0,
        _PLINTH + ware.height * shot.aim if shot.near > 1.3 else (_PLINTH + ware.height) * 0.52,
    )
    elevation = max(shot.elevation, _INTO.get(brief.subject, 0.0))
    return orbit(
        target, _DISTANCE, shot.azimuth, elevation, focal, (across * canvas.width, up * canvas.height)
    )


def _raised(glow: Glow, strength: float) -> Glow:
    return replace(glow, at=glow.at + np.array((0, 0, _PLINTH)), light=glow.light * strength)


# ---- the set ------------------------------------------------------------------------------------


def _set(brief: Brief, look: Look, ware: Pack) -> list[_Solid]:
    """Return everything on the stage but the pack's label."""
    chance = random.Random(look.seed)
    ground = next(
        (
            MATERIALS[name]
            for name in reversed(brief.materials)
            if name in {"linen", "stone", "marble", "concrete", "terrazzo", "weathered"}
        ),
        None,
    )
    plinth = ground or Finish(colour=look.accents[0], gloss=0.06)
    reach = _reach(ware)
    solids = [
        _Solid(parts=_plinth(plinth, reach), at=(0, 0), plinth=True),
        _Solid(
            parts=tuple(replace(part, patch=part.patch.moved(0, 0, _PLINTH)) for part in ware.parts),
            at=(0, -0.01),
            foot=_PLINTH,
        ),
    ]
    solids += _ARRANGED[look.arrangement](look, chance, reach, ware)
    return solids


def _plinth(finish: Finish, reach: float) -> tuple[Part, ...]:
    """Return a round plinth, or a slab where the prompt has a table or a sill of that kind."""
    if finish.colour in {MATERIALS[name].colour for name in ("stone", "marble", "weathered")}:
        faces = [each.moved(0, 0.05) for each in block(reach * 3.1, reach * 2.0, _PLINTH)]
        return tuple(Part(patch=each, finish=finish) for each in faces)
    return (
        Part(patch=lathe(edged(0, _PLINTH, reach, 0.022)), finish=finish),
        Part(patch=disc(_PLINTH, reach - 0.022), finish=finish),
    )


def _column(x: float, y: float, radius: float, height: float, colour: str) -> _Solid:
    finish = Finish(colour=colour, gloss=0.06)
    parts = (
        Part(patch=lathe(edged(0, height, radius, 0.015)), finish=finish),
        Part(patch=disc(height, radius - 0.015), finish=finish),
    )
    return _Solid(parts=tuple(replace(part, patch=part.patch.moved(x, y)) for part in parts), at=(x, y))


def _ball(x: float, y: float, radius: float, colour: str, z: float = 0.0) -> _Solid:
    part = Part(patch=ball(radius).moved(x, y, z + radius), finish=Finish(colour=colour, gloss=0.28))
    return _Solid(parts=(part,), at=(x, y))


def _box(x: float, y: float, size: tuple[float, float, float], colour: str, turn: float = 0.0) -> _Solid:
    finish = Finish(colour=colour, gloss=0.05)
    return _Solid(
        parts=tuple(Part(patch=each.moved(x, y, turn=turn), finish=finish) for each in block(*size)),
        at=(x, y),
    )


def _topped(column: _Solid, crown: _Solid) -> _Solid:
    return replace(column, parts=(*column.parts, *(replace(part, layer=9) for part in crown.parts)))


def _arch_set(look: Look, chance: random.Random, reach: float, ware: Pack) -> list[_Solid]:
    side, colours = look.side, look.accents
    wide, high = 1.5 + 0.25 * chance.random(), max(1.6, ware.height + 0.56)
    finish = Finish(colour=colours[1], gloss=0.04)
    slab = (
        Part(patch=arch_rim(wide, high, 0.2), finish=finish),
        Part(patch=arch(wide, high), finish=finish, layer=1),
    )
    x = -side * 0.22
    column = _column(side * (reach + 0.42), 0.42, 0.29, 0.56 + 0.2 * chance.random(), colours[2])
    z = float(column.parts[-1].patch.points[0, 0, 2])
    crowned = _topped(column, _ball(*column.at, 0.17, colours[3 % len(colours)], z))
    return [
        _Solid(parts=tuple(replace(part, patch=part.patch.moved(x, 0.95)) for part in slab), at=(x, 1.0)),
        crowned,
        _ball(-side * (reach + 0.3), -0.35, 0.12, colours[3 % len(colours)]),
        _ball(side * (reach + 0.12), -0.62, 0.075, colours[1]),
    ]


def _disc_set(look: Look, chance: random.Random, reach: float, ware: Pack) -> list[_Solid]:
    side, colours = look.side, look.accents
    radius = max(0.86, (ware.height + 0.5) * 0.52)
    turns = np.linspace(0, 2 * math.pi, 145)
    face = np.zeros((12, 145, 3))
    shares = np.linspace(1, 0.001, 12)[:, None]
    face[..., 0], face[..., 2] = radius * shares * np.cos(turns), radius * shares * np.sin(turns)
    facing = np.zeros_like(face)
    facing[..., 1] = -1
    x, z = side * 0.2, _PLINTH + ware.height * 0.52
    sun = Part(
        patch=Patch(points=face, normals=facing).moved(x, 1.3, z),
        finish=Finish(colour=colours[1], gloss=0.03),
    )
    return [
        _Solid(parts=(sun,), at=(x, 1.3)),
        _box(-side * (reach + 0.36), 0.4, (0.5, 0.4, 0.72 + 0.25 * chance.random()), colours[2], 18 * side),
        _ball(side * (reach + 0.26), -0.2, 0.17, colours[3 % len(colours)]),
        _ball(-side * (reach + 0.2), -0.5, 0.085, colours[1]),
    ]


def _steps_set(look: Look, chance: random.Random, reach: float, ware: Pack) -> list[_Solid]:
    side, colours = look.side, look.accents
    rise = 0.34 + 0.06 * chance.random()
    stairs = [
        _box(
            -side * (0.2 + 0.62 * index),
            1.02,
            (0.62, 0.7, max(0.3, ware.height * 0.55) + rise * index),
            colours[1 + index % 2],
        )
        for index in range(3)
    ]
    return [
        *stairs,
        _column(side * (reach + 0.36), 0.34, 0.24, 0.42, colours[2]),
        _ball(side * (reach + 0.36), 0.33, 0.15, colours[3 % len(colours)], 0.42),
        _ball(-side * (reach + 0.3), -0.34, 0.12, colours[1]),
    ]


def _panels_set(look: Look, chance: random.Random, reach: float, ware: Pack) -> list[_Solid]:
    side, colours = look.side, look.accents
    high = ware.height + 0.9 + 0.2 * chance.random()
    return [
        _box(-side * 0.55, 1.35, (1.15, 0.06, high), colours[1]),
        _box(side * 0.42, 1.05, (0.85, 0.06, high * 0.74), colours[2]),
        _ball(side * (reach + 0.3), -0.1, 0.2, colours[3 % len(colours)]),
        _column(-side * (reach + 0.34), 0.1, 0.2, 0.24, colours[2]),
        _ball(-side * (reach + 0.34), 0.09, 0.1, colours[1], 0.24),
    ]


def _blocks_set(look: Look, chance: random.Random, reach: float, ware: Pack) -> list[_Solid]:
    side, colours = look.side, look.accents
    tower = _box(side * (reach + 0.34), 0.62, (0.56, 0.5, ware.height * 0.72 + 0.3), colours[1], -14 * side)
    return [
        tower,
        _box(-side * (reach + 0.3), 0.66, (0.62, 0.5, 0.5 + 0.2 * chance.random()), colours[2], 16 * side),
        _ball(-side * (reach + 0.22), -0.26, 0.16, colours[3 % len(colours)]),
        _column(side * (reach + 0.24), -0.3, 0.15, 0.16, colours[2]),
    ]


_ARRANGED: Final = {
    "arch": _arch_set,
    "disc": _disc_set,
    "steps": _steps_set,
    "panels": _panels_set,
    "blocks": _blocks_set,
}


# ---- light on it --------------------------------------------------------------------------------


def _shell(solids: Sequence[_Solid]) -> Shell:
    """Return what of solids throws a shadow."""
    return shell([part.patch for each in solids for part in each.parts if part.finish.opacity > 0.3])


def _floor_shade(solids: Shell, light: Rig) -> Shade:
    shade = Shade((0, 0.3, 0), (1, 0, 0), (0, 1, 0), 3.6, light)
    shade.cast(solids)
    shade.touch(solids)
    return shade


def _wall_shade(solids: Shell, light: Rig) -> Shade:
    shade = Shade((0, _WALL_Y, 1.2), (1, 0, 0), (0, 0, 1), 3.6, light)
    shade.cast(solids)
    return shade


def backdrop(
    canvas: Canvas,
    camera: Camera,
    look: Look,
    light: Rig,
    shades: tuple[Shade, Shade] | None = None,
    floor: float = 0.0,
) -> Floats:
    """Return the seamless backdrop as a small picture of linear light; `floor` is how high it lies."""
    share = _COARSE_PX / max(canvas.width, canvas.height)
    columns, rows = max(2, round(canvas.width * share)), max(2, round(canvas.height * share))
    rays = camera.rays(canvas.width, canvas.height, columns, rows)
    points, normals = _cyclorama(camera.eye - np.array((0, 0, floor)), rays)
    points = points + np.array((0, 0, floor))
    up = np.clip(points[..., 2] / 0.6, 0, 1)
    low, high = (
        (shade.sample(points) for shade in shades) if shades else (np.zeros_like(up), np.zeros_like(up))
    )
    shadow = low * (1 - up) + high * up * 0.8
    key = falloff(points, (0, 0.4, 0.9), light) * through_blinds(points, light)
    seen = lit(points, normals, camera.eye, Finish(colour=look.background, gloss=0.0), light, shadow)
    kept = (0.5 + 0.5 * key)[..., None] * (1 - 0.22 * low * (1 - up))[..., None]
    glowing = sum((_halo(camera, rays, glow) for glow in light.glows), np.zeros_like(seen))
    return np.asarray(seen * kept + glowing * (0.3 + 0.7 * linear(look.background)))


def _halo(camera: Camera, rays: Floats, glow: Glow) -> Floats:
    """Return the shine in the air around a light."""
    towards = unit(glow.at - camera.eye)
    off = np.sqrt(np.maximum(1 - dot(rays, towards) ** 2, 0)) * _DISTANCE
    return times(glow.light, 0.22 / (1 + (off / (glow.reach * 0.9)) ** 2))


def _cyclorama(eye: Floats, rays: Floats) -> tuple[Floats, Floats]:
    """Return where rays meet the floor, the wall or the cove between them, and the normals there."""
    down = np.where(rays[..., 2] < -1e-4, -eye[2] / np.minimum(rays[..., 2], -1e-4), np.inf)
    ahead = np.where(rays[..., 1] > 1e-4, (_WALL_Y - eye[1]) / np.maximum(rays[..., 1], 1e-4), np.inf)
    reach = np.minimum(np.minimum(down, ahead), 60.0)
    points = eye + reach[..., None] * rays
    # Near the corner the set is round: normals turn, positions may stay.
    y, z = points[..., 1] - (_WALL_Y - _COVE), points[..., 2]
    turn = (
        np.clip(np.where(down < ahead, y / _COVE * 0.5, 0.5 + 0.5 * np.clip(z / _COVE, 0, 1)), 0, 1)
        * math.pi
        / 2
    )
    normals = joined(np.zeros_like(turn), -np.sin(turn), np.cos(turn))
    return points, normals


def _paint_solids(canvas: Canvas, camera: Camera, light: Rig, solids: list[_Solid], ware: Pack) -> None:
    plane = Shade((0, 0, _PLINTH), (1, 0, 0), (0, 1, 0), 1.9, light)
    raised = tuple(replace(part, patch=part.patch.moved(0, 0, _PLINTH)) for part in ware.parts)
    standing = _shell([_Solid(parts=raised, at=(0, 0))])
    plane.cast(standing)
    plane.touch(standing)
    behind = Shade((0, 1.0, 1.0), (1, 0, 0), (0, 0, 1), 2.4, light)
    behind.cast(_shell([solid for solid in solids if solid.at[1] < 0.3]))
    eye = camera.eye
    solids = sorted(
        solids,
        key=lambda solid: -math.dist(solid.at, (float(eye[0]), float(eye[1]))) + (-5 if solid.plinth else 0),
    )
    solids = [
        *[s for s in solids if s.at[1] > 0.2],
        *[s for s in solids if s.plinth],
        *[s for s in solids if s.at[1] <= 0.2 and not s.plinth],
    ]
    for solid in solids:
        for part in painting_order(solid.parts, camera):
            canvas.surface(
                camera, part.patch, _shader(camera, part, light, solid, plane, behind), part.finish.opacity
            )
        if solid.label and solid.brief:
            paint_label(canvas, camera, light, solid.label, solid.brief)


def painting_order(parts: Sequence[Part], camera: Camera) -> list[Part]:
    """Return parts as they are painted: by layer, and what is nearer the eye's height later."""
    level = float(camera.eye[2])

    def far(part: Part) -> tuple[int, float]:
        heights = part.patch.points[..., 2]
        return part.layer, -abs(float(heights.min() + heights.max()) / 2 - level)

    return sorted(parts, key=far)


def _shader(camera: Camera, part: Part, light: Rig, solid: _Solid, plane: Shade, behind: Shade) -> Shader:
    def shader(points: Floats, normals: Floats) -> Floats:
        shadow: Floats | float = 0.0
        dim: Floats | float = 1.0
        if solid.plinth:
            shadow = plane.sample(points) * (normals[..., 2] > 0.9)
            dim = 1 - 0.3 * shadow
        elif solid.at[1] > 0.8:
            shadow = behind.sample(points) * (normals[..., 1] < -0.9)
        upright = np.abs(normals[..., 2]) < 0.8
        contact = 1 - 0.35 * np.exp(-np.maximum(points[..., 2] - solid.foot, 0) / 0.07) * upright
        seen = lit(points, normals, camera.eye, part.finish, light, shadow)
        return np.asarray(seen * np.asarray(dim * contact)[..., None])

    return shader


def _on_plinth(label: Label) -> Label:
    return replace(label, grid=label.grid.moved(0, 0, _PLINTH))
