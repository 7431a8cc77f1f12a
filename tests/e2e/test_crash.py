"""`kill -9` in the middle of a live run of 200 jobs, then again: nothing is charged twice or lost."""

import json
import signal

import pytest

from tests.cards import HANG_S, charged_requests, count_charges, wait_for_charges, write_cards

JOBS = 200
OF_TWO_SHARDS = 120  # a run that is stopped early in the first leaves the second untouched


@pytest.fixture
def big(seedpipe):
    seedpipe.environment["SEEDPIPE_SETTLE_S"] = "3"
    return write_cards(seedpipe, JOBS, name="big")


def live(address):
    """Return a live run without reports: 200 thumbnails take twice as long as all that is tested here."""
    return ("run", "campaign.yaml", "--live", "--base-url", address, "--yes", "--json", "--no-report")


@pytest.mark.parametrize("killed_after", [1, 37, 120])
def test_a_killed_run_is_never_charged_twice(big, killed_after):
    with big.sandbox() as address:
        with big.started(*live(address)) as victim:
            wait_for_charges(big, killed_after)
            victim.send_signal(signal.SIGKILL)
            victim.communicate(timeout=HANG_S)
        run = json.loads(big.run(*live(address)).stdout)
    assert {phase: total["jobs"] for phase, total in run["phases"].items()} == {"done": JOBS}
    assert set(charged_requests(big).values()) == {1}, "a request was charged twice"
    assert count_charges(big) == len(list((big.project / "out").rglob("*.jpg"))) == JOBS
    assert not list((big.project / ".seedpipe").rglob("*.part"))


def test_a_second_run_beside_the_first_leaves_at_once(big):
    with big.sandbox() as address, big.started(*live(address)) as first:
        wait_for_charges(big, 1)
        second = big.run(*live(address), code=6)
        assert "another run" in second.stderr
        first.send_signal(signal.SIGTERM)
        out, _ = first.communicate(timeout=HANG_S)
        assert first.returncode == 143
    assert json.loads(out)["run"]["stop"] == "interrupted"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_run_in_order(big, number):
    write_cards(big, OF_TWO_SHARDS)
    with big.sandbox() as address:
        with big.started(*live(address)) as run:
            wait_for_charges(big, 10)
            run.send_signal(number)
            out, err = run.communicate(timeout=HANG_S)
            assert run.returncode == 128 + number, err
        assert "in_doubt" not in json.loads(out)["phases"]
        finished = json.loads(big.run(*live(address)).stdout)
    assert finished["phases"] == {
        "done": {"jobs": OF_TWO_SHARDS, "images": OF_TWO_SHARDS, "cost_usd": "3.24"}
    }
    assert set(charged_requests(big).values()) == {1}
