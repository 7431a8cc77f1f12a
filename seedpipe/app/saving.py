"""Plans that outlive their command: saved to a file, carried out from it, or taken up where a run ended.

Hides where a plan comes from. What it says is judged again with today's catalogue before anything is sent.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from seedpipe.app.planning import plan_as_paid
from seedpipe.app.prices import models
from seedpipe.app.references import refuse_changed_references
from seedpipe.app.running import RunResult, carry_out
from seedpipe.core.campaign import FileProblem
from seedpipe.core.errors import InputError, RunError
from seedpipe.core.model import PlannedCell
from seedpipe.core.saved import (
    FIRST_WORDS,
    SavedPlan,
    bear_out,
    changed_sources,
    read_saved,
    saved_lines,
)
from seedpipe.core.variant import AS_IT_STANDS, Variant
from seedpipe.project import STATE_FOLDER, all_jobs, last_ledger, out_at, reading
from seedpipe.sources import WorkTree, project_root
from seedpipe.stores import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from seedpipe.app.running import Consent
    from seedpipe.core.catalogue import Catalogue
    from seedpipe.core.model import PlanHeader
    from seedpipe.ports import RunListener
    from seedpipe.settings import Settings, World


def is_saved(file: Path) -> bool:
    """Say whether a file is a saved plan and not a campaign."""
    try:
        with file.open(encoding="utf-8", errors="replace") as stream:
            return stream.read(len(FIRST_WORDS)) == FIRST_WORDS
    except OSError:
        return False


def save(file: Path, target: Path, settings: Settings, variant: Variant = AS_IT_STANDS) -> None:
    """Write the plan of a campaign in a world to a file, whole or not at all."""
    tree = WorkTree.around(file)
    write_atomically(target, saved_lines(plan_as_paid(tree, variant, settings)))


def opened(file: Path) -> tuple[SavedPlan, WorkTree, list[str]]:
    """Return a saved plan, where its campaign lies or lay, and which of the campaign's files have changed."""
    folder = Path(file).resolve().parent
    plan = read_saved(partial(_lines, file), models(folder), str(file))
    tree = _tree(project_root(folder), plan.header)
    return plan, tree, changed_sources(plan.header, partial(_digest, tree))


def run_saved(
    file: Path,
    settings: Settings,
    *,
    consent: Consent,
    listener: RunListener,
    warn: Callable[[list[str]], None],
) -> RunResult:
    """Carry out a saved plan as it stands; `warn` hears which files of its campaign have changed since."""
    plan, tree, changed = opened(file)
    refuse_changed_references(plan.header, tree)
    if changed:
        warn(changed)
    return carry_out(plan, tree, settings, consent=consent, listener=listener)


@dataclass(frozen=True, slots=True, kw_only=True)
class _StoredPlan:
    """The plan of a run as a ledger keeps it; see `JobPlan`."""

    ledger_file: Path
    header: PlanHeader
    catalogue: Catalogue
    series: tuple[str, ...] = ()
    axes: tuple[str, ...] = ()

    @property
    def prices_as_of(self) -> str:
        """The day of the prices that ship; those of the plan have shown to be the same."""
        return self.catalogue.as_of

    def cells(self) -> Iterator[PlannedCell]:
        """Yield the cells, those of a job together. Raises `InputError` for what is stale."""
        with reading(self.ledger_file) as ledger:
            for record in all_jobs(ledger, self.header.plan_id):
                bear_out(record.job, self.catalogue, record.label)
                for number, cell in enumerate(record.cells):
                    yield PlannedCell(cell=cell, job=record.job, opens_job=number == 0)


def resume(
    folder: Path,
    settings_for: Callable[[str], Settings],
    *,
    world: World | None,
    state: Path | None,
    campaign: str | None,
    consent: Consent,
    listener: RunListener,
) -> RunResult:
    """Go on with the last run's plan, as it was stored; `settings_for` takes the origin of its service."""
    root = project_root(folder)
    file = last_ledger(state or root / STATE_FOLDER, world, campaign)
    with reading(file) as ledger:
        latest = ledger.latest_run(campaign)
        if latest is None:
            raise RunError("the last run was deleted while it was being read")
        header, origin = ledger.plan_header(latest.start.plan_id), ledger.origin
    tree, settings = _tree(root, header), settings_for(origin)
    plan = _StoredPlan(ledger_file=file, header=header, catalogue=models(root))
    settings = replace(settings, out=settings.out or out_at(root, latest.start.out, header, settings))
    return carry_out(plan, tree, settings, consent=consent, listener=listener)


def _lines(file: Path) -> Iterator[str]:
    """Yield the lines of a file, read as they are asked for."""
    try:
        with file.open(encoding="utf-8", errors="replace", newline="\n") as stream:
            yield from stream
    except OSError as error:
        raise InputError(f"the plan {file} cannot be read: {error.strerror}") from error


def _tree(root: Path, header: PlanHeader) -> WorkTree:
    try:
        return WorkTree.at(root, header.file)
    except FileProblem as problem:
        hint = "run the campaign instead: seedpipe run FILE"
        raise InputError(f"the campaign of this plan was not found: {problem}", hint=hint) from None


def _digest(tree: WorkTree, path: str) -> str | None:
    """Return the sha256 of a campaign's file, None for one that is not here to be read."""
    try:
        return hashlib.sha256(tree.read(path)).hexdigest()
    except FileProblem:
        return None
