"""Payments and bills for tests of the pure rules over the books."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from seedpipe.core.bills import Bill, BillKind
from seedpipe.core.lifecycle import Event, Phase, advance, opens_attempt
from seedpipe.core.model import Cell, ImageFile, Job, Output, job_id
from seedpipe.core.records import Attempt, Payment, Step

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SENT = NOW - timedelta(hours=5)
MODEL = "bytedance/seedream-v4/sequential"
PRICE = Decimal("0.054")
TO_DONE = (Event.INTENT_RECORDED, Event.ACCEPTED, Event.COMPLETED, Event.OUTPUT_STORED, Event.SET_COMPLETE)
TO_FAILED = (Event.INTENT_RECORDED, Event.ACCEPTED, Event.PROVIDER_FAILED)
TO_DOUBT = (Event.INTENT_RECORDED, Event.UNKNOWN)
_NAMES_TASK = frozenset({Event.ACCEPTED, Event.FOUND, Event.ADOPTED})


def steps_of(events, *, at=SENT, start=Phase.PLANNED):
    phase, steps = start, []
    for number, event in enumerate(events):
        phase = advance(phase, event)
        steps.append(Step(event=event, phase=phase, at=at + timedelta(seconds=number)))
    return tuple(steps)


def paid(name, *events, at=SENT, cost=PRICE, cells=(), number=1, start=Phase.PLANNED, code=None, **more):
    """A payment whose attempt has come as far as these events lead."""
    steps = steps_of(events or TO_DONE, at=at, start=start)
    phase = steps[-1].phase
    request = {"prompt": name}
    job = Job(job_id=job_id(MODEL, request), model=MODEL, request=request, outputs_expected=2, cost_usd=cost)
    named = any(step.event in _NAMES_TASK for step in steps)
    attempt = Attempt(
        number=number,
        phase=phase,
        cost_usd=cost,
        run_id="run-1",
        intent_at=at,
        accepted_at=at if named else None,
        finished_at=steps[-1].at,
        prediction_id=f"task-{name}-{number}" if named else None,
        urls=(),
        inference_ms=None,
        error="",
        error_code=code,
    )
    axes = [{"product": name, "market": market} for market in cells or ("us",)]
    facts = {
        "job": job,
        "attempt": attempt,
        "campaign": "autumn",
        "brand": "aurora",
        "month": "2026-11",
        "cells": tuple(
            Cell(
                address=f"hero/{name}/{a['market']}",
                series="hero",
                axes=a,
                job_id=job.job_id,
                output_paths=(),
            )
            for a in axes
        ),
        "outputs": tuple(an_output(job.job_id, index) for index in range(2)) if phase is Phase.DONE else (),
        "steps": steps,
    }
    return Payment(**(facts | more))


def an_output(job, index):
    image = ImageFile(sha256=f"{index}" * 64, media_type="image/png", width_px=8, height_px=8, size_bytes=99)
    return Output(job_id=job, index=index, image=image)


def bill_for(payment, *, usd=None, kind=BillKind.DEDUCT, at=None, number=1, task=None):
    task = task or payment.attempt.prediction_id
    return Bill(
        bill_id=f"{kind}-{task}-{number}",
        kind=kind,
        amount_usd=payment.attempt.cost_usd if usd is None else Decimal(usd),
        at=at or payment.attempt.intent_at,
        prediction_id=task,
        model=payment.job.model,
    )


def with_attempt(payment, **changed):
    return replace(payment, attempt=replace(payment.attempt, **changed))


def later(payment, number, *events):
    """The attempt that opens after a settled one."""
    assert opens_attempt(payment.attempt.phase, events[0])
    name = payment.job.request["prompt"]
    return paid(name, *events, number=number, start=payment.attempt.phase)
