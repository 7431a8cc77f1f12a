from collections import Counter

import pytest

from seedpipe.core.diagnostics import SourceText
from seedpipe.core.selection import Axis, Choice, Match, Sample, Selection, capacity, rows_of
from seedpipe.core.values import Columns, Keyed

SPAN = SourceText(path="c.yaml", text="x").span()

WHERE = type("Where", (), {"span": SPAN})()  # whether it holds is for the planner to say


def axis(name, *keys, chosen=None):
    columns = Columns(axis=name, names={}, origin="c.yaml")
    rows = tuple(Keyed(key, columns) for key in keys)
    return Axis(name=name, rows=rows, span=SPAN, chosen=range(len(rows)) if chosen is None else chosen)


def match(**keys):
    return Match(keys={name: frozenset(values.split()) for name, values in keys.items()}, span=SPAN)


def chosen(over, *, holds=lambda rows: True, **selection):
    choice = Choice(name="s", over=over, selection=Selection(**selection), holds=holds)
    return ["/".join(place.rows) for place in choice.places()], choice


A, B = axis("a", "1", "2", "3"), axis("b", "x", "y")
WIDE = [axis("a", *map(str, range(40))), axis("b", *"pqrstuvwxy")]


@pytest.mark.parametrize(
    ("selection", "cells"),
    [
        ({}, "1/x 1/y 2/x 2/y 3/x 3/y"),
        ({"exclude": (match(b="y"),)}, "1/x 2/x 3/x"),
        ({"exclude": (match(a="1 3", b="y"), match(a="2"))}, "1/x 3/x"),
        ({"exclude": (match(a="1"),), "include": (match(a="1", b="y"),)}, "2/x 2/y 3/x 3/y 1/y"),
        ({"include": (match(a="1", b="y"),)}, "1/x 1/y 2/x 2/y 3/x 3/y"),
    ],
)
def test_the_product_is_cut_down(selection, cells):
    assert chosen([A, B], **selection)[0] == cells.split()


def test_no_axis_is_one_cell():
    assert chosen([])[0] == [""]


def test_include_reaches_rows_that_are_not_chosen():
    over = [axis("a", "1", "2", "3", chosen=(0, 2)), B]
    cells, _ = chosen(over, exclude=(match(b="y"),), include=(match(a="2 3", b="y"),))
    assert cells == ["1/x", "3/x", "2/y", "3/y"]


def test_takes_come_last_and_every_cell_has_its_number():
    over, selection = [A, B], Selection(takes=3, include=(match(a="2", b="x"),), exclude=(match(a="2"),))
    places = list(Choice(name="s", over=over, selection=selection, holds=lambda rows: True).places())
    assert [place.take for place in places] == [1, 2, 3] * 5
    assert len({place.number for place in places}) == 15
    for place in places:
        assert rows_of(over, selection, place.number) == (tuple(map(str, place.rows)), place.take)
        assert place.number < capacity(over, selection) == 18


@pytest.mark.parametrize(
    ("selection", "holds", "idle"),
    [
        ({"exclude": (match(a="1"),)}, True, []),
        ({"exclude": (match(a="1"), match(a="1", b="x"))}, True, []),
        ({"exclude": (match(a="7"),)}, True, ["this exclude"]),
        ({"where": WHERE}, False, ["'where'"]),
    ],
)
def test_what_matches_nothing_is_told(selection, holds, idle):
    _, choice = chosen([A, B], holds=lambda rows: holds, **selection)
    assert [what for _, what, _ in choice.idle()] == idle


def test_a_condition_that_fails_is_not_said_to_match_nothing():
    cells, choice = chosen([A], holds=lambda rows: None, where=WHERE)
    assert not cells
    assert not list(choice.idle())


def test_a_sample_is_the_same_every_time_and_another_with_another_seed():
    sample = [chosen(WIDE, sample=Sample(count=20, seed=seed, per=None))[0] for seed in (1, 1, 2)]
    assert sample[0] == sample[1] != sample[2]
    assert len(sample[0]) == 20
    everything = chosen(WIDE)[0]
    assert sample[0] == [cell for cell in everything if cell in set(sample[0])]


def test_a_sample_takes_what_there_is():
    assert len(chosen([A, B], sample=Sample(count=20, seed=1, per=None))[0]) == 6


def test_a_sample_per_key():
    cells, _ = chosen(WIDE, sample=Sample(count=3, seed=1, per="b"), exclude=(match(b="p"),))
    assert Counter(cell[-1] for cell in cells) == dict.fromkeys("qrstuvwxy", 3)


def test_one_more_row_moves_few_cells_of_a_sample():
    sample = Sample(count=20, seed=1, per=None)
    before = set(chosen(WIDE, sample=sample)[0])
    after = set(chosen([axis("a", "new", *map(str, range(40))), WIDE[1]], sample=sample)[0])
    assert len(before & after) >= 18


def test_a_sample_is_drawn_from_what_the_rules_leave():
    sample = Sample(count=5, seed=1, per=None)
    cells, _ = chosen(WIDE, where=WHERE, holds=lambda rows: rows[1] == "q", sample=sample)
    assert len(cells) == 5
    assert {cell[-1] for cell in cells} == {"q"}
