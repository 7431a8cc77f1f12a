"""Comps of edit models: the reference images themselves, cropped and laid out.

Hides what may be opened. References are strangers' files: too large, broken or absent ones become a frame
that says so. The first one fills the picture, by the crop of its shot; the others lie on it as prints.
"""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from PIL import Image, ImageDraw, ImageFilter, ImageOps

from seedpipe.sandbox.render.headline import HEADED_LEFT, HEADED_TOP, WIDE
from seedpipe.sandbox.render.lettering import Face, fitting, legible, length, write
from seedpipe.sandbox.render.slug import FAINT, INK, LABEL, ON_LABEL, PANEL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from seedpipe.sandbox.render.canvas import Canvas
    from seedpipe.sandbox.render.look import Shot

    Load = Callable[[str], bytes | None]

_MOST_PX: Final = 60_000_000
_EDGE_PX: Final = 24
_KEPT_PX: Final = 2048  # of a reference's longer side
_MOST_PRINTS: Final = 6
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")


def paint_references(
    canvas: Canvas, urls: Sequence[str], load: Load, shot: Shot, *, headed: bool = False
) -> None:
    """Paint a comp of reference images, in their order; a `headed` one leaves ground for a headline."""
    pictures = [_opened(load(url)) or _frame(url) for url in urls[: _MOST_PRINTS + 1]]
    _paint_first(canvas, pictures[0], shot, headed=headed)
    wide = canvas.width >= canvas.height
    prints = pictures[1:]
    if not prints:
        return
    unit = min(canvas.width, canvas.height)
    cell = min(unit * 0.36, (canvas.height if wide else canvas.width) * 0.88 / len(prints))
    for index, picture in enumerate(prints):
        along = (index - (len(prints) - 1) / 2) * cell
        middle = (
            (canvas.width - cell * 0.62, canvas.height / 2 + along)
            if wide
            else (canvas.width / 2 + along, canvas.height - cell * 0.62)
        )
        _lay(canvas.image, picture, middle, cell * 0.9, f"ref {index + 2}")


def _paint_first(canvas: Canvas, picture: Image.Image, shot: Shot, *, headed: bool) -> None:
    """Fill the canvas with a picture, or all but the headline's place, which its edge's colours run into."""
    width, height = canvas.width, canvas.height
    is_wide = width >= WIDE * height
    left = round(width * HEADED_LEFT) if headed and is_wide else 0
    top = round(height * HEADED_TOP) if headed and not is_wide else 0
    shown = _cropped(picture, (width - left, height - top), shot)
    canvas.image.paste(shown, (left, top))
    if left or top:
        edge = (
            (0, 0, shown.width // 40 + 1, shown.height)
            if left
            else (0, 0, shown.width, shown.height // 40 + 1)
        )
        size = (1, _EDGE_PX) if left else (_EDGE_PX, 1)
        strip = shown.resize(size, Image.Resampling.BOX, box=edge).filter(ImageFilter.GaussianBlur(1))
        ground = (left, height) if left else (width, top)
        canvas.image.paste(strip.resize(ground, Image.Resampling.BICUBIC), (0, 0))


def _opened(body: bytes | None) -> Image.Image | None:
    """Return a reference as an upright picture of moderate size; None when it cannot be one."""
    if body is None:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is odd about a stranger's file is not this program's news
            with Image.open(io.BytesIO(body), formats=_FORMATS) as file:
                if file.width * file.height > _MOST_PX:
                    return None
                file.draft("RGB", (_KEPT_PX, _KEPT_PX))
                picture = ImageOps.exif_transpose(file).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    picture.thumbnail((_KEPT_PX, _KEPT_PX), Image.Resampling.LANCZOS)
    return picture


def _frame(url: str) -> Image.Image:
    """Return a stand-in that names the file, never the address, which may be signed."""
    picture = Image.new("RGB", (900, 900), PANEL)
    draw = ImageDraw.Draw(picture)
    draw.line((0, 0, 900, 900), "#2A2D34", 6)
    draw.line((0, 900, 900, 0), "#2A2D34", 6)
    try:
        name = unquote(urlsplit(url).path).rpartition("/")[2]
    except ValueError:
        name = ""
    for line, at, colour in (
        (legible(name[:60]) or "reference", 430, INK),
        ("a reference this machine cannot show", 500, FAINT),
    ):
        size = fitting(line, 760, 54 if colour == INK else 34)
        write(draw, ((900 - length(line, size)) / 2, at), line, size, colour)
    return picture


def _cropped(picture: Image.Image, size: tuple[int, int], shot: Shot) -> Image.Image:
    """Return the part of a picture that a shot shows, in the size asked for."""
    near = max(1.0, shot.near) if shot.near >= 1 else 1.0
    scale = min(picture.width / size[0], picture.height / size[1]) / near
    wide, high = size[0] * scale, size[1] * scale
    left = max(0.0, picture.width - wide) * min(1.0, max(0.0, 0.5 + shot.azimuth / 90 + shot.shift))
    top = max(0.0, picture.height - high) * min(1.0, max(0.0, 0.5 - (shot.elevation - 12) / 90))
    return picture.resize(
        size,
        Image.Resampling.BICUBIC,
        box=(left, top, min(left + wide, picture.width), min(top + high, picture.height)),
    )


def _lay(
    image: Image.Image, picture: Image.Image, middle: tuple[float, float], side: float, tag: str
) -> None:
    """Lay a print with a white border, a soft shadow and its number."""
    share = side / max(picture.size)
    size = max(1, round(picture.width * share)), max(1, round(picture.height * share))
    border = max(2, round(side * 0.03))
    left, top = round(middle[0] - size[0] / 2), round(middle[1] - size[1] / 2)
    reach = border * 4
    shadow = Image.new("L", (size[0] + 2 * (border + reach), size[1] + 2 * (border + reach)))
    ImageDraw.Draw(shadow).rectangle((reach, reach, shadow.width - reach, shadow.height - reach), 120)
    image.paste(
        "#000000",
        (left - border - reach, top - border - reach + border),
        shadow.filter(ImageFilter.GaussianBlur(reach / 2)),
    )
    draw = ImageDraw.Draw(image)
    draw.rectangle(
        (left - border, top - border, left + size[0] + border - 1, top + size[1] + border - 1), "#FAFAF7"
    )
    image.paste(picture.resize(size, Image.Resampling.LANCZOS), (left, top))
    font = max(7, round(side * 0.07))
    wide = length(tag, font, Face.DISPLAY) + font
    draw.rectangle((left, top, left + wide, top + font * 1.5), LABEL)
    write(draw, (left + font * 0.5, top + font * 1.1), tag, font, ON_LABEL, Face.DISPLAY)
