"""The slug: a strip in the margin that says what this picture is, and is not.

Hides how it is set. It stands below the art, never on it, so that a check can leave it out: `core.slug`
says how high it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PIL import ImageDraw

from seedpipe.core.slug import slug_height
from seedpipe.sandbox.render.colours import legible_on
from seedpipe.sandbox.render.lettering import LACKING, LEADING, Face, fitting, legible, length, wrapped, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

PANEL, INK, FAINT, LABEL, ON_LABEL = "#15171C", "#F4F4F1", "#A5A9B1", "#FFD23F", "#15171C"
_SHOWN_CHARS: Final = 600


def draw_slug(
    image: Image.Image, prompt: str, facts: tuple[str, str], palette: Sequence[str], *, named: bool
) -> None:
    """Draw the slug over the lowest rows.

    `facts` are its two short lines, `named` says the palette is the prompt's.
    """
    draw = ImageDraw.Draw(image)
    high = slug_height(*image.size)
    top = image.height - high
    draw.rectangle((0, top, image.width, image.height), PANEL)
    pad = round(high * 0.15)
    right = image.width - _draw_chips(
        draw, palette, image.width - pad, (top + pad, image.height - pad), named=named
    )
    left = _draw_label(draw, pad, top + pad, high - 2 * pad) + pad
    left = _draw_facts(draw, facts, left, (top + pad, image.height - pad), right - left) + 1.6 * pad
    _draw_prompt(draw, prompt, (left, top + pad, right - 1.2 * pad, image.height - pad))


def _draw_label(draw: ImageDraw.ImageDraw, left: int, top: int, high: int) -> float:
    size = max(7, round(high * 0.54))
    wide = length("SANDBOX PROOF", size, Face.DISPLAY) + size * 1.2
    draw.rounded_rectangle((left, top, left + wide, top + high), high // 5, LABEL)
    write(
        draw, (left + size * 0.6, top + high / 2 + size * 0.36), "SANDBOX PROOF", size, ON_LABEL, Face.DISPLAY
    )
    return left + wide


def _draw_facts(
    draw: ImageDraw.ImageDraw, facts: tuple[str, str], left: float, rows: tuple[float, float], room: float
) -> float:
    """Draw two lines if there is room for them; return where they end."""
    size = max(6, round((rows[1] - rows[0]) * 0.37))
    wide = max(length(fact, size) for fact in facts)
    if wide > room * 0.8:
        return left
    write(draw, (left, rows[0] + size * 0.92), facts[0], size, INK, Face.TEXT)
    write(draw, (left, rows[1] - size * 0.16), facts[1], size, FAINT, Face.TEXT)
    return left + wide


def _draw_prompt(draw: ImageDraw.ImageDraw, prompt: str, box: tuple[float, float, float, float]) -> None:
    left, top, right, bottom = box
    size = max(6, round((bottom - top) * 0.37))
    if right - left < size * 8:
        return
    text = legible(prompt[:_SHOWN_CHARS], LACKING)
    lines, complete = wrapped(text, size, right - left, 2)
    if not complete:
        size = max(6, round((bottom - top) * 0.3))
        most = max(1, int((bottom - top) / (size * 1.1)))
        lines, _ = wrapped(text, size, right - left, most)
    step = (bottom - top - size) / max(1, len(lines) - 1) if len(lines) > 1 else 0
    for index, line in enumerate(lines):
        write(draw, (left, top + size * 0.9 + step * index), line, size, INK)


def _draw_chips(
    draw: ImageDraw.ImageDraw, palette: Sequence[str], right: float, rows: tuple[float, float], *, named: bool
) -> float:
    """Draw the colours from the right edge, with their codes; return how much of the width they take."""
    high = rows[1] - rows[0]
    if not named:
        size = max(6, round(high * 0.3))
        wide = length("no colours in the prompt", size)
        if wide < right * 0.2:
            write(draw, (right - wide, rows[1] - size * 0.2), "no colours in the prompt", size, FAINT)
            return wide + size
        return 0.0
    wide = min(high * 1.5, right * 0.3 / len(palette))
    size = fitting("#DDDDDD", wide * 0.9, round(high * 0.3))
    for index, colour in enumerate(palette):
        left = right - wide * (len(palette) - index)
        draw.rectangle(
            (left, rows[0], left + wide * 0.94, rows[1]),
            colour,
            outline=FAINT,
            width=max(1, round(high / 60)),
        )
        if wide > 24:
            ink = legible_on(colour, ["#15171C"])
            write(draw, (left + wide * 0.08, rows[1] - size * 0.35), colour, size, ink)
    return wide * len(palette) + LEADING
