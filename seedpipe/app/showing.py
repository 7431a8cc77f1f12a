"""Which images the cells of a campaign show today, by ledger and lock.

Hides how a campaign file finds the world it is about: the one that is named, else that of its last run, else
what the lock says is paid. Only reads.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from seedpipe.app.pinning import pins_of
from seedpipe.app.planning import formers_of, whole_plan_of
from seedpipe.core.errors import InputError
from seedpipe.core.lockfile import can_be_adopted
from seedpipe.core.records import JobRecord
from seedpipe.core.reviewing import ShownCell, locked_images, shown_images
from seedpipe.core.sampling import part_of
from seedpipe.core.showing import shown_sets, with_kept
from seedpipe.locked import CampaignLock
from seedpipe.project import decisions_of, last_ledger, latest_out, places_of, reading, world_of
from seedpipe.settings import World
from seedpipe.sources import WorkTree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from seedpipe.core.model import PlanHeader, PlannedCell
    from seedpipe.core.planning import Plan
    from seedpipe.core.records import Former
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
        """The folder of its images and reports: that of its last run."""
        return latest_out(self.ledger, self.tree.root, self.header, self.settings)

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
        job, cell = planned.job, planned.cell
        locked = self._locked(job.job_id, records.get(job.job_id))
        if locked and not (former and former.decided):
            return ShownCell(cell=cell, images=locked)
        asked = records.get(job.job_id) or JobRecord(job=job, cells=(), attempts=(), outputs=())
        formers = {cell.address: former} if former else {}
        asked = with_kept(replace(asked, cells=(cell,), formers=formers), records)
        (shown,) = shown_sets(asked)
        if shown.kept is None:
            return ShownCell(cell=cell, images=shown_images(shown, cell))
        locked = self._locked(shown.kept.job_id, shown.record)
        return ShownCell(cell=cell, images=locked or shown_images(shown, cell), kept=True)

    def _locked(self, job_id: str, record: JobRecord | None) -> tuple[ShownImage, ...]:
        """Return the images of a job of which only the lock tells."""
        line = self.lock.paid.get(job_id)
        return locked_images(line) if line and can_be_adopted(line, record) else ()


@contextmanager
def scene_of(file: Path, variant: Variant, settings: Settings, world: World | None) -> Iterator[Scene]:
    """Open a campaign in a world; None is that of its last run. `settings` serve where there was no run.

    Raises `InputError` when nothing was ever made of it.
    """
    tree = WorkTree.around(file)
    whole = whole_plan_of(tree, variant, partial=True)
    found = _last_ledger(tree, whole, settings, world)
    with reading(found) if found else nullcontext() as ledger:
        if ledger:
            settings = replace(settings, world=world_of(ledger), origin=ledger.origin)
        lock = CampaignLock.of(tree, settings)
        plan = part_of(replace(whole, pins=pins_of(tree, variant, settings, lock)), variant)
        yield Scene(tree=tree, plan=plan, header=plan.header, settings=settings, ledger=ledger, lock=lock)


def _last_ledger(tree: WorkTree, plan: Plan, settings: Settings, world: World | None) -> Path | None:
    """Return the ledger of a campaign's last run; None when there is none and the lock knows of paid work."""
    try:
        return last_ledger(places_of(tree.root, settings).state, world, plan.campaign.name)
    except InputError:
        if world is World.PROOF or not CampaignLock.of(tree, settings).paid:
            raise
    return None
