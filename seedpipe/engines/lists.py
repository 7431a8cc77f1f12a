"""The service's list as a run reads it: whole listings of a window, and what the service's clock says.

Hides paging, and where a task's inputs are told: beside the task in the list, in its result, or nowhere.
Invariants: a listing is called complete only when its last page was seen; every read is free and changes
nothing. Raises `ProviderError` as the provider does.

Absent on purpose: what a listed task means, which `core.reconcile` says, and retries.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from seedpipe.core.errors import Malformed, Refused
from seedpipe.core.matching import unread_images
from seedpipe.core.reconcile import Listing, Window

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from seedpipe.core.model import Json, Prediction, PredictionPage
    from seedpipe.ports import Clock, Provider

_PAGE_SIZE: Final = 100  # the service's own cap
_MOST_PAGES: Final = 1000  # a window of some minutes on the busiest account has a tenth of it
_MOST_RESULTS: Final = (
    500  # asked or read one by one for what the list does not tell: more would hold up a run
)
_NOT_FOUND: Final = 404
_MOST_DRIFT_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What the service's clock said, and both of ours at that moment."""

    service: datetime
    ours: datetime
    monotonic_s: float


class Lists:
    """Reads the list for one run.

    `skew` is how far the service's clock is ahead, `first_told` what it said first; None until it told.
    """

    def __init__(self, provider: Provider, clock: Clock) -> None:
        self._provider = provider
        self._clock = clock
        self._inputs_asked: dict[str, Prediction] = {}
        self._contents: dict[str, str] = {}  # sha256 by address: what lies at one does not change
        self._learning = asyncio.Lock()
        self._learned = False
        self._told: _Told | None = None
        self.skew: timedelta | None = None
        self.first_told: datetime | None = None

    async def tell_time(self, model: str) -> None:
        """Learn the service's time, unless it is known: one short read."""
        if self.skew is None:
            await self._page(model, self._around(self._clock.now(), timedelta(minutes=1)), 1, size=1)

    async def learn_time(self, model: str) -> None:
        """Ask for the service's time until it was answered once, with a time or without."""
        async with self._learning:
            if self._is_astray():
                self._told, self.skew, self._learned = None, None, False
            if not self._learned:
                await self.tell_time(model)
                self._learned = True

    @property
    def service_now(self) -> datetime | None:
        """The time on the service's clock, as far as it told; a step of our own clock does not move it."""
        if self._told is None or self._is_astray():
            return None
        return self._told.service + timedelta(seconds=self._clock.monotonic() - self._told.monotonic_s)

    def _is_astray(self) -> bool:
        """Say whether our two clocks have gone different ways since: one was set, or the machine has slept.

        A stopwatch that stood still in the machine's sleep would put the next request hours too early.
        """
        if self._told is None:
            return False
        passed_s = self._clock.monotonic() - self._told.monotonic_s
        return abs((self._clock.now() - self._told.ours).total_seconds() - passed_s) > _MOST_DRIFT_S

    async def read(self, model: str, window: Window) -> Listing:
        """Return all predictions of a model in a window, with their inputs where the list tells them."""
        asked_at = self._clock.now()
        items: dict[str, Prediction] = {}
        server_now: datetime | None = None
        for number in range(1, _MOST_PAGES + 1):
            page = await self._page(model, window, number)
            server_now = server_now or page.server_now
            before = len(items)
            items |= {item.prediction_id: item for item in page.items}
            # A service that knows no pages gives the same one for ever; a short one was all it had.
            repeats = len(items) == before
            complete = not page.more or (repeats and len(page.items) < _PAGE_SIZE)
            if complete or repeats:
                return Listing(
                    items=tuple(items.values()), complete=complete, asked_at=asked_at, server_now=server_now
                )
        return Listing(items=tuple(items.values()), complete=False, asked_at=asked_at, server_now=server_now)

    async def with_inputs(self, listing: Listing, owned: Collection[str]) -> Listing:
        """Return a listing in which tasks that nobody owns carry the inputs that their results tell.

        One that is owned is asked along: it shows how the service writes what it was sent.
        """
        silent = [item.prediction_id for item in listing.items if item.inputs is None]
        asked = [prediction_id for prediction_id in silent if prediction_id not in owned]
        if asked:
            asked += [prediction_id for prediction_id in silent if prediction_id in owned][:1]
        wanted = set(asked)
        items = [
            await self._with_inputs(item) if item.prediction_id in wanted else item for item in listing.items
        ]
        untold = {item.prediction_id for item in items if item.inputs is None} - set(owned)
        return replace(listing, items=tuple(items), unasked=frozenset(untold - self._inputs_asked.keys()))

    async def contents(
        self,
        requests: Sequence[tuple[str, Mapping[str, Json]]],
        items: Iterable[Prediction],
        known: Mapping[str, str],
    ) -> dict[str, str]:
        """Return what lies behind addresses of images, `known` and read now, as sha256 by address.

        Read is only what keeps a listed task from being told from one of these (model, body). What is
        not there or too large stays unknown.
        """
        contents = {**self._contents, **known}
        for url in unread_images(requests, items, contents)[:_MOST_RESULTS]:
            if digest := await self._digest(url):
                self._contents[url] = contents[url] = digest
        return contents

    async def _digest(self, url: str) -> str | None:
        hashed = hashlib.sha256()
        try:
            async with self._provider.download(url) as chunks:
                async for chunk in chunks:
                    hashed.update(chunk)
        except (Refused, Malformed):
            return None
        return hashed.hexdigest()

    async def find(self, model: str, prediction_id: str, made_at: datetime) -> Prediction | None:
        """Return one task as the list shows it, though its result is unknown; None when it is not there."""
        listing = await self.read(model, self._around(made_at, timedelta(hours=1)))
        return next((item for item in listing.items if item.prediction_id == prediction_id), None)

    def _around(self, moment: datetime, margin: timedelta) -> Window:
        readings = (moment, moment + (self.skew or timedelta(0)))
        return Window(after=min(readings) - margin, before=max(readings) + margin)

    async def _with_inputs(self, item: Prediction) -> Prediction:
        known = self._inputs_asked.get(item.prediction_id)
        if known is None and len(self._inputs_asked) >= _MOST_RESULTS:
            return item
        if known is None:
            try:
                known = await self._provider.result(item.prediction_id)
            except Refused as error:
                if error.status != _NOT_FOUND:
                    raise
                return item  # not to be had yet: the next look asks again
            self._inputs_asked[item.prediction_id] = known
        return replace(item, inputs=known.inputs)

    async def _page(
        self, model: str, window: Window, number: int, *, size: int = _PAGE_SIZE
    ) -> PredictionPage:
        asked_at, asked_s = self._clock.now(), self._clock.monotonic()
        page = await self._provider.predictions(
            model=model,
            created_after=window.after,
            created_before=window.before,
            page=number,
            page_size=size,
        )
        if page.server_now is not None:
            self.skew = page.server_now - asked_at
            self.first_told = self.first_told or page.server_now
            self._told = _Told(service=page.server_now, ours=asked_at, monotonic_s=asked_s)
        return page
