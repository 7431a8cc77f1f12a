"""Where a plan stands before it runs: what is new, what is done, what is paid but not here.

Hides how a stream of planned cells meets the ledger's memory, the campaign's lock and the disk: looked up in
batches, summed up as it goes, so that a plan of any length stands in a few numbers. Invariant: a job counts
once, in one phase or among the missing; what anyone has paid for is never new.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from seedpipe.core.lifecycle import Phase
from seedpipe.core.lockfile import can_be_adopted
from seedpipe.core.manifest import add_up, priced
from seedpipe.core.model import Policy
from seedpipe.core.policy import Redo, may_take, redo_phases
from seedpipe.core.records import PhaseTotal
from seedpipe.core.showing import ShownSet, is_away, own_set

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from seedpipe.core.lockfile import LockLine
    from seedpipe.core.model import Cell, ImageFile, Job, PlannedCell
    from seedpipe.core.records import Former, JobRecord, Tally

_Each = TypeVar("_Each")

_MOST_CHANGES: Final = 500  # changed cells that can be told one by one
_BATCH: Final = 500  # jobs a look-up: few round trips, little memory
_MOST_SIZES: Final = 6  # sizes named a series; more would not fit a line
_BRINGS_IMAGES: Final = frozenset({Phase.DONE, Phase.DONE_SHORT})
_PENDING: Final = (Phase.PLANNED, Phase.SUBMITTING, Phase.IN_DOUBT, Phase.ACCEPTED, Phase.FETCHING)
_DOUBTFUL: Final = (Phase.SUBMITTING, Phase.IN_DOUBT)  # whoever was sending is gone when a run begins
_NOTHING: Final = PhaseTotal()
_USUAL: Final = Policy()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedCell:
    """A cell that was paid for as `former` and asks for `job` today."""

    address: str
    job: Job
    former: Former


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The jobs that a run leaves alone because all their cells keep the pictures they have.

    `changed` are those that `--redo changed` would buy, at the plan's price; `paid_usd` is what the pictures
    in their place have cost; `decided` are those whose every cell was accepted as it is; `first` has the
    first cells of both. Of the jobs that were paid in their place, `to_fetch` counts those whose images are
    not here, and `lost` those that the service no longer has.
    """

    changed: PhaseTotal = _NOTHING
    changed_cells: int = 0
    paid_usd: Decimal = Decimal(0)
    decided: PhaseTotal = _NOTHING
    decided_cells: int = 0
    first: tuple[ChangedCell, ...] = ()
    changed_jobs: frozenset[str] = frozenset()
    decided_jobs: frozenset[str] = frozenset()
    to_fetch: int = 0
    lost: int = 0


_NOTHING_KEPT: Final = Kept()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A plan against a ledger: a tally for each series, and the sizes its jobs ask for.

    `earlier_sizes` has by series those that are not what today's catalogue would choose, with what that is.
    `missing` are the jobs that are paid for and whose images are not here, `kept` those that wait for the
    user's word; both in no other tally. `rejected` are those whose pictures people have rejected, by the
    phase that they are counted in, None for a missing one, and `rejected_jobs` their ids. `redoable` are the
    jobs that may be paid for once more, by that phase and whether people have rejected them.
    """

    by_series: Mapping[str, Tally]
    sizes: Mapping[str, tuple[str, ...]]
    earlier_sizes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    missing: PhaseTotal = _NOTHING
    kept: Kept = _NOTHING_KEPT
    rejected: Mapping[Phase | None, PhaseTotal] = field(default_factory=dict)
    rejected_jobs: frozenset[str] = frozenset()
    redoable: Mapping[tuple[Phase | None, bool], PhaseTotal] = field(default_factory=dict)

    @property
    def tally(self) -> Tally:
        """The whole plan by phase."""
        phases = {phase for tally in self.by_series.values() for phase in tally}
        return {phase: self.of(phase) for phase in Phase if phase in phases}

    def of(self, *phases: Phase) -> PhaseTotal:
        """Return the sum of these phases over all series."""
        return add_up(tally[phase] for tally in self.by_series.values() for phase in phases if phase in tally)

    @property
    def new(self) -> PhaseTotal:
        """What a run would submit."""
        return self.of(Phase.PLANNED)

    @property
    def doubtful(self) -> PhaseTotal:
        """What was sent or was about to be, and may or may not have been accepted."""
        return self.of(*_DOUBTFUL)

    @property
    def pending(self) -> PhaseTotal:
        """What a run has to do: buy what is new, bring home what is paid, settle what is in doubt."""
        return add_up([self.of(*_PENDING), self.missing, PhaseTotal(jobs=self.kept.to_fetch)])

    def again(self, redo: Iterable[Redo]) -> PhaseTotal:
        """Return what `--redo` would buy once more at most: what is missing may still be at the service."""
        wanted = frozenset(redo)
        changed = self.kept.changed if Redo.CHANGED in wanted else _NOTHING
        phases = _phases_to_redo(wanted)
        named = (
            total
            for (phase, rejected), total in self.redoable.items()
            if phase in phases or (rejected and Redo.REJECTED in wanted)
        )
        return add_up([changed, *named])

    def may_redo(self, phase: Phase) -> bool:
        """Say whether a job that rests in this phase may be paid for once more."""
        return any(total.jobs for (each, _), total in self.redoable.items() if each is phase)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of jobs before a run.

    `tried` tells of a batch of job ids those that were ever tried; `keeps` whether an image is here, as an
    object or at a path; `lock` has the lines of what anyone has paid for, by job id; `formers` tells of
    cells, by address with the job they ask for, what they were paid for as otherwise; `rejects` whether
    somebody has rejected an image, by its sha256. `policy` is the plan's: it caps the takes of a job.
    """

    tried: Callable[[Sequence[str]], Iterable[JobRecord]]
    keeps: Callable[[ImageFile, str | None], bool]
    lock: Mapping[str, LockLine] = field(default_factory=dict)
    formers: Callable[[Mapping[str, str]], Mapping[str, Former]] = lambda _: {}
    rejects: Callable[[str], bool] = lambda _: False
    policy: Policy = _USUAL


def survey(cells: Iterable[PlannedCell], known: Known) -> Standing:
    """Return where a plan stands."""
    found = _Survey(known)
    for batch in _batches(cells):
        found.read(batch)
    return found.standing()


def jobs_to_buy(
    cells: Iterable[PlannedCell], known: Known, redo: Iterable[Redo], kept: Kept = _NOTHING_KEPT
) -> Iterator[Job]:
    """Yield the jobs of a plan that a run would submit: what is new, and what `--redo` may buy again.

    `kept` is what the survey of the same plan has found to be kept back.
    """
    wanted = frozenset(redo)
    phases = _phases_to_redo(wanted)
    waiting = kept.decided_jobs if Redo.CHANGED in wanted else kept.decided_jobs | kept.changed_jobs
    for batch in _batches(cells):
        for one in _judged(batch, known):
            named = one.phase in phases or (one.rejected and Redo.REJECTED in wanted)
            bought = one.phase is Phase.PLANNED or (named and one.may_take)
            if bought and one.planned.job.job_id not in waiting:
                yield one.planned.job


def jobs_in_doubt(cells: Iterable[PlannedCell], known: Known) -> Iterator[Job]:
    """Yield the jobs of a plan of which nobody knows whether their request was accepted."""
    for batch in _batches(cells):
        yield from (one.planned.job for one in _judged(batch, known) if one.phase in _DOUBTFUL)


def _phases_to_redo(wanted: frozenset[Redo]) -> frozenset[Phase | None]:
    """Return where the jobs stand that these words name by their phase; None is missing."""
    return redo_phases(wanted) | ({None} if Redo.MISSING in wanted else frozenset())


def is_missing(record: JobRecord, cell: Cell | None, keeps: Callable[[ImageFile, str | None], bool]) -> bool:
    """Say whether images a job has brought home are here no more, as objects or at the cell's paths.

    What people have removed from the output folder alone is not missing: it is linked again.
    """
    if record.phase not in _BRINGS_IMAGES or record.published is None:
        return False
    shown = ShownSet(cells=(cell,) if cell else (), record=record, attempt=record.published)
    return bool(shown.images.images) and is_away(shown, keeps)


@dataclass(slots=True, kw_only=True)
class _Waiting:
    """A job of which every cell so far was paid for as another one."""

    job: Job
    series: str
    formers: dict[str, Former]


class _Survey:
    """Sums up the cells that have passed. A job is kept back until one of its cells turns out to be new."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._by_series: dict[str, Tally] = {}
        self._sizes: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self._earlier_sizes: dict[str, dict[str, str]] = {}
        self._missing = _NOTHING
        self._waiting: dict[str, _Waiting] = {}
        self._rejected: dict[Phase | None, PhaseTotal] = {}
        self._rejected_jobs: set[str] = set()
        self._redoable: dict[tuple[Phase | None, bool], PhaseTotal] = {}

    def read(self, batch: list[PlannedCell]) -> None:
        """Count some more cells."""
        judged = list(_judged(batch, self._known))
        unbought = {one.planned.job.job_id for one in judged if one.phase is Phase.PLANNED}
        asked = {
            planned.cell.address: planned.job.job_id
            for planned in batch
            if planned.job.job_id in unbought or planned.job.job_id in self._waiting
        }
        formers = self._known.formers(asked) if asked else {}
        opening = {one.planned.cell.address: one for one in judged}
        for planned in batch:
            former = formers.get(planned.cell.address)
            if planned.opens_job:
                self._open(opening[planned.cell.address], former)
            elif waiting := self._waiting.get(planned.job.job_id):
                self._join(waiting, planned.cell.address, former)

    def _open(self, opening: _Opening, former: Former | None) -> None:
        """Count a job at its first cell."""
        planned, phase, rejected, may_take_more = opening
        job, series = planned.job, planned.cell.series
        if rejected:
            self._rejected[phase] = add_up([self._rejected.get(phase, _NOTHING), _one(job)])
            self._rejected_jobs.add(job.job_id)
        if may_take_more:
            redoable = self._redoable.get((phase, rejected), _NOTHING)
            self._redoable[phase, rejected] = add_up([redoable, _one(job)])
        self._by_series.setdefault(series, {})
        size = job.request.get("size")
        if size is not None and len(self._sizes[series]) < _MOST_SIZES:
            self._sizes[series][str(size)] = None
            if planned.newer_size:
                self._earlier_sizes.setdefault(series, {})[str(size)] = planned.newer_size
        if phase is None:
            self._missing = add_up([self._missing, _one(job)])
        elif phase is Phase.PLANNED and former:
            formers = {planned.cell.address: former}
            self._waiting[job.job_id] = _Waiting(job=job, series=series, formers=formers)
        else:
            self._count(series, phase, job)

    def _join(self, waiting: _Waiting, address: str, former: Former | None) -> None:
        """Count one more cell of a job that is kept back so far: a new one has it bought for all."""
        if former:
            waiting.formers[address] = former
        else:
            del self._waiting[waiting.job.job_id]
            self._count(waiting.series, Phase.PLANNED, waiting.job)

    def _count(self, series: str, phase: Phase, job: Job) -> None:
        tally = self._by_series[series]
        tally[phase] = add_up([tally.get(phase, _NOTHING), _one(job)])

    def standing(self) -> Standing:
        """Return the sums."""
        return Standing(
            by_series=self._by_series,
            sizes={series: tuple(found) for series, found in self._sizes.items()},
            earlier_sizes=self._earlier_sizes,
            missing=self._missing,
            kept=_kept(self._waiting.values(), self._known),
            rejected=self._rejected,
            rejected_jobs=frozenset(self._rejected_jobs),
            redoable=self._redoable,
        )


def _kept(waiting: Collection[_Waiting], known: Known) -> Kept:
    changed = [each for each in waiting if not all(former.decided for former in each.formers.values())]
    settled = [each for each in waiting if all(former.decided for former in each.formers.values())]
    cells = [
        ChangedCell(address=address, job=each.job, former=former)
        for each in waiting
        for address, former in each.formers.items()
    ]
    undecided = [cell for cell in cells if not cell.former.decided]
    paid = {cell.former.job_id: cell.former.paid_usd for cell in undecided}
    away = _away(dict.fromkeys(cell.former.job_id for cell in cells), known)
    return Kept(
        changed=priced(each.job for each in changed),
        changed_cells=len(undecided),
        paid_usd=sum(paid.values(), Decimal(0)),
        decided=priced(each.job for each in settled),
        decided_cells=len(cells) - len(undecided),
        first=tuple(cells[:_MOST_CHANGES]),
        changed_jobs=frozenset(each.job.job_id for each in changed),
        decided_jobs=frozenset(each.job.job_id for each in settled),
        to_fetch=len(away) - away.count(Phase.LOST),
        lost=away.count(Phase.LOST),
    )


def _away(job_ids: Iterable[str], known: Known) -> list[Phase | None]:
    """Return the phase of each of these jobs whose images are not here, None for what only the lock knows."""
    found: list[Phase | None] = []
    for batch in _batches(job_ids):
        records = {record.job.job_id: record for record in known.tried(batch)}
        found += [None for job_id in batch if job_id not in records]
        found += [record.phase for record in records.values() if is_away(own_set(record), known.keeps)]
    return found


def _one(job: Job) -> PhaseTotal:
    return PhaseTotal(jobs=1, images=job.outputs_expected, cost_usd=job.cost_usd)


class _Opening(NamedTuple):
    """A job's first cell, its phase (None for a missing job), and whether people reject what it shows.

    `may_take` says whether a job that was tried may be paid for once more.
    """

    planned: PlannedCell
    phase: Phase | None
    rejected: bool
    may_take: bool


def _judged(batch: Iterable[PlannedCell], known: Known) -> Iterator[_Opening]:
    """Yield how each job stands that begins in a batch."""
    opening = [planned for planned in batch if planned.opens_job]
    records = {r.job.job_id: r for r in known.tried([planned.job.job_id for planned in opening])}
    for planned in opening:
        record, line = records.get(planned.job.job_id), known.lock.get(planned.job.job_id)
        more = may_take(known.policy, len(record.attempts) if record else 0)
        if line and can_be_adopted(line, record):
            yield _Opening(planned, None, any(map(known.rejects, line.outputs)), more)
        elif record:
            missing = is_missing(record, planned.cell, known.keeps)
            yield _Opening(planned, None if missing else record.phase, _is_rejected(record, known), more)
        else:
            yield _Opening(planned, Phase.PLANNED, rejected=False, may_take=False)


def _is_rejected(record: JobRecord, known: Known) -> bool:
    """Say whether people reject what a job shows; one that is on its way again shows nothing new yet."""
    if record.phase not in _BRINGS_IMAGES or record.published is None:
        return False
    return any(known.rejects(image.sha256) for image in record.sets[record.published].good.values())


def _batches(stream: Iterable[_Each]) -> Iterator[list[_Each]]:
    stream = iter(stream)
    while batch := list(islice(stream, _BATCH)):
        yield batch
