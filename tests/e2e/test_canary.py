"""Nothing leaks: a key and signed URLs that are canaries, a service that fails in every way and repeats both.

Every byte that a live run leaves behind, and everything it prints, is searched for the canaries.
"""

import io
import json
import os
import re
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from PIL import Image

from tests.command_line import REPOSITORY, CommandLine

KEY = "CANARYKEY-7f3a9c5e1b"
SIGNED = "X-Sig=CANARYURL"
ESCAPES = "\x1b[2J\u202e\x07"
COMMAND = "::error::CANARYCOMMAND"
ECHO = f"{COMMAND} {ESCAPES} key {KEY}, Authorization: Bearer {KEY}, at https://cdn.test/a.png?{SIGNED}"

SUBMIT_FAULTS = {
    "refused": (400, {"code": 400, "message": ECHO}),
    "lost": None,
    "html": (200, f"<html>{ECHO}</html>"),
    "gateway": (502, f"<html>{ECHO}</html>"),
    "odd-id": (200, {"data": {"id": f"../{KEY}"}}),
    "key-as-id": (200, {"data": {"id": KEY}}),
    "redirect": (307, {}),
}
TASK_FAULTS = {
    "moderated": {"status": "failed", "code": 1200, "error": ECHO},
    "odd-status": {"status": ECHO, "model": ECHO},
    "empty": {"status": "completed", "outputs": [], "error": ECHO},
}
FILE_FAULTS = ["fine", "expired", "forbidden", "cut", "no-image", "away", "inner", "plain", "bounced"]
FAULTS = [*SUBMIT_FAULTS, *TASK_FAULTS, *FILE_FAULTS]

CAMPAIGN = """\
seedpipe: 1
name: canary
model: bytedance/seedream-v4
matrix:
  fault: [%s]
series:
  hero:
    over: [fault]
    prompt: "canary {{ fault }} \\u202e ##[error]"
"""


def png():
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), "navy").save(buffer, "PNG")
    return buffer.getvalue()


class Service(BaseHTTPRequestHandler):
    """Does what the prompt says, and says too much."""

    protocol_version = "HTTP/1.0"
    image = png()

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        fault = next((name for name in FAULTS if f"canary {name} " in body.get("prompt", "")), "")
        if self.path.endswith("/predictions"):
            return self.answer(200, {"message": ECHO, "data": {"items": self.server.taken, "error": ECHO}})
        if not fault:
            return self.answer(404, {"message": ECHO})
        if fault not in SUBMIT_FAULTS:
            task = {"id": f"task-{fault}", "status": "created", "created_at": f"{datetime.now(UTC):%FT%TZ}"}
            self.server.taken.append(
                {**task, "model": "bytedance/seedream-v4", "inputs": body, "error": ECHO}
            )
            return self.answer(200, {"data": task})
        if SUBMIT_FAULTS[fault] is None:
            return None
        return self.answer(*SUBMIT_FAULTS[fault])

    def do_GET(self):
        if self.path.startswith("/files/"):
            return self.file(self.path.split("/")[2].partition("?")[0])
        found = re.search(r"task-([a-z-]+)/result", self.path)
        if not found:
            return self.answer(404, {"message": ECHO})
        fault = found[1]
        host = {"inner": "https://10.0.0.1", "plain": "http://cdn.test"}.get(fault, self.origin)
        outputs = [f"{host}/files/{fault}?{SIGNED}"]
        shown = TASK_FAULTS.get(fault, {"status": "completed", "outputs": outputs})
        if fault == "odd-status" and self.server.asked.setdefault(fault, 0):
            shown = {"status": "failed", "error": ECHO}
        self.server.asked[fault] = 1
        return self.answer(200, {"data": {"id": f"task-{fault}", **shown}})

    def file(self, fault):
        match fault:
            case "expired" | "forbidden":
                return self.answer(404 if fault == "expired" else 403, {"message": ECHO})
            case "away":
                return self.answer(503, {"message": ECHO})
            case "bounced":
                return self.answer(302, {})
            case "no-image":
                return self.answer(200, f"<html>{ECHO}")
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.image)))
        self.end_headers()
        self.wfile.write(self.image[: 20 if fault == "cut" else None])
        return None

    @property
    def origin(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, status, body):
        self.send_response(status)
        if status in {302, 307}:
            self.send_header("Location", f"https://127.0.0.1/{KEY}?{SIGNED}")
        self.send_header("X-Echo", KEY)
        self.end_headers()
        self.wfile.write(body.encode() if isinstance(body, str) else json.dumps(body).encode())


class Server(ThreadingHTTPServer):
    request_queue_size = 64  # more jobs than the standard library's five knock at once


@contextmanager
def service():
    server = Server(("127.0.0.1", 0), Service)
    server.asked, server.taken = {}, []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def canaries_in(content):
    return [word for word in (KEY, "CANARYURL", f"Bearer {KEY[:6]}") if word.encode() in content]


def acting_in(text):
    lines = [line for line in text.splitlines() if line.lstrip().startswith("::") or "##[" in line]
    return lines + [char for char in "\x1b\u202e\x07" if char in text]


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory):
    """What a live run against the talkative service, and commands after it, printed and left behind."""
    project = tmp_path_factory.mktemp("canary")
    (project / ".seedpipe").mkdir()
    (project / "campaign.yaml").write_text(CAMPAIGN % ", ".join(FAULTS))
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "TERM": "dumb", "WAVESPEED_API_KEY": KEY}
    environment["SEEDPIPE_SETTLE_S"] = "1"
    seedpipe = CommandLine(project, environment, reports=True)
    printed = {}
    with service() as address:
        # This service has no list of predictions: what is lost stays in doubt, and its words are bad, too.
        live = ("--live", "--yes", "--budget", "5", "--base-url", address, "--no-adopt", "--settle-s", "1")
        for arguments in (
            ("run", "campaign.yaml", *live),
            ("run", "campaign.yaml", *live, "--json"),
            ("status",),
            ("status", "--json"),
            *(("show", f"hero/{fault}") for fault in FAULTS),
            ("plan", "campaign.yaml", "-v", "--base-url", address),
        ):
            done = seedpipe.run(*arguments, code=None)
            printed[arguments] = (done.stdout, done.stderr)
    return project, printed


def test_the_service_was_as_bad_as_meant(aftermath):
    project, printed = aftermath
    [jobs] = project.glob("out/*/jobs.jsonl")
    phases = {
        job["cells"][0]["axes"]["fault"]: job["phase"]
        for job in map(json.loads, jobs.read_text().splitlines())
    }
    assert phases["fine"] == "done"
    assert phases["refused"] == phases["moderated"] == "failed"
    assert phases["lost"] == "in_doubt"
    assert "[key]" in str(printed), "the key was repeated, and blotted out"


def test_no_canary_is_printed(aftermath):
    for arguments, streams in aftermath[1].items():
        for text in streams:
            assert not canaries_in(text.encode()), arguments


def test_no_canary_is_left_in_any_file(aftermath):
    project, _ = aftermath
    files = [path for path in project.rglob("*") if path.is_file()]
    assert any(path.suffix == ".log" for path in files)
    assert any(path.name == "ledger.sqlite3" for path in files)
    for path in files:
        assert not canaries_in(path.read_bytes()), path


def test_nothing_that_is_printed_or_reported_acts(aftermath):
    project, printed = aftermath
    for arguments, streams in printed.items():
        for text in streams:
            assert not acting_in(text), arguments
    for name in ("summary.md", "gallery.html", "run.json", "jobs.jsonl"):
        [path] = project.glob(f"out/*/{name}")
        assert not acting_in(path.read_text()), name
    for path in project.glob(".seedpipe/logs/*.log"):
        assert not acting_in(path.read_text()), path
