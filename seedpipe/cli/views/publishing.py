"""What was published, and what was left out and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.markup import escape

from seedpipe.cli.console import print_json
from seedpipe.cli.views.words import FORMAT, badge, count, near, say_next
from seedpipe.core.publishing import LeftOut

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seedpipe.app import Published
    from seedpipe.cli.console import Screen
    from seedpipe.cli.views.words import Step

_MOST_TROUBLES: Final = 20


def show_published(published: Published, file: str, screen: Screen) -> None:
    """Show how many files there are now, and what is not among them."""
    left_out = {why: published.left_out[why] for why in LeftOut if published.left_out.get(why)}
    if screen.as_json:
        print_json(
            {
                "format": FORMAT,
                "folder": str(published.folder),
                "written": published.written,
                "unchanged": published.unchanged,
                "removed": published.removed,
                "left_out": {why.value: images for why, images in left_out.items()},
                "troubles": list(published.troubles),
            }
        )
        return
    if not screen.quiet:
        screen.err.print(badge("live"))
    parts = [count(published.written, "file") + " written", f"{published.unchanged:,} unchanged"]
    parts += [f"{published.removed:,} removed"] if published.removed else []
    screen.out.print(f"{', '.join(parts)}: {escape(near(published.folder))}", soft_wrap=True)
    if left_out:
        words = ", ".join(f"{images:,} {why}" for why, images in left_out.items())
        screen.out.print(f"[yellow]left out[/] {count(sum(left_out.values()), 'image')}: {words}")
    for trouble in published.troubles[:_MOST_TROUBLES]:
        screen.err.print(f"[red]not written[/] {escape(trouble)}", soft_wrap=True)
    if (more := len(published.troubles) - _MOST_TROUBLES) > 0:
        screen.err.print(f"… and {more} more")
    say_next(screen, *_next(left_out, file))


def _next(left_out: dict[LeftOut, int], file: str) -> Iterator[Step]:
    if any(why.is_unapproved for why in left_out):
        yield f"seedpipe review {file} --live", "shows what is rejected and open"
    if LeftOut.NOT_HERE in left_out:
        yield f"seedpipe run {file} --live", "fetches paid images that are not here"
    if not left_out:
        yield "seedpipe audit", "verifies published images against the approved ones"
