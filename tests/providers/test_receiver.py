"""The receiver of webhooks over real sockets."""

import http.client
import json
import socket
import threading
from datetime import UTC, datetime

import pytest

from seedpipe.core.errors import InputError
from seedpipe.core.webhooks import Doorkeeper
from seedpipe.providers.receiver import WebhookReceiver

SECRET = "whsec_AbCd1234notbase64=="


@pytest.fixture
def receiver():
    heard = []
    with WebhookReceiver("127.0.0.1", 0) as receiver, receiver.serving(SECRET, heard.append):
        yield receiver.url, heard


def deliver(url, body, *, age_s=0, secret=SECRET, webhook_id="w1", method="POST"):
    timestamp = str(int(datetime.now(UTC).timestamp()) - age_s)
    headers = {
        "webhook-id": webhook_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": Doorkeeper(secret).signature(webhook_id, timestamp, body),
    }
    connection = http.client.HTTPConnection(url.split("/")[2], timeout=10)
    try:
        connection.request(method, "/any/path", body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


def body_of(task):
    return json.dumps({"id": task, "status": "completed", "outputs": ["https://evil.test/x"]}).encode()


def test_a_true_webhook_is_heard_once(receiver):
    url, heard = receiver
    assert [deliver(url, body_of("task0001")) for _ in range(2)] == [204, 204]
    assert heard == ["task0001"]


def test_what_is_not_true_is_not_heard(receiver):
    url, heard = receiver
    assert deliver(url, body_of("a"), secret="whsec_wrong") == 403
    assert deliver(url, body_of("b"), age_s=301) == 403
    assert deliver(url, b"{}") == 400
    assert deliver(url, b"x" * (2**20 + 1), webhook_id="w9") == 413
    assert deliver(url, body_of("c"), method="PUT") == 405
    assert heard == []


def test_one_that_never_finishes_keeps_no_other_out(receiver):
    url, heard = receiver
    host, port = url.split("/")[2].split(":")
    with socket.create_connection((host, int(port))) as slow:
        slow.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx")
        assert deliver(url, body_of("task0002")) == 204
    assert heard == ["task0002"]


def test_ending_does_not_wait_for_who_never_finishes():
    with WebhookReceiver("127.0.0.1", 0) as receiver:
        with receiver.serving(SECRET, print):
            host, port = receiver.url.split("/")[2].split(":")
            slow = socket.create_connection((host, int(port)))
            slow.sendall(b"POST / HTTP/1.1\r\n")
        assert "webhook receiver" not in {thread.name for thread in threading.enumerate()}
        slow.close()


def test_a_port_that_is_taken_is_for_the_user_to_mend():
    with WebhookReceiver("127.0.0.1", 0) as receiver:
        port = int(receiver.url.rstrip("/").rpartition(":")[2])
        with pytest.raises(InputError, match="cannot be received"):
            WebhookReceiver("127.0.0.1", port)
