"""The options that change a campaign or choose a part of it: a profile, variables, a selection of cells.

Hides how they are spelt. A command that has them is handed `variant_of`, which says for a campaign file what
was asked for.
"""

from __future__ import annotations

import os
import shlex
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from seedpipe.cli.help import Section, option, together

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from seedpipe.core.model import PlanHeader
    from seedpipe.core.variant import Variant

    VariantOf: TypeAlias = Callable[[Path], Variant]

_NUMBER = click.IntRange(min=1)
_OPTIONS = together(
    option(
        Section.SELECTION,
        "--select",
        multiple=True,
        metavar="AXIS=KEY,KEY",
        help="Only these cells, also series=NAME. Repeated: all must match.",
    ),
    option(
        Section.SELECTION,
        "--exclude",
        multiple=True,
        metavar="AXIS=KEY,KEY",
        help="Not these cells. Repeated: all must match.",
    ),
    option(Section.SELECTION, "--canary", metavar="AXIS", help="One cell for each key of this axis."),
    option(
        Section.SELECTION,
        "--sample",
        type=_NUMBER,
        show_default=False,
        metavar="N",
        help="N cells that cover every axis value.",
    ),
    option(Section.SELECTION, "--limit", type=_NUMBER, metavar="N", help="Only the first N cells."),
    option(Section.CAMPAIGN, "--profile", metavar="NAME", help="Apply this profile of the campaign."),
    option(
        Section.CAMPAIGN, "--var", "variables", multiple=True, metavar="NAME=VALUE", help="Set a variable."
    ),
    option(
        Section.CAMPAIGN,
        "--var-file",
        "variable_files",
        multiple=True,
        metavar="FILE",
        help="Set variables from a YAML file.",
    ),
)
_NAMES = ("limit", "sample", "canary", "exclude", "select", "variable_files", "variables", "profile")


def variant_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command these options; it receives them as `variant_of`."""

    @wraps(command)
    def with_variant(**options: Any) -> Any:
        asked = {name: options.pop(name) for name in _NAMES}
        return command(variant_of=partial(_variant, **asked), **options)

    return _OPTIONS(with_variant)


def retold(file: Path, variant: Variant) -> str:
    """Return a campaign file with its options as somebody would type them again."""
    words = [str(file)]
    words += ["--profile", variant.profile] if variant.profile else []
    words += [word for name, value in variant.variables.items() for word in ("--var", f"{name}={value}")]
    files = [os.path.normpath(file.parent / path) for path in variant.variable_files]
    words += [word for path in files for word in ("--var-file", path)]
    words += [word for text in variant.select for word in ("--select", text)]
    words += [word for text in variant.exclude for word in ("--exclude", text)]
    words += ["--limit", str(variant.limit)] if variant.limit else []
    words += ["--sample", str(variant.sample)] if variant.sample else []
    words += ["--canary", variant.canary] if variant.canary else []
    return shlex.join(words)


def with_places(command: str, options: Mapping[str, Any], *names: str) -> str:
    """Return a command with those of these options that it was given, as it must be typed again."""
    given = [name for name in names if options.get(name)]
    flags = [f"--{name.replace('_', '-')}" for name in given]
    words = [
        [flag] if options[name] is True else [flag, str(options[name])]
        for flag, name in zip(flags, given, strict=True)
    ]
    return " ".join([command, *map(shlex.join, words)])


def retold_of(header: PlanHeader) -> str:
    """Return the campaign of a run, with its options, as somebody would type it again here."""
    from seedpipe.core.variant import Variant
    from seedpipe.sources import project_root

    if not header.file:
        return "FILE"
    file = os.path.relpath(project_root(Path.cwd()) / header.file)
    return retold(Path(file), Variant.of(header.variant))


def _variant(
    file: Path, *, variables: tuple[str, ...], variable_files: tuple[str, ...], **asked: Any
) -> Variant:
    from seedpipe.core.variant import Variant, assignments

    beside = [Path(os.path.relpath(path, file.parent)).as_posix() for path in variable_files]
    return Variant(variables=assignments(variables), variable_files=tuple(beside), **asked)
