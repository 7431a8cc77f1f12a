"""A state folder from a cache or a checked-out repository cannot send the key anywhere."""

import sqlite3
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.cards import SETS


@pytest.fixture
def stranger():
    """A server that remembers what it is asked; yields its address and that list."""
    heard = []

    class Listening(BaseHTTPRequestHandler):
        def do_POST(self):
            heard.append((self.path, self.headers.get("Authorization")))
            self.send_error(500)

        do_GET = do_POST  # noqa: N815 - the names are the server's

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Listening) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", heard
        server.shutdown()


@pytest.fixture
def forged(seedpipe, stranger):
    """A project with a live run, whose ledger then says that its service is the stranger's."""
    (seedpipe.project / "campaign.yaml").write_text(SETS)
    seedpipe.environment |= {"WAVESPEED_API_KEY": "k-of-mine", "SEEDPIPE_SETTLE_S": "0"}
    with seedpipe.sandbox("--switch", "lose_every=1", "--switch", "list_inputs=") as address:
        live = ("run", "campaign.yaml", "--live", "--yes", "--base-url", address)
        seedpipe.run(*live, code=4)
    (ledger,) = (seedpipe.project / ".seedpipe").glob("live-*/ledger.sqlite3")
    with sqlite3.connect(ledger) as db:
        db.execute("UPDATE ledger SET origin = ?", (stranger[0],))
    db.close()
    ledger.parent.rename(ledger.parents[1] / f"live-127.0.0.1-{stranger[0].rpartition(':')[2]}")
    return seedpipe


@pytest.mark.parametrize(
    "command", [("resume",), ("resume", "--live", "--yes", "--budget", "1"), ("reconcile",)], ids=" ".join
)
def test_the_key_goes_to_no_address_that_only_a_ledger_names(forged, stranger, command):
    address, heard = stranger
    refused = forged.run(*command, code=2).stderr
    assert "no address that only a file names" in refused
    assert f"--base-url {address}" in refused
    forged.environment["SEEDPIPE_BASE_URL"] = "https://service.example.com"
    forged.run(*command, code=2)
    forged.run(*command, "--base-url", "https://service.example.com", code=2)
    assert heard == []


def test_who_names_the_address_is_heard_there(forged, stranger):
    address, heard = stranger
    forged.run("reconcile", "--base-url", address, code=4)
    assert {key for _, key in heard} == {"Bearer k-of-mine"}
    heard.clear()
    forged.environment["SEEDPIPE_BASE_URL"] = address
    forged.run("reconcile", code=4)
    assert heard


def test_a_doubt_is_given_up_without_asking_anybody(forged, stranger):
    _, heard = stranger
    assert "written off" in forged.run("reconcile", "--write-off", "hero/one").stdout
    assert heard == []
