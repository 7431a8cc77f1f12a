"""Which webhooks are believed: signed with the account's secret, fresh, and not seen before.

Hides the service's scheme, which looks like Standard Webhooks and is not: the key is the secret without its
`whsec_`, as text. Invariant: nothing in a webhook is used but the id of a task to ask about, so that even a
believed one can only make us look. Absent on purpose: time and HTTP; the caller brings both.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from datetime import datetime  # noqa: TC003
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

FRESH_FOR_S: Final = 300.0  # what the service documents
_PREFIX: Final = "whsec_"
_ID: Final = re.compile(r"[!-~]{1,128}")
_TIMESTAMP: Final = re.compile(r"[0-9]{1,12}")
_SIGNATURE: Final = re.compile(r"v3,[0-9a-f]{64}")
_TASK: Final = re.compile(r"[0-9A-Za-z_-]{1,64}")
_MOST_REMEMBERED: Final = 10_000  # ids of five minutes; a flood of signed ones is the service's own


class Verdict(StrEnum):
    """What becomes of a webhook."""

    BELIEVED = "believed"
    MALFORMED = "malformed"
    FORGED = "forged"
    LATE = "late"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """What a webhook comes to: a verdict, and the task to ask about when it is believed."""

    verdict: Verdict
    prediction_id: str = ""


class Doorkeeper:
    """Judges webhooks with one secret and remembers those of the last minutes."""

    def __init__(self, secret: str) -> None:
        self._key = secret.removeprefix(_PREFIX).encode()
        self._seen: dict[str, float] = {}

    def judge(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Hint:
        """Return what a webhook comes to; header names are lower-case."""
        webhook_id, timestamp, signature = (
            headers.get(name, "") for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
        )
        shaped = _ID.fullmatch(webhook_id) and _TIMESTAMP.fullmatch(timestamp)
        if not shaped or not _SIGNATURE.fullmatch(signature):
            return Hint(verdict=Verdict.MALFORMED)
        if not hmac.compare_digest(signature, self.signature(webhook_id, timestamp, body)):
            return Hint(verdict=Verdict.FORGED)
        if abs(now.timestamp() - int(timestamp)) > FRESH_FOR_S:
            return Hint(verdict=Verdict.LATE)
        if not self._is_new(webhook_id, now.timestamp()):
            return Hint(verdict=Verdict.REPEATED)
        task = _task_of(body)
        return Hint(verdict=Verdict.BELIEVED if task else Verdict.MALFORMED, prediction_id=task)

    def signature(self, webhook_id: str, timestamp: str, body: bytes) -> str:
        """Return the header that a true webhook has."""
        signed = f"{webhook_id}.{timestamp}.".encode() + body
        return f"v3,{hmac.new(self._key, signed, hashlib.sha256).hexdigest()}"

    def _is_new(self, webhook_id: str, now_s: float) -> bool:
        """Remember an id; forget those too old to pass the check of their time again."""
        known = webhook_id in self._seen
        self._seen.setdefault(webhook_id, now_s)
        if len(self._seen) > _MOST_REMEMBERED:
            oldest_s = now_s - 2 * FRESH_FOR_S
            self._seen = {name: at for name, at in self._seen.items() if at >= oldest_s}
        return not known


def _task_of(body: bytes) -> str:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    named = said.get("id") if isinstance(said, dict) else None
    return named if isinstance(named, str) and _TASK.fullmatch(named) else ""
