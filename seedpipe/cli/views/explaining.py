"""Why a cell is as it is: its values with their origins, and whether a run buys it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from seedpipe.cli.console import print_json
from seedpipe.cli.views.plan_page import said_of
from seedpipe.cli.views.words import FORMAT, phase_word
from seedpipe.core.lifecycle import Phase
from seedpipe.core.money import exact, usd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seedpipe.app.explaining import Explained
    from seedpipe.cli.console import Screen
    from seedpipe.core.explaining import Origin
    from seedpipe.core.standing import Kept


def show_explained(explained: Sequence[Explained], screen: Screen) -> None:
    """Show each cell: what it asks for, where that comes from, why it runs or not."""
    if screen.as_json:
        print_json({"format": FORMAT, "cells": [_document(each) for each in explained]})
        return
    for each in explained:
        cell, job = each.planned.cell, each.planned.job
        profile = f" · profile {each.profile}" if each.profile else ""
        about = f"{profile} · job {job.job_id[:12]}"
        screen.out.print(Text(cell.address, style="bold").append(about, style=""))
        screen.out.print(Text("  ").append_text(_why(each)))
        screen.out.print()
        table = Table.grid(padding=(0, 2), pad_edge=True)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold", ratio=3)
        table.add_column(overflow="fold", ratio=2)
        for origin in each.origins:
            table.add_row(Text(origin.name, style="dim"), Text(origin.value), Text(origin.where, style="dim"))
        screen.out.print(table)
        screen.out.print()


def _why(each: Explained) -> Text:
    """Return whether a run buys the cell's job, and why."""
    standing, job = each.reviewed.standing, each.planned.job
    if standing.missing.jobs:
        return Text("missing: it is paid for and its images are not here; a run fetches them", style="yellow")
    if standing.kept.decided.jobs:
        return Text("kept: its old picture was accepted; nothing is bought until it changes again")
    if standing.kept.changed.jobs:
        changes = each.reviewed.changes
        what = next((said_of(c) for c in changes if c.cell.address == each.planned.cell.address), "")
        paid = usd(standing.kept.paid_usd)
        buys = f"`--redo changed` buys it for {usd(job.cost_usd)} ({what})"
        return Text(f"changed, paid {paid}, kept{_where(standing.kept)}: {buys}")
    phase = next(iter(standing.tally))
    if phase is Phase.PLANNED:
        over = "; it does not fit the budget" if each.reviewed.over_by_usd else ""
        return Text(f"new: a run buys it for {usd(job.cost_usd)}{over}")
    words = Text.from_markup(phase_word(phase))
    if standing.rejected:
        return words.append(f", rejected: `--redo rejected` buys it again for {usd(job.cost_usd)}")
    return words.append(": a run goes on with it" if standing.pending.jobs else ": a run has nothing to do")


def _where(kept: Kept) -> str:
    """Return what is to be said of old images that are not here."""
    if kept.lost:
        return ", but not here, and gone at the service"
    return ", but not here; a run fetches it" if kept.to_fetch else ""


def _document(each: Explained) -> dict[str, Any]:
    cell, job = each.planned.cell, each.planned.job
    return {
        "cell": cell.address,
        "job_id": job.job_id,
        "cost_usd": exact(job.cost_usd),
        "why": _why(each).plain,
        "origins": [_origin(origin) for origin in each.origins],
    }


def _origin(origin: Origin) -> dict[str, Any]:
    span = origin.span
    place = {"file": span.source.path, "line": span.line, "column": span.column} if span else None
    return {
        "name": origin.name,
        "value": origin.value,
        "where": origin.where,
        "place": place,
        "layer": origin.layer or None,
    }
