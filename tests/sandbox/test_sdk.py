"""The service's own Python client, unchanged, against the sandbox."""

from __future__ import annotations

import io
import urllib.request

import pytest
from PIL import Image

from seedpipe.sandbox import SandboxServer, Switches

Client = pytest.importorskip("wavespeed.api.client").Client
MODEL = "bytedance/seedream-v4/sequential"
ASK = {"prompt": "a series of 2 images of a red lamp", "size": "1024*1024", "max_images": 2}


@pytest.fixture
def server():
    with SandboxServer() as running:
        yield running


def client_of(server) -> Client:
    return Client("any-key", base_url=server.base_url, max_connection_retries=0)


def size_at(url: str) -> tuple[int, int]:
    with urllib.request.urlopen(url, timeout=10) as answer, Image.open(io.BytesIO(answer.read())) as image:
        return image.size


def test_run_brings_the_images(server):
    outputs = client_of(server).run(MODEL, ASK, poll_interval=0.05, timeout=10)["outputs"]
    assert [size_at(url) for url in outputs] == [(1024, 1024)] * 2
    assert len(server.book.charges()) == 1


def test_a_task_that_ran_is_found_again(server):
    client = client_of(server)
    ran = client.run_no_throw(MODEL, ASK, poll_interval=0.05, timeout=10)
    assert ran["status"] == "completed"
    answer = client.get_result(ran["task_id"])
    assert (answer["code"], answer["data"]["status"]) == (200, "completed")
    assert answer["data"]["outputs"] == ran["outputs"]


def test_an_upload_becomes_a_reference(server, tmp_path):
    (tmp_path / "lögo.png").write_bytes(b"\x89PNG bytes")
    client = client_of(server)
    urls = [client.upload(str(tmp_path / "lögo.png")), client.upload(io.BytesIO(b"more"))]
    with urllib.request.urlopen(urls[0], timeout=10) as answer:
        assert answer.read() == b"\x89PNG bytes"
    ask = {"prompt": "replace the logo", "images": urls}
    ran = client.run_no_throw("bytedance/seedream-v4/edit", ask, poll_interval=0.05, timeout=10)
    assert (ran["status"], ran["error"]) == ("completed", None)


def test_sync_mode_answers_with_the_images(server):
    outputs = client_of(server).run(MODEL, ASK, enable_sync_mode=True, timeout=10)["outputs"]
    assert [size_at(url) for url in outputs] == [(1024, 1024)] * 2


def test_sync_mode_that_times_out_is_still_running():
    with SandboxServer(switches=Switches(task_latency_s=0.6, sync_wait_limit_s=0.1)) as server:
        client = client_of(server)
        ran = client.run_no_throw(MODEL, ASK, enable_sync_mode=True, timeout=10)
        assert (ran["status"], ran["outputs"]) == ("processing", None)
        assert "Sync mode timed out" in ran["error"]
        [charge] = server.book.charges()
        assert ran["task_id"] == charge.prediction_id
        assert client._wait(ran["task_id"], 10, 0.05)["outputs"]


def test_a_moderated_prompt_fails_in_the_clients_words(server):
    ran = client_of(server).run_no_throw(
        MODEL, {"prompt": "a lamp [sandbox: fail 1200]"}, poll_interval=0.05, timeout=10
    )
    assert ran["status"] == "failed"
    assert "moderation" in ran["error"]
    [charge] = server.book.charges()
    assert ran["task_id"] == charge.prediction_id


def test_a_refused_submit_charges_nothing(server):
    ran = client_of(server).run_no_throw(MODEL, {"prompt": ""}, timeout=10)
    assert ran["status"] == "failed"
    assert "HTTP 400" in ran["error"]
    assert server.book.charges() == []
