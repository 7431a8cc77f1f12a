"""The main job: a campaign file becomes priced jobs, then images and a manifest, for free."""

import json
import os
import shutil
from importlib import resources

import jsonschema
import pytest
from PIL import Image

from tests.command_line import QUICKSTART, REPOSITORY, CommandLine


def schema(name):
    return json.loads(resources.files("seedpipe.schemas").joinpath(f"{name}.schema.json").read_text())


@pytest.fixture(scope="module")
def master(tmp_path_factory):
    """One project whose quickstart has been proofed, and what the run said; copied for each test."""
    project = tmp_path_factory.mktemp("master")
    shutil.copytree(QUICKSTART, project, dirs_exist_ok=True)
    (project / ".seedpipe").mkdir()
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "TERM": "dumb"}
    return project, CommandLine(project, environment, reports=True).run("run", "campaign.yaml")


@pytest.fixture
def proofed(master, seedpipe):
    """The quickstart after its first proof run, and what the run said."""
    project, seedpipe.result = master
    shutil.copytree(project, seedpipe.project, dirs_exist_ok=True)
    seedpipe.out = seedpipe.project / "out" / "quickstart-proof"
    return seedpipe


def test_a_proof_run_leaves_every_image_at_its_path(proofed):
    images = sorted(str(path.relative_to(proofed.out)) for path in proofed.out.rglob("*.jpg"))
    heroes = [
        f"{market}/hero/AUR-0{n}-{i}.jpg" for market in ("de", "us") for n in (1, 2, 3) for i in (1, 2, 3, 4)
    ]
    details = [f"all/detail/AUR-0{n}-{i}.jpg" for n in (1, 2, 3) for i in (1, 2, 3, 4)]
    assert images == sorted(heroes + details)
    with Image.open(proofed.out / "us/hero/AUR-01-1.jpg") as hero:
        assert hero.size == (1920, 1088)
    with Image.open(proofed.out / "all/detail/AUR-01-1.jpg") as detail:
        assert detail.size == (1408, 1408)


def test_the_documents_are_as_their_schemas_say(proofed):
    run = json.loads((proofed.out / "run.json").read_text())
    jsonschema.validate(run, schema("run"))
    assert run["world"] == "proof"
    assert run["origin"] == "sandbox"
    assert run["planned"] == {"jobs": 9, "images": 36, "cost_usd": "0.972"}
    assert run["phases"] == {"done": run["planned"]}
    assert run["run"]["exit_code"] == 0
    lines = (proofed.out / "jobs.jsonl").read_text().splitlines()
    assert len(lines) == 9
    for line in lines:
        job = json.loads(line)
        jsonschema.validate(job, schema("job"))
        for output in job["outputs"]:
            assert [(proofed.out / path).stat().st_size for path in output["paths"]] == [output["size_bytes"]]


def test_off_a_terminal_a_run_says_a_line_a_job(proofed):
    lines = [line for line in proofed.result.stderr.splitlines() if "done  " in line]
    assert len(lines) == 9
    assert "PROOF" in proofed.result.stderr.splitlines()[0]


def test_running_again_finds_everything_done_and_makes_nothing_anew(proofed):
    def snapshot():
        return {path: path.stat().st_mtime_ns for path in proofed.out.rglob("*.jpg")}

    before = snapshot()
    again = proofed.run("run", "campaign.yaml")
    assert "everything is done" in again.stdout
    assert snapshot() == before


def test_deleted_images_come_back_without_a_new_submit(proofed):
    victim = proofed.out / "us/hero/AUR-01-1.jpg"
    before = victim.read_bytes()
    victim.unlink()
    again = proofed.run("run", "campaign.yaml", "--json")
    assert victim.read_bytes() == before
    assert json.loads(again.stdout)["billed"]["jobs"] == 9


def test_the_summary_and_the_gallery_name_every_set(proofed):
    summary = (proofed.out / "summary.md").read_text()
    assert "9 of 9 jobs done" in summary
    gallery = (proofed.out / "gallery.html").read_text()
    data = gallery.partition('<script type="application/json" id="data">')[2].partition("</script>")[0]
    island = json.loads(data)
    shown = [image for job in island["jobs"] for cell in job["cells"] for image in cell["images"]]
    assert len(island["jobs"]) == 9
    assert len(shown) == 36
    assert all((proofed.out / image["href"]).stat().st_size == image["bytes"] for image in shown)
    assert all(island["pictures"][image["sha256"]] for image in shown)


def test_status_and_show_tell_of_the_last_run(proofed):
    status = proofed.run("status")
    assert "quickstart" in status.stdout
    assert "done 9 jobs, 36 images, free ($0.972 live)" in status.stdout
    assert "check size: 9 passed" in status.stdout
    assert "gallery  out/quickstart-proof/gallery.html" in status.stdout
    document = json.loads(proofed.run("status", "--json").stdout)
    jsonschema.validate(document, schema("status"))
    assert document["checks"] == json.loads((proofed.out / "run.json").read_text())["checks"]
    assert (document["unmeasured"], document["troubles"], document["missing"]) == (0, [], 0)
    shown = json.loads(proofed.run("show", "hero/AUR-02/de", "--json").stdout)["jobs"]
    assert [cell["address"] for cell in shown[0]["cells"]] == ["hero/AUR-02/de"]
    assert "Licht für lange Abende" in shown[0]["inputs"]["prompt"]
    by_id = json.loads(proofed.run("show", shown[0]["job_id"][:10], "--json").stdout)["jobs"]
    assert by_id == shown
    assert "hero/AUR-99/de" in proofed.run("show", "hero/AUR-99/de", code=2).stderr


def test_a_proof_is_drawn_unless_plain_pictures_are_asked_for(seedpipe):
    (seedpipe.project / "campaign.yaml").write_text(
        "seedpipe: 1\nname: one\nmodel: bytedance/seedream-v4\n"
        'series: {only: {prompt: "A navy mug", input: {size: "1024*1024"}}}\n'
    )
    for place, switches in (("plain", "plain_pictures=true"), ("drawn", "")):
        seedpipe.environment["SEEDPIPE_SANDBOX"] = switches
        seedpipe.run("run", "campaign.yaml", "--state", f"{place}-state", "--out", place)
        (path,) = (seedpipe.project / place).rglob("*.jpg")
        with Image.open(path) as image:
            most = max(count for count, _ in image.getcolors(image.width * image.height))
            assert (most > 0.6 * image.width * image.height) == (place == "plain")


def test_a_switch_the_sandbox_does_not_have_is_refused_before_anything_runs(quickstart):
    quickstart.environment["SEEDPIPE_SANDBOX"] = "plain_picture=true"
    assert "no switch 'plain_picture=true'" in quickstart.run("run", "campaign.yaml", code=2).stderr


def test_a_plan_tells_jobs_money_and_what_is_done(proofed):
    plan = json.loads(proofed.run("plan", "campaign.yaml", "--proof", "--json").stdout)
    assert plan["total"] == {"cells": 9, "jobs": 9, "images": 36, "cost_usd": "0.972"}
    assert plan["new"]["jobs"] == 0
    assert plan["phases"]["done"]["jobs"] == 9
    live = json.loads(proofed.run("plan", "campaign.yaml", "--json").stdout)
    assert live["new"] == {"jobs": 9, "images": 36, "cost_usd": "0.972"}
    assert live["axes"]["market"]["us"]["cost_usd"] == "0.324"


def test_plans_are_equal_byte_for_byte(quickstart):
    first = quickstart.run("plan", "campaign.yaml", "--json").stdout
    assert quickstart.run("plan", "campaign.yaml", "--json").stdout == first


def test_an_edited_prompt_is_proofed_anew_and_the_rest_is_kept(proofed):
    campaign = proofed.project / "campaign.yaml"
    campaign.write_text(campaign.read_text().replace("close-up images", "macro images"))
    again = json.loads(proofed.run("run", "campaign.yaml", "--json").stdout)
    assert again["phases"]["done"]["jobs"] == 9
    shown = json.loads(proofed.run("show", "detail/AUR-01", "--json").stdout)["jobs"]
    assert "macro images" in shown[0]["inputs"]["prompt"]
