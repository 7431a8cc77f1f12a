"""What a prompt shows: the scene and its subject, what somebody holds, what a pack has in it and beside it.

Hides the words for things, people and places. What is named first is shown; the known trap is words that are
both ware and colour: "face cream" is a jar, a cream background none.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from seedpipe.sandbox.render.colours import names_in

_LONGEST_WARE: Final = 18  # letters; more are not read on a label


class Scene(StrEnum):
    """The kinds of composition there are."""

    STAGE = "stage"
    PORTRAIT = "portrait"
    LANDSCAPE = "landscape"
    INTERIOR = "interior"
    FACADE = "facade"
    POSTER = "poster"
    CARD = "card"


FOODS: Final = frozenset({"bowl", "burger", "cake", "cone", "pancakes", "pasta", "pizza", "plate", "sushi"})

# Containers and things, then wares that imply one. The earliest wins: "a candle on a table" is a candle.
_THINGS: Final = (
    (r"bottles?\b", "bottle"), (r"(?:droppers?|pipettes?|vials?)\b", "dropper"),
    (r"(?:pump bottles?|dispensers?)\b", "pump"), ((r"(?:flacons?|perfume bottles?"
     r"|fragrance bottles?)\b"), "flacon"),
    (r"(?:jars?|tubs?|pots? of|cream pots?|tins?|canisters?|caddy)\b", "jar"), (r"tubes?\b", "tube"),
    (r"lipsticks?\b", "lipstick"),
    ((r"(?:cans\b|(?:soda|beer|drinks?|beverage|alumin(?:i)?um|slim|sleek|cold|tin|a|the|of|water|tea"
     r"|coffee) can\b(?! be|-)|can of\b)"), "can"),
    (r"(?:(?:gift |perfume |tea |product )?box(?:es)?|cartons?|packages?|packaging)\b", "box"),
    (r"(?:mugs?|(?:coffee|tea|espresso|ceramic) cups?|cups? of)\b", "mug"),
    (r"candles?\b", "candle"), (r"lanterns?\b", "lantern"), (r"lamps?\b", "lamp"),
    (r"(?:pouch(?:es)?|sachets?|(?:coffee|stand-up|tea) bags?)\b", "pouch"),
    (r"(?:(?:paper|carrier|gift|shopping|tote) bags?|totes?)\b", "bag"), (r"chairs?\b", "chair"),
    (r"(?:smart)?phones?\b", "phone"), (r"(?:books?|notebooks?)\b", "book"), (r"vases?\b", "vase"),
    ((r"(?:(?:wine ?|drinking |water )?(?:glass|tumbler)(?:es)? of\b|cocktails?\b|smoothies?\b"
     r"|in an? (?:tall |clear )?glass\b(?! (?:jar|bottle|dropper|vase|flacon)))"), "tumbler"),
    (r"(?:bowls?)\b", "bowl"),
    ((r"(?:plates?|platters?|dish(?:es)?) of (?!(?:fresh |homemade )?(?:pasta|spaghetti|pizza|pancakes"
     r"|sushi|cake))"), "plate"),
    (r"(?:thermos(?:es)?|(?:thermo|vacuum|insulated|steel) flasks?)\b", "flask"),
    (r"speakers?\b", "speaker"), (r"(?:soap bars?|bars? of (?:soap|chocolate))\b", "bar"),
)  # fmt: skip
_WARES: Final = (
    (r"(?:serums?|face oils?|essential oils?|tinctures?)\b", "dropper"),
    (r"(?:perfumes?|fragrances?|colognes?|eau de (?:parfum|toilette))\b", "flacon"),
    ((r"(?:shampoos?|conditioners?|lotions?|(?:hand|liquid) soaps?|body wash|shower gels?"
     r"|cleansers?)\b"), "pump"),
    (r"(?:hand creams?|toothpastes?|sunscreens?|sun creams?|ointments?|lip balms?)\b", "tube"),
    ((r"(?:(?:face|body|eye|night|day|skin|beauty|cold|moisturi[sz]ing|barrier) creams?|moisturi[sz]ers?"
     r"|balms?|jams?|honey|face masks?)\b"), "jar"),
    (r"(?:sodas?|lemonades?|energy drinks?|seltzers?|colas?|beers?|cold brews?|iced (?:coffees?|teas?))\b",
     "can"),
    (r"(?:wines?|olive oils?|juices?|sparkling water|kombuchas?|whiskys?|gins?)\b", "bottle"),
    (r"(?:cereals?|tea blend|teas|chocolates?(?! (?:cake|ice|mousse|chip|milk|sauce)))\b", "box"),
    ((r"(?:coffee beans|coffee roast"
     r"|ground coffee)\b"), "pouch"),
    (r"(?:espressos?|cappuccinos?|latt?es?|coffees?|cocoas?)\b", "mug"),
    (r"(?:ramens?|noodles?|soups?|salads?|porridges?|muesli|granola|curr(?:y|ies)|poke)\b", "bowl"),
    (r"(?:pastas?|spaghetti|noodle dish(?:es)?)\b", "pasta"), (r"pizzas?\b", "pizza"),
    (r"pancakes?\b", "pancakes"), (r"sushi\b", "sushi"), (r"(?:cup|cheese)?cakes?\b|tortes?\b", "cake"),
    (r"(?:croissants?|steaks?|breakfasts?|tacos?|toasts?|sandwich(?:es)?|brunch(?:es)?)\b", "plate"),
    (r"(?:ham|cheese)?burgers?\b", "burger"), (r"(?:ice[ -]creams?|gelatos?|sorbets?)\b", "cone"),
    (r"(?<!ice )(?<!ice-)creams?\b", "jar"),
)  # fmt: skip
_BOTTLED: Final = (  # what a plain "bottle" is, by what is said of it
    (r"(?:water|sports?|gym|hiking|insulated|steel|reusable|thermo|shake) bottle", "flask"),
    (r"serum|dropper|pipette|face oil|tincture|essential oil", "dropper"),
    (r"perfume|fragrance|cologne|parfum|eau de", "flacon"),
    (r"shampoo|lotion|soap|conditioner|body wash|shower gel|pump|cleanser", "pump"),
)
_PEOPLE: Final = (
    r"(?:portraits?|headshots?|wom[ae]n|m[ae]n|girls?|boys?|person|people|barista|chefs?|founders?"
    r"|dancers?|athletes?"
    r"|(?:fashion |young |older )models?|models? (?:in|wearing|with)|runners?|farmers?|florists?"
    r"|bakers?|doctors?|musicians?"
    r"|friends|famil(?:y|ies)(?![ -](?:size|pack|owned|run|business|recipe))|surfers?|hikers?|cyclists?"
    r"|customers?|couples?|teachers?|grandmothers?|grandfathers?|mothers?|fathers?|students?)\b"
)
_PLACES: Final = (
    (r"(?:deserts?|dunes?|sahara)\b", Scene.LANDSCAPE, "desert"),
    (r"(?:mountains?|alps|alpine|peaks?|summits?|glaciers?|fjords?)\b", Scene.LANDSCAPE, "mountains"),
    (r"(?:sea(?:side|scapes?)?|oceans?|beach(?:es)?|coast(?:line|s)?|waves)\b", Scene.LANDSCAPE, "sea"),
    ((r"(?:landscapes?|hills?|valleys?|fields?|meadows?|vineyards?|countryside|prairies?"
     r"|orchards?)\b"), Scene.LANDSCAPE, "hills"),
    (r"(?:forests?|woods|woodlands?)\b", Scene.LANDSCAPE, "forest"),
    (r"(?:lakes?|lakesides?)\b", Scene.LANDSCAPE, "lake"),
    ((r"(?:living[ -]rooms?|lounges?|interiors?|sofas?|couch(?:es)?|armchairs?|rooms?|lobby|apartments?"
     r"|lofts?)(?! (?:build|block|tower|exterior|house))\b"), Scene.INTERIOR, "living"),
    (r"(?:bedrooms?|beds)\b", Scene.INTERIOR, "bedroom"), (r"kitchens?\b", Scene.INTERIOR, "kitchen"),
    (r"(?:dining[ -](?:rooms?|tables?)|restaurants?|caf[eé] interiors?)\b", Scene.INTERIOR, "dining"),
    (r"(?:(?:home )?offices?|workspaces?|stud(?:y|ies) with|desks?)(?! build)\b", Scene.INTERIOR, "office"),
    ((r"(?:fa[cç]ades?|shop ?fronts?|store ?fronts?|buildings?|shop windows?|street views?|exteriors?"
     r"|architecture)\b"), Scene.FACADE, "front"),
    (r"(?:houses?|villas?|cottages?)\b", Scene.FACADE, "house"),
)  # fmt: skip
_POSTER: Final = r"(?:posters?|typograph(?:y|ic|ical)|flyers?|lettering|billboards?|key visual with type)\b"
# What follows one of these is about surroundings, not about what is shown.
_ASIDE: Final = r"(?:background|backdrop|for (?:a |the )?posters?|table|wall|surface)\b"

# Words that make a colour's name a ware when they stand right before or behind it.
_WARE_BEFORE: Final = {
    "cream": r"(?:face|hand|body|eye|night|day|ice|foot|shaving|whipped|skin|sun|beauty|cold|barrier"
    r"|repair|clotted"
    r"|moisturi[sz]ing|nourishing|hydrating|anti-?ag(?:e|ing)|jar of|pot of|tube of|tub of|this|our"
    r"|with)\s+$",
    "rose": r"(?:wild|damask|red|single|a|of)\s+$", "gold": r"(?:solid|olympic)\s+$", "sand": r"(?:in"
    r"|on|the|of|wet)\s+(?:the\s+)?$",
    "silver": r"(?:solid|sterling)\s+$", "peach": r"(?:a|fresh|ripe)\s+$", "lemon": r"(?:a|fresh|sliced)\s+$",
    "lime": r"(?:a|fresh|sliced)\s+$", "honey": r"$^",
}  # fmt: skip
_WARE_BEHIND: Final = {
    "cream": r"\s+(?:jars?|tubes?|pots?|tubs?|cheese|soda|liqueur|puffs?|texture|swatch|dispensers?)\b",
    "amber": r"\s+(?:light|glow)\b", "rose": r"\s+(?:water|oil|petals?|hips?|gardens?)\b",
    "coral": r"\s+reefs?\b",
    "sand": r"\s+(?:dunes?|castles?|beach)\b", "gold": r"\s+(?:medals?|standard"
    r"|label)\b", "olive": r"\s+(?:oil|trees?|branch)\b",
    "lavender": r"\s+(?:oil|sprigs?|soap|scent)\b", "silver": r"\s+(?:screen|lining)\b",
    "red": r"\s+(?:wine|carpet|onion)s?\b", "white": r"\s+(?:wine|tea"
    r"|noise)s?\b", "green": r"\s+teas?\b", "black": r"\s+(?:tea|coffee)s?\b",
    "orange": r"\s+(?:juice|peel|blossoms?|slices?|zest|trees?)\b",
    "lemon": r"\s+(?:juice|peel|slices?|zest|water|tea|trees?|balm)\b",
    "lime": r"\s+(?:juice|peel|slices?|zest|trees?)\b", "peach": r"\s+(?:tea|juice|trees?)\b",
    "midnight": r"\s+(?:snack|sun|oil)\b", "copper": r"\s+(?:wire|pipes?)\b", "tan": r"\s+lines?\b",
}  # fmt: skip
_STANDING: Final = frozenset(  # what can be one of several
    {"bag", "bar", "book", "bottle", "box", "can", "candle", "dropper", "flacon", "flask", "jar", "lantern",
     "lipstick", "mug", "phone", "pouch", "pump", "speaker", "tube", "tumbler", "vase"}
)  # fmt: skip
_HOLD_ANYTHING: Final = frozenset({"bottle", "box", "can", "candle", "jar", "pouch", "pump", "tube"})
_MOST_BESIDE: Final = 2
_COUNTED: Final = re.compile(  # "three scented candles", but not "three images of a candle"
    r"\b(two|three|four|five|six|pair of|trio of)\s+"
    r"(?:(?!(?:images?|shots?|views?|photos?|pictures?|variants?|of)\b)[\w-]+\s+){0,3}$",
    re.IGNORECASE,
)
_IN_SETS: Final = re.compile(
    r"\b(?:sets?|trios?|duos?|ranges?|line-?ups?|collections?|kits?|bundles?|beside|next to|together with"
    r"|(?:with|and) its)\b",
    re.IGNORECASE,
)
_BETWEEN: Final = re.compile(r"[,;:+&]|\b(?:and|with|beside|next to)\b", re.IGNORECASE)
_NOT_HELD: Final = frozenset({*FOODS, "chair", "lamp", "speaker", "vase"} - {"cone"})


def subject_of(text: str) -> tuple[Scene, str]:
    """Return what is shown: a poster if it says so, else the thing, person or place that is named first."""
    text = _uncoloured(text)
    if has(_POSTER, text):
        return Scene.POSTER, "poster"
    found = [(at, Scene.STAGE, name) for words, name in _THINGS for at in _places(words, text)]
    found += [(at, Scene.PORTRAIT, "person") for at in _places(_PEOPLE, text)]
    found += [(at, scene, name) for words, scene, name in _PLACES for at in _places(words, text)]
    wares = [(at, Scene.STAGE, name) for words, name in _WARES for at in _places(words, text)]
    if not found and not wares:
        return Scene.CARD, ""
    _, scene, name = min(found or wares, key=lambda each: each[0])
    if wares and found and scene is not Scene.STAGE and min(wares)[0] < min(found)[0]:
        scene, name = Scene.STAGE, min(wares)[2]
    if scene is Scene.LANDSCAPE and has(r"lakes?\b", text):
        name = "lake"
    if name == "bottle":
        name = next((better for words, better in _BOTTLED if has(words, text)), name)
    return scene, name


def held_in(text: str) -> str:
    """Return what a person holds: the first thing or ware that a hand can hold."""
    text = _uncoloured(text)
    found = [(at, name) for words, name in (*_THINGS, *_WARES) for at in _places(words, text)]
    return next((name for _, name in sorted(found) if name not in _NOT_HELD), "")


def ware_of(text: str, subject: str) -> str:
    """Return the ware that is named first, in the prompt's own words; none that stands for another pack."""
    text = _uncoloured(text)
    found = [(at, words, name) for words, name in _WARES for at in _places(words, text)]
    at, words, name = min(found, default=(0, "", ""))
    named = re.compile(words, re.IGNORECASE).match(text, at) if words else None
    fits = name == subject or (subject in _HOLD_ANYTHING and not packs_beside(text, subject))
    return named[0] if named and fits and len(named[0]) <= _LONGEST_WARE else ""


def packs_beside(text: str, subject: str) -> tuple[str, ...]:
    """Return the packs that stand beside the first: those a set is said to have, or more of the same."""
    if subject not in _STANDING:
        return ()
    text = _uncoloured(text)
    places = [at for words, name in (*_THINGS, *_WARES) if name == subject for at in _places(words, text)]
    counted = _COUNTED.search(text[: min(places)]) if places else None
    if counted:
        return (subject,) * (1 if counted[1].lower() in {"two", "pair of"} else _MOST_BESIDE)
    if not _IN_SETS.search(text):
        return ()
    named = [subject_of(each)[1] for each in _BETWEEN.split(text)]
    others = dict.fromkeys(name for name in named if name in _STANDING and name != subject)
    return tuple(others)[:_MOST_BESIDE]


def _uncoloured(text: str) -> str:
    """Return a text without the names of colours: "forest green" is no forest, and a cream wall no ware."""
    for start, end, _ in names_in(text):
        if not is_ware(text, start, end):
            text = text[:start] + "_" * (end - start) + text[end:]
    return text


def _places(words: str, text: str) -> list[int]:
    found = re.finditer(rf"\b{words}", text, re.IGNORECASE)
    return [
        match.start()
        for match in found
        if not re.match(rf"[\s-]+{_ASIDE}", text[match.end() :], re.IGNORECASE)
    ]


def is_ware(text: str, start: int, end: int) -> bool:
    """Say whether a colour's name means a ware where it stands."""
    word = text[start:end].lower()
    before, behind = _WARE_BEFORE.get(word), _WARE_BEHIND.get(word)
    if word == "cream" and re.match(
        r"[\s-]+(?:colou?r|background|backdrop|wall|and\b)", text[end:], re.IGNORECASE
    ):
        before = None if re.search(r"(?:in|on|with|a)\s+$", text[:start], re.IGNORECASE) else before
    is_before = before is not None and re.search(rf"\b{before}", text[:start], re.IGNORECASE) is not None
    return is_before or (behind is not None and re.match(behind, text[end:], re.IGNORECASE) is not None)


def has(words: str, text: str) -> bool:
    """Say whether one of the words stands in a text."""
    return re.search(rf"\b(?:{words})", text, re.IGNORECASE) is not None
