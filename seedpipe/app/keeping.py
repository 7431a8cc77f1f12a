"""Decisions about cells that have changed: their old picture is accepted as it is, or no longer.

Hides how a decision finds what the campaign asks for today. It holds while the cell asks for just that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Final

from seedpipe.app.planning import no_such_cell, plan_as_paid
from seedpipe.core.errors import InputError
from seedpipe.core.lifecycle import Phase
from seedpipe.core.variant import AS_IT_STANDS, Variant
from seedpipe.locked import CampaignLock
from seedpipe.project import places_of, writing
from seedpipe.sources import WorkTree

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from seedpipe.core.model import JobPlan
    from seedpipe.core.records import Former
    from seedpipe.ports import Ledger
    from seedpipe.settings import Settings

_BATCH: Final = 500  # cells looked up at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """Cells whose old picture was accepted for what they ask today; with `undone`, no longer."""

    cells: tuple[str, ...]
    undone: bool = False


def keep(
    file: Path,
    cells: Collection[str],
    settings: Settings,
    variant: Variant = AS_IT_STANDS,
    *,
    undo: bool = False,
) -> Decided:
    """Accept the pictures that changed cells have for what they ask for today; no names mean all of them.

    With `undo` such decisions are forgotten. Raises `InputError` for a cell of which there is none to take.
    """
    tree = WorkTree.around(file)
    lock = CampaignLock.of(tree, settings)
    plan = plan_as_paid(tree, variant, settings, lock)
    with writing(places_of(tree.root, settings), settings) as ledger:
        lock.teach(ledger, plan.header.campaign)
        known, found = set[str](), dict[str, tuple[str, str]]()
        for address, asked, former in _cells(plan, ledger):
            known.add(address)
            if former and former.decided is undo and (not cells or address in cells):
                found[plan.header.place(address)] = (asked, former.job_id)
        if astray := [cell for cell in cells if plan.header.place(cell) not in found]:
            raise _nothing_to_decide(astray[0], known, undo=undo)
        if undo:
            ledger.unkeep(plan.header.campaign, list(found))
        else:
            ledger.keep(plan.header.campaign, found, datetime.now(UTC))
    named = [place.removeprefix(plan.header.place("")) for place in found]
    return Decided(cells=tuple(named), undone=undo)


def _cells(plan: JobPlan, ledger: Ledger) -> Iterator[tuple[str, str, Former | None]]:
    """Yield each cell's address, its job, and what it keeps while that job is not bought."""
    stream = ((planned.cell.address, planned.job.job_id) for planned in plan.cells())
    while batch := list(islice(stream, _BATCH)):
        asked = {plan.header.place(address): job_id for address, job_id in batch}
        formers = ledger.formers(plan.header.campaign, asked)
        phases = ledger.phases(list(dict.fromkeys(asked.values())))
        for address, job_id in batch:
            bought = phases.get(job_id, Phase.PLANNED) is not Phase.PLANNED
            former = formers.get(plan.header.place(address))
            yield address, job_id, former if former and (former.decided or not bought) else None


def _nothing_to_decide(cell: str, known: set[str], *, undo: bool) -> InputError:
    if cell not in known:
        return no_such_cell(cell, known)
    if undo:
        return InputError(f"nothing was decided about '{cell}', or it has changed since")
    hint = "only a cell that was paid for and has changed since can keep its images"
    return InputError(f"'{cell}' has not changed", hint=hint)
