"""Why a cell is as it is: where its values come from, and whether a run buys it."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from seedpipe.app.planning import plan_as_paid, review_of
from seedpipe.core.campaign import Places
from seedpipe.core.errors import InputError
from seedpipe.core.explaining import Origin, origins
from seedpipe.core.sampling import PlanPart
from seedpipe.core.variant import AS_IT_STANDS, Variant
from seedpipe.locked import CampaignLock
from seedpipe.project import decisions_of, out_of, places_of, reading
from seedpipe.sources import WorkTree
from seedpipe.stores import LocalStore

if TYPE_CHECKING:
    from pathlib import Path

    from seedpipe.app.planning import PlanReview
    from seedpipe.core.model import PlannedCell
    from seedpipe.settings import Settings

_MOST: Final = 20  # cells that a job or a path may name at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A cell with the origin of its values; `reviewed` is where a plan of its job alone would stand."""

    planned: PlannedCell
    origins: tuple[Origin, ...]
    reviewed: PlanReview
    profile: str | None


def explain(
    file: Path, text: str, settings: Settings, variant: Variant = AS_IT_STANDS
) -> tuple[Explained, ...]:
    """Return the cells that an address, the start of a job id, or the path of an image names."""
    tree = WorkTree.around(file)
    lock = CampaignLock.of(tree, settings)
    plan = plan_as_paid(tree, variant, settings, lock)
    found = list(islice((planned for planned in plan.cells() if _is_named(planned, text)), _MOST))
    if not found:
        hint = "name a cell, the first digits of a job id, or the path of an image: `seedpipe plan FILE -v`"
        raise InputError(f"the plan has no cell, job or path '{text}'", hint=hint)
    places, written = places_of(tree.root, settings), Places(tree.campaign, tree, plan.catalogue, variant)
    store = LocalStore(places.objects, out_of(tree, plan, settings))
    rejects = decisions_of(tree, settings, plan.campaign.name).read().rejects

    def told(planned: PlannedCell) -> Explained:
        asked = (each for each in plan.cells() if each.job.job_id == planned.job.job_id)
        shared = tuple(islice(asked, _MOST))
        alone = PlanPart(plan=plan, chosen=lambda: shared)
        with reading(places.ledger) if places.ledger.exists() else nullcontext() as ledger:
            reviewed = review_of(alone, settings, ledger, store, lock, rejects=rejects)
        return Explained(
            planned=planned,
            origins=origins(plan.campaign, plan.header, written, planned),
            reviewed=reviewed,
            profile=variant.profile,
        )

    return tuple(map(told, found))


def _is_named(planned: PlannedCell, text: str) -> bool:
    cell = planned.cell
    if cell.address == text or (len(text) >= _SHORTEST_ID and planned.job.job_id.startswith(text)):
        return True
    named = {text, _stem(text)}
    published = (path for paths in planned.published.values() for path in paths)
    paths = (*cell.output_paths, *published)
    return any(name == path or name.endswith(f"/{path}") for path in paths for name in named)


_SHORTEST_ID: Final = 6  # digits: fewer would name half the plan


def _stem(path: str) -> str:
    """Return a path without the extension of an image."""
    return path.rsplit(".", 1)[0] if "." in path.rsplit("/", 1)[-1] else path
