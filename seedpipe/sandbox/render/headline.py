"""The headline on the art: where it stands, how large, in which of the palette's colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PIL import ImageDraw

from seedpipe.sandbox.render.colours import code_of, contrast
from seedpipe.sandbox.render.lettering import Face, fitting, legible, length, wrapped, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

WIDE: Final = 1.3  # from this ratio on a headline stands at the left, else at the top
HEADED_LEFT, HEADED_TOP = 0.44, 0.25  # what of a picture's width or height is a headline's
_READABLE: Final = 2.2  # large type; WCAG asks for 3 on an even ground
_SPOTS: Final = (9, 4)
_STEP: Final = 1.06  # line to size: headlines are set tight


def draw_headline(
    image: Image.Image, height: int, words: str, palette: Sequence[str], ground: str, *, sky: bool = False
) -> None:
    """Set the words at the left of a wide picture, at the top of any other; with a sky, in it.

    `height` is that of the art, which may have a margin below it.
    The colour is the one that reads best on `ground`, the set's own, so that a set's members agree; another
    only where that could not be read.
    """
    width = image.width
    margin = 0.06 * min(width, height)
    if width / height >= WIDE:
        low, high = (0.06, 0.4) if sky else (0.2, 0.8)
        _set(
            image,
            words,
            _ranked(palette, ground),
            (margin * 1.3, height * low, width * 0.42, height * high),
            centred=False,
        )
    else:
        _set(
            image,
            words,
            _ranked(palette, ground),
            (margin, margin * 1.1, width - margin, height * 0.24),
            centred=True,
        )


def _set(
    image: Image.Image,
    words: str,
    ranked: list[str],
    box: tuple[float, float, float, float],
    *,
    centred: bool,
) -> None:
    left, top, right, bottom = box
    size, lines = _largest(legible(words), right - left, bottom - top)
    fill = _legible(
        image.crop((int(left), int(top), max(int(left) + 1, int(right)), max(int(top) + 1, int(bottom)))),
        ranked,
    )
    draw = ImageDraw.Draw(image)
    first = top + (0.78 * size if centred else (bottom - top - _STEP * size * len(lines)) / 2 + 0.78 * size)
    for index, line in enumerate(lines):
        start = left + (right - left - length(line, size, Face.DISPLAY)) / 2 if centred else left
        write(draw, (start, first + _STEP * size * index), line, size, fill, Face.DISPLAY)


def _largest(text: str, width: float, height: float) -> tuple[int, list[str]]:
    """Return the largest size at which the words fit, no word broken, and the lines they make."""
    longest = max(text.split() or [""], key=lambda word: length(word, 100, Face.DISPLAY))
    size = fitting(longest, width, max(6, round(min(height * 0.8, width * 0.3))), face=Face.DISPLAY)
    while size > 6:
        lines, complete = wrapped(text, size, width, 4, Face.DISPLAY)
        if complete and len(lines) * size * _STEP <= height:
            return size, lines
        size = max(6, int(size * 0.94))
    return size, wrapped(text, size, width, 4, Face.DISPLAY)[0]


def _legible(ground: Image.Image, ranked: list[str]) -> str:
    """Return the first colour that reads well everywhere, or else the one of them.

    Black and white that reads best.
    """
    spots = ground.resize(_SPOTS)
    tones = {code_of(*spots.getpixel((x, y))[:3]) for x in range(_SPOTS[0]) for y in range(_SPOTS[1])}  # type: ignore[index]

    def worst(colour: str) -> float:
        return min(contrast(colour, tone) for tone in tones)

    return next((colour for colour in ranked if worst(colour) >= _READABLE), None) or max(
        (*ranked, "#17181C", "#FAFAF7"), key=worst
    )


def _ranked(palette: Sequence[str], ground: str) -> list[str]:
    return sorted(palette, key=lambda colour: -contrast(colour, ground))
