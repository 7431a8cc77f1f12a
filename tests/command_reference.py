"""The reference of commands, written from the commands themselves, so that it cannot go stale."""

from __future__ import annotations

from collections import defaultdict

import click

from seedpipe.cli.commands import COMMANDS
from seedpipe.cli.help import Section
from seedpipe.cli.main import seedpipe

SHARED = {
    Section.SELECTION: "Choose some of the campaign's cells. A selection is a plan of its own.",
    Section.CAMPAIGN: "Change the campaign for this command only.",
    Section.OUTPUT: "Every command that reports something has these.",
}


def command_reference():
    """Return the reference as Markdown: a list, a section per command, and the options that many share."""
    root = click.Context(seedpipe, info_name="seedpipe")
    parts, index, shared = [], [], {}
    for heading, commands in COMMANDS.items():
        index.append(f"| **{heading}** | |")
        for command in commands:
            context = click.Context(command, info_name=command.name, parent=root)
            index.append(f"| [`{command.name}`](#{command.name}) | {command.get_short_help_str(200)} |")
            parts += _sections(command, context, shared)
    parts.append("## Options that many commands share")
    for section, rows in shared.items():
        parts += [f"### {section.value}", SHARED[section], _table(rows)]
    return "\n\n".join(["\n".join(["| command | |", "|---|---|", *index]), *parts])


def _sections(command, context, shared):
    yield f"## {' '.join(context.command_path.split()[1:])}"
    if not isinstance(command, click.Group) or command.invoke_without_command:
        yield f"```text\n{' '.join([context.command_path, *command.collect_usage_pieces(context)])}\n```"
    yield _prose(command)
    yield from _options(command, context, shared)
    if isinstance(command, click.Group):
        for one in (one for one in command.commands.values() if not one.hidden):
            below = click.Context(one, info_name=one.name, parent=context)
            yield from _sections(one, below, shared)


def _prose(command):
    paragraphs = [" ".join(part.split()) for part in (command.help or "").replace("\b", "").split("\n\n")]
    if any((one.metavar or "").startswith("[FILE") for one in command.params):
        paragraphs.append("`FILE` defaults to `campaign.yaml` in the current folder.")
    return "\n\n".join(part for part in paragraphs if part)


def _options(command, context, shared):
    sections, links = defaultdict(list), []
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context) if isinstance(parameter, click.Option) else None
        if record and "--help" not in parameter.opts:
            sections[getattr(parameter, "section", Section.MAIN)].append(record)
    for section in Section:
        rows = sections[section]
        if rows and section in SHARED:
            common = shared.setdefault(section, rows)
            links.append(f"[{section.value.lower()}](#{section.value.lower().replace(' ', '-')})")
            rows = [row for row in rows if row not in common]
        if rows:
            yield _table(rows, section.value)
    if links:
        yield f"Also: {', '.join(links)}."


def _table(rows, heading="Options"):
    lines = [f"| {heading} | |", "|---|---|"]
    lines += [f"| `{_cell(names)}` | {_cell(text)} |" for names, text in rows]
    return "\n".join(lines)


def _cell(text):
    return " ".join(text.split()).replace("|", "\\|")
