"""Commands for the place and its service: the doctor, and the sandbox by itself."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from seedpipe.cli.help import Command, Group, Section, option
from seedpipe.cli.options import (
    budget_option,
    origin_option,
    screen_of,
    screen_options,
    state_option,
    yes_option,
)


@click.command(cls=Command, short_help="Check key, service, disk and ledger")
@option(
    Section.MAIN, "--live", is_flag=True, help="Buy one image at the lowest price to test the service; asks."
)
@option(Section.MAIN, "--proof", is_flag=True, help="Check the sandbox of the proofs instead of the service.")
@yes_option
@budget_option
@origin_option
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
    """Check what a live run needs: key, service, balance, clock, disk, lock, ledger, versions."""
    from seedpipe import app
    from seedpipe.cli.consent import ask_for_probe
    from seedpipe.cli.views.care import show_check_up
    from seedpipe.core.checkup import LIST, about_list, all_well
    from seedpipe.core.probed import traits_of
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
        lines = [line for line in lines if line.name != LIST]
        lines += about_list(traits_of(learned.document()))
    show_check_up(lines, screen_of(**screen), learned)
    return 0 if all_well(lines) and (learned is None or learned.state == "completed") else 1


@click.group(cls=Group, short_help="Run the sandbox as a server")
def sandbox() -> None:
    """Run the embedded sandbox as a server of its own."""


@sandbox.command(cls=Command, short_help="Serve the API on this machine")
@option(
    Section.MAIN,
    "--port",
    type=click.IntRange(0, 65535),
    default=8787,
    show_default=True,
    help="0 takes a free one.",
)
@option(
    Section.MAIN,
    "--switch",
    "switches",
    multiple=True,
    metavar="NAME=VALUE",
    help="How the service behaves; see docs/sandbox.md.",
)
@state_option
def serve(port: int, switches: tuple[str, ...], state: str | None) -> int:
    """Serve the sandbox on this machine for any client of the API; any non-empty bearer token is accepted."""
    from seedpipe import app

    def ready(base_url: str) -> None:
        click.echo(base_url)
        click.echo("sandbox: nothing here is paid. Ctrl-C ends it.", err=True)

    folder = Path(state) if state else None
    app.serve_sandbox(Path.cwd(), port=port, state=folder, switches=switches, ready=ready)
    return 0
