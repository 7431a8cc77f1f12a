"""A plain picture: one flat ground, the fingerprint of its request in greys, and the slug.

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
_COLUMNS: Final = 8  # of tiles, a byte of the fingerprint each: no two requests look alike


def draw_plain(picture: Picture, palette: Sequence[str]) -> Image.Image:
    """Return a picture that differs from that of any other request, as a scene would."""
    width, height = picture.size
    image = Image.new("RGB", (width, height), palette[0] if palette else _GROUND)
    request = "\0".join((picture.prompt, str(picture.number), str(picture.of), *picture.images))
    print_ = hashlib.sha256(request.encode("utf-8", "replace")).digest()
    draw, art_px = ImageDraw.Draw(image), height - slug_height(width, height)
    for index, tone in enumerate(print_):
        row, column = divmod(index, _COLUMNS)
        left, top = width * (0.1 + 0.1 * column), art_px * (0.3 + 0.1 * row)
        draw.rectangle((left, top, left + width * 0.1, top + art_px * 0.1), (tone, tone, tone))
    facts = f"{picture.number}/{picture.of}  plain", f"{width} × {height} px"
    draw_slug(image, picture.prompt, facts, palette, named=bool(palette))
    return image
