"""The ledger's file: its tables, its versions, how it is opened, and what its errors mean to people.

Hides every setting that durability rests on. Invariants: a file is changed only after it has shown to be
ours and of a version we know; versions go up one by one, each in a transaction; no `sqlite3` exception leaves
the room.

The tables use nothing that PostgreSQL lacks but spelling. Money is in `*_micros`, times in microseconds.
A plan's rows hang on the number of the plan and the job's place in it: a shard is one range of a key.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from seedpipe.core.errors import InputError, LedgerDamaged, RunError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_APPLICATION_ID: Final = 0x5EED01ED  # marks the file as ours in its header
_BUSY_TIMEOUT_S: Final = 10.0  # a reader that recovers or checkpoints holds the file for moments only
_WAL_KEPT_BYTES: Final = 64 * 1024 * 1024  # after a large plan the log is cut back to this

# One tuple of statements a version, oldest first. Never edit one that was released: add the next.
_MIGRATIONS: Final = (
    (
        "CREATE TABLE ledger (one INTEGER PRIMARY KEY CHECK (one = 1), origin TEXT NOT NULL)",
        """CREATE TABLE plans (
            plan_no INTEGER PRIMARY KEY,
            plan_id TEXT NOT NULL UNIQUE,
            campaign TEXT NOT NULL,
            brand TEXT,
            header TEXT NOT NULL,
            job_count INTEGER NOT NULL)""",
        "CREATE TABLE jobs (job_id TEXT NOT NULL PRIMARY KEY, model TEXT NOT NULL, request TEXT NOT NULL)",
        """CREATE TABLE plan_jobs (
            plan_no INTEGER NOT NULL REFERENCES plans,
            position INTEGER NOT NULL,
            job_id TEXT NOT NULL REFERENCES jobs,
            outputs_expected INTEGER NOT NULL,
            cost_micros INTEGER NOT NULL,
            PRIMARY KEY (plan_no, position)) WITHOUT ROWID""",
        "CREATE UNIQUE INDEX plan_jobs_by_job ON plan_jobs (job_id, plan_no)",
        """CREATE TABLE cells (
            plan_no INTEGER NOT NULL,
            job_position INTEGER NOT NULL,
            position INTEGER NOT NULL,
            address TEXT NOT NULL,
            series TEXT NOT NULL,
            axes TEXT NOT NULL,
            output_paths TEXT NOT NULL,
            PRIMARY KEY (plan_no, job_position, position),
            FOREIGN KEY (plan_no, job_position) REFERENCES plan_jobs) WITHOUT ROWID""",
        "CREATE INDEX cells_by_address ON cells (plan_no, address)",
        """CREATE TABLE runs (
            run_no INTEGER PRIMARY KEY,
            run_id TEXT NOT NULL UNIQUE,
            plan_no INTEGER NOT NULL REFERENCES plans,
            campaign TEXT NOT NULL,
            owner TEXT NOT NULL,
            started_at INTEGER NOT NULL,
            purse_micros INTEGER,
            budget_micros INTEGER,
            month_micros INTEGER,
            finished_at INTEGER,
            exit_code INTEGER,
            stop TEXT,
            message TEXT NOT NULL DEFAULT '')""",
        """CREATE TABLE events (
            event_no INTEGER PRIMARY KEY,
            at INTEGER NOT NULL,
            job_id TEXT NOT NULL REFERENCES jobs,
            number INTEGER NOT NULL,
            event TEXT NOT NULL,
            phase TEXT NOT NULL,
            run_id TEXT,
            body TEXT,
            detail TEXT)""",
        "CREATE INDEX events_by_job ON events (job_id, number)",
        """CREATE TRIGGER events_stay BEFORE UPDATE ON events
            BEGIN SELECT RAISE(ABORT, 'events are never changed'); END""",
        """CREATE TRIGGER events_are_kept BEFORE DELETE ON events
            BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END""",
        """CREATE TABLE attempts (
            attempt_no INTEGER PRIMARY KEY,
            job_id TEXT NOT NULL REFERENCES jobs,
            number INTEGER NOT NULL,
            phase TEXT NOT NULL,
            campaign TEXT NOT NULL,
            brand TEXT,
            month TEXT NOT NULL,
            cost_micros INTEGER NOT NULL,
            run_id TEXT REFERENCES runs (run_id),
            owner TEXT,
            intent_event INTEGER REFERENCES events,
            intent_at INTEGER,
            accepted_at INTEGER,
            finished_at INTEGER,
            prediction_id TEXT UNIQUE,
            urls TEXT NOT NULL,
            flagged TEXT NOT NULL,
            inference_ms INTEGER,
            error TEXT NOT NULL,
            error_code INTEGER,
            UNIQUE (job_id, number))""",
        # The plan that an attempt was made for: the run's, or the newest one that has the job.
        """CREATE VIEW asking_plans AS SELECT attempt_no, coalesce(
            (SELECT asked.plan_no FROM plan_jobs AS asked JOIN runs ON runs.plan_no = asked.plan_no
                WHERE asked.job_id = attempts.job_id AND runs.run_id = attempts.run_id),
            (SELECT max(newest.plan_no) FROM plan_jobs AS newest WHERE newest.job_id = attempts.job_id)
            ) AS plan_no FROM attempts""",
        "CREATE INDEX attempts_by_phase ON attempts (phase, job_id)",
        "CREATE INDEX attempts_by_acceptance ON attempts (accepted_at)",
        """CREATE TABLE outputs (
            attempt_no INTEGER NOT NULL REFERENCES attempts,
            position INTEGER NOT NULL,
            sha256 TEXT NOT NULL,
            media_type TEXT NOT NULL,
            width_px INTEGER NOT NULL,
            height_px INTEGER NOT NULL,
            size_bytes INTEGER NOT NULL,
            PRIMARY KEY (attempt_no, position)) WITHOUT ROWID""",
        """CREATE TABLE accounts (
            kind TEXT NOT NULL CHECK (kind IN ('run', 'campaign', 'month')),
            name TEXT NOT NULL,
            committed_micros INTEGER NOT NULL CHECK (committed_micros >= 0),
            PRIMARY KEY (kind, name)) WITHOUT ROWID""",
    ),
    (  # What each place of a campaign was paid for as; a profile has places of its own.
        "ALTER TABLE plans ADD COLUMN place_prefix TEXT NOT NULL DEFAULT ''",
        """UPDATE plans SET place_prefix = '@' || json_extract(header, '$.variant.profile') || '/'
            WHERE json_extract(header, '$.variant.profile') IS NOT NULL""",
        """CREATE TABLE cell_jobs (
            campaign TEXT NOT NULL,
            place TEXT NOT NULL,
            job_id TEXT NOT NULL,
            seen INTEGER NOT NULL,
            elsewhere_micros INTEGER,
            PRIMARY KEY (campaign, place, job_id)) WITHOUT ROWID""",
        "CREATE INDEX cell_jobs_by_job ON cell_jobs (job_id)",
        """CREATE TABLE keeps (
            campaign TEXT NOT NULL,
            place TEXT NOT NULL,
            asked_job TEXT NOT NULL,
            kept_job TEXT NOT NULL,
            at INTEGER NOT NULL,
            PRIMARY KEY (campaign, place)) WITHOUT ROWID""",
        """INSERT INTO cell_jobs (campaign, place, job_id, seen)
            SELECT plans.campaign, place_prefix || address, attempts.job_id, max(coalesce(intent_event, 0))
            FROM attempts JOIN asking_plans USING (attempt_no) JOIN plans USING (plan_no)
            JOIN plan_jobs ON plan_jobs.plan_no = plans.plan_no AND plan_jobs.job_id = attempts.job_id
            JOIN cells ON cells.plan_no = plan_jobs.plan_no AND job_position = plan_jobs.position
            WHERE (SELECT origin FROM ledger) <> 'sandbox'
            GROUP BY plans.campaign, place_prefix || address, attempts.job_id""",
    ),
    (
        """CREATE TABLE uploads (
            upload_no INTEGER PRIMARY KEY,
            sha256 TEXT NOT NULL,
            url TEXT NOT NULL,
            uploaded_at INTEGER NOT NULL,
            withdrawn INTEGER NOT NULL DEFAULT 0)""",
        "CREATE INDEX uploads_by_content ON uploads (sha256)",
        "CREATE INDEX uploads_by_url ON uploads (url)",
    ),
    (  # What others had paid when a run began: it counts against the caps of the run.
        "ALTER TABLE runs ADD COLUMN elsewhere_micros INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE runs ADD COLUMN elsewhere_month_micros INTEGER NOT NULL DEFAULT 0",
    ),
    ("ALTER TABLE runs ADD COLUMN out TEXT",),  # where a run has put its images
    (  # Until when the service's list was read for a plan's jobs; and which requests were given up, by time.
        "ALTER TABLE plans ADD COLUMN looked_at INTEGER",
        """CREATE INDEX events_given_up ON events (at)
            WHERE event IN ('surely_absent', 'written_off')""",
    ),
)

_MEANINGS: Final = {
    sqlite3.SQLITE_FULL: ("the disk is full", "free some space and run the same command again"),
    sqlite3.SQLITE_IOERR: ("the disk reports an error", "check the disk before you continue"),
    sqlite3.SQLITE_READONLY: ("it is read-only here", "make the file and its folder writable"),
    sqlite3.SQLITE_CANTOPEN: ("it cannot be opened", "the file and its folder must be writable"),
    sqlite3.SQLITE_PERM: ("access is not permitted", "make the file and its folder writable"),
    sqlite3.SQLITE_CORRUPT: ("it is corrupt", "restore it from a backup or the CI cache; do not delete it"),
    sqlite3.SQLITE_NOTADB: ("it is not a ledger", "another file has taken its place; do not delete it"),
}


@contextmanager
def plain_errors(path: Path) -> Iterator[None]:
    """Turn any `sqlite3` error into one for the user, with the ledger's path."""
    try:
        yield
    except sqlite3.Error as error:
        raise plain(error, path) from error


def plain(error: sqlite3.Error, path: Path) -> Exception:
    """Return what an error of `sqlite3` means to people.

    Rows that contradict each other are no fault of the file but of whoever wrote them: `ValueError`.
    """
    if isinstance(error, sqlite3.IntegrityError):
        return ValueError(f"the ledger refuses what contradicts it: {error}")
    return _explained(error, path)


def sqlite_version() -> str:
    """Return the version of the database library."""
    return sqlite3.sqlite_version


def make_folder(folder: Path) -> None:
    """Make the ledger's folder, its name as durable as what will lie in it."""
    try:
        missing = [path for path in (folder, *folder.parents) if not path.exists()]
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"the folder {folder} cannot be made: {error.strerror}") from error
    for path in missing:
        _sync_folder(path.parent)


def open_to_write(path: Path, origin: str) -> tuple[sqlite3.Connection, str]:
    """Return a connection to a ledger that is ours and up to date, and its origin; the caller holds the lock.

    A file that is not there is made, for `origin`.
    """
    with _connected(path, "rwc") as db:
        version = _version(db, path)
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("PRAGMA fullfsync = ON")  # where a plain fsync does not reach the disk
        if db.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
            raise RunError(
                f"{path} is on a file system without shared memory",
                hint="choose a state folder on a local disk with --state",
            )
        db.execute("PRAGMA synchronous = FULL")
        db.execute(f"PRAGMA journal_size_limit = {_WAL_KEPT_BYTES}")
        if version < len(_MIGRATIONS):
            _migrate(db, version, origin)
            _sync_folder(path.parent)
        return db, _origin(db)


def open_to_read(path: Path) -> tuple[sqlite3.Connection, str]:
    """Return a connection that changes nothing in a ledger that exists, and the ledger's origin.

    The mode is read-write all the same: only so can SQLite tidy its log away after a killed writer.
    """
    with _connected(path, "rw") as db:
        db.execute("PRAGMA query_only = ON")
        version = _version(db, path)
        if version == 0:
            raise InputError(
                f"the ledger {path} is empty", hint="nothing has run here yet: use `seedpipe run`"
            )
        if version < len(_MIGRATIONS):
            raise RunError(
                f"{path} was written by an older seedpipe",
                hint="the next `seedpipe run` brings it up to date",
            )
        return db, _origin(db)


def open_to_recall(path: Path) -> tuple[sqlite3.Connection, str] | None:
    """Return a connection to what an older version may have written; None for a file that holds nothing yet.

    It is for what was the same in all versions: jobs and attempts.
    """
    with _connected(path, "rw") as db:
        db.execute("PRAGMA query_only = ON")
        if _version(db, path) == 0:
            db.close()
            return None
        return db, _origin(db)


@contextmanager
def _connected(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    """Open a connection and close it again if making it ready fails."""
    with plain_errors(path):
        db = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,  # transactions begin and end where the code says so
            check_same_thread=False,  # the engine has one worker thread; there is no concurrent use
            timeout=_BUSY_TIMEOUT_S,
        )
        db.row_factory = sqlite3.Row
        try:
            yield db
        except BaseException:
            db.close()
            raise


def _version(db: sqlite3.Connection, path: Path) -> int:
    """Return the version of the file's tables, 0 for an empty file; reads only."""
    (owner,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if owner != _APPLICATION_ID and (owner or version or tables):
        raise LedgerDamaged(
            f"{path} is a database of another program",
            hint="seedpipe does not touch it: choose another folder with --state",
        )
    if version > len(_MIGRATIONS):
        raise LedgerDamaged(
            f"{path} was written by a newer seedpipe (version {version} of the ledger, "
            f"this one knows {len(_MIGRATIONS)})",
            hint="upgrade seedpipe",
        )
    return int(version)


def _origin(db: sqlite3.Connection) -> str:
    return str(db.execute("SELECT origin FROM ledger").fetchone()["origin"])


def _migrate(db: sqlite3.Connection, version: int, origin: str) -> None:
    db.execute("BEGIN IMMEDIATE")
    for statements in _MIGRATIONS[version:]:
        for statement in statements:
            db.execute(statement)
    if version == 0:
        db.execute("INSERT INTO ledger (one, origin) VALUES (1, ?)", (origin,))
    db.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    db.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")
    db.execute("COMMIT")


def _sync_folder(folder: Path) -> None:
    """Make the name of a new file as durable as its content."""
    try:
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
    except OSError as error:
        raise LedgerDamaged(
            f"the folder {folder} cannot be synced to disk: {error.strerror}",
            hint="check the disk before you continue",
        ) from error


def _explained(error: sqlite3.Error, path: Path) -> RunError:
    primary = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the higher bits are details
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return RunError(
            f"the ledger {path} is in use by another program",
            hint="close the other program, then run the same command again",
        )
    meaning, hint = _MEANINGS.get(primary, (f"SQLite says: {error}", None))
    return LedgerDamaged(f"the ledger {path} cannot be used: {meaning}", hint=hint)
