"""Real runs against a sandbox that loses answers: one charge a job, every job delivered."""

import json
import shutil
import signal
import sqlite3

import httpx
import pytest

from tests.cards import HANG_S, charged_requests, wait_for_charges, write_cards

JOBS = 40
SETTLE_S = "3"


@pytest.fixture
def lossy(seedpipe):
    write_cards(seedpipe, JOBS, name="doubts")
    seedpipe.environment["SEEDPIPE_SETTLE_S"] = SETTLE_S
    return seedpipe


def live(address, *more):
    return ("run", "campaign.yaml", "--live", "--base-url", address, "--yes", "--json", *more)


def jobs_by_phase(run):
    return {phase: total["jobs"] for phase, total in json.loads(run.stdout)["phases"].items()}


def images(project):
    return sorted(path.name for path in (project / "out").rglob("*.jpg"))


@pytest.mark.parametrize(
    "switches",
    [
        (),
        ("list_inputs=input",),
        ("list_inputs=", "result_inputs=inputs"),
        ("list_lag_s=1.5",),
        ("shows_defaults=true",),
        ("bad_gateway_every=7",),
    ],
    ids=lambda switches: " ".join(switches) or "plain",
)
def test_every_fifth_answer_lost_is_one_charge_and_one_image_a_job(lossy, switches):
    arguments = [word for switch in ("lose_every=5", *switches) for word in ("--switch", switch)]
    with lossy.sandbox(*arguments) as address:
        run = lossy.run(*live(address))
    assert jobs_by_phase(run) == {"done": JOBS}
    assert set(charged_requests(lossy).values()) == {1}
    assert len(charged_requests(lossy)) == len(images(lossy.project)) == JOBS
    assert json.loads(run.stdout)["asides"] == []


def test_inputs_told_nowhere_leave_doubts_and_bring_their_images_aside(lossy):
    write_cards(lossy, 12)
    with lossy.sandbox("--switch", "lose_every=5", "--switch", "list_inputs=") as address:
        run = lossy.run(*live(address), code=4)
        again = lossy.run(*live(address), code=4)
    assert jobs_by_phase(run) == jobs_by_phase(again) == {"done": 10, "in_doubt": 2}
    assert set(charged_requests(lossy).values()) == {1}
    asides = json.loads(run.stdout)["asides"]
    assert len(asides) == 2
    (folder,) = (lossy.project / ".seedpipe").glob("live-*/asides")
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        path for aside in asides for path in aside["paths"]
    )


def test_a_list_that_spells_what_was_sent_otherwise_leads_to_no_second_charge(lossy):
    """It shows 1024x1024 for 1024*1024, also for what is known to be ours: what it lacks may be there."""
    write_cards(lossy, 4)
    with lossy.sandbox("--switch", "lose_every=2", "--switch", "respells_sizes=true") as address:
        run = lossy.run(*live(address), code=4)
        again = lossy.run(*live(address), code=4)
    assert jobs_by_phase(run) == jobs_by_phase(again) == {"done": 2, "in_doubt": 2}
    assert list(charged_requests(lossy).values()) == [1, 1, 1, 1]
    [why] = {aside["why"] for aside in json.loads(run.stdout)["asides"]}
    assert "otherwise than they were sent" in why


def test_reconcile_on_demand_then_write_off(lossy):
    write_cards(lossy, 3)
    hold = ("--switch", "list_inputs=", "--switch", "lose_every=1")
    with lossy.sandbox(*hold) as address:
        lossy.run(*live(address), code=4)
        found = json.loads(lossy.run("reconcile", "--json", "--base-url", address, code=4).stdout)
        assert (found["found"], found["absent"], len(found["left"])) == ([], [], 3)
        words = lossy.run("reconcile", "--base-url", address, code=4).stdout
        assert "3 jobs still in doubt" in words
        assert "hero/0" in words
        given_up = lossy.run("reconcile", "--write-off", "hero/0").stdout
        assert "written off" in given_up
        assert "names no jobs in doubt" in lossy.run("reconcile", "--write-off", "hero/0", code=2).stderr
        assert "names no jobs in doubt" in lossy.run("reconcile", "--write-off", "", code=2).stderr
        job = found["left"][1]["job_id"]
        lossy.run("reconcile", "--write-off", job[:12])
    assert "in doubt" in lossy.run("status").stdout


def test_reconcile_finds_what_a_killed_run_left_and_the_next_run_fetches_it(lossy):
    write_cards(lossy, 6)
    slow = ("--switch", "slow_answer_every=1", "--switch", "slow_answer_s=30")
    with lossy.sandbox(*slow) as address:
        with lossy.started(*live(address)) as victim:
            wait_for_charges(lossy, 6)
            victim.send_signal(signal.SIGKILL)
            victim.communicate(timeout=HANG_S)
        found = json.loads(lossy.run("reconcile", "--json", "--base-url", address).stdout)
        assert (len(found["found"]), found["absent"], found["left"]) == (6, [], [])
        assert "nothing is in doubt" in lossy.run("reconcile", "--base-url", address).stdout
        run = lossy.run(*live(address))
    assert jobs_by_phase(run) == {"done": 6}
    assert set(charged_requests(lossy).values()) == {1}


@pytest.mark.parametrize(
    ("policy", "code", "phases", "charged"),
    [("resubmit", 0, {"done": 2}, 2), ("hold", 4, {"in_doubt": 2}, 0)],
)
def test_a_request_that_the_service_never_had_is_sent_again_once_or_held(
    lossy, policy, code, phases, charged
):
    """Killed between the intent and the bytes: absent, surely, after the settle time."""
    write_cards(lossy, 2, more=f"policy: {{in_doubt: {policy}}}")
    with lossy.sandbox() as address:
        lossy.run(*live(address))
        state = next((lossy.project / ".seedpipe").glob("live-*"))
        forget_submits(state / "ledger.sqlite3", lossy.project)
        for _ in range(2):
            assert jobs_by_phase(lossy.run(*live(address), code=code)) == phases
    assert sum(charged_requests(lossy).values()) == charged


def forget_submits(ledger, project):
    """Take both sides back to the moment after the intents: no answer here, no task there."""
    with sqlite3.connect(ledger) as db:
        db.execute("DELETE FROM outputs")
        db.execute(
            "UPDATE attempts SET phase = 'submitting', prediction_id = NULL, accepted_at = NULL,"
            " finished_at = NULL, urls = '[]'"
        )
    db.close()
    with sqlite3.connect(project / ".seedpipe" / "sandbox" / "sandbox.sqlite") as db:
        db.execute("DELETE FROM charges")
        db.execute("DELETE FROM tasks")
    db.close()


def test_a_list_later_than_the_settle_time_is_waited_for_while_it_lacks_what_is_known(lossy):
    """The other job's prediction is not listed either: the list proves nothing yet."""
    write_cards(lossy, 2)
    with lossy.sandbox("--switch", "lose_every=2", "--switch", "list_lag_s=16") as address:
        run = lossy.run(*live(address, "--settle-s", "12"))
    assert jobs_by_phase(run) == {"done": 2}
    assert set(charged_requests(lossy).values()) == {1}


def lose_ledger(project, name="lost"):
    """Lose the ledger and the lock beside the campaign: only the service still knows what was paid."""
    (state,) = (project / ".seedpipe").glob("live-*")
    state.rename(project / name)
    for lock in project.glob("*.lock.jsonl"):
        lock.unlink()


def test_the_first_live_run_of_an_unknown_campaign_takes_over_what_is_paid(lossy):
    write_cards(lossy, 4)
    with lossy.sandbox() as address:
        lossy.run(*live(address))
        lose_ledger(lossy.project)
        write_cards(lossy, 6)
        run = lossy.run(*live(address))
        assert json.loads(run.stdout)["adopted"] == 4
        assert jobs_by_phase(run) == {"done": 6}
        assert json.loads(run.stdout)["billed"]["cost_usd"] == "0.162"
    assert set(charged_requests(lossy).values()) == {1}
    assert len(charged_requests(lossy)) == 6


DRAFT = "profiles: {draft: {input: {size: 1536*1024}}}"
PARTS = [("--limit", "1"), ("--select", "number=1"), ("--exclude", "number=0,1,2"), ("--profile", "draft")]


@pytest.mark.parametrize("part", PARTS, ids=" ".join)
def test_the_rest_of_a_campaign_is_taken_over_though_its_first_run_was_a_part(lossy, part):
    """A part was bought here, or taken over; what other jobs were paid for elsewhere is still not known."""
    write_cards(lossy, 4, more=DRAFT)
    with lossy.sandbox() as address:
        lossy.run(*live(address))
        lose_ledger(lossy.project)
        first = json.loads(lossy.run(*live(address, *part)).stdout)["adopted"]
        assert first == (0 if "draft" in part else 1)
        run = lossy.run(*live(address))
        assert json.loads(run.stdout)["adopted"] == 4 - first
        assert jobs_by_phase(run) == {"done": 4}
        assert json.loads(lossy.run(*live(address)).stdout)["adopted"] == 0
    assert set(charged_requests(lossy).values()) == {1}
    assert len(charged_requests(lossy)) == (8 if "draft" in part else 4)


def test_an_older_ledger_that_was_restored_buys_nothing_that_was_bought_since(lossy):
    """A CI cache that was not saved: the ledger knows the campaign, and has looked for all of its jobs."""
    write_cards(lossy, 4)
    with lossy.sandbox() as address:
        lossy.run(*live(address, "--limit", "1"))
        lossy.run(*live(address, "--budget", "0.03"), code=3)
        (state,) = (lossy.project / ".seedpipe").glob("live-*")
        shutil.copytree(state, lossy.project / "cached")
        assert jobs_by_phase(lossy.run(*live(address))) == {"done": 4}
        lose_ledger(lossy.project)
        (lossy.project / "cached").rename(state)
        run = lossy.run(*live(address))
        assert json.loads(run.stdout)["adopted"] == 2
        assert jobs_by_phase(run) == {"done": 4}
    assert set(charged_requests(lossy).values()) == {1}


LATE = ("--switch", "list_lag_s=3600")


def at(address):
    """The arguments of a sandbox that serves at the address of an earlier one."""
    return ("--port", address.rpartition(":")[2])


@pytest.mark.parametrize("by_hand", [True, False], ids=["adopt", "redo"])
def test_a_doubt_that_was_written_off_is_taken_over_when_the_list_shows_it_late(lossy, by_hand):
    write_cards(lossy, 2, more="policy: {in_doubt: hold}")
    with lossy.sandbox(*LATE, "--switch", "lose_every=1") as address:
        lossy.run(*live(address), code=4)
        for cell in ("hero/0", "hero/1"):
            lossy.run("reconcile", "--write-off", cell)
    with lossy.sandbox(*at(address)):
        if by_hand:
            adopt = ("adopt", "campaign.yaml", "--base-url", address, "--json")
            assert json.loads(lossy.run(*adopt).stdout)["adopted"] == 2
            run = lossy.run(*live(address))
        else:
            assert jobs_by_phase(lossy.run(*live(address), code=1)) == {"failed": 2}
            run = lossy.run(*live(address, "--redo", "failed"))
            assert json.loads(run.stdout)["adopted"] == 2
        assert jobs_by_phase(run) == {"done": 2}
        lossy.run("audit")
    assert set(charged_requests(lossy).values()) == {1}


def test_what_the_list_shows_after_it_was_sent_again_is_reported_by_later_runs(lossy):
    """The honest limit of `resubmit`: paid twice. No picture is lost, and a later run says so."""
    write_cards(lossy, 2)
    slow = ("--switch", "slow_answer_every=1", "--switch", "slow_answer_s=30")
    with lossy.sandbox(*LATE, *slow) as address, lossy.started(*live(address)) as victim:
        wait_for_charges(lossy, 2)
        victim.send_signal(signal.SIGKILL)
        victim.communicate(timeout=HANG_S)
    with lossy.sandbox(*LATE, *at(address)):
        run = lossy.run(*live(address))
        assert jobs_by_phase(run) == {"done": 2}
        assert json.loads(run.stdout)["asides"] == []
    assert sum(charged_requests(lossy).values()) == 4
    with lossy.sandbox(*at(address)):
        for arguments in ((), ("--limit", "1")):
            asides = json.loads(lossy.run(*live(address, *arguments)).stdout)["asides"]
            assert len({aside["prediction_id"] for aside in asides}) == 2
            assert all(aside["paths"] for aside in asides)
    assert sum(charged_requests(lossy).values()) == 4


def test_adopt_takes_over_without_submitting_and_no_adopt_pays_again(lossy):
    write_cards(lossy, 3)
    with lossy.sandbox() as address:
        lossy.run(*live(address))
        lose_ledger(lossy.project)
        adopted = json.loads(lossy.run("adopt", "campaign.yaml", "--base-url", address, "--json").stdout)
        assert (adopted["adopted"], adopted["new"]["jobs"]) == (3, 0)
        said = lossy.run("adopt", "campaign.yaml", "--base-url", address)
        assert "0 paid jobs imported" in said.stdout
        assert f"seedpipe run campaign.yaml --base-url {address} --live" in said.stderr
        assert jobs_by_phase(lossy.run(*live(address))) == {"done": 3}
        assert sum(charged_requests(lossy).values()) == 3
        lose_ledger(lossy.project, "lost again")
        lossy.run(*live(address, "--no-adopt"))
        assert sum(charged_requests(lossy).values()) == 6


def test_a_first_run_that_cannot_see_the_list_pays_for_nothing(lossy):
    write_cards(lossy, 1)
    refused = lossy.run(*live("http://127.0.0.1:9"), code=3)
    assert "nothing was sent" in refused.stderr
    assert "--no-adopt" in refused.stderr


def test_nothing_of_other_clients_of_the_account_is_touched(lossy):
    write_cards(lossy, 10)
    with lossy.sandbox("--switch", "lose_every=4") as address, lossy.started(*live(address)) as run:
        model = f"{address}/api/v3/bytedance/seedream-v4"
        for number in range(6):
            ask = {"prompt": f"another program's picture {number}", "size": "1024*1024"}
            try:
                httpx.post(model, json=ask, headers={"Authorization": "Bearer k"}, timeout=10)
            except httpx.HTTPError:
                continue
        out, err = run.communicate(timeout=HANG_S)
        assert run.returncode == 0, err
    assert json.loads(out)["asides"] == []
    assert not list((lossy.project / ".seedpipe").glob("live-*/asides/*"))
    ours = {key: count for key, count in charged_requests(lossy).items() if "another" not in key}
    assert set(ours.values()) == {1}
    assert len(ours) == 10


def test_settings_that_make_no_sense_are_refused(lossy):
    for text in ("soon", "-1", "nan", "1e9"):
        assert "settle time" in lossy.run("run", "campaign.yaml", "--settle-s", text, code=2).stderr
