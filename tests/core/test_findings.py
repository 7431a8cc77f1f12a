"""What the results of checks say together."""

from __future__ import annotations

from decimal import Decimal

import pytest

from seedpipe.core.findings import CheckResult, CheckTotal, Finding, JudgedJob, Level, tally_checks
from seedpipe.core.model import Job
from seedpipe.core.records import JobRecord


def finding(level: Level, check: str = "blur") -> Finding:
    return Finding(check=check, level=level, message="soft", address="hero/AUR-01")


@pytest.mark.parametrize(
    ("levels", "passed", "failed"),
    [
        ([], True, False),
        ([Level.WARN], False, False),
        ([Level.FAIL], False, True),
        ([Level.WARN, Level.FAIL], False, True),
    ],
)
def test_a_check_passes_when_it_finds_nothing_and_fails_only_at_the_level_fail(levels, passed, failed):
    findings = tuple(finding(level) for level in levels)
    result = CheckResult(check="blur", address="hero/AUR-01", findings=findings)

    assert (result.passed, result.failed) == (passed, failed)


def test_a_judged_job_tells_all_findings_in_the_order_of_its_checks():
    job = Job(job_id="00", model="m", request={}, outputs_expected=1, cost_usd=Decimal(1))
    record = JobRecord(job=job, cells=(), attempts=(), outputs=())
    soft, dull = finding(Level.WARN), finding(Level.FAIL, "palette")
    results = tuple(
        CheckResult(check=one.check, address=one.address, findings=(one,)) for one in (soft, dull)
    )

    assert JudgedJob(record=record, results=results).findings == (soft, dull)


def test_totals_count_a_set_once_at_its_worst_and_its_images_apart():
    def found(*given: tuple[Level, int | None]) -> CheckResult:
        findings = tuple(
            Finding(check="blur", level=level, message="soft", address="a", index=index)
            for level, index in given
        )
        return CheckResult(check="blur", address="a", findings=findings)

    results = [
        found(),
        found((Level.WARN, 0), (Level.WARN, 0), (Level.WARN, 3)),
        found((Level.FAIL, 1), (Level.WARN, 2)),
        found((Level.WARN, None)),
    ]

    assert tally_checks(results) == {"blur": CheckTotal(passed=1, warned=2, failed=1, images=4)}
