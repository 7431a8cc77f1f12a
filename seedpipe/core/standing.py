"""Where a plan stands before it runs: what is new, what is done, what is under way.

Hides how a stream of planned cells meets the ledger's memory: looked up in batches, summed up as it goes, so
that a plan of any length stands in a few numbers.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from seedpipe.core.lifecycle import Phase
from seedpipe.core.manifest import add_up
from seedpipe.core.records import PhaseTotal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from seedpipe.core.model import Job, PlannedCell
    from seedpipe.core.records import Tally

_BATCH: Final = 500  # jobs a look-up: few round trips, little memory
_MOST_SIZES: Final = 6  # sizes named a series; more would not fit a line


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A plan against a ledger: a tally for each series, and the sizes its jobs ask for."""

    by_series: Mapping[str, Tally]
    sizes: Mapping[str, tuple[str, ...]]

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


def survey(cells: Iterable[PlannedCell], phases: Callable[[Sequence[str]], Mapping[str, Phase]]) -> Standing:
    """Return where a plan stands; `phases` tells of a batch of job ids those that were ever tried."""
    by_series: dict[str, Tally] = {}
    sizes: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for batch in _batches(cells):
        known = phases([planned.job.job_id for planned in batch])
        for planned in batch:
            job, series = planned.job, planned.cell.series
            tally = by_series.setdefault(series, {})
            phase = known.get(job.job_id, Phase.PLANNED)
            one = PhaseTotal(jobs=1, images=job.outputs_expected, cost_usd=job.cost_usd)
            tally[phase] = add_up([tally.get(phase, PhaseTotal()), one])
            size = job.request.get("size")
            if size is not None and len(sizes[series]) < _MOST_SIZES:
                sizes[series][str(size)] = None
    return Standing(by_series=by_series, sizes={series: tuple(found) for series, found in sizes.items()})


def new_jobs(
    cells: Iterable[PlannedCell], phases: Callable[[Sequence[str]], Mapping[str, Phase]]
) -> Iterator[Job]:
    """Yield the jobs of a plan that a run would submit; `phases` as in `survey`."""
    for batch in _batches(cells):
        known = phases([planned.job.job_id for planned in batch])
        for planned in batch:
            if known.get(planned.job.job_id, Phase.PLANNED) is Phase.PLANNED:
                yield planned.job


def _batches(cells: Iterable[PlannedCell]) -> Iterable[list[PlannedCell]]:
    opening = (planned for planned in cells if planned.opens_job)
    while batch := list(islice(opening, _BATCH)):
        yield batch
