"""The ledger's file among other files, other processes, full disks and other versions."""

from __future__ import annotations

import errno
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from seedpipe.core.errors import InputError, LedgerDamaged, LedgerLocked, RunError
from seedpipe.core.lifecycle import Event, Phase
from seedpipe.ledger import SqliteLedger, schema, sqlite_version
from tests.contracts.ledger_plans import AT, MODEL, a_header, a_job, a_run, an_entry, some_cells

ROOT = Path(__file__).parents[2]
PLAN = a_header().plan_id

# Opens a ledger, begins a run and says so; then records intents until it is killed, telling each one
# after `record` has returned.
SENDER = """
import sys
from pathlib import Path
from seedpipe.core.lifecycle import Event
from seedpipe.ledger import SqliteLedger
from tests.contracts.ledger_plans import a_header, a_job, a_run, an_entry, some_cells

ledger = SqliteLedger.open(Path(sys.argv[1]), origin="sandbox")
ledger.admit(a_header(), some_cells(5000))
ledger.begin_run(a_run())
print("ready", flush=True)
for number in range(int(sys.argv[2])):
    ledger.record([an_entry(a_job(number).job_id, Event.INTENT_RECORDED)])
    print(number, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "ledger.db"


@pytest.fixture
def open_ledger(path):
    with closing(SqliteLedger.open(path, origin="sandbox")) as ledger:
        ledger.admit(a_header(), some_cells(3))
        ledger.begin_run(a_run())
        yield ledger


@contextmanager
def sender(path, intents):
    """A process that writes to the ledger, ready and alive."""
    with subprocess.Popen(
        [sys.executable, "-c", SENDER, str(path), str(intents)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


@contextmanager
def files_no_longer_than(size_bytes):
    """A disk that is full: no file of this process can grow past a size."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


class TestProcesses:
    def test_every_intent_that_was_told_survives_sigkill(self, path):
        with sender(path, 4000) as process:
            told = [int(process.stdout.readline()) for _ in range(40)]
            process.send_signal(signal.SIGKILL)
            told += [int(line) for line in process.stdout.read().split("\n") if line]
        assert process.returncode == -signal.SIGKILL
        with closing(SqliteLedger.open(path, origin="sandbox")) as ledger:
            phases = ledger.phases([a_job(number).job_id for number in range(5000)])
            assert {a_job(number).job_id for number in told} <= set(phases)
            assert len(phases) - len(told) in (0, 1), "recorded, and killed before it could say so"
            assert set(phases.values()) == {Phase.SUBMITTING}
            assert ledger.begin_run(a_run("run-2")) == len(phases)

    def test_a_second_writer_is_told_who_holds_the_lock(self, path):
        with sender(path, 0) as process:
            with pytest.raises(LedgerLocked, match=f"pid {process.pid}, run run-1"):
                SqliteLedger.open(path, origin="sandbox")
            with closing(SqliteLedger.open_for_reading(path)) as reader:
                assert reader.latest_run().start == a_run()
            process.kill()
            process.wait()
            SqliteLedger.open(path, origin="sandbox").close()

    def test_a_second_writer_in_the_same_process_is_refused_too(self, open_ledger, path):
        with pytest.raises(LedgerLocked, match=f"pid {os.getpid()}"):
            SqliteLedger.open(path, origin="sandbox")
        open_ledger.close()
        SqliteLedger.open(path, origin="sandbox").close()

    def test_an_open_that_fails_gives_the_lock_back(self, path):
        path.parent.mkdir()
        path.write_text("no database, but longer than the header of one would have to be " * 9)
        for _ in range(2):
            with pytest.raises(LedgerDamaged, match="not a ledger"):
                SqliteLedger.open(path, origin="sandbox")

    def test_another_thread_than_the_opener_may_use_it(self, open_ledger):
        verdicts = []
        worker = threading.Thread(
            target=lambda: verdicts.extend(
                open_ledger.record([an_entry(a_job(0).job_id, Event.INTENT_RECORDED)])
            )
        )
        worker.start()
        worker.join()
        assert verdicts == ["recorded"]


class TestReading:
    def test_a_reader_sees_what_a_writer_has_just_recorded(self, open_ledger, path):
        with closing(SqliteLedger.open_for_reading(path)) as reader:
            assert reader.origin == "sandbox"
            assert reader.tally(PLAN).keys() == {Phase.PLANNED}
            open_ledger.record([an_entry(a_job(0).job_id, Event.INTENT_RECORDED)])
            assert reader.tally(PLAN).keys() == {Phase.PLANNED, Phase.SUBMITTING}

    def test_a_reader_cannot_write(self, open_ledger, path):
        with (
            closing(SqliteLedger.open_for_reading(path)) as reader,
            pytest.raises(LedgerDamaged, match="read-only"),
        ):
            reader.record([an_entry(a_job(0).job_id, Event.INTENT_RECORDED)])

    def test_a_reader_leaves_no_file_behind(self, open_ledger, path):
        open_ledger.close()
        before = {file.name: file.read_bytes() for file in path.parent.iterdir()}
        with closing(SqliteLedger.open_for_reading(path)) as reader:
            assert reader.job_count(PLAN) == 3
        assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == before

    def test_an_empty_file_has_nothing_to_read(self, path):
        path.parent.mkdir()
        path.touch()
        with pytest.raises(InputError, match="empty"):
            SqliteLedger.open_for_reading(path)

    def test_a_reader_creates_nothing(self, path):
        with pytest.raises(InputError, match="no ledger"):
            SqliteLedger.open_for_reading(path)
        assert not path.parent.exists()


class TestWhatIsNotOurs:
    def test_a_ledger_of_another_service(self, open_ledger, path):
        open_ledger.close()
        for _ in range(2):  # the second time shows that the lock was given back
            with pytest.raises(InputError, match=r"belongs to sandbox, not to https://api\.example:443"):
                SqliteLedger.open(path, origin="https://api.example:443")

    def test_a_database_of_another_program_is_left_alone(self, path):
        path.parent.mkdir()
        with closing(sqlite3.connect(path)) as other:
            other.execute("CREATE TABLE recipes (name TEXT)")
        before = path.read_bytes()
        for opening in (
            lambda: SqliteLedger.open(path, origin="x"),
            lambda: SqliteLedger.open_for_reading(path),
        ):
            with pytest.raises(LedgerDamaged, match="another program"):
                opening()
        assert path.read_bytes() == before

    def test_a_newer_version_asks_for_an_upgrade(self, open_ledger, path):
        open_ledger.close()
        with closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA user_version = 99")
        for opening in (
            lambda: SqliteLedger.open(path, origin="x"),
            lambda: SqliteLedger.open_for_reading(path),
        ):
            with pytest.raises(LedgerDamaged, match="newer seedpipe") as caught:
                opening()
            assert caught.value.hint == "upgrade seedpipe"

    def test_an_older_version_is_read_by_nobody_and_brought_up_to_date_by_the_next_run(
        self, open_ledger, path, monkeypatch
    ):
        open_ledger.record([an_entry(a_job(0).job_id, Event.INTENT_RECORDED)])
        open_ledger.close()
        newer = (*schema._MIGRATIONS, ("CREATE TABLE later (word TEXT)",))
        monkeypatch.setattr(schema, "_MIGRATIONS", newer)
        with pytest.raises(RunError, match="older seedpipe"):
            SqliteLedger.open_for_reading(path)
        with closing(SqliteLedger.open(path, origin="sandbox")) as ledger:
            assert ledger.phases([a_job(0).job_id]) == {a_job(0).job_id: Phase.SUBMITTING}
        with closing(SqliteLedger.open_for_reading(path)) as reader:
            assert reader.origin == "sandbox"

    def test_what_an_older_version_was_asked_for_is_recalled(self, open_ledger, path):
        open_ledger.close()
        with closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA user_version = 1")
        with closing(SqliteLedger.open_to_recall(path)) as recalled:
            assert recalled.sizes_asked() == []

    def test_a_file_with_nothing_in_it_recalls_nothing(self, path):
        assert SqliteLedger.open_to_recall(path) is None
        path.parent.mkdir()
        path.touch()
        assert SqliteLedger.open_to_recall(path) is None

    def test_a_file_system_without_shared_memory_is_refused(self, path, monkeypatch):
        """SQLite then stays with a journal that readers and a writer cannot share; so it does on this one."""
        connect = sqlite3.connect
        monkeypatch.setattr(sqlite3, "connect", lambda file, **how: connect(f"{file}&vfs=unix-none", **how))
        with pytest.raises(RunError, match="without shared memory") as caught:
            SqliteLedger.open(path, origin="sandbox")
        assert "--state" in caught.value.hint

    def test_another_program_that_holds_the_ledger_is_named_as_the_trouble(
        self, open_ledger, path, monkeypatch
    ):
        open_ledger.close()
        monkeypatch.setattr(schema, "_BUSY_TIMEOUT_S", 0.0)
        with (
            closing(sqlite3.connect(path, isolation_level=None)) as other,
            closing(SqliteLedger.open(path, origin="sandbox")) as ledger,
        ):
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(RunError, match="in use by another program") as caught:
                ledger.record([an_entry(a_job(0).job_id, Event.INTENT_RECORDED)])
            assert not isinstance(caught.value, LedgerDamaged)
            other.execute("ROLLBACK")

    def test_an_empty_file_becomes_a_ledger(self, path):
        path.parent.mkdir()
        path.touch()
        with closing(SqliteLedger.open(path, origin="sandbox")) as ledger:
            assert ledger.latest_run() is None

    @pytest.mark.parametrize("keep", [0.5, 0.9])
    def test_a_file_that_lost_its_end(self, open_ledger, path, keep):
        open_ledger.close()
        os.truncate(path, int(path.stat().st_size * keep))
        with (
            pytest.raises(LedgerDamaged, match="corrupt"),  # when it is opened or, at the latest, used
            closing(SqliteLedger.open(path, origin="sandbox")) as ledger,
        ):
            ledger.admit(a_header(edition="2"), some_cells(2000, tag="x"))

    def test_a_path_that_is_a_folder(self, path):
        path.mkdir(parents=True)
        with pytest.raises(RunError, match="cannot be"):
            SqliteLedger.open(path, origin="sandbox")

    def test_a_folder_that_is_a_file(self, path):
        path.parent.write_text("in the way")
        with pytest.raises(RunError, match="cannot be made"):
            SqliteLedger.open(path, origin="sandbox")

    def test_a_closed_ledger_says_so(self, open_ledger):
        open_ledger.close()
        with pytest.raises(LedgerDamaged, match="closed"):
            open_ledger.tally(PLAN)


class TestDisk:
    def test_a_full_disk_stops_the_intent_and_loses_nothing(self, open_ledger, path):
        open_ledger.record([an_entry(a_job(0).job_id, Event.INTENT_RECORDED)])
        log = path.with_name(path.name + "-wal")
        with files_no_longer_than(log.stat().st_size), pytest.raises(LedgerDamaged, match="disk"):
            open_ledger.record([an_entry(a_job(1).job_id, Event.INTENT_RECORDED)])
        open_ledger.close()
        with closing(SqliteLedger.open(path, origin="sandbox")) as again:
            assert again.phases([a_job(n).job_id for n in range(3)]) == {a_job(0).job_id: Phase.SUBMITTING}
            again.record([an_entry(a_job(1).job_id, Event.INTENT_RECORDED)])

    def test_a_plan_that_does_not_fit_leaves_nothing(self, open_ledger):
        other = a_header(edition="2")
        with files_no_longer_than(1_000_000), pytest.raises(LedgerDamaged, match="disk"):
            open_ledger.admit(other, some_cells(20_000, tag="x"))
        with pytest.raises(KeyError):
            open_ledger.plan_header(other.plan_id)

    def test_the_names_of_new_folders_and_of_the_ledger_are_synced(self, path, monkeypatch):
        synced = []
        sync = os.fsync

        def recording(fd):
            synced.append(os.fstat(fd).st_ino)
            sync(fd)

        monkeypatch.setattr(os, "fsync", recording)
        SqliteLedger.open(path, origin="sandbox").close()
        assert synced == [path.parent.parent.stat().st_ino, path.parent.stat().st_ino]

    def test_a_folder_that_cannot_be_synced_is_said_plainly(self, path, monkeypatch):
        def broken(_fd):
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        monkeypatch.setattr(os, "fsync", broken)
        with pytest.raises(LedgerDamaged, match=os.strerror(errno.EIO)):
            SqliteLedger.open(path, origin="sandbox")

    def test_every_commit_is_synced(self, open_ledger):
        settings = [
            open_ledger._db.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous")
        ]
        assert settings == ["wal", 2]

    def test_what_was_recorded_is_never_rewritten(self, open_ledger):
        open_ledger.record([an_entry(a_job(0).job_id, Event.INTENT_RECORDED)])
        for statement in ("UPDATE events SET event = 'held'", "DELETE FROM events"):
            with pytest.raises(sqlite3.IntegrityError, match="never"):
                open_ledger._db.execute(statement)


def test_the_version_of_the_database_library_is_told():
    assert tuple(map(int, sqlite_version().split("."))) >= (3, 37, 0)


def test_the_books_agree_with_themselves(open_ledger):
    """Both kinds of accounts equal the sums over the attempts; the events tell every entry."""
    jobs = [a_job(number).job_id for number in range(3)]
    told = [
        *((job, Event.INTENT_RECORDED) for job in jobs),
        *((job, Event.ACCEPTED) for job in jobs[:2]),
        (jobs[2], Event.REFUSED),
        (jobs[0], Event.PROVIDER_FAILED),
    ]
    for job, event in told:
        open_ledger.record([an_entry(job, event)])
    db = open_ledger._db
    for kind, column in (("run", "run_id"), ("campaign", "campaign")):
        held = db.execute(
            f"SELECT {column}, sum(cost_micros) FROM attempts"
            " WHERE phase NOT IN ('planned', 'failed') GROUP BY 1"
        ).fetchall()
        accounts = db.execute(
            "SELECT name, committed_micros FROM accounts WHERE kind = ? AND committed_micros", (kind,)
        ).fetchall()
        assert [tuple(row) for row in accounts] == [tuple(row) for row in held] != []
    events = db.execute("SELECT job_id, event FROM events ORDER BY event_no").fetchall()
    assert [tuple(row) for row in events] == told
    body, owner = db.execute(
        "SELECT body, owner FROM attempts JOIN events ON event_no = intent_event LIMIT 1"
    ).fetchone()
    assert (body, owner) == ('{"prompt":"a lamp"}', "worker-1")


def test_a_ledger_of_the_first_version_learns_what_its_places_were_paid_for_as(path):
    draft = replace(a_header(edition="2"), variant={"profile": "draft"})
    with closing(SqliteLedger.open(path, origin="https://api.test")) as ledger:
        for run_id, header, tag in (("run-1", a_header(), ""), ("run-2", draft, "d")):
            ledger.admit(header, some_cells(2, tag=tag))
            ledger.begin_run(a_run(run_id, header=header))
            ledger.record([an_entry(a_job(0, tag=tag).job_id, Event.INTENT_RECORDED, run_id=run_id)])
    with closing(sqlite3.connect(path)) as db:
        db.executescript(
            """DROP TABLE uploads; DROP TABLE cell_jobs; DROP TABLE keeps;
            ALTER TABLE plans DROP COLUMN place_prefix;
            ALTER TABLE plans DROP COLUMN looked_at; DROP INDEX events_given_up;
            ALTER TABLE runs DROP COLUMN elsewhere_micros;
            ALTER TABLE runs DROP COLUMN elsewhere_month_micros;
            ALTER TABLE runs DROP COLUMN out;
            PRAGMA user_version = 1;"""
        )
    with closing(SqliteLedger.open(path, origin="https://api.test")) as ledger:
        asked = dict.fromkeys(("hero/0/0", "hero/1/0", "@draft/hero/d0/0", "hero/d0/0"), "another")
        found = ledger.formers("autumn", asked)
        assert {place: former.job_id for place, former in found.items()} == {
            "hero/0/0": a_job(0).job_id,
            "@draft/hero/d0/0": a_job(0, tag="d").job_id,
        }


def test_a_ledger_that_did_not_note_where_its_runs_put_their_images_is_brought_up_to_date(path):
    with closing(SqliteLedger.open(path, origin="sandbox")) as ledger:
        ledger.admit(a_header(), some_cells(1))
        ledger.begin_run(a_run("run-1", out="lost"))
    with closing(sqlite3.connect(path)) as db:
        db.executescript(
            """ALTER TABLE runs DROP COLUMN out;
            ALTER TABLE plans DROP COLUMN looked_at; DROP INDEX events_given_up;
            PRAGMA user_version = 4;"""
        )
    with closing(SqliteLedger.open(path, origin="sandbox")) as ledger:
        assert (ledger.latest_run().start, ledger.latest_out(a_header())) == (a_run("run-1"), None)
        ledger.begin_run(a_run("run-2", out="out/autumn"))
    with closing(SqliteLedger.open_for_reading(path)) as reader:
        assert reader.latest_run().start == a_run("run-2", out="out/autumn")


def test_a_ledger_that_noted_no_looks_has_looked_for_nothing(path):
    job = a_job(0).job_id
    with closing(SqliteLedger.open(path, origin="https://api.test")) as ledger:
        ledger.admit(a_header(), some_cells(2))
        ledger.begin_run(a_run())
        for event in (Event.INTENT_RECORDED, Event.UNKNOWN, Event.SURELY_ABSENT):
            ledger.record([an_entry(job, event)])
    with closing(sqlite3.connect(path)) as db:
        db.executescript(
            """ALTER TABLE plans DROP COLUMN looked_at; DROP INDEX events_given_up;
            PRAGMA user_version = 5;"""
        )
    with closing(SqliteLedger.open(path, origin="https://api.test")) as ledger:
        assert ledger.looked_until(PLAN, [Phase.PLANNED]) == {MODEL: None}
        assert [request.record.job.job_id for request in ledger.given_up(PLAN, AT)] == [job]
