"""Interiors: a room with daylight on its floor, furnished in the palette.

Hides the furniture: boxes with soft edges and turned feet, painted far to near.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from seedpipe.sandbox.render.brief import Light
from seedpipe.sandbox.render.colours import Floats, lightness, linear, mixed
from seedpipe.sandbox.render.geometry import ball, block, disc, lathe, loft, orbit, sheet, tube
from seedpipe.sandbox.render.packs import Part
from seedpipe.sandbox.render.shading import Finish, Glow, Rig, Shade, lit, rig

if TYPE_CHECKING:
    from seedpipe.sandbox.render.brief import Brief
    from seedpipe.sandbox.render.canvas import Canvas, Shader
    from seedpipe.sandbox.render.geometry import Camera
    from seedpipe.sandbox.render.look import Look, Shot

_DISTANCE: Final = 9.0
_BACK, _LEFT, _HIGH = 1.6, -2.5, 2.9
_OAK: Final = "#B98B5A"
LEAF: Final = "#4E6B47"
DARK_LIGHTS: Final = frozenset({Light.NIGHT, Light.EVENING})


def _cushion(
    x: float, y: float, z: float, size: tuple[float, float, float], colour: str, *, gloss: float = 0.03
) -> list[Part]:
    """Return a box with soft edges: half width, half depth, height."""
    half, deep, high = size
    ease = min(0.09, high * 0.4, deep * 0.7)
    turns = np.linspace(0, math.pi / 2, 6)
    sections = [
        (ease * (1 - math.cos(t)), half - ease * (1 - math.sin(t)), deep - ease * (1 - math.sin(t)))
        for t in turns
    ]
    sections += [
        (high - ease + ease * math.sin(t), half - ease * (1 - math.cos(t)), deep - ease * (1 - math.cos(t)))
        for t in turns
    ]
    finish = Finish(colour=colour, gloss=gloss)
    top = disc(high, half - ease, deep - ease, power=6)
    return [Part(patch=each.moved(x, y, z), finish=finish) for each in (loft(sections, power=6), top)]


def turned(
    x: float, y: float, profile: list[tuple[float, float]], finish: Finish, *, top: bool = True
) -> list[Part]:
    """Return a turned piece at a place, with its top."""
    parts = [Part(patch=lathe(profile).moved(x, y), finish=finish)]
    return (
        [*parts, Part(patch=disc(profile[-1][0], profile[-1][1]).moved(x, y), finish=finish)]
        if top
        else parts
    )


def _crate(
    x: float, y: float, z: float, size: tuple[float, float, float], colour: str, gloss: float = 0.05
) -> list[Part]:
    return [
        Part(patch=each.moved(x, y, z), finish=Finish(colour=colour, gloss=gloss)) for each in block(*size)
    ]


# ---- interiors ----------------------------------------------------------------------------------


def paint_interior(canvas: Canvas, brief: Brief, look: Look, shot: Shot) -> None:
    """Paint a room in the brief's colours."""
    ratio = canvas.width / canvas.height
    view = max(2.7, 4.1 / ratio) / shot.near**0.55
    focal = canvas.height * _DISTANCE / view
    target = (0.15, 0.4, 1.12 if shot.near < 1.3 else 0.8)
    centre = ((0.5 + shot.shift * 0.5) * canvas.width, (0.58 if brief.headline else 0.5) * canvas.height)
    camera = orbit(
        target, _DISTANCE, shot.azimuth * 0.42 + 6, 5 + min(shot.elevation, 30) * 0.32, focal, centre
    )
    light = rig(brief.light, -1.0)
    if brief.light in DARK_LIGHTS:
        light = light.with_glows(
            Glow(at=np.array((1.75, 0.9, 1.7)), reach=1.3, light=linear("#FFC98A") * 1.1)
        )
    wall, pieces = _walls(brief, look), _furniture(brief, look)
    canvas.flood(np.broadcast_to(linear(wall) * 0.5, (4, 4, 3)))
    shade = Shade((0, 0, 0), (1, 0, 0), (0, 1, 0), 3.4, replace(light, shade=0.5))
    shade.touch([part.patch for parts in pieces for part in parts], 0.5)
    shade.cast([part.patch for parts in pieces for part in parts])
    behind = Shade((0, _BACK, 1.4), (1, 0, 0), (0, 0, 1), 3.4, light)
    behind.cast([part.patch for parts in pieces for part in parts])
    _shell(canvas, camera, light, brief, look, wall, (shade, behind))
    for parts in pieces:
        for part in _by_level(parts, camera):
            canvas.surface(camera, part.patch, seen_by(camera, part, light), part.finish.opacity)


def _by_level(parts: list[Part], camera: Camera) -> list[Part]:
    level = float(camera.eye[2])
    return sorted(parts, key=lambda part: (part.layer, -abs(float(part.patch.points[..., 2].mean()) - level)))


def seen_by(camera: Camera, part: Part, light: Rig) -> Shader:
    """Return how a part looks from a camera, under a light."""
    return lambda points, normals: lit(points, normals, camera.eye, part.finish, light)


def _walls(brief: Brief, look: Look) -> str:
    if brief.background:
        return brief.background
    pale = [colour for colour in brief.palette if colour != look.product and lightness(colour) > 70]
    return pale[0] if pale else mixed(look.background, "#EDE6DA", 0.55)


def _shell(
    canvas: Canvas,
    camera: Camera,
    light: Rig,
    brief: Brief,
    look: Look,
    wall: str,
    shades: tuple[Shade, Shade],
) -> None:
    """Paint floor, walls, window and the light that falls through it."""
    eye = camera.eye
    floor_colour = mixed(_OAK, wall, 0.35)

    def floor(points: Floats, normals: Floats) -> Floats:
        plank = 0.94 + 0.06 * np.sin(np.floor((points[..., 1] + 4) * 3.3) * 12.7)
        shadow = shades[0].sample(points)
        seen = lit(points, normals, eye, Finish(colour=floor_colour, gloss=0.1), light, shadow)
        return np.asarray(seen * (plank * (1 - 0.35 * shadow))[..., None])

    def back(points: Floats, normals: Floats) -> Floats:
        fade = 1 - 0.10 * np.clip((points[..., 0] + 3) / 6, 0, 1) - 0.25 * np.exp(-points[..., 2] / 0.12)
        shadow = shades[1].sample(points) * 0.8
        seen = lit(points, normals, eye, Finish(colour=wall, gloss=0.0), light, shadow)
        return np.asarray(seen * fade[..., None])

    def side(points: Floats, normals: Floats) -> Floats:
        return lit(points, normals, eye, Finish(colour=wall, gloss=0.0), light) * 1.45 + linear(wall) * 0.06

    canvas.surface(camera, sheet((-5, -6, 0), (10, 0, 0), (0, 6 + _BACK, 0), 60, 60), floor)
    canvas.surface(camera, sheet((_LEFT, _BACK, 0), (8.5, 0, 0), (0, 0, _HIGH), 60, 40), back)
    canvas.surface(camera, sheet((_LEFT, -6, 0), (0, 6 + _BACK, 0), (0, 0, _HIGH), 30, 30), side)
    _flat(
        canvas,
        camera,
        [(_LEFT, _BACK, _HIGH), (6, _BACK, _HIGH), (6, -6, _HIGH), (_LEFT, -6, _HIGH)],
        mixed(wall, "#FFFFFF", 0.5),
        light,
    )
    for low, high in ((0, 0.13),):
        _flat(
            canvas,
            camera,
            [
                (_LEFT, _BACK - 0.01, low),
                (6, _BACK - 0.01, low),
                (6, _BACK - 0.01, high),
                (_LEFT, _BACK - 0.01, high),
            ],
            mixed(wall, "#FFFFFF", 0.55),
            light,
        )
    _window(canvas, camera, brief)
    if brief.subject != "kitchen":
        _art(canvas, camera, look, light)


def _flat(
    canvas: Canvas,
    camera: Camera,
    corners: list[tuple[float, float, float]],
    colour: str,
    light: Rig,
    opacity: float = 1.0,
) -> None:
    pixels, depth = camera.seen(np.array(corners))
    if depth.min() > 0.1:
        tone = np.broadcast_to(linear(colour) * (light.key * 0.55 + light.sky * 0.7), (2, 2, 3))
        canvas.shape([(float(x), float(y)) for x, y in pixels], tone, opacity)


def _window(canvas: Canvas, camera: Camera, brief: Brief) -> None:
    dark = brief.light in DARK_LIGHTS
    outside = {
        Light.NIGHT: ("#0E1530", "#1B2547"),
        Light.EVENING: ("#3B4A7A", "#C98A78"),
        Light.GOLDEN: ("#F6C98B", "#FFE9BF"),
    }.get(brief.light, ("#CFE3F2", "#FBFAF2"))
    y0, y1, z0, z1 = -1.6, 0.8, 0.85, 2.4
    grid = np.array([linear(outside[0]), linear(outside[1])])[:, None, :].repeat(2, axis=1) * (
        1.0 if dark else 1.08
    )
    pixels, _ = camera.seen(
        np.array(
            [(_LEFT + 0.02, y0, z0), (_LEFT + 0.02, y1, z0), (_LEFT + 0.02, y1, z1), (_LEFT + 0.02, y0, z1)]
        )
    )
    canvas.shape([(float(x), float(y)) for x, y in pixels], grid)
    for y in np.linspace(y0, y1, 4):
        _bar(
            canvas,
            camera,
            [
                (_LEFT + 0.03, y - 0.03, z0),
                (_LEFT + 0.03, y + 0.03, z0),
                (_LEFT + 0.03, y + 0.03, z1),
                (_LEFT + 0.03, y - 0.03, z1),
            ],
        )
    for z in (z0, (z0 + z1) / 2, z1):
        _bar(
            canvas,
            camera,
            [
                (_LEFT + 0.03, y0, z - 0.03),
                (_LEFT + 0.03, y1, z - 0.03),
                (_LEFT + 0.03, y1, z + 0.03),
                (_LEFT + 0.03, y0, z + 0.03),
            ],
        )
    if dark:
        return
    warm = "#FFDCA0" if brief.light is Light.GOLDEN else "#FFF3DC"
    for k in range(3):  # the panes on the floor, slanted as the sun stands
        a, b = y0 + 0.78 * k + 0.06, y0 + 0.78 * k + 0.72
        for near, far in ((0.9, 1.75), (1.83, 2.7)):
            pane = np.array(
                [
                    (_LEFT + near, a - near * 0.5, 0.005),
                    (_LEFT + near, b - near * 0.5, 0.005),
                    (_LEFT + far, b - far * 0.5, 0.005),
                    (_LEFT + far, a - far * 0.5, 0.005),
                ]
            )
            canvas.shape([(float(x), float(y)) for x, y in camera.seen(pane)[0]], warm, 0.34)


def _bar(canvas: Canvas, camera: Camera, corners: list[tuple[float, float, float]]) -> None:
    canvas.shape([(float(x), float(y)) for x, y in camera.seen(np.array(corners))[0]], "#F4F1EA")


def _art(canvas: Canvas, camera: Camera, look: Look, light: Rig) -> None:
    for left, wide, low, high, colour in (
        (-0.75, 0.78, 1.35, 1.05, look.accents[0]),
        (0.18, 0.6, 1.35, 0.82, look.accents[1]),
    ):
        y = _BACK - 0.03
        _flat(
            canvas,
            camera,
            [
                (left - 0.03, y, low - 0.03),
                (left + wide + 0.03, y, low - 0.03),
                (left + wide + 0.03, y, low + high + 0.03),
                (left - 0.03, y, low + high + 0.03),
            ],
            "#3A332C",
            light,
        )
        _flat(
            canvas,
            camera,
            [(left, y, low), (left + wide, y, low), (left + wide, y, low + high), (left, y, low + high)],
            "#F5F0E6",
            light,
        )
        turns = np.linspace(0, 2 * math.pi, 60)
        _flat(
            canvas,
            camera,
            [
                (
                    left + wide / 2 + wide * 0.28 * math.cos(t),
                    y - 0.01,
                    low + high * 0.58 + wide * 0.28 * math.sin(t),
                )
                for t in turns
            ],
            colour,
            light,
        )
        _flat(
            canvas,
            camera,
            [
                (left + wide * 0.12, y - 0.012, low + high * 0.12),
                (left + wide * 0.88, y - 0.012, low + high * 0.12),
                (left + wide * 0.88, y - 0.012, low + high * 0.4),
                (left + wide * 0.12, y - 0.012, low + high * 0.4),
            ],
            look.product,
            light,
        )


def _furniture(brief: Brief, look: Look) -> list[list[Part]]:
    """Return pieces of furniture, far to near."""
    made = {"living": _living, "bedroom": _bedroom, "kitchen": _kitchen}[brief.subject]
    return made(look)


def _rug(look: Look, x: float, y: float, wide: float, deep: float) -> list[Part]:
    return [
        Part(
            patch=disc(0.012, wide, deep, power=2).moved(x, y),
            finish=Finish(colour=look.accents[0], gloss=0.0),
        ),
        Part(
            patch=disc(0.016, wide * 0.8, deep * 0.8, power=2).moved(x, y),
            finish=Finish(colour=mixed(look.accents[0], "#FFFFFF", 0.25), gloss=0.0),
            layer=1,
        ),
    ]


def _plant(x: float, y: float, pot: str) -> list[Part]:
    parts = turned(x, y, [(0, 0.13), (0.02, 0.14), (0.2, 0.17), (0.36, 0.18)], Finish(colour=pot, gloss=0.1))
    for k in range(11):
        turn = k * 2.4
        lean = 0.16 + 0.035 * k
        path = np.array(
            [
                (
                    x + lean * t * t * math.cos(turn) * 1.1,
                    y + lean * t * t * math.sin(turn),
                    0.34 + t * (1.15 - 0.06 * k),
                )
                for t in np.linspace(0, 1, 12)
            ]
        )
        wide = 0.012 + 0.075 * np.sin(math.pi * np.linspace(0.02, 0.98, 12)) ** 1.3
        parts.append(
            Part(
                patch=tube(path, wide, 16),
                finish=Finish(colour=mixed(LEAF, "#A9C08C", 0.06 * k), gloss=0.12),
                layer=2,
            )
        )
    return parts


def _floor_lamp(x: float, y: float, colour: str) -> list[Part]:
    brass = Finish(colour="#B8924A", gloss=0.4, metal=0.6)
    return [
        *turned(x, y, [(0, 0.2), (0.03, 0.2)], brass),
        *turned(x, y, [(0.03, 0.018), (1.6, 0.018)], brass, top=False),
        *[
            replace(part, layer=1)
            for part in turned(
                x,
                y,
                [(1.5 + 0.42 * t, 0.3 - 0.12 * t) for t in np.linspace(0, 1, 8)],
                Finish(colour=mixed("#FFF1DA", colour, 0.12), gloss=0.0, shine=0.5),
            )
        ],
    ]


def _living(look: Look) -> list[list[Part]]:
    sofa, pale = look.product, mixed(look.product, "#FFFFFF", 0.12)
    legs = [
        part
        for x in (-1.05, 1.05)
        for y in (0.6, 1.2)
        for part in turned(x, y, [(0, 0.025), (0.16, 0.035)], Finish(colour=_OAK))
    ]
    return [
        _rug(look, 0.1, 0.0, 1.75, 0.8),
        _plant(-1.85, 1.05, look.accents[1]),
        _floor_lamp(1.75, 1.1, look.accents[0]),
        legs,
        _cushion(0, 1.25, 0.2, (1.2, 0.17, 0.68), sofa),
        _cushion(-1.2, 0.92, 0.16, (0.16, 0.46, 0.48), sofa),
        _cushion(1.2, 0.92, 0.16, (0.16, 0.46, 0.48), sofa),
        _cushion(0, 0.92, 0.14, (1.12, 0.44, 0.2), sofa),
        _cushion(-0.53, 0.86, 0.33, (0.52, 0.42, 0.15), pale),
        _cushion(0.53, 0.86, 0.33, (0.52, 0.42, 0.15), pale),
        _cushion(-0.78, 1.0, 0.47, (0.24, 0.09, 0.4), look.accents[0]),
        _cushion(0.62, 1.0, 0.47, (0.22, 0.09, 0.36), look.accents[1]),
        [
            *turned(0.15, -0.1, [(0, 0.26), (0.3, 0.1), (0.36, 0.1)], Finish(colour=_OAK, gloss=0.1)),
            *turned(0.15, -0.1, [(0.36, 0.56), (0.4, 0.58), (0.43, 0.57)], Finish(colour=_OAK, gloss=0.14)),
        ],
        turned(
            0.35,
            -0.15,
            [(0.43, 0.05), (0.5, 0.08), (0.56, 0.075), (0.62, 0.045), (0.68, 0.05)],
            Finish(colour=look.accents[1], gloss=0.3),
        ),
        _crate(-0.1, -0.15, 0.43, (0.34, 0.24, 0.05), look.accents[0]),
    ]


def _bedroom(look: Look) -> list[list[Part]]:
    sheetc = mixed(look.accents[0], "#FFFFFF", 0.6)
    return [
        _rug(look, 0.1, -0.1, 1.9, 0.9),
        _plant(-1.9, 1.2, look.accents[1]),
        _cushion(0, 1.45, 0.0, (1.25, 0.09, 1.05), mixed(look.product, _OAK, 0.25)),
        _crate(1.65, 1.25, 0, (0.46, 0.42, 0.5), _OAK),
        _floor_lamp(2.15, 1.2, look.accents[0]),
        turned(
            1.65,
            1.2,
            [(0.5, 0.05), (0.58, 0.09), (0.72, 0.05), (0.76, 0.06)],
            Finish(colour=look.accents[1], gloss=0.3),
        ),
        _cushion(0, 0.5, 0.06, (1.12, 0.95, 0.26), mixed(_OAK, "#FFFFFF", 0.1)),
        _cushion(0, 0.5, 0.3, (1.08, 0.92, 0.22), sheetc),
        _cushion(-0.5, 1.18, 0.5, (0.42, 0.15, 0.34), "#F6F2EA"),
        _cushion(0.5, 1.18, 0.5, (0.42, 0.15, 0.34), "#F6F2EA"),
        _cushion(0.05, 1.0, 0.5, (0.3, 0.1, 0.28), look.accents[1]),
        _cushion(0, 0.2, 0.36, (1.14, 0.68, 0.21), look.product),
        _cushion(0, -0.2, 0.43, (1.15, 0.22, 0.17), mixed(look.product, "#FFFFFF", 0.3)),
    ]


def _kitchen(look: Look) -> list[list[Part]]:
    doors = [
        part
        for k in range(6)
        for part in _crate(-1.55 + 0.62 * k, 0.87, 0.1, (0.58, 0.02, 0.7), look.product)
    ]
    shelf = _crate(0.9, 1.42, 1.55, (1.7, 0.28, 0.05), _OAK)
    jars = [
        part
        for k, colour in enumerate((look.accents[0], look.accents[1], look.accents[2], "#F4EFE6"))
        for part in turned(
            0.35 + 0.36 * k,
            1.4,
            [(1.6, 0.09), (1.78 + 0.05 * (k % 2), 0.09), (1.82 + 0.05 * (k % 2), 0.06)],
            Finish(colour=colour, gloss=0.3),
        )
    ]
    pendants = [
        part
        for x in (-0.6, 0.7)
        for part in (
            *turned(
                x, 0.1, [(2.1, 0.2), (2.2, 0.16), (2.3, 0.05)], Finish(colour=look.accents[0], gloss=0.25)
            ),
            *turned(x, 0.1, [(2.3, 0.008), (2.9, 0.008)], Finish(colour="#2A2A2C"), top=False),
        )
    ]
    stools = [
        part
        for x in (-0.75, 0.0, 0.75)
        for part in (
            *turned(
                x,
                -0.75,
                [(0, 0.16), (0.02, 0.16), (0.03, 0.025), (0.58, 0.025)],
                Finish(colour="#2F3033", gloss=0.3),
                top=False,
            ),
            *turned(
                x,
                -0.75,
                [(0.58, 0.17), (0.62, 0.19), (0.65, 0.18)],
                Finish(colour=look.accents[1], gloss=0.05),
            ),
        )
    ]
    island = [
        *_crate(0, -0.05, 0, (2.0, 0.7, 0.86), mixed(look.product, "#FFFFFF", 0.15)),
        *[replace(part, layer=1) for part in _crate(0, -0.05, 0.86, (2.2, 0.85, 0.06), "#EDE9E2", 0.3)],
    ]
    bowl = turned(
        0.35,
        -0.1,
        [(0.92, 0.08), (0.95, 0.14), (1.02, 0.2), (1.05, 0.21)],
        Finish(colour=look.accents[0], gloss=0.3),
    )
    fruit = [
        Part(
            patch=ball(0.07).moved(0.35 + 0.1 * math.cos(t), -0.12 + 0.06 * math.sin(t), 1.08),
            finish=Finish(colour=look.accents[1], gloss=0.25),
            layer=3,
        )
        for t in (0.2, 2.2, 4.2)
    ]
    return [
        _crate(0, 1.2, 0, (3.8, 0.64, 0.86), mixed(look.product, "#000000", 0.25)),
        doors,
        _crate(0, 1.18, 0.86, (3.9, 0.7, 0.05), "#EDE9E2", 0.3),
        shelf,
        jars,
        _plant(-2.15, 1.1, look.accents[1]),
        pendants,
        island,
        [*bowl, *fruit],
        stools,
    ]
