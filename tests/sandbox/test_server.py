"""The sandbox over a real socket."""

from __future__ import annotations

import io
import json
import logging
import socket
import threading
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from PIL import Image

from seedpipe.core.errors import InputError, RunError
from seedpipe.sandbox import Book, SandboxServer, Switches

MODEL = "/api/v3/bytedance/seedream-v4"
SEQUENTIAL = "/api/v3/bytedance/seedream-v4/sequential"
ASK = {"prompt": "a red lamp", "size": "1024*1024"}
KEY = {"Authorization": "Bearer any"}


class HandedClock:
    def __init__(self) -> None:
        self.time = datetime(2026, 5, 19, 6, 9, 15, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock():
    return HandedClock()


@pytest.fixture
def server(clock):
    with SandboxServer(clock=clock) as running:
        yield running


@pytest.fixture(scope="module")
def refusing():
    """A server for questions that are all refused, so that they can share it."""
    with SandboxServer() as running:
        yield running


@pytest.fixture
def client(server):
    with httpx.Client(base_url=server.base_url, headers=KEY, timeout=10) as http:
        yield http


def test_a_set_is_submitted_polled_listed_and_fetched(client, clock, server):
    accepted = client.post(SEQUENTIAL, json={**ASK, "max_images": 3}).json()["data"]
    assert accepted["urls"]["get"].startswith(server.base_url)
    clock.time += timedelta(seconds=1)
    long = client.get(f"/api/v3/predictions/{accepted['id']}/result").json()
    assert long == client.get(f"/api/v3/predictions/{accepted['id']}").json()
    assert long == httpx.get(accepted["urls"]["get"], headers=KEY).json()
    outputs = long["data"]["outputs"]
    assert len(outputs) == len(set(outputs)) == 3
    files = [httpx.get(url) for url in outputs]  # without a key, as from a CDN
    for file in files:
        assert file.headers["content-type"] == "image/jpeg"
        assert int(file.headers["content-length"]) == len(file.content)
        with Image.open(io.BytesIO(file.content)) as image:
            assert (image.size, image.format) == ((1024, 1024), "JPEG")
    assert len({file.content for file in files}) == 3
    assert httpx.get(outputs[0]).content == files[0].content
    listed = client.post("/api/v3/predictions", json={"include_inputs": True}).json()["data"]
    assert [item["inputs"]["max_images"] for item in listed["items"]] == [3]
    assert [charge.prediction_id for charge in server.book.charges()] == [accepted["id"]]
    gone = client.post("/api/v3/predictions/delete", json={"ids": [accepted["id"]]}).json()
    assert gone["data"] == {"deleted_count": 1}
    assert httpx.get(outputs[0]).status_code == 404


def test_a_restarted_server_serves_its_old_tasks_at_its_new_address(tmp_path):
    with SandboxServer(state=tmp_path) as first:
        task = httpx.post(first.base_url + MODEL, json=ASK, headers=KEY).json()["data"]["id"]
    with SandboxServer(state=tmp_path, switches=Switches(task_latency_s=0)) as second:
        address = f"{second.base_url}/api/v3/predictions/{task}/result"
        deadline = time.monotonic() + 10
        while (data := httpx.get(address, headers=KEY).json()["data"])["status"] != "completed":
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert data["outputs"] == [f"{second.base_url}/outputs/{task}/1.jpeg"]
        assert httpx.get(data["outputs"][0]).status_code == 200
    with Book(tmp_path) as book:
        assert [charge.prediction_id for charge in book.charges()] == [task]


def test_the_address_in_answers_is_the_one_the_caller_used(client):
    reply = client.post(MODEL, json=ASK, headers={"Host": "localhost:1234"})
    assert reply.json()["data"]["urls"]["get"].startswith("http://localhost:1234/api/v3/")


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer"}, {"Authorization": "Basic abc"}])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", MODEL), ("GET", "/api/v3/predictions/x/result"), ("GET", "/api/v3/predictions/x"),
        ("POST", "/api/v3/predictions"), ("POST", "/api/v3/predictions/delete"), ("GET", "/api/v3/balance"),
        ("GET", "/api/v3/models"), ("POST", "/api/v3/model/price"), ("POST", "/api/v3/model/pricing"),
        ("POST", "/api/v3/media/uploads"), ("POST", "/api/v3/media/upload/binary"),
        ("POST", "/api/v3/billings/search"), ("GET", "/api/v3/webhook/secret"),
    ],
)  # fmt: skip
def test_without_a_key_nothing_is_answered(refusing, method, path, headers):
    reply = httpx.request(method, refusing.base_url + path, headers=headers)
    assert (reply.status_code, reply.json()["code"]) == (401, 401)
    assert refusing.book.charges() == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", MODEL, b"{", 400),
        ("POST", MODEL, b"[]", 400),
        ("POST", MODEL, b"\xff\xfe", 400),
        ("POST", MODEL, b'{"prompt": "\\ud800"}', 400),
        ("POST", MODEL, b'{"prompt": NaN}', 400),
        ("POST", MODEL, b'{"prompt": 1e999}', 400),
        ("POST", MODEL, b"[" * 100_000, 400),
        ("POST", MODEL, b'{"prompt": ' + b"1" * 10_000 + b"}", 400),
        ("POST", MODEL, b"", 400),
        ("POST", MODEL + "?webhook=https%3A%2F%2Fexample.org", b'{"prompt": "x"}', 400),
        ("POST", MODEL, b" " * 5_000_000, 413),
        ("POST", "/api/v3/no/such/model", b"{}", 404),
        ("POST", "/api/v3/", b"{}", 404),
        ("GET", "/api/v3/predictions/..%2f..%2fx/result", b"", 405),
        ("GET", "/api/v3/predictions/%00/result", b"", 404),
        ("GET", "/outputs/x/1.jpeg", b"", 404),
        ("GET", "/uploads/x/y", b"", 404),
        ("PUT", "/uploads/x/y", b"123", 404),
        ("GET", "/nothing", b"", 404),
        ("PATCH", "/api/v3/balance", b"", 405),
        ("POST", "/api/v3/media/uploads", b"{}", 400),
        ("POST", "/api/v3/media/upload/binary", b"", 400),
    ],
)
def test_whatever_comes_in_an_enveloped_answer_goes_out(refusing, method, path, body, status):
    reply = httpx.request(method, refusing.base_url + path, content=body, headers=KEY)
    assert (reply.status_code, reply.json()["code"]) == (status, status)
    assert reply.json()["message"]
    assert refusing.book.charges() == []


def test_a_request_without_a_usable_host_is_refused(server):
    port = int(server.base_url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
        lines = ["GET /api/v3/models HTTP/1.1", "Host: a[b/c", "Authorization: Bearer k", "Connection: close"]
        raw.sendall("\r\n".join([*lines, "", ""]).encode())
        with raw.makefile("rb") as answer:
            assert b" 400 " in answer.readline()


def test_uploads_both_ways(client, clock):
    ticket = client.post(
        "/api/v3/media/uploads", json={"filename": "a b?.png", "size": 4, "content_type": "image/png"}
    ).json()["data"]
    target = ticket["upload"]
    assert httpx.get(ticket["download_url"]).status_code == 404
    assert httpx.put(target["url"], content=b"data", headers=target["headers"] | KEY).status_code == 400
    assert httpx.put(target["url"], content=b"data", headers=target["headers"]).status_code == 200
    old = client.post("/api/v3/media/upload/binary", files={"file": ("c.jpg", b"older", "image/jpeg")})
    assert {key: old.json()["data"][key] for key in ("type", "filename", "size")} == {
        "type": "image",
        "filename": "c.jpg",
        "size": 5,
    }
    for url, content, kind in (
        (ticket["download_url"], b"data", "image/png"),
        (old.json()["data"]["download_url"], b"older", "image/jpeg"),
    ):
        kept = httpx.get(url)
        assert (kept.content, kept.headers["content-type"]) == (content, kind)
    images = [ticket["download_url"], old.json()["data"]["download_url"]]
    task = client.post(MODEL + "/edit", json={"prompt": "x", "images": images}).json()["data"]["id"]
    clock.time += timedelta(seconds=1)
    assert client.get(f"/api/v3/predictions/{task}").json()["data"]["status"] == "completed"


def test_balance_models_and_prices(client):
    assert client.get("/api/v3/balance").json()["data"] == {"balance": 1000.0}
    models = client.get("/api/v3/models").json()["data"]
    assert models[0]["api_schema"]["api_schemas"][0]["server"] == str(client.base_url).rstrip("/")
    query = {"model_id": "bytedance/seedream-v4/sequential", "inputs": {"max_images": 4}}
    assert client.post("/api/v3/model/price", json=query).json()["data"]["price"] == 0.108
    assert client.post("/api/v3/model/pricing", json=query).json()["data"]["unit_price"] == 0.108


def test_a_lost_answer_breaks_off_and_the_log_stays_quiet(caplog):
    caplog.set_level(logging.DEBUG)
    with SandboxServer(switches=Switches(lose_every=2)) as server:
        assert httpx.post(server.base_url + MODEL, json=ASK, headers=KEY).status_code == 200
        with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
            httpx.post(server.base_url + MODEL, json=ASK, headers=KEY)
        assert len(server.book.charges()) == 2
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    assert [record for record in caplog.records if record.name == "uvicorn.access"] == []


def test_a_bad_gateway_speaks_html():
    with SandboxServer(switches=Switches(bad_gateway_every=1)) as server:
        reply = httpx.post(server.base_url + MODEL, json=ASK, headers=KEY)
        assert (reply.status_code, reply.headers["content-type"]) == (502, "text/html; charset=utf-8")
        assert reply.text.startswith("<html>")
        assert len(server.book.charges()) == 1


def test_many_submits_at_once_are_each_charged_once(server):
    answers = []

    def submit(number: int) -> None:
        reply = httpx.post(server.base_url + MODEL, json={"prompt": f"lamp {number}"}, headers=KEY)
        answers.append(reply.json()["data"]["id"])

    threads = [threading.Thread(target=submit, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == sorted(charge.prediction_id for charge in server.book.charges())
    assert len(set(answers)) == 16


def test_stopping_lets_go_of_held_answers_and_of_idle_connections(caplog):
    caplog.set_level(logging.DEBUG)
    others = set(threading.enumerate())
    server = SandboxServer(switches=Switches(task_latency_s=100_000))
    server.start()
    answers = []

    def hold() -> None:
        answers.append(
            httpx.post(server.base_url + MODEL, json={**ASK, "enable_sync_mode": True}, headers=KEY)
        )

    held = threading.Thread(target=hold)
    with httpx.Client() as idle:
        idle.get(server.base_url + "/api/v3/balance", headers=KEY)
        held.start()
        deadline = time.monotonic() + 10
        while not server.book.charges():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        server.stop()
        assert "sandbox server" not in {thread.name for thread in set(threading.enumerate()) - others}
    held.join(10)
    assert [(reply.status_code, reply.json()["code"]) for reply in answers] == [(503, 503)]
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    server.stop()
    with pytest.raises(RuntimeError):
        _ = server.book


def test_it_leaves_the_programs_logging_alone():
    loggers = [
        logging.getLogger(name) for name in ("", "uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi")
    ]

    def settings():
        return [(log.level, list(log.handlers), log.propagate, log.disabled) for log in loggers]

    before = settings()
    with SandboxServer() as server:
        httpx.get(server.base_url + "/api/v3/balance", headers=KEY)
        assert settings() == before
    assert settings() == before


def test_a_taken_port_is_an_error_the_user_can_fix(server):
    port = int(server.base_url.rpartition(":")[2])
    with pytest.raises(InputError, match=f"cannot listen on 127.0.0.1:{port}"):
        SandboxServer(port=port).start()
    with pytest.raises(InputError, match="cannot listen"):
        SandboxServer(port=70_000).start()


def test_a_book_that_cannot_be_opened_frees_the_port(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="cannot open its book"):
        SandboxServer(state=tmp_path / "file").start()


def test_a_book_that_fails_later_is_an_enveloped_500_without_a_traceback(client, server, caplog):
    server.book.close()
    reply = client.post(MODEL, content=json.dumps(ASK))
    assert (reply.status_code, reply.json()["code"]) == (500, 500)
    assert "cannot use its book" in reply.json()["message"]
    assert [record.exc_info for record in caplog.records if record.levelno >= logging.ERROR] == [None]
