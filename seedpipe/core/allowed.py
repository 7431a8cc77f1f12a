"""What a campaign's budget allows its plan to be: its cells, its jobs, its price.

Hides how a plan is held against its caps while it passes. Invariants: a product that nobody would wait for is
refused before its first cell; a job counts once, however many cells share it. Memory holds a digest a job.
What was spent by earlier plans is not known here: see `seedpipe.core.spend`.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from seedpipe.core.campaign import faulty
from seedpipe.core.diagnostics import Diagnostic
from seedpipe.core.money import usd
from seedpipe.core.selection import included_size, product_size
from seedpipe.core.totals import Sum

if TYPE_CHECKING:
    from seedpipe.core.campaign import Campaign, Series
    from seedpipe.core.faults import Faults
    from seedpipe.core.model import Job, PlannedCell

_MOST_CELLS: Final = 250_000  # of a product that is cut down or shares its jobs: some seconds of work
_CELLS_A_JOB: Final = 10  # cells of a product for each job that the campaign allows


class Allowed:
    """One reading of a plan, held against the campaign's budget."""

    def __init__(self, campaign: Campaign, faults: Faults) -> None:
        self._campaign = campaign
        self._caps = campaign.budget.caps
        self._spans = campaign.budget.spans
        self._faults = faults
        self._jobs: set[bytes] = set()
        self._spent: dict[str, Sum] = defaultdict(Sum)

    def takes(self, series: Series) -> bool:
        """Say whether a series is small enough to be read at all, and keep the fault if not."""
        size = product_size(series.over) + included_size(series.selection)
        most = max(_MOST_CELLS, _CELLS_A_JOB * self._caps.max_jobs)
        if size <= most:
            return True
        self._faults.add(self._too_many(f"the axes of series '{series.name}' make {size} cells", series))
        return False

    def opens(self, job: Job, series: Series, where: str) -> bool:
        """Say whether a job is new to the plan, and judge it if so.

        Raises `InputError` with everything found so far when there are more than the campaign allows.
        """
        digest = bytes.fromhex(job.job_id)
        if digest in self._jobs:
            return False
        self._jobs.add(digest)
        limit = self._caps.per_job_usd
        if limit is not None and job.cost_usd > limit:
            cost = f"{job.outputs_expected} × {usd(job.unit_usd)} = {usd(job.cost_usd)}"
            message = f"a job of series '{series.name}' costs {cost}; the limit is {usd(limit)}"
            hint = "use fewer images per set, or raise budget.per_job_usd"
            span = self._spans["per_job_usd"]
            self._faults.add(Diagnostic(rule="over-budget", message=message, span=span, hint=hint), where)
        if len(self._jobs) > self._caps.max_jobs:
            largest = max(self._campaign.series, key=_cell_count)
            message = f"the plan has more than {self._caps.max_jobs} jobs"
            self._faults.add(self._too_many(message, largest))
            raise faulty(self._campaign.path, self._faults.diagnostics())
        return True

    def count(self, planned: PlannedCell) -> None:
        """Count a cell of the plan, and its price when it opens a job."""
        self._spent[planned.cell.series].add(planned)

    def judge_cost(self) -> None:
        """Keep a fault when all that was counted costs more than the budget."""
        limit = self._caps.usd
        cost = sum((part.cost_usd for part in self._spent.values()), Decimal(0))
        if limit is None or cost <= limit:
            return
        notes = tuple(
            f"series '{name}': {part.images} images in {part.jobs} jobs, {usd(part.cost_usd)}"
            for name, part in self._spent.items()
            if part.jobs
        )
        message = f"the plan costs {usd(cost)}; the budget is {usd(limit)}"
        hint = "plan fewer cells or images, or raise budget.usd"
        span = self._spans["usd"]
        self._faults.add(Diagnostic(rule="over-budget", message=message, span=span, notes=notes, hint=hint))

    def _too_many(self, message: str, largest: Series) -> Diagnostic:
        product = " × ".join(f"{axis.name} ({len(axis.chosen)})" for axis in largest.over) or "one cell"
        product += f" × takes ({largest.selection.takes})" if largest.selection.takes > 1 else ""
        has = "has at most" if largest.selection.narrows else "has"
        notes = [f"series '{largest.name}' {has} {_cell_count(largest)} cells: {product}"]
        hint = "set budget.max_jobs if this is intended"
        span = self._spans.get("max_jobs", largest.span)
        if largest.over:
            widest = max(largest.over, key=lambda axis: len(axis.chosen))
            notes.append(f"axis '{widest.name}' multiplies most, by {len(widest.chosen)}")
            hint = f"remove rows from '{widest.name}', or set budget.max_jobs if this is intended"
        return Diagnostic(rule="too-many-jobs", message=message, span=span, notes=tuple(notes), hint=hint)


def _cell_count(series: Series) -> int:
    return product_size(series.over) * series.selection.takes
