"""The command that rebuilds a run's reports."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from seedpipe.cli.help import Command, Section, option
from seedpipe.cli.options import (
    last_run_of,
    last_run_options,
    out_option,
    screen_of,
    screen_options,
    state_option,
)
from seedpipe.cli.variants import retold_of


@click.command(cls=Command, short_help="Rebuild gallery, summary and JUnit")
@last_run_options
@option(
    Section.OUTPUT,
    "--embed-full",
    is_flag=True,
    help="Embed the full-size images in the gallery, to send it as one file.",
)
@out_option
@state_option
@screen_options
def report(
    embed_full: bool,  # noqa: FBT001
    out: str | None,
    world: str | None,
    campaign: str | None,
    state: str | None,
    **screen: Any,
) -> int:
    """Rebuild the reports of the last run: gallery, summary, JUnit, run.json, jobs.jsonl."""
    from seedpipe import app
    from seedpipe.cli.views import reporting
    from seedpipe.settings import Surroundings

    reported = app.report(
        Path.cwd(),
        Surroundings.read(os.environ),
        out=Path(out) if out else None,
        embed_full=embed_full,
        **last_run_of(world, campaign, state),
    )
    reporting.show_reported(reported, retold_of(reported.manifest.header), screen_of(**screen))
    reporting.annotate(reported.annotations)
    return 0
