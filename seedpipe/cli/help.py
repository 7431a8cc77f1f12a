"""How help is laid out: options under headings, commands by the work they are for.

Hides click's formatter. Every option names its section; a command with options of one section only has no
headings but click's own.
"""

from __future__ import annotations

from collections import defaultdict
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

_WIDEST_NAME: Final = 27  # columns; the text of a longer name begins on the next line


class Section(StrEnum):
    """The headings of options, in the order in which they are shown."""

    MAIN = "Options"
    MONEY = "Money"
    SELECTION = "Selection"
    CAMPAIGN = "Campaign values"
    SERVICE = "Service"
    FILES = "Files"
    OUTPUT = "Output"


class Option(click.Option):
    """An option that knows its section."""

    def __init__(self, *arguments: Any, section: Section, **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.section = section

    def get_help_extra(self, ctx: click.Context) -> Any:
        """Return what follows the text; the range of a plain number is said when it is left."""
        extra = super().get_help_extra(ctx)
        extra.pop("range", None)
        return extra


def option(section: Section, *names: str, **attributes: Any) -> Decorator:
    """Return the decorator that gives a command an option."""
    return click.option(*names, cls=Option, section=section, **attributes)


def together(*options: Decorator) -> Decorator:
    """Return the decorator that gives a command several options, in this order."""

    def decorated(command: Callable[..., Any]) -> Callable[..., Any]:
        for one in reversed(options):
            command = one(command)
        return command

    return decorated


class Command(click.Command):
    """A command whose help has its options under headings."""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the command does, and which campaign it takes when none is named."""
        super().format_help_text(ctx, formatter)
        if any((one.metavar or "").startswith("[FILE") for one in self.params):
            formatter.write_paragraph()
            with formatter.indentation():
                formatter.write_text("FILE defaults to campaign.yaml in the current folder.")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, a section each."""
        _write_options(self, ctx, formatter)


class Group(click.Group):
    """A group whose help has its options under headings and its commands by the work they are for."""

    def __init__(self, *arguments: Any, **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self._headings: dict[str, Sequence[click.Command]] = {}

    def add_commands(self, by_heading: Mapping[str, Sequence[click.Command]]) -> None:
        """Add commands, a heading each kind."""
        for heading, commands in by_heading.items():
            self._headings[heading] = commands
            for command in commands:
                self.add_command(command)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, a section each, then the commands."""
        _write_options(self, ctx, formatter)
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, a heading each kind."""
        if not self._headings:
            super().format_commands(ctx, formatter)
            return
        widest = max(map(len, self.commands))
        for heading, commands in self._headings.items():
            rows = [(f"{one.name:<{widest}}", one.get_short_help_str(formatter.width)) for one in commands]
            with formatter.section(heading):
                formatter.write_dl(rows)


def _write_options(command: click.Command, ctx: click.Context, formatter: click.HelpFormatter) -> None:
    sections = defaultdict[Section, list[tuple[str, str]]](list)
    for parameter in command.get_params(ctx):
        if isinstance(parameter, click.Option) and (record := parameter.get_help_record(ctx)):
            sections[getattr(parameter, "section", Section.MAIN)].append(record)
    names = [len(name) for rows in sections.values() for name, _ in rows]
    widest = max(name for name in [0, *names] if name <= _WIDEST_NAME)
    for section in Section:
        if rows := sections.get(section):
            with formatter.section(section.value):
                formatter.write_dl([(f"{name:<{widest}}", text) for name, text in rows], _WIDEST_NAME + 2)
