"""A model of the image service with every bad habit that money.md names, and its own book of charges.

What becomes of a request is decided when its bytes arrive, from the seed. The service goes on when a client
dies: what it has taken in it may still accept, charge and show later. It knows nothing of jobs; `attempt` on
a charge is written by the oracle, which sees the ledger at the moment of the submit. The account is shared:
others ask for things as well, of the same kind or the very same.
"""

from __future__ import annotations

import heapq
import itertools
import struct
import zlib
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache

from seedpipe.core.errors import Malformed, Refused, Unavailable, Uncertain
from seedpipe.core.lifecycle import Event, task_progress
from seedpipe.core.model import Prediction, PredictionPage, canonical_json
from tests.fakes.clock import EPOCH

SUBMIT_FATES = (
    "slow",
    "answer lost",
    "request lost",
    "accepted late",
    "garbled, accepted",
    "garbled, not accepted",
    "not sent",
    "rate limited",
    "blocked",
    "refused",
)
_LATE_TO_FAIL = frozenset({"answer lost", "request lost", "garbled, accepted", "garbled, not accepted"})
_URLS_LIVE_S = 3600.0
KEPT_S = 7 * 86_400.0  # tasks are listed so long


@dataclass(slots=True, kw_only=True)
class Habits:
    """How often each thing goes wrong, in shares of one; all zero is a service that never fails."""

    submits: dict = field(default_factory=dict)  # fate → share
    endings: dict = field(default_factory=dict)  # how tasks end → share
    reads: float = 0.0  # results and downloads that fail for the moment
    unseen_s: float = 0.0  # how long a new task may be unknown to `result`
    late_s: float = 0.0  # how late an accepted-late request may be accepted
    lag_s: float = 0.0  # how late the list may show a task
    hang_s: float = 0.0  # how long a submit may take that is lost or garbled
    page_s: float = 0.0  # how long a page of the list may be on its way
    inputs: str = (
        "list"  # where the service repeats what was asked: in the "list", in the "result", "nowhere"
    )
    tells_time: bool = True
    key_is_revoked: bool = False


@dataclass(slots=True, kw_only=True)
class Task:
    """One accepted request: what the book charges for, and what the client may see of it."""

    prediction_id: str
    model: str
    body: dict
    attempt: tuple | None  # None: somebody else's, who shares the account
    at_s: float
    seen_at_s: float
    listed_at_s: float
    ready_at_s: float
    ending: str
    key: str  # what it was asked by
    fresh_at_s: float = 0.0

    @property
    def refunded(self):
        return self.ending in {"failed", "empty"}


class Service:
    """Lives as long as its world; `clients` come and go."""

    def __init__(self, rng, habits, price, now):
        self.rng = rng
        self.habits = habits
        self.price = price
        self.now = now
        self.book = []  # every charge, in order
        self.tasks = {}
        self.on_charge = lambda task: None
        self.listed_s = 0.0  # when the list was last shown
        self._arriving = []  # (time, order, request) that will be accepted
        self._order = itertools.count()

    def catch_up(self):
        """Do what the service has done until now."""
        while self._arriving and self._arriving[0][0] <= self.now():
            at_s, _, request = heapq.heappop(self._arriving)
            self._accept(at_s, *request)

    def expect(self, seconds, request):
        """Accept a request so many seconds from now, whoever is still there to hear of it."""
        prediction_id = f"{len(self.book) + len(self._arriving):032x}"
        heapq.heappush(self._arriving, (self.now() + seconds, next(self._order), (prediction_id, *request)))
        return prediction_id

    def _accept(self, at_s, prediction_id, model, body, attempt):
        rng, habits = self.rng, self.habits
        task = Task(
            prediction_id=prediction_id,
            model=model,
            body=body,
            attempt=attempt,
            at_s=at_s,
            seen_at_s=at_s + rng.random() * habits.unseen_s,
            listed_at_s=at_s + rng.random() * habits.lag_s,
            ready_at_s=at_s + 1 + rng.random() * 20,
            ending=self._drawn(habits.endings),
            key=key_of(model, body),
        )
        if task.ending == "for long":
            task.ready_at_s += 4000 * rng.random()
        task.fresh_at_s = task.ready_at_s
        self.tasks[prediction_id] = task
        self.book.append(task)
        self.on_charge(task)

    def patience_s(self):
        """How long a submit hangs that will be lost or garbled: now and then to the adapter's deadline."""
        return self.rng.random() * self.habits.hang_s if self.habits.hang_s else 0.0

    def ways_s(self):
        """How long the question for a page takes, and its answer."""
        page_s = self.habits.page_s
        return (self.rng.random() * page_s, self.rng.random() * page_s) if page_s else (0.0, 0.0)

    def pictures(self):
        """Every file the service has ever made."""
        return [
            picture(f"{task.prediction_id}/{index}")
            for task in self.book
            for index in range(task.body["max_images"])
        ]

    def _drawn(self, shares, default="well"):
        if shares:
            point = self.rng.random()
            for name, share in shares.items():
                point -= share
                if point < 0:
                    return name
        return default


class Client:
    """`ports.Provider`: the connection of one process to the service.

    `step(what)` is asked before every call and may kill; `sending(model, body)` is the oracle's look at the
    ledger when the bytes leave, and returns the attempt they are for; `fetching(task)` hears of downloads.
    """

    def __init__(self, service, clock, step, sending, fetching):
        self._service = service
        self._clock = clock
        self._step = step
        self._sending = sending
        self._fetching = fetching

    async def submit(self, model, body):
        service, sleep = self._service, self._clock.sleep
        self._step("submit")
        service.catch_up()
        request = (model, dict(body), self._sending(model, body))
        fate = "revoked" if service.habits.key_is_revoked else service._drawn(service.habits.submits)
        roll = service.rng.random()
        match fate:
            case "well" | "slow":
                prediction_id = service.expect(0.05 + roll, request)
                await sleep(1.2 + (roll * 100 if fate == "slow" else 0))
                service.catch_up()
                self._step("answered")
                return Prediction(prediction_id=prediction_id, model=model, status="created")
            case "answer lost" | "garbled, accepted":
                service.expect(0.05 + roll, request)
            case "accepted late":
                service.expect(2 + roll * service.habits.late_s, request)
        await sleep(1.5 + (service.patience_s() if fate in _LATE_TO_FAIL else 0.0))
        service.catch_up()
        self._step("failed to submit")
        raise _submit_error(fate, roll)

    async def result(self, prediction_id):
        service = self._service
        self._step("result")
        await self._clock.sleep(0.05)
        service.catch_up()
        self._stumble()
        task, now = service.tasks.get(prediction_id), service.now()
        if task is None or now < task.seen_at_s:
            raise Refused("HTTP 404: no such task", status=404)
        return shown(task, now, told=service.habits.inputs != "nowhere")

    async def predictions(
        self, *, model, created_after, created_before, page=1, page_size=100, include_inputs=True
    ):
        service = self._service
        self._step("list")
        there_s, back_s = service.ways_s()
        await self._clock.sleep(0.05 + there_s)
        service.catch_up()
        self._stumble()
        now = service.listed_s = service.now()
        listed = [
            shown(task, now, told=include_inputs and service.habits.inputs == "list")
            for task in reversed(service.book)
            if task.model == model
            and is_listed(task, now)
            and created_after <= moment(task.at_s) <= created_before
        ]
        shown_here = tuple(listed[(page - 1) * page_size : page * page_size])
        answer = PredictionPage(
            items=shown_here,
            more=len(listed) > page * page_size,
            server_now=moment(now).replace(microsecond=0) if service.habits.tells_time else None,
        )
        if back_s:
            await self._clock.sleep(back_s)
        return answer

    @asynccontextmanager
    async def download(self, url):
        service = self._service
        self._step("download")
        await self._clock.sleep(0.05)
        if not self._service.habits.key_is_revoked:  # files need no key
            self._stumble()
        prediction_id, index, until = url.removeprefix("https://files.test/").split("/")
        self._fetching(service.tasks[prediction_id])
        if service.now() > float(until):
            raise Refused("HTTP 404: its URL has expired", status=404)
        yield self._chunks(picture(f"{prediction_id}/{index}"))

    async def _chunks(self, content):
        if self._service.rng.random() < self._service.habits.reads:
            yield content[: len(content) // 2]
            if self._service.rng.random() < 0.5:
                raise Unavailable("an output came only in part")
            return
        yield content

    def _stumble(self):
        if self._service.habits.key_is_revoked:
            raise Refused("HTTP 401: the key is not valid", status=401)
        roll = self._service.rng.random()
        if roll < self._service.habits.reads:
            raise (
                Unavailable("HTTP 503", status=503)
                if roll * 2 < self._service.habits.reads
                else Malformed("<html>")
            )

    async def aclose(self):
        """Nothing to release."""


def key_of(model, body):
    """What requests for the same are known by."""
    return f"{model} {canonical_json(dict(body))}"


def moment(seconds):
    """The service's clock, which is right."""
    return EPOCH + timedelta(seconds=seconds)


def is_listed(task, now_s):
    """Whether the list shows the task by now, and still."""
    return task.listed_at_s <= now_s <= task.at_s + KEPT_S


def is_worth_having(task, now_s):
    """Whether the task has not failed by now."""
    return task_progress(shown(task, now_s, told=False)) not in {Event.PROVIDER_FAILED, Event.COMPLETED_EMPTY}


def shown(task, now_s, *, told):
    """The task as an answer shows it, a moment of its life; `told` repeats what was asked."""
    facts = {
        "prediction_id": task.prediction_id,
        "model": task.model,
        "created_at": moment(task.at_s),
        "inputs": task.body if told else None,
    }
    if now_s < task.ready_at_s:
        running = "queued in the fourth dimension" if task.ending == "unheard of" else "processing"
        return Prediction(**facts, status=running)
    if task.ending in {"failed", "moderated"}:
        code = 1200 if task.ending == "moderated" else 5000
        return Prediction(**facts, status="failed", code=code, error="it failed")
    if now_s > task.fresh_at_s + _URLS_LIVE_S:
        task.fresh_at_s = now_s
    count = 0 if task.ending == "empty" else task.body["max_images"] - (task.ending == "short")
    until = task.fresh_at_s + _URLS_LIVE_S
    outputs = tuple(f"https://files.test/{task.prediction_id}/{index}/{until}" for index in range(count))
    return Prediction(**facts, status="completed", outputs=outputs, inference_ms=9)


def _submit_error(fate, roll):  # noqa: PLR0911 - a table
    match fate:
        case "not sent":
            return Unavailable("the service cannot be reached")
        case "rate limited":
            return Unavailable("HTTP 429", status=429, retry_after_s=roll * 20 if roll < 0.5 else None)
        case "blocked":
            return Refused("HTTP 402: no balance", status=402)
        case "revoked":
            return Refused("HTTP 401: the key is not valid", status=401)
        case "refused":
            return Refused("HTTP 400: bad size", status=400)
        case "garbled, accepted" | "garbled, not accepted":
            return Malformed("the answer names no task")
    return Uncertain("the connection broke before the answer")


@lru_cache(maxsize=4096)
def picture(text):
    """A PNG of one pixel whose colour comes from the text."""
    colour = zlib.crc32(text.encode()).to_bytes(4, "big")[:3]
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0" + colour)),
        (b"IEND", b""),
    )
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
