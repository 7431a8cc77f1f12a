"""The writer's lock on a disk that does not play along, and what its note says."""

from __future__ import annotations

import errno
import fcntl
import os

import pytest

from seedpipe.core.errors import LedgerLocked, RunError
from seedpipe.ledger.lock import WriterLock, lock_holder


@pytest.fixture
def ledger(tmp_path):
    return tmp_path / "ledger.db"


def failing(code):
    """A call of the system that fails."""

    def fail(*_):
        raise OSError(code, os.strerror(code))

    return fail


def test_a_lock_that_cannot_be_opened_stops_the_run(ledger):
    ledger.with_name("ledger.db.lock").mkdir()
    with pytest.raises(RunError, match="cannot be opened"):
        WriterLock(ledger)


def test_a_disk_that_knows_no_locks_stops_the_run_and_says_where_to_go(ledger, monkeypatch):
    monkeypatch.setattr(fcntl, "flock", failing(errno.ENOLCK))
    with pytest.raises(RunError, match="cannot be taken") as caught:
        WriterLock(ledger)
    assert type(caught.value) is RunError, "nobody else holds it"
    assert "local disk" in caught.value.hint
    assert lock_holder(ledger) is None, "who looks learns nothing, and nothing breaks"


def test_a_lock_that_was_not_taken_is_left_to_others(ledger, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", failing(errno.ENOLCK))
        with pytest.raises(RunError):
            WriterLock(ledger)
    WriterLock(ledger).release()


def test_a_note_that_cannot_be_written_is_no_reason_to_stop(ledger, monkeypatch):
    monkeypatch.setattr(os, "pwrite", failing(errno.ENOSPC))
    lock = WriterLock(ledger)
    assert lock_holder(ledger) == "", "it is held; by whom, nobody knows"
    lock.release()


def test_a_note_that_cannot_be_read_still_says_that_somebody_holds_it(ledger, monkeypatch):
    lock = WriterLock(ledger)
    monkeypatch.setattr(os, "pread", failing(errno.EIO))
    with pytest.raises(LedgerLocked, match="another run is writing"):
        WriterLock(ledger)
    lock.release()


def test_a_note_of_somebody_elses_is_not_shown(ledger):
    lock = WriterLock(ledger)
    ledger.with_name("ledger.db.lock").write_text("\x1b[31mred")
    with pytest.raises(LedgerLocked, match="another run is writing"):
        WriterLock(ledger)
    lock.release()
    lock.release()
    assert lock_holder(ledger) is None
