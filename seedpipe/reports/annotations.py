"""Annotations: the lines that GitHub Actions shows on a run's page and beside the changes of a pull request.

Hides which lines are worth one of the ten that GitHub shows of a kind in a step, and how text is spelt in a
workflow command, so that no text of others can be a command itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seedpipe.core.findings import Level
from seedpipe.core.lifecycle import Phase
from seedpipe.core.policy import counts_as_failed
from seedpipe.core.safe_text import neutral
from seedpipe.reports.words import told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seedpipe.core.findings import JudgedJob
    from seedpipe.core.model import Policy
    from seedpipe.reports.subject import Subject

_MOST_A_KIND: Final = 10  # GitHub drops the rest of a step's silently
_LONGEST_WORDS: Final = 500  # characters; longer ones are cut on the page anyway


def workflow_commands(subject: Subject) -> list[str]:
    """Return the lines: errors for jobs and checks that failed, then warnings; at most ten a kind.

    Where there are more, the tenth says how many.
    """
    policy = subject.manifest.header.policy
    kept: dict[str, list[str]] = {"error": [], "warning": []}
    hidden = dict.fromkeys(kept, 0)
    for job in subject.jobs():
        for kind, title, words in _remarks(job, policy):
            if len(kept[kind]) < _MOST_A_KIND:
                kept[kind].append(_line(kind, title, words))
            else:
                hidden[kind] += 1
    for kind, count in hidden.items():
        if count:
            kept[kind][-1] = _line(kind, "seedpipe", f"and {count + 1} more; see summary.md and gallery.html")
    return [line for lines in kept.values() for line in lines]


def _remarks(job: JudgedJob, policy: Policy) -> Iterator[tuple[str, str, str]]:
    """Yield kind, title and words of everything about a job that is worth an annotation."""
    record = job.record
    if record.phase is Phase.IN_DOUBT or counts_as_failed(policy, record.phase):
        yield "error", record.label, told(record)
    elif record.phase is Phase.DONE_SHORT:
        yield "warning", record.label, told(record)
    for finding in job.findings:
        kind = "error" if finding.level is Level.FAIL else "warning"
        image = "" if finding.index is None else f" image {finding.index + 1}"
        yield kind, f"{finding.address}{image}", f"{finding.check}: {finding.message}"


def _line(kind: str, title: str, words: str) -> str:
    return f"::{kind} title={_property(title)}::{_data(words)}"


def _data(text: str) -> str:
    flat = neutral(text)[:_LONGEST_WORDS].replace("::", ": :")
    return flat.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
