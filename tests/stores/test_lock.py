"""The lock on disk: whole or not at all, never through a link, and untouched when nothing changed."""

import errno
import hashlib
import os

import pytest

from seedpipe.core.errors import InputError, RunError
from seedpipe.stores import LockFile
from tests.core.test_lockfile import a_line
from tests.fakes.disk import Disk


@pytest.fixture
def path(tmp_path):
    return tmp_path / "campaign.lock.jsonl"


@pytest.fixture
def lock(path):
    return LockFile(path, "campaign.lock.jsonl")


def test_no_lock_is_no_lines_and_no_lines_are_no_lock(lock, path):
    assert lock.read() == ()
    lock.write([])
    assert not path.exists()


def test_lines_come_back(lock, path):
    lock.write([a_line(prediction_id="task-2"), a_line(), a_line()])
    assert set(lock.read()) == {a_line(), a_line(prediction_id="task-2")}
    assert [found.name for found in path.parent.iterdir()] == [path.name]


def test_what_was_written_is_there_after_a_loss_of_power(lock, path):
    disk = Disk(path.parent)
    with disk.mounted():
        lock.write([a_line()])
        assert disk.is_durable(path, hashlib.sha256(path.read_bytes()).hexdigest())


def test_an_unchanged_lock_is_not_touched(lock, path):
    lock.write([a_line()])
    before = path.stat()
    lock.write(lock.read())
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    lock.write([])
    assert path.read_text() == ""


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.write_bytes(b"{}\n\xff\n"), "line 2 is not UTF-8"),
        (lambda path: path.mkdir(), "no regular file"),
        (os.mkfifo, "no regular file"),
        (lambda path: path.symlink_to("/etc/hostname"), "symbolic links"),
    ],
)
def test_what_is_no_lock_is_an_error_that_says_why(lock, path, spoil, words):
    spoil(path)
    with pytest.raises(InputError, match=words):
        lock.read()


def test_a_mark_at_the_start_of_the_file_is_no_fault(lock, path):
    lock.write([a_line()])
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert lock.read() == (a_line(),)


def test_a_lock_that_cannot_be_written_stops_the_run_and_says_what_is_safe(lock, path, monkeypatch):
    def full(_fd):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunError, match="what is paid is safe in the ledger"):
        lock.write([a_line()])
    assert not path.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_is_read_only_is_told_before_anything_is_paid(lock, path):
    path.parent.chmod(0o500)
    try:
        with pytest.raises(RunError, match="read-only"):
            lock.check_writable()
    finally:
        path.parent.chmod(0o700)
