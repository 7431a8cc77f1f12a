"""Views of the books: what was spent, and what an audit found.

Sums first, then what contradicts, then what to do. JSON documents carry a `format` number; money in them is
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
from seedpipe.cli.views.words import count
from seedpipe.core.audit import Kind
from seedpipe.core.model import SANDBOX_ORIGIN
from seedpipe.core.money import exact, usd
from seedpipe.core.safe_text import neutral
from seedpipe.settings import World

if TYPE_CHECKING:
    from seedpipe.accounts import AuditReport
    from seedpipe.cli.console import Screen
    from seedpipe.core.audit import BillsAudit, Discrepancy
    from seedpipe.core.spend import SpendLine, SpendReport
    from seedpipe.settings import Settings

_FORMAT: Final = 1
_MOST_SHOWN: Final = 50  # discrepancies in text; JSON has them all
_RUN_AGAIN: Final = "`seedpipe run` puts it back: from the kept images, or from the service while it has them"
_PUBLISH_AGAIN: Final = "`seedpipe publish FILE` makes it again, as long as its image is approved"
_ASK_SERVICE: Final = "`seedpipe show JOB` names the prediction: take it to the service's support"
_KEEP: Final = "keep the state folder as it is, do not run, and report it: the ledger contradicts itself"

ADVICE: Final[dict[Kind, str]] = {
    Kind.OBJECT_MISSING: _RUN_AGAIN,
    Kind.OBJECT_DAMAGED: "the disk changed an image: remove the damaged file from objects/ and run again",
    Kind.FILE_MISSING: _RUN_AGAIN,
    Kind.FILE_DAMAGED: "somebody or something changed it; `seedpipe run` puts the paid one back",
    Kind.PUBLISHED_MISSING: _PUBLISH_AGAIN,
    Kind.PUBLISHED_DAMAGED: _PUBLISH_AGAIN,
    Kind.ACCOUNT_OFF: _KEEP,
    Kind.HISTORY_BROKEN: _KEEP,
    Kind.RECORD_INCOMPLETE: _KEEP,
    Kind.UNBILLED: "nothing to pay; if the service bills late, look again tomorrow",
    Kind.BILLED_TWICE: _ASK_SERVICE,
    Kind.PRICE_DIFFERS: _ASK_SERVICE,
    Kind.NOT_REFUNDED: _ASK_SERVICE,
    Kind.BILLED_UNKNOWN: "see `seedpipe show JOB`: its request may have been accepted unheard",
}


def show_spend(report: SpendReport, settings: Settings, screen: Screen, *, as_csv: bool) -> None:
    """Show what was spent, the dearest first."""
    if as_csv:
        _write_csv(report)
    elif screen.as_json:
        print_json(spend_document(report, settings))
    elif not report.lines:
        screen.out.print(f"nothing was spent yet ({escape(_place(settings))})", soft_wrap=True)
    else:
        screen.out.print(f"{escape(_place(settings))}", soft_wrap=True)
        screen.out.print(_spend_table(report))


def show_audit(report: AuditReport, screen: Screen) -> None:
    """Show what was checked, the sums, and every contradiction with what to do about it."""
    if screen.as_json:
        print_json(audit_document(report))
        return
    console = screen.out
    proof = report.origin == SANDBOX_ORIGIN
    console.print(f"audit of {'the proofs' if proof else escape(report.origin)}", soft_wrap=True)
    console.print(
        f"{count(report.attempts, 'attempt')}, {count(report.objects, 'kept image')},"
        f" {count(report.files, 'published image')}"
        + (f", {count(report.published, 'file')} of `seedpipe publish`" if report.published else "")
        + (f", {count(report.bills.bills, 'bill')}" if report.bills else "")
    )
    if report.bills:
        _show_bills(report.bills, screen)
    for line in report.remarks:
        screen.err.print(f"[yellow]warning[/]: {escape(line)}", soft_wrap=True)
    if not report.discrepancies:
        console.print("[green]clean[/]: nothing contradicts anything")
        return
    console.print(f"[red]{len(report.discrepancies)} to look into[/]")
    for discrepancy in report.discrepancies[:_MOST_SHOWN]:
        console.print(_discrepancy(discrepancy), soft_wrap=True)
    if (more := len(report.discrepancies) - _MOST_SHOWN) > 0:
        console.print(f"  … and {more} more; --json has them all")
    if not screen.quiet:
        for kind in dict.fromkeys(found.kind for found in report.discrepancies):
            screen.err.print(f"[dim]{kind}: {escape(ADVICE[kind])}[/]", soft_wrap=True)


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
        screen.out.print(f"{usd(bills.moderated_usd)} for refused content was not given back")
    if bills.waiting:
        screen.out.print(f"{bills.waiting} too young to judge: look again in three hours")
    if bills.others:
        screen.out.print(f"{count(bills.others, 'task')} on this account not of this ledger")


def _discrepancy(found: Discrepancy) -> str:
    job = f"  {found.job_id[:12]}" if found.job_id else ""
    return f"  [red]{found.kind}[/]  {escape(found.subject)}{job}  {escape(found.message)}"


def _spend_table(report: SpendReport) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_footer=True, pad_edge=False)
    total = report.total
    table.add_column(escape(report.by), footer="total")
    table.add_column("requests", footer=str(total.attempts), justify="right")
    table.add_column("images", footer=str(total.images), justify="right")
    table.add_column("spent", footer=usd(total.spent_usd), justify="right")
    table.add_column("in doubt", footer=usd(total.reserved_usd), justify="right")
    for line in report.lines:
        table.add_row(
            escape(line.key),
            str(line.attempts),
            str(line.images),
            usd(line.spent_usd),
            usd(line.reserved_usd) if line.reserved_usd else "",
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
    return "proofs, nothing was paid" if settings.world is World.PROOF else f"live, {settings.origin}"
