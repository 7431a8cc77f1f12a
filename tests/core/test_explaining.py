"""Where values come from: in every valid campaign that we have, what is told stands where it is said to."""

import re
import shutil
from pathlib import Path

import pytest

from seedpipe import catalog
from seedpipe.core.campaign import Places
from seedpipe.core.explaining import origins
from seedpipe.core.planning import make_plan
from seedpipe.core.variant import Variant
from seedpipe.sources import WorkTree
from tests.cases.test_cases import EXAMPLES, HERE, PIPELINES, VALID, plan_of, variant_of

FOLDERS = [*(HERE / "valid" / name for name in VALID), *(PIPELINES / name for name in EXAMPLES)]
WRITTEN = ("row", "axis", "variable", "brand")


def told(folder, variant):
    tree = WorkTree.around(folder / "campaign.yaml")
    plan = plan_of(tree, variant)
    places = Places(tree.campaign, tree, plan.catalogue, variant)
    for planned in plan.cells():
        yield planned, origins(plan.campaign, plan.header, places, planned)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_each_value_of_each_cell_is_told_with_its_place(folder, tmp_path):
    project = shutil.copytree(folder, tmp_path / "project")  # a root of its own
    cells = list(told(project, variant_of(folder)))

    assert cells
    for planned, found in cells:
        request = {one.name.removeprefix("input."): one.value for one in found}
        assert request["prompt"] == planned.job.request["prompt"]
        assert {"series", "model", "output", *planned.cell.axes, *planned.job.request} <= request.keys()
        assert all(one.span or one.layer for one in found)
        for one in found:
            if one.layer in WRITTEN:
                assert begins(one) in rest_of_line(one.span), one


def rest_of_line(span):
    return span.source.text.split("\n")[span.line - 1][span.column - 1 :]


def begins(origin):
    """Return how a value begins where it is written: before an escape, and a file without its folder."""
    value = origin.value.rpartition("/")[2] if origin.name == "brand.logo" else origin.value
    return re.match(r'[^\n"\\]*', value)[0]


def test_what_nobody_wrote_is_told_so():
    _, found = next(told(HERE / "valid" / "smallest", Variant()))
    where = {one.name: one.where for one in found}

    assert where["output"] == "the usual path"


def test_a_file_that_is_gone_meanwhile_has_no_places(tmp_path):
    (tmp_path / "campaign.yaml").write_text(
        "seedpipe: 1\nname: a\nmodel: bytedance/seedream-v4\nmatrix: {lamp: {file: lamps.csv, key: sku}}\n"
        "series: {hero: {prompt: 'A {{ lamp.name }}'}}\n"
    )
    (tmp_path / "lamps.csv").write_text("sku,name\nL1,arc\n")
    tree = WorkTree.around(Path(tmp_path / "campaign.yaml"))
    plan = make_plan(tree.campaign, tree, catalog.load())
    (planned,) = plan.cells()
    (tmp_path / "lamps.csv").write_text("sku\nL2\n")
    places = Places(tree.campaign, tree, plan.catalogue, Variant())

    where = {one.name: one.where for one in origins(plan.campaign, plan.header, places, planned)}

    assert (where["lamp"], where["lamp.name"]) == ("axis", "row")
