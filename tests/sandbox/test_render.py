"""Proof pictures: what was asked for, the same every time, and labelled."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from seedpipe.core.catalogue import Size
from seedpipe.sandbox.lettering import BOX, length, spell, wrapped
from seedpipe.sandbox.render import render
from seedpipe.sandbox.tasks import Picture

PROMPT = "A lamp in #E4572E, #FFF4E6 and #17264D"


def drawn(prompt=PROMPT, width=640, height=640, number=1, of=4, kind="png") -> bytes:
    return render(Picture(prompt=prompt, size=Size(width, height), number=number, of=of, format=kind))


def opened(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image


def shares(image: Image.Image) -> dict[tuple[int, ...], float]:
    counted = image.convert("RGB").getcolors(image.width * image.height)
    return {colour: count / (image.width * image.height) for count, colour in counted}


@pytest.mark.parametrize("kind", ["png", "jpeg"])
@pytest.mark.parametrize(
    ("width", "height"),
    [(64, 64), (1, 1), (3, 700), (64, 512), (512, 64), (320, 320), (2176, 960), (960, 2176), (4096, 64)],
)
def test_size_and_format_are_those_asked_for(width, height, kind):
    image = opened(drawn(width=width, height=height, kind=kind))
    assert (image.size, image.format, image.mode) == ((width, height), kind.upper(), "RGB")


def test_the_largest_size_is_drawn():
    assert opened(drawn(width=4096, height=4096, kind="jpeg")).size == (4096, 4096)


def test_equal_pictures_are_equal_bytes_and_others_are_not():
    assert drawn() == drawn()
    images = [drawn(number=number) for number in range(1, 7)]
    images += [drawn(of=6), drawn(prompt=PROMPT + "!"), drawn(width=648)]
    assert len(set(images)) == len(images)


@pytest.mark.parametrize("number", range(1, 7))
def test_the_colours_of_the_prompt_fill_the_art(number):
    found = shares(opened(drawn(number=number)))
    brand = [(0xE4, 0x57, 0x2E), (0xFF, 0xF4, 0xE6), (0x17, 0x26, 0x4D)]
    assert all(found.get(colour, 0) > 0.01 for colour in brand)
    assert sum(found.get(colour, 0) for colour in brand) > 0.5


@pytest.mark.parametrize(
    ("prompt", "colour"),
    [
        ("a NAVY bottle", (0x17, 0x26, 0x4D)),
        ("all in #0af", (0x00, 0xAA, 0xFF)),
        ("order no. &#123456; and #12345, in teal", (0x15, 0x80, 0x7F)),
    ],
)
def test_colours_are_found_by_name_and_by_short_code(prompt, colour):
    assert shares(opened(drawn(prompt))).get(colour, 0) > 0.02


@pytest.mark.parametrize(
    ("width", "height"), [(64, 64), (64, 900), (900, 64), (300, 300), (1024, 1024), (1600, 700)]
)
def test_the_label_is_on_every_size(width, height):
    assert shares(opened(drawn("no colours", width=width, height=height))).get((0xFF, 0xD2, 0x3F), 0) > 0.005


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        " ",
        "\0\n\t\x1b",
        "日本語の文章" * 99,
        "שלום עולם",
        "👩‍👩‍👧 emoji",
        "x" * 20_000,
        "a\ud800b",
        "é" * 3000,
        "#FFF",
        "#000",
    ],
)
def test_no_prompt_breaks_it(prompt):
    assert opened(drawn(prompt, width=500, height=400)).size == (500, 400)


@pytest.mark.parametrize(
    ("text", "spelt"),
    [
        ("plain", "plain"),
        ("Größe für 5 €", "Gro\u0308sse fu\u0308r 5 EUR"),
        ("Łódź", "Lo\u0301dz\u0301"),
        ("日本", BOX * 2),
        ("a\u200db\tc", "ab c"),
        ("½ \ufb01n", f"{BOX} fin"),
    ],
)
def test_what_the_font_lacks_is_composed_spelt_out_or_boxed(text, spelt):
    assert spell(text) == spelt


def test_wrapping_keeps_every_line_inside_and_says_what_is_missing():
    text = "a rather long sentence with one " + "unbreakable" * 9 + " word"
    lines, complete = wrapped(text, 20, 200, 99)
    assert complete
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    cut, complete = wrapped(text, 20, 200, 3)
    assert (len(cut), complete, cut[-1][-1]) == (3, False, "…")
    assert all(length(line, 20) <= 200 for line in lines + cut)
