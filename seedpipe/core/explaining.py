"""Where every value of a cell came from: the line that wrote it, and the layer that it belongs to.

Hides how a value is followed to its place: what was read is noticed (`tracing`), where it is written is
looked up in the files (`campaign.places`). What was merged keeps the place where it is written, so that the
line tells which of the layers won.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seedpipe.core.checking import OFF, USUAL, PlanChecks, is_on, laid_over
from seedpipe.core.selection import Matches, numbers_of
from seedpipe.core.tracing import Read, trace
from seedpipe.core.values import TableByKey

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from seedpipe.core.campaign import Campaign, Override, Places
    from seedpipe.core.diagnostics import Span
    from seedpipe.core.model import Json, PlanHeader, PlannedCell
    from seedpipe.core.values import Keyed


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """One value of a cell, and where it comes from.

    `span` is where it is written, None for a flag or what nobody wrote; `layer` says what that is: a row, the
    brand, a profile, an override, a flag.
    """

    name: str
    value: str
    span: Span | None = None
    layer: str = ""

    @property
    def where(self) -> str:
        """Both in words."""
        return ", ".join(filter(None, (str(self.span) if self.span else "", self.layer)))


def origins(
    campaign: Campaign, header: PlanHeader, places: Places, planned: PlannedCell
) -> tuple[Origin, ...]:
    """Return the values that a cell's request, paths and checks are made of."""
    return tuple(_Told(campaign, header, places, planned).all())


class _Told:
    """One cell, told value by value."""

    def __init__(self, campaign: Campaign, header: PlanHeader, places: Places, planned: PlannedCell) -> None:
        cell = planned.cell
        self._campaign = campaign
        self._header = header
        self._places = places
        self._planned = planned
        series = next(one for one in campaign.series if one.name == cell.series)
        self._rows: Sequence[Keyed] = [
            next(row for row in axis.rows if row == cell.axes[axis.name]) for axis in series.over
        ]
        matches = Matches((override.match for override in series.overrides), series.over)
        self._overrides = [series.overrides[hit] for hit in numbers_of(matches.of(tuple(self._rows)))]
        self._series = series.overridden(self._overrides)

    def all(self) -> Iterator[Origin]:
        series = self._series
        yield self._origin("series", series.name, series.span)
        for override in self._overrides:
            written = self._campaign.override_spans[override.number]
            yield Origin(name="override", value=f"number {override.number + 1}", span=written)
        yield from self._values()
        yield from self._request()
        yield self._output()
        yield from self._checks()

    def _origin(self, name: str, value: object, span: Span | None, layer: str = "") -> Origin:
        return Origin(name=name, value=_spelt(value), span=span, layer=self._places.layer(span) or layer)

    # ---- what the templates read ----

    def _values(self) -> Iterator[Origin]:
        """Yield the axis keys and the columns that were read, variables, brand, and what was derived."""
        variables = dict(self._campaign.variables)
        for override in self._overrides:
            variables |= override.variables
        traced = trace(variables, self._campaign.brand, self._series, self._rows, self._planned)
        for row in self._rows:
            axis = row.columns.axis
            yield self._origin(axis, str(row), self._places.row(axis, row), "axis")
            for read in traced.reads:
                if read.path[0] == axis:
                    span = self._places.row(axis, row, read.path[1])
                    yield self._origin(read.spelt, read.value, span, "row")
        axes = {row.columns.axis for row in self._rows}
        yield from (self._read(read) for read in traced.reads if read.path[0] not in axes)
        for derived in self._series.derived:
            yield self._origin(derived.name, traced.derived[derived.name], derived.template.span, "derive")

    def _read(self, read: Read) -> Origin:
        name, *keys = read.path
        if name == "brand":
            return self._origin(read.spelt, read.value, self._places.in_brand(*keys), "brand")
        if name in self._campaign.variant.variables:
            return Origin(name=read.spelt, value=_spelt(read.value), layer="--var")
        if given := self._places.given(*read.path):
            return self._origin(read.spelt, read.value, given, "--var-file")
        for override in reversed(self._overrides):
            if name in override.variables:
                span = self._places.in_override(override.number, "variables", *read.path)
                return self._origin(read.spelt, read.value, span)
        if isinstance(self._campaign.variables[name], TableByKey):
            span = self._places.in_table(name, tuple(keys[:-1]), keys[-1])
            return self._origin(read.spelt, read.value, span, "row")
        return self._origin(read.spelt, read.value, self._places.of("variables", *read.path), "variable")

    # ---- what is asked for ----

    def _request(self) -> Iterator[Origin]:
        series, job = self._series, self._planned.job
        model = self._campaign.catalogue.models[series.model]
        span = self._places.of("series", series.name, "model") or self._places.of("model")
        yield self._origin("model", job.model, span)
        for name, value in job.request.items():
            if name == "prompt":
                yield self._origin(name, value, series.prompt.span)
            elif given := series.inputs.get(name):
                layer = "shots" if name == model.count_input and series.shots else ""
                origin = self._origin(f"input.{name}", value, given.span, layer)
                yield self._as_before(origin) if name == "size" else origin
            else:
                yield self._origin(f"input.{name}", value, None, "the model's default")

    def _as_before(self, origin: Origin) -> Origin:
        """Say of a size that it is not the one that today's catalogue would choose, where that is so."""
        if self._planned.newer_size is None:
            return origin
        words = f"the size that was asked for before; today's would be {self._planned.newer_size}"
        return replace(origin, layer=", ".join(filter(None, (origin.layer, words))))

    def _output(self) -> Origin:
        template, path = self._series.output, self._planned.cell.output_paths[0]
        if self._places.of("series", self._series.name, "output") or self._places.of("output"):
            return self._origin("output", path, template.span)
        return self._origin("output", path, None, "the usual path")

    # ---- what is checked ----

    def _checks(self) -> Iterator[Origin]:
        """Yield each check that is written for the cell, its level, and the limits that are not the usual."""
        asked = {one.check: one for one in PlanChecks(self._header).of(self._planned.cell)}
        given: Mapping[str, Json] = self._campaign.checks.get(self._series.name, {})
        for override in self._overrides:
            given = laid_over(given, override.checks)
        for check in (name for name in USUAL if name in given):
            level = str(asked[check].level) if check in asked else OFF
            yield self._origin(f"checks.{check}", level, self._check_place(check, "level"))
            limits = given[check] if check in asked else None
            for limit, value in limits.items() if isinstance(limits, dict) else ():
                if limit != "level":
                    span = self._check_place(check, limit)
                    yield self._origin(f"checks.{check}.{limit}", value, span)

    def _check_place(self, check: str, what: str) -> Span | None:
        """Return where the uppermost layer says something of a check, else where that names it."""
        named: Span | None = None
        for override in reversed(self._overrides):
            if check in override.checks:
                place = self._in_override(override, check, what)
                named = named or self._in_override(override, check)
                if place or override.checks[check] == OFF:
                    return place or named
        for above in (("series", self._series.name), ()):
            if self._places.of(*above, "checks", check) is None:
                continue
            place = self._places.of(*above, "checks", check, what)
            if place and (named is None or is_on(self._campaign.checks[self._series.name][check])):
                return place
            named = named or self._places.of(*above, "checks", check)
        return named

    def _in_override(self, override: Override, check: str, *what: str) -> Span | None:
        return self._places.in_override(override.number, "checks", check, *what)


def _spelt(value: object) -> str:
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):  # no plain data: it tells itself in its own words
        return str(value)
