"""What answers mean, as tables: no network."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from seedpipe.core.errors import Malformed, ProviderError, Refused, Unavailable, Uncertain
from seedpipe.providers.answers import (
    Answer,
    accepted,
    is_prediction_id,
    listed,
    moment_of,
    one_line,
    progress,
    retry_after_s,
    unzipped,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ID = "e6832d4abffb4d79bfbca19783fca133"
KEY = "sk-secret-123"


def answer(body, status=200, *, whole=True, wait_s=None):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status=status, body=content, whole=whole, retry_after_s=wait_s)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0),
        ("30", 30),
        (" 7 ", 7),
        ("1.5", 1.5),
        ("600", 600),
        ("86400", 600),
        ("-5", None),
        ("1e3", None),
        ("inf", None),
        ("nan", None),
        ("soon", None),
        ("٣", None),
        ("9" * 400, None),
        (format_datetime(NOW + timedelta(seconds=42), usegmt=True), 42),
        (format_datetime(NOW - timedelta(hours=1), usegmt=True), 0),
        (format_datetime(NOW + timedelta(days=2), usegmt=True), 600),
        ("Sun, 01 Mar 2026 12:00:30 -0000", 30),
        ("Sun, 99 Mar 2026 12:00:30 GMT", None),
        ("Sun, 01 Mar 99999 12:00:30 GMT", None),
    ],
)
def test_retry_after(header, seconds):
    assert retry_after_s(header, NOW) == seconds


@pytest.mark.parametrize("text", [ID, "abcdef", "A-b_9z", "x" * 64])
def test_ids_that_may_stand_in_a_path(text):
    assert is_prediction_id(text)


@pytest.mark.parametrize(
    "text", ["", "abcde", "x" * 65, "../../etc", "abc/def", "abcdef\n", "abc def", "äöüäöü", 7, None]
)
def test_ids_that_may_not(text):
    assert not is_prediction_id(text)
    with pytest.raises(Malformed):
        accepted(answer({"code": 200, "data": {"id": text}}), secret=KEY)


def test_an_accepted_task_is_read_from_its_envelope():
    body = {
        "code": 200,
        "message": "success",
        "new_field": [1],
        "data": {
            "id": ID,
            "model": "m/x",
            "status": "created",
            "outputs": "nonsense that must not cost us the id",
            "created_at": "2025-05-19T06:09:15.948268264Z",
            "timings": {"inference": 0},
            "has_nsfw_contents": [],
        },
    }
    task = accepted(answer(body), secret=KEY)
    assert (task.prediction_id, task.model, task.status, task.outputs) == (ID, "m/x", "created", ())
    assert task.created_at == datetime(2025, 5, 19, 6, 9, 15, 948268, tzinfo=UTC)
    assert task.inference_ms is None


@pytest.mark.parametrize(
    "data",
    [
        {"status": 7, "created_at": 5, "model": None},
        {"created_at": "yesterday"},
        {"timings": 3},
        {"created_at": "0001-01-01T00:00:00+23:59"},
    ],
)
def test_an_id_survives_odd_fields_beside_it(data):
    assert accepted(answer({"data": {"id": ID, **data}}), secret=KEY).prediction_id == ID


def test_a_time_out_of_the_sync_mode_is_an_accepted_task():
    assert accepted(answer({"code": 5004, "data": {"id": ID, "status": "processing"}}), secret=KEY)


REFUSED = [400, 401, 402, 403, 404, 413, 422]


@pytest.mark.parametrize("status", REFUSED)
@pytest.mark.parametrize("in_envelope", [False, True])
def test_definite_refusals(status, in_envelope):
    body = {"code": status, "message": "prompt:\n is \x1b[31mmissing"}
    with pytest.raises(Refused) as raised:
        accepted(answer(body, 200 if in_envelope else status), secret=KEY)
    assert raised.value.status == status
    assert raised.value.code == status
    assert "prompt: is [31mmissing" in str(raised.value)


@pytest.mark.parametrize("in_envelope", [False, True])
def test_too_many_requests(in_envelope):
    with pytest.raises(Unavailable) as raised:
        accepted(answer({"code": 429}, 200 if in_envelope else 429, wait_s=9), secret=KEY)
    assert (raised.value.status, raised.value.retry_after_s) == (429, 9)


@pytest.mark.parametrize(
    "status", [100, 201, 204, 301, 302, 307, 308, 405, 408, 409, 418, 425, 500, 502, 503, 504, 599]
)
def test_everything_else_on_a_submit_is_uncertain(status):
    with pytest.raises(Uncertain) as raised:
        accepted(answer(b"<html>bad gateway</html>", status), secret=KEY)
    assert raised.value.status == status
    assert "html" not in str(raised.value)


def test_a_refusal_that_was_cut_is_still_a_refusal():
    with pytest.raises(Refused):
        accepted(answer(b'{"mess', 400, whole=False), secret=KEY)


NONSENSE = [
    b"",
    b"<html>hello</html>",
    b"\xff\xfe",
    b"[" * 100_000,
    b"null",
    b"[]",
    b'"text"',
    b"{}",
    b'{"data": null}',
    b'{"data": []}',
    b'{"data": {}}',
    b'{"code": 500, "message": "odd"}',
    b'{"code": 9e999, "data": 1}',
    b'{"code": 200, "data": {"id": null}}',
]


@pytest.mark.parametrize("body", NONSENSE)
def test_nonsense_with_status_200_is_malformed(body):
    with pytest.raises(Malformed):
        accepted(answer(body), secret=KEY)
    with pytest.raises(Malformed):
        progress(answer(body), ID, secret=KEY)


@pytest.mark.parametrize("body", [{"code": 400, "data": {"id": ID}}, {"code": 429, "data": {"id": ID}}])
def test_a_refusal_that_names_a_task_is_a_contradiction(body):
    with pytest.raises(Malformed):
        accepted(answer(body), secret=KEY)


def test_a_cut_answer_is_malformed_even_when_it_parses():
    body = {"data": {"id": ID, "status": "completed", "outputs": ["https://x/1"]}}
    for read in (lambda cut: accepted(cut, secret=KEY), lambda cut: progress(cut, ID, secret=KEY)):
        with pytest.raises(Malformed):
            read(answer(body, whole=False))


def test_progress_of_a_completed_task():
    data = {"id": ID, "status": "completed", "outputs": ["https://x/1", "https://x/2"], "executionTime": 3210}
    task = progress(answer({"code": 200, "data": data}), ID, secret=KEY)
    assert task.outputs == ("https://x/1", "https://x/2")
    assert task.inference_ms == 3210


def test_progress_of_a_failed_task():
    data = {"id": ID, "status": "failed", "outputs": None, "code": 1200, "error": "content\nmoderation"}
    task = progress(answer({"code": 200, "data": data}), ID, secret=KEY)
    assert (task.status, task.code, task.error, task.outputs) == ("failed", 1200, "content moderation", ())


@pytest.mark.parametrize(
    "data",
    [
        {"outputs": [1]},
        {"outputs": [""]},
        {"outputs": "https://x"},
        {"outputs": {"a": 1}},
        {"id": "another1"},
    ],
)
def test_progress_that_cannot_be_trusted(data):
    with pytest.raises(Malformed):
        progress(answer({"data": {"id": ID, "status": "completed", **data}}), ID, secret=KEY)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *[(status, Refused) for status in REFUSED],
        *[(status, Unavailable) for status in (408, 409, 425, 429, 500, 502, 503, 504, 599)],
        *[(status, Malformed) for status in (204, 301, 302, 304, 405, 418)],
    ],
)
def test_failed_reads(status, kind):
    with pytest.raises(ProviderError) as raised:
        progress(answer(b"<html>", status, wait_s=3), ID, secret=KEY)
    assert type(raised.value) is kind
    assert raised.value.status == status
    assert raised.value.retry_after_s == (3 if kind is Unavailable else None)


def test_a_task_unknown_in_the_envelope_is_unknown():
    with pytest.raises(Refused) as raised:
        progress(answer({"code": 404, "message": "no such task"}), ID, secret=KEY)
    assert raised.value.status == 404


@pytest.mark.parametrize(
    "body",
    [
        {"message": f"bad key {KEY}"},
        {"error": f"bad key {KEY}"},
        {"error": {"message": f"bad key {KEY}"}},
        {"detail": f"bad key {KEY}"},
        {"data": {"error": f"bad key {KEY}"}},
    ],
)
def test_words_are_found_where_the_service_puts_them_and_never_hold_the_key(body):
    with pytest.raises(Refused) as raised:
        accepted(answer(body, 401), secret=KEY)
    assert "bad key [key]" in str(raised.value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain", "plain"),
        (" a\r\n\tb\x00c\u202ed\u2028e ", "a b c d e"),
        ("x" * 301, "x" * 299 + "…"),
        ("x" * 300, "x" * 300),
        ("", ""),
    ],
)
def test_words_become_one_printable_line(text, line):
    assert one_line(text, secret=KEY) == line


def test_a_key_at_the_edge_of_the_cut_leaves_no_part_of_it():
    assert KEY[:4] not in one_line("x" * 295 + KEY, secret=KEY)


def test_unzipping_is_bounded_and_says_whether_it_is_all():
    assert unzipped(gzip.compress(b"hello"), max_bytes=100) == (b"hello", True)
    assert unzipped(gzip.compress(b"0" * 10**6), max_bytes=100) == (b"0" * 100, False)
    assert unzipped(gzip.compress(b"hello")[:-9], max_bytes=100)[1] is False
    assert unzipped(b"not zipped", max_bytes=100) == (b"", False)


def page(*items, **data):
    return listed(answer({"code": 200, "data": {"page": 1, "items": list(items), **data}}), secret=KEY)


@pytest.mark.parametrize(
    ("repeated", "inputs"),
    [
        ({"inputs": {"prompt": "a"}}, {"prompt": "a"}),
        ({"input": {"prompt": "a"}}, {"prompt": "a"}),
        ({"inputs": {}, "input": {"prompt": "a"}}, {"prompt": "a"}),
        ({"inputs": None}, None),
        ({"inputs": "a"}, None),
        ({}, None),
    ],
)
def test_what_was_asked_is_repeated_under_one_of_two_names(repeated, inputs):
    assert page({"id": ID, **repeated}).items[0].inputs == inputs


@pytest.mark.parametrize("outputs", [None, "x", [1, ""], {"a": 1}])
def test_outputs_of_a_listed_task_that_are_none_do_not_hide_the_task(outputs):
    assert page({"id": ID, "outputs": outputs}).items[0].outputs == ()


@pytest.mark.parametrize("item", [None, "x", [], {}, {"id": None}, {"id": "../../etc"}])
def test_a_listed_task_without_an_id_makes_the_list_unreadable(item):
    with pytest.raises(Malformed, match="without a usable id"):
        page({"id": ID}, item)


@pytest.mark.parametrize(
    ("items", "data", "more"),
    [
        ([{"id": ID}], {}, True),
        ([], {}, False),
        ([{"id": ID}], {"has_more": False}, False),
        ([{"id": ID}], {"has_more": True}, True),
        ([{"id": ID}], {"has_more": "no"}, True),
    ],
)
def test_another_page_may_follow_unless_this_one_is_empty_or_says_no(items, data, more):
    assert page(*items, **data).more is more


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"data": []}, 200, Malformed),
        ({"data": {"items": {}}}, 200, Malformed),
        ({"code": 401, "message": "no"}, 200, Refused),
        ({"code": 429}, 200, Unavailable),
        ({"message": "no"}, 401, Refused),
        (b"<html>", 502, Unavailable),
        (b"<html>", 200, Malformed),
    ],
)
def test_a_list_that_cannot_be_read(body, status, kind):
    with pytest.raises(kind):
        listed(answer(body, status), secret=KEY)


@pytest.mark.parametrize(
    ("header", "moment"),
    [
        ("Sun, 01 Mar 2026 12:00:00 GMT", NOW),
        ("Sun, 01 Mar 2026 14:00:00 +0200", NOW),
        ("Sun, 01 Mar 2026 12:00:00 -0000", NOW),
        (None, None),
        ("", None),
        ("soon", None),
    ],
)
def test_the_services_clock(header, moment):
    assert moment_of(header) == moment
