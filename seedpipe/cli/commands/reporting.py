"""The command that writes a run's reports anew."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from seedpipe.cli.options import last_run_of, last_run_options, screen_of, screen_options, state_option


@click.command()
@click.option(
    "--embed-full", is_flag=True, help="Put the whole images into the gallery, to send it as one file."
)
@click.option("--out", metavar="DIR", help="The folder of the run's images, when --out named another one.")
@last_run_options
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
    """Write the reports of the last run anew: gallery, summary, JUnit, run.json, jobs.jsonl."""
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
    reporting.show_reported(reported, screen_of(**screen))
    reporting.annotate(reported.annotations)
    return 0
