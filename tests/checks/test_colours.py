"""ΔE2000, held against a library of colours value by value."""

import numpy as np
import pytest
from coloraide import Color

from seedpipe.checks.colours import hue_distance, lab_of, lab_of_hex, palette_distance

PALETTE = ("#E4572E", "#2E3A59", "#F3E9DC", "#000000", "#FFFFFF", "#808080", "#0000FF", "#00FF00")


def pixels():
    drawn = np.random.default_rng(7).integers(0, 256, (200, 3))
    return np.concatenate([drawn, [[0, 0, 0], [255, 255, 255], [128, 128, 128], [127, 128, 128]]]).astype(
        np.float32
    )


def test_lab_is_that_of_the_library():
    for pixel, lab in zip(pixels(), lab_of(pixels()), strict=True):
        expected = Color("srgb", [float(part) / 255 for part in pixel]).convert("lab-d65")
        assert lab == pytest.approx(expected[:3], abs=0.02)


def test_the_distance_is_that_of_the_library():
    found = palette_distance(lab_of(pixels()), np.stack([lab_of_hex(one) for one in PALETTE]))
    for pixel, row in zip(pixels(), found, strict=True):
        colour = Color("srgb", [float(part) / 255 for part in pixel]).convert("lab-d65")
        expected = [colour.delta_e(Color(one).convert("lab-d65"), method="2000") for one in PALETTE]
        assert row == pytest.approx(expected, abs=0.02)


def test_without_lightness_a_paint_in_shadow_stays_near():
    lit, shaded = lab_of(np.array([[228, 87, 46], [150, 57, 30]], np.float32))
    ember = lab_of_hex("#E4572E")[None]

    assert palette_distance(shaded[None], ember)[0, 0] > 15
    assert hue_distance(shaded[None], ember)[0, 0] < 8
    assert hue_distance(lit[None], ember)[0, 0] < 1
