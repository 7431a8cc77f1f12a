"""A webhook is believed once, signed and fresh."""

from datetime import UTC, datetime, timedelta

import pytest

from seedpipe.core.webhooks import Doorkeeper, Hint, Verdict

SECRET = "whsec_AbCd1234notbase64=="
AT = datetime.fromtimestamp(1758798328, UTC)
BODY = b'{"id":"p1","status":"completed","outputs":["https://x/1.png"]}'
HEADERS = {
    "webhook-id": "45b392b22c3b449fa935bd4dc",
    "webhook-timestamp": "1758798328",
    "webhook-signature": "v3,771c2d54d4c971b2177270caada15d08fcf86f079448f187603ff14319730a11",
}


def signed(body=BODY, *, webhook_id="w1", timestamp="1758798328", secret=SECRET):
    signature = Doorkeeper(secret).signature(webhook_id, timestamp, body)
    return {"webhook-id": webhook_id, "webhook-timestamp": timestamp, "webhook-signature": signature}


def verdict(headers, body=BODY, now=AT):
    return Doorkeeper(SECRET).judge(headers, body, now).verdict


def test_the_services_own_example_is_believed():
    assert Doorkeeper(SECRET).judge(HEADERS, BODY, AT) == Hint(verdict=Verdict.BELIEVED, prediction_id="p1")


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (HEADERS, BODY + b" "),
        ({**HEADERS, "webhook-id": "other"}, BODY),
        ({**HEADERS, "webhook-timestamp": "1758798329"}, BODY),
        ({**HEADERS, "webhook-signature": "v3," + "0" * 64}, BODY),
        (signed(secret="whsec_other"), BODY),
        (signed(secret="AbCd1234notbase64="), BODY),
    ],
)
def test_what_was_changed_or_signed_otherwise_is_forged(headers, body):
    assert verdict(headers, body) is Verdict.FORGED


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {**HEADERS, "webhook-id": ""},
        {**HEADERS, "webhook-id": "x" * 200},
        {**HEADERS, "webhook-id": "a b"},
        {**HEADERS, "webhook-timestamp": ""},
        {**HEADERS, "webhook-timestamp": "-1758798328"},
        {**HEADERS, "webhook-timestamp": "1758798328.5"},
        {**HEADERS, "webhook-timestamp": "9" * 40},
        {**HEADERS, "webhook-timestamp": "١٧٥٨٧٩٨٣٢٨"},
        {**HEADERS, "webhook-signature": "771c2d54"},
        {**HEADERS, "webhook-signature": HEADERS["webhook-signature"].replace("v3", "v1")},
        {**HEADERS, "webhook-signature": HEADERS["webhook-signature"] + ",v3,x"},
    ],
)
def test_what_lacks_its_headers_is_malformed(headers):
    assert verdict(headers) is Verdict.MALFORMED


@pytest.mark.parametrize("late_s", [-301, 301, 10**6])
def test_what_is_older_or_newer_than_five_minutes_is_late(late_s):
    assert verdict(HEADERS, now=AT + timedelta(seconds=late_s)) is Verdict.LATE


@pytest.mark.parametrize("late_s", [-300, 0, 300])
def test_five_minutes_are_fresh(late_s):
    assert verdict(HEADERS, now=AT + timedelta(seconds=late_s)) is Verdict.BELIEVED


def test_a_webhook_counts_once():
    doorkeeper = Doorkeeper(SECRET)
    verdicts = [doorkeeper.judge(HEADERS, BODY, AT).verdict for _ in range(3)]
    assert verdicts == [Verdict.BELIEVED, Verdict.REPEATED, Verdict.REPEATED]
    assert doorkeeper.judge(signed(webhook_id="w2"), BODY, AT).verdict is Verdict.BELIEVED


def test_a_forged_one_does_not_use_up_an_id():
    doorkeeper = Doorkeeper(SECRET)
    doorkeeper.judge({**HEADERS, "webhook-signature": "v3," + "0" * 64}, BODY, AT)
    assert doorkeeper.judge(HEADERS, BODY, AT).verdict is Verdict.BELIEVED


def test_ids_are_forgotten_only_when_they_are_late():
    doorkeeper = Doorkeeper(SECRET)
    for number in range(10_005):
        doorkeeper.judge(signed(webhook_id=f"w{number}"), BODY, AT)
    assert doorkeeper.judge(signed(webhook_id="w0"), BODY, AT).verdict is Verdict.REPEATED


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b"\xff", b'{"id": 7}', b'{"id": "../x"}', b"[" * 100_000]
)
def test_a_signed_body_that_names_no_task_is_malformed(body):
    assert verdict(signed(body), body) is Verdict.MALFORMED
