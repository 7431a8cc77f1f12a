"""Models as data: what inputs they take, which sizes, and what a request costs.

Hides how a published model page becomes a judgement over one request. `seedpipe.catalog` ships the data.
Invariants: a request that `normalise` passes is one the published page accepts; an input that the price
depends on is always sent, so that a default changed by the service never changes a bill.
"""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Final, NamedTuple

from seedpipe.core.diagnostics import did_you_mean
from seedpipe.core.references import referenced

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from decimal import Decimal

    from seedpipe.core.model import Json

_SIZE = re.compile(r"([1-9][0-9]{0,5})\*([1-9][0-9]{0,5})")
_RATIO = re.compile(r"([1-9][0-9]{0,2}):([1-9][0-9]{0,2})")
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,9}")
_GRID_PX = 64  # the service's "rounded" sizes are multiples of this
REFERENCES_SPELT: Final = "a reference is an https URL, or the path of an image from the campaign's folder"
_MAX_RATIO = 16  # wider than 16:1 no model of these families draws


class Size(NamedTuple):
    """Pixels, written `W*H` as the service does."""

    width_px: int
    height_px: int

    @property
    def area_px(self) -> int:
        """Pixels in all."""
        return self.width_px * self.height_px

    @property
    def turned(self) -> Size:
        """The same shape in the other orientation."""
        return Size(self.height_px, self.width_px)

    def __str__(self) -> str:
        return f"{self.width_px}*{self.height_px}"


class InputKind(StrEnum):
    """What an input holds."""

    TEXT = "text"
    SIZE = "size"
    INTEGER = "integer"
    CHOICE = "choice"
    URLS = "urls"


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeRule:
    """Which sizes a model accepts: pixels a side, and pixels in all when the model limits them."""

    min_side_px: int
    max_side_px: int
    min_area_px: int = 0
    max_area_px: int = 2**63

    def accepts(self, size: Size) -> bool:
        """Say whether the model draws this size."""
        return (
            self.min_side_px <= min(size)
            and max(size) <= self.max_side_px
            and self.min_area_px <= size.area_px <= self.max_area_px
        )

    def __str__(self) -> str:
        sides = f"{self.min_side_px} to {self.max_side_px} pixels a side"
        return f"{sides}, at least {self.min_area_px} in all" if self.min_area_px else sides


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSpec:
    """One input of a model. Which limits apply follows from `kind`; counts are inclusive."""

    name: str
    kind: InputKind
    required: bool = False
    default: int | str | None = None
    minimum: int = 0
    maximum: int = 0
    choices: tuple[str, ...] = ()
    size: SizeRule | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """`unit_usd` a billed image times `images`, the number billed."""

    unit_usd: Decimal
    images: int

    @property
    def total_usd(self) -> Decimal:
        """What one attempt costs."""
        return self.unit_usd * self.images


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """A model: its inputs and the rule of its price.

    `unit_usd` is the price of an image; `unit_by` overrides it by the value of one input
    (name, value → price); `count_input` names the input that multiplies it.
    `max_references_and_images` bounds reference images plus generated ones.
    """

    model_id: str
    inputs: Mapping[str, InputSpec]
    unit_usd: Decimal
    unit_by: tuple[str, Mapping[str, Decimal]] | None = None
    count_input: str | None = None
    max_references_and_images: int | None = None

    def price(self, inputs: Mapping[str, Json]) -> Price:
        """Return the price of a normalised request."""
        images = inputs[self.count_input] if self.count_input else 1
        unit = self.unit_usd
        if self.unit_by:
            name, by_value = self.unit_by
            unit = by_value[str(inputs[name])]
        return Price(unit_usd=unit, images=int(str(images)))

    @property
    def reference_inputs(self) -> tuple[str, ...]:
        """The inputs that take reference images."""
        return tuple(spec.name for spec in self.inputs.values() if spec.kind is InputKind.URLS)

    @property
    def priced_inputs(self) -> tuple[str, ...]:
        """The inputs that the price depends on."""
        by_value = (self.unit_by[0],) if self.unit_by else ()
        by_count = (self.count_input,) if self.count_input else ()
        return by_value + by_count


@dataclass(frozen=True, slots=True, kw_only=True)
class RecommendedSize:
    """A row of the published table: a ratio and its size rounded to the grid."""

    ratio: Fraction
    size: Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An entry of the service's list of models, as it stands there."""

    model_id: str
    base_price_usd: Decimal
    formula: str
    properties: Mapping[str, Json]
    required: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectModel:
    """A model that a project defines: in which file, as of which day, and who said so (an origin)."""

    spec: ModelSpec
    as_of: str
    origin: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All models known, the recommended sizes, and a digest of the data they came from.

    `own` are those that the project defines; one with the id of a model that ships stands in its place.
    """

    digest: str
    as_of: str
    models: Mapping[str, ModelSpec]
    recommended: tuple[RecommendedSize, ...]
    own: Mapping[str, ProjectModel] = field(default_factory=dict)

    def with_own(self, own: Iterable[ProjectModel]) -> Catalogue:
        """Return the catalogue of a project: these models over those that ship, and a digest of both.

        The digest is of what the models say, not of when they were read and from where.
        """
        by_id = {model.spec.model_id: model for model in own}
        if not by_id:
            return self
        models = {**self.models, **{name: model.spec for name, model in by_id.items()}}
        said = "".join(repr(models[name]) for name in sorted(by_id))
        digest = hashlib.sha256(f"{self.digest}{said}".encode()).hexdigest()
        return replace(self, models=models, own=by_id, digest=digest)

    def as_of_model(self, model_id: str) -> str:
        """Return the day that a model's price is of."""
        own = self.own.get(model_id)
        return own.as_of if own else self.as_of

    def sizes_for(self, model: ModelSpec) -> list[Size]:
        """Return the recommended sizes the model accepts, portrait ones too, largest first."""
        rule = _size_rule(model)
        if rule is None:
            return []
        both = {turned for row in self.recommended for turned in (row.size, row.size.turned)}
        return sorted((size for size in both if rule.accepts(size)), key=lambda size: (-size.area_px, size))


@dataclass(frozen=True, slots=True, kw_only=True)
class InputProblem:
    """What is wrong with one input of a request; `name` is the input."""

    name: str
    rule: str
    message: str
    hint: str | None = None


def normalise(
    catalogue: Catalogue, model: ModelSpec, inputs: Mapping[str, Json]
) -> tuple[dict[str, Json], list[InputProblem]]:
    """Return the request as it will be sent, and what is wrong with it.

    Text is trimmed, numbers given as text become numbers, a ratio becomes a size, and inputs
    that set the price are filled in. The request is only to be used when there are no problems.
    """
    problems = [_unknown(name, model) for name in inputs if name not in model.inputs]
    request: dict[str, Json] = {}
    for spec in model.inputs.values():
        given = inputs.get(spec.name)
        if given is None:
            if spec.required:
                problems.append(_problem(spec, "missing-input", f"{model.model_id} needs '{spec.name}'"))
            elif spec.name in model.priced_inputs:
                request[spec.name] = spec.default
            continue
        value, problem = _READERS[spec.kind](given, spec, catalogue)
        if problem:
            problems.append(problem)
        else:
            request[spec.name] = value
    return request, problems + ([] if problems else _too_many_images(model, request))


def _too_many_images(model: ModelSpec, request: Mapping[str, Json]) -> list[InputProblem]:
    limit = model.max_references_and_images
    references = request.get("images")
    if limit is None or not isinstance(references, list):
        return []
    wanted = model.price(request).images
    if len(references) + wanted <= limit:
        return []
    message = (
        f"{len(references)} reference images and {wanted} generated ones exceed the limit of {limit} together"
    )
    return [InputProblem(name=model.count_input or "images", rule="input-out-of-range", message=message)]


def _unknown(name: str, model: ModelSpec) -> InputProblem:
    if name.startswith("enable_"):
        hint: str | None = "seedpipe chooses how results are delivered; remove it"
    else:
        hint = did_you_mean(name, model.inputs) or f"it takes {', '.join(sorted(model.inputs))}"
    message = f"{model.model_id} has no input '{name}'; the service would ignore it silently"
    return InputProblem(name=name, rule="unknown-input", message=message, hint=hint)


def _problem(spec: InputSpec, rule: str, message: str, hint: str | None = None) -> InputProblem:
    return InputProblem(name=spec.name, rule=rule, message=message, hint=hint)


_Reading = tuple["Json", InputProblem | None]


def _read_text(given: Json, spec: InputSpec, _: Catalogue) -> _Reading:
    if not isinstance(given, str):
        return None, _problem(spec, "input-type", f"'{spec.name}' must be text, not {_kind(given)}")
    text = given.strip()
    if not text:
        return None, _problem(spec, "missing-input", f"'{spec.name}' is empty")
    return text, None


def _read_integer(given: Json, spec: InputSpec, _: Catalogue) -> _Reading:
    if isinstance(given, str) and _WHOLE_NUMBER.fullmatch(given.strip()):
        given = int(given)
    if not isinstance(given, int) or isinstance(given, bool):
        return None, _problem(spec, "input-type", f"'{spec.name}' must be a whole number, not {_kind(given)}")
    if not spec.minimum <= given <= spec.maximum:
        message = f"'{spec.name}' is {given}; it must be from {spec.minimum} to {spec.maximum}"
        return None, _problem(spec, "input-out-of-range", message)
    return given, None


def _read_choice(given: Json, spec: InputSpec, _: Catalogue) -> _Reading:
    if isinstance(given, str) and given.strip() in spec.choices:
        return given.strip(), None
    shown = given if isinstance(given, str) else _kind(given)
    hint = did_you_mean(str(given), spec.choices)
    message = f"'{spec.name}' is {shown}; it must be one of {', '.join(spec.choices)}"
    return None, _problem(spec, "input-out-of-range", message, hint)


def _read_urls(given: Json, spec: InputSpec, _: Catalogue) -> _Reading:
    if not isinstance(given, list) or not all(isinstance(url, str) for url in given):
        return None, _problem(spec, "input-type", f"'{spec.name}' must be a list of images", REFERENCES_SPELT)
    if not spec.minimum <= len(given) <= spec.maximum:
        message = f"'{spec.name}' has {len(given)} entries; it takes {spec.minimum} to {spec.maximum}"
        return None, _problem(spec, "input-out-of-range", message)
    for url in given:
        if not str(url).startswith("https://") and not referenced(url):
            return None, _problem(spec, "input-type", f"'{spec.name}' has '{url}'", REFERENCES_SPELT)
    return given, None


def _read_size(given: Json, spec: InputSpec, catalogue: Catalogue) -> _Reading:
    rule = spec.size
    if rule is None or not isinstance(given, str):
        return None, _problem(spec, "input-type", f"'size' must be text like 2048*2048, not {_kind(given)}")
    text = given.strip()
    if ratio := asked_ratio(text):
        size = size_for_ratio(ratio, rule, catalogue.recommended)
        if size is None:
            return None, _problem(spec, "size-not-accepted", f"no size of ratio {text} fits: {rule}")
        return str(size), None
    if not (pixels := _SIZE.fullmatch(text)):
        return None, _problem(
            spec,
            "input-type",
            f"'size' is '{text}'",
            'write width*height in pixels, like 2048*2048, or a ratio, like "16:9" (quoted)',
        )
    size = Size(int(pixels[1]), int(pixels[2]))
    if not rule.accepts(size):
        message = f"'size' is {size}; the model accepts {rule}"
        fitting = size_for_ratio(Fraction(*size), rule, catalogue.recommended)
        hint = f"the nearest size of this shape is {fitting}" if fitting else None
        return None, _problem(spec, "size-not-accepted", message, hint)
    return str(size), None


_READERS: Final = {
    InputKind.TEXT: _read_text,
    InputKind.INTEGER: _read_integer,
    InputKind.CHOICE: _read_choice,
    InputKind.URLS: _read_urls,
    InputKind.SIZE: _read_size,
}


def asked_ratio(given: Json) -> Fraction | None:
    """Return the ratio of width to height that an input `size` asks for, None for a size in pixels."""
    found = _RATIO.fullmatch(given.strip()) if isinstance(given, str) else None
    return Fraction(int(found[1]), int(found[2])) if found else None


def accepted_size(model: ModelSpec, text: str) -> Size | None:
    """Return a size in pixels that a model accepts; None for one that it does not, or that is none."""
    rule, pixels = _size_rule(model), _SIZE.fullmatch(text)
    size = Size(int(pixels[1]), int(pixels[2])) if pixels else None
    return size if rule and size and rule.accepts(size) else None


def recommended_size(catalogue: Catalogue, model: ModelSpec, ratio: Fraction) -> Size | None:
    """Return the size that a ratio stands for with a model, None when it can draw none."""
    rule = _size_rule(model)
    return size_for_ratio(ratio, rule, catalogue.recommended) if rule else None


def declared_ratios(catalogue: Catalogue, size: Size) -> frozenset[Fraction]:
    """Return the ratios that the table of recommended sizes lists a size for, turned ones too."""
    rows = catalogue.recommended
    listed = {row.ratio for row in rows if row.size == size}
    return frozenset(listed | {1 / row.ratio for row in rows if row.size.turned == size})


def size_for_ratio(ratio: Fraction, rule: SizeRule, table: Sequence[RecommendedSize]) -> Size | None:
    """Return the size for a ratio of width to height, or None when the model can draw none.

    The largest recommended size of that ratio (turned for portrait) that the model accepts; where the table
    has none, the size on the 64-pixel grid that is truest to the ratio near the area of the largest
    recommended one, grown as far as the model's minimum asks.
    """
    rows = [row.size for row in table if row.ratio == ratio]
    rows += [row.size.turned for row in table if row.ratio == Fraction(1) / ratio]
    accepted = [size for size in rows if rule.accepts(size)]
    if accepted:
        return max(accepted, key=lambda size: size.area_px)
    return _computed_size(ratio, rule, area_px=max(row.size.area_px for row in table))


def _computed_size(ratio: Fraction, rule: SizeRule, *, area_px: int) -> Size | None:
    if not Fraction(1, _MAX_RATIO) <= ratio <= _MAX_RATIO:
        return None
    area_px = max(area_px, rule.min_area_px)
    width_px = max(math.sqrt(area_px * ratio), rule.min_side_px, float(rule.min_side_px * ratio))
    step = int(width_px / _GRID_PX)
    near = [_on_grid(ratio, _GRID_PX * steps) for steps in range(max(1, step - 1), step + 4)]
    # Starting from the height finds the better neighbours of a wide picture.
    step = int(width_px / ratio / _GRID_PX)
    near += [
        _on_grid(Fraction(1) / ratio, _GRID_PX * steps).turned for steps in range(max(1, step - 1), step + 4)
    ]
    accepted = [size for size in near if rule.accepts(size)]

    def strays(size: Size) -> tuple[float, int]:
        return abs(math.log(size.width_px / size.height_px / ratio)), abs(size.area_px - area_px)

    return min(accepted, key=strays, default=None)


def _on_grid(ratio: Fraction, width_px: int) -> Size:
    return Size(width_px, _GRID_PX * max(1, round(width_px / ratio / _GRID_PX)))


def _size_rule(model: ModelSpec) -> SizeRule | None:
    spec = model.inputs.get("size")
    return spec.size if spec else None


def _kind(value: Json) -> str:
    names = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "text",
        list: "a list",
        dict: "a map",
    }
    return names.get(type(value), "nothing")
