"""The canvas: what is painted in pieces, or small and enlarged, is what a plain drawing gives."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from seedpipe.sandbox.render.canvas import Canvas
from seedpipe.sandbox.render.geometry import orbit, sheet

FINER = 4


def plainly(outline, width, height):
    mask = Image.new("L", (width * FINER, height * FINER))
    ImageDraw.Draw(mask).polygon([(x * FINER, y * FINER) for x, y in outline], 255)
    return np.asarray(mask.reduce(FINER), dtype=int)


@pytest.mark.parametrize(
    "outline",
    [
        [(4, 10), (890, 640), (890, 652), (4, 22)],
        [(880, 12), (896, 20), (30, 690), (10, 684)],
        [(300, -40), (330, -40), (560, 760), (530, 760)],
        [(-200, 300), (1200, 520), (1200, 530), (-200, 320)],
        [(10, 690), (450, 20), (890, 690), (870, 690), (450, 60), (30, 690)],
        [(10, 350), (890, 350), (890, 352), (10, 352)],
    ],
    ids=["falling", "rising", "steep and cut off", "beyond both sides", "a bent line", "level"],
)
def test_a_slanted_shape_is_whole_though_it_is_painted_in_pieces(outline):
    canvas = Canvas(900, 700)
    canvas.shape(outline, "#FFFFFF")
    away = np.abs(np.asarray(canvas.image.convert("L"), dtype=int) - plainly(outline, 900, 700))
    assert away.max() <= 255 // FINER  # an edge may fall on the next of its finer pixels


def test_light_on_a_flat_surface_changes_evenly_and_is_exact_at_its_ends():
    canvas = Canvas(1200, 600)
    camera = orbit((0, 0, 0.5), 10, 0, 0, 6000, (600, 300))

    def shader(points, _normals):
        return np.repeat(np.clip(points[..., :1] / 2 + 0.5, 0, 1), 3, axis=-1)

    canvas.surface(camera, sheet((-0.9, 0, 0), (1.8, 0, 0), (0, 0, 1)), shader)
    row = np.asarray(canvas.image.convert("L"), dtype=int)[300]
    lit = np.flatnonzero(row)
    steps = np.diff(row[lit[0] + 3 : lit[-1] - 3])
    assert steps.min() >= 0
    assert steps.max() <= 6
    assert abs(int(row[600]) - 188) <= 1  # half of the light


def test_a_smaller_canvas_keeps_the_proportions():
    small = Canvas(4096, 3800, margin=296).reduced(1400)
    assert (small.width, small.height, small.image.size) == (1400, 1299, (1400, 1299))
    assert Canvas(640, 480).reduced(1400).image.size == (640, 480)
