"""How a model of the catalogue looks in the service's own list of models.

Hides the spelling of that list: JSON Schema for the inputs, a JSONata formula for the price.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seedpipe.core.catalogue import InputKind

if TYPE_CHECKING:
    from seedpipe.core.catalogue import InputSpec, ModelSpec
    from seedpipe.core.model import Json

SERVICE_OPTIONS: Final = ("enable_sync_mode", "enable_base64_output")  # how results are delivered


def model_entry(model: ModelSpec, origin: str) -> dict[str, Json]:
    """Return one entry of `GET /models`; `origin` is the server that runs it."""
    edits = "images" in model.inputs
    schema: dict[str, Json] = {
        "type": "model_run",
        "method": "POST",
        "server": origin,
        "api_path": f"/api/v3/{model.model_id}",
        "request_schema": {
            "type": "object",
            "required": [spec.name for spec in model.inputs.values() if spec.required],
            "properties": {
                **{spec.name: _property(spec) for spec in model.inputs.values()},
                **{name: {"type": "boolean", "default": False} for name in SERVICE_OPTIONS},
            },
        },
    }
    return {
        "model_id": model.model_id,
        "name": model.model_id,
        "base_price": float(model.unit_usd),
        "description": "Edits images by a prompt." if edits else "Draws images from a prompt.",
        "type": "image-to-image" if edits else "text-to-image",
        "formula": _formula(model),
        "api_schema": {"api_schemas": [schema]},
    }


def _formula(model: ModelSpec) -> str:
    """Return the price as JSONata; empty for a flat price."""
    unit = "base_price"
    if model.unit_by:
        name, by_value = model.unit_by
        cases = [f'{name} = "{value}" ? {usd}' for value, usd in by_value.items() if usd != model.unit_usd]
        unit = " : ".join([*cases, unit])
    if model.count_input:
        unit = f"({unit}) * {model.count_input}" if model.unit_by else f"{unit} * {model.count_input}"
    return "" if unit == "base_price" else f'{{"total_price": {unit}}}'


def _property(spec: InputSpec) -> dict[str, Json]:
    shown: dict[str, Json] = {}
    match spec.kind:
        case InputKind.INTEGER:
            shown = {"type": "integer", "minimum": spec.minimum, "maximum": spec.maximum}
        case InputKind.CHOICE:
            shown = {"type": "string", "enum": list(spec.choices)}
        case InputKind.URLS:
            shown = {"type": "array", "items": {"type": "string"}, "maxItems": spec.maximum}
            shown["minItems"] = spec.minimum
        case InputKind.TEXT | InputKind.SIZE:
            shown = {"type": "string"}
    return shown if spec.default is None else shown | {"default": spec.default}
