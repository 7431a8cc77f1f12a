"""Commands about models and prices: which there are, what they cost, which sizes fit, what is left."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from seedpipe.cli.options import screen_of, screen_options

_ORIGIN = click.option(
    "--base-url", metavar="ORIGIN", help="Another live service: https, or http on this machine."
)


@click.group(invoke_without_command=True)
@screen_options
@click.pass_context
def models(context: click.Context, /, **screen: Any) -> int:
    """List the models: price, inputs, sizes; those of the project's models/*.yaml too."""
    if context.invoked_subcommand:
        return 0
    from seedpipe import app
    from seedpipe.cli.views import prices

    prices.show_models(app.models(Path.cwd()), screen_of(**screen))
    return 0


def _known_models(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    from seedpipe import app

    return [name for name in app.models(Path.cwd()).models if name.startswith(incomplete)]


@models.command()
@click.argument("names", nargs=-1, metavar="[MODEL]...", shell_complete=_known_models)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when something differs.")
@_ORIGIN
@screen_options
def sync(names: tuple[str, ...], check: bool, base_url: str | None, **screen: Any) -> int:  # noqa: FBT001
    """Hold inputs and prices against the service's; write models/*.yaml where they differ.

    Without MODEL: all that ship and all of the project. With it: these, new ones too.
    """
    from seedpipe import app
    from seedpipe.cli.views import prices
    from seedpipe.settings import Settings

    settings = Settings.read(os.environ, live=True, base_url=base_url)
    synced = app.sync_models(Path.cwd(), settings, names, write=not check)
    prices.show_sync(synced, settings, screen_of(**screen), written=not check)
    differs = check and any(line.changes for line in synced)
    return 1 if differs or any(line.fault for line in synced) else 0


@click.command()
@click.argument("model", required=False, shell_complete=_known_models)
@screen_options
def sizes(model: str | None, **screen: Any) -> int:
    """List the recommended sizes that a model accepts, by ratio."""
    from seedpipe import app
    from seedpipe.cli.views import prices

    prices.show_sizes(app.models(Path.cwd()), model, screen_of(**screen))
    return 0


@click.command()
@_ORIGIN
@screen_options
def balance(base_url: str | None, **screen: Any) -> int:
    """Show what is left on the account. Nothing is charged."""
    from seedpipe import app
    from seedpipe.cli.views import prices
    from seedpipe.settings import Settings

    settings = Settings.read(os.environ, live=True, base_url=base_url)
    prices.show_balance(app.balance(settings), settings, screen_of(**screen))
    return 0
