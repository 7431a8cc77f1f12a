"""What may be ours and belongs to no job: its images are fetched aside and reported, and that is all.

Hides how a run looks back when it ends: at its own window, and around each request that was given up in the
last days, by an earlier run too, for the list may show it late. The account is shared with other people and
programs: only predictions that surely ask what a request of this plan or one that was given up asks, or that
a doubt could not be told from, are touched. Invariant: no job's place is filled from here, and nothing is
recorded as paid.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from seedpipe.core.errors import ProviderError
from seedpipe.core.lifecycle import Event, task_progress
from seedpipe.core.reconcile import Rules, Window, clusters, doubt_of, span, strays
from seedpipe.core.records import Aside
from seedpipe.core.references import digests_in, urls_in

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Iterable

    from seedpipe.core.model import Job, Prediction
    from seedpipe.core.records import JobRecord, OpenRequest
    from seedpipe.engines.tools import Tools
    from seedpipe.ports import Store

_CLOCK_ERROR: Final = timedelta(seconds=5)  # what the service's `Date` and the way to it leave open
_NO_SKEW: Final = timedelta(0)
_LATE: Final = Rules(settle_s=3600.0)  # how late a request that was given up may have been accepted


class Asides:
    """The predictions of one run that are nobody's. Without a store they are reported only."""

    def __init__(self, tools: Tools, store: Store | None) -> None:
        self._tools = tools
        self._store = store
        self._wanted: dict[str, str] = {}

    def want(self, prediction_ids: Iterable[str], why: str) -> None:
        """Have these fetched when the run ends."""
        for prediction_id in prediction_ids:
            self._wanted.setdefault(prediction_id, why)

    async def sweep(self, records: AsyncIterable[JobRecord]) -> None:
        """Look for predictions that ask what a job asks, or what was given up, and belong to no attempt.

        A list that cannot be read now is no reason to end a run in any other way.
        """
        given_up = await self._given_up()
        free: list[Prediction] = []
        try:
            for model in sorted(self._tools.traffic.models):
                free += await self._nobodys(model)
            free += await self._late(given_up)
        except ProviderError:
            return
        if not free:
            return
        urls = list(dict.fromkeys(url for item in free for url in urls_in(item.inputs or {})))
        contents = await self._tools.scribe.ask(lambda ledger: ledger.uploaded(urls)) if urls else {}
        for request in given_up:
            contents = await self._want_like(request.record, free, contents)
        async for record in records:
            contents = await self._want_like(record, free, contents)

    async def _want_like(
        self, record: JobRecord, free: list[Prediction], contents: dict[str, str]
    ) -> dict[str, str]:
        """Want what asks the same as a job; return the contents of images as far as they are known by now."""
        job = record.job
        if digests_in(job.request):
            contents = await self._read(job, free, contents)
        for item in strays([(job.model, job.request)], free, self._wanted, contents):
            self.want([item.prediction_id], f"it asks what {record.label} asks, and is no attempt's")
        return contents

    async def _read(self, job: Job, free: list[Prediction], contents: dict[str, str]) -> dict[str, str]:
        """Look at images that only their content tells from a job's; without them nothing is known."""
        try:
            return await self._tools.lists.contents([(job.model, job.request)], free, contents)
        except ProviderError:
            return contents

    async def fetch(self) -> tuple[Aside, ...]:
        """Fetch what is wanted and belongs to no attempt by now, as far as it comes at once."""
        owned = await self._owned(self._wanted)
        return tuple(
            [
                await self._fetch(prediction_id, why)
                for prediction_id, why in self._wanted.items()
                if prediction_id not in owned
            ]
        )

    async def _given_up(self) -> list[OpenRequest]:
        """Return the requests that were taken for absent or written off, and that the list may still show."""
        plan_id = self._tools.run.plan_id
        since = self._tools.clock.now() - timedelta(days=self._tools.pace.retention_days)
        return await self._tools.scribe.ask(lambda ledger: ledger.given_up(plan_id, since))

    async def _late(self, given_up: list[OpenRequest]) -> list[Prediction]:
        """Return what is nobody's and was made around the time of requests that were given up."""
        lists = self._tools.lists
        for request in given_up[:1]:
            await lists.tell_time(request.record.job.model)
        found: list[Prediction] = []
        for group in clusters(map(doubt_of, given_up), lists.skew, _LATE):
            found += await self._nobodys_in(group[0].model, span(group, lists.skew, _LATE))
        return found

    async def _nobodys(self, model: str) -> list[Prediction]:
        """Return what was made during this run and is nobody's."""
        lists, began_at = self._tools.lists, self._tools.run.started_at
        await lists.tell_time(model)
        skew = lists.skew or _NO_SKEW
        # Our clock may have been set since the run began; what the service said first was before any submit.
        window = Window(
            after=min(began_at + skew, lists.first_told or began_at) - _CLOCK_ERROR,
            before=self._tools.clock.now() + skew + _CLOCK_ERROR,
        )
        return await self._nobodys_in(model, window)

    async def _nobodys_in(self, model: str, window: Window) -> list[Prediction]:
        lists = self._tools.lists
        listing = await lists.read(model, window)
        owned = await self._owned(item.prediction_id for item in listing.items)
        listing = await lists.with_inputs(listing, owned)
        return [item for item in listing.items if item.prediction_id not in owned]

    async def _owned(self, prediction_ids: Iterable[str]) -> dict[str, str]:
        ids = list(prediction_ids)
        return await self._tools.scribe.ask(lambda ledger: ledger.owned(ids)) if ids else {}

    async def _fetch(self, prediction_id: str, why: str) -> Aside:
        paths: list[str] = []
        try:
            task = await self._completed(prediction_id)
            if task and self._store:
                for index, url in enumerate(task.outputs, start=1):
                    paths.append(await self._keep(self._store, url, f"{prediction_id}-{index}"))
        except ProviderError as error:
            why = f"{why}; its images cannot be fetched: {error}"
        return Aside(prediction_id=prediction_id, paths=tuple(paths), why=why)

    async def _completed(self, prediction_id: str) -> Prediction | None:
        """Return a task when it is completed, asking for a little while."""
        pace, clock = self._tools.pace, self._tools.clock
        deadline = clock.monotonic() + pace.aside_deadline_s
        while True:
            task = await self._tools.provider.result(prediction_id)
            event = task_progress(task)
            if event is not None or clock.monotonic() >= deadline:
                return task if event is Event.COMPLETED else None
            await clock.sleep(pace.poll_first_s)

    async def _keep(self, store: Store, url: str, stem: str) -> str:
        async with self._tools.provider.download(url) as chunks:
            image = await store.receive(chunks)
        return await store.publish(image, stem)
