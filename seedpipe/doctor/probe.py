"""One cheapest image, bought to learn what the service's documentation leaves open.

Hides the experiment. Invariants: at most two requests are sent, each once and each written down before it
leaves: one that must fail, which is refused or given back, and one image. Every question the service leaves
open stays None, never a guess.

Absent on purpose: the ledger. The probe's request equals none of a campaign: no doubt is settled with it.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from seedpipe import catalog
from seedpipe.core.errors import Malformed, ProviderError, Refused, Unavailable
from seedpipe.core.lifecycle import task_progress
from seedpipe.core.matching import Match, compare

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from decimal import Decimal

    from seedpipe.core.catalogue import ModelSpec
    from seedpipe.core.model import Json, Prediction
    from seedpipe.ports import Provider

FORMAT: Final = 1
_PROMPT: Final = "A plain grey square. (seedpipe doctor: one image to see how the service answers.)"
_DEADLINE_S: Final = 180.0  # for the task, and for the list to show it
_BETWEEN_S: Final = 0.5
_MOST_PAGES: Final = 100
_WINDOW: Final = timedelta(minutes=10)  # around the request: clocks differ
_BAD_REQUEST_CODES: Final = frozenset({1400, 1401})


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What one probe has shown; None is what it could not tell.

    `bad_input` is `at_submit` or `as_task`. `list_lag_s` passed before the list showed the task, or it did
    not show it for `list_lag_over_s`. `inputs_as_sent` says whether the values that list or result show are
    those that were sent.
    """

    at: str
    model: str
    state: str = "sent"
    trouble: str = ""
    prediction_id: str | None = None
    bad_input: str | None = None
    list_inputs: bool | None = None
    list_lag_s: float | None = None
    list_lag_over_s: float | None = None
    inputs_as_sent: bool | None = None
    result_inputs: bool | None = None
    task_s: float | None = None
    output_host: str | None = None
    output_bytes: int | None = None

    def document(self) -> dict[str, Json]:
        """Return it as the JSON that is kept."""
        return {"format": FORMAT, **asdict(self)}


def cheapest() -> tuple[ModelSpec, Decimal]:
    """Return the model whose image costs least and that needs nothing but a prompt, and its price."""
    fit = [
        (model.price({name: model.inputs[name].default for name in model.priced_inputs}), model)
        for model in catalog.load().models.values()
        if {spec.name for spec in model.inputs.values() if spec.required} == {"prompt"}
    ]
    price, model = min(fit, key=lambda each: (each[0].total_usd, each[1].model_id))
    return model, price.total_usd


async def probe(provider: Provider, keep: Callable[[Learned], None]) -> Learned:
    """Ask the open questions; `keep` makes each step durable before the next."""
    spec, _ = cheapest()
    model, body = spec.model_id, _body(spec)
    learned = Learned(at=datetime.now(UTC).isoformat(timespec="seconds"), model=model)
    keep(learned)
    learned = replace(learned, bad_input=await _bad_input(provider, model))
    keep(learned)
    asked_at, began_s = datetime.now(UTC), time.monotonic()
    try:
        task = await provider.submit(model, body)
    except (Refused, Unavailable) as error:
        learned = replace(learned, state="refused", trouble=str(error))
    except ProviderError as error:
        learned = replace(learned, state="in_doubt", trouble=f"{error}; it may have been paid for")
    else:
        learned = replace(learned, state="accepted", prediction_id=task.prediction_id)
        keep(learned)
        learned = await _watched(provider, learned, body, asked_at, began_s)
    keep(learned)
    return learned


async def _bad_input(provider: Provider, model: str) -> str | None:
    """Return how a request without its prompt is told to be wrong."""
    try:
        task = await provider.submit(model, {})
    except Refused as error:
        return "at_submit" if error.status not in {401, 402, 403} else None
    except ProviderError:
        return None
    ended = await _until(lambda: _ended(provider, task.prediction_id))
    return "as_task" if ended and ended.code in _BAD_REQUEST_CODES else None


def _body(model: ModelSpec) -> dict[str, Json]:
    """Return the request of one image, with every default spelled out: a list may spell it otherwise."""
    defaults = {spec.name: spec.default for spec in model.inputs.values() if spec.default is not None}
    return {**defaults, "prompt": _PROMPT}


async def _watched(
    provider: Provider, learned: Learned, body: dict[str, Json], asked_at: datetime, began_s: float
) -> Learned:
    """Look at the task from all sides until it has ended and the list has shown it."""
    prediction_id = learned.prediction_id or ""
    looked_s: list[float] = []  # when the list was read and did not show it

    async def listed_by_now() -> Prediction | None:
        at_s = time.monotonic()
        found = await _listed(provider, learned.model, prediction_id, asked_at)
        if found is None:
            looked_s.append(at_s - began_s)
        return found

    if listed := await _until(listed_by_now):
        lag_s = round(time.monotonic() - began_s, 1)
        learned = replace(learned, list_lag_s=lag_s, list_inputs=listed.inputs is not None)
        learned = replace(learned, inputs_as_sent=_as_sent(body, listed))
    elif looked_s:
        learned = replace(learned, list_lag_over_s=round(looked_s[-1], 1))
    ended = await _until(lambda: _ended(provider, prediction_id))
    if ended is None:
        return replace(learned, trouble="the task did not end in time; it is paid for")
    learned = replace(
        learned,
        state=ended.status,
        trouble=ended.error,
        task_s=round(time.monotonic() - began_s, 1),
        result_inputs=ended.inputs is not None,
        inputs_as_sent=_as_sent(body, ended) if learned.inputs_as_sent is None else learned.inputs_as_sent,
    )
    return await _fetched(provider, learned, ended.outputs[0]) if ended.outputs else learned


def _as_sent(body: dict[str, Json], shown: Prediction) -> bool | None:
    """Say whether an answer repeats what was sent with equal values; None where it shows no inputs."""
    if shown.inputs is None:
        return None
    return compare(shown.model, body, shown) not in {Match.NEAR, Match.OTHER}


async def _fetched(provider: Provider, learned: Learned, url: str) -> Learned:
    learned = replace(learned, output_host=urlsplit(url).hostname)
    try:
        async with provider.download(url) as chunks:
            return replace(learned, output_bytes=sum([len(chunk) async for chunk in chunks]))
    except ProviderError as error:
        return replace(learned, trouble=str(error))


async def _ended(provider: Provider, prediction_id: str) -> Prediction | None:
    task = await provider.result(prediction_id)
    return task if task_progress(task) else None


async def _listed(provider: Provider, model: str, prediction_id: str, at: datetime) -> Prediction | None:
    for number in range(1, _MOST_PAGES + 1):  # on a busy account newer tasks push it off the first page
        page = await provider.predictions(
            model=model, created_after=at - _WINDOW, created_before=at + _WINDOW, page=number
        )
        for item in page.items:
            if item.prediction_id == prediction_id:
                return item
        if not page.more:
            return None
    raise Malformed("the list does not end")


async def _until(ask: Callable[[], Awaitable[Prediction | None]]) -> Prediction | None:
    """Ask a free question until it has an answer or the time is up."""
    ends_s = time.monotonic() + _DEADLINE_S
    while time.monotonic() < ends_s:
        try:
            if answer := await ask():
                return answer
        except (Unavailable, Malformed, Refused):
            pass
        await asyncio.sleep(_BETWEEN_S)
    return None
