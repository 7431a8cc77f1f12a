"""An event loop without threads, sockets or waiting: one process of the simulator lives on it.

Work for threads is done by the loop itself, a moment later and in the order of the calls of one executor, so
that a seed always gives the same run. A process may die at any moment: the loop stops there.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

_MOST_ROUNDS_OF_DYING = 10_000


class Hang(AssertionError):
    """Nothing is left that could ever happen, and the run has not ended."""


class SimLoop(asyncio.BaseEventLoop):
    """Virtual time from `now_s` on; `disk_s` says how long the next work of a thread takes."""

    def __init__(self, now_s, disk_s):
        super().__init__()
        self._now_s = now_s
        self._disk_s = disk_s
        self._free_at = {}
        self._work_left = 0
        self._selector = self
        self.set_exception_handler(lambda *_: None)

    def time(self):
        return self._now_s

    def select(self, timeout):
        if timeout is None:
            raise Hang("the code under test waits for nothing")
        self._now_s += max(0.0, timeout)
        return ()

    def _process_events(self, _):
        pass

    def _write_to_self(self):
        pass

    def run_in_executor(self, executor, func, *args):
        future = self.create_future()
        begins_at = max(self._now_s, self._free_at.get(id(executor), 0.0))
        self._free_at[id(executor)] = ends_at = begins_at + self._disk_s()
        self._work_left += 1
        self.call_at(ends_at, self._work, future, func, args)
        return future

    def _work(self, future, func, args):
        self._work_left -= 1
        if future.cancelled():
            return
        try:
            result = func(*args)
        except Dead as death:
            future.set_exception(death)
        except Exception as error:  # noqa: BLE001 - what a thread raises belongs to whoever waits for it
            future.set_exception(error)
        else:
            future.set_result(result)

    def live(self, coroutine):
        """Run a process until it ends or dies; return its result, or None for the dead."""
        task = self.create_task(coroutine)
        task.add_done_callback(lambda _: self.stop())
        self.run_forever()
        if not task.done() or isinstance(_failure(task), Dead):
            return None
        while self._work_left:  # a process waits for its threads before it ends
            self.call_later(0.001, self.stop)
            self.run_forever()
        return task.result()

    def bury(self):
        """Let what a dead process leaves behind come to its end; nothing of it has any effect."""
        for _ in range(_MOST_ROUNDS_OF_DYING):
            left = asyncio.all_tasks(self)
            if not left:
                break
            for task in left:
                task.cancel()
            self.call_soon(self.stop)
            with suppress(Hang):
                self.run_forever()
        self.close()


class Dead(BaseException):
    """The process has died: whoever still runs of it has no effect on the world any more."""


def _failure(task):
    return None if task.cancelled() else task.exception()
