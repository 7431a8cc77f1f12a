"""What the ledger is told and what it remembers: entries, attempts, job records, runs.

The vocabulary between the engine, which makes things happen, the ledger, which makes them
durable, and the reports, which tell them. A `JobRecord` is a job with its whole history: one type serves
the engine's shards and the manifest's lines.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from seedpipe.core.lifecycle import Event, Phase
from seedpipe.core.sets import ImageSet, fullest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seedpipe.core.model import Cell, Job, Json, Output, Prediction


class Verdict(StrEnum):
    """The ledger's answer to an entry: only an intent can be declined, and then nothing is recorded."""

    RECORDED = "recorded"
    OVER_PURSE = "over_purse"
    OVER_BUDGET = "over_budget"
    OVER_MONTH = "over_month"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event of a job's latest attempt, to be made durable.

    An intent (`lifecycle.INTENTS`) carries `run_id`, `owner` and `body`, the request exactly as it will be
    sent; `ADOPTED` may carry `cost_usd`, what was paid, when that is not the plan's price;
    `service_at` is when an intent or an acceptance was, on the service's own clock, if that was told;
    `ACCEPTED`, `COMPLETED` and `PROVIDER_FAILED` carry the `prediction`; `OUTPUT_STORED`, `SET_COMPLETE`
    and `SET_SHORT` the `output` that was stored; failures the service's `error` and `error_code`.
    """

    job_id: str
    event: Event
    at: datetime
    run_id: str | None = None
    owner: str | None = None
    body: Mapping[str, Json] | None = None
    prediction: Prediction | None = None
    output: Output | None = None
    cost_usd: Decimal | None = None
    service_at: datetime | None = None
    error: str = ""
    error_code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A local image as the service has it: the digest of its bytes, its address there, and since when."""

    sha256: str
    url: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One paid submit of a job, as far as it has come. `number` counts from 1.

    `flagged` are the indexes of the outputs that the service calls unsafe.
    """

    number: int
    phase: Phase
    cost_usd: Decimal
    run_id: str | None
    intent_at: datetime | None
    accepted_at: datetime | None
    finished_at: datetime | None
    prediction_id: str | None
    urls: tuple[str, ...]
    inference_ms: int | None
    error: str
    error_code: int | None
    flagged: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One event of an attempt, and the phase it led to."""

    event: Event
    phase: Phase
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """An attempt as the books see it: who pays for it, in which month, for which cells.

    `month` is `2026-11`, in UTC, as the budget of the brand counted it; `cells` are those of the plan that
    asked; `outputs` and `steps` are the attempt's, in their order.
    """

    job: Job
    attempt: Attempt
    campaign: str
    brand: str | None
    month: str
    cells: tuple[Cell, ...]
    outputs: tuple[Output, ...]
    steps: tuple[Step, ...]

    @property
    def label(self) -> str:
        """What to call it in front of people: its first cell's address, else the job's id."""
        return self.cells[0].address if self.cells else self.job.job_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What the ledger counts as reserved and spent: of a `run`, a `campaign`, or a brand's `month`."""

    kind: str
    name: str
    committed_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Former:
    """What a cell was last paid for as, while its campaign asks for something else there today.

    `paid_usd` is what that job has cost so far; `decided` says whether somebody has accepted its picture for
    the new request (`seedpipe keep`); `record` is its history, where that was asked and there is one.
    """

    job_id: str
    paid_usd: Decimal
    decided: bool = False
    record: JobRecord | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """A job with its cells in one plan, its attempts (oldest first) and the outputs of the latest one.

    `earlier` has the outputs of each attempt before the latest, for an earlier take is kept. `formers` tells
    by address which cells were paid for as another job; `places` are all that this one was ever paid for,
    where that was asked. `known_as` is the address of its first cell in its newest plan, where the record
    has no cells.
    """

    job: Job
    cells: tuple[Cell, ...]
    attempts: tuple[Attempt, ...]
    outputs: tuple[Output, ...]
    earlier: tuple[tuple[Output, ...], ...] = ()
    formers: Mapping[str, Former] = field(default_factory=dict)
    places: tuple[str, ...] = ()
    known_as: str = ""

    @property
    def phase(self) -> Phase:
        """The phase of the latest attempt; a job never tried is planned."""
        return self.attempts[-1].phase if self.attempts else Phase.PLANNED

    @property
    def latest(self) -> Attempt | None:
        """The latest attempt, or None when there was none."""
        return self.attempts[-1] if self.attempts else None

    @property
    def takes(self) -> tuple[tuple[Output, ...], ...]:
        """The outputs of every attempt, oldest first."""
        return (*self.earlier, self.outputs) if self.attempts else ()

    @property
    def sets(self) -> tuple[ImageSet, ...]:
        """The images of every attempt, oldest first."""
        return tuple(
            ImageSet(images={output.index: output.image for output in take}, flagged=attempt.flagged)
            for take, attempt in zip(self.takes, self.attempts, strict=True)
        )

    @property
    def published(self) -> int | None:
        """Which attempt, counted from 0, has the set that is shown: the fullest, of equal ones the newest."""
        return fullest(self.sets)

    @property
    def is_changed(self) -> bool:
        """Whether every cell that asks for this job was paid for as another one."""
        return bool(self.cells) and all(cell.address in self.formers for cell in self.cells)

    @property
    def is_kept(self) -> bool:
        """Whether nothing is bought without the user's word: its cells keep the pictures they have."""
        return self.phase is Phase.PLANNED and self.is_changed

    @property
    def followers(self) -> tuple[Cell, ...]:
        """The cells that show this job's pictures: those for which nobody has decided to keep another."""
        return tuple(
            cell for cell in self.cells if not ((former := self.formers.get(cell.address)) and former.decided)
        )

    @property
    def label(self) -> str:
        """What to call the job in front of people: its first cell's address, else its id."""
        return self.cells[0].address if self.cells else self.known_as or self.job.job_id


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRequest:
    """A request whose fate is not known: on its way, or in doubt.

    `body` is what was sent, to the letter; `absences` counts those of this job that surely were absent.
    `service_at` is the time of the intent on the service's own clock, None when it had not told its time.
    """

    record: JobRecord
    body: Mapping[str, Json]
    intent_at: datetime
    absences: int
    service_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """A prediction that may be ours and is nobody's: its images were fetched aside.

    `paths` are below the folder of asides.
    """

    prediction_id: str
    paths: tuple[str, ...]
    why: str


class StopReason(StrEnum):
    """Why a run stopped submitting before its plan was through; `FAILURE` has no name of its own."""

    PURSE = "purse"
    BUDGET = "budget"
    MONTH = "month"
    BLOCKED = "blocked"
    UNAVAILABLE = "unavailable"
    UNCERTAIN = "uncertain"
    FAILED_JOB = "failed_job"
    DISK = "disk"
    FAILURE = "failure"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcome:
    """What an engine can say beyond the ledger.

    `stop` says why submitting stopped early, `message` adds the words for the user, and `overdue` counts
    paid jobs, of any plan, that are left to the next run: the service is still working on them, or a file
    cannot be had yet. `asides` are predictions
    that may be ours and belong to no job, and `held` counts doubts, of any plan, that are left to the next
    run.
    """

    stop: StopReason | None = None
    message: str = ""
    overdue: int = 0
    held: int = 0
    asides: tuple[Aside, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStart:
    """A run as it begins.

    `purse_usd` caps this run, `budget_usd` the campaign's whole life, `month_usd` the month of its brand.
    `elsewhere_usd` counts against the second and `elsewhere_month_usd` against the third: what others have
    paid, of which the ledger has no attempts. `out` is the folder of its images and reports: from the
    project's root with slashes where it lies in the project, which may be moved, else absolute; None where
    it was not written down.
    """

    run_id: str
    plan_id: str
    campaign: str
    owner: str
    started_at: datetime
    purse_usd: Decimal | None = None
    budget_usd: Decimal | None = None
    month_usd: Decimal | None = None
    elsewhere_usd: Decimal = Decimal(0)
    elsewhere_month_usd: Decimal = Decimal(0)
    out: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnd:
    """How a run ended: its exit code and, when it stopped early, why."""

    run_id: str
    finished_at: datetime
    exit_code: int
    stop: StopReason | None = None
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A run as the ledger remembers it; `end` is None while it runs, or after it was killed."""

    start: RunStart
    end: RunEnd | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseTotal:
    """How much stands in one phase: jobs, images that were or will be billed, and money."""

    jobs: int = 0
    images: int = 0
    cost_usd: Decimal = Decimal(0)


Tally = dict[Phase, PhaseTotal]
