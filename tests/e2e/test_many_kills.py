"""Real runs, killed at random points again and again: nothing is charged twice, torn, or lost.

`SEEDPIPE_KILLS` says how many; each story kills one campaign until it is done, and lets the last run end.
"""

import hashlib
import os
import random
import sqlite3
import time
from collections import Counter

import pytest
from PIL import Image

from seedpipe.core.model import canonical_json
from seedpipe.sandbox import SandboxServer, Switches
from seedpipe.sandbox.switches import InputsKey
from tests import forked
from tests.cards import card_campaign

KILLS = int(os.environ.get("SEEDPIPE_KILLS", "200"))
STORIES = 8
JOBS = 8
_TELLS_NOTHING = {"list_inputs": InputsKey.NOTHING, "result_inputs": InputsKey.NOTHING}
SWITCHES = (
    {},
    {"lose_every": 5},
    {"bad_gateway_every": 4},
    {"list_lag_s": 0.5},
    {"unavailable_every": 3, "lose_every": 7},
    {"slow_answer_every": 3, "slow_answer_s": 1.0},
    {"task_latency_s": 0.3},
    _TELLS_NOTHING,
)
LONGEST_LIFE_S = 0.7  # about what a run of the whole campaign takes
HANG_S = 60


@pytest.mark.parametrize("story", range(STORIES))
def test_a_campaign_killed_again_and_again(story, tmp_path):
    rng = random.Random(story)
    kills = KILLS * (story + 1) // STORIES - KILLS * story // STORIES
    may_doubt = SWITCHES[story] is _TELLS_NOTHING
    with SandboxServer(switches=Switches(**SWITCHES[story], plain_pictures=True)) as server:
        while kills > 0:
            project = tmp_path / f"project{kills}"
            kills -= tell(project, server, rng, most_kills=min(kills, 30), may_doubt=may_doubt)


def tell(project, server, rng, *, most_kills, may_doubt):
    """Kill runs of one new campaign at random moments, then let it come to its end; return the kills."""
    write_campaign(project, first=rng.randrange(10**9))
    charged_before = len(list(server.book.charges()))
    kills = 0
    while kills < most_kills:
        process = start(project, server)
        process.join(rng.random() * LONGEST_LIFE_S)
        if process.exitcode is not None:
            break
        process.kill()
        process.join()
        kills += 1
    code = finish(project, server, may_doubt=may_doubt)
    check(project, list(server.book.charges())[charged_before:], code)
    return max(kills, 1)


def write_campaign(project, *, first):
    project.mkdir()
    (project / ".seedpipe").mkdir()
    numbers = range(first, first + JOBS)
    policy = "policy: {in_doubt: resubmit}"
    (project / "campaign.yaml").write_text(card_campaign(numbers, more=policy))


def start(project, server):
    """Start a live run without reports: small pictures take longer than all that is tested here."""
    live = ("--live", "--base-url", server.base_url, "--yes", "--json", "--no-report")
    arguments = ("run", "campaign.yaml", *live)
    environment = os.environ | {"WAVESPEED_API_KEY": "k", "SEEDPIPE_SETTLE_S": "1"}
    return forked.start(arguments, project=project, environment=environment)


def finish(project, server, *, may_doubt):
    """Run to the end, and again while the service is still asked for something; return the exit code."""
    deadline = time.monotonic() + HANG_S
    while True:
        process = start(project, server)
        process.join(HANG_S)
        assert process.exitcode is not None, "the run hangs"
        if process.exitcode == 0 or (process.exitcode == 4 and may_doubt):
            return process.exitcode
        assert process.exitcode in {3, 4}, (project / "said.txt").read_text()
        assert time.monotonic() < deadline, (project / "said.txt").read_text()


def check(project, charges, code):
    said = (project / "said.txt").read_text()
    with sqlite3.connect(project / ".seedpipe" / ledger_of(project)) as ledger:
        check_ledger(ledger, {charge.prediction_id for charge in charges})
        done = ledger.execute("SELECT count(*) FROM attempts WHERE phase = 'done'").fetchone()[0]
    ledger.close()
    requests = Counter(canonical_json(dict(charge.inputs)) for charge in charges)
    assert set(requests.values()) <= {1}, f"charged twice: {requests}"
    if code == 0:
        assert len(charges) == done == JOBS, said
    images = list((project / "out").rglob("*.jpg"))
    assert len(images) == done, said
    for image in images:
        with Image.open(image) as opened:
            opened.load()
    for item in (project / ".seedpipe").rglob("objects/*"):
        assert item.name == hashlib.sha256(item.read_bytes()).hexdigest()
    assert not list(project.rglob("*.part"))


def ledger_of(project):
    (found,) = (project / ".seedpipe").glob("*/ledger.sqlite3")
    return found.relative_to(project / ".seedpipe")


def check_ledger(ledger, charged):
    """Every charge has its attempt or a doubt, and the accounts are the sum over the attempts."""
    owned = {row[0] for row in ledger.execute("SELECT prediction_id FROM attempts") if row[0]}
    (doubts,) = ledger.execute("SELECT count(*) FROM attempts WHERE phase = 'in_doubt'").fetchone()
    assert owned <= charged
    assert len(charged - owned) <= doubts
    (held,) = ledger.execute(
        "SELECT coalesce(sum(cost_micros), 0) FROM attempts WHERE phase NOT IN ('planned', 'failed')"
    ).fetchone()
    (account,) = ledger.execute(
        "SELECT sum(committed_micros) FROM accounts WHERE kind = 'campaign'"
    ).fetchone()
    assert (account or 0) == held
