"""Real runs that are stopped: by signals, by an account that runs dry, by a key that is taken away."""

import json
import shutil
import signal
import socket
import time
from contextlib import closing, suppress

import pytest

from seedpipe.core.errors import InputError
from seedpipe.core.lifecycle import Phase
from seedpipe.ledger import SqliteLedger
from tests.cards import HANG_S, charges, wait_for_charges, write_cards
from tests.command_line import QUICKSTART
from tests.fakes.wire import free_port

NEVER = ("--switch", "slow_answer_s=100000", "--switch", "task_latency_s=100000")


@pytest.fixture
def cards(seedpipe):
    """The command line with a campaign of so many cards."""
    return lambda count: write_cards(seedpipe, count, name="stops")


def live(address):
    return ("run", "campaign.yaml", "--live", "--base-url", address, "--yes", "--json", "-j", "4")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_run_of_which_nothing_would_ever_end_by_itself(cards, number):
    """How many seconds are left to what is on its way is shown on a clock of the engine's tests."""
    project = cards(40)
    switches = ("--switch", "slow_answer_every=3", *NEVER)
    with project.sandbox(*switches) as address, project.started(*live(address)) as run:
        wait_for_charges(project, 4)
        run.send_signal(number)
        out, err = run.communicate(timeout=HANG_S)
        assert run.returncode == 128 + number, err
    told = json.loads(out)
    assert told["run"]["stop"] == "interrupted"
    left = {phase: told["phases"][phase]["jobs"] for phase in ("accepted", "in_doubt")}
    assert min(left.values()) >= 1, "neither a task nor an answer was waited for to its end"
    assert sum(left.values()) == len(charges(project))
    assert sum(total["jobs"] for total in told["phases"].values()) == 40


def test_a_second_signal_ends_it_at_once(cards):
    project = cards(40)
    switches = ("--switch", "slow_answer_every=1", *NEVER)
    with project.sandbox(*switches) as address, project.started(*live(address)) as run:
        wait_for_charges(project, 4)  # all that may be on their way, so that none is charged after the count
        run.send_signal(signal.SIGINT)
        run.send_signal(signal.SIGTERM)
        out, _ = run.communicate(timeout=HANG_S)
        # Of two that are pending the kernel may hand over either one first.
        assert run.returncode in {128 + signal.SIGINT, 128 + signal.SIGTERM}
    assert out == "", "it has not come as far as to tell of the run"
    (file,) = (project.project / ".seedpipe").glob("live-*/ledger.sqlite3")
    with closing(SqliteLedger.open_for_reading(file)) as ledger:
        last = ledger.latest_run()
        assert last.end is None, "it has not come home in order"
        assert ledger.tally(last.start.plan_id)[Phase.SUBMITTING].jobs == len(charges(project))


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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_images_are_judged_and_reports_written_leaves_nothing_behind(seedpipe, number):
    """Workers of the checks were left to the system then, which complained of leaked semaphores."""
    shutil.copytree(QUICKSTART, seedpipe.project, dirs_exist_ok=True)
    run = seedpipe.start("run", "campaign.yaml")
    until = time.monotonic() + HANG_S
    while not all_are_home(seedpipe.project / ".seedpipe" / "proof" / "ledger.sqlite3"):
        assert time.monotonic() < until, "the run does not get on"
        time.sleep(0.02)
    run.send_signal(number)
    _, err = run.communicate(timeout=HANG_S)
    assert run.returncode == 128 + number, err
    assert "leaked" not in err
    assert "Traceback" not in err


def all_are_home(file):
    with suppress(InputError), closing(SqliteLedger.open_for_reading(file)) as ledger:
        last = ledger.latest_run()
        return last is not None and ledger.tally(last.start.plan_id).keys() == {Phase.DONE}
    return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_account_is_asked_sends_nothing(cards, number):
    project = cards(2)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        run = project.start(*live(f"http://127.0.0.1:{deaf.getsockname()[1]}"), "--no-adopt")
        connection, _ = deaf.accept()
        with connection:
            run.send_signal(number)
            _, err = run.communicate(timeout=HANG_S)
    assert run.returncode == 128 + number, err
    assert "interrupted" in err
    assert "leaked" not in err
    assert "Traceback" not in err
