"""`summary.md`: where a run stands, in Markdown for a pull request or a CI step summary.

Totals first, then tables by series and by check, then what needs attention. Bounded twice: a long list ends
with how many more there are, and the whole text stays below what a step summary may hold.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, TypeVar

from seedpipe.core.findings import Level, tally_checks
from seedpipe.core.lifecycle import Phase
from seedpipe.core.manifest import add_up
from seedpipe.core.money import usd
from seedpipe.core.records import PhaseTotal
from seedpipe.core.safe_text import neutral
from seedpipe.reports.words import told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from seedpipe.core.findings import Finding, JudgedJob
    from seedpipe.core.manifest import RunManifest
    from seedpipe.core.records import JobRecord
    from seedpipe.reports.subject import Subject

_T = TypeVar("_T")

_MOST_LISTED: Final = 50  # nobody reads further; the gallery and jobs.jsonl have them all
_MOST_ROWS: Final = 500  # series of a campaign: a generated one may have thousands
_LONGEST_WORDS: Final = 300  # characters of somebody else's text in one line
_MOST_BYTES: Final = 1_000_000  # a step summary takes 1 MiB; the rest is for what else the step says


def summary_markdown(subject: Subject) -> Iterator[str]:
    """Yield the summary: headline, totals, tables by series and by check, what needs attention."""
    left = _MOST_BYTES
    for part in _parts(subject):
        left -= len(part.encode())
        if left < 0:
            yield "\n… cut here: a step summary holds no more.\n"
            return
        yield part


def _parts(subject: Subject) -> Iterator[str]:
    manifest, jobs = subject.manifest, subject.jobs
    yield from _headline(manifest)
    yield from _series_table(record for record in _records(jobs()))
    yield from _checks_table(jobs())
    troubled = (record for record in _records(jobs()) if not (record.phase is Phase.DONE or record.is_kept))
    yield from _listed("Needs attention", troubled, _trouble)
    for level, title in ((Level.FAIL, "Failed checks"), (Level.WARN, "Warnings")):
        yield from _listed(title, _findings(jobs(), level), _found)
    yield f"\nRun `{manifest.run.start.run_id}`, plan `{manifest.header.plan_id[:12]}`.\n"


def _records(jobs: Iterable[JudgedJob]) -> Iterator[JobRecord]:
    return (job.record for job in jobs)


def _findings(jobs: Iterable[JudgedJob], level: Level) -> Iterator[Finding]:
    return (finding for job in jobs for finding in job.findings if finding.level is level)


def _headline(manifest: RunManifest) -> Iterator[str]:
    planned, billed, now = manifest.planned, manifest.billed, manifest.run_billed
    yield f"# {_text(manifest.header.campaign)}: {manifest.world.upper()}\n\n"
    yield f"**{manifest.done} of {planned.jobs} jobs done**"
    yield f" · {planned.images} images planned for {usd(planned.cost_usd)}"
    yield f" · {usd(now.cost_usd)} billed in this run, {usd(billed.cost_usd)} for this plan so far"
    yield " (by the sandbox: no money)\n\n" if manifest.world == "proof" else "\n\n"
    if manifest.kept.jobs:
        yield f"{manifest.kept.jobs} of them kept: changed since they were paid for, and not bought; their"
        yield " cells keep the pictures they have\n\n"
    if manifest.run.end and manifest.run.end.message:
        yield f"Stopped early: {_text(manifest.run.end.message)}\n\n"


def _series_table(records: Iterable[JobRecord]) -> Iterator[str]:
    by_series: dict[str, dict[Phase | None, PhaseTotal]] = {}
    for record in records:
        tally = by_series.setdefault(record.cells[0].series, defaultdict(PhaseTotal))
        job = PhaseTotal(jobs=1, images=record.job.outputs_expected, cost_usd=record.job.cost_usd)
        phase = None if record.is_kept else record.phase
        tally[phase] = add_up([tally[phase], job])
    yield "| series | jobs | images | done | kept | not done | cost |\n|---|--:|--:|--:|--:|--:|--:|\n"
    for series, tally in list(by_series.items())[:_MOST_ROWS]:
        whole = add_up(tally.values())
        done, kept = tally[Phase.DONE].jobs, tally[None].jobs
        yield f"| {_text(series)} | {whole.jobs} | {whole.images} | {done} | {kept} "
        yield f"| {whole.jobs - done - kept} | {usd(whole.cost_usd)} |\n"
    if len(by_series) > _MOST_ROWS:
        yield f"\n… and {len(by_series) - _MOST_ROWS} more series.\n"


def _checks_table(jobs: Iterable[JudgedJob]) -> Iterator[str]:
    checks = tally_checks(result for job in jobs for result in job.results)
    if not checks:
        return
    yield "\n| check | sets passed | warned | failed |\n|---|--:|--:|--:|\n"
    for check, total in checks.items():
        yield f"| {_text(check)} | {total.passed} | {total.warned} | {total.failed} |\n"


def _listed(title: str, items: Iterator[_T], line: Callable[[_T], str]) -> Iterator[str]:
    for shown, item in enumerate(items):
        if not shown:
            yield f"\n## {title}\n\n"
        if shown == _MOST_LISTED:
            yield f"\n… and {1 + sum(1 for _ in items)} more.\n"
            return
        yield line(item)


def _trouble(record: JobRecord) -> str:
    return f"- {_code(record.label)}: {_text(told(record))}\n"


def _found(finding: Finding) -> str:
    image = "" if finding.index is None else f", image {finding.index + 1}"
    return f"- {_code(finding.address)}{image}: {_text(finding.check)}: {_text(finding.message)}\n"


def _code(text: str) -> str:
    """Return untrusted text as a code span, which knows no escapes: what would end it becomes a quote."""
    return f"`{_flat(text).replace('`', chr(39)).replace('|', '¦')}`"


def _text(text: str) -> str:
    """Return untrusted text on one line, with nothing that Markdown or HTML would act on."""
    return "".join(f"\\{char}" if char in "\\`*_{}[]<>|#!~@" else char for char in _flat(text))


def _flat(text: str) -> str:
    flat = neutral(" ".join(text.split()))
    return flat if len(flat) <= _LONGEST_WORDS else flat[: _LONGEST_WORDS - 1] + "…"
