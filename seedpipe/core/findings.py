"""What the checks say about images: findings, and which checks have run.

The vocabulary between the checks, which judge, and the reports, which tell. Findings are derived from the
bytes of the outputs and from what the plan asks of them, so they can be made again at any time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seedpipe.core.records import JobRecord


class Level(StrEnum):
    """How much a finding weighs: one that fails changes the exit code of a run."""

    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing a check holds against a set, or against one image of it.

    `address` is the cell's; `index` is the output's, counted from 0 in the service's order, None when the
    whole set is meant. `measured` is the figure that was held against the threshold, in the check's own unit.
    """

    check: str
    level: Level
    message: str
    address: str
    index: int | None = None
    measured: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One check of one cell's set: passed when it found nothing."""

    check: str
    address: str
    findings: tuple[Finding, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the check found nothing at all."""
        return not self.findings

    @property
    def failed(self) -> bool:
        """Whether a finding changes the exit code of a run."""
        return any(finding.level is Level.FAIL for finding in self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedJob:
    """A job with its history and the results of its checks, a result for each cell and check that has run."""

    record: JobRecord
    results: tuple[CheckResult, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that was found, in the order of the checks."""
        return tuple(finding for result in self.results for finding in result.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckTotal:
    """How the sets of a run fared in one check: each counts once, at its worst.

    `images` counts those with a finding of their own; what is held against a whole set is none.
    """

    passed: int = 0
    warned: int = 0
    failed: int = 0
    images: int = 0


def tally_checks(results: Iterable[CheckResult]) -> dict[str, CheckTotal]:
    """Return the totals of every check that has run, in the order the checks first appear."""
    counts: dict[str, list[int]] = {}
    for result in results:
        place = 2 if result.failed else 0 if result.passed else 1
        count = counts.setdefault(result.check, [0, 0, 0, 0])
        count[place] += 1
        count[3] += len({finding.index for finding in result.findings} - {None})
    return {
        check: CheckTotal(passed=passed, warned=warned, failed=failed, images=images)
        for check, (passed, warned, failed, images) in counts.items()
    }
