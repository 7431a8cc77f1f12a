"""Real photographs that come in a package, and what can happen to them."""

import io
from functools import cache
from pathlib import Path

import skimage
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from seedpipe.checks import measure

NAMES = ("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg", "motorcycle_left.png", "retina.jpg")
AURORA = {"ember": "#E4572E", "dusk": "#2E3A59", "oat": "#F3E9DC"}


@cache
def photograph(name):
    with Image.open(Path(skimage.__file__).parent / "data" / name) as image:
        return image.convert("RGB")


def encoded(image, form="JPEG", **how):
    file = io.BytesIO()
    usual = {"quality": 90} if form == "JPEG" else {"compress_level": 1}  # the same pixels
    image.save(file, form, **usual | how)
    return file.getvalue()


def figures(image, palette=AURORA, extras=(), logo=None, **how):
    return measure(encoded(image, **how), palette, proof=False, extras=extras, logo=logo)


@cache
def figures_of(name):
    """The figures of a photograph as it is."""
    return figures(photograph(name))


def blurred(image, share):
    return image.filter(ImageFilter.GaussianBlur(max(image.size) * share))


def lettered(name, text, size_px=40):
    image = photograph(name).resize((768, 512))
    ImageDraw.Draw(image).text((40, 40), text, font=ImageFont.load_default(size_px), fill="white")
    return image


@cache
def drawn_logo():
    """The logo of a package: a snake and a wordmark, on nothing."""
    with Image.open(Path(skimage.__file__).parent / "data" / "logo.png") as image:
        return image.convert("RGBA")


def with_logo(name, width_px, degrees=0):
    picture, mark = photograph(name).resize((1024, 768)), drawn_logo()
    mark = mark.resize((width_px, round(width_px * mark.height / mark.width)))
    mark = mark.rotate(degrees, expand=True, resample=Image.Resampling.BICUBIC)
    picture.paste(mark, (140, 140), mark)
    return picture
