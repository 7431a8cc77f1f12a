"""Which reports of a run were written, and the lines that a CI shows on its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.markup import escape

from seedpipe.cli.console import print_json
from seedpipe.cli.views.words import FORMAT, badge, near, say_next

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seedpipe.app import Reported
    from seedpipe.cli.console import Screen


def show_reported(reported: Reported, campaign: str, screen: Screen) -> None:
    """Show which files were written, and where."""
    if screen.as_json:
        print_json(
            {
                "format": FORMAT,
                "campaign": reported.manifest.header.campaign,
                "world": reported.manifest.world,
                "run_id": reported.manifest.run.start.run_id,
                "out": str(reported.out),
                "files": list(reported.names),
            }
        )
        return
    if not screen.quiet:
        screen.err.print(f"{badge(reported.manifest.world)} {escape(reported.manifest.header.campaign)}")
    screen.out.print(f"written to {escape(near(reported.out))}: {', '.join(reported.names)}", soft_wrap=True)
    screen.out.print(f"gallery  {escape(near(reported.gallery))}", soft_wrap=True)
    world = f"--{reported.manifest.world}"
    say_next(screen, (f"seedpipe review {campaign} {world}", "shows what is approved, rejected and open"))


def annotate(lines: Iterable[str]) -> None:
    """Print workflow commands on stderr, where they spoil no document; their text is harmless already.

    They are the one output that must act on a CI, so they go past the screen that would keep them from it.
    """
    for line in lines:
        click.echo(line, err=True)
