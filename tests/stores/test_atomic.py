"""A text file is there whole or not at all, however many write it at a time."""

import errno
import fcntl
import os
import threading

import pytest

from seedpipe.core.errors import RunError
from seedpipe.stores.atomic import part_beside, write_atomically


def test_two_that_write_a_file_at_a_time_each_put_a_whole_one_there(tmp_path):
    """The second opens, writes and ends while the first has half of its text on the disk."""
    path = tmp_path / "run.json"

    def first():
        yield "first "
        write_atomically(path, ["second ", "second"])
        assert path.read_text() == "second second"
        yield "first"

    write_atomically(path, first())
    assert path.read_text() == "first first"
    assert [file.name for file in tmp_path.iterdir()] == ["run.json"]


def test_many_that_write_a_file_at_a_time_all_succeed(tmp_path):
    path, failures = tmp_path / "run.json", []

    def write(letter):
        try:
            for _ in range(30):
                write_atomically(path, [letter] * 500)
                assert len(set(path.read_text())) == 1
        except (RunError, AssertionError) as error:
            failures.append(error)

    writers = [threading.Thread(target=write, args=(letter,)) for letter in "abcdef"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert not failures
    assert len(path.read_text()) == 500
    assert [file.name for file in tmp_path.iterdir()] == ["run.json"]


def test_what_a_killed_one_has_left_is_removed_by_the_next_and_a_living_one_is_let_be(tmp_path):
    path = tmp_path / ("x" * 250)  # the longest name: a temporary one must not grow with it
    dead, alive, other = part_beside(path), part_beside(path), part_beside(tmp_path / "other")
    for part in (dead, alive, other):
        part.write_text("half")
    with alive.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        write_atomically(path, ["whole"])
    assert {file.name for file in tmp_path.iterdir()} == {path.name, alive.name, other.name}


@pytest.mark.parametrize(
    ("fault", "hint"), [(errno.ENOSPC, "free some space, then"), (errno.EIO, "check the disk and the folder")]
)
def test_a_failure_leaves_the_old_file_and_says_what_would_help(tmp_path, fault, hint):
    path = tmp_path / "run.json"
    path.write_text("old")

    def broken():
        yield "new"
        raise OSError(fault, os.strerror(fault))

    with pytest.raises(RunError, match="cannot write") as caught:
        write_atomically(path, broken())
    assert hint in caught.value.hint
    assert [file.name for file in tmp_path.iterdir()] == ["run.json"]
    assert path.read_text() == "old"
