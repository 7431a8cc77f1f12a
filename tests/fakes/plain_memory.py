"""What the plain ledger remembers, in dictionaries: plans, runs, attempts and events, and what they mean."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from seedpipe.core.lifecycle import Phase, holds_money
from seedpipe.core.records import Entry, Former, JobRecord
from seedpipe.ledger.books import month_account


@dataclass(frozen=True, slots=True)
class Plan:
    header: object
    jobs: dict  # id → job as this plan prices it, in order
    cells: dict  # id → the cells that ask for it, in order
    prefix: str  # of its places


@dataclass(frozen=True, slots=True)
class Payer:
    campaign: str
    brand: str | None
    month: str


@dataclass(frozen=True, slots=True)
class Happened:
    """An event as it was recorded."""

    entry: Entry
    number: int
    phase: Phase


@dataclass(frozen=True, slots=True)
class Tried:
    """An attempt, who pays for it, its latest intent and what it has brought home."""

    attempt: object
    payer: Payer
    sent: Happened | None = None
    outputs: tuple = ()

    @property
    def is_paid(self):
        return holds_money(self.attempt.phase)

    @property
    def holds(self):
        """What it keeps committed, by account."""
        if not self.is_paid:
            return {}
        payer, run_id = self.payer, self.attempt.run_id
        names = {"campaign": payer.campaign}
        if run_id:
            names = {"run": run_id} | names
        if payer.brand:
            names |= {"month": month_account(payer.brand, payer.month)}
        return dict.fromkeys(names.items(), self.attempt.cost_usd)


class Memory:
    """All that a ledger remembers from one opening to the next; only the dictionaries themselves change."""

    def __init__(self):
        self.plans = {}  # id → plan, in the order in which they were admitted
        self.requests = {}  # job → the first request that was known of it
        self.looks = {}  # plan → until when the list was read for it
        self.runs = {}  # id → run, in the order in which they began
        self.tried = {}  # job → its attempts, oldest first
        self.order = []  # (job, index) of every attempt, as they came
        self.owners = {}  # prediction → (job, number)
        self.events = []
        self.accounts = {}  # (kind, name) → money
        self.uploads = []
        self.withdrawn = set()  # indexes of uploads
        self.shown = {}  # (campaign, place) → {job: (when it was shown last, what others paid)}
        self.keeps = {}  # (campaign, place) → (job asked for, job whose picture stays)

    def copied(self):
        return {name: kept.copy() for name, kept in vars(self).items()}

    def put_back(self, copied):
        vars(self).update(copied)

    def phase(self, job_id):
        tried = self.tried.get(job_id)
        return tried[-1].attempt.phase if tried else Phase.PLANNED

    def is_paid(self, job_id):
        """Whether an attempt at a job holds money."""
        return any(one.is_paid for one in self.tried.get(job_id, ()))

    def happened_to(self, job_id, *events):
        """How often something of the kind has happened to a job."""
        return sum(one.entry.job_id == job_id and one.entry.event in events for one in self.events)

    def newest_with(self, job_id):
        return next((plan for plan in reversed(self.plans.values()) if job_id in plan.jobs), None)

    def asking(self, job_id, plan):
        """The plan that prices a job: this one, or the newest that has it."""
        return plan if plan and job_id in plan.jobs else self.newest_with(job_id)

    def record(self, job_id, plan):
        """A job with its cells in a plan that has it."""
        cells = plan.cells[job_id]
        found = self.formers(plan.header.campaign, {plan.prefix + cell.address: job_id for cell in cells})
        formers = {place.removeprefix(plan.prefix): former for place, former in found.items()}
        return self.bare(job_id, plan, cells=tuple(cells), formers=formers)

    def bare(self, job_id, plan, **more):
        """A job as a plan prices it; without `more`, without cells."""
        job, tried = plan.jobs[job_id], self.tried.get(job_id, ())
        takes = tuple(one.outputs for one in tried) or ((),)
        return JobRecord(
            job=job if job.request else replace(job, request=self.requests[job_id]),
            attempts=tuple(one.attempt for one in tried),
            outputs=takes[-1],
            earlier=takes[:-1],
            **{"cells": ()} | more,
        )

    def formers(self, campaign, asked):
        found = {}
        for place, job_id in sorted(asked.items()):
            shown = self.shown.get((campaign, place), {})
            asked_job, kept_job = self.keeps.get((campaign, place), (None, None))
            decided = asked_job == job_id
            for other in sorted(shown, key=lambda other: (shown[other][0], other)):
                paid_usd = self.paid_as(other, shown[other][1])
                if other != job_id and paid_usd is not None and (not decided or other == kept_job):
                    found[place] = Former(job_id=other, paid_usd=paid_usd, decided=decided)
        return found

    def paid_as(self, job_id, elsewhere_usd):
        """What a job has cost; what others paid counts while it was never tried here. None for nothing."""
        if job_id not in self.tried:
            return elsewhere_usd
        paid = [one.attempt.cost_usd for one in self.tried[job_id] if one.is_paid]
        return sum(paid, Decimal(0)) if paid else None

    def show(self, plan, job_id):
        """Note that the cells of a plan show a job from now on, unless they keep another's picture."""
        for cell in plan.cells[job_id]:
            place = (plan.header.campaign, plan.prefix + cell.address)
            if self.keeps.get(place, (None,))[0] != job_id:
                shown = self.shown.get(place, {})
                _, elsewhere_usd = shown.get(job_id, (0, None))
                now = (0, len(self.events))  # what others paid was before all of it
                self.shown[place] = shown | {job_id: (now, elsewhere_usd)}
