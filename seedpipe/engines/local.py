"""The engine for one machine: asyncio in this process, a plan read shard by shard from the ledger.

Hides the order of a run: what is paid for comes home first, then new requests are made. Invariants: it
reads only plan and ledger; at most one shard and the jobs in the air stand in memory; it never ends with a
request on its way that the ledger does not know of. One engine carries out one run.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from seedpipe.core.keeping import waits_for_word
from seedpipe.core.lifecycle import Phase, is_settled, is_unfetched
from seedpipe.core.policy import Orders
from seedpipe.core.records import RunOutcome, StopReason
from seedpipe.core.showing import kept_at
from seedpipe.engines.asides import Asides
from seedpipe.engines.hints import Hints
from seedpipe.engines.lists import Lists
from seedpipe.engines.pace import Pace, Traffic
from seedpipe.engines.scribe import Scribe
from seedpipe.engines.settle import Settler
from seedpipe.engines.shard import Crew, stop_reason
from seedpipe.engines.tools import Tools
from seedpipe.engines.uploads import Uploads

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncGenerator, Callable, Coroutine

    from seedpipe.core.model import Cell, Policy
    from seedpipe.core.records import Aside, JobRecord, RunStart
    from seedpipe.engines.walk import JobWalk
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
        hints: Hints | None = None,
    ) -> None:
        self._ledger = ledger
        self._provider = provider
        self._store = store
        self._clock = clock
        self._listener = listener
        self._rng = rng
        self._pace = pace or Pace()
        self._orders = orders or Orders()
        self._hints = hints or Hints()
        self._traffic = Traffic(self._pace, clock, listener, rng)
        self._closing = asyncio.Event()
        self._aside_store = asides

    def stop(self) -> None:
        """Submit nothing more and come home in under 5 s. Safe to call from a signal handler of the loop."""
        self._traffic.halt(StopReason.INTERRUPTED, "interrupted; the same command continues from here")
        self._closing.set()

    async def run(self, run: RunStart) -> RunOutcome:
        """Bring every job of the plan as far as it goes; never raises for a job that fails.

        Raises `LedgerDamaged` when the ledger cannot be trusted any more, once nothing is in flight.
        """
        return await self._carry_out(run, self._work)

    async def settle(self, run: RunStart) -> RunOutcome:
        """Settle the doubts of every plan and submit nothing; what is found is fetched by the next run."""
        return await self._carry_out(run, self._settle_only)

    async def _carry_out(
        self, run: RunStart, work: Callable[[_Shift], Coroutine[None, None, None]]
    ) -> RunOutcome:
        """Do some work, to its end or until the run is stopped."""
        scribe = Scribe(self._ledger)
        policy = (await scribe.ask(lambda ledger: ledger.plan_header(run.plan_id))).policy
        shift = _Shift(self._tools(run, scribe, policy), self._aside_store, alarm=self._closing.set)
        working = asyncio.create_task(work(shift))
        closing = asyncio.create_task(self._closing.wait())
        try:
            await asyncio.wait({working, closing}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            self.stop()
            raise
        finally:
            closing.cancel()
            await self._wind_up(working, shift.crew)
            await scribe.aclose()
        shift.crew.raise_failures()
        if not working.cancelled():
            working.result()
        return RunOutcome(
            stop=self._traffic.reason,
            message=shift.crew.failure_text() or self._traffic.message,
            overdue=shift.crew.left_behind,
            held=shift.settler.held,
            asides=shift.brought_aside,
        )

    async def _wind_up(self, working: asyncio.Task[None], crew: Crew) -> None:
        """End what still runs; when all is done there is nothing to end."""
        working.cancel()
        await asyncio.wait({working})
        if not working.cancelled() and (error := working.exception()):
            self._traffic.halt(stop_reason(error), str(error))
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
            hints=self._hints,
            lists=Lists(self._provider, self._clock),
            uploads=self._uploads(scribe),
            rng=self._rng,
        )

    def _uploads(self, scribe: Scribe) -> Uploads:
        return Uploads(
            scribe=scribe,
            provider=self._provider,
            store=self._store,
            clock=self._clock,
            pace=self._pace,
            traffic=self._traffic,
            rng=self._rng,
        )

    async def _work(self, shift: _Shift) -> None:
        """Do all there is to do: the plan, its doubts, and a last look at what is nobody's."""
        crew, settler = shift.crew, shift.settler
        async with shift.settling(crew.take_later):
            await self._feed(shift)
            while crew.is_busy or not settler.is_idle:
                await crew.finish()
                await settler.idle()
            await self._show_kept(shift)
        async with aclosing(self._records(shift.tools)) as records:
            await shift.asides.sweep(records)
        shift.brought_aside = await shift.asides.fetch()

    async def _settle_only(self, shift: _Shift) -> None:
        async with shift.settling(lambda _: None):
            await shift.settler.idle()
        shift.brought_aside = await shift.asides.fetch()

    async def _feed(self, shift: _Shift) -> None:
        """Hand the run's jobs to the crew: what is paid for and not here first, other plans' too."""
        tools, plan_id = shift.tools, shift.tools.run.plan_id
        # As many as a run had in the air when it ended: few enough for a list, which leaves no read open.
        for record in await tools.scribe.ask(lambda ledger: list(ledger.unfetched_elsewhere(plan_id))):
            if shift.is_free(record):
                await shift.crew.take(record)
        if any(map(is_unfetched, await tools.scribe.ask(lambda ledger: ledger.tally(plan_id)))):
            async with aclosing(self._records(tools)) as records:
                async for record in records:
                    if is_unfetched(record.phase) and shift.is_free(record):
                        await shift.crew.take(record)
        async with aclosing(self._records(tools)) as records:
            async for record in records:
                shift.has_formers |= bool(record.formers)
                if self._is_new_work(record) and shift.is_free(record):
                    await shift.crew.take(record)

    async def _show_kept(self, shift: _Shift) -> None:
        """Put the pictures that cells keep at their paths: those may have moved, or be gone."""
        tools, crew = shift.tools, shift.crew
        if not shift.has_formers:
            return
        async with aclosing(self._records(tools)) as records:
            async for record in records:
                await self._show_formers(record, tools, crew)
        await crew.finish()

    async def _show_formers(self, record: JobRecord, tools: Tools, crew: Crew) -> None:
        kept: dict[str, list[Cell]] = {}
        for cell in record.cells:
            if former := kept_at(record, cell):
                kept.setdefault(former.job_id, []).append(cell)
        if not kept:
            return
        if any(map(crew.carries, kept)):
            await crew.finish()
        for old in await tools.scribe.ask(lambda ledger: ledger.tried(list(kept))):
            if is_settled(old.phase):
                await crew.show(replace(old, cells=tuple(kept[old.job.job_id])))

    def _is_new_work(self, record: JobRecord) -> bool:
        """Say whether the second pass takes the job up: the first has been at all that was paid for."""
        if is_unfetched(record.phase) or record.phase is Phase.IN_DOUBT:
            return False
        if record.phase is Phase.PLANNED:
            return self._traffic.open and not waits_for_word(record, self._orders)
        return True

    async def _records(self, tools: Tools) -> AsyncGenerator[JobRecord, None]:
        scribe, plan_id = tools.scribe, tools.run.plan_id
        count = await scribe.ask(lambda ledger: ledger.job_count(plan_id))
        for start in range(0, count, self._pace.shard_jobs):
            for record in await self._shard(scribe, plan_id, start):
                yield record

    async def _shard(self, scribe: Scribe, plan_id: str, start: int) -> list[JobRecord]:
        stop = start + self._pace.shard_jobs
        return await scribe.ask(lambda ledger: ledger.jobs(plan_id, start, stop))


class _Shift:
    """Who works at one run: the crew, who settles its doubts, and who looks after what is nobody's."""

    def __init__(self, tools: Tools, aside_store: Store | None, *, alarm: Callable[[], None]) -> None:
        self.tools = tools
        self.asides = Asides(tools, aside_store)
        self.settler = Settler(tools, self.asides)
        self.crew = Crew(tools, alarm=alarm, doubtful=self.settler.heard)
        self.brought_aside: tuple[Aside, ...] = ()
        self.has_formers = False  # whether a cell of the plan was paid for as another job

    def is_free(self, record: JobRecord) -> bool:
        """Say whether nobody has the job: what the settler took is its own, for this record may be older."""
        return not self.crew.carries(record.job.job_id) and record.job.job_id not in self.settler.taken

    @asynccontextmanager
    async def settling(self, carry: Callable[[JobWalk], None]) -> AsyncGenerator[None, None]:
        """Have doubts settled meanwhile."""
        watching = asyncio.create_task(self._watch(carry))
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.wait({watching})

    async def _watch(self, carry: Callable[[JobWalk], None]) -> None:
        try:
            await self.settler.watch(carry)
        except Exception as error:  # noqa: BLE001 - raised again when everything in flight is accounted for
            self.crew.failed(error)
