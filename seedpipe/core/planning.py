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
from collections import defaultdict
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from seedpipe.core.asked import Asked
from seedpipe.core.campaign import data_values, faulty, read_campaign
from seedpipe.core.catalogue import normalise
from seedpipe.core.checking import check_document
from seedpipe.core.diagnostics import Diagnostic
from seedpipe.core.errors import InputError
from seedpipe.core.faults import Faults
from seedpipe.core.fence import Steps
from seedpipe.core.model import Cell, Job, PlanHeader, PlannedCell, job_id
from seedpipe.core.money import usd
from seedpipe.core.paths import path_fault, path_identity
from seedpipe.core.selection import (
    Choice,
    Matches,
    capacity,
    included_size,
    numbers_of,
    product_size,
    rows_of,
)
from seedpipe.core.templates import Template, TemplateFault, deferred
from seedpipe.core.totals import Sum
from seedpipe.core.values import shielded
from seedpipe.core.variant import AS_IT_STANDS
from seedpipe.core.wording import said_counts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from seedpipe.core.campaign import Campaign, Files, InputValue, Series
    from seedpipe.core.catalogue import Catalogue, InputProblem, ModelSpec
    from seedpipe.core.diagnostics import Span
    from seedpipe.core.model import Json
    from seedpipe.core.selection import Place
    from seedpipe.core.values import Keyed
    from seedpipe.core.variant import Variant

_MOST_CELLS: Final = 250_000  # of a product that is cut down or shares its jobs: some seconds of work
_CELLS_A_JOB: Final = 10  # cells of a product for each job that the campaign allows
_DIGEST_BYTES: Final = 16  # 128 bits of a path: no collision to fear


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All cells and jobs of a campaign: a header, and a stream that reads the same every time."""

    campaign: Campaign
    partial: bool = False  # may cost more than the campaign's budget: whoever runs it stops there
    file: str = ""  # the campaign's, by its path from the project root

    @property
    def header(self) -> PlanHeader:
        """What the plan is made from, the images that its requests and checks refer to included.

        Which those are is known once the cells were read; where nobody has done so yet, this does, and
        raises as `cells` does.
        """
        campaign, brand = self.campaign, self.campaign.brand
        if self._may_refer and not campaign.references.complete:
            for _ in self.cells():
                pass
        sought = brand.logo_sha256 if brand else None
        checks = check_document(brand.palette if brand else {}, campaign.checks, sought)
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
            variant=campaign.variant.spelt,
            checks=checks,
            file=self.file,
        )

    @property
    def _may_refer(self) -> bool:
        models = self.campaign.catalogue.models
        return any(models[series.model].reference_inputs for series in self.campaign.series)

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
        return _Expansion(self.campaign, partial=self.partial).cells()


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
            for _ in _Expansion(campaign, partial=partial, incomplete=True).cells():
                pass
        except InputError as error:
            problems += error.diagnostics
    raise faulty(files.shown(path), problems)


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
    overrides: Matches
    overridden: dict[int, _Setting] = field(default_factory=dict)
    resolved: dict[str, Json] | None = None
    input_values: object = None


@dataclass(slots=True)
class _Expansion:
    """One reading of a plan."""

    campaign: Campaign
    faults: Faults = field(default_factory=Faults)
    jobs: set[bytes] = field(default_factory=set)
    paths: dict[bytes, int] = field(default_factory=dict)
    settings: list[_Setting] = field(default_factory=list)
    spent: dict[str, Sum] = field(default_factory=lambda: defaultdict(Sum))
    partial: bool = False
    incomplete: bool = False  # series that have faults are not among those of the campaign
    overrides_used: set[int] = field(default_factory=set)
    counts_judged: set[tuple[str, int]] = field(default_factory=set)
    steps: Steps = field(default_factory=Steps)

    def cells(self) -> Iterator[PlannedCell]:
        first_cell = 0
        asked = Asked(self.campaign)
        self.faults.extend(asked.faults())
        for series in self.campaign.series:
            setting = self._setting(series, first_cell, self._values(series))
            self.settings.append(setting)
            first_cell += capacity(series.over, series.selection)
            if not asked.may_take(series):
                continue
            if setting.resolved is None and not _has_templates(series):
                continue  # its inputs are wrong in every cell: said once
            if not self._is_too_large(series):
                yield from self._cells_of(setting, asked)
        if not self.faults.any:
            self.faults.extend(asked.idle())
        self._judge_overrides(asked)
        if not self.partial:
            self._judge_cost()
        if found := self.faults.diagnostics():
            raise faulty(self.campaign.path, found)
        self.campaign.references.complete = True

    def _cells_of(self, setting: _Setting, asked: Asked) -> Iterator[PlannedCell]:
        series = setting.series
        choice = Choice(
            name=series.name,
            over=series.over,
            selection=series.selection,
            holds=lambda rows: self._holds(setting, rows),
        )
        for place in choice.places():
            if asked.takes(series, place):
                planned = self._planned(self._overridden(setting, place.rows), place)
                if planned:
                    yield planned
            if asked.is_full:
                return
        for span, what, hint in choice.idle():
            message = f"{what} matches no cell of series '{series.name}'"
            self.faults.add(Diagnostic(rule="matches-nothing", message=message, span=span, hint=hint))

    def _holds(self, setting: _Setting, rows: tuple[Keyed, ...]) -> bool | None:
        where = setting.series.selection.where
        values = {**setting.values, **_by_axis(setting.series, rows)}
        try:
            return where is None or where.holds(values, self.steps)
        except TemplateFault as fault:
            self.faults.add(fault.diagnostic, f"in cell {'/'.join((setting.series.name, *rows))}")
            return None

    def _judge_overrides(self, asked: Asked) -> None:
        """Refuse overrides that matched no cell: a mistyped one pays for the wrong picture."""
        if asked.narrows or self.incomplete or self.faults.any:
            return
        for number, span in enumerate(self.campaign.override_spans):
            if number not in self.overrides_used:
                message, hint = (
                    "this override matches no cell",
                    "what it names is left out, or mistyped",
                )
                self.faults.add(Diagnostic(rule="matches-nothing", message=message, span=span, hint=hint))

    def _values(self, series: Series) -> dict[str, object]:
        """Return what the templates of a series see in every cell."""
        values = data_values(self.campaign.variables, self.campaign.brand)
        return {**values, "series": series.name, "shots": shielded("shots", list(series.shots))}

    def _overridden(self, setting: _Setting, rows: tuple[Keyed, ...]) -> _Setting:
        """Return the setting of a cell: that of its series, or one with what its overrides say."""
        hits = setting.overrides.of(rows)
        if not hits:
            return setting
        if hits not in setting.overridden:
            overrides = [setting.series.overrides[hit] for hit in numbers_of(hits)]
            self.overrides_used |= {override.number for override in overrides}
            values = dict(setting.values)
            for override in overrides:
                values |= {name: shielded(name, value) for name, value in override.variables.items()}
            series = setting.series.overridden(overrides)
            setting.overridden[hits] = self._setting(series, setting.first_cell, values)
        return setting.overridden[hits]

    def _setting(self, series: Series, first_cell: int, values: dict[str, object]) -> _Setting:
        setting = _Setting(
            series=series,
            model=self.campaign.catalogue.models[series.model],
            values=values,
            first_cell=first_cell,
            overrides=Matches((override.match for override in series.overrides), series.over),
        )
        if not _has_templates(series):
            literal = {name: given.literal() for name, given in series.inputs.items()}
            try:
                setting.resolved = self._accepted(setting, literal, where="")
            except _UnfitCell:
                return setting
            setting.input_values = shielded("input", setting.resolved)
        return setting

    def _planned(self, setting: _Setting, place: Place) -> PlannedCell | None:
        series = setting.series
        if setting.resolved is None and not _has_templates(series):
            return None  # of a cell whose overrides bring wrong inputs, which was said
        address = _address(series, place.rows, place.take)
        where = f"in cell {address}"
        values = {**setting.values, **_by_axis(series, place.rows)}
        values["cell"] = _cell_name(series, place.rows, place.take)
        values["take"] = str(place.take)
        for derived in series.derived:
            values[derived.name] = _derived(derived.template, values, self.steps)
        try:
            job = self._job(setting, values, place.take, where)
            number = setting.first_cell + place.number
            output_paths = self._output_paths(setting, values, number, job.outputs_expected, where)
        except _UnfitCell:
            return None
        self._judge_wording(series, job, where)
        self._judge_brand_words(series, job, values, where)
        opens_job = self._open(job, series, where)
        cell = Cell(
            address=address,
            series=series.name,
            axes={axis.name: str(row) for axis, row in zip(series.over, place.rows, strict=True)},
            job_id=job.job_id,
            output_paths=output_paths,
        )
        planned = PlannedCell(cell=cell, job=job, opens_job=opens_job)
        self.spent[series.name].add(planned)
        return planned

    # ---- the request ----

    def _job(self, setting: _Setting, values: dict[str, object], take: int, where: str) -> Job:
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
        request, problems = normalise(self.campaign.catalogue, setting.model, {**resolved, "prompt": prompt})
        self._refuse(setting, problems, where)
        price = setting.model.price(request)
        return Job(
            job_id=job_id(setting.model.model_id, request, take=take),
            model=setting.model.model_id,
            request=request,
            outputs_expected=price.images,
            cost_usd=price.total_usd,
        )

    def _accepted(self, setting: _Setting, inputs: dict[str, Json], where: str) -> dict[str, Json]:
        """Return the inputs without the prompt as the model takes them; the prompt comes later."""
        inputs, problems = self.campaign.references.resolve(setting.model, inputs)
        self._refuse(setting, problems, where)
        request, problems = normalise(self.campaign.catalogue, setting.model, {**inputs, "prompt": "-"})
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
            return template.render(values, self.steps)
        except TemplateFault as fault:
            self.faults.add(fault.diagnostic, where)
            raise _UnfitCell from None

    def _judge_wording(self, series: Series, job: Job, where: str) -> None:
        """Refuse a prompt that asks for another number of images than are paid for."""
        if (series.name, job.outputs_expected) in self.counts_judged:
            return
        self.counts_judged.add((series.name, job.outputs_expected))
        if not self.campaign.lint.hears("set-count"):
            return
        for said in said_counts(series.prompt.text):
            if said.images != job.outputs_expected:
                message = f"the prompt asks for {said.images} images, the request for {job.outputs_expected}"
                hint = "write {{ max_images }} in the prompt: it is always the number that is paid for"
                span = series.prompt.place_of(said.start, said.end)
                self.faults.add(Diagnostic(rule="set-count", message=message, span=span, hint=hint), where)

    def _judge_brand_words(self, series: Series, job: Job, values: Mapping[str, object], where: str) -> None:
        """Refuse a prompt that lacks what the brand wants said, or says what it bans."""
        if self.campaign.brand is None or "prompt" not in job.request:
            return
        market = str(values["market"]) if "market" in values else None
        for fault in self.campaign.brand.words.faults(str(job.request["prompt"]), market, series.prompt):
            if self.campaign.lint.hears(fault.rule):
                self.faults.add(fault, where)

    # ---- the paths ----

    def _output_paths(
        self, setting: _Setting, values: dict[str, object], number: int, images: int, where: str
    ) -> tuple[str, ...]:
        template = setting.series.output
        if images > 1 and not template.names & {"image", "shot"}:
            message = f"the {images} images of a set share one path"
            hint = "add {{ image }} to the path"
            diagnostic = Diagnostic(rule="output-path-shared", message=message, span=template.span, hint=hint)
            self.faults.add(diagnostic, where)
            raise _UnfitCell
        digits = len(str(images))
        paths = []
        for image in range(1, images + 1):
            values["image"] = f"{image:0{digits}}"
            if shots := setting.series.shots:
                values["shot"] = shots[image - 1]
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
        series = setting.series
        keys, take = rows_of(series.over, series.selection, number - setting.first_cell)
        return _address(series, keys, take)

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

    def _is_too_large(self, series: Series) -> bool:
        """Refuse a product that nobody would wait for, before its first cell."""
        size = product_size(series.over) + included_size(series.selection)
        most = max(_MOST_CELLS, _CELLS_A_JOB * self.campaign.budget.caps.max_jobs)
        if size <= most:
            return False
        self.faults.add(self._too_many(f"the axes of series '{series.name}' make {size} cells", series))
        return True

    def _too_many_jobs(self) -> Diagnostic:
        largest = max(self.campaign.series, key=_cell_count)
        limit = self.campaign.budget.caps.max_jobs
        return self._too_many(f"the plan has more than {limit} jobs", largest)

    def _too_many(self, message: str, largest: Series) -> Diagnostic:
        product = " × ".join(f"{axis.name} ({len(axis.chosen)})" for axis in largest.over) or "one cell"
        product += f" × takes ({largest.selection.takes})" if largest.selection.takes > 1 else ""
        has = "has at most" if largest.selection.narrows else "has"
        notes = [f"series '{largest.name}' {has} {_cell_count(largest)} cells: {product}"]
        hint = "set budget.max_jobs if you mean it"
        span = self.campaign.budget.spans.get("max_jobs", largest.span)
        if largest.over:
            widest = max(largest.over, key=lambda axis: len(axis.chosen))
            notes.append(f"axis '{widest.name}' multiplies most, by {len(widest.chosen)}")
            hint = f"take rows out of '{widest.name}', or set budget.max_jobs if you mean it"
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


def _cell_count(series: Series) -> int:
    return product_size(series.over) * series.selection.takes


def _by_axis(series: Series, rows: tuple[Keyed, ...]) -> dict[str, object]:
    return {axis.name: row for axis, row in zip(series.over, rows, strict=True)}


def _address(series: Series, keys: tuple[str, ...], take: int) -> str:
    """Return `hero/AUR-07/jp`; takes after the first add to it, so that one more take moves no cell."""
    return "/".join((series.name, *keys, *([] if take == 1 else [f"take-{take}"])))


def _cell_name(series: Series, keys: tuple[str, ...], take: int) -> str:
    return "-".join((*(keys or (series.name,)), *([] if take == 1 else [f"take-{take}"])))


def _derived(template: Template, values: Mapping[str, object], steps: Steps) -> object:
    """Return a derived text; its fault is told where it is used."""
    try:
        return template.render(values, steps).strip()
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
    if series.selection.takes > 1 and "take" not in names:
        missing.append("take")
    if "cell" in names or not missing:
        return "give them keys, series names or paths that differ in more than case"
    return f"add {{{{ {missing[0]} }}}} to the path"
