"""A part of a plan: a sample that shows every value of every axis, the canaries of one axis."""

from __future__ import annotations

import pytest

from seedpipe.core.errors import InputError
from seedpipe.core.model import Cell
from seedpipe.core.sampling import covering, first_of_each


def cells(series, **axes):
    """Return the cells of a product, in its order."""
    found = [{}]
    for axis, keys in axes.items():
        found = [{**cell, axis: key} for cell in found for key in keys]
    return [
        Cell(address="/".join((series, *keys.values())), series=series, axes=keys, job_id="", output_paths=())
        for keys in found
    ]


@pytest.mark.parametrize(
    ("plan", "count", "chosen"),
    [
        (cells("hero", a="123", b="xy"), 3, ["hero/1/x", "hero/2/y", "hero/3/x"]),
        (cells("hero", a="123", b="xy"), 4, ["hero/1/x", "hero/2/y", "hero/3/x", "hero/1/y"]),
        (cells("hero", a="123", b="xy"), 99, [cell.address for cell in cells("hero", a="123", b="xy")]),
        (cells("hero", a="12") + cells("logo"), 3, ["hero/1", "hero/2", "logo"]),
        (
            cells("hero", a="12", b="x") + cells("card", a="12"),
            4,
            ["hero/1/x", "hero/2/x", "card/1", "card/2"],
        ),
        ([cell for cell in cells("hero", a="12", b="xy") if cell.address != "hero/2/y"], 3, None),
        ([], 3, []),
    ],
)
def test_a_sample_covers_every_value(plan, count, chosen):
    found = covering(plan, count)
    everything = {(cell.series, *pair) for cell in plan for pair in cell.axes.items()}
    shown = {(cell.series, *pair) for cell in plan if cell.address in found for pair in cell.axes.items()}
    assert shown == everything
    assert len(found) == min(count, len(plan)) == len(set(found))
    if chosen is not None:
        assert sorted(found) == sorted(chosen)


def test_a_sample_that_is_too_small_is_told_what_it_needs():
    with pytest.raises(InputError, match="2 cells cannot cover every value") as caught:
        covering(cells("hero", a="123", b="xy"), 2)
    assert caught.value.hint == "use --sample 3, or choose a part with --select"


@pytest.mark.parametrize(
    ("plan", "axis", "chosen"),
    [
        (cells("hero", a="12", b="xyz"), "b", ["hero/1/x", "hero/1/y", "hero/1/z"]),
        (cells("hero", a="12", b="xyz"), "a", ["hero/1/x", "hero/2/x"]),
        (cells("logo") + cells("hero", a="1", b="x") + cells("card", b="yx"), "b", ["hero/1/x", "card/y"]),
        (cells("logo"), "b", []),
    ],
)
def test_a_canary_is_the_first_cell_of_each_key(plan, axis, chosen):
    assert first_of_each(plan, axis) == chosen
