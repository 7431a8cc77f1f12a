"""What people read after a run: each report turns the manifest and its jobs into the text of one file.

A report is one function from (manifest, jobs) to chunks of text, listed in `REPORTS` by the name of its
file. Pure: who writes the file, and where, is decided elsewhere. Jobs are streamed, so that a report
of a large campaign stands in memory a job at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from seedpipe.reports import documents, gallery, summary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from seedpipe.core.manifest import RunManifest
    from seedpipe.core.records import JobRecord


class Report(Protocol):
    """One file about a run. `jobs` may be called more than once; each call streams all jobs anew."""

    def __call__(self, manifest: RunManifest, jobs: Callable[[], Iterable[JobRecord]]) -> Iterator[str]:
        """Yield the file's text in chunks."""


REPORTS: Final[Mapping[str, Report]] = {
    "run.json": documents.run_json,
    "jobs.jsonl": documents.jobs_jsonl,
    "summary.md": summary.summary_markdown,
    "gallery.html": gallery.gallery_html,
}

__all__ = ["REPORTS", "Report"]
