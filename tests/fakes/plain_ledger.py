"""The ledger said plainly: `ports.Ledger` in dictionaries, with no SQL and no file.

What each answer means is read here from the attempts and events themselves, so that the ledger people have is
held against something: both run the contract suite, and whole histories of the simulator must be the same
with either. A transaction is a copy that is put back when it fails.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal

from seedpipe.core.errors import RunError
from seedpipe.core.lifecycle import INTENTS, Event, Phase, is_unfetched
from seedpipe.core.manifest import add_up
from seedpipe.core.model import SANDBOX_ORIGIN
from seedpipe.core.records import (
    Account,
    OpenRequest,
    Payment,
    PhaseTotal,
    RunRecord,
    Step,
    Verdict,
)
from seedpipe.ledger import rows
from seedpipe.ledger.books import month_account
from seedpipe.ledger.history import SETS_THE_PRICE, STORES_AN_OUTPUT, abandoned, moved
from tests.fakes.plain_memory import Happened, Payer, Plan, Tried

_OPEN = frozenset({Phase.SUBMITTING, Phase.IN_DOUBT})
_AT_THE_SERVICE = frozenset({Phase.ACCEPTED, Phase.FETCHING, Phase.DONE, Phase.DONE_SHORT})
_UNFETCHED = frozenset(filter(is_unfetched, Phase))
_GIVEN_UP = frozenset({Event.SURELY_ABSENT, Event.WRITTEN_OFF})


@dataclass(frozen=True, slots=True)
class Terms:
    """What an attempt costs, by which plan, who pays, and the run that asks, if one does."""

    plan: Plan
    price_usd: Decimal
    payer: Payer
    run: object


class PlainLedger:
    """`ports.Ledger`; two of one memory are two openings of one ledger."""

    def __init__(self, memory, *, origin, lock=None):
        self._kept = memory
        self._follows = origin == SANDBOX_ORIGIN
        self._lock = lock
        self.origin = origin

    def close(self):
        if self._lock:
            self._lock.release()

    @contextmanager
    def _writing(self):
        before = self._kept.copied()
        try:
            yield
        except BaseException:
            self._kept.put_back(before)
            raise

    # --- plans ---

    def admit(self, header, cells):
        plan_id = header.plan_id
        if plan_id in self._kept.plans:
            return
        jobs, where = {}, {}
        for planned in cells:
            job = planned.job
            if planned.opens_job == (job.job_id in jobs):
                raise ValueError(f"the cell {planned.cell.address} contradicts what its job was before")
            if planned.opens_job:
                rows.to_micros(job.cost_usd)
                jobs[job.job_id] = job
            where.setdefault(job.job_id, []).append(planned.cell)
        self._kept.plans[plan_id] = Plan(header, jobs, where, header.place(""))
        for job in jobs.values():
            self._kept.requests[job.job_id] = self._kept.requests.get(job.job_id) or job.request

    def plan_header(self, plan_id):
        return self._kept.plans[plan_id].header

    def job_count(self, plan_id):
        return len(self._kept.plans[plan_id].jobs)

    # --- runs ---

    def begin_run(self, run):
        plan = self._kept.plans[run.plan_id]
        if run.run_id in self._kept.runs:
            raise ValueError(f"the run {run.run_id} contradicts one that is known")
        sending = sorted(self._in({Phase.SUBMITTING}))
        with self._writing():
            self._kept.runs[run.run_id] = RunRecord(start=run, end=None)
            for job_id in sending:
                self._apply(abandoned(job_id, run))
            for job_id in filter(self._kept.is_paid, plan.jobs):
                self._show(plan, job_id)
        if self._lock:
            self._lock.note(run.run_id)
        return len(sending)

    def end_run(self, end):
        self._kept.runs[end.run_id] = replace(self._kept.runs[end.run_id], end=end)

    def latest_run(self, campaign=None):
        ran = reversed(self._kept.runs.values())
        return next((run for run in ran if campaign in {None, run.start.campaign}), None)

    def latest_out(self, header):
        for run in reversed(self._kept.runs.values()):
            prefix = self._kept.plans[run.start.plan_id].prefix
            if (run.start.campaign, prefix) == (header.campaign, header.place("")):
                return run.start.out
        return None

    def runs_of_plans(self):
        latest = {run.start.plan_id: run for run in self._kept.runs.values()}
        return [run for run in reversed(self._kept.runs.values()) if run is latest[run.start.plan_id]]

    # --- events ---

    def record(self, entries):
        with self._writing():
            return [self._apply(entry) for entry in entries]

    def _apply(self, entry):
        kept, job_id = self._kept, entry.job_id
        tried = kept.tried.get(job_id, ())
        latest = tried[-1] if tried else None
        terms = self._terms(entry) if latest is None or entry.event in SETS_THE_PRICE else None
        price_usd = terms.price_usd if terms else Decimal(0)
        attempt = _stored(moved(latest.attempt if latest else None, entry, price_usd))
        before = latest if latest and latest.attempt.number == attempt.number else None
        happened = Happened(_in_utc(entry), attempt.number, attempt.phase)
        after = _tried(before, attempt, happened, terms.payer if terms else latest.payer)
        changes = _changes(before, after)
        if entry.event in INTENTS and (over := self._over(terms.run, changes)):
            return over
        self._check_prediction_is_new(entry, attempt)
        kept.events.append(happened)
        kept.tried[job_id] = (*tried[:-1], after) if before else (*tried, after)
        if before is None:
            kept.order.append((job_id, len(tried)))
        if entry.event in SETS_THE_PRICE:
            self._show(terms.plan, job_id)
        for account, usd in changes.items():
            kept.accounts[account] = kept.accounts.get(account, Decimal(0)) + usd
        return Verdict.RECORDED

    def _terms(self, entry):
        run = self._kept.runs[entry.run_id].start if entry.run_id is not None else None
        asked_by = self._kept.plans[run.plan_id] if run else None
        plan = self._kept.asking(entry.job_id, asked_by)
        if plan is None:
            raise KeyError(entry.job_id)
        paying = (asked_by or plan).header
        made_at = entry.prediction.created_at if entry.prediction and entry.event is Event.ADOPTED else None
        payer = Payer(paying.campaign, paying.brand, rows.month_of(made_at or entry.at))
        return Terms(plan, plan.jobs[entry.job_id].cost_usd, payer, run)

    def _over(self, run, changes):
        """Which of the caps an intent would pass, if one."""
        caps = {
            "run": (run.purse_usd, Decimal(0), Verdict.OVER_PURSE),
            "campaign": (run.budget_usd, run.elsewhere_usd, Verdict.OVER_BUDGET),
            "month": (run.month_usd, run.elsewhere_month_usd, Verdict.OVER_MONTH),
        }
        for account, usd in changes.items():
            cap, elsewhere, over = caps[account[0]]
            if cap is not None and self._kept.accounts.get(account, Decimal(0)) + usd + elsewhere > cap:
                return over
        return None

    def _check_prediction_is_new(self, entry, attempt):
        if entry.prediction is None or attempt.prediction_id is None:
            return
        mine = (entry.job_id, attempt.number)
        if self._kept.owners.setdefault(attempt.prediction_id, mine) != mine:
            raise RunError(f"task {attempt.prediction_id} already belongs to another attempt")

    # --- uploads ---

    def record_upload(self, upload):
        self._kept.uploads.append(upload)

    def uploads(self, sha256s):
        usable = [one for no, one in enumerate(self._kept.uploads) if no not in self._kept.withdrawn]
        return {one.sha256: one for one in usable if one.sha256 in set(sha256s)}

    def withdraw_uploads(self, sha256s):
        gone = set(sha256s)
        self._kept.withdrawn |= {no for no, one in enumerate(self._kept.uploads) if one.sha256 in gone}

    def uploaded(self, urls):
        return {one.url: one.sha256 for one in self._kept.uploads if one.url in set(urls)}

    # --- jobs ---

    def jobs(self, plan_id, start, stop):
        plan = self._kept.plans[plan_id]
        return [self._kept.record(job_id, plan) for job_id in list(plan.jobs)[start:stop]]

    def find(self, plan_id, text):
        if not text:
            return []
        plan = self._kept.plans[plan_id]
        return [
            self._kept.record(job_id, plan)
            for job_id, cells in plan.cells.items()
            if job_id.startswith(text) or text in {cell.address for cell in cells}
        ]

    def tried(self, job_ids):
        known = (job_id for job_id in job_ids if job_id in self._kept.tried)
        return [self._kept.bare(job_id, self._kept.newest_with(job_id)) for job_id in known]

    def paid(self, campaign):
        def has_paid(tried):
            return any(
                one.is_paid and one.payer.campaign == campaign and one.attempt.prediction_id for one in tried
            )

        for job_id in sorted(job_id for job_id, tried in self._kept.tried.items() if has_paid(tried)):
            at = [
                place for (who, place), jobs in self._kept.shown.items() if who == campaign and job_id in jobs
            ]
            yield replace(self._kept.record(job_id, self._kept.newest_with(job_id)), places=tuple(sorted(at)))

    def unfetched_elsewhere(self, plan_id):
        here = self._kept.plans[plan_id].jobs
        for job_id in sorted(job_id for job_id in self._in(_UNFETCHED) if job_id not in here):
            plan = self._kept.newest_with(job_id)
            yield replace(self._kept.bare(job_id, plan), known_as=plan.cells[job_id][0].address)

    def kept(self, plan_id):
        yield from (record for record in self.jobs(plan_id, 0, self.job_count(plan_id)) if record.is_kept)

    # --- requests and predictions ---

    def open_requests(self, plan_id):
        plan = self._kept.plans[plan_id]
        latest = {job_id: self._kept.tried[job_id][-1] for job_id in self._in(_OPEN)}
        oldest_first = sorted(latest, key=lambda job_id: (latest[job_id].attempt.intent_at, job_id))
        return [self._request(job_id, latest[job_id].sent, plan) for job_id in oldest_first]

    def given_up(self, plan_id, since):
        plan, events = self._kept.plans[plan_id], self._kept.events
        return [
            self._request(happened.entry.job_id, _sent_before(events[:no], happened), plan)
            for no, happened in enumerate(events)
            if happened.entry.event in _GIVEN_UP and happened.entry.at >= since
        ]

    def _request(self, job_id, sent, plan):
        here = job_id in plan.jobs
        return OpenRequest(
            record=self._kept.record(job_id, plan)
            if here
            else self._kept.bare(job_id, self._kept.newest_with(job_id)),
            body=dict(sent.entry.body),
            intent_at=sent.entry.at,
            absences=self._kept.happened_to(job_id, Event.SURELY_ABSENT),
            service_at=sent.entry.service_at,
        )

    def note_look(self, plan_id, until):
        if plan_id not in self._kept.plans:
            raise KeyError(plan_id)
        self._kept.looks[plan_id] = max(until, self._kept.looks.get(plan_id, until))

    def looked_until(self, plan_id, phases):
        found = defaultdict(list)
        for job_id, job in self._kept.plans[plan_id].jobs.items():
            phase = self._kept.phase(job_id)
            if phase in phases:
                found[job.model].append(self._looked(job_id) if phase is Phase.PLANNED else None)
        return {model: min(looks) if all(looks) else None for model, looks in sorted(found.items())}

    def _looked(self, job_id):
        """Until when the list was read for a job, never if a request of it was given up since."""
        if self._kept.happened_to(job_id, *_GIVEN_UP):
            return None
        looks = (
            until for plan_id, until in self._kept.looks.items() if job_id in self._kept.plans[plan_id].jobs
        )
        return max(looks, default=None)

    def owned(self, prediction_ids):
        return {one: self._kept.owners[one][0] for one in prediction_ids if one in self._kept.owners}

    def sent(self, prediction_ids):
        found = {}
        for prediction_id in self.owned(prediction_ids):
            job_id, number = self._kept.owners[prediction_id]
            sent = self._kept.tried[job_id][number - 1].sent
            found[prediction_id] = dict(sent.entry.body if sent else self._kept.requests[job_id])
        return found

    def accepted_between(self, model, after, before):
        return {
            one.attempt.prediction_id: one.attempt.accepted_at
            for job_id, tried in self._kept.tried.items()
            for one in tried
            if one.attempt.phase in _AT_THE_SERVICE and after <= one.attempt.accepted_at <= before
            if self._kept.newest_with(job_id).jobs[job_id].model == model
        }

    def phases(self, job_ids):
        return {job_id: self._kept.phase(job_id) for job_id in job_ids if job_id in self._kept.tried}

    def sizes_asked(self):
        sizes = {self._kept.requests[job_id].get("size") for job_id in self._kept.tried}
        return sorted(sizes - {None})

    def jobs_of_size(self, size):
        return {
            job_id: self._kept.is_paid(job_id)
            for job_id, tried in self._kept.tried.items()
            if self._kept.requests[job_id].get("size") == size
            if any(one.attempt.phase is not Phase.PLANNED for one in tried)
        }

    # --- money ---

    def tally(self, plan_id):
        totals = defaultdict(list)
        for record in self.jobs(plan_id, 0, self.job_count(plan_id)):
            if not record.is_kept:
                planned = record.phase is Phase.PLANNED
                paid_usd = record.job.cost_usd if planned else record.latest.cost_usd
                totals[record.phase].append(_one(record.job, paid_usd))
        return {phase: add_up(paid) for phase, paid in totals.items()}

    def billed(self, plan_id, run_id=None):
        paid = [
            (job, one.attempt.cost_usd)
            for job in self._kept.plans[plan_id].jobs.values()
            for one in self._kept.tried.get(job.job_id, ())
            if one.is_paid and run_id in {None, one.attempt.run_id}
        ]
        jobs = {job.job_id for job, _ in paid}
        return replace(add_up(_one(job, usd) for job, usd in paid), jobs=len(jobs))

    def committed_usd(self, campaign):
        return self._kept.accounts.get(("campaign", campaign), Decimal(0))

    def month_usd(self, brand, at):
        return self._kept.accounts.get(("month", month_account(brand, rows.month_of(at))), Decimal(0))

    def accounts(self):
        return [
            Account(kind=kind, name=name, committed_usd=usd)
            for (kind, name), usd in sorted(self._kept.accounts.items())
        ]

    def payments(self):
        for job_id, index in list(self._kept.order):
            one = self._kept.tried[job_id][index]
            run = self._kept.runs.get(one.attempt.run_id)
            plan = self._kept.asking(job_id, self._kept.plans[run.start.plan_id] if run else None)
            yield Payment(
                job=self._kept.bare(job_id, plan).job,
                attempt=one.attempt,
                campaign=one.payer.campaign,
                brand=one.payer.brand,
                month=one.payer.month,
                cells=tuple(plan.cells[job_id]),
                outputs=one.outputs,
                steps=tuple(
                    Step(event=happened.entry.event, phase=happened.phase, at=happened.entry.at)
                    for happened in self._kept.events
                    if (happened.entry.job_id, happened.number) == (job_id, one.attempt.number)
                ),
            )

    # --- what places were paid for as ---

    def formers(self, campaign, asked):
        return self._kept.formers(campaign, asked)

    def remember(self, campaign, lines):
        for line in lines:
            for place in () if self._follows else line.cells:
                shown = self._kept.shown.get((campaign, place), {})
                before_all = (-1, rows.to_instant(line.accepted_at))
                theirs = {line.job_id: (before_all, line.cost_usd)}
                self._kept.shown[campaign, place] = theirs | shown

    def keep(self, campaign, kept, at):
        rows.to_instant(at)
        self._kept.keeps |= {(campaign, place): tuple(jobs) for place, jobs in kept.items()}

    def unkeep(self, campaign, places):
        known = self._kept.keeps.keys() & {(campaign, place) for place in places}
        for place in known:
            del self._kept.keeps[place]
        return len(known)

    def _show(self, plan, job_id):
        if not self._follows:
            self._kept.show(plan, job_id)

    def _in(self, phases):
        """The jobs whose latest attempt is in one of these phases."""
        return [job_id for job_id in self._kept.tried if self._kept.phase(job_id) in phases]


def _tried(before, attempt, happened, payer):
    """The attempt as it stands after this happened; `before` is how it stood, None for a new one."""
    entry = happened.entry
    sent = happened if entry.event in INTENTS else before and before.sent
    outputs = {output.index: output for output in before.outputs} if before else {}
    if entry.output and entry.event in STORES_AN_OUTPUT:
        outputs[entry.output.index] = entry.output
    return Tried(attempt, payer, sent, tuple(outputs[index] for index in sorted(outputs)))


def _changes(before, after):
    """What is to be added to each account."""
    held, holds = before.holds if before else {}, after.holds
    none = Decimal(0)
    changes = {account: holds.get(account, none) - held.get(account, none) for account in holds | held}
    return {account: usd for account, usd in changes.items() if usd}


def _sent_before(events, happened):
    """The latest intent of the attempt before this happened to it."""
    mine = (happened.entry.job_id, happened.number)
    return next(
        one
        for one in reversed(events)
        if (one.entry.job_id, one.number) == mine and one.entry.body is not None
    )


def _one(job, usd):
    return PhaseTotal(jobs=1, images=job.outputs_expected, cost_usd=usd)


def _stored(attempt):
    """An attempt as any database gives it back."""
    return rows.attempt(rows.attempt_columns(attempt))


def _in_utc(entry):
    """An entry with its times in UTC."""
    service_at = rows.from_optional_instant(rows.optional_instant(entry.service_at))
    return replace(entry, at=rows.from_instant(rows.to_instant(entry.at)), service_at=service_at)
