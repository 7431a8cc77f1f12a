"""`summary.md`: where a run stands, in Markdown for a pull request or a CI step summary.

Totals first, then a table by series, then what needs attention. Bounded: a long list of troubled
jobs ends with how many more there are.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from seedpipe.core.lifecycle import Phase
from seedpipe.core.manifest import add_up
from seedpipe.core.money import usd
from seedpipe.core.records import PhaseTotal
from seedpipe.core.safe_text import neutral

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from seedpipe.core.manifest import RunManifest
    from seedpipe.core.records import JobRecord

_MOST_TROUBLES: Final = 50  # a step summary holds 1 MiB, and nobody reads further

_PLAIN_WORDS: Final = {
    Phase.PLANNED: "not submitted",
    Phase.SUBMITTING: "being submitted",
    Phase.IN_DOUBT: "in doubt: perhaps accepted, never repeated",
    Phase.ACCEPTED: "paid, still at the service",
    Phase.FETCHING: "paid, not yet downloaded",
    Phase.DONE: "done",
    Phase.DONE_SHORT: "fewer images than billed",
    Phase.FAILED: "failed",
    Phase.LOST: "paid, gone at the service",
}


def summary_markdown(manifest: RunManifest, jobs: Callable[[], Iterable[JobRecord]]) -> Iterator[str]:
    """Yield the summary: headline, totals, a table by series, troubles."""
    planned, billed = manifest.planned, manifest.billed
    by_series, troubles, hidden = _read(jobs())
    yield f"# {_text(manifest.header.campaign)}: {manifest.world.upper()}\n\n"
    yield f"**{manifest.done} of {planned.jobs} jobs done**"
    yield f" · {planned.images} images planned · {usd(billed.cost_usd)} of {usd(planned.cost_usd)} "
    yield "charged by the sandbox (no money)\n\n" if manifest.world == "proof" else "billed\n\n"
    if manifest.kept.jobs:
        yield f"{manifest.kept.jobs} of them not bought: their cells keep the pictures they have\n\n"
    if manifest.run.end and manifest.run.end.message:
        yield f"Stopped early: {_text(manifest.run.end.message)}\n\n"
    yield "| series | jobs | images | done | not done | cost |\n|---|--:|--:|--:|--:|--:|\n"
    for series, tally in by_series.items():
        whole = add_up(tally.values())
        done = tally[Phase.DONE].jobs
        yield f"| {_text(series)} | {whole.jobs} | {whole.images} | {done} | {whole.jobs - done} "
        yield f"| {usd(whole.cost_usd)} |\n"
    if troubles:
        yield "\n## Needs attention\n\n"
        yield from troubles
        yield f"\n… and {hidden} more.\n" if hidden else ""
    yield f"\nRun `{manifest.run.start.run_id}`, plan `{manifest.header.plan_id[:12]}`.\n"


def _read(records: Iterable[JobRecord]) -> tuple[dict[str, dict[Phase, PhaseTotal]], list[str], int]:
    by_series: dict[str, dict[Phase, PhaseTotal]] = {}
    troubles: list[str] = []
    hidden = 0
    for record in records:
        tally = by_series.setdefault(record.cells[0].series, defaultdict(PhaseTotal))
        job = PhaseTotal(jobs=1, images=record.job.outputs_expected, cost_usd=record.job.cost_usd)
        tally[record.phase] = add_up([tally[record.phase], job])
        if record.phase is Phase.DONE or record.is_kept:
            continue
        if len(troubles) < _MOST_TROUBLES:
            troubles.append(_trouble(record))
        else:
            hidden += 1
    return by_series, troubles, hidden


def _trouble(record: JobRecord) -> str:
    latest = record.latest
    words = f" ({_text(latest.error)})" if latest and latest.error else ""
    return f"- `{_text(record.label)}`: {_PLAIN_WORDS[record.phase]}{words}\n"


def _text(text: str) -> str:
    """Return untrusted text on one line, with nothing that Markdown or HTML would act on."""
    flat = neutral(" ".join(text.split()))
    return "".join(f"\\{char}" if char in "\\`*_{}[]<>|#!" else char for char in flat)
