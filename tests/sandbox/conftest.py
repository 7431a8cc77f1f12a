"""A sandbox in memory with a clock that stands still until it is told to move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from seedpipe import catalog
from seedpipe.sandbox import Book, Switches
from seedpipe.sandbox.behaviour import Sandbox

ORIGIN = "http://127.0.0.1:9"


class FakeService:
    """The behaviour under a clock of its own; every call returns the reply."""

    def __init__(self, book: Book, switches: Switches) -> None:
        self.book = book
        self.now = datetime(2026, 5, 19, 6, 9, 15, 948268, tzinfo=UTC)
        self.sandbox = Sandbox(book, catalog.load(), switches)

    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def submit(self, model="bytedance/seedream-v4", *, webhook=None, **inputs):
        inputs.setdefault("prompt", "a lamp")
        return self.sandbox.submit(model, inputs, self.now, ORIGIN, webhook=webhook)

    def submitted(self, model="bytedance/seedream-v4", **inputs) -> str:
        reply = self.submit(model, **inputs)
        assert reply.status == 200, reply.body
        return reply.body["data"]["id"]

    def balance(self):
        return self.sandbox.balance(self.now).body["data"]["balance"]

    def bills(self, **query):
        reply = self.sandbox.bills(query, self.now)
        assert reply.status == 200, reply.body
        return reply.body["data"]

    def result(self, prediction_id):
        return self.sandbox.result(prediction_id, self.now, ORIGIN)

    def data(self, prediction_id):
        return self.result(prediction_id).body["data"]

    def listing(self, **query):
        return self.sandbox.listing(query, self.now, ORIGIN)

    def listed(self, **query) -> list[str]:
        reply = self.listing(**query)
        assert reply.status == 200, reply.body
        return [item["id"] for item in reply.body["data"]["items"]]


@pytest.fixture
def service():
    """Return a maker of services, each with its own book in memory, closed at the end."""
    books = []

    def make(**switches) -> FakeService:
        books.append(Book())
        return FakeService(books[-1], Switches(**switches))

    yield make
    for book in books:
        book.close()
