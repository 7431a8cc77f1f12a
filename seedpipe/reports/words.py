"""What the reports call things in front of people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seedpipe.core.showing import kept_words
from seedpipe.core.words import PHASE_WORDS

if TYPE_CHECKING:
    from seedpipe.core.records import JobRecord
    from seedpipe.core.showing import ShownSet


def told(record: JobRecord) -> str:
    """Return in one line how a job stands, with the service's words where there are any."""
    latest = record.latest
    words = f" ({latest.error})" if latest and latest.error else ""
    return f"{PHASE_WORDS[record.phase].long}{words}"


def told_kept(shown: ShownSet) -> str:
    """Return in one line what a cell keeps in place of its job's own set; empty where it keeps nothing."""
    if shown.kept is None:
        return ""
    absent = "" if shown.outputs else "its images are not on this machine"
    return ", ".join(filter(None, (kept_words(shown.kept), shown.remarks, absent)))
