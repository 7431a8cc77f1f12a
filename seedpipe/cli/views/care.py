"""The view of `seedpipe doctor`: one line per check, and what to do where it fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.markup import escape

from seedpipe.cli.console import print_json
from seedpipe.cli.views.words import say_next
from seedpipe.core.checkup import Health, all_well

if TYPE_CHECKING:
    from seedpipe.cli.console import Screen
    from seedpipe.core.checkup import CheckLine
    from seedpipe.core.model import Json
    from seedpipe.doctor.probe import Learned

_FORMAT: Final = 1
_STYLES: Final = {Health.OK: "green", Health.WARN: "yellow", Health.FAIL: "red"}
_NAME_WIDTH: Final = 12


def show_check_up(lines: list[CheckLine], screen: Screen, learned: Learned | None = None) -> None:
    """Show what was looked at, and what a probe has shown."""
    if screen.as_json:
        shown: list[Json] = [
            {"name": line.name, "health": line.health.value, "says": line.says, "do": line.do}
            for line in lines
        ]
        print_json(
            {
                "format": _FORMAT,
                "well": all_well(lines),
                "checks": shown,
                "learned": learned.document() if learned else None,
            }
        )
        return
    for line in lines:
        if screen.quiet and line.health is Health.OK:
            continue
        word = f"[{_STYLES[line.health]}]{line.health.value:<4}[/]"
        screen.out.print(f"{word}  {line.name:<{_NAME_WIDTH}}  {escape(line.says)}", soft_wrap=True)
        if line.do:
            screen.out.print(f"      {'':<{_NAME_WIDTH}}  {escape(line.do)}", soft_wrap=True)
    if learned:
        for name, value in learned.document().items():
            if name != "format":
                shown_value = "unknown" if value is None else str(value)
                screen.out.print(f"probe  {name:<{_NAME_WIDTH + 1}} {escape(shown_value)}", soft_wrap=True)
    if all_well(lines):
        say_next(screen, ("seedpipe plan", "shows jobs and costs before a run"))
