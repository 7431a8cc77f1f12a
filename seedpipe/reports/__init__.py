"""What people and programs read after a run: each report turns a run and its judged jobs into text.

A report is one function from a `Subject` to chunks of text, listed in `REPORTS` by the name of its file; the
gallery may need several files and is listed on its own. Pure: who writes the files, and where, is decided
elsewhere, and pictures come through a port. Jobs are streamed, so that a report of a large campaign stands
in memory a job at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from seedpipe.reports import documents, gallery, junit, summary
from seedpipe.reports.annotations import workflow_commands
from seedpipe.reports.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Report(Protocol):
    """One file about a run."""

    def __call__(self, subject: Subject) -> Iterator[str]:
        """Yield the file's text in chunks."""


REPORTS: Final[Mapping[str, Report]] = {
    "run.json": documents.run_json,
    "jobs.jsonl": documents.jobs_jsonl,
    "summary.md": summary.summary_markdown,
    "junit.xml": junit.junit_xml,
}


def files(subject: Subject) -> Iterator[tuple[str, Iterator[str]]]:
    """Yield every file of a run by its name, with its text in chunks; each is to be read before the next."""
    for name, report in REPORTS.items():
        yield name, report(subject)
    yield from gallery.pages(subject)


__all__ = ["REPORTS", "Report", "Subject", "files", "workflow_commands"]
