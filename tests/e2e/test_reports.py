"""Reports can be left out, removed and made again; a CI is told in its own words."""

import json
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree as ET

CAMPAIGN = """
seedpipe: 1
name: small
model: bytedance/seedream-v4
matrix: {market: [us, de]}
series:
  hero:
    over: [market]
    input: {size: "1024*1024"}
    prompt: "A lamp for {{ market }}"
    output: "{{ market }}/{{ image }}"
budget: {usd: 5}
"""
NAMES = {"run.json", "jobs.jsonl", "summary.md", "junit.xml", "gallery.html"}


def test_reports_are_left_out_and_made_later_from_plan_ledger_and_bytes(seedpipe, tmp_path):
    seedpipe.environment |= {"SEEDPIPE_SANDBOX": "plain_pictures=true", "GITHUB_ACTIONS": "true"}
    seedpipe.environment["GITHUB_STEP_SUMMARY"] = str(tmp_path / "step.md")
    (seedpipe.project / "campaign.yaml").write_text(CAMPAIGN)
    out = seedpipe.project / "out" / "small-proof"
    run = seedpipe.run("run", "campaign.yaml", "--no-report")
    assert "gallery" not in run.stdout
    assert not NAMES & {path.name for path in out.iterdir()}
    told = json.loads(seedpipe.run("report", "--json").stdout)
    assert set(told["files"]) == NAMES == {path.name for path in out.iterdir() if path.is_file()}
    assert ET.parse(out / "junit.xml").getroot().get("tests") == "2"
    assert (tmp_path / "step.md").read_text() == (out / "summary.md").read_text()
    page = (out / "gallery.html").read_text()
    assert "data:" in page
    assert "./us/1." in page
    linked = len(page)
    seedpipe.run("report", "--embed-full")
    assert len((out / "gallery.html").read_text()) > linked


def test_a_failed_job_is_annotated(seedpipe):
    seedpipe.reports = True
    seedpipe.environment |= {"SEEDPIPE_SANDBOX": "plain_pictures=true", "GITHUB_ACTIONS": "true"}
    (seedpipe.project / "campaign.yaml").write_text(CAMPAIGN.replace("A lamp", "A lamp [sandbox: fail 1200]"))
    run = seedpipe.run("run", "campaign.yaml", code=1)
    assert "::error title=hero/us::failed" in run.stderr
    assert "::error" not in run.stdout


def test_reports_that_are_written_at_a_time_are_all_whole(seedpipe):
    seedpipe.environment["SEEDPIPE_SANDBOX"] = "plain_pictures=true"
    (seedpipe.project / "campaign.yaml").write_text(CAMPAIGN)
    seedpipe.run("run", "campaign.yaml", "--no-report")
    with ThreadPoolExecutor(4) as at_a_time:
        list(at_a_time.map(lambda _: seedpipe.run("report"), range(4)))
    out = seedpipe.project / "out" / "small-proof"
    json.loads((out / "run.json").read_text())
    assert {path.name for path in out.iterdir() if path.is_file()} == NAMES
