"""Outputs inside an answer: named, asked for again, decoded under a cap; never in the ledger."""

import asyncio
import base64
import json

import pytest

from seedpipe.core.errors import Malformed, ProviderError, Refused
from seedpipe.core.safe_text import lasting_url
from seedpipe.providers import Limits, WaveSpeedProvider, inline
from seedpipe.sandbox import SandboxServer, Switches
from seedpipe.stores import LocalStore
from tests.fakes.provider import picture
from tests.fakes.wire import http, wire

ID = "e6832d4abffb4d79bfbca19783fca133"
PICTURE = picture("kettle")
NAKED = base64.b64encode(PICTURE).decode()
JSON = [("Content-Type", "application/json")]


async def read(provider, url):
    async with provider.download(url) as chunks:
        return b"".join([chunk async for chunk in chunks])


def fetched(outputs, *, later=None, headers=(), **limits):
    """What the downloads of a result with these outputs bring; `later` is what the service says then."""

    async def play():
        said = [outputs, outputs if later is None else later]

        async def reply(asked, writer):
            now = said.pop(0) if len(said) > 1 else said[0]
            body = json.dumps({"data": {"id": ID, "status": "completed", "outputs": now}}).encode()
            writer.write(http(200, body, headers))
            await writer.drain()

        async with wire(reply) as server:
            provider = WaveSpeedProvider(server.url, "key", limits=Limits(**limits))
            try:
                task = await provider.result(ID)
                return task.outputs, [await read(provider, url) for url in task.outputs]
            finally:
                await provider.aclose()

    return asyncio.run(play())


@pytest.mark.parametrize("outputs", [[NAKED], [NAKED, f"data:image/png;base64,{NAKED}"]])
def test_base64_outputs_are_named_and_brought(outputs):
    names, contents = fetched(outputs)
    assert names == tuple(f"inline:{ID}/{index}" for index in range(len(outputs)))
    assert contents == [PICTURE] * len(outputs)


def test_a_name_is_not_kept_by_the_ledger():
    assert lasting_url(f"inline:{ID}/0") == ""


@pytest.mark.parametrize(
    "output", [NAKED[:-3], "not base64!", "inline:another-task/0", "javascript:alert(1)", "x" * 5]
)
def test_what_is_neither_a_url_nor_base64_is_a_failed_download(output):
    with pytest.raises(Malformed, match="neither a URL nor base64"):
        fetched([output])


def test_an_output_over_the_cap_is_not_decoded():
    with pytest.raises(Malformed, match="larger than 20 bytes"):
        fetched([NAKED], download_max_bytes=20)


@pytest.mark.parametrize(
    ("content", "words"), [(b"<html>an error page</html>", "a web page"), (PICTURE[:-9], "cut short")]
)
def test_base64_of_what_is_no_whole_image_is_never_kept(tmp_path, content, words):
    async def chunks():
        [brought] = (await asyncio.to_thread(fetched, [base64.b64encode(content).decode()]))[1]
        yield brought

    store = LocalStore(tmp_path / "objects", tmp_path / "out")
    with pytest.raises(Malformed, match=words):
        asyncio.run(store.receive(chunks()))
    assert list((tmp_path / "objects").iterdir()) == []


def test_a_long_answer_is_read_only_if_it_is_said_to_be_json():
    assert fetched([NAKED], headers=JSON, answer_max_bytes=50)[1] == [PICTURE]
    with pytest.raises(ProviderError, match="cut short or too long"):
        fetched([NAKED], answer_max_bytes=50)
    with pytest.raises(ProviderError, match="cut short or too long"):
        fetched([NAKED], headers=JSON, answer_max_bytes=50, result_max_bytes=60)


@pytest.mark.parametrize("later", [[], ["https://files.test/1.png"]])
def test_an_output_that_is_named_otherwise_now_has_to_be_asked_for_again(later):
    with pytest.raises(Refused, match="another way now"):
        fetched([NAKED], later=later)


@pytest.mark.parametrize(
    "name", ["inline:", f"inline:{ID}/", f"inline:{ID}/-1", "inline:../../x/0", "https://x/1"]
)
def test_only_our_own_names_lead_inside(name):
    assert inline.place(name) is None


def test_the_sandboxs_base64_outputs_come_home_whole():
    async def play(origin):
        provider = WaveSpeedProvider(origin, "any-key")
        body = {"prompt": "a red lamp", "size": "1024*1024", "max_images": 2, "enable_base64_output": True}
        try:
            task = await provider.submit("bytedance/seedream-v4/sequential", body)
            result = await provider.result(task.prediction_id)
            return [await read(provider, url) for url in result.outputs]
        finally:
            await provider.aclose()

    with SandboxServer(switches=Switches(task_latency_s=0)) as server:
        first, second = asyncio.run(play(server.base_url))
    assert first.startswith(b"\xff\xd8\xff")
    assert first != second
