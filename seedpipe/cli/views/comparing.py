"""What a change adds and costs, as a page, as a document, and as Markdown for a pull request.

Hides the Markdown: a marker by which a bot finds its one comment, a size that every forge takes, and text of
the campaign that can call nobody, link nowhere and close no table.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from rich.table import Table
from rich.text import Text

from seedpipe.cli.console import print_json
from seedpipe.cli.views.words import FORMAT, count, say_nothing_sent, share
from seedpipe.core.money import exact, usd
from seedpipe.core.safe_text import neutral

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from decimal import Decimal

    from seedpipe.app.comparing import Compared
    from seedpipe.cli.console import Screen
    from seedpipe.core.comparing import Difference, Part
    from seedpipe.core.totals import PlanTotals

MARKER: Final = "<!-- seedpipe: plan -->"
_MOST_BYTES: Final = 60_000  # of a comment: forges take 65,536 characters
_MOST_CHANGES: Final = 10
_MOST_CAMPAIGNS: Final = 100  # rows of the overview
_LONGEST: Final = 300  # characters of somebody else's text in one line
_MOST_KEYS: Final = 6  # keys of an axis that are shown: those that cost most
# What Markdown, HTML or a forge acts upon: marks, tags, mentions, references, links, emoji, formulas. What
# stands within a word or between words as in any text is left, for comments are read as mails, too.
_ACTS: Final = re.compile(
    r"[\\`*~\[\]<>&#|@$]|(?<![^\W_])_|_(?![^\W_])|:(?=//|[\w+-]+:)|(?<=www)\.", re.IGNORECASE
)


def show_compared(
    compared: Sequence[Compared], older: str, screen: Screen, *, style: str, saved: str | None
) -> None:
    """Show how campaigns differ from what they were; `saved` is the file that the plan was saved to."""
    if screen.as_json:
        print_json({"format": FORMAT, "against": older, "campaigns": [_document(each) for each in compared]})
    elif style == "markdown":
        print(markdown(compared, older), end="")
    else:
        for each in compared:
            _print_one(each, older, screen)
        if not screen.quiet:
            say_nothing_sent(screen, saved)


# ---- the page ---------------------------------------------------------------------------------


def _print_one(compared: Compared, older: str, screen: Screen) -> None:
    console, difference = screen.out, compared.difference
    console.print(Text(compared.campaign, style="bold").append(f" against {older}", style=""))
    console.print(Text(f"  {_course(compared)}"))
    if compared.remark:
        console.print(Text(f"  {compared.remark}: all of it is new", style="yellow"))
    if difference.is_empty:
        console.print(Text("  no cell has changed\n", style="green"))
        return
    console.print()
    table = Table.grid(padding=(0, 2), pad_edge=True)
    for justify in ("left", "right", "right", "right"):
        table.add_column(justify=justify)
    for name, each in _rows(compared):
        parts = [("+", each.added, "green"), ("~", each.changed, "yellow"), ("-", each.removed, "red")]
        table.add_row(Text(name), *(Text(_told(*part[:2]), style=part[2]) for part in parts))
    console.print(table)
    if difference.first:
        console.print()
    shown = difference.first if screen.verbose else difference.first[:_MOST_CHANGES]
    for change in shown:
        console.print(Text(f"  {change.address}  {_said(change)}", style="dim"))
    if hidden := difference.all.changed.cells - len(shown):
        console.print(Text(f"  … and {hidden:,} more", style="dim"))
    console.print()


def _rows(compared: Compared) -> Iterator[tuple[str, Difference]]:
    """Yield what differs: in all, by series, by the dearest keys of each axis."""
    difference = compared.difference
    yield "in all", difference.all
    for series, each in difference.by_series.items():
        yield f"series {series}", each
    for axis, keys in difference.by_axis.items():
        dearest = sorted(keys.items(), key=lambda item: -_weight(item[1]))
        for key, each in dearest[:_MOST_KEYS]:
            yield f"{axis} {key}", each
        if len(dearest) > _MOST_KEYS:
            yield f"{axis} … {len(dearest) - _MOST_KEYS} more", _sum(dict(dearest[_MOST_KEYS:]))


def _sum(differences: Mapping[str, Difference]) -> Difference:
    from seedpipe.core.comparing import Difference

    whole = Difference()
    for each in differences.values():
        for name in ("added", "changed", "removed"):
            part: Part = getattr(each, name)
            more = getattr(whole, name).plus(cells=part.cells, jobs=part.jobs, cost_usd=part.cost_usd)
            setattr(whole, name, more)
    return whole


def _weight(each: Difference) -> Decimal:
    return each.added.cost_usd + each.changed.cost_usd + each.removed.cost_usd


def _told(sign: str, part: Part) -> str:
    return f"{sign}{count(part.cells, 'cell')} {usd(part.cost_usd)}" if part.cells else ""


def _course(compared: Compared) -> str:
    before = _sums(compared.before) if compared.before else "nothing"
    return f"{before} → {_sums(compared.after)}"


def _sums(totals: PlanTotals) -> str:
    return f"{usd(totals.all.cost_usd)} ({count(totals.all.cells, 'cell')}, {count(totals.all.jobs, 'job')})"


def _said(change: Any) -> str:
    return "; ".join(value.text for value in change.values) or "different model or take"


# ---- the document -----------------------------------------------------------------------------


def _document(compared: Compared) -> dict[str, Any]:
    difference = compared.difference
    return {
        "campaign": compared.campaign,
        "file": compared.file,
        "remark": compared.remark,
        "before": share(compared.before.all) if compared.before else None,
        "after": share(compared.after.all),
        "all": _difference(difference.all),
        "series": {name: _difference(each) for name, each in difference.by_series.items()},
        "axes": {
            axis: {key: _difference(each) for key, each in keys.items()}
            for axis, keys in difference.by_axis.items()
        },
        "changes": [
            {
                "cell": change.address,
                "values": [
                    {"name": value.name, "before": value.before, "after": value.after}
                    for value in change.values
                ],
            }
            for change in difference.first
        ],
    }


def _difference(each: Difference) -> dict[str, Any]:
    parts = {"added": each.added, "changed": each.changed, "removed": each.removed}
    return {
        name: {"cells": part.cells, "jobs": part.jobs, "cost_usd": exact(part.cost_usd)}
        for name, part in parts.items()
    }


# ---- Markdown ---------------------------------------------------------------------------------


def markdown(compared: Sequence[Compared], older: str) -> str:
    """Return a comment for a pull request: at most 64 KB, its first line the marker."""
    differing = [each for each in compared if not each.difference.is_empty]
    lines = [MARKER, *_overview(compared, differing, older)]
    size = sum(len(line.encode()) + 1 for line in lines)
    for each in differing:
        part = list(_section(each))
        size += sum(len(line.encode()) + 1 for line in part)
        if size > _MOST_BYTES:
            lines.append("… cut to the size of a comment: `seedpipe plan --against` shows the rest")
            break
        lines += part
    return "\n".join(lines) + "\n"


def _overview(compared: Sequence[Compared], differing: Sequence[Compared], older: str) -> Iterator[str]:
    whole = _sum({each.file: each.difference.all for each in differing})
    added, changed = whole.added, whole.changed
    yield f"### New cells cost {usd(added.cost_usd)}" if added.cells else "### No new cells"
    yield ""
    if not differing:
        yield f"No cell of {count(len(compared), 'campaign')} has changed since {_plain(older)}."
        return
    yield "| campaign | added | changed | removed | before | after |"
    yield "|---|--:|--:|--:|--:|--:|"
    for each in differing[:_MOST_CAMPAIGNS]:
        before = usd(each.before.all.cost_usd) if each.before else "nothing"
        cells = [*_cells(each.difference.all), before, usd(each.after.all.cost_usd)]
        yield f"| {_plain(each.campaign)} | {' | '.join(cells)} |"
    if len(differing) > _MOST_CAMPAIGNS:
        yield f"| … {len(differing) - _MOST_CAMPAIGNS} more | | | | | |"
    yield ""
    if changed.cells:
        sums = f"{count(changed.cells, 'changed cell')}: {usd(changed.cost_usd)}"
        yield f"{sums} if all are bought again with `--redo changed`. Without it, a run buys those that"
        yield "nobody has paid for yet; the others keep the images they have."
        yield ""
    yield f"Against {_plain(older)}. Nothing was sent or charged."


def _section(compared: Compared) -> Iterator[str]:
    yield ""
    yield f"<details><summary>{_plain(compared.campaign)}</summary>"
    yield ""
    if compared.remark:
        yield f"{_plain(compared.remark)}: all of it is new."
        yield ""
    yield "| | added | changed | removed |"
    yield "|---|--:|--:|--:|"
    for name, each in _rows(compared):
        yield f"| {_plain(name)} | {' | '.join(_cells(each))} |"
    yield ""
    for change in compared.difference.first[:_MOST_CHANGES]:
        yield f"- {_plain(change.address)}: {_plain(_said(change))}"
    if (hidden := compared.difference.all.changed.cells - _MOST_CHANGES) > 0:
        yield f"- … and {hidden:,} more"
    yield ""
    yield "</details>"


def _cells(each: Difference) -> list[str]:
    parts = (("+", each.added), ("~", each.changed), ("-", each.removed))
    return [_told(sign, part) for sign, part in parts]


def _plain(text: str) -> str:
    """Return text of others for Markdown: on one line, every sign that would act as an entity."""
    flat = neutral(" ".join(text.split()))[:_LONGEST]
    return _ACTS.sub(lambda sign: f"&#{ord(sign[0])};", flat)
