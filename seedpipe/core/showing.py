"""What a cell shows: the set of which job, and of which of its attempts.

Hides the one rule that gallery, reports, checks, review, publish and audit all ask. A cell shows the set of
the job that it asks for, once a set has come whole; until then, or by decision (`seedpipe keep`), it keeps
the set that its place was last paid for. So an edit takes nothing away, and neither does an attempt to buy
anew that fails or is under way.

Absent on purpose: whether the files are there, and what may be bought (`core.keeping`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seedpipe.core.image_bytes import EXTENSIONS
from seedpipe.core.lifecycle import Phase
from seedpipe.core.money import usd
from seedpipe.core.sets import ImageSet, fullest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from seedpipe.core.model import Cell, ImageFile, Output
    from seedpipe.core.records import Attempt, Former, JobRecord

_NO_IMAGES = ImageSet(images={})


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedImage:
    """An output at its place in a cell, counted from 0; `path` is relative to the output folder."""

    cell: Cell
    place: int
    path: str
    output: Output


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSet:
    """A set and the cells that show it.

    With `kept` the cells ask for another job than the one that has made it. `record` is the job that has,
    None where the ledger has no history of it; `attempt` is which of its attempts, from 0, None without any
    image.
    """

    cells: tuple[Cell, ...]
    record: JobRecord | None
    attempt: int | None
    kept: Former | None = None

    @property
    def images(self) -> ImageSet:
        """The images of the attempt."""
        if self.record is None or self.attempt is None:
            return _NO_IMAGES
        return self.record.sets[self.attempt]

    @property
    def outputs(self) -> tuple[Output, ...]:
        """All outputs of the attempt, also those that stand at no place."""
        return () if self.record is None or self.attempt is None else self.record.takes[self.attempt]

    @property
    def is_arriving(self) -> bool:
        """Whether images of it are still to be brought home, so that none is at its place yet."""
        if self.record is None or self.attempt is None:
            return False
        return _is_arriving(self.record.attempts[self.attempt], len(self.outputs))

    @property
    def remarks(self) -> str:
        """What people should know of the set, or nothing when it is as ordered."""
        has_set = self.record and self.attempt is not None
        return self.images.remarks(self.record.job.outputs_expected) if self.record and has_set else ""

    @property
    def placed(self) -> tuple[PlacedImage, ...]:
        """Every image at every cell."""
        return tuple(image for cell in self.cells for image in self.placed_at(cell))

    def placed_at(self, cell: Cell) -> tuple[PlacedImage, ...]:
        """Return the images at one of the cells: none that is flagged, repeats another or is surplus."""
        outputs = {output.index: output for output in self.outputs}
        return tuple(
            PlacedImage(cell=cell, place=place, path=cell.output_paths[place] + ending, output=outputs[index])
            for place, index in self.images.placed(len(cell.output_paths)).items()
            for ending in [EXTENSIONS[outputs[index].image.media_type]]
        )


def kept_at(record: JobRecord, cell: Cell) -> Former | None:
    """Return what a cell of a job keeps in place of the job's own set; None when it shows that."""
    former = record.formers.get(cell.address)
    return former if former and (former.decided or not any(_sets_that_came(record))) else None


def own_set(record: JobRecord) -> ShownSet:
    """Return the set of a job itself, with those of its cells that show it, be it none."""
    cells = tuple(cell for cell in record.cells if kept_at(record, cell) is None)
    return ShownSet(cells=cells, record=record, attempt=_attempt_shown(record))


def kept_sets(record: JobRecord) -> tuple[ShownSet, ...]:
    """Return the sets that cells of a job keep in place of its own, in the order of their first cells."""
    found: dict[tuple[str, bool], tuple[Former, list[Cell]]] = {}
    for cell in record.cells:
        if former := kept_at(record, cell):
            found.setdefault((former.job_id, former.decided), (former, []))[1].append(cell)
    return tuple(_kept(former, cells) for former, cells in found.values())


def shown_sets(record: JobRecord) -> tuple[ShownSet, ...]:
    """Return what the cells of a job show; each cell is in exactly one of them."""
    own = own_set(record)
    return (*([own] if own.cells else []), *kept_sets(record))


def placed_images(record: JobRecord) -> Iterator[PlacedImage]:
    """Yield every image that lies in the output folder for the cells of a job."""
    for shown in shown_sets(record):
        if not shown.is_arriving:
            yield from shown.placed


def is_away(shown: ShownSet, keeps: Callable[[ImageFile, str | None], bool]) -> bool:
    """Say whether a set that was paid for is not here: nobody has fetched it, or its images are gone.

    `keeps` tells whether an image is here, as an object or at a path without its ending.
    """
    images = shown.images
    stems = shown.cells[0].output_paths if shown.cells else ()
    place_of = {index: place for place, index in images.placed(len(stems)).items()}
    return not images.images or not all(
        keeps(image, stems[place_of[index]] if index in place_of else None)
        for index, image in images.good.items()
    )


def phases_away(
    records: Iterable[JobRecord], keeps: Callable[[ImageFile, str | None], bool]
) -> Iterator[Phase | None]:
    """Yield the phase of each set that cells keep and that is not here; None where there is no history."""
    for record in records:
        for shown in kept_sets(record):
            if is_away(shown, keeps):
                yield shown.record.phase if shown.record else None


def kept_jobs(records: Iterable[JobRecord]) -> list[str]:
    """Return the ids of the jobs whose sets cells of these ones keep."""
    found = (kept_at(record, cell) for record in records if record.formers for cell in record.cells)
    return sorted({former.job_id for former in found if former})


def with_kept(record: JobRecord, known: Mapping[str, JobRecord]) -> JobRecord:
    """Return a job whose formers have their history; `known` has it by job id."""
    formers = {
        address: replace(former, record=known.get(former.job_id))
        for address, former in record.formers.items()
    }
    return replace(record, formers=formers) if formers else record


def kept_words(former: Former) -> str:
    """Return what a cell that keeps its set is called in front of people."""
    paid = f"paid {usd(former.paid_usd)}"
    return f"kept by decision · {paid}" if former.decided else f"changed · {paid} · kept"


def _kept(former: Former, cells: Iterable[Cell]) -> ShownSet:
    attempt = _attempt_shown(former.record) if former.record else None
    return ShownSet(cells=tuple(cells), record=former.record, attempt=attempt, kept=former)


def _attempt_shown(record: JobRecord) -> int | None:
    """Return the attempt with the fullest set that has come; where none has, the one that has most of it."""
    came = fullest([one or _NO_IMAGES for one in _sets_that_came(record)])
    return record.published if came is None else came


def _sets_that_came(record: JobRecord) -> Iterator[ImageSet | None]:
    """Yield the set of each attempt, None for one that has brought no image yet, or not all that came."""
    for attempt, found in zip(record.attempts, record.sets, strict=True):
        yield found if found.images and not _is_arriving(attempt, len(found.images)) else None


def _is_arriving(attempt: Attempt, images: int) -> bool:
    """Say whether images are still to be brought home, so that nothing of the set is in its place yet."""
    return attempt.phase is Phase.FETCHING and images < len(attempt.urls)
