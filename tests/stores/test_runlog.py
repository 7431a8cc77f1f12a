"""The log of a run: structured, redacted, bounded, and never in the way."""

import json

import pytest

from seedpipe.core.lifecycle import Phase
from seedpipe.core.records import JobRecord
from seedpipe.stores import RunLog
from seedpipe.stores.runlog import _KEPT
from tests.engines.stage import planned


class Ear:
    def __init__(self):
        self.heard = []

    def job_changed(self, record, phase, note=""):
        self.heard.append((record.label, phase, note))

    def declined(self, record, why):
        self.heard.append((record.label, why))

    def waiting(self, seconds, why):
        self.heard.append((seconds, why))


def a_record():
    [first] = planned("kettle")
    return JobRecord(job=first.job, cells=(first.cell,), attempts=(), outputs=())


def lines(folder, run_id="r1"):
    return [json.loads(line) for line in (folder / f"{run_id}.log").read_text().splitlines()]


def test_what_happens_is_written_and_passed_on(tmp_path):
    ear = Ear()
    with RunLog(tmp_path, "r1", ear, secrets=()) as log:
        log.note("run_begins", campaign="c")
        log.job_changed(a_record(), Phase.FAILED, "content moderation")
        log.waiting(2.5, "busy")
    begins, job, waits = lines(tmp_path)
    assert (begins["event"], begins["campaign"]) == ("run_begins", "c")
    assert begins["at"].endswith("Z")
    assert (job["event"], job["phase"], job["note"]) == ("job", "failed", "content moderation")
    assert job["label"] == "hero/kettle/0"
    assert (waits["seconds"], waits["why"]) == (2.5, "busy")
    assert ear.heard == [("hero/kettle/0", Phase.FAILED, "content moderation"), (2.5, "busy")]


def test_secrets_and_signatures_and_what_acts_do_not_stand_in_it(tmp_path):
    with RunLog(tmp_path, "r1", Ear(), secrets=("canary-key-1",)) as log:
        log.waiting(1, "canary-key-1 https://x/a?sig=canary-url \x1b[2J\u202e")
    text = (tmp_path / "r1.log").read_bytes().decode()
    assert "canary" not in text
    assert not any(ord(char) < 32 and char != "\n" for char in text)
    assert "\u202e" not in text


def test_an_error_that_ends_the_run_is_the_last_line(tmp_path):
    def broken():
        with RunLog(tmp_path, "r1", Ear(), secrets=()):
            raise RuntimeError("odd")

    with pytest.raises(RuntimeError):
        broken()
    assert lines(tmp_path)[-1]["error"] == "RuntimeError: odd"


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    ear = Ear()
    with RunLog(tmp_path / "file" / "logs", "r1", ear, secrets=()) as log:
        log.waiting(1, "x")
    with RunLog(tmp_path, "r2", ear, secrets=()) as log:
        log._handler.stream.close()
        log.waiting(2, "y")
    assert ear.heard == [(1, "x"), (2, "y")]
    assert capsys.readouterr() == ("", "")


def test_old_logs_go(tmp_path):
    for number in range(_KEPT + 5):
        (tmp_path / f"r0{number:03}.log").write_text("")
    with RunLog(tmp_path, "r1", Ear(), secrets=()) as log:
        log.note("x")
    left = sorted(path.name for path in tmp_path.iterdir())
    assert len(left) == _KEPT
    assert left[-1] == "r1.log"
