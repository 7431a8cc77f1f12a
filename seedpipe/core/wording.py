"""What a prompt says about how many images it wants.

Hides the phrases that the model's page advises, and their likes. English, as the model's own patterns are:
other languages are neither praised nor blamed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAMED: Final = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve", "fifteen")
_WORDS: Final = dict(zip(_NAMED, (*range(2, 11), 12, 15), strict=True))
_NUMBER: Final = rf"(?P<number>\d{{1,3}}|{'|'.join(_WORDS)})"
_IMAGES: Final = "images|pictures|photos|photographs|shots|frames|views|illustrations|renders|visuals"
_UP_TO_FOUR_WORDS: Final = r"(?:\s+[\w-]+){0,4}?"
_COUNTS: Final = re.compile(
    rf"\b(?:(?:series|set|sequence|collection|group)\s+of"
    rf"|(?:generate|create|make|produce|render|draw)(?:\s+a)?(?:\s+total\s+of)?)"
    rf"\s+{_NUMBER}{_UP_TO_FOUR_WORDS}\s+(?:{_IMAGES})\b",
    re.IGNORECASE,
)
_SETS: Final = re.compile(
    rf"\b(?:series|set|sets|sequence|collection|variations|storyboard|{_IMAGES})\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidCount:
    """A number of images that a text names, and where: offsets of the number in the text."""

    images: int
    start: int
    end: int


def said_counts(text: str) -> Iterator[SaidCount]:
    """Yield the numbers of images that a text asks for: "a series of 4 images", "generate three photos"."""
    for found in _COUNTS.finditer(text):
        word = found["number"].lower()
        images = _WORDS.get(word) or int(word)
        yield SaidCount(images=images, start=found.start("number"), end=found.end("number"))


def speaks_of_a_set(text: str) -> bool:
    """Say whether a text asks for more than one image in any of the usual words."""
    return bool(_SETS.search(text))
