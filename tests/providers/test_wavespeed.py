"""The adapter against servers that misbehave, over real sockets on loopback."""

import asyncio
import gzip
import json
import logging
import time
from datetime import datetime, timedelta, timezone

import pytest

from seedpipe.core.errors import InputError, Malformed, ProviderError, Refused, Unavailable, Uncertain
from seedpipe.providers import Limits, WaveSpeedProvider
from tests.fakes.wire import free_port, http, reset, says, silence, wire

KEY = "sk-secret-123"
MODEL = "bytedance/seedream-v4/sequential"
BODY = {"prompt": "größer ✓", "max_images": 2}
ID = "e6832d4abffb4d79bfbca19783fca133"
CREATED = {"code": 200, "message": "success", "data": {"id": ID, "model": MODEL, "status": "created"}}
DONE = {"code": 200, "data": {"id": ID, "status": "completed", "outputs": ["https://x/1"]}}
HANG_S = 3.0  # generous: the slow servers below drip for 5 s
QUICK = Limits(
    connect_timeout_s=1,
    read_timeout_s=0.2,
    write_timeout_s=1,
    pool_timeout_s=1,
    answer_deadline_s=0.5,
    download_deadline_s=0.5,
    answer_max_bytes=10_000,
    download_max_bytes=50_000,
)


def against(reply, act, *, limits=QUICK):
    """Run `act(provider, server)` against a server with this reply; return what it returns."""

    async def play():
        async with wire(reply) as server:
            provider = WaveSpeedProvider(server.url, KEY, limits=limits)
            try:
                return await act(provider, server)
            finally:
                await provider.aclose()

    return asyncio.run(play())


async def submit(provider, _):
    return await provider.submit(MODEL, BODY)


async def result(provider, _):
    return await provider.result(ID)


async def drip(_, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
    for _ in range(100):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


async def drip_headers(_, writer):
    writer.write(b"HTTP/1.1 200 OK\r\n")
    for _ in range(100):
        writer.write(b"X: y\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)


async def flood(_, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(2000):
        writer.write(b"400\r\n" + b"x" * 1024 + b"\r\n")
        await writer.drain()


def test_a_submit_goes_out_once_with_key_and_body():
    async def act(provider, server):
        task = await provider.submit(MODEL, BODY)
        return task, server.asked

    task, [asked] = against(says(http(200, CREATED)), act)
    assert task.prediction_id == ID
    assert (asked.method, asked.target) == ("POST", "/api/v3/bytedance/seedream-v4/sequential")
    assert asked.json == BODY
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.headers["content-type"] == "application/json"


def test_a_result_is_asked_by_id_and_never_by_the_answers_url():
    async def act(provider, server):
        return await provider.result(ID), server.asked

    evil = {**DONE, "data": {**DONE["data"], "urls": {"get": "https://evil.test/steal"}}}
    task, [asked] = against(says(http(200, evil)), act)
    assert task.outputs == ("https://x/1",)
    assert (asked.method, asked.target) == ("GET", f"/api/v3/predictions/{ID}/result")


EVIL = {
    "reset before the answer": (says(b"", then="reset"), Uncertain, Unavailable),
    "closed before the answer": (says(b"", then="close"), Uncertain, Unavailable),
    "cut headers": (says(b"HTTP/1.1 200 OK\r\nContent-", then="close"), Uncertain, Unavailable),
    "not HTTP": (says(b"SSH-2.0-OpenSSH_9.6\r\n", then="close"), Uncertain, Unavailable),
    "huge headers": (says(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000, then="close"), Uncertain, Unavailable),
    "silence": (silence, Uncertain, Unavailable),
    "dripping headers": (drip_headers, Uncertain, Unavailable),
    "dripping": (drip, Malformed, Malformed),
    "body cut by close": (says(http(200, CREATED, length=900), then="close"), Malformed, Malformed),
    "body cut by reset": (says(http(200, CREATED, length=900), then="reset"), Malformed, Malformed),
    "body too long": (flood, Malformed, Malformed),
    "body too long, and else good": (
        says(http(200, {**CREATED, "padding": "x" * 20_000})),
        Malformed,
        Malformed,
    ),
    "HTML": (says(http(200, b"<html>")), Malformed, Malformed),
    "no id": (says(http(200, {"code": 200, "data": {}})), Malformed, Malformed),
    "id with path": (says(http(200, {"data": {"id": "a/../../b"}})), Malformed, Malformed),
    "redirect": (says(http(302, headers=[("Location", "/elsewhere")])), Uncertain, Malformed),
    "redirect, same method": (says(http(307, headers=[("Location", "/elsewhere")])), Uncertain, Malformed),
    "502 HTML": (says(http(502, b"<html>Bad gateway")), Uncertain, Unavailable),
    "500 JSON": (says(http(500, {"message": "oops"})), Uncertain, Unavailable),
    "408": (says(http(408)), Uncertain, Unavailable),
    "400": (says(http(400, {"code": 400, "message": "no"})), Refused, Refused),
    "402": (says(http(402, {"message": "no balance"})), Refused, Refused),
    "429": (says(http(429, headers=[("Retry-After", "7")])), Unavailable, Unavailable),
    "gzip, cut": (
        says(http(200, gzip.compress(json.dumps(CREATED).encode())[:-4], [("Content-Encoding", "gzip")])),
        Malformed,
        Malformed,
    ),
    "gzip bomb": (
        says(http(200, gzip.compress(b"0" * 10**7), [("Content-Encoding", "gzip")])),
        Malformed,
        Malformed,
    ),
}


@pytest.mark.parametrize("name", EVIL)
def test_evil_answers(name):
    reply, on_submit, on_result = EVIL[name]

    async def act(provider, server):
        caught = []
        for call in (submit, result):
            before, began_s = len(server.asked), time.monotonic()
            with pytest.raises(ProviderError) as raised:
                await call(provider, server)
            assert time.monotonic() - began_s < HANG_S
            caught.append(raised.value)
            assert len(server.asked) == before + 1, "one call is one request"
        return caught

    submitted, read = against(reply, act)
    assert (type(submitted), type(read)) == (on_submit, on_result)
    for error in (submitted, read):
        text = str(error)
        assert KEY not in text + repr(error)
        assert len(text) < 400
        assert text.isprintable()


def test_retry_after_comes_with_the_error():
    with pytest.raises(Unavailable) as raised:
        against(EVIL["429"][0], submit)
    assert (raised.value.status, raised.value.retry_after_s) == (429, 7)


def test_the_list_is_asked_for_in_utc_with_inputs_and_without_a_status():
    async def ask(provider, server):
        cest = timezone(timedelta(hours=2))
        await provider.predictions(
            model=MODEL,
            created_after=datetime(2026, 3, 1, 14, 0, 0, 5, tzinfo=cest),
            created_before=datetime(2026, 3, 1, 15, 0, tzinfo=cest),
            page=3,
        )
        return server.asked[0]

    asked = against(says(http(200, {"data": {"page": 3, "items": []}})), ask)
    assert (asked.method, asked.target) == ("POST", "/api/v3/predictions")
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.json == {
        "model": MODEL,
        "created_after": "2026-03-01T12:00:00.000005Z",
        "created_before": "2026-03-01T13:00:00.000000Z",
        "page": 3,
        "page_size": 100,
        "include_inputs": True,
    }


def test_a_gzipped_answer_that_nobody_asked_for_is_read():
    body = gzip.compress(b'{"data": {"id": "abcdef123"}}')
    task = against(says(http(200, body, [("Content-Encoding", "gzip")])), submit)
    assert task.prediction_id == "abcdef123"


def test_nobody_there_is_surely_not_sent():
    async def act():
        provider = WaveSpeedProvider(f"http://127.0.0.1:{free_port()}", KEY, limits=QUICK)
        with pytest.raises(Unavailable) as raised:
            await provider.submit(MODEL, BODY)
        assert raised.value.status is None
        with pytest.raises(Unavailable):
            await provider.result(ID)
        await provider.aclose()

    asyncio.run(act())


@pytest.mark.parametrize("model", ["", "../secrets", "a/../b", "/a", "a//b", "a?x=1", "a b", "a#b", "a%2e"])
def test_a_model_that_is_no_model_reaches_nobody(model):
    async def act(provider, server):
        with pytest.raises(Refused):
            await provider.submit(model, BODY)
        return server.connections

    assert against(silence, act) == 0


@pytest.mark.parametrize("body", [{"x": float("nan")}, {"x": "\ud800"}])
def test_a_body_that_is_no_json_reaches_nobody(body):
    async def act(provider, server):
        with pytest.raises(Refused):
            await provider.submit(MODEL, body)
        return server.connections

    assert against(silence, act) == 0


@pytest.mark.parametrize("prediction_id", ["", "../../x", "abc/def", "abcdef?x", "short"])
def test_an_id_that_is_no_id_reaches_nobody(prediction_id):
    async def act(provider, server):
        with pytest.raises(Malformed):
            await provider.result(prediction_id)
        return server.connections

    assert against(silence, act) == 0


def test_a_submit_does_not_ride_on_a_connection_that_was_idle():
    async def act(provider, server):
        await provider.submit(MODEL, BODY)
        await provider.submit(MODEL, BODY)
        await asyncio.sleep(0.15)
        await provider.submit(MODEL, BODY)
        return [asked.connection for asked in server.asked]

    limits = Limits(submit_idle_s=0.1)
    assert against(says(http(200, CREATED)), act, limits=limits) == [1, 1, 2]


def test_a_keep_alive_connection_that_the_server_closed_loses_no_submit():
    async def reply(_, writer):
        writer.write(http(200, CREATED))
        await writer.drain()
        writer.close()  # without a word in the headers

    async def act(provider, server):
        for _ in range(5):
            await provider.submit(MODEL, BODY)
            await asyncio.sleep(0.02)
        return len(server.asked)

    assert against(reply, act) == 5


def test_loopback_never_goes_through_a_proxy(monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)

    async def act(provider, server):
        await provider.submit(MODEL, BODY)
        async with provider.download(f"{server.url}/x.png") as chunks:
            return b"".join([chunk async for chunk in chunks])

    assert b"created" in against(says(http(200, CREATED)), act)


def test_a_proxy_that_refuses_is_surely_not_sent(monkeypatch):
    async def play():
        async with wire(says(http(407, b"who are you"), then="close")) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", proxy.url)
            provider = WaveSpeedProvider("https://api.test", KEY, limits=QUICK)
            with pytest.raises(Unavailable) as raised:
                await provider.submit(MODEL, BODY)
            await provider.aclose()
            return raised.value, proxy.asked

    error, [asked] = asyncio.run(play())
    assert error.status is None
    assert asked.method == "CONNECT"
    assert KEY not in str(asked.headers)


def test_the_key_shows_nowhere(caplog):
    caplog.set_level(logging.DEBUG)

    async def act(provider, _):
        await provider.submit(MODEL, BODY)
        return repr(provider) + str(provider)

    assert KEY not in against(says(http(200, CREATED)), act)
    assert KEY not in caplog.text


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.wavespeed.ai",
        "http://api.wavespeed.ai",
        "ftp://api.wavespeed.ai",
        "https://",
        "https://u:p@api.wavespeed.ai",
        "https://api.wavespeed.ai/api/v3",
        "https://api.wavespeed.ai?x=1",
        "http://127.0.0.1.evil.test",
        "http://192.168.1.7",
        "http://[::2]",
        "https://bad host",
    ],
)
def test_origins_that_get_no_key(url):
    with pytest.raises(InputError) as raised:
        WaveSpeedProvider(url, KEY)
    assert KEY not in str(raised.value)


@pytest.mark.parametrize("key", ["", " ", "a b", "key\n", "schlüssel", "a\x00b"])
def test_keys_that_are_none(key):
    with pytest.raises(InputError) as raised:
        WaveSpeedProvider("https://api.test", key)
    assert not key.strip() or key not in str(raised.value)


# --- downloads ---


async def fetch(provider, url):
    async with provider.download(url) as chunks:
        return b"".join([chunk async for chunk in chunks])


def downloaded(reply, path="/x.png", *, limits=QUICK):
    async def act(provider, server):
        began_s = time.monotonic()
        try:
            return await fetch(provider, server.url + path), server.asked
        except ProviderError as error:
            assert time.monotonic() - began_s < HANG_S
            return error, server.asked

    return against(reply, act, limits=limits)


def test_a_download_brings_the_bytes_without_the_key():
    content = bytes(range(256)) * 100
    got, [asked] = downloaded(says(http(200, content)))
    assert got == content
    assert asked.headers["authorization"] == ""
    assert asked.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (says(http(403)), Refused),
        (says(http(404)), Refused),
        (says(http(410)), Refused),
        (says(http(500)), Unavailable),
        (says(http(503)), Unavailable),
        (says(http(429)), Unavailable),
        (says(http(200, b"x" * 50, length=90), then="close"), Unavailable),
        (says(http(200, b"x" * 50, length=90), then="reset"), Unavailable),
        (says(b"", then="reset"), Unavailable),
        (silence, Unavailable),
        (drip, Unavailable),
        (flood, Malformed),
        (says(http(200, b"x" * 60_000)), Malformed),
        (says(http(200, b"x", length=10**9)), Malformed),
        (says(http(200, gzip.compress(b"x"), [("Content-Encoding", "gzip")])), Malformed),
        (says(http(204, length=-1)), Malformed),
        (says(http(206, b"x")), Malformed),
        (says(http(401)), Malformed),
        (says(http(302)), Malformed),
        (says(http(302, headers=[("Location", "http://[bad")])), Malformed),
        (says(http(302, headers=[("Location", "https://u:p@cdn.test/")])), Malformed),
        (says(http(302, headers=[("Location", "ftp://cdn.test/")])), Malformed),
        (says(http(302, headers=[("Location", "http://10.0.0.1/")])), Malformed),
        (says(http(302, headers=[("Location", "/again")])), Malformed),
    ],
)
def test_downloads_that_fail(reply, kind):
    error, asked = downloaded(reply)
    assert type(error) is kind
    assert len(asked) <= 4


def test_a_few_redirects_are_followed():
    async def reply(asked, writer):
        step = int(asked.target.strip("/"))
        answer = http(200, b"image") if step == 3 else http(302, headers=[("Location", f"/{step + 1}")])
        writer.write(answer)

    got, asked = downloaded(reply, "/0")
    assert got == b"image"
    assert [one.target for one in asked] == ["/0", "/1", "/2", "/3"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x.png",
        "file:///etc/passwd",
        "http://cdn.test/x",
        "http://10.0.0.1/x",
        "https://",
        "data:,x",
        "http://[bad",
        "\x00",
    ],
)
@pytest.mark.parametrize("origin", ["https://api.test", "http://127.0.0.1:9"])
def test_urls_that_are_not_followed(url, origin):
    async def act():
        provider = WaveSpeedProvider(origin, KEY, limits=QUICK)
        with pytest.raises(Malformed):
            await fetch(provider, url)
        await provider.aclose()

    asyncio.run(act())


def test_a_service_elsewhere_cannot_send_us_to_this_machine():
    async def play():
        async with wire(says(http(200, b"private"))) as server:
            provider = WaveSpeedProvider("https://api.test", KEY, limits=QUICK)
            with pytest.raises(Malformed):
                await fetch(provider, f"{server.url}/x.png")
            await provider.aclose()
            return server.connections

    assert asyncio.run(play()) == 0


def test_a_reader_that_stops_early_leaves_nothing_open():
    async def act(provider, server):
        async def write_until_full():
            async with provider.download(f"{server.url}/x") as chunks:
                async for _ in chunks:
                    raise RuntimeError("disk")

        with pytest.raises(RuntimeError, match="disk"):
            await write_until_full()
        return await fetch(provider, f"{server.url}/x")

    assert against(says(http(200, b"x" * 9000)), act) == b"x" * 9000


def test_cancelling_a_call_is_quick_and_stays_a_cancellation():
    arrived = asyncio.Event()

    async def keep_waiting(asked, writer):
        arrived.set()
        await silence(asked, writer)

    async def act(provider, _):
        call = asyncio.create_task(provider.submit(MODEL, BODY))
        await arrived.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    against(keep_waiting, act, limits=Limits())


def test_reset_is_a_real_reset():
    """The tool of the table above: a connection that breaks with an error, not with an end."""

    async def play():
        async def reply(_, writer):
            reset(writer)

        async with wire(reply) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            with pytest.raises(ConnectionResetError):
                await reader.read()
            writer.close()

    asyncio.run(play())
