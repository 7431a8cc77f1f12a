"""Every edge of the house as a small Protocol with its obligations.

Implementations live in rooms that never see each other; each runs the contract suite of its port in
`tests/contracts/`, the fakes too. `Files`, through which the core asks for the user's files, is
declared where it is consumed, in `seedpipe.core.campaign`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime
    from decimal import Decimal

    from seedpipe.core.audit import FileState
    from seedpipe.core.bills import BillPage
    from seedpipe.core.lifecycle import Phase
    from seedpipe.core.lockfile import LockLine
    from seedpipe.core.model import ImageFile, Json, PlanHeader, PlannedCell, Prediction, PredictionPage
    from seedpipe.core.records import (
        Account,
        Entry,
        Former,
        JobRecord,
        OpenRequest,
        Payment,
        PhaseTotal,
        RunEnd,
        RunOutcome,
        RunRecord,
        RunStart,
        Tally,
        Upload,
        Verdict,
    )


class Clock(Protocol):
    """Time, handed in so that tests own it."""

    def now(self) -> datetime:
        """Return the wall clock, aware, in UTC."""

    def monotonic(self) -> float:
        """Return seconds that never go back; for deadlines."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class Provider(Protocol):
    """The image service. It translates and never retries, sleeps or decides.

    Every failure is a `ProviderError`; which one is the whole contract: see `seedpipe.core.errors`.
    """

    async def submit(self, model: str, body: Mapping[str, Json]) -> Prediction:
        """Send one paid request, once, following no redirect.

        Raises `Refused`, `Unavailable` (surely not accepted), `Uncertain` or `Malformed`.
        """

    async def result(self, prediction_id: str) -> Prediction:
        """Ask how a task stands. Free, may be repeated. `Refused` with status 404 means unknown there."""

    async def predictions(
        self,
        *,
        model: str,
        created_after: datetime,
        created_before: datetime,
        page: int = 1,
        page_size: int = 100,
        include_inputs: bool = True,
    ) -> PredictionPage:
        """Return one page of the account's predictions, whatever their status. Free, may be repeated.

        Pages count from 1. An item that cannot be read makes the page `Malformed`: nothing is left out.
        """

    async def upload(self, content: bytes, media_type: str) -> str:
        """Hand an image in and return the address that stands for it in a request. Free, may be repeated.

        Nothing about where it came from is told. Raises `Refused`, `Unavailable` or `Malformed`.
        """

    async def balance(self) -> Decimal:
        """Return what is left on the account, in USD. Free, may be repeated."""

    async def price(self, model: str, inputs: Mapping[str, Json]) -> Decimal:
        """Return what one request would cost this account today, in USD. Free, may be repeated."""

    async def bills(self, *, page: int, since: datetime, until: datetime) -> BillPage:
        """Return one page, counted from 1, of what was charged and given back in a span of time.

        Free, may be repeated. The account is shared: the bills of others are among them.
        """

    def download(self, url: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Open an output, as `result` named it, without the key.

        A cut or over-long body raises while iterating.
        """

    async def aclose(self) -> None:
        """Release connections."""


class Store(Protocol):
    """Where images live: objects known by content, linked to the paths that people look at."""

    async def receive(self, chunks: AsyncIterator[bytes]) -> ImageFile:
        """Keep one download durably, or nothing of it.

        When this returns, the file is complete, verified as an image and synced to disk under its
        sha256. Raises `Malformed` for what is not a whole image, `RunError` when the disk fails.
        """

    async def publish(self, image: ImageFile, stem: str) -> str:
        """Place a kept image at `stem` plus its extension; return the path relative to the output folder.

        Idempotent; replaces what else stands there, atomically. Raises `KeyError` if the object is gone.
        """

    async def withdraw(self, stem: str) -> None:
        """Take the image away that stands at `stem`, whatever its extension.

        One that is not kept as an object stays: it may be the last copy of what was paid for.
        """

    async def reclaim(self, image: ImageFile, stem: str) -> bool:
        """Make the published file at `stem` the object again; return whether the object is there now.

        Only a file with the very bytes of the image will do.
        """

    async def read(self, sha256: str) -> bytes:
        """Return the very bytes that an object is named by; raises `KeyError` if it is gone or damaged."""

    def holds(self, image: ImageFile) -> bool:
        """Say whether the object is there in its full size."""

    def inspect(self, image: ImageFile, path: str | None = None) -> FileState:
        """Read the object to its end, or the file at a published path, and say whether it is this image."""


class Pictures(Protocol):
    """The bytes of kept images, for those who only look at them."""

    def thumbnails(self, images: Iterable[ImageFile], *, side_px: int, most_bytes: int) -> Iterator[bytes]:
        """Yield a small picture of each image, in order: WebP, its longer side `side_px` or less.

        None is larger than `most_bytes`; one whose image is not here or cannot be read is empty.
        """

    def whole(self, image: ImageFile) -> bytes:
        """Return the image file itself; empty when it is not here."""

    def link(self, image: ImageFile) -> str:
        """Return where a kept image lies, as a relative URL from the reports; empty when it is not here."""


class Ledger(Protocol):
    """The memory that money depends on. One writer; every method is one short, durable transaction.

    An entry that was recorded survives the death of the process and of the machine. Amounts are
    exact to a millionth of a dollar.
    """

    @property
    def origin(self) -> str:
        """The service this ledger belongs to: `sandbox`, or scheme, host and port."""

    def admit(self, header: PlanHeader, cells: Iterable[PlannedCell]) -> None:
        """Store a plan, all or nothing. Admitting a known plan again changes nothing."""

    def begin_run(self, run: RunStart) -> int:
        """Open a run of an admitted plan; return how many jobs a dead run left in doubt.

        Attempts found in `SUBMITTING` become `IN_DOUBT`: whoever was sending them is gone.
        """

    def end_run(self, end: RunEnd) -> None:
        """Record how the run ended."""

    def record(self, entries: Sequence[Entry]) -> list[Verdict]:
        """Apply events in order in one transaction; one verdict an entry.

        An intent (`lifecycle.INTENTS`) is declined, and only it, when it would pass the run's purse, the
        campaign's budget or the month of its brand.
        Raises `IllegalTransition` for an event that the attempt's phase does not allow.
        """

    def job_count(self, plan_id: str) -> int:
        """Return the number of distinct jobs of a plan."""

    def jobs(self, plan_id: str, start: int, stop: int) -> list[JobRecord]:
        """Return the plan's jobs in a range of their order, with their history."""

    def unfetched_elsewhere(self, plan_id: str) -> Iterator[JobRecord]:
        """Yield jobs outside this plan that are paid for and not yet brought home; they have no cells."""

    def open_requests(self, plan_id: str) -> list[OpenRequest]:
        """Return every request that is on its way or in doubt, of any plan; jobs of others have no cells."""

    def given_up(self, plan_id: str, since: datetime) -> list[OpenRequest]:
        """Return the requests, of any plan, that were judged absent or written off since then, in that order.

        The service's list may show one of them all the same, later. Jobs of other plans have no cells.
        """

    def note_look(self, plan_id: str, until: datetime) -> None:
        """Remember that the service's list was read for all that a plan has not bought, until this moment.

        That is a time of the service. A look that reaches less far than an earlier one changes nothing.
        """

    def looked_until(self, plan_id: str, phases: Collection[Phase]) -> dict[str, datetime | None]:
        """Return by model until when the list was read for all jobs of a plan in these phases.

        A look for any plan counts for each of its jobs; None means that for one of them there was none. A job
        that has failed, and one of which a request was given up, counts as never looked for.
        """

    def record_upload(self, upload: Upload) -> None:
        """Remember an image that was uploaded; it is the one to be used from now on."""

    def uploads(self, sha256s: Sequence[str]) -> dict[str, Upload]:
        """Return the latest upload of each of these images, unless it was withdrawn."""

    def withdraw_uploads(self, sha256s: Sequence[str]) -> None:
        """Use no earlier upload of these images again: the service could not read one of them."""

    def uploaded(self, urls: Sequence[str]) -> dict[str, str]:
        """Return the digest of what was uploaded to each of these addresses, withdrawn or not."""

    def owned(self, prediction_ids: Sequence[str]) -> dict[str, str]:
        """Return the job of each of these predictions that belongs to an attempt."""

    def sent(self, prediction_ids: Sequence[str]) -> dict[str, dict[str, Json]]:
        """Return what was sent for those of these predictions that belong to an attempt.

        Of one that was adopted that is the job's request, which names uploaded images by their content.
        """

    def accepted_between(self, model: str, after: datetime, before: datetime) -> dict[str, datetime]:
        """Return predictions of a model that are or were there to be fetched, by the time of acceptance.

        What was found or adopted counts from its making, if the service told that.
        """

    def phases(self, job_ids: Sequence[str]) -> dict[str, Phase]:
        """Return the phase of each job that was ever tried."""

    def tried(self, job_ids: Sequence[str]) -> list[JobRecord]:
        """Return those of some jobs that were ever tried, priced by their newest plan and without cells."""

    def sizes_asked(self) -> list[str]:
        """Return the sizes of all jobs that were ever tried, sorted."""

    def jobs_of_size(self, size: str) -> dict[str, bool]:
        """Return the jobs of a size that were sent, by id, and whether they hold money: refused ones too."""

    def paid(self, campaign: str) -> Iterator[JobRecord]:
        """Yield the jobs that a campaign has paid for, each with the cells of its newest plan."""

    def tally(self, plan_id: str) -> Tally:
        """Return jobs, images and money of a plan by phase; jobs that are `kept` back are in none."""

    def billed(self, plan_id: str, run_id: str | None = None) -> PhaseTotal:
        """Return what the jobs of a plan have cost so far: jobs, images and money of all their attempts.

        What holds money counts, in doubt too; with `run_id` only what that run has paid.
        """

    def kept(self, plan_id: str) -> Iterator[JobRecord]:
        """Yield the jobs of a plan whose cells were all paid for as another one (`JobRecord.is_kept`).

        A proof's ledger knows of none: proofs follow every change.
        """

    def formers(self, campaign: str, asked: Mapping[str, str]) -> dict[str, Former]:
        """Return what places were last paid for as, where that is another job than the one `asked` now.

        A place is `PlanHeader.place` of a cell. A job counts as paid while it holds money, in doubt too.
        """

    def remember(self, campaign: str, lines: Iterable[LockLine]) -> None:
        """Note which places others have paid for; it counts until this ledger tries such a job itself."""

    def keep(self, campaign: str, kept: Mapping[str, tuple[str, str]], at: datetime) -> None:
        """Record by place that while it asks for the first job it keeps the second one's picture."""

    def unkeep(self, campaign: str, places: Iterable[str]) -> int:
        """Take such decisions back; return how many there were."""

    def committed_usd(self, campaign: str) -> Decimal:
        """Return what the campaign has reserved and spent in its whole life."""

    def month_usd(self, brand: str, at: datetime) -> Decimal:
        """Return what a brand's campaigns have reserved and spent in the month of `at`, in UTC."""

    def accounts(self) -> list[Account]:
        """Return every account, in the order of kind and name."""

    def payments(self) -> Iterator[Payment]:
        """Yield every attempt there ever was, in the order they were first recorded."""

    def latest_run(self, campaign: str | None = None) -> RunRecord | None:
        """Return the run that began last, of one campaign or of any."""

    def latest_out(self, header: PlanHeader) -> str | None:
        """Return `RunStart.out` of the latest run of this plan's campaign and profile; None without one."""

    def runs_of_plans(self) -> list[RunRecord]:
        """Return the latest run of each plan that was ever run, the newest first."""

    def plan_header(self, plan_id: str) -> PlanHeader:
        """Return the header of an admitted plan; raises `KeyError`."""

    def find(self, plan_id: str, text: str) -> list[JobRecord]:
        """Return the jobs of a plan with this cell address, or whose id starts with `text`."""

    def close(self) -> None:
        """Release the file and the lock."""


class RunListener(Protocol):
    """Whoever wants to watch a run: the progress bar, the log lines of CI."""

    def job_changed(self, record: JobRecord, phase: Phase, note: str = "") -> None:
        """Hear that a job has reached a phase; `record` is as it was when its shard was read."""

    def declined(self, record: JobRecord, why: str) -> None:
        """Hear that a job which rests is not bought again, though user or policy had asked for it."""

    def waiting(self, seconds: float, why: str) -> None:
        """Hear that the run waits before it submits more."""


class Engine(Protocol):
    """Carries out an admitted plan: reads only the ledger, never the campaign."""

    async def run(self, run: RunStart) -> RunOutcome:
        """Bring every job of the plan as far as it goes; never raises for a job that fails."""

    async def settle(self, run: RunStart) -> RunOutcome:
        """Settle the doubts of every plan, and submit nothing."""

    def stop(self) -> None:
        """Submit nothing more and come home soon. Safe to call from a signal handler of the loop."""
