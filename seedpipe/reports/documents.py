"""The documents for programs: `run.json` and `jobs.jsonl`, as their published schemas describe them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seedpipe.core.manifest import job_document, run_document
from seedpipe.core.safe_text import safe_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from seedpipe.core.manifest import RunManifest
    from seedpipe.core.records import JobRecord


def run_json(manifest: RunManifest, jobs: Callable[[], Iterable[JobRecord]]) -> Iterator[str]:
    """Yield the run manifest, indented for people who open it."""
    del jobs  # the manifest holds totals only
    yield safe_json(run_document(manifest), indent=2) + "\n"


def jobs_jsonl(manifest: RunManifest, jobs: Callable[[], Iterable[JobRecord]]) -> Iterator[str]:
    """Yield a line a job, in the plan's order."""
    del manifest  # a job's line says nothing of the run
    for record in jobs():
        yield safe_json(job_document(record)) + "\n"
