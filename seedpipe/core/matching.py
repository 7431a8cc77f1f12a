"""Whether a prediction, as the service shows it, is what a request asks for.

Hides how the service may repeat what was sent: with defaults beside it, fields left out, text in another
Unicode form or with other spaces, and images at other addresses. Invariant: only what is shown and equal is
`SAME`; what cannot be told is `MAYBE`, never `OTHER`.
"""

from __future__ import annotations

import unicodedata
from enum import Enum, auto
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from seedpipe.core.references import referenced

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from seedpipe.core.model import Json, Prediction

NOTHING_READ: Final[Mapping[str, str]] = MappingProxyType({})  # of images at other addresses


class Match(Enum):
    """How a listed prediction compares with a request.

    `NEAR` has the same prompt and another value elsewhere: another request, or the same in another spelling.
    """

    SAME = auto()
    MAYBE = auto()
    NEAR = auto()
    OTHER = auto()


def compare(
    model: str, body: Mapping[str, Json], item: Prediction, contents: Mapping[str, str] = NOTHING_READ
) -> Match:
    """Say whether a prediction is what this request asks for.

    Every field that was sent must be shown and equal; the service may show defaults beside them. Uploaded
    images are equal when what lies behind their addresses is, which `contents` tells. Where a field is not
    shown, an image's content is not known, or the model goes by another name, it may be ours, and nobody can
    tell. Values that differ as they are written only make it `NEAR` when the prompt is the same.
    """
    if item.inputs is None:
        return Match.MAYBE
    shown = item.inputs
    likeness = _least(
        _likeness(value, shown[name], contents) if name in shown else Match.MAYBE
        for name, value in body.items()
    )
    if likeness is Match.NEAR and not _is_prompted_alike(body, shown):
        return Match.OTHER
    is_named_otherwise = item.model not in ("", model)
    return Match.MAYBE if likeness is Match.SAME and is_named_otherwise else likeness


def unread_images(
    requests: Sequence[tuple[str, Mapping[str, Json]]],
    items: Iterable[Prediction],
    contents: Mapping[str, str],
) -> list[str]:
    """Return the addresses, each once, whose content alone keeps a prediction from being told from a request.

    A request is a model and a body; only addresses that a listed prediction shows in the place of an image
    that was uploaded are among them.
    """
    found: dict[str, None] = {}
    for item in items:
        for model, body in requests:
            if compare(model, body, item, contents) is Match.MAYBE:
                found |= dict.fromkeys(_unread(body, item.inputs or {}, contents))
    return list(found)


def compare_bodies(one: Mapping[str, Json], other: Mapping[str, Json], contents: Mapping[str, str]) -> Match:
    """Say whether two bodies ask for the same, with no defaults beside them."""
    if one.keys() != other.keys():
        return Match.NEAR
    return _least(_likeness(value, other[name], contents) for name, value in one.items())


def _likeness(sent: Json, shown: Json, contents: Mapping[str, str]) -> Match:
    """Compare two values as a service may repeat them: text in one Unicode form and without outer space."""
    if isinstance(sent, str) and isinstance(shown, str):
        return _as_written(sent == shown or _plain(sent) == _plain(shown))
    if isinstance(sent, bool) or isinstance(shown, bool):
        return _as_written(sent is shown)
    if isinstance(sent, list) and isinstance(shown, list):
        if len(sent) != len(shown):
            return Match.NEAR
        return _least(_entry_likeness(*pair, contents) for pair in zip(sent, shown, strict=True))
    if isinstance(sent, dict) and isinstance(shown, dict):
        return compare_bodies(sent, shown, contents)
    return _as_written(sent == shown)


def _entry_likeness(sent: Json, shown: Json, contents: Mapping[str, str]) -> Match:
    """Compare two entries of a list: uploaded images by what lies there, anything else as it is written."""
    content = _content(sent, contents)
    if content is None or not isinstance(shown, str) or sent == shown:
        return _likeness(sent, shown, contents)
    other = _content(shown, contents)
    if other is None:
        return Match.MAYBE
    return Match.SAME if content == other else Match.OTHER


def _content(entry: Json, contents: Mapping[str, str]) -> str | None:
    return referenced(entry) or (contents.get(entry) if isinstance(entry, str) else None)


def _unread(body: Mapping[str, Json], shown: Mapping[str, Json], contents: Mapping[str, str]) -> list[str]:
    pairs = [
        pair
        for name, value in body.items()
        if isinstance(value, list) and isinstance(listed := shown.get(name), list)
        for pair in zip(value, listed, strict=False)
    ]
    return [
        other
        for entry, other in pairs
        if _entry_likeness(entry, other, contents) is Match.MAYBE and isinstance(other, str)
    ]


def _as_written(same: bool) -> Match:  # noqa: FBT001 - a fact, not a flag
    return Match.SAME if same else Match.NEAR


def _is_prompted_alike(body: Mapping[str, Json], shown: Mapping[str, Json]) -> bool:
    sent, other = body.get("prompt"), shown.get("prompt")
    return isinstance(sent, str) and isinstance(other, str) and _plain(sent) == _plain(other)


def _least(matches: Iterable[Match]) -> Match:
    found = set(matches)
    return next((match for match in (Match.OTHER, Match.NEAR, Match.MAYBE) if match in found), Match.SAME)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split()))
