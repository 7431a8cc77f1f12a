"""What every `ports.Provider` owes its caller: the real adapter over sockets, and the fake of engine tests.

An implementation is a class below: it stages a situation and hands over a provider that is in it.
"""

import asyncio
from base64 import b64encode
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import ClassVar

import pytest

from seedpipe.core.bills import Bill, BillKind
from seedpipe.core.errors import Malformed, ProviderError, Refused, Unavailable, Uncertain
from seedpipe.core.lifecycle import Event, submit_failure
from seedpipe.providers import Limits, WaveSpeedProvider
from tests.fakes.clock import FakeClock, run_virtually
from tests.fakes.provider import FakeProvider, picture
from tests.fakes.wire import free_port, http, says, silence, wire

MODEL = "bytedance/seedream-v4"
BODY = {"prompt": "a kettle", "max_images": 1}
TASK = "e6832d4abffb4d79bfbca19783fca133"
MADE_AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DATE = ("Date", "Sun, 01 Mar 2026 12:00:00 GMT")
PICTURE = picture("kettle")


class OverTheWire:
    """The adapter against a server of raw bytes."""

    task = TASK
    run = staticmethod(asyncio.run)
    replies: ClassVar = {
        "accepts": says(http(200, {"data": {"id": TASK, "status": "created"}})),
        "rate limited": says(http(429, headers=[("Retry-After", "30")])),
        "no balance": says(http(402, {"message": "no balance"})),
        "bad input": says(http(400, {"code": 1401, "message": "bad size"})),
        "lost answer": says(b"", then="reset"),
        "late answer": silence,
        "nonsense": says(http(200, b"<html>")),
        "knows no task": says(http(404, {"message": "not found"})),
        "away": says(http(503, b"<html>")),
        "file": says(http(200, PICTURE)),
        "cut file": says(http(200, PICTURE[:40], length=len(PICTURE)), then="close"),
        "expired file": says(http(403)),
    }

    @asynccontextmanager
    async def staged(self, situation):
        limits = Limits(read_timeout_s=0.2, answer_deadline_s=1)
        async with wire(self._reply(situation)) as server:
            self.file_url = f"{server.url}/kettle.png"
            base = f"http://127.0.0.1:{free_port()}" if situation == "no connection" else server.url
            provider = WaveSpeedProvider(base, "key", limits=limits)
            try:
                yield provider
            finally:
                await provider.aclose()

    @staticmethod
    def _listing(asked, key):
        item = {
            "id": TASK,
            "model": MODEL,
            "status": "created",
            "created_at": "2026-03-01T12:00:00.000000000Z",
        }
        if key:
            item[key] = BODY
        return {"data": {"page": asked.json["page"], "items": [item] if asked.json["page"] == 1 else []}}

    @staticmethod
    async def _account(asked, writer):
        bill = {
            "uuid": "b1",
            "billing_type": "deduct",
            "price": 0.027,
            "created_at": "2026-03-01T12:00:00.000000000Z",
            "prediction": {"uuid": TASK, "model_uuid": MODEL, "status": "completed"},
        }
        if asked.target.endswith("/balance"):
            data = {"balance": 12.34}
        elif asked.target.endswith("/model/price"):
            data = {"model_id": MODEL, "price": 0.027 * asked.json["inputs"]["max_images"]}
        else:
            items = [bill] if asked.json["page"] == 1 else []
            data = {"page": asked.json["page"], "has_more": False, "items": items}
        writer.write(http(200, {"code": 200, "data": data}))
        await writer.drain()

    async def _upload(self, asked, writer, *, forms_only):
        """Take an image by ticket, or in one form; GET gives the bytes that came."""
        at = f"http://{asked.headers['host']}/kept"
        data = {"download_url": at, "upload": {"method": "PUT", "url": at, "headers": {"Content-Type": "x"}}}
        if asked.method == "GET":
            answer = http(200, self.kept)
        elif asked.method == "PUT":
            self.kept, answer = asked.body, http(200)
        elif asked.target.endswith("/media/uploads"):
            answer = http(404, {"message": "not found"}) if forms_only else http(200, {"data": data})
        else:
            self.kept = asked.body.split(b"\r\n\r\n", 1)[1].rsplit(b"\r\n--", 1)[0]
            answer = http(200, {"data": data})
        writer.write(answer)
        await writer.drain()

    def _reply(self, situation):
        if situation == "inside":
            inside = b64encode(PICTURE).decode()
            return says(http(200, {"data": {"id": TASK, "status": "completed", "outputs": [inside]}}))
        if situation == "account":
            return self._account
        if situation.startswith("takes uploads"):
            return partial(self._upload, forms_only=situation.endswith("forms"))
        if situation.startswith("listed"):
            key = situation.removeprefix("listed, ")

            async def reply(asked, writer):
                self.asked_for = asked.json
                dated = [] if key == "undated" else [DATE]
                content = self._listing(asked, key if key in {"inputs", "input"} else "")
                writer.write(http(200, content, dated))
                await writer.drain()

            return reply
        if situation not in {"running", "completed", "failed"}:
            return self.replies.get(situation, silence)
        data = {"id": self.task, "status": {"running": "processing"}.get(situation, situation)}
        if situation == "completed":
            data["outputs"] = ["https://x/1"]
        if situation == "failed":
            data |= {"code": 1200, "error": "content moderation"}
        return says(http(200, {"data": data}))


class InMemory:
    """The fake of the engine's tests."""

    task = "task000000"
    file_url = "https://files.test/kettle/0"
    run = staticmethod(run_virtually)
    faults: ClassVar = {
        "no connection": Unavailable("nobody there"),
        "rate limited": Unavailable("HTTP 429", status=429, retry_after_s=30),
        "no balance": Refused("no balance", status=402),
        "bad input": Refused("bad size", status=400, code=1401),
        "lost answer": Uncertain("reset"),
        "late answer": Uncertain("time-out"),
        "nonsense": Malformed("HTML"),
        "away": Unavailable("HTTP 503", status=503),
        "cut file": Unavailable("cut"),
        "expired file": Refused("HTTP 403", status=403),
    }

    @asynccontextmanager
    async def staged(self, situation):
        provider = FakeProvider(FakeClock())
        fault = self.faults.get(situation)
        if situation == "failed":
            provider.fails[BODY["prompt"]] = ("failed", 1200, "content moderation")
        if situation not in {"accepts", "knows no task"}:
            provider.task_s = 1e6 if situation == "running" else 0
            provider.accept(MODEL, BODY)
        provider.list_inputs = situation in {"listed, inputs", "listed, input"}
        provider.tells_date = situation != "listed, undated"
        provider.list_faults = [fault] if fault else []
        provider.account_faults = [fault] if fault else []
        provider.upload_faults = [fault] if fault else []
        provider.image_usd = Decimal("0.027")
        provider.balance_usd = Decimal("12.367")
        provider.submit_faults = [fault] if fault else []
        provider.result_faults[BODY["prompt"]] = [fault] if fault else []
        provider.download_faults[self.file_url] = [fault] if fault else []
        yield provider
        await provider.aclose()


@pytest.fixture(params=[OverTheWire, InMemory])
def house(request):
    return request.param()


def in_situation(house, situation, act):
    async def play():
        async with house.staged(situation) as provider:
            return await act(provider)

    return house.run(play())


def failure(house, situation, act):
    with pytest.raises(ProviderError) as raised:
        in_situation(house, situation, act)
    assert str(raised.value), "an error says what happened"
    return raised.value


async def submit(provider):
    return await provider.submit(MODEL, BODY)


def test_an_accepted_request_has_an_id(house):
    assert in_situation(house, "accepts", submit).prediction_id == house.task


@pytest.mark.parametrize(
    ("situation", "kind", "event"),
    [
        ("no connection", Unavailable, Event.NOT_SENT),
        ("rate limited", Unavailable, Event.RATE_LIMITED),
        ("no balance", Refused, Event.BLOCKED),
        ("bad input", Refused, Event.REFUSED),
        ("lost answer", Uncertain, Event.UNKNOWN),
        ("late answer", Uncertain, Event.UNKNOWN),
        ("nonsense", Malformed, Event.UNKNOWN),
    ],
)
def test_a_failed_submit_says_what_it_means_for_the_money(house, situation, kind, event):
    error = failure(house, situation, submit)
    assert type(error) is kind
    assert submit_failure(error) is event
    assert error.retry_after_s == (30 if situation == "rate limited" else None)
    assert error.code == (1401 if situation == "bad input" else error.code)


@pytest.mark.parametrize(
    ("situation", "status", "outputs", "code"),
    [("running", "processing", 0, None), ("completed", "completed", 1, None), ("failed", "failed", 0, 1200)],
)
def test_a_result_shows_how_a_task_stands(house, situation, status, outputs, code):
    task = in_situation(house, situation, lambda provider: provider.result(house.task))
    assert (task.prediction_id, task.status, len(task.outputs), task.code) == (
        house.task,
        status,
        outputs,
        code,
    )
    assert task.error == ("content moderation" if code else "")


def test_a_task_nobody_knows_is_refused_with_404(house):
    error = failure(house, "knows no task", lambda provider: provider.result(house.task))
    assert (type(error), error.status) == (Refused, 404)


@pytest.mark.parametrize("situation", ["away", "rate limited", "no connection"])
def test_a_read_that_fails_may_be_repeated(house, situation):
    assert type(failure(house, situation, lambda provider: provider.result(house.task))) is Unavailable


async def download(provider, url):
    async with provider.download(url) as chunks:
        return b"".join([chunk async for chunk in chunks])


def test_a_download_brings_a_file(house):
    content = in_situation(house, "file", lambda provider: download(provider, house.file_url))
    assert content.startswith(b"\x89PNG")


@pytest.mark.parametrize(("situation", "kind"), [("cut file", Unavailable), ("expired file", Refused)])
def test_a_download_that_fails_says_whether_to_ask_for_a_fresh_url(house, situation, kind):
    assert type(failure(house, situation, lambda provider: download(provider, house.file_url))) is kind


async def upload(provider):
    return await provider.upload(PICTURE, "image/png")


def listing(page=1):
    hour = timedelta(hours=1)
    around = {"created_after": MADE_AT - hour, "created_before": MADE_AT + hour}
    return lambda provider: provider.predictions(model=MODEL, page=page, **around)


@pytest.mark.parametrize(
    ("key", "inputs"), [("inputs", BODY), ("input", BODY), ("nothing", None), ("undated", None)]
)
def test_a_page_of_the_list_shows_tasks_with_what_was_asked_and_when(house, key, inputs):
    page = in_situation(house, f"listed, {key}", listing())
    (item,) = page.items
    assert (item.prediction_id, item.model, item.created_at) == (house.task, MODEL, MADE_AT)
    assert item.inputs == inputs
    assert page.more
    assert page.server_now == (None if key == "undated" else MADE_AT)


def test_the_page_after_the_last_is_empty(house):
    page = in_situation(house, "listed, inputs", listing(page=2))
    assert (page.items, page.more) == ((), False)


@pytest.mark.parametrize("situation", ["away", "rate limited", "no connection"])
def test_a_list_that_fails_may_be_asked_again(house, situation):
    assert type(failure(house, situation, listing())) is Unavailable


@pytest.mark.parametrize(("situation", "kind"), [("no balance", Refused), ("nonsense", Malformed)])
def test_a_list_that_is_none_says_so(house, situation, kind):
    assert type(failure(house, situation, listing())) is kind


def bills(page=1):
    hour = timedelta(hours=1)
    return lambda provider: provider.bills(page=page, since=MADE_AT - hour, until=MADE_AT + hour)


def price(provider):
    return provider.price(MODEL, {**BODY, "max_images": 4})


def balance(provider):
    return provider.balance()


def test_the_account_says_what_is_left_and_what_a_request_costs(house):
    assert in_situation(house, "account", balance) == Decimal("12.34")
    assert in_situation(house, "account", price) == Decimal("0.108")


@pytest.mark.parametrize("situation", ["takes uploads", "takes uploads, in forms"])
def test_an_uploaded_image_lies_at_the_address_that_stands_for_it(house, situation):
    async def bring_and_fetch(provider):
        first = await provider.upload(PICTURE, "image/png")
        return await download(provider, first), await download(provider, await upload(provider))

    assert in_situation(house, situation, bring_and_fetch) == (PICTURE, PICTURE)


@pytest.mark.parametrize(
    ("situation", "kind", "status"),
    [
        ("no connection", Unavailable, None),
        ("rate limited", Unavailable, 429),
        ("away", Unavailable, 503),
        ("no balance", Refused, 402),
        ("bad input", Refused, 400),
        ("nonsense", Malformed, None),
    ],
)
def test_an_upload_that_fails_says_whether_to_try_again(house, situation, kind, status):
    error = failure(house, situation, upload)
    assert type(error) is kind
    assert error.status in {status, 200 if status is None else status}


def test_a_bill_names_its_task_its_amount_and_its_time(house):
    page = in_situation(house, "account", bills())
    (bill,) = page.bills
    assert bill == Bill(
        bill_id=bill.bill_id,
        kind=BillKind.DEDUCT,
        amount_usd=Decimal("0.027"),
        at=MADE_AT,
        prediction_id=house.task,
        model=MODEL,
    )
    assert not page.has_more


def test_the_page_after_the_last_bill_is_empty(house):
    assert in_situation(house, "account", bills(page=2)).bills == ()


@pytest.mark.parametrize("ask", [balance, price, bills()])
@pytest.mark.parametrize(
    ("situation", "kind"),
    [("away", Unavailable), ("no connection", Unavailable), ("nonsense", Malformed), ("no balance", Refused)],
)
def test_an_account_that_says_nothing_raises_what_may_be_warned_about(house, situation, kind, ask):
    assert type(failure(house, situation, ask)) is kind


def test_what_a_result_names_a_download_opens_even_when_it_travels_inside(house):
    async def fetch(provider):
        task = await provider.result(house.task)
        return [await download(provider, output) for output in task.outputs]

    (content,) = in_situation(house, "inside", fetch)
    assert content.startswith(b"\x89PNG")
