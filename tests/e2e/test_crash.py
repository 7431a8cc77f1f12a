"""`kill -9` in the middle of a live run of 200 jobs, then again: nothing is charged twice or lost."""

import json
import signal

import pytest

from tests.cards import HANG_S, charged_requests, count_charges, wait_for_charges, write_cards

JOBS = 200
FEWER = 60  # to be stopped in order


@pytest.fixture
def big(seedpipe):
    seedpipe.environment["SEEDPIPE_SETTLE_S"] = "3"
    return write_cards(seedpipe, JOBS, name="big")


@pytest.fixture
def smaller(seedpipe):
    return write_cards(seedpipe, FEWER, name="smaller")


def live(address):
    """Return a live run without reports: 200 thumbnails take twice as long as all that is tested here."""
    return ("run", "campaign.yaml", "--live", "--base-url", address, "--yes", "--json", "--no-report")


@pytest.mark.parametrize("killed_after", [1, 37, 120])
def test_a_killed_run_is_never_charged_twice(big, killed_after):
    with big.sandbox() as address:
        victim = big.start(*live(address))
        wait_for_charges(big, killed_after)
        victim.send_signal(signal.SIGKILL)
        victim.communicate(timeout=HANG_S)
        again = big.start(*live(address))
        out, err = again.communicate(timeout=HANG_S * 2)
    assert again.returncode == 0, err
    run = json.loads(out)
    assert {phase: total["jobs"] for phase, total in run["phases"].items()} == {"done": JOBS}
    assert set(charged_requests(big).values()) == {1}, "a request was charged twice"
    assert count_charges(big) == len(list((big.project / "out").rglob("*.jpg"))) == JOBS
    assert not list((big.project / ".seedpipe").rglob("*.part"))


def test_a_second_run_beside_the_first_leaves_at_once(smaller):
    with smaller.sandbox() as address:
        first = smaller.start(*live(address))
        wait_for_charges(smaller, 1)
        second = smaller.run(*live(address), code=6)
        assert "another run" in second.stderr
        first.send_signal(signal.SIGTERM)
        out, _ = first.communicate(timeout=HANG_S)
    assert first.returncode == 143
    assert json.loads(out)["run"]["stop"] == "interrupted"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_run_in_order(smaller, number):
    with smaller.sandbox() as address:
        run = smaller.start(*live(address))
        wait_for_charges(smaller, 10)
        run.send_signal(number)
        out, err = run.communicate(timeout=HANG_S)
        assert run.returncode == 128 + number, err
        assert "in_doubt" not in json.loads(out)["phases"]
        finished = json.loads(smaller.run(*live(address)).stdout)
    assert finished["phases"] == {"done": {"jobs": FEWER, "images": FEWER, "cost_usd": "1.62"}}
    assert set(charged_requests(smaller).values()) == {1}
