"""What a campaign wants checked: how settings lie over each other, and which of them a cell has."""

import pytest

from seedpipe.core.checking import (
    CellChecks,
    PlanChecks,
    check_document,
    extras_of,
    laid_over,
    logo_of,
    looks_at_pixels,
)
from seedpipe.core.model import BudgetCaps, Cell, PlanHeader


def header(series, cells=None, logo=None):
    checks = check_document({"ember": "#E4572E"}, series, logo, cells or {})
    return PlanHeader(campaign="c", brand=None, sources={}, catalogue="", budget=BudgetCaps(), checks=checks)


def cell(series="hero", **axes):
    return Cell(address=series, series=series, axes=axes, job_id="", output_paths=())


def single(checks, **keys):
    return CellChecks(keys={axis: frozenset(named) for axis, named in keys.items()}, checks=checks)


@pytest.mark.parametrize(
    ("below", "above", "expected"),
    [
        ({"blur": {}}, {}, {"blur": {}}),
        ({}, {"blur": {}}, {"blur": {}}),
        ({"blur": {}}, {"blank": {}}, {"blur": {}, "blank": {}}),
        ({"blur": {"min_sharpness": 2}}, {"blur": "off"}, {"blur": "off"}),
        ({"blur": "off"}, {"blur": {}}, {"blur": {}}),
        ({"blur": "off"}, {"blur": {"level": "fail"}}, {"blur": {"level": "fail"}}),
        (
            {"blur": {"level": "fail", "min_sharpness": 2}},
            {"blur": {"min_sharpness": 9}},
            {"blur": {"level": "fail", "min_sharpness": 9}},
        ),
        (
            {"palette": {"min_share": 0.6}},
            {"palette": {"level": "fail"}},
            {"palette": {"min_share": 0.6, "level": "fail"}},
        ),
        ({"blur": {"level": "off", "min_sharpness": 2}}, {"blur": {}}, {"blur": {"min_sharpness": 2}}),
        ({"blur": {"level": "fail"}}, {"blur": {"level": "off"}}, {"blur": {"level": "off"}}),
    ],
)
def test_what_lies_above_counts_and_what_it_does_not_say_stays(below, above, expected):
    assert laid_over(below, above) == expected


@pytest.mark.parametrize(
    ("axes", "expected"),
    [
        ({"market": "us", "lamp": "L1"}, [("blur", "warn", 2)]),
        ({"market": "jp", "lamp": "L1"}, []),
        ({"market": "jp", "lamp": "L2"}, [("size", "fail", None), ("blur", "fail", 9)]),
        ({"market": "us", "lamp": "L2"}, [("size", "fail", None), ("blur", "warn", 2)]),
        ({"lamp": "L1"}, [("blur", "warn", 2)]),
    ],
)
def test_a_cell_has_the_checks_of_its_series_and_of_each_override_that_matches_it(axes, expected):
    overrides = [
        single({"blur": "off"}, market=["jp", "kr"]),
        single({"size": {}}, lamp=["L2"]),
        single({"blur": {"level": "fail", "min_sharpness": 9}}, market=["jp"], lamp=["L2"]),
    ]
    checks = PlanChecks(header({"hero": {"blur": {"min_sharpness": 2}}}, {"hero": overrides}))

    for _ in range(2):
        asked = [(one.check, one.level, one.limits.get("min_sharpness")) for one in checks.of(cell(**axes))]
        assert asked == expected
    assert checks.of(cell("other", **axes)) == ()


def test_what_a_single_cell_asks_for_is_known_before_a_run():
    plan = header({"hero": {"size": {}}}, {"hero": [single({"logo": {}, "nsfw": {}}, lamp=["L2"])]}, "5a")

    assert looks_at_pixels(plan)
    assert set(extras_of(plan)) == {"nsfw", "logo"}
    assert logo_of(plan) == "5a"


def test_a_plan_without_checks_keeps_nothing():
    plan = header({"hero": {}}, {"hero": [single({}, lamp=["L2"])]}, "5a")

    assert plan.checks == {}
    assert not looks_at_pixels(plan)
    assert PlanChecks(plan).of(cell(lamp="L2")) == ()
