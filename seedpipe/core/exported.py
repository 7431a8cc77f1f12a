"""What the gallery exports: a person's decisions, as a page in a browser wrote them down.

Hides the document (schema in `schemas/decisions.schema.json`). It comes by mail or from a downloads folder:
nothing in it is believed beyond its shape, and a time that has not come yet is now, for it must not outweigh
what the person says tomorrow.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from jsonschema import Draft7Validator
from jsonschema.exceptions import best_match

from seedpipe import schemas
from seedpipe.core.errors import InputError
from seedpipe.core.reviewing import MOST_NOTE_CHARS, Said
from seedpipe.core.shared_lines import at_milliseconds

if TYPE_CHECKING:
    from jsonschema import ValidationError

MOST_EXPORT_BYTES: Final = 32 * 1024 * 1024  # some 80,000 decisions: a gallery of that size would not open

_MOST_WORDS: Final = 160  # characters of what is wrong: it may repeat a whole document
_HINT: Final = "export it again in the gallery: 'Export decisions'"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedDecision:
    """One image of an export; `label` is where it stood on the page."""

    sha256: str
    said: Said
    note: str
    at: datetime
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """The decisions of one gallery."""

    campaign: str
    world: str
    decisions: tuple[ExportedDecision, ...]


def read_export(content: bytes, path: str, now: datetime) -> Export:
    """Return what an export says; raises `InputError` for what the gallery would not write."""
    if len(content) > MOST_EXPORT_BYTES:
        raise _no_export(path, f"it is larger than {MOST_EXPORT_BYTES // 1024 // 1024} MiB")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise _no_export(path, "it is not JSON") from None
    if error := best_match(_validator().iter_errors(document)):
        raise _no_export(path, _words(error))
    return Export(
        campaign=document["campaign"],
        world=document["world"],
        decisions=tuple(_decision(entry, now) for entry in document["decisions"]),
    )


@cache
def _validator() -> Draft7Validator:
    return Draft7Validator(schemas.load("decisions"))


def _decision(entry: dict[str, Any], now: datetime) -> ExportedDecision:
    cells = entry["cells"]
    return ExportedDecision(
        sha256=entry["sha256"],
        said=Said(entry["decision"] or Said.UNDECIDED),
        note=entry["note"][:MOST_NOTE_CHARS],
        at=min(now, _instant(entry["decided_at"], now)),
        label=cells[0]["address"] if cells else entry["sha256"][:12],
    )


def _instant(words: str, now: datetime) -> datetime:
    """Return a time that a browser wrote; now for one without a zone, or none at all."""
    try:
        at = datetime.fromisoformat(words)
        return at_milliseconds(at) if at.tzinfo else now
    except (ValueError, OverflowError):
        return now


def _words(error: ValidationError) -> str:
    where = "/".join(map(str, error.absolute_path))
    words = error.message if len(error.message) <= _MOST_WORDS else f"{error.message[:_MOST_WORDS]}…"
    return f"{where}: {words}" if where else words


def _no_export(path: str, why: str) -> InputError:
    return InputError(f"{path} is not an export of the gallery: {why}", hint=_HINT)
