"""Shapes and the camera that sees them.

Hides how solids are built: every surface is a patch, a grid of points that has an outside. Units: the stage's
own, where a bottle is about 1.5 high; x to the right, y away from the viewer, z up. Angles in degrees.

Vectors are the last axis of an array, but lie in memory as planes of x, y and z: what is worked out for each
point then runs along a plane, and not over three numbers at a time. `planes` sees to that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from seedpipe.sandbox.render.colours import Floats

AROUND: Final = 144  # steps of a full turn: a silhouette's corner stays below half a pixel at 4096
_OUTLINE: Final = 12  # rows and columns of what throws a shadow: a shadow is soft
_NEAREST: Final = 0.05
_TINY: Final = 1e-9
_SAME, _ALIKE = 1e-8, 1e-5  # how far apart numbers are that count as one: at all, and as a share of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A surface as a grid of points (rows, columns, 3) with unit normals that point outside."""

    points: Floats
    normals: Floats

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", planes(self.points))
        object.__setattr__(self, "normals", planes(self.normals))

    def moved(self, x: float, y: float, z: float = 0.0, *, turn: float = 0.0) -> Patch:
        """Return the surface turned about the upright axis, then moved."""
        to = np.array((x, y, z))
        if not turn:
            return Patch(points=self.points + to, normals=self.normals)
        cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
        return Patch(
            points=_turned(self.points, cos, sin) + to,
            normals=_turned(self.normals, cos, sin),
        )

    def scaled(self, times: float) -> Patch:
        """Return the surface larger by a factor, about the origin."""
        return Patch(points=self.points * times, normals=self.normals)

    def thinned(self, down: int, over: int) -> Patch:
        """Return the surface with every so many of its rows and columns, and always the last."""
        return Patch(points=thinned(self.points, down, over), normals=thinned(self.normals, down, over))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """What throws a shadow: the points (…, 3) of surfaces, few of them, and the cells between them.

    A cell is four points, one after another around it; the next one in its row has two of them.
    """

    points: Floats
    cells: NDArray[np.intp]

    def rows(self, wanted: NDArray[np.bool_], places: Floats) -> list[Floats]:
        """Return the wanted cells as outlines of single floats, of which `places` has a pair a point.

        Neighbours in a row are one outline as long as they turn the same way, and so cannot cover each other.
        """
        corners = places[self.cells]
        (x0, x1, x2, x3), (y0, y1, y2, y3) = np.moveaxis(corners, (2, 1), (0, 1))
        kind = wanted * (1 + ((x2 - x0) * (y3 - y1) > (x3 - x1) * (y2 - y0)))
        goes_on = (self.cells[1:, 0] == self.cells[:-1, 1]) & (kind[1:] == kind[:-1])
        first = np.flatnonzero(np.concatenate(([True], ~goes_on)))
        after = np.append(first[1:], len(kind))
        some = kind[first] > 0
        corners = corners.astype(np.float32)
        return [
            np.concatenate((corners[start:end, 0], corners[end - 1, 1:3], corners[start:end, 3][::-1]))
            for start, end in zip(first[some].tolist(), after[some].tolist(), strict=True)
        ]


def shell(surfaces: Sequence[Patch]) -> Shell:
    """Return surfaces as what throws a shadow."""
    points, cells, count = [], [], 0
    for each in surfaces:
        thin = thinned(each.points, *(max(1, length // _OUTLINE) for length in each.points.shape[:2]))
        at = np.arange(count, count + thin[..., 0].size).reshape(thin.shape[:2])
        points.append(components(thin).reshape(3, -1))
        cells.append(quads(at).reshape(-1, 4))
        count += at.size
    return Shell(points=np.concatenate(points, axis=1).T, cells=np.concatenate(cells))


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A camera at `eye` that looks at `target`; `focal` in pixels, `centre` the target's pixel."""

    eye: Floats
    target: Floats
    focal: float
    centre: tuple[float, float]
    _axes: tuple[Floats, Floats, Floats] = field(init=False, repr=False)  # right, down, ahead of the picture

    def __post_init__(self) -> None:
        ahead = unit(self.target - self.eye)
        right = unit(np.cross(ahead, np.array((0.0, 0.0, 1.0))))
        object.__setattr__(self, "_axes", (right, np.cross(ahead, right), ahead))

    def seen(self, points: Floats) -> tuple[Floats, Floats]:
        """Return the pixels of points (…, 2) and how far ahead they are."""
        right, down, ahead = self._axes
        from_eye = points - self.eye
        depth = np.maximum(dot(from_eye, ahead), _NEAREST)
        across = dot(from_eye, right) / depth * self.focal + self.centre[0]
        below = dot(from_eye, down) / depth * self.focal + self.centre[1]
        return joined(across, below), depth

    def rays(self, width: int, height: int, columns: int, rows: int) -> Floats:
        """Return the unit directions through a coarse grid over a picture."""
        right, down, ahead = self._axes
        across = ((np.arange(columns) + 0.5) * width / columns - self.centre[0]) / self.focal
        below = ((np.arange(rows) + 0.5) * height / rows - self.centre[1]) / self.focal
        return unit(planes(ahead + across[None, :, None] * right + below[:, None, None] * down))


def orbit(
    target: Sequence[float],
    distance: float,
    azimuth: float,
    elevation: float,
    focal: float,
    centre: tuple[float, float],
) -> Camera:
    """Return a camera around a target; azimuth 0 looks along y, positive comes from the right."""
    across, up = math.radians(azimuth), math.radians(elevation)
    away = np.array((math.sin(across) * math.cos(up), -math.cos(across) * math.cos(up), math.sin(up)))
    aim = np.array(target, dtype=float)
    return Camera(eye=aim + distance * away, target=aim, focal=focal, centre=centre)


def planes(vectors: Floats) -> Floats:
    """Return the same vectors, each component in a plane of its own in memory."""
    return _as_vectors(np.ascontiguousarray(components(vectors)))


def components(vectors: Floats) -> Floats:
    """Return vectors with their components as the first axis instead of the last."""
    return vectors.transpose((vectors.ndim - 1, *range(vectors.ndim - 1)))


def _as_vectors(components: Floats) -> Floats:
    return components.transpose((*range(1, components.ndim), 0))


def joined(*parts: Floats) -> Floats:
    """Return the vectors of components that are alike in shape."""
    return _as_vectors(np.array(parts))


def times(vector: Floats, amounts: Floats) -> Floats:
    """Return a vector by each of some amounts."""
    return _as_vectors(np.multiply.outer(vector, amounts))


def quads(grid: NDArray[Any]) -> NDArray[Any]:
    """Return what is at the four corners of each cell of a grid, one after another around it."""
    return np.stack((grid[:-1, :-1], grid[:-1, 1:], grid[1:, 1:], grid[1:, :-1]), axis=2)


def dot(vectors: Floats, others: Floats) -> Floats:
    """Return the products of vectors, of three components, with others or with one."""
    product = vectors[..., 0] * others[..., 0]
    product += vectors[..., 1] * others[..., 1]
    product += vectors[..., 2] * others[..., 2]
    return np.asarray(product)


def unit(vectors: Floats) -> Floats:
    """Return vectors of length one."""
    lengths = np.sqrt(dot(vectors, vectors))
    return np.asarray(vectors / np.maximum(lengths, _TINY)[..., None])


def thinned(grid: Floats, down: int, over: int) -> Floats:
    """Return every so many of a grid's rows and columns of vectors, and always the last."""
    rows = [*range(0, len(grid) - 1, down), len(grid) - 1]
    columns = [*range(0, grid.shape[1] - 1, over), grid.shape[1] - 1]
    return _as_vectors(components(grid).take(rows, 1).take(columns, 2))


def direction(azimuth: float, elevation: float) -> Floats:
    """Return the unit vector towards a place in the sky; azimuth 0 is before the scene, 90 at its right."""
    across, up = math.radians(azimuth), math.radians(elevation)
    return np.array((math.sin(across) * math.cos(up), -math.cos(across) * math.cos(up), math.sin(up)))


# ---- surfaces -----------------------------------------------------------------------------------


def patch(points: Floats, *, inward: bool = False) -> Patch:
    """Return a surface from its grid, with normals from its slopes: rows go up, columns go around."""
    points = planes(points)
    along, around = _slopes(points), _slopes(points.swapaxes(0, 1)).swapaxes(0, 1)
    if goes_around(points):
        around[:, 0] = around[:, -1] = (points[:, 1] - points[:, -2]) / 2
    normals = unit(_cross(around, along))
    return Patch(points=points, normals=-normals if inward else normals)


def goes_around(points: Floats) -> bool:
    """Say whether a grid ends in its first column again."""
    first, last = points[:, 0], points[:, -1]
    return bool((np.abs(first - last) <= _SAME + _ALIKE * np.abs(last)).all())


def loft(
    sections: Sequence[tuple[float, float, float]], *, power: float = 2.0, inward: bool = False
) -> Patch:
    """Return a surface through level sections `(z, half width, half depth)`.

    A power of 2 makes ellipses; the higher, the more a section is a box with round corners.
    """
    return patch(_rings(np.array(sections, dtype=float), power), inward=inward)


def lathe(profile: Sequence[tuple[float, float]], *, inward: bool = False) -> Patch:
    """Return a turned surface through `(z, radius)`."""
    return loft([(z, radius, radius) for z, radius in profile], inward=inward)


def smooth(profile: Sequence[tuple[float, float]], steps: int = 40) -> list[tuple[float, float]]:
    """Return a profile with its corners rounded away: a smooth line through its points."""
    at = np.array(profile, dtype=float)
    along = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(at, axis=0).T))))
    fine = np.linspace(0, along[-1], steps)
    return [
        (float(z), float(r))
        for z, r in zip(_eased(along, at[:, 0], fine), _eased(along, at[:, 1], fine), strict=True)
    ]


def disc(
    z: float, half_width: float, half_depth: float | None = None, *, power: float = 2.0, hole: float = 0.0
) -> Patch:
    """Return a level disc that faces up."""
    half_depth = half_width if half_depth is None else half_depth
    shares = np.linspace(1.0, max(hole, 0.001), 14)
    return patch(_rings(np.array([(z, half_width * share, half_depth * share) for share in shares]), power))


def ball(radius: float, *, flat: float = 1.0, wide: float = 1.0) -> Patch:
    """Return an ellipsoid about the origin."""
    turns = np.linspace(-math.pi / 2 + 0.01, math.pi / 2 - 0.01, 40)
    return loft(
        [(radius * flat * math.sin(t), radius * wide * math.cos(t), radius * math.cos(t)) for t in turns]
    )


def tube(path: Floats, radius: Floats | float, sides: int = 28) -> Patch:
    """Return a round tube along a path of points."""
    ahead = unit(np.gradient(path, axis=0))
    level = np.array((0.0, 0.0, 1.0)) if abs(ahead[:, 2]).max() < 0.9 else np.array((0.0, 1.0, 0.0))
    side = unit(np.cross(ahead, level))
    up = np.cross(side, ahead)
    angles = np.linspace(0, 2 * math.pi, sides)
    thick = np.broadcast_to(np.asarray(radius, dtype=float), (len(path),))[:, None, None]
    ring = np.cos(angles)[None, :, None] * side[:, None] + np.sin(angles)[None, :, None] * up[:, None]
    return Patch(points=path[:, None] + thick * ring, normals=ring)


def sheet(
    corner: Sequence[float], along: Sequence[float], up: Sequence[float], columns: int = 26, rows: int = 26
) -> Patch:
    """Return a flat rectangle; it faces the side from which `up` is to the left of `along`."""
    start, right, top = (np.array(each, dtype=float) for each in (corner, along, up))
    shares = np.linspace(0, 1, columns)[None, :, None] * right + np.linspace(0, 1, rows)[:, None, None] * top
    return patch(start + shares)


def block(width: float, depth: float, height: float, z: float = 0.0) -> list[Patch]:
    """Return the four sides and the top of a box that stands at `z`."""
    x, y = width / 2, depth / 2
    return [
        sheet((-x, -y, z), (width, 0, 0), (0, 0, height)),
        sheet((x, -y, z), (0, depth, 0), (0, 0, height)),
        sheet((x, y, z), (-width, 0, 0), (0, 0, height)),
        sheet((-x, y, z), (0, -depth, 0), (0, 0, height)),
        sheet((-x, -y, z + height), (width, 0, 0), (0, depth, 0)),
    ]


def front(outline: Sequence[tuple[float, float]], y: float) -> Patch:
    """Return the upright face within `(z, half width)`, at a depth; it looks towards -y."""
    at = np.array(outline, dtype=float)
    shares = np.linspace(-1, 1, 24)
    points = np.full((len(at), len(shares), 3), y, dtype=float)
    points[..., 0], points[..., 2] = at[:, 1:] * shares, at[:, :1]
    facing = np.zeros_like(points)
    facing[..., 1] = -1.0
    return Patch(points=points, normals=facing)


def arch(width: float, height: float) -> Patch:
    """Return an upright face, round at its top, that looks towards -y; its foot is at the origin."""
    half = width / 2
    turns = np.linspace(0.06, math.pi / 2, 28)
    levels = np.concatenate((np.linspace(0, height - half, 16), height - half + half * np.sin(turns)))
    over = np.clip((levels - (height - half)) / half, 0, 1)
    reach = half * np.sqrt(np.maximum(1 - over**2, 1e-6))
    return front(list(zip(levels.tolist(), reach.tolist(), strict=True)), 0.0)


def arch_rim(width: float, height: float, depth: float) -> Patch:
    """Return the outer edge of an arch, from its front to `depth` behind it."""
    half = width / 2
    turns = np.linspace(0, math.pi, 72)
    x = np.concatenate(([half], half * np.cos(turns), [-half]))
    z = np.concatenate(([0.0], height - half + half * np.sin(turns), [0.0]))
    rows = [np.stack((x, np.full_like(x, y), z), axis=-1) for y in np.linspace(depth, 0, 4)]
    return patch(np.array(rows), inward=True)


def _rings(sections: Floats, power: float) -> Floats:
    angles = np.linspace(0, 2 * math.pi, AROUND + 1) - math.pi / 2
    cos, sin = np.cos(angles), np.sin(angles)
    x = np.sign(cos) * np.abs(cos) ** (2 / power)
    y = np.sign(sin) * np.abs(sin) ** (2 / power)
    upright = np.broadcast_to(sections[:, 0:1], (len(sections), AROUND + 1))
    return joined(sections[:, 1:2] * x, sections[:, 2:3] * y, upright)


def _slopes(points: Floats) -> Floats:
    """Return how points change from row to row: over both neighbours where there are two."""
    slopes = np.empty_like(points)
    np.subtract(points[2:], points[:-2], out=slopes[1:-1])
    slopes[1:-1] /= 2
    slopes[0], slopes[-1] = points[1] - points[0], points[-1] - points[-2]
    return slopes


def _cross(vectors: Floats, others: Floats) -> Floats:
    """Return the vectors that stand upright on both; `numpy.cross` is slow on grids as small as these."""
    (x, y, z), (u, v, w) = components(vectors), components(others)
    return joined(y * w - z * v, z * u - x * w, x * v - y * u)


def _turned(vectors: Floats, cos: float, sin: float) -> Floats:
    x, y, z = components(vectors)
    return joined(cos * x - sin * y, sin * x + cos * y, z)


def _eased(at: Floats, values: Floats, fine: Floats) -> Floats:
    """Interpolate by a cubic whose slope at each point is that between its neighbours."""
    steps = np.diff(at)
    tangents = np.empty_like(values)
    tangents[1:-1] = (values[2:] - values[:-2]) / np.maximum(at[2:] - at[:-2], _TINY)
    tangents[[0, -1]] = (values[1] - values[0]) / steps[0], (values[-1] - values[-2]) / steps[-1]
    index = np.clip(np.searchsorted(at, fine) - 1, 0, len(steps) - 1)
    share = (fine - at[index]) / np.maximum(steps[index], _TINY)
    cube, square = share**3, share**2
    return np.asarray(
        (2 * cube - 3 * square + 1) * values[index]
        + (cube - 2 * square + share) * steps[index] * tangents[index]
        + (-2 * cube + 3 * square) * values[index + 1]
        + (cube - square) * steps[index] * tangents[index + 1]
    )
