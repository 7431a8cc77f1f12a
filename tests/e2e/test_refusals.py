"""What must not happen: paying without consent, passing a budget, mixing worlds, a traceback."""

import json

import pytest

LIVE = ("run", "campaign.yaml", "--live")


def test_a_live_run_needs_the_key(quickstart):
    assert "WAVESPEED_API_KEY is not set" in quickstart.run(*LIVE, code=2).stderr


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ((), "--yes --budget 0.98"),
        (("--yes", "--budget", ""), "--budget is ''"),
        (("--yes", "--budget", "ten"), "--budget is 'ten'"),
        (("--yes", "--budget", "-1"), "--budget is '-1'"),
        (("--yes", "--budget", "NaN"), "--budget is 'NaN'"),
        (("--base-url", "http://example.com"), "unencrypted"),
        (("--base-url", "https://user:pass@example.com"), "more than scheme, host and port"),
        (("--base-url", "ftp://example.com"), "not an http(s) address"),
        (("--base-url", ""), "not an http(s) address"),
        (("--yess",), "No such option"),
        (("-j", "0"), "--concurrency is 0"),
    ],
)
def test_a_live_run_without_clear_consent_sends_nothing(quickstart, flags, words):
    quickstart.environment["WAVESPEED_API_KEY"] = "k-never-used"
    result = quickstart.run(*LIVE, *flags, code=2)
    assert words in result.stderr
    assert "k-never-used" not in result.stderr + result.stdout


def test_yes_without_any_budget_is_refused(quickstart):
    campaign = quickstart.project / "campaign.yaml"
    campaign.write_text(campaign.read_text().replace("  usd: 5\n", ""))
    quickstart.environment["WAVESPEED_API_KEY"] = "k"
    assert "needs a budget" in quickstart.run(*LIVE, "--yes", code=2).stderr


def test_another_origin_belongs_to_live_runs_only(quickstart):
    assert (
        "--base-url needs --live"
        in quickstart.run("run", "campaign.yaml", "--base-url", "https://example.com", code=2).stderr
    )
    quickstart.environment["SEEDPIPE_BASE_URL"] = "https://example.com"
    quickstart.run("run", "campaign.yaml")


def test_a_plan_over_its_budget_is_refused_before_anything_is_sent(quickstart):
    campaign = quickstart.project / "campaign.yaml"
    campaign.write_text(campaign.read_text().replace("usd: 5\n", "usd: 0.5\n"))
    result = quickstart.run("run", "campaign.yaml", code=2)
    assert "campaign.yaml:" in result.stderr
    assert "$0.972" in result.stderr
    assert not (quickstart.project / "out").exists()


def test_a_purse_stops_before_it_is_passed(quickstart):
    with quickstart.sandbox() as address:
        quickstart.environment["WAVESPEED_API_KEY"] = "k"
        live = (*LIVE, "--base-url", address, "--json")
        stopped = json.loads(quickstart.run(*live, "--yes", "--budget", "0.50", code=3).stdout)
        assert stopped["run"]["stop"] == "purse"
        assert stopped["billed"] == {"jobs": 4, "images": 16, "cost_usd": "0.432"}
        finished = json.loads(quickstart.run(*live, "--yes", "--budget", "0.55").stdout)
        assert finished["billed"] == {"jobs": 9, "images": 36, "cost_usd": "0.972"}
        assert (quickstart.project / "out").is_dir()


def test_mistakes_come_all_at_once_with_their_places(seedpipe):
    (seedpipe.project / "campaign.yaml").write_text(
        "seedpipe: 1\nname: broken\nmodel: bytedance/seedream-v4\n"
        "series:\n  hero:\n    promt: hello\n    prompt: 'a {{ colour }}'\n    input: {size: 10*10}\n"
    )
    result = seedpipe.run("validate", "campaign.yaml", code=2)
    for place in ("campaign.yaml:6:5", "campaign.yaml:7:", "campaign.yaml:8:"):
        assert place in result.stderr
    assert "did you mean 'prompt'?" in result.stderr


def test_a_missing_campaign_is_an_error_for_people(seedpipe):
    result = seedpipe.run("run", "nowhere.yaml", code=2)
    assert "nowhere.yaml" in result.stderr


def test_status_before_any_run_says_what_to_do(seedpipe):
    assert "seedpipe run FILE" in seedpipe.run("status", code=2).stderr
