"""Two plans of one campaign side by side: what an edit adds, changes and removes, in cells and in money.

Hides how cells and jobs are matched: a cell by its address, a job by its content. Money is counted by jobs:
what both plans ask for costs nothing more, whatever cell asks. A job counts where its first cell is.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from seedpipe.core.changes import changed_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from seedpipe.core.changes import ValueChange
    from seedpipe.core.model import PlannedCell

_MOST_CHANGES: Final = 200  # changed cells that can be told one by one


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some cells of a comparison, and what the jobs cost that only one of the plans asks for."""

    cells: int = 0
    jobs: int = 0
    cost_usd: Decimal = Decimal(0)

    def plus(self, *, cells: int = 0, jobs: int = 0, cost_usd: Decimal = Decimal(0)) -> Part:
        """Return a part with some more."""
        return Part(cells=self.cells + cells, jobs=self.jobs + jobs, cost_usd=self.cost_usd + cost_usd)


@dataclass(slots=True, kw_only=True)
class Difference:
    """What is in the newer plan only, asked for otherwise, and in the older one only."""

    added: Part = Part()
    changed: Part = Part()
    removed: Part = Part()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedRequest:
    """A cell of both plans that asks for something else."""

    address: str
    values: tuple[ValueChange, ...]


@dataclass(slots=True, kw_only=True)
class Comparison:
    """How two plans differ: in all, by series, by axis and key; `first` has the first changed cells."""

    all: Difference = field(default_factory=Difference)
    by_series: Mapping[str, Difference] = field(default_factory=dict)
    by_axis: Mapping[str, Mapping[str, Difference]] = field(default_factory=dict)
    first: tuple[ChangedRequest, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether both plans ask for the same, cell for cell."""
        return not (self.all.added.cells or self.all.changed.cells or self.all.removed.cells)


def compare(before: Iterable[PlannedCell], after: Iterable[PlannedCell]) -> Comparison:
    """Return how the second plan differs from the first."""
    found = _Comparing({planned.cell.address: planned for planned in before})
    for planned in after:
        found.take(planned)
    return found.result()


class _Comparing:
    def __init__(self, before: dict[str, PlannedCell]) -> None:
        self._left = before
        self._jobs = {planned.job.job_id for planned in before.values()}
        self._asked: set[str] = set()
        self._all = Difference()
        self._by_series: defaultdict[str, Difference] = defaultdict(Difference)
        self._by_axis: defaultdict[str, defaultdict[str, Difference]] = defaultdict(
            lambda: defaultdict(Difference)
        )
        self._first: list[ChangedRequest] = []

    def take(self, planned: PlannedCell) -> None:
        """Match a cell of the newer plan."""
        old = self._left.pop(planned.cell.address, None)
        job = planned.job
        bought = job.job_id not in self._jobs and job.job_id not in self._asked
        self._asked.add(job.job_id)
        cost_usd = job.cost_usd if bought else Decimal(0)
        if old is None:
            for part in self._parts(planned):
                part.added = part.added.plus(cells=1, jobs=bought, cost_usd=cost_usd)
        elif old.job.job_id != job.job_id:
            for part in self._parts(planned):
                part.changed = part.changed.plus(cells=1, jobs=bought, cost_usd=cost_usd)
            if len(self._first) < _MOST_CHANGES:
                values = changed_values(old.job.request, job.request)
                self._first.append(ChangedRequest(address=planned.cell.address, values=values))

    def result(self) -> Comparison:
        """Return what was found, once all cells of the newer plan were taken."""
        gone: set[str] = set()
        for planned in self._left.values():
            job = planned.job
            saved = job.job_id not in self._asked and job.job_id not in gone
            gone.add(job.job_id)
            cost_usd = job.cost_usd if saved else Decimal(0)
            for part in self._parts(planned):
                part.removed = part.removed.plus(cells=1, jobs=saved, cost_usd=cost_usd)
        return Comparison(
            all=self._all,
            by_series=dict(self._by_series),
            by_axis={axis: dict(keys) for axis, keys in self._by_axis.items()},
            first=tuple(self._first),
        )

    def _parts(self, planned: PlannedCell) -> list[Difference]:
        cell = planned.cell
        keys = [self._by_axis[axis][key] for axis, key in cell.axes.items()]
        return [self._all, self._by_series[cell.series], *keys]
