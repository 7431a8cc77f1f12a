"""The documents for programs: `run.json` and `jobs.jsonl`, as their published schemas describe them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seedpipe.core.findings import tally_checks
from seedpipe.core.manifest import job_document, run_document
from seedpipe.core.safe_text import safe_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seedpipe.reports.subject import Subject


def run_json(subject: Subject) -> Iterator[str]:
    """Yield the run manifest, indented for people who open it."""
    results = (result for job in subject.jobs() for result in job.results)
    yield safe_json(run_document(subject.manifest, tally_checks(results)), indent=2) + "\n"


def jobs_jsonl(subject: Subject) -> Iterator[str]:
    """Yield a line a job, in the plan's order."""
    for job in subject.jobs():
        yield safe_json(job_document(job.record, job.results)) + "\n"
