"""The options that lay something over a campaign: a profile, variables, a part of its cells.

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

if TYPE_CHECKING:
    from collections.abc import Callable

    from seedpipe.core.variant import Variant

    VariantOf: TypeAlias = Callable[[Path], Variant]

_OPTIONS = (
    click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the first N cells."),
    click.option(
        "--sample", type=click.IntRange(min=1), metavar="N", help="N cells that show every axis value."
    ),
    click.option("--canary", metavar="AXIS", help="One cell of each key of this axis."),
    click.option(
        "--exclude", multiple=True, metavar="AXIS=KEY,KEY", help="Not these cells; repeated, all must hold."
    ),
    click.option("--select", multiple=True, metavar="AXIS=KEY,KEY", help="Only these; series=NAME too."),
    click.option("--var-file", "variable_files", multiple=True, metavar="FILE", help="Variables from YAML."),
    click.option("--var", "variables", multiple=True, metavar="NAME=VALUE", help="Set a variable."),
    click.option("--profile", metavar="NAME", help="Lay this profile of the campaign over it."),
)
_NAMES = ("limit", "sample", "canary", "exclude", "select", "variable_files", "variables", "profile")


def variant_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command these options; it receives them as `variant_of`."""

    @wraps(command)
    def with_variant(**options: Any) -> Any:
        asked = {name: options.pop(name) for name in _NAMES}
        return command(variant_of=partial(_variant, **asked), **options)

    decorated: Callable[..., Any] = with_variant
    for option in _OPTIONS:
        decorated = option(decorated)
    return decorated


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


def _variant(
    file: Path, *, variables: tuple[str, ...], variable_files: tuple[str, ...], **asked: Any
) -> Variant:
    from seedpipe.core.variant import Variant, assignments

    beside = [Path(os.path.relpath(path, file.parent)).as_posix() for path in variable_files]
    return Variant(variables=assignments(variables), variable_files=tuple(beside), **asked)
