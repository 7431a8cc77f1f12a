"""A scripted image service in memory: `ports.Provider`, with a book of what it would bill.

Faults are lists that are used up in order; when none is left, all goes well. A fault is an exception to
raise, or seconds by which the answer comes later.
"""

from __future__ import annotations

import asyncio
import io
from collections import defaultdict
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from PIL import Image

from seedpipe.core.bills import Bill, BillKind, BillPage
from seedpipe.core.errors import Malformed, ProviderError, Refused, Uncertain
from seedpipe.core.model import Prediction, PredictionPage


def picture(text: str) -> bytes:
    """A small PNG whose colour comes from the text."""
    seed = sum(ord(char) * (place + 1) for place, char in enumerate(text))
    image = Image.new("RGB", (16, 16), (seed % 256, seed // 256 % 256, len(text) % 256))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


class RequestLost(Uncertain):
    """The connection broke before the service had the request; to us it looks like any other."""


@dataclass
class Task:
    prediction_id: str
    model: str
    prompt: str
    ready_at_s: float
    outputs: tuple[str, ...]
    created_at: datetime
    inputs: dict
    status: str = "completed"
    code: int | None = None
    error: str = ""


@dataclass
class FakeProvider:
    clock: object
    submit_s: float = 0.2
    task_s: float = 5.0
    before_submit: object = None  # called with the body when the bytes would leave
    submit_faults: list = field(default_factory=list)
    submit_faults_of: dict = field(default_factory=lambda: defaultdict(list))
    delays_of: dict = field(default_factory=dict)  # prompt → seconds until a submit is answered
    task_s_of: dict = field(default_factory=dict)  # prompt → seconds until it is completed
    result_faults: dict = field(default_factory=lambda: defaultdict(list))
    download_faults: dict = field(default_factory=lambda: defaultdict(list))
    images_of: dict = field(default_factory=dict)  # prompt → how many images really come
    fates_of: dict = field(default_factory=lambda: defaultdict(list))  # prompt → fates of its next tasks
    flags_of: dict = field(default_factory=dict)  # prompt → indexes of images that are flagged
    fails: dict = field(default_factory=dict)  # prompt → (status, code, error)
    url_suffix: str = ""  # a signature, say
    tasks: dict = field(default_factory=dict)
    submits: list = field(default_factory=list)  # (seconds, prompt), each attempt to send
    billed: list = field(default_factory=list)  # prompts, one each accepted request
    results: list = field(default_factory=list)
    downloads: list = field(default_factory=list)
    listings: list = field(default_factory=list)  # (seconds, page)
    windows: list = field(default_factory=list)  # (from, to) of each page
    list_faults: list = field(default_factory=list)
    list_inputs: bool = True  # whether the list repeats what was asked
    result_inputs: bool = False  # whether a result does
    list_lag_s: float = 0.0  # until an accepted task is listed
    skew_s: float = 0.0  # the service's clock minus ours
    tells_date: bool = True
    balance_usd: Decimal = Decimal(100)
    image_usd: Decimal = Decimal("0.10")
    account_s: float = 0.05
    bills_a_page: int = 100
    uploads: dict = field(default_factory=dict)  # address → bytes
    upload_faults: list = field(default_factory=list)
    upload_s: float = 0.3
    moves_uploads: bool = False  # whether the list shows them by another address
    respells: dict = field(default_factory=dict)  # field → value that list and result show in its place
    account_faults: list = field(default_factory=list)  # of balance, price and bills
    account_asked: list = field(default_factory=list)  # what of the account was asked, in order
    in_flight: int = 0
    most_in_flight: int = 0
    closed: bool = False

    async def submit(self, model, body):
        prompt = body["prompt"]
        self.submits.append((self.clock.monotonic(), prompt))
        if self.before_submit:
            self.before_submit(body)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            fault = self._next_fault(prompt)
            usual_s = self.delays_of.get(prompt, self.submit_s)
            await self.clock.sleep(fault if isinstance(fault, (int, float)) else usual_s)
            if isinstance(fault, (Uncertain, Malformed)) and not isinstance(fault, RequestLost):
                self.accept(model, body)  # the worst case: it was accepted, and nobody heard
            if isinstance(fault, Exception):
                raise fault
            return Prediction(prediction_id=self.accept(model, body), model=model, status="created")
        finally:
            self.in_flight -= 1

    def accept(self, model, body) -> str:
        prompt = body["prompt"]
        prediction_id = f"task{len(self.billed):06}"
        status, code, error = self.fails.get(prompt, ("completed", None, ""))
        count = self.images_of.get(prompt, body.get("max_images", 1))
        fate = self.fates_of[prompt].pop(0) if self.fates_of[prompt] else None
        if isinstance(fate, int):
            count = fate
        elif fate:
            status, code, error = fate
        self.tasks[prediction_id] = Task(
            prediction_id=prediction_id,
            model=model,
            prompt=prompt,
            ready_at_s=self.clock.monotonic() + self.task_s_of.get(prompt, self.task_s),
            outputs=tuple(f"https://files.test/{prompt}/{index}{self.url_suffix}" for index in range(count)),
            created_at=self.server_now(),
            inputs=dict(body),
            status=status,
            code=code,
            error=error,
        )
        self.billed.append(prompt)
        return prediction_id

    async def result(self, prediction_id):
        task = self.tasks.get(prediction_id)
        self.results.append((self.clock.monotonic(), prediction_id))
        await self.clock.sleep(0.05)
        if task is None:
            raise Refused("HTTP 404: no such task", status=404)
        fault = self.result_faults[task.prompt].pop(0) if self.result_faults[task.prompt] else None
        if isinstance(fault, Exception):
            raise fault
        return replace(self._shown(task), inputs=self._repeated(task) if self.result_inputs else None)

    async def predictions(
        self, *, model, created_after, created_before, page=1, page_size=100, include_inputs=True
    ):
        self.listings.append((self.clock.monotonic(), page))
        self.windows.append((created_after, created_before))
        await self.clock.sleep(0.05)
        if fault := self.list_faults.pop(0) if self.list_faults else None:
            raise fault
        last = min(created_before, self.server_now() - timedelta(seconds=self.list_lag_s))
        items = [
            replace(
                self._shown(task),
                inputs=self._repeated(task) if include_inputs and self.list_inputs else None,
            )
            for task in reversed(self.tasks.values())
            if task.model == model and created_after <= task.created_at <= last
        ]
        shown = items[(page - 1) * page_size : page * page_size]
        server_now = self.server_now().replace(microsecond=0) if self.tells_date else None
        return PredictionPage(items=tuple(shown), more=bool(shown), server_now=server_now)

    def _repeated(self, task):
        inputs = task.inputs | {name: text for name, text in self.respells.items() if name in task.inputs}
        images = task.inputs.get("images")
        if not self.moves_uploads or images is None:
            return inputs
        return inputs | {"images": [url.replace("up.test", "cdn.test") for url in images]}

    def server_now(self):
        return self.clock.now() + timedelta(seconds=self.skew_s)

    def _shown(self, task):
        done = self.clock.monotonic() >= task.ready_at_s
        failed = done and task.status != "completed"
        return Prediction(
            prediction_id=task.prediction_id,
            model=task.model,
            status=task.status if done else "processing",
            outputs=task.outputs if done and not failed else (),
            code=task.code if failed else None,
            error=task.error if failed else "",
            created_at=task.created_at,
            flagged=frozenset(self.flags_of.get(task.prompt, ())) if done and not failed else frozenset(),
            inference_ms=1200 if done else None,
        )

    async def upload(self, content, media_type):
        await self.clock.sleep(self.upload_s)
        if self.upload_faults:
            raise self.upload_faults.pop(0)
        url = f"https://up.test/{len(self.uploads)}.{media_type.partition('/')[2]}"
        self.uploads[url] = content
        return url

    async def balance(self):
        await self._ask_account("balance")
        return self.balance_usd - sum(self.cost_usd(task) for task in self.tasks.values())

    async def price(self, model, inputs):
        await self._ask_account("price", model, dict(inputs))
        return self.image_usd * inputs.get("max_images", 1)

    async def bills(self, *, page, since, until):
        await self._ask_account("bills", page)
        found = [bill for bill in self._all_bills() if since <= bill.at <= until]
        start = (page - 1) * self.bills_a_page
        shown = tuple(found[start : start + self.bills_a_page])
        return BillPage(bills=shown, has_more=len(found) > start + len(shown))

    def cost_usd(self, task):
        return self.image_usd * task.inputs.get("max_images", 1)

    def _all_bills(self):
        """Newest first; what failed is given back at once."""
        for task in reversed(list(self.tasks.values())):
            refunded = task.status != "completed" and self.clock.monotonic() >= task.ready_at_s
            for kind in [BillKind.REFUND, BillKind.DEDUCT][not refunded :]:
                yield Bill(
                    bill_id=f"{kind}-{task.prediction_id}",
                    kind=kind,
                    amount_usd=self.cost_usd(task),
                    at=task.created_at,
                    prediction_id=task.prediction_id,
                    model=task.model,
                )

    async def _ask_account(self, *asked):
        self.account_asked.append(asked)
        await self.clock.sleep(self.account_s)
        if self.account_faults:
            raise self.account_faults.pop(0)

    @asynccontextmanager
    async def download(self, url):
        self.downloads.append(url)
        await self.clock.sleep(0.1)
        fault = self.download_faults[url].pop(0) if self.download_faults[url] else None
        if isinstance(fault, Refused):
            raise fault
        yield self._chunks(url, fault)

    async def aclose(self):
        self.closed = True

    async def _chunks(self, url, fault):
        uploaded = self.uploads.get(url.replace("cdn.test", "up.test"))
        content = fault if isinstance(fault, bytes) else uploaded or picture(url)
        yield content[:20]
        await asyncio.sleep(0)
        if isinstance(fault, ProviderError):
            raise fault
        yield content[20:]

    def _next_fault(self, prompt):
        for faults in (self.submit_faults_of[prompt], self.submit_faults):
            if faults:
                return faults.pop(0)
        return None
