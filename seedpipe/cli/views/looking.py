"""Where the last run stands, and single jobs whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from seedpipe.cli.console import print_json
from seedpipe.cli.views.running import steps_after
from seedpipe.cli.views.words import (
    FORMAT,
    at_service,
    badge,
    billed_lines,
    check_line,
    count,
    phase_lines,
    phase_word,
    say_next,
)
from seedpipe.core.manifest import job_document, run_document
from seedpipe.core.money import usd
from seedpipe.core.showing import kept_sets, kept_words, own_set
from seedpipe.settings import World

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from seedpipe.app import StatusReview
    from seedpipe.cli.console import Screen
    from seedpipe.cli.views.words import Step
    from seedpipe.core.model import Json
    from seedpipe.core.records import JobRecord
    from seedpipe.core.showing import ShownSet


def show_status(reviewed: StatusReview, file: str, screen: Screen) -> None:
    """Show where the last run stands, and the jobs that need attention; with -v all of them."""
    manifest = reviewed.manifest
    if screen.as_json:
        print_json(_status_document(reviewed))
        return
    start, end = manifest.run.start, manifest.run.end
    console = screen.out
    console.print(f"{badge(manifest.world)} [bold]{escape(manifest.header.campaign)}[/] · run {start.run_id}")
    ended = (
        f"finished {end.finished_at:%Y-%m-%d %H:%M:%S} UTC (exit code {end.exit_code})"
        if end
        else "still running, or killed"
    )
    console.print(f"started {start.started_at:%Y-%m-%d %H:%M:%S} UTC · {ended}", soft_wrap=True)
    console.print(phase_lines(manifest), end="")
    console.print(billed_lines(manifest), end="")
    if reviewed.missing:
        words = f"{count(reviewed.missing, 'job')} of these: images not here"
        fetched = "`seedpipe run` fetches them at no cost, while the service has them"
        console.print(f"[yellow]missing[/] {words}; {fetched}", soft_wrap=True)
    if reviewed.missing_files:
        words = f"{count(reviewed.missing_files, 'image')} in the output folder"
        console.print(f"[yellow]missing[/] {words}; `seedpipe run` restores them at no cost", soft_wrap=True)
    for record in reviewed.troubles:
        latest = record.latest
        words = f"  {escape(latest.error)}" if latest and latest.error else ""
        console.print(
            f"  {phase_word(record.phase)}  {escape(record.label)}  {record.job.job_id[:12]}{words}",
            soft_wrap=True,
        )
    if reviewed.hidden_troubles:
        console.print(f"  … and {reviewed.hidden_troubles} more")
    for record in reviewed.jobs:
        words = f"  {phase_word(record.phase)}  {escape(record.label)}  {record.job.job_id[:12]}"
        console.print(words, soft_wrap=True)
    _print_checks(reviewed, screen)
    proof = manifest.world == World.PROOF.value
    run = f"seedpipe run {file}"
    again = run if proof else f"{at_service(run, manifest.origin)} --live"
    steps = steps_after(manifest, file, file, again, exit_code=end.exit_code if end else 3)
    say_next(screen, *_after_checks(reviewed), *(step for step in steps if step[0] != "seedpipe status"))


def _status_document(reviewed: StatusReview) -> dict[str, Json]:
    return {
        **run_document(reviewed.manifest, reviewed.checks),
        "troubles": [job_document(record) for record in reviewed.troubles],
        "hidden_troubles": reviewed.hidden_troubles,
        "missing": reviewed.missing,
        "missing_files": reviewed.missing_files,
        "unmeasured": reviewed.unmeasured,
        "gallery": reviewed.gallery,
    }


def _print_checks(reviewed: StatusReview, screen: Screen) -> None:
    """Print how the sets fared in each check, what nobody has looked at, and where to see it."""
    for name, total in reviewed.checks.items():
        screen.out.print(check_line(name, total))
    if reviewed.unmeasured:
        words = count(reviewed.unmeasured, "image")
        screen.out.print(f"[yellow]not checked[/] {words}", soft_wrap=True)
    if reviewed.gallery:
        screen.out.print(f"gallery  {escape(reviewed.gallery)}", soft_wrap=True)


def _after_checks(reviewed: StatusReview) -> Iterator[Step]:
    if reviewed.unmeasured:
        yield "seedpipe report", "checks them, and rebuilds the gallery"
    elif any(total.warned or total.failed for total in reviewed.checks.values()):
        yield "seedpipe report", "rebuilds the gallery and the summary, which show what was found"


def show_jobs(records: Sequence[JobRecord], file: str, screen: Screen) -> None:
    """Show jobs whole: request, cells, attempts, outputs, cost."""
    if screen.as_json:
        print_json({"format": FORMAT, "jobs": [job_document(record) for record in records]})
        return
    for record in records:
        screen.out.print(_job(record))
    cell = records[0].cells[0].address
    say_next(screen, (f"seedpipe explain {file} {cell}", "shows where its values come from"))


def _job(record: JobRecord) -> Table:
    job = record.job
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("job", job.job_id)
    table.add_row("state", "[yellow]kept[/]" if record.is_kept else phase_word(record.phase))
    table.add_row("cells", escape(", ".join(cell.address for cell in record.cells)))
    table.add_row("model", escape(job.model))
    for name, value in job.request.items():
        entries = value if isinstance(value, list) else [value]
        table.add_row(escape(name), escape("\n".join(map(str, entries))))
    table.add_row("cost", f"{usd(job.unit_usd)} × {job.outputs_expected} = {usd(job.cost_usd)}")
    _add_attempts(table, record)
    _add_images(table, own_set(record))
    for shown in kept_sets(record):
        cells = ", ".join(cell.address for cell in shown.cells)
        words = kept_words(shown.kept) if shown.kept else ""
        table.add_row("kept", escape(f"{words}  {cells}"))
        if shown.record:
            table.add_row("kept job", shown.record.job.job_id)
            _add_attempts(table, shown.record)
        _add_images(table, shown)
    return table


def _add_attempts(table: Table, record: JobRecord) -> None:
    for attempt in record.attempts:
        when = f"{attempt.intent_at:%Y-%m-%d %H:%M:%S} UTC" if attempt.intent_at else ""
        prediction = attempt.prediction_id or "unknown"
        words = f"{phase_word(attempt.phase)} · {when} · prediction {prediction} · run {attempt.run_id}"
        table.add_row(
            f"attempt {attempt.number}", words + (f" · {escape(attempt.error)}" if attempt.error else "")
        )


def _add_images(table: Table, shown: ShownSet) -> None:
    paths: dict[int, list[str]] = {}
    for placed in shown.placed:
        paths.setdefault(placed.output.index, []).append(placed.path)
    for output in shown.outputs:
        image = output.image
        facts = f"{image.width_px}×{image.height_px} {image.media_type} sha256 {image.sha256[:16]}"
        at = ", ".join(paths.get(output.index, ()))
        table.add_row(f"image {output.index + 1}", escape(f"{at}  {facts}"))
