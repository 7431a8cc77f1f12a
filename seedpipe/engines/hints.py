"""Hints that a task may be done: whoever waits to ask about it asks now.

Hides how a wait is cut short. Invariant: a hint only moves a question forward in time; with none at all
everything happens as it would have, a little later.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from seedpipe.ports import Clock

_MOST_REMEMBERED: Final = 10_000  # tasks: those of others on the account are hinted at, too


class Hints:
    """Waits that a hint about a task ends; plain waits when nobody `listens` for hints."""

    def __init__(self, *, listens: bool = False) -> None:
        self._listens = listens
        self._hinted: dict[str, asyncio.Event] = {}

    def give(self, prediction_id: str) -> None:
        """End the wait about a task: the one under way, or the next one, for a hint may outrun an answer."""
        if prediction_id in self._hinted or len(self._hinted) < _MOST_REMEMBERED:
            self._hinted.setdefault(prediction_id, asyncio.Event()).set()

    def forget(self, prediction_id: str) -> None:
        """Drop what was hinted about a task that needs no more questions."""
        self._hinted.pop(prediction_id, None)

    async def wait(self, clock: Clock, prediction_id: str, seconds: float) -> None:
        """Wait so long, or until a hint comes."""
        if not self._listens:
            await clock.sleep(seconds)
            return
        hinted = self._hinted.setdefault(prediction_id, asyncio.Event())
        ends = {asyncio.ensure_future(clock.sleep(seconds)), asyncio.create_task(hinted.wait())}
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
        hinted.clear()
