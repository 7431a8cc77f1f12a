"""Images under examination: measured in worker processes beside the downloads, judged when somebody asks.

Hides processes, waiting and what was measured before. Invariants: whoever receives an image never waits for
a measurement; a worker that dies or takes too long costs a finding "could not be checked", never an image;
workers are spawned, so they hold no lock of ours, and end with their parent. What was measured is kept by
content and can be removed at any time.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Final, Self

from seedpipe.checks import (
    CHECKS,
    MEASUREMENTS_FORMAT,
    CheckedImage,
    CheckedSet,
    Measurements,
    measure,
    measurements_of,
    twins,
)
from seedpipe.core.checking import USUAL, PlanChecks, extras_of, logo_of, looks_at_pixels, palette_of
from seedpipe.core.findings import CheckResult, Finding, JudgedJob, Level
from seedpipe.core.model import digest
from seedpipe.core.showing import shown_sets
from seedpipe.stores import keep_derived

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
    from concurrent.futures import Future
    from pathlib import Path
    from types import TracebackType

    from seedpipe.checks import Fault
    from seedpipe.core.audit import FileState
    from seedpipe.core.checking import Asked
    from seedpipe.core.model import Cell, ImageFile, Json, Output, PlanHeader
    from seedpipe.core.records import JobRecord
    from seedpipe.core.showing import ShownSet
    from seedpipe.ports import Store

_LONGEST_S: Final = 60.0  # for one image, in the queue and at work: it is told as unchecked then
_MOST_WORKERS: Final = 2  # an image of 4096² takes 50 MB decoded
_MOST_WAITING: Final = 64  # measurements asked for ahead; the rest is asked for when it is judged


class Examiner:
    """Measures the images of one plan. Use it as a context: its workers end with it.

    One that does not measure judges by what was measured before, and counts the images it knows nothing of.
    """

    def __init__(
        self, header: PlanHeader, objects: Path, kept: Path, *, proof: bool, measures: bool = True
    ) -> None:
        self._checks = PlanChecks(header)
        self._objects = objects
        self._kept = kept
        self._palette = palette_of(header)
        self._proof = proof
        self._measures = measures
        self._unmeasured: set[str] = set()
        self._recent: dict[str, Measurements] = {}
        self._extras = tuple(extras_of(header))
        sought = logo_of(header)
        self._logo = objects / sought if sought else None
        made_from: list[Json] = [MEASUREMENTS_FORMAT, dict(self._palette), proof, list(self._extras), sought]
        self._mark = digest(made_from)[:16]
        self._looks = looks_at_pixels(header)
        self._waiting: dict[str, Future[Measurements]] = {}
        self._broken = False
        self._doubles: dict[tuple[str, int], tuple[str, int]] | None = None
        self._judged: set[str] = set()
        self._found: dict[tuple[str, str], tuple[Finding, ...]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if "_workers" in self.__dict__:
            self._workers.shutdown(wait=False, cancel_futures=True)

    @property
    def unmeasured(self) -> int:
        """How many images were asked for that nobody has measured, by an examiner that does not either."""
        return len(self._unmeasured)

    def look(self, image: ImageFile) -> None:
        """Have an image measured when a worker is free; never waits."""
        if self._looks and len(self._waiting) < _MOST_WAITING and not self._file(image).exists():
            self._ask(image)

    def figures(self, image: ImageFile) -> Measurements | None:
        """Return what was measured, waiting for it; None when the image could not be read or looked at."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            return self._kept_figures(image)
        if not self._measures:
            self._unmeasured.add(image.sha256)
            return None
        self._ask(image)
        try:
            return self._waiting[image.sha256].result(_LONGEST_S)
        except BrokenProcessPool:
            self._broken = True
        except Exception:  # noqa: BLE001 - decoders fail with whatever their parsers raise: it is not checked
            return None
        finally:
            self._waiting.pop(image.sha256, None)
        return None

    def judged(self, jobs: Callable[[], Iterable[JobRecord]]) -> Iterator[JudgedJob]:
        """Yield the jobs of the plan with what their checks have found, in order; judged when first asked."""
        if self._doubles is None:
            self._doubles = self._twins(jobs)
        for record in jobs():
            self._recent.clear()
            asked = [
                (cell, one, shown)
                for shown in shown_sets(record)
                for cell in shown.cells
                for one in self._checks.of(cell)
                if shown.outputs and self._can_judge(one, shown)
            ]
            job_id = record.job.job_id
            if job_id not in self._judged:
                self._judged.add(job_id)
                for cell, one, shown in asked:
                    if findings := tuple(self._findings(cell, one, shown, self._doubles)):
                        self._found[cell.address, one.check] = findings
            results = [
                CheckResult(
                    check=one.check,
                    address=cell.address,
                    findings=self._found.get((cell.address, one.check), ()),
                )
                for cell, one, _ in asked
            ]
            yield JudgedJob(record=record, results=tuple(results))

    def _can_judge(self, asked: Asked, shown: ShownSet) -> bool:
        """Say whether all figures are there that a check needs, or will be made."""
        if self._measures or not USUAL[asked.check].looks:
            return True
        # Not cut short by the first that is unknown: all of them are counted.
        return None not in [self.figures(output.image) for output in shown.outputs]

    def _kept_figures(self, image: ImageFile) -> Measurements:
        """Return what was measured before; its file is read once a job."""
        if image.sha256 not in self._recent:
            document = json.loads(self._file(image).read_text(encoding="utf-8"))
            self._recent[image.sha256] = measurements_of(document)
        return self._recent[image.sha256]

    @cached_property
    def _workers(self) -> ProcessPoolExecutor:
        spawn = multiprocessing.get_context("spawn")
        workers = min(_MOST_WORKERS, os.cpu_count() or 1)
        return ProcessPoolExecutor(workers, mp_context=spawn, initializer=_end_with_parent)

    def _ask(self, image: ImageFile) -> None:
        if image.sha256 in self._waiting:
            return
        if self._broken:  # a picture has killed its worker: the others get new ones
            self._workers.shutdown(wait=False, cancel_futures=True)
            del self._workers
            self._waiting.clear()
            self._broken = False
        path = self._objects / image.sha256
        with suppress(BrokenProcessPool):
            self._waiting[image.sha256] = self._workers.submit(
                _measure_file,
                path,
                self._file(image),
                self._palette,
                proof=self._proof,
                extras=self._extras,
                logo=self._logo,
            )
            return
        self._broken = True

    def _file(self, image: ImageFile) -> Path:
        return self._kept / f"{image.sha256}-{self._mark}.json"

    def _twins(self, jobs: Callable[[], Iterable[JobRecord]]) -> dict[tuple[str, int], tuple[str, int]]:
        """Return what each image repeats that looks like an earlier one, and how nearly, by job and index."""
        if "duplicates" not in self._checks.anywhere():
            return {}
        most = -1
        places: list[tuple[str, int]] = []
        hashes: list[str] = []
        labels: list[str] = []
        for shown in _each_once(jobs()):
            self._recent.clear()
            bits = max(map(self._twin_bits, shown.cells))
            most = max(most, bits)
            for output in shown.outputs if bits >= 0 else ():
                if figures := self.figures(output.image):
                    places.append((output.job_id, output.index))
                    labels.append(f"image {output.index + 1} of {shown.cells[0].address}")
                    hashes.append(figures.hash)
        return {places[late]: (labels[early], bits) for early, late, bits in twins(hashes, most)}

    def _twin_bits(self, cell: Cell) -> int:
        """Return how many bits may tell twins apart in a cell, -1 where nobody looks for them."""
        asked = next((one for one in self._checks.of(cell) if one.check == "duplicates"), None)
        return int(asked.limits["max_bits"]) if asked else -1

    def _findings(
        self,
        cell: Cell,
        asked: Asked,
        shown: ShownSet,
        doubles: Mapping[tuple[str, int], tuple[str, int]],
    ) -> Iterator[Finding]:
        images = []
        for output in shown.outputs:
            figures = self.figures(output.image) if USUAL[asked.check].looks else _NO_FIGURES
            if figures is None:
                yield _unchecked(asked, cell, output)
                continue
            twin, bits = doubles.get((output.job_id, output.index), ("", 0))
            images.append(
                CheckedImage(
                    index=output.index, file=output.image, figures=figures, twin=twin, twin_bits=bits
                )
            )
        # A set that is kept is judged by what was asked when it was made: that the request has changed since
        # is said elsewhere, and is no fault of the pictures.
        request = shown.record.job.request if shown.record else {}
        checked = CheckedSet(request=request, images=images)
        for fault in CHECKS[asked.check](checked, asked.limits):
            yield _finding(asked, cell, fault)


class WatchedStore:
    """A store whose images are measured as they come in."""

    def __init__(self, store: Store, examiner: Examiner) -> None:
        self._store = store
        self._examiner = examiner

    async def receive(self, chunks: AsyncIterator[bytes]) -> ImageFile:
        """Keep one download; see `Store`."""
        image = await self._store.receive(chunks)
        self._examiner.look(image)
        return image

    async def publish(self, image: ImageFile, stem: str) -> str:
        """Place a kept image; see `Store`."""
        return await self._store.publish(image, stem)

    async def withdraw(self, stem: str) -> None:
        """Take an image away from its path; see `Store`."""
        await self._store.withdraw(stem)

    async def reclaim(self, image: ImageFile, stem: str) -> bool:
        """Make a published file the object again; see `Store`."""
        return await self._store.reclaim(image, stem)

    async def read(self, sha256: str) -> bytes:
        """Return a kept file; see `Store`."""
        return await self._store.read(sha256)

    def holds(self, image: ImageFile) -> bool:
        """Say whether the object is there; see `Store`."""
        return self._store.holds(image)

    def inspect(self, image: ImageFile, path: str | None = None) -> FileState:
        """Read a file to its end; see `Store`."""
        return self._store.inspect(image, path)


_NO_FIGURES: Final = Measurements(hash="0" * 64, histogram=(), spread=0.0, sharpness=0.0)


def _each_once(jobs: Iterable[JobRecord]) -> Iterator[ShownSet]:
    """Yield the sets that are shown. One that several jobs keep is one: it does not repeat itself."""
    seen = set[str]()
    for record in jobs:
        for shown in shown_sets(record):
            if shown.record and shown.record.job.job_id not in seen:
                seen.add(shown.record.job.job_id)
                yield shown


def _finding(asked: Asked, cell: Cell, fault: Fault) -> Finding:
    return Finding(
        check=asked.check,
        level=asked.level,
        message=fault.message,
        address=cell.address,
        index=fault.index,
        measured=fault.measured,
    )


def _unchecked(asked: Asked, cell: Cell, output: Output) -> Finding:
    """Return the finding of an image that nobody could look at: a doubt, never a failure of the picture."""
    message = "could not be checked: it is not here, or could not be read in time"
    return Finding(
        check=asked.check, level=Level.WARN, message=message, address=cell.address, index=output.index
    )


def _measure_file(
    path: Path,
    kept: Path,
    palette: Mapping[str, str],
    *,
    proof: bool,
    extras: tuple[str, ...],
    logo: Path | None,
) -> Measurements:
    """Measure a file in a worker, and keep the figures; a disk that refuses costs time only."""
    sought = logo.read_bytes() if logo else None
    figures = measure(path.read_bytes(), palette, proof=proof, extras=extras, logo=sought)
    keep_derived(kept, json.dumps(figures.document()).encode())
    return figures


def _end_with_parent() -> None:
    """End this worker when its parent is gone, however that ended."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
