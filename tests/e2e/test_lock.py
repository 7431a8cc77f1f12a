"""The lock in git: one clone pays, the others know; nothing is bought twice and nothing silently."""

import json
import shutil
import signal
import subprocess
import time

import jsonschema
import pytest

from seedpipe import schemas
from tests.cards import card_campaign, count_charges, wait_for_charges
from tests.command_line import HANG_S, CommandLine

LOCK = "campaign.lock.jsonl"


@pytest.fixture
def clones(tmp_path, environment):
    """A function that makes a clone of the campaign: some numbers, and the lock of another clone."""
    environment["WAVESPEED_API_KEY"] = "k"

    def clone(name, numbers=(1, 2, 3), *, lock=None, usd="1"):
        project = tmp_path / name
        project.mkdir()
        (project / ".seedpipe").mkdir()
        (project / "campaign.yaml").write_text(card_campaign(numbers, usd=usd))
        if lock:
            shutil.copy(lock.project / LOCK, project / LOCK)
        return CommandLine(project, dict(environment))

    return clone


def live(clone, address, *flags, code=0):
    run = ("run", "campaign.yaml", "--live", "--base-url", address, "--yes", "--json", *flags)
    return json.loads(clone.run(*run, code=code).stdout)


def plan(clone, address):
    return json.loads(clone.run("plan", "campaign.yaml", "--base-url", address, "--json").stdout)


def lines_of(clone):
    return [json.loads(line) for line in (clone.project / LOCK).read_text().splitlines()]


def images(clone):
    return {path.name: path.read_bytes() for path in (clone.project / "out").rglob("*.jpg")}


def test_one_clone_pays_and_the_other_fetches(clones):
    payer = clones("payer")
    with payer.sandbox() as address:
        live(payer, address)
        assert count_charges(payer) == 3
        for line in lines_of(payer):
            jsonschema.validate(line, schemas.load("lock"))
            assert (line["size"], line["origin"], len(line["outputs"])) == ("1024*1024", address, 1)
        colleague = clones("colleague", lock=payer)
        seen = plan(colleague, address)
        assert (seen["new"]["jobs"], seen["missing"]["jobs"]) == (0, 3)
        assert seen["budget"]["committed_usd"] == "0.081"
        said = colleague.run("plan", "campaign.yaml", "--base-url", address).stdout
        assert "paid, images not here; a run fetches them" in " ".join(said.split())
        fetched = live(colleague, address)
        assert fetched["phases"] == {"done": {"jobs": 3, "images": 3, "cost_usd": "0.081"}}
        assert count_charges(payer) == 3
        assert images(colleague) == images(payer)
        assert (colleague.project / LOCK).read_bytes() == (payer.project / LOCK).read_bytes()
        again = colleague.run("run", "campaign.yaml", "--live", "--base-url", address)
        assert "everything is done" in again.stdout


def test_two_clones_pay_for_different_cells_and_git_merges_their_locks(clones):
    first = clones("first", (1, 2))
    with first.sandbox() as address:
        live(first, address)
        second = clones("second", (2, 3), lock=first)
        live(second, address)
        assert count_charges(first) == 3
        third = clones("third", (1, 2, 3, 4))
        # As `merge=union` leaves it: the lines of both sides, some of them twice, in no order.
        merged = (second.project / LOCK).read_text() + (first.project / LOCK).read_text()
        (third.project / LOCK).write_text("\n".join(reversed(merged.splitlines())) + "\n\n")
        assert plan(third, address)["new"]["jobs"] == 1
        live(third, address)
        assert count_charges(first) == 4
        assert len(lines_of(third)) == 4
        # A job that was dropped stays known: next month's campaign may ask for it again.
        assert {line["job_id"] for line in lines_of(second)} <= {line["job_id"] for line in lines_of(third)}


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_git_itself_merges_two_locks(clones, tmp_path):
    base = clones("base", (1,))
    with base.sandbox() as address:
        live(base, address)
        ours, theirs = (clones(name, (1, name[-1]), lock=base) for name in ("ours2", "theirs3"))
        for clone in (ours, theirs):
            live(clone, address)
    files = [clone.project / LOCK for clone in (ours, base, theirs)]
    merge = ("git", "merge-file", "-p", "--union", *map(str, files))
    merged = subprocess.run(merge, capture_output=True, text=True, check=True, timeout=HANG_S).stdout
    both = clones("both", (1, 2, 3))
    (both.project / LOCK).write_text(merged)
    assert plan(both, address)["new"]["jobs"] == 0


def test_a_lock_of_another_service_says_nothing_here_and_is_kept(clones):
    payer = clones("payer")
    with payer.sandbox() as address:
        live(payer, address)
        elsewhere = clones("elsewhere", lock=payer)
        with elsewhere.sandbox() as other:
            assert plan(elsewhere, other)["new"]["jobs"] == 3
            live(elsewhere, other)
        assert count_charges(elsewhere) == 3
        assert {line["origin"] for line in lines_of(elsewhere)} == {address, other}
        assert len(lines_of(elsewhere)) == 6


def test_what_the_service_no_longer_has_stays_missing_until_it_is_redone(clones):
    payer = clones("payer")
    with payer.sandbox() as address:
        live(payer, address)
        late = clones("late", lock=payer)
        aged = [line | {"accepted_at": "2020-01-01T00:00:00.000Z"} for line in lines_of(late)]
        aged[0]["prediction_id"] = "0" * 32
        aged[1]["prediction_id"] = "1" * 32
        (late.project / LOCK).write_text("".join(json.dumps(line) + "\n" for line in aged))
        for _ in range(2):
            left = live(late, address, code=1)
            assert {phase: total["jobs"] for phase, total in left["phases"].items()} == {"done": 1, "lost": 2}
        assert count_charges(payer) == 3
        redone = live(late, address, "--redo", "missing")
        assert redone["phases"]["done"]["jobs"] == 3
        assert count_charges(payer) == 5
        shown = {line["prediction_id"] for line in lines_of(late) if line["cells"]}
        assert len(shown) == 3
        replaced = {line["prediction_id"] for line in lines_of(late) if not line["cells"]}
        assert replaced == {"0" * 32, "1" * 32}
        heir = clones("heir", lock=late)  # what was lost was paid for all the same: five payments of a life
        seen = plan(heir, address)
        assert (seen["new"]["jobs"], seen["missing"]["jobs"]) == (0, 3)
        assert seen["budget"]["committed_usd"] == "0.135"
        assert live(heir, address)["phases"]["done"] == {"jobs": 3, "images": 3, "cost_usd": "0.081"}
        assert count_charges(payer) == 5
        assert (heir.project / LOCK).read_bytes() == (late.project / LOCK).read_bytes()
        assert plan(heir, address)["budget"]["committed_usd"] == "0.135"


def test_a_redo_of_missing_jobs_counts_against_the_budget(clones):
    payer = clones("payer", usd="0.1")
    with payer.sandbox() as address:
        live(payer, address)
        late = clones("late", lock=payer, usd="0.1")
        refused = late.run(
            *("run", "campaign.yaml", "--live", "--base-url", address, "--yes", "--redo", "missing"), code=2
        )
        assert "the jobs to buy cost $0.081" in refused.stderr
        assert count_charges(payer) == 3


def test_what_others_paid_for_jobs_that_nobody_asks_for_any_more_is_spent_all_the_same(clones):
    """A fresh runner knows from the lock alone that three jobs were paid, and its plan has others."""
    payer = clones("payer", (1, 2, 3))
    with payer.sandbox() as address:
        live(payer, address)
        runner = clones("runner", (4, 5, 6), lock=payer, usd="0.14")
        shown = runner.run("plan", "campaign.yaml", "--base-url", address, "--json", code=2)
        budget = json.loads(shown.stdout)["budget"]
        assert (budget["committed_usd"], budget["over_usd"]) == ("0.081", "0.022")
        flags = ("--live", "--base-url", address, "--yes")
        refused = runner.run("run", "campaign.yaml", *flags, code=2)
        assert "$0.022 more than is left of the campaign's budget of $0.14 ($0.081 is" in refused.stderr
        assert count_charges(payer) == 3
        part = live(runner, address, "--partial", code=3)  # goes as far as the budget reaches
        assert (part["run"]["stop"], part["phases"]["done"]["jobs"]) == ("budget", 2)
        assert count_charges(payer) == 5
        assert len(lines_of(runner)) == 5


def test_reconcile_writes_down_what_it_finds_in_the_lock_of_each_campaign(clones):
    payer = clones("payer", (1, 2))
    (payer.project / "other.yaml").write_text(card_campaign((3,), name="others"))
    slow = ("--switch", "slow_answer_every=1", "--switch", "slow_answer_s=30")
    with payer.sandbox(*slow, "--switch", "list_lag_s=3600") as address:
        for file, charged in (("campaign.yaml", 2), ("other.yaml", 3)):
            with payer.started("run", file, "--live", "--base-url", address, "--yes") as victim:
                wait_for_charges(payer, charged)
                victim.send_signal(signal.SIGKILL)
                victim.communicate(timeout=HANG_S)
    assert not list(payer.project.glob("*.lock.jsonl"))
    with payer.sandbox("--port", address.rpartition(":")[2]):
        found = json.loads(payer.run("reconcile", "--base-url", address, "--json").stdout)["found"]
        assert len(found) == 3
        other = (payer.project / "other.lock.jsonl").read_text().splitlines()
        lines = [*lines_of(payer), *map(json.loads, other)]
        assert (len(other), sorted(line["job_id"] for line in lines)) == (1, sorted(found))
        colleague = clones("colleague", (1, 2), lock=payer)
        assert live(colleague, address)["phases"]["done"]["jobs"] == 2
        assert count_charges(payer) == 3


def test_adopt_writes_down_what_it_has_taken_over(clones):
    payer = clones("payer")
    with payer.sandbox() as address:
        live(payer, address)
        heir = clones("heir")
        adopt = ("adopt", "campaign.yaml", "--base-url", address, "--json")
        assert json.loads(heir.run(*adopt).stdout)["adopted"] == 3
        paid = {(line["job_id"], line["prediction_id"]) for line in lines_of(payer)}
        assert {(line["job_id"], line["prediction_id"]) for line in lines_of(heir)} == paid
        colleague = clones("colleague", lock=heir)
        assert plan(colleague, address)["missing"]["jobs"] == 3


def test_a_lock_that_cannot_be_read_stops_everything_before_it_costs(clones):
    payer = clones("payer", (1,))
    with payer.sandbox() as address:
        live(payer, address)
        lock = payer.project / LOCK
        lock.write_text(lock.read_text() + "<<<<<<< HEAD\n{}\n")
        for command in (("plan", "campaign.yaml"), ("run", "campaign.yaml", "--live", "--yes")):
            said = payer.run(*command, "--base-url", address, code=2).stderr
            assert f"{LOCK}:2:1: error lock-line: a merge left conflict markers" in said
            assert f"{LOCK}:3:1: error lock-line: 'lock' is not 1" in said
            assert "merge=union" in said
        payer.run("run", "campaign.yaml")  # a proof has no lock
        assert count_charges(payer) >= 1


def test_a_failed_job_is_in_no_lock_and_a_proof_writes_none(clones):
    clone = clones("clone", (1, "'[sandbox: fail 1200]'"))
    with clone.sandbox() as address:
        clone.run("run", "campaign.yaml", code=1)
        assert not (clone.project / LOCK).exists()
        live(clone, address, code=1)
    assert len(lines_of(clone)) == 1


def test_a_killed_run_leaves_a_lock_of_what_it_had_paid_for(clones, tmp_path):
    payer = clones("payer", range(60), usd="10")
    lock = payer.project / LOCK
    slow_tail = ("--switch", "images_per_minute=45", "--switch", "task_latency_s=0.1")
    with payer.sandbox(*slow_tail) as address:
        run = ("run", "campaign.yaml", "--live", "--base-url", address, "--yes", "--json")
        with payer.started(*run) as victim:
            deadline = time.monotonic() + HANG_S
            while not lock.exists():
                assert victim.returncode is None, "the lock is written while the run goes on"
                assert time.monotonic() < deadline
                time.sleep(0.02)
            victim.send_signal(signal.SIGKILL)
            victim.communicate(timeout=HANG_S)
        lines = [json.loads(line) for line in lock.read_text().splitlines()]
        assert len(lines) >= 10
        assert all(line["prediction_id"] for line in lines)
        assert len(lines) <= count_charges(payer)
        colleague = clones("colleague", range(60), usd="10", lock=payer)
        assert plan(colleague, address)["missing"]["jobs"] == len(lines)
