"""The decisions file on disk: people add to it, nobody's word is lost, and a bad one is left alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from seedpipe.core.errors import InputError
from seedpipe.stores import DecisionsFile
from tests.core.test_reviewing import NO, YES, a_decision, sha


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new" / "c.decisions.jsonl"


def test_there_is_nothing_before_the_first_word(path):
    assert list(DecisionsFile(path, "c").read()) == []
    assert not path.exists()


def test_the_last_word_is_kept_and_the_one_before_is_dropped(path):
    file = DecisionsFile(path, "c")
    file.add([a_decision(said=YES), a_decision(by="Jo")])
    held = file.add([a_decision(said=NO)])  # the same moment: said later all the same
    assert [one.said for one in held.of(sha("a"))] == [YES, NO]
    assert len(path.read_text().splitlines()) == 2
    before = path.stat().st_mtime_ns
    file.add([])
    assert path.stat().st_mtime_ns == before


def test_people_who_decide_at_once_lose_nothing(path):
    with ThreadPoolExecutor(8) as people:
        list(people.map(lambda n: DecisionsFile(path, "c").add([a_decision(by=f"P{n}")]), range(24)))
    assert len(DecisionsFile(path, "c").read().of(sha("a"))) == 24


def test_a_file_that_cannot_be_read_is_left_as_it_is(path):
    path.parent.mkdir()
    path.write_text("<<<<<<< HEAD\n")
    with pytest.raises(InputError, match="cannot be read"):
        DecisionsFile(path, "c").add([a_decision()])
    assert path.read_text() == "<<<<<<< HEAD\n"


def test_a_link_shows_nothing_of_what_it_leads_to(path, tmp_path):
    (tmp_path / "secret").write_text("words")
    path.parent.mkdir()
    path.symlink_to(tmp_path / "secret")
    with pytest.raises(InputError, match="the decisions file c cannot be read") as caught:
        DecisionsFile(path, "c").read()
    assert "words" not in str(caught.value)
