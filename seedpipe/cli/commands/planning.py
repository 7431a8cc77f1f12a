"""Commands before anything is sent: check a campaign, show its jobs and its money."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seedpipe.cli.options import (
    FILE,
    level_option,
    screen_among,
    screen_of,
    screen_options,
    state_option,
)
from seedpipe.cli.variants import retold, variant_options

if TYPE_CHECKING:
    from seedpipe.cli.variants import VariantOf


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    show_default=True,
    help="For people, programs, annotations of a GitHub workflow, or code scanning.",
)
@click.option("--strict", is_flag=True, help="Exit with 1 when there are warnings.")
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


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option("--proof", is_flag=True, help="Against the proofs instead of the live service.")
@click.option("--check", is_flag=True, help="Exit with 1 when a run would have work to do.")
@click.option(
    "--against", metavar="REF|PLAN", help="What has changed since a git commit, or since a saved plan."
)
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "markdown"]),
    default="text",
    help="Markdown for a comment, with --against.",
)
@click.option("-o", "--output", metavar="PLAN", help="Save the plan, to be carried out by `run PLAN`.")
@click.option("--live-prices", is_flag=True, help="Ask the service what each price is today; needs the key.")
@click.option("--base-url", metavar="ORIGIN", help="Another live service: https, or http on this machine.")
@click.option("-j", "--concurrency", type=int, default=None, help="Jobs in the air at a time.")
@level_option
@variant_options
@state_option
@screen_options
def plan(
    files: tuple[Path, ...],
    *,
    proof: bool,
    check: bool,
    against: str | None,
    style: str,
    output: str | None,
    live_prices: bool,
    variant_of: VariantOf,
    **options: Any,
) -> int:
    """Show the jobs and the money. Nothing is sent or charged."""
    from seedpipe import app
    from seedpipe.cli.views import comparing, planning
    from seedpipe.settings import Settings

    if live_prices and (proof or len(files) > 1):
        raise click.UsageError("--live-prices asks about one campaign, and not about proofs")
    if output is not None and len(files) > 1:
        raise click.UsageError("-o saves the plan of one campaign")
    screen = screen_among(options)
    settings = Settings.read(os.environ, live=not proof, **options)
    if style != "text" and against is None:
        raise click.UsageError("--format markdown needs --against")
    reviews = [(app.review(file, settings, variant_of(file)), file) for file in files]
    if output is not None:
        app.save(files[0], Path(output), variant_of(files[0]))
    if against is not None:
        compared = [app.against(file, against, variant_of(file)) for file in files]
        comparing.show_compared(compared, against, screen, style=style)
    else:
        today = app.live_prices(reviews[0][0], settings) if live_prices else None
        retellings = [(reviewed, retold(file, variant_of(file))) for reviewed, file in reviews]
        planning.show_plans(retellings, screen, today=today)
    if any(reviewed.over_by_usd for reviewed, _ in reviews):
        return 2
    return int(check and any(reviewed.standing.pending.jobs for reviewed, _ in reviews))


@click.command()
@FILE
@click.argument("cells", nargs=-1, metavar="CELL...")
@click.option("--all", "every", is_flag=True, help="Every cell that has changed, as far as --select goes.")
@click.option("--undo", is_flag=True, help="Take the decision back: the cells count as changed again.")
@click.option("--base-url", metavar="ORIGIN", help="Another live service: https, or http on this machine.")
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
    """Accept the pictures of changed cells as they are. Nothing is sent or charged."""
    from seedpipe import app
    from seedpipe.cli.views import planning
    from seedpipe.settings import Settings

    if bool(cells) is every:
        raise click.UsageError("name the cells, or say --all")
    settings = Settings.read(os.environ, live=True, base_url=base_url, state=state)
    planning.show_decided(app.keep(file, cells, settings, variant_of(file), undo=undo), screen_of(**screen))
    return 0


@click.command()
@FILE
@click.argument("what", metavar="CELL|JOB|PATH")
@click.option("--proof", is_flag=True, help="Against the proofs instead of the live service.")
@click.option("--base-url", metavar="ORIGIN", help="Another live service: https, or http on this machine.")
@variant_options
@state_option
@screen_options
def explain(
    file: Path,
    what: str,
    proof: bool,  # noqa: FBT001
    base_url: str | None,
    variant_of: VariantOf,
    state: str | None,
    **screen: Any,
) -> int:
    """Say where every value of a cell comes from, and why a run buys it or not."""
    from seedpipe import app
    from seedpipe.cli.views import explaining
    from seedpipe.settings import Settings

    settings = Settings.read(os.environ, live=not proof, base_url=base_url, state=state)
    explaining.show_explained(app.explain(file, what, settings, variant_of(file)), screen_of(**screen))
    return 0
