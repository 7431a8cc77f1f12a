"""Settling doubts: requests that may or may not have been accepted are looked up, never blindly repeated.

Hides when the service's list is asked again, and when a doubt has been looked at for long enough. What a list
means is `core.reconcile`'s to say. Invariants: a listing is judged by what the ledger knows after it was
read, doubts that arose meanwhile included; a request is sent again only after its absence is on record, once
a run and a few times a job; every doubt is looked at until it is settled or its settle time has passed.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from seedpipe.core.errors import ProviderError
from seedpipe.core.lifecycle import Event, Phase
from seedpipe.core.model import DoubtPolicy
from seedpipe.core.reconcile import Fate, Known, Rules, calibrated, clusters, doubt_of, settle, span
from seedpipe.core.references import urls_in
from seedpipe.engines.walk import JobWalk

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from datetime import datetime
    from typing import TypeAlias

    from seedpipe.core.model import Json
    from seedpipe.core.reconcile import Decision, Doubt, Listing, Window
    from seedpipe.core.records import OpenRequest
    from seedpipe.engines.asides import Asides
    from seedpipe.engines.scribe import Scribe
    from seedpipe.engines.tools import Tools
    from seedpipe.ports import Ledger

    _Key: TypeAlias = tuple[str, datetime]  # a request: its job, and when its intent was recorded

_TOO_MANY_REQUESTS: Final = 429
_MOST_RESUBMITS: Final = 3  # of one job, whatever the number of runs: a list that lies costs no more
_NO_CONSENT: Final = "; nobody has agreed to pay for it again"
_AGE_SHARE: Final = 0.25  # of a doubt's age, until it is looked up again


class Settler:
    """Looks after the doubts of one run, those it found and those it makes.

    `taken` are the jobs it has handed on, `held` counts the doubts it has left to the next run.
    """

    def __init__(self, tools: Tools, asides: Asides) -> None:
        self._tools = tools
        self._asides = asides
        self._rules = Rules(settle_s=tools.pace.settle_s, literal=tools.pace.list_is_literal)
        self._first_seen_s: dict[_Key, float] = {}
        self._closed: set[_Key] = set()
        self._resubmitted: set[str] = set()
        self._news = asyncio.Event()
        self._idle = asyncio.Event()
        self._carry: Callable[[JobWalk], None]
        self.taken: set[str] = set()
        self._held: set[_Key] = set()

    def heard(self) -> None:
        """Hear that there is a new doubt."""
        self._idle.clear()
        self._news.set()

    @property
    def held(self) -> int:
        """How many doubts are left to the next run."""
        return len(self._held)

    @property
    def is_idle(self) -> bool:
        """Whether no doubt is left that this run can settle."""
        return self._idle.is_set()

    async def idle(self) -> None:
        """Wait until no doubt is left that this run can settle."""
        await self._idle.wait()

    async def watch(self, carry: Callable[[JobWalk], None]) -> None:
        """Settle doubts as they arise, until cancelled; `carry` takes jobs that have a way to go then."""
        self._carry = carry
        while True:
            self._news.clear()
            wait_s = await self._look()
            if wait_s is None and not self._news.is_set():
                self._idle.set()
            await self._doze(wait_s)

    async def _doze(self, wait_s: float | None) -> None:
        """Wait for news, but no longer than this."""
        waits = {asyncio.ensure_future(self._news.wait())}
        if wait_s is not None:
            waits.add(asyncio.ensure_future(self._tools.clock.sleep(wait_s)))  # type: ignore[arg-type]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _look(self) -> float | None:
        """Look once for everything in doubt; return the seconds until the next look, None for no need."""
        plan_id, traffic = self._tools.run.plan_id, self._tools.traffic
        requests = await self._tools.scribe.ask(lambda ledger: ledger.open_requests(plan_id))
        doubtful = [request for request in requests if request.record.phase is Phase.IN_DOUBT]
        for request in doubtful:
            self._first_seen_s.setdefault(_key(request), self._tools.clock.monotonic())
        by_job = {request.record.job.job_id: request for request in doubtful}
        for group in clusters(map(doubt_of, doubtful), self._tools.lists.skew, self._rules):
            if any(self._is_open(by_job[doubt.job_id]) for doubt in group):
                await self._settle_group(group, by_job)
        left = [request for request in doubtful if self._is_open(request)]
        if not left and not any(request.record.phase is Phase.SUBMITTING for request in requests):
            traffic.calm()
        if left or not traffic.flowing:
            return self._wait_s(left)
        return None

    def _is_open(self, request: OpenRequest) -> bool:
        return request.record.phase is Phase.IN_DOUBT and _key(request) not in self._closed

    async def _settle_group(self, group: list[Doubt], requests: dict[str, OpenRequest]) -> None:
        """Look up doubts that one listing answers, and act on what it says.

        Doubts that are left to the next run are judged along, for they may own what the list shows.
        """
        lists, model = self._tools.lists, group[0].model
        try:
            await lists.tell_time(model)
            window = span(group, lists.skew, self._rules)
            listing = await lists.read(model, window)
            known = await self._known(model, window, listing, {_key(requests[each.job_id]) for each in group})
            listing = await lists.with_inputs(listing, known.owned)
            known = replace(known, contents=await self._contents(model, group, listing, known))
        except ProviderError as error:
            if error.status == _TOO_MANY_REQUESTS:
                self._tools.traffic.limited(error)
            for doubt in group:
                if self._is_open(requests[doubt.job_id]):
                    await self._wait_on(requests[doubt.job_id], f"the service's list cannot be read: {error}")
            return
        self._rules = calibrated(self._rules, model, listing, known)
        for decision in settle(group, listing, known, self._rules):
            request = requests[decision.doubt.job_id]
            if self._is_open(request) or decision.fate is Fate.FOUND:
                await self._act(request, decision)

    async def _known(self, model: str, window: Window, listing: Listing, judged: Collection[_Key]) -> Known:
        plan_id = self._tools.run.plan_id
        return await self._tools.scribe.ask(
            lambda ledger: known_of(ledger, plan_id, model, window, listing, judged)
        )

    async def _contents(
        self, model: str, group: list[Doubt], listing: Listing, known: Known
    ) -> dict[str, str]:
        """Return what lies behind images that were sent and images that are listed, as far as it matters."""
        bodies = [request.body for request in (*group, *known.others)]
        own = known.sent.values()
        free = [item for item in listing.items if item.prediction_id not in known.owned]
        told = [item.inputs or {} for item in listing.items]
        ours = await uploaded_images(self._tools.scribe, [*bodies, *own, *told])
        return await self._tools.lists.contents([(model, body) for body in bodies], free, ours)

    async def _act(self, request: OpenRequest, decision: Decision) -> None:
        match decision.fate:
            case Fate.FOUND:
                await self._settled(request, Event.FOUND, decision)
            case Fate.ABSENT if self._may_resubmit(request):
                self._resubmitted.add(request.record.job.job_id)
                await self._settled(request, Event.SURELY_ABSENT, decision)
            case Fate.WAITING:
                await self._wait_on(request, decision.why)
            case Fate.ABSENT | Fate.UNCLEAR:
                self._asides.want(decision.candidates, decision.why)
                may_not = decision.fate is Fate.ABSENT and not self._is_consented(request)
                await self._hold(request, decision.why + (_NO_CONSENT if may_not else ""))

    def _may_resubmit(self, request: OpenRequest) -> bool:
        return (
            self._tools.policy.in_doubt is DoubtPolicy.RESUBMIT
            and request.absences < _MOST_RESUBMITS
            and request.record.job.job_id not in self._resubmitted
            and self._is_consented(request)
        )

    def _is_consented(self, request: OpenRequest) -> bool:
        """Say whether somebody has agreed to pay for a request should it be sent again.

        To send it once was agreed to in this run, if it is this run's; a job of another plan is not sent.
        """
        latest = request.record.latest
        own = latest is not None and latest.run_id == self._tools.run.run_id
        return self._tools.orders.resubmits or own or not request.record.cells

    async def _settled(self, request: OpenRequest, event: Event, decision: Decision) -> None:
        """Put on record what became of a doubt; a job of this plan then goes on from there."""
        walk = JobWalk(self._tools, request.record)
        self.taken.add(walk.job_id)  # first: whoever reads the record from now on must leave it to us
        await walk.settle(event, decision.prediction, decision.why)
        self._closed.add(_key(request))
        self._held.discard(_key(request))
        if event is Event.FOUND or request.record.cells:
            self._carry(walk)

    async def _hold(self, request: OpenRequest, why: str) -> None:
        """Leave a doubt to the next run."""
        self._closed.add(_key(request))
        self._held.add(_key(request))
        await JobWalk(self._tools, request.record).settle(Event.HELD, None, why)

    async def _wait_on(self, request: OpenRequest, why: str) -> None:
        """Leave a doubt to the next look, or to the next run when its time is over."""
        if self._tools.clock.monotonic() >= self._first_seen_s[_key(request)] + self._patience_s(request):
            await self._hold(request, why)

    def _patience_s(self, request: OpenRequest) -> float:
        """Return for how long after it was first seen this run looks for a request."""
        pace = self._tools.pace
        return self._unsettled_s(request) + pace.settle_grace_s

    def _unsettled_s(self, request: OpenRequest) -> float:
        """Return how much of the settle time a request had before it when this run first saw it."""
        settle_s = self._tools.pace.settle_s
        seen_for_s = self._tools.clock.monotonic() - self._first_seen_s[_key(request)]
        service_now = self._tools.lists.service_now
        if request.service_at and service_now:
            age_s = (service_now - request.service_at).total_seconds()
        else:
            age_s = (self._tools.clock.now() - request.intent_at).total_seconds()
        return min(max(settle_s - max(age_s - seen_for_s, 0.0), 0.0), settle_s)

    def _wait_s(self, left: Iterable[OpenRequest]) -> float:
        """Return when to look again: soon for young doubts, and when the settle time of one is over."""
        pace, now_s = self._tools.pace, self._tools.clock.monotonic()
        waits = [pace.settle_look_max_s]
        for request in left:
            seen_for_s = now_s - self._first_seen_s[_key(request)]
            waits.append(max(pace.settle_look_first_s, seen_for_s * _AGE_SHARE))
            if (unsettled_s := self._unsettled_s(request) - seen_for_s) > 0:
                waits.append(max(pace.settle_look_first_s, unsettled_s))
        return min(waits)


async def uploaded_images(scribe: Scribe, bodies: Iterable[Mapping[str, Json]]) -> dict[str, str]:
    """Return the sha256 of the images in these bodies that were uploaded from here, by their addresses."""
    urls = list(dict.fromkeys(url for body in bodies for url in urls_in(body)))
    return await scribe.ask(lambda ledger: ledger.uploaded(urls)) if urls else {}


def known_of(
    ledger: Ledger, plan_id: str, model: str, window: Window, listing: Listing, judged: Collection[_Key]
) -> Known:
    """Return what a ledger knows of a listing, after it was read; `judged` are the doubts it was read for.

    Whatever else is open may own what the list shows, in doubt or not: a request can have come to
    doubt while the list was on its way.
    """
    sent = ledger.sent([item.prediction_id for item in listing.items])
    drift = abs(listing.skew) if listing.skew is not None else 0 * (window.before - window.after)
    return Known(
        owned=frozenset(sent),
        sent=sent,
        accepted=ledger.accepted_between(model, window.after - drift, window.before + drift),
        others=tuple(
            doubt_of(request)
            for request in ledger.open_requests(plan_id)
            if request.record.job.model == model and _key(request) not in judged
        ),
    )


def _key(request: OpenRequest) -> _Key:
    return request.record.job.job_id, request.intent_at
