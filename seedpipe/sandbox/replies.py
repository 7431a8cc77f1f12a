"""The shape of every answer, and how a question is read.

Hides the envelope: `{code, message, data}` for an answer, `{code, message}` for a refusal. A judgement
deep inside raises `Refusal`; `refusable` turns it into the reply, so that no answer is ever an exception.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from http import HTTPStatus
from typing import TYPE_CHECKING, ParamSpec, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from seedpipe.core.model import Json
    from seedpipe.sandbox.webhooks import Delivery

JsonObject: TypeAlias = "Mapping[str, Json]"
_P = ParamSpec("_P")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer: `body` is JSON, or text for HTML.

    It is held back for `delay_s`; a `cut` one breaks off in the middle of its body. `delivery` is a webhook
    that is owed because of what was asked.
    """

    status: int = HTTPStatus.OK
    body: Json
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    cut: bool = False
    delivery: Delivery | None = None


class Refusal(Exception):  # noqa: N818 - a control flow inside this room, never an error of it
    """The question is answered with an error; `reply` is the answer."""

    def __init__(
        self, status: int, message: str, headers: Mapping[str, str] | None = None, *, bare: bool = False
    ) -> None:
        """Make the answer; a `bare` one has no envelope but an `error`, as the service does in one place."""
        super().__init__(message)
        plain = Reply(status=status, body={"error": message})
        self.reply = plain if bare else failure(status, message, headers)


def refusable(answer: Callable[_P, Reply]) -> Callable[_P, Reply]:
    """Make a function that may raise `Refusal` one that always replies."""

    @wraps(answer)
    def replies(*args: _P.args, **kwargs: _P.kwargs) -> Reply:
        try:
            return answer(*args, **kwargs)
        except Refusal as refusal:
            return refusal.reply

    return replies


def success(data: Json) -> Reply:
    """Return an enveloped answer."""
    return Reply(body=enveloped(data))


def failure(status: int, message: str, headers: Mapping[str, str] | None = None) -> Reply:
    """Return an enveloped error."""
    return Reply(status=status, body={"code": int(status), "message": message}, headers=headers or {})


def enveloped(data: Json) -> Json:
    """Return the data in the envelope of a success."""
    return {"code": 200, "message": "success", "data": data}


def read_text(query: JsonObject, name: str) -> str | None:
    """Return a text of the question; None when it is absent or empty."""
    value = query.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise Refusal(400, f"'{name}' must be text")
    return value


def read_count(query: JsonObject, name: str, *, default: int, least: int, most: int) -> int:
    """Return a whole number of the question, within its limits."""
    value = query.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise Refusal(400, f"'{name}' must be a whole number from {least} to {most}")
    return value


def read_time(query: JsonObject, name: str, *, default: datetime) -> datetime:
    """Return a time of the question, aware."""
    text = read_text(query, name)
    if text is None:
        return default
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(400, f"'{name}' is not a time; write 2026-05-19T06:09:15Z") from None
    if moment.tzinfo is None:
        raise Refusal(400, f"'{name}' has no zone; write 2026-05-19T06:09:15Z")
    return moment
