"""Pure judgements over the bytes of images: measured once, judged as often as a campaign changes its limits.

`measure` turns a file into figures; each of `CHECKS` turns the figures of a set into faults. No disk, no
clock, no network, and no claim about whether a picture shows what was asked for: only people judge that.
"""

from typing import Final

from seedpipe.checks.judging import (
    Check,
    CheckedImage,
    CheckedSet,
    Fault,
    blank,
    blur,
    consistency,
    copy,
    duplicates,
    logo,
    nsfw,
    palette,
    size,
)
from seedpipe.checks.measuring import (
    MEASUREMENTS_FORMAT,
    Measurements,
    measure,
    measurements_of,
    twins,
)

CHECKS: Final[dict[str, Check]] = {
    "size": size,
    "palette": palette,
    "duplicates": duplicates,
    "consistency": consistency,
    "blank": blank,
    "blur": blur,
    "nsfw": nsfw,
    "copy": copy,
    "logo": logo,
}

__all__ = [
    "CHECKS",
    "MEASUREMENTS_FORMAT",
    "Check",
    "CheckedImage",
    "CheckedSet",
    "Fault",
    "Measurements",
    "measure",
    "measurements_of",
    "twins",
]
