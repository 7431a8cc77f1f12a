"""Views: a value becomes text for people or one JSON document for programs.

Sums first, lists on request, and every view ends with the next sensible command. JSON documents carry
a `format` number; money in them is text, exact to the last digit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rich import box
from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from seedpipe.cli.console import HarmlessConsole, print_json
from seedpipe.core.diagnostics import render
from seedpipe.core.errors import InputError, SeedpipeError
from seedpipe.core.lifecycle import Phase
from seedpipe.core.manifest import job_document, output_paths, published_outputs, run_document
from seedpipe.core.money import exact, usd
from seedpipe.core.policy import Redo
from seedpipe.core.records import StopReason
from seedpipe.settings import World

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from decimal import Decimal
    from pathlib import Path

    from rich.console import Console

    from seedpipe.app import Adopted, PlanReview, Reconciled, RunResult, StatusReview
    from seedpipe.cli.console import Screen
    from seedpipe.core.diagnostics import Diagnostic
    from seedpipe.core.manifest import RunManifest
    from seedpipe.core.model import Json
    from seedpipe.core.quotes import AccountReview
    from seedpipe.core.records import Aside, JobRecord, PhaseTotal
    from seedpipe.core.totals import PlanTotals, Share

_FORMAT: Final = 1
_MOST_KEYS: Final = 8  # keys of an axis shown in the overview: the dearest
_MOST_FINDINGS: Final = 50  # errors printed in full; more would scroll the first ones away

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
_REDO_WORDS: Final = {
    Phase.FAILED: Redo.FAILED,
    Phase.DONE_SHORT: Redo.SHORT,
    Phase.LOST: Redo.MISSING,
}
_PHASE_STYLES: Final[Mapping[Phase, str]] = {
    Phase.DONE: "green",
    Phase.FAILED: "red",
    Phase.LOST: "red",
    Phase.IN_DOUBT: "yellow",
    Phase.DONE_SHORT: "yellow",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """What checking one file found: its totals, or why it cannot be run."""

    file: str
    totals: PlanTotals | None = None
    error: InputError | None = None


def show_error(error: SeedpipeError) -> None:
    """Print an error on stderr: every diagnostic with its place, then what to do next."""
    console = HarmlessConsole(stderr=True, highlight=False, emoji=False)
    if isinstance(error, InputError) and error.diagnostics:
        _print_diagnostics(error.diagnostics, console)
        console.print(f"[red]{len(error.diagnostics)} to mend[/]; nothing was sent or charged")
        return
    console.print(f"[red]error[/]: {escape(str(error))}", soft_wrap=True)
    if error.hint:
        console.print(f"  hint: {escape(error.hint)}", soft_wrap=True)


def show_validation(findings: Sequence[Validation], screen: Screen) -> None:
    """Show what was found in each file."""
    if screen.as_json:
        print_json({"format": _FORMAT, "files": [_validation_document(finding) for finding in findings]})
        return
    for finding in findings:
        if finding.error:
            _print_diagnostics(finding.error.diagnostics, screen.err)
            count = len(finding.error.diagnostics)
            words = f"{count} to mend" if count else escape(str(finding.error))
            screen.out.print(f"{escape(finding.file)}: [red]{words}[/]", soft_wrap=True)
        elif finding.totals:
            whole = finding.totals.all
            words = f"{_count(whole.cells, 'cell')}, {_count(whole.jobs, 'job')}, {usd(whole.cost_usd)}"
            screen.out.print(f"{escape(finding.file)}: [green]valid[/], {words}", soft_wrap=True)


def show_plan(reviewed: PlanReview, file: str, screen: Screen) -> None:
    """Show a plan: jobs and money by series and by axis, what is new and done, the budget."""
    if screen.as_json:
        print_json(plan_document(reviewed))
        return
    console = screen.out
    console.print(_headline(reviewed))
    console.print(_series_table(reviewed))
    console.print(_axes(reviewed.totals))
    console.print(_standing_lines(reviewed))
    if screen.verbose:
        for planned in reviewed.cells():
            shared = "" if planned.opens_job else "  (shares a job)"
            size = planned.job.request.get("size", "")
            line = f"  {planned.cell.address}  {planned.job.job_id[:12]}  {size}  {usd(planned.job.cost_usd)}"
            console.print(escape(line + shared), soft_wrap=True)
    if not screen.quiet:
        screen.err.print("\nNothing was sent or charged.")
    _say_next(
        screen,
        f"seedpipe run {file}            free proofs in the sandbox",
        f"seedpipe run {file} --live     the real thing",
    )


def show_opening(reviewed: PlanReview, screen: Screen) -> None:
    """Say before a run which world it is in, what it will do and what that costs."""
    if screen.quiet:
        return
    console = screen.err
    console.print(_headline(reviewed))
    console.print(escape(_work(reviewed)), soft_wrap=True)


def _work(reviewed: PlanReview) -> str:
    new, again, cost_usd = reviewed.standing.new, reviewed.again, reviewed.to_buy.cost_usd
    parts = [f"{new.jobs} of {_count(reviewed.totals.all.jobs, 'job')} new"] if new.jobs else []
    parts += [f"{_count(again.jobs, 'job')} to be bought again"] if again.jobs else []
    price = f"free in the sandbox, {usd(cost_usd)} live" if _is_proof(reviewed) else usd(cost_usd)
    work = f"{', '.join(parts)}: {price}" if parts else "nothing new to submit"
    missing = reviewed.standing.missing
    return f"{work}; {_count(missing.jobs, 'job')} paid and not here, to be fetched" if missing.jobs else work


def show_account(said: AccountReview, screen: Screen) -> None:
    """Say on stderr what the account said before the run, if it is worth knowing."""
    for line in said.remarks:
        screen.err.print(f"[yellow]warning[/]: {escape(line)}", soft_wrap=True)


def show_result(result: RunResult, file: str, screen: Screen) -> None:
    """Show how a run ended and where its images are."""
    manifest = result.manifest
    end = manifest.run.end
    if end and end.stop is StopReason.DISK:
        # What could not be recorded, an accepted id above all, must reach a person whatever reads stdout.
        screen.err.print(f"[red]error[/]: {escape(end.message)}", soft_wrap=True)
    if screen.as_json:
        places: dict[str, Json] = {"out": str(result.out), "gallery": str(result.gallery)}
        beside: dict[str, Json] = {"adopted": result.adopted, "asides": _asides_document(result.asides)}
        print_json({**run_document(manifest), **places, **beside})
        return
    done, jobs = manifest.done, manifest.planned.jobs
    if not screen.quiet:
        screen.err.print()
    if result.doubts_found and not screen.quiet:
        screen.err.print(
            f"[yellow]a run before this one was killed with {result.doubts_found} submits in the air[/]"
        )
    if result.adopted:
        words = "paid for already, found in the lock or in the service's list"
        screen.out.print(f"{_count(result.adopted, 'job')} {words}")
    if done == jobs and not result.submitted:
        screen.out.print(f"[green]everything is done[/]: {_count(jobs, 'job')}, nothing was submitted")
    else:
        screen.out.print(f"{done} of {_count(jobs, 'job')} done, {result.submitted} submitted in this run")
    screen.out.print(_phase_lines(manifest), end="")
    if end and end.message:
        screen.out.print(f"[yellow]stopped early[/]: {escape(end.message)}", soft_wrap=True)
    _print_asides(result.asides, result.asides_folder, screen)
    screen.out.print(f"gallery  {escape(str(result.gallery))}", soft_wrap=True)
    _say_next(screen, *_after_run(result, file))


def show_reconciled(result: Reconciled, screen: Screen) -> None:
    """Show what became of the doubts."""
    if screen.as_json:
        print_json(
            {
                "format": _FORMAT,
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
            screen.out.print(f"{_count(len(records), 'job')} {words}")
        for record in records:
            latest = record.latest
            why = f"  {escape(latest.error)}" if latest and latest.error and records is result.left else ""
            screen.out.print(f"  {escape(record.label)}  {record.job.job_id[:12]}{why}", soft_wrap=True)
    _print_asides(result.asides, result.asides_folder, screen)
    if result.left:
        _say_next(
            screen,
            "seedpipe reconcile                       looks again",
            "seedpipe reconcile --write-off JOB       gives it up: the job counts as failed",
        )


def show_written_off(record: JobRecord, screen: Screen) -> None:
    """Say what was given up."""
    if screen.as_json:
        print_json({"format": _FORMAT, "written_off": record.job.job_id})
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
        print_json({"format": _FORMAT, "adopted": result.jobs, "new": _phase_total(new)})
        return
    if not screen.quiet:
        screen.err.print(_headline(result.reviewed))
    screen.out.print(f"{_count(result.jobs, 'job')} adopted from the service's list, {new.jobs} still new")
    _say_next(screen, f"seedpipe run {file} --live     fetches what is paid, then asks about the rest")


def _asides_document(asides: Sequence[Aside]) -> list[Json]:
    return [
        {"prediction_id": aside.prediction_id, "paths": list(aside.paths), "why": aside.why}
        for aside in asides
    ]


def _print_asides(asides: Sequence[Aside], folder: Path, screen: Screen) -> None:
    if not asides:
        return
    screen.out.print(
        f"[yellow]{_count(len(asides), 'prediction')} may be yours and belong to no job[/];"
        f" images in {escape(str(folder))}",
        soft_wrap=True,
    )
    for aside in asides:
        screen.out.print(f"  {escape(aside.prediction_id)}  {escape(aside.why)}", soft_wrap=True)


def show_status(reviewed: StatusReview, screen: Screen) -> None:
    """Show where the last run stands, and the jobs that need attention."""
    manifest = reviewed.manifest
    if screen.as_json:
        troubles: list[Json] = [job_document(record) for record in reviewed.troubles]
        print_json({**run_document(manifest), "troubles": troubles, "missing": reviewed.missing})
        return
    start, end = manifest.run.start, manifest.run.end
    console = screen.out
    console.print(
        f"{_badge(manifest.world)} [bold]{escape(manifest.header.campaign)}[/] · run {start.run_id}"
    )
    ended = (
        f"ended {end.finished_at:%Y-%m-%d %H:%M:%S} UTC, exit {end.exit_code}"
        if end
        else "running, or killed"
    )
    console.print(f"began {start.started_at:%Y-%m-%d %H:%M:%S} UTC · {ended}")
    console.print(_phase_lines(manifest), end="")
    if reviewed.missing:
        words = f"{_count(reviewed.missing, 'job')} of these: the images are not here any more"
        console.print(
            f"[yellow]missing[/] {words}; `seedpipe run` fetches them again, unpaid", soft_wrap=True
        )
    for record in reviewed.troubles:
        latest = record.latest
        words = f"  {escape(latest.error)}" if latest and latest.error else ""
        console.print(
            f"  {_phase(record.phase)}  {escape(record.label)}  {record.job.job_id[:12]}{words}",
            soft_wrap=True,
        )
    if reviewed.hidden_troubles:
        console.print(f"  … and {reviewed.hidden_troubles} more")


def show_jobs(records: Sequence[JobRecord], screen: Screen) -> None:
    """Show jobs whole: request, cells, attempts, outputs, cost."""
    if screen.as_json:
        print_json({"format": _FORMAT, "jobs": [job_document(record) for record in records]})
        return
    for record in records:
        screen.out.print(_job(record))


def plan_document(reviewed: PlanReview) -> dict[str, Any]:
    """Return `seedpipe plan --json`: totals, price lines, series, axes, standing, budget."""
    header, totals, standing = reviewed.header, reviewed.totals, reviewed.standing
    budget, month = header.budget, header.budget.brand_usd_per_month
    return {
        "format": _FORMAT,
        "world": reviewed.world.value,
        "origin": reviewed.origin,
        "campaign": header.campaign,
        "brand": header.brand,
        "plan_id": header.plan_id,
        "catalogue_as_of": reviewed.catalogue_as_of,
        "total": _share(totals.all),
        "prices": [
            {
                "series": line.series,
                "model": line.model,
                "unit_usd": exact(line.unit_usd),
                "images": line.images,
                "jobs": line.jobs,
                "cost_usd": exact(line.cost_usd),
            }
            for line in totals.prices
        ],
        "series": {
            name: {
                **_share(share),
                "sizes": list(standing.sizes.get(name, ())),
                "phases": _tally(standing.by_series[name]),
            }
            for name, share in totals.by_series.items()
        },
        "axes": {
            axis: {key: _share(share) for key, share in shares.items()}
            for axis, shares in totals.by_axis.items()
        },
        "phases": _tally(standing.tally),
        "new": _phase_total(standing.new),
        "missing": _phase_total(standing.missing),
        "budget": {
            "usd": exact(budget.usd) if budget.usd is not None else None,
            "per_job_usd": exact(budget.per_job_usd) if budget.per_job_usd is not None else None,
            "max_jobs": budget.max_jobs,
            "committed_usd": exact(reviewed.committed_usd),
            "over_usd": exact(reviewed.over_budget_by_usd),
            "brand_usd_per_month": exact(month) if month is not None else None,
            "brand_committed_usd": exact(reviewed.month_committed_usd),
            "brand_over_usd": exact(reviewed.over_month_by_usd),
        },
    }


def _validation_document(finding: Validation) -> dict[str, Any]:
    error = finding.error
    return {
        "file": finding.file,
        "valid": error is None,
        "total": _share(finding.totals.all) if finding.totals else None,
        "message": str(error) if error else "",
        "diagnostics": [_diagnostic(diagnostic) for diagnostic in error.diagnostics] if error else [],
    }


def _diagnostic(diagnostic: Diagnostic) -> dict[str, Any]:
    span = diagnostic.span
    return {
        "rule": diagnostic.rule,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "file": span.source.path if span else None,
        "line": span.line if span else None,
        "column": span.column if span else None,
        "hint": diagnostic.hint,
        "notes": list(diagnostic.notes),
    }


def _headline(reviewed: PlanReview) -> Text:
    brand = f" · {reviewed.header.brand}" if reviewed.header.brand else ""
    where = "embedded sandbox, nothing is paid" if _is_proof(reviewed) else reviewed.origin
    line = Text.from_markup(_badge(reviewed.world.value))
    return line.append(f" {reviewed.header.campaign}", style="bold").append(f"{brand} · {where}")


def _badge(world: str) -> str:
    style = "black on yellow" if world == World.PROOF.value else "white on red"
    return f"[bold {style}] {world.upper()} [/]"


def _series_table(reviewed: PlanReview) -> Table:
    totals = reviewed.totals
    table = Table(box=box.SIMPLE_HEAD, show_footer=True, pad_edge=False)
    whole = totals.all
    table.add_column("series", footer=f"{_count(whole.cells, 'cell')}", no_wrap=True)
    table.add_column("model")
    table.add_column("size")
    table.add_column("jobs", footer=str(whole.jobs), justify="right")
    table.add_column("unit × images", footer=f"{whole.images} images", justify="right", no_wrap=True)
    table.add_column("cost", footer=f"[bold]{usd(whole.cost_usd)}[/]", justify="right")
    named: set[str] = set()
    for line in totals.prices:
        first = line.series not in named
        named.add(line.series)
        table.add_row(
            escape(line.series) if first else "",
            escape(line.model),
            ", ".join(reviewed.standing.sizes.get(line.series, ())) if first else "",
            str(line.jobs),
            f"{usd(line.unit_usd)} × {line.images}",
            usd(line.cost_usd),
        )
    return table


def _axes(totals: PlanTotals) -> Table:
    table = Table.grid(padding=(0, 2))
    for axis, shares in totals.by_axis.items():
        dearest = sorted(shares.items(), key=lambda item: -item[1].cost_usd)
        words = " · ".join(f"{key} {usd(share.cost_usd)}" for key, share in dearest[:_MOST_KEYS])
        more = f" · … {len(dearest) - _MOST_KEYS} more" if len(dearest) > _MOST_KEYS else ""
        table.add_row(f"[dim]{escape(axis)}[/]", f"×{len(shares)}", escape(words + more))
    return table


def _standing_lines(reviewed: PlanReview) -> Group:
    lines = [Text("")]
    for phase, total in reviewed.standing.tally.items():
        lines.append(_phase_line(phase, total))
    if (missing := reviewed.standing.missing).jobs:
        words = f"{_totals(missing)}: paid, not here; a run fetches them while the service has them"
        lines.append(Text.from_markup(f"[yellow]missing[/] {words}"))
    caps, over, month_over = reviewed.header.budget, reviewed.over_budget_by_usd, reviewed.over_month_by_usd
    if caps.usd is not None:
        lines.append(_budget_line("for the campaign's life", caps.usd, reviewed.committed_usd, over))
    if caps.brand_usd_per_month is not None:
        month = f"for the month of {reviewed.header.brand}"
        committed = reviewed.month_committed_usd
        lines.append(_budget_line(month, caps.brand_usd_per_month, committed, month_over))
    lines.append(Text.from_markup(f"[dim]prices of {reviewed.catalogue_as_of}[/]"))
    return Group(*lines)


def _budget_line(what: str, cap: Decimal, committed: Decimal, over: Decimal) -> Text:
    verdict = f"[red]over by {usd(over)}[/]" if over else "[green]fits[/]"
    spent = f", {usd(committed)} of it reserved and spent" if committed else ""
    return Text.from_markup(f"budget {usd(cap)} {escape(what)}{spent}: {verdict}")


def _phase_lines(manifest: RunManifest) -> Text:
    return Text("\n").join(
        [*(_phase_line(phase, manifest.tally[phase]) for phase in Phase if phase in manifest.tally), Text("")]
    )


def _phase_line(phase: Phase, total: PhaseTotal) -> Text:
    return Text.from_markup(f"{_phase(phase)} {_totals(total)}")


def _totals(total: PhaseTotal) -> str:
    return f"{_count(total.jobs, 'job')}, {_count(total.images, 'image')}, {usd(total.cost_usd)}"


def _phase(phase: Phase) -> str:
    style = _PHASE_STYLES.get(phase)
    word = _PHASE_WORDS[phase]
    return f"[{style}]{word}[/]" if style else word


def _job(record: JobRecord) -> Table:
    job = record.job
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("job", job.job_id)
    table.add_row("state", _phase(record.phase))
    table.add_row("cells", escape(", ".join(cell.address for cell in record.cells)))
    table.add_row("model", escape(job.model))
    for name, value in job.request.items():
        table.add_row(escape(name), escape(str(value)))
    table.add_row("cost", f"{usd(job.unit_usd)} × {job.outputs_expected} = {usd(job.cost_usd)}")
    for attempt in record.attempts:
        when = f"{attempt.intent_at:%Y-%m-%d %H:%M:%S} UTC" if attempt.intent_at else ""
        prediction = attempt.prediction_id or "unknown"
        words = f"{_phase(attempt.phase)} · {when} · prediction {prediction} · run {attempt.run_id}"
        table.add_row(
            f"attempt {attempt.number}", words + (f" · {escape(attempt.error)}" if attempt.error else "")
        )
    for output in published_outputs(record):
        image = output.image
        paths = ", ".join(output_paths(record, output))
        facts = f"{image.width_px}×{image.height_px} {image.media_type} sha256 {image.sha256[:16]}"
        table.add_row(f"image {output.index + 1}", escape(f"{paths}  {facts}"))
    return table


def _after_run(result: RunResult, file: str) -> Iterable[str]:
    if result.exit_code == 0 and result.manifest.world == World.PROOF.value:
        return (f"seedpipe run {file} --live     the real thing",)
    if result.exit_code == 0:
        return ("seedpipe show CELL        what was asked, what came, what it cost",)
    manifest = result.manifest
    live = "" if manifest.world == World.PROOF.value else " --live"
    redo = ",".join(word for phase, word in _REDO_WORDS.items() if manifest.count(phase))
    return (
        "seedpipe status           which jobs, and why",
        *([f"seedpipe run {file}{live} --redo {redo}     buys them again"] if redo else []),
        f"seedpipe run {file}{live}     goes on where this stopped",
    )


def _say_next(screen: Screen, *commands: str) -> None:
    if screen.quiet:
        return
    screen.err.print()
    for number, command in enumerate(commands):
        screen.err.print(f"[dim]{'next' if number == 0 else '    '}  {escape(command)}[/]", soft_wrap=True)


def _print_diagnostics(diagnostics: Sequence[Diagnostic], console: Console) -> None:
    for diagnostic in diagnostics[:_MOST_FINDINGS]:
        console.print(Text(render(diagnostic)), soft_wrap=True)
        console.print()
    if len(diagnostics) > _MOST_FINDINGS:
        console.print(f"… and {len(diagnostics) - _MOST_FINDINGS} more")


def _share(share: Share) -> dict[str, Any]:
    return {
        "cells": share.cells,
        "jobs": share.jobs,
        "images": share.images,
        "cost_usd": exact(share.cost_usd),
    }


def _phase_total(total: PhaseTotal) -> dict[str, Any]:
    return {"jobs": total.jobs, "images": total.images, "cost_usd": exact(total.cost_usd)}


def _tally(tally: Mapping[Phase, PhaseTotal]) -> dict[str, Any]:
    return {phase.value: _phase_total(total) for phase, total in tally.items()}


def _is_proof(reviewed: PlanReview) -> bool:
    return reviewed.world is World.PROOF


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
