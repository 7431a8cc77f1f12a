"""`junit.xml`: a run as test results, for the many tools that read this format.

Hides how a campaign becomes suites and cases: a suite a series; for each cell a case `delivered`, and a case
for every check that has run. A job that failed is an error of its cells, a check that failed is a failure,
a warning passes and says so, a job that was not submitted is skipped; a cell that keeps the set it has passes
and says so. Invariants: the counts in a suite's
head are those of its cases; no character that XML forbids is written; the schema of Jenkins' xUnit plugin
holds, and that of Ant's report task but for totals at the root and words beside a case that passed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape, quoteattr

from seedpipe.core.lifecycle import Phase
from seedpipe.core.policy import counts_as_failed
from seedpipe.core.safe_text import neutral
from seedpipe.core.showing import shown_sets
from seedpipe.reports.words import told, told_kept

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from seedpipe.core.findings import CheckResult, JudgedJob
    from seedpipe.core.manifest import RunManifest
    from seedpipe.core.model import Cell, Policy
    from seedpipe.core.records import JobRecord
    from seedpipe.core.showing import ShownSet
    from seedpipe.reports.subject import Subject

_FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PENDING: Final = frozenset({Phase.PLANNED, Phase.SUBMITTING, Phase.ACCEPTED, Phase.FETCHING})


@dataclass(slots=True, kw_only=True)
class _Counts:
    """What a suite's head says of its cases."""

    tests: int = 0
    failures: int = 0
    errors: int = 0
    skipped: int = 0
    seconds: float = 0.0

    def add(self, outcome: str, seconds: float) -> None:
        self.tests += 1
        self.failures += outcome == "failure"
        self.errors += outcome == "error"
        self.skipped += outcome == "skipped"
        self.seconds += seconds

    def attributes(self) -> str:
        return (
            f'tests="{self.tests}" failures="{self.failures}" errors="{self.errors}"'
            f' skipped="{self.skipped}" time="{self.seconds:.3f}"'
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One case: `outcome` is the element's name, `passed` for none; `words` is its text, or a warning's."""

    series: str
    address: str
    name: str
    outcome: str = "passed"
    message: str = ""
    words: str = ""
    seconds: float = 0.0


def junit_xml(subject: Subject) -> Iterator[str]:
    """Yield the document. Reads the jobs once to count, and once a series."""
    policy = subject.manifest.header.policy
    suites: dict[str, _Counts] = {}
    whole = _Counts()
    for case in _cases(subject.jobs(), policy):
        suites.setdefault(case.series, _Counts()).add(case.outcome, case.seconds)
        whole.add(case.outcome, case.seconds)
    name = _attribute(f"{subject.manifest.header.campaign} ({subject.manifest.world})")
    # The root of the common schema knows no number of skipped cases.
    heads = whole.attributes().replace(f' skipped="{whole.skipped}"', "")
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name={name} {heads}>\n'
    start, package = subject.manifest.run.start, _attribute(subject.manifest.header.campaign)
    for number, (series, counts) in enumerate(suites.items()):
        yield f'  <testsuite id="{number}" name={_attribute(series)} package={package} {counts.attributes()}'
        yield f' timestamp="{start.started_at:%Y-%m-%dT%H:%M:%S}" hostname="localhost">\n'
        yield _properties(subject.manifest)
        for case in _cases(subject.jobs(), policy):
            if case.series == series:
                yield _element(case)
        yield "    <system-out/>\n    <system-err/>\n  </testsuite>\n"
    yield "</testsuites>\n"


def _properties(manifest: RunManifest) -> str:
    """Return which run a suite is of."""
    told = {
        "campaign": manifest.header.campaign,
        "world": manifest.world,
        "plan": manifest.header.plan_id,
        "run": manifest.run.start.run_id,
        **({"commit": manifest.commit} if manifest.commit else {}),
    }
    inner = "".join(
        f"      <property name={_attribute(name)} value={_attribute(value)}/>\n"
        for name, value in told.items()
    )
    return f"    <properties>\n{inner}    </properties>\n"


def _cases(jobs: Iterable[JudgedJob], policy: Policy) -> Iterator[_Case]:
    for job in jobs:
        for shown in shown_sets(job.record):
            for cell in shown.cells:
                yield _delivered(cell, shown, job.record, policy)
                for result in job.results:
                    if result.address == cell.address:
                        yield _checked(cell, result)


def _delivered(cell: Cell, shown: ShownSet, record: JobRecord, policy: Policy) -> _Case:
    outcome = "passed"
    if record.phase is Phase.IN_DOUBT or counts_as_failed(policy, record.phase):
        outcome = "error"
    elif record.phase in _PENDING and not (shown.kept and shown.outputs):
        outcome = "skipped"
    message, job_id = "" if record.phase is Phase.DONE else told(record), record.job.job_id
    if shown.kept:
        message = "; ".join(filter(None, (told_kept(shown), message if outcome == "error" else "")))
        job_id = shown.kept.job_id
    made_by = shown.record.latest if shown.record else None
    return _Case(
        series=cell.series,
        address=cell.address,
        name="delivered",
        outcome=outcome,
        message=message,
        words=f"{f'{message}; ' if shown.kept else ''}job {job_id}" if message else "",
        seconds=(made_by.inference_ms or 0) / 1000 if made_by else 0.0,
    )


def _checked(cell: Cell, result: CheckResult) -> _Case:
    lines = [
        f"{finding.level.value}: {finding.message}"
        + ("" if finding.index is None else f" (image {finding.index + 1})")
        for finding in result.findings
    ]
    return _Case(
        series=cell.series,
        address=cell.address,
        name=result.check,
        outcome="failure" if result.failed else "passed",
        message=lines[0] if lines else "",
        words="\n".join(lines),
    )


def _element(case: _Case) -> str:
    head = (
        f"    <testcase name={_attribute(case.name)} classname={_attribute(case.address)}"
        f' time="{case.seconds:.3f}"'
    )
    message, words = _attribute(case.message), escape(_plain(case.words))
    match case.outcome:
        case "passed" if not case.words:
            return f"{head}/>\n"
        case "passed":
            inner = f"<system-out>{words}</system-out>"
        case "skipped":
            inner = f"<skipped message={message}/>"
        case outcome:
            inner = f"<{outcome} message={message} type={_attribute(case.name)}>{words}</{outcome}>"
    return f"{head}>{inner}</testcase>\n"


def _attribute(text: str) -> str:
    return quoteattr(_plain(text))


def _plain(text: str) -> str:
    """Return untrusted text with every character that XML can hold, and no other."""
    return _FORBIDDEN.sub("\ufffd", neutral(text))
