"""Networks of companies, for real: an authority of their own, a SOCKS proxy between us and the world."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest
import trustme

from seedpipe.core.errors import Unavailable
from seedpipe.providers import Limits, WaveSpeedProvider
from tests.fakes.wire import http, says, wire

KEY = "sk-secret-123"
CDN = "cdn.example.com"
QUICK = Limits(connect_timeout_s=5, read_timeout_s=5, download_deadline_s=10)
BALANCE = says(http(200, {"code": 200, "data": {"balance": 12.5}}))
TASK = says(http(200, {"code": 200, "data": {"id": "a" * 32, "model": "m/a", "status": "created"}}))


@pytest.fixture
def authority(tmp_path):
    """An authority that no system knows; its certificate lies in `ca.pem`."""
    made = trustme.CA(organization_name="A company")
    made.cert_pem.write_to_path(tmp_path / "ca.pem")
    return made


@pytest.fixture
def trusted_authority(authority, tmp_path, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return authority


def tls_for(authority, name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def asked(authority, question, reply, *, name="127.0.0.1"):
    """Ask a service behind TLS; return its answer or the error, and every request that reached it."""

    async def play():
        async with wire(reply, tls=tls_for(authority, name)) as server:
            provider = WaveSpeedProvider(f"https://127.0.0.1:{server.port}", KEY, limits=QUICK)
            try:
                answer = await question(provider)
            except Unavailable as error:
                answer = error
            finally:
                await provider.aclose()
            return answer, server.asked

    return asyncio.run(play())


async def submits(provider):
    return await provider.submit("m/a", {"prompt": "a lamp"})


async def asks_the_balance(provider):
    return await provider.balance()


def test_a_service_behind_an_authority_of_ones_own_is_spoken_to(trusted_authority):
    balance, [request] = asked(trusted_authority, asks_the_balance, BALANCE)
    assert balance == Decimal("12.5")
    assert request.headers["authorization"] == f"Bearer {KEY}"
    task, [request] = asked(trusted_authority, submits, TASK)
    assert task.prediction_id == "a" * 32
    assert request.json == {"prompt": "a lamp"}


def test_an_authority_that_nobody_named_gets_no_request_and_no_key(authority):
    for question in (submits, asks_the_balance):
        error, requests = asked(authority, question, TASK)
        assert type(error) is Unavailable, "nothing was sent, so nothing is in doubt"
        assert error.status is None
        assert requests == []


@pytest.mark.usefixtures("trusted_authority")
def test_a_certificate_for_another_name_gets_no_request_either(authority):
    error, requests = asked(authority, submits, TASK, name="service.example.com")
    assert type(error) is Unavailable
    assert requests == []


# --- through a SOCKS proxy ---


class Socks:
    """A SOCKS5 proxy that wants a name and a word, and leads every way to one server on this machine."""

    def __init__(self, leads_to):
        self.leads_to = leads_to
        self.asked = []
        self.said = None

    async def serve(self, reader, writer):
        _, count = await reader.readexactly(2)
        await reader.readexactly(count)
        writer.write(b"\x05\x02")  # name and word, please
        _, length = await reader.readexactly(2)
        name = await reader.readexactly(length)
        word = await reader.readexactly((await reader.readexactly(1))[0])
        self.said = (name, word)
        writer.write(b"\x01\x00")
        *_, length = await reader.readexactly(5)
        host = await reader.readexactly(length)
        self.asked.append((host.decode(), int.from_bytes(await reader.readexactly(2), "big")))
        writer.write(b"\x05\x00\x00\x01" + bytes(6))
        there, away = await asyncio.open_connection("127.0.0.1", self.leads_to)
        await asyncio.gather(_relay(reader, away), _relay(there, writer))


async def _relay(source, target):
    while chunk := await source.read(4096):
        target.write(chunk)
        await target.drain()
    target.close()


@asynccontextmanager
async def socks(leads_to):
    proxy = Socks(leads_to)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    try:
        yield proxy, server.sockets[0].getsockname()[1]
    finally:
        server.close()


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_a_file_comes_through_a_socks_proxy_that_looks_up_the_name(trusted_authority, monkeypatch, scheme):
    async def play():
        async with (
            wire(says(http(200, b"image")), tls=tls_for(trusted_authority, CDN)) as server,
            socks(server.port) as (proxy, port),
        ):
            monkeypatch.setenv("ALL_PROXY", f"{scheme}://user:word@127.0.0.1:{port}")
            provider = WaveSpeedProvider("https://api.example.com", KEY, limits=QUICK)
            async with provider.download(f"https://{CDN}/1.png") as chunks:
                content = b"".join([chunk async for chunk in chunks])
            await provider.aclose()
            return content, proxy, server.asked

    content, proxy, [request] = asyncio.run(play())
    assert content == b"image"
    assert (proxy.said, proxy.asked) == ((b"user", b"word"), [(CDN, 443)])
    assert request.headers["authorization"] == ""
