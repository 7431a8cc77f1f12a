"""The published JSON Schemas: one file each, the same for editors, other programs and seedpipe itself."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any


@cache
def load(name: str) -> dict[str, Any]:
    """Return a schema by its name, such as `campaign`; raises FileNotFoundError. Not to be changed."""
    text = resources.files(__name__).joinpath(f"{name}.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
