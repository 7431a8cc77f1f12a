"""Virtual time: a loop that leaps to its next timer when there is nothing else to do.

Threads are waited for in real time, and only then does the clock move, so that minutes pass in milliseconds
and always in the same order.
"""

from __future__ import annotations

import asyncio
import selectors
from datetime import UTC, datetime, timedelta

EPOCH = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
_HANG_S = 20.0  # real seconds without a timer, a thread or a socket: a deadlock in the code under test


class _LeapingSelector(selectors.DefaultSelector):
    def __init__(self):
        super().__init__()
        self.now_s = 0.0
        self.threads_at_work = 0

    def select(self, timeout=None):
        if timeout is not None and timeout <= 0:
            return super().select(0)
        if timeout is not None and not self.threads_at_work:
            self.now_s += timeout
            return super().select(0)
        events = super().select(_HANG_S)
        assert events, "the code under test waits for nothing"
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self):
        self._leaping = _LeapingSelector()
        super().__init__(self._leaping)

    def time(self):
        return self._leaping.now_s

    def run_in_executor(self, executor, func, *args):
        future = super().run_in_executor(executor, func, *args)
        self._leaping.threads_at_work += 1
        future.add_done_callback(self._thread_is_done)
        return future

    def _thread_is_done(self, _):
        self._leaping.threads_at_work -= 1


class FakeClock:
    """`ports.Clock` on the time of a `VirtualLoop`."""

    def __init__(self, start: datetime = EPOCH):
        self.start = start

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def run_virtually(coroutine):
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(coroutine)
