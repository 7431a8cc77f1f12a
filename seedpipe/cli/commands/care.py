"""Commands for the place and its service: the doctor, and the sandbox by itself."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from seedpipe.cli.options import (
    screen_of,
    screen_options,
    state_option,
)


@click.command()
@click.option("--proof", is_flag=True, help="Look at the proofs' place instead of the live service's.")
@click.option(
    "--live", is_flag=True, help="Buy one cheapest image to see how the service answers; asks first."
)
@click.option("--yes", "assume_yes", is_flag=True, help="Do not ask; needs --budget.")
@click.option("--budget", metavar="USD", help="What --live may cost at most.")
@click.option("--base-url", metavar="ORIGIN", help="Another live service: https, or http on this machine.")
@state_option
@screen_options
def doctor(
    proof: bool,  # noqa: FBT001
    live: bool,  # noqa: FBT001
    assume_yes: bool,  # noqa: FBT001
    budget: str | None,
    base_url: str | None,
    state: str | None,
    **screen: Any,
) -> int:
    """Say what is wrong here: key, service, balance, clock, disk, lock, ledger, versions."""
    from seedpipe import app
    from seedpipe.cli.consent import ask_for_probe
    from seedpipe.cli.views.care import show_check_up
    from seedpipe.core.checkup import all_well
    from seedpipe.settings import Settings

    if live and proof:
        raise click.UsageError("--live and --proof exclude each other")
    settings = Settings.read(
        os.environ,
        live=not proof,
        base_url=base_url,
        state=state,
        budget=budget,
        assume_yes=assume_yes,
        interactive=sys.stdin.isatty() and sys.stderr.isatty() and not os.environ.get("CI"),
    )
    lines = app.doctor(Path.cwd(), settings)
    learned = None
    if live and all_well(lines):
        learned = app.probe(Path.cwd(), settings, consent=lambda usd: ask_for_probe(usd, settings))
    show_check_up(lines, screen_of(**screen), learned)
    return 0 if all_well(lines) and (learned is None or learned.state == "completed") else 1


@click.group()
def sandbox() -> None:
    """Run the embedded sandbox on its own."""


@sandbox.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8787, show_default=True, help="0 takes a free one."
)
@click.option(
    "--switch",
    "switches",
    multiple=True,
    metavar="NAME=VALUE",
    help="How the service behaves; see docs/sandbox.md.",
)
@state_option
def serve(port: int, switches: tuple[str, ...], state: str | None) -> int:
    """Serve the sandbox on loopback for any client of the API; any non-empty bearer token is accepted."""
    from seedpipe import app

    def ready(base_url: str) -> None:
        click.echo(base_url)
        click.echo("sandbox: nothing here is paid. Ctrl-C ends it.", err=True)

    folder = Path(state) if state else None
    app.serve_sandbox(Path.cwd(), port=port, state=folder, switches=switches, ready=ready)
    return 0
