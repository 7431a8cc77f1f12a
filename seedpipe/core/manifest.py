"""The run manifest: what a run leaves behind, as one value and as JSON.

Hides how the ledger's memory becomes the published documents `run.json` and `jobs.jsonl` (schemas in
`schemas/`). Derived, never a source: any of it can be rebuilt from the ledger. Money is text in the
documents, exact to the last digit. Signed URLs and request headers are left out on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from seedpipe.core.lifecycle import Phase
from seedpipe.core.model import Policy
from seedpipe.core.money import exact
from seedpipe.core.policy import Redo, counts_as_failed
from seedpipe.core.records import PhaseTotal, StopReason
from seedpipe.core.showing import kept_at, kept_sets, own_set

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from seedpipe.core.findings import CheckResult, CheckTotal
    from seedpipe.core.model import Cell, Job, Json, Output, PlanHeader
    from seedpipe.core.records import Attempt, JobRecord, RunOutcome, RunRecord, Tally
    from seedpipe.core.showing import ShownSet

MANIFEST_FORMAT: Final = 1

_USUAL: Final = Policy()
_NOTHING: Final = PhaseTotal()
_UNFINISHED: Final = {Phase.PLANNED, Phase.SUBMITTING, Phase.ACCEPTED, Phase.FETCHING}
_BROUGHT_HOME: Final = (Phase.DONE, Phase.DONE_SHORT)
_NO_CHECKS: Final[Mapping[str, CheckTotal]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunManifest:
    """A run of a plan, and where its jobs stand.

    `world` is `proof` or `live`; `environment` names the tool, Python and platform; `commit` is the git
    commit of the campaign's work tree when there is one. `kept` are the jobs that nobody has bought because
    their cells keep the pictures they have; `tally` is without them and tells of the latest attempts.
    `billed` is what all attempts at the plan's jobs have cost so far and `run_billed` what this run's have:
    accepted or in doubt, and not given back. `jobs` are those that were paid for at least once. `elsewhere`
    are the jobs of other plans that are paid for and not here yet, `unfetched` the first such ones of the
    plan itself; `redoable` are the words of `--redo` that would buy a job of it by its phase.
    """

    world: str
    origin: str
    header: PlanHeader
    run: RunRecord
    tally: Mapping[Phase, PhaseTotal]
    billed: PhaseTotal
    run_billed: PhaseTotal
    environment: Mapping[str, str]
    commit: str | None = None
    kept: PhaseTotal = _NOTHING
    elsewhere: tuple[JobRecord, ...] = ()
    unfetched: tuple[JobRecord, ...] = ()
    redoable: frozenset[Redo] = frozenset()

    @property
    def planned(self) -> PhaseTotal:
        """The whole plan."""
        return add_up([*self.tally.values(), self.kept])

    @property
    def done(self) -> int:
        """The number of jobs that are done; a short set that the policy accepts is."""
        return sum(
            total.jobs
            for phase, total in self.tally.items()
            if phase in _BROUGHT_HOME and not counts_as_failed(self.header.policy, phase)
        )

    def count(self, *phases: Phase) -> int:
        """Return the number of jobs in these phases."""
        return sum(self.tally[phase].jobs for phase in phases if phase in self.tally)


def add_up(totals: Iterable[PhaseTotal]) -> PhaseTotal:
    """Return the sum of totals."""
    rows = list(totals)
    return PhaseTotal(
        jobs=sum(row.jobs for row in rows),
        images=sum(row.images for row in rows),
        cost_usd=sum((row.cost_usd for row in rows), Decimal(0)),
    )


def priced(jobs: Iterable[Job]) -> PhaseTotal:
    """Return the sum of jobs at the plan's prices."""
    return add_up(PhaseTotal(jobs=1, images=job.outputs_expected, cost_usd=job.cost_usd) for job in jobs)


def less(total: PhaseTotal, part: PhaseTotal) -> PhaseTotal:
    """Return a total without a part of it."""
    return PhaseTotal(
        jobs=total.jobs - part.jobs,
        images=total.images - part.images,
        cost_usd=total.cost_usd - part.cost_usd,
    )


def exit_code(
    tally: Tally,
    outcome: RunOutcome,
    *,
    policy: Policy = _USUAL,
    interrupted_by: int | None = None,
    checks_failed: bool = False,
    away: Collection[Phase | None] = (),
) -> int:
    """Return the exit code of a finished run; the first rule that applies.

    `tally` is the plan's; what is paid for and not here may belong to other plans (`outcome.overdue`).
    `away` are the phases of sets that cells keep and that are not here (`core.showing`).
    `interrupted_by` is the number of the signal that ended the run, if one did. A run that stopped at its
    first failed job has stopped early only when it left work behind.
    """
    left = {phase for phase, total in tally.items() if total.jobs}
    if interrupted_by is not None:
        return 128 + interrupted_by
    if Phase.IN_DOUBT in left or outcome.held:
        return 4
    stopped = outcome.stop not in (None, StopReason.FAILED_JOB)
    if stopped or outcome.overdue or left & _UNFINISHED:
        return 3
    return int(checks_failed or bool(away) or any(counts_as_failed(policy, phase) for phase in left))


def run_document(manifest: RunManifest, checks: Mapping[str, CheckTotal] = _NO_CHECKS) -> dict[str, Json]:
    """Return `run.json`: which plan, which run, totals planned and billed, counts, checks, environment."""
    header, start, end = manifest.header, manifest.run.start, manifest.run.end
    return {
        "format": MANIFEST_FORMAT,
        "world": manifest.world,
        "origin": manifest.origin,
        "campaign": header.campaign,
        "brand": header.brand,
        "labels": dict(header.labels),
        "variant": dict(header.variant),
        "plan_id": header.plan_id,
        "sources": dict(header.sources),
        "references": dict(header.references),
        "catalogue": header.catalogue,
        "commit": manifest.commit,
        "run": {
            "run_id": start.run_id,
            "started_at": _time(start.started_at),
            "finished_at": _time(end.finished_at) if end else None,
            "exit_code": end.exit_code if end else None,
            "stop": end.stop.value if end and end.stop else None,
            "message": end.message if end else "",
            "purse_usd": _money(start.purse_usd),
            "budget_usd": _money(start.budget_usd),
            "billed": _total(manifest.run_billed),
        },
        "planned": _total(manifest.planned),
        "kept": _total(manifest.kept),
        "elsewhere": [_unfetched(record) for record in manifest.elsewhere],
        "billed": _total(manifest.billed),
        "phases": {
            phase.value: _total(manifest.tally[phase])
            for phase in Phase
            if phase in manifest.tally and manifest.tally[phase].jobs
        },
        "checks": {
            name: {
                "passed": total.passed,
                "warned": total.warned,
                "failed": total.failed,
                "images": total.images,
            }
            for name, total in checks.items()
        },
        "environment": dict(manifest.environment),
    }


def job_document(record: JobRecord, results: Iterable[CheckResult] = ()) -> dict[str, Json]:
    """Return one line of `jobs.jsonl`: a job with its cells, attempts, outputs and what its checks found.

    What cells keep in place of its own set is under `kept`.
    """
    job = record.job
    return {
        "job_id": job.job_id,
        "model": job.model,
        "inputs": dict(job.request),
        "phase": record.phase.value,
        "cost_usd": _money(job.cost_usd),
        "images_expected": job.outputs_expected,
        "cells": [
            {
                "address": cell.address,
                "series": cell.series,
                "axes": dict(cell.axes),
                "kept": _kept(record, cell),
            }
            for cell in record.cells
        ],
        "attempts": [_attempt(attempt) for attempt in record.attempts],
        "outputs": _outputs(own_set(record)),
        "kept": [_kept_document(shown) for shown in kept_sets(record)],
        "checks": [_check(result) for result in results],
    }


def _unfetched(record: JobRecord) -> dict[str, Json]:
    return {
        "job_id": record.job.job_id,
        "cell": record.label,
        "phase": record.phase.value,
        "prediction_id": record.latest.prediction_id if record.latest else None,
        "cost_usd": _money(record.job.cost_usd),
    }


def _check(result: CheckResult) -> dict[str, Json]:
    return {
        "check": result.check,
        "address": result.address,
        "passed": result.passed,
        "findings": [
            {
                "level": finding.level.value,
                "message": finding.message,
                "index": finding.index,
                "measured": finding.measured,
            }
            for finding in result.findings
        ],
    }


def _kept(record: JobRecord, cell: Cell) -> str | None:
    """Return the job whose set a cell keeps in place of this one's."""
    former = kept_at(record, cell)
    return former.job_id if former else None


def _kept_document(shown: ShownSet) -> dict[str, Json]:
    return {
        "job_id": shown.kept.job_id if shown.kept else None,
        "paid_usd": _money(shown.kept.paid_usd if shown.kept else None),
        "outputs": _outputs(shown),
    }


def _attempt(attempt: Attempt) -> dict[str, Json]:
    return {
        "number": attempt.number,
        "phase": attempt.phase.value,
        "run_id": attempt.run_id,
        "prediction_id": attempt.prediction_id,
        "cost_usd": _money(attempt.cost_usd),
        "intent_at": _time(attempt.intent_at),
        "accepted_at": _time(attempt.accepted_at),
        "finished_at": _time(attempt.finished_at),
        "inference_ms": attempt.inference_ms,
        "error": attempt.error,
        "error_code": attempt.error_code,
    }


def _outputs(shown: ShownSet) -> list[Json]:
    """Return every output of a set with its places, a path a cell."""
    paths: dict[int, list[Json]] = {output.index: [] for output in shown.outputs}
    for image in shown.placed:
        paths[image.output.index].append(image.path)
    return [_output(output, paths[output.index]) for output in shown.outputs]


def _output(output: Output, paths: list[Json]) -> dict[str, Json]:
    image = output.image
    return {
        "index": output.index,
        "sha256": image.sha256,
        "media_type": image.media_type,
        "width_px": image.width_px,
        "height_px": image.height_px,
        "size_bytes": image.size_bytes,
        "paths": paths,
    }


def _total(total: PhaseTotal) -> dict[str, Json]:
    return {"jobs": total.jobs, "images": total.images, "cost_usd": _money(total.cost_usd)}


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else exact(amount)


def _time(at: datetime | None) -> str | None:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else None
