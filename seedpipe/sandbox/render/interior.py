"""Interiors: a room with daylight on its floor, furnished in the palette.

Hides the shell: floor, walls, window, what hangs on the wall. A headline at the side gets a plain wall.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from seedpipe.sandbox.render.brief import DARK_LIGHTS, Light
from seedpipe.sandbox.render.colours import Floats, lightness, linear, mixed
from seedpipe.sandbox.render.furniture import OAK, furnished
from seedpipe.sandbox.render.geometry import orbit, sheet, shell
from seedpipe.sandbox.render.parts import paint
from seedpipe.sandbox.render.shading import Finish, Glow, Shade, lit, rig

if TYPE_CHECKING:
    from seedpipe.sandbox.render.brief import Brief
    from seedpipe.sandbox.render.canvas import Canvas
    from seedpipe.sandbox.render.geometry import Camera
    from seedpipe.sandbox.render.look import Look, Shot
    from seedpipe.sandbox.render.parts import Part
    from seedpipe.sandbox.render.shading import Rig

_DISTANCE: Final = 9.0
_BACK, _HIGH = 1.6, 2.9
_LEFT, _FAR_LEFT = -2.5, -9.0  # where the wall with the window stands; out of sight beside a headline
_WINDOW: Final = (-1.6, 0.8, 0.85, 2.4)  # its y and z, from and to


def paint_interior(canvas: Canvas, brief: Brief, look: Look, shot: Shot) -> None:
    """Paint a room in the brief's colours."""
    beside = bool(brief.headline) and canvas.width >= 1.3 * canvas.height
    camera = _camera(canvas, brief, shot, beside=beside)
    light = rig(brief.light, -1.0)
    if brief.light in DARK_LIGHTS:
        light = light.with_glows(
            Glow(at=np.array((1.75, 0.9, 1.7)), reach=1.3, light=linear("#FFC98A") * 1.1)
        )
    wall, pieces = _walls(brief, look), furnished(brief.subject, look, clear_left=beside)
    canvas.flood(np.broadcast_to(linear(wall) * 0.5, (4, 4, 3)))
    solids = shell([part.patch for parts in pieces for part in parts])
    shade = Shade((0, 0, 0), (1, 0, 0), (0, 1, 0), 3.4, replace(light, shade=0.5))
    shade.touch(solids, 0.5)
    shade.cast(solids)
    behind = Shade((0, _BACK, 1.4), (1, 0, 0), (0, 0, 1), 3.4, light)
    behind.cast(solids)
    left = _FAR_LEFT if beside else _LEFT
    _paint_shell(canvas, camera, light, wall, (shade, behind), left)
    if not beside:
        _paint_window(canvas, camera, brief)
    _paint_sun(canvas, camera, brief)
    if brief.subject in {"living", "bedroom", "dining"}:
        _paint_prints(canvas, camera, look, light)
    for parts in pieces:
        paint(canvas, camera, light, _by_level(parts, camera))


def _camera(canvas: Canvas, brief: Brief, shot: Shot, *, beside: bool) -> Camera:
    ratio = canvas.width / canvas.height
    view = max(2.7, (5.6 if beside else 4.1) / ratio) / shot.near**0.55
    across = 0.71 if beside else 0.5 + shot.shift * 0.5
    up = 0.58 if brief.headline else 0.5
    target = (0.15, 0.4, 1.12 if shot.near < 1.3 else 0.8)
    turn, rise = shot.azimuth * 0.42 + 6, 5 + min(shot.elevation, 30) * 0.32
    focal = canvas.height * _DISTANCE / view
    return orbit(target, _DISTANCE, turn, rise, focal, (across * canvas.width, up * canvas.height))


def _by_level(parts: list[Part], camera: Camera) -> list[Part]:
    level = float(camera.eye[2])
    return sorted(parts, key=lambda part: (part.layer, -abs(float(part.patch.points[..., 2].mean()) - level)))


def _walls(brief: Brief, look: Look) -> str:
    if brief.background:
        return brief.background
    pale = [colour for colour in brief.palette if colour != look.product and lightness(colour) > 70]
    return pale[0] if pale else mixed(look.background, "#EDE6DA", 0.55)


# ---- the shell ----------------------------------------------------------------------------------


def _paint_shell(
    canvas: Canvas, camera: Camera, light: Rig, wall: str, shades: tuple[Shade, Shade], left: float
) -> None:
    """Paint floor, walls and ceiling."""
    eye, floor_colour = camera.eye, mixed(OAK, wall, 0.35)

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

    wide = 6 - left
    canvas.surface(camera, sheet((left - 1, -6, 0), (wide + 1, 0, 0), (0, 6 + _BACK, 0), 48, 48), floor)
    canvas.surface(camera, sheet((left, _BACK, 0), (wide, 0, 0), (0, 0, _HIGH), 48, 32), back)
    if left == _LEFT:
        canvas.surface(camera, sheet((left, _BACK, 0), (0, -6 - _BACK, 0), (0, 0, _HIGH), 24, 24), side)
    ceiling = [(left, _BACK, _HIGH), (6, _BACK, _HIGH), (6, -6, _HIGH), (left, -6, _HIGH)]
    _flat(canvas, camera, ceiling, mixed(wall, "#FFFFFF", 0.5), light)
    _flat(canvas, camera, _on_back(left, 0, wide, 0.13, 0.01), mixed(wall, "#FFFFFF", 0.55), light)


def _on_back(
    left: float, low: float, wide: float, high: float, off: float
) -> list[tuple[float, float, float]]:
    """Return a rectangle on the back wall."""
    y = _BACK - off
    return [(left, y, low), (left + wide, y, low), (left + wide, y, low + high), (left, y, low + high)]


def _on_side(y0: float, y1: float, z0: float, z1: float, off: float) -> list[tuple[float, float, float]]:
    """Return a rectangle on the wall with the window."""
    x = _LEFT + off
    return [(x, y0, z0), (x, y1, z0), (x, y1, z1), (x, y0, z1)]


def _flat(
    canvas: Canvas, camera: Camera, corners: list[tuple[float, float, float]], colour: str, light: Rig
) -> None:
    pixels, depth = camera.seen(np.array(corners))
    if depth.min() > 0.1:
        tone = np.broadcast_to(linear(colour) * (light.key * 0.55 + light.sky * 0.7), (2, 2, 3))
        canvas.shape([(float(x), float(y)) for x, y in pixels], tone)


def _paint_window(canvas: Canvas, camera: Camera, brief: Brief) -> None:
    dark = brief.light in DARK_LIGHTS
    outside = {
        Light.NIGHT: ("#0E1530", "#1B2547"),
        Light.EVENING: ("#3B4A7A", "#C98A78"),
        Light.GOLDEN: ("#F6C98B", "#FFE9BF"),
    }.get(brief.light, ("#CFE3F2", "#FBFAF2"))
    y0, y1, z0, z1 = _WINDOW
    sky = np.array([linear(outside[0]), linear(outside[1])])[:, None, :].repeat(2, axis=1)
    canvas.shape(_seen(camera, _on_side(y0, y1, z0, z1, 0.02)), sky * (1.0 if dark else 1.08))
    for y in np.linspace(y0, y1, 4):
        canvas.shape(_seen(camera, _on_side(y - 0.03, y + 0.03, z0, z1, 0.03)), "#F4F1EA")
    for z in (z0, (z0 + z1) / 2, z1):
        canvas.shape(_seen(camera, _on_side(y0, y1, z - 0.03, z + 0.03, 0.03)), "#F4F1EA")


def _paint_sun(canvas: Canvas, camera: Camera, brief: Brief) -> None:
    """Paint the window's panes on the floor, slanted as the sun stands."""
    if brief.light in DARK_LIGHTS:
        return
    warm = "#FFDCA0" if brief.light is Light.GOLDEN else "#FFF3DC"
    for k in range(3):
        a, b = _WINDOW[0] + 0.78 * k + 0.06, _WINDOW[0] + 0.78 * k + 0.72
        for near, far in ((0.9, 1.75), (1.83, 2.7)):
            pane = [
                (_LEFT + near, a - near * 0.5, 0.005),
                (_LEFT + near, b - near * 0.5, 0.005),
                (_LEFT + far, b - far * 0.5, 0.005),
                (_LEFT + far, a - far * 0.5, 0.005),
            ]
            canvas.shape(_seen(camera, pane), warm, 0.34)


def _seen(camera: Camera, corners: list[tuple[float, float, float]]) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in camera.seen(np.array(corners))[0]]


def _paint_prints(canvas: Canvas, camera: Camera, look: Look, light: Rig) -> None:
    """Paint two framed prints on the wall."""
    for left, wide, low, high, colour in (
        (-0.75, 0.78, 1.35, 1.05, look.accents[0]),
        (0.18, 0.6, 1.35, 0.82, look.accents[1]),
    ):
        _flat(
            canvas,
            camera,
            _on_back(left - 0.03, low - 0.03, wide + 0.06, high + 0.06, 0.03),
            "#3A332C",
            light,
        )
        _flat(canvas, camera, _on_back(left, low, wide, high, 0.03), "#F5F0E6", light)
        x, z, radius = left + wide / 2, low + high * 0.58, wide * 0.28
        turns = np.linspace(0, 2 * math.pi, 60)
        sun = [(x + radius * math.cos(t), _BACK - 0.04, z + radius * math.sin(t)) for t in turns]
        _flat(canvas, camera, sun, colour, light)
        land = _on_back(left + wide * 0.12, low + high * 0.12, wide * 0.76, high * 0.28, 0.042)
        _flat(canvas, camera, land, look.product, light)
