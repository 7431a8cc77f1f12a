"""What a change of a campaign adds and costs: its plan beside that of a commit, or a plan that was saved.

Hides where the older plan comes from. Nothing is written, and the work tree is not touched.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from seedpipe import catalog
from seedpipe.app.pinning import pins_of
from seedpipe.app.planning import plan_as_paid
from seedpipe.app.saving import is_saved, opened
from seedpipe.core.campaign import FileProblem
from seedpipe.core.comparing import Comparison, compare
from seedpipe.core.errors import InputError
from seedpipe.core.planning import make_plan
from seedpipe.core.sampling import part_of
from seedpipe.core.totals import Bill, PlanTotals
from seedpipe.core.variant import AS_IT_STANDS, Variant
from seedpipe.locked import CampaignLock
from seedpipe.sources import GitTree, WorkTree

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seedpipe.core.model import JobPlan, PlannedCell
    from seedpipe.core.pinning import Pins
    from seedpipe.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A campaign beside what it was: `remark` says why there was nothing to compare with, if so."""

    campaign: str
    file: str
    before: PlanTotals | None
    after: PlanTotals
    difference: Comparison
    remark: str = ""


def against(file: Path, older: str, settings: Settings, variant: Variant = AS_IT_STANDS) -> Compared:
    """Return how a campaign's plan differs from what it was.

    `older` is a git ref, or the file of a saved plan. A campaign that was not there then, or could not be
    planned, is new as a whole. What its ratios stand for is said by what was paid until today, on both sides:
    an upgrade is no change of the campaign.
    """
    tree = WorkTree.around(file)
    lock = CampaignLock.of(tree, settings)
    plan = plan_as_paid(tree, variant, settings, lock)
    same_sizes = pins_of(tree, variant, settings, lock)
    before, remark = _older_plan(file, older, variant, plan.header.campaign, same_sizes)
    old_bill, new_bill = Bill(before) if before else None, Bill(plan)
    cells: Iterable[PlannedCell] = old_bill.counting(before.cells()) if before and old_bill else ()
    difference = compare(cells, new_bill.counting(plan.cells()))
    return Compared(
        campaign=plan.header.campaign,
        file=str(file),
        before=old_bill.totals() if old_bill else None,
        after=new_bill.totals(),
        difference=difference,
        remark=remark,
    )


def _older_plan(
    file: Path, older: str, variant: Variant, campaign: str, pins: Pins | None
) -> tuple[JobPlan | None, str]:
    if Path(older).is_file() and is_saved(Path(older)):
        saved, _, _ = opened(Path(older))
        if saved.header.campaign != campaign:
            raise InputError(f"{older} is a plan of '{saved.header.campaign}', not of '{campaign}'")
        return saved, ""
    tree = GitTree.around(file, older)
    try:
        tree.read(tree.campaign)
    except FileProblem:
        return None, f"it did not exist at {older}"
    try:
        whole = make_plan(tree.campaign, tree, catalog.load(), variant, partial=True)
        plan = part_of(replace(whole, pins=pins), variant)
        for _ in plan.cells():
            pass
    except InputError as error:
        return None, f"at {older} it could not be planned: {_errors(len(error.diagnostics) or 1)}"
    return plan, ""


def _errors(number: int) -> str:
    return "1 error" if number == 1 else f"{number} errors"
