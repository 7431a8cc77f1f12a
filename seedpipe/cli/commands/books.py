"""Commands of the books: what was spent, and whether it is true."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from seedpipe.cli.options import (
    screen_of,
    screen_options,
    state_option,
)


@click.command()
@click.option(
    "--by",
    default="campaign",
    show_default=True,
    metavar="WHAT",
    help="campaign, brand, month, series, model, or the name of an axis, like market.",
)
@click.option("--csv", "as_csv", is_flag=True, help="A table for a spreadsheet on stdout.")
@click.option("--proof", is_flag=True, help="Of the proofs instead of the live service.")
@click.option("--base-url", metavar="ORIGIN", help="Of another live service.")
@state_option
@screen_options
def spend(
    by: str,
    as_csv: bool,  # noqa: FBT001
    proof: bool,  # noqa: FBT001
    base_url: str | None,
    state: str | None,
    **screen: Any,
) -> int:
    """Show what was spent, by campaign, brand, month or an axis."""
    from seedpipe import app
    from seedpipe.cli.views.books import show_spend
    from seedpipe.settings import Settings

    settings = Settings.read(os.environ, live=not proof, base_url=base_url, state=state)
    show_spend(app.spend(Path.cwd(), settings, by=by), settings, screen_of(**screen), as_csv=as_csv)
    return 0


@click.command()
@click.option("--live", "world", flag_value="live", default=None, help="The live runs.")
@click.option("--proof", "world", flag_value="proof", help="The proofs.")
@click.option("--no-bills", is_flag=True, help="Do not ask the service for its bills.")
@click.option("--base-url", metavar="ORIGIN", help="The live service that the ledger belongs to.")
@click.option("--out", metavar="DIR", help="Where the images are. Default: out/<campaign>.")
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
    """Check every image against its hash, every job against the ledger, every bill against the plan."""
    from seedpipe import app
    from seedpipe.cli.views.books import show_audit
    from seedpipe.settings import Settings, World

    settings = Settings.read(os.environ, live=world != "proof", base_url=base_url, state=state, out=out)
    chosen = World(world) if world else None
    report = app.audit(Path.cwd(), settings, world=chosen, with_bills=not no_bills)
    show_audit(report, screen_of(**screen))
    return 1 if report.discrepancies else 0
