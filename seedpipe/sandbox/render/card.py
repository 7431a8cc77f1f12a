"""An honest card: a flat composition in the prompt's own colours, and the prompt itself.

For requests that name nothing there is a scene for, and for sizes no scene fits. It does not pretend to draw
what the prompt says: colours, count, size and wording are what it can be true about.
"""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING, Final, NamedTuple

from PIL import Image, ImageDraw, ImageOps

from seedpipe.sandbox.render.colours import mixed, rgb
from seedpipe.sandbox.render.lettering import LACKING, LEADING, Face, fitting, legible, length, wrapped, write
from seedpipe.sandbox.render.look import seed_of
from seedpipe.sandbox.render.slug import FAINT, INK, LABEL, ON_LABEL, PANEL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from seedpipe.sandbox.tasks import Picture

_NEUTRAL: Final = ("#D9D4CC", "#8C867D", "#4A4741", "#F3F0EA")
_WIDE: Final = 2.0  # from this ratio on the panel stands at the side
_LONG: Final = 3.0  # from this ratio on the art is a strip
_FINEST: Final = 4  # shapes are drawn this much larger, then reduced: smooth edges
_DRAWN_SIDE_PX: Final = 4096  # but not above this, for memory's sake
_SHOWN_CHARS: Final = 1200  # of a prompt; more would not be legible
_LIGHT: Final = 0.55


class _Box(NamedTuple):
    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top


def draw_card(picture: Picture, palette: Sequence[str], why: str) -> Image.Image:
    """Return the card of a picture; `why` says in a few words why it is no scene."""
    image = Image.new("RGB", picture.size, PANEL)
    art, panel = _split(*picture.size)
    image.paste(_art(picture, list(palette) or list(_NEUTRAL), art), (art.left, art.top))
    _draw_panel(ImageDraw.Draw(image), picture, palette, panel, why)
    return image


def _split(width: int, height: int) -> tuple[_Box, _Box]:
    """Return the places of the art and of the panel."""
    if width > _WIDE * height:
        panel = int(min(0.4 * width, max(0.8 * height, 560)))
        return _Box(panel, 0, width, height), _Box(0, 0, panel, height)
    panel = int(min(0.5 * height, max(0.2 * height, 44)))
    return _Box(0, 0, width, height - panel), _Box(0, height - panel, width, height)


# ---- the art ------------------------------------------------------------------------------------


class _Sheet:
    """A drawing surface whose lengths are shares of its shorter side, with the colours in their roles.

    `ground` is the backdrop, `inks` three or more colours to draw with; variety comes from `chance` alone.
    """

    def __init__(self, width: int, height: int, palette: list[str], chance: random.Random) -> None:
        ordered = sorted(palette, key=_luminance)
        self.ground = ordered[-1] if _luminance(ordered[-1]) > _LIGHT or len(palette) > 1 else palette[0]
        inks = [colour for colour in palette if colour != self.ground]
        if not inks:
            self.ground, inks = mixed(palette[0], "#FFFFFF", 0.86), [palette[0]]
        self.inks = (
            inks + [mixed(ink, self.ground, 0.45) for ink in inks] + [mixed(inks[0], "#000000", 0.3)]
        )[: max(3, len(inks))]
        self.chance = chance
        self.width, self.height = width, height
        self.unit = min(width, height)
        self.image = Image.new("RGB", (width, height), self.ground)
        self.draw = ImageDraw.Draw(self.image)

    def ink(self, index: int) -> str:
        return self.inks[index % len(self.inks)]

    def disc(self, x: float, y: float, radius: float, colour: str) -> None:
        self.draw.ellipse((x - radius, y - radius, x + radius, y + radius), colour)

    def bar(self, left: float, top: float, right: float, bottom: float, colour: str) -> None:
        self.draw.rectangle((left, top, right, bottom), colour)

    def about(self, value: float, spread: float) -> float:
        return value + self.chance.uniform(-spread, spread)


def _art(picture: Picture, palette: list[str], box: _Box) -> Image.Image:
    seed = seed_of(picture.prompt)
    finer = min(_FINEST, max(1, _DRAWN_SIDE_PX // max(box.width, box.height)))
    chance = random.Random(f"{seed}/{picture.number}")
    sheet = _Sheet(box.width * finer, box.height * finer, palette, chance)
    choices = _COMPOSITIONS if max(box.width, box.height) < _LONG * min(box.width, box.height) else _FIELDS
    choices[(seed + picture.number) % len(choices)](sheet)
    image = sheet.image.reduce(finer) if finer > 1 else sheet.image
    return ImageOps.mirror(image) if chance.random() < 0.5 else image


def _arch(sheet: _Sheet) -> None:
    """Stand an arch on a floor, with a plinth and a ball."""
    unit, floor = sheet.unit, sheet.height * 0.74
    sheet.bar(0, floor, sheet.width, sheet.height, sheet.ink(2))
    middle, half = sheet.about(sheet.width * 0.47, unit * 0.06), unit * 0.25
    spring = floor - unit * 0.32
    sheet.disc(middle, spring, half, sheet.ink(0))
    sheet.bar(middle - half, spring, middle + half, floor, sheet.ink(0))
    plinth, top = middle + half * 0.72, floor - unit * sheet.about(0.2, 0.04)
    sheet.bar(plinth, top, plinth + unit * 0.22, floor + unit * 0.08, sheet.ink(1))
    ball = unit * sheet.about(0.085, 0.015)
    sheet.disc(plinth + unit * 0.11, top - ball, ball, sheet.ink(3 if len(sheet.inks) > 3 else 2))
    sheet.disc(middle - half * 1.15, floor + unit * 0.07, unit * 0.055, sheet.ink(1))


def _horizon(sheet: _Sheet) -> None:
    """Set a sun behind rolling bands."""
    unit = sheet.unit
    sun = sheet.about(sheet.width * 0.6, unit * 0.12)
    sheet.disc(sun, sheet.height * 0.5, unit * sheet.about(0.3, 0.03), sheet.ink(0))
    for index, top in enumerate((0.58, 0.7, 0.84)):
        crest = sheet.about(sheet.width * (0.2 + 0.3 * index), sheet.width * 0.1)
        colour = sheet.ink(index + 1)
        across, deep = sheet.width * 1.1, sheet.height * 0.9
        middle = sheet.height * top + deep
        sheet.draw.ellipse((crest - across, middle - deep, crest + across, middle + deep), colour)


def _tiles(sheet: _Sheet) -> None:
    """Fill a field with quarter discs."""
    columns = max(1, round(sheet.width / sheet.unit * 3))
    rows = max(1, round(sheet.height / sheet.unit * 3))
    last = -1
    for row, column in itertools.product(range(rows), range(columns)):
        left, right = (sheet.width * (column + step) // columns for step in (0, 1))
        top, bottom = (sheet.height * (row + step) // rows for step in (0, 1))
        last = (last + 1 + sheet.chance.randrange(2)) % len(sheet.inks)
        around, within = sheet.ground, sheet.ink(last)
        if (row + column) % 2:
            around, within = within, around
        tile = Image.new("RGB", (right - left, bottom - top), around)
        x, y = (right - left) * sheet.chance.randrange(2), (bottom - top) * sheet.chance.randrange(2)
        reach = (x - right + left, y - bottom + top, x + right - left, y + bottom - top)
        ImageDraw.Draw(tile).ellipse(reach, within)
        sheet.image.paste(tile, (left, top))


def _bands(sheet: _Sheet) -> None:
    """Lay diagonal bands behind a disc."""
    reach = sheet.width + sheet.height
    edge, index = -sheet.height * 0.2, 0
    while edge < reach:
        thick = sheet.unit * sheet.about(0.2, 0.07)
        if index % 2 == 0:
            lean = sheet.height
            sheet.draw.polygon(
                [
                    (edge, 0),
                    (edge + thick, 0),
                    (edge + thick - lean, sheet.height),
                    (edge - lean, sheet.height),
                ],
                sheet.ink(index // 2),
            )
        edge, index = edge + thick, index + 1
    x, y = (
        sheet.about(sheet.width * 0.5, sheet.unit * 0.1),
        sheet.about(sheet.height * 0.5, sheet.unit * 0.06),
    )
    sheet.disc(x, y, sheet.unit * 0.27, sheet.ground)
    sheet.disc(x, y, sheet.unit * 0.215, sheet.ink(0))


def _rings(sheet: _Sheet) -> None:
    """Spread rings from a low corner."""
    x, y = sheet.about(sheet.width * 0.24, sheet.unit * 0.06), sheet.height * 0.92
    for index in range(5):
        radius = sheet.unit * (0.82 - 0.165 * index)
        sheet.disc(x, y, radius, sheet.ground if index % 2 else sheet.ink(index // 2))
    ball = sheet.unit * 0.11
    sheet.disc(sheet.width - ball * 1.9, sheet.about(sheet.height * 0.2, ball * 0.3), ball, sheet.ink(1))


def _steps(sheet: _Sheet) -> None:
    """Build a stair of blocks, with a ball on its way up."""
    count, wide = 4, sheet.width / 4
    resting = sheet.chance.randrange(1, count)
    for index in range(count):
        top = sheet.height * (0.8 - 0.17 * index)
        sheet.bar(index * wide, top, (index + 1) * wide, sheet.height, sheet.ink(index))
        if index == resting - 1:
            ball = min(wide * 0.36, sheet.height * 0.13)
            sheet.disc((index + 0.5) * wide, top - ball, ball, sheet.ink(index + 2))


_COMPOSITIONS: Final[tuple[Callable[[_Sheet], None], ...]] = (_arch, _rings, _horizon, _tiles, _steps, _bands)
_FIELDS: Final = (_tiles, _bands)  # what fills a strip; the others would stand in it lost


def _luminance(colour: str) -> float:
    red, green, blue = rgb(colour)
    return (0.299 * red + 0.587 * green + 0.114 * blue) / 255


# ---- the panel ----------------------------------------------------------------------------------


def _draw_panel(
    draw: ImageDraw.ImageDraw, picture: Picture, palette: Sequence[str], box: _Box, why: str
) -> None:
    if box.width < 200 or box.height < 70:
        _draw_label_alone(draw, picture, box)
        return
    pad = max(6, round(0.045 * min(box.width, 2 * box.height)))
    inner = _Box(box.left + pad, box.top + pad, box.right - pad, box.bottom - pad)
    if box.width > 1.6 * box.height:
        middle = inner.left + round(0.29 * inner.width)
        _draw_facts(draw, picture, inner._replace(right=middle), why)
        _draw_wording(draw, picture, palette, inner._replace(left=middle + pad))
    else:
        below = inner.top + round(min(0.36 * inner.height, 0.5 * inner.width))
        _draw_facts(draw, picture, inner._replace(bottom=below), why)
        _draw_wording(draw, picture, palette, inner._replace(top=below + pad))


def _draw_label_alone(draw: ImageDraw.ImageDraw, picture: Picture, box: _Box) -> None:
    draw.rectangle((box.left, box.top, box.right, box.bottom), LABEL)
    whole = [f"SANDBOX PROOF {picture.number}/{picture.of}"]
    lines = whole if box.width > 5 * box.height else ["SANDBOX", f"PROOF {picture.number}/{picture.of}"]
    widest = max(lines, key=lambda line: length(line, 100))
    size = fitting(widest, box.width * 0.92, int(box.height * 0.86 / len(lines) / 1.1))
    top = box.top + (box.height - size * 1.1 * len(lines)) / 2
    for index, line in enumerate(lines):
        left = box.left + (box.width - length(line, size)) / 2
        write(draw, (left, top + size * (0.9 + 1.1 * index)), line, size, ON_LABEL)


def _draw_facts(draw: ImageDraw.ImageDraw, picture: Picture, box: _Box, why: str) -> None:
    """Draw the label, which image of how many, and the size."""
    label = "SANDBOX PROOF"
    size = fitting(label, box.width * 0.86, int(box.height * 0.2))
    high = round(size * 1.75)
    wide = round(length(label, size) + size * 1.3)
    draw.rounded_rectangle((box.left, box.top, box.left + wide, box.top + high), high // 4, LABEL)
    write(
        draw,
        (box.left + size * 0.65, box.top + high * 0.5 + size * 0.36),
        label,
        size,
        ON_LABEL,
        Face.DISPLAY,
    )
    left = box.height - high
    count = f"{picture.number}/{picture.of}"
    large = fitting(count, box.width, int(left * 0.5))
    write(draw, (box.left, box.top + high + left * 0.58), count, large, INK)
    shown = f"{picture.size.width_px} × {picture.size.height_px} px · {why}"
    small = fitting(shown, box.width, int(left * 0.2))
    write(draw, (box.left, box.bottom), shown, small, FAINT)


def _draw_wording(draw: ImageDraw.ImageDraw, picture: Picture, palette: Sequence[str], box: _Box) -> None:
    """Draw the prompt as large as it fits, and the palette below it."""
    chip = max(10, round(min(box.height * 0.17, box.width * 0.045)))
    _draw_chips(draw, palette, box._replace(top=box.bottom - chip))
    text = legible(picture.prompt[:_SHOWN_CHARS], LACKING) + (
        "…" if len(picture.prompt) > _SHOWN_CHARS else ""
    )
    room = box._replace(bottom=box.bottom - round(chip * 1.5))
    size = largest = max(10, round(min(room.height * 0.24, room.width * 0.05)))
    smallest = max(9, round(largest * 0.45))
    while True:
        lines, complete = wrapped(text, size, room.width, max(1, int(room.height / (size * LEADING))))
        if complete or size <= smallest:
            break
        size = max(smallest, int(size * 0.92))
    for index, line in enumerate(lines):
        write(draw, (room.left, room.top + size * (0.8 + LEADING * index)), line, size, INK)


def _draw_chips(draw: ImageDraw.ImageDraw, palette: Sequence[str], box: _Box) -> None:
    """Draw the colours in a row, each with its code when there is room for all."""
    chip = box.height
    size = max(8, round(chip * 0.62))
    if not palette:
        words = "no colours in the prompt"
        write(draw, (box.left, box.bottom - chip * 0.27), words, fitting(words, box.width, size), FAINT)
        return
    step = chip * 1.5 + length("#MMMMMM", size)
    coded = step * len(palette) <= box.width
    step = step if coded else min(chip * 1.25, box.width / len(palette))
    for index, colour in enumerate(palette):
        left = box.left + index * step
        place = (left, box.top, left + min(chip, step), box.bottom)
        draw.rectangle(place, colour, outline=FAINT, width=max(1, chip // 24))
        if coded:
            write(draw, (left + chip * 1.3, box.bottom - chip * 0.27), colour, size, FAINT)
