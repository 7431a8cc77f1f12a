"""Saved plans: whole, exactly what was planned, and believed in nothing."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from seedpipe import catalog, schemas
from seedpipe.core.errors import InputError
from seedpipe.core.planning import make_plan
from seedpipe.core.saved import (
    changed_sources,
    header_document,
    header_of,
    read_saved,
    saved_lines,
)
from seedpipe.sources import WorkTree

LINE_SCHEMA = Draft7Validator(schemas.load("saved-plan"))

CASES = Path(__file__).parents[1] / "cases" / "valid"
NAMES = ["takes", "shared-jobs", "edit-with-references", "policies", "shots-and-prompt-files", "smallest"]


def plan_of(name):
    tree = WorkTree.around(CASES / name / "campaign.yaml")
    return make_plan(tree.campaign, tree, catalog.load())


def opened(lines, catalogue=None):
    kept = list(lines)
    return read_saved(lambda: kept, catalogue or catalog.load(), "plan.jsonl")


def sealed(lines):
    """Return lines with an end that fits them: what somebody would write who edits a plan on purpose."""
    body = list(lines)[:-1]
    digest = hashlib.sha256("".join(body).encode()).hexdigest()
    return [*body, json.dumps({"end": {"cells": 1, "jobs": 1, "cost_usd": "0.01", "sha256": digest}}) + "\n"]


def edited(lines, number, change):
    lines = list(lines)
    data = json.loads(lines[number])
    change(data)
    lines[number] = json.dumps(data) + "\n"
    return sealed(lines)


@pytest.mark.parametrize("name", NAMES)
def test_a_saved_plan_is_the_plan(name):
    plan = plan_of(name)
    lines = list(saved_lines(plan))
    saved = opened(lines)
    assert list(saved.cells()) == list(plan.cells()) == list(saved.cells())
    assert (saved.series, saved.axes, saved.prices_as_of) == (plan.series, plan.axes, plan.prices_as_of)
    unmarked = {name: value for name, value in saved.header.variant.items() if name != "saved"}
    assert replace(saved.header, variant=unmarked) == plan.header
    for line in lines:
        LINE_SCHEMA.validate(json.loads(line))


def test_a_saved_plan_is_another_than_its_campaign_s_and_equal_ones_are_one():
    plan = plan_of("smallest")
    one, other = opened(saved_lines(plan)), opened(saved_lines(plan))
    assert one.header.plan_id == other.header.plan_id != plan.header.plan_id
    assert header_of(json.loads(json.dumps(header_document(plan.header)))) == plan.header


@pytest.mark.parametrize(
    "spoil",
    [
        lambda lines: lines[:-1],
        lambda lines: lines[:1] + lines[2:],
        lambda lines: [*lines, "{}\n"],
        lambda lines: [lines[0].replace("1", "2"), *lines[1:]],
        lambda lines: [lines[0][:-30]],
        lambda _: [],
        lambda _: ["\x00\n", "[" * 100_000 + "\n"],
    ],
)
def test_a_plan_that_is_not_whole_is_refused(spoil):
    with pytest.raises(InputError, match="was cut off or edited"):
        opened(spoil(list(saved_lines(plan_of("takes")))))


@pytest.mark.parametrize(
    ("number", "change", "why"),
    [
        (0, lambda d: d.update(plan=2), "a format that this seedpipe does not read"),
        (0, lambda d: d.update(sources={"a": 1}), "sources.a is not valid"),
        (0, lambda d: d.pop("budget"), "its first line is not valid"),
        (0, lambda d: d.update(policy={}), "policy is not valid"),
        (0, lambda d: d["policy"].update(in_doubt="x"), "policy.in_doubt is not valid"),
        (0, lambda d: d["policy"].update(max_takes="3"), "policy.max_takes is not valid"),
        (0, lambda d: d.update(checks={"series": {"hero": 3}}), "checks.series.hero is not"),
        (0, lambda d: d.update(checks={"series": {"hero": {"blur": {"level": "x"}}}}), "blur.level is not"),
        (0, lambda d: d.update(checks={"series": {}, "cells": {"hero": [1]}}), "checks.cells.hero.0 is not"),
        (0, lambda d: d.update(checks={"logo": "../../x"}), "checks.logo is not"),
        (0, lambda d: d.update(checks={"palette": {"ember": "red"}}), "checks.palette.ember is not"),
        (1, lambda d: d["job"].update(cost_usd="0.01"), "stale: .* was \\$0.01 and is "),
        (1, lambda d: d["job"].update(images=0), "stale"),
        (1, lambda d: d["job"].update(model="other/model"), "model 'other/model', which is unknown"),
        (1, lambda d: d["job"]["request"].update(prompt="else"), "line 2 of the plan was changed"),
        (1, lambda d: d["job"]["request"].update(size="1*1"), "stale"),
        (1, lambda d: d["job"]["request"].update(webhook="https://x"), "stale"),
        (1, lambda d: d["job"].update(id="0" * 32), "line 2 of the plan was changed"),
        (1, lambda d: d["job"].pop("request"), "line 2 of the plan was changed"),
        (1, lambda d: d.update(axes=[]), "line 2 of the plan was changed"),
        (1, lambda d: d.update(paths=["../../etc/x"] * len(d["paths"])), "paths stay inside|the part '..'"),
        (1, lambda d: d.update(paths=["/etc/x"] * len(d["paths"])), "is absolute"),
        (1, lambda d: d.update(paths=[]), "no path for each image"),
        (2, lambda d: d.update(paths=["one"] * len(d["paths"])), "two images to 'one'"),
    ],
)
def test_nothing_in_a_plan_is_believed(number, change, why):
    lines = list(saved_lines(plan_of("takes")))
    if number == 2:
        lines = edited(lines, 1, change)
    with pytest.raises(InputError, match=why):
        list(opened(edited(lines, number, change)).cells())


def test_other_prices_make_a_plan_stale_and_other_models_do_not():
    lines = list(saved_lines(plan_of("smallest")))
    model = json.loads(lines[1])["job"]["model"]
    catalogue = catalog.load()
    dearer = replace(catalogue.models[model], unit_usd=Decimal("0.5"))
    with pytest.raises(InputError, match=r"stale: .* is \$0\.50 today"):
        list(opened(lines, replace(catalogue, models={**catalogue.models, model: dearer})).cells())
    assert list(
        opened(lines, replace(catalogue, digest="x", models={model: catalogue.models[model]})).cells()
    )


def test_a_changed_file_is_told_and_one_that_is_gone_is_not():
    header = replace(plan_of("smallest").header, sources={"a": "1", "b": "2", "c": "3"})
    assert changed_sources(header, {"a": "1", "b": "x", "c": None}.get) == ["b"]
