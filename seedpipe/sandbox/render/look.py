"""What the members of a set share, and how their shots differ. Pure: seeded by the request, never by chance.

Hides the art direction. A set keeps its light, its arrangement and the roles of its colours, as sequential
models promise; from one member to the next only the camera moves.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from seedpipe.sandbox.render.brief import Light
from seedpipe.sandbox.render.colours import apart, legible_on, lightness, mixed
from seedpipe.sandbox.render.subject import FOODS, Scene

if TYPE_CHECKING:
    from seedpipe.sandbox.render.brief import Brief

_NEUTRAL: Final = (
    ("#A08C78", "#E2DCD3", "#4A4741", "#F3F0EA"),
    ("#7F8F95", "#D5DBDD", "#3E474C", "#F0F3F3"),
    ("#B08D6E", "#E4D8C8", "#54483C", "#F6F0E6"),
)
_WARM: Final = (  # what food is shown with when nobody says
    ("#F7F3EA", "#C98F5E", "#7C8B62", "#EAD9BC"),
    ("#F4EDE2", "#B5563C", "#D8B98A", "#8A9A76"),
    ("#F6F1E7", "#5E7469", "#D9A66B", "#E9D6C3"),
)
_ARRANGEMENTS: Final = ("arch", "disc", "steps", "panels", "arch", "blocks")
_SURROUNDINGS: Final = {
    Scene.FACADE: "#C9D3D8",
    Scene.INTERIOR: "#E9E4DB",
}  # no colour of the palette is spent on these
_DARK: Final = 45.0  # lightness below which a colour is dark


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One camera: angles in degrees; `near` is how much larger than in the hero shot the subject is."""

    name: str
    azimuth: float
    elevation: float
    near: float = 1.0
    aim: float = 0.5  # of the subject's height
    shift: float = 0.0  # of the picture's width, to the right
    turn: float = 0.0  # of the pack itself
    in_hand: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What every member of a set has in common: colours by role, arrangement, the key's side.

    `accents` are what is left of the palette for the set and its props: always three or more.
    """

    background: str
    product: str
    panel: str
    ink: str
    cap: str
    accents: tuple[str, ...]
    arrangement: str
    side: float
    seed: int
    is_neutral: bool


_SHOTS: Final = (
    Shot(name="front", azimuth=0, elevation=9),
    Shot(name="three-quarter", azimuth=27, elevation=14),
    Shot(name="low", azimuth=-10, elevation=1.5, near=1.12, aim=0.55),
    Shot(name="close-up", azimuth=-6, elevation=7, near=1.9, aim=0.62),
    Shot(name="high", azimuth=-20, elevation=34, near=0.95),
    Shot(name="left profile", azimuth=-34, elevation=10),
    Shot(name="detail", azimuth=20, elevation=12, near=2.7, aim=0.6),
    Shot(name="wide", azimuth=8, elevation=7, near=0.66),
    Shot(name="off-centre", azimuth=14, elevation=8, near=1.1, shift=0.14),
    Shot(name="overhead", azimuth=12, elevation=58, near=0.92),
)
_NAMED: Final = {
    "close": _SHOTS[3],
    "overhead": _SHOTS[9],
    "low": _SHOTS[2],
    "high": _SHOTS[4],
    "three-quarter": _SHOTS[1],
    "wide": _SHOTS[7],
    "front": _SHOTS[0],
    "detail": _SHOTS[6],
    "off-centre": _SHOTS[8],
    "side": Shot(name="side", azimuth=-30, elevation=8, turn=-62),
    "back": Shot(name="back", azimuth=0, elevation=9, turn=180),
    "in-hand": Shot(name="in-hand", azimuth=0, elevation=6, near=1.25, aim=0.45, in_hand=True),
}
_CLOSE_SHOTS: Final = (
    Shot(name="close-up", azimuth=-6, elevation=7, near=1.9, aim=0.62),
    Shot(name="close three-quarter", azimuth=28, elevation=13, near=1.75, aim=0.6),
    Shot(name="detail, top", azimuth=-14, elevation=24, near=2.5, aim=0.86),
    Shot(name="detail, low", azimuth=16, elevation=4, near=2.6, aim=0.34),
    Shot(name="close profile", azimuth=-34, elevation=9, near=1.8, aim=0.55),
    Shot(name="close high", azimuth=10, elevation=38, near=1.7, aim=0.6),
)


def seed_of(prompt: str) -> int:
    """Return the number that everything open about a prompt's picture follows from."""
    return int.from_bytes(hashlib.sha256(prompt.encode("utf-8", "replace")).digest()[:8])


def shot_of(brief: Brief, number: int, of: int) -> Shot:
    """Return the camera of a member of a set: shots the prompt names come first, no two members share one."""
    shots: tuple[Shot, ...] = _SHOTS
    if brief.shots == ("close",):
        shots = _CLOSE_SHOTS
    elif brief.shots:
        named = tuple(_NAMED[name] for name in brief.shots)
        shots = (*named, *(shot for shot in _SHOTS if shot not in named))
    elif of == 1 and brief.scene is Scene.STAGE:
        shots = (*_SHOTS[1:], _SHOTS[0])
    again, index = divmod(number - 1, len(shots))
    shot = shots[index]
    if not again:
        return shot
    return Shot(
        name=f"{shot.name} {again + 1}",
        azimuth=-shot.azimuth - 7 * again,
        elevation=min(shot.elevation + 5 * again, 60),
        near=shot.near * (1 + 0.12 * again),
        aim=shot.aim,
        shift=-shot.shift,
        turn=shot.turn,
        in_hand=shot.in_hand,
    )


def look_of(brief: Brief, seed: int) -> Look:
    """Return what a set's pictures share."""
    chance = random.Random(seed)
    palette = list(brief.palette) or list(chance.choice(_WARM if brief.subject in FOODS else _NEUTRAL))
    product = brief.product or _product(brief, palette)
    background = brief.background or _SURROUNDINGS.get(brief.scene) or _background(brief, palette, product)
    rest = [colour for colour in palette if colour not in {product, background}]
    panel, ink = _label(product, rest, background)
    return Look(
        background=background,
        product=product,
        panel=panel,
        ink=ink,
        cap=_cap(product, rest, background),
        accents=_accents(rest, product, background, brief.scene),
        arrangement=chance.choice(_ARRANGEMENTS),
        side=chance.choice((-1.0, 1.0)),
        seed=seed,
        is_neutral=not brief.palette,
    )


def _product(brief: Brief, palette: list[str]) -> str:
    """Return the first colour that is not the background's and does not vanish against it."""
    others = [colour for colour in palette if colour != brief.background]
    return (
        others[0]
        if others
        else mixed(palette[0], "#FFFFFF" if lightness(palette[0]) < _DARK else "#000000", 0.25)
    )


def _background(brief: Brief, palette: list[str], product: str) -> str:
    """Return the darkest colour for a dark light, else the one that sets the product off best."""
    others = [colour for colour in palette if colour != product]
    if brief.light in {Light.NIGHT, Light.EVENING}:
        darkest = min(palette, key=lightness)
        if darkest != product and lightness(darkest) < _DARK:
            return darkest
        if lightness(product) < _DARK / 2:
            return "#4A4C54"
        return mixed(darkest, "#0B0C12", 0.62 if brief.light is Light.NIGHT else 0.5)
    if not others:
        return mixed(product, "#FFFFFF", 0.84) if lightness(product) < 80 else mixed(product, "#B59A7C", 0.5)
    return max(others, key=lambda colour: apart(colour, product) + 0.4 * lightness(colour))


def _label(product: str, rest: list[str], background: str) -> tuple[str, str]:
    """Return the label's ground and its ink: the two that read best on this product."""
    grounds = [*rest, background, "#FAF8F3", "#1B1C20"]
    panel = max(grounds, key=lambda colour: min(apart(colour, product), 60) - 6 * grounds.index(colour))
    return panel, legible_on(panel, [product, *rest, background])


def _cap(product: str, rest: list[str], background: str) -> str:
    dark = [
        colour for colour in (*rest, background) if lightness(colour) < _DARK and apart(colour, product) > 25
    ]
    return dark[0] if dark else mixed(product, "#101014", 0.72)


def _accents(rest: list[str], product: str, background: str, scene: Scene) -> tuple[str, ...]:
    """Return the colours of what stands around: the rest of the palette, then tones of the background.

    What stands right behind a pack takes the second: it must not be the pack's own.
    """
    toned, deeper = (
        mixed(background, "#FFFFFF" if lightness(background) < 60 else "#5B5148", share)
        for share in (0.2, 0.32)
    )
    own = (
        (product, toned) if scene in _SURROUNDINGS else (toned, product) if rest else (deeper, toned, product)
    )
    return tuple([*rest, *own, deeper, toned][: max(4, len(rest))])
