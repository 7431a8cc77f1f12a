"""How surfaces look under a light: soft boxes, fill, glow, and soft shadows on planes.

Hides the photographer's work. Light is arranged so that a matt surface which the key meets squarely shows its
own colour: a palette stays a palette. Night is less light, hardly bluer light, so that cream stays cream.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, cast

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from seedpipe.sandbox.render.brief import Light
from seedpipe.sandbox.render.colours import Floats, linear
from seedpipe.sandbox.render.geometry import direction, dot, times, unit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from seedpipe.sandbox.render.geometry import Camera, Shell

_WRAP: Final = 0.3  # a soft box reaches this far around the edge
_SHADOW_PX: Final = 384
_BLUR_REACH: Final = 4.0  # of a blur's radius: no pixel is felt as far away as that
_HEIGHTS: Final = ((0.0, 0.28, 0.035), (0.28, 0.8, 0.075), (0.8, 9.0, 0.13))  # from, to, blur a unit of shade


@dataclass(frozen=True, slots=True, kw_only=True)
class Glow:
    """A thing that shines: where, how far, in which linear light."""

    at: Floats
    reach: float
    light: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """A light set-up in linear light; `pool` is how narrow the key's pool on the set is (0: none)."""

    key_from: Floats
    key: Floats
    sky: Floats
    bounce: Floats
    shade: float
    pool: float
    blinds: float = 0.0
    glows: tuple[Glow, ...] = ()

    def with_glows(self, *glows: Glow) -> Rig:
        """Return the set-up with things that shine in it."""
        return replace(self, glows=(*self.glows, *glows))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """What a surface is: its colour, how much it mirrors, how much it shines or lets through by itself."""

    colour: str
    gloss: float = 0.12
    metal: float = 0.0
    shine: float = 0.0
    opacity: float = 1.0
    depth: float = 0.0  # coloured glass: how much darker its edges are


def rig(light: Light, side: float) -> Rig:
    """Return the set-up of a kind of light.

    `side` is -1 when the key comes from the left, 1 from the right.
    """
    match light:
        case Light.STUDIO:
            return _rig(
                34 * side, 40, (0.83, 0.82, 0.80), (0.33, 0.335, 0.345), (0.18, 0.175, 0.17), 0.62, 0.25
            )
        case Light.DAYLIGHT:
            return _rig(
                46 * side, 37, (0.92, 0.90, 0.85), (0.28, 0.295, 0.32), (0.18, 0.175, 0.165), 0.6, 0.15, 0.45
            )
        case Light.GOLDEN:
            return _rig(
                66 * side, 24, (1.06, 0.80, 0.50), (0.21, 0.20, 0.235), (0.20, 0.15, 0.11), 0.68, 0.2, 0.75
            )
        case Light.EVENING:
            return _rig(
                56 * side, 34, (0.74, 0.63, 0.50), (0.17, 0.17, 0.185), (0.12, 0.10, 0.085), 0.72, 0.65
            )
        case Light.NIGHT:
            return _rig(
                46 * side, 52, (0.66, 0.635, 0.59), (0.095, 0.098, 0.108), (0.06, 0.058, 0.06), 0.8, 1.1
            )


def _rig(
    azimuth: float,
    elevation: float,
    key: Sequence[float],
    sky: Sequence[float],
    bounce: Sequence[float],
    shade: float,
    pool: float,
    blinds: float = 0.0,
) -> Rig:
    return Rig(
        key_from=direction(azimuth, elevation),
        key=np.array(key),
        sky=np.array(sky),
        bounce=np.array(bounce),
        shade=shade,
        pool=pool,
        blinds=blinds,
    )


def lit(
    points: Floats, normals: Floats, eye: Floats, finish: Finish, light: Rig, shadow: Floats | float = 0.0
) -> Floats:
    """Return the linear light that comes from points of a surface.

    `shadow` is the share of the key that is kept off.
    """
    albedo = linear(finish.colour)
    towards = unit(eye - points)
    along = dot(normals, towards)
    facing = np.clip(along, 0.0, 1.0)
    square = np.clip((dot(normals, light.key_from) + _WRAP) / (1 + _WRAP), 0.0, 1.0) ** 1.15
    open_to_key = (1.0 - np.asarray(shadow) * light.shade) * square
    upward = 0.5 + 0.5 * normals[..., 2]
    incoming = times(light.key, open_to_key) + times(light.sky, upward) + times(light.bounce, 1 - upward)
    for glow in light.glows:
        incoming += _from_glow(points, normals, glow)
    body = albedo * incoming * (1.0 - 0.55 * finish.metal)
    if finish.depth:
        body = (
            body * (1.0 - finish.depth * (1.0 - facing[..., None]) ** 1.5)
            + albedo * finish.depth * 0.35 * facing[..., None] ** 3
        )
    mirror = 2.0 * along[..., None] * normals - towards
    return np.asarray(body + _mirrored(mirror, facing, finish, light) + albedo * finish.shine)


def shaded(camera: Camera, finish: Finish, light: Rig) -> Callable[[Floats, Floats], Floats]:
    """Return how a finish looks from a camera, under a light: a canvas's shader."""
    return lambda points, normals: lit(points, normals, camera.eye, finish, light)


def _from_glow(points: Floats, normals: Floats, glow: Glow) -> Floats:
    away = glow.at - points
    distance = np.sqrt(dot(away, away))
    square = np.clip(dot(normals, away) / np.maximum(distance, 1e-6) * 0.7 + 0.3, 0.0, 1.0)
    fall = 1.0 / (1.0 + (distance / glow.reach) ** 2)
    return times(glow.light, square * fall**1.5)


def _mirrored(mirror: Floats, facing: Floats, finish: Finish, light: Rig) -> Floats:
    """Return what a surface mirrors: the key's box, a strip light opposite, the room at its edges."""
    edge = (1.0 - facing) ** 4
    amount = (0.12 + 0.5 * finish.gloss) * edge * max(float(light.sky.mean()), 0.22)
    if finish.gloss:
        box = _step(dot(mirror, light.key_from), 0.80, 0.97)
        strip_from = unit(light.key_from * np.array((-1.0, 0.7, 0.0)))
        level = unit(mirror * np.array((1.0, 1.0, 0.15)))
        strip = _step(dot(level, strip_from), 0.86, 0.97)
        amount = finish.gloss * (0.9 * box + 0.4 * strip) + amount
    strength = light.key.mean() * amount
    if finish.metal:
        room = finish.metal * 0.8 * (0.25 + 0.75 * _step(mirror[..., 2], -0.5, 0.9))
        strength = strength + room * (light.sky.mean() + 0.3 * light.key.mean())
    tint = 1.0 - finish.metal + finish.metal * linear(finish.colour)
    return times(tint * (light.key / max(float(light.key.max()), 1e-6)), strength)


def _step(values: Floats, low: float, high: float) -> Floats:
    share = np.clip((values - low) / (high - low), 0.0, 1.0)
    return np.asarray(share * share * (3.0 - 2.0 * share))


# ---- shadows ------------------------------------------------------------------------------------


class Shade:
    """The soft shadow that solids throw on a plane, and the darkness where they touch it.

    `origin` is the plane's middle, `across` and `up` its unit axes, `reach` half the side of what is covered.
    """

    def __init__(
        self, origin: Sequence[float], across: Sequence[float], up: Sequence[float], reach: float, light: Rig
    ) -> None:
        self._origin, self._across, self._up = (np.array(each, dtype=float) for each in (origin, across, up))
        self._normal = np.cross(self._across, self._up)
        self._reach = reach
        self._light = light
        self._open = np.ones((_SHADOW_PX, _SHADOW_PX))

    def cast(self, solids: Shell) -> None:
        """Add what solids keep off the plane."""
        drop = float(self._normal @ self._light.key_from)
        if drop < 0.08:
            return
        height = self._height(solids)
        places = self._places(solids.points - times(self._light.key_from, height / drop))
        for low, high, blur in _HEIGHTS:
            within = (height >= low - 0.03) & (height <= high + 0.03)
            self._darken(_drawn(solids, places, within), ((blur, 1.0),))

    def touch(self, solids: Shell, strength: float = 0.55) -> None:
        """Add the darkness around the feet of solids that stand on the plane."""
        height = self._height(solids)
        picture = _drawn(solids, self._places(solids.points), height < 0.22)
        self._darken(picture, ((0.05, strength), (0.16, strength * 0.6)))

    def sample(self, points: Floats) -> Floats:
        """Return the share of the light that is kept off points of the plane."""
        column, row = (
            np.clip(
                (dot(points - self._origin, axis) / self._reach + 1) * _SHADOW_PX / 2 - 0.5,
                0,
                _SHADOW_PX - 1.001,
            )
            for axis in (self._across, self._up)
        )
        left, top = column.astype(int), row.astype(int)
        over, down = column - left, row - top
        above = self._open[top, left] * (1 - over) + self._open[top, left + 1] * over
        below = self._open[top + 1, left] * (1 - over) + self._open[top + 1, left + 1] * over
        return np.asarray(1.0 - (above * (1 - down) + below * down))

    def _height(self, solids: Shell) -> Floats:
        """Return how far points of solids are before the plane."""
        return dot(solids.points - self._origin, self._normal)

    def _places(self, points: Floats) -> Floats:
        """Return the shadow's pixels that are behind points."""
        from_origin = points - self._origin
        over, up = (dot(from_origin, axis) for axis in (self._across, self._up))
        return (np.stack((over, up), axis=-1) / self._reach + 1) * _SHADOW_PX / 2

    def _darken(self, picture: Image.Image, layers: Sequence[tuple[float, float]]) -> None:
        """Keep off what a picture is white of, softened by each blur and weakened to each strength."""
        box = picture.getbbox()
        if not box:
            return
        for blur, strength in layers:
            radius = max(1.0, blur / self._reach * _SHADOW_PX / 2)
            far = math.ceil(_BLUR_REACH * radius)  # beyond that it is black
            left, top, right, bottom = (
                max(0, box[0] - far),
                max(0, box[1] - far),
                min(_SHADOW_PX, box[2] + far),
                min(_SHADOW_PX, box[3] + far),
            )
            soft = picture.crop((left, top, right, bottom)).filter(ImageFilter.GaussianBlur(radius))
            kept = 1.0 - strength * (np.arange(256) / 255)
            self._open[top:bottom, left:right] *= kept[np.asarray(soft)]


def _drawn(solids: Shell, places: Floats, wanted: NDArray[np.bool_]) -> Image.Image:
    """Return a picture that is white behind cells of which two points, across from each other, are wanted."""
    picture = Image.new("L", (_SHADOW_PX, _SHADOW_PX))
    draw = ImageDraw.Draw(picture)
    for outline in solids.rows(wanted[solids.cells[:, 0]] & wanted[solids.cells[:, 2]], places):
        draw.polygon(cast("Sequence[float]", outline), 255)
    return picture


def through_blinds(points: Floats, light: Rig) -> Floats:
    """Return the share of the key that a window's bars let through, as a slanted pattern on the set."""
    if not light.blinds:
        return np.ones(points.shape[:-1])
    side = unit(np.cross(light.key_from, np.array((0.0, 0.0, 1.0))))
    over = np.cross(side, light.key_from)
    across, up = dot(points, side) + 0.35, dot(points, over) + 0.2
    pane = _step(np.abs(np.mod(across / 1.5 + 0.5, 1.0) - 0.5), 0.03, 0.07) * _step(
        np.abs(np.mod(up / 1.15, 1.0) - 0.5), 0.03, 0.07
    )
    inside = _step(2.3 - np.abs(across - 0.2), 0.0, 0.35) * _step(2.4 - np.abs(up - 0.9), 0.0, 0.35)
    return np.asarray(1.0 - light.blinds * 0.62 * (1.0 - pane * inside))


def falloff(points: Floats, middle: Sequence[float], light: Rig) -> Floats:
    """Return how the key fades away from the middle of the set."""
    away = (points - np.array(middle)) * np.array((1.0, 0.8, 0.9))
    square = dot(away, away)
    return np.asarray(1.0 / (1.0 + light.pool * 0.22 * square) * (1.0 - 0.05 * light.pool))
