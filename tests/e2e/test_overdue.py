"""Paid tasks of an earlier plan that the service is still at: never 0, and told by name."""

import json
import subprocess
import sys

import jsonschema
import pytest

from seedpipe import schemas
from tests.command_line import HANG_S

CAMPAIGN = """\
seedpipe: 1
name: lamps
model: bytedance/seedream-v4
matrix: {{lamp: [{lamps}]}}
series:
  hero:
    input: {{size: 1024*1024}}
    prompt: "{prompt}"
budget: {{usd: 5}}
"""
SLOW = "A lamp called {{ lamp }} [sandbox: slow 90]"
QUICK = "A lamp called {{ lamp }} on a table"
# A job is asked about for half an hour; here for a second.
IMPATIENT = """
import sys
from dataclasses import replace
import seedpipe.session as session
pace_for = session.pace_for
session.pace_for = lambda settings, origin: replace(pace_for(settings, origin), job_deadline_s=1.0)
from seedpipe.cli.main import main
main()
"""


@pytest.fixture
def overdue(seedpipe):
    """Run a campaign as it is given with a short deadline; two slow lamps are paid before."""
    seedpipe.environment["WAVESPEED_API_KEY"] = "k"
    with seedpipe.sandbox() as address:

        def play(lamps, prompt, *more):
            text = CAMPAIGN.format(lamps=lamps, prompt=prompt)
            (seedpipe.project / "campaign.yaml").write_text(text)
            live = ("run", "campaign.yaml", "--live", "--base-url", address, "--yes", *more)
            return subprocess.run(
                [sys.executable, "-c", IMPATIENT, *live],
                cwd=seedpipe.project,
                env=seedpipe.environment,
                capture_output=True,
                stdin=subprocess.DEVNULL,
                text=True,
                timeout=HANG_S,
                check=False,
            )

        first = play("a, b", SLOW)
        assert first.returncode == 3
        assert "paid, at the service  hero/a" in first.stdout
        again = f"seedpipe run campaign.yaml --base-url {address} --live\n"
        assert again in first.stderr
        yield play


def test_what_the_plan_has_dropped_is_named_and_the_run_has_not_ended(overdue, seedpipe):
    run = overdue("c", QUICK)
    assert run.returncode == 3, run.stderr
    assert "1 of 1 job done" in run.stdout
    assert "2 jobs of earlier plans, still to fetch: hero/" in run.stdout
    manifest = json.loads((seedpipe.project / "out" / out_folder(seedpipe) / "run.json").read_text())
    jsonschema.validate(manifest, schemas.load("run"))
    assert sorted(job["cell"] for job in manifest["elsewhere"]) == ["hero/a", "hero/b"]
    assert {(job["phase"], job["cost_usd"]) for job in manifest["elsewhere"]} == {("accepted", "0.027")}
    status = seedpipe.run("status")
    assert "exit code 3" in status.stdout
    assert "2 jobs of earlier plans, still to fetch: hero/" in status.stdout
    said = json.loads(seedpipe.run("status", "--json").stdout)
    jsonschema.validate(said, schemas.load("status"))
    assert said["elsewhere"] == manifest["elsewhere"]


def test_cells_do_not_keep_pictures_that_are_not_here(overdue, seedpipe):
    run = overdue("a, b", QUICK)
    assert run.returncode == 3, run.stderr
    assert "nothing to do" not in run.stdout
    assert "2 jobs of earlier plans, still to fetch: hero/" in run.stdout
    assert not list(seedpipe.project.glob("out/*/hero/*"))


def out_folder(seedpipe):
    (folder,) = (path.name for path in (seedpipe.project / "out").iterdir())
    return folder
