"""The book of charges: durable, exact, shared by threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from seedpipe.core.errors import RunError
from seedpipe.sandbox import Book
from seedpipe.sandbox.book import FILE_NAME
from seedpipe.sandbox.tasks import Task, Upload

NOW = datetime(2026, 5, 19, 6, 9, 15, 948268, tzinfo=UTC)
TASK = Task(
    prediction_id="a" * 32,
    model="bytedance/seedream-v4",
    inputs={"prompt": "ein Stück\0 日本", "max_images": 2},
    created_at=NOW,
    latency_s=0.2,
    images_billed=2,
    images_delivered=1,
    fail_code=1200,
    fail_message="no",
)
UPLOAD = Upload(upload_id="u", filename="ä.png", content_type="image/png", size_bytes=2, at=NOW)


def test_everything_survives_reopening(tmp_path):
    with Book(tmp_path / "state") as book:
        book.accept(TASK, Decimal("0.054"))
        book.announce(UPLOAD)
        book.fill("u", b"ok")
    with Book(tmp_path / "state") as book:
        assert book.task("a" * 32) == TASK
        assert book.tasks() == [TASK]
        [charge] = book.charges()
        assert (charge.usd, charge.at, charge.inputs) == (Decimal("0.054"), NOW, TASK.inputs)
        assert book.upload("u") == replace(UPLOAD, body=b"ok")
        assert book.accepted_count() == 1


def test_a_second_book_reads_while_the_first_is_open(tmp_path):
    with Book(tmp_path) as writing, Book(tmp_path) as reading:
        writing.accept(TASK, Decimal("0.1"))
        assert reading.charged_usd() == Decimal("0.1")


def test_a_task_without_its_charge_is_never_written(tmp_path):
    with Book(tmp_path) as book:
        book.accept(TASK, Decimal("0.1"))
        with pytest.raises(RunError, match="UNIQUE"):
            book.accept(TASK, Decimal("0.1"))
        assert (len(book.tasks()), len(book.charges())) == (1, 1)


def test_threads_share_a_book_and_sums_are_exact(tmp_path):
    with Book(tmp_path) as book:

        def accept(number: int) -> None:
            at = NOW + timedelta(seconds=number % 7)
            book.accept(replace(TASK, prediction_id=f"{number:032x}", created_at=at), Decimal("0.027"))
            assert book.task(f"{number:032x}") is not None

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(accept, range(60)))
        assert book.charged_usd() == 60 * Decimal("0.027")
        times = [task.created_at for task in book.tasks()]
        assert times == sorted(times, reverse=True)
        assert len(book.tasks(since=NOW + timedelta(seconds=3), until=NOW + timedelta(seconds=4))) == 17


@pytest.mark.parametrize("content", [b"no database at all, but long enough to be looked at" * 9])
def test_a_damaged_book_says_what_to_do(tmp_path, content):
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(RunError, match="book") as caught:
        Book(tmp_path)
    assert FILE_NAME in caught.value.hint


def test_a_state_folder_that_cannot_be_made_says_so(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="cannot open its book"):
        Book(tmp_path / "file" / "state")
