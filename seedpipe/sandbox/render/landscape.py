"""Landscapes: a height field seen along columns of rays, under a sky.

Hides the optics. The camera of a shot decides where the viewer stands and how long the lens is. Land and sky
are drawn at no more than a fixed size, then enlarged; trees, flowers and stars at the picture's own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from seedpipe.sandbox.render.brief import Light
from seedpipe.sandbox.render.geometry import direction, dot, joined, times, unit
from seedpipe.sandbox.render.headline import WIDE
from seedpipe.sandbox.render.terrain import HEIGHTS, Noise, cover, tones
from seedpipe.sandbox.render.woods import Stand, paint_stars, paint_woods

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seedpipe.sandbox.render.brief import Brief
    from seedpipe.sandbox.render.canvas import Canvas
    from seedpipe.sandbox.render.colours import Floats
    from seedpipe.sandbox.render.look import Look, Shot

_SIDE_PX: Final = 1088
_STEPS: Final = 340
_STEPS_OF_DUNES: Final = 480  # a crest that lies between two steps is a row of teeth
_NEAR: Final = 0.7
_FAR: Final = 60.0
_LOW_SUN: Final = frozenset({Light.GOLDEN, Light.EVENING})
_LIT: Final = {  # the light that comes from the sun or the moon, and from the sky
    light: (np.array(key, dtype=np.float32), np.array(fill, dtype=np.float32))
    for light, key, fill in (
        (Light.GOLDEN, (1.5, 1.08, 0.66), (0.34, 0.30, 0.36)),
        (Light.EVENING, (0.85, 0.58, 0.42), (0.22, 0.23, 0.32)),
        (Light.NIGHT, (0.5, 0.52, 0.6), (0.085, 0.09, 0.12)),
        (Light.DAYLIGHT, (1.0, 0.97, 0.89), (0.38, 0.41, 0.46)),
    )
}
_WET: Final = frozenset({"sea", "lake"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """Where the viewer looks: columns and rows, the horizon's row, the lens, how far it is panned."""

    columns: int
    rows: int
    horizon: float
    focal: float
    pan: float
    step: tuple[float, float]  # how far aside and ahead the viewer stands

    @property
    def across(self) -> Floats:
        return np.asarray(((np.arange(self.columns) - self.columns / 2) / self.focal).astype(np.float32))

    def reduced(self, times: int) -> _View:
        return _View(
            columns=max(2, self.columns // times),
            rows=max(2, self.rows // times),
            horizon=self.horizon / times,
            focal=self.focal / times,
            pan=self.pan,
            step=self.step,
        )


def paint_landscape(canvas: Canvas, brief: Brief, look: Look, shot: Shot) -> None:
    """Paint the kind of country that a brief asks for."""
    view = _view(canvas, brief, shot)
    noise, tone = Noise(look.seed), tones(brief, look)
    # A headline stands at the left of a wide picture: no sun behind it, and no moon.
    sun = _sun(brief.light, 1.0 if brief.headline and canvas.width >= WIDE * canvas.height else look.side)
    sky = _sky(view.reduced(2), tone, sun, noise, brief.light)
    picture = np.stack(
        [_enlarged(sky[..., channel], view.columns, view.rows) for channel in range(3)], axis=-1
    )
    stand = _lay_land(picture, brief, view, noise, tone, sun)
    canvas.flood(picture)
    if brief.light is Light.NIGHT:
        paint_stars(canvas, stand, look.seed)
    paint_woods(canvas, brief, look, stand, tone)


def _view(canvas: Canvas, brief: Brief, shot: Shot) -> _View:
    share = min(1.0, _SIDE_PX / max(canvas.width, canvas.height))
    columns, rows = max(2, round(canvas.width * share)), max(2, round(canvas.height * share))
    horizon = rows * (0.5 if shot.elevation < 20 else 0.36)
    if brief.headline and canvas.width < 1.3 * canvas.height:
        horizon += 0.1 * rows
    return _View(
        columns=columns,
        rows=rows,
        horizon=horizon,
        focal=max(columns, rows) * 0.95 * min(1.35, max(0.8, shot.near**0.4)),
        pan=math.radians(shot.azimuth * 0.35),
        step=(shot.azimuth * 0.05, shot.near),
    )


def _enlarged(values: Floats, columns: int, rows: int) -> Floats:
    plane = Image.fromarray(values.astype(np.float32))
    return np.asarray(plane.resize((columns, rows), Image.Resampling.BICUBIC), dtype=np.float32)


# ---- the sky ------------------------------------------------------------------------------------


def _sun(light: Light, side: float) -> Floats:
    """Return where the sun stands, or at night the moon."""
    height = {Light.GOLDEN: 7.0, Light.EVENING: 3.0, Light.NIGHT: 11.0}.get(light, 34.0)
    ahead = light in _LOW_SUN or light is Light.NIGHT
    return direction(180 - 20 * side, height) if ahead else direction(70 * side, height)


def _sky(view: _View, tone: dict[str, Floats], sun: Floats, noise: Noise, light: Light) -> Floats:
    up = ((view.horizon - np.arange(view.rows)) / view.focal).astype(np.float32)
    x, z = (np.broadcast_to(each, (view.rows, view.columns)) for each in (view.across[None, :], up[:, None]))
    cos, sin = math.cos(view.pan), math.sin(view.pan)
    rays = unit(joined(x * cos + sin, cos - x * sin, z))
    height = np.clip(rays[..., 2] * 2.1, 0, 1) ** 0.75
    sky = times(tone["low"], 1 - height) + times(tone["top"], height)
    near = dot(rays, sun.astype(np.float32))
    warm: Floats = np.array((1.0, 0.72, 0.42) if light in _LOW_SUN else (1.0, 0.97, 0.9), dtype=np.float32)
    glow = 0.55 * np.clip(near, 0, 1) ** 24 + 0.5 * np.clip(near, 0, 1) ** 220
    strength = {Light.NIGHT: 0.2, Light.GOLDEN: 0.9, Light.EVENING: 0.7}.get(light, 0.25)
    sky = sky + times(warm, strength * glow)
    flat = np.maximum(rays[..., 2], 0.02) + 0.16
    coarse = noise.rough((rays[..., 0] / flat)[::3, ::3] * 0.8 + 11, (rays[..., 1] / flat)[::3, ::3] * 0.3, 5)
    clouds = _enlarged(coarse, view.columns, view.rows)
    veil = (np.clip(clouds * 1.25 - 0.1, 0, 0.9) * np.clip(rays[..., 2] * 5, 0, 1))[..., None]
    lit_cloud = tone["low"] * 0.75 + 0.3 * warm
    sky = sky + veil * (lit_cloud - sky) * (0.16 if light is Light.NIGHT else 0.85)
    radius = 0.9992 if light is not Light.NIGHT else 0.99975
    disc = np.clip((near - radius) / 0.00012, 0, 1)
    shown = 1.45 * warm + 0.15 if light is not Light.NIGHT else np.array((0.86, 0.87, 0.86))
    return np.asarray(sky * (1 - disc)[..., None] + times(shown, disc))


# ---- the land -----------------------------------------------------------------------------------


def _lay_land(
    picture: Floats, brief: Brief, view: _View, noise: Noise, tone: dict[str, Floats], sun: Floats
) -> Stand:
    """Paint the land into a picture of linear light; return where on it something can stand."""
    steps = _STEPS_OF_DUNES if brief.subject == "desert" else _STEPS
    depth = (_NEAR * (_FAR / _NEAR) ** np.linspace(0, 1, steps)).astype(np.float32)
    across, cos, sin = view.across, math.cos(view.pan), math.sin(view.pan)
    x = depth[:, None] * (across[None, :] * cos + sin) + view.step[0]
    y = depth[:, None] * (cos - across[None, :] * sin) + view.step[1]
    land = HEIGHTS[brief.subject](x, y, noise).astype(np.float32)
    foot = HEIGHTS[brief.subject](np.array([[view.step[0]]]), np.array([[view.step[1]]]), noise)[0, 0]
    eye = float(max(foot, land[:12].max() * 0.85)) + (0.42 if view.horizon > 0.4 * view.rows else 1.2)
    surface = np.maximum(land, 0) if brief.subject == "lake" else land
    screen = view.horizon + view.focal * (eye - surface) / depth[:, None]
    crest = np.minimum.accumulate(screen, axis=0)
    colours, wet = _land_light(brief, (x, y), land, (view, depth), noise, tone, sun)
    hit, share = _hits(screen, crest, view.rows)
    first = np.ceil(np.maximum(crest[-1], 0)).astype(np.int32)
    shown = np.arange(view.rows)[:, None] >= first
    columns = np.arange(view.columns)
    colour = colours[hit, columns] * (1 - share) + colours[np.maximum(hit - 1, 0), columns] * share
    _soften_skyline(picture, colour, first, crest[-1])
    np.copyto(picture, colour, where=shown[..., None])
    if brief.subject == "lake":
        _mirror(picture, (wet[hit, columns] > 0.5) & shown)
    return Stand(
        x=x, y=y, land=land, screen=screen, crest=crest, depth=depth, focal=view.focal, rows=view.rows
    )


def _hits(screen: Floats, crest: Floats, rows: int) -> tuple[NDArray[np.int32], Floats]:
    """Return which step of the land is seen in each pixel, and how much of the one before it."""
    steps, columns = crest.shape
    first_at = np.full((rows + 1, columns), steps - 1, dtype=np.int32)
    row = np.clip(np.ceil(crest), 0, rows).astype(np.int32)
    every = np.broadcast_to(np.arange(columns), crest.shape)
    # From far to near: the nearest step that reaches a row is written last.
    first_at[row[::-1], every[::-1]] = np.broadcast_to(
        np.arange(steps, dtype=np.int32)[::-1, None], crest.shape
    )
    hit = np.minimum.accumulate(first_at[:rows], axis=0)
    before, column = np.maximum(hit - 1, 0), np.arange(columns)
    span = crest[before, column] - crest[hit, column]
    share = np.clip((np.arange(rows)[:, None] - crest[hit, column]) / np.maximum(span, 1e-6), 0, 1)
    share[screen[before, column] > crest[before, column] + 0.5] = 0
    return hit, share[..., None].astype(np.float32)


def _soften_skyline(picture: Floats, colour: Floats, first: NDArray[np.int32], skyline: Floats) -> None:
    """Mix the land into the row above it, by how far it reaches into that row."""
    rows = len(picture)
    some = np.flatnonzero((first > 0) & (first < rows))
    part = np.clip(first[some] - skyline[some], 0, 1)[:, None]
    above = picture[first[some] - 1, some]
    picture[first[some] - 1, some] = above * (1 - part) + colour[first[some], some] * part


def _mirror(picture: Floats, wet: NDArray[np.bool_]) -> None:
    """Let still water show what stands behind it, upside down."""
    rows = picture.shape[0]
    top = np.where(wet.any(axis=0), wet.argmax(axis=0), rows)
    row, column = np.nonzero(wet)
    above = np.clip(top[column] - 0.8 * (row - top[column]) - 1, 0, rows - 1).astype(np.int32)
    share = np.clip(0.75 - 0.9 * (row - top[column]) / rows, 0.15, 1)[:, None]
    picture[row, column] = picture[row, column] * (1 - share) + 0.85 * picture[above, column] * share


def _land_light(
    brief: Brief,
    place: tuple[Floats, Floats],
    land: Floats,
    sight: tuple[_View, Floats],
    noise: Noise,
    tone: dict[str, Floats],
    sun: Floats,
) -> tuple[Floats, Floats]:
    """Return the light that comes from the land, and how much of it is water."""
    view, depth = sight
    across, cos, sin = view.across, math.cos(view.pan), math.sin(view.pan)
    sideways = np.gradient(land, axis=1) / (depth[:, None] * max(float(across[1] - across[0]), 1e-9))
    onward = np.gradient(land, axis=0) / np.gradient(depth)[:, None] - across[None, :] * sideways
    slope_x, slope_y = sideways * cos + onward * sin, onward * cos - sideways * sin
    albedo, bump_x, bump_y = cover(brief, place, land, np.hypot(slope_x, slope_y), noise, tone)
    normals = unit(joined(-slope_x - bump_x, -slope_y - bump_y, np.ones_like(land)))
    low = brief.light in _LOW_SUN
    aside = math.copysign(1, sun[0])
    from_sun = unit(sun + np.array((0.35 * aside, -0.15, 0.22))) if low else sun
    if brief.light is Light.NIGHT:  # the moon is ahead: its light would leave all that is seen in the dark
        from_sun = unit(np.array((aside, 0.1, 0.35)))
    square = np.clip(dot(normals, from_sun.astype(np.float32)), 0, 1)
    key, fill = _LIT.get(brief.light, _LIT[Light.DAYLIGHT])
    seen: Floats = albedo * (times(key, square) + times(fill, 0.6 + 0.4 * normals[..., 2]))
    wet = np.clip(1 - land * 30, 0, 1) if brief.subject in _WET else np.zeros_like(land)
    if brief.subject in _WET:
        seen = _water(seen, normals, place, depth, tone, sun, land, key)
    reach = (38 if low else 46) * (0.3 if brief.misty else 1.0)
    haze = (1 - np.exp(-((depth / reach) ** 1.5)))[:, None, None]
    light = seen * (1 - haze) + haze * (tone["low"] * 0.9 + 0.05 * tone["top"])
    return np.ascontiguousarray(light, dtype=np.float32), wet  # from now on whole colours are taken


def _water(
    seen: Floats,
    normals: Floats,
    place: tuple[Floats, Floats],
    depth: Floats,
    tone: dict[str, Floats],
    sun: Floats,
    land: Floats,
    key: Floats,
) -> Floats:
    x, y = place
    wet = np.clip(1 - land * 30, 0, 1)[..., None]
    shallow = np.clip(1 + land * 3.5, 0, 1) * wet[..., 0]
    far = (0.2 + 0.5 * (1 - np.exp(-depth / 12)))[:, None, None]
    mirrored = (tone["low"] * 0.4 + tone["top"] * 0.6) * far
    towards = 4.0 * np.abs(x / np.maximum(y, 0.1) - sun[0] / max(float(sun[1]), 0.2))
    path = np.clip(1 - towards, 0, 1) ** 2 if sun[1] > 0 else np.full_like(x, 0.3)
    sparkle = times(key, np.clip(normals[..., 1] * -6 - 0.22, 0, 1) * path)
    foam = np.clip(1 - np.abs(land + 0.012 + 0.006 * np.sin(x * 3)) * 95, 0, 1)[..., None]
    bottom = times(tone["second"] * key.mean(), 0.26 * shallow)
    water = seen * 0.85 + mirrored * 0.5 + 0.6 * sparkle + bottom
    return np.asarray(seen * (1 - wet) + water * wet + 0.6 * foam * key.mean())
