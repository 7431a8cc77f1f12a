"""Local reference images: what a plan knows of them, and what it refuses. The case folders have the rest."""

import hashlib
import io

import pytest
from PIL import Image

from seedpipe import catalog
from seedpipe.core.campaign import FileProblem
from seedpipe.core.errors import InputError
from seedpipe.core.planning import make_plan
from seedpipe.sources import WorkTree

CAMPAIGN = """
seedpipe: 1
name: aurora
model: bytedance/seedream-v4/edit
matrix: {who: [mila, otto]}
series:
  scene:
    prompt: This figure by night
    input: {images: ["refs/{{ who }}.png"]}
"""


def png(colour):
    file = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(file, "PNG")
    return file.getvalue()


class Counting:
    """Files in memory that count how often each is read."""

    def __init__(self, **files):
        self.files = {name.replace("__", "/").replace("_", "."): data for name, data in files.items()}
        self.reads = []

    def read(self, path):
        self.reads.append(path)
        if path not in self.files:
            raise FileProblem("there is no such file", rule="no-such-file")
        return self.files[path]

    def shown(self, path):
        return path

    def models(self):
        return []


def files(**more):
    given = {"campaign_yaml": CAMPAIGN.encode(), "refs__mila_png": png("red"), "refs__otto_png": png("blue")}
    return Counting(**(given | more))


def plan_of(source):
    return make_plan("campaign.yaml", source, catalog.load())


def test_an_image_is_read_once_for_all_readings_of_a_plan():
    source = files()
    plan = plan_of(source)
    first = list(plan.cells())
    source.files["refs/mila.png"] = png("green")
    assert list(plan.cells()) == first
    assert source.reads.count("refs/mila.png") == 1


def test_the_header_names_every_image_whether_or_not_the_cells_were_read():
    before, after = plan_of(files()), plan_of(files())
    list(after.cells())
    expected = {
        f"refs/{who}.png": hashlib.sha256(png(c)).hexdigest()
        for who, c in (("mila", "red"), ("otto", "blue"))
    }
    assert before.header.references == expected
    assert before.header == after.header


def test_another_picture_under_the_same_name_is_another_job_and_another_plan():
    one, other = plan_of(files()), plan_of(files(refs__otto_png=png("green")))
    jobs = [[planned.job.job_id for planned in plan.cells()] for plan in (one, other)]
    assert jobs[0][0] == jobs[1][0]
    assert jobs[0][1] != jobs[1][1]
    assert one.header.plan_id != other.header.plan_id


def test_the_same_picture_under_another_name_is_the_same_job():
    cells = list(plan_of(files(refs__otto_png=png("red"))).cells())
    assert cells[0].job == cells[1].job
    assert [cell.opens_job for cell in cells] == [True, False]


def test_a_header_that_needs_faulty_cells_raises_their_faults():
    source = files()
    del source.files["refs/otto.png"]
    with pytest.raises(InputError) as caught:
        plan_of(source).header  # noqa: B018 - reading it is the point
    assert [problem.rule for problem in caught.value.diagnostics] == ["no-such-file"]


@pytest.mark.parametrize(
    ("content", "rule", "words"),
    [
        (png("red") + b"\0" * 11 * 2**20, "file-too-large", "larger than 10 MiB"),
        (b"", "not-an-image", "an empty file"),
        (b"<svg/>", "not-an-image", "XML or SVG"),
        (b"GIF89a" + b"\0" * 80, "not-an-image", "PNG, JPEG and WebP"),
        (png("red")[:40], "not-an-image", "incomplete"),
    ],
)
def test_what_is_no_whole_image_of_moderate_size_is_refused(content, rule, words):
    with pytest.raises(InputError) as caught:
        list(plan_of(files(refs__otto_png=content)).cells())
    (problem,) = caught.value.diagnostics
    assert problem.rule == rule
    assert words in problem.message
    assert problem.notes == ("in cell scene/otto",)


def test_a_link_out_of_the_project_is_not_followed(tmp_path):
    project = tmp_path / "project"
    (project / "refs").mkdir(parents=True)
    (tmp_path / "secret.png").write_bytes(png("red"))
    (project / "campaign.yaml").write_text(CAMPAIGN)
    (project / "refs/mila.png").write_bytes(png("red"))
    (project / "refs/otto.png").symlink_to(tmp_path / "secret.png")
    tree = WorkTree.around(project / "campaign.yaml")
    with pytest.raises(InputError) as caught:
        list(make_plan(tree.campaign, tree, catalog.load()).cells())
    assert [problem.rule for problem in caught.value.diagnostics] == ["path-outside"]
