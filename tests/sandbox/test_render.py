"""Proof pictures: what was asked for, the same every time, in its colours and words, and labelled."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest
from PIL import Image

from seedpipe.checks.colours import lab_of
from seedpipe.core.catalogue import Size
from seedpipe.core.slug import slug_height
from seedpipe.sandbox.render import packs, render
from seedpipe.sandbox.render.brief import read
from seedpipe.sandbox.render.colours import NAMED, lab, linear
from seedpipe.sandbox.render.headline import draw_headline
from seedpipe.sandbox.render.lettering import BOX, Face, legible, length, spell, wrapped
from seedpipe.sandbox.render.look import look_of
from seedpipe.sandbox.render.poster import evenly
from seedpipe.sandbox.render.subject import Scene
from seedpipe.sandbox.render.terrain import tones
from seedpipe.sandbox.tasks import Picture

LAMP = "A bedside lamp in #E4572E, #FFF4E6 and #17264D, studio"
YELLOW = (0xFF, 0xD2, 0x3F)
SCENES = {
    Scene.STAGE: "A serum dropper bottle, sage and terracotta, studio",
    Scene.PORTRAIT: "Portrait of a barista, sage apron, mustard",
    Scene.LANDSCAPE: "Desert at golden hour, terracotta and sand",
    Scene.INTERIOR: "A living room, forest green and cream",
    Scene.FACADE: "Façade of a bakery at night, navy and mustard",
    Scene.POSTER: 'Poster "OPEN ALL NIGHT", neon pink and midnight',
    Scene.CARD: "Quarterly synergy in #E4572E and #2E3A59",
}


def drawn(prompt=LAMP, width=400, height=400, number=1, of=4, kind="png", images=(), load=None) -> bytes:
    picture = Picture(
        prompt=prompt, size=Size(width, height), number=number, of=of, format=kind, images=images
    )
    return render(picture, load) if load else render(picture)


def opened(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image


def art(data: bytes) -> Image.Image:
    image = opened(data)
    return image.crop((0, 0, image.width, image.height - slug_height(*image.size)))


def labs(image: Image.Image) -> np.ndarray:
    pixels = image.convert("RGB").resize((96, 96), Image.Resampling.NEAREST)
    return lab_of(np.asarray(pixels, dtype=np.float32).reshape(-1, 3))


def share_near(image: Image.Image, colour: str, reach: float) -> float:
    away = np.sqrt(((labs(image) - np.array(lab(colour))) ** 2).sum(axis=1))
    return float((away < reach).mean())


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


@pytest.mark.parametrize(("scene", "prompt"), SCENES.items())
def test_equal_pictures_are_equal_bytes_and_members_of_a_set_differ_in_their_art(scene, prompt):
    assert read(prompt).scene is scene
    first = drawn(prompt)
    assert drawn(prompt) == first
    images = [art(first), *(art(drawn(prompt, number=number)) for number in range(2, 6))]
    assert len({image.tobytes() for image in images}) == len(images)


def test_another_request_is_another_picture():
    images = [drawn(), drawn(of=6), drawn(prompt=LAMP + "!"), drawn(width=408), drawn(number=2)]
    assert len(set(images)) == len(images)


@pytest.mark.parametrize("subject", sorted(packs._PACKS))
def test_every_pack_stands_out_in_its_own_colour(subject):
    words = {"bar": "soap bar", "flacon": "perfume bottle", "pump": "pump bottle", "pouch": "coffee bag"}
    words |= {"plate": "plate of tacos", "cone": "ice cream", "flask": "water bottle"}
    words |= {"tumbler": "glass of tea", "can": "soda can", "dropper": "dropper bottle", "bag": "paper bag"}
    prompt = f"A {words.get(subject, subject)} in #2B50FF on a #F4F1EA background, studio"
    assert read(prompt).subject == subject
    blue = "#2B50FF"
    assert share_near(art(drawn(prompt)), blue, 26) > (0.002 if subject == "lamp" else 0.01)


@pytest.mark.parametrize("number", [1, 2, 4, 5])
def test_packs_beside_the_first_stand_in_the_picture_in_a_colour_of_the_palette(number):
    alone = "A jar in #2B50FF, #D93A32 and #F4F1EA"
    together = drawn(f"Set: {alone} and a box", number=number, of=6)
    assert share_near(art(together), "#D93A32", 22) > 0.01
    assert together != drawn(f"Set: {alone}", number=number, of=6)


@pytest.mark.parametrize("number", range(1, 7))
def test_each_colour_of_the_palette_occurs_in_each_member_of_a_set(number):
    prompt = "A serum dropper bottle for Lumen, palette #F2C6B4 #2F4B3C #E8E2D0 #D9825B, studio"
    image = art(drawn(prompt, number=number, of=6))
    found = [share_near(image, colour, 14) for colour in read(prompt).palette]
    assert min(found) > 0.004, found
    assert sum(found) > 0.45, found


@pytest.mark.parametrize("light", ["studio", "golden hour", "at night", "evening light"])
def test_cream_stays_cream_in_every_light(light):
    """The trap: light that is dimmer, or bluer, turns cream to lavender."""
    image = art(drawn(f"A candle in cream on a black background, {light}"))
    tones = labs(image)
    light_ones = tones[tones[:, 0] > 45]
    assert len(light_ones) > 200
    assert np.quantile(light_ones[:, 2], 0.15) > -4, "blue"
    assert np.quantile(light_ones[:, 1] - light_ones[:, 2].clip(0), 0.9) < 20, "pink"


def test_night_is_darker_than_day():
    day, night = (
        labs(art(drawn(f"A coffee mug, rust and cream, {light}")))[:, 0].mean()
        for light in ("studio", "night")
    )
    assert night < 0.6 * day


def test_a_mug_has_a_handle():
    plain = labs(art(drawn("A mug in #2B50FF on a #FFFFFF background, studio")))
    column = np.abs(plain - np.array(lab("#2B50FF"))).max(axis=1).reshape(96, 96)
    rows = [row for row in column if (row < 40).any()]
    crossings = max(int((np.diff((row < 40).astype(int)) == 1).sum()) for row in rows)
    assert crossings >= 2, "body, gap, handle: somewhere the blue is left and met again"


@pytest.mark.parametrize(("scene", "prompt"), [each for each in SCENES.items() if each[0] is not Scene.CARD])
@pytest.mark.parametrize(("width", "height"), [(480, 480), (640, 300)])
def test_the_headline_is_drawn_over_the_scene(scene, prompt, width, height):
    words, others = (f'{prompt.partition(chr(34))[0]}, "{words}"' for words in ("MMMM", "...."))
    changed = np.abs(
        np.asarray(art(drawn(words, width, height)), dtype=int)
        - np.asarray(art(drawn(others, width, height)), dtype=int)
    )
    assert read(words).headline == "MMMM"
    assert (changed.max(axis=2) > 60).mean() > 0.004


@pytest.mark.parametrize(
    ("words", "count", "lines"),
    [
        ("LESS BUT BETTER", 2, ["LESS BUT", "BETTER"]),
        ("Licht und Raum — 3. Mai bis 12. Juli 2026, Kunsthalle Nord", 4,
         ["Licht und", "Raum — 3. Mai", "bis 12. Juli 2026,", "Kunsthalle Nord"]),
        ("one", 1, ["one"]),
        ("a b c", 3, ["a", "b", "c"]),
    ],
)  # fmt: skip
def test_a_poster_breaks_its_lines_evenly_and_no_line_begins_with_a_dash(words, count, lines):
    assert evenly(words.replace(" — ", "\N{NO-BREAK SPACE}— ").split(" "), count) == [
        line.replace(" — ", "\N{NO-BREAK SPACE}— ") for line in lines
    ]


@pytest.mark.parametrize(
    ("prompt", "land", "sky"),
    [
        ("Desert at noon, sand and sky blue", "sand", "sky blue"),
        ("Hills, sky blue and ochre", "ochre", "sky blue"),
        ("Desert at night, indigo and sand", "sand", "indigo"),
    ],
)
def test_a_landscape_gives_its_colours_to_what_could_have_them(prompt, land, sky):
    brief = read(prompt)
    told = tones(brief, look_of(brief, 1))
    assert np.allclose(told["land"], linear(NAMED[land]), atol=1e-6)
    away = [np.abs(told["top"] - linear(NAMED[name])).sum() for name in (sky, land)]
    assert away[0] < away[1]


def test_a_headline_can_be_read_on_any_ground():
    for ground in ("#000000", "#FFFFFF", "#8A8A8A", "#E4572E"):
        image = Image.new("RGB", (300, 300), ground)
        draw_headline(image, 300, "LIGHT", ["#E4572E", "#000000"], ground)
        assert share_near(image, ground, 25) < 0.999
        assert labs(image)[:, 0].max() - labs(image)[:, 0].min() > 25


def test_a_label_stays_sharp_when_it_is_magnified():
    """The trap: letters that are shaded small and enlarged. Close up, their edges are a pixel or two wide."""
    image = art(drawn('Close-up of a jar, label "HHHH", #FFFFFF and #101010', 1200, 1200, of=1))
    grey = np.asarray(image.convert("L"), dtype=int)
    assert (np.abs(np.diff(grey[300:1000], axis=1)) > 90).sum() > 400


@pytest.mark.parametrize(
    ("width", "height"), [(64, 64), (64, 900), (900, 64), (300, 300), (1024, 1024), (1600, 700)]
)
@pytest.mark.parametrize("prompt", ["no colours", "a lamp"])
def test_the_slug_is_on_every_size(width, height, prompt):
    assert shares(opened(drawn(prompt, width=width, height=height))).get(YELLOW, 0) > 0.005


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
@pytest.mark.parametrize("subject", ["", "a bottle ", 'a poster "\0" ', "a kitchen ", 'a sea "日本" '])
def test_no_prompt_breaks_it(prompt, subject):
    assert opened(drawn(subject + prompt, width=300, height=240)).size == (300, 240)


def test_a_card_says_why_it_is_one_and_keeps_exact_colours():
    found = shares(opened(drawn(SCENES[Scene.CARD])))
    assert found.get((0xE4, 0x57, 0x2E), 0) > 0.05
    assert found.get((0x2E, 0x3A, 0x59), 0) > 0.05


def test_a_plain_picture_is_flat_labelled_and_of_its_request_alone():
    def plain(**fields) -> bytes:
        asked = {"prompt": LAMP, "size": Size(640, 360), "number": 1, "of": 4, "format": "png"} | fields
        return render(Picture(**asked), plain=True)

    found = shares(opened(plain()))
    assert max(found.values()) > 0.6
    assert found.get(YELLOW, 0) > 0.005
    assert plain() == plain()
    others = [plain(number=2), plain(of=5), plain(prompt=LAMP + "!"), plain(images=("a",)), plain()]
    assert len(set(others)) == len(others)


# ---- references ---------------------------------------------------------------------------------


def file_of(colour: str, size=(64, 48), kind="PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, kind)
    return file.getvalue()


def test_references_are_composed_as_they_are():
    files = {"one": file_of("#C02020"), "two": file_of("#2040C0", kind="JPEG")}
    image = art(drawn("Put them together", images=("one", "two"), load=files.get))
    assert share_near(image, "#C02020", 3) > 0.5
    assert share_near(image, "#2040C0", 6) > 0.04


@pytest.mark.parametrize(("width", "height"), [(480, 320), (320, 480)])
def test_a_headline_stands_beside_a_reference_and_never_on_it(width, height):
    bottle = Image.new("RGB", (300, 300), "#E8E2D0")
    bottle.paste("#2040C0", (60, 40, 240, 260))
    file = io.BytesIO()
    bottle.save(file, "PNG")
    plain = art(
        drawn('Edit it, headline "New in"', width, height, images=("one",), load=lambda _: file.getvalue())
    )
    blue = np.abs(np.asarray(plain, dtype=int) - (0x20, 0x40, 0xC0)).sum(axis=-1) < 40
    place = (
        (slice(None), slice(0, int(0.42 * width))) if width > height else slice(0, int(0.24 * plain.height))
    )
    assert not blue[place].any()
    assert blue.mean() > 0.15


@pytest.mark.parametrize("body", [None, b"", b"no picture", file_of("#C02020")[:60], b"GIF89a"])
def test_a_reference_that_cannot_be_shown_is_a_frame_that_keeps_the_address_to_itself(body):
    url = "https://bucket.example/a/lamp.png?signature="
    framed = drawn("Edit it", images=(url + "1",), load=lambda _: body)
    assert framed == drawn("Edit it", images=(url + "2",), load=lambda _: body)
    assert framed != drawn("Edit it", images=("https://bucket.example/chair.png",), load=lambda _: body)


# ---- lettering ----------------------------------------------------------------------------------


@pytest.mark.parametrize("face", Face)
def test_latin_greek_and_cyrillic_are_in_the_fonts(face):
    from seedpipe.sandbox.render import lettering

    font = lettering._font(40, face, False)
    missing = bytes(font.getmask("\U000f0000"))
    for char in "AzÄßéłżşțőİ€–„“Ωλώφ№ЖщїґẤ" + BOX:
        assert spell(char) == char
        assert bytes(font.getmask(char)) != missing, char


def test_every_character_that_counts_as_covered_is_drawn():
    from seedpipe.sandbox.render import lettering

    font = lettering._font(24, Face.TEXT, False)
    missing = bytes(font.getmask("\U000f0000"))
    covered = [chr(code) for first, last in lettering._COVERED for code in range(first, last + 1)]
    lacking = [char for char in covered if bytes(font.getmask(char)) == missing and not char.isspace()]
    assert lacking == []


@pytest.mark.parametrize(
    ("text", "spelt"),
    [("Größe 5 €", "Größe 5 €"), ("a\u200db\tc", "ab c"), ("e\u0301", "é"), ("ﬁn", "fin"), ("☂", BOX)],
)
def test_what_the_font_lacks_is_taken_apart_or_boxed(text, spelt):
    assert spell(text) == spelt


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Größe", "Größe"),
        ("☂", "[1 character]"),
        ("☂☂ ☂ now", "[3 characters] now"),
        ("a ☂ b ☂☂", "a [1 character] b [2 characters]"),
    ],
)
def test_what_no_font_draws_is_counted_and_never_a_row_of_boxes(text, shown):
    assert legible(text) == shown
    assert legible(text, "(why) ") == ("(why) " + shown if "[" in shown else shown)


def test_wrapping_keeps_every_line_inside_and_says_what_is_missing():
    text = "a rather long sentence with one " + "unbreakable" * 9 + " word"
    lines, complete = wrapped(text, 20, 200, 99)
    assert complete
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    cut, complete = wrapped(text, 20, 200, 3)
    assert (len(cut), complete, cut[-1][-1]) == (3, False, "…")
    assert all(length(line, 20) <= 200 for line in lines + cut)


@pytest.mark.parametrize("face", Face)
def test_one_weight_of_the_extra_font_serves_both_faces(face, tmp_path, monkeypatch):
    from seedpipe.sandbox.render import lettering

    home = tmp_path / "noto_cjk_sans_jp_regular"
    home.mkdir()
    (home / "__init__.py").touch()
    (home / "Any.otf").write_bytes((lettering._FONTS / "text.otf").read_bytes())
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, home.name, raising=False)
    lettering._east_asian.cache_clear()
    try:
        assert lettering._east_asian(face) == home / "Any.otf"
        assert spell("\u65e5") == "\u65e5"
    finally:
        sys.modules.pop(home.name, None)
        lettering._east_asian.cache_clear()
        lettering._font.cache_clear()
