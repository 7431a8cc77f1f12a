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
from typing import TYPE_CHECKING, Final

from seedpipe.core.lifecycle import Phase
from seedpipe.core.lockfile import can_be_adopted
from seedpipe.core.manifest import add_up
from seedpipe.core.policy import Redo, redo_phases
from seedpipe.core.records import PhaseTotal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from seedpipe.core.lockfile import LockLine
    from seedpipe.core.model import Cell, ImageFile, Job, PlannedCell
    from seedpipe.core.records import JobRecord, Tally

_BATCH: Final = 500  # jobs a look-up: few round trips, little memory
_MOST_SIZES: Final = 6  # sizes named a series; more would not fit a line
_BRINGS_IMAGES: Final = frozenset({Phase.DONE, Phase.DONE_SHORT})
_NOTHING: Final = PhaseTotal()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A plan against a ledger: a tally for each series, and the sizes its jobs ask for.

    `missing` are the jobs that are paid for and whose images are not here, in no other tally;
    `paid_elsewhere_usd` is what the lock says was paid for those that this ledger does not know.
    """

    by_series: Mapping[str, Tally]
    sizes: Mapping[str, tuple[str, ...]]
    missing: PhaseTotal = _NOTHING
    paid_elsewhere_usd: Decimal = Decimal(0)

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

    def again(self, redo: Iterable[Redo]) -> PhaseTotal:
        """Return what `--redo` would buy once more at most: what is missing may still be at the service."""
        wanted = frozenset(redo)
        missing = self.missing if Redo.MISSING in wanted else _NOTHING
        return add_up([self.of(*redo_phases(wanted)), missing])


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of jobs before a run.

    `tried` tells of a batch of job ids those that were ever tried; `keeps` whether an image is here, as an
    object or at a path; `lock` has the lines of what anyone has paid for, by job id.
    """

    tried: Callable[[Sequence[str]], Iterable[JobRecord]]
    keeps: Callable[[ImageFile, str | None], bool]
    lock: Mapping[str, LockLine] = field(default_factory=dict)


def survey(cells: Iterable[PlannedCell], known: Known) -> Standing:
    """Return where a plan stands."""
    by_series: dict[str, Tally] = {}
    sizes: defaultdict[str, dict[str, None]] = defaultdict(dict)
    missing, paid_elsewhere_usd = _NOTHING, Decimal(0)
    for planned, phase, line in _judged(cells, known):
        job, series = planned.job, planned.cell.series
        tally = by_series.setdefault(series, {})
        one = PhaseTotal(jobs=1, images=job.outputs_expected, cost_usd=job.cost_usd)
        if phase is None:
            missing = add_up([missing, one])
        else:
            tally[phase] = add_up([tally.get(phase, _NOTHING), one])
        if line:
            paid_elsewhere_usd += line.cost_usd
        size = job.request.get("size")
        if size is not None and len(sizes[series]) < _MOST_SIZES:
            sizes[series][str(size)] = None
    return Standing(
        by_series=by_series,
        sizes={series: tuple(found) for series, found in sizes.items()},
        missing=missing,
        paid_elsewhere_usd=paid_elsewhere_usd,
    )


def jobs_to_buy(cells: Iterable[PlannedCell], known: Known, redo: Iterable[Redo]) -> Iterator[Job]:
    """Yield the jobs of a plan that a run would submit: what is new, and what `--redo` may buy again."""
    wanted = frozenset(redo)
    phases = redo_phases(wanted) | {Phase.PLANNED}
    for planned, phase, _ in _judged(cells, known):
        if phase in phases or (phase is None and Redo.MISSING in wanted):
            yield planned.job


def is_missing(record: JobRecord, cell: Cell | None, keeps: Callable[[ImageFile, str | None], bool]) -> bool:
    """Say whether images a job has brought home are here no more, as objects or at the cell's paths.

    What people have removed from the output folder alone is not missing: it is linked again.
    """
    if record.phase not in _BRINGS_IMAGES or record.published is None:
        return False
    shown = record.sets[record.published]
    stems = cell.output_paths if cell else ()
    place_of = {index: place for place, index in shown.placed(len(stems)).items()}
    return not all(
        keeps(image, stems[place_of[index]] if index in place_of else None)
        for index, image in shown.good.items()
    )


def _judged(
    cells: Iterable[PlannedCell], known: Known
) -> Iterator[tuple[PlannedCell, Phase | None, LockLine | None]]:
    """Yield each job's first cell, its phase (None for a missing job) and the line to be adopted."""
    for batch in _batches(cells):
        records = {r.job.job_id: r for r in known.tried([planned.job.job_id for planned in batch])}
        for planned in batch:
            record, line = records.get(planned.job.job_id), known.lock.get(planned.job.job_id)
            if line and can_be_adopted(line, record):
                yield planned, None, line
            elif record and is_missing(record, planned.cell, known.keeps):
                yield planned, None, None
            else:
                yield planned, record.phase if record else Phase.PLANNED, None


def _batches(cells: Iterable[PlannedCell]) -> Iterable[list[PlannedCell]]:
    opening = (planned for planned in cells if planned.opens_job)
    while batch := list(islice(opening, _BATCH)):
        yield batch
