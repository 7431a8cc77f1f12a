"""Plans that outlive their command: saved and carried out, or taken up again where the last run ended."""

import json

import jsonschema
import pytest

from seedpipe import schemas

CAMPAIGN = """\
seedpipe: 1
name: lamps
model: bytedance/seedream-v4
matrix: {{lamp: [{lamps}]}}
series:
  hero:
    input: {{size: 1024*1024}}
    prompt: "A {{{{ lamp }}}} lamp in #E4572E"
profiles:
  draft: {{series: {{hero: {{prompt: "A draft of a {{{{ lamp }}}} lamp in #E4572E"}}}}}}
"""


@pytest.fixture
def lamps(seedpipe):
    edit(seedpipe, "red, blue, green")
    return seedpipe


def edit(line, lamps):
    (line.project / "campaign.yaml").write_text(CAMPAIGN.format(lamps=lamps))


def jobs(line, *command, code=0):
    document = json.loads(line.run(*command, "--json", code=code).stdout)
    return {phase: total["jobs"] for phase, total in document["phases"].items()}


def test_a_saved_plan_is_carried_out_as_it_is(lamps):
    lamps.run("plan", "campaign.yaml", "-o", "plan.jsonl", "--select", "lamp=red,blue", "--profile", "draft")
    edit(lamps, "white")
    said = lamps.run("run", "plan.jsonl", "--json")
    document = json.loads(said.stdout)
    assert document["phases"]["done"]["jobs"] == 2
    assert document["variant"]["profile"] == "draft"
    assert "changed since the plan was saved: campaign.yaml" in said.stderr
    (lamps.project / "campaign.yaml").unlink()
    again = lamps.run("run", "plan.jsonl")
    assert "everything is done" in again.stdout
    assert "warning" not in again.stderr
    assert sorted(path.name for path in lamps.project.glob("out/lamps@draft-proof/hero/*")) == [
        "blue-1.jpg",
        "red-1.jpg",
    ]
    usage = lamps.run("run", "plan.jsonl", "--limit", "1", code=2)
    assert "a saved plan runs as it is" in usage.stderr


def test_progress_makes_no_plan_stale_and_its_jobs_are_those_of_the_campaign(lamps):
    lamps.run("plan", "campaign.yaml", "-o", "plan.jsonl")
    lamps.run("run", "campaign.yaml")
    assert "everything is done" in lamps.run("run", "plan.jsonl").stdout


def test_an_edited_plan_is_refused_and_leaves_nothing_behind(lamps):
    lamps.run("plan", "campaign.yaml", "-o", "plan.jsonl")
    plan = lamps.project / "plan.jsonl"
    plan.write_text(plan.read_text().replace('"A red lamp', '"A big lamp'))
    assert "was cut off or edited" in lamps.run("run", "plan.jsonl", code=2).stderr
    assert not (lamps.project / ".seedpipe" / "proof").exists()


def test_resume_goes_on_with_the_last_run_s_plan(lamps):
    lamps.run("run", "campaign.yaml", "--select", "lamp=red,blue", "--profile", "draft")
    edit(lamps, "white")
    for file in lamps.project.glob("out/lamps@draft-proof/hero/*"):
        file.unlink()
    assert jobs(lamps, "resume") == {"done": 2}
    assert len(list(lamps.project.glob("out/lamps@draft-proof/hero/*"))) == 2
    assert "there was no live run here yet" in lamps.run("resume", "--live", code=2).stderr


def test_a_sample_is_proofed_as_a_plan_of_its_own_and_saves_nothing_from_the_whole(lamps):
    edit(lamps, "red, blue, green], market: [us, de")
    assert jobs(lamps, "run", "campaign.yaml", "--sample", "3") == {"done": 3}
    assert jobs(lamps, "run", "campaign.yaml") == {"done": 3}  # the prompt names no market: cells share jobs
    assert "use --sample 3" in lamps.run("run", "campaign.yaml", "--sample", "2", code=2).stderr


def test_canaries_are_a_cell_of_each_key_and_a_plan_of_their_own(lamps):
    campaign = CAMPAIGN.replace("{{{{ lamp }}}} lamp in", "{{{{ lamp }}}} lamp for {{{{ market }}}} in")
    text = campaign.format(lamps="red, blue], market: [us, de, jp")
    text = text.replace("profiles:", "  logo: {over: [], prompt: A logo}\nprofiles:")
    (lamps.project / "campaign.yaml").write_text(text)
    said = json.loads(lamps.run("plan", "campaign.yaml", "--canary", "market", "--json").stdout)
    assert (said["to_buy"]["jobs"], said["to_buy"]["cost_usd"]) == (3, "0.081")
    assert said["series"]["logo"]["jobs"] == 0
    assert said["series"]["logo"]["phases"] == {}
    assert jobs(lamps, "run", "campaign.yaml", "--canary", "market", "--select", "lamp=blue") == {"done": 3}
    made = sorted(path.stem for path in lamps.project.glob("out/*/hero/*"))
    assert made == ["blue-de-1", "blue-jp-1", "blue-us-1"]
    for asked, told in (
        (["--canary", "markt"], "did you mean 'market'?"),
        (["--canary", "market", "--sample", "6"], "use one of them"),
    ):
        assert told in lamps.run("run", "campaign.yaml", *asked, code=2).stderr


def test_what_is_kept_and_why_can_be_asked(lamps):
    said = json.loads(lamps.run("explain", "campaign.yaml", "hero/red", "--json").stdout)["cells"]
    assert [cell["why"] for cell in said] == ["new: a run buys it for $0.027"]
    lamps.run("run", "campaign.yaml")
    document = json.loads(lamps.run("explain", "campaign.yaml", "hero/red", "--proof", "--json").stdout)
    jsonschema.validate(document, schemas.load("explanation"))
    said = document["cells"]
    assert said[0]["why"] == "done: nothing to do"
    assert {
        "name": "lamp",
        "value": "red",
        "where": "campaign.yaml:4:17, axis",
        "place": {"file": "campaign.yaml", "line": 4, "column": 17},
        "layer": "axis",
    } in said[0]["origins"]
    assert "no cell, job or path 'hero/rd'" in lamps.run("explain", "campaign.yaml", "hero/rd", code=2).stderr


def test_a_plan_says_where_it_was_saved_and_what_runs_it(lamps):
    said = lamps.run("plan", "campaign.yaml", "-o", "the plan.jsonl").stderr
    assert "saved to the plan.jsonl; nothing was sent or charged" in said
    assert "seedpipe run 'the plan.jsonl' --live" in said
    assert "run campaign.yaml" not in said
    said = lamps.run("run", "the plan.jsonl").stderr
    assert "seedpipe run 'the plan.jsonl' --live" in said
    against = lamps.run("plan", "campaign.yaml", "--against", "the plan.jsonl", "-o", "again.jsonl").stderr
    assert "saved to again.jsonl; nothing was sent or charged" in against


@pytest.mark.parametrize("command", [["plan"], ["validate"], ["keep", "--all"], ["review"], ["publish"]])
def test_a_command_that_takes_a_campaign_knows_a_saved_plan(lamps, command):
    lamps.run("plan", "campaign.yaml", "-o", "plan.jsonl")
    name, *options = command
    said = lamps.run(name, "plan.jsonl", *options, code=2).stderr
    assert "plan.jsonl is a saved plan, not a campaign" in said
    assert "run it with `seedpipe run plan.jsonl`" in said
    assert "yaml-syntax" not in said


def test_what_is_next_names_the_campaign_though_the_command_did_not(lamps):
    lamps.run("run", "campaign.yaml", "--profile", "draft", "--select", "lamp=red")
    said = lamps.run("resume").stderr
    assert "seedpipe run campaign.yaml --profile draft --select lamp=red --live" in said
