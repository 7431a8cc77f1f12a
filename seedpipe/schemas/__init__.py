"""The published JSON Schemas: one file each, the same for editors, other programs and seedpipe itself."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any


@cache
def load(name: str) -> dict[str, Any]:
    """Return a schema by its name, such as `campaign`; raises FileNotFoundError. Not to be changed."""
    schema: dict[str, Any] = json.loads(text(name))
    return schema


def text(name: str) -> str:
    """Return a schema as it stands in its file; raises FileNotFoundError."""
    return resources.files(__name__).joinpath(f"{name}.schema.json").read_text(encoding="utf-8")


def names() -> list[str]:
    """Return the names of all schemas."""
    suffix = ".schema.json"
    entries = (entry.name for entry in resources.files(__name__).iterdir())
    return sorted(name.removesuffix(suffix) for name in entries if name.endswith(suffix))
