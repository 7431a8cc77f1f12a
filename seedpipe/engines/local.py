"""The engine for one machine: asyncio in this process, a plan read shard by shard from the ledger.

Hides the order of a run: what is paid for comes home first, then new requests are made. Invariants: it
reads only plan and ledger; at most one shard and the jobs in the air stand in memory; it never ends with a
request on its way that the ledger does not know of. One engine carries out one run.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

from seedpipe.core.lifecycle import Phase, is_unfetched
from seedpipe.core.policy import Orders
from seedpipe.core.records import RunOutcome, StopReason
from seedpipe.engines.asides import Asides
from seedpipe.engines.lists import Lists
from seedpipe.engines.pace import Pace, Traffic
from seedpipe.engines.scribe import Scribe
from seedpipe.engines.settle import Settler
from seedpipe.engines.shard import Crew
from seedpipe.engines.walk import Tools

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncGenerator

    from seedpipe.core.model import Policy
    from seedpipe.core.records import Aside, JobRecord, RunStart
    from seedpipe.ports import Clock, Ledger, Provider, RunListener, Store


class LocalEngine:
    """`ports.Engine` on this process's event loop.

    `rng` jitters the waits; `orders` is what the user has said about this run; `asides` keeps images that may
    be ours and belong to no job.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        provider: Provider,
        store: Store,
        clock: Clock,
        listener: RunListener,
        rng: random.Random,
        pace: Pace | None = None,
        orders: Orders | None = None,
        asides: Store | None = None,
    ) -> None:
        self._ledger = ledger
        self._provider = provider
        self._store = store
        self._clock = clock
        self._listener = listener
        self._rng = rng
        self._pace = pace or Pace()
        self._orders = orders or Orders()
        self._traffic = Traffic(self._pace, clock, listener, rng)
        self._closing = asyncio.Event()
        self._aside_store = asides
        self._asides: tuple[Aside, ...] = ()

    def stop(self) -> None:
        """Submit nothing more and come home in under 5 s. Safe to call from a signal handler of the loop."""
        self._traffic.halt(StopReason.INTERRUPTED, "interrupted; the same command goes on from here")
        self._closing.set()

    async def run(self, run: RunStart) -> RunOutcome:
        """Bring every job of the plan as far as it goes; never raises for a job that fails.

        Raises `LedgerDamaged` when the ledger cannot be trusted any more, once nothing is in flight.
        """
        scribe = Scribe(self._ledger)
        policy = (await scribe.ask(lambda ledger: ledger.plan_header(run.plan_id))).policy
        tools = self._tools(run, scribe, policy)
        asides = Asides(tools, self._aside_store)
        settler = Settler(tools, asides)
        crew = Crew(tools, alarm=self._closing.set, doubtful=settler.heard)
        feeding = asyncio.create_task(self._work(crew, settler, asides, scribe, run.plan_id))
        closing = asyncio.create_task(self._closing.wait())
        try:
            await asyncio.wait({feeding, closing}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            self.stop()
            raise
        finally:
            closing.cancel()
            await self._wind_up(feeding, crew)
            await scribe.aclose()
        crew.raise_failures()
        if not feeding.cancelled():
            feeding.result()
        return RunOutcome(
            stop=self._traffic.reason,
            message=crew.failure_text() or self._traffic.message,
            overdue=crew.left_behind,
            asides=self._asides,
        )

    async def _wind_up(self, feeding: asyncio.Task[None], crew: Crew) -> None:
        """End what still runs; when all is done there is nothing to end."""
        feeding.cancel()
        await asyncio.wait({feeding})
        if not feeding.cancelled() and (error := feeding.exception()):
            self._traffic.halt(StopReason.DISK, str(error))
        await crew.come_home()

    def _tools(self, run: RunStart, scribe: Scribe, policy: Policy) -> Tools:
        return Tools(
            run=run,
            policy=policy,
            orders=self._orders,
            scribe=scribe,
            provider=self._provider,
            store=self._store,
            clock=self._clock,
            listener=self._listener,
            pace=self._pace,
            traffic=self._traffic,
            lists=Lists(self._provider, self._clock),
            rng=self._rng,
        )

    async def _work(self, crew: Crew, settler: Settler, asides: Asides, scribe: Scribe, plan_id: str) -> None:
        """Do all there is to do: the plan, its doubts, and a last look at what is nobody's."""
        watching = asyncio.create_task(self._watch(crew, settler))
        try:
            await self._feed(crew, settler, scribe, plan_id)
            while crew.is_busy or not settler.is_idle:
                await crew.finish()
                await settler.idle()
        finally:
            watching.cancel()
            await asyncio.wait({watching})
        async with aclosing(self._records(scribe, plan_id)) as records:
            await asides.sweep(records)
        self._asides = await asides.fetch()

    async def _watch(self, crew: Crew, settler: Settler) -> None:
        try:
            await settler.watch(crew.take_later)
        except Exception as error:  # noqa: BLE001 - raised again when everything in flight is accounted for
            crew.failed(error)

    async def _feed(self, crew: Crew, settler: Settler, scribe: Scribe, plan_id: str) -> None:
        """Hand the run's jobs to the crew: what is paid for and not here first, other plans' too."""
        # As many as a run had in the air when it ended: few enough for a list, which leaves no read open.
        for record in await scribe.ask(lambda ledger: list(ledger.unfetched_elsewhere(plan_id))):
            await crew.take(record)
        if any(map(is_unfetched, await scribe.ask(lambda ledger: ledger.tally(plan_id)))):
            async with aclosing(self._records(scribe, plan_id)) as records:
                async for record in records:
                    if is_unfetched(record.phase):
                        await crew.take(record)
        async with aclosing(self._records(scribe, plan_id)) as records:
            async for record in records:
                if self._is_new_work(record, crew, settler):
                    await crew.take(record)

    def _is_new_work(self, record: JobRecord, crew: Crew, settler: Settler) -> bool:
        """Say whether the second pass takes the job up: the first has been at all that was paid for.

        What the settler has taken is its own from then on: this record may be older than its word.
        """
        if is_unfetched(record.phase) or record.phase is Phase.IN_DOUBT:
            return False
        if crew.carries(record.job.job_id) or record.job.job_id in settler.taken:
            return False
        return record.phase is not Phase.PLANNED or self._traffic.open

    async def _records(self, scribe: Scribe, plan_id: str) -> AsyncGenerator[JobRecord, None]:
        count = await scribe.ask(lambda ledger: ledger.job_count(plan_id))
        for start in range(0, count, self._pace.shard_jobs):
            for record in await self._shard(scribe, plan_id, start):
                yield record

    async def _shard(self, scribe: Scribe, plan_id: str, start: int) -> list[JobRecord]:
        stop = start + self._pace.shard_jobs
        return await scribe.ask(lambda ledger: ledger.jobs(plan_id, start, stop))
