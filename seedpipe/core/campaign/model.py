"""The campaign as values: what a file means once it has been read and checked.

Invariants: every name is unique and legal, every file it mentions was read, every template is
compiled and uses known names only, every model is in the catalogue. What depends on single
cells (values of inputs, paths, money) is judged by `seedpipe.core.expansion`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from seedpipe.core.brand_words import BrandWords
from seedpipe.core.reviewing import ReviewRules
from seedpipe.core.rules import RULES, Say
from seedpipe.core.templates import Template
from seedpipe.core.values import shielded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from decimal import Decimal

    from seedpipe.core.campaign.references import References
    from seedpipe.core.catalogue import Catalogue, InputProblem
    from seedpipe.core.diagnostics import Diagnostic, Span
    from seedpipe.core.model import BudgetCaps, Json, Policy
    from seedpipe.core.publishing import Format
    from seedpipe.core.selection import Axis, Match, Selection
    from seedpipe.core.values import TableByKey
    from seedpipe.core.variant import Variant


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """The brand kit: `palette` maps colour names to `#RRGGBB`; `extras` are its `vars`.

    `usd_per_month` is what all campaigns of the brand may spend in a month; templates do not see it.
    `logo` is a path from the campaign's folder, `logo_sha256` of what is there; `words` is what every prompt
    must say and must not.
    """

    name: str
    palette: Mapping[str, str]
    voice: str | None
    extras: Mapping[str, Json]
    usd_per_month: Decimal | None = None
    logo: str | None = None
    logo_sha256: str | None = None
    words: BrandWords = field(default_factory=BrandWords)


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """A text that is computed for each cell before the templates that use its name."""

    name: str
    template: Template


@dataclass(frozen=True, slots=True, kw_only=True)
class InputValue:
    """One input of a series' model, as written: plain data, a template, or a list of both.

    `span` is the value's place, `key_span` that of its name.
    """

    value: Json | Template | tuple[Json | Template, ...]
    span: Span
    key_span: Span

    @property
    def parts(self) -> tuple[Json | Template, ...]:
        """The value, or the entries of a list of values."""
        return self.value if isinstance(self.value, tuple) else (self.value,)

    @property
    def templates(self) -> tuple[Template, ...]:
        """The templates among its parts."""
        return tuple(part for part in self.parts if isinstance(part, Template))

    @property
    def is_dynamic(self) -> bool:
        """Whether the value depends on the cell."""
        return bool(self.templates)

    def literal(self) -> Json:
        """Return the value when it has no templates."""
        plain = [part for part in self.parts if not isinstance(part, Template)]
        return plain if isinstance(self.value, tuple) else plain[0]

    def place_of(self, problem: InputProblem) -> Span:
        """Return what to mark for a problem of this input."""
        return self.key_span if problem.rule == "unknown-input" else self.span


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """What some cells of a series have instead of what all have. `number` counts the campaign's overrides."""

    number: int
    match: Match
    variables: Mapping[str, Json]
    derived: Mapping[str, Template]
    inputs: Mapping[str, InputValue]
    checks: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """Where approved images are published, below a folder of their own, and in which forms."""

    to: Template
    formats: tuple[Format, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A named prompt over some axes; none is one cell. `inputs` are the campaign's under its own.

    `derived` holds what the templates use, each before those that use it; `shots` name the images of a set.
    """

    name: str
    span: Span
    over: tuple[Axis, ...]
    model: str
    prompt: Template
    inputs: Mapping[str, InputValue]
    derived: tuple[Derived, ...]
    output: Template
    selection: Selection
    shots: tuple[str, ...] = ()
    overrides: tuple[Override, ...] = ()
    publication: Publication | None = None

    def overridden(self, overrides: Iterable[Override]) -> Series:
        """Return the series as the cells see it that these overrides match; the last one counts."""
        inputs, derived = dict(self.inputs), {one.name: one for one in self.derived}
        for override in overrides:
            inputs |= override.inputs
            for name, template in override.derived.items():
                if name in derived:  # one that no template uses is not computed
                    derived[name] = Derived(name=name, template=template)
        return replace(self, inputs=inputs, derived=tuple(derived.values()), overrides=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The caps, and where each is written: by the key's name."""

    caps: BudgetCaps
    spans: Mapping[str, Span]


@dataclass(frozen=True, slots=True, kw_only=True)
class LintSettings:
    """Which rules a campaign silences, and which it asks for beyond the usual ones."""

    ignore: frozenset[str] = frozenset()
    enable: frozenset[str] = frozenset()

    def hears(self, rule: str) -> bool:
        """Say whether a rule speaks in this campaign."""
        return rule not in self.ignore and (RULES[rule].says is not Say.OPT_IN or rule in self.enable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """A whole campaign.

    `path` is the file as shown to the user; `sources` maps every file that was read, by its path from the
    campaign's folder, to the sha256 of its bytes; `references` reads the images that its inputs name;
    `catalogue` has the project's models over those that ship.
    `labels` are free text for those who read the books.
    `checks` are each series' settings as written; `habits` are warnings about its text, whether or not `lint`
    lets their rules speak.
    """

    path: str
    name: str
    brand: Brand | None
    variables: Mapping[str, Json | TableByKey]
    axes: Mapping[str, Axis]
    series: tuple[Series, ...]
    budget: Budget
    policy: Policy
    sources: Mapping[str, str]
    references: References
    labels: Mapping[str, str]
    override_spans: tuple[Span, ...]
    variant: Variant
    lint: LintSettings = LintSettings()
    review: ReviewRules = field(default_factory=ReviewRules)
    checks: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    habits: tuple[Diagnostic, ...] = ()
    catalogue: Catalogue


def data_values(variables: Mapping[str, Json | TableByKey], brand: Brand | None) -> dict[str, object]:
    """Return what every template of a campaign sees: its data, whatever the cell."""
    values = {name: shielded(name, value) for name, value in variables.items()}
    if brand:
        kit = {
            "name": brand.name,
            "palette": brand.palette,
            "voice": brand.voice,
            "logo": brand.logo,
            "style_lock": [phrase.text for phrase in brand.words.style_lock],
            "vars": brand.extras,
        }
        values["brand"] = shielded("brand", kit)
    return values
