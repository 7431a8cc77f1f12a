"""What others have paid for: the campaign's lock meets the ledger.

Hides when the lock is read, taken over and written. It is read before anything is planned to be bought, taken
over once the plan is in the ledger, written now and then while a run goes on, so that a killed one leaves a
fresh lock, and when it ends, whatever its end. Invariant: a job that the lock knows is never new. Proofs have
no lock, for nothing is paid; theirs is empty and stays so.
"""

from __future__ import annotations

import threading
import time
from contextlib import closing, contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Final, Self

from seedpipe.core.errors import InputError, RunError
from seedpipe.core.lifecycle import holds_money
from seedpipe.core.lockfile import (
    adoption,
    as_paid,
    can_be_adopted,
    paid_at,
    paid_elsewhere,
    paid_places,
    sizes_paid,
    updated,
)
from seedpipe.ledger import SqliteLedger
from seedpipe.settings import World
from seedpipe.stores import LockFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from seedpipe.core.lifecycle import Phase
    from seedpipe.core.lockfile import Elsewhere, LockLine, PaidSizes
    from seedpipe.core.model import PlanHeader
    from seedpipe.core.records import JobRecord
    from seedpipe.ports import Ledger, RunListener
    from seedpipe.settings import Settings
    from seedpipe.sources import WorkTree

_SUFFIX: Final = ".lock.jsonl"
_MOST_CHANGES: Final = 50  # that a killed run may leave out of the lock
_LONGEST_S: Final = 10.0  # for which a change may be missing there
_REST: Final = 10  # times as long as a writing took: a long lock costs a tenth of one thread at most


class CampaignLock:
    """The lock of one campaign, as far as it speaks of one service."""

    def __init__(self, file: LockFile | None, origin: str) -> None:
        self._file = file
        self._origin = origin
        self._writing = threading.Lock()  # at the end of a run its keeper may be at it still

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
        return paid_places(self._ours)

    @cached_property
    def sizes(self) -> PaidSizes:
        """The sizes that were paid for; as it was when first asked. Raises `InputError`."""
        return sizes_paid(self._ours)

    @cached_property
    def _lines(self) -> tuple[LockLine, ...]:
        return self._file.read() if self._file else ()

    @property
    def _ours(self) -> tuple[LockLine, ...]:
        """The lines that speak of this service."""
        return tuple(line for line in self._lines if line.origin == self._origin)

    def check_writable(self) -> None:
        """Raise `RunError` when what is about to be paid could not be written down."""
        if self._file:
            self._file.check_writable()

    def adopt(self, ledger: Ledger, jobs: Iterable[JobRecord], at: datetime) -> int:
        """Make what the lock knows of these jobs, and the ledger does not, a part of it; return how many."""
        unknown = self._unknown_to(ledger)
        if not unknown:
            return 0
        entries = [
            adoption(line, at)
            for record in jobs
            if (line := unknown.get(record.job.job_id)) and can_be_adopted(line, record)
        ]
        ledger.record(entries)
        return len(entries)

    def adopt_kept(self, ledger: Ledger, header: PlanHeader, jobs: Iterable[JobRecord], at: datetime) -> int:
        """Make what cells of a plan keep, and only the lock knows, a part of the ledger; return how much.

        `jobs` are the plan's, with the history of what their cells keep. A run fetches what was taken over.
        """
        unknown = self._unknown_to(ledger)
        if not unknown:
            return 0
        former, cells = as_paid(header, jobs, unknown)
        lines = {planned.job.job_id: unknown[planned.job.job_id] for planned in cells}
        if lines:
            ledger.admit(former, cells)
            ledger.record([adoption(line, at) for line in lines.values()])
        return len(lines)

    def _unknown_to(self, ledger: Ledger) -> dict[str, LockLine]:
        """Return the lines of paid jobs that a ledger has not seen; without one, no plan need be read."""
        owned = ledger.owned([line.prediction_id for line in self.paid.values()]) if self.paid else {}
        return {job_id: line for job_id, line in self.paid.items() if owned.get(line.prediction_id) != job_id}

    def teach(self, ledger: Ledger, campaign: str) -> None:
        """Let the ledger know which cells others have paid for, whatever these ask for today."""
        if self._ours:
            ledger.remember(campaign, self._ours)

    def elsewhere(self, ledger: Ledger | None, at: datetime) -> Elsewhere:
        """Return what the lock says was paid and the ledger, if there is one, does not know."""
        owned = ledger.owned([line.prediction_id for line in self._ours]) if ledger else {}
        return paid_elsewhere(self._ours, owned, at)

    @contextmanager
    def kept(self, ledger_file: Path, campaign: str, listener: RunListener) -> Iterator[RunListener]:
        """Have the lock written down while a run goes on; yields who is to hear of the run."""
        if self._file is None:
            yield listener
            return

        def write() -> None:
            with closing(SqliteLedger.open_for_reading(ledger_file)) as ledger:
                self.write(ledger, campaign)

        with LockKeeper(write, listener) as keeper:
            yield keeper

    def write(self, ledger: Ledger, campaign: str) -> None:
        """Write down what the ledger knows to be paid; raises `RunError` when that cannot be done.

        The file is read again, for a pull may have brought lines while the run went on.
        """
        if self._file is None:
            return
        with self._writing:
            try:
                lines = self._file.read()
            except InputError as error:
                raise RunError(f"{error}; it was not changed", hint=error.hint) from error
            owned = ledger.owned([line.prediction_id for line in lines])
            self._file.write(updated(lines, self._origin, owned, ledger.paid(campaign)))


class LockKeeper:
    """Calls `write` on a thread of its own after some changes of a run, or some seconds after the first one.

    A `RunListener` that passes on what it hears, and a context manager. What goes wrong is left to the
    writing at the run's end, which raises it.
    """

    def __init__(
        self,
        write: Callable[[], None],
        listener: RunListener,
        *,
        most_changes: int = _MOST_CHANGES,
        longest_s: float = _LONGEST_S,
    ) -> None:
        self._write = write
        self._listener = listener
        self._most_changes = most_changes
        self._longest_s = longest_s
        self._news = threading.Condition()
        self._changes = 0
        self._over = False
        self._thread = threading.Thread(target=self._keep, name="lock", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._news:
            self._over = True
            self._news.notify()
        self._thread.join()

    def job_changed(self, record: JobRecord, phase: Phase, note: str = "") -> None:
        """Hear that a job has reached a phase."""
        if holds_money(phase):
            with self._news:
                self._changes += 1
                self._news.notify()
        self._listener.job_changed(record, phase, note)

    def declined(self, record: JobRecord, why: str) -> None:
        """Hear that a job is not bought again."""
        self._listener.declined(record, why)

    def waiting(self, seconds: float, why: str) -> None:
        """Hear that the run waits before it submits more."""
        self._listener.waiting(seconds, why)

    def _keep(self) -> None:
        while self._is_due():
            began_s = time.monotonic()
            with suppress(RunError, InputError):
                self._write()
            with self._news:
                self._news.wait_for(lambda: self._over, timeout=_REST * (time.monotonic() - began_s))

    def _is_due(self) -> bool:
        """Wait until there is enough to write down; return False when the run is over."""
        with self._news:
            self._news.wait_for(lambda: self._over or self._changes > 0)
            self._news.wait_for(
                lambda: self._over or self._changes >= self._most_changes, timeout=self._longest_s
            )
            self._changes = 0
            return not self._over
