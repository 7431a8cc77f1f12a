"""The plan: jobs and money before anything is sent, as text and as a document.

Sums first, lists on request. Money in documents is text, exact to the last digit.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any, Final

from rich.markup import escape

from seedpipe.cli.console import print_json
from seedpipe.cli.views.plan_page import headline, may_resend, print_page, print_sum
from seedpipe.cli.views.prices import live_prices_document, show_live_prices
from seedpipe.cli.views.words import (
    FORMAT,
    at_service,
    cost,
    count,
    phase_total,
    say_next,
    say_nothing_sent,
    share,
)
from seedpipe.core.manifest import add_up
from seedpipe.core.money import exact, usd
from seedpipe.settings import World

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from decimal import Decimal

    from seedpipe.app import Decided, PlanReview
    from seedpipe.app.planning import CellChange
    from seedpipe.cli.console import Screen
    from seedpipe.cli.views.words import Step
    from seedpipe.core.lifecycle import Phase
    from seedpipe.core.quotes import AccountReview
    from seedpipe.core.records import PhaseTotal
    from seedpipe.core.standing import Kept
    from seedpipe.core.totals import PriceLine

_MOST_CHANGES: Final = 5  # cells shown one by one; -v shows more


def show_plans(
    plans: Sequence[tuple[PlanReview, str]],
    screen: Screen,
    *,
    today: AccountReview | None = None,
    saved: str | None = None,
) -> None:
    """Show the plans of some campaigns, each with its file as it was named, and their sum.

    `saved` is the file that the plan was saved to.
    """
    if screen.as_json:
        first = plan_document(plans[0][0]) | ({"live_prices": live_prices_document(today)} if today else {})
        rest = [plan_document(reviewed) for reviewed, _ in plans[1:]]
        print_json({"format": FORMAT, "plans": [first, *rest]} if rest else first)
        return
    for reviewed, _ in plans:
        print_page(reviewed, screen)
        if today:
            show_live_prices(reviewed, today, screen)
    if len(plans) > 1:
        print_sum([reviewed for reviewed, _ in plans], screen)
    if screen.quiet:
        return
    for reviewed, file in plans:
        if reviewed.warnings:
            verb = "shows it" if reviewed.warnings == 1 else "shows them"
            words = f"{count(reviewed.warnings, 'warning')}: `seedpipe validate {file}` {verb}"
            screen.err.print(f"[yellow]{escape(words)}[/]", soft_wrap=True)
    say_nothing_sent(screen, saved)
    if len(plans) == 1:
        say_next(screen, *_next_steps(*plans[0], shlex.quote(saved) if saved else plans[0][1]))


def _next_steps(reviewed: PlanReview, file: str, runs: str) -> Iterator[Step]:
    """Yield what to do with a plan: `file` is its campaign, `runs` what a run is given."""
    standing = reviewed.standing
    live, keep = (
        at_service(f"seedpipe {words}", reviewed.origin) for words in (f"run {runs}", f"keep {file}")
    )
    if _is_proof(reviewed):
        if standing.pending.jobs:
            yield f"seedpipe run {runs}", "free proofs in the sandbox"
        else:
            yield f"seedpipe review {file} --proof", "shows what is approved, rejected and open"
        return
    if standing.new.jobs:
        yield f"seedpipe run {runs}", "free proofs in the sandbox"
        yield f"{live} --live", f"live run (paid): {usd(standing.new.cost_usd)}"
    elif standing.pending.jobs:
        yield f"{live} --live", "fetches what is paid for"
    if changed := standing.kept.changed.jobs:
        yield f"{keep} CELL", "keeps the images of a changed cell"
        bought = f"{count(changed, 'changed job')}: {usd(standing.kept.changed.cost_usd)}"
        yield f"{live} --live --redo changed", f"buys {bought}"
    if standing.rejected:
        rejected = add_up(standing.rejected.values())
        bought = f"{count(rejected.jobs, 'rejected job')} again: {usd(rejected.cost_usd)}"
        yield f"{live} --live --redo rejected", f"buys {bought}"
    if not standing.pending.jobs:
        yield f"seedpipe review {file} --live", "shows what is approved, rejected and open"


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
    parts += [f"{count(again.jobs, 'job')} to buy again"] if again.jobs else []
    price = cost(cost_usd, free=_is_proof(reviewed))
    work = f"{', '.join(parts)}: {price}" if parts else "nothing to submit"
    if doubts := may_resend(reviewed):
        work += f"; {doubts}"
    missing = reviewed.standing.missing.jobs + reviewed.standing.kept.to_fetch
    return f"{work}; {count(missing, 'paid job')} to fetch" if missing else work


def show_no_resend(reviewed: PlanReview, why: str, screen: Screen) -> None:
    """Say on stderr that requests in doubt are only looked up in this run."""
    jobs = count(reviewed.to_resend.jobs, "job")
    words = f"{jobs} in doubt: looked up, but not sent again: {why}"
    screen.err.print(f"[yellow]warning[/]: {escape(words)}", soft_wrap=True)


def show_account(said: AccountReview, screen: Screen) -> None:
    """Say on stderr what the account said before the run, if it is worth knowing."""
    for line in said.remarks:
        screen.err.print(f"[yellow]warning[/]: {escape(line)}", soft_wrap=True)


def show_decided(decided: Decided, file: str, screen: Screen) -> None:
    """Say which cells keep their images by decision, or no longer do."""
    if screen.as_json:
        print_json({"format": FORMAT, "undone": decided.undone, "cells": list(decided.cells)})
        return
    one = len(decided.cells) == 1
    kept, undone = (
        ("keeps its images", "counts as changed") if one else ("keep their images", "count as changed")
    )
    words = f"{undone} again" if decided.undone else kept
    screen.out.print(f"{count(len(decided.cells), 'cell')} {words}; nothing was sent or charged")
    for address in decided.cells[:_MOST_CHANGES] if not screen.verbose else decided.cells:
        screen.out.print(f"  {escape(address)}", soft_wrap=True)
    say_next(screen, (f"seedpipe plan {file}", "shows what is left to buy"))


def plan_document(reviewed: PlanReview) -> dict[str, Any]:
    """Return `seedpipe plan --json`: totals, price lines, series, axes, standing, budget."""
    header, totals, standing = reviewed.header, reviewed.totals, reviewed.standing
    return {
        "format": FORMAT,
        "world": reviewed.world.value,
        "origin": reviewed.origin,
        "campaign": header.campaign,
        "brand": header.brand,
        "plan_id": header.plan_id,
        "catalogue_as_of": reviewed.catalogue_as_of,
        "total": share(totals.all),
        "prices": [_price_document(line) for line in totals.prices],
        "series": {
            name: {
                **share(part),
                "sizes": list(standing.sizes.get(name, ())),
                "earlier_sizes": dict(standing.earlier_sizes.get(name, {})),
                "phases": _tally(standing.by_series.get(name, {})),
            }
            for name, part in totals.by_series.items()
        },
        "axes": {
            axis: {key: share(part) for key, part in parts.items()} for axis, parts in totals.by_axis.items()
        },
        "phases": _tally(standing.tally),
        "new": phase_total(standing.new),
        "to_buy": phase_total(reviewed.to_buy),
        "to_resend": phase_total(reviewed.to_resend),
        "pending": phase_total(standing.pending),
        "missing": phase_total(standing.missing),
        "rejected": phase_total(add_up(standing.rejected.values())),
        **_kept_document(standing.kept),
        "estimate": {
            "level": reviewed.level.name if reviewed.level else None,
            "seconds": None if reviewed.estimated_s is None else round(reviewed.estimated_s),
        },
        "changes": [_change_document(change) for change in reviewed.changes],
        "budget": _budget_document(reviewed),
    }


def _price_document(line: PriceLine) -> dict[str, Any]:
    return {
        "series": line.series,
        "model": line.model,
        "unit_usd": exact(line.unit_usd),
        "images": line.images,
        "jobs": line.jobs,
        "cost_usd": exact(line.cost_usd),
    }


def _kept_document(kept: Kept) -> dict[str, Any]:
    changed = {"cells": kept.changed_cells, "paid_usd": exact(kept.paid_usd)}
    return {
        "changed": {**phase_total(kept.changed), **changed},
        "kept": {**phase_total(kept.decided), "cells": kept.decided_cells},
        "kept_missing": {"to_fetch": kept.to_fetch, "lost": kept.lost},
    }


def _budget_document(reviewed: PlanReview) -> dict[str, Any]:
    caps = reviewed.header.budget
    return {
        "usd": _amount(caps.usd),
        "per_job_usd": _amount(caps.per_job_usd),
        "max_jobs": caps.max_jobs,
        "committed_usd": exact(reviewed.committed_usd),
        "over_usd": exact(reviewed.over_budget_by_usd),
        "brand_usd_per_month": _amount(caps.brand_usd_per_month),
        "brand_committed_usd": exact(reviewed.month_committed_usd),
        "brand_over_usd": exact(reviewed.over_month_by_usd),
    }


def _amount(amount: Decimal | None) -> str | None:
    return None if amount is None else exact(amount)


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


def _tally(tally: Mapping[Phase, PhaseTotal]) -> dict[str, Any]:
    return {phase.value: phase_total(total) for phase, total in tally.items()}


def _is_proof(reviewed: PlanReview) -> bool:
    return reviewed.world is World.PROOF
