"""What a run has done: its end, doubts that were settled, work that was imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from seedpipe.cli.console import print_json
from seedpipe.cli.views.plan_page import headline
from seedpipe.cli.views.words import (
    FORMAT,
    at_service,
    billed_lines,
    check_line,
    count,
    near,
    phase_lines,
    phase_total,
    phase_word,
    say_next,
)
from seedpipe.core.lifecycle import Phase
from seedpipe.core.manifest import job_document, run_document
from seedpipe.core.money import usd
from seedpipe.core.policy import Redo
from seedpipe.core.records import StopReason
from seedpipe.settings import World

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from seedpipe.app import Adopted, Reconciled, RunResult
    from seedpipe.cli.console import Screen
    from seedpipe.cli.views.words import Step
    from seedpipe.core.manifest import RunManifest
    from seedpipe.core.model import Json
    from seedpipe.core.records import Aside, JobRecord


def warn_of_changes(paths: Sequence[str], *, screen: Screen) -> None:
    """Warn that a saved plan runs as it is although its campaign has changed."""
    words = f"changed since the plan was saved: {', '.join(paths)}; the plan runs as it was saved"
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
        requests = count(result.doubts_found, "unanswered request")
        screen.err.print(f"[yellow]an earlier run was killed with {requests}[/]")
    if result.adopted:
        words = "already paid for, found in the lock or in the service's list"
        screen.out.print(f"{count(result.adopted, 'job')} {words}")
    _print_sum(result, screen)
    _print_unfetched(manifest.unfetched, screen)
    screen.out.print(billed_lines(manifest), end="")
    if end and end.message:
        screen.out.print(f"[yellow]stopped early[/]: {escape(end.message)}", soft_wrap=True)
    _print_checks(result, screen)
    _print_asides(result.asides, result.asides_folder, screen)
    if result.reported:
        screen.out.print(f"gallery  {escape(near(result.reported.gallery))}", soft_wrap=True)
    else:
        screen.out.print(f"images  {escape(near(result.out))}", soft_wrap=True)
    say_next(
        screen,
        *steps_after(manifest, runs, campaign, again, exit_code=result.exit_code, away=bool(result.away)),
    )


def _print_unfetched(records: Sequence[JobRecord], screen: Screen) -> None:
    for record in records:
        screen.out.print(f"  {phase_word(record.phase)}  {escape(record.label)}", soft_wrap=True)


def _print_sum(result: RunResult, screen: Screen) -> None:
    """Print what became of the jobs; of a plan that is done, one line."""
    manifest = result.manifest
    done, jobs = manifest.done, manifest.planned.jobs
    if result.away:
        words = "kept by changed cells were paid for and are not here"
        missing = f"[yellow]missing[/]: {count(result.away, 'set')} {words}"
        screen.out.print(f"{missing}; {done} of {count(jobs, 'job')} done", soft_wrap=True)
    elif done + manifest.kept.jobs < jobs or manifest.elsewhere:
        screen.out.print(f"{done} of {count(jobs, 'job')} done, {result.submitted} submitted in this run")
    elif not result.submitted and [*manifest.tally] == [Phase.DONE] and not manifest.kept.jobs:
        sums = f"{count(jobs, 'job')}, {count(manifest.planned.images, 'image')}"
        screen.out.print(f"[green]everything is done[/]: {sums}; nothing was submitted")
        return
    elif not result.submitted:
        words = "everything is done" if done == jobs else "nothing to do"
        screen.out.print(f"[green]{words}[/], nothing was submitted")
    elif len(manifest.tally) > 1:
        screen.out.print(f"{done} of {count(jobs, 'job')} done, {result.submitted} submitted in this run")
    screen.out.print(phase_lines(manifest), end="")


def _print_checks(result: RunResult, screen: Screen) -> None:
    for name, total in result.checks.items():
        screen.out.print(check_line(name, total))
    for finding in result.findings:
        image = f" image {finding.index + 1}" if finding.index is not None else ""
        words = f"  {finding.level.value}  {finding.address}{image}: {finding.check}: {finding.message}"
        screen.out.print(escape(words), soft_wrap=True)
    found = sum(total.warned + total.failed for total in result.checks.values())
    if found and len(result.findings) < found:
        screen.out.print("  … all of them are in the summary and the gallery")


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
        (result.found, "found at the service; the next run fetches the images"),
        (result.absent, "not accepted by the service; the next run submits them again"),
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
            ("seedpipe reconcile", "looks again"),
            ("seedpipe reconcile --write-off JOB", "gives up: the job counts as failed"),
        )
    elif result.found or result.absent:
        say_next(screen, ("seedpipe resume", "continues the run"))
    else:
        say_next(screen, ("seedpipe status", "shows where the last run stands"))


def show_written_off(record: JobRecord, screen: Screen) -> None:
    """Say what was given up."""
    if screen.as_json:
        print_json({"format": FORMAT, "written_off": record.job.job_id})
        return
    screen.out.print(
        f"{escape(record.label)} is written off: it counts as failed, and its {usd(record.job.cost_usd)} no"
        " longer count against the budget. If the service did accept it, it was charged.",
        soft_wrap=True,
    )
    say_next(screen, ("seedpipe status", "shows where the last run stands"))


def show_adopted(result: Adopted, file: Path, screen: Screen) -> None:
    """Show what was imported, and what is still new."""
    new = result.reviewed.standing.new
    if screen.as_json:
        print_json({"format": FORMAT, "adopted": result.jobs, "new": phase_total(new)})
        return
    if not screen.quiet:
        screen.err.print(headline(result.reviewed))
    screen.out.print(f"{count(result.jobs, 'paid job')} imported from the service's list, {new.jobs} new")
    live = at_service(f"seedpipe run {file}", result.reviewed.origin)
    say_next(screen, (f"{live} --live", "fetches the paid images, then asks before buying the rest"))


def _asides_document(asides: Sequence[Aside]) -> list[Json]:
    return [
        {"prediction_id": aside.prediction_id, "paths": list(aside.paths), "why": aside.why}
        for aside in asides
    ]


def _print_asides(asides: Sequence[Aside], folder: Path, screen: Screen) -> None:
    if not asides:
        return
    screen.out.print(
        f"[yellow]{count(len(asides), 'prediction')} at the service may be yours but match no job[/];"
        f" images in {escape(str(folder))}",
        soft_wrap=True,
    )
    for aside in asides:
        screen.out.print(f"  {escape(aside.prediction_id)}  {escape(aside.why)}", soft_wrap=True)


def steps_after(
    manifest: RunManifest, runs: str, campaign: str, again: str, *, exit_code: int, away: bool = False
) -> Iterator[Step]:
    """Yield what to do after a run, or where one has stopped: what failed first, then the review.

    `runs` is what a run is given, a campaign or a saved plan, `campaign` what other commands are; `again` is
    the whole command, to go on. `away` says whether sets that changed cells keep are not here.
    """
    proof = manifest.world == World.PROOF.value
    if not exit_code and manifest.kept.jobs:
        yield at_service(f"seedpipe plan {campaign}", manifest.origin), "shows what has changed"
        yield f"{again} --redo changed", "buys it again"
        keep = at_service(f"seedpipe keep {campaign}", manifest.origin)
        yield f"{keep} CELL", "keeps the images of a changed cell"
    if exit_code:
        yield "seedpipe status", "shows which jobs need attention, and why"
    if exit_code and exit_code != 1:  # after 1 the same command has nothing more to do
        yield again, "continues where this run stopped"
    if redo := ",".join(word for word in Redo if word in manifest.redoable):
        yield f"{again} --redo {redo}", "makes them again" if proof else "buys them again"
    if away:
        yield f"{again} --redo changed", "buys what the changed cells ask for"
    if manifest.count(Phase.DONE, Phase.DONE_SHORT):
        yield f"seedpipe review {campaign} --{manifest.world}", "shows what is approved, rejected and open"
    if proof and not exit_code:
        cost_usd = usd(manifest.planned.cost_usd)
        yield f"seedpipe run {runs} --live", f"live run (paid): {cost_usd} for the whole plan"
