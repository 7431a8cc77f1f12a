"""Warnings that the text of a campaign gives rise to, before any cell: names that nothing uses, look-alikes.

Absent on purpose: what needs cells (see `seedpipe.core.lint`), and which rules speak (`LintSettings`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from seedpipe.core.campaign.model import LintSettings
from seedpipe.core.campaign.reading import Reading, map_at, scalars
from seedpipe.core.campaign.yaml import Mapping, Node, Scalar, Sequence
from seedpipe.core.diagnostics import Diagnostic, Severity, did_you_mean
from seedpipe.core.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from seedpipe.core.campaign.model import Series

_LOOK_ALIKE: Final = re.compile(r"(?:y|n|yes|no|on|off)|\d{1,2}(?::\d{2})+|0\d+", re.IGNORECASE)


def read_lint(reading: Reading, root: Mapping) -> LintSettings:
    """Return which rules speak; a name that is no rule, or one that cannot be silenced, is a fault."""
    node = map_at(root, "lint")
    for key, wanted in node.entries:
        for named in scalars(wanted):
            _judge(reading, key.raw, named)
    ignore, enable = (frozenset(one.raw for one in scalars(node.get(key))) for key in ("ignore", "enable"))
    return LintSettings(ignore=ignore, enable=enable)


def habits(reading: Reading, root: Mapping, series: Iterable[Series]) -> Iterator[Diagnostic]:
    """Yield the warnings about a campaign's text."""
    for part, what in (("variables", "variable"), ("derive", "derived text")):
        for key, _ in map_at(root, part).entries:
            if key.raw not in reading.mentioned:
                hint = f"use it in a template, {{{{ {key.raw} }}}}, or remove it"
                yield _warning("unused-variable", f"nothing uses the {what} '{key.raw}'", key, hint)
    over = {axis.name for one in series for axis in one.over}
    for key, _ in map_at(root, "matrix").entries:
        if key.raw not in over:
            hint = "add it to the 'over' of a series, or remove it"
            yield _warning("unused-axis", f"no series uses the axis '{key.raw}'", key, hint)
    yield from _look_alikes(root)


def _judge(reading: Reading, list_name: str, named: Scalar) -> None:
    rule = RULES.get(named.raw)
    if rule is None:
        hint = did_you_mean(named.raw, RULES) or "docs/rules lists them"
        reading.report("unknown-rule", f"there is no rule '{named.raw}'", named.span, hint)
    elif list_name == "ignore" and not rule.ignorable:
        message = f"the rule '{rule.name}' guards money or files and cannot be ignored"
        reading.report("unknown-rule", message, named.span, "remove it, and fix what the rule reports")


def _look_alikes(node: Node) -> Iterator[Diagnostic]:
    match node:
        case Mapping():
            for _, value in node.entries:
                yield from _look_alikes(value)
        case Sequence():
            for item in node.items:
                yield from _look_alikes(item)
        case Scalar(style="", raw=raw, value=str()) if _LOOK_ALIKE.fullmatch(raw):
            hint = f"put it in quotes: '{raw}'"
            yield _warning(
                "yaml-look-alike",
                f"{raw} is text here, but other YAML readers take it for something else",
                node,
                hint,
            )
        case _:
            pass


def _warning(rule: str, message: str, at: Scalar, hint: str) -> Diagnostic:
    return Diagnostic(rule=rule, message=message, span=at.span, severity=Severity.WARNING, hint=hint)
