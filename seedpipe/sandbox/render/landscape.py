"""Landscapes: a height field seen along columns of rays, under a sky.

Hides the terrain. Heights come from noise that is seeded by the request; the camera of a shot decides where
the viewer stands and how long the lens is. Drawn at no more than a fixed size, then enlarged.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from seedpipe.sandbox.render.brief import Light
from seedpipe.sandbox.render.colours import Floats, encoded, lightness, linear, mixed
from seedpipe.sandbox.render.geometry import direction, unit

if TYPE_CHECKING:
    from collections.abc import Callable

    from seedpipe.sandbox.render.brief import Brief
    from seedpipe.sandbox.render.canvas import Canvas
    from seedpipe.sandbox.render.look import Look, Shot

_SIDE_PX: Final = 1024
_STEPS: Final = 340
_NEAR: Final = 0.7
_FAR: Final = 60.0
_LATTICE: Final = 64
_DARK: Final = 40.0
_LAND: Final = {
    "desert": ("#D99A5B", "#B4683B"),
    "mountains": ("#6E7681", "#4E5A4A"),
    "sea": ("#1F6F8B", "#E6D3AA"),
    "hills": ("#7E9B45", "#C2A24B"),
}


class _Noise:
    """Smooth noise over the plane, about 0, of a seed's own."""

    def __init__(self, seed: int) -> None:
        self._lattice = (
            np.random.default_rng(seed % 2**32).uniform(-1, 1, (_LATTICE, _LATTICE)).astype(np.float32)
        )

    def at(self, x: Floats, y: Floats) -> Floats:
        left, top = np.floor(x).astype(int), np.floor(y).astype(int)
        over, down = x - left, y - top
        over, down = over * over * (3 - 2 * over), down * down * (3 - 2 * down)
        lattice, size = self._lattice, _LATTICE
        above = lattice[top % size, left % size] * (1 - over) + lattice[top % size, (left + 1) % size] * over
        below = (
            lattice[(top + 1) % size, left % size] * (1 - over)
            + lattice[(top + 1) % size, (left + 1) % size] * over
        )
        return np.asarray(above * (1 - down) + below * down)

    def rough(self, x: Floats, y: Floats, octaves: int) -> Floats:
        """Return noise with finer noise on it."""
        return np.asarray(sum(self.at(x * 2**k + 7.1 * k, y * 2**k - 3.7 * k) / 2**k for k in range(octaves)))

    def ridged(self, x: Floats, y: Floats, octaves: int) -> Floats:
        """Return noise with sharp crests, from 0 up."""
        return np.asarray(
            sum(
                (1 - np.abs(self.at(x * 2**k + 5.3 * k, y * 2**k + 1.9 * k))) ** 2 / 2**k
                for k in range(octaves)
            )
        )


def paint_landscape(canvas: Canvas, brief: Brief, look: Look, shot: Shot) -> None:
    """Paint the kind of country that a brief asks for."""
    share = min(1.0, _SIDE_PX / max(canvas.width, canvas.height))
    columns, rows = max(2, round(canvas.width * share)), max(2, round(canvas.height * share))
    noise = _Noise(look.seed)
    tones = _tones(brief, look)
    sun = _sun(brief.light, look.side)
    horizon = rows * (0.5 if shot.elevation < 20 else 0.34) + (
        0.1 * rows if brief.headline and canvas.width < 1.3 * canvas.height else 0
    )
    focal = max(columns, rows) * 0.95 * min(1.7, max(0.8, shot.near**0.5))
    half = max(2, columns // 2), max(2, rows // 2)
    pan = math.radians(shot.azimuth * 0.35)
    sky = _sky(*half, horizon / 2, focal / 2, tones, sun, noise, brief.light, pan)
    picture = np.stack([_enlarged(sky[..., channel], columns, rows) for channel in range(3)], axis=-1)
    _lay_land(picture, brief, shot, noise, tones, sun, horizon, focal)
    small = Image.fromarray(encoded(picture))
    canvas.image.paste(small.resize((canvas.width, canvas.height), Image.Resampling.BICUBIC))


def _enlarged(values: Floats, columns: int, rows: int) -> Floats:
    plane = Image.fromarray(values.astype(np.float32))
    return np.asarray(plane.resize((columns, rows), Image.Resampling.BICUBIC), dtype=np.float32)


def _tones(brief: Brief, look: Look) -> dict[str, Floats]:
    """Return the colours of land, second land, and sky at its top and its horizon."""
    land, second = _LAND[brief.subject]
    if brief.palette:
        ordered = list(brief.palette)
        sky = brief.background or max(ordered, key=lightness)
        grounds = [colour for colour in ordered if colour != sky] or [mixed(sky, "#3A3A40", 0.4)]
        land = grounds[0]
        if brief.subject == "mountains":
            land = mixed(_LAND["mountains"][0], grounds[0], 0.4)
        second = (
            grounds[1]
            if len(grounds) > 1
            else mixed("#6E7D58", grounds[0], 0.2)
            if brief.subject == "mountains"
            else (sky if brief.subject == "sea" else mixed(land, sky, 0.4))
        )
    else:
        sky = "#DCE7EE"
    top, low = {
        Light.GOLDEN: (mixed(mixed(land, "#5F6FA0", 0.62), "#7A6A8E", 0.25), mixed(sky, "#FFC27A", 0.62)),
        Light.EVENING: (mixed("#33416B", land, 0.12), mixed(sky, "#E79A7C", 0.6)),
        Light.NIGHT: (mixed("#0B1024", look.background, 0.2), mixed("#2C3558", sky, 0.1)),
    }.get(brief.light, (mixed("#6FA8D8", sky, 0.25), mixed(sky, "#FFFFFF", 0.45)))
    if brief.background:
        top = mixed(top, brief.background, 0.7)
    return {"land": linear(land), "second": linear(second), "top": linear(top), "low": linear(low)}


def _sun(light: Light, side: float) -> Floats:
    height = {Light.GOLDEN: 7.0, Light.EVENING: 3.0, Light.NIGHT: 22.0}.get(light, 34.0)
    return (
        direction(180 - 20 * side, height)
        if light in {Light.GOLDEN, Light.EVENING, Light.NIGHT}
        else direction(70 * side, height)
    )


def _sky(
    columns: int,
    rows: int,
    horizon: float,
    focal: float,
    tones: dict[str, Floats],
    sun: Floats,
    noise: _Noise,
    light: Light,
    pan: float,
) -> Floats:
    across = ((np.arange(columns) - columns / 2) / focal).astype(np.float32)
    up = ((horizon - np.arange(rows)) / focal).astype(np.float32)
    x, z = np.broadcast_to(across[None, :], (rows, columns)), np.broadcast_to(up[:, None], (rows, columns))
    rays = unit(np.stack((x * math.cos(pan) + math.sin(pan), math.cos(pan) - x * math.sin(pan), z), axis=-1))
    height = np.clip(rays[..., 2] * 2.1, 0, 1)[..., None] ** 0.75
    sky = tones["low"] * (1 - height) + tones["top"] * height
    near = rays @ sun
    glow = 0.55 * np.clip(near, 0, 1) ** 24 + 0.5 * np.clip(near, 0, 1) ** 220
    warm = (
        np.array((1.0, 0.72, 0.42)) if light in {Light.GOLDEN, Light.EVENING} else np.array((1.0, 0.97, 0.9))
    )
    strength = {Light.NIGHT: 0.12, Light.GOLDEN: 0.9, Light.EVENING: 0.7}.get(light, 0.25)
    sky = sky + strength * glow[..., None] * warm
    flat = np.maximum(rays[..., 2], 0.02) + 0.16
    coarse = noise.rough(
        (rays[..., 0] / flat)[::4, ::4] * 0.55 + 11, (rays[..., 1] / flat)[::4, ::4] * 0.2, 4
    )
    clouds = _enlarged(coarse, columns, rows)
    veil = (np.clip(clouds - 0.12, 0, 0.8) * np.clip(rays[..., 2] * 5, 0, 1))[..., None]
    lit_cloud = tones["low"] * 0.75 + 0.3 * warm
    sky = sky + veil * (lit_cloud - sky) * (0.25 if light is Light.NIGHT else 0.8)
    radius = 0.9992 if light is not Light.NIGHT else 0.9995
    disc = np.clip((near - radius) / 0.00012, 0, 1)[..., None]
    return np.asarray(
        sky * (1 - disc)
        + disc * (1.45 * warm + 0.15 if light is not Light.NIGHT else np.array((0.85, 0.87, 0.9)))
    )


def _lay_land(
    picture: Floats,
    brief: Brief,
    shot: Shot,
    noise: _Noise,
    tones: dict[str, Floats],
    sun: Floats,
    horizon: float,
    focal: float,
) -> None:
    rows, columns = picture.shape[:2]
    depth = _NEAR * (_FAR / _NEAR) ** np.linspace(0, 1, _STEPS, dtype=np.float32)
    pan = math.radians(shot.azimuth * 0.35)
    across = ((np.arange(columns) - columns / 2) / focal).astype(np.float32)
    forward = depth[:, None] * (math.cos(pan) - across[None, :] * math.sin(pan))
    x = depth[:, None] * (across[None, :] * math.cos(pan) + math.sin(pan)) + shot.azimuth * 0.05
    y = forward + shot.near
    heights = _HEIGHTS[brief.subject]
    land = heights(x, y, noise)
    eye = float(
        max(heights(np.array([[0.0]]), np.array([[shot.near]]), noise)[0, 0], land[:12].max() * 0.85)
    ) + (0.42 if shot.elevation < 20 else 1.2)
    screen = horizon + focal * (eye - land) / depth[:, None]
    crest = np.minimum.accumulate(screen, axis=0)
    colours = _land_light(brief, (x, y), land, (across, depth, pan), noise, tones, sun)
    for column in range(columns):
        first = max(0, math.ceil(float(crest[-1, column])))
        if first >= rows:
            continue
        at = np.arange(first, rows)
        hit = np.clip(np.searchsorted(-crest[:, column], -at.astype(float), side="left"), 0, _STEPS - 1)
        before = np.maximum(hit - 1, 0)
        span = crest[before, column] - crest[hit, column]
        share = np.clip((at - crest[hit, column]) / np.maximum(span, 1e-6), 0, 1)[:, None]
        share = np.where(screen[before, column][:, None] > crest[before, column][:, None] + 0.5, 0, share)
        colour = colours[hit, column] * (1 - share) + colours[before, column] * share
        picture[first:, column] = colour
        if 0 < first < rows:
            cover = first - float(crest[-1, column])
            picture[first - 1, column] = picture[first - 1, column] * (1 - cover) + colour[0] * cover


def _land_light(
    brief: Brief,
    place: tuple[Floats, Floats],
    land: Floats,
    sight: tuple[Floats, Floats, float],
    noise: _Noise,
    tones: dict[str, Floats],
    sun: Floats,
) -> Floats:
    x, y = place
    across, depth, pan = sight
    sideways = np.gradient(land, axis=1) / (depth[:, None] * max(float(across[1] - across[0]), 1e-9))
    onward = np.gradient(land, axis=0) / np.gradient(depth)[:, None] - across[None, :] * sideways
    slope_x = sideways * math.cos(pan) + onward * math.sin(pan)
    slope_y = onward * math.cos(pan) - sideways * math.sin(pan)
    albedo, bump_x, bump_y = _ground(brief, x, y, land, slope_x, slope_y, noise, tones)
    normals = unit(np.stack((-slope_x - bump_x, -slope_y - bump_y, np.ones_like(land)), axis=-1))
    low = brief.light in {Light.GOLDEN, Light.EVENING}
    from_sun = unit(sun + np.array((0.35 * math.copysign(1, sun[0]), -0.15, 0.22))) if low else sun
    square = np.clip(normals @ from_sun, 0, 1)[..., None]
    key, fill = {
        Light.GOLDEN: (np.array((1.5, 1.08, 0.66)), np.array((0.34, 0.30, 0.36))),
        Light.EVENING: (np.array((0.85, 0.58, 0.42)), np.array((0.22, 0.23, 0.32))),
        Light.NIGHT: (np.array((0.20, 0.21, 0.25)), np.array((0.05, 0.055, 0.075))),
    }.get(brief.light, (np.array((0.95, 0.93, 0.86)), np.array((0.34, 0.37, 0.42))))
    seen = albedo * (key * square + fill * (0.6 + 0.4 * normals[..., 2:]))
    if brief.subject == "sea":
        seen = _water(seen, normals, x, y, depth, tones, sun, land, key)
    haze = (1 - np.exp(-((depth / (38 if low else 46)) ** 1.5)))[:, None, None]
    return np.asarray(seen * (1 - haze) + haze * (tones["low"] * 0.9 + 0.05 * tones["top"]))


def _ground(
    brief: Brief,
    x: Floats,
    y: Floats,
    land: Floats,
    slope_x: Floats,
    slope_y: Floats,
    noise: _Noise,
    tones: dict[str, Floats],
) -> tuple[Floats, Floats, Floats]:
    """Return the ground's colours and its finest bumps."""
    fade = np.exp(-y / 7.0)
    if brief.subject == "desert":
        wave = (
            np.sin(17 * (y + 0.45 * x) + 9 * noise.at(x * 0.8, y * 0.8))
            * fade
            * (0.55 + 0.45 * noise.at(x * 0.9 + 4, y * 0.6))
        )
        share = (0.5 + 0.5 * noise.rough(x * 0.3, y * 0.3, 2))[..., None]
        return tones["land"] * (1 - 0.55 * share) + tones["second"] * 0.55 * share, 0.05 * wave, 0.15 * wave
    if brief.subject == "mountains":
        steep = np.clip(np.hypot(slope_x, slope_y) - 0.7, 0, 1)
        snow = np.clip((land - 1.75 + 0.6 * noise.rough(x, y, 3)) * 1.6, 0, 1) * (1 - 0.75 * steep)
        meadow = np.clip(1.2 - land * 1.1 + 0.4 * noise.rough(x * 2, y * 2, 2), 0, 1) * (1 - steep)
        rock = tones["land"] * (0.75 + 0.25 * noise.rough(x * 3, y * 3, 3))[..., None]
        ground = rock * (1 - meadow[..., None]) + tones["second"] * 0.8 * meadow[..., None]
        rough = 0.25 * noise.rough(x * 9, y * 9, 2)
        return ground * (1 - snow[..., None]) + 0.92 * snow[..., None], rough, 0.6 * rough
    if brief.subject == "sea":
        sand = np.clip(land * 30, 0, 1)[..., None]
        return (
            tones["land"] * 0.55 * (1 - sand) + tones["second"] * sand,
            0.03 * noise.at(x * 8, y * 8),
            0.11 * noise.rough(x * 2.2, y * 7, 3) * np.exp(-y / 22),
        )
    field = np.floor(noise.at(x * 0.22 + 3, y * 0.22) * 3.2)
    along = np.where(field % 2 == 0, x + 0.4 * y, y - 0.3 * x)
    rows = np.sin(along * 22) * np.clip(1.6 - y / 14, 0, 1)
    share = np.clip(0.5 + 0.5 * np.sin(field * 2.4), 0, 1)[..., None]
    ground = tones["land"] * (1 - 0.8 * share) + tones["second"] * 0.8 * share
    woods = np.clip(noise.rough(x * 0.9, y * 0.9, 4) * 2.4 - 1.15, 0, 1)[..., None]
    ground = ground * (1 - 0.72 * woods)
    return ground * (0.86 + 0.14 * rows[..., None]), 0.22 * rows, 0.1 * rows


def _water(
    seen: Floats,
    normals: Floats,
    x: Floats,
    y: Floats,
    depth: Floats,
    tones: dict[str, Floats],
    sun: Floats,
    land: Floats,
    key: Floats,
) -> Floats:
    wet = np.clip(1 - land * 30, 0, 1)[..., None]
    shallow = np.clip(1 + land * 3.5, 0, 1)[..., None] * wet
    mirrored = (tones["low"] * 0.55 + tones["top"] * 0.45) * (0.25 + 0.6 * (1 - np.exp(-depth / 9)))[
        :, None, None
    ]
    path = (
        np.clip(1 - np.abs(x / np.maximum(y, 0.1) - sun[0] / max(float(sun[1]), 0.2)) * 4.0, 0, 1) ** 2
        if sun[1] > 0
        else 0.25 + 0 * x
    )
    sparkle = (np.clip(normals[..., 1] * -6 - 0.22, 0, 1) * path)[..., None] * key
    foam = np.clip(1 - np.abs(land + 0.012 + 0.006 * np.sin(x * 3)) * 95, 0, 1)[..., None]
    water = seen * 0.8 + mirrored * 0.55 + 0.6 * sparkle + 0.3 * shallow * tones["second"] * key.mean()
    return np.asarray(seen * (1 - wet) + water * wet + 0.6 * foam * key.mean())


# ---- heights ------------------------------------------------------------------------------------


def _dunes(x: Floats, y: Floats, noise: _Noise) -> Floats:
    bend = 1.5 * noise.at(x * 0.2, y * 0.16) + 0.3 * noise.at(x * 0.6, y * 0.5)
    wave = np.mod(0.24 * y + 0.1 * x + bend, 1.0)
    turn = (
        np.where(wave < 0.72, wave / 0.72, 1 + (wave - 0.72) / 0.28) * math.pi
    )  # slow to windward, steep in the lee
    rise = 0.5 - 0.5 * np.cos(turn)
    high = 0.55 + 0.45 * noise.at(x * 0.11 + 9, y * 0.11)
    return np.asarray(
        (rise**1.3) * high * (0.62 + np.minimum(y, 24) * 0.085) + 0.05 * noise.rough(x * 0.7, y * 0.7, 2)
    )


def _mountains(x: Floats, y: Floats, noise: _Noise) -> Floats:
    far = np.clip((y - 3.5) / 9, 0, 1)
    range_ = noise.ridged(x * 0.13 + 2, y * 0.13, 5) - 0.75
    return np.asarray(
        far**1.2 * (0.35 + 2.9 * np.maximum(range_, -0.12)) + 0.16 * noise.rough(x * 0.5, y * 0.5, 3)
    )


def _coast(x: Floats, y: Floats, noise: _Noise) -> Floats:
    shore = y - 2.6 - 0.85 * x + 0.7 * noise.at(x * 0.35, y * 0.3)
    sand = np.clip(-shore * 0.07, -0.3, 0.4) + 0.008 * noise.rough(x * 2, y * 2, 2)
    head = np.clip((y - 20) / 8, 0, 1) * np.clip(
        2.4 * noise.rough(x * 0.09 + 5, y * 0.05, 4) - 0.75 + np.clip(-x * 0.04, -1, 1), 0, 3
    )
    return np.asarray(np.maximum(sand, 1.1 * head - 0.3))


def _hills(x: Floats, y: Floats, noise: _Noise) -> Floats:
    return np.asarray(
        0.75 * noise.at(x * 0.17, y * 0.21)
        + 0.2 * noise.at(x * 0.5, y * 0.5)
        + np.clip((y - 16) / 30, 0, 1) * 2.6 * (0.6 + noise.rough(x * 0.07, y * 0.07, 3))
    )


_HEIGHTS: Final[dict[str, Callable[[Floats, Floats, _Noise], Floats]]] = {
    "desert": _dunes,
    "mountains": _mountains,
    "sea": _coast,
    "hills": _hills,
}
