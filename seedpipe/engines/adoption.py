"""Taking over work that is paid for and that the ledger does not know: from the service's list.

Hides when a run has to look before it buys, how far back, and how a plan of any length meets the account's
week of predictions: the list is read once a model, the plan shard by shard. Invariants: all that a run may
buy is looked for in all the days of the list, or since it was last looked for, and the list is read to its
end; only what surely asks the same is adopted, each prediction once, none that has failed and none that a
request in doubt may have made; nothing is submitted. What is adopted is on record when it is told.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar
from unicodedata import normalize

from seedpipe.core.errors import ProviderError, RunError
from seedpipe.core.lifecycle import Event, Phase, task_progress
from seedpipe.core.matching import Match, compare
from seedpipe.core.policy import Redo, redo_phases
from seedpipe.core.reconcile import Rules, Window, doubt_of
from seedpipe.core.records import Entry, PhaseTotal
from seedpipe.core.references import digests_in, urls_in
from seedpipe.engines.lists import Lists
from seedpipe.engines.pace import backoff

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable, Iterator
    from datetime import datetime

    from seedpipe.core.model import Job, Prediction
    from seedpipe.core.policy import Orders
    from seedpipe.core.reconcile import Listing
    from seedpipe.core.records import JobRecord
    from seedpipe.engines.pace import Pace
    from seedpipe.ports import Clock, Ledger, Provider

_T = TypeVar("_T")

_CLOCK_ERROR: Final = timedelta(hours=1)
_READS: Final = 4  # of the list, before a run is refused
_WORTHLESS: Final = frozenset({Event.PROVIDER_FAILED, Event.COMPLETED_EMPTY})
_ADOPTABLE: Final = frozenset({Phase.PLANNED, Phase.FAILED})
_HINT: Final = "what is already paid for is unknown, so nothing was sent; try again, or run with --no-adopt"


async def adopt(
    ledger: Ledger,
    provider: Provider,
    clock: Clock,
    *,
    plan_id: str,
    pace: Pace,
    rng: random.Random,
    orders: Orders | None = None,
) -> int:
    """Adopt what the service's list shows of a plan's jobs that are not paid for; return how many.

    With `orders`, what such a run may buy is looked for, as far back as nobody has looked before; a run that
    buys nothing asks nobody. Without, all jobs are looked for in all the days of the list.

    Raises `RunError` when the list cannot be read to its end: nothing is known then, and nothing should be
    paid for.
    """
    phases = _ADOPTABLE if orders is None else _bought_by(orders, ledger, plan_id)
    looked_until = ledger.looked_until(plan_id, phases)
    lists = Lists(provider, clock)
    waits = backoff(pace.retry_first_s, pace.retry_max_s, pace.retry_growth, rng)
    free, listings = _Free(ledger, lists), []
    for model, until in looked_until.items():
        since = None if orders is None else until
        read = partial(_of_nobody, ledger, lists, clock, model, pace, since)
        listings.append(await _patiently(read, clock, waits))
        free.add(model, listings[-1])
    shown = any(listing.items for listing in listings)
    for request in ledger.open_requests(plan_id) if shown else ():
        window = Rules(settle_s=pace.settle_s).window(doubt_of(request), lists.skew)
        await _patiently(partial(free.take, request.record.job, window), clock, waits)
    adopted = 0
    for shard in _shards(ledger, plan_id, pace) if shown else ():
        entries = [
            Entry(job_id=record.job.job_id, event=Event.ADOPTED, at=clock.now(), prediction=same)
            for record in shard
            if record.phase in phases
            if (same := await _patiently(partial(free.take, record.job), clock, waits))
        ]
        if entries:  # a transaction of nothing is one all the same
            ledger.record(entries)
        adopted += len(entries)
    if listings and (until := _known_until(listings)):
        ledger.note_look(plan_id, until)
    return adopted


def _bought_by(orders: Orders, ledger: Ledger, plan_id: str) -> frozenset[Phase]:
    """Return the phases of the jobs that a run may buy and the list may show; none when it buys nothing."""
    phases = {Phase.PLANNED} | (redo_phases(orders.redo) & _ADOPTABLE)
    tally = ledger.tally(plan_id)
    buys = any(tally.get(phase, PhaseTotal()).jobs for phase in phases)
    follows = Redo.CHANGED in orders.redo and next(ledger.kept(plan_id), None) is not None
    return frozenset(phases) if buys or follows else frozenset()


def _known_until(listings: list[Listing]) -> datetime | None:
    """Return until when these listings show all there is, on the service's clock; None if nobody knows."""
    times = [None if listing.unasked else listing.server_now for listing in listings]
    known = [time for time in times if time is not None]
    return min(known) if len(known) == len(times) else None


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
            hint=_HINT,
        ) from error


async def _of_nobody(
    ledger: Ledger, lists: Lists, clock: Clock, model: str, pace: Pace, since: datetime | None
) -> Listing:
    """Return the predictions of a model that no attempt has and that are worth having, newest first.

    `since` is how far the last look reached, None for all the days of the list.
    """
    await lists.tell_time(model)
    now = clock.now() + (lists.skew or timedelta(0))
    after = now - timedelta(days=pace.retention_days)
    if since is not None:  # what was made little before may have been listed after
        after = max(after, since - timedelta(seconds=pace.settle_s) - _CLOCK_ERROR)
    listing = await lists.read(model, Window(after=after, before=now + _CLOCK_ERROR))
    if not listing.complete:
        raise RunError("the service's list of predictions cannot be read to its end", hint=_HINT)
    owned = ledger.owned([item.prediction_id for item in listing.items])
    listing = await lists.with_inputs(listing, owned)
    items = [
        item
        for item in listing.items
        if item.prediction_id not in owned and task_progress(item) not in _WORTHLESS
    ]
    return replace(listing, items=tuple(items))


class _Free:
    """The listed predictions that are nobody's, until they are taken."""

    def __init__(self, ledger: Ledger, lists: Lists) -> None:
        self._ledger = ledger
        self._lists = lists
        self._by_prompt: defaultdict[tuple[str, str], list[Prediction]] = defaultdict(list)

    def add(self, model: str, listing: Listing) -> None:
        """Have what was listed for a model at hand."""
        for item in listing.items:
            self._by_prompt[model, _prompt(item.inputs)].append(item)

    async def take(self, job: Job, window: Window | None = None) -> Prediction | None:
        """Take the first prediction that asks what a job asks, images that were uploaded by their content.

        With a window, one that was made in it.
        """
        alike = self._by_prompt[job.model, _prompt(job.request)] if job.is_known else []
        contents: dict[str, str] = {}
        if alike and digests_in(job.request):
            contents = self._ledger.uploaded([url for item in alike for url in urls_in(item.inputs or {})])
            contents = await self._lists.contents([(job.model, job.request)], alike, contents)
        for place, item in enumerate(alike):
            in_time = window is None or window.holds(item.created_at)
            if in_time and compare(job.model, job.request, item, contents) is Match.SAME:
                return alike.pop(place)
        return None


def _prompt(inputs: object) -> str:
    """Return what predictions are sorted by, so that a long plan is not compared with all of them."""
    prompt = inputs.get("prompt") if isinstance(inputs, dict) else None
    return normalize("NFC", " ".join(prompt.split())) if isinstance(prompt, str) else ""


def _shards(ledger: Ledger, plan_id: str, pace: Pace) -> Iterator[list[JobRecord]]:
    for start in range(0, ledger.job_count(plan_id), pace.shard_jobs):
        yield ledger.jobs(plan_id, start, start + pace.shard_jobs)
