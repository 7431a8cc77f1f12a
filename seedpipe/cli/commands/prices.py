"""Commands about models and prices: which there are, what they cost, which sizes fit, the balance."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from seedpipe.cli.help import Command, Group, Section, option
from seedpipe.cli.options import live_only, origin_option, screen_of, screen_options


class _Models(Group):
    """A group that takes the name of a model for `show MODEL`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        return super().resolve_command(ctx, args if args[0] in self.commands else ["show", *args])


@click.group(cls=_Models, invoke_without_command=True, short_help="List models and prices")
@screen_options
@click.pass_context
def models(context: click.Context, /, **screen: Any) -> int:
    """List the models with prices and inputs, including those of the project's models/*.yaml.

    `seedpipe models MODEL` shows one.
    """
    if context.invoked_subcommand:
        return 0
    from seedpipe import app
    from seedpipe.cli.views import prices

    prices.show_models(app.models(Path.cwd()), screen_of(**screen))
    return 0


def _known_models(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    from seedpipe import app

    return [name for name in app.models(Path.cwd()).models if name.startswith(incomplete)]


@models.command(cls=Command, short_help="Show one model")
@click.argument("model", shell_complete=_known_models)
@screen_options
def show(model: str, **screen: Any) -> int:
    """Show one model: price, inputs, sizes."""
    from seedpipe import app
    from seedpipe.cli.views import prices

    prices.show_models(app.models(Path.cwd()), screen_of(**screen), model)
    return 0


@models.command(cls=Command, short_help="Update models/*.yaml from the service")
@click.argument("names", nargs=-1, metavar="[MODEL]...", shell_complete=_known_models)
@option(Section.MAIN, "--check", is_flag=True, help="Write nothing; exit 1 when something differs.")
@live_only
@origin_option
@screen_options
def sync(names: tuple[str, ...], check: bool, base_url: str | None, **screen: Any) -> int:  # noqa: FBT001
    """Compare inputs and prices with the service; write models/*.yaml where they differ.

    Without MODEL: all that ship with seedpipe and all of the project. With MODEL: these, also new ones.
    """
    from seedpipe import app
    from seedpipe.cli.views import prices
    from seedpipe.settings import Settings

    settings = Settings.read(os.environ, live=True, base_url=base_url)
    synced = app.sync_models(Path.cwd(), settings, names, write=not check)
    prices.show_sync(synced, settings, screen_of(**screen), written=not check)
    differs = check and any(line.changes for line in synced)
    return 1 if differs or any(line.fault for line in synced) else 0


@click.command(cls=Command, short_help="List recommended sizes")
@click.argument("model", required=False, shell_complete=_known_models)
@screen_options
def sizes(model: str | None, **screen: Any) -> int:
    """List the recommended sizes that a model accepts, with their ratios."""
    from seedpipe import app
    from seedpipe.cli.views import prices

    prices.show_sizes(app.models(Path.cwd()), model, screen_of(**screen))
    return 0


@click.command(cls=Command, short_help="Show the account balance")
@live_only
@origin_option
@screen_options
def balance(base_url: str | None, **screen: Any) -> int:
    """Show the account balance. Nothing is charged."""
    from seedpipe import app
    from seedpipe.cli.views import prices
    from seedpipe.settings import Settings

    settings = Settings.read(os.environ, live=True, base_url=base_url)
    prices.show_balance(app.balance(settings), settings, screen_of(**screen))
    return 0
