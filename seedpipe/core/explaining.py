"""Where every value of a cell came from: the line that wrote it, the row, the flag, the override, the brand.

Hides how a name is traced. What was merged from other files and profiles keeps the place where it is written,
so that the line alone tells which of them won.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from seedpipe.core.selection import Matches, numbers_of
from seedpipe.core.templates import Template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seedpipe.core.campaign import Campaign, Series
    from seedpipe.core.model import Cell, Job
    from seedpipe.core.values import Keyed

_BUILT_IN: Final = frozenset({"series", "cell", "take", "max_images", "input", "shots", "image", "shot"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """One value of a cell, and where it comes from: `file:line:column`, a flag, or the model."""

    name: str
    value: str
    where: str


def origins(campaign: Campaign, cell: Cell, job: Job) -> tuple[Origin, ...]:
    """Return the values that a cell's request is made of, the request's own inputs last."""
    series = next(one for one in campaign.series if one.name == cell.series)
    rows = tuple(next(row for row in axis.rows if row == cell.axes[axis.name]) for axis in series.over)
    hits = numbers_of(Matches((override.match for override in series.overrides), series.over).of(rows))
    overridden = series.overridden([series.overrides[hit] for hit in hits]) if hits else series
    return (
        Origin(name="series", value=series.name, where=str(series.span)),
        *(
            Origin(name="override", value=f"number {series.overrides[hit].number + 1}", where=str(span))
            for hit in hits
            for span in [campaign.override_spans[series.overrides[hit].number]]
        ),
        *_rows(series, rows, _names(overridden)[1]),
        *_variables(campaign, series, hits, _names(overridden)[0]),
        *_texts(overridden),
        *_request(overridden, job),
        Origin(name="output", value=cell.output_paths[0], where=str(overridden.output.span)),
    )


def _names(series: Series) -> tuple[frozenset[str], str]:
    """Return the names that a series' templates use, and all their text."""
    templates = [series.prompt, series.output, *(derived.template for derived in series.derived)]
    parts = [part for given in series.inputs.values() for part in given.parts]
    templates += [part for part in parts if isinstance(part, Template)]
    names = frozenset[str]().union(*(template.names for template in templates)) - _BUILT_IN
    return names, "\n".join(template.text for template in templates)


def _rows(series: Series, rows: tuple[Keyed, ...], text: str) -> Iterator[Origin]:
    """Yield the axis keys, and the columns of their rows that a template reads."""
    for axis, row in zip(series.over, rows, strict=True):
        yield Origin(name=axis.name, value=str(row), where=row.columns.origin or str(axis.span))
        for column, at in row.columns.names.items():
            if re.search(rf"\b{re.escape(axis.name)}\s*\.\s*{re.escape(column)}\b", text):
                where = f"column '{column}' of that row"
                yield Origin(name=f"{axis.name}.{column}", value=_spelt(row.values[at]), where=where)


def _variables(
    campaign: Campaign, series: Series, hits: list[int], names: frozenset[str]
) -> Iterator[Origin]:
    variant = campaign.variant
    for name in sorted(names & campaign.variables.keys()):
        value, where = _spelt(campaign.variables[name]), f"variables, {campaign.path}"
        if name in variant.variables:
            where = "--var"
        elif variant.variable_files:
            where = f"{where} or --var-file {', '.join(variant.variable_files)}"
        for hit in hits:
            if name in series.overrides[hit].variables:
                override = series.overrides[hit]
                value = _spelt(override.variables[name])
                where = f"override, {campaign.override_spans[override.number]}"
        yield Origin(name=name, value=value, where=where)
    if "brand" in names and campaign.brand:
        yield Origin(name="brand", value=campaign.brand.name, where="the brand file")


def _texts(series: Series) -> Iterator[Origin]:
    for derived in series.derived:
        template = derived.template
        yield Origin(name=derived.name, value=template.text.strip(), where=str(template.span))


def _request(series: Series, job: Job) -> Iterator[Origin]:
    yield Origin(name="model", value=job.model, where=f"series '{series.name}', or the campaign")
    for name, value in job.request.items():
        if name == "prompt":
            yield Origin(name=name, value=_spelt(value), where=str(series.prompt.span))
        elif given := series.inputs.get(name):
            yield Origin(name=f"input.{name}", value=_spelt(value), where=str(given.span))
        else:
            yield Origin(name=f"input.{name}", value=_spelt(value), where="the model's default")


def _spelt(value: object) -> str:
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):  # no plain data: a table tells itself in its own words
        return str(value)
