"""From measurements to findings: each check is one function over a set, with limits of the campaign's.

Hides what is too far, too alike, too soft, and how it is said. Cheap, for the figures were measured before;
run again whenever limits change. Absent on purpose: how much a finding weighs, which the campaign says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from seedpipe.checks.wording import likeness, wanted_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from seedpipe.checks.measuring import Measurements
    from seedpipe.core.model import ImageFile, Json

_LARGEST_DELTA: Final = 30
_MISSPELT: Final = 0.6  # of likeness: other words reach half
_FEWEST_FOR_ODD: Final = 3  # images of a set: of two, neither is the odd one


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedImage:
    """One image of a set. `index` is the service's; `twin` names the image that it is most like, if any.

    `twin_bits` is by how many bits of 256 the two differ.
    """

    index: int
    file: ImageFile
    figures: Measurements
    twin: str = ""
    twin_bits: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedSet:
    """The images that a job has brought, and the request that they answer."""

    request: Mapping[str, Json]
    images: Sequence[CheckedImage]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What a check holds against an image, or against the whole set where `index` is None."""

    message: str
    index: int | None = None
    measured: float | None = None


class Check(Protocol):
    """One check: pure, and the same for equal sets and limits."""

    def __call__(self, images: CheckedSet, limits: Mapping[str, float]) -> Iterator[Fault]:
        """Yield what is wrong with a set; nothing for one without images."""


def size(images: CheckedSet, limits: Mapping[str, float]) -> Iterator[Fault]:
    """Pixels and format are those that were asked for."""
    del limits  # a size is right or wrong
    asked, form = images.request.get("size"), images.request.get("output_format")
    for image in images.images:
        got = f"{image.file.width_px}*{image.file.height_px}"
        if isinstance(asked, str) and asked != got:
            yield Fault(message=f"{got} came, {asked} was asked for", index=image.index)
        kind = image.file.media_type.removeprefix("image/")
        if isinstance(form, str) and form != kind:
            yield Fault(message=f"{kind} came, {form} was asked for", index=image.index)


def palette(images: CheckedSet, limits: Mapping[str, float]) -> Iterator[Fault]:
    """Enough of the picture is in the brand's colours, and each of them is in the set."""
    wanted, strictly = limits["min_share"], limits["min_strict_share"]
    near = min(_LARGEST_DELTA, round(limits["max_delta_e"]))
    seen: dict[str, float] = {}
    for image in images.images:
        shares = image.figures.palette
        if shares is None:
            continue
        share, strict = shares.relaxed[near], shares.strict[near]
        if share < wanted:
            words = f"{share:.0%} of it has a hue of the palette, {wanted:.0%} is wanted"
            yield Fault(message=words, index=image.index, measured=share)
        elif strict < strictly:
            words = f"{strict:.0%} of it has a colour of the palette, {strictly:.0%} is wanted"
            yield Fault(message=words, index=image.index, measured=strict)
        for name, within in shares.colours.items():
            seen[name] = max(seen.get(name, 0.0), within[near])
    missing = [name for name, share in seen.items() if share < limits["min_colour_share"]]
    if missing:
        yield Fault(message=f"no image shows {', '.join(missing)}")


def duplicates(images: CheckedSet, limits: Mapping[str, float]) -> Iterator[Fault]:
    """No image is another one over again, in its set or elsewhere in the plan."""
    for image in images.images:
        if image.twin and image.twin_bits <= limits["max_bits"]:
            words = f"looks the same as {image.twin}"
            yield Fault(message=words, index=image.index, measured=image.twin_bits)


def consistency(images: CheckedSet, limits: Mapping[str, float]) -> Iterator[Fault]:
    """No image of a set has a look of its own: colours and light go together."""
    if len(images.images) < _FEWEST_FOR_ODD:
        return
    looks = np.array([image.figures.histogram for image in images.images])
    for at, image in enumerate(images.images):
        others = np.delete(looks, at, axis=0).mean(axis=0)
        distance = float(np.sqrt(max(0.0, 1.0 - np.sqrt(looks[at] * others).sum())))  # Hellinger's
        if distance > limits["max_distance"]:
            words = f"its colours stray from the rest of the set: {distance:.2f} of 1"
            yield Fault(message=words, index=image.index, measured=distance)


def blank(images: CheckedSet, limits: Mapping[str, float]) -> Iterator[Fault]:
    """There is something in the picture."""
    for image in images.images:
        if image.figures.spread < limits["min_spread"]:
            words = f"is nearly one tone: its lightness varies by {image.figures.spread:.1f} of 100"
            yield Fault(message=words, index=image.index, measured=image.figures.spread)


def blur(images: CheckedSet, limits: Mapping[str, float]) -> Iterator[Fault]:
    """Something in the picture is sharp; its background may be soft."""
    for image in images.images:
        if image.figures.sharpness < limits["min_sharpness"]:
            words = f"nothing in it is sharp: {image.figures.sharpness:.1f} grey levels of detail"
            yield Fault(message=words, index=image.index, measured=image.figures.sharpness)


def nsfw(images: CheckedSet, limits: Mapping[str, float]) -> Iterator[Fault]:
    """No picture shows nudity, as far as a network can say."""
    for image in images.images:
        score = image.figures.unsafe
        if score is not None and score > limits["max_score"]:
            yield Fault(message=f"may show nudity: {score:.0%} sure", index=image.index, measured=score)


def copy(images: CheckedSet, limits: Mapping[str, float]) -> Iterator[Fault]:
    """Each text that the prompt quotes stands in some image of the set, and in none misspelt."""
    prompt = images.request.get("prompt")
    read = [(image.index, image.figures.words) for image in images.images if image.figures.words is not None]
    for text in wanted_words(prompt) if read and isinstance(prompt, str) else ():
        near = {index: likeness(text, words) for index, words in read}
        best = max(near.values())
        misspelt = {index: how for index, how in near.items() if _MISSPELT <= how < limits["min_match"]}
        for index, how in misspelt.items():
            yield Fault(message=f"“{text}” is misspelt: {how:.0%} alike", index=index, measured=how)
        if best < limits["min_match"] and not misspelt:
            alone = read[0][0] if len(read) == 1 else None
            yield Fault(message=f"“{text}” cannot be read in it", index=alone, measured=best)


def logo(images: CheckedSet, limits: Mapping[str, float]) -> Iterator[Fault]:
    """Each picture shows the brand's logo as it is drawn."""
    for image in images.images:
        found = image.figures.logo
        if found is not None and found < limits["min_matches"]:
            words = f"the logo is not seen in it: {found} of its points, {limits['min_matches']:g} are wanted"
            yield Fault(message=words, index=image.index, measured=found)
