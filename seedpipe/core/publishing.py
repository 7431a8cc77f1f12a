"""What is published of an approved image: its formats, what of it each shows, what the manifest says.

Hides the rules of a crop and the spelling of `published.jsonl` (schema in `schemas/published.schema.json`).
Invariant: a file is told by the image it was made from and by the recipe, so that nothing is made twice.

Absent on purpose: decoding and encoding, which the stores do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from seedpipe.core.image_bytes import EXTENSIONS
from seedpipe.core.model import digest
from seedpipe.core.reviewing import ReviewState, is_approved
from seedpipe.core.safe_text import safe_json
from seedpipe.core.shared_lines import LineFormat, matching, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from seedpipe.core.model import ImageFile, Json, PlannedCell
    from seedpipe.core.reviewing import CellReview, ReviewRules

PUBLISHED_FORMAT: Final = 1
BYTES_A_KB: Final = 1000  # the smaller of two meanings: what fits it fits the other
USUAL_QUALITY: Final = 90
LOWEST_QUALITY: Final = 35  # below it blocks are seen at first glance; a smaller picture is better then

_RECIPE_FORMAT: Final = 1  # to be raised when the same format makes other bytes on purpose
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_MEDIA_TYPE: Final = re.compile("|".join(re.escape(kind) for kind in EXTENSIONS))
_RECIPE: Final = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One form in which images are published.

    With both `width_px` and `height_px` a picture is cropped around its middle to cover them, with one of
    them it keeps its shape. It is enlarged only if `enlarge` says so. `quality` is for JPEG and WebP, and is
    lowered as far as `max_bytes` asks for.
    """

    name: str
    media_type: str
    width_px: int | None = None
    height_px: int | None = None
    max_bytes: int | None = None
    quality: int = USUAL_QUALITY
    enlarge: bool = False

    @property
    def extension(self) -> str:
        """The ending of its files' names, with the dot."""
        return EXTENSIONS[self.media_type]

    @property
    def recipe(self) -> str:
        """What its files are made by, whatever it is called: equal recipes make equal files of an image."""
        made_by: list[Json] = [_RECIPE_FORMAT, self.media_type, self.width_px, self.height_px]
        return digest([*made_by, self.max_bytes, self.quality, self.enlarge])[:16]


class LeftOut(StrEnum):
    """Why an image is not published."""

    OPEN = "open"
    REJECTED = "rejected"
    NOT_MADE = "not made yet"
    NO_PLACE = "without a place"
    NOT_HERE = "not here"

    @property
    def is_unapproved(self) -> bool:
        """Whether people have not approved it, so that `--approved-only` leaves it out on purpose."""
        return self in {LeftOut.OPEN, LeftOut.REJECTED, LeftOut.NOT_MADE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What of a picture is shown, and how large: `box` is left, top, right, bottom in its own pixels."""

    box: tuple[float, float, float, float]
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedFile:
    """A file that is to be published: where, of which image of which cell, in which form."""

    path: str
    cell: str
    number: int
    source: ImageFile
    form: Format

    @property
    def label(self) -> str:
        """What to call it in front of people."""
        return f"{self.cell} image {self.number} as '{self.form.name}'"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedFile:
    """A line of `published.jsonl`: a file, what it was made from and how.

    `campaign` is the name of the campaign, with `@` and that of its profile: several may share a folder.
    """

    path: str
    campaign: str
    cell: str
    image: int
    format: str
    source_sha256: str
    recipe: str
    sha256: str
    media_type: str
    width_px: int
    height_px: int
    size_bytes: int

    def is_of(self, wanted: WantedFile) -> bool:
        """Say whether this is what is wanted, made from the same image by the same recipe."""
        return (self.source_sha256, self.recipe) == (wanted.source.sha256, wanted.form.recipe)


def wanted_of(
    planned: PlannedCell, cell: CellReview, rules: ReviewRules, formats: Iterable[Format]
) -> Iterator[WantedFile | LeftOut]:
    """Yield what is published of a cell: each approved image in each format, and what is left out and why."""
    for _ in range(planned.job.outputs_expected - len(cell.images)):
        yield LeftOut.NOT_MADE
    for image in cell.images:
        source, number = image.shown.file, image.shown.number
        if not is_approved(image, cell, rules):
            yield LeftOut.REJECTED if ReviewState.REJECTED in (image.state, cell.state) else LeftOut.OPEN
        elif number > planned.job.outputs_expected:
            yield LeftOut.NO_PLACE
        elif source is None:
            yield LeftOut.NOT_HERE
        else:
            for form in formats:
                path = planned.published[form.name][number - 1]
                yield WantedFile(
                    path=path, cell=planned.cell.address, number=number, source=source, form=form
                )


def framed(width_px: int, height_px: int, form: Format) -> Frame:
    """Return what a format shows of a picture of this size."""
    left = top = 0.0
    shown_width, shown_height = float(width_px), float(height_px)
    if form.width_px and form.height_px:
        ratio = form.width_px / form.height_px
        shown_width, shown_height = min(shown_width, height_px * ratio), min(shown_height, width_px / ratio)
        left, top = (width_px - shown_width) / 2, (height_px - shown_height) / 2
    scale = _scale(shown_width, shown_height, form)
    return Frame(
        box=(left, top, left + shown_width, top + shown_height),
        width_px=max(1, round(shown_width * scale)),
        height_px=max(1, round(shown_height * scale)),
    )


def published_text(files: Iterable[PublishedFile]) -> str:
    """Return the text of a manifest, a line a file, sorted by path."""
    lines = sorted(files, key=lambda file: file.path)
    return "".join(safe_json(_document(file)) + "\n" for file in lines)


def read_published(content: str, path: str) -> tuple[PublishedFile, ...]:
    """Return the lines of a manifest; raises `InputError` with its faulty lines."""
    return _FORMAT.read(content, path)


def _scale(width_px: float, height_px: float, form: Format) -> float:
    if form.width_px:
        scale = form.width_px / width_px
    else:
        scale = form.height_px / height_px if form.height_px else 1.0
    return scale if form.enlarge else min(scale, 1.0)


def _document(file: PublishedFile) -> dict[str, Json]:
    return {
        "path": file.path,
        "published": PUBLISHED_FORMAT,
        "campaign": file.campaign,
        "cell": file.cell,
        "image": file.image,
        "format": file.format,
        "source_sha256": file.source_sha256,
        "recipe": file.recipe,
        "sha256": file.sha256,
        "media_type": file.media_type,
        "width_px": file.width_px,
        "height_px": file.height_px,
        "size_bytes": file.size_bytes,
    }


def _count(value: object) -> int | None:
    return value if type(value) is int and value > 0 else None


_FORMAT: Final = LineFormat(
    name="published",
    version=PUBLISHED_FORMAT,
    rule="published-line",
    title="the manifest",
    suffix="published.jsonl",
    hint="remove the whole folder; `seedpipe publish` writes it again",
    make=PublishedFile,
    fields={
        "path": text,
        "campaign": text,
        "cell": text,
        "image": _count,
        "format": text,
        "source_sha256": matching(_SHA256),
        "recipe": matching(_RECIPE),
        "sha256": matching(_SHA256),
        "media_type": matching(_MEDIA_TYPE),
        "width_px": _count,
        "height_px": _count,
        "size_bytes": _count,
    },
)
