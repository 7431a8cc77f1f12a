"""Fronts: a shop seen from the street; a house is in `house`.

Hides the street: boxes, panes and bands, painted far to near. When it is dark some of the windows are lit.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageDraw

from seedpipe.sandbox.render.brief import DARK_LIGHTS
from seedpipe.sandbox.render.colours import legible_on, linear, mixed
from seedpipe.sandbox.render.geometry import ball, orbit, sheet
from seedpipe.sandbox.render.greenery import clipped
from seedpipe.sandbox.render.house import paint_house
from seedpipe.sandbox.render.lettering import Face, fitting, legible, length, write
from seedpipe.sandbox.render.masonry import Site, paint_glass, paint_sky, paint_window, upright
from seedpipe.sandbox.render.parts import Part, crate
from seedpipe.sandbox.render.shading import Finish, Glow, rig, shaded

if TYPE_CHECKING:
    from seedpipe.sandbox.render.brief import Brief
    from seedpipe.sandbox.render.canvas import Canvas
    from seedpipe.sandbox.render.geometry import Camera
    from seedpipe.sandbox.render.look import Look, Shot
    from seedpipe.sandbox.render.shading import Rig

_OVER: Final = 12.0  # how far away the viewer stands
_STRIPES: Final = 14


def paint_facade(canvas: Canvas, brief: Brief, look: Look, shot: Shot) -> None:
    """Paint a building from the street, or a house from its garden."""
    house = brief.subject == "house"
    site = Site(canvas, _camera(canvas, brief, shot, house=house), _light(brief, look), brief, look)
    paint_sky(site)
    if house:
        paint_house(site)
        return
    _paint_street(site)
    for group in _block(look):
        site.paint(group)
    frame = mixed(look.product, "#FFFFFF", 0.55)
    for z in (1.62, 2.68):
        for x in (-1.75, -0.75, 0.15, 1.12):
            paint_window(site, (x, z, 0.62, 0.82), frame)
    _paint_shop(site)
    for x in (-2.45, 2.45):
        site.paint(clipped(x, -0.5, look.accents[0], brief.season))


def _camera(canvas: Canvas, brief: Brief, shot: Shot, *, house: bool) -> Camera:
    ratio = canvas.width / canvas.height
    beside = bool(brief.headline) and ratio >= 1.3
    view = max(4.6 if house else 4.3, (5.4 if house else 4.2) / ratio) / shot.near**0.7
    above = bool(brief.headline) and not beside
    view *= 1.25 if above else 1.0
    focal = canvas.height * _OVER / view
    target = (0.0, 0.0, 1.72 if shot.near < 1.3 else 1.0)
    across = 0.68 if beside else 0.5 + shot.shift
    up = 0.68 if above else 0.54 if brief.headline else 0.5
    turn, rise = shot.azimuth * 0.8, 1 + min(shot.elevation, 24) * 0.25
    return orbit(target, _OVER, turn, rise, focal, (across * canvas.width, up * canvas.height))


def _light(brief: Brief, look: Look) -> Rig:
    light = rig(brief.light, look.side)
    if brief.light not in DARK_LIGHTS:
        return light
    glow = linear("#FFC98A") * 0.9
    return light.with_glows(*[Glow(at=np.array((x, -0.8, 1.1)), reach=1.0, light=glow) for x in (-0.9, 1.1)])


def _paint_street(site: Site) -> None:
    snow = site.brief.season == "winter"
    for low, high, colour in ((-9.0, -1.1, "#6B6A6C"), (-1.1, 0.4, "#B3ADA4")):
        finish = Finish(colour=mixed(colour, "#EDF1F3", 0.7 if snow else 0.0), gloss=0.04)
        site.paint([Part(patch=sheet((-16, low, 0), (32, 0, 0), (0, high - low, 0)), finish=finish)])


def _block(look: Look) -> list[list[Part]]:
    wall = Finish(colour=look.product, gloss=0.0)
    trim = Finish(colour=mixed(look.product, "#FFFFFF", 0.35), gloss=0.0)
    next_door = Finish(colour=mixed(look.product, look.background, 0.6), gloss=0.0)
    sides = [
        Part(
            patch=sheet((x, 0.25, 0), (6, 0, 0), (0, 0, high)),
            finish=replace(next_door, colour=mixed(next_door.colour, "#8A847C", share)),
        )
        for x, high, share in ((-8.2, 3.1, 0.4), (2.2, 3.4, 0.25))
    ]
    body = crate((0, 1.0, 0), (4.4, 2.0, 3.7), wall)
    bands = [
        part
        for z, high, over in ((1.42, 0.09, 0.12), (2.55, 0.05, 0.06), (3.62, 0.2, 0.2))
        for part in crate((0, 0.95, z), (4.4 + over, 2.0 + over, high), trim)
    ]
    return [sides, body, bands]


def _paint_shop(site: Site) -> None:
    """Paint the ground floor: panes, door, what is in the window, awning, sign."""
    look = site.look
    timber = look.accents[0]
    door = site.brief.tied("door") or mixed(timber, "#000000", 0.22)
    site.paint([upright((-2.0, 0, 4.0, 1.4), timber, -0.02)])
    for x, wide, z in ((-1.85, 1.5, 0.32), (0.68, 1.2, 0.32)):
        site.paint([upright((x - 0.04, z - 0.04, wide + 0.08, 0.8), mixed(timber, "#000000", 0.3), -0.025)])
        paint_glass(site, (x, z, wide, 0.7), -0.03, lit=site.is_dark)
        site.paint([upright((x + wide * share, z, 0.025, 0.7), timber, -0.035) for share in (1 / 3, 2 / 3)])
    site.paint([upright((-0.2, 0.04, 0.72, 1.02), door, -0.025)])
    paint_glass(site, (-0.1, 0.32, 0.52, 0.66), -0.03, lit=site.is_dark)
    wares = [
        Part(
            patch=ball(0.1, flat=0.75).moved(x, -0.06, 0.42),
            finish=Finish(colour=look.accents[1 + k % 2], gloss=0.1),
        )
        for k, x in enumerate((-1.62, -1.36, -1.1, -0.84, -0.58, 0.92, 1.2, 1.48))
    ]
    site.paint(wares)
    _paint_awning(site, site.brief.tied("awning") or look.accents[1])
    _paint_sign(site, timber)


def _paint_awning(site: Site, colour: str) -> None:
    other, wide = mixed(site.look.background, "#FFFFFF", 0.75), 4.0 / _STRIPES
    shade = upright((-2.0, 0.66, 4.0, 0.3), "#14141A", -0.04, opacity=0.28)
    parts = [shade]
    for k in range(_STRIPES):
        cloth = (other, colour)[k % 2]
        x = -2.0 + wide * k
        slope = sheet((x, -0.62, 0.93), (wide, 0, 0), (0, 0.6, 0.24), 4, 6)
        parts.append(Part(patch=slope, finish=Finish(colour=cloth, gloss=0.0)))
        parts.append(upright((x, 0.83, wide, 0.1), mixed(cloth, "#000000", 0.12), -0.62, gloss=0.0))
    site.paint(parts)


def _paint_sign(site: Site, timber: str) -> None:
    words = legible(site.brief.label)
    if not words:
        return
    choices = [*site.look.accents[1:], site.look.background]
    ink = Finish(colour=legible_on(timber, choices), gloss=0.0, shine=0.8 if site.is_dark else 0.0)
    grid = sheet((-1.9, -0.05, 1.17), (3.8, 0, 0), (0, 0, 0.24), 24, 3)
    site.canvas.decal(
        site.camera,
        grid,
        lambda wide, high: _sign(words, wide, high),
        shaded(site.camera, ink, site.light),
    )


def _sign(words: str, wide: int, high: int) -> Image.Image:
    mask = Image.new("L", (wide, high))
    size = fitting(words, wide * 0.8, max(4, round(high * 0.86)), smallest=3, face=Face.DISPLAY)
    left = (wide - length(words, size, Face.DISPLAY)) / 2
    write(ImageDraw.Draw(mask), (left, high / 2 + size * 0.36), words, size, 255, Face.DISPLAY)
    return mask
