"""Commands that begin a project and help its editor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from seedpipe.cli.help import Command
from seedpipe.cli.options import screen_of, screen_options


@click.command(cls=Command, short_help="Create a starter project")
@click.argument("folder", required=False, default=".", type=click.Path(path_type=Path), metavar="[DIR]")
@screen_options
def init(folder: Path, **screen: Any) -> int:
    """Create a project that runs as it is: campaign, brand, data, CI workflow. Overwrites nothing."""
    from seedpipe import app
    from seedpipe.cli.views.starting import show_started

    show_started(folder, app.start_project(folder), screen_of(**screen))
    return 0


def _schema_names(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    from seedpipe import schemas

    return [name for name in schemas.names() if name.startswith(incomplete)]


@click.command(cls=Command, short_help="Print a JSON Schema")
@click.argument("name", required=False, shell_complete=_schema_names)
@screen_options
def schema(name: str | None, **screen: Any) -> int:
    """Print a JSON Schema, for editors and programs; without NAME, list them."""
    from seedpipe.cli.views.starting import show_schema

    show_schema(name, screen_of(**screen))
    return 0
