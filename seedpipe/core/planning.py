"""A campaign becomes a plan: cells and priced jobs, as a stream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from decimal import Decimal

    from seedpipe.core.campaign import Campaign, Files
    from seedpipe.core.catalogue import Catalogue
    from seedpipe.core.model import PlanHeader, PlannedCell


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All cells and jobs of a campaign: a header, and a stream that can be read again and is always the same."""

    campaign: Campaign
    catalogue: Catalogue
    header: PlanHeader

    def cells(self) -> Iterator[PlannedCell]:
        """Yield the cells in order; raises `InputError` with every diagnostic after the last good one."""
        raise NotImplementedError


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
    """The plan in sums: in all, by series, by axis and key, and as lines of a bill in the order of the series."""

    all: Share
    by_series: Mapping[str, Share]
    by_axis: Mapping[str, Mapping[str, Share]]
    prices: tuple[PriceLine, ...]


def expand(campaign: Campaign, catalogue: Catalogue) -> Plan:
    """Return the plan of a campaign that has been loaded; nothing is rendered before it is read."""
    raise NotImplementedError


def make_plan(path: str, files: Files, catalogue: Catalogue) -> Plan:
    """Read a campaign file and return its plan; like `load_campaign` and `expand`, but when the file has faults

    the series without any are expanded too, so that the `InputError` carries everything at once.
    """
    raise NotImplementedError


def total(plan: Plan) -> PlanTotals:
    """Read the whole stream once and return its sums. Raises `InputError` like `Plan.cells`."""
    raise NotImplementedError
