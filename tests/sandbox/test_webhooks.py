"""Webhooks: the documented signature, and deliveries over a real socket."""

import base64
import io
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest
from PIL import Image

from seedpipe.sandbox import SandboxServer, Switches, webhooks

MODEL = "/api/v3/bytedance/seedream-v4"
ASK = {"prompt": "a red lamp", "size": "1024*1024"}
KEY = {"Authorization": "Bearer any"}


def test_the_signature_is_the_documented_one():
    body = b'{"id":"p1","status":"completed","outputs":["https://x/1.png"]}'
    signed = webhooks.signature("whsec_AbCd1234notbase64==", "45b392b22c3b449fa935bd4dc", "1758798328", body)
    assert signed == "v3,771c2d54d4c971b2177270caada15d08fcf86f079448f187603ff14319730a11"


@pytest.fixture
def hook():
    """A receiver on loopback: its address, and what it has heard."""
    heard = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append((self.path, dict(self.headers.items()), body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook?from=here", heard
    server.shutdown()
    thread.join()
    server.server_close()


def submit(server, hook, **inputs):
    where = server.base_url + MODEL
    return httpx.post(where, params={"webhook": hook}, json={**ASK, **inputs}, headers=KEY)


def wait_for(heard, count):
    deadline = time.monotonic() + 20
    while len(heard) < count and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(heard) == count


def test_a_finished_task_is_told_once_and_signed(hook):
    url, heard = hook
    with SandboxServer(switches=Switches(task_latency_s=0.1)) as server:
        task = submit(server, url).json()["data"]["id"]
        secret = httpx.get(server.base_url + "/api/v3/webhook/secret", headers=KEY).json()["data"]["secret"]
        wait_for(heard, 1)
        time.sleep(0.2)
    ((path, headers, body),) = heard
    assert path == "/hook?from=here"
    told = json.loads(body)
    assert (told["id"], told["status"], len(told["outputs"])) == (task, "completed", 1)
    assert secret.startswith("whsec_")
    signed = webhooks.signature(secret, headers["webhook-id"], headers["webhook-timestamp"], body)
    assert headers["webhook-signature"] == signed
    assert abs(time.time() - int(headers["webhook-timestamp"])) < 60


def test_deliveries_repeat_under_one_id_when_the_switch_says_so(hook):
    url, heard = hook
    with SandboxServer(switches=Switches(task_latency_s=0, webhook_deliveries=3)) as server:
        submit(server, url, prompt="a lamp [sandbox: fail 5000]")
        wait_for(heard, 3)
    assert len({headers["webhook-id"] for _, headers, _ in heard}) == 1
    assert {json.loads(body)["status"] for _, _, body in heard} == {"failed"}


def test_a_receiver_that_is_not_there_disturbs_nobody():
    with SandboxServer(switches=Switches(task_latency_s=0)) as server:
        reply = submit(server, "http://127.0.0.1:9/")
        assert reply.status_code == 200
        assert httpx.get(server.base_url + "/api/v3/balance", headers=KEY).status_code == 200


def test_a_server_that_stops_owes_nothing_more(hook):
    url, heard = hook
    others = set(threading.enumerate())
    with SandboxServer(switches=Switches(task_latency_s=100_000)) as server:
        submit(server, url)
    assert "sandbox server" not in {thread.name for thread in set(threading.enumerate()) - others}
    assert heard == []


def test_base64_and_a_webhook_exclude_each_other(hook):
    url, _ = hook
    with SandboxServer() as server:
        reply = submit(server, url, enable_base64_output=True)
        assert (reply.status_code, list(reply.json())) == (400, ["error"])
        assert server.book.charges() == []


def test_base64_outputs_are_the_images_themselves():
    with SandboxServer(switches=Switches(task_latency_s=0)) as server:
        where = server.base_url + MODEL
        asked = httpx.post(where, json={**ASK, "enable_base64_output": True}, headers=KEY).json()["data"]
        answer = httpx.get(f"{server.base_url}/api/v3/predictions/{asked['id']}/result", headers=KEY)
        (naked,) = answer.json()["data"]["outputs"]
        listed = httpx.post(server.base_url + "/api/v3/predictions", json={}, headers=KEY).json()["data"]
    with Image.open(io.BytesIO(base64.b64decode(naked, validate=True))) as image:
        assert image.size == (1024, 1024)
    assert listed["items"][0]["outputs"][0].startswith("http://")
