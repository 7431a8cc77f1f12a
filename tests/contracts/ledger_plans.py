"""Plans and entries for tests of a ledger: small, equal for equal arguments."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from seedpipe.core.lifecycle import INTENTS, Event
from seedpipe.core.model import (
    BudgetCaps,
    Cell,
    ImageFile,
    Job,
    Output,
    PlanHeader,
    PlannedCell,
    Prediction,
    job_id,
)
from seedpipe.core.records import Entry, RunStart

if TYPE_CHECKING:
    from collections.abc import Iterator

AT = datetime(2026, 11, 22, 10, 17, 5, 123456, tzinfo=UTC)
MODEL = "bytedance/seedream-v4/sequential"
PRICE = Decimal("0.054")


def a_header(campaign: str = "autumn", *, edition: str = "1") -> PlanHeader:
    return PlanHeader(
        campaign=campaign,
        brand="aurora",
        sources={"campaign.yaml": edition * 64, "data/copy.csv": "b" * 64},
        catalogue="c" * 64,
        budget=BudgetCaps(
            usd=Decimal("12.5"),
            per_job_usd=Decimal("0.60"),
            max_jobs=7,
            brand_usd_per_month=Decimal("99.5"),
        ),
    )


def a_job(number: int, *, tag: str = "", cost_usd: Decimal = PRICE) -> Job:
    request = {
        "prompt": f"a lamp {tag}{number} “ß”",
        "max_images": 2,
        "strength": 0.25,
        "flags": [True, None],
    }
    return Job(
        job_id=job_id(MODEL, request), model=MODEL, request=request, outputs_expected=2, cost_usd=cost_usd
    )


def some_cells(
    jobs: int, *, cells_per_job: int = 1, tag: str = "", cost_usd: Decimal = PRICE
) -> Iterator[PlannedCell]:
    """Yield the cells of `jobs` jobs; the second cells of all jobs come after all first ones."""
    for cell in range(cells_per_job):
        for number in range(jobs):
            job = a_job(number, tag=tag, cost_usd=cost_usd)
            address = f"hero/{tag}{number}/{cell}"
            yield PlannedCell(
                cell=Cell(
                    address=address,
                    series="hero",
                    axes={"product": f"{tag}{number}", "market": str(cell)},
                    job_id=job.job_id,
                    output_paths=(f"{address}-1", f"{address}-2"),
                ),
                job=job,
                opens_job=cell == 0,
            )


def a_run(
    run_id: str = "run-1",
    *,
    header: PlanHeader | None = None,
    purse: str | None = None,
    budget: str | None = None,
    month: str | None = None,
    elsewhere: str = "0",
    elsewhere_month: str = "0",
    out: str | None = None,
) -> RunStart:
    header = header or a_header()
    return RunStart(
        run_id=run_id,
        plan_id=header.plan_id,
        campaign=header.campaign,
        owner="worker-1",
        started_at=AT,
        purse_usd=None if purse is None else Decimal(purse),
        budget_usd=None if budget is None else Decimal(budget),
        month_usd=None if month is None else Decimal(month),
        elsewhere_usd=Decimal(elsewhere),
        elsewhere_month_usd=Decimal(elsewhere_month),
        out=out,
    )


def a_prediction(name: str, *, status: str = "created", outputs: tuple[str, ...] = ()) -> Prediction:
    return Prediction(
        prediction_id=name.ljust(32, "0"),
        model=MODEL,
        status=status,
        outputs=outputs,
        created_at=AT,
        inference_ms=4321 if outputs else None,
    )


def an_output(job_id: str, index: int, *, sha256: str | None = None) -> Output:
    return Output(
        job_id=job_id,
        index=index,
        image=ImageFile(
            sha256=sha256 or f"{index}" * 64,
            media_type="image/png",
            width_px=64,
            height_px=48,
            size_bytes=999 + index,
        ),
    )


def an_entry(
    job: str, event: Event, *, run_id: str = "run-1", task: str | None = None, **more: object
) -> Entry:
    """Return an entry that carries what its event must carry."""
    facts: dict[str, object] = {"at": AT, "run_id": run_id}
    if event in INTENTS:
        facts |= {"owner": "worker-1", "body": {"prompt": "a lamp"}}
    if event in (Event.ADOPTED, Event.ACCEPTED, Event.FOUND):
        facts["prediction"] = a_prediction(task or job)
    if event is Event.COMPLETED:
        urls = ("https://cdn.example/1.png", "https://cdn.example/2.png")
        facts["prediction"] = a_prediction(task or job, status="completed", outputs=urls)
    if event in (Event.OUTPUT_STORED, Event.SET_SHORT):
        facts["output"] = an_output(job, 0)
    if event is Event.SET_COMPLETE:
        facts["output"] = an_output(job, 1)
    return Entry(job_id=job, event=event, **(facts | more))
