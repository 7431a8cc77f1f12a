"""Posters: flat shapes in the palette under large type.

Hides the layouts: each member of a set has another one, over the same colours and words.
"""

from __future__ import annotations

import math
import random
import re
from typing import TYPE_CHECKING, Final

from PIL import ImageDraw

from seedpipe.sandbox.render.colours import apart, most_legible_on
from seedpipe.sandbox.render.lettering import Face, fitting, legible, length, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from seedpipe.sandbox.render.brief import Brief
    from seedpipe.sandbox.render.canvas import Canvas
    from seedpipe.sandbox.render.look import Look

_CAP: Final = 0.73  # height of a capital letter to size
_MOST_LINES: Final = 5
_UNEVEN: Final = 1.12  # how much longer a line may be for ending where the sense does
_DASHED: Final = re.compile(r"\s+([\u2013\u2014-](?=\s))")  # a dash goes with the word before it


def paint_poster(canvas: Canvas, brief: Brief, look: Look, number: int) -> None:
    """Paint a poster of the brief's words."""
    colours = [*brief.palette] if len(brief.palette) > 2 else [look.product, *look.accents, look.background]
    ground = look.background if number % 2 else look.product
    inks = [colour for colour in dict.fromkeys(colours) if apart(colour, ground) > 8]
    canvas.image.paste(ground, (0, 0, canvas.width, canvas.height))
    chance = random.Random(look.seed + number // len(_LAYOUTS))
    layout = _LAYOUTS[(look.seed + number) % len(_LAYOUTS)]
    layout(canvas, inks, ground, chance)
    words = legible(brief.headline or brief.label).strip()
    if words:
        _set_words(canvas, words, ground, inks, number)


def _sun(canvas: Canvas, inks: list[str], ground: str, chance: random.Random) -> None:
    unit = min(canvas.width, canvas.height)
    x, y = canvas.width * (0.3 + 0.4 * chance.random()), canvas.height * 0.8
    canvas.ellipse(x, y, unit * 0.42, unit * 0.42, inks[0])
    canvas.ellipse(x + unit * 0.22, y - unit * 0.1, unit * 0.36, unit * 0.36, inks[1 % len(inks)])
    canvas.ellipse(x + unit * 0.3, y - unit * 0.16, unit * 0.17, unit * 0.17, ground)


def _stripes(canvas: Canvas, inks: list[str], _ground: str, chance: random.Random) -> None:
    width, height = canvas.width, canvas.height
    count, lean = 9, height * (0.25 + 0.2 * chance.random())
    for index in range(0, count, 2):
        left = width * 1.5 * index / count - lean * 0.6
        step = width * 1.5 / count
        canvas.shape(
            [
                (left, height),
                (left + step, height),
                (left + step + lean, height * 0.42),
                (left + lean, height * 0.42),
            ],
            inks[index // 2 % len(inks)],
        )


def _quarters(canvas: Canvas, inks: list[str], ground: str, chance: random.Random) -> None:
    columns = 4 if canvas.width <= canvas.height else 6
    tile = canvas.width / columns
    top = canvas.height * 0.44
    rows = max(1, int((canvas.height - top) / tile + 0.999))
    for row in range(rows):
        for column in range(columns):
            left, high = column * tile, top + row * tile
            behind = inks[chance.randrange(len(inks))]
            front = chance.choice([ground, *[ink for ink in inks if ink != behind]])
            canvas.shape(
                [(left, high), (left + tile, high), (left + tile, high + tile), (left, high + tile)], behind
            )
            _quarter(canvas, left, high, tile, front, chance.randrange(5))


def _quarter(canvas: Canvas, left: float, top: float, tile: float, colour: str, kind: int) -> None:
    if kind == 4:
        canvas.ellipse(left + tile / 2, top + tile / 2, tile * 0.36, tile * 0.36, colour)
        return
    x, y = left + tile * (kind % 2), top + tile * (kind // 2)
    outline = [(x, y)]
    for step in range(25):
        turn = math.pi / 2 * step / 24
        outline.append(
            (
                x + (1 - 2 * (kind % 2)) * tile * math.cos(turn),
                y + (1 - 2 * (kind // 2)) * tile * math.sin(turn),
            )
        )
    canvas.shape(outline, colour)


def _blocks(canvas: Canvas, inks: list[str], ground: str, chance: random.Random) -> None:
    width, height = canvas.width, canvas.height
    cut = width * (0.55 + 0.15 * chance.random())
    canvas.shape([(0, height * 0.5), (cut, height * 0.5), (cut, height), (0, height)], inks[0])
    canvas.shape(
        [(cut, height * 0.66), (width, height * 0.66), (width, height), (cut, height)], inks[1 % len(inks)]
    )
    unit = min(width, height)
    canvas.ellipse(
        cut, height * 0.66, unit * 0.24, unit * 0.24, inks[2 % len(inks)] if len(inks) > 2 else ground
    )


def _moon(canvas: Canvas, inks: list[str], ground: str, chance: random.Random) -> None:
    unit = min(canvas.width, canvas.height)
    x, y = canvas.width * 0.5, canvas.height * 0.88
    for index, share in enumerate((0.5, 0.4, 0.3, 0.2)):
        canvas.ellipse(x, y, unit * share, unit * share, (inks[index // 2 % len(inks)], ground)[index % 2])
    canvas.ellipse(x + unit * 0.1 * chance.random(), y, unit * 0.1, unit * 0.1, inks[1 % len(inks)])


_LAYOUTS: Final[tuple[Callable[[Canvas, list[str], str, random.Random], None], ...]] = (
    _sun,
    _quarters,
    _moon,
    _stripes,
    _blocks,
)


def _set_words(canvas: Canvas, words: str, ground: str, inks: list[str], number: int) -> None:
    """Set each line as wide as the sheet, the block at its top."""
    margin = 0.06 * min(canvas.width, canvas.height)
    room, high = canvas.width - 2 * margin, canvas.height * 0.42 - margin
    lines = _lines(words, room, high)
    share = min(1.0, high / sum(size * (_CAP + 0.16) for _, size in lines))
    draw = ImageDraw.Draw(canvas.image)
    fill = most_legible_on(ground, inks)
    baseline = margin
    for line, largest in lines:
        size = max(6, int(largest * share))
        baseline += size * _CAP
        left = margin if number % 3 else (canvas.width - length(line, size, Face.DISPLAY)) / 2
        write(draw, (left, baseline), line, size, fill, Face.DISPLAY)
        baseline += size * 0.16


def _lines(words: str, room: float, high: float) -> list[tuple[str, int]]:
    """Return the words in the lines that fill the room best, each with the size at which it is full."""
    pieces = _DASHED.sub("\N{NO-BREAK SPACE}\\1", words).split(" ")
    best: list[tuple[str, int]] = []
    for count in range(1, min(len(pieces), _MOST_LINES) + 1):
        lines = [line.replace("\N{NO-BREAK SPACE}", " ") for line in evenly(pieces, count)]
        size = min(fitting(line, room, int(high), face=Face.DISPLAY) for line in lines)
        size = min(size, int(high / (count * (_CAP + 0.16))))
        if not best or size > best[0][1]:
            best = [(line, size) for line in lines]
    return best


def evenly(pieces: list[str], count: int) -> list[str]:
    """Return words in so many lines, the longest as short as can be; a comma is a good place to end one."""
    # By how many words are set in how many lines: the longest line so far, and the lines.
    best: dict[tuple[int, int], tuple[float, list[str]]] = {(0, 0): (0.0, [])}
    for lines in range(1, count + 1):
        for end in range(lines, len(pieces) - (count - lines) + 1):
            ways = []
            for start in range(lines - 1, end if lines > 1 else 1):
                line = " ".join(pieces[start:end])
                ends_well = end == len(pieces) or line.endswith((",", ".", ":", ";", "!", "?", "\N{EM DASH}"))
                wide = length(line, 100, Face.DISPLAY) * (1.0 if ends_well else _UNEVEN)
                longest, before = best[start, lines - 1]
                ways.append((max(longest, wide), [*before, line]))
            best[end, lines] = min(ways, key=lambda way: way[0])
    return best[len(pieces), count][1]
