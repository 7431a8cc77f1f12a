"""Real runs that are stopped: by signals, by an account that runs dry, by a key that is taken away."""

import json
import signal
import time

import pytest

from seedpipe.sandbox import Book

CAMPAIGN = """\
seedpipe: 1
name: stops
model: bytedance/seedream-v4
matrix:
  number: [{numbers}]
series:
  hero:
    input: {{size: 1024*1024}}
    prompt: "A card with the number {{{{ number }}}} in #E4572E"
budget: {{usd: 100}}
"""
STOP_S = 5.0
HANG_S = 60


@pytest.fixture
def cards(seedpipe):
    """The command line with a campaign of so many cards."""

    def write(count):
        numbers = ", ".join(map(str, range(count)))
        (seedpipe.project / "campaign.yaml").write_text(CAMPAIGN.format(numbers=numbers))
        return seedpipe

    seedpipe.environment["WAVESPEED_API_KEY"] = "k"
    return write


def live(address):
    return ("run", "campaign.yaml", "--live", "--base-url", address, "--yes", "--json", "-j", "4")


def charges(project):
    book = Book(project.project / ".seedpipe" / "sandbox")
    try:
        return len(list(book.charges()))
    finally:
        book.close()


def wait_for_charges(project, count):
    deadline = time.monotonic() + HANG_S
    while charges(project) < count:
        assert time.monotonic() < deadline, "the run does not get on"
        time.sleep(0.02)


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
    assert paid == charges(project)


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


def test_an_account_that_runs_dry_ends_submitting_and_what_is_paid_comes_home(cards):
    project = cards(12)
    with project.sandbox("--switch", "balance_usd=0.14") as address:  # five cards at 0.027
        dry = project.run(*live(address), code=3)
        run = json.loads(dry.stdout)
        assert run["run"]["stop"] == "blocked"
        assert "Insufficient balance" in run["run"]["message"]
        assert {phase: total["jobs"] for phase, total in run["phases"].items()} == {"planned": 7, "done": 5}
        assert run["phases"]["planned"]["cost_usd"] == "0.189"  # what is left, and what it costs
        assert charges(project) == 5
    with project.sandbox() as address:
        project.environment["SEEDPIPE_BASE_URL"] = address
        assert (
            "new 12 jobs" in project.run("plan", "campaign.yaml").stdout
        )  # another address: another service
