"""A campaign becomes a plan: a header, and cells and priced jobs as a stream.

Hides what a plan is made from and when it is known. Invariants: equal files and catalogue give equal plans,
cell for cell; a plan whose stream ends without an `InputError` is safe to pay for: every request is one its
model accepts, every path is inside the output folder and used once, every budget is kept.
Absent on purpose: the ledger (what is already paid) and the network.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seedpipe.core.campaign import faulty, read_campaign
from seedpipe.core.checking import CellChecks, check_document
from seedpipe.core.errors import InputError
from seedpipe.core.expansion import Expansion
from seedpipe.core.model import PlanHeader
from seedpipe.core.variant import AS_IT_STANDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seedpipe.core.campaign import Campaign, Files
    from seedpipe.core.catalogue import Catalogue
    from seedpipe.core.model import PlannedCell
    from seedpipe.core.pinning import Pins
    from seedpipe.core.variant import Variant


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All cells and jobs of a campaign: a header, and a stream that reads the same every time."""

    campaign: Campaign
    partial: bool = False  # may cost more than the campaign's budget: whoever runs it stops there
    file: str = ""  # the campaign's, by its path from the project root
    pins: Pins | None = None  # what ratios stood for before; without them today's sizes count

    @property
    def header(self) -> PlanHeader:
        """What the plan is made from: the images that its requests and checks refer to, and earlier sizes.

        Which those are is known once the cells were read; where nobody has done so yet, this does, and
        raises as `cells` does.
        """
        campaign, brand = self.campaign, self.campaign.brand
        if (self._may_refer and not campaign.references.complete) or self._may_be_pinned:
            for _ in self.cells():
                pass
        pinned = {"sizes": self.pins.digest} if self.pins and self.pins.digest else {}
        sought = brand.logo_sha256 if brand else None
        single = {
            series.name: [CellChecks(keys=one.match.keys, checks=one.checks) for one in series.overrides]
            for series in campaign.series
        }
        checks = check_document(brand.palette if brand else {}, campaign.checks, sought, single)
        logo = {brand.logo: sought} if brand and brand.logo and sought and "logo" in checks else {}
        return PlanHeader(
            campaign=campaign.name,
            brand=brand.name if brand else None,
            sources=campaign.sources,
            references=campaign.references.digests | logo,
            catalogue=campaign.catalogue.digest,
            budget=replace(campaign.budget.caps, brand_usd_per_month=brand.usd_per_month if brand else None),
            policy=campaign.policy,
            labels=campaign.labels,
            variant=campaign.variant.spelt | pinned,
            checks=checks,
            file=self.file,
        )

    @property
    def _may_refer(self) -> bool:
        models = self.campaign.catalogue.models
        return any(models[series.model].reference_inputs for series in self.campaign.series)

    @property
    def _may_be_pinned(self) -> bool:
        """Whether some cell may stay with an earlier size and nobody has looked yet."""
        pins, catalogue = self.pins, self.campaign.catalogue
        if pins is None or pins.digest is not None:
            return False
        return any(
            "size" in inputs and pins.may_matter(catalogue, catalogue.models[series.model], inputs["size"])
            for series in self.campaign.series
            for inputs in (series.inputs, *(override.inputs for override in series.overrides))
        )

    @property
    def series(self) -> tuple[str, ...]:
        """The names of its series, in order."""
        return tuple(series.name for series in self.campaign.series)

    @property
    def axes(self) -> tuple[str, ...]:
        """The names of its axes, in order."""
        return tuple(self.campaign.axes)

    @property
    def catalogue(self) -> Catalogue:
        """The models it was priced with."""
        return self.campaign.catalogue

    @property
    def prices_as_of(self) -> str:
        """The day that the oldest price of its models is of."""
        catalogue = self.campaign.catalogue
        days = [catalogue.as_of_model(series.model) for series in self.campaign.series]
        return min(days, default=catalogue.as_of)

    def cells(self) -> Iterator[PlannedCell]:
        """Yield the cells in order; raises `InputError` with every diagnostic after the last good one.

        Only more jobs than `budget.max_jobs` end the stream early.
        """
        expansion = Expansion(self.campaign, partial=self.partial, pins=self.pins)
        yield from expansion.cells()
        if self.pins:
            self.pins.digest = expansion.pinned


def expand(campaign: Campaign, *, partial: bool = False) -> Plan:
    """Return the plan of a loaded campaign; nothing is rendered before its cells are read.

    A `partial` one is no error when it costs more than the campaign's budget.
    """
    return Plan(campaign=campaign, partial=partial)


def make_plan(
    path: str,
    files: Files,
    catalogue: Catalogue,
    variant: Variant = AS_IT_STANDS,
    *,
    partial: bool = False,
) -> Plan:
    """Read a campaign file and return its plan, whose cells are still to be read and judged.

    Raises `InputError` when the file has faults; the series that have none are expanded first, so
    that the error carries what is wrong with their cells too.
    """
    campaign, problems = read_campaign(path, files, catalogue, variant)
    if campaign and not problems:
        return expand(campaign, partial=partial)
    if campaign:
        try:
            for _ in Expansion(campaign, partial=partial, incomplete=True).cells():
                pass
        except InputError as error:
            problems += error.diagnostics
    raise faulty(files.shown(path), problems)
