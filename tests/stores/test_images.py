"""How images begin and end, and what a decoder says of the rest."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image

from seedpipe.core.errors import Malformed
from seedpipe.core.image_bytes import EXTENSIONS, HEAD_BYTES, TAIL_BYTES, is_whole, looks_like, media_type
from seedpipe.stores.images import decoded_size, judged

FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}


def encoded(kind, size=(40, 30)):
    file = BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(file, FORMATS[kind])
    return file.getvalue()


def judge(data):
    return judged(head=data[:HEAD_BYTES], tail=data[-TAIL_BYTES:], size_bytes=len(data))


def png(width, height, pixels=b"\0"):
    """A PNG whose header may promise anything."""

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(pixels))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"\xff\xd8\xff\xe0....", "image/jpeg"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\x10\0\0\0WAVEfmt ", None),
        (b"\x89PNG\n\x1a\n", None),
        (b"\xff\xd8", None),
        (b"GIF89a", None),
        (b"<svg>", None),
        (b"", None),
    ],
)
def test_the_first_bytes_tell_the_media_type(head, kind):
    assert media_type(head) == kind


@pytest.mark.parametrize("kind", EXTENSIONS)
class TestEncoded:
    def test_a_whole_file_is_judged_whole(self, kind):
        assert judge(encoded(kind)) == kind

    @pytest.mark.parametrize("padding", [b"\0", b"\r\n", b"\0" * 16])
    def test_padding_behind_the_end_does_no_harm(self, kind, padding):
        assert judge(encoded(kind) + padding) == kind

    @pytest.mark.parametrize("cut", [1, 2, 13, 200])
    def test_a_cut_file_is_told_from_a_whole_one(self, kind, cut):
        with pytest.raises(Malformed, match="cut short"):
            judge(encoded(kind)[:-cut])

    def test_more_than_padding_behind_the_end_is_not_whole(self, kind):
        with pytest.raises(Malformed, match="cut short"):
            judge(encoded(kind) + b"<html>")

    def test_a_decoder_agrees(self, kind, tmp_path):
        path = tmp_path / "image"
        path.write_bytes(encoded(kind))
        assert decoded_size(path, kind, max_pixels=1200) == (40, 30)

    def test_one_pixel_too_many(self, kind, tmp_path):
        path = tmp_path / "image"
        path.write_bytes(encoded(kind))
        with pytest.raises(Malformed, match="40x30: more than 1,199 pixels"):
            decoded_size(path, kind, max_pixels=1199)

    def test_a_hole_in_the_middle_is_damage(self, kind, tmp_path):
        data = bytearray(encoded(kind, (200, 200)))
        data[12 : len(data) - 30] = bytes(len(data) - 42)
        path = tmp_path / "image"
        path.write_bytes(data)
        with pytest.raises(Malformed, match=f"damaged {kind}"):
            decoded_size(path, kind, max_pixels=10**6)

    def test_no_other_decoder_is_tried(self, kind, tmp_path):
        path = tmp_path / "image"
        Image.new("RGB", (4, 4)).save(path, "GIF")
        with pytest.raises(Malformed, match="damaged"):
            decoded_size(path, kind, max_pixels=100)


@pytest.mark.parametrize(("width", "height"), [(60_000, 60_000), (11_000, 9_000), (9_000, 8_000)])
def test_a_bomb_is_refused_before_it_takes_memory(tmp_path, width, height):
    path = tmp_path / "bomb"
    path.write_bytes(png(width, height))
    with pytest.raises(Malformed, match=r"more than 67,108,864 pixels"):
        decoded_size(path, "image/png", max_pixels=8192 * 8192)


def test_a_file_that_cannot_be_read_is_not_the_services_fault(tmp_path):
    with pytest.raises(FileNotFoundError):
        decoded_size(tmp_path / "gone", "image/png", max_pixels=100)


@pytest.mark.parametrize(("declared", "size", "whole"), [(92, 100, True), (93, 100, False), (91, 100, True)])
def test_webp_declares_its_size(declared, size, whole):
    head = b"RIFF" + declared.to_bytes(4, "little") + b"WEBP"
    assert is_whole("image/webp", head=head, tail=b"x\0", size_bytes=size) is whole


def test_a_kind_whose_end_nobody_knows_is_never_called_whole():
    with pytest.raises(ValueError, match="no end mark"):
        is_whole("image/gif", head=b"GIF89a", tail=b"\0;", size_bytes=8)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"", "an empty file"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"\xef\xbb\xbf\n <HTML lang=en>", "a web page"),
        (b"<svg xmlns=", "XML or SVG"),
        (b"<?xml version=", "XML or SVG"),
        (b'{"code": 404}', "JSON"),
        (b"GIF89a...", "PNG, JPEG and WebP are"),
        (b"\0\0\0\x1cftypavif", "PNG, JPEG and WebP are"),
        (b"\x00\x01\x02", "something unknown"),
    ],
)
def test_what_is_no_image_is_named_in_plain_words(head, words):
    assert words in looks_like(head)
    with pytest.raises(Malformed, match="not an image"):
        judge(head)
