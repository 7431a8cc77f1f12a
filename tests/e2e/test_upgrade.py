"""An upgrade changes the catalogue: what was paid for stays what it was, wherever it is looked at."""

import json
import shutil
import subprocess

import jsonschema
import pytest

from seedpipe import schemas
from tests.cards import charges, count_charges
from tests.command_line import HANG_S

MODEL = """\
seedpipe: 1
model: bytedance/seedream-v4
as_of: 2026-11-20
origin: {origin}
price: {{unit_usd: 0.027}}
inputs:
  prompt: {{kind: text, required: true}}
  size: {{kind: size, min_side_px: 1024, max_side_px: {largest}, default: "1024*1024"}}
"""
CAMPAIGN = """\
seedpipe: 1
name: lamps
model: bytedance/seedream-v4
matrix:
  lamp: [{lamps}]
series:
  hero:
    input: {{size: "1:1"}}
    prompt: "A {{{{ lamp }}}} lamp in #E4572E{more}"
budget: {{usd: 5}}
"""
LOCK = "campaign.lock.jsonl"
BEFORE, AFTER = "1024*1024", "1408*1408"  # what 1:1 stands for with the one catalogue and with the other


@pytest.fixture
def lamps(clone):
    """A function that makes a clone of the campaign, with the lock of another clone."""

    def cloned(name, *, lock=None, **values):
        line = clone(name, lock=lock)
        (line.project / "models").mkdir()
        edit(line, **values)
        return line

    return cloned


def edit(line, *, lamps="red, blue", more=""):
    (line.project / "campaign.yaml").write_text(CAMPAIGN.format(lamps=lamps, more=more))


def upgrade(line, address, largest=4096):
    """Have the catalogue know the model so; with 1100 it draws the small square only."""
    (line.project / "models" / "v4.yaml").write_text(MODEL.format(origin=address, largest=largest))


def live(line, address, *flags, code=0):
    run = ("run", "campaign.yaml", "--live", "--base-url", address, "--yes", "--json", *flags)
    return json.loads(line.run(*run, code=code).stdout)


def plan(line, address, code=0):
    document = json.loads(
        line.run("plan", "campaign.yaml", "--base-url", address, "--json", code=code).stdout
    )
    jsonschema.validate(document, schemas.load("plan"))
    return document


def bought(line):
    return [charge.inputs["size"] for charge in charges(line)]


@pytest.fixture
def payer(lamps):
    """A clone that has paid for two lamps before the catalogue changed, and the service beside it."""
    line = lamps("here")
    with line.sandbox() as address:
        upgrade(line, address, largest=1100)
        live(line, address)
        assert bought(line) == [BEFORE, BEFORE]
        upgrade(line, address)
        yield line, address


def test_an_upgrade_changes_no_request_that_was_paid_for(payer, lamps):
    line, address = payer
    seen = plan(line, address)
    assert (seen["phases"]["done"]["jobs"], seen["changed"]["cells"]) == (2, 0)
    assert (seen["series"]["hero"]["sizes"], seen["series"]["hero"]["earlier_sizes"]) == (
        [BEFORE],
        {BEFORE: AFTER},
    )
    page = " ".join(line.run("plan", "campaign.yaml", "--base-url", address).stdout.split())
    assert f"hero stays with {BEFORE}, as before; today's would be {AFTER}" in page
    line.run("plan", "campaign.yaml", "--base-url", address, "--check")
    assert live(line, address)["phases"]["done"]["jobs"] == 2

    colleague = lamps("there", lock=line)
    upgrade(colleague, address)
    assert plan(colleague, address)["missing"]["jobs"] == 2
    fetched = live(colleague, address)
    assert (fetched["phases"]["done"]["jobs"], fetched["adopted"]) == (2, 2)
    assert count_charges(line) == 2
    assert (colleague.project / LOCK).read_bytes() == (line.project / LOCK).read_bytes()


def test_a_fresh_runner_with_an_upgrade_and_an_edit_fetches_what_it_keeps(payer, lamps):
    line, address = payer
    runner = lamps("runner", lock=line, more=", at night")
    upgrade(runner, address)
    seen = plan(runner, address)
    assert (seen["changed"]["cells"], seen["kept_missing"]["to_fetch"]) == (2, 2)
    assert live(runner, address)["kept_missing"] == 0
    assert len(list((runner.project / "out").rglob("*.jpg"))) == 2
    live(runner, address, "--redo", "changed")
    assert bought(line) == [BEFORE] * 4


def test_a_new_cell_has_the_look_of_its_series(payer, lamps):
    line, address = payer
    for clone in (line, lamps("there", lock=line)):
        upgrade(clone, address)
        edit(clone, lamps="red, blue, green" if clone is line else "red, blue, green, grey")
        live(clone, address)
    assert bought(line) == [BEFORE] * 4  # the second clone found the green one in the service's list


def test_a_failed_job_waits_for_its_word_after_an_upgrade(lamps):
    line = lamps("here", lamps="red, '[sandbox: fail 1200]'")
    with line.sandbox() as address:
        upgrade(line, address, largest=1100)
        live(line, address, code=1)
        paid = count_charges(line)
        upgrade(line, address)
        assert plan(line, address)["phases"]["failed"]["jobs"] == 1
        again = live(line, address, code=1)
        assert {phase: total["jobs"] for phase, total in again["phases"].items()} == {"done": 1, "failed": 1}
        assert count_charges(line) == paid
        live(line, address, "--redo", "failed", code=1)
        assert bought(line)[paid:] == [BEFORE]


def test_plans_say_which_size_it_is_wherever_they_are_told(payer):
    line, address = payer
    at = ("--base-url", address)
    said = " ".join(line.run("explain", "campaign.yaml", "hero/red", *at).stdout.split())
    assert f"{BEFORE} campaign.yaml:8:19" in said
    assert f"the size that was asked for before; today's would be {AFTER}" in said
    line.run("plan", "campaign.yaml", *at, "-o", "saved.plan")
    told = line.run("plan", "campaign.yaml", *at, "--against", "saved.plan").stdout
    assert "no cell has changed" in told
    line.run("run", "saved.plan", "--live", *at, "--yes")
    line.run("resume", "--live", "--yes", *at)
    assert count_charges(line) == 2


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_an_upgrade_is_no_change_of_the_campaign_since_a_commit(payer):
    line, address = payer
    me = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    for command in (("init", "-q"), ("add", "campaign.yaml", LOCK, "models"), (*me, "commit", "-qm", "paid")):
        subprocess.run(("git", *command), cwd=line.project, check=True, timeout=HANG_S)
    against = ("plan", "campaign.yaml", "--base-url", address, "--against", "HEAD")
    assert "no cell has changed" in line.run(*against).stdout
    edit(line, lamps="red, blue, green")
    told = " ".join(line.run(*against).stdout.split())
    assert "$0.054 (2 cells, 2 jobs) → $0.081 (3 cells, 3 jobs)" in told


def test_a_size_that_is_written_out_changes_and_a_proof_shows_today_s(payer):
    line, address = payer
    line.run("run", "campaign.yaml")
    shown = json.loads(line.run("plan", "campaign.yaml", "--proof", "--json").stdout)
    assert shown["series"]["hero"]["sizes"] == [AFTER]
    text = (line.project / "campaign.yaml").read_text()
    (line.project / "campaign.yaml").write_text(text.replace('"1:1"', AFTER))
    assert plan(line, address)["changed"]["cells"] == 2
    live(line, address, "--redo", "changed")
    assert bought(line) == [BEFORE, BEFORE, AFTER, AFTER]
    # Both are paid for now: the ratio stands for what it stands for today, and nothing is bought.
    edit(line, lamps="red, blue, green")
    live(line, address)
    assert bought(line)[4:] == [AFTER]
