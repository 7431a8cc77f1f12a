"""Commands that look at what runs have left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from seedpipe.cli.help import Command
from seedpipe.cli.options import (
    last_run_of,
    last_run_options,
    screen_of,
    screen_options,
    state_option,
)
from seedpipe.cli.variants import retold_of


@click.command(cls=Command, short_help="Show where the last run stands")
@last_run_options
@state_option
@screen_options
def status(world: str | None, campaign: str | None, state: str | None, **screen: Any) -> int:
    """Show where the last run of this project stands."""
    from seedpipe import app
    from seedpipe.cli.views import looking

    console = screen_of(**screen)
    reviewed = app.status(Path.cwd(), every=console.verbose, **last_run_of(world, campaign, state))
    looking.show_status(reviewed, retold_of(reviewed.manifest.header), console)
    return 0


@click.command(cls=Command, short_help="Show a cell's or job's history")
@click.argument("cell_or_job", metavar="CELL|JOB")
@last_run_options
@state_option
@screen_options
def show(cell_or_job: str, world: str | None, campaign: str | None, state: str | None, **screen: Any) -> int:
    """Show one cell or job of the last run: request, attempts, prediction, outputs, cost."""
    from seedpipe import app
    from seedpipe.cli.views import looking

    header, records = app.show(Path.cwd(), cell_or_job, **last_run_of(world, campaign, state))
    looking.show_jobs(records, retold_of(header), screen_of(**screen))
    return 0
