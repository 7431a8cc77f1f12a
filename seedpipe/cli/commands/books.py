"""Commands about the books: what was spent, and whether images, ledger and bills agree."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from seedpipe.cli.help import Command, Section, option
from seedpipe.cli.options import (
    last_run_by_default,
    live_by_default,
    origin_option,
    out_option,
    screen_of,
    screen_options,
    state_option,
)


@click.command(cls=Command, short_help="Show what was spent")
@option(
    Section.MAIN,
    "--by",
    default="campaign",
    show_default=True,
    metavar="WHAT",
    help="campaign, brand, month, series, model, or the name of an axis, like market.",
)
@live_by_default
@option(Section.OUTPUT, "--csv", "as_csv", is_flag=True, help="Print a table for a spreadsheet on stdout.")
@origin_option
@state_option
@screen_options
def spend(
    by: str,
    as_csv: bool,  # noqa: FBT001
    world: str | None,
    base_url: str | None,
    state: str | None,
    **screen: Any,
) -> int:
    """Show what was spent, by campaign, brand, month or an axis."""
    from seedpipe import app
    from seedpipe.cli.views.books import show_spend
    from seedpipe.settings import Settings

    settings = Settings.read(os.environ, live=world != "proof", base_url=base_url, state=state)
    show_spend(app.spend(Path.cwd(), settings, by=by), settings, screen_of(**screen), as_csv=as_csv)
    return 0


@click.command(cls=Command, short_help="Verify images, ledger and bills")
@last_run_by_default
@option(Section.SERVICE, "--no-bills", is_flag=True, help="Do not ask the service for its bills.")
@origin_option
@out_option
@state_option
@screen_options
def audit(
    world: str | None,
    no_bills: bool,  # noqa: FBT001
    base_url: str | None,
    out: str | None,
    state: str | None,
    **screen: Any,
) -> int:
    """Verify every image against its hash, every job against the ledger, every bill against the plan."""
    from seedpipe import app
    from seedpipe.cli.views.books import show_audit
    from seedpipe.settings import Settings, World

    settings = Settings.read(os.environ, live=world != "proof", base_url=base_url, state=state, out=out)
    chosen = World(world) if world else None
    report = app.audit(Path.cwd(), settings, world=chosen, with_bills=not no_bills)
    show_audit(report, screen_of(**screen))
    return 1 if report.discrepancies else 0
