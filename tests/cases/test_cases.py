"""Campaigns as folders: a new rule is proved by adding one, no Python.

`valid/<name>/` holds a campaign and its golden `plan.json`, `invalid/<name>/` a campaign and the golden
`diagnostics.txt` that its author reads, `warned/<name>/` a campaign that may run and its golden
`warnings.txt`; a `variant.json` says what the command line lays over it. `examples/` has what the campaigns
that we show come to. SEEDPIPE_UPDATE_GOLDENS=1 writes the goldens anew: read them.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from seedpipe import catalog
from seedpipe.core.diagnostics import Severity, render
from seedpipe.core.errors import InputError
from seedpipe.core.lint import Lint
from seedpipe.core.planning import make_plan
from seedpipe.core.rules import RULES, Say
from seedpipe.core.sampling import part_of
from seedpipe.core.totals import total
from seedpipe.core.variant import Variant
from seedpipe.sources import WorkTree

HERE = Path(__file__).parent
UPDATE = bool(os.environ.get("SEEDPIPE_UPDATE_GOLDENS"))
VALID = sorted(folder.name for folder in (HERE / "valid").iterdir() if folder.is_dir())
PIPELINES = HERE.parents[1] / "examples" / "pipelines"
EXAMPLES = sorted(folder.name for folder in PIPELINES.iterdir() if (folder / "campaign.yaml").exists())
INVALID = sorted(folder.name for folder in (HERE / "invalid").iterdir() if folder.is_dir())
WARNED = sorted(folder.name for folder in (HERE / "warned").iterdir() if folder.is_dir())


@pytest.fixture
def work_tree(tmp_path, monkeypatch):
    """Return the tree of a case, away from this repository, whose root would be its root."""

    def place(folder):
        shutil.copytree(folder, tmp_path / "project")
        monkeypatch.chdir(tmp_path / "project")
        return WorkTree.around(Path("campaign.yaml"))

    return place


def test_there_are_cases():
    assert len(VALID) >= 8
    assert len(INVALID) >= 25


@pytest.mark.parametrize("name", VALID)
def test_valid_campaign(name, work_tree):
    tree = work_tree(HERE / "valid" / name)
    plan = plan_of(tree, variant_of(HERE / "valid" / name))
    found = json.dumps(_told(plan), indent=1, ensure_ascii=False) + "\n"
    _compare(HERE / "valid" / name / "plan.json", found)
    assert list(plan.cells()) == list(plan.cells())


@pytest.mark.parametrize("name", INVALID)
def test_invalid_campaign(name, work_tree):
    tree = work_tree(HERE / "invalid" / name)
    with pytest.raises(InputError) as caught:
        list(make_plan(tree.campaign, tree, catalog.load(), variant_of(HERE / "invalid" / name)).cells())
    assert caught.value.diagnostics
    found = "\n\n".join(render(diagnostic) for diagnostic in caught.value.diagnostics) + "\n"
    _compare(HERE / "invalid" / name / "diagnostics.txt", found)


@pytest.mark.parametrize("name", WARNED)
def test_campaign_with_warnings(name, work_tree):
    tree = work_tree(HERE / "warned" / name)
    plan = make_plan(tree.campaign, tree, catalog.load(), variant_of(HERE / "warned" / name))
    lint = Lint(plan.campaign)
    assert list(lint.watching(plan.cells()))
    warnings = lint.warnings()
    assert all(one.severity is RULES[one.rule].severity is Severity.WARNING for one in warnings)
    found = "\n\n".join(render(warning) for warning in warnings) + "\n"
    _compare(HERE / "warned" / name / "warnings.txt", found)


def test_every_rule_of_a_warning_has_a_case():
    told = "".join((HERE / "warned" / name / "warnings.txt").read_text() for name in WARNED)
    silent = [rule.name for rule in RULES.values() if rule.says is not Say.ERROR]
    assert [name for name in silent if f"warning {name}:" not in told] == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_example(name, work_tree):
    tree = work_tree(PIPELINES / name)
    plan = make_plan(tree.campaign, tree, catalog.load())
    totals = total(plan)
    found = {
        "totals": _share(totals.all),
        "series": {name: _share(part) for name, part in totals.by_series.items()},
        "jobs": {planned.cell.address: planned.job.job_id[:12] for planned in plan.cells()},
    }
    assert totals.all.cost_usd < 2
    _compare(HERE / "examples" / f"{name}.json", json.dumps(found, indent=1) + "\n")


def variant_of(folder):
    file = folder / "variant.json"
    return Variant(**json.loads(file.read_text())) if file.exists() else Variant()


def plan_of(tree, variant):
    """Return the plan of a case, or the part of it that its variant chooses."""
    partial = bool(variant.sample or variant.canary)
    return part_of(make_plan(tree.campaign, tree, catalog.load(), variant, partial=partial), variant)


def _compare(golden, found):
    if UPDATE:
        golden.write_text(found, encoding="utf-8")
    assert golden.exists(), "write it with SEEDPIPE_UPDATE_GOLDENS=1, then read it"
    assert found == golden.read_text(encoding="utf-8")


def _told(plan):
    totals = total(plan)
    return {
        "campaign": plan.header.campaign,
        "brand": plan.header.brand,
        "sources": dict(plan.header.sources),
        **({"references": dict(plan.header.references)} if plan.header.references else {}),
        **({"checks": dict(plan.header.checks)} if plan.header.checks else {}),
        "totals": _share(totals.all),
        "series": {name: _share(part) for name, part in totals.by_series.items()},
        "axes": {
            axis: {key: _share(part) for key, part in parts.items()} for axis, parts in totals.by_axis.items()
        },
        "prices": [
            f"{line.series}: {line.images} x {line.unit_usd} = {line.cost_usd}" for line in totals.prices
        ],
        "cells": [
            {
                "cell": planned.cell.address,
                "axes": dict(planned.cell.axes),
                "paths": list(planned.cell.output_paths),
                **(
                    {"published": {name: list(paths) for name, paths in planned.published.items()}}
                    if planned.published
                    else {}
                ),
                "job": planned.job.job_id,
                "opens": planned.opens_job,
                "model": planned.job.model,
                "request": dict(planned.job.request),
                "cost_usd": str(planned.job.cost_usd),
            }
            for planned in plan.cells()
        ],
    }


def _share(part):
    return f"{part.cells} cells, {part.jobs} jobs, {part.images} images, {part.cost_usd} USD"
