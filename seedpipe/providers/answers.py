"""What an answer of the WaveSpeedAI API means, as functions from bytes to values.

Hides the dialect: the envelope, its drifting fields, and which status says what about money. Invariants:
an id that leaves this module is safe to stand in a path; words that leave it are one printable line without
the key. Fields that are not known are ignored, for the service adds them without notice.

Absent on purpose: HTTP and its library, time, retries.
"""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

from seedpipe.core.errors import Malformed, ProviderError, Refused, Unavailable, Uncertain
from seedpipe.core.model import Prediction, PredictionPage
from seedpipe.core.safe_text import redacted
from seedpipe.providers import inline

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seedpipe.core.model import Json

OK: Final = 200
TOO_MANY_REQUESTS: Final = 429
RETRY_AFTER_CAP_S: Final = 600.0  # a service that asks for more is asked again after ten minutes

_PREDICTION_ID = re.compile(r"[0-9A-Za-z_-]{6,64}")
_SECONDS = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?")
_SHORTEST_KEY = 16  # characters
_LONGEST_WORDS = 300  # characters: a message in a table or a CI log, not a page of HTML
_REFUSALS: Final = frozenset({400, 401, 402, 403, 404, 413, 422})
_TRY_AGAIN: Final = frozenset({408, 409, 425, TOO_MANY_REQUESTS})
_SERVER_ERRORS: Final = range(500, 600)
_EITHER_ZIP = 32 + zlib.MAX_WBITS  # zlib's word for "gzip or deflate, by its header"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer: `body` as far as it came, `whole` when it came to its end and under the cap.

    `server_now` is its `Date`.
    """

    status: int
    body: bytes
    whole: bool
    retry_after_s: float | None = None
    server_now: datetime | None = None


def is_prediction_id(text: object) -> bool:
    """Say whether this can be an id of the service, and so may stand in a path."""
    return isinstance(text, str) and _PREDICTION_ID.fullmatch(text) is not None


def accepted(answer: Answer, *, secret: str) -> Prediction:
    """Return the task that a submit's answer names, or raise what its absence means for the money.

    A valid id is the proof of acceptance, whatever the envelope's code says beside it, unless that code is a
    definite refusal: such a contradiction is `Malformed`.
    """
    if answer.status != OK:
        raise _failed_submit(answer, secret=secret)
    envelope = _envelope(answer)
    code = _integer(envelope.get("code"))
    data = envelope.get("data")
    named = isinstance(data, dict) and is_prediction_id(data.get("id")) and not repeats(data["id"], secret)
    if refusal := _refusal(code, _words(envelope, secret=secret), answer.retry_after_s):
        if named:
            raise Malformed(f"the service both refused (code {code}) and named a task", status=OK, code=code)
        raise refusal
    if not isinstance(data, dict) or not named:
        raise Malformed("the service answered a submit without a usable task id", status=OK, code=code)
    return _prediction(data, secret=secret, outputs=())


def progress(answer: Answer, prediction_id: str, *, secret: str) -> Prediction:
    """Return how a task stands, or raise why that is not known. Reads are free, so nothing is uncertain."""
    data, outputs = _task(answer, prediction_id, secret=secret)
    return _prediction(data, secret=secret, outputs=inline.named(prediction_id, outputs))


def inline_output(answer: Answer, prediction_id: str, index: int, *, secret: str) -> str:
    """Return the text of an output that travels inside the answer, or raise why it cannot be had."""
    _, outputs = _task(answer, prediction_id, secret=secret)
    if index >= len(outputs) or inline.is_url(outputs[index]):
        raise Refused("the service names this output in another way now")
    return outputs[index]


def _task(answer: Answer, prediction_id: str, *, secret: str) -> tuple[Mapping[str, Any], list[str]]:
    """Return what an answer says about a task, and its outputs as the service wrote them."""
    data, code = data_of(answer, "about a task", secret=secret)
    if data.get("id") != prediction_id:
        raise Malformed(f"the service answered about another task than {prediction_id}", status=OK, code=code)
    outputs = data.get("outputs") or []
    if not isinstance(outputs, list) or not all(isinstance(url, str) and url for url in outputs):
        raise Malformed("the service listed outputs that are not URLs", status=OK, code=code)
    if any(repeats(url, secret) for url in outputs):
        raise Malformed("the service put the key into the URL of an output", status=OK, code=code)
    return data, outputs


def said_in(answer: Answer, *, secret: str) -> Any:
    """Return the data of a read's answer in whatever shape it has, or raise why there is no answer."""
    if answer.status != OK:
        raise _failed_read(answer, secret=secret)
    return _envelope(answer).get("data")


def data_of(answer: Answer, what: str, *, secret: str) -> tuple[Mapping[str, Any], int | None]:
    """Return the data of a read's answer and the envelope's code, or raise why there is none."""
    if answer.status != OK:
        raise _failed_read(answer, secret=secret)
    envelope = _envelope(answer)
    code = _integer(envelope.get("code"))
    data = envelope.get("data")
    if not isinstance(data, dict):
        if refusal := _refusal(code, _words(envelope, secret=secret), answer.retry_after_s):
            raise refusal
        raise Malformed(f"the service answered {what} without its data", status=OK, code=code)
    return data, code


def listed(answer: Answer, *, secret: str) -> PredictionPage:
    """Return one page of the account's predictions, or raise why it is not known.

    Without the service's word another page may follow any that is not empty: it may give fewer than were
    asked for. An item without a usable id could be the very one that is looked for: the page is `Malformed`.
    """
    if answer.status != OK:
        raise _failed_read(answer, secret=secret)
    envelope = _envelope(answer)
    code = _integer(envelope.get("code"))
    data = envelope.get("data")
    items = data.get("items") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(items, list):
        if refusal := _refusal(code, _words(envelope, secret=secret), answer.retry_after_s):
            raise refusal
        raise Malformed("the service answered about its list without items", status=OK, code=code)
    if not all(isinstance(item, dict) and is_prediction_id(item.get("id")) for item in items):
        raise Malformed("the service listed a task without a usable id", status=OK, code=code)
    says_more = data.get("has_more")
    return PredictionPage(
        items=tuple(_prediction(item, secret=secret, outputs=_urls(item)) for item in items),
        more=says_more if isinstance(says_more, bool) else bool(items),
        server_now=answer.server_now,
    )


def moment_of(header: str | None) -> datetime | None:
    """Return the time of a `Date` header, in UTC; None for what is not understood."""
    try:
        moment = parsedate_to_datetime((header or "").strip())
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def retry_after_s(header: str | None, now: datetime) -> float | None:
    """Return the seconds a `Retry-After` header asks for: 0 to 600, or None for what is not understood."""
    text = (header or "").strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), RETRY_AFTER_CAP_S)
    moment = moment_of(text)
    return None if moment is None else min(max((moment - now).total_seconds(), 0.0), RETRY_AFTER_CAP_S)


def one_line(text: str, *, secret: str) -> str:
    """Return the service's words as one printable line of at most 300 characters that opens no door."""
    if secret:
        text = text.replace(secret, "[key]")
    text = redacted(text)
    plain = "".join(char if char.isprintable() else " " for char in text[: 20 * _LONGEST_WORDS])
    line = " ".join(plain.split())
    return line if len(line) <= _LONGEST_WORDS else f"{line[: _LONGEST_WORDS - 1]}…"


def written_time(value: object) -> datetime | None:
    """Return a time as the service writes it, in UTC; None for what is none."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)  # drops the digits behind the microseconds
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def unzipped(body: bytes, *, max_bytes: int) -> tuple[bytes, bool]:
    """Return a compressed body unpacked, at most `max_bytes` of it, and whether that is all of it.

    Identity is asked for; some proxies compress all the same, and an id is worth reading then, too.
    """
    machine = zlib.decompressobj(_EITHER_ZIP)
    try:
        plain = machine.decompress(body, max_bytes)
    except zlib.error:
        return b"", False
    return plain, machine.eof


def _failed_submit(answer: Answer, *, secret: str) -> ProviderError:
    words, code = _spoken(answer, secret=secret)
    message = _message(answer.status, words)
    refusal = _refusal(answer.status, message, answer.retry_after_s, code=code)
    return refusal or Uncertain(f"{message}: it is not known whether it was accepted", status=answer.status)


def _failed_read(answer: Answer, *, secret: str) -> ProviderError:
    words, code = _spoken(answer, secret=secret)
    message = _message(answer.status, words)
    if answer.status in _REFUSALS:
        return Refused(message, status=answer.status, code=code)
    if answer.status in _SERVER_ERRORS or answer.status in _TRY_AGAIN:
        return Unavailable(message, status=answer.status, code=code, retry_after_s=answer.retry_after_s)
    return Malformed(message, status=answer.status, code=code)


def _refusal(
    status: int | None, message: str, retry_after: float | None, *, code: int | None = None
) -> ProviderError | None:
    """Return the error of a definite refusal, or None when the status does not say that surely."""
    code = status if code is None else code
    if status == TOO_MANY_REQUESTS:
        return Unavailable(message, status=status, code=code, retry_after_s=retry_after)
    if status in _REFUSALS:
        return Refused(message, status=status, code=code)
    return None


def _envelope(answer: Answer) -> Mapping[str, Any]:
    if not answer.whole:
        raise Malformed("the service's answer was cut short or too long", status=answer.status)
    try:
        envelope = json.loads(answer.body)
    except (ValueError, RecursionError):  # a bad encoding is a ValueError, too
        raise Malformed(
            "the service answered with something that is not JSON", status=answer.status
        ) from None
    if not isinstance(envelope, dict):
        raise Malformed("the service answered with JSON of an unknown shape", status=answer.status)
    return envelope


def _spoken(answer: Answer, *, secret: str) -> tuple[str, int | None]:
    """Return the words and the code of an error answer; HTML and the like say nothing."""
    try:
        envelope = _envelope(answer)
    except Malformed:
        return "", None
    return _words(envelope, secret=secret), _integer(envelope.get("code"))


def _words(envelope: Mapping[str, Any], *, secret: str) -> str:
    data = envelope.get("data")
    candidates = [envelope.get("message"), envelope.get("error"), envelope.get("detail")]
    if isinstance(data, dict):
        candidates.append(data.get("error"))
    spoken = (_text(candidate) for candidate in candidates)
    return one_line(next((text for text in spoken if text), ""), secret=secret)


def _message(status: int, words: str) -> str:
    return f"HTTP {status}: {words}" if words else f"HTTP {status}"


def _prediction(data: Mapping[str, Any], *, secret: str, outputs: tuple[str, ...]) -> Prediction:
    return Prediction(
        prediction_id=data["id"],
        model=one_line(_text(data.get("model")), secret=secret),
        status=one_line(_text(data.get("status")), secret=secret),
        outputs=outputs,
        code=_integer(data.get("code")),
        error=one_line(_text(data.get("error")), secret=secret),
        created_at=written_time(data.get("created_at")),
        inference_ms=_inference_ms(data),
        inputs=_inputs(data),
        flagged=_flagged(data),
    )


def _flagged(data: Mapping[str, Any]) -> frozenset[int]:
    """Return which outputs the service calls unsafe; older answers tell, newer ones say nothing."""
    flags = data.get("has_nsfw_contents")
    if not isinstance(flags, list):
        return frozenset()
    return frozenset(index for index, flag in enumerate(flags) if flag is True)


def _inputs(data: Mapping[str, Any]) -> Mapping[str, Json] | None:
    """Return what the service remembers of a request; by its documents the key is one of two."""
    found = (data.get(key) for key in ("inputs", "input"))
    return next((inputs for inputs in found if isinstance(inputs, dict) and inputs), None)


def _urls(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the outputs that an item of the list names; what is no URL is left for the result to say."""
    outputs = data.get("outputs")
    told = [url for url in outputs if isinstance(url, str) and url] if isinstance(outputs, list) else []
    return inline.named(data["id"], told)


def _inference_ms(data: Mapping[str, Any]) -> int | None:
    timings = data.get("timings")
    inference = _integer(timings.get("inference")) if isinstance(timings, dict) else None
    return inference or _integer(data.get("executionTime")) or None


def repeats(text: str, secret: str) -> bool:
    """Say whether a text that will be kept holds the key; shorter words than any key come up by chance."""
    return len(secret) >= _SHORTEST_KEY and secret in text


def _integer(value: object) -> int | None:
    """Return a whole number that a database column holds, or None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 2**53:
        return None
    return int(value)


def _text(value: object) -> str:
    if isinstance(value, dict):
        return _text(value.get("message"))
    return value if isinstance(value, str) else ""
