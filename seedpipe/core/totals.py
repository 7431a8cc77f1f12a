"""A plan in sums: what it makes and costs, by series, by axis and key, and as the lines of a bill."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from seedpipe.core.model import JobPlan, PlannedCell


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A part of a plan. A job that several cells share counts where its first cell is."""

    cells: int
    jobs: int
    images: int
    cost_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceLine:
    """A line of the bill: `images` of one series at `unit_usd` each make `cost_usd`."""

    series: str
    model: str
    unit_usd: Decimal
    jobs: int
    images: int
    cost_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanTotals:
    """The plan in sums: in all, by series, by axis and key, and as lines of a bill in the plan's order."""

    all: Share
    by_series: Mapping[str, Share]
    by_axis: Mapping[str, Mapping[str, Share]]
    prices: tuple[PriceLine, ...]


@dataclass(slots=True)
class Sum:
    """A share that is still being counted."""

    cells: int = 0
    jobs: int = 0
    images: int = 0
    cost_usd: Decimal = Decimal(0)

    def add(self, planned: PlannedCell) -> None:
        """Count one more cell, and its job when it opens one."""
        self.cells += 1
        if planned.opens_job:
            self.jobs += 1
            self.images += planned.job.outputs_expected
            self.cost_usd += planned.job.cost_usd

    def share(self) -> Share:
        """Return the sums so far."""
        return Share(cells=self.cells, jobs=self.jobs, images=self.images, cost_usd=self.cost_usd)


class Bill:
    """A plan's sums, counted as its cells pass by."""

    def __init__(self, plan: JobPlan) -> None:
        self._all = Sum()
        self._by_series = defaultdict(Sum, {series: Sum() for series in plan.series})
        self._by_axis = defaultdict(_sums, {axis: _sums() for axis in plan.axes})
        self._prices: dict[tuple[str, str, Decimal], Sum] = defaultdict(Sum)

    def counting(self, cells: Iterable[PlannedCell]) -> Iterator[PlannedCell]:
        """Pass the cells of the plan on, and count them."""
        for planned in cells:
            cell, job = planned.cell, planned.job
            self._all.add(planned)
            self._by_series[cell.series].add(planned)
            for axis, key in cell.axes.items():
                self._by_axis[axis][key].add(planned)
            if planned.opens_job:
                self._prices[cell.series, job.model, job.unit_usd].add(planned)
            yield planned

    def totals(self) -> PlanTotals:
        """Return the sums of what has passed."""
        return PlanTotals(
            all=self._all.share(),
            by_series={name: part.share() for name, part in self._by_series.items()},
            by_axis={
                axis: {key: part.share() for key, part in parts.items()}
                for axis, parts in self._by_axis.items()
            },
            prices=tuple(
                PriceLine(
                    series=series,
                    model=model,
                    unit_usd=unit,
                    jobs=part.jobs,
                    images=part.images,
                    cost_usd=part.cost_usd,
                )
                for (series, model, unit), part in self._prices.items()
            ),
        )


def _sums() -> defaultdict[str, Sum]:
    return defaultdict(Sum)


def total(plan: JobPlan) -> PlanTotals:
    """Read the whole stream once and return its sums. Raises `InputError` like `Plan.cells`."""
    bill = Bill(plan)
    for _ in bill.counting(plan.cells()):
        pass
    return bill.totals()
