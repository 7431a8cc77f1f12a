"""A live run asks the account before it pays: prices, balance, budgets; and silence stops nothing."""

import json

import pytest

LIVE = ("run", "campaign.yaml", "--live", "--yes")


@pytest.fixture
def live(quickstart):
    """Run live commands against a sandbox with these switches."""
    quickstart.environment["WAVESPEED_API_KEY"] = "k"

    def play(*arguments, code=0, switches=()):
        flags = [part for switch in switches for part in ("--switch", switch)]
        with quickstart.sandbox(*flags) as address:
            return quickstart.run(*LIVE, "--base-url", address, *arguments, code=code)

    return play


def test_a_price_that_rose_stops_a_run_before_anything_is_sent(live):
    result = live(code=2, switches=["price_percent=150"])
    assert "costs $0.162, planned at $0.108" in result.stderr
    assert "nothing was sent" in result.stderr
    assert live("--json", switches=["price_percent=100"]).returncode == 0


def test_a_price_that_fell_is_said(live):
    result = live(switches=["price_percent=50"])
    assert "cheaper than planned" in result.stderr


def test_a_silent_account_is_a_warning_and_leaves_the_exit_code_alone(live):
    result = live("--json", switches=["account_is_silent=true"])
    assert "the balance is unknown" in result.stderr
    assert json.loads(result.stdout)["run"]["exit_code"] == 0


def test_a_balance_that_does_not_reach_warns_and_the_run_stops_when_it_is_used_up(live):
    result = live("--json", code=3, switches=["balance_usd=0.3"])
    assert "the balance of $0.30 is too low" in result.stderr
    assert json.loads(result.stdout)["run"]["stop"] == "blocked"


def test_a_proof_asks_nothing(quickstart):
    assert "balance" not in quickstart.run("run", "campaign.yaml").stderr


def _budget(quickstart, file, old, new):
    path = quickstart.project / file
    path.write_text(path.read_text().replace(old, new))


def test_a_plan_dearer_than_the_budget_goes_as_far_as_it_reaches_with_partial(live, quickstart):
    _budget(quickstart, "campaign.yaml", "usd: 5\n", "usd: 0.5\n")
    assert "the budget is $0.50" in live(code=2).stderr
    stopped = json.loads(live("--partial", "--json", code=3).stdout)
    assert stopped["run"]["stop"] == "budget"
    assert stopped["billed"]["cost_usd"] == "0.432"


def test_the_month_of_a_brand_is_a_budget_of_its_own(live, quickstart):
    brand = quickstart.project / "brands" / "aurora.yaml"
    brand.write_text(brand.read_text() + "budget: {usd_per_month: 0.6}\n")
    refused = live(code=2)
    assert "brand" in refused.stderr
    assert "$0.372 more than is left" in refused.stderr
    stopped = json.loads(live("--partial", "--json", code=3).stdout)
    assert stopped["run"]["stop"] == "month"
    assert stopped["billed"]["cost_usd"] == "0.54"


def test_a_plan_over_the_brands_month_says_so(quickstart):
    brand = quickstart.project / "brands" / "aurora.yaml"
    brand.write_text(brand.read_text() + "budget: {usd_per_month: 0.6}\n")
    shown = quickstart.run("plan", "campaign.yaml", code=2)
    assert "a month for" in shown.stdout
    assert "over by $0.372" in shown.stdout


def test_the_question_on_a_terminal_names_the_balance_and_no_is_no(quickstart):
    quickstart.environment["WAVESPEED_API_KEY"] = "k"
    with quickstart.sandbox("--switch", "balance_usd=12.5") as address:
        asked = ("run", "campaign.yaml", "--live", "--budget", "3", "--base-url", address)
        code, said = quickstart.converse(*asked, answer=b"n")
    assert code == 2
    assert f"Submit 9 jobs to {address} for $0.972, at most $3.00 in this run, $12.50 on the account?" in said
    assert "not confirmed; nothing was sent" in said
