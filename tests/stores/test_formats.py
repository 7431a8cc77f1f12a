"""Formats on real pictures: the middle of them, in sRGB, without a word about where they come from."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from seedpipe.core.errors import Malformed
from seedpipe.core.publishing import LOWEST_QUALITY, Format
from seedpipe.stores.formats import TooLarge, in_format, picture_of
from tests.checks import photographs

TYPES = ["image/jpeg", "image/png", "image/webp"]


def a_format(media_type="image/jpeg", **more):
    return Format(name="feed", media_type=media_type, **more)


@pytest.fixture
def kept(tmp_path):
    """A function that keeps a picture as a file and returns it as it is published from."""

    def keep(image, kind="PNG", **how):
        file = tmp_path / "image"
        image.save(file, kind, **how)
        return picture_of(file, f"image/{kind.lower()}")

    return keep


@pytest.fixture
def photograph():
    return photographs.photograph("astronaut.png")


def opened(content):
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def target():
    """A picture of 90 × 30: red, then green, then blue."""
    image = Image.new("RGB", (90, 30), "red")
    image.paste("lime", (30, 0, 60, 30))
    image.paste("blue", (60, 0, 90, 30))
    return image


@pytest.mark.parametrize("media_type", TYPES)
def test_a_square_of_a_wide_picture_is_its_middle(kept, media_type):
    content, width, height = in_format(kept(target()), a_format(media_type, width_px=20, height_px=20))
    image = opened(content)
    assert image.size == (width, height) == (20, 20)
    assert Image.MIME[image.format] == media_type
    red, green, blue = image.convert("RGB").getpixel((10, 10))
    assert green > 230
    assert max(red, blue) < 30


@pytest.mark.parametrize("media_type", TYPES)
def test_nothing_of_the_source_is_told(kept, media_type):
    text = PngInfo()
    text.add_text("prompt", "a secret lamp")
    exif = Image.Exif()
    exif[0x010E] = "a secret lamp"
    picture = kept(target(), pnginfo=text, exif=exif, dpi=(300, 300))
    content, *_ = in_format(picture, a_format(media_type))
    assert b"secret" not in content
    image = opened(content)
    assert not image.getexif()
    assert not {"exif", "icc_profile", "dpi", "prompt", "xmp", "comment"} & image.info.keys()


@pytest.mark.parametrize("media_type", TYPES)
def test_equal_images_make_equal_bytes(kept, photograph, media_type):
    form = a_format(media_type, width_px=160, max_bytes=None if media_type == "image/png" else 6000)
    assert in_format(kept(photograph), form) == in_format(kept(photograph), form)


def test_a_profile_is_followed_and_left_out(kept):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # Red and blue change places: what is stored as red is meant as blue.
    swapped = profile.replace(b"rXYZ", b"????").replace(b"bXYZ", b"rXYZ").replace(b"????", b"bXYZ")
    picture = kept(Image.new("RGB", (20, 20), "red"), icc_profile=swapped)
    image = opened(in_format(picture, a_format("image/png"))[0])
    red, _, blue = image.getpixel((5, 5))
    assert blue > 200
    assert red < 60
    assert "icc_profile" not in image.info
    broken = kept(Image.new("RGB", (20, 20), "red"), icc_profile=b"no profile at all")
    assert opened(in_format(broken, a_format("image/png"))[0]).getpixel((5, 5)) == (255, 0, 0)


def test_a_photograph_that_lies_on_its_side_stands_up(kept):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees to the right
    content, width, height = in_format(kept(target(), "JPEG", exif=exif, quality=95), a_format("image/png"))
    assert (width, height) == (30, 90)
    red, _, _ = opened(content).getpixel((15, 10))
    assert red > 200


def test_transparency_stays_where_it_can_and_lies_on_white_where_not(kept):
    image = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    for media_type in ("image/png", "image/webp"):
        assert opened(in_format(kept(image), a_format(media_type))[0]).getpixel((5, 5))[3] == 0
    assert min(opened(in_format(kept(image), a_format())[0]).getpixel((5, 5))) > 250


@pytest.mark.parametrize("mode", ["L", "LA", "P", "1", "I;16"])
def test_pictures_of_other_kinds_are_taken(kept, mode):
    grey = Image.new("L", (20, 20), 255)
    image = Image.fromarray(np.full((20, 20), 65535, np.uint16)) if mode == "I;16" else grey.convert(mode)
    assert min(opened(in_format(kept(image), a_format())[0]).getpixel((5, 5))) > 250


def test_a_printers_picture_is_taken(kept):
    image = Image.new("CMYK", (20, 20), (0, 0, 0, 0))
    assert min(opened(in_format(kept(image, "JPEG"), a_format("image/webp"))[0]).getpixel((5, 5))) > 250


@pytest.mark.parametrize("media_type", ["image/jpeg", "image/webp"])
def test_the_best_quality_that_fits_is_found(kept, photograph, media_type):
    picture = kept(photograph)
    free, *_ = in_format(picture, a_format(media_type, width_px=256))
    for most in (len(free) * 3 // 4, len(free) // 2):
        form = a_format(media_type, width_px=256, max_bytes=most)
        content, *_ = in_format(picture, form)
        assert most * 0.85 < len(content) <= most
    asked = a_format(media_type, width_px=256, max_bytes=10**9, quality=60)
    assert len(in_format(picture, asked)[0]) < len(free)


def test_a_png_is_pressed_only_where_it_must_be(kept, photograph):
    picture = kept(photograph)
    usual, *_ = in_format(picture, a_format("image/png", width_px=128))
    form = a_format("image/png", width_px=128, max_bytes=len(usual) - 1)
    pressed, *_ = in_format(picture, form)
    assert len(pressed) < len(usual)
    assert opened(pressed).tobytes() == opened(usual).tobytes()


def test_a_limit_that_cannot_be_kept_is_told(kept, photograph):
    picture = kept(photograph)
    with pytest.raises(TooLarge, match=rf"kB at quality {LOWEST_QUALITY}, and max_kb is 1$"):
        in_format(picture, a_format(max_bytes=1000))
    with pytest.raises(TooLarge, match="kB without loss, and max_kb is 50"):
        in_format(picture, a_format("image/png", max_bytes=50_000))


@pytest.mark.parametrize("size", [{"width_px": 16383}, {"width_px": 9000, "height_px": 9000}])
def test_what_no_program_could_show_is_not_written(kept, size):
    with pytest.raises(TooLarge, match=r"it would have [0-9,]+ × [0-9,]+ pixels"):
        in_format(kept(Image.new("RGB", (20, 40))), a_format("image/webp", enlarge=True, **size))


def test_a_bomb_is_not_opened(tmp_path):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    file = tmp_path / "bomb"
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    with pytest.raises(Malformed, match="more than 67,108,864 pixels"):
        picture_of(file, "image/png")
