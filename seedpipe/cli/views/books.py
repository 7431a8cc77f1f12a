"""Views of the books: what was spent, and what an audit found.

Sums first, then each discrepancy, then what to do. JSON documents carry a `format` number; money in them is
text, exact to the last digit.
"""

from __future__ import annotations

import csv
import sys
from typing import TYPE_CHECKING, Any, Final

from rich import box
from rich.markup import escape
from rich.table import Table

from seedpipe.cli.console import print_json
from seedpipe.cli.views.words import count, say_next
from seedpipe.core.audit import Kind
from seedpipe.core.model import SANDBOX_ORIGIN
from seedpipe.core.money import exact, usd
from seedpipe.core.safe_text import neutral
from seedpipe.settings import World

if TYPE_CHECKING:
    from seedpipe.accounts import AuditReport
    from seedpipe.cli.console import Screen
    from seedpipe.cli.views.words import Step
    from seedpipe.core.audit import BillsAudit, Discrepancy
    from seedpipe.core.spend import SpendLine, SpendReport
    from seedpipe.settings import Settings

_FORMAT: Final = 1
_MOST_SHOWN: Final = 50  # discrepancies in text; JSON has them all
_RUN_AGAIN: Final = "`seedpipe run` restores it, from the kept images or, while it has them, from the service"
_ASK_SERVICE: Final = "`seedpipe show JOB` gives the prediction id: contact the service's support"
_KEEP: Final = "the ledger contradicts itself: keep the state folder as it is, do not run, and report a bug"
_PUBLISH_AGAIN: Final = "`seedpipe publish FILE` writes it again, as long as its image is approved"

ADVICE: Final[dict[Kind, str]] = {
    Kind.OBJECT_MISSING: _RUN_AGAIN,
    Kind.OBJECT_DAMAGED: "an image was damaged on disk: remove the file from objects/ and run again",
    Kind.FILE_MISSING: _RUN_AGAIN,
    Kind.FILE_DAMAGED: "the file was changed; `seedpipe run` restores the paid image",
    Kind.PUBLISHED_MISSING: _PUBLISH_AGAIN,
    Kind.PUBLISHED_DAMAGED: _PUBLISH_AGAIN,
    Kind.ACCOUNT_OFF: _KEEP,
    Kind.HISTORY_BROKEN: _KEEP,
    Kind.RECORD_INCOMPLETE: _KEEP,
    Kind.UNBILLED: "not billed so far; the service may bill late: audit again tomorrow",
    Kind.BILLED_TWICE: _ASK_SERVICE,
    Kind.PRICE_DIFFERS: _ASK_SERVICE,
    Kind.NOT_REFUNDED: _ASK_SERVICE,
    Kind.BILLED_UNKNOWN: "`seedpipe show JOB`: the request may have been accepted although no answer came",
}


def show_spend(report: SpendReport, settings: Settings, screen: Screen, *, as_csv: bool) -> None:
    """Show what was spent, the dearest first."""
    if as_csv:
        _write_csv(report)
    elif screen.as_json:
        print_json(spend_document(report, settings))
    else:
        screen.out.print(escape(_place(settings)), soft_wrap=True)
        screen.out.print(_spend_table(report, settings) if report.lines else "nothing was spent yet")
        say_next(screen, _after_spend(report, settings))


def show_audit(report: AuditReport, screen: Screen) -> None:
    """Show what was checked, the sums, and every discrepancy with what to do about it."""
    if screen.as_json:
        print_json(audit_document(report))
        return
    console = screen.out
    proof = report.origin == SANDBOX_ORIGIN
    console.print(f"audit of {'the proofs' if proof else escape(report.origin)}", soft_wrap=True)
    sums = [count(report.attempts, "attempt"), count(report.objects, "kept image")]
    sums += [count(report.files, "published image")]
    sums += [f"{count(report.published, 'file')} of `seedpipe publish`"] if report.published else []
    sums += [count(report.bills.bills, "bill")] if report.bills else []
    console.print(", ".join(sums))
    if report.bills:
        _show_bills(report.bills, screen)
    for line in report.remarks:
        screen.err.print(f"[yellow]warning[/]: {escape(line)}", soft_wrap=True)
    if not report.discrepancies:
        console.print("[green]no discrepancies[/]")
        say_next(screen, ("seedpipe spend --proof" if proof else "seedpipe spend", "shows what was spent"))
        return
    console.print(f"[red]{_discrepancies(len(report.discrepancies))}[/]")
    for discrepancy in report.discrepancies[:_MOST_SHOWN]:
        console.print(_discrepancy(discrepancy), soft_wrap=True)
    if (more := len(report.discrepancies) - _MOST_SHOWN) > 0:
        console.print(f"  … and {more} more; --json has them all")
    if not screen.quiet:
        for kind in dict.fromkeys(found.kind for found in report.discrepancies):
            screen.err.print(f"[dim]{_spoken(kind)}: {escape(ADVICE[kind])}[/]", soft_wrap=True)


def spend_document(report: SpendReport, settings: Settings) -> dict[str, Any]:
    """Return `seedpipe spend --json`."""
    return {
        "format": _FORMAT,
        "world": settings.world.value,
        "origin": settings.origin,
        "by": report.by,
        "lines": [{"key": line.key, **_sums(line)} for line in report.lines],
        "total": _sums(report.total),
    }


def audit_document(report: AuditReport) -> dict[str, Any]:
    """Return `seedpipe audit --json`."""
    bills = report.bills
    return {
        "format": _FORMAT,
        "origin": report.origin,
        "clean": not report.discrepancies,
        "checked": {
            "attempts": report.attempts,
            "objects": report.objects,
            "files": report.files,
            "published": report.published,
        },
        "bills": None
        if bills is None
        else {
            "bills": bills.bills,
            "planned_usd": exact(bills.planned_usd),
            "billed_usd": exact(bills.billed_usd),
            "moderated_usd": exact(bills.moderated_usd),
            "waiting": bills.waiting,
            "tasks_of_others": bills.others,
        },
        "discrepancies": [
            {
                "kind": found.kind.value,
                "subject": found.subject,
                "job_id": found.job_id,
                "message": found.message,
                "advice": ADVICE[found.kind],
            }
            for found in report.discrepancies
        ],
        "remarks": list(report.remarks),
    }


def _show_bills(bills: BillsAudit, screen: Screen) -> None:
    screen.out.print(f"planned {usd(bills.planned_usd)}, billed {usd(bills.billed_usd)}")
    if bills.moderated_usd:
        screen.out.print(f"{usd(bills.moderated_usd)} for refused content was not refunded")
    if bills.waiting:
        screen.out.print(f"{bills.waiting} too recent to check: audit again in three hours")
    if bills.others:
        screen.out.print(f"{count(bills.others, 'task')} on this account not in this ledger")


def _discrepancy(found: Discrepancy) -> str:
    job = f"  {found.job_id[:12]}" if found.job_id else ""
    return f"  [red]{_spoken(found.kind)}[/]  {escape(found.subject)}{job}  {escape(found.message)}"


def _discrepancies(number: int) -> str:
    return "1 discrepancy" if number == 1 else f"{number:,} discrepancies"


def _spoken(kind: Kind) -> str:
    return kind.replace("_", " ")


def _after_spend(report: SpendReport, settings: Settings) -> Step:
    if settings.world is World.PROOF:
        return ("seedpipe spend", "shows what live runs have cost")
    if not report.lines:
        return ("seedpipe spend --proof", "shows what the proofs would have cost live")
    return ("seedpipe audit", "compares it with the service's bills")


def _spend_table(report: SpendReport, settings: Settings) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_footer=True, pad_edge=False)
    total = report.total
    table.add_column(escape(report.by), footer="total")
    table.add_column("requests", footer=str(total.attempts), justify="right")
    table.add_column("images", footer=str(total.images), justify="right")
    spent = "live cost" if settings.world is World.PROOF else "spent"
    table.add_column(spent, footer=usd(total.spent_usd), justify="right")
    if total.reserved_usd:
        table.add_column("in doubt", footer=usd(total.reserved_usd), justify="right")
    for line in report.lines:
        table.add_row(
            escape(line.key),
            str(line.attempts),
            str(line.images),
            usd(line.spent_usd),
            *([usd(line.reserved_usd) if line.reserved_usd else ""] if total.reserved_usd else []),
        )
    return table


def _write_csv(report: SpendReport) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([report.by, "requests", "images", "spent_usd", "reserved_usd"])
    for line in report.lines:
        writer.writerow(
            [_as_text(line.key), line.attempts, line.images, exact(line.spent_usd), exact(line.reserved_usd)]
        )


def _as_text(key: str) -> str:
    """Return a key that no terminal acts on and no spreadsheet takes for a formula."""
    harmless = neutral(key)
    return f"'{harmless}" if harmless.startswith(("=", "+", "-", "@")) else harmless


def _sums(line: SpendLine) -> dict[str, Any]:
    return {
        "requests": line.attempts,
        "images": line.images,
        "spent_usd": exact(line.spent_usd),
        "reserved_usd": exact(line.reserved_usd),
    }


def _place(settings: Settings) -> str:
    return (
        "PROOF · nothing was paid; amounts are what a live run would cost"
        if settings.world is World.PROOF
        else f"LIVE · {settings.origin}"
    )
