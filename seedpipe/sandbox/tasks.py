"""What the sandbox remembers, and how a task stands at a moment.

Hides how a task's life follows from what was decided when it was accepted: nothing about it is ever
updated but its deletion, so a sandbox that was away for an hour finds its tasks completed. Times are aware
UTC; the pictures of a task are described here (`Picture`) and drawn in `render`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal  # noqa: TC003 - dataclass field types are read at run time by tests
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from seedpipe.core.catalogue import Size

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seedpipe.core.model import Json

_SIZE: Final = re.compile(r"([1-9][0-9]{0,4})\*([1-9][0-9]{0,4})")
_RATIO: Final = re.compile(r"([1-9][0-9]?):([1-9][0-9]?)")
_DEFAULT_SIZE: Final = Size(2048, 2048)
_SIDE_PX_BY_RESOLUTION: Final = {"1k": 1024, "1.5k": 1536, "2k": 2048}
_GRID_PX: Final = 16  # the encoder's step: sides that are computed fall on it
_CREATED_SHARE: Final = 0.1  # of a task's latency it waits before it is seen processing


class Status(StrEnum):
    """The service's words for how a task stands."""

    CREATED = "created"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One accepted submit, with its fate: how long it takes, how many images it brings, or why it fails.

    `inputs` are those the service kept.
    """

    prediction_id: str
    model: str
    inputs: Mapping[str, Json]
    created_at: datetime
    latency_s: float
    images_billed: int
    images_delivered: int
    fail_code: int | None = None
    fail_message: str = ""
    deleted: bool = False

    @property
    def ready_at(self) -> datetime:
        """The moment it is completed or has failed."""
        return self.created_at + timedelta(seconds=self.latency_s)

    def status(self, now: datetime) -> Status:
        """Return how it stands at a moment."""
        if self.deleted:
            return Status.DELETED
        if now >= self.ready_at:
            return Status.COMPLETED if self.fail_code is None else Status.FAILED
        waits = timedelta(seconds=self.latency_s * _CREATED_SHARE)
        return Status.CREATED if now < self.created_at + waits else Status.PROCESSING

    @property
    def file_names(self) -> list[str]:
        """The names of its output files, from `1.jpeg` on."""
        return [f"{number}.{self._format}" for number in range(1, self.images_delivered + 1)]

    def picture(self, file_name: str) -> Picture:
        """Return what one of its output files shows; raises `KeyError` for a name that is not its own."""
        if file_name not in self.file_names:
            raise KeyError(file_name)
        images = self.inputs.get("images")
        return Picture(
            prompt=str(self.inputs.get("prompt", "")),
            size=_size(self.inputs),
            number=int(file_name.partition(".")[0]),
            of=self.images_billed,
            format=self._format,
            images=tuple(str(url) for url in images) if isinstance(images, list) else (),
        )

    @property
    def _format(self) -> str:
        return "png" if self.inputs.get("output_format") == "png" else "jpeg"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What an image shows: equal pictures are equal bytes.

    `format` is `png` or `jpeg`; `number` counts from 1; `images` are the addresses of references.
    """

    prompt: str
    size: Size
    number: int
    of: int
    format: str
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One line of the book: what was charged, for which task, with which inputs, when."""

    prediction_id: str
    model: str
    usd: Decimal
    inputs: Mapping[str, Json]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A reference file announced by a client; `body` is None until its bytes have come."""

    upload_id: str
    filename: str
    content_type: str
    size_bytes: int
    at: datetime
    body: bytes | None = None


def is_readable_size(text: str) -> bool:
    """Say whether the service would read this as `W*H`; a ratio is for seedpipe to resolve."""
    return _SIZE.fullmatch(text.strip()) is not None


def timestamp(moment: datetime) -> str:
    """Return a time as the service writes it: nine fractional digits."""
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}000Z"


def _size(inputs: Mapping[str, Json]) -> Size:
    if pixels := _SIZE.fullmatch(str(inputs.get("size", "")).strip()):
        return Size(int(pixels[1]), int(pixels[2]))
    ratio = _RATIO.fullmatch(str(inputs.get("aspect_ratio", "")).strip())
    side = _SIDE_PX_BY_RESOLUTION.get(str(inputs.get("resolution", "1k")).strip())
    if ratio is None and "aspect_ratio" not in inputs and "resolution" not in inputs:
        return _DEFAULT_SIZE
    shape = int(ratio[1]) / int(ratio[2]) if ratio else 1.0
    width_px = (side or 1024) * math.sqrt(shape)
    return Size(_on_grid(width_px), _on_grid(width_px / shape))


def _on_grid(length_px: float) -> int:
    return max(_GRID_PX, _GRID_PX * round(length_px / _GRID_PX))
