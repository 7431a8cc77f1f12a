"""A whole run on a stage: real ledger, real store, a scripted service, virtual time."""

from __future__ import annotations

import asyncio
import hashlib
import random
from dataclasses import dataclass
from decimal import Decimal

from seedpipe.core.lifecycle import Phase
from seedpipe.core.model import BudgetCaps, Cell, Job, PlanHeader, PlannedCell, Policy, job_id
from seedpipe.core.policy import Orders
from seedpipe.core.records import RunEnd, RunStart
from seedpipe.core.references import reference
from seedpipe.engines import LocalEngine, Pace
from seedpipe.ledger import SqliteLedger
from seedpipe.stores import LocalStore
from tests.fakes.clock import FakeClock, run_virtually
from tests.fakes.ledger import WitnessLedger
from tests.fakes.provider import FakeProvider

MODEL = "bytedance/seedream-v4/sequential"
PRICE_USD = Decimal("0.10")


def planned(
    prompt: str, *, images: int = 1, cost_usd: Decimal = PRICE_USD, cells: int = 1, more=None
) -> list[PlannedCell]:
    request = {"prompt": prompt, "max_images": images, **(more or {})}
    job = Job(
        job_id=job_id(MODEL, request),
        model=MODEL,
        request=request,
        outputs_expected=images,
        cost_usd=cost_usd,
    )
    return [
        PlannedCell(
            cell=Cell(
                address=f"hero/{prompt}/{number}",
                series="hero",
                axes={"product": prompt},
                job_id=job.job_id,
                output_paths=tuple(f"{prompt}/{number}-{image}" for image in range(images)),
            ),
            job=job,
            opens_job=number == 0,
        )
        for number in range(cells)
    ]


@dataclass
class Heard:
    at_s: float
    prompt: str
    phase: Phase
    note: str


class Ear:
    """A listener that remembers, and may act when a job reaches a phase."""

    def __init__(self, clock):
        self.clock = clock
        self.heard = []
        self.waits = []
        self.react = {}

    def job_changed(self, record, phase, note=""):
        self.heard.append(Heard(self.clock.monotonic(), record.job.request["prompt"], phase, note))
        if reaction := self.react.get(phase):
            reaction()

    def declined(self, record, why):
        self.heard.append(Heard(self.clock.monotonic(), record.job.request["prompt"], record.phase, why))

    def waiting(self, seconds, why):
        self.waits.append((seconds, why))

    def most_at_once(self):
        in_air, most = set(), 0
        for heard in self.heard:
            if heard.phase in {Phase.SUBMITTING, Phase.ACCEPTED, Phase.FETCHING}:
                in_air.add(heard.prompt)
            else:
                in_air.discard(heard.prompt)
            most = max(most, len(in_air))
        return most

    def way_of(self, prompt):
        return [heard.phase for heard in self.heard if heard.prompt == prompt]

    def notes_of(self, prompt):
        return " | ".join(heard.note for heard in self.heard if heard.prompt == prompt)


class Stage:
    def __init__(self, folder, cells=(), *, policy=None, **pace):
        self.folder = folder
        self.hints = None
        self.policy = policy or Policy()
        self.out = folder / "out"
        self.objects = folder / "objects"
        for made in (self.out, self.objects):
            made.mkdir(exist_ok=True)
        self.ledger = WitnessLedger(SqliteLedger.open(folder / "ledger.sqlite", origin="https://api.test"))
        self.store = LocalStore(self.objects, self.out)
        self.asides = LocalStore(self.objects, folder / "asides")
        self.clock = FakeClock()
        self.provider = FakeProvider(self.clock, before_submit=self._intent_is_durable)
        self.pace = Pace(**pace)
        self.took_s = 0.0
        self.runs = 0
        self.ear = None
        self.plan_id = self.admit(cells)

    def admit(self, cells, campaign="aurora", **policy):
        cells = list(cells)
        header = PlanHeader(
            campaign=campaign,
            brand="aurora",
            sources={
                f"{campaign}.yaml": str(len(cells)) + "".join(c.cell.address + c.cell.job_id for c in cells)
            },
            catalogue="c1",
            budget=BudgetCaps(),
            policy=Policy(**policy) if policy else self.policy,
        )
        self.ledger.admit(header, cells)
        return header.plan_id

    def keep(self, *contents):
        """Have images in the store, as a plan's references are."""

        async def keep_all():
            for content in contents:
                await self.store.receive(_chunks(content))

        asyncio.run(keep_all())

    def close(self):
        self.ledger.close()

    def run(self, *, purse=None, budget=None, month=None, plan_id=None, when=None, store=None, orders=None):
        """Carry out a run; `when` gets the engine and the ear before it starts."""
        caps = {"purse": purse, "budget": budget, "month": month}
        store = store or self.store
        return run_virtually(self._run(caps, plan_id or self.plan_id, when, store, orders))

    async def _run(self, caps, plan_id, when, store, orders):
        self.runs += 1
        self.ear = Ear(self.clock)
        engine = LocalEngine(
            ledger=self.ledger,
            provider=self.provider,
            store=store,
            clock=self.clock,
            listener=self.ear,
            rng=random.Random(7),
            pace=self.pace,
            orders=orders or Orders(),
            asides=self.asides,
            hints=self.hints,
        )
        start = self.start(f"run{self.runs}", plan_id, **caps)
        self.ledger.begin_run(start)
        if when:
            when(engine, self.ear)
        began_s = self.clock.monotonic()
        outcome = await engine.run(start)
        self.took_s = self.clock.monotonic() - began_s
        assert len(asyncio.all_tasks()) == 1, "the engine left tasks behind"
        self.ledger.end_run(RunEnd(run_id=start.run_id, finished_at=self.clock.now(), exit_code=0))
        return outcome

    def start(self, run_id, plan_id=None, *, purse=None, budget=None, month=None):
        return RunStart(
            run_id=run_id,
            plan_id=plan_id or self.plan_id,
            campaign="aurora",
            owner=run_id,
            started_at=self.clock.start,
            purse_usd=purse,
            budget_usd=budget,
            month_usd=month,
        )

    def records(self, plan_id=None):
        plan_id = plan_id or self.plan_id
        records = self.ledger.jobs(plan_id, 0, self.ledger.job_count(plan_id))
        return {record.job.request["prompt"]: record for record in records}

    def phases(self):
        return {prompt: record.phase for prompt, record in self.records().items()}

    def aside_files(self):
        return sorted(path.name for path in (self.folder / "asides").glob("*"))

    def files(self):
        return sorted(path.relative_to(self.out).as_posix() for path in self.out.rglob("*.*"))

    def _intent_is_durable(self, body):
        """The rule of rules: when the bytes leave, the intent with this very body is on disk."""
        job = job_id(MODEL, self._as_planned(body))
        assert self.ledger.phases_seen.get(job) is Phase.SUBMITTING
        intent = [entry for entry in self.ledger.log if entry.job_id == job][-1]
        assert dict(intent.body) == dict(body)

    def _as_planned(self, body):
        """The request of a body: what it uploaded stands there by content."""
        images = body.get("images", ())
        kept = self.provider.uploads
        planned_images = [
            reference(hashlib.sha256(kept[url]).hexdigest()) if url in kept else url for url in images
        ]
        return {**body, "images": planned_images} if images else body


async def _chunks(content):
    yield content
