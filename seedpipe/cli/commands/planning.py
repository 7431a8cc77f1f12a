"""Commands before anything is sent: check a campaign, show its jobs and its money."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seedpipe.cli.help import Command, Section, option
from seedpipe.cli.options import (
    concurrency_option,
    file_and_cells,
    file_and_subject,
    files_argument,
    level_option,
    live_by_default,
    live_only,
    origin_option,
    screen_among,
    screen_of,
    screen_options,
    state_option,
)
from seedpipe.cli.variants import retold, variant_options

if TYPE_CHECKING:
    from seedpipe.cli.variants import VariantOf


@click.command(cls=Command, short_help="Check campaign files")
@files_argument
@option(
    Section.OUTPUT,
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    show_default=True,
    help="text, JSON, annotations of a GitHub workflow, or SARIF for code scanning.",
)
@option(Section.MAIN, "--strict", is_flag=True, help="Exit 1 when there are warnings.")
@variant_options
@screen_options
def validate(
    files: tuple[Path, ...],
    form: str,
    strict: bool,  # noqa: FBT001
    variant_of: VariantOf,
    **screen: Any,
) -> int:
    """Check campaign files: every error and warning, with file, line and column."""
    from seedpipe import app
    from seedpipe.cli.views import mistakes
    from seedpipe.core.errors import InputError

    findings: list[mistakes.Validation] = []
    for file in files:
        try:
            findings.append(mistakes.Validation(file=str(file), valid=app.validate(file, variant_of(file))))
        except InputError as error:
            findings.append(mistakes.Validation(file=str(file), error=error))
    mistakes.show_validation(findings, screen_of(**screen), form)
    if any(finding.error for finding in findings):
        return 2
    return int(strict and any(finding.diagnostics for finding in findings))


@click.command(cls=Command, short_help="Show jobs and costs before a run")
@files_argument
@live_by_default
@option(Section.MAIN, "--check", is_flag=True, help="Exit 1 when a run would have work to do.")
@option(
    Section.MAIN,
    "--against",
    metavar="REF|PLAN",
    help="Show what has changed since a git commit or a saved plan.",
)
@option(
    Section.OUTPUT,
    "--format",
    "style",
    type=click.Choice(["text", "markdown"]),
    default="text",
    help="Markdown for a comment, with --against.",
)
@option(Section.FILES, "-o", "--output", metavar="PLAN", help="Save the plan; `seedpipe run PLAN` runs it.")
@option(
    Section.SERVICE,
    "--live-prices",
    is_flag=True,
    help="Compare with the service's prices today; needs the key.",
)
@origin_option
@concurrency_option
@level_option
@variant_options
@state_option
@screen_options
def plan(
    files: tuple[Path, ...],
    *,
    world: str | None,
    check: bool,
    against: str | None,
    style: str,
    output: str | None,
    live_prices: bool,
    variant_of: VariantOf,
    **options: Any,
) -> int:
    """Show the jobs and their cost. Nothing is sent or charged."""
    from seedpipe import app
    from seedpipe.cli.views import comparing, planning
    from seedpipe.settings import Settings

    proof = world == "proof"
    if live_prices and (proof or len(files) > 1):
        raise click.UsageError("--live-prices works with one campaign, and not with proofs")
    if output is not None and len(files) > 1:
        raise click.UsageError("-o saves the plan of one campaign")
    screen = screen_among(options)
    settings = Settings.read(os.environ, live=not proof, **options)
    if style != "text" and against is None:
        raise click.UsageError("--format markdown needs --against")
    reviews = [(app.review(file, settings, variant_of(file)), file) for file in files]
    if output is not None:
        app.save(files[0], Path(output), settings, variant_of(files[0]))
    if against is not None:
        compared = [app.against(file, against, settings, variant_of(file)) for file in files]
        comparing.show_compared(compared, against, screen, style=style, saved=output)
    else:
        today = app.live_prices(reviews[0][0], settings) if live_prices else None
        retellings = [(reviewed, retold(file, variant_of(file))) for reviewed, file in reviews]
        planning.show_plans(retellings, screen, today=today, saved=output)
    if any(reviewed.over_by_usd for reviewed, _ in reviews):
        return 2
    return int(check and any(reviewed.standing.pending.jobs for reviewed, _ in reviews))


@click.command(cls=Command, short_help="Keep the images of changed cells")
@file_and_cells
@option(Section.MAIN, "--all", "every", is_flag=True, help="All changed cells of the selection.")
@option(Section.MAIN, "--undo", is_flag=True, help="Undo: the cells count as changed again.")
@live_only
@origin_option
@variant_options
@state_option
@screen_options
def keep(
    file: Path,
    cells: tuple[str, ...],
    every: bool,  # noqa: FBT001
    undo: bool,  # noqa: FBT001
    base_url: str | None,
    variant_of: VariantOf,
    state: str | None,
    **screen: Any,
) -> int:
    """Keep the existing images of changed cells. Nothing is sent or charged."""
    from seedpipe import app
    from seedpipe.cli.views import planning
    from seedpipe.settings import Settings

    if bool(cells) is every:
        raise click.UsageError("name the cells, or use --all")
    settings = Settings.read(os.environ, live=True, base_url=base_url, state=state)
    variant = variant_of(file)
    decided = app.keep(file, cells, settings, variant, undo=undo)
    planning.show_decided(decided, retold(file, variant), screen_of(**screen))
    return 0


@click.command(cls=Command, short_help="Show where a cell's values come from")
@file_and_subject("CELL|JOB|PATH")
@live_by_default
@origin_option
@variant_options
@state_option
@screen_options
def explain(
    file: Path,
    subject: str,
    world: str | None,
    base_url: str | None,
    variant_of: VariantOf,
    state: str | None,
    **screen: Any,
) -> int:
    """Show where every value of a cell comes from, and whether and why a run buys it."""
    from seedpipe import app
    from seedpipe.cli.views import explaining
    from seedpipe.settings import Settings

    settings = Settings.read(os.environ, live=world != "proof", base_url=base_url, state=state)
    variant = variant_of(file)
    explained = app.explain(file, subject, settings, variant)
    explaining.show_explained(explained, retold(file, variant), screen_of(**screen))
    return 0
