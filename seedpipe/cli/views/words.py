"""What all pages share: the words for phases, sums, and the next sensible command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.markup import escape
from rich.text import Text

from seedpipe.core.lifecycle import Phase
from seedpipe.core.money import exact, usd
from seedpipe.settings import World

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from seedpipe.cli.console import Screen
    from seedpipe.core.findings import CheckTotal
    from seedpipe.core.manifest import RunManifest
    from seedpipe.core.records import JobRecord, PhaseTotal
    from seedpipe.core.totals import Share

FORMAT: Final = 1
_MOST_NAMED: Final = 5  # jobs of other plans named one by one; `run.json` has them all
KEPT: Final = "not bought: their cells were paid for as something else, and keep those pictures"
_PHASE_WORDS: Final[Mapping[Phase, str]] = {
    Phase.PLANNED: "new",
    Phase.SUBMITTING: "being submitted",
    Phase.IN_DOUBT: "in doubt",
    Phase.ACCEPTED: "paid, at the service",
    Phase.FETCHING: "paid, to download",
    Phase.DONE: "done",
    Phase.DONE_SHORT: "short",
    Phase.FAILED: "failed",
    Phase.LOST: "lost",
}
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
    """Return a line a phase: how much stands there."""
    lines = [_phase_line(phase, manifest.tally[phase]) for phase in Phase if phase in manifest.tally]
    if manifest.kept.jobs:
        lines.append(Text.from_markup(f"[yellow]kept[/] {count(manifest.kept.jobs, 'job')} {KEPT}"))
    if manifest.elsewhere:
        lines.append(_elsewhere_line(manifest.elsewhere))
    return Text("\n").join([*lines, Text("")])


def _elsewhere_line(records: Sequence[JobRecord]) -> Text:
    named = ", ".join(record.label for record in records[:_MOST_NAMED])
    more = f", … {len(records) - _MOST_NAMED} more" if len(records) > _MOST_NAMED else ""
    jobs = count(len(records), "job")
    words = f" {jobs} of earlier plans, still to be fetched: {named}{more}"
    return Text().append("paid, not here", style="yellow").append(words)


def billed_line(manifest: RunManifest) -> Text:
    """Return what the run has cost, and what its plan has cost so far; the sandbox's bills are no money."""
    run, plan = manifest.run_billed.cost_usd, manifest.billed.cost_usd
    proof = " (by the sandbox: no money)" if manifest.world == World.PROOF.value else ""
    return Text(f"billed {usd(run)} in this run, {usd(plan)} for this plan so far{proof}")


def _phase_line(phase: Phase, total: PhaseTotal) -> Text:
    return Text.from_markup(f"{phase_word(phase)} {totals_text(total)}")


def totals_text(total: PhaseTotal) -> str:
    """Return jobs, images and money in words."""
    return f"{count(total.jobs, 'job')}, {count(total.images, 'image')}, {usd(total.cost_usd)}"


def phase_word(phase: Phase) -> str:
    """Return what people call a phase, in its colour."""
    style = _PHASE_STYLES.get(phase)
    word = _PHASE_WORDS[phase]
    return f"[{style}]{word}[/]" if style else word


def check_line(name: str, total: CheckTotal) -> str:
    """Return how the sets fared in a check, and how many images it found something on."""
    parts = [f"{total.passed} passed"]
    parts += [f"[yellow]{total.warned} warned[/]"] if total.warned else []
    parts += [f"[red]{total.failed} failed[/]"] if total.failed else []
    images = f" ({count(total.images, 'image')})" if total.images else ""
    return f"check {name}: {', '.join(parts)}{images}"


def say_next(screen: Screen, *commands: str) -> None:
    """Say which commands are sensible now."""
    if screen.quiet:
        return
    screen.err.print()
    for number, command in enumerate(commands):
        screen.err.print(f"[dim]{'next' if number == 0 else '    '}  {escape(command)}[/]", soft_wrap=True)


def say_nothing_sent(screen: Screen, saved: str | None) -> None:
    """Say what planning has done: no more than to save a plan, if it was to."""
    words = f"saved to {saved}; nothing was sent or charged" if saved else "nothing was sent or charged"
    screen.err.print(escape(words), soft_wrap=True)


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
