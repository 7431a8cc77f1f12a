"""Pages about a new project and the schemas."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape

from seedpipe import schemas
from seedpipe.cli.console import print_json
from seedpipe.cli.views.words import FORMAT, say_next
from seedpipe.core.diagnostics import did_you_mean
from seedpipe.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seedpipe.cli.console import Screen


def show_started(folder: Path, written: Sequence[str], screen: Screen) -> None:
    """Show what was written, and how to go on."""
    if screen.as_json:
        print_json({"format": FORMAT, "folder": str(folder), "written": list(written)})
        return
    for path in written:
        screen.out.print(escape(str(folder / path)), soft_wrap=True)
    enter = [] if folder == Path() else [(f"cd {shlex.quote(str(folder))}", "")]
    plan = ("seedpipe plan campaign.yaml", "shows jobs and costs")
    say_next(screen, *enter, plan, ("seedpipe run campaign.yaml", "free proofs in the sandbox"))


def show_schema(name: str | None, screen: Screen) -> None:
    """Print a schema as it stands, or the names of all with what they describe."""
    names = schemas.names()
    if name is None and screen.as_json:
        print_json({"format": FORMAT, "schemas": list(names)})
    elif name is None:
        width = max(map(len, names))
        for known in names:
            about = schemas.load(known).get("description", "")
            screen.out.print(escape(f"{known:<{width}}  {about}"), soft_wrap=True)
        say_next(
            screen, ("seedpipe schema campaign > schemas/campaign.schema.json", "saves it for your editor")
        )
    elif name in names:
        print(schemas.text(name), end="")
    else:
        hint = did_you_mean(name, names) or f"the schemas are {', '.join(names)}"
        raise InputError(f"unknown schema '{name}'", hint=hint)
