"""Warnings: what a campaign may mean, and rarely does.

Hides how each is found. Nothing here stops a run: an axis that changes no request, a set that is asked for as
one picture, cells that share one request. Cells pass through as they are; memory holds a little a series.
`lint: {ignore, enable}` of the campaign says which rules speak.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from seedpipe.core.diagnostics import Diagnostic, Severity, in_reading_order
from seedpipe.core.values import column
from seedpipe.core.wording import speaks_of_a_set

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from seedpipe.core.campaign import Campaign, Series
    from seedpipe.core.diagnostics import Span
    from seedpipe.core.model import PlannedCell

_FALSE_TEXTS: Final = frozenset({"false", "no", "off", "0", "n"})
_COLOURS: Final = re.compile(
    r"\b(?:red|crimson|scarlet|burgundy|orange|amber|yellow|gold|golden|green|olive|emerald|teal|turquoise|cyan"
    r"|blue|navy|azure|indigo|violet|purple|lilac|lavender|magenta|pink|rose|brown|beige|cream|ivory|white"
    r"|black|grey|gray|silver|charcoal)\b",
    re.IGNORECASE,
)


@dataclass(slots=True)
class _Seen:
    """What is known of a series while its cells pass."""

    series: Series
    judged: set[int] = field(default_factory=set)  # numbers of images a set whose wording was looked at
    sizes: set[str] = field(default_factory=set)
    colours: dict[str, str] = field(default_factory=dict)  # by name: the first cell that names it
    sharing: int = 0
    first_sharing: str = ""


class Lint:
    """One look at a plan for what is probably not meant."""

    def __init__(self, campaign: Campaign) -> None:
        self._campaign = campaign
        self._seen = {series.name: _Seen(series) for series in campaign.series}
        self._found: list[Diagnostic] = []

    def watching(self, cells: Iterable[PlannedCell]) -> Iterator[PlannedCell]:
        """Pass the cells of the plan on, and look at each."""
        for planned in cells:
            self._look(self._seen[planned.cell.series], planned)
            yield planned

    def warnings(self) -> list[Diagnostic]:
        """Return what was found, of the rules that the campaign lets speak, in reading order."""
        found = [*self._campaign.habits, *self._found]
        for seen in self._seen.values():
            found += self._of_series(seen)
        return in_reading_order(one for one in dict.fromkeys(found) if self._campaign.lint.hears(one.rule))

    def _look(self, seen: _Seen, planned: PlannedCell) -> None:
        job, address = planned.job, planned.cell.address
        if not planned.opens_job:
            seen.first_sharing = seen.first_sharing or address
            seen.sharing += 1
            return
        if job.outputs_expected not in seen.judged:
            seen.judged.add(job.outputs_expected)
            self._judge_wording(seen.series, planned)
        if self._campaign.lint.hears("size-not-recommended"):
            self._judge_size(seen, planned)
        if self._campaign.lint.hears("colour-outside-brand"):
            for colour in _COLOURS.findall(str(job.request.get("prompt", ""))):
                seen.colours.setdefault(colour.lower(), address)

    def _judge_wording(self, series: Series, planned: PlannedCell) -> None:
        images, prompt = planned.job.outputs_expected, str(planned.job.request.get("prompt", ""))
        told = series.prompt.names & {"max_images", "shots"} or speaks_of_a_set(prompt)
        if images == 1 or told or re.search(rf"\b{images}\b", prompt):
            return
        message = f"{images} images are paid for, but the prompt asks for one"
        hint = 'write it: "Generate a series of {{ max_images }} images of ..."'
        self._add("set-wording", message, series.prompt.span, hint, f"in cell {planned.cell.address}")

    def _judge_size(self, seen: _Seen, planned: PlannedCell) -> None:
        size = str(planned.job.request.get("size", ""))
        if not size or size in seen.sizes or planned.newer_size:
            return  # a ratio is no choice of the campaign's, whatever it stood for before
        seen.sizes.add(size)
        model = self._campaign.catalogue.models[planned.job.model]
        recommended = [str(one) for one in self._campaign.catalogue.sizes_for(model)]
        if size in recommended:
            return
        given = seen.series.inputs.get("size")
        message = f"{size} is not one of the sizes recommended for the model"
        hint = f'`seedpipe sizes {model.model_id}` lists them; a ratio like "16:9" takes the largest'
        span = given.span if given else seen.series.span
        self._add("size-not-recommended", message, span, hint, f"in cell {planned.cell.address}")

    def _of_series(self, seen: _Seen) -> Iterator[Diagnostic]:
        series = seen.series
        idle = _idle_axes(series)
        for axis in idle:
            message = f"axis '{axis}' of series '{series.name}' changes nothing in its requests"
            used = f"use {{{{ {axis} }}}} in the prompt"
            hint = f"{used}, or remove it from 'over': all its cells get the same images"
            yield _warning("axis-without-effect", message, series.span, hint)
        if seen.sharing and not idle:
            shared = "1 cell asks" if seen.sharing == 1 else f"{seen.sharing} cells ask"
            message = f"{shared} for the same as another cell of the plan"
            hint = "the request is paid for once, and its images are placed in all of these cells"
            note = f"the first is {seen.first_sharing}"
            yield _warning("shared-request", message, series.span, hint, note)
        palette = self._campaign.brand.palette if self._campaign.brand else {}
        own = {word for name in palette for word in re.split(r"\W+", name.lower())}
        for colour, address in seen.colours.items():
            if colour not in own:
                message = f"'{colour}' is not a colour of the brand"
                hint = f"the palette has {', '.join(palette) or 'none'}"
                yield _warning(
                    "colour-outside-brand", message, series.prompt.span, hint, f"in cell {address}"
                )
        yield from self._texts_as_conditions(series)

    def _texts_as_conditions(self, series: Series) -> Iterator[Diagnostic]:
        templates = [series.prompt, series.output, *(derived.template for derived in series.derived)]
        templates += [series.selection.where] if series.selection.where else []
        for template in templates:
            for name in sorted(template.tested):
                if text := self._false_text(name):
                    message = f"'{name}' can be the text \"{text}\", which counts as true in a condition"
                    hint = f"compare it: {name} == '{text}'"
                    yield _warning("text-as-condition", message, template.span, hint)

    def _false_text(self, name: str) -> str | None:
        """Return a text like "false" that a name can have, None when it has no such value."""
        first, _, rest = name.partition(".")
        if axis := self._campaign.axes.get(first):
            values = [column(row, rest) if rest else row for row in axis.rows]
            texts = [value for value in values if isinstance(value, str)]
        else:
            value = self._campaign.variables.get(first)
            value = value.get(rest) if rest and isinstance(value, dict) else value
            texts = [value] if isinstance(value, str) else []
        return next((text for text in texts if text.strip().lower() in _FALSE_TEXTS), None)

    def _add(self, rule: str, message: str, span: Span, hint: str, note: str) -> None:
        self._found.append(_warning(rule, message, span, hint, note))


def _idle_axes(series: Series) -> list[str]:
    """Return the axes of a series that no part of its request depends on."""
    used = set(series.prompt.names)
    for given in series.inputs.values():
        used |= {name for template in given.templates for name in template.names}
    for derived in reversed(series.derived):
        if derived.name in used:
            used |= derived.template.names
    for override in series.overrides:
        used |= override.match.keys.keys()
    if "cell" in used:
        return []
    return [axis.name for axis in series.over if axis.name not in used and len(axis.chosen) > 1]


def _warning(rule: str, message: str, span: Span | None, hint: str, note: str = "") -> Diagnostic:
    notes = (note,) if note else ()
    return Diagnostic(
        rule=rule, message=message, span=span, severity=Severity.WARNING, hint=hint, notes=notes
    )
