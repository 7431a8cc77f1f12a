"""What is lettered on a pack: its brand large, a rule and the ware below it, on the label's own ground.

Hides how wording becomes a label. A pack without a brand says what is in it, or what it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PIL import Image, ImageDraw

from seedpipe.sandbox.render.lettering import Face, fitting, legible, length, spell, write
from seedpipe.sandbox.render.shading import Finish, shaded

if TYPE_CHECKING:
    from seedpipe.sandbox.render.brief import Brief
    from seedpipe.sandbox.render.canvas import Canvas
    from seedpipe.sandbox.render.geometry import Camera
    from seedpipe.sandbox.render.parts import Label
    from seedpipe.sandbox.render.shading import Rig

_LETTERS_PX: Final = 1400


def paint_label(canvas: Canvas, camera: Camera, light: Rig, label: Label, brief: Brief) -> None:
    """Paint a label where it is: its ground, then the name and the ware."""
    grid = label.grid
    if label.panel:
        ground = Finish(colour=label.panel, gloss=label.gloss)
        canvas.decal(camera, grid, _filled, shaded(camera, ground, light))
    ware = brief.ware if brief.subject in _LABELLED else ""
    ware = spell(ware or _GENERIC.get(brief.subject, ""))
    wording = legible(brief.label) or ware.title() or spell(brief.subject.title())
    under = ware.upper() if brief.label else ""
    ink = Finish(colour=label.ink, gloss=label.gloss)
    canvas.decal(
        camera, grid, lambda wide, high: _letters(wording, under, wide, high), shaded(camera, ink, light)
    )


_GENERIC: Final = {
    "dropper": "serum",
    "pump": "body wash",
    "flacon": "eau de parfum",
    "jar": "face cream",
    "tube": "hand cream",
    "pouch": "coffee",
    "bar": "soap",
    "can": "soda",
}
_LABELLED: Final = frozenset({*_GENERIC, "bottle", "box", "candle"})  # with what is in them


def _filled(_wide: int, _high: int) -> Image.Image:
    return Image.new("L", (8, 8), 255)


def _letters(wording: str, under: str, wide: int, high: int) -> Image.Image:
    """Draw a label's wording: the name large, a rule and the ware below it."""
    share = min(1.0, _LETTERS_PX / max(wide, high))
    wide, high = max(4, round(wide * share)), max(4, round(high * share))
    mask = Image.new("L", (wide, high))
    draw = ImageDraw.Draw(mask)
    words = wording.split() if len(wording) > 9 and high > 0.4 * wide else [wording]
    room = wide * 0.6
    size = min(
        fitting(max(words, key=len), room, round(high * 0.3), face=Face.DISPLAY, smallest=3),
        round(high * 0.62 / len(words)) or 3,
    )
    top = high * (0.5 if not under else 0.42) - (len(words) - 1) * size * 0.52
    for index, word in enumerate(words):
        left = (wide - length(word, size, Face.DISPLAY)) / 2
        write(draw, (left, top + size * (0.35 + 1.04 * index)), word, size, 255, Face.DISPLAY)
    if under:
        rule = top + size * (0.35 + 1.04 * (len(words) - 1)) + size * 0.42
        draw.line((wide * 0.44, rule, wide * 0.56, rule), 255, max(1, size // 14))
        small = fitting(under, room * 0.8, max(4, round(size * 0.34)), smallest=3)
        write(draw, ((wide - length(under, small, Face.TEXT)) / 2, rule + small * 1.7), under, small, 255)
    return mask
