"""What ships with seedpipe as data: the models in `seedream.toml`, the account levels in `levels.toml`.

Hides where the data lies and how it is spelt; `seedpipe.core.catalogue` judges with it.
"""

from __future__ import annotations

import hashlib
import tomllib
from decimal import Decimal
from fractions import Fraction
from functools import cache
from importlib import resources
from typing import Any

from seedpipe.core.catalogue import (
    Catalogue,
    InputKind,
    InputSpec,
    ModelSpec,
    RecommendedSize,
    Size,
    SizeRule,
)
from seedpipe.core.levels import AccountLevel


@cache
def load() -> Catalogue:
    """Return the catalogue that ships with this version."""
    raw = resources.files(__name__).joinpath("seedream.toml").read_bytes()
    data = tomllib.loads(raw.decode())
    return Catalogue(
        digest=hashlib.sha256(raw).hexdigest(),
        as_of=data["as_of"],
        models={
            model_id: _model(model_id, entry, data["inputs"]) for model_id, entry in data["models"].items()
        },
        recommended=tuple(
            RecommendedSize(ratio=Fraction(*_pair(row["ratio"], ":")), size=Size(*_pair(row["size"], "*")))
            for row in data["sizes"]
        ),
    )


@cache
def levels() -> dict[str, AccountLevel]:
    """Return the account levels by name, the lowest first."""
    data = tomllib.loads(resources.files(__name__).joinpath("levels.toml").read_text("utf-8"))
    image_s = float(data["typical_image_s"])
    return {name: AccountLevel(name=name, image_s=image_s, **level) for name, level in data["levels"].items()}


def _model(model_id: str, entry: dict[str, Any], inputs: dict[str, Any]) -> ModelSpec:
    by_value = entry.get("unit_by")
    return ModelSpec(
        model_id=model_id,
        inputs={name: _input(name, inputs[shared]) for name, shared in entry["inputs"].items()},
        unit_usd=Decimal(entry["unit_usd"]),
        unit_by=(by_value["input"], {value: Decimal(usd) for value, usd in by_value["usd"].items()})
        if by_value
        else None,
        count_input=entry.get("count_input"),
        max_references_and_images=entry.get("max_references_and_images"),
    )


def _input(name: str, entry: dict[str, Any]) -> InputSpec:
    limits = {key: value for key, value in entry.items() if key.endswith("_px")}
    return InputSpec(
        name=name,
        kind=InputKind(entry["kind"]),
        required=entry.get("required", False),
        default=entry.get("default"),
        minimum=entry.get("minimum", 0),
        maximum=entry.get("maximum", 0),
        choices=tuple(entry.get("choices", ())),
        size=SizeRule(**limits) if limits else None,
    )


def _pair(text: str, separator: str) -> tuple[int, int]:
    first, second = text.split(separator)
    return int(first), int(second)
