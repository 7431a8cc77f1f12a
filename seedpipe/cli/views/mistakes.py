"""What is wrong: every diagnostic with its place, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rich.markup import escape
from rich.text import Text

from seedpipe.cli.console import HarmlessConsole, print_json
from seedpipe.cli.views.planning import _share
from seedpipe.cli.views.words import FORMAT, count
from seedpipe.core.diagnostics import render
from seedpipe.core.errors import InputError, SeedpipeError
from seedpipe.core.money import usd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from seedpipe.cli.console import Screen
    from seedpipe.core.diagnostics import Diagnostic
    from seedpipe.core.totals import PlanTotals

_MOST_FINDINGS: Final = 50  # errors printed in full; more would scroll the first ones away


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """What checking one file found: its totals, or why it cannot be run."""

    file: str
    totals: PlanTotals | None = None
    error: InputError | None = None


def show_error(error: SeedpipeError) -> None:
    """Print an error on stderr: every diagnostic with its place, then what to do next."""
    console = HarmlessConsole(stderr=True, highlight=False, emoji=False)
    if isinstance(error, InputError) and error.diagnostics:
        _print_diagnostics(error.diagnostics, console)
        console.print(f"[red]{len(error.diagnostics)} to mend[/]; nothing was sent or charged")
        return
    console.print(f"[red]error[/]: {escape(str(error))}", soft_wrap=True)
    if error.hint:
        console.print(f"  hint: {escape(error.hint)}", soft_wrap=True)


def show_validation(findings: Sequence[Validation], screen: Screen) -> None:
    """Show what was found in each file."""
    if screen.as_json:
        print_json({"format": FORMAT, "files": [_validation_document(finding) for finding in findings]})
        return
    for finding in findings:
        if finding.error:
            _print_diagnostics(finding.error.diagnostics, screen.err)
            mistakes = len(finding.error.diagnostics)
            words = f"{mistakes} to mend" if mistakes else escape(str(finding.error))
            screen.out.print(f"{escape(finding.file)}: [red]{words}[/]", soft_wrap=True)
        elif finding.totals:
            whole = finding.totals.all
            words = f"{count(whole.cells, 'cell')}, {count(whole.jobs, 'job')}, {usd(whole.cost_usd)}"
            screen.out.print(f"{escape(finding.file)}: [green]valid[/], {words}", soft_wrap=True)


def _validation_document(finding: Validation) -> dict[str, Any]:
    error = finding.error
    return {
        "file": finding.file,
        "valid": error is None,
        "total": _share(finding.totals.all) if finding.totals else None,
        "message": str(error) if error else "",
        "diagnostics": [_diagnostic(diagnostic) for diagnostic in error.diagnostics] if error else [],
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
