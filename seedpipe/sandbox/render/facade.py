"""Fronts: a shop or a house seen from the street.

Hides the masonry: boxes, panes and bands, painted far to near. At night some of the windows are lit.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageDraw

from seedpipe.sandbox.render.brief import Light
from seedpipe.sandbox.render.colours import legible_on, linear, mixed
from seedpipe.sandbox.render.geometry import ball, block, orbit, sheet
from seedpipe.sandbox.render.interior import DARK_LIGHTS, LEAF, seen_by, turned
from seedpipe.sandbox.render.lettering import Face, fitting, length, spell, write
from seedpipe.sandbox.render.packs import Part
from seedpipe.sandbox.render.shading import Finish, Glow, Rig, lit, rig

if TYPE_CHECKING:
    from seedpipe.sandbox.render.brief import Brief
    from seedpipe.sandbox.render.canvas import Canvas
    from seedpipe.sandbox.render.geometry import Camera
    from seedpipe.sandbox.render.look import Look, Shot

_OVER: Final = 12.0  # how far away the viewer stands


def paint_facade(canvas: Canvas, brief: Brief, look: Look, shot: Shot) -> None:
    """Paint a building from the street."""
    ratio = canvas.width / canvas.height
    view = max(4.3, 4.2 / ratio) / shot.near**0.7
    focal = canvas.height * _OVER / view
    target = (0.0, 0.0, 1.72 if shot.near < 1.3 else 1.0)
    camera = orbit(
        target,
        _OVER,
        shot.azimuth * 0.8,
        1 + min(shot.elevation, 24) * 0.25,
        focal,
        ((0.5 + shot.shift) * canvas.width, (0.54 if brief.headline else 0.5) * canvas.height),
    )
    light = rig(brief.light, look.side)
    dark = brief.light in DARK_LIGHTS
    if dark:
        glow = linear("#FFC98A") * 0.9
        light = light.with_glows(
            Glow(at=np.array((-0.9, -0.8, 1.1)), reach=1.0, light=glow),
            Glow(at=np.array((1.1, -0.8, 1.1)), reach=1.0, light=glow),
        )
    _street(canvas, camera, brief, light)
    house = brief.subject == "house"
    parts = _house(look) if house else _block(look)
    for group in parts:
        for part in group:
            canvas.surface(camera, part.patch, seen_by(camera, part, light), part.finish.opacity)
    for window in _windows(house=house):
        _paint_window(canvas, camera, window, light, look, dark=dark)
    if not house:
        _shop(canvas, camera, light, brief, look)
    _green(canvas, camera, light, look)


def _street(canvas: Canvas, camera: Camera, brief: Brief, light: Rig) -> None:
    top, low = {
        Light.NIGHT: ("#090D1D", "#1D2645"),
        Light.EVENING: ("#2F3C66", "#D99A82"),
        Light.GOLDEN: ("#7D8CB8", "#FFD7A0"),
    }.get(brief.light, ("#8DBBE0", "#E9F1F4"))
    rise = np.linspace(0, 1, 40)[:, None, None]
    canvas.flood(np.broadcast_to(linear(top) * (1 - rise) + linear(low) * rise, (40, 4, 3)))
    for low_y, high_y, colour in ((-9.0, -1.1, "#6B6A6C"), (-1.1, 0.0, "#B3ADA4")):
        part = Part(
            patch=sheet((-16, low_y, 0), (32, 0, 0), (0, high_y - low_y, 0)),
            finish=Finish(colour=colour, gloss=0.04),
        )
        canvas.surface(camera, part.patch, seen_by(camera, part, light))


def _block(look: Look) -> list[list[Part]]:
    wall, trim = (
        Finish(colour=look.product, gloss=0.0),
        Finish(colour=mixed(look.product, "#FFFFFF", 0.35), gloss=0.0),
    )
    next_door = Finish(colour=mixed(look.product, look.background, 0.6), gloss=0.0)
    sides = [
        Part(
            patch=sheet((x, 0.25, 0), (6, 0, 0), (0, 0, high)),
            finish=replace(next_door, colour=mixed(next_door.colour, "#8A847C", share)),
        )
        for x, high, share in ((-8.2, 3.1, 0.4), (2.2, 3.4, 0.25))
    ]
    body = [Part(patch=each.moved(0, 1.0), finish=wall) for each in block(4.4, 2.0, 3.7)]
    bands = [
        Part(patch=each.moved(0, 0.95, z), finish=trim)
        for z, high, over in ((1.42, 0.09, 0.12), (2.55, 0.05, 0.06), (3.62, 0.2, 0.2))
        for each in block(4.4 + over, 2.0 + over, high)
    ]
    return [sides, body, bands]


def _house(look: Look) -> list[list[Part]]:
    wall = Finish(colour=look.product, gloss=0.0)
    roof = Finish(colour=look.accents[0], gloss=0.03)
    body = [Part(patch=each.moved(0, 1.2), finish=wall) for each in block(4.2, 2.4, 2.1)]
    slope = Part(patch=sheet((-2.4, -0.25, 2.0), (4.8, 0, 0), (0, 1.5, 1.25)), finish=roof)
    chimney = [
        Part(patch=each.moved(1.1, 1.0, 2.5), finish=Finish(colour=mixed(look.product, "#7A5A4A", 0.4)))
        for each in block(0.4, 0.4, 1.05)
    ]
    door = [
        Part(
            patch=sheet((-0.36, -0.01, 0), (0.72, 0, 0), (0, 0, 1.4)),
            finish=Finish(colour=look.accents[1], gloss=0.15),
        ),
        Part(
            patch=ball(0.03).moved(0.25, -0.03, 0.68), finish=Finish(colour="#C79A4B", metal=0.8, gloss=0.5)
        ),
    ]
    step = [
        Part(patch=each.moved(0, -0.25), finish=Finish(colour="#B3ADA4")) for each in block(1.1, 0.5, 0.1)
    ]
    return [chimney, body, [slope], door, step]


def _windows(*, house: bool) -> list[tuple[float, float, float, float]]:
    if house:
        return [(x, 0.75, 0.75, 0.95) for x in (-1.65, 0.9)]
    return [(x, z, 0.62, 0.82) for z in (1.62, 2.68) for x in (-1.75, -0.75, 0.15, 1.12)]


def _paint_window(
    canvas: Canvas,
    camera: Camera,
    window: tuple[float, float, float, float],
    light: Rig,
    look: Look,
    *,
    dark: bool,
) -> None:
    x, z, wide, high = window
    _upright(
        canvas,
        camera,
        light,
        (x - 0.06, z - 0.06, wide + 0.12, high + 0.12),
        mixed(look.product, "#FFFFFF", 0.55),
        -0.005,
    )
    is_lit = dark and (int(x * 7 + z * 5 + look.seed) % 3 != 0)
    shades = ("#FFD58F", "#FFB65C") if is_lit else ("#1A2238", "#2A3450") if dark else ("#B9D3E2", "#5F7F92")
    pixels, _ = camera.seen(
        np.array([(x, -0.01, z), (x + wide, -0.01, z), (x + wide, -0.01, z + high), (x, -0.01, z + high)])
    )
    fill = np.array([linear(shades[0]), linear(shades[1])])[:, None, :].repeat(2, axis=1)
    canvas.shape([(float(a), float(b)) for a, b in pixels], fill)
    for at in (x + wide / 2 - 0.015,):
        _upright(canvas, camera, light, (at, z, 0.03, high), mixed(look.product, "#FFFFFF", 0.55), -0.012)
    _upright(
        canvas, camera, light, (x, z + high * 0.6, wide, 0.03), mixed(look.product, "#FFFFFF", 0.55), -0.012
    )
    sill = [
        Part(
            patch=each.moved(x + wide / 2, -0.05, z - 0.1),
            finish=Finish(colour=mixed(look.product, "#FFFFFF", 0.45)),
        )
        for each in block(wide + 0.2, 0.14, 0.05)
    ]
    for part in sill:
        canvas.surface(camera, part.patch, seen_by(camera, part, light))


def _upright(
    canvas: Canvas, camera: Camera, light: Rig, box: tuple[float, float, float, float], colour: str, y: float
) -> None:
    x, z, wide, high = box
    part = Part(
        patch=sheet((x, y, z), (wide, 0, 0), (0, 0, high), 6, 6), finish=Finish(colour=colour, gloss=0.03)
    )
    canvas.surface(camera, part.patch, seen_by(camera, part, light))


def _shop(canvas: Canvas, camera: Camera, light: Rig, brief: Brief, look: Look) -> None:
    """Paint the ground floor: panes, door, sign and awning."""
    dark = brief.light in DARK_LIGHTS
    timber = look.accents[0]
    _upright(canvas, camera, light, (-2.0, 0, 4.0, 1.4), timber, -0.02)
    shades = ("#FFE0A6", "#F2A24E") if dark else ("#C9DCE4", "#6E8894")
    for x, wide, z in ((-1.85, 1.5, 0.32), (-0.18, 0.7, 0.05), (0.68, 1.2, 0.32)):
        pixels, _ = camera.seen(
            np.array([(x, -0.03, z), (x + wide, -0.03, z), (x + wide, -0.03, 1.02), (x, -0.03, 1.02)])
        )
        canvas.shape(
            [(float(a), float(b)) for a, b in pixels],
            np.array([linear(shades[0]), linear(shades[1])])[:, None, :].repeat(2, axis=1),
        )
    for k in range(5):  # what is in the window
        part = Part(
            patch=ball(0.1, flat=0.75).moved(-1.55 + 0.24 * k, -0.06, 0.42),
            finish=Finish(colour=look.accents[1 + k % 2], gloss=0.1),
        )
        canvas.surface(camera, part.patch, seen_by(camera, part, light))
    stripes = 14
    for k in range(stripes):
        colour = look.accents[1] if k % 2 else mixed(look.background, "#FFFFFF", 0.75)
        part = Part(
            patch=sheet((-2.0 + 4.0 * k / stripes, -0.62, 0.93), (4.0 / stripes, 0, 0), (0, 0.6, 0.24), 4, 6),
            finish=Finish(colour=colour, gloss=0.0),
        )
        canvas.surface(camera, part.patch, seen_by(camera, part, light))
        rim = Part(
            patch=sheet((-2.0 + 4.0 * k / stripes, -0.62, 0.83), (4.0 / stripes, 0, 0), (0, 0, 0.1), 3, 3),
            finish=Finish(colour=mixed(colour, "#000000", 0.12), gloss=0.0),
        )
        canvas.surface(camera, rim.patch, seen_by(camera, rim, light))
    words = spell(brief.label)
    if words:
        ink = Finish(
            colour=legible_on(timber, [*look.accents[1:], look.background]),
            gloss=0.0,
            shine=0.8 if dark else 0.0,
        )
        grid = sheet((-1.9, -0.05, 1.17), (3.8, 0, 0), (0, 0, 0.24), 24, 3)
        canvas.decal(
            camera,
            grid,
            lambda wide, high: _sign(words, wide, high),
            lambda p, n: lit(p, n, camera.eye, ink, light),
        )


def _sign(words: str, wide: int, high: int) -> Image.Image:
    mask = Image.new("L", (wide, high))
    size = fitting(words, wide * 0.8, max(4, round(high * 0.86)), smallest=3, face=Face.DISPLAY)
    write(
        ImageDraw.Draw(mask),
        ((wide - length(words, size, Face.DISPLAY)) / 2, high / 2 + size * 0.36),
        words,
        size,
        255,
        Face.DISPLAY,
    )
    return mask


def _green(canvas: Canvas, camera: Camera, light: Rig, look: Look) -> None:
    for x in (-2.45, 2.45):
        pot = turned(
            x, -0.5, [(0, 0.15), (0.3, 0.19), (0.34, 0.19)], Finish(colour=look.accents[0], gloss=0.1)
        )
        crown = [
            Part(
                patch=ball(radius).moved(x, -0.5, z),
                finish=Finish(colour=mixed(LEAF, "#A9C08C", share), gloss=0.05),
            )
            for radius, z, share in ((0.3, 0.62, 0.0), (0.24, 0.92, 0.15), (0.16, 1.16, 0.3))
        ]
        for part in [*pot, *crown]:
            canvas.surface(camera, part.patch, seen_by(camera, part, light))
