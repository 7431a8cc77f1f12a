"""What all pages share: the words for phases, sums, and the next sensible command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from rich.markup import escape
from rich.text import Text

from seedpipe.core.lifecycle import Phase
from seedpipe.core.money import exact, usd
from seedpipe.core.words import PHASE_WORDS
from seedpipe.settings import SERVICE_ORIGIN, World

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from seedpipe.cli.console import Screen
    from seedpipe.core.findings import CheckTotal
    from seedpipe.core.manifest import RunManifest
    from seedpipe.core.records import JobRecord, PhaseTotal
    from seedpipe.core.totals import Share

Step: TypeAlias = tuple[
    str, str
]  # a command as somebody would type it, and what it does; empty for plain ones

FORMAT: Final = 1
_MOST_NAMED: Final = 5  # jobs of other plans named one by one; `run.json` has them all
_MARGIN: Final = len("next  ")
KEPT: Final = "cells changed since purchase; existing images kept"
_PHASE_STYLES: Final[Mapping[Phase, str]] = {
    Phase.DONE: "green",
    Phase.FAILED: "red",
    Phase.LOST: "red",
    Phase.IN_DOUBT: "yellow",
    Phase.DONE_SHORT: "yellow",
}


def badge(world: str) -> str:
    """Return PROOF or LIVE, as every first line says."""
    style = "black on yellow" if world == World.PROOF.value else "white on red"
    return f"[bold {style}] {world.upper()} [/]"


def phase_lines(manifest: RunManifest) -> Text:
    """Return a line for each phase: how much is in it."""
    free = manifest.world == World.PROOF.value
    lines = [
        phase_line(phase, manifest.tally[phase], free=free) for phase in Phase if phase in manifest.tally
    ]
    if manifest.kept.jobs:
        lines.append(Text.from_markup(f"[yellow]kept[/] {count(manifest.kept.jobs, 'job')}: {KEPT}"))
    if manifest.elsewhere:
        lines.append(_elsewhere_line(manifest.elsewhere))
    return Text("\n").join([*lines, Text("")])


def _elsewhere_line(records: Sequence[JobRecord]) -> Text:
    named = ", ".join(record.label for record in records[:_MOST_NAMED])
    more = f", … {len(records) - _MOST_NAMED} more" if len(records) > _MOST_NAMED else ""
    jobs = count(len(records), "job")
    words = f" {jobs} of earlier plans, still to fetch: {named}{more}"
    return Text().append("paid, not here", style="yellow").append(words)


def billed_lines(manifest: RunManifest) -> Text:
    """Return what a run has cost, and what its plan has cost so far.

    Of a proof, which is free, nothing is said unless something was made more than once.
    """
    run, plan = manifest.run_billed.cost_usd, manifest.billed.cost_usd
    if manifest.world != World.PROOF.value:
        return Text(f"billed {usd(run)} in this run, {usd(plan)} for this plan so far\n")
    if plan <= manifest.planned.cost_usd:
        return Text()
    return Text(f"live, this run would have cost {usd(run)} and the plan {usd(plan)} so far\n")


def phase_line(phase: Phase, total: PhaseTotal, *, free: bool) -> Text:
    """Return a phase with its jobs, images and cost; `free` are those of a proof."""
    sums = f"{count(total.jobs, 'job')}, {count(total.images, 'image')}, {cost(total.cost_usd, free=free)}"
    return Text.from_markup(f"{phase_word(phase)} {sums}")


def cost(cost_usd: Decimal, *, free: bool) -> str:
    """Return an amount; in a proof what it would be live, for nothing was paid."""
    return f"free ({usd(cost_usd)} live)" if free else usd(cost_usd)


def phase_word(phase: Phase) -> str:
    """Return what people call a phase, in its colour."""
    style = _PHASE_STYLES.get(phase)
    word = PHASE_WORDS[phase].short
    return f"[{style}]{word}[/]" if style else word


def check_line(name: str, total: CheckTotal) -> str:
    """Return how the sets fared in a check, and how many images it found something on."""
    parts = [f"{total.passed} passed"]
    parts += [f"[yellow]{total.warned} warned[/]"] if total.warned else []
    parts += [f"[red]{total.failed} failed[/]"] if total.failed else []
    images = f" ({count(total.images, 'image')})" if total.images else ""
    return f"check {name}: {', '.join(parts)}{images}"


def say_next(screen: Screen, *steps: Step) -> None:
    """Say which commands are sensible now, each with what it does."""
    if screen.quiet or not steps:
        return
    widest = max(len(command) for command, _ in steps)
    side_by_side = all(_MARGIN + widest + 2 + len(what) <= screen.err.width for _, what in steps)
    screen.err.print()
    for number, (command, what) in enumerate(steps):
        lines = (
            [f"{command:<{widest}}  {what}".rstrip()]
            if side_by_side
            else [command, *[f"  {what}"] * bool(what)]
        )
        for place, line in enumerate(lines):
            margin = "next  " if number == place == 0 else " " * _MARGIN
            screen.err.print(f"[dim]{margin}{escape(line)}[/]", soft_wrap=True)


def say_nothing_sent(screen: Screen, saved: str | None) -> None:
    """Say what planning has done: no more than to save a plan, if it was to."""
    words = f"saved to {saved}; nothing was sent or charged" if saved else "nothing was sent or charged"
    screen.err.print(escape(words), soft_wrap=True)


def at_service(command: str, origin: str) -> str:
    """Return a command about a live service with the option that names it; the real one goes without."""
    return command if origin == SERVICE_ORIGIN else f"{command} --base-url {origin}"


def phase_total(total: PhaseTotal) -> dict[str, Any]:
    """Return jobs, images and money for a document."""
    return {"jobs": total.jobs, "images": total.images, "cost_usd": exact(total.cost_usd)}


def share(part: Share) -> dict[str, Any]:
    """Return a part of a plan for a document."""
    return {
        "cells": part.cells,
        "jobs": part.jobs,
        "images": part.images,
        "cost_usd": exact(part.cost_usd),
    }


def near(path: Path) -> str:
    """Return a path as somebody here would type it: from the current folder where it lies below."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def count(number: int, noun: str) -> str:
    """Return a number with its noun: `1 job`, `1,200 jobs`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
