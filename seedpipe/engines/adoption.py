"""Taking over work that is paid for and that the ledger does not know: from the service's list.

Hides how a plan of any length meets the account's week of predictions: the list is read once a model, the
plan shard by shard. Invariants: only what surely asks the same as a job that was never sent is adopted, each
prediction once, and none that has failed; nothing is submitted. What is adopted is on record when it is told.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar
from unicodedata import normalize

from seedpipe.core.errors import ProviderError, RunError
from seedpipe.core.lifecycle import Event, Phase, task_progress
from seedpipe.core.reconcile import Match, Window, compare
from seedpipe.core.records import Entry
from seedpipe.core.references import digests_in, urls_in
from seedpipe.engines.lists import Lists
from seedpipe.engines.pace import backoff

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from seedpipe.core.model import Job, Prediction
    from seedpipe.core.records import JobRecord
    from seedpipe.engines.pace import Pace
    from seedpipe.ports import Clock, Ledger, Provider

    _ByPrompt: TypeAlias = defaultdict[tuple[str, str], list[Prediction]]

_T = TypeVar("_T")

_CLOCK_ERROR: Final = timedelta(hours=1)
_READS: Final = 4  # of the list, before a run is refused
_WORTHLESS: Final = frozenset({Event.PROVIDER_FAILED, Event.COMPLETED_EMPTY})


async def adopt(
    ledger: Ledger, provider: Provider, clock: Clock, *, plan_id: str, pace: Pace, rng: random.Random
) -> int:
    """Adopt what the service's list shows of a plan's unsent jobs; return how many.

    Raises `RunError` when the list cannot be read: nothing is known then, and nothing should be paid for.
    """
    lists = Lists(provider, clock)
    waits = backoff(pace.retry_first_s, pace.retry_max_s, pace.retry_growth, rng)
    by_prompt: _ByPrompt = defaultdict(list)
    for model in _models(ledger, plan_id, pace):
        for item in await _patiently(partial(_of_nobody, ledger, lists, clock, model, pace), clock, waits):
            by_prompt[model, _prompt(item.inputs)].append(item)
    adopted = 0
    for shard in _shards(ledger, plan_id, pace):
        adopted += await _patiently(partial(_take_over, ledger, lists, clock, shard, by_prompt), clock, waits)
    return adopted


async def _patiently(read: Callable[[], Awaitable[_T]], clock: Clock, waits: Iterator[float]) -> _T:
    """Return what a reading of the service brings, after a few attempts; raises `RunError`."""
    for _ in range(_READS - 1):
        try:
            return await read()
        except ProviderError as error:
            await clock.sleep(max(next(waits), error.retry_after_s or 0.0))
    try:
        return await read()
    except ProviderError as error:
        raise RunError(
            f"the service's list of predictions cannot be read: {error}",
            hint="what is paid for already is not known, so nothing was sent; try again, or"
            " run with --no-adopt",
        ) from error


async def _of_nobody(ledger: Ledger, lists: Lists, clock: Clock, model: str, pace: Pace) -> list[Prediction]:
    """Return the predictions of a model that no attempt has and that are worth having, newest first."""
    now = clock.now() + (lists.skew or timedelta(0))
    kept = timedelta(days=pace.retention_days)
    listing = await lists.read(model, Window(after=now - kept, before=now + _CLOCK_ERROR))
    owned = ledger.owned([item.prediction_id for item in listing.items])
    listing = await lists.with_inputs(listing, owned)
    return [
        item
        for item in listing.items
        if item.prediction_id not in owned and task_progress(item) not in _WORTHLESS
    ]


async def _take_over(
    ledger: Ledger, lists: Lists, clock: Clock, shard: list[JobRecord], by_prompt: _ByPrompt
) -> int:
    """Adopt what the list shows of a shard's unsent jobs, images that were uploaded elsewhere by content."""
    unsent = [record.job for record in shard if _is_unsent(record)]
    contents: dict[str, str] = {}
    for job in unsent:
        if not digests_in(job.request):
            continue
        like = by_prompt[job.model, _prompt(job.request)]
        contents |= ledger.uploaded([url for item in like for url in urls_in(item.inputs or {})])
        contents = await lists.contents([(job.model, job.request)], like, contents)
    found = [(job, _first_same(job, by_prompt[job.model, _prompt(job.request)], contents)) for job in unsent]
    entries = [
        Entry(job_id=job.job_id, event=Event.ADOPTED, at=clock.now(), prediction=same)
        for job, same in found
        if same is not None
    ]
    if entries:
        ledger.record(entries)
    return len(entries)


def _first_same(job: Job, items: list[Prediction], contents: Mapping[str, str]) -> Prediction | None:
    """Take the first prediction that asks what a job asks out of those that are free."""
    for place, item in enumerate(items):
        if compare(job.model, job.request, item, contents) is Match.SAME:
            return items.pop(place)
    return None


def _prompt(inputs: object) -> str:
    """Return what predictions are sorted by, so that a long plan is not compared with all of them."""
    prompt = inputs.get("prompt") if isinstance(inputs, dict) else None
    return normalize("NFC", " ".join(prompt.split())) if isinstance(prompt, str) else ""


def _models(ledger: Ledger, plan_id: str, pace: Pace) -> list[str]:
    unsent = (record for shard in _shards(ledger, plan_id, pace) for record in shard if _is_unsent(record))
    return list(dict.fromkeys(record.job.model for record in unsent))


def _is_unsent(record: JobRecord) -> bool:
    return record.phase is Phase.PLANNED


def _shards(ledger: Ledger, plan_id: str, pace: Pace) -> Iterator[list[JobRecord]]:
    for start in range(0, ledger.job_count(plan_id), pace.shard_jobs):
        yield ledger.jobs(plan_id, start, start + pace.shard_jobs)
