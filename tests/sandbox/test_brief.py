"""What a prompt is read as, and what a set's look and shots follow from."""

from __future__ import annotations

import pytest

from seedpipe.sandbox.render.brief import Light, read
from seedpipe.sandbox.render.colours import NAMED, apart, mixed
from seedpipe.sandbox.render.look import look_of, seed_of, shot_of
from seedpipe.sandbox.render.subject import Scene

CREAM, SAGE = NAMED["cream"], NAMED["sage"]


@pytest.mark.parametrize(
    ("prompt", "scene", "subject"),
    [
        (
            "images of a bedside lamp, frosted glass on an oak base, on a linen-covered table",
            Scene.STAGE,
            "lamp",
        ),
        ("a table lantern, powder-coated steel", Scene.STAGE, "lantern"),
        ("a scented candle, amber glass with a cork lid", Scene.STAGE, "candle"),
        ("a serum dropper bottle", Scene.STAGE, "dropper"),
        ("face cream jar in cream colour", Scene.STAGE, "jar"),
        ("hand cream jar", Scene.STAGE, "jar"),
        ("hand cream for dry skin", Scene.STAGE, "tube"),
        ("our new night cream", Scene.STAGE, "jar"),
        ("shampoo in a bottle", Scene.STAGE, "pump"),
        ("a bottle of olive oil", Scene.STAGE, "bottle"),
        ("perfume box", Scene.STAGE, "box"),
        ("a new fragrance", Scene.STAGE, "flacon"),
        ("sparkling yuzu soda can", Scene.STAGE, "can"),
        ("everything that can be said", Scene.CARD, ""),
        ("a can-do attitude we can admire", Scene.CARD, ""),
        ("coffee mug at night", Scene.STAGE, "mug"),
        ("portrait of a barista holding a mug", Scene.PORTRAIT, "person"),
        ("a woman with a red umbrella", Scene.PORTRAIT, "person"),
        ("the brand manual", Scene.CARD, ""),
        ("desert at golden hour", Scene.LANDSCAPE, "desert"),
        ("a quiet beach", Scene.LANDSCAPE, "sea"),
        ("snowy peaks", Scene.LANDSCAPE, "mountains"),
        ("living room with a lamp", Scene.INTERIOR, "living"),
        ("façade of a bakery", Scene.FACADE, "front"),
        ("a chair in forest green", Scene.STAGE, "chair"),
        ("cream and sage", Scene.CARD, ""),
        ("an apartment building", Scene.FACADE, "front"),
        ("a paper bag", Scene.STAGE, "bag"),
        ("an alpine lake between mountains", Scene.LANDSCAPE, "lake"),
        ("a dining room", Scene.INTERIOR, "dining"),
        ("typographic poster with a bottle", Scene.POSTER, "poster"),
        ('words in quotes name nothing: "a bottle"', Scene.CARD, ""),
        ("ice cream in a waffle", Scene.STAGE, "cone"),
        ("a plate of fresh pasta, top view", Scene.STAGE, "pasta"),
        ("a bowl of ramen", Scene.STAGE, "bowl"),
        ("cheeseburger with fries", Scene.STAGE, "burger"),
        ("our matte water bottle", Scene.STAGE, "flask"),
        ("two friends laughing on a sofa", Scene.PORTRAIT, "person"),
        ("a family-size shampoo bottle", Scene.STAGE, "pump"),
        ("iced matcha latte in a glass", Scene.STAGE, "tumbler"),
        ("honey in a glass jar", Scene.STAGE, "jar"),
        ("a protein shake bottle", Scene.STAGE, "flask"),
        ("a dish brush with the Fjord Supply logo", Scene.CARD, ""),
        ("a canister for Tea & Table", Scene.STAGE, "jar"),
        ("a quiet beach, by Anna", Scene.LANDSCAPE, "sea"),
        ("a chalet from the Alps", Scene.LANDSCAPE, "mountains"),
        ("chocolate cake with raspberries", Scene.STAGE, "cake"),
        ("sushi platter on slate", Scene.STAGE, "sushi"),
        ("a plate of tacos", Scene.STAGE, "plate"),
        ("a stack of pancakes for breakfast", Scene.STAGE, "pancakes"),
        ("a bottle green jar", Scene.STAGE, "jar"),
        ("a wine red sofa", Scene.INTERIOR, "living"),
        ("", Scene.CARD, ""),
    ],
)
def test_the_subject_is_what_is_named_first(prompt, scene, subject):
    brief = read(prompt)
    assert (brief.scene, brief.subject) == (scene, subject)


@pytest.mark.parametrize(
    ("prompt", "palette"),
    [
        ("a NAVY bottle", [NAMED["navy"]]),
        ("all in #0af", ["#00AAFF"]),
        ("order no. &#123456; and #12345, in teal", [NAMED["teal"]]),
        ("#E4572E, #2E3A59 and an amber glass", ["#E4572E", "#2E3A59"]),
        ("navy (#17264D) and oat #F3E9DC", ["#17264D", "#F3E9DC"]),
        ("electric blue, hot pink", [NAMED["electric blue"], NAMED["hot pink"]]),
        ("face cream jar", []),
        ("a jar of cream", []),
        ("hand cream tube on sage", [SAGE]),
        ("face cream in a cream jar, cream background", [CREAM]),
        ("ice cream, cream cheese and rose water", []),
        ("cream and sage", [CREAM, SAGE]),
        ("a cream sofa", [CREAM]),
        ("red wine, green tea, black coffee", []),
        ("golden hour over sand dunes", []),
        ("red, red, red", [NAMED["red"]]),
        ("#111111 #131313 #FFFFFF", ["#111111", "#FFFFFF"]),
        ("sage green and slate-blue", [SAGE, NAMED["slate"]]),
        ("dark olive green", [mixed(NAMED["olive"], "#000000", 0.45)]),
        ("black, white and sky blue", [NAMED["black"], NAMED["white"], NAMED["sky blue"]]),
        ("chocolate brown and rose gold", [NAMED["chocolate brown"], NAMED["rose gold"]]),
        ("a woman with long grey hair and blue eyes, lavender sweater", [NAMED["lavender"]]),
        ("orange juice on a coral table", [NAMED["coral"]]),
    ],
)
def test_colours_are_told_from_wares(prompt, palette):
    assert list(read(prompt).palette) == palette


@pytest.mark.parametrize(
    ("prompt", "product", "background"),
    [
        ("a jar in cream colour on a sage background", CREAM, SAGE),
        ("a sage bottle, cream backdrop", SAGE, CREAM),
        ("bottle, background: #112233, #445566", None, "#112233"),
        ("cream and sage", None, None),
        ("a house in white with a red door", NAMED["white"], None),
    ],
)
def test_colours_are_tied_to_what_they_are_said_of(prompt, product, background):
    brief = read(prompt)
    assert (brief.product, brief.background) == (product, background)


@pytest.mark.parametrize(
    ("prompt", "headline", "label"),
    [
        ('a can, copy "FRESH YUZU"', "FRESH YUZU", ""),
        ("eine Lampe, Titel „Licht für Abende“", "Licht für Abende", ""),
        ("une lampe « Bonsoir »", "Bonsoir", ""),
        ("it's the baker's 'Good bread' poster", "Good bread", ""),
        ('a bottle, label "MARE", headline "Go"', "Go", "MARE"),
        ('a bottle, "Go" label "MARE"', "Go", "MARE"),
        ('storefront, "Boulangerie Margot" sign, "Ouvert"', "Ouvert", "Boulangerie Margot"),
        ("a serum for Lumen Skin", "", "Lumen Skin"),
        ("the Aurora logo on a lamp", "", "Aurora"),
        ("hand cream for Oat & Ash", "", "Oat & Ash"),
        ("a lamp", "", ""),
    ],
)
def test_quotes_are_headlines_unless_they_are_labels(prompt, headline, label):
    brief = read(prompt)
    assert (brief.headline, brief.label) == (headline, label)


@pytest.mark.parametrize(
    ("prompt", "light"),
    [
        ("a jar", Light.STUDIO),
        ("a desert", Light.DAYLIGHT),
        ("a jar at golden hour", Light.GOLDEN),
        ("night cream in a jar", Light.STUDIO),
        ("a jar at night", Light.NIGHT),
        ("a jar, midnight blue", Light.STUDIO),
        ("autumn evening light", Light.EVENING),
        ("studio, soft daylight", Light.DAYLIGHT),
    ],
)
def test_light_comes_from_words(prompt, light):
    assert read(prompt).light is light


@pytest.mark.parametrize(
    "prompt", ["a jar", "a desert", "close-up of a jar", "flat lay of a jar", "portrait"]
)
@pytest.mark.parametrize("of", [1, 15])
def test_members_of_a_set_share_the_look_and_not_the_shot(prompt, of):
    brief = read(prompt)
    shots = [shot_of(brief, number, of) for number in range(1, of + 1)]
    assert len({shot.name for shot in shots}) == len({(s.azimuth, s.elevation, s.near) for s in shots}) == of
    assert look_of(brief, seed_of(prompt)) == look_of(brief, seed_of(prompt))


@pytest.mark.parametrize(
    ("words", "name"), [("close-up", "close-up"), ("top-down", "overhead"), ("low angle", "low")]
)
def test_a_framing_that_is_asked_for_comes_first(words, name):
    assert shot_of(read(f"{words} of a jar"), 1, 4).name == name


@pytest.mark.parametrize(
    ("prompt", "names"),
    [
        ("a jar: front, side, top and in-hand", ["front", "side", "overhead", "in-hand"]),
        ("shots of a jar: back, front", ["back", "front"]),
        ("(1) hero, (2) back, (3) detail of a jar", ["front", "back", "detail"]),
        ("front view, three-quarter view and close-up of a jar", ["front", "three-quarter", "close-up"]),
        ("a jar, front, side, front", ["front", "side"]),
        ("a jar with a lid on top, at its side, back in stock", ["front", "three-quarter"]),
        ("close-up images of a jar", ["close-up", "close three-quarter"]),
    ],
)
def test_shots_that_are_named_come_in_their_order(prompt, names):
    brief = read(prompt)
    shots = [shot_of(brief, number, 8) for number in range(1, 9)]
    assert [shot.name for shot in shots[: len(names)]] == names
    assert len({shot.name for shot in shots}) == 8


@pytest.mark.parametrize(
    ("prompt", "held"),
    [
        ("a woman with a mug", "mug"),
        ("portrait of a man, cream and navy", ""),
        ("a barista in a chair with a lamp", ""),
        ("a woman who tries our new night cream", "jar"),
        ("a mug", ""),
    ],
)
def test_what_a_person_holds_is_a_thing_that_fits_a_hand(prompt, held):
    assert read(prompt).held == held


@pytest.mark.parametrize(
    ("prompt", "packs"),
    [
        ("Skincare trio: serum, moisturizer and cleanser for Halden", ["dropper", "jar", "pump"]),
        ("perfume bottle beside its box", ["flacon", "box"]),
        ("three scented candles on a shelf", ["candle", "candle", "candle"]),
        ("two soda cans", ["can", "can"]),
        ("gift set: a mug, a candle, a box and a vase", ["mug", "candle", "box"]),
        ("three images of a candle, a jar behind it", ["candle"]),
        ("a set of six consistent photos of a jar", ["jar"]),
        ("a series of 4 images of a bedside lamp next to a mug", ["lamp"]),
        ("a bottle and a box", ["bottle"]),
    ],
)
def test_a_set_of_packs_is_shown_together(prompt, packs):
    brief = read(prompt)
    assert [brief.subject, *brief.beside] == packs


@pytest.mark.parametrize(
    ("prompt", "ware"),
    [
        ("sunscreen tube for the beach", "sunscreen"),
        ("a can of Cold Brew by North Roast", "Cold Brew"),
        ("olive green bottle of olive oil", "olive oil"),
        ("a bottle", ""),
        ("portrait of a man with a beer", ""),
        ("body care range: pump bottle and hand cream tube", ""),
    ],
)
def test_a_pack_says_what_is_in_it(prompt, ware):
    assert read(prompt).ware == ware


@pytest.mark.parametrize(
    ("prompt", "season", "style"),
    [
        ("a snowy cottage", "winter", ""),
        ("hills in autumn, watercolour", "autumn", "watercolour"),
        ("a bottle that must not fall, springs inside", "", ""),
        ("black-and-white portrait", "", "monochrome"),
        ("frosted glass", "", ""),
    ],
)
def test_season_and_style_come_from_words(prompt, season, style):
    assert (read(prompt).season, read(prompt).style) == (season, style)


def test_what_stands_behind_a_pack_is_not_of_its_colour():
    for prompt in ("a jar, sage, terracotta and cream", "a jar, navy and cream", "a jar in #2B50FF"):
        look = look_of(read(prompt), seed_of(prompt))
        assert apart(look.accents[1], look.product) > 8


@pytest.mark.parametrize("palette", ["", "#101010", "#FFFFFF", "#E4572E #2E3A59", "#FFFFFF #FEFEFE #000000"])
@pytest.mark.parametrize("light", ["studio", "night"])
def test_a_product_never_vanishes_into_its_background(palette, light):
    prompt = f"a jar {palette} {light}"
    look = look_of(read(prompt), seed_of(prompt))
    assert apart(look.product, look.background) > 8
    assert apart(look.panel, look.ink) > 25
    assert len(look.accents) >= 3
