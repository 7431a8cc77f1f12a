"""What others have paid for: the campaign's lock meets the ledger.

Hides when the lock is read, taken over and written. It is read before anything is planned to be bought, taken
over once the plan is in the ledger, and written when a run ends, whatever its end. Invariant: a job that the
lock knows is never new. Proofs have no lock, for nothing is paid; theirs is empty and stays so.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final, Self

from seedpipe.core.errors import InputError, RunError
from seedpipe.core.lockfile import adoption, can_be_adopted, paid_at, paid_places, updated
from seedpipe.settings import World
from seedpipe.stores import LockFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from seedpipe.core.lockfile import LockLine
    from seedpipe.core.records import JobRecord
    from seedpipe.ports import Ledger
    from seedpipe.settings import Settings
    from seedpipe.sources import WorkTree

_SUFFIX: Final = ".lock.jsonl"


class CampaignLock:
    """The lock of one campaign, as far as it speaks of one service."""

    def __init__(self, file: LockFile | None, origin: str) -> None:
        self._file = file
        self._origin = origin

    @classmethod
    def of(cls, tree: WorkTree, settings: Settings) -> Self:
        """Return the lock beside the campaign file."""
        if settings.world is World.PROOF:
            return cls(None, settings.origin)
        path = tree.beside(_SUFFIX)
        return cls(LockFile(path, tree.shown(path.name)), settings.origin)

    @cached_property
    def paid(self) -> Mapping[str, LockLine]:
        """The line of each job that is paid for, as it was when first asked. Raises `InputError`."""
        return paid_at(self._origin, self._lines)

    @cached_property
    def places(self) -> Mapping[str, LockLine]:
        """The line of what was last paid for each cell, by its place; as it was when first asked."""
        return paid_places(line for line in self._lines if line.origin == self._origin)

    @cached_property
    def _lines(self) -> tuple[LockLine, ...]:
        return self._file.read() if self._file else ()

    def check_writable(self) -> None:
        """Raise `RunError` when what is about to be paid could not be written down."""
        if self._file:
            self._file.check_writable()

    def adopt(self, ledger: Ledger, jobs: Iterable[JobRecord], at: datetime) -> int:
        """Make what the lock knows of these jobs, and the ledger does not, a part of it; return how many."""
        if not self.paid:
            return 0
        entries = [
            adoption(line, at)
            for record in jobs
            if (line := self.paid.get(record.job.job_id)) and can_be_adopted(line, record)
        ]
        ledger.record(entries)
        return len(entries)

    def teach(self, ledger: Ledger, campaign: str) -> None:
        """Let the ledger know which cells others have paid for, whatever these ask for today."""
        lines = [line for line in self._lines if line.origin == self._origin]
        if lines:
            ledger.remember(campaign, lines)

    def write(self, ledger: Ledger, campaign: str) -> None:
        """Write down what the ledger knows to be paid; raises `RunError` when that cannot be done.

        The file is read again, for a pull may have brought lines while the run went on.
        """
        if self._file is None:
            return
        try:
            lines = self._file.read()
        except InputError as error:
            raise RunError(f"{error}; it was left as it is", hint=error.hint) from error
        known = {record.job.job_id: record for record in ledger.tried([line.job_id for line in lines])}
        self._file.write(updated(lines, self._origin, known, ledger.paid(campaign)))
