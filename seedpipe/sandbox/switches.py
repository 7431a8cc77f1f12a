"""What is unknown about the service, and what may go wrong on purpose: as values.

Hides which behaviours of the sandbox can be chosen. A `Switches` is set by whoever starts a sandbox; a
*directive* is written by a designer into a prompt, `[sandbox: fail 1200]`, to rehearse one bad day in one
job. Invariant: the default switches are the friendliest service that fits what is documented.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal  # noqa: TC003 - `switched` reads the types of the fields
from enum import StrEnum
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, get_args, get_type_hints

from seedpipe.core.diagnostics import did_you_mean
from seedpipe.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_LATENCY_S: Final = 3600.0  # no rehearsal needs a task of more than an hour
_WEEK_S: Final = 7 * 24 * 3600.0
_DIRECTIVE: Final = re.compile(r"\[\s*sandbox\s*:([^\]\n]*)\]", re.IGNORECASE)
_SPELT: Final = "write [sandbox: fail CODE], [sandbox: short N], [sandbox: slow SECONDS] or [sandbox: lose]"

TASK_ERRORS: Final = {
    1200: "The content was flagged by moderation. Please change the prompt or the images.",
    1400: "A required parameter is missing.",
    1401: "A parameter is invalid.",
    1402: "An input file could not be accessed.",
    1403: "The task failed.",
    1405: "The task failed.",
    5000: "Internal error.",
    5003: "The service is temporarily unavailable.",
    5004: "The task timed out.",
}


class UnknownInputs(StrEnum):
    """What happens to input keys that the model does not have."""

    DROPPED = "dropped"
    REJECTED = "rejected"


class BadInput(StrEnum):
    """How bad input is told: HTTP 400 at submit, or a task that fails with 1400 or 1401."""

    AT_SUBMIT = "at_submit"
    AS_TASK = "as_task"


class InputsKey(StrEnum):
    """The key under which an answer repeats a task's inputs, if it does."""

    INPUTS = "inputs"
    INPUT = "input"
    NOTHING = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """How this sandbox behaves; every default is the friendly case.

    With `moves_uploads` the list shows another address of an uploaded image than the one that was sent, with
    `respells_sizes` it shows `1024x1024` for `1024*1024`.
    `task_latency_s` passes from accepted to finished; `list_lag_s` before a task shows in the list;
    `sync_wait_limit_s` before a held submit answers 5004; `retention_s` before a task is forgotten.
    `balance_usd` None never runs dry; a failed task's money comes back `refund_after_s` after it failed, that
    of a moderated one only if `refunds_moderation`. `price_percent` of the catalogue's prices is asked and
    charged. A webhook is sent `webhook_deliveries` times. `images_per_minute` None is no limit; with
    `rate_counts_images` a set of N counts N times. `short_by` images are missing from every set of more
    than one. `plain_pictures` are flat cards instead of scenes: for whoever counts and does not look.

    Faults, each 0 for never, else every n-th: `unavailable_every` submits are answered 503 and not accepted;
    of the accepted ones `lose_every` lose their answer in the middle of its body, `bad_gateway_every` are
    answered 502 with HTML, `slow_answer_every` are answered `slow_answer_s` late, `fail_every` tasks
    end with `fail_code`. While `account_is_silent`, balance, prices and bills are answered 503. The key is
    revoked once `revoke_after` requests were accepted: `revoked_status` answers every submit and, unless
    `revoked_reads` is off, every question about tasks and the account; files need no key.
    """

    unknown_inputs: UnknownInputs = UnknownInputs.DROPPED
    bad_input: BadInput = BadInput.AT_SUBMIT
    list_inputs: InputsKey = InputsKey.INPUTS
    result_inputs: InputsKey = InputsKey.NOTHING
    shows_defaults: bool = False
    shows_deleted: bool = False
    shows_nsfw_flags: bool = False
    moves_uploads: bool = False
    respells_sizes: bool = False
    task_latency_s: float = 0.2
    list_lag_s: float = 0.0
    sync_wait_limit_s: float = 90.0
    retention_s: float = _WEEK_S
    balance_usd: Decimal | None = None
    refund_after_s: float = 0.0
    refunds_moderation: bool = False
    price_percent: int = 100
    account_is_silent: bool = False
    webhook_deliveries: int = 1
    images_per_minute: int | None = None
    rate_counts_images: bool = True
    short_by: int = 0
    plain_pictures: bool = False
    unavailable_every: int = 0
    lose_every: int = 0
    bad_gateway_every: int = 0
    slow_answer_every: int = 0
    slow_answer_s: float = 0.0
    revoke_after: int = 0
    revoked_status: int = 401
    revoked_reads: bool = True
    fail_every: int = 0
    fail_code: int = 5000


def switched(words: Iterable[str]) -> Switches:
    """Return switches set by words like `lose_every=5`. Raises `InputError` for a wrong name or value."""
    kinds = get_type_hints(Switches)
    chosen: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or name not in kinds:
            raise InputError(f"the sandbox has no switch '{word}'", hint=_hint_for(name, kinds))
        try:
            chosen[name] = _value(kinds[name], value)
        except (ValueError, KeyError, ArithmeticError):
            raise InputError(f"the switch '{name}' cannot be '{value}'") from None
    return Switches(**chosen)


def _value(kind: Any, text: str) -> Any:
    if kind is bool:
        return {"true": True, "false": False}[text]
    plain = next((part for part in get_args(kind) if part is not NoneType), kind)
    number = plain(text)
    if not isinstance(number, str) and not 0 <= number < math.inf:
        raise ValueError(text)
    return number


def _hint_for(name: str, kinds: Iterable[str]) -> str:
    return did_you_mean(name, kinds) or "write name=value; docs/sandbox.md lists the names"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What the directives of one prompt ask for; None and False leave it to the switches."""

    fail_code: int | None = None
    short_by: int | None = None
    latency_s: float | None = None
    loses_answer: bool = False


def is_nth(count: int, every: int) -> bool:
    """Say whether the `count`-th event is one that happens every so often; never when `every` is 0."""
    return every > 0 and count % every == 0


def rehearsal(prompt: str) -> Rehearsal:
    """Return what the prompt's directives ask for.

    Raises `ValueError` with a message for the designer when one cannot be understood: a directive that is
    silently ignored rehearses nothing.
    """
    found = Rehearsal()
    for match in _DIRECTIVE.finditer(prompt):
        found = _with(found, match[0], match[1].split())
    return found


def _with(found: Rehearsal, directive: str, words: list[str]) -> Rehearsal:
    fail_code, short_by, latency_s, loses = (
        found.fail_code,
        found.short_by,
        found.latency_s,
        found.loses_answer,
    )
    match words:
        case ["fail", code] if re.fullmatch(r"[0-9]{4}", code):
            fail_code = int(code)
        case ["short", count] if re.fullmatch(r"[0-9]{1,2}", count):
            short_by = int(count)
        case ["slow", seconds] if re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,3})?", seconds):
            latency_s = min(float(seconds), MAX_LATENCY_S)
        case ["lose"]:
            loses = True
        case _:
            raise ValueError(f"the sandbox does not understand '{directive}' in the prompt: {_SPELT}")
    return Rehearsal(fail_code=fail_code, short_by=short_by, latency_s=latency_s, loses_answer=loses)
