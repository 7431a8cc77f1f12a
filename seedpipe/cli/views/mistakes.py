"""What is wrong: every diagnostic with its place, and what to do next.

For people as text with code frames, for programs as JSON or SARIF, for GitHub as annotations of a workflow.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from rich.markup import escape
from rich.text import Text

from seedpipe import __version__
from seedpipe.cli.console import HarmlessConsole, print_json
from seedpipe.cli.views.words import FORMAT, count, say_next, share
from seedpipe.core.diagnostics import Diagnostic, render
from seedpipe.core.errors import InputError, SeedpipeError
from seedpipe.core.money import usd
from seedpipe.core.rules import RULES
from seedpipe.core.safe_text import neutral

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from rich.console import Console

    from seedpipe.app import Valid
    from seedpipe.cli.console import Screen

_MOST_FINDINGS: Final = 50  # errors printed in full; more would scroll the first ones away
_SARIF_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """What checking one file found: what it asks for, or why it cannot be run."""

    file: str
    valid: Valid | None = None
    error: InputError | None = None

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """Everything that was found; an error without a place of its own is one about the file."""
        if self.valid:
            return list(self.valid.warnings)
        if self.error and not self.error.diagnostics:
            return [Diagnostic(rule="no-such-file", message=str(self.error), hint=self.error.hint)]
        return list(self.error.diagnostics) if self.error else []


def show_error(error: SeedpipeError) -> None:
    """Print an error on stderr: every diagnostic with its place, then what to do next."""
    console = HarmlessConsole(stderr=True, highlight=False, emoji=False)
    if isinstance(error, InputError) and error.diagnostics:
        _print_diagnostics(error.diagnostics, console)
        console.print(f"[red]{count(len(error.diagnostics), 'error')}[/]; nothing was sent or charged")
        return
    console.print(f"[red]error[/]: {escape(str(error))}", soft_wrap=True)
    if error.hint:
        console.print(f"  hint: {escape(error.hint)}", soft_wrap=True)


def show_validation(findings: Sequence[Validation], screen: Screen, form: str = "text") -> None:
    """Show what was found in each file, in one of the forms of `FORMS`."""
    FORMS["json" if screen.as_json else form](findings, screen)


def _as_text(findings: Sequence[Validation], screen: Screen) -> None:
    for finding in findings:
        file = escape(finding.file)
        if finding.error:
            _print_diagnostics(finding.error.diagnostics, screen.err)
            mistakes = len(finding.error.diagnostics)
            words = count(mistakes, "error") if mistakes else escape(str(finding.error))
            screen.out.print(f"{file}: [red]{words}[/]", soft_wrap=True)
        elif finding.valid:
            whole, warnings = finding.valid.totals.all, finding.valid.warnings
            _print_diagnostics(warnings, screen.err)
            words = f"{count(whole.cells, 'cell')}, {count(whole.jobs, 'job')}, {usd(whole.cost_usd)}"
            doubts = f", [yellow]{count(len(warnings), 'warning')}[/]" if warnings else ""
            screen.out.print(f"{file}: [green]valid[/], {words}{doubts}", soft_wrap=True)
    if all(finding.valid for finding in findings):
        say_next(
            screen,
            (f"seedpipe plan {shlex.join(finding.file for finding in findings)}", "shows jobs and costs"),
        )


def _as_json(findings: Sequence[Validation], _: Screen) -> None:
    print_json({"format": FORMAT, "files": [_validation_document(finding) for finding in findings]})


def _as_github(findings: Sequence[Validation], _: Screen) -> None:
    """Print workflow commands; what the user's files say in them can be none."""
    for finding in findings:
        for one in finding.diagnostics:
            where = f"file={_property(one.span.source.path if one.span else finding.file)}"
            if one.span:
                where += f",line={one.span.line},col={one.span.column},endColumn={_end_column(one)}"
            words = _data("\n".join(_words(one)))
            print(f"::{one.severity.value} {where},title={_property(one.rule)}::{words}")


def _as_sarif(findings: Sequence[Validation], _: Screen) -> None:
    found = [(finding, one) for finding in findings for one in finding.diagnostics]
    rules = sorted({one.rule for _, one in found})
    driver = {"name": "seedpipe", "version": __version__, "rules": [_sarif_rule(rule) for rule in rules]}
    results = [_sarif_result(finding, one) for finding, one in found]
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    print_json({"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]})


FORMS: Final[Mapping[str, Callable[[Sequence[Validation], Screen], None]]] = {
    "text": _as_text,
    "json": _as_json,
    "github": _as_github,
    "sarif": _as_sarif,
}


def _sarif_rule(name: str) -> dict[str, Any]:
    return {
        "id": name,
        "shortDescription": {"text": RULES[name].about},
        "defaultConfiguration": {"level": RULES[name].severity.value},
    }


def _sarif_result(finding: Validation, one: Diagnostic) -> dict[str, Any]:
    place: dict[str, Any] = {
        "artifactLocation": {"uri": _uri(one.span.source.path if one.span else finding.file)}
    }
    if one.span:
        place["region"] = {
            "startLine": one.span.line,
            "startColumn": one.span.column,
            "endColumn": _end_column(one),
        }
    return {
        "ruleId": one.rule,
        "level": one.severity.value,
        "message": {"text": "\n".join(_words(one))},
        "locations": [{"physicalLocation": place}],
    }


def _words(one: Diagnostic) -> Iterator[str]:
    yield one.message
    yield from one.notes
    if one.hint:
        yield f"hint: {one.hint}"


def _end_column(one: Diagnostic) -> int:
    return one.span.column + one.span.width if one.span else 1


def _uri(path: str) -> str:
    return quote(path.replace("\\", "/"))


def _data(text: str) -> str:
    """Return text as the data of a workflow command."""
    return neutral(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Return text as a property of a workflow command."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _validation_document(finding: Validation) -> dict[str, Any]:
    error = finding.error
    diagnostics = error.diagnostics if error else finding.diagnostics
    return {
        "file": finding.file,
        "valid": error is None,
        "total": share(finding.valid.totals.all) if finding.valid else None,
        "message": str(error) if error else "",
        "diagnostics": [_diagnostic(diagnostic) for diagnostic in diagnostics],
    }


def _diagnostic(diagnostic: Diagnostic) -> dict[str, Any]:
    span = diagnostic.span
    return {
        "rule": diagnostic.rule,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "file": span.source.path if span else None,
        "line": span.line if span else None,
        "column": span.column if span else None,
        "hint": diagnostic.hint,
        "notes": list(diagnostic.notes),
    }


def _print_diagnostics(diagnostics: Sequence[Diagnostic], console: Console) -> None:
    for diagnostic in diagnostics[:_MOST_FINDINGS]:
        console.print(Text(render(diagnostic)), soft_wrap=True)
        console.print()
    if len(diagnostics) > _MOST_FINDINGS:
        console.print(f"… and {len(diagnostics) - _MOST_FINDINGS} more")
