"""Two plans side by side: cells by their address, money by jobs."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from seedpipe.core.comparing import compare
from tests.engines.stage import PRICE_USD, planned


def plan(**asked):
    """Return cells by the product that each is for, and the prompt that it asks for."""
    seen, cells = set(), []
    for product, prompt in asked.items():
        first = planned(prompt)[0]
        cell = replace(first.cell, address=f"hero/{product}", axes={"product": product})
        cells.append(replace(first, cell=cell, opens_job=prompt not in seen))
        seen.add(prompt)
    return cells


def told(part):
    return (part.cells, part.jobs, part.cost_usd / PRICE_USD)


@pytest.mark.parametrize(
    ("before", "after", "added", "changed", "removed"),
    [
        ({"a": "x"}, {"a": "x"}, (0, 0, 0), (0, 0, 0), (0, 0, 0)),
        ({}, {"a": "x", "b": "y"}, (2, 2, 2), (0, 0, 0), (0, 0, 0)),
        ({"a": "x", "b": "y"}, {}, (0, 0, 0), (0, 0, 0), (2, 2, 2)),
        ({"a": "x"}, {"a": "y"}, (0, 0, 0), (1, 1, 1), (0, 0, 0)),
        ({"a": "x"}, {"a": "x", "b": "x"}, (1, 0, 0), (0, 0, 0), (0, 0, 0)),  # it shares a job that is there
        ({"a": "x", "b": "y"}, {"a": "y", "b": "x"}, (0, 0, 0), (2, 0, 0), (0, 0, 0)),
        ({"a": "x"}, {"a": "y", "b": "y"}, (1, 0, 0), (1, 1, 1), (0, 0, 0)),
        ({"a": "x", "b": "x"}, {"a": "x"}, (0, 0, 0), (0, 0, 0), (1, 0, 0)),
        ({"a": "x", "b": "x"}, {}, (0, 0, 0), (0, 0, 0), (2, 1, 1)),
    ],
)
def test_a_comparison(before, after, added, changed, removed):
    found = compare(plan(**before), plan(**after))
    for parts in (found.all, found.by_series.get("hero", found.all)):
        assert (told(parts.added), told(parts.changed), told(parts.removed)) == (added, changed, removed)
    assert found.is_empty is (before == after)
    by_product = found.by_axis.get("product", {})
    assert sum(each.added.cost_usd for each in by_product.values()) == found.all.added.cost_usd
    assert {change.address for change in found.first} == {
        f"hero/{product}" for product in before.keys() & after.keys() if before[product] != after[product]
    }


def test_a_change_is_told_in_words():
    (change,) = compare(plan(a="a red lamp"), plan(a="a blue lamp")).first
    assert [value.text for value in change.values] == ["prompt: red → blue"]
    assert compare([], plan(a="x")).all.added.cost_usd == Decimal("0.10")
