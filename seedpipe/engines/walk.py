"""One job's way from where the ledger left it to as far as it comes in this run.

Hides the order of deeds that money depends on: the intent is durable before the bytes leave, the id before
the first poll, the file before its entry. What an answer means is `core.lifecycle`'s to say; this module
asks, acts and records. Invariant: a request is sent only in the phase that a recorded intent has led to, and
once for each intent. A settled job is submitted again only for a reason that `core.policy` gives.

Absent on purpose: the plan, other jobs, and where this runs.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from seedpipe.core.errors import Malformed, ProviderError, Refused, RunError, Unavailable
from seedpipe.core.keeping import waits_for_word
from seedpipe.core.lifecycle import (
    Event,
    Phase,
    advance,
    is_settled,
    is_unfetched,
    set_finished,
    submit_failure,
    task_progress,
)
from seedpipe.core.model import Output
from seedpipe.core.money import usd
from seedpipe.core.policy import Ending, counts_as_failed, redo_reason, retry_reason
from seedpipe.core.records import Entry, StopReason, Verdict
from seedpipe.core.sets import ImageSet, fullest
from seedpipe.engines.pace import backoff

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from seedpipe.core.model import ImageFile, Json, Policy, Prediction
    from seedpipe.core.policy import Orders
    from seedpipe.core.records import JobRecord, RunStart
    from seedpipe.engines.hints import Hints
    from seedpipe.engines.lists import Lists
    from seedpipe.engines.pace import Pace, Traffic
    from seedpipe.engines.scribe import Scribe
    from seedpipe.engines.uploads import Uploads
    from seedpipe.ports import Clock, Provider, RunListener, Store

_KEY_REFUSED: Final = frozenset({401, 402, 403})
_NOT_FOUND: Final = 404
_TOO_MANY_REQUESTS: Final = 429
_MEDIA_UNREADABLE: Final = 1402  # the service's word for an input file that it could not fetch
_TIME_QUESTIONS: Final = 3  # before a submit: without an answer our own clock must do, in a wider window
_OVER: Final = {
    Verdict.OVER_PURSE: StopReason.PURSE,
    Verdict.OVER_BUDGET: StopReason.BUDGET,
    Verdict.OVER_MONTH: StopReason.MONTH,
}
_LIMITS: Final = {
    StopReason.PURSE: "this run's purse",
    StopReason.BUDGET: "the campaign's budget",
    StopReason.MONTH: "the brand's budget for this month",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What every walk of a run works with."""

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


class JobWalk:
    """Takes one job through its phases. `sending` is true from its intent until its answer is recorded."""

    def __init__(self, tools: Tools, record: JobRecord) -> None:
        self._tools = tools
        self._record = record
        self._job = record.job
        latest = record.latest
        self._phase = record.phase
        self._prediction_id = (latest.prediction_id if latest else None) or ""
        self._accepted_at = latest.accepted_at if latest else None
        self._urls = latest.urls if latest else ()
        self._images = {output.index: output.image for output in record.outputs}
        self._flagged = latest.flagged if latest else frozenset()
        self._endings = [
            Ending(phase=took.phase, error_code=took.error_code)
            for took in record.attempts
            if is_settled(took.phase)
        ]
        self._takes = max(len(record.attempts), 1)
        self._earlier_sets = list(record.sets[:-1])
        self._just_accepted = False
        self._asked_for_fresh_urls = False
        self._fetched_again = False
        self._ended_here = False
        self._redo_granted = True  # the user's word is good for one more attempt a run
        self._looked_in_list = False
        self.sending = False

    @property
    def job_id(self) -> str:
        """The job that walks."""
        return self._job.job_id

    @property
    def in_doubt(self) -> bool:
        """Whether nobody knows what became of its request."""
        return self._phase is Phase.IN_DOUBT

    async def settle(self, event: Event, prediction: Prediction | None, why: str) -> None:
        """Put on record what became of a request in doubt: found, surely absent, or held."""
        if prediction is not None:
            self._prediction_id = prediction.prediction_id
            self._accepted_at = prediction.created_at or self._tools.clock.now()
        await self._note(event, "" if event is Event.FOUND else why, prediction=prediction)

    async def finish(self) -> bool:
        """Go as far as it goes; return whether paid work is left for the next run.

        Raises `RunError` when the ledger or the store fails.
        """
        steps: dict[Phase, Callable[[], Awaitable[bool]]] = {
            Phase.PLANNED: self._submit,
            Phase.ACCEPTED: self._poll,
            Phase.FETCHING: self._fetch,
            Phase.DONE: self._publish,
            Phase.DONE_SHORT: self._publish,
            Phase.FAILED: self._publish_earlier,
            Phase.LOST: self._publish_earlier,
        }
        if self._phase not in steps or self._phase in {Phase.FAILED, Phase.LOST}:
            self._tell(self._record.latest.error if self._record.latest else "")
        traffic = self._tools.traffic
        while not traffic.ends_at_once:
            step = steps.get(self._phase)
            if not ((step and await step()) or await self._again()):
                break
        if self._ended_here and self._tools.orders.fail_fast:
            self._fail_fast()
        return is_unfetched(self._phase) and not traffic.ends_at_once

    # Each step returns whether there is more to do; the phase says what.

    async def _again(self) -> bool:
        """Submit a settled job once more if the user or the policy says so; return whether it goes on."""
        if not is_settled(self._phase) or not self._record.cells:
            return False
        orders = self._tools.orders
        # The user speaks of what had failed before this run; what is lost shows only now.
        may_redo = self._redo_granted and (self._phase is Phase.LOST or not self._ended_here)
        if may_redo and (reason := redo_reason(orders, self._phase)):
            self._redo_granted = False
            if not self._may_take():
                return False
            self._endings.clear()
            return await self._submit(reason)
        may_retry = orders.retries and self._ended_here
        if may_retry and (reason := retry_reason(self._tools.policy, self._endings)) and self._may_take():
            return await self._submit(reason, must_fit=False)
        return False

    def _may_take(self) -> bool:
        """Say whether the job may be paid for once more, and tell the user when it may not."""
        most = self._tools.policy.max_takes
        if self._takes < most:
            return True
        self._tell(
            f"not bought again: that would be attempt {self._takes + 1}, and policy.max_takes is {most}"
        )
        return False

    def _fail_fast(self) -> None:
        if counts_as_failed(self._tools.policy, self._phase):
            message = f"{self._record.label} failed, and with --fail-fast nothing more is submitted"
            self._tools.traffic.halt(StopReason.FAILED_JOB, message)

    async def _submit(self, again: str = "", *, must_fit: bool = True) -> bool:
        """Send the request when it is its turn; `again` says why a settled job is bought once more.

        One that must fit ends all submitting when its price does not.
        """
        if not again and waits_for_word(self._record, self._tools.orders):
            return False
        traffic = self._tools.traffic
        async with traffic.seats:
            await self._learn_time()
            body = await self._tools.uploads.body_of(self._job) if traffic.open else None
            if body is None or not await traffic.clear(self._job.outputs_expected):
                return False
            self.sending = True
            try:
                return await self._send(body, again, must_fit=must_fit)
            finally:
                self.sending = False

    async def _learn_time(self) -> None:
        """Learn the service's time, by which a request in doubt is found again, if it can be had."""
        pace = self._tools.pace
        waits = self._backoff(pace.retry_first_s, pace.retry_max_s, pace.retry_growth)
        for _ in range(_TIME_QUESTIONS):
            try:
                return await self._tools.lists.learn_time(self._job.model)
            except Refused:
                return None  # the submit will hear the same, and says what it means
            except ProviderError as error:
                if not self._tools.traffic.open:
                    return None
                await self._tools.clock.sleep(self._wait_after(error, next(waits)))
        return None

    async def _send(self, body: Mapping[str, Json], again: str, *, must_fit: bool) -> bool:
        """Record the intent, send the request once, record what became of it."""
        if not await self._intend(body, again, must_fit=must_fit):
            return False
        self._tools.traffic.models.add(self._job.model)
        try:
            prediction = await self._tools.provider.submit(self._job.model, body)
        except ProviderError as error:
            event = submit_failure(error)
            self._tools.traffic.heard(event, error)
            await self._note(event, str(error), code=error.code)
            if event is Event.REFUSED:
                await self._tools.uploads.withdraw(self._job)
        except asyncio.CancelledError:
            await self._note(Event.UNKNOWN, "the run was stopped before the service answered")
            raise
        else:
            self._tools.traffic.heard(Event.ACCEPTED)
            await self._remember(prediction)
        return True

    async def _intend(self, body: Mapping[str, Json], again: str, *, must_fit: bool) -> bool:
        """Set the money aside and make the intent durable; return whether the request may leave."""
        run, traffic, lists = self._tools.run, self._tools.traffic, self._tools.lists
        entry = Entry(
            job_id=self.job_id,
            event=Event.REDO_INTENDED if again else Event.INTENT_RECORDED,
            at=self._tools.clock.now(),
            run_id=run.run_id,
            owner=run.owner,
            body=body,
            service_at=lists.service_now,
        )
        verdict = await self._tools.scribe.record(entry)
        if reason := _OVER.get(verdict):
            if must_fit:
                traffic.halt(reason, self._too_dear(reason))
            else:
                self._tell(f"not tried again: {self._too_dear(reason)}")
            return False
        if again:
            self._begin_anew()
        self._move(entry.event, again)
        if traffic.holds_intents:  # it ended while the disk was at work
            await self._note(Event.NOT_SENT, "the run ended before the request was sent")
            return False
        return True

    def _begin_anew(self) -> None:
        """Leave the settled attempt as it is; its images stay and may still be the fullest set."""
        self._earlier_sets.append(self._set)
        self._takes += 1
        self._prediction_id = ""
        self._accepted_at = None
        self._urls = ()
        self._images = {}
        self._flagged = frozenset()
        self._asked_for_fresh_urls = False
        self._fetched_again = False
        self._looked_in_list = False

    async def _remember(self, prediction: Prediction) -> None:
        self._prediction_id = prediction.prediction_id
        self._accepted_at = self._tools.clock.now()
        self._just_accepted = True
        try:
            await self._note(Event.ACCEPTED, prediction=prediction)
        except RunError as error:
            message = (
                f"the service accepted {self._record.label} as prediction {prediction.prediction_id}, "
                f"but that could not be recorded: {error}"
            )
            raise type(error)(message, hint=error.hint) from error

    async def _poll(self) -> bool:
        pace, clock, hints = self._tools.pace, self._tools.clock, self._tools.hints
        deadline = clock.monotonic() + pace.job_deadline_s
        waits = self._backoff(pace.poll_first_s, pace.poll_max_s, pace.poll_growth)
        missing_since: float | None = None
        if self._just_accepted:
            self._just_accepted = False
            await hints.wait(clock, self._prediction_id, next(waits))
        while (now := clock.monotonic()) < deadline:
            wait_s = next(waits)
            try:
                prediction = await self._tools.provider.result(self._prediction_id)
            except ProviderError as error:
                missing = isinstance(error, Refused) and error.status == _NOT_FOUND
                missing_since = (now if missing_since is None else missing_since) if missing else None
                if missing_since is not None and self._is_gone(now - missing_since):
                    if (listed := await self._as_listed()) is None:
                        return await self._bury(error)
                    missing_since = None
                    if event := task_progress(listed):
                        return await self._arrive(event, listed)
                if isinstance(error, Refused) and error.status in _KEY_REFUSED:
                    return await self._locked_out(error)
                wait_s = self._wait_after(error, wait_s)
            else:
                missing_since = None
                if event := task_progress(prediction):
                    return await self._arrive(event, prediction)
            wait_s = min(wait_s, max(0.0, deadline - clock.monotonic()))
            await hints.wait(clock, self._prediction_id, wait_s)
        await self._note(Event.OVERDUE, "the service is still working on it; the next run asks again")
        return False

    def _wait_after(self, error: ProviderError, wait_s: float) -> float:
        """Return how long to wait after a read that failed; a 429 also holds back the submits."""
        if error.status == _TOO_MANY_REQUESTS:
            self._tools.traffic.limited(error)
        return max(wait_s, error.retry_after_s or 0.0)

    async def _arrive(self, event: Event, prediction: Prediction) -> bool:
        self._tools.hints.forget(self._prediction_id)
        self._urls = prediction.outputs
        self._flagged = prediction.flagged
        if event is Event.COMPLETED:
            await self._note(event, prediction=prediction)
        else:
            empty = (
                "completed, but without any output" if event is Event.COMPLETED_EMPTY else prediction.status
            )
            await self._note(event, prediction.error or empty, code=prediction.code, prediction=prediction)
            if prediction.code == _MEDIA_UNREADABLE:
                await self._tools.uploads.withdraw(self._job)
        return True

    def _is_gone(self, missing_for_s: float) -> bool:
        """Say whether a task that the service does not know will stay unknown, as far as this run goes."""
        return self._is_past_retention() or missing_for_s >= self._tools.pace.missing_grace_s

    async def _as_listed(self) -> Prediction | None:
        """Return a young task whose result is unknown as the service's list shows it, once a run."""
        if self._looked_in_list or self._is_past_retention() or self._accepted_at is None:
            return None
        self._looked_in_list = True
        try:
            return await self._tools.lists.find(self._job.model, self._prediction_id, self._accepted_at)
        except ProviderError:
            return None

    def _is_past_retention(self) -> bool:
        kept = timedelta(days=self._tools.pace.retention_days)
        return self._accepted_at is not None and self._tools.clock.now() - self._accepted_at > kept

    async def _bury(self, error: ProviderError) -> bool:
        """Record a task unknown to the service: lost when it is too old or was once seen complete.

        A young task that never was seen may still show up: it stays accepted, and is never bought again.
        """
        if self._is_past_retention():
            await self._note(Event.EXPIRED, f"the service no longer keeps it: {error}")
        elif self._urls or self._images:
            await self._note(Event.VANISHED, f"the service has deleted it: {error}")
        else:
            await self._note(Event.OVERDUE, f"the service does not know it yet: {error}")
        return False

    async def _locked_out(self, error: ProviderError) -> bool:
        self._tools.traffic.halt(StopReason.BLOCKED, f"the service lets nothing be read: {error}")
        await self._note(Event.OVERDUE, str(error))
        return False

    async def _fetch(self) -> bool:
        """Bring home what is not here yet; one file that fails does not keep the others out."""
        unknown = any(not url and not self._has(index) for index, url in enumerate(self._urls))
        if unknown and not self._asked_for_fresh_urls:  # an earlier run knew it: signed URLs are not kept
            self._asked_for_fresh_urls = True
            await self._note(Event.URLS_EXPIRED)
            return True
        trouble: ProviderError | None = None if self._urls else Refused("the URLs are not known")
        brought: dict[str, ImageFile] = {}
        for index, url in enumerate(self._urls):
            if self._has(index):
                continue
            try:
                brought[url] = brought.get(url) or await self._bring(url)
            except ProviderError as error:
                trouble = trouble if isinstance(trouble, Refused) else error
            else:
                await self._keep(index, brought[url])
        if trouble is None:
            if self._phase is Phase.FETCHING:  # all were here already: say again that the set is whole
                await self._keep(0, self._images[0])
            return True
        return await self._fall_short(trouble)

    async def _fall_short(self, trouble: ProviderError) -> bool:
        if isinstance(trouble, Refused) and not self._asked_for_fresh_urls:
            self._asked_for_fresh_urls = True
            await self._note(Event.URLS_EXPIRED, str(trouble))
            return True
        await self._note(Event.GAVE_UP, f"{trouble}; the next run tries again")
        return False

    async def _bring(self, url: str) -> ImageFile:
        """Download one file into the store; raises the last `ProviderError` after a few attempts."""
        pace = self._tools.pace
        waits = self._backoff(pace.retry_first_s, pace.retry_max_s, pace.retry_growth)
        for _ in range(pace.download_attempts - 1):
            try:
                return await self._bring_once(url)
            except (Unavailable, Malformed) as error:
                await self._tools.clock.sleep(max(next(waits), error.retry_after_s or 0.0))
        return await self._bring_once(url)

    async def _bring_once(self, url: str) -> ImageFile:
        async with self._tools.provider.download(url) as chunks:
            return await self._tools.store.receive(chunks)

    async def _keep(self, index: int, image: ImageFile) -> None:
        self._images[index] = image
        received = len(self._urls)
        stored = sum(self._has(position) for position in range(received))
        expected = self._job.outputs_expected
        event = set_finished(stored=stored, received=received, good=len(self._set.good), expected=expected)
        words = "" if event is Event.OUTPUT_STORED else self._set.remarks(expected)
        await self._note(event, words, output=Output(job_id=self.job_id, index=index, image=image))

    def _has(self, index: int) -> bool:
        image = self._images.get(index)
        return image is not None and self._tools.store.holds(image)

    @property
    def _set(self) -> ImageSet:
        """The images of the latest attempt."""
        return ImageSet(images=dict(self._images), flagged=self._flagged)

    async def _publish(self) -> bool:
        """Put the fullest set at every cell's paths; images beyond the paths stay in the store."""
        sets = [*self._earlier_sets_here(), self._set]
        if not await self._place(sets[fullest(sets) or 0]):
            return await self._fetch_again()
        self._tell(self._set.remarks(self._job.outputs_expected))
        return False

    async def _publish_earlier(self) -> bool:
        """Put what an earlier attempt brought at its paths, where the latest one brought nothing."""
        sets = self._earlier_sets_here()
        if (best := fullest(sets)) is not None:
            await self._place(sets[best])
        return False

    def _earlier_sets_here(self) -> list[ImageSet]:
        holds = self._tools.store.holds
        return [found for found in self._earlier_sets if all(map(holds, found.good.values()))]

    async def _place(self, shown: ImageSet) -> bool:
        """Put a set at every cell's paths; return whether all of its images were here."""
        for cell in self._record.followers:
            for place, index in shown.placed(len(cell.output_paths)).items():
                image, stem = shown.images[index], cell.output_paths[place]
                try:
                    await self._tools.store.publish(image, stem)
                except KeyError:
                    if not await self._reclaim(image, place):
                        return False
        return True

    async def _reclaim(self, image: ImageFile, place: int) -> bool:
        """Take an image whose object is gone back from wherever it is published."""
        store = self._tools.store
        stems = [cell.output_paths[place] for cell in self._record.cells if place < len(cell.output_paths)]
        for stem in stems:
            if await store.reclaim(image, stem):
                for other in stems:
                    await store.publish(image, other)
                return True
        return False

    async def _fetch_again(self) -> bool:
        """Ask for a set whose images are gone, once a run: they are paid for and not to be bought again."""
        once_more = not self._fetched_again
        self._fetched_again = True
        await self._note(Event.OUTPUT_MISSING, "its images are gone from the store")
        return once_more

    async def _note(
        self,
        event: Event,
        error: str = "",
        *,
        code: int | None = None,
        prediction: Prediction | None = None,
        output: Output | None = None,
    ) -> None:
        """Make an event durable, then take it as happened."""
        entry = Entry(
            job_id=self.job_id,
            event=event,
            at=self._tools.clock.now(),
            prediction=prediction,
            output=output,
            error=error,
            error_code=code,
        )
        await self._tools.scribe.record(entry)
        self._move(event, error, code=code)

    def _move(self, event: Event, note: str = "", *, code: int | None = None) -> None:
        before, self._phase = self._phase, advance(self._phase, event)
        if is_settled(self._phase) and before is not self._phase:
            self._ended_here = True
            self._endings.append(Ending(phase=self._phase, error_code=code))
        is_done = self._phase in {Phase.DONE, Phase.DONE_SHORT}  # told when the files are in their places
        if not is_done and (note or self._phase is not before):
            self._tell(note)

    def _tell(self, note: str = "") -> None:
        self._tools.listener.job_changed(self._record, self._phase, note)

    def _too_dear(self, reason: StopReason) -> str:
        job = f"{self._record.label} at {usd(self._job.cost_usd)}"
        return f"the next job, {job}, does not fit {_LIMITS[reason]}"

    def _backoff(self, first_s: float, max_s: float, growth: float) -> Iterator[float]:
        return backoff(first_s, max_s, growth, self._tools.rng)
