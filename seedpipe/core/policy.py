"""What a run may buy again, and what counts as a failure: the campaign's policy and the user's orders.

Hides when a settled job is submitted once more. Two reasons only: the campaign's policy, as an answer comes
in, and `--redo`, the user's word for this one run. Invariants: moderation (1200) and whatever else is not the
service's own failure is never bought again by policy; a policy counts every attempt that the ledger
remembers, so that it cannot go on from run to run; each reason buys a bounded number of attempts.

Absent on purpose: money. The ledger declines an intent that does not fit, and then nothing has happened.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from seedpipe.core.lifecycle import Phase
from seedpipe.core.model import Policy, ShortSets

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SERVICE_FAILURES: Final = frozenset({5000, 5003, 5004})
"""The codes of a task that failed by no fault of the request: internal, unavailable, timeout."""


class Redo(StrEnum):
    """What `--redo` can name: jobs that may be bought again in this run."""

    CHANGED = "changed"
    FAILED = "failed"
    SHORT = "short"
    MISSING = "missing"
    REJECTED = "rejected"


_SHOWS: Final = frozenset({Phase.DONE, Phase.DONE_SHORT, Phase.LOST})
_REDONE: Final = {Phase.FAILED: Redo.FAILED, Phase.DONE_SHORT: Redo.SHORT, Phase.LOST: Redo.MISSING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What the user has said about one run.

    `redo` names what may be bought again, and `rejected` are the jobs whose pictures people had rejected when
    the run began, if it names those; `retries` says whether the policy may buy again at all, and `resubmits`
    whether what an earlier run has left in doubt may be sent again, which both need a consent to pay; with
    `fail_fast` the first failed job ends submitting.
    """

    redo: frozenset[Redo] = frozenset()
    rejected: frozenset[str] = frozenset()
    retries: bool = True
    resubmits: bool = True
    fail_fast: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How an attempt ended: its phase and, when it failed, the service's code."""

    phase: Phase
    error_code: int | None = None

    @property
    def is_service_failure(self) -> bool:
        """Whether the service failed, and not the request."""
        return self.phase is Phase.FAILED and self.error_code in SERVICE_FAILURES


def retry_reason(policy: Policy, endings: Sequence[Ending]) -> str:
    """Return why the policy submits a job once more, or nothing when it does not.

    `endings` are the job's attempts, oldest first and since the user last asked for one; the last has just
    ended.
    """
    latest = endings[-1]
    if latest.is_service_failure:
        tried = _in_a_row(endings)
        if tried <= policy.service_retries:
            return (
                f"the service failed with code {latest.error_code}: retry {tried} of {policy.service_retries}"
            )
    elif policy.short_sets is ShortSets.RETRY and latest.phase is Phase.DONE_SHORT:
        short = [ending for ending in endings if ending.phase is Phase.DONE_SHORT]
        if len(short) == 1:
            return "the set is short: one more attempt"
    return ""


def redo_reason(orders: Orders, phase: Phase, job_id: str) -> str:
    """Return why the user's word submits a settled job once more, or nothing when it does not."""
    redo = _REDONE.get(phase)
    if redo not in orders.redo and phase in _SHOWS and job_id in orders.rejected:
        redo = Redo.REJECTED
    return f"--redo {redo}" if redo in orders.redo else ""


def is_meant_by_redo(orders: Orders, phase: Phase, job_id: str, *, ended_here: bool) -> bool:
    """Say whether the user can have meant a settled job before the run began.

    What had failed by then was known, and what people had rejected, even if it had to be fetched again first;
    what is lost shows only now.
    """
    return not ended_here or phase is Phase.LOST or job_id in orders.rejected


def redo_word(phase: Phase) -> Redo | None:
    """Return what names a job that rests in this phase, None if its phase alone has it never bought again."""
    return _REDONE.get(phase)


def may_take(policy: Policy, takes: int) -> bool:
    """Say whether a job that was tried so often may be paid for once more."""
    return max(takes, 1) < policy.max_takes


def redo_phases(redo: Iterable[Redo]) -> frozenset[Phase]:
    """Return the phases whose jobs these words name."""
    wanted = frozenset(redo)
    return frozenset(phase for phase, word in _REDONE.items() if word in wanted)


def counts_as_failed(policy: Policy, phase: Phase) -> bool:
    """Say whether a job that rests in this phase makes the run a failed one."""
    if phase is Phase.DONE_SHORT:
        return policy.short_sets is not ShortSets.ACCEPT
    return phase in {Phase.FAILED, Phase.LOST}


def _in_a_row(endings: Sequence[Ending]) -> int:
    """Return how many of the last attempts the service has failed."""
    count = 0
    for ending in reversed(endings):
        if not ending.is_service_failure:
            break
        count += 1
    return count
