"""Real runs that are stopped: by signals, by an account that runs dry, by a key that is taken away."""

import json
import signal
import time

import pytest

from tests.cards import HANG_S, charges, wait_for_charges, write_cards
from tests.fakes.wire import free_port

STOP_S = 5.0


@pytest.fixture
def cards(seedpipe):
    """The command line with a campaign of so many cards."""
    return lambda count: write_cards(seedpipe, count, name="stops")


def live(address):
    return ("run", "campaign.yaml", "--live", "--base-url", address, "--yes", "--json", "-j", "4")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_run_in_under_five_seconds_whatever_the_service_does(cards, number):
    project = cards(40)
    slow = (
        "--switch",
        "slow_answer_every=3",
        "--switch",
        "slow_answer_s=60",
        "--switch",
        "task_latency_s=60",
    )
    with project.sandbox(*slow) as address:
        run = project.start(*live(address))
        wait_for_charges(project, 4)
        asked_at = time.monotonic()
        run.send_signal(number)
        out, err = run.communicate(timeout=HANG_S)
        took_s = time.monotonic() - asked_at
    assert run.returncode == 128 + number, err
    assert took_s < STOP_S + 1  # the process also has reports to write
    phases = json.loads(out)["phases"]
    paid = sum(total["jobs"] for phase, total in phases.items() if phase in ("accepted", "in_doubt"))
    assert paid == len(charges(project))


def test_a_second_signal_ends_it_at_once(cards):
    project = cards(40)
    with project.sandbox("--switch", "slow_answer_every=1", "--switch", "slow_answer_s=60") as address:
        run = project.start(*live(address))
        wait_for_charges(project, 2)
        run.send_signal(signal.SIGINT)
        time.sleep(0.3)
        assert run.poll() is None  # it waits for the answers that are on their way
        asked_at = time.monotonic()
        run.send_signal(signal.SIGTERM)
        run.communicate(timeout=HANG_S)
        assert time.monotonic() - asked_at < 1
    assert run.returncode == 128 + signal.SIGTERM


def stopped_by_the_key(project, *switches, port=0):
    """Run twelve cards with a key that is revoked after five; return how many stand in each phase."""
    options = [word for switch in ("revoke_after=5", *switches) for word in ("--switch", switch)]
    with project.sandbox("--port", port, *options) as address:
        run = json.loads(project.run(*live(address), code=3).stdout)
    assert run["run"]["stop"] == "blocked"
    assert "The API key is not valid any more" in run["run"]["message"]
    assert len(charges(project)) == 5
    return {phase: total["jobs"] for phase, total in run["phases"].items()}


def test_a_key_that_may_buy_no_more_ends_submitting_and_what_is_paid_comes_home(cards):
    phases = stopped_by_the_key(cards(12), "revoked_status=403", "revoked_reads=false")
    assert phases == {"planned": 7, "done": 5}


def test_a_key_that_is_revoked_altogether_leaves_what_is_paid_to_the_next_run(cards):
    """Nothing can be asked any more; with a good key the same command brings it home and pays the rest."""
    project, port = cards(12), free_port()
    phases = stopped_by_the_key(project, "task_latency_s=0.5", port=port)
    assert phases.pop("planned") == 7
    assert sum(phases.values()) == 5
    assert not {"failed", "lost"} & phases.keys()
    with project.sandbox("--port", port) as address:
        run = json.loads(project.run(*live(address)).stdout)
    assert {phase: total["jobs"] for phase, total in run["phases"].items()} == {"done": 12}
    assert len(charges(project)) == 12


def test_an_account_that_runs_dry_ends_submitting_and_what_is_paid_comes_home(cards):
    project = cards(12)
    with project.sandbox("--switch", "balance_usd=0.14") as address:  # five cards at 0.027
        dry = project.run(*live(address), code=3)
        run = json.loads(dry.stdout)
        assert run["run"]["stop"] == "blocked"
        assert "Insufficient balance" in run["run"]["message"]
        assert {phase: total["jobs"] for phase, total in run["phases"].items()} == {"planned": 7, "done": 5}
        assert run["phases"]["planned"]["cost_usd"] == "0.189"  # what is left, and what it costs
        assert len(charges(project)) == 5
    with project.sandbox() as address:
        project.environment["SEEDPIPE_BASE_URL"] = address
        plan = project.run("plan", "campaign.yaml").stdout
    assert "12 jobs" in plan
    assert "all of it to buy" in plan  # another address: another service
