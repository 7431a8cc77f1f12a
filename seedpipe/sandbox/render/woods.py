"""What stands on the land: trees, flowers, a sail; and stars over it. Crisp at any size.

Hides how it is placed: only where the ground itself is seen, far to near, paler with distance.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from seedpipe.sandbox.render.brief import Light
from seedpipe.sandbox.render.colours import Floats, code_of, encoded, mixed
from seedpipe.sandbox.render.greenery import LEAF, leaves

if TYPE_CHECKING:
    from seedpipe.sandbox.render.brief import Brief
    from seedpipe.sandbox.render.canvas import Canvas
    from seedpipe.sandbox.render.look import Look

_TREES: Final = {"hills": 70, "forest": 300, "mountains": 80, "lake": 70}
_FIRS: Final = {"forest": 0.55, "hills": 0.1}  # the share of them where both grow
_TALL_PX: Final = 160  # a fir of this height has more tiers
_CLOSE: Final = 120  # steps: nearer trees are firs, whose tiers stand a close look
_STARS: Final = 90
_FLOWERS: Final = 150
_PETALS: Final = ("#F6F1E6", "#F2C33D", "#E2637F", "#8E6CC4")
_DIM: Final = {Light.NIGHT: 0.78, Light.EVENING: 0.5, Light.GOLDEN: 0.16}
_DARKNESS: Final = {Light.NIGHT: "#0B1020", Light.EVENING: "#2A2436", Light.GOLDEN: "#5A3A1C"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """The land as it is seen: a row a step of distance, a column a column of the picture.

    `screen` is the row of the picture where a place would be seen, `crest` the lowest row not yet covered.
    """

    x: Floats
    y: Floats
    land: Floats
    screen: Floats
    crest: Floats
    depth: Floats
    focal: float
    rows: int


def paint_stars(canvas: Canvas, stand: Stand, seed: int) -> None:
    """Paint stars above the skyline."""
    chance = random.Random(seed + 3)
    scale, columns = canvas.width / stand.crest.shape[1], stand.crest.shape[1]
    size = min(canvas.width, canvas.height) * 0.0011
    for _ in range(_STARS):
        column, row = chance.randrange(columns), chance.random() ** 1.3 * stand.rows * 0.9
        bright = 0.25 + 0.65 * chance.random() ** 2
        radius = max(0.7, size * (0.6 + bright))
        if row < stand.crest[-1, column] - 4:
            canvas.ellipse(column * scale, row * scale, radius, radius, "#EEF1F6", bright)


def paint_woods(canvas: Canvas, brief: Brief, look: Look, stand: Stand, tone: dict[str, Floats]) -> None:
    """Paint what stands on the land of a brief's kind."""
    chance = random.Random(look.seed + 5)
    haze = code_of(*(float(value) for value in encoded(tone["low"][None, :])[0]))
    if brief.subject in _TREES:
        for step, column in _places(stand, _TREES[brief.subject], chance, brief.subject):
            _paint_tree(canvas, brief, stand, (step, column), chance, haze)
    if brief.subject == "hills" and brief.season in {"spring", "summer"}:
        _paint_flowers(canvas, brief, stand, chance)
    if brief.subject == "sea" and brief.light is not Light.NIGHT:
        _paint_sail(canvas, stand, look.side)


def _places(stand: Stand, count: int, chance: random.Random, subject: str) -> list[tuple[int, int]]:
    """Return steps and columns where the ground is seen and a tree would grow, far to near."""
    steps, columns = stand.land.shape
    # Groups, by a slow wave over the land, so that trees are woods and hedges and not a pattern.
    grown = np.sin(stand.x * 0.9 + 1.7 * np.sin(stand.y * 0.35)) + np.sin(stand.y * 0.8 + stand.x * 0.4)
    first = {"forest": 165, "lake": 60}.get(subject, 120)
    most = {"mountains": 0.9, "lake": 0.75}.get(subject, 9.0)
    found = []
    if subject == "forest":  # a few trees close by at both sides: the viewer stands in it, not before it
        found = [
            (chance.randrange(70, _CLOSE), round(columns * (side + 0.2 * chance.random())))
            for side in (0.0, 0.8, 0.0, 0.8, 0.02)
        ]
        found = [(step, min(column, columns - 1)) for step, column in found]
    for _ in range(count * 14):
        step, column = chance.randrange(first, steps - 40), chance.randrange(columns)
        is_seen = stand.screen[step, column] <= stand.crest[step - 1, column] + 0.5
        is_dry = subject != "lake" or stand.land[step, column] > 0.03
        wanted = subject == "forest" or grown[step, column] > (0.9 if subject == "hills" else 0.35)
        if is_seen and is_dry and wanted and stand.land[step, column] < most:
            found.append((step, column))
        if len(found) == count:
            break
    return sorted(found, reverse=True)


def _paint_tree(
    canvas: Canvas, brief: Brief, stand: Stand, place: tuple[int, int], chance: random.Random, haze: str
) -> None:
    step, column = place
    scale = canvas.width / stand.crest.shape[1]
    depth = float(stand.depth[step])
    size = {"forest": 0.95, "hills": 0.3, "lake": 0.34}.get(brief.subject, 0.26) * (
        0.7 + 0.6 * chance.random()
    )
    high = size * stand.focal / depth * scale
    x, foot = column * scale, float(stand.screen[step, column]) * scale
    colour = (
        chance.choice(leaves(brief.season)) if brief.season else mixed(LEAF, "#A9C08C", 0.5 * chance.random())
    )
    pale = (1 - np.exp(-((depth / (14 if brief.misty else 44)) ** 1.4))) * 0.95
    fir = (
        brief.subject in {"mountains", "lake"}
        or brief.season == "winter"
        or step < _CLOSE
        or chance.random() < _FIRS[brief.subject]
    )
    if fir and brief.season in {"autumn", "spring"}:
        colour = mixed("#3F5A3A", "#6E7F4A", 0.4 * chance.random())
    tone = _lit(colour, brief.light, haze, float(pale))
    dark, trunk = (
        mixed(tone, "#1A2418", 0.3 * (1 - float(pale))),
        _lit("#5A4636", brief.light, haze, float(pale)),
    )
    if high < 2.5:
        return
    wide = high * 0.018
    canvas.shape(
        [(x - wide, foot), (x + wide, foot), (x + wide, foot - high * 0.45), (x - wide, foot - high * 0.45)],
        trunk,
    )
    if fir:
        _paint_fir(canvas, x, foot, high, (dark, tone))
    else:
        _paint_crown(canvas, x, foot, high, (dark, tone), chance)


def _paint_fir(canvas: Canvas, x: float, foot: float, high: float, tones: tuple[str, str]) -> None:
    tiers = 3 if high < _TALL_PX else 7
    for tier in range(tiers):
        share = tier / (tiers - 1)
        low, half = (
            0.12 + 0.46 * share + 0.16 * share * (tiers > 3),
            0.24 - 0.12 * share - 0.06 * share * (tiers > 3),
        )
        top = low + 0.48 - 0.06 * share if tiers == 3 else min(1.0, low + 0.3)
        tip, base = (x, foot - top * high), foot - low * high
        canvas.shape([(x - half * high, base), (x + half * high, base), tip], tones[0])
        canvas.shape(
            [(x - half * high * 0.85, base - 0.012 * high), (x + 0.1 * half * high, base), tip], tones[1]
        )


def _paint_crown(
    canvas: Canvas, x: float, foot: float, high: float, tones: tuple[str, str], chance: random.Random
) -> None:
    lumps = [(0.0, 0.66, 0.3), (-0.2, 0.52, 0.22), (0.2, 0.54, 0.22), (0.05, 0.84, 0.2)]
    for over, up, radius in lumps:
        canvas.ellipse(x + over * high, foot - up * high, radius * high, radius * high * 0.92, tones[0])
    for over, up, radius in lumps:
        aside = x + (over - 0.06 - 0.03 * chance.random()) * high
        canvas.ellipse(aside, foot - (up + 0.05) * high, radius * high * 0.74, radius * high * 0.66, tones[1])


def _lit(colour: str, light: Light, haze: str, pale: float) -> str:
    """Return a colour as it is seen in a light, from afar."""
    return mixed(mixed(colour, _DARKNESS.get(light, "#000000"), _DIM.get(light, 0.0)), haze, pale)


def _paint_flowers(canvas: Canvas, brief: Brief, stand: Stand, chance: random.Random) -> None:
    scale, columns = canvas.width / stand.crest.shape[1], stand.crest.shape[1]
    petals = brief.palette or _PETALS
    for _ in range(_FLOWERS):
        step, column = chance.randrange(20, 150), chance.randrange(columns)
        if stand.screen[step, column] > stand.crest[step - 1, column] + 0.5:
            continue
        radius = 0.016 * stand.focal / float(stand.depth[step]) * scale * (0.6 + 0.7 * chance.random())
        x, y = column * scale, float(stand.screen[step, column]) * scale
        if y < canvas.height and radius > 0.8:
            canvas.ellipse(
                x, y, radius, radius * 0.7, _lit(chance.choice(petals), brief.light, "#FFFFFF", 0.0), 0.95
            )


def _paint_sail(canvas: Canvas, stand: Stand, side: float) -> None:
    """Paint a boat on the water, to give the sea a measure."""
    steps, columns = stand.land.shape
    step, column = round(steps * 0.74), round(columns * (0.5 - 0.17 * side))
    if stand.land[step, column] > -0.05 or stand.screen[step, column] > stand.crest[step - 1, column] + 0.5:
        return
    scale = canvas.width / columns
    x, y = column * scale, float(stand.screen[step, column]) * scale
    high = 1.0 * stand.focal / float(stand.depth[step]) * scale
    canvas.shape(
        [
            (x - 0.3 * high, y),
            (x + 0.34 * high, y),
            (x + 0.22 * high, y + 0.09 * high),
            (x - 0.2 * high, y + 0.09 * high),
        ],
        "#4A4F57",
    )
    canvas.shape(
        [(x + 0.02 * high, y - 0.04 * high), (x + 0.02 * high, y - high), (x + 0.4 * high, y - 0.06 * high)],
        "#FBFAF5",
    )
    canvas.shape(
        [
            (x - 0.02 * high, y - 0.04 * high),
            (x - 0.02 * high, y - 0.8 * high),
            (x - 0.26 * high, y - 0.06 * high),
        ],
        "#EDE7DA",
    )
