"""`publish` of a campaign: in which forms the approved images of its series are written.

Hides how forms are spelt. The paths are templates like `output`, and read with the series.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seedpipe.core.campaign.reading import map_at, text_at
from seedpipe.core.campaign.yaml import Mapping, Scalar
from seedpipe.core.diagnostics import did_you_mean
from seedpipe.core.publishing import BYTES_A_KB, USUAL_QUALITY, Format

if TYPE_CHECKING:
    from seedpipe.core.campaign.reading import Reading

_TYPES: Final = {"jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp"}


def read_formats(reading: Reading, node: Mapping) -> tuple[Format, ...]:
    """Return the forms of one series, in order; their shape has been judged."""
    return tuple(
        _format(reading, key.raw, value) for key, value in node.entries if isinstance(value, Mapping)
    )


def check_published(reading: Reading, root: Mapping, left_out: frozenset[str]) -> None:
    """Report forms of series that there are not: a mistyped one would publish nothing.

    Those that a profile leaves out need not be left out here as well.
    """
    known = [key.raw for key, _ in map_at(root, "series").entries]
    for key, _ in map_at(root, "publish").entries:
        if key.raw not in known and key.raw not in left_out:
            hint = did_you_mean(key.raw, known) or f"the series are {', '.join(known)}"
            message = f"there is no series '{key.raw}' to publish"
            reading.report("unknown-key", message, key.span, hint, breaks=False)


def _format(reading: Reading, name: str, node: Mapping) -> Format:
    kind, quality = text_at(node, "type"), node.key("quality")
    if kind == "png" and quality:
        hint = "name the type jpeg or webp, or leave 'quality' out"
        reading.report("wrong-value", "a PNG is lossless, so it has no quality", quality.span, hint)
    most_kb, enlarge = _number(node, "max_kb"), node.get("enlarge")
    return Format(
        name=name,
        media_type=_TYPES[kind],
        width_px=_number(node, "width_px"),
        height_px=_number(node, "height_px"),
        max_bytes=most_kb * BYTES_A_KB if most_kb else None,
        quality=_number(node, "quality") or USUAL_QUALITY,
        enlarge=isinstance(enlarge, Scalar) and enlarge.value is True,
    )


def _number(node: Mapping, name: str) -> int | None:
    given = node.get(name)
    return int(given.raw) if isinstance(given, Scalar) else None
