"""The one pen that writes to the ledger, so that workers never wait for each other's disk.

Hides that the ledger blocks and takes one caller at a time: all calls run on one thread. Entries that come
while a transaction is at work go together in the next one, for a sync to disk costs the same for one as for
many. Invariant: entries are recorded in the order of the calls, and what was handed in is written even when
the worker that handed it in is cancelled.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from seedpipe.core.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Callable

    from seedpipe.core.records import Entry, Verdict
    from seedpipe.ports import Ledger

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    """An entry, and where its verdict is awaited."""

    entry: Entry
    verdict: asyncio.Future[Verdict]


class Scribe:
    """Calls a ledger from an event loop, one call at a time."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger")
        self._waiting: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None

    async def record(self, entry: Entry) -> Verdict:
        """Make an entry durable and return the ledger's verdict; raises what `Ledger.record` raises."""
        verdict: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
        verdict.add_done_callback(_look_at)
        self._waiting.append(_Waiting(entry=entry, verdict=verdict))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        return await asyncio.shield(verdict)

    async def ask(self, question: Callable[[Ledger], _T]) -> _T:
        """Return what a function of the ledger returns, between two transactions."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, question, self._ledger)

    async def aclose(self) -> None:
        """Write what is still waiting and let the thread go; the ledger stays open."""
        if self._writer:
            await asyncio.wait({self._writer})
        self._thread.shutdown()

    async def _write(self) -> None:
        while batch := self._waiting:
            self._waiting = []
            try:
                await self._write_together(batch)
            except Exception as error:  # noqa: BLE001 - one bad entry must not take the others' ids down with it
                for waiting in batch:
                    await self._write_alone(waiting, error)

    async def _write_together(self, batch: list[_Waiting]) -> None:
        entries = [waiting.entry for waiting in batch]
        verdicts = await self.ask(lambda ledger: ledger.record(entries))
        for waiting, verdict in zip(batch, verdicts, strict=True):
            waiting.verdict.set_result(verdict)

    async def _write_alone(self, waiting: _Waiting, first: Exception) -> None:
        """Write one entry of a batch that failed with `first`, or raise where the entry came from.

        When the ledger failed, its word counts: what looks illegal now may have been written after all.
        """
        try:
            await self._write_together([waiting])
        except RunError as error:
            waiting.verdict.set_exception(error)
        except Exception as error:  # noqa: BLE001
            waiting.verdict.set_exception(first if isinstance(first, RunError) else error)


def _look_at(verdict: asyncio.Future[Verdict]) -> None:
    """Take notice of a failure whose worker has gone, so that asyncio does not report it on stderr."""
    if not verdict.cancelled():
        verdict.exception()
