"""The level of an account: how much it may ask for, and how long a plan takes then.

Hides how rate and concurrency bound a run together. An estimate is one: how long a picture takes is assumed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLevel:
    """What the service allows an account of this level. `image_s` is what one picture takes, as assumed."""

    name: str
    images_per_minute: int
    concurrent_tasks: int
    image_s: float


def estimated_s(level: AccountLevel, *, jobs: int, images: int, concurrency: int) -> float:
    """Return about how many seconds jobs take that bring so many images, `concurrency` of them at a time."""
    if not jobs:
        return 0.0
    task_s = level.image_s * images / jobs
    rounds = math.ceil(jobs / min(concurrency, level.concurrent_tasks))
    admitted_s = (images - images / jobs) * 60 / level.images_per_minute  # when the last one may be sent
    return max(admitted_s + task_s, rounds * task_s)


def spoken(seconds: float) -> str:
    """Return a span for people: `40 s`, `12 min`, `3 h 20 min`, `2 d 4 h`."""
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{max(round(seconds), 1)} s"
    minutes = math.ceil(seconds / 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min")]
    told = [f"{number} {unit}" for number, unit in parts if number]
    return " ".join(told[:2])
