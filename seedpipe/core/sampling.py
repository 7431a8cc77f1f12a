"""A part of a plan: a sample that shows every value of every axis, or the canaries of one axis.

Hides which cells are chosen. A sample: those that bring the most values nobody has brought yet, in the plan's
order, then the plan's first ones. Canaries: the first cell of each key. Equal plans give equal parts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seedpipe.core.diagnostics import nearest
from seedpipe.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from seedpipe.core.campaign import Campaign
    from seedpipe.core.catalogue import Catalogue
    from seedpipe.core.model import Cell, PlanHeader, PlannedCell
    from seedpipe.core.planning import Plan
    from seedpipe.core.variant import Variant


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPart:
    """Some cells of a plan; see `JobPlan`. `chosen` yields them anew each time they are read."""

    plan: Plan | PlanPart
    chosen: Callable[[], Iterable[PlannedCell]]

    @property
    def header(self) -> PlanHeader:
        """The plan's; its variant names the part."""
        return self.plan.header

    @property
    def campaign(self) -> Campaign:
        """The plan's campaign."""
        return self.plan.campaign

    @property
    def series(self) -> tuple[str, ...]:
        """The names of the plan's series."""
        return self.plan.series

    @property
    def axes(self) -> tuple[str, ...]:
        """The names of the plan's axes."""
        return self.plan.axes

    @property
    def catalogue(self) -> Catalogue:
        """The plan's models."""
        return self.plan.catalogue

    @property
    def prices_as_of(self) -> str:
        """The day of the plan's prices."""
        return self.plan.prices_as_of

    def cells(self) -> Iterator[PlannedCell]:
        """Yield the chosen cells; a job that several of them share is opened by the first."""
        opened: set[str] = set()
        for planned in self.chosen():
            yield replace(planned, opens_job=planned.job.job_id not in opened)
            opened.add(planned.job.job_id)


def part_of(plan: Plan, variant: Variant) -> Plan | PlanPart:
    """Return the sample or the canaries that a variant asks for, or the plan itself.

    Raises `InputError` where these cannot be, or like the plan's own cells.
    """
    if variant.sample and variant.canary:
        raise InputError("--sample and --canary cannot be combined", hint="use one of them")
    if variant.sample:
        return sampled(plan, variant.sample)
    return canaries(plan, variant.canary) if variant.canary else plan


def canaries(plan: Plan, axis: str) -> PlanPart:
    """Return the first cell of each key of an axis, whatever its series.

    Raises `InputError` when there is no such axis or no cell is over it, or like the plan's own cells.
    """
    if axis not in plan.axes:
        raise InputError(f"--canary: there is no axis '{axis}'", hint=nearest(axis, plan.axes))
    chosen = first_of_each((planned.cell for planned in plan.cells()), axis)
    if not chosen:
        hint = "choose an axis that a series uses, and cells that have it"
        raise InputError(f"--canary: no cell has the axis '{axis}'", hint=hint)
    return _at(plan, chosen)


def _at(plan: Plan, addresses: Iterable[str]) -> PlanPart:
    chosen = frozenset(addresses)
    return PlanPart(
        plan=plan, chosen=lambda: (planned for planned in plan.cells() if planned.cell.address in chosen)
    )


def first_of_each(cells: Iterable[Cell], axis: str) -> list[str]:
    """Return the address of the first cell of each key of an axis, in the order of the cells."""
    first: dict[str, str] = {}
    for cell in cells:
        if axis in cell.axes:
            first.setdefault(cell.axes[axis], cell.address)
    return list(first.values())


def sampled(plan: Plan, count: int) -> PlanPart:
    """Return `count` cells of a plan that cover every axis value of every series.

    Raises `InputError` when so few cannot, or like the plan's own cells.
    """
    chosen = covering((planned.cell for planned in plan.cells()), count)
    return _at(plan, chosen)


def covering(cells: Iterable[Cell], count: int) -> list[str]:
    """Return the addresses of `count` cells, or of all, that bring every value of every axis of a series."""
    values = {cell.address: _values(cell) for cell in cells}
    wanted = set[tuple[str, ...]]().union(*values.values())
    chosen: dict[str, None] = {}
    for gain in range(max(map(len, values.values()), default=0), 0, -1):
        for address, brings in values.items():
            if len(brings & wanted) >= gain:
                chosen[address] = None
                wanted -= brings
    if len(chosen) > count:
        hint = f"use --sample {len(chosen)}, or choose a part with --select"
        raise InputError(f"{count} cells cannot cover every value of every axis", hint=hint)
    chosen |= dict.fromkeys(list(values)[: count + len(chosen)])
    return list(chosen)[:count]


def _values(cell: Cell) -> set[tuple[str, ...]]:
    """Return what a cell shows: its series, and each of its axis keys in that series."""
    return {(cell.series,), *((cell.series, axis, key) for axis, key in cell.axes.items())}
