"""The picture while it is painted: crisp outlines at full size over shading that is worked out small.

Hides the trade of speed for sharpness. Shading is smooth, so it is drawn on few pixels and enlarged; outlines
and letters are not, so they are masks at the output's own resolution, drawn larger and reduced. What is
painted later is in front.
"""

from __future__ import annotations

import functools
import itertools
import math
from typing import TYPE_CHECKING, Final, cast

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from seedpipe.sandbox.render.colours import Floats, encoded
from seedpipe.sandbox.render.geometry import components, dot, goes_around, joined, quads

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from seedpipe.sandbox.render.geometry import Camera, Patch

    Shader = Callable[[Floats, Floats], Floats]

_FINER: Final = 4  # masks are drawn this much larger, then reduced
_LARGE_PX, _FINER_OF_LARGE = 3000, 3  # of the longer side: a step of an edge is seen less there
_MASK_PX: Final = 20_000_000  # but never with more pixels than this
_SHADED_SIDE_PX: Final = 420
_LEAST_SHADED_PX: Final = 60
_SHADED_SHARE: Final = 0.4
_CELL_SHADED_PX: Final = 4  # of a flat surface: its light is known at the grid's points, and even between
_CELL_PX: Final = 5.5  # of that: finer than this nobody sees facets
_STEP_PX: Final = 6.0  # of the output: a surface's points need be no nearer
_SLIVER: Final = 1e-3
_WORTH_CUTTING_PX: Final = 60_000
_CUTS: Final = 8
_EVEN: Final = 3  # levels of a channel: a surface that varies no more is one colour
_BAND_PX: Final = 512
_MOST_FINER: Final = 6
_SOFTENED: Final = 1.4
_SPREAD_PX: Final = 9  # how far an edge's colours are carried outside


class Canvas:
    """A picture of `width` x `height` pixels to paint on, with a `margin` of rows below it in its `image`."""

    def __init__(self, width: int, height: int, margin: int = 0) -> None:
        self.width, self.height = width, height
        self._finer = _FINER if max(width, height) < _LARGE_PX else _FINER_OF_LARGE
        self.image = Image.new("RGB", (width, height + margin))

    def reduced(self, most_px: int) -> Canvas:
        """Return a canvas of the same proportions whose sides have at most so many pixels, without margin."""
        share = min(1.0, most_px / max(self.width, self.height))
        return Canvas(max(1, round(self.width * share)), max(1, round(self.height * share)))

    def flood(self, light: Floats, *, even: bool = False) -> None:
        """Cover everything with a small picture of linear light; `even` if there are no edges in it."""
        self.cover(Image.fromarray(encoded(light)), even=even)

    def cover(self, small: Image.Image, *, even: bool = False) -> None:
        """Cover everything with a picture, enlarged."""
        whole = (0.0, 0.0, float(small.width), float(small.height))
        self._paste(small, whole, (0, 0, self.width, self.height), None, even=even)

    def surface(self, camera: Camera, patch: Patch, shader: Shader, opacity: float = 1.0) -> None:
        """Paint the visible side of a surface; the shader turns points and normals into linear light."""
        pixels, depth = camera.seen(patch.points)
        down, over = _nearness(pixels)
        if down > 1 or over > 1:
            patch = patch.thinned(down, over)
            pixels, depth = camera.seen(patch.points)
        facing = dot(patch.normals, camera.eye - patch.points)
        kept = _mean(facing) > 0
        box = self._bounds(pixels[facing > 0]) if kept.any() else None
        if box is None:
            return
        colours = encoded(shader(patch.points, patch.normals)).astype(float)
        flat = bool(kept.all()) and _is_flat(patch)
        polygons = [_edge(pixels)] if flat else _strips(pixels, kept)
        shown = colours[facing > 0]
        fill: Image.Image | tuple[int, int, int]
        if (np.ptp(shown, axis=0) <= _EVEN).all():
            red, green, blue = np.rint(shown.mean(axis=0)).astype(int).tolist()
            fill = (red, green, blue)
        else:
            side = _CELL_SHADED_PX * max(pixels.shape[:2]) if flat else _SHADED_SIDE_PX
            fill = self._shading(pixels, colours, (depth, facing), box, side)
        self._fill(polygons, box, fill, opacity, even=flat)

    def shape(
        self, outline: Sequence[tuple[float, float]] | Floats, fill: Floats | str, opacity: float = 1.0
    ) -> None:
        """Paint a flat shape; as fill a colour, or a small picture of linear light that covers its bounds."""
        points = np.asarray(outline, dtype=float)
        box = self._bounds(points)
        if box is None:
            return
        if isinstance(fill, str):
            self._fill([points], box, fill, opacity, even=True)
            return
        left, top = points.min(axis=0)
        right, bottom = points.max(axis=0)
        small = Image.fromarray(encoded(fill))
        # The fill covers the whole shape, of which the picture may show a part.
        scale_x, scale_y = small.width / max(right - left, 1e-6), small.height / max(bottom - top, 1e-6)
        part = (
            (box[0] - left) * scale_x,
            (box[1] - top) * scale_y,
            (box[2] - left) * scale_x,
            (box[3] - top) * scale_y,
        )
        # At the picture's edge so little of it may be seen that rounding leaves nothing.
        first_x, first_y = (
            min(max(0.0, part[0]), small.width - _SLIVER),
            min(max(0.0, part[1]), small.height - _SLIVER),
        )
        part = (
            first_x,
            first_y,
            max(min(float(small.width), part[2]), first_x + _SLIVER),
            max(min(float(small.height), part[3]), first_y + _SLIVER),
        )
        self._paste(small, part, box, _mask([points], box, opacity, self._finer), even=True)

    def ellipse(self, x: float, y: float, across: float, up: float, fill: str, opacity: float = 1.0) -> None:
        """Paint a flat ellipse about a pixel."""
        corners = int(min(180, max(24, 1.2 * max(across, up))))  # no chord is a fifth of a pixel off
        over, below = _circle(corners)
        self.shape(joined(x + across * over, y + up * below), fill, opacity)

    def decal(
        self, camera: Camera, grid: Patch, ink: Callable[[int, int], Image.Image], shader: Shader
    ) -> None:
        """Paint an ink onto a surface: `ink` draws the mask, upright, at the resolution it is seen with.

        The grid's rows go up and its columns to the right; what faces away stays bare.
        """
        pixels, _ = camera.seen(grid.points)
        facing = dot(grid.normals, camera.eye - grid.points) > 0
        box = self._bounds(pixels[facing]) if facing.any() else None
        if box is None:
            return
        across = np.hypot(*np.moveaxis(np.diff(pixels, axis=1), -1, 0)).sum(axis=1).max()
        up = np.hypot(*np.moveaxis(np.diff(pixels, axis=0), -1, 0)).sum(axis=0).max()
        letters = ink(max(4, round(float(across))), max(4, round(float(up))))
        mask = Image.new("L", (box[2] - box[0], box[3] - box[1]))
        _warp(mask, letters, pixels - np.array(box[:2]), facing)
        colours = encoded(shader(grid.points, grid.normals)).astype(float)
        ahead = np.where(facing, 1.0, -1.0)
        small = self._shading(pixels, colours, (np.zeros_like(ahead), ahead), box)
        self._paste(small, (0.0, 0.0, small.width, small.height), box, mask)

    def _fill(
        self,
        polygons: list[Floats],
        box: tuple[int, int, int, int],
        fill: Image.Image | tuple[int, int, int] | str,
        opacity: float,
        *,
        even: bool,
    ) -> None:
        """Fill polygons within a box with a colour, or with a small picture that is enlarged to the box."""
        for cut in _cuts(polygons, box):
            mask = _mask(polygons, cut, opacity, self._finer)
            if not isinstance(fill, Image.Image):
                self.image.paste(fill, cut, mask)
                continue
            across, down = fill.width / (box[2] - box[0]), fill.height / (box[3] - box[1])
            part = (
                (cut[0] - box[0]) * across,
                (cut[1] - box[1]) * down,
                (cut[2] - box[0]) * across,
                (cut[3] - box[1]) * down,
            )
            self._paste(fill, part, cut, mask, even=even)

    def _paste(
        self,
        small: Image.Image,
        part: tuple[float, float, float, float],
        box: tuple[int, int, int, int],
        mask: Image.Image | None,
        *,
        even: bool = False,
    ) -> None:
        """Paste a part of a small picture, enlarged to a box, a band at a time for memory's sake.

        Light that changes evenly needs no better than straight lines between its pixels.
        """
        way = Image.Resampling.BILINEAR if even else Image.Resampling.BICUBIC
        left, top, right, bottom = box
        rise = (part[3] - part[1]) / (bottom - top)
        for first in range(top, bottom, _BAND_PX):
            last = min(first + _BAND_PX, bottom)
            source = (part[0], part[1] + (first - top) * rise, part[2], part[1] + (last - top) * rise)
            band = small.resize((right - left, last - first), way, box=source)
            cut = mask and mask.crop((0, first - top, right - left, last - top))
            self.image.paste(band, (left, first, right, last), cut)

    def _shading(
        self,
        pixels: Floats,
        colours: Floats,
        sight: tuple[Floats, Floats],
        box: tuple[int, int, int, int],
        side: int = _SHADED_SIDE_PX,
    ) -> Image.Image:
        """Return colours for a box, small: the grid drawn, softened, and spread beyond its outline.

        `sight` is how far ahead the points are, and above 0 where they face the camera; `side` is the most
        pixels that a side of it is worth.
        """
        size = box[2] - box[0], box[3] - box[1]
        share = min(
            1.0, max(_LEAST_SHADED_PX, min(side, _SHADED_SIDE_PX, _SHADED_SHARE * max(size))) / max(size)
        )
        small = max(1, round(size[0] * share)), max(1, round(size[1] * share))
        scale = np.array((small[0] / size[0], small[1] / size[1]))
        values = np.concatenate(
            ((pixels - np.array(box[:2])) * scale, colours, np.stack(sight, axis=-1)), axis=-1
        )
        values = _finer(_finer(values, 0, small), 1, small)
        means = _mean(values)
        shown = (means[..., 6] > 0) & _near_within(means[..., :2], small)
        order = np.argsort(-means[..., 5][shown], kind="stable")
        # Single floats, whose rows the drawing reads as they lie in memory.
        cells = quads(values[..., :2])[shown][order].reshape(-1, 8).astype(np.float32)
        picture = Image.new("RGBA", small)
        draw = ImageDraw.Draw(picture)
        tones = np.rint(means[..., 2:5][shown][order]).astype(int)
        rows = cast("Sequence[Sequence[float]]", cells)
        for quad, (red, green, blue) in zip(rows, tones.tolist(), strict=True):
            draw.polygon(quad, (red, green, blue, 255))
        return _spread(picture)

    def _bounds(self, points: Floats) -> tuple[int, int, int, int] | None:
        x, y = points[..., 0], points[..., 1]
        box = (
            max(0, math.floor(x.min()) - 1),
            max(0, math.floor(y.min()) - 1),
            min(self.width, math.ceil(x.max()) + 1),
            min(self.height, math.ceil(y.max()) + 1),
        )
        return box if box[0] < box[2] and box[1] < box[3] else None


@functools.lru_cache(maxsize=256)
def _circle(corners: int) -> tuple[Floats, Floats]:
    """Return the corners of a round outline about 0; the arrays are shared, so nobody may write into them."""
    turns = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    circle = np.cos(turns), np.sin(turns)
    for each in circle:
        each.setflags(write=False)
    return circle


def _mean(grid: Floats) -> Floats:
    return np.asarray((grid[:-1, :-1] + grid[:-1, 1:] + grid[1:, :-1] + grid[1:, 1:]) / 4)


def _nearness(pixels: Floats) -> tuple[int, int]:
    """Return of how many rows and columns one is enough: they are nearer to each other than anybody sees."""
    times = []
    for axis in (0, 1):
        steps = np.abs(np.diff(pixels, axis=axis)).max(axis=-1)
        step = max(float(_high(steps)), 1e-3)
        times.append(min(max(1, pixels.shape[axis] // 8), max(1, int(_STEP_PX / step))))
    return times[0], times[1]


def _high(values: Floats) -> Floats:
    """Return what nine in ten of the values do not exceed."""
    at = int(0.9 * (values.size - 1))
    return np.asarray(np.partition(values, at, axis=None)[at])


def _is_flat(patch: Patch) -> bool:
    """Say whether a surface lies in a plane and does not go around."""
    level = np.ptp(patch.normals, axis=(0, 1)).max() < 1e-6
    return bool(level) and not goes_around(patch.points)


def _edge(pixels: Floats) -> Floats:
    """Return the edge of a grid as one polygon."""
    return np.concatenate((pixels[0], pixels[1:, -1], pixels[-1, -2::-1], pixels[-2:0:-1, 0]))


def _strips(pixels: Floats, kept: NDArray[np.bool_]) -> list[Floats]:
    """Return the cells that are kept as strips, one a run of neighbours in a row.

    What is turned towards the viewer does not cover itself within a row, so a strip is as good as its cells.
    """
    edges = np.diff(np.pad(kept, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, first = np.nonzero(edges == 1)
    last = np.nonzero(edges == -1)[1]
    return [
        np.concatenate((pixels[row, start : end + 1], pixels[row + 1, start : end + 1][::-1]))
        for row, start, end in zip(rows.tolist(), first.tolist(), last.tolist(), strict=True)
    ]


def _near_within(pixels: Floats, size: tuple[int, int]) -> NDArray[np.bool_]:
    margin = 0.12 * max(size)
    x, y = pixels[..., 0], pixels[..., 1]
    return (x > -margin) & (x < size[0] + margin) & (y > -margin) & (y < size[1] + margin)


def _finer(values: Floats, axis: int, size: tuple[int, int]) -> Floats:
    """Return a grid with so many more rows or columns that its cells are a few pixels.

    The first two values are pixels.
    """
    steps = np.abs(np.diff(values[..., :2], axis=axis)).max(axis=-1)
    seen = _near_within(values[..., :2], size)[tuple(slice(0, length) for length in steps.shape)]
    times = int(min(_MOST_FINER, np.ceil(_high(steps[seen] if seen.any() else steps) / _CELL_PX)))
    if times <= 1:
        return values
    count = values.shape[axis]
    at = np.linspace(0, count - 1, (count - 1) * times + 1)
    low = np.minimum(at.astype(int), count - 2)
    share = (at - low).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
    return np.asarray(values.take(low, axis) * (1 - share) + values.take(low + 1, axis) * share)


def _cuts(polygons: list[Floats], box: tuple[int, int, int, int]) -> list[tuple[int, int, int, int]]:
    """Return a box in pieces that hold a polygon and little else, or whole where that saves nothing."""
    width, height = box[2] - box[0], box[3] - box[1]
    if len(polygons) > 1 or width * height < _WORTH_CUTTING_PX or _area(polygons[0]) > width * height / 2:
        return [box]
    along = 0 if width >= height else 1
    edges = np.stack((polygons[0], np.roll(polygons[0], -1, axis=0)))
    edges = np.take_along_axis(edges, edges[..., along].argsort(axis=0)[..., None], axis=0)
    run = np.maximum(edges[1, :, along] - edges[0, :, along], _SLIVER)
    stops = np.linspace(box[along], box[along + 2], _CUTS + 1).astype(int).tolist()
    cuts = []
    for first, last in itertools.pairwise(stops):
        reached = (edges[1, :, along] >= first - 1) & (edges[0, :, along] <= last + 1)
        if not reached.any():
            continue
        shares = np.clip((np.array([[first - 1], [last + 1]]) - edges[0, :, along]) / run, 0, 1)[:, reached]
        low, high = edges[:, reached, 1 - along]
        side = low + shares * (high - low)
        near = max(box[1 - along], int(np.floor(side.min())) - 1)
        far = min(box[3 - along], int(np.ceil(side.max())) + 1)
        if near < far:
            cuts.append((first, near, last, far) if along == 0 else (near, first, far, last))
    return cuts


def _area(polygon: Floats) -> float:
    x, y = polygon[:, 0], polygon[:, 1]
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2


def _mask(polygons: list[Floats], box: tuple[int, int, int, int], opacity: float, most: int) -> Image.Image:
    """Return a mask for a box from polygons, rows of points, with smooth edges."""
    width, height = box[2] - box[0], box[3] - box[1]
    finer = max(1, min(most, int((_MASK_PX / (width * height)) ** 0.5)))
    mask = Image.new("L", (width * finer, height * finer))
    draw, ink = ImageDraw.Draw(mask), round(255 * opacity)
    points = (np.concatenate(polygons) - np.array(box[:2], dtype=float)) * finer
    for first, last in itertools.pairwise((0, *itertools.accumulate(len(each) for each in polygons))):
        draw.polygon(points[first:last].reshape(-1).tolist(), ink)
    return mask.reduce(finer) if finer > 1 else mask


def _spread(picture: Image.Image) -> Image.Image:
    """Return a picture's colours without facets, carried outside of where it is opaque."""
    near, near_known = _blurred(picture, ImageFilter.GaussianBlur(_SOFTENED))
    far, far_known = _blurred(picture, ImageFilter.BoxBlur(_SPREAD_PX))
    mean = far.sum(axis=(1, 2)) / max(float(far_known.sum()), 1e-6)
    outer = np.where(far_known > 0.02, far / np.maximum(far_known, 1e-3), mean[:, None, None])
    inner = np.where(near_known > 0.3, near / np.maximum(near_known, 1e-3), outer)
    spread = np.clip(np.rint(inner), 0, 255).astype(np.uint8)
    return Image.fromarray(np.ascontiguousarray(spread.transpose(1, 2, 0)))


def _blurred(picture: Image.Image, blur: ImageFilter.Filter) -> tuple[Floats, Floats]:
    """Return the channels of a picture when it is blurred, and how opaque it then is."""
    channels = components(np.asarray(picture.filter(blur))).astype(np.float32, order="C")
    return channels[:3], channels[3] / 255


def _warp(mask: Image.Image, letters: Image.Image, pixels: Floats, facing: NDArray[np.bool_]) -> None:
    """Draw letters into a mask so that they follow a grid of pixels."""
    rows, columns = pixels.shape[0] - 1, pixels.shape[1] - 1
    across = np.arange(columns + 1) / columns * letters.width
    down = (1 - np.arange(rows + 1) / rows) * letters.height
    source = quads(np.stack(np.meshgrid(across, down), axis=-1)).reshape(-1, 4, 2)
    corners = quads(pixels).reshape(-1, 4, 2)
    low = np.maximum(np.floor(corners.min(axis=1)) - 1, 0).astype(int)
    high = np.minimum(np.ceil(corners.max(axis=1)) + 1, mask.size).astype(int)
    seen = np.flatnonzero(quads(facing).reshape(-1, 4).any(axis=1) & (low < high).all(axis=1))
    placed = corners - low[:, None]
    for cell in seen.tolist():
        (left, top), size = low[cell].tolist(), (high[cell] - low[cell]).tolist()
        way = _perspective(placed[cell], source[cell])
        if way is None:
            continue  # the cell is seen edge on: there is nothing to read
        drawn = letters.transform(size, Image.Transform.PERSPECTIVE, way, Image.Resampling.BICUBIC)
        hard = Image.new("1", size)
        ImageDraw.Draw(hard).polygon(placed[cell].reshape(-1).tolist(), 1)
        mask.paste(drawn, (left, top), hard)


def _perspective(placed: Floats, source: Floats) -> list[float] | None:
    """Return the eight numbers that take four corners to those of the source; None if they are in a line."""
    (x, y), (u, v) = placed.T, source.T
    equations = np.zeros((2, 4, 8))
    equations[0, :, 0] = equations[1, :, 3] = x
    equations[0, :, 1] = equations[1, :, 4] = y
    equations[0, :, 2] = equations[1, :, 5] = 1
    equations[:, :, 6], equations[:, :, 7] = -source.T * x, -source.T * y
    try:
        return [*map(float, np.linalg.solve(equations.reshape(8, 8), np.concatenate((u, v))))]
    except np.linalg.LinAlgError:
        return None
