"""The plan: jobs and money before anything is sent, as text and as a document.

Sums first, lists on request. Money in documents is text, exact to the last digit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich import box
from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from seedpipe.cli.console import print_json
from seedpipe.cli.views.prices import live_prices_document, show_live_prices
from seedpipe.cli.views.words import FORMAT, _phase_line, badge, count, phase_total, say_next, totals_text
from seedpipe.core.money import exact, usd
from seedpipe.settings import World

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from decimal import Decimal

    from seedpipe.app import Decided, PlanReview
    from seedpipe.app.planning import CellChange
    from seedpipe.cli.console import Screen
    from seedpipe.core.lifecycle import Phase
    from seedpipe.core.quotes import AccountReview
    from seedpipe.core.records import PhaseTotal
    from seedpipe.core.totals import PlanTotals, Share

_MOST_CHANGES: Final = 5  # changed cells told one by one; -v tells more
_UNTOLD: Final = "the lock does not tell what was asked"
_MODEL: Final = "another model or take"
_MOST_KEYS: Final = 8  # keys of an axis shown in the overview: the dearest


def show_plan(reviewed: PlanReview, file: str, screen: Screen, *, today: AccountReview | None = None) -> None:
    """Show a plan: jobs and money by series and by axis, what is new and done, the budget, today's prices."""
    if screen.as_json:
        document = plan_document(reviewed)
        print_json(document | {"live_prices": live_prices_document(today)} if today else document)
        return
    console = screen.out
    console.print(headline(reviewed))
    console.print(_series_table(reviewed))
    console.print(_axes(reviewed.totals))
    console.print(_standing_lines(reviewed))
    if screen.verbose:
        for planned in reviewed.cells():
            shared = "" if planned.opens_job else "  (shares a job)"
            size = planned.job.request.get("size", "")
            line = f"  {planned.cell.address}  {planned.job.job_id[:12]}  {size}  {usd(planned.job.cost_usd)}"
            console.print(escape(line + shared), soft_wrap=True)
    if today:
        show_live_prices(reviewed, today, screen)
    if not screen.quiet:
        screen.err.print("\nNothing was sent or charged.")
    say_next(
        screen,
        f"seedpipe run {file}            free proofs in the sandbox",
        f"seedpipe run {file} --live     the real thing",
    )


def show_opening(reviewed: PlanReview, screen: Screen) -> None:
    """Say before a run which world it is in, what it will do and what that costs."""
    if screen.quiet:
        return
    console = screen.err
    console.print(headline(reviewed))
    console.print(escape(_work(reviewed)), soft_wrap=True)


def _work(reviewed: PlanReview) -> str:
    new, again, cost_usd = reviewed.standing.new, reviewed.again, reviewed.to_buy.cost_usd
    parts = [f"{new.jobs} of {count(reviewed.totals.all.jobs, 'job')} new"] if new.jobs else []
    parts += [f"{count(again.jobs, 'job')} to be bought again"] if again.jobs else []
    price = f"free in the sandbox, {usd(cost_usd)} live" if _is_proof(reviewed) else usd(cost_usd)
    work = f"{', '.join(parts)}: {price}" if parts else "nothing new to submit"
    missing = reviewed.standing.missing
    return f"{work}; {count(missing.jobs, 'job')} paid and not here, to be fetched" if missing.jobs else work


def show_account(said: AccountReview, screen: Screen) -> None:
    """Say on stderr what the account said before the run, if it is worth knowing."""
    for line in said.remarks:
        screen.err.print(f"[yellow]warning[/]: {escape(line)}", soft_wrap=True)


def show_decided(decided: Decided, screen: Screen) -> None:
    """Say which cells keep their pictures by decision, or no longer do."""
    if screen.as_json:
        print_json({"format": FORMAT, "undone": decided.undone, "cells": list(decided.cells)})
        return
    words = "count as changed again" if decided.undone else "keep the pictures they have"
    screen.out.print(f"{count(len(decided.cells), 'cell')} {words}; nothing was sent or charged")
    for address in decided.cells[:_MOST_CHANGES] if not screen.verbose else decided.cells:
        screen.out.print(f"  {escape(address)}", soft_wrap=True)


def plan_document(reviewed: PlanReview) -> dict[str, Any]:
    """Return `seedpipe plan --json`: totals, price lines, series, axes, standing, budget."""
    header, totals, standing = reviewed.header, reviewed.totals, reviewed.standing
    budget, month = header.budget, header.budget.brand_usd_per_month
    return {
        "format": FORMAT,
        "world": reviewed.world.value,
        "origin": reviewed.origin,
        "campaign": header.campaign,
        "brand": header.brand,
        "plan_id": header.plan_id,
        "catalogue_as_of": reviewed.catalogue_as_of,
        "total": _share(totals.all),
        "prices": [
            {
                "series": line.series,
                "model": line.model,
                "unit_usd": exact(line.unit_usd),
                "images": line.images,
                "jobs": line.jobs,
                "cost_usd": exact(line.cost_usd),
            }
            for line in totals.prices
        ],
        "series": {
            name: {
                **_share(share),
                "sizes": list(standing.sizes.get(name, ())),
                "phases": _tally(standing.by_series[name]),
            }
            for name, share in totals.by_series.items()
        },
        "axes": {
            axis: {key: _share(share) for key, share in shares.items()}
            for axis, shares in totals.by_axis.items()
        },
        "phases": _tally(standing.tally),
        "new": phase_total(standing.new),
        "missing": phase_total(standing.missing),
        "changed": {
            **phase_total(standing.kept.changed),
            "cells": standing.kept.changed_cells,
            "paid_usd": exact(standing.kept.paid_usd),
        },
        "kept": {**phase_total(standing.kept.decided), "cells": standing.kept.decided_cells},
        "changes": [_change_document(change) for change in reviewed.changes],
        "budget": {
            "usd": exact(budget.usd) if budget.usd is not None else None,
            "per_job_usd": exact(budget.per_job_usd) if budget.per_job_usd is not None else None,
            "max_jobs": budget.max_jobs,
            "committed_usd": exact(reviewed.committed_usd),
            "over_usd": exact(reviewed.over_budget_by_usd),
            "brand_usd_per_month": exact(month) if month is not None else None,
            "brand_committed_usd": exact(reviewed.month_committed_usd),
            "brand_over_usd": exact(reviewed.over_month_by_usd),
        },
    }


def _change_document(change: CellChange) -> dict[str, Any]:
    values = change.values
    return {
        "cell": change.cell.address,
        "job_id": change.cell.job.job_id,
        "kept_job_id": change.cell.former.job_id,
        "paid_usd": exact(change.cell.former.paid_usd),
        "decided": change.cell.former.decided,
        "values": None
        if values is None
        else [{"name": value.name, "before": value.before, "after": value.after} for value in values],
    }


def headline(reviewed: PlanReview) -> Text:
    """Return the first line: the world, the campaign, its brand and its service."""
    brand = f" · {reviewed.header.brand}" if reviewed.header.brand else ""
    where = "embedded sandbox, nothing is paid" if _is_proof(reviewed) else reviewed.origin
    line = Text.from_markup(badge(reviewed.world.value))
    return line.append(f" {reviewed.header.campaign}", style="bold").append(f"{brand} · {where}")


def _series_table(reviewed: PlanReview) -> Table:
    totals = reviewed.totals
    table = Table(box=box.SIMPLE_HEAD, show_footer=True, pad_edge=False)
    whole = totals.all
    table.add_column("series", footer=f"{count(whole.cells, 'cell')}", no_wrap=True)
    table.add_column("model")
    table.add_column("size")
    table.add_column("jobs", footer=str(whole.jobs), justify="right")
    table.add_column("unit × images", footer=f"{whole.images} images", justify="right", no_wrap=True)
    table.add_column("cost", footer=f"[bold]{usd(whole.cost_usd)}[/]", justify="right")
    named: set[str] = set()
    for line in totals.prices:
        first = line.series not in named
        named.add(line.series)
        table.add_row(
            escape(line.series) if first else "",
            escape(line.model),
            ", ".join(reviewed.standing.sizes.get(line.series, ())) if first else "",
            str(line.jobs),
            f"{usd(line.unit_usd)} × {line.images}",
            usd(line.cost_usd),
        )
    return table


def _axes(totals: PlanTotals) -> Table:
    table = Table.grid(padding=(0, 2))
    for axis, shares in totals.by_axis.items():
        dearest = sorted(shares.items(), key=lambda item: -item[1].cost_usd)
        words = " · ".join(f"{key} {usd(share.cost_usd)}" for key, share in dearest[:_MOST_KEYS])
        more = f" · … {len(dearest) - _MOST_KEYS} more" if len(dearest) > _MOST_KEYS else ""
        table.add_row(f"[dim]{escape(axis)}[/]", f"×{len(shares)}", escape(words + more))
    return table


def _standing_lines(reviewed: PlanReview) -> Group:
    lines = [Text("")]
    for phase, total in reviewed.standing.tally.items():
        lines.append(_phase_line(phase, total))
    if (missing := reviewed.standing.missing).jobs:
        words = f"{totals_text(missing)}: paid, not here; a run fetches them while the service has them"
        lines.append(Text.from_markup(f"[yellow]missing[/] {words}"))
    lines += _kept_lines(reviewed)
    caps, over, month_over = reviewed.header.budget, reviewed.over_budget_by_usd, reviewed.over_month_by_usd
    if caps.usd is not None:
        lines.append(_budget_line("for the campaign's life", caps.usd, reviewed.committed_usd, over))
    if caps.brand_usd_per_month is not None:
        month = f"for the month of {reviewed.header.brand}"
        committed = reviewed.month_committed_usd
        lines.append(_budget_line(month, caps.brand_usd_per_month, committed, month_over))
    lines.append(Text.from_markup(f"[dim]prices of {reviewed.catalogue_as_of}[/]"))
    return Group(*lines)


def _kept_lines(reviewed: PlanReview) -> Iterator[Text]:
    """Yield what keeps its picture: how much was paid for it, what has changed, what buying it would cost."""
    kept = reviewed.standing.kept
    if kept.changed_cells:
        again = f"--redo changed buys {count(kept.changed.jobs, 'job')} for {usd(kept.changed.cost_usd)}"
        words = f"{count(kept.changed_cells, 'cell')} · paid {usd(kept.paid_usd)} · kept; {again}"
        yield Text.from_markup(f"[yellow]changed[/] {words}")
    changes = [change for change in reviewed.changes if not change.cell.former.decided]
    for change in changes[:_MOST_CHANGES]:
        said = [value.text for value in change.values] if change.values is not None else [_UNTOLD]
        yield Text(f"  {change.cell.address}  {'; '.join(said) or _MODEL}", style="dim")
    if len(changes) > _MOST_CHANGES:
        yield Text(f"  … and {kept.changed_cells - _MOST_CHANGES} more; -v lists them", style="dim")
    if kept.decided_cells:
        yield Text.from_markup(f"[green]kept[/] {count(kept.decided_cells, 'cell')} by decision")


def _budget_line(what: str, cap: Decimal, committed: Decimal, over: Decimal) -> Text:
    verdict = f"[red]over by {usd(over)}[/]" if over else "[green]fits[/]"
    spent = f", {usd(committed)} of it reserved and spent" if committed else ""
    return Text.from_markup(f"budget {usd(cap)} {escape(what)}{spent}: {verdict}")


def _share(share: Share) -> dict[str, Any]:
    return {
        "cells": share.cells,
        "jobs": share.jobs,
        "images": share.images,
        "cost_usd": exact(share.cost_usd),
    }


def _tally(tally: Mapping[Phase, PhaseTotal]) -> dict[str, Any]:
    return {phase.value: phase_total(total) for phase, total in tally.items()}


def _is_proof(reviewed: PlanReview) -> bool:
    return reviewed.world is World.PROOF
