"""Decisions: whose word counts, how many make an approval, and that git may merge them as it likes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from seedpipe import schemas
from seedpipe.core.errors import InputError
from seedpipe.core.lifecycle import Phase
from seedpipe.core.model import Cell
from seedpipe.core.reviewing import (
    MOST_NOTE_CHARS,
    Decision,
    Decisions,
    ReviewRules,
    ReviewState,
    ReviewUnit,
    Said,
    ShownCell,
    ShownImage,
    all_tally,
    checked_note,
    decisions_text,
    is_approved,
    is_settled,
    later,
    locked_images,
    person_name,
    read_decisions,
    reviewed,
    shown_images,
    tally,
)
from seedpipe.core.showing import shown_sets
from tests.core.test_lockfile import a_line, a_record, an_attempt

LINE_SCHEMA = Draft7Validator(schemas.load("decision-line"))

AT = datetime(2026, 11, 20, 10, 17, 5, 123000, tzinfo=UTC)
YES, NO, OPEN = Said.APPROVED, Said.REJECTED, Said.UNDECIDED


def sha(name):
    return name * 64


def a_decision(image="a", by="Mara", said=YES, after_s=0, **more):
    facts = {"note": "", "cells": ("hero/one",), "image": 1}
    at = AT + timedelta(seconds=after_s)
    return Decision(sha256=sha(image), by=by, said=said, at=at, **(facts | more))


def a_cell(address="hero/one", images="ab"):
    series = address.split("/")[0]
    cell = Cell(address=address, series=series, axes={}, job_id="1" * 32, output_paths=("x", "y"))
    shown = [
        ShownImage(number=number, index=number - 1, sha256=sha(name)) for number, name in enumerate(images, 1)
    ]
    return ShownCell(cell=cell, images=tuple(shown))


def state_of(decisions, unit="set", quorum=1, images="ab"):
    rules = ReviewRules(unit=ReviewUnit(unit), quorum=quorum)
    cell = reviewed(a_cell(images=images), Decisions(decisions), rules)
    publishable = "".join(image.shown.sha256[0] for image in cell.images if is_approved(image, cell, rules))
    return cell.state.value, cell.missing, publishable


@pytest.mark.parametrize(
    ("unit", "quorum", "said", "expected"),
    [
        ("set", 1, [], ("open", 1, "")),
        ("set", 1, [("a", "Mara", YES)], ("open", 1, "")),
        ("set", 1, [("a", "Mara", YES), ("b", "Jo", YES)], ("approved", 0, "ab")),
        ("image", 1, [("a", "Mara", YES)], ("open", 1, "a")),
        ("set", 1, [("a", "Mara", YES), ("b", "Mara", NO)], ("rejected", 0, "")),
        ("image", 1, [("a", "Mara", YES), ("b", "Mara", NO)], ("rejected", 0, "a")),
        ("set", 2, [("a", "Mara", YES), ("b", "Mara", YES)], ("open", 1, "")),
        ("set", 2, [("a", "Mara", YES), ("b", "Mara", YES), ("a", "Jo", YES)], ("open", 1, "")),
        ("set", 2, [(i, p, YES) for i in "ab" for p in ("Mara", "Jo")], ("approved", 0, "ab")),
        ("set", 2, [(i, p, YES) for i in "ab" for p in ("Mara", "mara")], ("open", 1, "")),
        ("set", 2, [(i, p, YES) for i in "ab" for p in ("Zo\u00eb", "Zoe\u0308")], ("open", 1, "")),
        (
            "image",
            2,
            [("a", "Mara", YES), ("a", "Jo", YES), ("a", "Kim", NO), ("b", "Jo", YES)],
            ("rejected", 0, ""),
        ),
        ("set", 3, [("a", "Mara", YES), ("a", "Jo", OPEN)], ("open", 3, "")),
    ],
)
def test_what_voices_amount_to(unit, quorum, said, expected):
    assert state_of([a_decision(*one) for one in said], unit, quorum) == expected


def test_a_set_without_images_has_nothing_to_decide_about():
    assert state_of([], images="") == ("empty", 0, "")
    rules = ReviewRules()
    whole = all_tally([reviewed(a_cell(images=""), Decisions(), rules)], rules)
    assert not is_settled(whole, rules)


def test_the_last_word_of_a_person_counts_wherever_its_line_stands():
    words = [a_decision(said=YES), a_decision(said=NO, after_s=1), a_decision(said=YES, after_s=2)]
    for lines in (words, words[::-1]):
        assert [one.said for one in Decisions(lines).of(sha("a"))] == [YES]
    taken_back = a_decision(said=OPEN, after_s=3)
    assert state_of([*words, taken_back], images="a")[0] == "open"


def test_of_words_of_one_moment_the_careful_one_counts():
    for lines in ([a_decision(said=YES), a_decision(said=NO)], [a_decision(said=NO), a_decision(said=YES)]):
        assert Decisions(lines).rejects(sha("a"))


def test_a_word_said_now_outweighs_one_from_a_clock_that_was_fast():
    known = Decisions([a_decision(said=NO, after_s=9999)])
    now = later(a_decision(said=YES), known)
    assert Decisions([*known, now]).of(sha("a"))[0].said is YES
    assert later(a_decision(by="Jo"), known).at == AT


def test_a_series_is_told_by_sets_and_by_images():
    rules = ReviewRules(quorum=2)
    decisions = Decisions([a_decision("a"), a_decision("a", "Jo"), a_decision("c", said=NO)])
    cells = [a_cell("hero/one", "ab"), a_cell("hero/two", "c"), a_cell("detail/one", "")]
    reviews = [reviewed(cell, decisions, rules) for cell in cells]
    hero = tally(reviews, rules)["hero"]
    assert (hero.sets[ReviewState.OPEN], hero.sets[ReviewState.REJECTED], hero.missing) == (1, 1, 2)
    assert (hero.images[ReviewState.APPROVED], hero.images[ReviewState.OPEN]) == (1, 1)
    assert all_tally(reviews, rules).sets[ReviewState.EMPTY] == 1


decisions = st.builds(
    Decision,
    sha256=st.sampled_from([sha("a"), sha("b")]),
    by=st.sampled_from(["Mara", "mara", "Jo"]) | st.text(min_size=1, max_size=9),
    said=st.sampled_from(Said),
    note=st.text(max_size=20),
    at=st.integers(0, 4 * 10**12).map(lambda ms: datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=ms)),
    cells=st.lists(st.text(min_size=1, max_size=9), max_size=2).map(tuple),
    image=st.integers(1, 15),
)


@given(st.lists(decisions, max_size=5))
def test_decisions_are_read_as_they_were_written_and_their_schema_says_so(some):
    content = decisions_text(some)
    assert set(read_decisions(content, "c.decisions.jsonl")) == set(some)
    assert decisions_text(read_decisions(content, "c.decisions.jsonl")) == content
    for line in content.split("\n")[:-1]:
        LINE_SCHEMA.validate(json.loads(line))


@given(st.lists(decisions, max_size=4), st.lists(decisions, max_size=4), st.randoms())
def test_a_union_merge_in_any_order_says_the_same(ours, theirs, random):
    lines = (decisions_text(ours) + decisions_text(theirs)).split("\n")
    random.shuffle(lines)
    merged = Decisions(read_decisions("\n".join(lines), "c.decisions.jsonl"))
    assert decisions_text(merged) == decisions_text(Decisions([*ours, *theirs]))


GOOD = json.loads(decisions_text([a_decision()]))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("<<<<<<< HEAD", "a merge left conflict markers"),
        ("{", "this is not JSON"),
        ("[]", "this is not a JSON object"),
        (json.dumps(GOOD | {"decisions": 2}), "'decisions' is not 1"),
        (json.dumps(GOOD | {"decisions": True}), "'decisions' is not 1"),
        (json.dumps(GOOD | {"said": "maybe"}), "'said' cannot be \"maybe\""),
        (json.dumps(GOOD | {"said": None}), "'said' cannot be null"),
        (json.dumps(GOOD | {"image": 0}), "'image' cannot be 0"),
        (json.dumps(GOOD | {"image": True}), "'image' cannot be true"),
        (json.dumps(GOOD | {"sha256": "A" * 64}), "'sha256' cannot be"),
        (json.dumps(GOOD | {"by": ""}), "'by' cannot be"),
        (json.dumps(GOOD | {"at": "2026-13-01T00:00:00.000Z"}), "'at' cannot be"),
        (json.dumps(GOOD | {"verdict": 1}), "the key 'verdict' is unknown"),
        (json.dumps({key: value for key, value in GOOD.items() if key != "by"}), "the key 'by' is missing"),
    ],
)
def test_a_line_that_cannot_be_understood_is_an_error_with_its_place(line, words):
    with pytest.raises(InputError) as caught:
        read_decisions(f"\n{line}\n", "c.decisions.jsonl")
    (found,) = caught.value.diagnostics
    assert (found.rule, found.span.line) == ("decisions-line", 2)
    assert words in found.message


@pytest.mark.parametrize("name", ["", "  ", "\x1b[31m", "a\u202eb", "x" * 101])
def test_a_name_that_is_none(name):
    with pytest.raises(InputError, match="is not a valid name"):
        person_name(name)


def test_names_and_notes_as_they_are_written():
    assert person_name("  Mara   van\tDyk ") == "Mara van Dyk"
    assert checked_note("x" * MOST_NOTE_CHARS)
    with pytest.raises(InputError, match="2,001"):
        checked_note("x" * (MOST_NOTE_CHARS + 1))


def images_of(record):
    """What a cell with two places shows of a job."""
    cell = Cell(
        address="hero/a", series="hero", axes={}, job_id=record.job.job_id, output_paths=("a-1", "a-2")
    )
    (shown,) = shown_sets(replace(record, cells=(cell,)))
    return shown_images(shown, cell)


def test_a_job_shows_the_images_of_its_fullest_set_in_their_places():
    record = a_record(
        an_attempt(1, Phase.DONE, "t1"), an_attempt(2, Phase.DONE_SHORT, "t2"), takes=["ab", "c"]
    )
    assert [(image.number, image.index, image.sha256[0]) for image in images_of(record)] == [
        (1, 0, "a"),
        (2, 1, "b"),
    ]
    flagged = replace(record, attempts=(replace(record.attempts[0], flagged=frozenset({0})),), earlier=())
    flagged = replace(flagged, outputs=record.earlier[0])
    assert [(image.number, image.sha256[0]) for image in images_of(flagged)] == [(2, "b")]
    assert images_of(a_record(an_attempt(1, Phase.FAILED))) == ()
    assert [image.sha256 for image in locked_images(a_line())] == [sha("a")]
