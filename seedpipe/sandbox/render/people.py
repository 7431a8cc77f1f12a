"""A portrait: a stylised bust before a disc of colour.

Hides how a person is built from lofts. Nobody is meant: skin and hair are chosen by the request's seed.
"""

from __future__ import annotations

import math
import random
import re
from typing import TYPE_CHECKING, Final

import numpy as np

from seedpipe.sandbox.render.colours import Floats, apart, mixed
from seedpipe.sandbox.render.geometry import Patch, ball, lathe, loft, orbit, smooth, tube
from seedpipe.sandbox.render.packs import Part, curved
from seedpipe.sandbox.render.shading import Finish, Rig, lit, rig
from seedpipe.sandbox.render.stage import backdrop

if TYPE_CHECKING:
    from seedpipe.sandbox.render.brief import Brief
    from seedpipe.sandbox.render.canvas import Canvas, Shader
    from seedpipe.sandbox.render.geometry import Camera
    from seedpipe.sandbox.render.look import Look, Shot

_DISTANCE: Final = 8.0
_SKIN: Final = ("#F0C9AC", "#D9A27C", "#B97F56", "#8D5A3B", "#5E3B28", "#E6B793")
_HAIR: Final = ("#2A1E1A", "#4A3020", "#7A4E2C", "#1B1A1E", "#A8733F")
_APRON: Final = re.compile(r"\b(?:apron|barista|chef|baker|florist)\b", re.IGNORECASE)
_SHORT: Final = re.compile(r"\b(?:man|men|boy|gentleman|guy|father|his|he)\b", re.IGNORECASE)
_TORSO: Final = (
    (-0.75, 0.50, 0.29),
    (-0.2, 0.47, 0.28),
    (0.2, 0.49, 0.285),
    (0.42, 0.52, 0.28),
    (0.56, 0.51, 0.25),
    (0.65, 0.42, 0.215),
    (0.71, 0.28, 0.175),
    (0.75, 0.185, 0.155),
    (0.79, 0.16, 0.15),
)
_HEAD: Final = (
    (0.985, 0.05),
    (1.0, 0.105),
    (1.05, 0.16),
    (1.14, 0.212),
    (1.25, 0.24),
    (1.37, 0.248),
    (1.48, 0.23),
    (1.57, 0.18),
    (1.62, 0.11),
    (1.64, 0.01),
)


def paint_portrait(canvas: Canvas, brief: Brief, look: Look, shot: Shot, prompt: str) -> None:
    """Paint a person in the brief's colours."""
    ratio = canvas.width / canvas.height
    beside = bool(brief.headline) and ratio >= 1.3
    view = max(2.15, 1.75 / ratio) / shot.near**0.6 * (1.25 if brief.headline and not beside else 1.0)
    focal = canvas.height * _DISTANCE / view
    target = (0.0, 0.0, 0.86 if shot.near < 1.3 else 1.12)
    centre = (
        (0.67 if beside else 0.5 + shot.shift) * canvas.width,
        (0.6 if brief.headline and not beside else 0.53) * canvas.height,
    )
    camera = orbit(target, _DISTANCE, shot.azimuth * 0.8, min(shot.elevation * 0.5, 16), focal, centre)
    light = rig(brief.light, look.side)
    canvas.flood(backdrop(canvas, camera, look, light, floor=-9.0))
    disc = look.accents[0]
    _paint(
        canvas,
        camera,
        light,
        [Part(patch=_disc(0.92).moved(0.05 * look.side, 0.9, 1.05), finish=Finish(colour=disc, gloss=0.0))],
    )
    _paint(canvas, camera, light, _figure(look, prompt, shot.azimuth * 0.35))


def _paint(canvas: Canvas, camera: Camera, light: Rig, parts: list[Part]) -> None:
    def shader(part: Part) -> Shader:
        return lambda points, normals: lit(points, normals, camera.eye, part.finish, light)

    for part in parts:
        canvas.surface(camera, part.patch, shader(part), part.finish.opacity)


def _disc(radius: float) -> Patch:
    turns = np.linspace(0, 2 * math.pi, 145)
    shares = np.linspace(1, 0.001, 10)[:, None]
    points = np.zeros((10, 145, 3))
    points[..., 0], points[..., 2] = radius * shares * np.cos(turns), radius * shares * np.sin(turns)
    facing = np.zeros_like(points)
    facing[..., 1] = -1
    return Patch(points=points, normals=facing)


def _figure(look: Look, prompt: str, turn: float) -> list[Part]:
    chance = random.Random(look.seed + 1)
    skin = Finish(colour=chance.choice(_SKIN), gloss=0.06)
    hair = Finish(colour=chance.choice(_HAIR), gloss=0.14)
    short = _SHORT.search(prompt) is not None
    style = "short" if short else chance.choice(("bun", "bob", "bob"))
    apron = _APRON.search(prompt) is not None
    cloth = Finish(colour=_cloth(look) if apron else look.product, gloss=0.03)
    neck = lathe(smooth([(0.62, 0.15), (0.78, 0.122), (0.95, 0.112), (1.08, 0.12)], 14))
    parts = [
        *_hair_behind(style, hair),
        *_arms(cloth),
        Part(patch=_torso(), finish=cloth),
        Part(patch=neck.moved(0, 0.01), finish=skin),
    ]
    parts += _collar(cloth)
    if apron:
        parts += _apron(Finish(colour=look.product, gloss=0.03))
    face = [*_ears(skin), Part(patch=_head(), finish=skin), *_features(skin, hair), *_hair_above(style, hair)]
    return [*parts, *[Part(patch=part.patch.moved(0, 0, turn=turn), finish=part.finish) for part in face]]


def _cloth(look: Look) -> str:
    """Return a colour that an apron stands out from.

    Of the palette, and not that of the disc, if there is one.
    """
    choices = [
        *look.accents[1:],
        look.accents[0],
        mixed(look.product, "#FFFFFF", 0.55),
        mixed(look.product, "#1C1D22", 0.6),
    ]
    return next(
        colour
        for colour in choices
        if apart(colour, look.product) > 22 and apart(colour, look.background) > 8
    )


def _torso() -> Patch:
    z, wide, deep = (np.array(column) for column in zip(*_TORSO, strict=True))
    widths = dict(smooth(list(zip(z, wide, strict=True)), 40))
    depths = [float(each) for _, each in smooth(list(zip(z, deep, strict=True)), 40)]
    return loft(
        [(level, width, depth) for (level, width), depth in zip(widths.items(), depths, strict=True)],
        power=2.3,
    )


def _arms(cloth: Finish) -> list[Part]:
    arms = []
    for side in (-1, 1):
        path = np.array(
            [
                (side * x, 0.02, z)
                for z, x in smooth([(0.54, 0.42), (0.46, 0.52), (0.2, 0.59), (-0.2, 0.62), (-0.8, 0.6)], 22)
            ]
        )
        arms.append(Part(patch=tube(path, np.linspace(0.125, 0.125, 22), 48), finish=cloth))
    return arms


def _collar(cloth: Finish) -> list[Part]:
    turns = np.linspace(0, 2 * math.pi, 60)
    ring = np.stack(
        (0.138 * np.cos(turns), 0.125 * np.sin(turns) + 0.005, 0.772 + 0.012 * np.sin(turns)), axis=-1
    )
    return [
        Part(patch=tube(ring, 0.036), finish=Finish(colour=mixed(cloth.colour, "#000000", 0.12), gloss=0.03))
    ]


def _apron(finish: Finish) -> list[Part]:
    front = [
        (z, wide, deep)
        for z, wide, deep in (
            (-0.75, 0.50, 0.292),
            (-0.3, 0.475, 0.283),
            (0.0, 0.478, 0.283),
            (0.2, 0.49, 0.287),
            (0.36, 0.51, 0.285),
        )
    ]
    bib = curved(front, 42, lift=0.03)
    straps = []
    for side in (-1, 1):
        path = np.array(
            [
                (side * 0.33, -0.27, 0.34),
                (side * 0.31, -0.272, 0.46),
                (side * 0.285, -0.225, 0.58),
                (side * 0.262, -0.13, 0.665),
                (side * 0.25, 0.0, 0.70),
            ]
        )
        straps.append(Part(patch=tube(path, 0.022), finish=finish))
    hem = curved([(0.335, 0.507, 0.285), (0.362, 0.51, 0.285)], 42, lift=0.036)
    pocket = curved([(-0.32, 0.476, 0.283), (-0.04, 0.478, 0.283)], 20, lift=0.034)
    darker = Finish(colour=mixed(finish.colour, "#000000", 0.1), gloss=0.03)
    return [
        *straps,
        Part(patch=bib, finish=finish),
        Part(patch=hem, finish=darker),
        Part(patch=pocket, finish=darker),
    ]


def _head() -> Patch:
    rings = smooth(list(_HEAD), 46)
    patch = loft([(z, max(radius, 0.008), max(radius, 0.008) * 1.1) for z, radius in rings])
    points = patch.points.copy()
    points[..., 1] -= 0.035 * np.clip((1.35 - points[..., 2]) / 0.3, 0, 1)  # the chin stands a little forward
    return Patch(points=points, normals=patch.normals)


def _ears(skin: Finish) -> list[Part]:
    return [
        Part(patch=ball(0.055, flat=1.3, wide=0.5).moved(side * 0.247, 0.02, 1.29), finish=skin)
        for side in (-1, 1)
    ]


def _features(skin: Finish, hair: Finish) -> list[Part]:
    dark, lips = (
        Finish(colour="#2B211E", gloss=0.5),
        Finish(colour=mixed(skin.colour, "#A23B3B", 0.45), gloss=0.1),
    )
    parts = []
    for side in (-1, 1):
        parts.append(Part(patch=ball(0.021, flat=1.25).moved(side * 0.093, -0.247, 1.32), finish=dark))
        brow = np.array(
            [(side * 0.05, -0.262, 1.382), (side * 0.095, -0.252, 1.397), (side * 0.145, -0.222, 1.384)]
        )
        parts.append(Part(patch=tube(brow, 0.009), finish=hair))
        blush = Finish(colour=mixed(skin.colour, "#D9534F", 0.3), gloss=0.0, opacity=0.35)
        parts.append(Part(patch=ball(0.05, flat=0.75).moved(side * 0.128, -0.193, 1.225), finish=blush))
    nose = np.array([(0, -0.255, 1.34), (0, -0.282, 1.27), (0, -0.297, 1.232), (0, -0.272, 1.212)])
    parts.append(Part(patch=tube(nose, np.array((0.014, 0.021, 0.027, 0.016))), finish=skin))
    smile = np.array([(x, -0.262 + 1.9 * x * x, 1.125 + 2.6 * x * x) for x in np.linspace(-0.062, 0.062, 11)])
    return [*parts, Part(patch=tube(smile, np.array([0.004, *[0.0105] * 9, 0.004])), finish=lips)]


def _hair_behind(style: str, hair: Finish) -> list[Part]:
    if style == "bob":
        shape = smooth(
            [(0.86, 0.2), (0.88, 0.27), (1.0, 0.30), (1.3, 0.31), (1.5, 0.28), (1.62, 0.2), (1.69, 0.02)], 40
        )
        return [Part(patch=loft([(z, r, r * 0.85) for z, r in shape]).moved(0, 0.07), finish=hair)]
    if style == "bun":
        return [Part(patch=ball(0.15).moved(0.0, 0.1, 1.74), finish=hair)]
    return []


def _hair_above(style: str, hair: Finish) -> list[Part]:
    """Return the cap of hair: half an ellipsoid, tipped back so that the hairline is above the brows."""
    size = 0.277 if style != "short" else 0.268
    turns = np.linspace(0.0, math.pi / 2 - 0.01, 26)
    cap = loft([(size * 1.06 * math.sin(t), size * math.cos(t), size * 1.12 * math.cos(t)) for t in turns])
    tip = math.radians(27)
    cos, sin = math.cos(tip), math.sin(tip)

    def tipped(vectors: Floats) -> Floats:
        y, z = vectors[..., 1], vectors[..., 2]
        return np.stack((vectors[..., 0], cos * y + sin * z, cos * z - sin * y), axis=-1)

    cap = Patch(points=tipped(cap.points), normals=tipped(cap.normals)).moved(0, 0.0, 1.385)
    parts = [Part(patch=cap, finish=hair)]
    if style == "bob":
        for side in (-1, 1):
            lock = np.array(
                [
                    (side * 0.215, -0.12, 1.5),
                    (side * 0.262, -0.1, 1.36),
                    (side * 0.28, -0.08, 1.15),
                    (side * 0.26, -0.09, 0.95),
                ]
            )
            parts.append(Part(patch=tube(lock, np.array((0.05, 0.07, 0.075, 0.05)), 40), finish=hair))
    return parts
