"""The first five minutes: a project that runs as it is, schemas for the editor, a hook before the commit."""

import json
import re
import shlex

import pytest
import yaml

from seedpipe import schemas
from tests.command_line import QUICKSTART, REPOSITORY

UNION = "*.decisions.jsonl merge=union\n*.lock.jsonl merge=union\n"


def test_a_new_project_validates_plans_and_runs_as_it_is(seedpipe):
    seedpipe.reports = True
    seedpipe.run("init")
    assert "valid, 4 cells, 4 jobs" in seedpipe.run("validate", "campaign.yaml").stdout
    assert "$5.00: OK" in seedpipe.run("plan", "campaign.yaml").stdout
    assert "done 1 job" in seedpipe.run("run", "campaign.yaml", "--limit", "1").stdout
    assert (seedpipe.project / "out" / "first-proof" / "gallery.html").exists()
    lines = (seedpipe.project / ".gitattributes").read_text().splitlines()
    assert "*.lock.jsonl merge=union" in lines
    for name in ("campaign", "brand"):
        assert json.loads((seedpipe.project / f"schemas/{name}.schema.json").read_text()) == schemas.load(
            name
        )


def test_the_workflow_of_a_new_project_says_commands_that_work(seedpipe):
    seedpipe.run("init")
    workflow = yaml.safe_load((seedpipe.project / ".github/workflows/campaign.yml").read_text())
    steps = [step["run"] for step in workflow["jobs"]["proof"]["steps"] if "run" in step]
    assert steps[0].startswith("pip install seedpipe==")
    for step in steps[1:]:
        seedpipe.run(*shlex.split(step)[1:])


def test_the_formats_of_a_new_project_are_there_to_be_used(seedpipe):
    seedpipe.run("init")
    campaign = seedpipe.project / "campaign.yaml"
    before, _, after = campaign.read_text().partition("# publish:")
    block, _, rest = after.partition("\n\n")
    published = f"publish:{block}".replace("\n# ", "\n")
    campaign.write_text(f"{before}{published}\n\n{rest}")
    assert "valid, 4 cells" in seedpipe.run("validate", "campaign.yaml", "--strict").stdout
    assert "feed" in published


def test_nothing_is_overwritten(seedpipe):
    (seedpipe.project / "brands").mkdir()
    (seedpipe.project / "brands" / "brand.yaml").write_text("name: Mine\n")
    assert "brand.yaml already exists" in seedpipe.run("init", code=2).stderr
    assert [path.name for path in seedpipe.project.iterdir() if path.name != ".seedpipe"] == ["brands"]
    assert (seedpipe.project / "brands" / "brand.yaml").read_text() == "name: Mine\n"


def test_what_every_project_has_gets_the_lines_that_it_lacks(seedpipe):
    (seedpipe.project / ".gitignore").write_text("node_modules/\nout/")
    (seedpipe.project / ".gitattributes").write_text(UNION)
    told = json.loads(seedpipe.run("init", "--json").stdout)
    assert (seedpipe.project / ".gitignore").read_text() == "node_modules/\nout/\n.seedpipe/\n"
    assert ".gitattributes" not in told["written"]


def test_a_folder_can_be_named(seedpipe):
    told = seedpipe.run("init", "deep/autumn")
    assert "cd deep/autumn" in told.stderr
    assert "valid" in seedpipe.run("validate", "deep/autumn/campaign.yaml").stdout


def test_schemas_are_printed_as_they_are_published(seedpipe):
    for name in schemas.names():
        assert seedpipe.run("schema", name).stdout == (REPOSITORY / f"schemas/{name}.schema.json").read_text()
    assert "did you mean 'brand'?" in seedpipe.run("schema", "brnd", code=2).stderr
    assert set(json.loads(seedpipe.run("schema", "--json").stdout)["schemas"]) == set(schemas.names())


@pytest.fixture
def hook():
    (found,) = yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text())
    return found


def test_the_hook_takes_staged_campaigns(quickstart, hook):
    assert hook["id"] == "seedpipe-validate"
    name, *command = shlex.split(hook["entry"])
    assert name == "seedpipe"
    quickstart.run(*command, "campaign.yaml", str(QUICKSTART / "campaign.yaml"))
    campaign = quickstart.project / "campaign.yaml"
    campaign.write_text(campaign.read_text().replace("series:", "serie:"))
    quickstart.run(*command, "campaign.yaml", str(QUICKSTART / "campaign.yaml"), code=2)


@pytest.mark.parametrize(
    ("path", "taken"),
    [
        ("campaign.yaml", True),
        ("a/autumn.campaign.yml", True),
        ("a/base.campaign.yaml", False),
        ("brands/aurora.yaml", False),
        ("a/mycampaign.yaml", False),
    ],
)
def test_the_hook_is_for_campaigns_only(hook, path, taken):
    assert bool(re.search(hook["files"], path) and not re.search(hook["exclude"], path)) is taken


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands_and_models(seedpipe, shell):
    seedpipe.environment |= {
        "_SEEDPIPE_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": "seedpipe sizes bytedance/seedream-v5.0-f",
        "COMP_CWORD": "bytedance/seedream-v5.0-f" if shell == "fish" else "2",
    }
    assert "bytedance/seedream-v5.0-flash" in seedpipe.run().stdout
