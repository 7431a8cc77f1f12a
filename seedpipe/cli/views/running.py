"""What a run has done: its end, doubts that were settled, work that was taken over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from seedpipe.cli.console import print_json
from seedpipe.cli.views.plan_page import headline
from seedpipe.cli.views.words import (
    FORMAT,
    billed_line,
    check_line,
    count,
    phase_lines,
    phase_total,
    phase_word,
    say_next,
)
from seedpipe.core.manifest import job_document, run_document
from seedpipe.core.money import usd
from seedpipe.core.policy import Redo
from seedpipe.core.records import StopReason
from seedpipe.settings import World

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from seedpipe.app import Adopted, Reconciled, RunResult
    from seedpipe.cli.console import Screen
    from seedpipe.core.model import Json
    from seedpipe.core.records import Aside, JobRecord


def warn_of_changes(paths: Sequence[str], *, screen: Screen) -> None:
    """Warn that a saved plan is carried out although its campaign is not what it was."""
    words = f"changed since the plan was saved: {', '.join(paths)}; the plan is carried out as it is"
    screen.err.print(f"[yellow]warning[/]: {escape(words)}", soft_wrap=True)


def show_result(result: RunResult, screen: Screen, *, runs: str, campaign: str, again: str) -> None:
    """Show how a run ended and where its images are.

    `runs` is what the next run is given, a campaign or a saved plan, and `campaign` what other commands are;
    `again` is the whole command, as somebody would type it to go on.
    """
    manifest = result.manifest
    end = manifest.run.end
    if end and end.stop in (StopReason.DISK, StopReason.FAILURE):
        # What could not be recorded, an accepted id above all, must reach a person whatever reads stdout.
        screen.err.print(f"[red]error[/]: {escape(end.message)}", soft_wrap=True)
    if screen.as_json:
        gallery = str(result.reported.gallery) if result.reported else None
        places: dict[str, Json] = {"out": str(result.out), "gallery": gallery}
        beside: dict[str, Json] = {
            "adopted": result.adopted,
            "kept_missing": result.away,
            "asides": _asides_document(result.asides),
        }
        print_json({**run_document(manifest, result.checks), **places, **beside})
        return
    if not screen.quiet:
        screen.err.print()
    if result.doubts_found and not screen.quiet:
        submits = count(result.doubts_found, "submit")
        screen.err.print(f"[yellow]a run before this one was killed with {submits} in the air[/]")
    if result.adopted:
        words = "paid for already, found in the lock or in the service's list"
        screen.out.print(f"{count(result.adopted, 'job')} {words}")
    screen.out.print(_verdict(result), soft_wrap=True)
    screen.out.print(phase_lines(manifest), end="")
    _print_unfetched(manifest.unfetched, screen)
    screen.out.print(billed_line(manifest))
    if end and end.message:
        screen.out.print(f"[yellow]stopped early[/]: {escape(end.message)}", soft_wrap=True)
    _print_checks(result, screen)
    _print_asides(result.asides, result.asides_folder, screen)
    if result.reported:
        screen.out.print(f"gallery  {escape(str(result.reported.gallery))}", soft_wrap=True)
    else:
        screen.out.print(f"images  {escape(str(result.out))}", soft_wrap=True)
    say_next(screen, *_after_run(result, runs, campaign, again))


def _print_unfetched(records: Iterable[JobRecord], screen: Screen) -> None:
    for record in records:
        screen.out.print(f"  {phase_word(record.phase)}  {escape(record.label)}", soft_wrap=True)


def _verdict(result: RunResult) -> str:
    """Return in a sentence whether all is there."""
    done, kept, jobs = result.manifest.done, result.manifest.kept.jobs, result.manifest.planned.jobs
    if result.away:
        words = "that changed cells keep were paid for and are not here"
        return f"[yellow]missing[/]: {count(result.away, 'set')} {words}; {done} of {count(jobs, 'job')} done"
    idle = not result.submitted and not result.manifest.elsewhere
    if done == jobs and idle:
        return f"[green]everything is done[/]: {count(jobs, 'job')}, nothing was submitted"
    if done + kept == jobs and idle:
        return f"[green]nothing to do[/]: {done} of {count(jobs, 'job')} done, the rest is kept"
    return f"{done} of {count(jobs, 'job')} done, {result.submitted} submitted in this run"


def _print_checks(result: RunResult, screen: Screen) -> None:
    for name, total in result.checks.items():
        screen.out.print(check_line(name, total))
    for finding in result.findings:
        image = f" image {finding.index + 1}" if finding.index is not None else ""
        words = f"  {finding.level.value}  {finding.address}{image}: {finding.check}: {finding.message}"
        screen.out.print(escape(words), soft_wrap=True)
    found = sum(total.warned + total.failed for total in result.checks.values())
    if found and len(result.findings) < found:
        screen.out.print("  … the summary and the gallery have them all")


def show_reconciled(result: Reconciled, screen: Screen) -> None:
    """Show what became of the doubts."""
    if screen.as_json:
        print_json(
            {
                "format": FORMAT,
                "found": [record.job.job_id for record in result.found],
                "absent": [record.job.job_id for record in result.absent],
                "left": [job_document(record) for record in result.left],
                "asides": _asides_document(result.asides),
            }
        )
        return
    if not (result.found or result.absent or result.left):
        screen.out.print("[green]nothing is in doubt[/]")
    for records, words in (
        (result.found, "found at the service; the next run fetches what is paid"),
        (result.absent, "surely not accepted; the next run submits what the campaign still asks for"),
        (result.left, "[yellow]still in doubt[/]"),
    ):
        if records:
            screen.out.print(f"{count(len(records), 'job')} {words}")
        for record in records:
            latest = record.latest
            why = f"  {escape(latest.error)}" if latest and latest.error and records is result.left else ""
            screen.out.print(f"  {escape(record.label)}  {record.job.job_id[:12]}{why}", soft_wrap=True)
    _print_asides(result.asides, result.asides_folder, screen)
    if result.left:
        say_next(
            screen,
            "seedpipe reconcile                       looks again",
            "seedpipe reconcile --write-off JOB       gives it up: the job counts as failed",
        )


def show_written_off(record: JobRecord, screen: Screen) -> None:
    """Say what was given up."""
    if screen.as_json:
        print_json({"format": FORMAT, "written_off": record.job.job_id})
        return
    screen.out.print(
        f"{escape(record.label)} is written off: it counts as failed, and its {usd(record.job.cost_usd)} are"
        " free again. If the service accepted it after all, it was paid.",
        soft_wrap=True,
    )


def show_adopted(result: Adopted, file: Path, screen: Screen) -> None:
    """Show what was taken over, and what is still new."""
    new = result.reviewed.standing.new
    if screen.as_json:
        print_json({"format": FORMAT, "adopted": result.jobs, "new": phase_total(new)})
        return
    if not screen.quiet:
        screen.err.print(headline(result.reviewed))
    screen.out.print(f"{count(result.jobs, 'job')} adopted from the service's list, {new.jobs} still new")
    say_next(screen, f"seedpipe run {file} --live     fetches what is paid, then asks about the rest")


def _asides_document(asides: Sequence[Aside]) -> list[Json]:
    return [
        {"prediction_id": aside.prediction_id, "paths": list(aside.paths), "why": aside.why}
        for aside in asides
    ]


def _print_asides(asides: Sequence[Aside], folder: Path, screen: Screen) -> None:
    if not asides:
        return
    screen.out.print(
        f"[yellow]{count(len(asides), 'prediction')} may be yours and belong to no job[/];"
        f" images in {escape(str(folder))}",
        soft_wrap=True,
    )
    for aside in asides:
        screen.out.print(f"  {escape(aside.prediction_id)}  {escape(aside.why)}", soft_wrap=True)


def _after_run(result: RunResult, runs: str, campaign: str, again: str) -> Iterable[str]:
    manifest = result.manifest
    if result.exit_code == 0 and manifest.kept.jobs:
        return (
            f"seedpipe plan {campaign}     what has changed",
            f"{again} --redo changed     buys it",
            f"seedpipe keep {campaign} CELL     accepts the picture as it is",
        )
    if result.exit_code == 0 and manifest.world == World.PROOF.value:
        return (f"seedpipe run {runs} --live     the real thing",)
    if result.exit_code == 0:
        return ("seedpipe show CELL        what was asked, what came, what it cost",)
    redo = ",".join(word for word in Redo if word in manifest.redoable)
    is_over = result.exit_code == 1  # the same command has nothing more to do
    return (
        "seedpipe status           which jobs, and why",
        *([f"{again} --redo {redo}     buys them again"] if redo else []),
        *([f"{again} --redo changed     buys what the cells ask for"] if result.away else []),
        *([] if is_over else [f"{again}     goes on where this stopped"]),
    )
