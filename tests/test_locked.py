"""The lock while a run goes on: written now and then, whatever became of the last writing."""

import threading

import pytest

from seedpipe.core.errors import InputError, RunError
from seedpipe.core.lifecycle import Phase
from seedpipe.locked import CampaignLock, LockKeeper

HANG_S = 30


class Ear:
    def __init__(self):
        self.heard = []

    def job_changed(self, record, phase, note=""):
        self.heard.append((record, phase, note))

    def declined(self, record, why):
        self.heard.append((record, why))

    def waiting(self, seconds, why):
        self.heard.append((seconds, why))


class Writer:
    """Counts writings, and tells when one begins; one may be broken."""

    def __init__(self, *errors):
        self.began = threading.Semaphore(0)
        self.writings = 0
        self.errors = list(errors)

    def __call__(self):
        self.writings += 1
        self.began.release()
        if self.errors:
            raise self.errors.pop(0)


def test_enough_changes_are_written_at_once():
    writer, ear = Writer(), Ear()
    with LockKeeper(writer, ear, most_changes=3, longest_s=HANG_S) as keeper:
        for number in range(2):
            keeper.job_changed(number, Phase.ACCEPTED)
        assert not writer.began.acquire(timeout=0.05)
        keeper.job_changed(2, Phase.DONE, "a note")
        assert writer.began.acquire(timeout=HANG_S)
        keeper.waiting(1.0, "why")
    assert ear.heard == [
        (0, Phase.ACCEPTED, ""),
        (1, Phase.ACCEPTED, ""),
        (2, Phase.DONE, "a note"),
        (1.0, "why"),
    ]
    assert writer.writings == 1


def test_a_single_change_is_written_after_a_while():
    writer = Writer()
    with LockKeeper(writer, Ear(), most_changes=1000, longest_s=0.01) as keeper:
        keeper.job_changed("a", Phase.ACCEPTED)
        assert writer.began.acquire(timeout=HANG_S)


def test_what_nobody_has_paid_for_is_no_reason_to_write():
    writer = Writer()
    with LockKeeper(writer, Ear(), most_changes=1, longest_s=0.01) as keeper:
        keeper.job_changed("a", Phase.FAILED)
        keeper.job_changed("a", Phase.PLANNED)
        assert not writer.began.acquire(timeout=0.05)


@pytest.mark.parametrize("error", [RunError("the disk is full"), InputError("a merge left conflict markers")])
def test_a_writing_that_fails_does_not_end_the_run_or_the_next_writing(error):
    writer = Writer(error)
    with LockKeeper(writer, Ear(), most_changes=1, longest_s=HANG_S) as keeper:
        for _ in range(2):
            keeper.job_changed("a", Phase.ACCEPTED)
            assert writer.began.acquire(timeout=HANG_S)
    assert writer.writings == 2


class SlowFile:
    """A lock file that is held open between reading and writing until it may go on."""

    def __init__(self):
        self.opened = threading.Semaphore(0)
        self.goes_on = threading.Event()
        self.written = 0

    def read(self):
        self.opened.release()
        self.goes_on.wait(HANG_S)
        return ()

    def write(self, lines):
        self.written += 1


class EmptyLedger:
    def owned(self, prediction_ids):
        return {}

    def paid(self, campaign):
        return iter(())


def test_what_is_written_meanwhile_and_at_the_end_never_meet():
    file = SlowFile()
    lock = CampaignLock(file, "https://api.test")
    writers = [threading.Thread(target=lock.write, args=(EmptyLedger(), "autumn")) for _ in range(2)]
    for writer in writers:
        writer.start()
    assert file.opened.acquire(timeout=HANG_S)
    assert not file.opened.acquire(timeout=0.05)
    file.goes_on.set()
    for writer in writers:
        writer.join(HANG_S)
    assert file.written == 2
