"""What a campaign's ratios stood for before, as ledger and lock remember it: see `core.pinning`.

Hides where earlier requests are remembered, and that nobody looks before a ratio is read. The ledger is read
on a connection of its own, for plans are also read while it is being written. Proofs stay with nothing: they
show what a campaign would ask for today.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from seedpipe.core.pinning import Pins
from seedpipe.ledger import SqliteLedger
from seedpipe.locked import CampaignLock
from seedpipe.project import places_of
from seedpipe.settings import World

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from seedpipe.core.variant import Variant
    from seedpipe.settings import Settings
    from seedpipe.sources import WorkTree


def pins_of(
    tree: WorkTree, variant: Variant, settings: Settings, lock: CampaignLock | None = None
) -> Pins | None:
    """Return the sizes that the live requests of a campaign had; None for proofs.

    `lock` is the campaign's, where it is open already.
    """
    if settings.world is World.PROOF:
        return None
    lock = lock or CampaignLock.of(tree, settings)
    return Pins(_Earlier(places_of(tree.root, settings).ledger, lock, variant.profile))


class _Earlier:
    """`core.pinning.Earlier` of one service, read when it is first asked."""

    def __init__(self, ledger_file: Path, lock: CampaignLock, profile: str | None) -> None:
        self._file = ledger_file
        self._lock = lock
        self._prefix = f"@{profile}/" if profile else ""
        self._known: dict[str, Mapping[str, bool]] = {}

    def sizes(self) -> Sequence[str]:
        """Return every size that was asked for, the one that was paid for last first."""
        return self._sizes

    def jobs(self, size: str) -> Mapping[str, bool]:
        """Return the jobs that asked for a size, by id, and whether they hold money; refused ones too."""
        if size not in self._known:
            self._known[size] = self._jobs(size)
        return self._known[size]

    def of_series(self, series: str, model: str) -> Sequence[str]:
        """Return the sizes that a series was paid for with a model, the last one first."""
        return self._lock.sizes.of_series.get((self._prefix + series, model), ())

    @cached_property
    def _sizes(self) -> tuple[str, ...]:
        with self._ledger() as ledger:
            own = ledger.sizes_asked() if ledger else []
        return tuple(dict.fromkeys((*self._lock.sizes.jobs, *own)))

    def _jobs(self, size: str) -> Mapping[str, bool]:
        """Return the jobs of one size; what this ledger has seen of one counts, not what the lock says."""
        with self._ledger() as ledger:
            own = ledger.jobs_of_size(size) if ledger else {}
        return dict.fromkeys(self._lock.sizes.jobs.get(size, ()), True) | own

    @contextmanager
    def _ledger(self) -> Iterator[SqliteLedger | None]:
        ledger = SqliteLedger.open_to_recall(self._file)
        try:
            yield ledger
        finally:
            if ledger:
                ledger.close()
