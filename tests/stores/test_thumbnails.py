"""Small pictures: as large as asked, as small as demanded, made once, never a reason to fail."""

import hashlib
import io

import numpy as np
import pytest
from PIL import Image

from seedpipe.core.model import ImageFile
from seedpipe.stores import LocalPictures


@pytest.fixture
def folders(tmp_path):
    for name in ("objects", "cache", "out"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.fixture
def pictures(folders):
    return LocalPictures(folders / "objects", folders / "cache", folders / "out")


def kept(folders, picture, kind):
    """Keep a picture as an object; return what is known of it."""
    file = io.BytesIO()
    picture.save(file, kind)
    data = file.getvalue()
    name = hashlib.sha256(data).hexdigest()
    (folders / "objects" / name).write_bytes(data)
    return ImageFile(
        sha256=name,
        media_type=f"image/{kind}",
        width_px=picture.width,
        height_px=picture.height,
        size_bytes=len(data),
    )


def noise(width=900, height=600, mode="RGB", seed=1):
    shape = (height, width, len(mode))
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, np.uint8), mode=None)


def opened(data):
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_a_small_picture_keeps_its_shape_and_fits(folders, pictures, kind):
    image = kept(folders, noise(), kind)
    (data,) = pictures.thumbnails([image], side_px=360, most_bytes=6400)
    assert len(data) <= 6400
    small = opened(data)
    assert small.format == "WEBP"
    assert max(small.size) <= 360
    assert small.width / small.height == pytest.approx(1.5, abs=0.05)


def test_what_is_easy_to_encode_has_the_side_that_was_asked_for(folders, pictures):
    image = kept(folders, Image.new("RGB", (900, 600), "#E4572E"), "png")
    (data,) = pictures.thumbnails([image], side_px=360, most_bytes=6400)
    small = opened(data).convert("RGB")
    assert small.size == (360, 240)
    assert max(abs(a - b) for a, b in zip(small.getpixel((9, 9)), (0xE4, 0x57, 0x2E), strict=True)) < 6


def test_what_shows_through_stays_so(folders, pictures):
    image = kept(folders, Image.new("RGBA", (64, 64), (200, 30, 30, 0)), "png")
    (data,) = pictures.thumbnails([image], side_px=32, most_bytes=6400)
    assert opened(data).convert("RGBA").getpixel((3, 3))[3] == 0


def test_many_come_in_order_and_are_made_once(folders, pictures):
    images = [kept(folders, Image.new("RGB", (40 + n, 40), "red"), "png") for n in range(25)]
    first = list(pictures.thumbnails(images, side_px=64, most_bytes=6400))
    assert [opened(data).width for data in first] == [40 + n for n in range(25)]
    for path in (folders / "objects").iterdir():
        path.unlink()
    assert list(pictures.thumbnails(images, side_px=64, most_bytes=6400)) == first


def test_an_image_that_is_gone_or_damaged_is_an_empty_picture(folders, pictures):
    gone = kept(folders, noise(), "png")
    (folders / "objects" / gone.sha256).unlink()
    damaged = kept(folders, noise(seed=2), "png")
    (folders / "objects" / damaged.sha256).write_bytes(b"\x89PNG\r\n\x1a\nnothing more")
    assert list(pictures.thumbnails([gone, damaged], side_px=64, most_bytes=6400)) == [b"", b""]
    assert pictures.whole(gone) == b""
    assert pictures.link(gone) == ""


def test_a_link_leads_from_the_reports_to_the_object(folders, pictures):
    image = kept(folders, noise(), "png")
    assert pictures.link(image) == f"../objects/{image.sha256}"
    assert pictures.whole(image) == (folders / "objects" / image.sha256).read_bytes()


def test_a_cache_that_cannot_be_written_costs_time_only(folders):
    image = kept(folders, noise(), "png")
    (folders / "file").write_text("in the way")
    pictures = LocalPictures(folders / "objects", folders / "file" / "cache", folders / "out")
    (data,) = pictures.thumbnails([image], side_px=64, most_bytes=6400)
    assert data
