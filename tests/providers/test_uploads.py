"""Uploads over real sockets: what goes where, with which headers, and what no ticket makes us do."""

import asyncio
from functools import partial

import pytest

from seedpipe.core.errors import Malformed, ProviderError, Refused, Unavailable
from seedpipe.providers import Limits, WaveSpeedProvider
from tests.fakes.provider import picture
from tests.fakes.wire import http, wire

KEY = "sk-secret-0123456789abcdef"
PICTURE = picture("kettle")
LIMITS = Limits(read_timeout_s=0.5, answer_deadline_s=2, download_deadline_s=2)
TAKEN = http(200)
HEADERS = {"Content-Type": "image/png", "x-amz-acl": "private; a=b"}


async def service(asked, writer, *, ticket=None, put=TAKEN):
    """Answer as the service and as the place its tickets lead to; `ticket` changes what a ticket says."""
    here = f"http://{asked.headers['host']}"
    upload = {"method": "PUT", "url": f"{here}/store/1?X-Signature=s3cr3t", "headers": HEADERS}
    data = {"download_url": f"{here}/kept.png", "upload": upload}
    if callable(ticket):
        ticket(data)
    writer.write(put if asked.method == "PUT" else http(200, {"code": 200, "data": data}))
    await writer.drain()


def play(reply):
    """Upload a picture; return the address or the error, and what the server was asked."""

    async def upload():
        async with wire(reply) as server:
            provider = WaveSpeedProvider(server.url, KEY, limits=LIMITS)
            try:
                return await provider.upload(PICTURE, "image/png"), server.asked
            except ProviderError as error:
                return error, server.asked
            finally:
                await provider.aclose()

    return asyncio.run(upload())


def test_the_bytes_go_where_the_ticket_says_with_its_headers_and_without_the_key():
    address, (asked, put) = play(service)
    assert address.endswith("/kept.png")
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.json == {
        "filename": asked.json["filename"],
        "size": len(PICTURE),
        "content_type": "image/png",
    }
    assert put.target == "/store/1?X-Signature=s3cr3t"
    assert put.body == PICTURE
    sent = {name: value for name, value in put.headers.items() if name != "authorization"}
    assert sent == {
        "host": asked.headers["host"],
        "content-length": str(len(PICTURE)),
        "content-type": "image/png",
        "x-amz-acl": "private; a=b",
    }
    assert put.headers["authorization"] == ""


def test_no_name_of_a_file_is_told():
    _, (asked, _) = play(service)
    assert asked.json["filename"].removesuffix(".png").isalnum()
    assert len(asked.json["filename"]) == 36


def test_the_older_way_is_one_form_with_the_key_and_is_remembered():
    async def old(asked, writer):
        data = {"download_url": f"http://{asked.headers['host']}/kept.png"}
        known = asked.target.endswith("/media/upload/binary")
        writer.write(http(200, {"data": data}) if known else http(405))
        await writer.drain()

    async def twice():
        async with wire(old) as server:
            provider = WaveSpeedProvider(server.url, KEY, limits=LIMITS)
            for _ in range(2):
                await provider.upload(PICTURE, "image/png")
            await provider.aclose()
            return server.asked

    first, second, third = asyncio.run(twice())
    assert [asked.target.rpartition("/")[2] for asked in (first, second, third)] == [
        "uploads",
        "binary",
        "binary",
    ]
    assert second.headers["authorization"] == f"Bearer {KEY}"
    assert b'name="file"; filename="' in second.body
    assert PICTURE in second.body


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (403, Unavailable),  # the ticket's time is over: another one is asked for
        (408, Unavailable),
        (429, Unavailable),
        (503, Unavailable),
        (400, Refused),
        (413, Refused),
        (307, Malformed),
    ],
)
def test_a_place_that_does_not_take_the_bytes(status, kind):
    error, asked = play(partial(service, put=http(status, headers=[("Location", "http://127.0.0.1:9/")])))
    assert type(error) is kind
    assert error.status in {None, 307}, "a storage host's word is not the service's"
    assert "s3cr3t" not in str(error)
    assert len(asked) == 2, "no redirect is followed"


def tampered(**changes):
    return lambda data: data["upload"].update(changes)


@pytest.mark.parametrize(
    "ticket",
    [
        tampered(url="http://169.254.169.254/latest"),
        tampered(url="http://10.0.0.1/store"),
        tampered(url="file:///etc/passwd"),
        tampered(url="https://user:pass@127.0.0.1/store"),
        tampered(url=""),
        tampered(url=7),
        tampered(url=f"http://127.0.0.1:9/{KEY}"),
        tampered(method="POST"),
        tampered(headers={"X": "a\r\nHost: evil"}),
        tampered(headers={"a b": "c"}),
        tampered(headers={"Authorization": f"Bearer {KEY}"}),
        tampered(headers={"X": 7}),
        tampered(headers=["X"]),
        tampered(headers={f"x-{number}": "" for number in range(40)}),
        lambda data: data.pop("upload"),
        lambda data: data.update(download_url="http://192.168.0.1/kept.png"),
        lambda data: data.update(download_url=f"http://127.0.0.1/{KEY}"),
        lambda data: data.pop("download_url"),
    ],
)
def test_a_ticket_that_leads_astray_is_not_followed(ticket):
    error, asked = play(partial(service, ticket=ticket))
    assert type(error) is Malformed
    assert KEY not in str(error)
    assert [each.method for each in asked] == ["POST"]


def test_a_ticket_without_headers_is_one():
    address, _ = play(partial(service, ticket=lambda data: data["upload"].pop("headers")))
    assert address.endswith("/kept.png")
