"""The models of a project, `models/*.yaml`: read with the campaign's care, and written for review in git.

Hides how a model is spelt in a file. Invariants: a model that is read has a price for every request that its
inputs allow; equal models give equal files, byte for byte; a file that was written reads back as it was.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from seedpipe.core.campaign.reading import Reading, map_at, text_at
from seedpipe.core.campaign.yaml import Mapping, Node, Scalar, plain
from seedpipe.core.catalogue import InputKind, InputSpec, ModelSpec, ProjectModel, SizeRule, normalise
from seedpipe.core.diagnostics import in_reading_order
from seedpipe.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seedpipe.core.campaign.files import Files
    from seedpipe.core.catalogue import Catalogue

_PLAIN: Final = re.compile(
    r"[A-Za-z][A-Za-z0-9_/.-]*|[0-9]{4}-[0-9]{2}-[0-9]{2}|https?://[A-Za-z0-9.:-]+[A-Za-z0-9]"
)
_WORDS: Final = frozenset({"true", "false", "null", "True", "False", "Null", "TRUE", "FALSE", "NULL"})
_SIZE_LIMITS: Final = ("min_side_px", "max_side_px", "min_area_px", "max_area_px")
_HEAD: Final = (
    "# Written by `seedpipe models sync`. A request for it is priced by the service before it is paid.\n"
)


def project_catalogue(files: Files, shipped: Catalogue) -> Catalogue:
    """Return the models of a project over those that ship; raises `InputError` with all diagnostics."""
    reading = Reading(files, shipped)
    read_project_models(reading)
    if reading.problems:
        ordered = in_reading_order(reading.problems)
        raise InputError("the project's models have errors; nothing was sent", diagnostics=ordered)
    return reading.catalogue


def read_project_models(reading: Reading) -> None:
    """Lay the models of the project over the catalogue of a reading; their faults are kept there."""
    found: dict[str, ProjectModel] = {}
    for path in reading.model_files():
        before = len(reading.problems)
        tree = reading.tree(path, None, "model")
        if not isinstance(tree, Mapping) or len(reading.problems) > before:
            continue
        model = _project_model(reading, tree, path)
        if (twin := found.get(model.spec.model_id)) is not None:
            message = f"'{model.spec.model_id}' is defined by {twin.path} too"
            reading.report("model-faulty", message, _place(tree, "model"), "remove one of the files")
        found[model.spec.model_id] = model
        _check_price(reading, tree, model.spec)
    reading.catalogue = reading.catalogue.with_own(found.values())


def _project_model(reading: Reading, tree: Mapping, path: str) -> ProjectModel:
    price = map_at(tree, "price")
    by = map_at(price, "by")
    most = tree.get("max_references_and_images")
    spec = ModelSpec(
        model_id=text_at(tree, "model"),
        inputs={name: _input(name, node) for name, node in map_at(tree, "inputs").items()},
        unit_usd=_amount(price.get("unit_usd")),
        unit_by=(text_at(by, "input"), {key: _amount(usd) for key, usd in map_at(by, "usd").items()})
        if by.entries
        else None,
        count_input=text_at(price, "per") or None,
        max_references_and_images=int(most.raw) if isinstance(most, Scalar) else None,
    )
    return ProjectModel(
        spec=spec,
        as_of=text_at(tree, "as_of"),
        origin=text_at(tree, "origin"),
        path=reading.shown(path),
    )


def _input(name: str, node: Node) -> InputSpec:
    said: Any = plain(node)
    default = node.get("default") if isinstance(node, Mapping) else None
    choices = node.get("choices") if isinstance(node, Mapping) else None
    kind = InputKind(said["kind"])
    limits = {limit: said[limit] for limit in _SIZE_LIMITS if limit in said}
    known: int | str | None = None
    if isinstance(default, Scalar):
        known = int(default.raw) if kind is InputKind.INTEGER else default.raw
    return InputSpec(
        name=name,
        kind=kind,
        required=said.get("required", False),
        default=known,
        minimum=said.get("minimum", 0),
        maximum=said.get("maximum", 0),
        choices=tuple(str(item.raw) for item in getattr(choices, "items", ()) if isinstance(item, Scalar)),
        size=SizeRule(**limits) if kind is InputKind.SIZE else None,
    )


def _check_price(reading: Reading, tree: Mapping, model: ModelSpec) -> None:
    """Refuse a price that some request would not have."""
    for message, *place in _price_faults(reading.catalogue, model):
        reading.report("model-faulty", message, _place(tree, *place))


def _price_faults(catalogue: Catalogue, model: ModelSpec) -> Iterator[tuple[str, ...]]:
    if "prompt" not in model.inputs or model.inputs["prompt"].kind is not InputKind.TEXT:
        yield "a model needs a text input 'prompt'", "inputs"
    for name in model.priced_inputs:
        spec = model.inputs.get(name)
        if spec is None or (spec.default is None and not spec.required):
            yield f"the price depends on '{name}', so it must be an input with a default or required", "price"
    if (
        model.count_input
        and (spec := model.inputs.get(model.count_input))
        and spec.kind is not InputKind.INTEGER
    ):
        yield f"'{model.count_input}' counts images, so it must be an integer", "price", "per"
    if model.unit_by:
        name, by_value = model.unit_by
        choices = model.inputs[name].choices if name in model.inputs else ()
        if missing := [choice for choice in choices if choice not in by_value]:
            yield f"there is no price for {name} '{missing[0]}'", "price", "by"
    for spec in model.inputs.values():
        alone = ModelSpec(model_id=model.model_id, inputs={spec.name: spec}, unit_usd=model.unit_usd)
        if spec.default is not None and normalise(catalogue, alone, {spec.name: spec.default})[1]:
            yield f"the default of '{spec.name}' is not one of its values", "inputs", spec.name


def _place(tree: Mapping, *names: str) -> Any:
    node: Node | None = tree
    span = tree.span
    for name in names:
        key = node.key(name) if isinstance(node, Mapping) else None
        if key is None:
            break
        span, node = key.span, node.get(name) if isinstance(node, Mapping) else None
    return span


def _amount(node: Node | None) -> Decimal:
    return Decimal(node.raw) if isinstance(node, Scalar) else Decimal(0)


# ---- writing ----------------------------------------------------------------------------------


def file_name(model_id: str) -> str:
    """Return what the file of a model is called: its id with dashes for slashes."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", model_id).lstrip(".") + ".yaml"


def model_text(model: ProjectModel) -> str:
    """Return the file of a model."""
    spec = model.spec
    lines = [
        "seedpipe: 1",
        f"model: {_flow(spec.model_id)}",
        f"as_of: {_flow(model.as_of)}",
        f"origin: {_flow(model.origin)}",
        "price:",
        f"  unit_usd: {_number(spec.unit_usd)}",
    ]
    if spec.unit_by:
        name, by_value = spec.unit_by
        usd = ", ".join(f"{_flow(value, quoted=True)}: {_number(price)}" for value, price in by_value.items())
        lines.append(f"  by: {{input: {_flow(name)}, usd: {{{usd}}}}}")
    if spec.count_input:
        lines.append(f"  per: {_flow(spec.count_input)}")
    if spec.max_references_and_images is not None:
        lines.append(f"max_references_and_images: {spec.max_references_and_images}")
    lines.append("inputs:")
    lines += [f"  {_flow(name)}: {_flow(_told(one))}" for name, one in spec.inputs.items()]
    return _HEAD + "\n".join(lines) + "\n"


def _told(spec: InputSpec) -> dict[str, Any]:
    """Return what is to be said of an input; what is as usual is left out."""
    told: dict[str, Any] = {"kind": spec.kind.value}
    if spec.required:
        told["required"] = True
    if spec.kind in (InputKind.INTEGER, InputKind.URLS):
        told |= {"minimum": spec.minimum, "maximum": spec.maximum}
    if spec.choices:
        told["choices"] = list(spec.choices)
    if spec.size:
        usual = {"min_area_px": 0, "max_area_px": 2**63}
        limits = {limit: getattr(spec.size, limit) for limit in _SIZE_LIMITS}
        told |= {limit: value for limit, value in limits.items() if usual.get(limit) != value}
    if spec.default is not None:
        told["default"] = spec.default
    return told


def _flow(value: Any, *, quoted: bool = False) -> str:
    """Return a value as YAML on one line; text that could be taken for something else is quoted."""
    match value:
        case bool() | int():
            return json.dumps(value)
        case list():
            return f"[{', '.join(map(_flow, value))}]"
        case dict():
            return f"{{{', '.join(f'{_flow(key)}: {_flow(inner)}' for key, inner in value.items())}}}"
        case _:
            text = str(value)
            is_plain = _PLAIN.fullmatch(text) and text not in _WORDS and not quoted
            return text if is_plain else json.dumps(text, ensure_ascii=False)


def _number(amount: Decimal) -> str:
    return f"{amount.normalize():f}"
