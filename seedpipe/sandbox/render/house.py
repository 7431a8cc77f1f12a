"""A house in its garden: a gable, a wing, a door with steps, trees of the season.

Hides the carpentry. What the prompt says of door and roof is kept.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from seedpipe.sandbox.render.colours import lightness, mixed
from seedpipe.sandbox.render.geometry import ball, disc, front, sheet
from seedpipe.sandbox.render.greenery import bush, grass, leaves, tree
from seedpipe.sandbox.render.masonry import Site, paint_window, upright
from seedpipe.sandbox.render.parts import Part, crate
from seedpipe.sandbox.render.shading import Finish

if TYPE_CHECKING:
    from seedpipe.sandbox.render.look import Look
    from seedpipe.sandbox.render.shading import Rig

_MIDDLE, _HALF, _EAVES, _RIDGE, _DEEP = -0.75, 1.25, 2.15, 3.55, 2.8  # of the gable
_OVER: Final = 0.2  # how far its roof reaches beyond
_LEFT, _RIGHT, _BACK, _LOW, _TOP = 0.5, 2.55, 0.4, 1.72, 2.85  # of the wing
_DOOR: Final = (0.86, 0.12, 0.62, 1.28)


def paint_house(site: Site) -> None:
    """Paint a house, its garden first."""
    look, season = site.look, site.brief.season
    wall = look.product
    roof = site.brief.tied("roof") or _roof(look)
    roof = mixed(roof, "#F4F7F8", 0.8) if season == "winter" else roof
    frame = mixed(wall, "#FFFFFF", 0.75) if lightness(wall) < 80 else mixed(wall, "#7B756C", 0.45)
    garden = site._replace(light=_dimmed(site.light)) if site.is_dark else site  # lamps do not reach it
    _paint_garden(garden)
    site.paint(_chimney(mixed(wall, "#7A4A3A", 0.55)))
    # Where the wing and the gable's side cover each other depends on where the viewer stands.
    if site.camera.eye[0] > _LEFT:
        _paint_gable(site, wall, frame)
        _paint_wing(site, wall, roof, frame)
    else:
        _paint_wing(site, wall, roof, frame)
        _paint_gable(site, wall, frame)
    _paint_roof(site, roof, frame)
    for x, y, size in ((-1.75, -0.3, 0.3), (-0.72, -0.3, 0.24), (2.25, 0.0, 0.28)):
        site.paint(bush(x, y, size, season))
    garden.paint(tree(-3.3, -0.6, 2.5, season, look.seed))


def _dimmed(light: Rig) -> Rig:
    return replace(light, key=light.key * 0.4, sky=light.sky * 0.8)


def _roof(look: Look) -> str:
    choices = [colour for colour in look.accents if lightness(colour) < 62]
    return choices[0] if choices else mixed(look.accents[0], "#4A3C36", 0.6)


def _paint_garden(site: Site) -> None:
    season, look = site.brief.season, site.look
    lawn, far = grass(season), mixed(leaves(season)[0], "#B8C6CE", 0.35)
    for x, y, z, radius in (
        (-4.6, 7, 0.2, 1.6),
        (-1.8, 8, 0.1, 1.3),
        (1.6, 7.5, 0.3, 1.7),
        (4.9, 7, 0.1, 1.8),
    ):
        site.paint([Part(patch=ball(radius, flat=0.7).moved(x, y, z), finish=Finish(colour=far, gloss=0.0))])
    ground = sheet((-16, -9.5, 0), (32, 0, 0), (0, 24, 0))
    site.paint([Part(patch=ground, finish=Finish(colour=lawn, gloss=0.0))])
    site.paint(tree(3.75, 2.2, 3.4, season, look.seed + 1))
    path = mixed("#C9BFAE", lawn, 0.12 if season != "winter" else 0.6)
    middle = _DOOR[0] + _DOOR[2] / 2
    shade = mixed(lawn, "#26301F", 0.45)
    site.paint(
        [
            Part(
                patch=disc(0.003, 2.5, 0.5).moved(0.4, 0.1),
                finish=Finish(colour=shade, gloss=0.0, opacity=0.45),
            ),
            Part(
                patch=sheet((middle - 0.3, -9.5, 0.006), (0.6, 0, 0), (0, 9.9, 0)), finish=Finish(colour=path)
            ),
        ]
    )


def _chimney(colour: str) -> list[Part]:
    finish = Finish(colour=colour, gloss=0.0)
    return [
        *crate((-0.1, 1.5, 2.6), (0.36, 0.36, 1.2), finish),
        *crate((-0.1, 1.5, 3.8), (0.44, 0.44, 0.08), finish),
    ]


def _paint_gable(site: Site, wall: str, frame: str) -> None:
    finish = Finish(colour=wall, gloss=0.0)
    outline = [(0.0, _HALF), (_EAVES, _HALF), (_RIDGE, 0.01)]
    face = front([(z, half) for z, half in _finely(outline)], 0.0).moved(_MIDDLE, 0)
    side = sheet((_MIDDLE + _HALF, 0, 0), (0, _DEEP, 0), (0, 0, _EAVES))
    left = sheet((_MIDDLE - _HALF, _DEEP, 0), (0, -_DEEP, 0), (0, 0, _EAVES))
    site.paint([Part(patch=each, finish=finish) for each in (side, left, face)])
    site.paint(_boards(wall, _MIDDLE - _HALF, 2 * _HALF, _EAVES, 0.0))
    site.paint([upright((_MIDDLE - _HALF, 0, 2 * _HALF, 0.12), mixed(wall, "#6E675E", 0.6), -0.006)])
    shutter = site.look.accents[1]
    for x in (_MIDDLE - 0.88, _MIDDLE + 0.26):
        paint_window(site, (x, 0.62, 0.62, 0.84), frame)
        for edge in (x - 0.26, x + 0.68):
            site.paint([upright((edge, 0.58, 0.2, 0.92), shutter, -0.01)])
    paint_window(site, (_MIDDLE - 0.4, 1.94, 0.8, 0.74), frame)
    attic = front(
        [(z, max(0.004, (0.15**2 - (z - 0.15) ** 2) ** 0.5)) for z in _steps(0.001, 0.299, 14)], -0.01
    )
    site.paint([Part(patch=attic.moved(_MIDDLE, 0, 2.92), finish=Finish(colour=frame, gloss=0.03))])


def _paint_wing(site: Site, wall: str, roof: str, frame: str) -> None:
    wide = _RIGHT - _LEFT
    finish = Finish(colour=mixed(wall, "#FFFFFF", 0.04), gloss=0.0)
    site.paint(crate(((_LEFT + _RIGHT) / 2, _BACK + 1.2, 0), (wide, 2.4, _LOW), finish))
    site.paint(_boards(wall, _LEFT, wide, _LOW, _BACK))
    site.paint([upright((_LEFT, 0, wide, 0.12), mixed(wall, "#6E675E", 0.6), _BACK - 0.006)])
    paint_window(site, (1.86, 0.62, 0.46, 0.84), frame, _BACK)
    _paint_door(site, frame)
    shadow = upright((_LEFT, _LOW - 0.3, wide, 0.3), mixed(wall, "#1A1A22", 0.6), _BACK - 0.02, opacity=0.32)
    reach, rise = _RIGHT - _LEFT + 0.3, _TOP - _LOW
    slope = sheet((_LEFT - 0.1, _BACK - 0.32, _LOW - 0.12), (reach, 0, 0), (0, 1.5, rise))
    ribs = [
        Part(
            patch=sheet(
                (_LEFT - 0.1, _BACK - 0.325 + 1.5 * share, _LOW - 0.115 + rise * share),
                (reach, 0, 0),
                (0, 0.03, 0.023),
            ),
            finish=Finish(colour=mixed(roof, "#000000", 0.3), gloss=0.0, opacity=0.6),
        )
        for share in _steps(0.14, 0.92, 6)
    ]
    gutter = upright((_LEFT - 0.1, _LOW - 0.2, reach, 0.1), frame, _BACK - 0.325)
    site.paint([shadow, Part(patch=slope, finish=Finish(colour=roof, gloss=0.02)), *ribs, gutter])


def _paint_door(site: Site, frame: str) -> None:
    x, z, wide, high = _DOOR
    colour = site.brief.tied("door") or site.look.accents[1]
    stone = Finish(colour="#B3ADA4", gloss=0.0)
    site.paint([upright((x - 0.07, z, wide + 0.14, high + 0.08), frame, _BACK - 0.01)])
    site.paint([upright(_DOOR, colour, _BACK - 0.015, gloss=0.12)])
    panels = [
        (x + 0.08 + 0.25 * k, z + low, 0.2, tall) for k in (0, 1) for low, tall in ((0.1, 0.42), (0.66, 0.5))
    ]
    site.paint(
        [upright(panel, mixed(colour, "#000000", 0.18), _BACK - 0.018, gloss=0.12) for panel in panels]
    )
    knob = Finish(colour="#C79A4B", metal=0.8, gloss=0.5)
    site.paint([Part(patch=ball(0.028).moved(x + wide - 0.06, _BACK - 0.04, z + 0.6), finish=knob)])
    for step in range(2):
        site.paint(
            crate(
                (x + wide / 2, _BACK - 0.2 + 0.1 * step, 0.06 * step),
                (wide + 0.4 - 0.2 * step, 0.4, 0.06),
                stone,
            )
        )


def _paint_roof(site: Site, roof: str, frame: str) -> None:
    """Paint the gable's slopes, and the boards that end them."""
    run, rise = _HALF + _OVER, (_HALF + _OVER) * (_RIDGE - _EAVES) / _HALF
    top = _RIDGE + 0.1
    finish = Finish(colour=roof, gloss=0.02)
    deep = _DEEP + 0.35
    slopes = [
        sheet((_MIDDLE + run, -0.35, top - rise), (0, deep, 0), (-run, 0, rise)),
        sheet((_MIDDLE - run, deep - 0.35, top - rise), (0, -deep, 0), (run, 0, rise)),
    ]
    boards = [
        ((_MIDDLE, top), (run, -rise)),
        ((_MIDDLE - run, top - rise), (run, rise)),
    ]
    shade = mixed(site.look.product, "#1A1A22", 0.6)
    dim = Finish(colour=shade, gloss=0.0, opacity=0.3)
    under = [
        Part(patch=sheet((x, -0.008, z - 0.46), (dx, 0, dz), (0, 0, 0.34)), finish=dim)
        for (x, z), (dx, dz) in (
            ((_MIDDLE, top), (_HALF, -rise * _HALF / run)),
            ((_MIDDLE - _HALF, top - rise * _HALF / run), (_HALF, rise * _HALF / run)),
        )
    ]
    rakes = [
        (
            Part(
                patch=sheet((x, -0.352, z - 0.15), (dx, 0, dz), (0, 0, 0.15)),
                finish=Finish(colour=frame, gloss=0.02),
            ),
            Part(patch=sheet((x, -0.354, z - 0.035), (dx, 0, dz), (0, 0, 0.075)), finish=finish),
        )
        for (x, z), (dx, dz) in boards
    ]
    site.paint(
        [
            *under,
            *[Part(patch=each, finish=finish) for each in slopes],
            *[part for pair in rakes for part in pair],
        ]
    )


def _boards(wall: str, left: float, wide: float, high: float, y: float) -> list[Part]:
    """Return the shadows of the boards that a wall is clad with."""
    line = mixed(wall, "#2A2622", 0.3)
    return [
        upright((left, z, wide, 0.014), line, y - 0.003, opacity=0.5) for z in _steps(0.24, high - 0.04, 10)
    ]


def _finely(outline: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return an outline with more points on its lines, so that light changes along them."""
    return [
        (a + (c - a) * k / 8, b + (d - b) * k / 8)
        for (a, b), (c, d) in itertools.pairwise(outline)
        for k in range(9)
    ]


def _steps(first: float, last: float, count: int) -> list[float]:
    return [first + (last - first) * k / (count - 1) for k in range(count)]
