"""Portraits: one or two stylised figures before a disc of colour, with what they hold.

Hides how a person is built from lofts, and which words change how somebody looks. Nobody is meant: what the
prompt leaves open is chosen by the request's seed.
"""

from __future__ import annotations

import math
import random
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from seedpipe.sandbox.render.colours import Floats, apart, mixed
from seedpipe.sandbox.render.geometry import Patch, ball, lathe, loft, orbit, patch, smooth, tube
from seedpipe.sandbox.render.hands import SKINS, hand, skin_of
from seedpipe.sandbox.render.labels import paint_label
from seedpipe.sandbox.render.packs import pack
from seedpipe.sandbox.render.parts import Part, curved, paint
from seedpipe.sandbox.render.shading import Finish, Rig, rig
from seedpipe.sandbox.render.stage import backdrop, painting_order

if TYPE_CHECKING:
    from seedpipe.sandbox.render.brief import Brief
    from seedpipe.sandbox.render.canvas import Canvas
    from seedpipe.sandbox.render.geometry import Camera
    from seedpipe.sandbox.render.look import Look, Shot

_DISTANCE: Final = 8.0
_HELD: Final = 0.36  # a pack's size to a person's
_HELD_AT: Final = (0.16, -0.62)
_HAIR: Final = ("#2A1E1A", "#4A3020", "#1B1A1E", "#7A4E2C", "#A8733F")  # the first three with any skin
_APRON: Final = re.compile(r"\b(?:apron|barista|chef|baker|florist)s?\b", re.IGNORECASE)
_COAT: Final = re.compile(r"\b(?:doctor|coat|lab coat|blazer|suit|jacket|cardigan)s?\b", re.IGNORECASE)
_MAN: Final = re.compile(r"\b(?:man|men|boy|gentleman|guy|father|grandfather|his|he|beard)\b", re.IGNORECASE)
_TWO: Final = re.compile(
    r"\b(?:couple|friends|family|people|two|men|women|sisters|brothers|colleagues)\b", re.IGNORECASE
)
_BEARD: Final = re.compile(r"\b(?:beard|bearded)\b", re.IGNORECASE)
_GLASSES: Final = re.compile(r"\b(?:eye)?glasses\b(?! of)|\bspectacles\b", re.IGNORECASE)
_HAIR_WORDS: Final = (
    (r"(?:grey|gray|silver|white)[- ]hair|older|elderly|grandmother|grandfather|senior", "#B9BBBE"),
    (r"blonde?|fair[- ]hair", "#D9B36A"),
    (r"red[- ]hair|ginger|redhead", "#A8481F"),
    (r"black[- ]hair", "#1B1A1E"),
    (r"brown[- ]hair|brunette", "#5A3A24"),
)
_STYLE_WORDS: Final = (
    (r"bun\b", "bun"),
    (r"curl(?:y|s)|afro", "curls"),
    (r"long[- ]hair", "long"),
    (r"bob\b", "bob"),
)
_TORSO: Final = (
    (-0.9, 0.46, 0.27),
    (-0.2, 0.45, 0.27),
    (0.2, 0.475, 0.28),
    (0.42, 0.49, 0.27),
    (0.56, 0.47, 0.245),
    (0.65, 0.405, 0.215),
    (0.71, 0.3, 0.185),
    (0.75, 0.2, 0.16),
    (0.785, 0.155, 0.142),
)
_BOXY: Final = 2.3  # a torso is a little more box than tube
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Person:
    """How somebody looks: colours as codes, the hair's cut by name."""

    skin: str
    hair: str
    style: str
    cloth: str
    apron: str | None
    is_open: bool
    has_beard: bool
    has_glasses: bool


def paint_portrait(canvas: Canvas, brief: Brief, look: Look, shot: Shot, prompt: str) -> None:
    """Paint a person in the brief's colours, or two."""
    ratio = canvas.width / canvas.height
    beside = bool(brief.headline) and ratio >= 1.3
    two = _TWO.search(prompt) is not None
    view = max(2.15, (2.5 if two else 1.75) / ratio) / shot.near**0.6
    view *= 1.25 if brief.headline and not beside else 1.0
    focal = canvas.height * _DISTANCE / view
    target = (0.0, 0.0, 0.86 if shot.near < 1.3 else 1.12)
    centre = (
        (0.67 if beside else 0.5 + shot.shift) * canvas.width,
        (0.6 if brief.headline and not beside else 0.53) * canvas.height,
    )
    camera = orbit(target, _DISTANCE, shot.azimuth * 0.8, min(shot.elevation * 0.5, 16), focal, centre)
    light = rig(brief.light, look.side)
    canvas.flood(backdrop(canvas, camera, look, light, floor=-9.0))
    disc = Finish(colour=look.accents[0], gloss=0.0)
    paint(canvas, camera, light, [Part(patch=_disc(0.92).moved(0.05 * look.side, 0.9, 1.05), finish=disc)])
    turn = shot.azimuth * 0.35
    if two:
        second = _person(look, prompt, 7)
        other = replace(second, cloth=look.accents[1], apron=None)
        paint(canvas, camera, light, _placed(_figure(other, turn - 8), 0.5, 0.14))
    paint(canvas, camera, light, _placed(_figure(_person(look, prompt, 1), turn), -0.42 if two else 0.0, 0.0))
    if brief.held:
        _paint_held(canvas, camera, light, brief, look, -0.42 if two else 0.0)


def _placed(parts: list[Part], x: float, y: float) -> list[Part]:
    return [replace(part, patch=part.patch.moved(x, y)) for part in parts]


def _paint_held(canvas: Canvas, camera: Camera, light: Rig, brief: Brief, look: Look, x: float) -> None:
    """Paint a pack and the hand that holds it before the chest."""
    ware = pack(brief.held, look, brief.materials)
    behind, before = hand(ware, Finish(colour=skin_of(look.seed), gloss=0.06), _sleeve(brief, look), 1.5)
    times = _HELD * min(1.0, 1.5 / ware.height)
    at = (x + _HELD_AT[0], _HELD_AT[1], 0.42 - 0.5 * ware.height * times)

    def taken(parts: list[Part]) -> list[Part]:
        return [
            replace(part, patch=part.patch.scaled(times).moved(*at)) for part in parts if not part.is_beside
        ]

    paint(canvas, camera, light, taken(behind))
    paint(canvas, camera, light, painting_order(taken(list(ware.parts)), camera))
    if ware.label:
        label = replace(ware.label, grid=ware.label.grid.scaled(times).moved(*at))
        paint_label(canvas, camera, light, label, replace(brief, subject=brief.held))
    paint(canvas, camera, light, taken(before))


def _disc(radius: float) -> Patch:
    turns = np.linspace(0, 2 * math.pi, 145)
    shares = np.linspace(1, 0.001, 10)[:, None]
    points = np.zeros((10, 145, 3))
    points[..., 0], points[..., 2] = radius * shares * np.cos(turns), radius * shares * np.sin(turns)
    facing = np.zeros_like(points)
    facing[..., 1] = -1
    return Patch(points=points, normals=facing)


# ---- how somebody looks -------------------------------------------------------------------------


def _person(look: Look, prompt: str, which: int) -> _Person:
    """Return what the prompt says of somebody, and the seed's choice for the rest."""
    chance = random.Random(look.seed + which)
    skin = skin_of(look.seed) if which == 1 else chance.choice(SKINS)
    is_man = (_MAN.search(prompt) is not None) if which == 1 else chance.random() < 0.5
    hair = chance.choice(_HAIR if SKINS.index(skin) < 3 else _HAIR[:3])
    style = "short" if is_man else chance.choice(("bun", "bob", "long", "curls"))
    has_apron = _APRON.search(prompt) is not None
    return _Person(
        skin=skin,
        hair=_first(_HAIR_WORDS, prompt) or hair,
        style=_first(_STYLE_WORDS, prompt) or style,
        cloth=_cloth(look) if has_apron else look.product,
        apron=look.product if has_apron else None,
        is_open=_COAT.search(prompt) is not None and not has_apron,
        has_beard=is_man and _BEARD.search(prompt) is not None,
        has_glasses=_GLASSES.search(prompt) is not None,
    )


def _first(table: tuple[tuple[str, str], ...], prompt: str) -> str:
    return next((value for words, value in table if re.search(rf"\b(?:{words})", prompt, re.IGNORECASE)), "")


def _sleeve(brief: Brief, look: Look) -> Finish:
    """Return the sleeve of a hand that holds the product: what its owner wears."""
    return Finish(colour=_cloth(look) if brief.product is None else look.product, gloss=0.03)


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


def _figure(person: _Person, turn: float) -> list[Part]:
    skin, hair = Finish(colour=person.skin, gloss=0.05), Finish(colour=person.hair, gloss=0.12)
    cloth = Finish(colour=person.cloth, gloss=0.03)
    neck = lathe(smooth([(0.62, 0.15), (0.78, 0.13), (0.92, 0.118), (1.08, 0.125)], 14)).moved(0, 0.01)
    collar = _collar(cloth)
    parts = [
        *_arms(cloth),
        Part(patch=_torso(), finish=cloth),
        collar[0],
        Part(patch=neck, finish=skin),
        collar[1],
    ]
    if person.is_open:
        parts += _opened(cloth)
    if person.apron:
        parts += _apron(Finish(colour=person.apron, gloss=0.03))
    face = [*_ears(skin), Part(patch=_head(), finish=skin)]
    if person.has_beard:
        face.append(_beard(hair))
    face += _features(skin, hair)
    if person.has_glasses:
        face += _spectacles()
    behind, above = _hair_behind(person.style, hair), _hair_above(person.style, hair)
    face += above
    turned = [replace(part, patch=part.patch.moved(0, 0, -0.07, turn=turn)) for part in (*behind, *face)]
    return [*turned[: len(behind)], *parts, *turned[len(behind) :]]


# ---- clothes ------------------------------------------------------------------------------------


def _torso() -> Patch:
    z, wide, deep = (np.array(column) for column in zip(*_TORSO, strict=True))
    widths = smooth(list(zip(z, wide, strict=True)), 46)
    depths = np.interp([level for level, _ in widths], z, deep)
    return loft(
        [(level, width, float(depth)) for (level, width), depth in zip(widths, depths, strict=True)],
        power=2.3,
    )


def _girth(z: float) -> tuple[float, float]:
    """Return half of the torso's width and depth at a height."""
    levels, wide, deep = zip(*_TORSO, strict=True)
    return float(np.interp(z, levels, wide)), float(np.interp(z, levels, deep))


def _arms(cloth: Finish) -> list[Part]:
    arms = []
    for side in (-1, 1):
        line = smooth(
            [(0.6, 0.34), (0.545, 0.44), (0.42, 0.52), (0.1, 0.565), (-0.3, 0.58), (-0.9, 0.57)], 30
        )
        path = np.array([(side * x, 0.02, z) for z, x in line])
        thick = np.interp(np.linspace(0, 1, 30), (0, 0.12, 0.3, 1), (0.07, 0.098, 0.118, 0.122))
        arms.append(Part(patch=tube(path, thick, 48), finish=cloth))
    return arms


def _collar(cloth: Finish) -> tuple[Part, Part]:
    """Return the collar's back half and its front half: the neck stands between them."""
    finish = Finish(colour=mixed(cloth.colour, "#000000", 0.12), gloss=0.03)
    halves = []
    for first in (0.0, math.pi):
        turns = np.linspace(first - 0.15, first + math.pi + 0.15, 34)
        ring = np.stack(
            (0.143 * np.cos(turns), 0.132 * np.sin(turns) + 0.006, 0.772 + 0.02 * np.sin(turns)), axis=-1
        )
        halves.append(Part(patch=tube(ring, 0.023, 20), finish=finish))
    return halves[0], halves[1]


def _opened(cloth: Finish) -> list[Part]:
    """Return the shirt that shows in an open coat, and its lapels."""
    shirt = Finish(colour="#F4F2EE" if apart(cloth.colour, "#F4F2EE") > 25 else "#A9C4D9", gloss=0.02)
    rows = []
    for z in np.linspace(-0.9, 0.735, 30):
        wide, deep = _girth(float(z))
        half = 0.05 + 0.075 * max(0.0, (float(z) + 0.1) / 0.85)
        x = np.linspace(-half, half, 9)
        y = -(deep + 0.012) * (1 - np.abs(x / wide) ** _BOXY) ** (1 / _BOXY)
        rows.append(np.stack((x, y, np.full(9, z)), axis=-1))
    front = patch(np.array(rows))
    edge = Finish(colour=mixed(cloth.colour, "#000000", 0.16), gloss=0.03)
    lapels = [Part(patch=tube(np.array([row[k] for row in rows]), 0.016, 16), finish=edge) for k in (0, -1)]
    return [Part(patch=front, finish=shirt), *lapels]


def _apron(finish: Finish) -> list[Part]:
    front = [(float(z), *_girth(float(z))) for z in np.linspace(-0.9, 0.36, 12)]
    straps = []
    for side in (-1, 1):
        path = np.array(
            [
                (side * 0.31, -0.262, 0.34),
                (side * 0.285, -0.262, 0.46),
                (side * 0.262, -0.22, 0.58),
                (side * 0.235, -0.135, 0.675),
                (side * 0.22, 0.0, 0.735),
            ]
        )
        straps.append(Part(patch=tube(path, 0.02), finish=finish))
    top = front[-1]
    hem = curved([(top[0] - 0.025, top[1], top[2]), (top[0] + 0.004, top[1], top[2])], 42, lift=0.036)
    pocket = curved([(-0.32, 0.455, 0.283), (-0.04, 0.46, 0.283)], 20, lift=0.034)
    darker = Finish(colour=mixed(finish.colour, "#000000", 0.1), gloss=0.03)
    bib = curved(front, 42, lift=0.03)
    return [
        *straps,
        *[Part(patch=each, finish=it) for each, it in ((bib, finish), (hem, darker), (pocket, darker))],
    ]


# ---- the head -----------------------------------------------------------------------------------


def _head() -> Patch:
    rings = smooth(list(_HEAD), 46)
    whole = loft([(z, max(radius, 0.008), max(radius, 0.008) * 1.1) for z, radius in rings])
    points = whole.points.copy()
    points[..., 1] -= 0.035 * np.clip((1.35 - points[..., 2]) / 0.3, 0, 1)  # the chin stands a little forward
    return Patch(points=points, normals=whole.normals)


def _ears(skin: Finish) -> list[Part]:
    return [
        Part(patch=ball(0.055, flat=1.3, wide=0.5).moved(side * 0.247, 0.02, 1.29), finish=skin)
        for side in (-1, 1)
    ]


def _features(skin: Finish, hair: Finish) -> list[Part]:
    dark, spark = Finish(colour="#231B18", gloss=0.35), Finish(colour="#FFFFFF", gloss=0.0, shine=0.5)
    lips = Finish(colour=mixed(skin.colour, "#A23B3B", 0.5), gloss=0.1)
    brows = Finish(colour=mixed(hair.colour, "#2A1E1A", 0.45), gloss=0.0)
    blush = Finish(colour=mixed(skin.colour, "#D9534F", 0.34), gloss=0.0, opacity=0.11)
    parts = []
    for side in (-1, 1):
        for size in (0.064, 0.053, 0.042, 0.031):  # one on the other: soft at the edge
            cheek = ball(size, flat=0.75).moved(side * 0.135, -0.188, 1.215)
            parts.append(Part(patch=cheek, finish=blush))
        parts.append(Part(patch=ball(0.027, flat=1.3).moved(side * 0.093, -0.244, 1.318), finish=dark))
        parts.append(Part(patch=ball(0.0075).moved(side * 0.093 + 0.009, -0.274, 1.334), finish=spark))
        brow = np.array(
            [(side * 0.052, -0.262, 1.392), (side * 0.095, -0.252, 1.41), (side * 0.148, -0.222, 1.394)]
        )
        parts.append(Part(patch=tube(brow, np.array((0.01, 0.0125, 0.006))), finish=brows))
    parts.append(Part(patch=ball(0.036, flat=0.95, wide=0.95).moved(0, -0.284, 1.232), finish=skin))
    smile = np.array([(x, -0.268 + 1.9 * x * x, 1.118 + 3.4 * x * x) for x in np.linspace(-0.068, 0.068, 13)])
    return [*parts, Part(patch=tube(smile, np.array([0.003, *[0.0115] * 11, 0.003])), finish=lips)]


def _beard(hair: Finish) -> Part:
    """Return a beard: a shell around the lower face, open at the mouth's height."""
    rings = [(z, radius) for z, radius in smooth(list(_HEAD), 46) if z < 1.2]
    rows = [
        (z, radius + 0.012 + 0.02 * math.sin(math.pi * k / len(rings)), radius * 1.1 + 0.03)
        for k, (z, radius) in enumerate(rings)
    ]
    shell = loft(rows)
    points = shell.points.copy()
    points[..., 1] -= 0.035 * np.clip((1.35 - points[..., 2]) / 0.3, 0, 1)
    mouth = np.clip(1 - np.abs(points[..., 0]) / 0.1, 0, 1) * np.clip((points[..., 2] - 1.05) / 0.1, 0, 1)
    points[..., 1] += 0.09 * mouth * (points[..., 1] < 0)
    return Part(patch=Patch(points=points, normals=shell.normals), finish=replace(hair, gloss=0.02))


def _spectacles() -> list[Part]:
    frame = Finish(colour="#1E1C1B", gloss=0.4)
    turns = np.linspace(0, 2 * math.pi, 40)
    rings = [
        np.stack(
            (
                side * 0.095 + 0.066 * np.cos(turns),
                -0.285 + 0.3 * (side * 0.066 * np.cos(turns)) ** 2,
                1.318 + 0.056 * np.sin(turns),
            ),
            axis=-1,
        )
        for side in (-1, 1)
    ]
    bridge = np.array([(-0.03, -0.29, 1.325), (0, -0.296, 1.333), (0.03, -0.29, 1.325)])
    return [Part(patch=tube(path, 0.008, 14), finish=frame) for path in (*rings, bridge)]


def _hair_behind(style: str, hair: Finish) -> list[Part]:
    if style == "bun":
        return [Part(patch=ball(0.15).moved(0.0, 0.1, 1.74), finish=hair)]
    if style == "curls":
        places = [
            (0.30 * math.cos(t), 0.1, 1.42 + 0.3 * math.sin(t))
            for t in np.linspace(-0.75, math.pi + 0.75, 13)
        ]
        return [Part(patch=ball(0.125).moved(*place), finish=hair) for place in places]
    if style in {"bob", "long"}:
        low = 0.9 if style == "bob" else 0.42
        shape = smooth(
            [
                (low, 0.06),
                (low + 0.03, 0.2),
                (low + 0.12, 0.275),
                (1.15, 0.305),
                (1.35, 0.315),
                (1.52, 0.28),
                (1.64, 0.19),
                (1.69, 0.02),
            ],
            44,
        )
        return [Part(patch=loft([(z, r, r * 0.8) for z, r in shape]).moved(0, 0.08), finish=hair)]
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
    if style == "curls":
        places = [
            (0.21 * math.cos(t), -0.11 - 0.06 * math.sin(t), 1.5 + 0.16 * math.sin(t))
            for t in np.linspace(0, math.pi, 7)
        ]
        parts += [Part(patch=ball(0.095).moved(*place), finish=hair) for place in places]
    if style in {"bob", "long"}:
        low = 0.98 if style == "bob" else 0.6
        for side in (-1, 1):
            lock = smooth([(1.5, 0.205), (1.38, 0.262), (1.18, 0.285), (low + 0.1, 0.282), (low, 0.268)], 26)
            path = np.array([(side * x, -0.1, z) for z, x in lock])
            thick = np.interp(
                np.linspace(0, 1, 26), (0, 0.2, 0.6, 0.9, 1), (0.035, 0.066, 0.078, 0.062, 0.012)
            )
            parts.append(Part(patch=tube(path, thick, 40), finish=hair))
    return parts
