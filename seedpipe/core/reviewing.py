"""Decisions about images: who said what of which picture, and what they amount to.

Hides the spelling of `<campaign>.decisions.jsonl` (schema in `schemas/decision-line.schema.json`) and how
many voices make an approval. Invariants: a decision belongs to an image's content, so that a new picture is
open again; the last word of a person counts, wherever its line stands; one rejection weighs more than any
number of approvals.

Absent on purpose: whether a person is who they say. The commit that brings a decision shows that.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from seedpipe.core.errors import InputError
from seedpipe.core.safe_text import safe_json
from seedpipe.core.shared_lines import LineFormat, at_milliseconds, matching, moment, text, texts, time_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from seedpipe.core.lockfile import LockLine
    from seedpipe.core.model import Cell, ImageFile, Json
    from seedpipe.core.showing import ShownSet

DECISIONS_FORMAT: Final = 1
MOST_NOTE_CHARS: Final = 2000  # a page of words about one picture

_MOST_NAME_CHARS: Final = 100
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_MOMENT: Final = timedelta(milliseconds=1)


class Said(StrEnum):
    """What a person says of an image; the third is a note alone, or a decision that was taken back."""

    APPROVED = "approved"
    REJECTED = "rejected"
    UNDECIDED = "undecided"


class ReviewUnit(StrEnum):
    """What is approved or rejected as one."""

    SET = "set"
    IMAGE = "image"


class ReviewState(StrEnum):
    """Where the review of an image or a set stands; a set without images has nothing to decide about."""

    APPROVED = "approved"
    REJECTED = "rejected"
    OPEN = "open"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRules:
    """What a campaign asks of its review: what counts as one, and how many people must approve it."""

    unit: ReviewUnit = ReviewUnit.SET
    quorum: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What one person said of one image.

    `cells` are the places that showed the image, those of a profile as `@draft/hero/AUR-07/jp`, and `image`
    which of their set it was, from 1: both for people who read along, for what counts is the sha256.
    """

    sha256: str
    by: str
    said: Said
    note: str
    at: datetime
    cells: tuple[str, ...]
    image: int

    @property
    def person(self) -> str:
        """What makes two names one person's."""
        return unicodedata.normalize("NFC", self.by).casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownImage:
    """An image that a cell shows: its `number` in the set from 1, its `index` in the service's order from 0.

    `file` is None when only the lock tells of it.
    """

    number: int
    index: int
    sha256: str
    file: ImageFile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCell:
    """A cell of a plan and the images it shows; `kept` says they were paid for as another request."""

    cell: Cell
    images: tuple[ShownImage, ...]
    kept: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageReview:
    """Where an image stands. `missing` is how many people have yet to approve it, 0 once it is decided."""

    shown: ShownImage
    state: ReviewState
    missing: int
    decisions: tuple[Decision, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellReview:
    """Where the set of a cell stands, as a whole and image by image."""

    cell: Cell
    state: ReviewState
    missing: int
    images: tuple[ImageReview, ...]


class Decisions:
    """The last word of each person about each image."""

    def __init__(self, lines: Iterable[Decision] = ()) -> None:
        self._by_image: dict[str, dict[str, Decision]] = defaultdict(dict)
        for line in lines:
            known = self._by_image[line.sha256].get(line.person)
            if known is None or _worth(line) > _worth(known):
                self._by_image[line.sha256][line.person] = line

    def __iter__(self) -> Iterator[Decision]:
        for by_person in self._by_image.values():
            yield from by_person.values()

    def of(self, sha256: str) -> tuple[Decision, ...]:
        """Return what people last said of an image, in the order of their names."""
        found = self._by_image.get(sha256, {})
        return tuple(found[person] for person in sorted(found))

    def rejects(self, sha256: str) -> bool:
        """Say whether somebody rejects an image."""
        return any(one.said is Said.REJECTED for one in self.of(sha256))

    def last_of(self, decision: Decision) -> Decision | None:
        """Return what the same person last said of the same image."""
        return self._by_image.get(decision.sha256, {}).get(decision.person)


def shown_images(shown: ShownSet, cell: Cell) -> tuple[ShownImage, ...]:
    """Return the images of a set that a cell shows, in the order of their places."""
    return tuple(
        ShownImage(number=image.place + 1, index=image.output.index, sha256=file.sha256, file=file)
        for image in shown.placed_at(cell)
        for file in [image.output.image]
    )


def locked_images(line: LockLine) -> tuple[ShownImage, ...]:
    """Return the images that the lock tells of."""
    return tuple(
        ShownImage(number=index + 1, index=index, sha256=sha256) for index, sha256 in enumerate(line.outputs)
    )


def reviewed(shown: ShownCell, decisions: Decisions, rules: ReviewRules) -> CellReview:
    """Return where a cell stands: approved once all of its images are, rejected with any of them."""
    images = tuple(_image(image, decisions.of(image.sha256), rules.quorum) for image in shown.images)
    states = {image.state for image in images}
    if not images:
        state = ReviewState.EMPTY
    elif ReviewState.REJECTED in states:
        state = ReviewState.REJECTED
    else:
        state = ReviewState.OPEN if ReviewState.OPEN in states else ReviewState.APPROVED
    missing = max((image.missing for image in images), default=0) if state is ReviewState.OPEN else 0
    return CellReview(cell=shown.cell, state=state, missing=missing, images=images)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewTally:
    """How many sets and images stand where; `missing` is how many approvals the open ones still need."""

    sets: Mapping[ReviewState, int]
    images: Mapping[ReviewState, int]
    missing: int


def tally(cells: Iterable[CellReview], rules: ReviewRules) -> dict[str, ReviewTally]:
    """Return where each series stands, in the order of its first cell.

    An image that several cells show is counted at each of them.
    """
    found: dict[str, list[CellReview]] = defaultdict(list)
    for cell in cells:
        found[cell.cell.series].append(cell)
    return {series: _tally(reviews, rules) for series, reviews in found.items()}


def all_tally(cells: Iterable[CellReview], rules: ReviewRules) -> ReviewTally:
    """Return where all cells stand together."""
    return _tally(list(cells), rules)


def is_settled(tallied: ReviewTally, rules: ReviewRules) -> bool:
    """Say whether all there is to approve is approved."""
    counted = tallied.sets if rules.unit is ReviewUnit.SET else tallied.images
    return sum(counted.values()) == counted[ReviewState.APPROVED] and not tallied.sets[ReviewState.EMPTY]


def is_approved(image: ImageReview, cell: CellReview, rules: ReviewRules) -> bool:
    """Say whether an image may be published: by itself, or with its whole set."""
    judged = cell.state if rules.unit is ReviewUnit.SET else image.state
    return judged is ReviewState.APPROVED


def later(decision: Decision, decisions: Decisions) -> Decision:
    """Return a decision that is made now as the last word of its person, whatever their clocks have said."""
    known = decisions.last_of(decision)
    at = at_milliseconds(decision.at)
    return replace(decision, at=max(at, known.at + _MOMENT) if known else at)


def person_name(words: str) -> str:
    """Return a name as lines carry it; raises `InputError` for what is none."""
    name = " ".join(words.split())
    if not name or len(name) > _MOST_NAME_CHARS or not name.isprintable():
        hint = f"a name of up to {_MOST_NAME_CHARS} characters, as your team knows you"
        raise InputError(f"'{words[:_MOST_NAME_CHARS]}' is not a valid name", hint=hint)
    return name


def checked_note(note: str) -> str:
    """Return a note; raises `InputError` for one that is too long."""
    if len(note) > MOST_NOTE_CHARS:
        raise InputError(f"a note has at most {MOST_NOTE_CHARS:,} characters; this one has {len(note):,}")
    return note


def read_decisions(content: str, path: str) -> tuple[Decision, ...]:
    """Return the lines of a decisions file, each once; raises `InputError` with its faulty lines.

    `path` is the one that people are shown.
    """
    return _FORMAT.read(content, path)


def decisions_text(decisions: Iterable[Decision]) -> str:
    """Return the text of a decisions file, a line each, sorted by image and person."""
    lines = sorted(set(decisions), key=lambda one: (one.sha256, one.person, *_worth(one)))
    return "".join(safe_json(_document(line)) + "\n" for line in lines)


def _image(shown: ShownImage, decisions: Collection[Decision], quorum: int) -> ImageReview:
    voices = [one.said for one in decisions]
    missing = max(0, quorum - voices.count(Said.APPROVED))
    state = ReviewState.OPEN if missing else ReviewState.APPROVED
    if Said.REJECTED in voices:
        state, missing = ReviewState.REJECTED, 0
    return ImageReview(shown=shown, state=state, missing=missing, decisions=tuple(decisions))


def _tally(reviews: list[CellReview], rules: ReviewRules) -> ReviewTally:
    images = [image for review in reviews for image in review.images]
    units = reviews if rules.unit is ReviewUnit.SET else images
    return ReviewTally(
        sets={state: sum(review.state is state for review in reviews) for state in ReviewState},
        images={state: sum(image.state is state for image in images) for state in ReviewState},
        missing=sum(unit.missing for unit in units),
    )


def _worth(line: Decision) -> tuple[object, ...]:
    """Return what makes one line later than another; of equal times the more careful word counts."""
    care = {Said.APPROVED: 0, Said.UNDECIDED: 1, Said.REJECTED: 2}
    return (line.at, care[line.said], line.by, line.note, line.image, line.cells)


def _document(line: Decision) -> dict[str, Json]:
    return {
        "sha256": line.sha256,
        "decisions": DECISIONS_FORMAT,
        "cells": list(line.cells),
        "image": line.image,
        "by": line.by,
        "said": line.said.value,
        "note": line.note,
        "at": time_text(line.at),
    }


_FORMAT: Final = LineFormat(
    name="decisions",
    version=DECISIONS_FORMAT,
    rule="decisions-line",
    title="the decisions file",
    suffix=".decisions.jsonl",
    hint="take the line from git's history; without it a rejected image could be published",
    make=Decision,
    fields={
        "sha256": matching(_SHA256),
        "cells": texts,
        "image": lambda value: value if type(value) is int and value > 0 else None,
        "by": text,
        "said": lambda value: next((word for word in Said if word == value), None),
        "note": lambda value: value if isinstance(value, str) else None,
        "at": moment,
    },
)
