"""A plain picture: one flat ground, the fingerprint of its request in colours, and the slug.

For whoever counts pictures and does not look at them: it costs milliseconds where a scene costs a second.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from PIL import Image, ImageDraw

from seedpipe.core.slug import slug_height
from seedpipe.sandbox.render.slug import draw_slug

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seedpipe.sandbox.tasks import Picture

_GROUND: Final = "#D9D4CC"
_TILES: Final = 8


def draw_plain(picture: Picture, palette: Sequence[str]) -> Image.Image:
    """Return a picture that differs from that of any other request, as a scene would."""
    width, height = picture.size
    image = Image.new("RGB", (width, height), palette[0] if palette else _GROUND)
    request = "\0".join((picture.prompt, str(picture.number), str(picture.of), *picture.images))
    print_ = hashlib.sha256(request.encode("utf-8", "replace")).digest()
    draw, art_px = ImageDraw.Draw(image), height - slug_height(width, height)
    for index in range(_TILES):
        left, right = (width * (0.1 + 0.1 * step) for step in (index, index + 1))
        draw.rectangle((left, art_px * 0.4, right, art_px * 0.6), tuple(print_[3 * index : 3 * index + 3]))
    for left, tone in (
        (0, "black"),
        (0.9, "white"),
    ):  # a picture, not an empty sheet, to whatever looks at it
        draw.rectangle((width * left, art_px * 0.4, width * (left + 0.1), art_px * 0.6), tone)
    facts = f"{picture.number}/{picture.of}  plain", f"{width} × {height} px"
    draw_slug(image, picture.prompt, facts, palette, named=bool(palette))
    return image
