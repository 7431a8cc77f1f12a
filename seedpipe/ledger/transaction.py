"""One transaction of the ledger, and what people hear when it fails.

Invariants: what is done in the block is all there after it, or nothing is; no `sqlite3` exception leaves it.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from seedpipe.ledger.schema import plain

if TYPE_CHECKING:
    from pathlib import Path


class Transaction:
    """A block that is one transaction; a class and no generator, for a run makes very many of them."""

    def __init__(self, db: sqlite3.Connection, path: Path, begin: str) -> None:
        self._db = db
        self._path = path
        self._begin = begin

    def __enter__(self) -> None:
        try:
            self._db.execute(self._begin)
        except sqlite3.Error as error:
            raise plain(error, self._path) from error

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        try:
            if error is None:
                self._commit()
            else:
                self._take_back()
                if isinstance(error, sqlite3.Error):
                    raise error
        except sqlite3.Error as failed:
            raise plain(failed, self._path) from failed

    def _commit(self) -> None:
        try:
            self._db.execute("COMMIT")
        except BaseException:
            self._take_back()
            raise

    def _take_back(self) -> None:
        if self._db.in_transaction:  # SQLite has rolled back by itself after some errors
            self._db.execute("ROLLBACK")
