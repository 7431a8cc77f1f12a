"""What people are told about a phase, on the screen and in reports: one table for both.

`short` stands in a table or before a number, `long` where it is all that is said of a job.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from seedpipe.core.lifecycle import Phase

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseWords:
    """A phase in one word or two, and as a phrase."""

    short: str
    long: str


PHASE_WORDS: Final[Mapping[Phase, PhaseWords]] = {
    Phase.PLANNED: PhaseWords(short="new", long="new: not submitted yet"),
    Phase.SUBMITTING: PhaseWords(short="being submitted", long="being submitted"),
    Phase.IN_DOUBT: PhaseWords(short="in doubt", long="in doubt: perhaps accepted, not sent again blindly"),
    Phase.ACCEPTED: PhaseWords(short="paid, at the service", long="paid, still at the service"),
    Phase.FETCHING: PhaseWords(short="paid, to download", long="paid, not yet downloaded"),
    Phase.DONE: PhaseWords(short="done", long="done"),
    Phase.DONE_SHORT: PhaseWords(short="short", long="short: fewer images than billed"),
    Phase.FAILED: PhaseWords(short="failed", long="failed"),
    Phase.LOST: PhaseWords(short="lost", long="lost: paid, no longer at the service"),
}
