"""Models and prices over loopback: sync, the gate before a live run, drift, and what is left."""

import json
import shutil

import pytest

from tests.command_line import REPOSITORY, CommandLine

PAINTER = (REPOSITORY / "tests/cases/valid/project-model/models/painter.yaml").read_text()
CAMPAIGN = """
seedpipe: 1
name: one
model: MODEL
series:
  hero: {prompt: A lamp, input: {size: 1024*1024}}
budget: {usd: 1}
"""


@pytest.fixture
def there(tmp_path, environment):
    """A project whose sandbox serves a model that nobody else knows."""
    project = tmp_path / "there"
    (project / ".seedpipe").mkdir(parents=True)
    (project / "models").mkdir()
    (project / "models" / "painter.yaml").write_text(PAINTER)
    return CommandLine(project, environment)


@pytest.fixture
def here(seedpipe):
    """A project with one job of a model that it has to learn of first."""
    seedpipe.environment["WAVESPEED_API_KEY"] = "k"
    (seedpipe.project / "campaign.yaml").write_text(CAMPAIGN.replace("MODEL", "acme/painter"))
    return seedpipe


def test_a_model_is_learnt_proofed_and_run(here, there):
    unknown = here.run("validate", "campaign.yaml", code=2)
    assert "unknown model 'acme/painter'" in unknown.stdout + unknown.stderr
    assert "'seedpipe models sync acme/painter' asks the service for it" in unknown.stdout + unknown.stderr
    with there.sandbox() as address:
        service = ("--base-url", address)
        told = here.run("models", "sync", "acme/painter", *service).stdout
        assert "acme/painter → models/acme-painter.yaml" in told
        file = here.project / "models" / "acme-painter.yaml"
        first = file.read_text()
        assert 'usd: {"low": 0.05, "high": 0.1}' in first
        again = here.run("models", "sync", *service, "--json").stdout
        assert not any(line["changes"] or line["fault"] for line in json.loads(again)["models"])
        assert file.read_text() == first
        assert [path.name for path in file.parent.iterdir()] == ["acme-painter.yaml"]
        listed = json.loads(here.run("models", "--json").stdout)["models"]
        assert next(one["unit_usd"] for one in listed if one["model"] == "acme/painter") == "0.05"
        run = here.run("run", "campaign.yaml", "--live", "--yes", *service)
        assert "1 image" in run.stdout
    assert here.run("run", "campaign.yaml").returncode == 0  # the sandbox of a proof knows it too


def test_a_price_of_the_project_is_not_paid_before_the_service_has_named_it(here):
    shutil.copytree(REPOSITORY / "tests/cases/valid/project-model/models", here.project / "models")
    live = ("run", "campaign.yaml", "--live", "--yes", "--base-url")
    with here.sandbox("--switch", "account_is_silent=true") as address:
        refused = here.run(*live, address, code=2).stderr
    assert "the service did not name the price of acme/painter" in refused
    assert "nothing was sent" in refused
    with here.sandbox("--switch", "price_percent=120") as address:
        assert "costs $0.06, planned at $0.05" in here.run(*live, address, code=2).stderr


def test_what_differs_is_shown_and_not_written_with_check(here):
    with here.sandbox("--switch", "price_percent=200") as address:
        told = here.run("models", "sync", "bytedance/seedream-v4", "--check", "--base-url", address, code=1)
    assert "price: $0.027 → $0.054" in told.stdout
    assert not (here.project / "models").exists()


def test_drift_is_shown_for_each_price_of_a_plan(here):
    (here.project / "campaign.yaml").write_text(CAMPAIGN.replace("MODEL", "bytedance/seedream-v4"))
    with here.sandbox("--switch", "price_percent=200") as address:
        plan = ("plan", "campaign.yaml", "--live-prices", "--base-url", address)
        assert "$0.027 more than pinned" in here.run(*plan).stdout
        told = json.loads(here.run(*plan, "--json").stdout)["live_prices"]
        assert here.run("balance", "--base-url", address).stdout.startswith("$1,000.00 left")
    assert told["drift_usd"] == "0.027"
    assert told["prices"] == [
        {
            "model": "bytedance/seedream-v4",
            "terms": {},
            "jobs": 1,
            "pinned_usd": "0.027",
            "live_usd": "0.054",
        }
    ]


def test_sizes_are_those_the_model_accepts(seedpipe):
    recommended = seedpipe.run("sizes", "bytedance/seedream-v4").stdout
    assert "1920*1088" in recommended
    assert "320*320" not in recommended
    assert json.loads(seedpipe.run("sizes", "bytedance/seedream-v4.5", "--json").stdout)["sizes"]
    mistyped = seedpipe.run("sizes", "bytedance/seedream-v4.6", code=2).stderr
    assert "did you mean 'bytedance/seedream-v4.5'?" in mistyped
