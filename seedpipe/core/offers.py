"""What the service offers, as a model that plans are made with: its inputs, and a price for each request.

Hides the spelling of the service's list of models: JSON Schema for the inputs, JSONata for the price. A
formula is worked out once, for every value that it depends on, and leaves as plain numbers: no plan runs one.
Invariants: what cannot be stated exactly is `Unfit` and never guessed; what the service does not tell of a
model that is known stays as it was.
"""

from __future__ import annotations

import re
from collections.abc import Mapping  # noqa: TC003 - dataclass field types are read at run time by tests
from dataclasses import dataclass, replace
from decimal import Decimal  # noqa: TC003
from typing import TYPE_CHECKING, Any, Final

from seedpipe.core.catalogue import InputKind, InputSpec, ModelSpec, SizeRule
from seedpipe.core.formula import Formula, FormulaFault
from seedpipe.core.money import usd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seedpipe.core.catalogue import Offer
    from seedpipe.core.model import Json

_SIZE: Final = re.compile(r"[1-9][0-9]{0,4}\*[1-9][0-9]{0,4}")
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}")
_WIDEST: Final = SizeRule(min_side_px=64, max_side_px=16384)  # of all ranges that the service ever published
_MOST_COUNTED: Final = 100  # values of a counting input that are worked out
_WHOLE: Final = 2**31 - 1  # an integer without limits is of 32 bits
_NOT_OURS: Final = "enable_"  # how results are delivered is chosen by whoever asks, not by campaigns
_FILES: Final = frozenset({"image", "video", "audio", "mask", "mask_image", "last_image"})


class Unfit(Exception):  # noqa: N818 - a fact about the service's model, told by whoever asked
    """A model cannot be stated; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A model as it was offered, and what the user should know of it, a line each."""

    model: ModelSpec
    remarks: tuple[str, ...] = ()


def read_offer(offer: Offer, known: ModelSpec | None) -> Offered:
    """Return the model of an offer, with its list price; raises `Unfit`. `known` is what was known of it."""
    inputs: dict[str, InputSpec] = {}
    remarks: list[str] = []
    for name, said in offer.properties.items():
        if name.startswith(_NOT_OURS):
            continue
        spec = _input(name, said, known.inputs.get(name) if known else None)
        if spec is None:
            if name in offer.required:
                raise Unfit(f"it requires '{name}', which seedpipe does not support")
            remarks.append(f"'{name}' is left out: it is neither text, a whole number, a choice nor images")
            continue
        if spec.kind is InputKind.SIZE and spec.size is _WIDEST:
            remarks.append(f"the sizes it takes are unknown: the file has {_WIDEST}; narrow it")
        inputs[name] = replace(spec, required=name in offer.required)
    if "prompt" not in inputs:
        raise Unfit("it takes no prompt")
    model = ModelSpec(
        model_id=offer.model_id,
        inputs=inputs,
        unit_usd=offer.base_price_usd,
        max_references_and_images=known.max_references_and_images if known else None,
    )
    return Offered(model=_priced(model, offer), remarks=tuple(remarks))


# ---- inputs -----------------------------------------------------------------------------------


def _input(name: str, said: Json, known: InputSpec | None) -> InputSpec | None:
    """Return an input, None for one of a kind that campaigns cannot give."""
    if not isinstance(said, dict) or not _NAME.fullmatch(name):
        return None
    kind = said.get("type")
    if kind == "string" and name not in _FILES:
        return _word(name, said, known)
    if kind == "integer" and "enum" not in said:
        low, high = _whole(said, "minimum", -_WHOLE), _whole(said, "maximum", _WHOLE)
        default = said.get("default")
        fits = isinstance(default, int) and not isinstance(default, bool) and low <= default <= high
        return InputSpec(
            name=name,
            kind=InputKind.INTEGER,
            minimum=low,
            maximum=high,
            default=default if fits and isinstance(default, int) else None,
        )
    if kind == "array" and name == "images":
        low = _whole(said, "minItems", known.minimum if known else 1)
        high = _whole(said, "maxItems", known.maximum if known else 10)
        return InputSpec(name=name, kind=InputKind.URLS, minimum=low, maximum=high)
    return None


def _word(name: str, said: Mapping[str, Any], known: InputSpec | None) -> InputSpec:
    default = said.get("default")
    default = default.strip() if isinstance(default, str) and default.strip() else None
    if name == "size" and "enum" not in said:
        default = default if default and _SIZE.fullmatch(default) else None
        low, high = _whole(said, "minimum", 0), _whole(said, "maximum", 0)
        told = SizeRule(min_side_px=low, max_side_px=high) if 0 < low <= high else None
        usual = known.size if known and known.size else _WIDEST
        # The list tells the sides at most; how many pixels there may be in all is kept.
        rule = replace(usual, min_side_px=low, max_side_px=high) if told else usual
        return InputSpec(name=name, kind=InputKind.SIZE, default=default, size=rule)
    choices = said.get("enum")
    if isinstance(choices, list) and choices and all(isinstance(choice, str) for choice in choices):
        words = tuple(str(choice) for choice in choices)
        fits = default if default in words else None
        return InputSpec(name=name, kind=InputKind.CHOICE, choices=words, default=fits)
    return InputSpec(name=name, kind=InputKind.TEXT, default=None if name == "prompt" else default)


def _whole(said: Mapping[str, Any], name: str, usual: int) -> int:
    value = said.get(name)
    fits = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _WHOLE
    return int(value) if fits and value is not None else usual


# ---- the price --------------------------------------------------------------------------------


def _priced(model: ModelSpec, offer: Offer) -> ModelSpec:
    """Return the model with its list price; raises `Unfit` when no rule of ours says the same."""
    if not offer.formula.strip():
        return model
    try:
        formula = Formula(offer.formula)
        chosen, counted = _dependencies(model, formula.names - {"base_price"})
        prices = {
            (choice, count): formula.price_usd(_values(model, offer, chosen, choice, counted, count))
            for choice in (chosen.choices if chosen else ("",))
            for count in (range(counted.minimum, counted.maximum + 1) if counted else (1,))
        }
    except FormulaFault as fault:
        raise Unfit(f"its price formula is not supported: {fault}") from None
    return _always_sent(_ruled(model, prices, chosen, counted))


def _dependencies(
    model: ModelSpec, names: frozenset[str] | set[str]
) -> tuple[InputSpec | None, InputSpec | None]:
    """Return the input that chooses the price and the one that counts it."""
    chosen = counted = None
    for name in sorted(names):
        spec = model.inputs.get(name)
        if spec and spec.kind is InputKind.CHOICE and not chosen:
            chosen = spec
        elif spec and _counts(spec) and not counted:
            counted = spec
        else:
            raise Unfit(f"its price depends on '{name}' in a way that a model file cannot state")
    return chosen, counted


def _counts(spec: InputSpec) -> bool:
    return spec.kind is InputKind.INTEGER and 0 < spec.minimum <= spec.maximum <= _MOST_COUNTED


def _values(
    model: ModelSpec,
    offer: Offer,
    chosen: InputSpec | None,
    choice: str,
    counted: InputSpec | None,
    count: int,
) -> dict[str, Json]:
    values: dict[str, Json] = {
        name: spec.default for name, spec in model.inputs.items() if spec.default is not None
    }
    values["base_price"] = float(offer.base_price_usd)
    if chosen:
        values[chosen.name] = choice
    if counted:
        values[counted.name] = count
    return values


def _ruled(
    model: ModelSpec,
    prices: Mapping[tuple[str, int], Decimal],
    chosen: InputSpec | None,
    counted: InputSpec | None,
) -> ModelSpec:
    """Return the model with the rule that gives exactly these prices."""
    least = counted.minimum if counted else 1
    by_choice = {choice: price / least for (choice, count), price in prices.items() if count == least}
    if any(
        price != by_choice[choice] * (count if counted else 1) for (choice, count), price in prices.items()
    ):
        raise Unfit(f"its price is not a fixed amount for each '{counted.name if counted else ''}'")
    units = [*by_choice.values()]
    usual = by_choice.get(str(chosen.default), units[0]) if chosen else units[0]
    return replace(
        model,
        unit_usd=usual,
        unit_by=(chosen.name, by_choice) if chosen and len(set(units)) > 1 else None,
        count_input=counted.name if counted else None,
    )


def _always_sent(model: ModelSpec) -> ModelSpec:
    """Require what the price depends on and has no default: a bill must not hang on what was left unsaid."""
    inputs = {
        name: replace(spec, required=True) if name in model.priced_inputs and spec.default is None else spec
        for name, spec in model.inputs.items()
    }
    return replace(model, inputs=inputs)


# ---- what this account pays -------------------------------------------------------------------


def samples(model: ModelSpec) -> list[dict[str, Json]]:
    """Return requests whose prices settle the level of a rule, and show whether it is the whole rule.

    Each choice that sets the price, with the fewest and the most images; then every other choice and number
    once at its far end, which must change nothing.
    """
    usual: dict[str, Json] = {
        name: spec.default for name, spec in model.inputs.items() if spec.default is not None
    }
    usual["prompt"] = "a lamp"
    asked = [usual]
    if model.unit_by:
        asked = [{**each, model.unit_by[0]: choice} for each in asked for choice in model.unit_by[1]]
    if model.count_input:
        spec = model.inputs[model.count_input]
        counts = dict.fromkeys((spec.minimum, spec.maximum))
        asked = [{**each, spec.name: count} for each in asked for count in counts]
    others = [spec for name, spec in model.inputs.items() if name not in model.priced_inputs]
    asked += [{**asked[0], spec.name: spec.maximum} for spec in others if _counts(spec)]
    return asked + [{**asked[0], spec.name: spec.choices[-1]} for spec in others if spec.choices]


def levelled(offered: Offered, asked: Sequence[tuple[Mapping[str, Json], Decimal]]) -> Offered:
    """Return the model with the prices that this account is asked; `asked` are `samples` with their prices.

    Raises `Unfit` when they do not follow the model's rule: then list and price contradict each other.
    """
    model = offered.model
    units: dict[str, Decimal] = {}
    for inputs, price_usd in asked:
        choice = str(inputs[model.unit_by[0]]) if model.unit_by else ""
        images = int(str(inputs[model.count_input])) if model.count_input else 1
        unit_usd = units.setdefault(choice, price_usd / images)
        if unit_usd * images != price_usd:
            terms = ", ".join(f"{name}={value}" for name, value in inputs.items() if name != "prompt")
            raise Unfit(
                f"the service asks {usd(price_usd)} with {terms}; by its formula {usd(unit_usd * images)}"
            )
    paid = replace(model, unit_usd=units[""]) if not model.unit_by else _chosen(model, units)
    if (paid.unit_usd, paid.unit_by) == (model.unit_usd, model.unit_by):
        return offered
    remark = f"this account pays {usd(paid.unit_usd)} an image, the list says {usd(model.unit_usd)}"
    return Offered(model=paid, remarks=(*offered.remarks, remark))


def _chosen(model: ModelSpec, units: Mapping[str, Decimal]) -> ModelSpec:
    if not model.unit_by:
        return model
    name, listed = model.unit_by
    by_choice = {choice: units[choice] for choice in listed}
    usual = by_choice.get(str(model.inputs[name].default), next(iter(by_choice.values())))
    return replace(model, unit_usd=usual, unit_by=(name, by_choice))


def changes(known: ModelSpec | None, offered: ModelSpec) -> tuple[str, ...]:
    """Return how an offered model differs from what was known of it, a line each; empty when in nothing."""
    if known is None:
        return ("new",)
    lines: list[str] = []
    if (before := _price_told(known)) != (now := _price_told(offered)):
        lines.append(f"price: {before} → {now}")
    for name in dict.fromkeys((*known.inputs, *offered.inputs)):
        old, new = known.inputs.get(name), offered.inputs.get(name)
        if old is None:
            lines.append(f"input '{name}' is new")
        elif new is None:
            lines.append(f"input '{name}' is gone")
        elif old != new:
            lines += [f"input '{name}': {_difference(old, new)}"]
    return tuple(lines)


def _price_told(model: ModelSpec) -> str:
    unit = usd(model.unit_usd)
    if model.unit_by:
        name, by_value = model.unit_by
        unit = ", ".join(f"{usd(price)} ({name} {value})" for value, price in by_value.items())
    return unit + (f" x {model.count_input}" if model.count_input else "")


def _difference(old: InputSpec, new: InputSpec) -> str:
    told = []
    for what in ("kind", "required", "default", "minimum", "maximum", "choices", "size"):
        before, now = getattr(old, what), getattr(new, what)
        if before != now:
            told.append(f"{what} {_said(before)} → {_said(now)}")
    return ", ".join(told)


def _said(value: object) -> str:
    if isinstance(value, tuple):
        return "/".join(map(str, value)) or "none"
    return "none" if value is None else str(value)
