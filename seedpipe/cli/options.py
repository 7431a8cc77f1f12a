"""The options that commands share, each spelt once.

Hides their spelling. Options that lay something over a campaign are in `variants`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from seedpipe.cli.console import Screen

_Command = TypeVar("_Command", bound="Callable[..., Any]")


def screen_options(command: _Command) -> _Command:
    """Give a command the options of its screen; it hands them to `screen_of`."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout."),
        click.option("-q", "--quiet", is_flag=True, help="Results and errors only."),
        click.option("-v", "--verbose", is_flag=True, help="Lists as well as sums."),
        click.option(
            "--color",
            type=click.Choice(["auto", "always", "never"]),
            default="auto",
            help="Colours (NO_COLOR is honoured).",
        ),
    ):
        command = option(command)
    return command


def state_option(command: _Command) -> _Command:
    """Give a command `--state`."""
    return click.option(
        "--state",
        metavar="DIR",
        help="Ledgers and images by content. Default: .seedpipe in the project root.",
    )(command)


def last_run_options(command: _Command) -> _Command:
    """Give a command the options that choose a last run; it hands them to `last_run_of`."""
    for option in (
        click.option("--live", "world", flag_value="live", default=None, help="The last live run."),
        click.option("--proof", "world", flag_value="proof", help="The last proof."),
        click.option("--campaign", metavar="NAME", help="The last run of this campaign."),
    ):
        command = option(command)
    return command


def settle_option(command: _Command) -> _Command:
    """Give a command `--settle-s`."""
    return click.option(
        "--settle-s",
        "settle",
        metavar="SECONDS",
        help="How long the service's list may run behind before a request counts as absent. Default: 180.",
    )(command)


def level_option(command: _Command) -> _Command:
    """Give a command `--level`."""
    return click.option(
        "--level",
        metavar="LEVEL",
        help="The account's level: bronze, silver, gold or ultra. Default: SEEDPIPE_LEVEL.",
    )(command)


FILE = click.argument("file", type=click.Path(path_type=Path))


def screen_of(*, as_json: bool, quiet: bool, verbose: bool, color: str) -> Screen:
    """Return the screen that these options ask for."""
    from seedpipe.cli.console import Screen

    return Screen(as_json=as_json, quiet=quiet, verbose=verbose, color=color)


def screen_among(options: dict[str, Any]) -> Screen:
    """Return the screen that a command's options ask for, and take those that say so out of them."""
    return screen_of(**{name: options.pop(name) for name in ("as_json", "quiet", "verbose", "color")})


def last_run_of(world: str | None, campaign: str | None, state: str | None) -> dict[str, Any]:
    """Return which last run these options choose, as the use cases take it."""
    from seedpipe.settings import World

    return {
        "world": World(world) if world else None,
        "campaign": campaign,
        "state": Path(state) if state else None,
    }
