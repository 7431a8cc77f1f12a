"""Webhooks of the sandbox: where they may go, how they are signed, and one POST.

Hides the service's scheme, which looks like Standard Webhooks and is not: the key is the secret without its
`whsec_`, as text. Invariant: nothing is sent anywhere but to this machine, for a sandbox must not be made to
call strangers. Absent on purpose: retries, which the service does not document either.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - dataclass field types are read at run time by tests
from typing import Final
from urllib.parse import urlsplit

from seedpipe.core.hosts import leads_here

SECRET: Final = "whsec_SandboxOnlyNothingToHide=="  # noqa: S105 - it is a sandbox's, and the same for everybody
_PREFIX: Final = "whsec_"
_SEND_TIMEOUT_S: Final = 5.0  # the receiver is on this machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A notification that is owed: to `url`, about a task, not before `due_at`; `times` it is sent."""

    url: str
    prediction_id: str
    due_at: datetime
    times: int = 1


def fault(url: str) -> str | None:
    """Return why no webhook goes to a URL; None when it may."""
    try:
        usable = urlsplit(url).scheme == "http" and urlsplit(url).port != 0 and leads_here(url)
    except ValueError:
        usable = False
    return None if usable else "the sandbox sends webhooks to this machine only: http://127.0.0.1:PORT/..."


def signature(secret: str, webhook_id: str, timestamp: str, body: bytes) -> str:
    """Return the value of the `webhook-signature` header."""
    key = secret.removeprefix(_PREFIX).encode()
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    return f"v3,{hmac.new(key, signed, hashlib.sha256).hexdigest()}"


def headers(webhook_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the headers of one delivery."""
    timestamp = str(int(at.timestamp()))
    return {
        "Content-Type": "application/json",
        "webhook-id": webhook_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": signature(SECRET, webhook_id, timestamp, body),
    }


def send(url: str, body: bytes, with_headers: dict[str, str]) -> None:
    """POST once; a receiver that is not there is its own loss."""
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=_SEND_TIMEOUT_S)
    with suppress(OSError, http.client.HTTPException), closing(connection):
        connection.request("POST", target, body, with_headers)
        connection.getresponse().read()
