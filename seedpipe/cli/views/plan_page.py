"""The page of a plan: the money first, then where it goes, then where it stands; at most a screen.

Hides how it is laid out. A plan of a thousand jobs takes no more lines than one of ten: series and axes have
one each, the longest tails are cut, and cells are listed only on request.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

from seedpipe.cli.views.words import badge, count, phase_word
from seedpipe.core.levels import spoken
from seedpipe.core.lifecycle import Phase
from seedpipe.core.manifest import add_up
from seedpipe.core.money import usd
from seedpipe.core.policy import redo_word
from seedpipe.settings import World

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from decimal import Decimal

    from rich.console import JustifyMethod, RenderableType

    from seedpipe.app import PlanReview
    from seedpipe.app.planning import CellChange
    from seedpipe.cli.console import Screen
    from seedpipe.core.totals import PlanTotals, PriceLine, Share

_MOST_SERIES: Final = 12  # price lines shown; the sum of the rest is one more
_MOST_AXES: Final = 8
_MOST_KEYS: Final = 4  # keys of an axis shown: the dearest
_MOST_CHANGES: Final = 5  # changed cells shown one by one; -v shows more
_GAP: Final = 2  # columns around a cell of a grid
_UNTOLD: Final = "unknown change: the lock has no request"
_SAME_WORDS: Final = "different model or take"


def print_page(reviewed: PlanReview, screen: Screen) -> None:
    """Print the page; with -v the cells follow."""
    screen.out.print(Group(*_page(reviewed, screen.out.width, verbose=screen.verbose)))
    if screen.verbose:
        _print_cells(reviewed, screen)
        screen.out.print()


def print_sum(reviews: Sequence[PlanReview], screen: Screen) -> None:
    """Print what some plans cost together."""
    cost_usd = sum((reviewed.totals.all.cost_usd for reviewed in reviews), start=_zero())
    to_buy_usd = sum((reviewed.to_buy.cost_usd for reviewed in reviews), start=_zero())
    line = Text("in all  ").append(usd(cost_usd), style="bold")
    line.append(f"  {count(len(reviews), 'campaign')}, {usd(to_buy_usd)} to buy now\n")
    screen.out.print(line)


def headline(reviewed: PlanReview) -> Text:
    """Return the first line: the world, the campaign, its brand and its service."""
    is_proof = reviewed.world is World.PROOF
    brand = f" · {reviewed.header.brand}" if reviewed.header.brand else ""
    profile = f"@{reviewed.header.profile}" if reviewed.header.profile else ""
    where = "embedded sandbox, free" if is_proof else reviewed.origin
    line = Text.from_markup(badge(reviewed.world.value))
    return line.append(f" {reviewed.header.campaign}{profile}", style="bold").append(f"{brand} · {where}")


def _page(reviewed: PlanReview, width: int, *, verbose: bool) -> Iterator[RenderableType]:
    yield headline(reviewed)
    yield Text()
    yield from _totals(reviewed)
    yield Text()
    yield _series(reviewed, width)
    if reviewed.totals.by_axis:
        yield Text()
        yield _axes(reviewed.totals)
    yield Text()
    if not _is_all_new(reviewed):
        yield _standing(reviewed)
        changes = list(_changes(reviewed, verbose=verbose))
        if changes:
            yield Text("\n").join(changes)
        yield Text()
    yield _limits(reviewed)
    yield Text()


def _is_all_new(reviewed: PlanReview) -> bool:
    """Say whether nothing was made of a plan so far, so that its sum has said where it stands."""
    return reviewed.standing.new.jobs == reviewed.to_buy.jobs == reviewed.totals.all.jobs


# ---- the money --------------------------------------------------------------------------------


def _totals(reviewed: PlanReview) -> Iterator[Text]:
    """Yield the one sum that matters, and what of it is still to be paid."""
    whole, new = reviewed.totals.all, reviewed.to_buy
    line = Text("  ").append(usd(whole.cost_usd), style="bold")
    sums = (count(whole.images, "image"), count(whole.jobs, "job"), count(whole.cells, "cell"))
    line.append(f"  {' · '.join(sums)}")
    yield line
    if new.jobs and reviewed.world is World.PROOF:
        part = "the price is that of a live run"
        if new.jobs != whole.jobs:
            part = f"{count(new.jobs, 'job')} to make, {usd(new.cost_usd)} live"
        yield Text(f"  free in the sandbox; {part}", style="dim")
    elif new.jobs == whole.jobs:
        yield Text("  all of it to buy", style="dim")
    elif new.jobs:
        yield Text(f"  {usd(new.cost_usd)} of it to buy now: {count(new.jobs, 'job')}")
    else:
        yield Text(
            "  nothing to make" if reviewed.world is World.PROOF else "  nothing to buy", style="green"
        )
    if doubts := may_resend(reviewed):
        yield Text(f"  {doubts}", style="yellow")


def may_resend(reviewed: PlanReview) -> str:
    """Return what requests in doubt may cost once more, in words; nothing when they cannot."""
    doubts = reviewed.to_resend
    if not doubts.jobs:
        return ""
    price = "free in the sandbox" if reviewed.world is World.PROOF else usd(doubts.cost_usd)
    return f"{count(doubts.jobs, 'job')} in doubt may be sent again: {price}"


def _series(reviewed: PlanReview, width: int) -> RenderableType:
    """Return a line for each series and price; on a narrow screen its model stands below it."""
    lines = reviewed.totals.prices
    rows = [_price_row(reviewed, line, place) for place, line in enumerate(lines[:_MOST_SERIES])]
    if len(lines) == 1:  # the sum of the plan is that of the line
        rows = [(*rows[0][:-1], "")]
    if rest := lines[_MOST_SERIES:]:
        cost_usd = sum((line.cost_usd for line in rest), start=_zero())
        rows.append((f"… {len(rest)} more", "", "", "", "", usd(cost_usd)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    if sum(widths) + _GAP * (len(widths) + 1) > width:
        return Text("\n").join(_stacked(rows, widths))
    table = _grid(("left", "left", "left", "right", "right", "right"))
    for row in rows:
        table.add_row(*(Text(part, style="dim" if place == 1 else "") for place, part in enumerate(row)))
    return table


def _stacked(rows: Sequence[tuple[str, ...]], widths: Sequence[int]) -> Iterator[Text]:
    """Yield a line with the sums of each row, and one with its model and sizes."""
    for name, model, sizes, *sums in rows:
        aligned = (f"{part:>{width}}" for part, width in zip(sums, widths[3:], strict=True))
        yield Text(f"  {name:<{widths[0]}}  {'  '.join(aligned)}".rstrip())
        if about := " · ".join(filter(None, (model, sizes))):
            yield Text(f"    {about}", style="dim")


def _price_row(reviewed: PlanReview, line: PriceLine, place: int) -> tuple[str, str, str, str, str, str]:
    """Return series, model, sizes and sums of a price; a series of several prices is named once."""
    named = any(before.series == line.series for before in reviewed.totals.prices[:place])
    sizes = "" if named else ", ".join(reviewed.standing.sizes.get(line.series, ()))
    sums = (count(line.jobs, "job"), f"{line.images:,} × {usd(line.unit_usd)}", usd(line.cost_usd))
    return "" if named else line.series, line.model, sizes, *sums


def _axes(totals: PlanTotals) -> Table:
    """Return a line for each axis: how often it multiplies, and what its dearest keys cost."""
    table = _grid(("left", "left"))
    axes = {axis: shares for axis, shares in totals.by_axis.items() if shares}
    for axis, shares in list(axes.items())[:_MOST_AXES]:
        table.add_row(Text(f"{axis} ×{len(shares):,}"), _keys(shares, totals.all.cost_usd))
    if len(axes) > _MOST_AXES:
        table.add_row(Text(f"… {len(axes) - _MOST_AXES} more axes", style="dim"), "")
    return table


def _keys(shares: Mapping[str, Share], whole_usd: Decimal) -> Text:
    """Return the keys of an axis with their costs; and their sum where it is a part of the plan."""
    dearest = sorted(shares.items(), key=lambda item: -item[1].cost_usd)[:_MOST_KEYS]
    alike = len({share.cost_usd for share in shares.values()}) == 1
    words = [key if alike else f"{key} {usd(share.cost_usd)}" for key, share in dearest]
    words += [f"… {len(shares) - _MOST_KEYS} more"] if len(shares) > _MOST_KEYS else []
    text = Text(" · ".join(words), style="dim")
    if alike:
        text.append(f"  {usd(dearest[0][1].cost_usd)}{' each' if len(shares) > 1 else ''}")
    cost_usd = sum((share.cost_usd for share in shares.values()), start=_zero())
    return text if cost_usd == whole_usd else text.append(f"  ({usd(cost_usd)} of {usd(whole_usd)})")


# ---- where it stands --------------------------------------------------------------------------


def _standing(reviewed: PlanReview) -> Table:
    table = _grid(("left", "right", "right", "right", "left"))
    standing, kept = reviewed.standing, reviewed.standing.kept
    rows = [(phase_word(phase), total, _meaning(reviewed, phase)) for phase, total in standing.tally.items()]
    if standing.missing.jobs:
        rows.append(("[yellow]missing[/]", standing.missing, "paid, images not here; a run fetches them"))
    if standing.rejected:
        meaning = "in the review, also counted above; --redo rejected buys them again"
        rows.append(("[red]rejected[/]", add_up(standing.rejected.values()), meaning))
    for word, total, meaning in rows:
        sums = (count(total.jobs, "job"), count(total.images, "image"), usd(total.cost_usd))
        table.add_row(Text.from_markup(word), *sums, Text(meaning, style="dim"))
    if kept.changed_cells:
        again = f"--redo changed buys {count(kept.changed.jobs, 'job')} for {usd(kept.changed.cost_usd)}"
        words = Text(f"paid {usd(kept.paid_usd)} · kept").append(f"; {again}", style="dim")
        table.add_row(Text("changed", style="yellow"), count(kept.changed_cells, "cell"), "", "", words)
    if kept.to_fetch:
        words = Text("paid for, kept by changed cells and not here; a run fetches them", style="dim")
        table.add_row(Text("missing", style="yellow"), count(kept.to_fetch, "job"), "", "", words)
    if kept.lost:
        words = Text(
            "kept by changed cells, gone at the service; --redo changed buys what they ask for today"
        )
        table.add_row(Text("missing", style="yellow"), count(kept.lost, "job"), "", "", words)
    if kept.decided_cells:
        cells = count(kept.decided_cells, "cell")
        table.add_row(Text("kept", style="green"), cells, "", "", Text("by decision", style="dim"))
    return table


def _meaning(reviewed: PlanReview, phase: Phase) -> str:
    if redo_word(phase) and not reviewed.standing.may_redo(phase):
        return f"not bought again: tried {reviewed.header.policy.max_takes} times (policy.max_takes)"
    return _MEANINGS.get(phase, "")


_MEANINGS: Final = {
    Phase.IN_DOUBT: "perhaps accepted; a run looks them up before sending again",
    Phase.FAILED: "not paid; --redo failed buys them",
    Phase.DONE_SHORT: "fewer images than billed; --redo short buys them again",
    Phase.LOST: "paid, no longer at the service; --redo missing buys them again",
}


def _changes(reviewed: PlanReview, *, verbose: bool) -> Iterator[Text]:
    """Yield a line for each of the first changed cells: what has changed."""
    changes = [change for change in reviewed.changes if not change.cell.former.decided]
    shown = changes if verbose else changes[:_MOST_CHANGES]
    for change in shown:
        yield Text(f"    {change.cell.address}  {said_of(change)}", style="dim")
    if hidden := reviewed.standing.kept.changed_cells - len(shown):
        more = "" if verbose else "; -v lists them"
        yield Text(f"    … and {hidden:,} more{more}", style="dim")


def said_of(change: CellChange) -> str:
    """Return what has changed in a cell since its images were paid for."""
    if change.values is None:
        return _UNTOLD
    return "; ".join(value.text for value in change.values) or _SAME_WORDS


# ---- limits -----------------------------------------------------------------------------------


def _limits(reviewed: PlanReview) -> Table:
    """Return what the plan must fit: budgets, time, and the day of its prices."""
    table = _grid(("left", "left"))
    caps = reviewed.header.budget
    for series, sizes in islice(reviewed.standing.earlier_sizes.items(), _MOST_SERIES):
        for size, newer in sizes.items():
            words = Text(f"{series} stays with {size}, as before").append(
                f"; today's would be {newer}: write it out to have it", style="dim"
            )
            table.add_row(Text("size", style="dim"), words)
    if caps.usd is not None:
        words = _budget(usd(caps.usd), reviewed.committed_usd, reviewed.over_budget_by_usd)
        table.add_row(Text("campaign budget", style="dim"), words)
    if caps.brand_usd_per_month is not None:
        cap = f"{usd(caps.brand_usd_per_month)} a month for {reviewed.header.brand}"
        words = _budget(cap, reviewed.month_committed_usd, reviewed.over_month_by_usd)
        table.add_row(Text("brand budget", style="dim"), words)
    if (time := _time(reviewed)) is not None:
        table.add_row(Text("time", style="dim"), time)
    table.add_row(Text("prices", style="dim"), Text(f"as of {reviewed.catalogue_as_of}"))
    return table


def _budget(cap: str, committed: Decimal, over: Decimal) -> Text:
    spent = f", {usd(committed)} spent or reserved" if committed else ""
    verdict = Text(f"over by {usd(over)}", style="red") if over else Text("OK", style="green")
    return Text(f"{cap}{spent}: ").append_text(verdict)


def _time(reviewed: PlanReview) -> Text | None:
    """Return about how long it takes; nothing when there is nothing to buy, or it is a proof."""
    if reviewed.world is World.PROOF or not reviewed.to_buy.jobs:
        return None
    level, seconds = reviewed.level, reviewed.estimated_s
    if level is None or seconds is None:
        return Text("unknown (set --level)", style="dim")
    at_once = min(reviewed.concurrency, level.concurrent_tasks)
    assumed = f"{count(at_once, 'concurrent job')}, assuming {level.image_s:g} s per image"
    return Text(f"about {spoken(seconds)} at level {level.name} ").append(
        f"({level.images_per_minute:,} images a minute, {assumed})", style="dim"
    )


def _print_cells(reviewed: PlanReview, screen: Screen) -> None:
    for planned in reviewed.cells():
        shared = "" if planned.opens_job else "  (shares a job)"
        size = planned.job.request.get("size", "")
        line = f"  {planned.cell.address}  {planned.job.job_id[:12]}  {size}  {usd(planned.job.cost_usd)}"
        screen.out.print(Text(line + shared), soft_wrap=True)


def _grid(columns: Sequence[JustifyMethod]) -> Table:
    """Return an indented grid that breaks nothing but the text of its last column, and that between words."""
    table = Table.grid(padding=(0, _GAP), pad_edge=True)
    for place, justify in enumerate(columns):
        folds = place == len(columns) - 1 and justify == "left"
        table.add_column(justify=justify, overflow="fold", no_wrap=not folds)
    return table


def _zero() -> Decimal:
    from decimal import Decimal

    return Decimal(0)
