"""What a prompt asks to see: subject, palette, wording, light, framing. Pure, and told by tables.

Hides how English is read. Nothing is understood: words are looked up, and what is not in a table is not
seen; a subject that is not found is an honest card, not a guess. What is shown is found in `subject`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from seedpipe.sandbox.render.colours import apart, codes_in, names_in
from seedpipe.sandbox.render.subject import Scene, has, held_in, is_ware, packs_beside, subject_of, ware_of

MOST_COLOURS: Final = 6
_ALIKE: Final = 6.0  # ΔE under which two colours of a prompt are one


class Light(StrEnum):
    """The kinds of light there are."""

    STUDIO = "studio"
    DAYLIGHT = "daylight"
    GOLDEN = "golden"
    EVENING = "evening"
    NIGHT = "night"


DARK_LIGHTS: Final = frozenset({Light.NIGHT, Light.EVENING})  # lamps are on


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What to draw; colours are codes, in the order of the prompt.

    `subject` is a word of the scene's own table, empty on a card; `held` is what a person holds, `ware` what
    a pack is said to have in it, `beside` the packs that are shown with it. `product` and `background` are
    colours that the prompt ties to these, `ties` those of a door, a roof, an awning; `materials` is what it
    says things are made of. `shots` are the shots it names, in its order: one that stands alone is how all
    are framed.
    """

    scene: Scene
    subject: str
    palette: tuple[str, ...]
    product: str | None
    background: str | None
    materials: tuple[str, ...]
    headline: str
    label: str
    light: Light
    shots: tuple[str, ...]
    held: str = ""
    ware: str = ""
    beside: tuple[str, ...] = ()
    season: str = ""
    misty: bool = False
    style: str = ""
    ties: tuple[tuple[str, str], ...] = ()

    def tied(self, what: str) -> str | None:
        """Return the colour that the prompt gives to a door, a roof or an awning."""
        return dict(self.ties).get(what)


_LIGHTS: Final = (
    (r"golden[- ]hour|sunset|sunrise|sundown|dawn|low sun|golden light|late afternoon", Light.GOLDEN),
    ((r"(?:at |by |mood[iy]?,? |all |open all |late[- ]|starry |city )?night(?! ?(?:cream|serum|stand"
     r"|mask|gown))(?:time|scape)?\b|moonlit|moonlight|neon[- ]lit|midnight(?! blue)|nocturnal"
     r"|after dark"), Light.NIGHT),
    (r"evening|dusk|twilight|candle-?light|blue hour|lamplight|moody|dim light", Light.EVENING),
    ((r"daylight|sunlit|sunlight|morning|window light|natural light|sunny|noon|bright day"
     r"|overcast"), Light.DAYLIGHT),
    (r"studio|softbox|high[- ]key|packshot", Light.STUDIO),
)  # fmt: skip
_SHOTS: Final = (  # what says so by itself, then what does only in a list of shots: "front, side, top"
    (r"close[- ]?ups?|macro|extreme detail|detail shots?", r"close", "close"),
    (r"top[- ](?:down|views?)|overhead|flat ?lay|bird'?s[- ]eye", r"top", "overhead"),
    (r"low[- ]angle|worm'?s[- ]eye|from below", r"low", "low"),
    (r"high[- ]angle|from above", r"high", "high"),
    (r"three[- ]quarters?|3/4", r"angled?", "three-quarter"),
    (r"wide[- ](?:shot|angle|view)s?|establishing", r"wide", "wide"),
    (r"in[- ]hand|hand[- ]?held|held in (?:a |the )?hand", r"hand", "in-hand"),
    (r"side[- ]views?|in profile", r"(?:left |right )?(?:side|profile)", "side"),
    (r"front[- ]views?|front[- ]on|frontal", r"front|hero", "front"),
    (r"(?:back|rear)[- ]views?", r"back|rear|reverse", "back"),
    (r"details? of", r"details?", "detail"),
    (r"off[- ]cent(?:re|er)", r"off[- ]cent(?:re|er)", "off-centre"),
)
_SHOT: Final = (
    rf"(?:{'|'.join(f'{alone}|{listed}' for alone, listed, _ in _SHOTS)})(?:[- ](?:view|shot|angle)s?)?"
)
_AND_SHOT: Final = (
    rf"\s*(?:[,;/+·]|\band\b|\bthen\b)+\s*(?:(?:and|then|an?|the|one|in) |\(?\d[.)]\s*)*{_SHOT}\b"
)
_SHOT_LIST: Final = re.compile(rf"\b{_SHOT}(?:{_AND_SHOT})+", re.IGNORECASE)
_ABOUT_SHOTS: Final = re.compile(r"\b(?:shots?|views?|angles?)\b", re.IGNORECASE)
_SEASONS: Final = (
    (r"winter|snow(?:y|ed|fall)?|frost(?:y)?(?! ?ed)|icy|christmas", "winter"),
    (r"autumn(?:al)?|in (?:the )?fall|fall (?:colou?rs|leaves|foliage|season)|october|november", "autumn"),
    (r"spring(?:time)?\b(?! water)|blossoms?|april|cherry trees?|wild ?flowers?", "spring"),
    (r"summer(?:y|time)?\b|july|august", "summer"),
)
_STYLES: Final = (
    (r"black[- ]and[- ]white|monochrome|b&w", "monochrome"),
    (r"water ?colou?rs?|aquarelles?|gouache", "watercolour"),
    (r"oil[- ]paint(?:ing|ed)s?|in oils|impressionist\w*|impasto", "oil"),
    (
        r"(?:pencil|line|ink|charcoal)[- ](?:drawings?|sketch(?:es)?|art)|sketch(?:es|ed)?|etchings?",
        "drawing",
    ),
    (r"risograph|riso print|half-?tone|screen ?print(?:ed)?|pop[- ]art", "halftone"),
    (r"pixel[- ]art|8-bit", "pixels"),
    (r"flat (?:illustrations?|graphics?|design)|vector (?:art|illustrations?)|paper[- ]cut\w*", "flat"),
    (r"film grain|35 ?mm film|analog(?:ue)? film|polaroid|vintage photo\w*", "film"),
)
_MATERIALS: Final = (
    "oak", "walnut", "wooden", "wood", "bamboo", "cork", "frosted glass", "amber glass", "clear glass",
    "glass", "powder-coated steel", "steel", "brass", "aluminium", "aluminum", "chrome", "copper", "linen",
    "stone", "marble", "concrete", "ceramic", "terrazzo", "woven", "leather", "paper", "cardboard",
    "velvet", "weathered", "plastic",
)  # fmt: skip
_MATERIAL: Final = re.compile(rf"\b(?:{'|'.join(_MATERIALS)})\b", re.IGNORECASE)

_BACKGROUND_NEAR: Final = re.compile(
    r"^[\s,-]*(?:colou?red\s+|seamless\s+|plain\s+|studio\s+|paper\s+)*(?:background|backdrop|wall"
    r"|cyc\w*|ground|sky|seamless)\b",
    re.IGNORECASE,
)
_BACKGROUND_BEFORE: Final = re.compile(
    r"(?:background|backdrop|walls?|ground)\s*(?:colou?r)?\s*(?:is|in|of|:|=|-)?\s*(?:a\s+)?$|(?:on"
    r"|against)\s+(?:an?\s+)?(?:plain\s+|solid\s+)?$",
    re.IGNORECASE,
)
_PRODUCT_NEAR: Final = re.compile(
    r"^(?:[\s-]+(?:colou?red|matte?|glossy|ceramic|glass|metal|plastic|paper|soda|drinks?|perfume|serum"
    r"|dropper|hand cream|face cream"
    r"|coffee|table|bedside|gift|enamel|lacquered|steel|pump)){0,3}[\s-]+(?:bottle|jar|tube|can|box"
    r"|carton|mug|cup|candle|lamp|lantern|pouch"
    r"|flacon|vase|book|phone|apron|packaging|pack|dropper|dispenser|sweater|jacket|shirt|dress|sofa"
    r"|couch|armchair|chair|coat|hoodie|t-shirt|blazer|suit|uniform|linen dress|bag|tote|lipstick"
    r"|fa[cç]ade|house|villa|cottage|building)\b",
    re.IGNORECASE,
)
_PRODUCT_BEFORE: Final = re.compile(
    r"(?:bottle|jar|tube|can|box|carton|mug|cup|candle|lamp|lantern|pouch|flacon|vase|product|pack"
    r"|packaging|house|villa|cottage|sofa|chair|bag)s?\s+(?:is\s+|all\s+)?(?:in|of)\s+(?:an?\s+)?(?:colou?r\s+)?$",
    re.IGNORECASE,
)
# A person's own colours are none of the brand's.
_OF_A_PERSON: Final = re.compile(
    r"^[\s-]+(?:(?:curly|long|short|wavy|straight)[\s-]+)?(?:hair(?:ed)?|eye[sd]?|beard(?:ed)?|skin)\b",
    re.IGNORECASE,
)
_TIED: Final = re.compile(r"^[\s-]+(?:front )?(door|roof|awning)s?\b", re.IGNORECASE)
_QUOTED: Final = re.compile(
    r'"([^"\n]{1,120})"|“([^”\n]{1,120})”|„([^“”\n]{1,120})[“”]|«\s*([^»\n]{1,120}?)\s*»'
    r"|(?<!\w)\'([^\'\n]{2,120})\'(?!\w)"
)
_LABEL_BEFORE: Final = re.compile(
    r"(?:label(?:l?ed)?|logo|wordmark|brand(?:ed)?(?: name)?|named|called|sign)"
    r"[^\w\"“„«»”]{0,3}(?:\w+[^\w\"“„«»”]+){0,2}$",
    re.IGNORECASE,
)
_LABEL_BEHIND: Final = re.compile(  # and not before the next quote
    r"[\s,-]*(?:label|logo|wordmark|sign|lettering)\b(?!\s*:?\s*[\"“„«])", re.IGNORECASE
)
_BRAND: Final = re.compile(
    r"\b(?:the|for|by|from|brand|named|called|with)\s+(?:the\s+)?"
    r"((?:[A-ZÀ-ÞΑ-ΩА-Я][\w’&-]*)(?:\s+(?:& )?[A-ZÀ-ÞΑ-ΩА-Я][\w’&-]*){0,2})"  # noqa: RUF001
)
_NOT_BRANDS: Final = frozenset(
    {"Headline", "Instagram", "Christmas", "Easter", "Black", "Keep", "Same", "I", "A", "The"}
)


def read(prompt: str) -> Brief:
    """Return what a prompt asks to see."""
    quotes = [
        (match.span(), next(group for group in match.groups() if group).strip())
        for match in _QUOTED.finditer(prompt)
    ]
    plain = _QUOTED.sub(lambda match: " " * len(match[0]), prompt)
    palette, product, background, ties = _palette(prompt, plain)
    headline, label = _wording(prompt, quotes, plain)
    shown = _unnamed(plain, label)
    scene, subject = subject_of(shown)
    return Brief(
        scene=scene,
        subject=subject,
        palette=palette,
        product=product,
        background=background,
        materials=tuple(dict.fromkeys(found.lower() for found in _MATERIAL.findall(plain))),
        headline=headline,
        label=label,
        light=next((light for words, light in _LIGHTS if has(words, plain)), _unlit(scene)),
        shots=_shots(plain),
        held=held_in(shown) if scene is Scene.PORTRAIT else "",
        ware=ware_of(shown, subject) if scene is Scene.STAGE else "",
        beside=packs_beside(shown, subject) if scene is Scene.STAGE else (),
        season=next((season for words, season in _SEASONS if has(words, plain)), ""),
        misty=has(r"mist(?:y)?|fog(?:gy)?|haz[ey]", plain),
        style=next((style for words, style in _STYLES if has(words, plain)), ""),
        ties=ties,
    )


def _unlit(scene: Scene) -> Light:
    return Light.STUDIO if scene in {Scene.STAGE, Scene.PORTRAIT, Scene.POSTER} else Light.DAYLIGHT


def _shots(text: str) -> tuple[str, ...]:
    """Return the shots of the longest list of them; without a list, the framing that is named."""
    lists = [match[0] for match in _SHOT_LIST.finditer(text) if _is_about_shots(match)]
    if not lists:
        return next(((name,) for alone, _, name in _SHOTS if has(alone, text)), ())
    listed = max(lists, key=len)
    found = [
        (match.start(), -match.end(), name)
        for alone, short, name in _SHOTS
        for match in re.finditer(rf"\b(?:{alone}|{short})\b", listed, re.IGNORECASE)
    ]
    return tuple(dict.fromkeys(name for _, _, name in sorted(found)))


def _is_about_shots(found: re.Match[str]) -> bool:
    """Say whether words like "side, back" mean shots.

    Three of them do, and two where shots are spoken of or one says so by itself.
    """
    around = found.string[max(0, found.start() - 20) : found.end() + 20]
    return (
        len(re.findall(rf"\b{_SHOT}\b", found[0], re.IGNORECASE)) > 2
        or _ABOUT_SHOTS.search(around) is not None
        or any(has(alone, found[0]) for alone, _, _ in _SHOTS)
    )


def _palette(
    prompt: str, plain: str
) -> tuple[tuple[str, ...], str | None, str | None, tuple[tuple[str, str], ...]]:
    """Return the colours, which of them are the product's and the background's, and what others belong to."""
    for words, _ in _STYLES:  # "black and white" is a style, and no two colours
        plain = re.sub(rf"\b(?:{words})", lambda match: "_" * len(match[0]), plain, flags=re.IGNORECASE)
    named = [each for each in names_in(plain) if not is_ware(plain, *each[:2])]
    codes = codes_in(prompt)
    named = (
        []
        if len(codes) > 1
        else [
            each
            for each in named
            if not any(abs(at - each[1]) < 4 or abs(end - each[0]) < 4 for at, end, _ in codes)
        ]
    )
    found = [each for each in sorted([*codes, *named]) if not _OF_A_PERSON.search(plain[each[1] :])]
    palette: list[str] = []
    product = background = None
    ties: dict[str, str] = {}
    for start, end, code in found:
        if tied := _TIED.search(plain[end : end + 30]):
            ties.setdefault(tied[1].lower(), code)
        elif _BACKGROUND_NEAR.search(plain[end : end + 60]) or _BACKGROUND_BEFORE.search(plain[:start]):
            background = background or code
        elif _PRODUCT_NEAR.search(plain[end : end + 80]) or _PRODUCT_BEFORE.search(plain[:start]):
            product = product or code
        if all(apart(code, other) > _ALIKE for other in palette):
            palette.append(code)
    return tuple(palette[:MOST_COLOURS]), product, background, tuple(ties.items())


def _wording(prompt: str, quotes: list[tuple[tuple[int, int], str]], plain: str) -> tuple[str, str]:
    """Return the headline and what stands on the label."""
    label = headline = ""
    since = 0
    for (start, end), words in quotes:
        behind = _LABEL_BEHIND.match(prompt, end)
        if behind or _LABEL_BEFORE.search(prompt[since:start]):
            label = label or words
        else:
            headline = headline or words
        since = behind.end() if behind else end
    return headline, label or _brand(plain)


def _unnamed(text: str, brand: str) -> str:
    """Return a text without a brand's name where it stands for the brand: Fjord Supply sells no fjords."""
    if not brand:
        return text
    name = re.escape(brand)
    stands = rf"(?:(?<=\bfor )|(?<=\bby )|(?<=\bfrom )){name}\b|\b{name}(?=\s+(?:logo|label|brand)\b)"
    return re.sub(stands, lambda match: "_" * len(match[0]), text)


def _brand(text: str) -> str:
    logo = re.search(r"\b([A-ZÀ-Þ][\w&-]*(?: [A-ZÀ-Þ][\w&-]*)?) (?:logo|label|brand)\b", text)
    found = [logo[1]] if logo else [match[1] for match in _BRAND.finditer(text)]
    return next((name for name in found if name.split()[0] not in _NOT_BRANDS), "")
