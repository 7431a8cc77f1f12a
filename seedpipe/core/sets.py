"""What the images of one attempt amount to: which of them count, and which stands where.

Hides three rules: of equal images only the first counts; what the service has flagged as unsafe is kept but
put nowhere; an image stands at the place of its own index, and a surplus one takes a place that would stay
empty. Invariant: nothing here ever drops an image; it only says which are shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from seedpipe.core.model import ImageFile


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSet:
    """The images of one attempt by the service's index; `flagged` are the indexes it calls unsafe."""

    images: Mapping[int, ImageFile]
    flagged: frozenset[int] = frozenset()

    @property
    def good(self) -> dict[int, ImageFile]:
        """The images that count, in order."""
        first: dict[str, int] = {}
        for index in sorted(self.images):
            if index not in self.flagged:
                first.setdefault(self.images[index].sha256, index)
        return {index: self.images[index] for index in first.values()}

    @property
    def repeated(self) -> int:
        """How many images are no more than a copy of another one."""
        unflagged = len(self.images.keys() - self.flagged)
        return unflagged - len(self.good)

    def placed(self, places: int) -> dict[int, int]:
        """Return which image, by its index, stands at which place; places count from 0."""
        own = {index: index for index in self.good if index < places}
        surplus = (index for index in self.good if index >= places)
        empty = (place for place in range(places) if place not in own)
        return dict(sorted((own | dict(zip(empty, surplus, strict=False))).items()))

    def remarks(self, expected: int) -> str:
        """Return what people should know of this set, or nothing when it is as ordered."""
        words = []
        if (count := len(self.good)) < expected:
            words.append(f"{count} of {expected} images came")
        if self.repeated:
            words.append(f"{self.repeated} more that are duplicates")
        if flagged := len(self.flagged & self.images.keys()):
            words.append(f"{flagged} flagged as unsafe by the service and set aside")
        return ", ".join(words)


def fullest(sets: Sequence[ImageSet]) -> int | None:
    """Return the place of the set with the most images that count, of equal ones the last; None for no image.

    Sets are given oldest first, so that the last is the newest.
    """
    filled = [place for place, found in enumerate(sets) if found.images]
    return max(filled, key=lambda place: (len(sets[place].good), place), default=None)
