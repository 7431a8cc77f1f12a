"""Shapes and the camera that sees them.

Hides how solids are built: every surface is a patch, a grid of points that has an outside. Units: the stage's
own, where a bottle is about 1.5 high; x to the right, y away from the viewer, z up. Angles in degrees.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seedpipe.sandbox.render.colours import Floats

AROUND: Final = 144  # steps of a full turn: a silhouette's corner stays below half a pixel at 4096
_OUTLINE: Final = 12  # rows and columns of what throws a shadow: a shadow is soft
_NEAREST: Final = 0.05
_TINY: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A surface as a grid of points (rows, columns, 3) with unit normals that point outside."""

    points: Floats
    normals: Floats

    def moved(self, x: float, y: float, z: float = 0.0, *, turn: float = 0.0) -> Patch:
        """Return the surface turned about the upright axis, then moved."""
        cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
        return Patch(
            points=_turned(self.points, cos, sin) + np.array((x, y, z)),
            normals=_turned(self.normals, cos, sin),
        )

    def scaled(self, times: float) -> Patch:
        """Return the surface larger by a factor, about the origin."""
        return Patch(points=self.points * times, normals=self.normals)

    def thinned(self, down: int, over: int) -> Patch:
        """Return the surface with every so many of its rows and columns, and always the last."""
        rows = [*range(0, len(self.points) - 1, down), len(self.points) - 1]
        columns = [*range(0, self.points.shape[1] - 1, over), self.points.shape[1] - 1]
        kept = np.ix_(rows, columns)
        return Patch(points=self.points[kept], normals=self.normals[kept])

    def outlined(self) -> Patch:
        """Return the surface with fewer points: enough for its shadow."""
        down, over = (max(1, length // _OUTLINE) for length in self.points.shape[:2])
        return self.thinned(down, over)


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A camera at `eye` that looks at `target`; `focal` in pixels, `centre` the target's pixel."""

    eye: Floats
    target: Floats
    focal: float
    centre: tuple[float, float]

    @property
    def axes(self) -> tuple[Floats, Floats, Floats]:
        """The directions right, down and ahead of the picture."""
        ahead = unit(self.target - self.eye)
        right = unit(np.cross(ahead, np.array((0.0, 0.0, 1.0))))
        return right, np.cross(ahead, right), ahead

    def seen(self, points: Floats) -> tuple[Floats, Floats]:
        """Return the pixels of points (…, 2) and how far ahead they are."""
        right, down, ahead = self.axes
        from_eye = points - self.eye
        depth = np.maximum(from_eye @ ahead, _NEAREST)
        across = from_eye @ right / depth * self.focal + self.centre[0]
        below = from_eye @ down / depth * self.focal + self.centre[1]
        return np.stack((across, below), axis=-1), depth

    def rays(self, width: int, height: int, columns: int, rows: int) -> Floats:
        """Return the unit directions through a coarse grid over a picture."""
        right, down, ahead = self.axes
        across = ((np.arange(columns) + 0.5) * width / columns - self.centre[0]) / self.focal
        below = ((np.arange(rows) + 0.5) * height / rows - self.centre[1]) / self.focal
        return unit(ahead + across[None, :, None] * right + below[:, None, None] * down)


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


def unit(vectors: Floats) -> Floats:
    """Return vectors of length one."""
    lengths = np.sqrt((vectors * vectors).sum(axis=-1, keepdims=True))
    return np.asarray(vectors / np.maximum(lengths, _TINY))


def direction(azimuth: float, elevation: float) -> Floats:
    """Return the unit vector towards a place in the sky; azimuth 0 is before the scene, 90 at its right."""
    across, up = math.radians(azimuth), math.radians(elevation)
    return np.array((math.sin(across) * math.cos(up), -math.cos(across) * math.cos(up), math.sin(up)))


# ---- surfaces -----------------------------------------------------------------------------------


def patch(points: Floats, *, inward: bool = False) -> Patch:
    """Return a surface from its grid, with normals from its slopes: rows go up, columns go around."""
    closed = bool(np.allclose(points[:, 0], points[:, -1]))
    along = (
        np.gradient(points, axis=0)
        if len(points) > 2
        else np.broadcast_to(points[1:] - points[:-1], points.shape)
    )
    around = np.gradient(points, axis=1)
    if closed:
        around[:, 0] = around[:, -1] = (points[:, 1] - points[:, -2]) / 2
    normals = unit(np.cross(around, along))
    return Patch(points=points, normals=-normals if inward else normals)


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
    points = np.empty((len(sections), AROUND + 1, 3))
    points[..., 0] = sections[:, 1:2] * x
    points[..., 1] = sections[:, 2:3] * y
    points[..., 2] = sections[:, 0:1]
    return points


def _turned(vectors: Floats, cos: float, sin: float) -> Floats:
    turned = vectors.copy()
    turned[..., 0] = cos * vectors[..., 0] - sin * vectors[..., 1]
    turned[..., 1] = sin * vectors[..., 0] + cos * vectors[..., 1]
    return turned


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
