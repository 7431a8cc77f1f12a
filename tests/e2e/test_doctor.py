"""`seedpipe doctor` in real places: fine, without a key, with a bad one, with nobody there."""

import asyncio
import json

import pytest

from seedpipe.core.errors import Refused, Unavailable
from seedpipe.core.model import Prediction
from seedpipe.doctor.probe import probe
from seedpipe.project import Places
from seedpipe.providers import WaveSpeedProvider
from seedpipe.session import careful
from seedpipe.settings import Settings
from tests.cards import charges, write_cards
from tests.fakes.wire import free_port

KEY = "CANARYKEY-7f3a9c5e1b"


def looked_at(result):
    document = json.loads(result.stdout)
    return document["well"], {check["name"]: check["health"] for check in document["checks"]}


def test_a_fine_place(quickstart):
    quickstart.environment["WAVESPEED_API_KEY"] = KEY
    with quickstart.sandbox() as address:
        quickstart.run("run", "campaign.yaml", "--live", "--yes", "--budget", "5", "--base-url", address)
        before = {
            path: path.stat().st_mtime_ns for path in (quickstart.project / ".seedpipe").rglob("*.lock")
        }
        result = quickstart.run("doctor", "--base-url", address, "--json")
        well, checks = looked_at(result)
        assert well
        assert set(checks.values()) == {"ok"}
        assert {"key", "origin", "balance", "clock", "disk", "lock", "ledger", "versions"} <= set(checks)
        assert KEY not in result.stdout + result.stderr
        assert all(path.stat().st_mtime_ns == at for path, at in before.items())
        text = quickstart.run("doctor", "--base-url", address)
        assert "agrees with the service's" in text.stdout


def test_a_place_without_a_key_or_a_ledger_is_fit_for_proofs(seedpipe):
    well, checks = looked_at(seedpipe.run("doctor", "--json"))
    assert (well, checks["key"], checks["ledger"]) == (True, "warn", "ok")
    assert "origin" not in checks
    assert not list((seedpipe.project / ".seedpipe").iterdir()), "looking leaves nothing behind"


def test_nobody_there_is_a_failure_with_what_to_do(seedpipe):
    seedpipe.environment["WAVESPEED_API_KEY"] = KEY
    result = seedpipe.run("doctor", "--base-url", f"http://127.0.0.1:{free_port()}", code=1)
    assert "does not answer" in result.stdout
    assert "HTTPS_PROXY" in result.stdout


def test_a_key_that_is_none_is_never_shown(seedpipe):
    seedpipe.environment["WAVESPEED_API_KEY"] = f"{KEY} {KEY}"
    result = seedpipe.run("doctor", code=1)
    assert KEY not in result.stdout + result.stderr


def test_a_ledger_that_is_none_is_a_failure(seedpipe):
    world = seedpipe.project / ".seedpipe" / "proof"
    world.mkdir()
    (world / "ledger.sqlite3").write_bytes(b"nonsense" * 1000)
    well, checks = looked_at(seedpipe.run("doctor", "--proof", "--json", code=1))
    assert (well, checks["ledger"]) == (False, "fail")


def test_a_silent_account_is_a_warning(seedpipe):
    seedpipe.environment["WAVESPEED_API_KEY"] = KEY
    with seedpipe.sandbox("--switch", "account_is_silent=true") as address:
        well, checks = looked_at(seedpipe.run("doctor", "--base-url", address, "--json"))
    assert (well, checks["balance"]) == (True, "warn")


PROBE = ("doctor", "--live", "--yes", "--budget", "0.10", "--json", "--base-url")


@pytest.mark.parametrize(
    ("switches", "learned"),
    [
        ((), {"list_inputs": True, "result_inputs": False, "bad_input": "at_submit", "inputs_as_sent": True}),
        (("respells_sizes=true",), {"list_inputs": True, "inputs_as_sent": False}),
        (("list_inputs=",), {"list_inputs": False, "inputs_as_sent": None, "list_lag_over_s": None}),
        (("list_inputs=input",), {"list_inputs": True}),
        (
            ("list_inputs=", "result_inputs=inputs"),
            {"list_inputs": False, "result_inputs": True, "inputs_as_sent": True},
        ),
        (("bad_input=as_task",), {"bad_input": "as_task"}),
    ],
)
def test_a_probe_learns_what_is_open_and_keeps_it(seedpipe, switches, learned):
    seedpipe.environment["WAVESPEED_API_KEY"] = KEY
    chosen = [word for switch in switches for word in ("--switch", switch)]
    with seedpipe.sandbox(*chosen) as address:
        found = json.loads(seedpipe.run(*PROBE, address).stdout)["learned"]
    assert found["state"] == "completed"
    assert found["output_bytes"] > 1000
    assert {name: found[name] for name in learned} == learned
    [kept] = (seedpipe.project / ".seedpipe").glob("live-*/learned.json")
    assert json.loads(kept.read_text()) == found


def test_a_list_that_lags_is_measured(seedpipe):
    seedpipe.environment["WAVESPEED_API_KEY"] = KEY
    with seedpipe.sandbox("--switch", "list_lag_s=3") as address:
        assert json.loads(seedpipe.run(*PROBE, address).stdout)["learned"]["list_lag_s"] >= 2.5


@pytest.mark.parametrize(("knows", "paid"), [(True, 1), (False, 2)])
def test_what_a_probe_has_learned_of_the_list_keeps_a_run_from_paying_twice(seedpipe, knows, paid):
    """The settle time that is asked for is shorter than the list is late; whoever has looked knows better."""
    write_cards(seedpipe, 1)
    seedpipe.environment["SEEDPIPE_SETTLE_S"] = "1"
    with seedpipe.sandbox("--switch", "list_lag_s=3", "--switch", "lose_every=2") as address:
        seedpipe.run(*PROBE, address)
        [kept] = (seedpipe.project / ".seedpipe").glob("live-*/learned.json")
        if not knows:
            kept.unlink()
        seedpipe.run("run", "campaign.yaml", "--live", "--yes", "--base-url", address)
    probe, *run = charges(seedpipe)
    assert "doctor" in probe.inputs["prompt"]
    assert len(run) == paid


@pytest.mark.parametrize(
    "said", ["", "[]", "{}", '{"list_lag_s": "late"}', '{"list_lag_s": -1}', "[" * 99999]
)
def test_what_cannot_be_understood_of_a_probe_changes_nothing(tmp_path, said):
    settings = Settings(settle_s=7.0)
    places = Places(state=tmp_path, world=tmp_path)
    assert careful(settings, places) == settings
    places.learned.write_text(said)
    assert careful(settings, places) == settings
    places.learned.write_text('{"list_lag_s": Infinity}')
    assert careful(settings, places).settle_s < 4 * 3600


def test_a_list_that_does_not_show_the_task_is_known_to_be_later_than_that(seedpipe, monkeypatch):
    """Nothing was learned then, and the settle time stayed at 180 s."""
    monkeypatch.setattr("seedpipe.doctor.probe._DEADLINE_S", 2.0)
    kept = []
    with seedpipe.sandbox("--switch", "list_lag_s=600") as address:
        learned = asyncio.run(probe_at(address, kept))
    assert (learned.state, learned.list_lag_s) == ("completed", None)
    assert 1.0 <= learned.list_lag_over_s <= 2.5
    places = Places(state=seedpipe.project, world=seedpipe.project)
    places.learned.write_text(json.dumps(learned.document() | {"list_lag_over_s": 179.5}))
    assert careful(Settings(), places).settle_s == 3 * 179.5


async def probe_at(address, kept):
    provider = WaveSpeedProvider(address, KEY)
    try:
        return await probe(provider, kept.append)
    finally:
        await provider.aclose()


def test_a_list_that_cannot_be_read_says_nothing_about_its_lag(monkeypatch):
    monkeypatch.setattr("seedpipe.doctor.probe._DEADLINE_S", 0.2)
    monkeypatch.setattr("seedpipe.doctor.probe._BETWEEN_S", 0.05)
    learned = asyncio.run(probe(Unreadable(), lambda _: None))
    assert (learned.state, learned.list_lag_s, learned.list_lag_over_s) == ("completed", None, None)


class Unreadable:
    """A service whose list is broken."""

    async def submit(self, model, body):
        if not body:
            raise Refused("HTTP 400", status=400)
        return Prediction(prediction_id="1", model=model, status="created")

    async def result(self, prediction_id):
        return Prediction(prediction_id=prediction_id, model="m", status="completed")

    async def predictions(self, **asked):
        raise Unavailable("HTTP 503", status=503)


def test_a_probe_that_sees_another_spelling_keeps_runs_from_paying_twice(seedpipe):
    """Nothing of ours is in the list beside the lost request: only the probe knows that it respells."""
    write_cards(seedpipe, 1)
    seedpipe.environment["SEEDPIPE_SETTLE_S"] = "1"
    with seedpipe.sandbox("--switch", "respells_sizes=true", "--switch", "lose_every=2") as address:
        checked = seedpipe.run(*PROBE, address)
        assert looked_at(checked)[1]["list"] == "warn"
        assert looked_at(seedpipe.run("doctor", "--json", "--base-url", address))[1]["list"] == "warn"
        seedpipe.run("run", "campaign.yaml", "--live", "--yes", "--base-url", address, code=4)
    assert len(charges(seedpipe)) == 2


def test_a_probe_whose_answer_is_lost_is_in_doubt_and_not_repeated(seedpipe):
    seedpipe.environment["WAVESPEED_API_KEY"] = KEY
    with seedpipe.sandbox("--switch", "lose_every=1") as address:
        found = json.loads(seedpipe.run(*PROBE, address, code=1).stdout)["learned"]
    assert (found["state"], found["prediction_id"]) == ("in_doubt", None)


@pytest.mark.parametrize("flags", [(), ("--yes",), ("--yes", "--budget", "0.01")])
def test_a_probe_without_consent_sends_nothing(seedpipe, flags):
    seedpipe.environment["WAVESPEED_API_KEY"] = KEY
    with seedpipe.sandbox() as address:
        result = seedpipe.run("doctor", "--live", *flags, "--base-url", address, code=2)
        assert "nothing was sent" in result.stderr
    assert not list((seedpipe.project / ".seedpipe").glob("*/learned.json"))
