"""What the gallery exports: taken by its shape, never believed beyond it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from seedpipe.core.errors import InputError
from seedpipe.core.exported import MOST_EXPORT_BYTES, read_export
from seedpipe.core.reviewing import Said

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ENTRY = {
    "sha256": "a" * 64,
    "decision": "approved",
    "note": "",
    "decided_at": "2026-11-24T09:29:41.250Z",
    "cells": [{"address": "hero/one", "index": 0}],
}
DOCUMENT = {
    "format": 1,
    "kind": "seedpipe decisions",
    "campaign": "cards",
    "world": "live",
    "plan_id": "b" * 64,
    "run_id": "r",
    "exported_at": "2026-11-24T09:30:00Z",
    "decisions": [ENTRY],
}


def read(document):
    return read_export(json.dumps(document).encode(), "decisions.json", NOW)


def of(**more):
    return read({**DOCUMENT, "decisions": [{**ENTRY, **more}]}).decisions[0]


def test_an_export_is_a_campaign_a_world_and_decisions():
    export = read(DOCUMENT)
    assert (export.campaign, export.world) == ("cards", "live")
    (one,) = export.decisions
    assert (one.sha256, one.said, one.label) == ("a" * 64, Said.APPROVED, "hero/one")
    assert one.at == datetime(2026, 11, 24, 9, 29, 41, 250000, tzinfo=UTC)


def test_a_note_alone_and_an_image_without_a_place():
    one = of(decision=None, note="later", cells=[])
    assert (one.said, one.note, one.label) == (Said.UNDECIDED, "later", "a" * 12)


@pytest.mark.parametrize(
    "when", ["2999-01-01T00:00:00Z", "2026-11-24T09:00:00", "yesterday", "9999-12-31T23:59:59-12:00"]
)
def test_a_time_that_cannot_be_is_now(when):
    assert of(decided_at=when).at == NOW


def test_a_long_note_is_cut():
    assert len(of(note="x" * 9999).note) == 2000


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is not JSON"),
        (b"[" * 100_000, "it is not JSON"),
        (b"\xff\xfe", "it is not JSON"),
        (b"[]", "is not of type 'object'"),
        (json.dumps({**DOCUMENT, "kind": "else"}).encode(), "kind: 'seedpipe decisions' was expected"),
        (json.dumps({**DOCUMENT, "format": 2}).encode(), "format: 1 was expected"),
        (json.dumps({**DOCUMENT, "more": 1}).encode(), "'more' was unexpected"),
        (
            json.dumps({**DOCUMENT, "decisions": [{**ENTRY, "decision": "maybe"}]}).encode(),
            "decisions/0/decision: 'maybe' is not one of",
        ),
        (
            json.dumps({**DOCUMENT, "decisions": [{**ENTRY, "sha256": "../../etc/passwd"}]}).encode(),
            "decisions/0/sha256",
        ),
        (b" " * (MOST_EXPORT_BYTES + 1), "larger than 32 MiB"),
    ],
)
def test_what_no_gallery_writes_is_refused(content, words):
    with pytest.raises(InputError, match="is not an export of the gallery") as caught:
        read_export(content, "decisions.json", NOW)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 300
