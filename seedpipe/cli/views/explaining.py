"""Why a cell is as it is: its values with their origins, and whether a run buys it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.table import Table
from rich.text import Text

from seedpipe.cli.console import print_json
from seedpipe.cli.views.plan_page import said_of
from seedpipe.cli.views.words import FORMAT, phase_word, say_next
from seedpipe.core.lifecycle import Phase
from seedpipe.core.money import exact, usd
from seedpipe.settings import World

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seedpipe.app.explaining import Explained
    from seedpipe.cli.console import Screen
    from seedpipe.cli.views.words import Step
    from seedpipe.core.explaining import Origin
    from seedpipe.core.standing import Kept

_GAP: Final = 2  # columns between those of a table
_NARROWEST: Final = 24  # columns of the values
_LONGEST_WORD: Final = 40  # columns; longer words, like addresses of images, are broken


def show_explained(explained: Sequence[Explained], file: str, screen: Screen) -> None:
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
        table = _origins(each.origins, screen.out.width)
        screen.out.print(table)
        screen.out.print()
    say_next(screen, _next(explained[0], file))


def _origins(origins: Sequence[Origin], width: int) -> Table:
    """Return a row for each value: name, value, where it is from; on a narrow screen that stands below."""
    names, values, places = zip(*((one.name, one.value, one.where) for one in origins), strict=True)
    words = [len(word) for value in values for word in value.split() if len(word) <= _LONGEST_WORD]
    fixed = max(map(len, names)) + max(map(len, places))
    beside = fixed + max([*words, _NARROWEST]) + 4 * _GAP <= width
    table = Table.grid(padding=(0, _GAP), pad_edge=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    if beside:
        table.add_column(no_wrap=True)
    for name, value, place in zip(names, values, places, strict=True):
        where = Text(place, style="dim")
        table.add_row(Text(name, style="dim"), Text(value), *([where] if beside else []))
        if not beside:
            table.add_row("", where)
    return table


def _next(each: Explained, file: str) -> Step:
    """Return what to do with a cell: buy it, make it, or look at it."""
    standing, live = each.reviewed.standing, each.reviewed.world is World.LIVE
    if standing.kept.changed.jobs:
        return (f"seedpipe keep {file} {each.planned.cell.address}", "keeps its images as they are")
    if standing.new.jobs or standing.missing.jobs:
        return (
            f"seedpipe run {file}{' --live' if live else ''}",
            "live run (paid)" if live else "free proofs",
        )
    world = "--live" if live else "--proof"
    return (f"seedpipe show {each.planned.cell.address} {world}", "shows its attempts, images and cost")


def _why(each: Explained) -> Text:
    """Return whether a run buys the cell's job, and why."""
    standing, job = each.reviewed.standing, each.planned.job
    if standing.missing.jobs:
        return Text("missing: paid for, but its images are not here; a run fetches them", style="yellow")
    if standing.kept.decided.jobs:
        return Text("kept: its existing images were accepted; nothing is bought until it changes again")
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
    return words.append(": a run continues it" if standing.pending.jobs else ": nothing to do")


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
