"""What everybody who works at one run shares. Absent on purpose: anything that changes with a job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seedpipe.engines.pace import backoff

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from seedpipe.core.model import Policy
    from seedpipe.core.policy import Orders
    from seedpipe.core.records import RunStart
    from seedpipe.engines.hints import Hints
    from seedpipe.engines.lists import Lists
    from seedpipe.engines.pace import Pace, Traffic
    from seedpipe.engines.scribe import Scribe
    from seedpipe.engines.uploads import Uploads
    from seedpipe.ports import Clock, Provider, RunListener, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """The run, what may be done in it, and whom to do it with."""

    run: RunStart
    policy: Policy
    orders: Orders
    scribe: Scribe
    provider: Provider
    store: Store
    clock: Clock
    listener: RunListener
    pace: Pace
    traffic: Traffic
    hints: Hints
    lists: Lists
    uploads: Uploads
    rng: random.Random

    def retry_waits(self) -> Iterator[float]:
        """Yield the waits in seconds between tries of one read."""
        return backoff(self.pace.retry_first_s, self.pace.retry_max_s, self.pace.retry_growth, self.rng)

    def poll_waits(self) -> Iterator[float]:
        """Yield the waits in seconds between questions about one task."""
        return backoff(self.pace.poll_first_s, self.pace.poll_max_s, self.pace.poll_growth, self.rng)
