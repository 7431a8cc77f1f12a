"""The treatment of a finished picture: watercolour, oil, drawing, halftone and their like.

Hides filters. They are applied to the art alone, small where that cannot be seen, and keep its colours: a
palette is still judged by them. A treatment is a hint at a style, not the style.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageChops, ImageFilter, ImageOps

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from seedpipe.sandbox.render.canvas import Canvas

SKETCH_PX: Final = 1400  # filters are slow and greedy, and their strokes are larger than its pixels
_FINE_PX: Final = 960
_BAND_PX: Final = 512
_PAPER: Final = "#FBF8F1"
_CELL_SHARE: Final = 1 / 64  # of the longer side: a dot of a halftone
_PIXEL_SHARE: Final = 1 / 128


def is_filter(style: str) -> bool:
    """Say whether a style is laid over the art by a filter, so that art of `SKETCH_PX` is enough for it."""
    return style in _FILTERS


def treat(canvas: Canvas, style: str, seed: int) -> None:
    """Treat what is painted in a style by name; a name that is none leaves it as it is."""
    box = (0, 0, canvas.width, canvas.height)
    if style == "monochrome":
        for top in range(0, canvas.height, _BAND_PX):
            band = (0, top, canvas.width, min(top + _BAND_PX, canvas.height))
            canvas.image.paste(canvas.image.crop(band).convert("L").convert("RGB"), band)
    elif filtered := _FILTERS.get(style):
        canvas.image.paste(filtered(canvas.image.crop(box), seed), box)


def _small(art: Image.Image, side: int = _FINE_PX) -> Image.Image:
    share = min(1.0, side / max(art.size))
    size = max(1, round(art.width * share)), max(1, round(art.height * share))
    return art.resize(size, Image.Resampling.BOX)


def _brushed(art: Image.Image, reach: int) -> Image.Image:
    """Return the art in patches: each pixel is the mean of that square beside it which is the most even.

    `reach` is the side of a square less one, in pixels, and even: Kuwahara's filter, which keeps edges.
    """
    grey = np.asarray(art.convert("L"), dtype=np.int32)
    padded = np.pad(grey, reach, mode="edge")
    count = (reach + 1) ** 2
    spread = count * _summed(padded * padded, reach) - _summed(padded, reach) ** 2
    means = np.asarray(art.filter(ImageFilter.BoxBlur(reach // 2)))
    means = np.pad(means, ((reach // 2,) * 2, (reach // 2,) * 2, (0, 0)), mode="edge")
    high, wide = grey.shape
    places = [(down, over) for down in (0, reach) for over in (0, reach)]
    least, brushed = spread[:high, :wide], means[:high, :wide]
    for down, over in places[1:]:
        other = spread[down : down + high, over : over + wide]
        mean = means[down : down + high, over : over + wide]
        brushed = np.where((other < least)[..., None], mean, brushed)
        least = np.minimum(least, other)
    return Image.fromarray(brushed)


def _summed(values: NDArray[np.int32], reach: int) -> NDArray[np.int32]:
    """Return the sums over all squares of `reach` + 1 pixels."""
    for _ in range(2):  # down, then across
        length = len(values) - reach
        total = values[:length].copy()
        for first in range(1, reach + 1):
            total += values[first : first + length]
        values = total.T
    return values


def _large(small: Image.Image, size: tuple[int, int]) -> Image.Image:
    return small.resize(size, Image.Resampling.BICUBIC)


def _grain(size: tuple[int, int], seed: int, coarse: float) -> Image.Image:
    """Return soft noise about a middle grey."""
    chance = np.random.default_rng(seed % 2**32)
    wide, high = max(2, round(size[0] / coarse)), max(2, round(size[1] / coarse))
    noise = Image.fromarray(chance.integers(0, 256, (high, wide), dtype=np.uint8))
    return noise.resize(size, Image.Resampling.BICUBIC)


def _film(art: Image.Image, seed: int) -> Image.Image:
    grain = _grain(art.size, seed, 1.0)
    faded = art.point([round(14 + value * 0.91) for value in range(256)] * 3)
    return Image.blend(faded, ImageChops.overlay(faded, Image.merge("RGB", (grain,) * 3)), 0.22)


def _watercolour(art: Image.Image, seed: int) -> Image.Image:
    """Return flat washes with dark rims on rough paper, which shows at the edges."""
    small = _small(art)
    wash = _brushed(small, 4)
    rims = ImageOps.invert(wash.convert("L").filter(ImageFilter.FIND_EDGES)).filter(
        ImageFilter.GaussianBlur(1.2)
    )
    wash = Image.blend(wash, ImageChops.multiply(wash, Image.merge("RGB", (rims,) * 3)), 0.6)
    blots = _grain(small.size, seed, 46)
    pale = Image.blend(wash, Image.new("RGB", wash.size, _PAPER), 0.22)
    wash = Image.composite(pale, wash, blots)
    rough = _grain(small.size, seed + 1, 1.6)
    wash = Image.blend(wash, ImageChops.soft_light(wash, Image.merge("RGB", (rough,) * 3)), 0.3)
    return _large(_on_paper(wash, seed), art.size)


def _on_paper(wash: Image.Image, seed: int) -> Image.Image:
    """Return a wash that ends raggedly before the paper does."""
    width, height = wash.size
    inset = round(0.035 * min(width, height))
    mask = Image.new("L", wash.size)
    mask.paste(255, (inset, inset, width - inset, height - inset))
    soft = np.asarray(mask.filter(ImageFilter.GaussianBlur(inset * 0.45)), dtype=np.int16)
    ragged = soft + (np.asarray(_grain(wash.size, seed + 2, 22), dtype=np.int16) - 128) // 2
    edge = Image.fromarray(np.where(ragged > 110, 255, 0).astype(np.uint8)).filter(
        ImageFilter.GaussianBlur(1)
    )
    return Image.composite(wash, Image.new("RGB", wash.size, _PAPER), edge)


def _oil(art: Image.Image, seed: int) -> Image.Image:
    """Return patches of one colour each, with the relief of a brush."""
    small = _small(art)
    wide, high = small.size
    shift = (np.asarray(_grain(small.size, seed, 16), dtype=np.int16) - 128) // 34
    rows, columns = np.indices((high, wide))
    moved = np.asarray(small)[np.clip(rows + shift, 0, high - 1), np.clip(columns + shift[::-1], 0, wide - 1)]
    strokes = _brushed(Image.fromarray(moved), 4)
    relief = strokes.convert("L").filter(ImageFilter.EMBOSS).filter(ImageFilter.GaussianBlur(0.6))
    bristles = _grain(small.size, seed + 1, 2.2).filter(ImageFilter.EMBOSS)
    for layer, share in ((relief, 0.55), (bristles, 0.16)):
        strokes = Image.blend(strokes, ImageChops.overlay(strokes, Image.merge("RGB", (layer,) * 3)), share)
    return _large(strokes, art.size)


def _drawing(art: Image.Image, seed: int) -> Image.Image:
    """Return pencil lines on paper, with a breath of the colours."""
    grey = art.convert("L")
    blurred = ImageOps.invert(grey).filter(ImageFilter.GaussianBlur(7))
    base, over = np.asarray(grey, dtype=np.float32), np.asarray(blurred, dtype=np.float32)
    lines = np.clip(base * 255 / np.maximum(256 - over, 1), 0, 255)
    lines = 255 * (lines / 255) ** 3
    tooth = np.asarray(_grain(grey.size, seed, 1.5), dtype=np.float32) / 255
    sketch = Image.fromarray(np.clip(lines - 26 * tooth * (1 - base / 300), 0, 255).astype(np.uint8))
    paper = ImageChops.multiply(Image.merge("RGB", (sketch,) * 3), Image.new("RGB", art.size, _PAPER))
    return ImageChops.multiply(paper, Image.blend(Image.new("RGB", art.size, "#FFFFFF"), art, 0.3))


def _halftone(art: Image.Image, _seed: int) -> Image.Image:
    """Return the colours lightened, under a screen of dots that are the larger the darker it is."""
    cell = max(4.0, max(art.size) * _CELL_SHARE)
    x, y = np.arange(art.width, dtype=np.float32), np.arange(art.height, dtype=np.float32)[:, None]
    screen = np.cos((x + y) * (np.pi * 1.414 / cell)) * np.cos((x - y) * (np.pi * 1.414 / cell))
    shade = 1 - np.asarray(art.convert("L"), dtype=np.float32) / 255
    dots = Image.fromarray(
        np.clip((1.1 * shade - 0.5 + 0.5 * screen) * cell * 40 + 128, 0, 255).astype(np.uint8)
    )
    lighter = art.point([min(255, round(value * 1.1 + 10)) for value in range(256)] * 3)
    darker = art.point([round(value * 0.74) for value in range(256)] * 3)
    return Image.composite(darker, lighter, dots)


def _pixels(art: Image.Image, _seed: int) -> Image.Image:
    cell = max(1, round(max(art.size) * _PIXEL_SHARE))
    size = max(1, round(art.width / cell)), max(1, round(art.height / cell))
    few = (
        art.resize(size, Image.Resampling.BOX).quantize(40, kmeans=1, dither=Image.Dither.NONE).convert("RGB")
    )
    return few.resize(art.size, Image.Resampling.NEAREST)


def _flat(art: Image.Image, _seed: int) -> Image.Image:
    """Return the art in a few even colours, as if cut from paper."""
    return _brushed(art, 4).quantize(32, dither=Image.Dither.NONE).convert("RGB")


_FILTERS: Final[dict[str, Callable[[Image.Image, int], Image.Image]]] = {
    "drawing": _drawing,
    "film": _film,
    "flat": _flat,
    "halftone": _halftone,
    "oil": _oil,
    "pixels": _pixels,
    "watercolour": _watercolour,
}
