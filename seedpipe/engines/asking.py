"""How a task is asked about until it has ended, or is left to the next run.

Hides when to ask, for how long, and what it means when the service does not know a task. Invariants: asking
is free and records nothing; a young task that was never seen may still show up, so that it is never taken
for lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from seedpipe.core.errors import ProviderError, Refused
from seedpipe.core.lifecycle import Event, task_progress
from seedpipe.core.records import StopReason
from seedpipe.core.sets import ImageSet

if TYPE_CHECKING:
    from datetime import datetime

    from seedpipe.core.model import ImageFile, Prediction
    from seedpipe.engines.tools import Tools

_KEY_REFUSED: Final = frozenset({401, 402, 403})
_NOT_FOUND: Final = 404


@dataclass(slots=True, kw_only=True)
class Task:
    """What is known of a job's latest attempt at the service; empty before it was accepted.

    `is_new` until it was first asked about; the other flags are for what is done once a run.
    """

    prediction_id: str = ""
    accepted_at: datetime | None = None
    urls: tuple[str, ...] = ()
    images: dict[int, ImageFile] = field(default_factory=dict)
    flagged: frozenset[int] = frozenset()
    is_new: bool = False
    looked_in_list: bool = False
    asked_for_fresh_urls: bool = False
    fetched_again: bool = False

    @property
    def set(self) -> ImageSet:
        """The images that were brought home."""
        return ImageSet(images=dict(self.images), flagged=self.flagged)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What asking has come to: an event, and the prediction if it has ended; else the words for people."""

    event: Event
    prediction: Prediction | None = None
    words: str = ""


class Inquiry:
    """Asks about one task of a model."""

    def __init__(self, tools: Tools, model: str, task: Task) -> None:
        self._tools = tools
        self._model = model
        self._task = task

    async def answer(self) -> Heard:
        """Ask until the task has ended, its deadline is over, or the service will not tell."""
        clock, prediction_id = self._tools.clock, self._task.prediction_id
        deadline = clock.monotonic() + self._tools.pace.job_deadline_s
        waits = self._tools.poll_waits()
        missing_since: float | None = None
        if self._task.is_new:
            self._task.is_new = False
            await self._tools.hints.wait(clock, prediction_id, next(waits))
        while (now := clock.monotonic()) < deadline:
            wait_s = next(waits)
            try:
                prediction = await self._tools.provider.result(prediction_id)
            except ProviderError as error:
                missing = isinstance(error, Refused) and error.status == _NOT_FOUND
                missing_since = (now if missing_since is None else missing_since) if missing else None
                if missing_since is not None and self._is_gone(now - missing_since):
                    if (listed := await self._as_listed()) is None:
                        return self._buried(error)
                    missing_since = None
                    if heard := self._ended(listed):
                        return heard
                if isinstance(error, Refused) and error.status in _KEY_REFUSED:
                    return self._locked_out(error)
                wait_s = self._tools.traffic.wait_after(error, wait_s)
            else:
                missing_since = None
                if heard := self._ended(prediction):
                    return heard
            wait_s = min(wait_s, max(0.0, deadline - clock.monotonic()))
            await self._tools.hints.wait(clock, prediction_id, wait_s)
        words = "the service is still working on it; the next run asks again"
        return Heard(event=Event.OVERDUE, words=words)

    def _ended(self, prediction: Prediction) -> Heard | None:
        event = task_progress(prediction)
        if event is None:
            return None
        self._tools.hints.forget(self._task.prediction_id)
        return Heard(event=event, prediction=prediction)

    def _is_gone(self, missing_for_s: float) -> bool:
        """Say whether a task that the service does not know will stay unknown, as far as this run goes."""
        return self._is_past_retention() or missing_for_s >= self._tools.pace.missing_grace_s

    async def _as_listed(self) -> Prediction | None:
        """Return a young task whose result is unknown as the service's list shows it, once a run."""
        task = self._task
        if task.looked_in_list or self._is_past_retention() or task.accepted_at is None:
            return None
        task.looked_in_list = True
        try:
            return await self._tools.lists.find(self._model, task.prediction_id, task.accepted_at)
        except ProviderError:
            return None

    def _is_past_retention(self) -> bool:
        kept, accepted_at = timedelta(days=self._tools.pace.retention_days), self._task.accepted_at
        return accepted_at is not None and self._tools.clock.now() - accepted_at > kept

    def _buried(self, error: ProviderError) -> Heard:
        """Return what a task unknown to the service is: lost when it is too old or was once seen complete."""
        if self._is_past_retention():
            return Heard(event=Event.EXPIRED, words=f"the service no longer keeps it: {error}")
        if self._task.urls or self._task.images:
            return Heard(event=Event.VANISHED, words=f"the service has deleted it: {error}")
        return Heard(event=Event.OVERDUE, words=f"the service does not know it yet: {error}")

    def _locked_out(self, error: ProviderError) -> Heard:
        self._tools.traffic.halt(StopReason.BLOCKED, f"the service refuses to be read: {error}")
        return Heard(event=Event.OVERDUE, words=str(error))
