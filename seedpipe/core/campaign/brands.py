"""The brand file → `Brand`: colours, voice, logo, and what its prompts must say.

Hides nothing but the file. Invariant: a brand that is returned has a logo that is an image inside the
project, or none.
"""

from __future__ import annotations

import hashlib
import posixpath
from decimal import Decimal
from typing import TYPE_CHECKING

from seedpipe.core.brand_words import BrandWords, Phrase
from seedpipe.core.campaign.model import Brand
from seedpipe.core.campaign.reading import map_at, scalars, text_at
from seedpipe.core.campaign.yaml import Mapping, Scalar, data
from seedpipe.core.image_bytes import HEAD_BYTES, looks_like, media_type

if TYPE_CHECKING:
    from seedpipe.core.campaign.reading import Reading
    from seedpipe.core.campaign.yaml import Node


def read_brand(reading: Reading, root: Mapping) -> Brand | None:
    """Return the brand that a campaign names, None when it names none or its file has faults."""
    named = root.get("brand")
    if not isinstance(named, Scalar) or not reading.sound("brand"):
        return None
    tree = reading.tree(reading.path_of(named), named.span, "brand")
    if not isinstance(tree, Mapping) or not reading.sound("brand"):
        return None
    logo, content = _logo(reading, tree)
    palette, limit = map_at(tree, "palette"), map_at(tree, "budget").get("usd_per_month")
    return Brand(
        name=text_at(tree, "name"),
        palette={name: text_at(palette, name) for name, _ in palette.items()},
        voice=text_at(tree, "voice") if "voice" in tree else None,
        extras={name: data(value) for name, value in map_at(tree, "vars").items()},
        usd_per_month=Decimal(str(limit.value)) if isinstance(limit, Scalar) else None,
        logo=logo,
        logo_sha256=hashlib.sha256(content).hexdigest() if logo else None,
        words=_words(tree),
    )


def _logo(reading: Reading, tree: Mapping) -> tuple[str | None, bytes]:
    """Return the logo's path from the campaign's folder and its bytes, if there is one and it is an image."""
    named = tree.get("logo")
    if not isinstance(named, Scalar):
        return None, b""
    path = reading.path_of(named)
    content = reading.read(path, named.span)
    if content is None:
        return None, b""
    head = content[:HEAD_BYTES]
    if media_type(head) is None:
        message = f"{reading.shown(path)} is not an image: it looks like {looks_like(head)}"
        hint = "save the logo as PNG, JPEG or WebP"
        reading.report("not-an-image", message, named.span, hint)
        return None, b""
    return posixpath.normpath(path), content


def _words(tree: Mapping) -> BrandWords:
    words = map_at(tree, "words")
    return BrandWords(
        style_lock=_phrases(tree.get("style_lock")),
        required=_phrases(words.get("required")),
        banned=_phrases(words.get("banned")),
        banned_by_market={
            market: _phrases(node) for market, node in map_at(words, "banned_by_market").items()
        },
    )


def _phrases(node: Node | None) -> tuple[Phrase, ...]:
    return tuple(Phrase(text=one.raw.strip(), span=one.span) for one in scalars(node))
