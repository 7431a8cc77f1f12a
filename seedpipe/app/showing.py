"""Which images the cells of a campaign show today, by ledger and lock.

Hides how a campaign file finds the world it is about: the one that is named, else that of its last run, else
what the lock says is paid. Only reads.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from seedpipe.app.planning import formers_of, plan_of
from seedpipe.core.errors import InputError
from seedpipe.core.lifecycle import Phase
from seedpipe.core.lockfile import can_be_adopted
from seedpipe.core.reviewing import ShownCell, locked_images, shown_images
from seedpipe.locked import CampaignLock
from seedpipe.project import decisions_of, last_ledger, out_of, places_of, reading, world_of
from seedpipe.settings import World
from seedpipe.sources import WorkTree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from seedpipe.core.model import Job, PlanHeader, PlannedCell
    from seedpipe.core.planning import Plan
    from seedpipe.core.records import Former, JobRecord
    from seedpipe.core.reviewing import ShownImage
    from seedpipe.core.sampling import PlanPart
    from seedpipe.core.variant import Variant
    from seedpipe.ports import Ledger
    from seedpipe.settings import Settings
    from seedpipe.stores import DecisionsFile

_BATCH: Final = 500  # cells looked up at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A campaign in one world, with what is there of it. `ledger` is None where only the lock knows."""

    tree: WorkTree
    plan: Plan | PlanPart
    header: PlanHeader
    settings: Settings
    ledger: Ledger | None
    lock: CampaignLock

    @property
    def out(self) -> Path:
        """The folder of its images and reports."""
        return out_of(self.tree, self.plan, self.settings)

    @property
    def decisions(self) -> DecisionsFile:
        """What was decided about its images."""
        return decisions_of(self.tree, self.settings, self.header.campaign)

    def cells(self) -> Iterator[tuple[PlannedCell, ShownCell]]:
        """Yield each cell with the images that it shows; raises `InputError` for a campaign with faults."""
        stream = self.plan.cells()
        books = self.ledger if self.settings.world is World.LIVE else None
        while batch := list(islice(stream, _BATCH)):
            asked = {planned.cell.address: planned.job.job_id for planned in batch}
            formers = formers_of(self.header, books, self.lock, asked)
            ids = {*asked.values(), *(former.job_id for former in formers.values())}
            tried = self.ledger.tried(sorted(ids)) if self.ledger else []
            records = {record.job.job_id: record for record in tried}
            for planned in batch:
                yield planned, self._shown(planned, formers.get(planned.cell.address), records)

    def _shown(
        self, planned: PlannedCell, former: Former | None, records: Mapping[str, JobRecord]
    ) -> ShownCell:
        job = planned.job
        keeps = former and (former.decided or not self._is_bought(job, records.get(job.job_id)))
        shown_id = former.job_id if former and keeps else job.job_id
        images = self._images(shown_id, records.get(shown_id))
        return ShownCell(cell=planned.cell, images=images, kept=bool(keeps))

    def _is_bought(self, job: Job, record: JobRecord | None) -> bool:
        tried = record is not None and record.phase is not Phase.PLANNED
        return tried or job.job_id in self.lock.paid

    def _images(self, job_id: str, record: JobRecord | None) -> tuple[ShownImage, ...]:
        line = self.lock.paid.get(job_id)
        if line and can_be_adopted(line, record):
            return locked_images(line)
        return shown_images(record) if record else ()


@contextmanager
def scene_of(file: Path, variant: Variant, settings: Settings, world: World | None) -> Iterator[Scene]:
    """Open a campaign in a world; None is that of its last run. `settings` serve where there was no run.

    Raises `InputError` when nothing was ever made of it.
    """
    tree = WorkTree.around(file)
    plan = plan_of(tree, variant, partial=True)
    found = _last_ledger(tree, plan, settings, world)
    with reading(found) if found else nullcontext() as ledger:
        if ledger:
            settings = replace(settings, world=world_of(ledger), origin=ledger.origin)
        lock = CampaignLock.of(tree, settings)
        yield Scene(tree=tree, plan=plan, header=plan.header, settings=settings, ledger=ledger, lock=lock)


def _last_ledger(
    tree: WorkTree, plan: Plan | PlanPart, settings: Settings, world: World | None
) -> Path | None:
    """Return the ledger of a campaign's last run; None when there is none and the lock knows of paid work."""
    try:
        return last_ledger(places_of(tree.root, settings).state, world, plan.campaign.name)
    except InputError:
        if world is World.PROOF or not CampaignLock.of(tree, settings).paid:
            raise
    return None
