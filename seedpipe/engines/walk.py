"""One job's way from where the ledger left it to as far as it comes in this run.

Hides the order of deeds that money depends on: the intent is durable before the bytes leave, the id before
the first poll, the file before its entry. What an answer means is `core.lifecycle`'s to say, how a task is
asked about is `asking`'s; this module acts and records. Invariant: a request is sent only in the phase that a
recorded intent has led to, and once for each intent. A settled job is submitted again only for a reason that
`core.policy` gives.

Absent on purpose: the plan, other jobs, and where this runs.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from seedpipe.core.errors import ProviderError, Refused, RunError
from seedpipe.core.keeping import waits_for_word
from seedpipe.core.lifecycle import (
    Event,
    Phase,
    advance,
    is_settled,
    is_unfetched,
    set_finished,
    submit_failure,
)
from seedpipe.core.model import Output
from seedpipe.core.money import usd
from seedpipe.core.policy import (
    Ending,
    counts_as_failed,
    is_meant_by_redo,
    may_take,
    redo_reason,
    retry_reason,
)
from seedpipe.core.records import Entry, StopReason, Verdict
from seedpipe.core.sets import ImageSet, fullest
from seedpipe.engines.asking import Inquiry, Task
from seedpipe.engines.images import bring, place

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from seedpipe.core.model import ImageFile, Json, Prediction
    from seedpipe.core.records import JobRecord
    from seedpipe.engines.tools import Tools

_MEDIA_UNREADABLE: Final = 1402  # the service's word for an input file that it could not fetch
_TIME_QUESTIONS: Final = 3  # before a submit: without an answer our own clock must do, in a wider window
# From an intent to its bytes. A request that leaves later is not where a doubt about it would be looked for.
_OLD: Final = timedelta(seconds=60)
_OVER: Final = {
    Verdict.OVER_PURSE: StopReason.PURSE,
    Verdict.OVER_BUDGET: StopReason.BUDGET,
    Verdict.OVER_MONTH: StopReason.MONTH,
}
_LIMITS: Final = {
    StopReason.PURSE: "this run's --budget",
    StopReason.BUDGET: "the campaign's budget",
    StopReason.MONTH: "the brand's budget for this month",
}


class JobWalk:
    """Takes one job through its phases. `sending` is true from its intent until its answer is recorded."""

    def __init__(self, tools: Tools, record: JobRecord) -> None:
        self._tools = tools
        self._record = record
        self._job = record.job
        self._phase = record.phase
        self._task = _task_of(record)
        self._endings = [
            Ending(phase=took.phase, error_code=took.error_code)
            for took in record.attempts
            if is_settled(took.phase)
        ]
        self._takes = max(len(record.attempts), 1)
        self._earlier_sets = list(record.sets[:-1])
        self._ended_here = False
        self._redo_granted = True  # the user's word is good for one more attempt a run
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
            self._task.prediction_id = prediction.prediction_id
            self._task.accepted_at = prediction.created_at or self._tools.clock.now()
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
        if not is_settled(self._phase) or not self._record.cells or not self._job.is_known:
            return False
        orders = self._tools.orders
        meant = is_meant_by_redo(orders, self._phase, self.job_id, ended_here=self._ended_here)
        may_redo = self._redo_granted and meant
        if may_redo and (reason := redo_reason(orders, self._phase, self.job_id)):
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
        policy = self._tools.policy
        if may_take(policy, self._takes):
            return True
        self._decline(
            f"not bought again: it would be attempt {self._takes + 1},"
            f" and policy.max_takes is {policy.max_takes}"
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
        waits = self._tools.retry_waits()
        for _ in range(_TIME_QUESTIONS):
            try:
                return await self._tools.lists.learn_time(self._job.model)
            except Refused:
                return None  # the submit will hear the same, and says what it means
            except ProviderError as error:
                if not self._tools.traffic.open:
                    return None
                await self._tools.clock.sleep(self._tools.traffic.wait_after(error, next(waits)))
        return None

    async def _send(self, body: Mapping[str, Json], again: str, *, must_fit: bool) -> bool:
        """Record the intent, send the request once, record what became of it."""
        if not await self._intend(body, again, must_fit=must_fit):
            return self._phase is Phase.PLANNED and self._tools.traffic.open  # it had grown old: a new one
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
                self._decline(f"not tried again: {self._too_dear(reason)}")
            return False
        if again:
            self._begin_anew()
        self._move(entry.event, again)
        if traffic.holds_intents:  # it ended while the disk was at work
            await self._note(Event.NOT_SENT, "the run ended before the request was sent")
            return False
        if self._tools.clock.now() - entry.at > _OLD:
            await self._note(Event.NOT_SENT, "the machine slept before the request was sent")
            return False
        return True

    def _begin_anew(self) -> None:
        """Leave the settled attempt as it is; its images stay and may still be the fullest set."""
        self._earlier_sets.append(self._task.set)
        self._takes += 1
        self._task = Task()

    async def _remember(self, prediction: Prediction) -> None:
        self._task.prediction_id = prediction.prediction_id
        self._task.accepted_at = self._tools.clock.now()
        self._task.is_new = True
        try:
            await self._note(Event.ACCEPTED, prediction=prediction)
        except RunError as error:
            message = (
                f"the service accepted {self._record.label} as prediction {prediction.prediction_id}, "
                f"but that could not be recorded: {error}"
            )
            raise type(error)(message, hint=error.hint) from error

    async def _poll(self) -> bool:
        heard = await Inquiry(self._tools, self._job.model, self._task).answer()
        if heard.prediction is None:
            await self._note(heard.event, heard.words)
            return False
        await self._arrive(heard.event, heard.prediction)
        return True

    async def _arrive(self, event: Event, prediction: Prediction) -> None:
        self._task.urls = prediction.outputs
        self._task.flagged = prediction.flagged
        if event is Event.COMPLETED:
            await self._note(event, prediction=prediction)
            return
        empty = "completed, but without any output" if event is Event.COMPLETED_EMPTY else prediction.status
        await self._note(event, prediction.error or empty, code=prediction.code, prediction=prediction)
        if prediction.code == _MEDIA_UNREADABLE:
            await self._tools.uploads.withdraw(self._job)

    async def _fetch(self) -> bool:
        """Bring home what is not here yet; one file that fails does not keep the others out."""
        task = self._task
        # Where a URL is unknown, an earlier run knew it: signed ones are not kept.
        unknown = any(not url and not self._has(index) for index, url in enumerate(task.urls))
        if unknown and not task.asked_for_fresh_urls:
            task.asked_for_fresh_urls = True
            await self._note(Event.URLS_EXPIRED)
            return True
        trouble: ProviderError | None = None if task.urls else Refused("the URLs are not known")
        brought: dict[str, ImageFile] = {}
        for index, url in enumerate(task.urls):
            if self._has(index):
                continue
            try:
                brought[url] = brought.get(url) or await bring(url, self._tools)
            except ProviderError as error:
                trouble = trouble if isinstance(trouble, Refused) else error
            else:
                await self._keep(index, brought[url])
        if trouble is None:
            if self._phase is Phase.FETCHING:  # all were here already: say again that the set is whole
                await self._keep(0, task.images[0])
            return True
        return await self._fall_short(trouble)

    async def _fall_short(self, trouble: ProviderError) -> bool:
        if isinstance(trouble, Refused) and not self._task.asked_for_fresh_urls:
            self._task.asked_for_fresh_urls = True
            await self._note(Event.URLS_EXPIRED, str(trouble))
            return True
        await self._note(Event.GAVE_UP, f"{trouble}; the next run tries again")
        return False

    async def _keep(self, index: int, image: ImageFile) -> None:
        self._task.images[index] = image
        received, shown = len(self._task.urls), self._task.set
        stored = sum(self._has(position) for position in range(received))
        expected = self._job.outputs_expected
        event = set_finished(stored=stored, received=received, good=len(shown.good), expected=expected)
        words = "" if event is Event.OUTPUT_STORED else shown.remarks(expected)
        await self._note(event, words, output=Output(job_id=self.job_id, index=index, image=image))

    def _has(self, index: int) -> bool:
        image = self._task.images.get(index)
        return image is not None and self._tools.store.holds(image)

    async def _publish(self) -> bool:
        """Put the fullest set at every cell's paths."""
        sets = [*self._earlier_sets_here(), self._task.set]
        if not await place(sets[fullest(sets) or 0], self._record, self._tools.store):
            return await self._fetch_again()
        self._tell(self._task.set.remarks(self._job.outputs_expected))
        return False

    async def _publish_earlier(self) -> bool:
        """Put what an earlier attempt brought at its paths, where the latest one brought nothing."""
        sets = self._earlier_sets_here()
        if (best := fullest(sets)) is not None:
            await place(sets[best], self._record, self._tools.store)
        return False

    def _earlier_sets_here(self) -> list[ImageSet]:
        holds = self._tools.store.holds
        return [found for found in self._earlier_sets if all(map(holds, found.good.values()))]

    async def _fetch_again(self) -> bool:
        """Ask for a set whose images are gone, once a run: they are paid for and not to be bought again."""
        once_more = not self._task.fetched_again
        self._task.fetched_again = True
        await self._note(Event.OUTPUT_MISSING, "its images are no longer in the store")
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
            service_at=self._tools.lists.service_now if event is Event.ACCEPTED else None,
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

    def _decline(self, why: str) -> None:
        self._tools.listener.declined(self._record, why)

    def _too_dear(self, reason: StopReason) -> str:
        job = f"{self._record.label} at {usd(self._job.cost_usd)}"
        return f"the next job, {job}, exceeds {_LIMITS[reason]}"


def _task_of(record: JobRecord) -> Task:
    latest = record.latest
    if latest is None:
        return Task()
    return Task(
        prediction_id=latest.prediction_id or "",
        accepted_at=latest.accepted_at,
        urls=latest.urls,
        images={output.index: output.image for output in record.outputs},
        flagged=latest.flagged,
    )
