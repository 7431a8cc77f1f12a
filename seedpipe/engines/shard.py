"""A crew that takes jobs as they are handed to it, a few at a time, and comes home when told.

Hides concurrency: how many jobs are in the air, what a failure of one does to the others, and how a stop ends
them. It knows neither the whole plan nor where it runs: a worker of a distributed engine hands it its shards.
Invariant: a walk that is sending is never cut off before its grace is over, for its answer names what was
paid for.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from seedpipe.core.errors import DiskFailed, LedgerDamaged, LedgerLocked, RunError
from seedpipe.core.policy import Orders
from seedpipe.core.records import StopReason
from seedpipe.engines.walk import JobWalk

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from seedpipe.core.records import JobRecord
    from seedpipe.engines.tools import Tools


def stop_reason(error: BaseException) -> StopReason:
    """Return why a run stops when something has failed: the disk, or anything else, our bugs included."""
    return StopReason.DISK if isinstance(error, DiskFailed) else StopReason.FAILURE


class Crew:
    """Walks jobs, at most `pace.concurrency` at once.

    `alarm` is called when a failure ends the run, `doubtful` when a job has come to rest in doubt.
    """

    def __init__(self, tools: Tools, *, alarm: Callable[[], None], doubtful: Callable[[], None]) -> None:
        self._tools = tools
        self._alarm = alarm
        self._doubtful = doubtful
        self._seats = asyncio.Semaphore(tools.pace.concurrency)
        self._walks: dict[asyncio.Task[None], JobWalk] = {}
        self._job_ids: set[str] = set()
        self._failures: list[Exception] = []
        self.left_behind = 0

    def carries(self, job_id: str) -> bool:
        """Say whether this job is in the air."""
        return job_id in self._job_ids

    async def take(self, record: JobRecord) -> None:
        """Start a job as soon as a seat is free."""
        await self._seats.acquire()
        walk = JobWalk(self._tools, record)
        task = self._start(walk, self._carry(walk))
        task.add_done_callback(lambda _: self._seats.release())

    async def show(self, record: JobRecord) -> None:
        """Put pictures that are paid for at the cells that keep them; nothing is bought for these."""
        await self._seats.acquire()
        walk = JobWalk(replace(self._tools, orders=Orders(retries=False)), record)
        task = self._start(walk, self._carry(walk))
        task.add_done_callback(lambda _: self._seats.release())

    def take_later(self, walk: JobWalk) -> None:
        """Have a job that is on its way already go on when a seat is free; does not wait for that."""
        self._start(walk, self._carry_seated(walk))

    def failed(self, error: Exception) -> None:
        """End the run for a failure; it is raised when everything in flight is accounted for."""
        self._failures.append(error)
        self._tools.traffic.halt(stop_reason(error), str(error))
        self._alarm()

    @property
    def is_busy(self) -> bool:
        """Whether anything is in the air."""
        return bool(self._walks)

    async def finish(self) -> None:
        """Wait until nothing is in the air."""
        while self._walks:
            await asyncio.wait(self._walks)

    async def come_home(self) -> None:
        """Let go of everything that costs nothing; wait a few seconds for submits that are on their way."""
        pace = self._tools.pace
        for task, walk in self._walks.items():
            if not walk.sending:
                task.cancel()
        await self._wait(pace.shutdown_grace_s)
        for task in self._walks:
            task.cancel()
        await self._wait(pace.shutdown_record_s)

    def raise_failures(self) -> None:
        """Raise what broke: a bug as it is, a ledger not to be trusted with every message that matters."""
        for failure in self._failures:
            if not isinstance(failure, RunError):
                raise failure
        for failure in self._failures:
            if isinstance(failure, (LedgerDamaged, LedgerLocked)):
                raise type(failure)(self.failure_text(), hint=failure.hint) from failure

    def failure_text(self) -> str:
        """Return what broke, a line each: an accepted id that could not be recorded stands here."""
        return "\n".join(dict.fromkeys(str(failure) for failure in self._failures))

    async def _carry(self, walk: JobWalk) -> None:
        try:
            left = await walk.finish()
        except Exception as error:  # noqa: BLE001 - raised again when everything in flight is accounted for
            self.failed(error)
        else:
            self.left_behind += left
            if walk.in_doubt:
                self._doubtful()

    async def _carry_seated(self, walk: JobWalk) -> None:
        async with self._seats:
            await self._carry(walk)

    def _start(self, walk: JobWalk, carrying: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(carrying, name=walk.job_id)
        self._walks[task] = walk
        self._job_ids.add(walk.job_id)
        task.add_done_callback(self._landed)
        return task

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._job_ids.discard(self._walks.pop(task).job_id)

    async def _wait(self, seconds: float) -> None:
        if self._walks:
            await asyncio.wait(self._walks, timeout=seconds)
