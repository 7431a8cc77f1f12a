"""Proof pictures: comps to judge layout, palette, copy, crop and coverage from, drawn from the request alone.

Hides how a proof looks. Invariants: equal pictures are equal bytes; the file has the size and format that was
asked for; the slug stands on every one of them. `brief` reads the prompt, `look` decides what a set shares
and how its shots differ, `stage`, `people`, `landscape`, `interior`, `facade`, `poster` and `references`
compose, `geometry`, `shading` and `canvas` draw. It does not pretend to draw what it has no shape for: then
it is an honest card.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from seedpipe.core.slug import slug_height
from seedpipe.sandbox.render.brief import read
from seedpipe.sandbox.render.canvas import Canvas
from seedpipe.sandbox.render.card import draw_card
from seedpipe.sandbox.render.facade import paint_facade
from seedpipe.sandbox.render.headline import draw_headline
from seedpipe.sandbox.render.interior import paint_interior
from seedpipe.sandbox.render.landscape import paint_landscape
from seedpipe.sandbox.render.look import look_of, seed_of, shot_of
from seedpipe.sandbox.render.people import paint_portrait
from seedpipe.sandbox.render.plain import draw_plain
from seedpipe.sandbox.render.poster import paint_poster
from seedpipe.sandbox.render.references import paint_references
from seedpipe.sandbox.render.slug import draw_slug
from seedpipe.sandbox.render.stage import paint_stage
from seedpipe.sandbox.render.subject import Scene
from seedpipe.sandbox.render.treatment import SKETCH_PX, is_filter, treat

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL import Image

    from seedpipe.sandbox.render.brief import Brief
    from seedpipe.sandbox.render.look import Look, Shot
    from seedpipe.sandbox.tasks import Picture

_JPEG_QUALITY: Final = 90
_LEAST_SIDE_PX: Final = 160  # of a scene; on less nobody could judge one
_LONGEST: Final = 3.0


def no_references(_url: str) -> bytes | None:
    """Return nothing: for pictures without references, or where none can be had."""
    return None


def render(
    picture: Picture, load: Callable[[str], bytes | None] = no_references, *, plain: bool = False
) -> bytes:
    """Return the image file of a picture; a `plain` one is flat, labelled, and there in milliseconds.

    `load` returns the bytes of a reference, or None if it cannot be had.
    """
    brief = read(picture.prompt)
    if plain:
        return _encoded(draw_plain(picture, brief.palette), picture.format, quickly=True)
    if why := _why_card(picture, brief):
        return _encoded(draw_card(picture, brief.palette, why), picture.format)
    return _encoded(_scene(picture, brief, load), picture.format)


def _why_card(picture: Picture, brief: Brief) -> str:
    """Return why a picture is a card; empty when it is a scene."""
    shorter, longer = sorted(picture.size)
    if shorter < _LEAST_SIDE_PX or longer > _LONGEST * shorter:
        return "no scene fits this size"
    return (
        "no subject in the words that it can draw" if brief.scene is Scene.CARD and not picture.images else ""
    )


def _scene(picture: Picture, brief: Brief, load: Callable[[str], bytes | None]) -> Image.Image:
    look = look_of(brief, seed_of(picture.prompt))
    shot = shot_of(brief, picture.number, picture.of)
    width, height = picture.size
    margin = slug_height(width, height)
    canvas = Canvas(width, height - margin, margin)
    if picture.images:
        paint_references(canvas, picture.images, load, shot, headed=bool(brief.headline))
    else:
        art = canvas.reduced(SKETCH_PX) if is_filter(brief.style) else canvas
        _compose(art, picture, brief, look, shot)
        treat(art, brief.style, look.seed)
        if art is not canvas:
            canvas.cover(art.image)
    if brief.headline and (picture.images or brief.scene is not Scene.POSTER):
        draw_headline(
            canvas.image,
            canvas.height,
            brief.headline,
            brief.palette,
            look.background,
            sky=brief.scene is Scene.LANDSCAPE,
        )
    facts = f"{picture.number}/{picture.of}  {shot.name}", f"{width} × {height} px"
    draw_slug(canvas.image, picture.prompt, facts, brief.palette, named=bool(brief.palette))
    return canvas.image


def _compose(canvas: Canvas, picture: Picture, brief: Brief, look: Look, shot: Shot) -> None:
    match brief.scene:
        case Scene.PORTRAIT:
            paint_portrait(canvas, brief, look, shot, picture.prompt)
        case Scene.LANDSCAPE:
            paint_landscape(canvas, brief, look, shot)
        case Scene.INTERIOR:
            paint_interior(canvas, brief, look, shot)
        case Scene.FACADE:
            paint_facade(canvas, brief, look, shot)
        case Scene.POSTER:
            paint_poster(canvas, brief, look, picture.number)
        case _:
            paint_stage(canvas, brief, look, shot)


def _encoded(image: Image.Image, kind: str, *, quickly: bool = False) -> bytes:
    file = io.BytesIO()
    if kind == "png":
        image.save(file, "PNG", compress_level=1 if quickly else 4)
    else:
        image.save(file, "JPEG", quality=_JPEG_QUALITY, subsampling="4:2:0" if quickly else "4:4:4")
    return file.getvalue()
