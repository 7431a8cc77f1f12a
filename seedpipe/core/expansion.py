"""The cells of a plan, one reading of them: how they are multiplied, rendered, judged and share their jobs.

Hides what cells have in common, so that it is worked out once: the inputs of a series without templates, the
settings of cells that the same overrides match. Invariant: what is wrong in many cells is told once, and all
that is wrong is told; only more jobs than the budget allows end the reading early.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from seedpipe.core.allowed import Allowed
from seedpipe.core.asked import Asked
from seedpipe.core.campaign import data_values, faulty
from seedpipe.core.catalogue import asked_ratio, normalise
from seedpipe.core.claims import Claims
from seedpipe.core.diagnostics import Diagnostic
from seedpipe.core.faults import Faults
from seedpipe.core.fence import Steps
from seedpipe.core.model import Cell, Job, PlannedCell, job_id
from seedpipe.core.rendering import Rendering, UnfitCell
from seedpipe.core.selection import Choice, Matches, capacity, numbers_of, rows_of
from seedpipe.core.templates import Template, TemplateFault
from seedpipe.core.values import shielded
from seedpipe.core.wording import SaidCount, said_counts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction

    from seedpipe.core.campaign import Campaign, InputValue, Series
    from seedpipe.core.catalogue import InputProblem, ModelSpec
    from seedpipe.core.diagnostics import Span
    from seedpipe.core.model import Json
    from seedpipe.core.pinning import Pins
    from seedpipe.core.selection import Place
    from seedpipe.core.values import Keyed


@dataclass(slots=True, kw_only=True)
class _Setting:
    """What all cells of a series share.

    `resolved` are its inputs when no template is among them, and `ratio` the one that they give for a size.
    """

    series: Series
    model: ModelSpec
    values: dict[str, object]
    first_cell: int
    overrides: Matches
    overridden: dict[int, _Setting] = field(default_factory=dict)
    resolved: dict[str, Json] | None = None
    ratio: Fraction | None = None
    input_values: object = None

    @property
    def is_unfit(self) -> bool:
        """Whether its inputs are wrong in every cell, which was said."""
        return self.resolved is None and not _has_templates(self.series)


class Expansion:
    """One reading of a plan.

    A `partial` one may cost more than the budget; an `incomplete` campaign lacks the series that have faults.
    With `pins`, ratios stand for what they stood for before.
    """

    def __init__(
        self,
        campaign: Campaign,
        *,
        partial: bool = False,
        incomplete: bool = False,
        pins: Pins | None = None,
    ) -> None:
        self._campaign = campaign
        self._pins = pins
        self._pinned = hashlib.sha256()
        self.pinned = ""  # once all was read: a digest of the sizes that are not today's, empty for none
        self._partial = partial
        self._incomplete = incomplete
        self._faults = Faults()
        self._steps = Steps()
        self._allowed = Allowed(campaign, self._faults)
        self._claims = Claims(self._faults, self._address_of, "output path")
        self._published = Claims(self._faults, self._address_of, "published path")
        self._settings: list[_Setting] = []
        self._overrides_used: set[int] = set()
        self._said_counts: dict[str, tuple[SaidCount, ...]] = {}  # by series, as its prompt says them

    def cells(self) -> Iterator[PlannedCell]:
        """Yield the cells in order; raises `InputError` with every diagnostic after the last good one."""
        first_cell = 0
        asked = Asked(self._campaign)
        self._faults.extend(asked.faults())
        for series in self._campaign.series:
            setting = self._setting(series, first_cell, self._values(series))
            self._settings.append(setting)
            first_cell += capacity(series.over, series.selection)
            if asked.may_take(series) and not setting.is_unfit and self._allowed.takes(series):
                yield from self._cells_of(setting, asked)
        if not self._faults.any:
            self._faults.extend(asked.idle())
        self._judge_overrides(asked)
        if not self._partial:
            self._allowed.judge_cost()
        if found := self._faults.diagnostics():
            raise faulty(self._campaign.path, found)
        self._campaign.references.complete = True

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
            self._faults.add(Diagnostic(rule="matches-nothing", message=message, span=span, hint=hint))

    def _holds(self, setting: _Setting, rows: tuple[Keyed, ...]) -> bool | None:
        where = setting.series.selection.where
        values = {**setting.values, **_by_axis(setting.series, rows)}
        try:
            return where is None or where.holds(values, self._steps)
        except TemplateFault as fault:
            self._faults.add(fault.diagnostic, f"in cell {'/'.join((setting.series.name, *rows))}")
            return None

    def _judge_overrides(self, asked: Asked) -> None:
        """Refuse overrides that matched no cell: a mistyped one pays for the wrong picture."""
        if asked.narrows or self._incomplete or self._faults.any:
            return
        message, hint = "this override matches no cell", "what it names is excluded, or misspelt"
        for number, span in enumerate(self._campaign.override_spans):
            if number not in self._overrides_used:
                self._faults.add(Diagnostic(rule="matches-nothing", message=message, span=span, hint=hint))

    # ---- what cells share ----

    def _values(self, series: Series) -> dict[str, object]:
        """Return what the templates of a series see in every cell."""
        values = data_values(self._campaign.variables, self._campaign.brand)
        return {**values, "series": series.name, "shots": shielded("shots", list(series.shots))}

    def _overridden(self, setting: _Setting, rows: tuple[Keyed, ...]) -> _Setting:
        """Return the setting of a cell: that of its series, or one with what its overrides say."""
        hits = setting.overrides.of(rows)
        if not hits:
            return setting
        if hits not in setting.overridden:
            overrides = [setting.series.overrides[hit] for hit in numbers_of(hits)]
            self._overrides_used |= {override.number for override in overrides}
            values = dict(setting.values)
            for override in overrides:
                values |= {name: shielded(name, value) for name, value in override.variables.items()}
            series = setting.series.overridden(overrides)
            setting.overridden[hits] = self._setting(series, setting.first_cell, values)
        return setting.overridden[hits]

    def _setting(self, series: Series, first_cell: int, values: dict[str, object]) -> _Setting:
        setting = _Setting(
            series=series,
            model=self._campaign.catalogue.models[series.model],
            values=values,
            first_cell=first_cell,
            overrides=Matches((override.match for override in series.overrides), series.over),
        )
        if not _has_templates(series):
            literal = {name: given.literal() for name, given in series.inputs.items()}
            try:
                setting.resolved = self._accepted(setting, literal, self._rendering(values, where=""))
            except UnfitCell:
                return setting
            setting.ratio = asked_ratio(literal.get("size"))
            setting.input_values = shielded("input", setting.resolved)
        return setting

    def _rendering(self, values: dict[str, object], *, where: str) -> Rendering:
        return Rendering(values=values, where=where, faults=self._faults, steps=self._steps)

    # ---- one cell ----

    def _planned(self, setting: _Setting, place: Place) -> PlannedCell | None:
        if setting.is_unfit:
            return None
        series = setting.series
        address = _address(series, place.rows, place.take)
        values = {
            **setting.values,
            **_by_axis(series, place.rows),
            "cell": cell_name(series, place.rows, place.take),
            "take": str(place.take),
        }
        seen = self._rendering(values, where=f"in cell {address}")
        for derived in series.derived:
            seen.derive(derived)
        try:
            job, newer_size = self._job(setting, seen, place.take)
            number = setting.first_cell + place.number
            output_paths = self._claims.claim(series, number, job.outputs_expected, seen)
            published = self._published.claim_formats(series, number, job.outputs_expected, seen)
        except UnfitCell:
            return None
        self._judge_wording(series, job, seen)
        self._judge_brand_words(series, job, seen)
        opens_job = self._allowed.opens(job, series, seen.where)
        cell = Cell(
            address=address,
            series=series.name,
            axes={axis.name: str(row) for axis, row in zip(series.over, place.rows, strict=True)},
            job_id=job.job_id,
            output_paths=output_paths,
        )
        planned = PlannedCell(
            cell=cell, job=job, opens_job=opens_job, published=published, newer_size=newer_size
        )
        if newer_size:
            self._pinned.update(f"{address} {job.request['size']}\n".encode())
            self.pinned = self._pinned.hexdigest()
        self._allowed.count(planned)
        return planned

    def _job(self, setting: _Setting, cell: Rendering, take: int) -> tuple[Job, str | None]:
        """Return the cell's request, and leave `input` and `max_images` among its values.

        With it comes the size that it would have by today's catalogue, where it stays with an earlier one.
        """
        inputs, ratio = setting.resolved, setting.ratio
        if inputs is None:
            rendered = {name: _filled(given, cell) for name, given in setting.series.inputs.items()}
            inputs, ratio = self._accepted(setting, rendered, cell), asked_ratio(rendered.get("size"))
        job = self._asked(setting, inputs, cell, take)
        if ratio is None or self._pins is None:
            return job, None
        today = str(inputs["size"])
        others = self._pins.others(self._campaign.catalogue, setting.model, ratio, today)
        if not others:
            return job, None
        jobs = [job, *(self._resized(setting, inputs, size, job, cell, take) for size in others)]
        chosen = self._pins.chosen(jobs, setting.series.name)
        # What renders the paths sees the inputs that are sent.
        cell.values["input"] = shielded("input", {**inputs, "size": chosen.request["size"]})
        return chosen, None if chosen is job else today

    def _resized(
        self, setting: _Setting, inputs: dict[str, Json], size: str, job: Job, cell: Rendering, take: int
    ) -> Job:
        """Return what the cell would ask for in another size that its model accepts."""
        if "input" in setting.series.prompt.names:
            return self._asked(setting, {**inputs, "size": size}, cell, take)
        request = {**job.request, "size": size}
        return replace(job, request=request, job_id=job_id(job.model, request, take=take))

    def _asked(self, setting: _Setting, inputs: dict[str, Json], cell: Rendering, take: int) -> Job:
        """Return the request that these inputs make, and leave them among the cell's values."""
        shared = inputs is setting.resolved
        cell.values["input"] = setting.input_values if shared else shielded("input", inputs)
        cell.values["max_images"] = setting.model.price(inputs).images
        prompt = cell.text(setting.series.prompt)
        request, problems = normalise(self._campaign.catalogue, setting.model, {**inputs, "prompt": prompt})
        _refuse(setting.series, problems, cell)
        price = setting.model.price(request)
        return Job(
            job_id=job_id(setting.model.model_id, request, take=take),
            model=setting.model.model_id,
            request=request,
            outputs_expected=price.images,
            cost_usd=price.total_usd,
        )

    def _accepted(self, setting: _Setting, inputs: dict[str, Json], cell: Rendering) -> dict[str, Json]:
        """Return the inputs without the prompt as the model takes them; the prompt comes later."""
        inputs, problems = self._campaign.references.resolve(setting.model, inputs)
        _refuse(setting.series, problems, cell)
        request, problems = normalise(self._campaign.catalogue, setting.model, {**inputs, "prompt": "-"})
        _refuse(setting.series, problems, cell)
        del request["prompt"]
        return request

    def _judge_wording(self, series: Series, job: Job, cell: Rendering) -> None:
        """Refuse a prompt that asks for another number of images than are paid for."""
        if not self._campaign.lint.hears("set-count"):
            return
        if series.name not in self._said_counts:
            self._said_counts[series.name] = tuple(said_counts(series.prompt.text))
        for said in self._said_counts[series.name]:
            if said.images != job.outputs_expected:
                paid = job.outputs_expected
                message = f"the prompt asks for {said.images} images, but the request pays for {paid}"
                hint = (
                    "write {{ max_images }} in the prompt: it is always the number that the request pays for"
                )
                cell.tell("set-count", message, series.prompt.place_of(said.start, said.end), hint)

    def _judge_brand_words(self, series: Series, job: Job, cell: Rendering) -> None:
        """Refuse a prompt that lacks what the brand wants said, or says what it bans."""
        if self._campaign.brand is None or "prompt" not in job.request:
            return
        market = str(cell.values["market"]) if "market" in cell.values else None
        for fault in self._campaign.brand.words.faults(str(job.request["prompt"]), market, series.prompt):
            if self._campaign.lint.hears(fault.rule):
                self._faults.add(fault, cell.where)

    def _address_of(self, number: int) -> str:
        """Return the address of a cell by its number in the plan."""
        setting = next(setting for setting in reversed(self._settings) if setting.first_cell <= number)
        series = setting.series
        keys, take = rows_of(series.over, series.selection, number - setting.first_cell)
        return _address(series, keys, take)


def _by_axis(series: Series, rows: tuple[Keyed, ...]) -> dict[str, object]:
    return {axis.name: row for axis, row in zip(series.over, rows, strict=True)}


def _address(series: Series, keys: tuple[str, ...], take: int) -> str:
    """Return `hero/AUR-07/jp`; takes after the first add to it, so that one more take moves no cell."""
    return "/".join((series.name, *keys, *([] if take == 1 else [f"take-{take}"])))


def cell_name(series: Series, keys: tuple[str, ...], take: int) -> str:
    """Return what templates see as `cell`: `AUR-07-jp`, `AUR-07-jp-take-2`; the series' name without axes."""
    return "-".join((*(keys or (series.name,)), *([] if take == 1 else [f"take-{take}"])))


def _has_templates(series: Series) -> bool:
    return any(given.is_dynamic for given in series.inputs.values())


def _filled(given: InputValue, cell: Rendering) -> Json:
    filled: list[Json] = [
        cell.text(part).strip() if isinstance(part, Template) else part for part in given.parts
    ]
    return filled if isinstance(given.value, tuple) else filled[0]


def _refuse(series: Series, problems: list[InputProblem], cell: Rendering) -> None:
    """Keep what the model would not take, if anything, and end the cell. Raises `UnfitCell`."""
    for problem in problems:
        cell.tell(problem.rule, problem.message, _place_of(series, problem), problem.hint)
    if problems:
        raise UnfitCell


def _place_of(series: Series, problem: InputProblem) -> Span:
    if problem.name == "prompt":
        return series.prompt.span
    given = series.inputs.get(problem.name)
    return given.place_of(problem) if given else series.span
