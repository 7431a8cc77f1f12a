"""What a gallery shows, as the one JSON document that its script reads.

Hides the shape that `page/data.js` expects. A picture is named by its sha256 and carried once, however many
cells show it. Text of others is neutral before it goes in, and no `<` is left for a parser of HTML to find.
"""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from seedpipe.core.money import usd
from seedpipe.core.policy import counts_as_failed
from seedpipe.core.safe_text import neutral
from seedpipe.core.showing import kept_words, own_set, shown_sets
from seedpipe.core.words import PHASE_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from seedpipe.core.findings import CheckResult, JudgedJob
    from seedpipe.core.manifest import RunManifest
    from seedpipe.core.model import Cell, ImageFile, Json
    from seedpipe.core.records import Attempt, JobRecord
    from seedpipe.core.showing import ShownSet
    from seedpipe.reports.subject import Subject

# How large the small pictures are on a page with up to so many: longer side, and bytes at most. A thousand
# pictures stay below 10 MB, a page with more than two thousand below 20 MB for every five. A JPEG whose side
# is 1024, 2048 or 4096 is decoded at 1024 as it is: to reduce it further would take longer than the rest.
_SIZES: Final = ((60, 1024, 60_000), (240, 640, 26_000), (2000, 360, 6_400))
_SMALLEST: Final = (200, 2_800)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One file of a gallery: how many pictures it shows, and of which series, None for all."""

    images: int
    series: str | None = None

    @property
    def picture_size(self) -> tuple[int, int]:
        """The longer side of its small pictures in pixels, and how many bytes each may take."""
        fitting = ((side, most) for images, side, most in _SIZES if self.images <= images)
        return next(fitting, _SMALLEST)


def island(subject: Subject, page: Page) -> Iterator[str]:
    """Yield the document: the run, then the jobs, then the pictures that they show."""
    shown: dict[str, ImageFile] = {}
    yield f'{{"run":{_json(_run(subject.manifest, page))},"jobs":['
    comma = ""
    for job in subject.jobs():
        told = _Telling(subject=subject, page=page, shown=shown).job(job)
        if told:
            yield comma + _json(told)
            comma = ","
    yield '],"pictures":{'
    side_px, most_bytes = page.picture_size
    small = subject.pictures.thumbnails(shown.values(), side_px=side_px, most_bytes=most_bytes)
    for number, (sha256, data) in enumerate(zip(shown, small, strict=True)):
        yield f'{"," if number else ""}"{sha256}":"{b64encode(data).decode()}"'
    yield '},"whole":{'
    if subject.embed_full:
        yield from _whole(subject, shown)
    yield "}}"


def _whole(subject: Subject, shown: Mapping[str, ImageFile]) -> Iterator[str]:
    for number, (sha256, image) in enumerate(shown.items()):
        data = b64encode(subject.pictures.whole(image)).decode()
        yield f'{"," if number else ""}"{sha256}":"{data}"'


def _run(manifest: RunManifest, page: Page) -> dict[str, Json]:
    header, run = manifest.header, manifest.run
    return {
        "campaign": header.campaign,
        "brand": header.brand,
        "world": manifest.world,
        "plan": header.plan_id,
        "run": run.start.run_id,
        "started": _time(run.start.started_at),
        "stopped": run.end.message if run.end else "",
        "series": page.series,
        "jobs": manifest.planned.jobs,
        "done": manifest.done,
        "kept": manifest.kept.jobs,
        "images": manifest.planned.images,
        "planned": usd(manifest.planned.cost_usd),
        "billed": usd(manifest.billed.cost_usd),
        "labels": {key: str(value) for key, value in header.labels.items()},
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Telling:
    """Tells the jobs of one page, and notes in `shown` every picture that they need."""

    subject: Subject
    page: Page
    shown: dict[str, ImageFile]

    def job(self, judged: JudgedJob) -> dict[str, Json]:
        """Return what is shown of a job; empty when the page has none of its cells."""
        record = judged.record
        cells: list[Json] = [
            self._cell(shown, cell, judged.results)
            for shown in shown_sets(record)
            for cell in shown.cells
            if self.page.series in (cell.series, None)
        ]
        if not cells:
            return {}
        latest, own = record.latest, own_set(record)
        policy = self.subject.manifest.header.policy
        return {
            **_made(record, own.remarks),
            "phase": record.phase.value,
            "words": PHASE_WORDS[record.phase].long,
            "failed": counts_as_failed(policy, record.phase),
            "error": latest.error if latest else "",
            "expected": record.job.outputs_expected,
            "cost": usd(record.job.cost_usd),
            "takes": self._takes(record, own.attempt),
            "cells": cells,
        }

    def _cell(self, shown: ShownSet, cell: Cell, results: tuple[CheckResult, ...]) -> dict[str, Json]:
        before = self.subject.before(cell.address)
        is_shown = before and shown.record and before.job.job_id == shown.record.job.job_id
        return {
            "address": cell.address,
            "series": cell.series,
            "axes": dict(cell.axes),
            "images": self._placed(shown, cell),
            "kept": _kept(shown),
            "checks": [_check(result) for result in results if result.address == cell.address],
            "before": self._before(before) if before and not is_shown else None,
        }

    def _placed(self, shown: ShownSet, cell: Cell) -> list[Json]:
        """Return the images that a cell shows, each with its place and path."""
        return [
            self._image(image.output.index, image.output.image, _href(image.path)) | {"place": image.place}
            for image in shown.placed_at(cell)
        ]

    def _takes(self, record: JobRecord, shown: int | None) -> list[Json]:
        """Return the sets of the attempts that are not shown, oldest first."""
        return [
            {
                "label": f"take {attempt.number}",
                "at": _time(attempt.finished_at),
                "images": self._set(record, place),
            }
            for place, attempt in enumerate(record.attempts)
            if place != shown and record.sets[place].good
        ]

    def _before(self, record: JobRecord) -> dict[str, Json] | None:
        if record.published is None:
            return None
        return {
            "label": "before the change",
            "at": _time(record.latest.finished_at) if record.latest else None,
            "prompt": str(record.job.request.get("prompt", "")),
            "images": self._set(record, record.published),
        }

    def _set(self, record: JobRecord, place: int) -> list[Json]:
        link = self.subject.pictures.link
        good = record.sets[place].good
        return [self._image(index, image, link(image)) for index, image in good.items()]

    def _image(self, index: int, image: ImageFile, href: str) -> dict[str, Json]:
        self.shown.setdefault(image.sha256, image)
        return {
            "index": index,
            "sha256": image.sha256,
            "type": image.media_type,
            "width": image.width_px,
            "height": image.height_px,
            "bytes": image.size_bytes,
            "href": href,
            "said": [
                {"by": one.by, "said": one.said.value, "note": one.note}
                for one in self.subject.decisions(image.sha256)
            ],
        }


def _made(record: JobRecord, remarks: str) -> dict[str, Json]:
    """Return what a set was made from, and how."""
    request = dict(record.job.request)
    return {
        "id": record.job.job_id,
        "model": record.job.model,
        "prompt": str(request.pop("prompt", "")),
        "inputs": request,
        "remarks": remarks,
        "attempts": [_attempt(attempt) for attempt in record.attempts],
    }


def _kept(shown: ShownSet) -> dict[str, Json] | None:
    """Return what a kept set was made from; of one that the ledger does not know, what there is to say."""
    if shown.kept is None:
        return None
    made = _made(shown.record, shown.remarks) if shown.record else {}
    return {**made, "id": shown.kept.job_id, "words": kept_words(shown.kept)}


def _check(result: CheckResult) -> dict[str, Json]:
    return {
        "check": result.check,
        "findings": [
            {
                "level": finding.level.value,
                "message": finding.message,
                "index": finding.index,
                "measured": finding.measured,
            }
            for finding in result.findings
        ],
    }


def _attempt(attempt: Attempt) -> dict[str, Json]:
    return {
        "number": attempt.number,
        "words": PHASE_WORDS[attempt.phase].long,
        "prediction": attempt.prediction_id,
        "cost": usd(attempt.cost_usd),
        "sent": _time(attempt.intent_at),
        "finished": _time(attempt.finished_at),
        "ms": attempt.inference_ms,
        "error": attempt.error,
    }


def _href(path: str) -> str:
    """Return a path as a URL that can only lead to a file beside the page."""
    return "./" + quote(path)


def _time(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z") if at else None


def _json(value: Json) -> str:
    """Return a value as JSON that no parser of HTML reads anything into."""
    text = json.dumps(_harmless(value), ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _harmless(value: Json) -> Json:
    match value:
        case str():
            return neutral(value)
        case list():
            return [_harmless(item) for item in value]
        case dict():
            return {neutral(key): _harmless(item) for key, item in value.items()}
        case _:
            return value
