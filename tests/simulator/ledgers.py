"""Where the ledger of a history lies: in a file, in a database that stays in memory, or in dictionaries.

To open a file and to prepare anew all that is asked of it takes longer than the rest of a history. In memory
the tables, their rules and the statements are the same, but the connection is kept from one history to the
next: a history is a savepoint that is taken back, and a transaction is a savepoint within it. What is left
out – the file, its log, its syncs – is the business of some histories, of the tests of the file and of those
of real processes.

Most histories are about who pays when, not about SQL. They have the plain ledger, which answers in a fifth of
the time; that the others would have been the same with it, step by step, is tested.
"""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from functools import lru_cache
from pathlib import Path

from seedpipe.ledger import SqliteLedger
from seedpipe.ledger.lock import WriterLock
from tests.fakes.plain_ledger import PlainLedger
from tests.fakes.plain_memory import Memory

ORIGIN = "https://api.test"
_STATEMENTS = 1000  # more than the ledger has
_FULLY_SYNCED = 2  # PRAGMA synchronous: below FULL a commit may be lost with the power


class InFile:
    """A ledger of some class in a folder."""

    def __init__(self, folder, ledger):
        self.path = folder / "ledger.sqlite3"
        self._ledger = ledger
        self._before = b""
        self._commits_may_be_lost = False

    def open(self):
        """Open the ledger to write, making it if need be."""
        if not self.path.exists():
            self.path.write_bytes(_new_ledger())
        before = self.path.read_bytes()
        ledger = self._ledger.open(self.path, origin=ORIGIN)
        self._before = before
        (synchronous,) = ledger._db.execute("PRAGMA synchronous").fetchone()
        self._commits_may_be_lost = synchronous < _FULLY_SYNCED
        return ledger

    def lose_power(self):
        """Take back what was recorded since it was opened last, if commits were not synced."""
        if self._commits_may_be_lost:
            self.lose()
            self.path.write_bytes(self._before)

    def lose(self):
        """Remove the ledger."""
        for name in ("", "-wal", "-shm", ".lock"):
            Path(f"{self.path}{name}").unlink(missing_ok=True)


class InMemory:
    """A ledger in the database that this process of ours keeps; one history at a time may have one."""

    def __init__(self, folder, ledger):
        self.path = folder / "ledger.sqlite3"
        self._ledger = ledger
        _database().forget()

    def open(self):
        """Open the ledger to write; its lock is a file's."""
        lock = WriterLock(self.path)
        return self._ledger(self.path, _database(), ORIGIN, lock)

    def lose_power(self):
        """Take back nothing: what is committed is on disk."""

    def lose(self):
        """Begin anew."""
        _database().forget()


class Plain:
    """A ledger in dictionaries, in the place of the real one; its lock is a file's."""

    def __init__(self, folder, ledger):
        assert ledger is SqliteLedger, "a house with another ledger says where that lies"
        self.path = folder / "ledger.sqlite3"
        self._memory = Memory()

    def open(self):
        """Open the ledger to write."""
        return PlainLedger(self._memory, origin=ORIGIN, lock=WriterLock(self.path))

    def lose_power(self):
        """Take back nothing: what is recorded is on disk."""

    def lose(self):
        """Begin anew."""
        self._memory = Memory()


LEDGERS = {"file": InFile, "memory": InMemory, "plain": Plain}


class _Database(sqlite3.Connection):
    """Nobody else writes to it, so that to read needs no savepoint.

    Whoever closes it leaves it as a process that was killed leaves its file.
    """

    _begun = ""

    @property
    def in_transaction(self):
        return bool(self._begun)

    def execute(self, statement, *values):
        if statement in ("BEGIN", "BEGIN IMMEDIATE"):
            self._begun = statement
            steps = ["SAVEPOINT step"]
        elif statement == "COMMIT":
            steps = ["RELEASE step"]
        elif statement == "ROLLBACK":
            steps = ["ROLLBACK TO step", "RELEASE step"]
        else:
            return super().execute(statement, *values)
        if self._begun == "BEGIN IMMEDIATE":
            for step in steps:
                super().execute(step)
        if statement in ("COMMIT", "ROLLBACK"):
            self._begun = ""
        return None

    def close(self):
        if self._begun:
            self.execute("ROLLBACK")

    def forget(self):
        """Take back all that was recorded since the ledger was new."""
        self.close()
        super().execute("ROLLBACK TO history")


@lru_cache(maxsize=1)
def _database():
    db = sqlite3.connect(":memory:", factory=_Database, isolation_level=None, cached_statements=_STATEMENTS)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "ledger.sqlite3")
        path.write_bytes(_new_ledger())
        with closing(sqlite3.connect(path)) as file:
            file.backup(db)
    db.row_factory = sqlite3.Row
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("SAVEPOINT history")
    return db


@lru_cache(maxsize=1)
def _new_ledger():
    """Return the file of a ledger that nothing was recorded in: making its tables takes as long as a run."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "ledger.sqlite3")
        SqliteLedger.open(path, origin=ORIGIN).close()
        return path.read_bytes()
