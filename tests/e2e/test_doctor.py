"""`seedpipe doctor` in real places: fine, without a key, with a bad one, with nobody there."""

import json

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
