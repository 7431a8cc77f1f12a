"""Judged jobs for tests of the reports: any state, any text, findings where they are wanted."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256

from PIL import Image

from seedpipe.core.findings import CheckResult, Finding, JudgedJob, Level
from seedpipe.core.lifecycle import Phase, holds_money
from seedpipe.core.manifest import RunManifest, add_up
from seedpipe.core.model import BudgetCaps, Cell, ImageFile, Job, Output, PlanHeader, job_id
from seedpipe.core.records import Attempt, Former, JobRecord, PhaseTotal, RunEnd, RunRecord, RunStart
from seedpipe.reports import Subject

AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
MODEL = "bytedance/seedream-v4/sequential"


class FakePictures:
    """Small pictures of one colour each, made from the name of the image."""

    def thumbnails(self, images, *, side_px, most_bytes):
        for image in images:
            file = io.BytesIO()
            Image.new("RGB", (24, 16), f"#{image.sha256[:6]}").save(file, "WEBP")
            yield file.getvalue()

    def whole(self, image):
        return next(self.thumbnails([image], side_px=1, most_bytes=1))

    def link(self, image):
        return f"../.seedpipe/objects/{image.sha256}"


def image(name, width=240, height=160):
    digest = sha256(name.encode()).hexdigest()
    return ImageFile(
        sha256=digest, media_type="image/webp", width_px=width, height_px=height, size_bytes=1000
    )


def attempt(number=1, phase=Phase.DONE, error=""):
    return Attempt(
        number=number,
        phase=phase,
        cost_usd=Decimal("0.054"),
        run_id="run-1",
        intent_at=AT,
        accepted_at=AT,
        finished_at=AT,
        prediction_id=f"task-{number}",
        urls=(),
        inference_ms=1500,
        error=error,
        error_code=None,
    )


def judged(
    series,
    axes,
    *,
    phase=Phase.DONE,
    images=2,
    expected=2,
    prompt="A lamp",
    error="",
    takes=1,
    found=(),
    kept=None,
):
    """A job with one cell; `found` are (check, level, message, index), level None for a check that passed.

    `kept` is the job whose set the cell keeps.
    """
    request = {"prompt": prompt, "size": "240*160", "seed": "/".join([series, *axes.values()])}
    made = job_id(MODEL, request)
    address = "/".join([series, *axes.values()])
    job = Job(job_id=made, model=MODEL, request=request, outputs_expected=expected, cost_usd=Decimal("0.054"))
    cell = Cell(
        address=address,
        series=series,
        axes=axes,
        job_id=made,
        output_paths=tuple(f"{number}/{made[:6]}" for number in range(expected)),
    )

    def outputs(take):
        return tuple(
            Output(job_id=made, index=index, image=image(f"{address}-{take}-{index}"))
            for index in range(images)
        )

    attempts = () if phase is Phase.PLANNED else tuple(attempt(n + 1, phase, error) for n in range(takes))
    formers = {}
    if kept:
        old = kept.record
        formers = {address: Former(job_id=old.job.job_id, paid_usd=old.job.cost_usd, record=old)}
    record = JobRecord(
        formers=formers,
        job=job,
        cells=(cell,),
        attempts=attempts,
        outputs=outputs(takes) if attempts else (),
        earlier=tuple(outputs(take) for take in range(1, takes)) if attempts else (),
    )
    results = []
    for check, level, message, index in found:
        findings = (
            (Finding(check=check, level=level, message=message, address=address, index=index),)
            if level
            else ()
        )
        results.append(CheckResult(check=check, address=address, findings=findings))
    return JudgedJob(record=record, results=tuple(results))


def subject(*jobs, campaign="autumn", world="proof", before=None, **more):
    tally = {}
    for job in jobs:
        one = tally.get(job.record.phase, PhaseTotal())
        tally[job.record.phase] = PhaseTotal(
            jobs=one.jobs + 1, images=one.images + 2, cost_usd=one.cost_usd + Decimal("0.054")
        )
    attempts = [paid for job in jobs for paid in job.record.attempts if holds_money(paid.phase)]
    header = PlanHeader(campaign=campaign, brand=None, sources={}, catalogue="0" * 64, budget=BudgetCaps())
    start = RunStart(run_id="run-1", plan_id=header.plan_id, campaign=campaign, owner="1", started_at=AT)
    end = RunEnd(run_id="run-1", finished_at=AT, exit_code=0)
    manifest = RunManifest(
        world=world,
        origin="sandbox",
        header=header,
        run=RunRecord(start=start, end=end),
        tally=tally,
        billed=add_up(PhaseTotal(jobs=1, images=2, cost_usd=paid.cost_usd) for paid in attempts),
        run_billed=PhaseTotal(jobs=1, images=2, cost_usd=Decimal("0.054")),
        environment={"seedpipe": "0.1.0"},
    )
    return Subject(
        manifest=manifest, jobs=lambda: jobs, pictures=FakePictures(), before=(before or {}).get, **more
    )


WARNED = ("palette", Level.WARN, "night light: 2 % of the palette", 0)
FAILED = ("blank", Level.FAIL, "the picture is one colour", 1)
PASSED = ("size", None, "", None)
