"""Buying again: by the user's word, by the campaign's policy, and never silently."""

import json
import shutil

import pytest

from tests.cards import count_charges
from tests.command_line import CommandLine

CAMPAIGN = """\
seedpipe: 1
name: again
model: bytedance/seedream-v4/sequential
matrix:
  card: [{cards}]
series:
  hero:
    input: {{size: 1024*1024, max_images: 3}}
    prompt: "Generate a series of {{{{ max_images }}}} cards in #E4572E {{{{ card }}}}"
budget: {{usd: {usd}}}
policy: {{{policy}}}
"""
SHORT, MODERATED, DOWN = "'[sandbox: short 1]'", "'[sandbox: fail 1200]'", "'[sandbox: fail 5003]'"


@pytest.fixture
def again(seedpipe):
    """The command line with a campaign of a few cards, some of which go wrong."""

    def write(*cards, policy="", usd="10"):
        text = CAMPAIGN.format(cards=", ".join(cards), policy=policy, usd=usd)
        (seedpipe.project / "campaign.yaml").write_text(text)
        return seedpipe

    seedpipe.environment["WAVESPEED_API_KEY"] = "k"
    return write


def run(project, *flags, code=0):
    return json.loads(project.run("run", "campaign.yaml", "--json", *flags, code=code).stdout)


def jobs(document):
    return {phase: total["jobs"] for phase, total in document["phases"].items()}


def test_a_redo_buys_what_it_names(again):
    project = again("plain", SHORT, MODERATED)
    assert jobs(run(project, code=1)) == {"done": 1, "done_short": 1, "failed": 1}
    assert jobs(run(project, code=1)) == {"done": 1, "done_short": 1, "failed": 1}
    assert count_charges(project, "proof/sandbox") == 3
    assert "--redo failed,short" in project.run("run", "campaign.yaml", code=1).stderr
    run(project, "--redo", "failed", code=1)
    assert count_charges(project, "proof/sandbox") == 4
    run(project, "--redo", "short,failed", code=1)
    assert count_charges(project, "proof/sandbox") == 6
    shown = json.loads(project.run("show", "hero/plain", "--json").stdout)["jobs"][0]
    assert len(shown["attempts"]) == 1


def test_the_bill_of_a_run_and_of_its_plan_are_told_apart(again):
    project = again("plain", SHORT)
    project.reports = True
    first = run(project, code=1)
    assert first["billed"] == first["run"]["billed"] == {"jobs": 2, "images": 6, "cost_usd": "0.162"}
    said = project.run("run", "campaign.yaml", "--redo", "short", code=1).stdout
    assert "live, this run would have cost $0.081 and the plan $0.243 so far" in said
    document = json.loads((project.project / "out/again-proof/run.json").read_text())
    assert document["run"]["billed"] == {"jobs": 1, "images": 3, "cost_usd": "0.081"}
    assert document["billed"] == {"jobs": 2, "images": 9, "cost_usd": "0.243"}
    summary = (project.project / "out/again-proof/summary.md").read_text()
    assert "planned for $0.162 · $0.081 billed in this run, $0.243 for this plan so far" in summary
    assert "live, this run would have cost $0.081" in project.run("status").stdout
    spent = json.loads(project.run("spend", "--proof", "--json").stdout)["total"]
    assert (spent["images"], spent["spent_usd"]) == (9, "0.243")


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("fail", "did you mean 'failed'?"),
        ("", "it takes changed, failed, short, missing, rejected"),
        ("failed,,", ""),
    ],
)
def test_a_redo_that_names_nothing_known_is_an_error(again, words, hint):
    project = again("plain")
    said = project.run("run", "campaign.yaml", "--redo", words, code=2).stderr
    assert "--redo does not know" in said
    assert hint in said


@pytest.mark.parametrize(
    ("policy", "cards", "code", "phases", "paid"),
    [
        ("short_sets: fail", [SHORT], 1, {"done_short": 1}, 1),
        ("short_sets: accept", [SHORT], 0, {"done_short": 1}, 1),
        ("short_sets: retry", [SHORT], 1, {"done_short": 1}, 2),
        ("service_retries: 2", [DOWN], 1, {"failed": 1}, 3),
        ("service_retries: 0", [DOWN], 1, {"failed": 1}, 1),
        ("service_retries: 5", [MODERATED], 1, {"failed": 1}, 1),
    ],
)
def test_the_policy_decides_what_is_tried_again(again, policy, cards, code, phases, paid):
    project = again(*cards, policy=policy)
    assert jobs(run(project, code=code)) == phases
    assert count_charges(project, "proof/sandbox") == paid
    assert jobs(run(project, code=code)) == phases
    assert count_charges(project, "proof/sandbox") == paid
    shown = project.run("status").stdout
    assert ("hero/" in shown) == (code == 1)


def test_accepted_short_sets_are_done(again):
    project = again("plain", SHORT, policy="short_sets: accept")
    assert "2 of 2 jobs done" in project.run("run", "campaign.yaml").stdout
    assert "everything is done" in project.run("run", "campaign.yaml").stdout


def test_a_redo_off_a_terminal_needs_consent_and_a_run_that_only_fetches_buys_nothing(again):
    project = again(MODERATED)
    with project.sandbox() as address:
        live = ("run", "campaign.yaml", "--live", "--base-url", address)
        project.run(*live, "--yes", code=1)
        asked = project.run(*live, "--redo", "failed", code=2).stderr
        assert "would submit 1 job again (failed, $0.081) for $0.081" in asked
        assert count_charges(project) == 1
        project.run(*live, code=1)
        assert count_charges(project) == 1
        project.run(*live, "--redo", "failed", "--yes", code=1)
        assert count_charges(project) == 2


def test_fail_fast_leaves_the_rest_unsubmitted(again):
    project = again(MODERATED, *(f"card{number}" for number in range(30)))
    stopped = run(project, "--fail-fast", "-j", "1", code=3)
    assert stopped["run"]["stop"] == "failed_job"
    assert stopped["phases"]["planned"]["jobs"] >= 29
    finished = run(project, "--keep-going", code=1)
    assert jobs(finished) == {"done": 30, "failed": 1}


def test_images_that_are_gone_are_missing_and_come_back_unpaid(again):
    project = again("one", "two")
    run(project)
    objects = project.project / ".seedpipe" / "proof" / "objects"
    out = project.project / "out" / "again-proof"
    for path in objects.iterdir():
        path.unlink()
    shown = json.loads(project.run("plan", "campaign.yaml", "--proof", "--json").stdout)
    assert shown["missing"]["jobs"] == 0  # the published files are the same bytes
    next(out.rglob("*.jpg")).unlink()
    shown = json.loads(project.run("plan", "campaign.yaml", "--proof", "--json").stdout)
    assert (shown["missing"]["jobs"], shown["phases"]["done"]["jobs"]) == (1, 1)
    assert json.loads(project.run("status", "--json").stdout)["missing"] == 1
    assert "missing" in project.run("status").stdout
    assert jobs(run(project)) == {"done": 2}
    assert len(list(out.rglob("*.jpg"))) == len(list(objects.iterdir())) == 6
    assert count_charges(project, "proof/sandbox") == 2


def test_what_people_reject_is_bought_again(again):
    project = again("one", "two")
    by = ("--by", "Mara")
    with project.sandbox() as address:
        project.environment["SEEDPIPE_BASE_URL"] = address
        live = ("run", "campaign.yaml", "--live")
        project.run(*live, "--yes")
        project.run("approve", "campaign.yaml", "hero/one", *by)
        project.run("reject", "campaign.yaml", "hero/two", "--image", "3", *by)
        planned = json.loads(project.run("plan", "campaign.yaml", "--json").stdout)
        assert planned["rejected"] == {"jobs": 1, "images": 3, "cost_usd": "0.081"}
        assert planned["to_buy"]["jobs"] == 0
        assert "--redo rejected buys them again" in project.run("plan", "campaign.yaml").stdout
        assert "rejected: `--redo rejected`" in project.run("explain", "campaign.yaml", "hero/two").stdout
        asked = project.run(*live, "--redo", "rejected", code=2).stderr
        assert "would submit 1 job again (rejected, $0.081) for $0.081" in asked
        assert count_charges(project) == 2
        # Somewhere else its pictures are fetched first, and then bought again: the word was about these.
        elsewhere = again_in(project, "elsewhere")
        elsewhere.run(*live, "--redo", "rejected", "--yes", "--budget", "0.09")
        assert count_charges(project) == 3
        shown = json.loads(elsewhere.run("show", "hero/two", "--json").stdout)["jobs"][0]
        assert [attempt["phase"] for attempt in shown["attempts"]] == ["done", "done"]
        # The sandbox draws equal requests alike, so what came is the very picture that was rejected.
        reviewed = json.loads(elsewhere.run("review", "campaign.yaml", "--json").stdout)
        assert [cell["state"] for cell in reviewed["cells"]] == ["approved", "rejected"]
        elsewhere.run("reject", "campaign.yaml", "hero/two", "--undo", *by)
        elsewhere.run(*live, "--redo", "rejected")
        assert count_charges(project) == 3


def again_in(project, name):
    """A clone of a project: its campaign, its lock, its decisions."""
    clone = project.project.parent / name
    clone.mkdir()
    for file in project.project.glob("campaign.*"):
        shutil.copy(file, clone)
    return CommandLine(clone, project.environment)


def test_what_was_tried_as_often_as_may_be_is_not_offered_nor_counted_again(again):
    project = again(SHORT, policy="max_takes: 1")
    first = project.run("run", "campaign.yaml", code=1)
    assert "--redo" not in first.stderr
    assert "continues" not in first.stderr
    refused = project.run("run", "campaign.yaml", "--redo", "short", code=1)
    assert "nothing to submit" in refused.stderr
    assert "not bought again: it would be attempt 2, and policy.max_takes is 1" in refused.stderr
    assert "not bought again: tried 1" in project.run("plan", "campaign.yaml", "--proof").stdout
    assert count_charges(project, "proof/sandbox") == 1


def test_what_is_to_be_typed_again_is_told_whole(again):
    project = again("one", "two", "three", usd="0.2")
    with project.sandbox() as address:
        live = ("campaign.yaml", "--base-url", address, "--live", "--partial")
        planned = project.run("plan", *live[:3], "--limit", "1").stderr
        assert f"seedpipe run campaign.yaml --limit 1 --base-url {address} --live" in planned
        stopped = project.run("run", *live, "--yes", code=3)
        assert f"seedpipe run {' '.join(live)}" in stopped.stderr
        assert "seedpipe review campaign.yaml --live" in stopped.stderr
        stopped = project.run("resume", "--base-url", address, "--partial", "--yes", code=3)
        assert f"seedpipe resume --base-url {address} --partial" in stopped.stderr
