"""How fast a run goes, how long it waits, and when all submits pause or end.

Hides what the jobs of a run share. One 429 speaks for the account, so that its pause holds for every
worker; failures that come in one wave are one failure. Invariants: nobody is let through while a pause lasts;
a run that was halted lets nobody through again; the first reason to halt is kept, unless a later one ends the
run at once.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from seedpipe.core.lifecycle import Event
from seedpipe.core.records import StopReason

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Iterator

    from seedpipe.core.errors import ProviderError
    from seedpipe.ports import Clock, RunListener

_TOO_MANY_REQUESTS: Final = 429
_ENDS_AT_ONCE: Final = frozenset({StopReason.INTERRUPTED, StopReason.DISK, StopReason.FAILURE})
_ONLY_MONEY: Final = frozenset({StopReason.PURSE, StopReason.BUDGET, StopReason.MONTH})
_TURNED_AWAY: Final = frozenset({Event.NOT_SENT, Event.UNAVAILABLE, Event.RATE_LIMITED})
_ANSWERS: Final = frozenset({Event.ACCEPTED, Event.REFUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The limits of a run."""

    concurrency: int = 8  # jobs in the air; an account of the lowest level runs 3 at once and queues the rest
    images_per_minute: int | None = None  # that may be asked for, as the account's level says; None: no cap
    submits_in_flight: int = 32  # bounds what one crash can leave in doubt
    shard_jobs: int = 100  # read from the ledger at a time: a plan of a million jobs never stands in memory
    poll_first_s: float = 2.0  # the quickest pictures take about this long
    poll_max_s: float = 15.0  # later than this a finished picture should not be noticed
    poll_growth: float = 1.4
    job_deadline_s: float = 1800.0  # a task is given up for this run only: the next one asks again
    missing_grace_s: float = 60.0  # a new task may be unknown to the service's readers for a moment
    download_attempts: int = 4
    retry_first_s: float = 1.0
    retry_max_s: float = 60.0
    retry_growth: float = 2.0
    pause_max_s: float = 600.0  # the longest wait after a 429, whatever the service says
    failed_waves: int = 8  # about two minutes of a service that cannot be reached
    uncertain_submits: int = 8  # in a row: each may have been paid for, so all are settled before the next
    uncertain_probes: int = 3  # after such a streak, one by one, each settled before the next
    settle_s: float = 180.0  # a request that the service's list does not show by then is not there
    list_is_literal: bool = True  # False: it was seen to write inputs otherwise than they were sent
    settle_grace_s: float = 60.0  # for a list that cannot be read just then
    settle_look_first_s: float = 2.0
    settle_look_max_s: float = 15.0
    aside_deadline_s: float = 60.0  # for images that are nobody's to be completed
    shutdown_grace_s: float = 3.0  # for ids that are on their way; the whole stop stays under 5 s
    shutdown_record_s: float = 1.0  # for writing down what became of the rest
    retention_days: int = 7  # how long the service keeps tasks and outputs

    @classmethod
    def next_door(cls, concurrency: int, *, settle_s: float) -> Self:
        """Return the pace for a service on this machine: it is quick, and asking it is free."""
        return cls(
            concurrency=concurrency,
            poll_first_s=0.1,
            poll_max_s=0.5,
            settle_s=settle_s,
            settle_grace_s=10.0,
            settle_look_first_s=0.1,
            settle_look_max_s=1.0,
        )


def backoff(first_s: float, max_s: float, growth: float, rng: random.Random) -> Iterator[float]:
    """Yield waits in seconds that grow to `max_s`, each jittered by a quarter so that no herd forms."""
    wait_s = first_s
    while True:
        yield min(wait_s, max_s) * rng.uniform(0.75, 1.25)
        wait_s = min(wait_s * growth, max_s)


class Traffic:
    """What all submits of one run share: seats, pauses, and the reason why submitting ended."""

    def __init__(self, pace: Pace, clock: Clock, listener: RunListener, rng: random.Random) -> None:
        self._pace = pace
        self._clock = clock
        self._listener = listener
        self._rng = rng
        self.seats = asyncio.Semaphore(pace.submits_in_flight)
        self.reason: StopReason | None = None
        self.message = ""
        self._halted = asyncio.Event()
        self._paused_until = 0.0
        self._next_turn_s = 0.0
        self._waits = self._fresh_waits()
        self._failed_waves = 0
        self._uncertain = 0
        self._probes = 0
        self._gate = asyncio.Event()  # shut while a streak of doubts is being settled
        self._gate.set()
        self._probing = False
        self._probe_is_out = False
        self.models: set[str] = set()  # that requests of this run were sent to

    @property
    def flowing(self) -> bool:
        """Whether no streak of doubts holds back the submits."""
        return self._gate.is_set() or not self.open

    @property
    def open(self) -> bool:
        """Whether new requests may still be paid for."""
        return self.reason is None

    @property
    def holds_intents(self) -> bool:
        """Whether a request whose money is already set aside must not leave any more.

        A purse that is too small for the next request is no reason to hold back one that fitted.
        """
        return self.reason is not None and self.reason not in _ONLY_MONEY

    @property
    def ends_at_once(self) -> bool:
        """Whether even what is paid for is left to the next run."""
        return self.reason in _ENDS_AT_ONCE

    def halt(self, reason: StopReason, message: str) -> None:
        """Let no submit through any more."""
        if self.reason is None or (reason in _ENDS_AT_ONCE and not self.ends_at_once):
            self.reason = reason
            self.message = message
            self._halted.set()

    async def clear(self, images: int = 1) -> bool:
        """Wait out the shared pause and the account's rate; return whether a submit of a set may follow."""
        turn_s = self._turn_s(images)
        while self.open:
            if (left_s := max(self._paused_until, turn_s) - self._clock.monotonic()) > 0:
                await self._unless_halted(self._clock.sleep(left_s))
            elif not self._gate.is_set():
                await self._unless_halted(self._gate.wait())
            else:
                if self._probing:  # one goes out, and the gate shuts behind it
                    self._probe_is_out = True
                    self._gate.clear()
                return True
        return False

    def calm(self) -> None:
        """Hear that no request is in doubt or on its way: after a streak of doubts, one may try."""
        if not self._gate.is_set() and not self._probe_is_out:
            self._probing = True
            self._gate.set()

    def heard(self, event: Event, error: ProviderError | None = None) -> None:
        """Learn from what became of one submit."""
        self._probe_is_out = False
        if self._probing and event in _TURNED_AWAY:
            self._gate.set()
        if event in _ANSWERS:
            self._failed_waves = self._uncertain = self._probes = 0
            self._waits = self._fresh_waits()
            self._probing = False
            self._gate.set()
        elif error is None:
            return
        elif event is Event.BLOCKED:
            self.halt(StopReason.BLOCKED, f"the service accepts no more requests: {error}")
        elif event is Event.UNKNOWN:
            self._doubt(error)
        elif event is Event.RATE_LIMITED:
            self.limited(error)
        elif event in {Event.NOT_SENT, Event.UNAVAILABLE} and not self._paused():
            self._unreachable(error)

    def limited(self, error: ProviderError) -> None:
        """Pause all submits after a 429, as long as the service asks, else ever longer."""
        if error.retry_after_s is not None:
            # A 429 that asks for no wait at all would else be asked again as fast as the disk syncs.
            wait_s = max(error.retry_after_s, self._pace.retry_first_s)
            self._pause(wait_s, f"too many requests to the service: {error}")
        elif not self._paused():
            self._pause(next(self._waits), f"too many requests to the service: {error}")

    def wait_after(self, error: ProviderError, wait_s: float) -> float:
        """Return how long to wait after a read that failed; a 429 also holds back the submits."""
        if error.status == _TOO_MANY_REQUESTS:
            self.limited(error)
        return max(wait_s, error.retry_after_s or 0.0)

    def _unreachable(self, error: ProviderError) -> None:
        self._failed_waves += 1
        if self._failed_waves >= self._pace.failed_waves:
            self.halt(StopReason.UNAVAILABLE, f"{error}, {self._failed_waves} times in a row")
        else:
            self._pause(next(self._waits), str(error))

    def _doubt(self, error: ProviderError) -> None:
        self._uncertain += 1
        self._probes += self._probing
        if self._uncertain < self._pace.uncertain_submits:
            return
        message = f"{self._uncertain} requests in a row may or may not have been accepted; the last: {error}"
        if self._probes >= self._pace.uncertain_probes:
            self.halt(StopReason.UNCERTAIN, message)
        elif self._gate.is_set():
            self._gate.clear()
            self._listener.waiting(self._pace.settle_s, message)

    def _turn_s(self, images: int) -> float:
        """Return when a set may be asked for: evenly spaced, for a burst would be refused."""
        if self._pace.images_per_minute is None:
            return 0.0
        turn_s = max(self._clock.monotonic(), self._next_turn_s)
        self._next_turn_s = turn_s + images * 60 / self._pace.images_per_minute
        return turn_s

    async def _unless_halted(self, event: Awaitable[object]) -> None:
        waits = {asyncio.ensure_future(event), asyncio.ensure_future(self._halted.wait())}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def _paused(self) -> bool:
        return self._clock.monotonic() < self._paused_until

    def _pause(self, seconds: float, why: str) -> None:
        until = self._clock.monotonic() + min(seconds, self._pace.pause_max_s)
        if until > self._paused_until:
            self._paused_until = until
            self._listener.waiting(min(seconds, self._pace.pause_max_s), why)

    def _fresh_waits(self) -> Iterator[float]:
        pace = self._pace
        return backoff(pace.retry_first_s, pace.pause_max_s, pace.retry_growth, self._rng)
