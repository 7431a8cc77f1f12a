"""A campaign becomes a plan: cells and priced jobs, as a stream.

Hides how cells are multiplied, rendered, judged and shared between jobs. Invariants: equal files and
catalogue give equal plans, cell for cell; a plan whose stream ends without an `InputError` is safe to pay
for: every request is one its model accepts, every path is inside the output folder and used once, every
budget is kept.
Memory holds a digest a job and a path, never cells: a million of them pass through.
Absent on purpose: the ledger (what is already paid) and the network.
"""

from __future__ import annotations

import hashlib
import itertools
import math
from collections import defaultdict
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from seedpipe.core.campaign import faulty, read_campaign
from seedpipe.core.catalogue import normalise
from seedpipe.core.diagnostics import Diagnostic, in_reading_order
from seedpipe.core.errors import InputError
from seedpipe.core.model import Cell, Job, PlanHeader, PlannedCell, job_id
from seedpipe.core.paths import path_fault, path_identity
from seedpipe.core.templates import Template, TemplateFault, deferred
from seedpipe.core.values import shielded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from seedpipe.core.campaign import Campaign, Files, InputValue, Series
    from seedpipe.core.catalogue import Catalogue, InputProblem, ModelSpec
    from seedpipe.core.diagnostics import Span
    from seedpipe.core.model import Json
    from seedpipe.core.values import Keyed

_MAX_FAULTS: Final = 200  # different ones that are shown: more than anyone reads before mending the first
_DIGEST_BYTES: Final = 16  # 128 bits of a path: no collision to fear


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All cells and jobs of a campaign: a header, and a stream that reads the same every time."""

    campaign: Campaign
    catalogue: Catalogue
    header: PlanHeader
    partial: bool = False  # may cost more than the campaign's budget: whoever runs it stops there

    def cells(self) -> Iterator[PlannedCell]:
        """Yield the cells in order; raises `InputError` with every diagnostic after the last good one.

        Only more jobs than `budget.max_jobs` end the stream early.
        """
        return _Expansion(self.campaign, self.catalogue, partial=self.partial).cells()


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


def expand(campaign: Campaign, catalogue: Catalogue, *, partial: bool = False) -> Plan:
    """Return the plan of a loaded campaign; nothing is rendered before its cells are read.

    A `partial` one is no error when it costs more than the campaign's budget.
    """
    brand = campaign.brand
    header = PlanHeader(
        campaign=campaign.name,
        brand=brand.name if brand else None,
        sources=campaign.sources,
        catalogue=catalogue.digest,
        budget=replace(campaign.budget.caps, brand_usd_per_month=brand.usd_per_month if brand else None),
        policy=campaign.policy,
    )
    return Plan(campaign=campaign, catalogue=catalogue, header=header, partial=partial)


def make_plan(path: str, files: Files, catalogue: Catalogue, *, partial: bool = False) -> Plan:
    """Read a campaign file and return its plan, whose cells are still to be read and judged.

    Raises `InputError` when the file has faults; the series that have none are expanded first, so
    that the error carries what is wrong with their cells too.
    """
    campaign, problems = read_campaign(path, files, catalogue)
    if campaign and not problems:
        return expand(campaign, catalogue, partial=partial)
    if campaign:
        try:
            for _ in expand(campaign, catalogue, partial=partial).cells():
                pass
        except InputError as error:
            problems += error.diagnostics
    raise faulty(files.shown(path), problems)


def total(plan: Plan) -> PlanTotals:
    """Read the whole stream once and return its sums. Raises `InputError` like `Plan.cells`."""
    whole = _Sum()
    by_series: dict[str, _Sum] = {series.name: _Sum() for series in plan.campaign.series}
    by_axis: dict[str, dict[str, _Sum]] = {axis: defaultdict(_Sum) for axis in plan.campaign.axes}
    prices: dict[tuple[str, str, Decimal], _Sum] = defaultdict(_Sum)
    for planned in plan.cells():
        cell, job = planned.cell, planned.job
        whole.add(planned)
        by_series[cell.series].add(planned)
        for axis, key in cell.axes.items():
            by_axis[axis][key].add(planned)
        if planned.opens_job:
            prices[cell.series, job.model, job.unit_usd].add(planned)
    return PlanTotals(
        all=whole.share(),
        by_series={name: part.share() for name, part in by_series.items()},
        by_axis={axis: {key: part.share() for key, part in parts.items()} for axis, parts in by_axis.items()},
        prices=tuple(
            PriceLine(
                series=series,
                model=model,
                unit_usd=unit,
                jobs=part.jobs,
                images=part.images,
                cost_usd=part.cost_usd,
            )
            for (series, model, unit), part in prices.items()
        ),
    )


@dataclass(slots=True)
class _Sum:
    cells: int = 0
    jobs: int = 0
    images: int = 0
    cost_usd: Decimal = Decimal(0)

    def add(self, planned: PlannedCell) -> None:
        self.cells += 1
        if planned.opens_job:
            self.jobs += 1
            self.images += planned.job.outputs_expected
            self.cost_usd += planned.job.cost_usd

    def share(self) -> Share:
        return Share(cells=self.cells, jobs=self.jobs, images=self.images, cost_usd=self.cost_usd)


# ---- faults -----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Seen:
    diagnostic: Diagnostic
    where: str
    of: str = ""
    more: int = 0

    def told(self) -> Diagnostic:
        if not self.where:
            return self.diagnostic
        note = f"{self.where} and {self.more} more{self.of}" if self.more else self.where
        return replace(self.diagnostic, notes=(*self.diagnostic.notes, note))


class _Faults:
    """Collects what is wrong: the same mistake in many cells is one diagnostic that names the first."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str, str], _Seen] = {}
        self._left_out = 0

    def add(self, diagnostic: Diagnostic, where: str = "", of: str = "") -> None:
        key = (diagnostic.rule, diagnostic.message, str(diagnostic.span))
        if key in self._seen:
            self._seen[key].more += 1
        elif len(self._seen) < _MAX_FAULTS:
            self._seen[key] = _Seen(diagnostic, where, of)
        else:
            self._left_out += 1

    def diagnostics(self) -> list[Diagnostic]:
        found = in_reading_order(seen.told() for seen in self._seen.values())
        if self._left_out:
            message = f"{self._left_out} further errors of this kind are not shown"
            hint = "mend the first ones and look again"
            found.append(Diagnostic(rule="more-errors", message=message, hint=hint))
        return found


class _UnfitCell(Exception):  # noqa: N818
    """A cell cannot be planned; why is with the faults."""


# ---- expansion --------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class _Setting:
    """What all cells of a series share; `resolved` are its inputs when no template is among them."""

    series: Series
    model: ModelSpec
    values: dict[str, object]
    first_cell: int
    resolved: dict[str, Json] | None = None
    input_values: object = None


@dataclass(slots=True)
class _Expansion:
    """One reading of a plan."""

    campaign: Campaign
    catalogue: Catalogue
    faults: _Faults = field(default_factory=_Faults)
    jobs: set[bytes] = field(default_factory=set)
    paths: dict[bytes, int] = field(default_factory=dict)
    settings: list[_Setting] = field(default_factory=list)
    spent: dict[str, _Sum] = field(default_factory=lambda: defaultdict(_Sum))
    partial: bool = False

    def cells(self) -> Iterator[PlannedCell]:
        first_cell = 0
        for series in self.campaign.series:
            setting = self._setting(series, first_cell)
            self.settings.append(setting)
            first_cell += _cell_count(series)
            if setting.resolved is None and not _has_templates(series):
                continue  # its inputs are wrong in every cell: said once
            axes = [axis.rows for axis in series.over]
            for number, rows in enumerate(itertools.product(*axes), start=setting.first_cell):
                planned = self._planned(setting, number, rows)
                if planned:
                    yield planned
        if not self.partial:
            self._judge_cost()
        if found := self.faults.diagnostics():
            raise faulty(self.campaign.path, found)

    def _setting(self, series: Series, first_cell: int) -> _Setting:
        campaign = self.campaign
        values: dict[str, object] = {
            name: shielded(name, value) for name, value in campaign.variables.items()
        }
        if brand := campaign.brand:
            kit = {"name": brand.name, "palette": brand.palette, "voice": brand.voice, "vars": brand.extras}
            values["brand"] = shielded("brand", kit)
        values["series"] = series.name
        model = self.catalogue.models[series.model]
        setting = _Setting(series=series, model=model, values=values, first_cell=first_cell)
        if not _has_templates(series):
            literal = {name: given.literal() for name, given in series.inputs.items()}
            try:
                setting.resolved = self._accepted(setting, literal, where="")
            except _UnfitCell:
                return setting
            setting.input_values = shielded("input", setting.resolved)
        return setting

    def _planned(self, setting: _Setting, number: int, rows: tuple[Keyed, ...]) -> PlannedCell | None:
        series = setting.series
        where = f"in cell {'/'.join((series.name, *rows))}"
        values = dict(setting.values)
        values.update(zip((axis.name for axis in series.over), rows, strict=True))
        values["cell"] = "-".join(rows) or series.name
        for derived in series.derived:
            values[derived.name] = _derived(derived.template, values)
        try:
            job = self._job(setting, values, where)
            output_paths = self._output_paths(setting, values, number, job.outputs_expected, where)
        except _UnfitCell:
            return None
        opens_job = self._open(job, series, where)
        cell = Cell(
            address="/".join((series.name, *rows)),
            series=series.name,
            axes={axis.name: str(row) for axis, row in zip(series.over, rows, strict=True)},
            job_id=job.job_id,
            output_paths=output_paths,
        )
        planned = PlannedCell(cell=cell, job=job, opens_job=opens_job)
        self.spent[series.name].add(planned)
        return planned

    # ---- the request ----

    def _job(self, setting: _Setting, values: dict[str, object], where: str) -> Job:
        """Return the cell's request, and leave `input` and `max_images` among its values."""
        resolved = setting.resolved
        if resolved is None:
            rendered = {
                name: self._input(given, values, where) for name, given in setting.series.inputs.items()
            }
            resolved = self._accepted(setting, rendered, where)
            values["input"] = shielded("input", resolved)
        else:
            values["input"] = setting.input_values
        values["max_images"] = setting.model.price(resolved).images
        prompt = self._rendered(setting.series.prompt, values, where)
        request, problems = normalise(self.catalogue, setting.model, {**resolved, "prompt": prompt})
        self._refuse(setting, problems, where)
        price = setting.model.price(request)
        return Job(
            job_id=job_id(setting.model.model_id, request),
            model=setting.model.model_id,
            request=request,
            outputs_expected=price.images,
            cost_usd=price.total_usd,
        )

    def _accepted(self, setting: _Setting, inputs: dict[str, Json], where: str) -> dict[str, Json]:
        """Return the inputs without the prompt as the model takes them; the prompt comes later."""
        request, problems = normalise(self.catalogue, setting.model, {**inputs, "prompt": "-"})
        self._refuse(setting, problems, where)
        del request["prompt"]
        return request

    def _refuse(self, setting: _Setting, problems: list[InputProblem], where: str) -> None:
        for problem in problems:
            span = _place_of(setting.series, problem)
            diagnostic = Diagnostic(rule=problem.rule, message=problem.message, span=span, hint=problem.hint)
            self.faults.add(diagnostic, where)
        if problems:
            raise _UnfitCell

    def _input(self, given: InputValue, values: dict[str, object], where: str) -> Json:
        filled: list[Json] = [
            self._rendered(part, values, where).strip() if isinstance(part, Template) else part
            for part in given.parts
        ]
        return filled if isinstance(given.value, tuple) else filled[0]

    def _rendered(self, template: Template, values: dict[str, object], where: str) -> str:
        try:
            return template.render(values)
        except TemplateFault as fault:
            self.faults.add(fault.diagnostic, where)
            raise _UnfitCell from None

    # ---- the paths ----

    def _output_paths(
        self, setting: _Setting, values: dict[str, object], number: int, images: int, where: str
    ) -> tuple[str, ...]:
        template = setting.series.output
        if images > 1 and "image" not in template.names:
            message = f"the {images} images of a set share one path"
            hint = "add {{ image }} to the path"
            diagnostic = Diagnostic(rule="output-path-shared", message=message, span=template.span, hint=hint)
            self.faults.add(diagnostic, where)
            raise _UnfitCell
        digits = len(str(images))
        paths = []
        for image in range(1, images + 1):
            values["image"] = f"{image:0{digits}}"
            path = self._rendered(template, values, where).strip()
            if fault := path_fault(path):
                message = f"the output path '{path}' {fault[0]}"
                diagnostic = Diagnostic(
                    rule="output-path", message=message, span=template.span, hint=fault[1]
                )
                self.faults.add(diagnostic, where)
                raise _UnfitCell
            self._claim(path, setting.series, number)
            paths.append(path)
        return tuple(paths)

    def _claim(self, path: str, series: Series, number: int) -> None:
        """Take the path for a cell: an image that another one replaces was paid for and is lost."""
        digest = hashlib.blake2b(path_identity(path).encode(), digest_size=_DIGEST_BYTES).digest()
        owner = self.paths.setdefault(digest, -1)
        if owner < 0:
            self.paths[digest] = number
            return
        if owner == number:
            message, hint = "the images of a set share one path", "add {{ image }} to the path"
            note = f"'{path}' in cell {self._address(number)}"
        else:
            message, hint = "different cells write to one path", _what_tells_apart(series)
            note = f"'{path}' is written by {self._address(owner)} and {self._address(number)}"
        span = series.output.span
        self.faults.add(
            Diagnostic(rule="output-path-shared", message=message, span=span, hint=hint), note, " such pairs"
        )
        raise _UnfitCell

    def _address(self, number: int) -> str:
        """Return the address of a cell by its number in the plan."""
        setting = next(setting for setting in reversed(self.settings) if setting.first_cell <= number)
        rest = number - setting.first_cell
        keys: list[str] = []
        for axis in reversed(setting.series.over):
            rest, at = divmod(rest, len(axis.rows))
            keys.append(axis.rows[at])
        return "/".join((setting.series.name, *reversed(keys)))

    # ---- the money ----

    def _open(self, job: Job, series: Series, where: str) -> bool:
        """Say whether the job is new to the plan, and judge it against the budget if so."""
        digest = bytes.fromhex(job.job_id)
        if digest in self.jobs:
            return False
        self.jobs.add(digest)
        caps, spans = self.campaign.budget.caps, self.campaign.budget.spans
        if caps.per_job_usd is not None and job.cost_usd > caps.per_job_usd:
            cost = f"{job.outputs_expected} × {usd(job.unit_usd)} = {usd(job.cost_usd)}"
            message = f"a job of series '{series.name}' costs {cost}; the limit is {usd(caps.per_job_usd)}"
            hint = "make fewer images a set, or raise budget.per_job_usd"
            span = spans["per_job_usd"]
            self.faults.add(Diagnostic(rule="over-budget", message=message, span=span, hint=hint), where)
        if len(self.jobs) > caps.max_jobs:
            self.faults.add(self._too_many_jobs())
            raise faulty(self.campaign.path, self.faults.diagnostics())
        return True

    def _too_many_jobs(self) -> Diagnostic:
        largest = max(self.campaign.series, key=_cell_count)
        product = " × ".join(f"{axis.name} ({len(axis.rows)})" for axis in largest.over) or "one cell"
        notes = [f"series '{largest.name}' has {_cell_count(largest)} cells: {product}"]
        limit = self.campaign.budget.caps.max_jobs
        hint = "set budget.max_jobs if you mean it"
        span = self.campaign.budget.spans.get("max_jobs", largest.span)
        if largest.over:
            widest = max(largest.over, key=lambda axis: len(axis.rows))
            notes.append(f"axis '{widest.name}' multiplies most, by {len(widest.rows)}")
            hint = f"take rows out of '{widest.name}', or set budget.max_jobs if you mean it"
        message = f"the plan has more than {limit} jobs"
        return Diagnostic(rule="too-many-jobs", message=message, span=span, notes=tuple(notes), hint=hint)

    def _judge_cost(self) -> None:
        limit = self.campaign.budget.caps.usd
        cost = sum((part.cost_usd for part in self.spent.values()), Decimal(0))
        if limit is None or cost <= limit:
            return
        notes = tuple(
            f"series '{name}': {part.images} images in {part.jobs} jobs, {usd(part.cost_usd)}"
            for name, part in self.spent.items()
            if part.jobs
        )
        message = f"the plan costs {usd(cost)}; the budget is {usd(limit)}"
        hint = "plan fewer cells or images, or raise budget.usd"
        span = self.campaign.budget.spans["usd"]
        self.faults.add(Diagnostic(rule="over-budget", message=message, span=span, notes=notes, hint=hint))


def usd(amount: Decimal) -> str:
    """Return an amount for people: at least two decimals, and as many as it has."""
    exact = f"{amount.normalize():f}"
    whole, _, decimals = exact.partition(".")
    return f"${whole}.{decimals:0<2}"


def _cell_count(series: Series) -> int:
    return math.prod(len(axis.rows) for axis in series.over)


def _derived(template: Template, values: Mapping[str, object]) -> object:
    """Return a derived text; its fault is told where it is used."""
    try:
        return template.render(values).strip()
    except TemplateFault as fault:
        return deferred(fault)


def _has_templates(series: Series) -> bool:
    return any(given.is_dynamic for given in series.inputs.values())


def _place_of(series: Series, problem: InputProblem) -> Span:
    if problem.name == "prompt":
        return series.prompt.span
    given = series.inputs.get(problem.name)
    return given.place_of(problem) if given else series.span


def _what_tells_apart(series: Series) -> str:
    names = series.output.names
    missing = [axis.name for axis in series.over if axis.name not in names]
    if "cell" in names or not missing:
        return "give them keys, series names or paths that differ in more than case"
    return f"add {{{{ {missing[0]} }}}} to the path"
