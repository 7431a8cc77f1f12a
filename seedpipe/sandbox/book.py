"""The sandbox's memory: its tasks, what it charged for them, and the files it was given.

Hides SQLite. Invariants: a task and its charge are one transaction, on disk before the answer leaves; a
charge is never removed, whatever happens to its task; a book outlives the process. Any number of threads
may use one `Book`, and a second process may read the same file.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Self

from seedpipe.core.errors import RunError
from seedpipe.core.model import canonical_json
from seedpipe.sandbox.tasks import Charge, Task, Upload

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

FILE_NAME: Final = "sandbox.sqlite"
_BUSY_TIMEOUT_S: Final = 10.0  # another process writes for milliseconds; longer means it hangs
_FORMAT: Final = 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_SCHEMA: Final = """
CREATE TABLE tasks (
    number INTEGER PRIMARY KEY AUTOINCREMENT, prediction_id TEXT NOT NULL UNIQUE, model TEXT NOT NULL,
    inputs TEXT NOT NULL, created_us INTEGER NOT NULL, latency_s REAL NOT NULL,
    images_billed INTEGER NOT NULL, images_delivered INTEGER NOT NULL,
    fail_code INTEGER, fail_message TEXT NOT NULL, deleted INTEGER NOT NULL);
CREATE INDEX tasks_by_time ON tasks (created_us, number);
CREATE TABLE charges (
    number INTEGER PRIMARY KEY AUTOINCREMENT, prediction_id TEXT NOT NULL, model TEXT NOT NULL,
    usd TEXT NOT NULL, inputs TEXT NOT NULL, at_us INTEGER NOT NULL);
CREATE TABLE uploads (
    upload_id TEXT PRIMARY KEY, filename TEXT NOT NULL, content_type TEXT NOT NULL,
    size_bytes INTEGER NOT NULL, at_us INTEGER NOT NULL, body BLOB);
"""


class Book:
    """Tasks, charges and uploads, in a file of the state folder, or in memory without one."""

    def __init__(self, state_dir: Path | None = None) -> None:
        self._lock = threading.RLock()
        self._db = _opened(state_dir)

    def close(self) -> None:
        """Release the file; closing twice is harmless."""
        with self._lock:
            self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- what the service writes ----------------------------------------------------------------

    def accepted_count(self) -> int:
        """Return how many tasks were ever accepted."""
        (count,) = self._one("SELECT coalesce(max(number), 0) FROM tasks", ())
        return int(count)

    def accept(self, task: Task, usd: Decimal) -> None:
        """Write a task and its charge, both or neither."""
        inputs, at = canonical_json(dict(task.inputs)), _us(task.created_at)
        row = (
            task.prediction_id,
            task.model,
            inputs,
            at,
            task.latency_s,
            task.images_billed,
            task.images_delivered,
            task.fail_code,
            task.fail_message,
            task.deleted,
        )
        with self._transaction():
            self._db.execute("INSERT INTO tasks VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            self._db.execute(
                "INSERT INTO charges VALUES (NULL, ?, ?, ?, ?, ?)",
                (task.prediction_id, task.model, str(usd), inputs, at),
            )

    def delete(self, prediction_ids: Iterable[str], since: datetime) -> int:
        """Mark tasks created since a moment as deleted; return how many were not so before."""
        sql = "UPDATE tasks SET deleted = 1 WHERE prediction_id = ? AND NOT deleted AND created_us >= ?"
        with self._transaction():
            return sum(
                self._db.execute(sql, (prediction_id, _us(since))).rowcount
                for prediction_id in prediction_ids
            )

    def announce(self, upload: Upload) -> None:
        """Write an upload, with or without its bytes."""
        row = (
            upload.upload_id,
            upload.filename,
            upload.content_type,
            upload.size_bytes,
            _us(upload.at),
            upload.body,
        )
        with self._transaction():
            self._db.execute("INSERT INTO uploads VALUES (?, ?, ?, ?, ?, ?)", row)

    def fill(self, upload_id: str, body: bytes) -> None:
        """Write the bytes of an announced upload."""
        with self._transaction():
            self._db.execute("UPDATE uploads SET body = ? WHERE upload_id = ?", (body, upload_id))

    # ---- what anybody may read ------------------------------------------------------------------

    def charges(self) -> list[Charge]:
        """Return everything that was charged, oldest first."""
        rows = self._all("SELECT prediction_id, model, usd, inputs, at_us FROM charges ORDER BY number", ())
        return [
            Charge(
                prediction_id=prediction_id,
                model=model,
                usd=Decimal(usd),
                inputs=json.loads(inputs),
                at=_moment(at),
            )
            for prediction_id, model, usd, inputs, at in rows
        ]

    def charged_tasks(self) -> list[tuple[Charge, Task]]:
        """Return every charge with its task, oldest first."""
        tasks = {task.prediction_id: task for task in self.tasks()}
        return [(charge, tasks[charge.prediction_id]) for charge in self.charges()]

    def charged_usd(self) -> Decimal:
        """Return the sum of all charges."""
        return sum((Decimal(usd) for (usd,) in self._all("SELECT usd FROM charges", ())), Decimal(0))

    def task(self, prediction_id: str) -> Task | None:
        """Return one task, deleted or not; None when there is none of that id."""
        row = self._one("SELECT * FROM tasks WHERE prediction_id = ?", (prediction_id,))
        return _task(row) if row else None

    def tasks(
        self, *, since: datetime = _EPOCH, until: datetime | None = None, model: str | None = None
    ) -> list[Task]:
        """Return the tasks created in a time span, both ends included, newest first."""
        until_us = 2**62 if until is None else _us(until)
        rows = self._all(
            "SELECT * FROM tasks WHERE created_us BETWEEN ? AND ? AND (? IS NULL OR model = ?)"
            " ORDER BY created_us DESC, number DESC",
            (_us(since), until_us, model, model),
        )
        return [_task(row) for row in rows]

    def upload(self, upload_id: str) -> Upload | None:
        """Return one upload; None when there is none of that id."""
        row = self._one("SELECT * FROM uploads WHERE upload_id = ?", (upload_id,))
        if row is None:
            return None
        upload_id, filename, content_type, size_bytes, at, body = row
        return Upload(
            upload_id=upload_id,
            filename=filename,
            content_type=content_type,
            size_bytes=size_bytes,
            at=_moment(at),
            body=body,
        )

    def has_received(self, upload_id: str, since: datetime) -> bool:
        """Say whether the bytes of an upload announced since a moment have come."""
        sql = "SELECT 1 FROM uploads WHERE upload_id = ? AND at_us >= ? AND body IS NOT NULL"
        return self._one(sql, (upload_id, _us(since))) is not None

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with _said_plainly(), self._lock, self._db:
            yield

    def _one(self, sql: str, values: tuple[Any, ...]) -> Any:
        with _said_plainly(), self._lock, closing(self._db.execute(sql, values)) as cursor:
            return cursor.fetchone()

    def _all(self, sql: str, values: tuple[Any, ...]) -> list[Any]:
        with _said_plainly(), self._lock, closing(self._db.execute(sql, values)) as cursor:
            return cursor.fetchall()


@contextmanager
def _said_plainly() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise RunError(f"the sandbox cannot use its book: {error}") from error


def _opened(state_dir: Path | None) -> sqlite3.Connection:
    path = "in memory" if state_dir is None else str(state_dir / FILE_NAME)
    try:
        if state_dir is not None:
            state_dir.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(
            ":memory:" if state_dir is None else path, timeout=_BUSY_TIMEOUT_S, check_same_thread=False
        )
    except (OSError, sqlite3.Error) as error:
        raise RunError(f"the sandbox cannot open its book {path}: {error}", hint=_hint(path)) from error
    try:
        _prepare(db)
    except sqlite3.Error as error:
        db.close()
        raise RunError(f"the sandbox cannot use its book {path}: {error}", hint=_hint(path)) from error
    return db


def _hint(path: str) -> str:
    return f"it holds proofs only; if it is damaged, remove {path} and run again"


def _prepare(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")  # the default of WAL forgets the last answers on power loss
    with db:
        db.execute("BEGIN IMMEDIATE")  # two processes may open a new book at once
        (found,) = db.execute("PRAGMA user_version").fetchone()
        if found == 0:
            for statement in _SCHEMA.split(";\n"):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {_FORMAT}")
        elif found != _FORMAT:
            raise sqlite3.DatabaseError(f"it has format {found}, this version reads {_FORMAT}")


def _task(row: Any) -> Task:
    _, prediction_id, model, inputs, created_us, latency_s, billed, delivered, code, message, deleted = row
    return Task(
        prediction_id=prediction_id,
        model=model,
        inputs=json.loads(inputs),
        created_at=_moment(created_us),
        latency_s=latency_s,
        images_billed=billed,
        images_delivered=delivered,
        fail_code=code,
        fail_message=message,
        deleted=bool(deleted),
    )


def _us(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _moment(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)
