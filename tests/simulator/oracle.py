"""Two oracles that must agree at every step: what the ledger was told, and what the service has charged.

The account kept here is the simulator's own, made from entries and charges as they happen. It shares nothing
with the ledger but the table of the lifecycle. When the ledger is lost, this account is, too: what nobody
knows then, and neither the lock nor the service's list could tell, is `forgotten`, and may be paid again.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from seedpipe.core.lifecycle import INTENTS, Event, Phase, advance, holds_money, is_unfetched, opens_attempt
from seedpipe.core.model import canonical_json
from seedpipe.core.records import Verdict
from tests.simulator.service import key_of

_NAMES_THE_TASK = frozenset({Event.ACCEPTED, Event.FOUND, Event.ADOPTED})
_GIVES_UP = frozenset({Event.SURELY_ABSENT, Event.WRITTEN_OFF})
_OPEN = frozenset({Phase.SUBMITTING, Phase.IN_DOUBT})
_STORES = frozenset({Event.OUTPUT_STORED, Event.SET_COMPLETE, Event.SET_SHORT})


class Violation(AssertionError):
    """A promise was broken."""


@dataclass(slots=True)
class Tried:
    """One attempt as it was told."""

    job_id: str
    phase: Phase
    body: str = ""
    price_usd: Decimal = Decimal(0)
    run_id: str | None = None
    prediction_id: str | None = None
    sent: int = 0  # submits that left since the latest intent
    images: dict = field(default_factory=dict)  # index → image, as recorded
    absences: int = 0  # how often it was judged absent: with a late service a second charge may come
    intent_s: float = 0.0  # when the latest intent was recorded
    is_written_off: bool = False  # by the user, who may pay for it again


class Oracle:
    """Judges every entry and every charge. `is_durable(sha256)` asks the disk.

    Where the service tells no inputs (`tells_inputs()`), a task of a stranger, or of ours from before the
    ledger was lost, cannot be told from the one that is looked for; nor can one of ours that was judged
    absent by a list that shows requests after their settle time.
    """

    def __init__(self, *, prices, bodies, rivals, is_durable, is_prompt, tells_inputs, now):
        self._now = now
        self._prices = prices
        self._rivals = rivals  # job → the job that its cells ask for before or after an edit
        self.bodies = bodies
        self._is_durable = is_durable
        self._is_prompt = is_prompt
        self._tells_inputs = tells_inputs
        self.attempts = defaultdict(list)  # job → attempts, oldest first
        self.charges = defaultdict(list)  # body → tasks of ours
        self.by_id = {}  # strangers' as well
        self.forgotten = set()  # tasks of ours that no ledger knows and nobody could know of
        self.ledgers = 1  # how many there have been, one after the other
        self.locked = frozenset()  # the jobs that the lock told of when this process started
        self.taught = set()  # the jobs that this ledger has learnt of from a lock
        self.given_up = []  # requests judged absent or written off: body, time of the intent, time of that
        self.may_follow = False  # whether the user has said that changes are to be bought

    # --- what happens ---

    def recorded(self, entries, verdicts):
        """Hear what the ledger has made durable."""
        for entry, verdict in zip(entries, verdicts, strict=True):
            if verdict is Verdict.RECORDED:
                self._take(entry)
            elif entry.event not in INTENTS:
                raise Violation(f"{entry.event} was declined: {verdict}")

    def abandoned(self):
        """Hear that a run has begun: nobody is sending any more."""
        for attempts in self.attempts.values():
            if attempts and attempts[-1].phase is Phase.SUBMITTING:
                attempts[-1].phase = Phase.IN_DOUBT

    def lost(self):
        """Hear that the ledger is gone."""
        self.attempts.clear()
        self.taught.clear()
        self.given_up.clear()
        self.ledgers += 1
        self.forgotten |= {task.prediction_id for tasks in self.charges.values() for task in tasks}

    def taken_over(self, planned, to_buy, locked, listed):
        """Hear that a run has looked around before it buys: what it could know of, it must know.

        `planned` are its jobs, `to_buy` those of them that it would submit, `locked` those of the lock,
        `listed` the tasks worth having that the list told. As many of these as there are doubts of the same
        body are left to them.
        """
        if unread := [job for job in planned if job in locked and not self.attempts[job]]:
            raise Violation(f"the lock knows {unread}, and the ledger does not")
        owned = {tried.prediction_id for tried in self._all()}
        free = Counter(task.key for task in listed if task.prediction_id not in owned)
        free.subtract(tried.body for tried in self._all() if tried.phase in _OPEN)
        if left := [job for job in to_buy if free[self.bodies[job]] > 0]:
            raise Violation(f"the list shows what {left} ask for, and nobody has taken it over")

    def phase(self, job_id):
        """Return the phase of a job's latest attempt."""
        attempts = self.attempts.get(job_id)
        return attempts[-1].phase if attempts else Phase.PLANNED

    def kept_taken_over(self, wanted):
        """Hear that a process has looked into the lock for what the cells of its jobs keep."""
        for job in wanted:
            rival = self.rival_of(job)
            if not self.attempts.get(job) and rival in self.locked and not self.attempts.get(rival):
                raise Violation(f"the lock knows {rival}, which {job} keeps, and the ledger does not")

    def leaving(self, model, body):
        """Hear that the bytes of a request leave now; return the attempt they are for."""
        key = key_of(model, body)
        waiting = [
            tried
            for attempts in self.attempts.values()
            for tried in attempts[-1:]
            if tried.phase is Phase.SUBMITTING and tried.body == key and not tried.sent
        ]
        if not waiting:
            raise Violation(f"a request left without a durable intent of its own: {body}")
        waiting[0].sent += 1
        return waiting[0].job_id, len(self.attempts[waiting[0].job_id]), self.ledgers

    def rival_of(self, job_id):
        """Return the job that the cells of this one ask for before or after an edit, or None."""
        return self._rivals.get(job_id)

    def is_held_back(self, job_id):
        """Whether the cells of a job were paid for as another one, so that only the user's word buys it."""
        rival = self.rival_of(job_id)
        attempts = self.attempts.get(rival)
        return holds_money(attempts[-1].phase) if attempts else rival in self.locked | self.taught

    def charged(self, task):
        """Hear that the service has charged for a request, of ours or of somebody else."""
        self.by_id[task.prediction_id] = task
        if task.attempt is None:
            return
        key = task.key
        self.charges[key].append(task)
        if task.attempt[-1] != self.ledgers:
            self.forgotten.add(task.prediction_id)
        self._check_charges(key)

    # --- what must be so ---

    def _take(self, entry):
        attempts = self.attempts[entry.job_id]
        before = attempts[-1].phase if attempts else Phase.PLANNED
        if entry.event in INTENTS and before is Phase.PLANNED and self.is_held_back(entry.job_id):
            self._check_word(entry)
        phase = advance(before, entry.event)
        if not attempts or opens_attempt(before, entry.event):
            attempts.append(Tried(entry.job_id, phase, self.bodies[entry.job_id]))
        tried = attempts[-1]
        tried.phase = phase
        if entry.event in INTENTS:
            self._intended(tried, entry)
        elif entry.event in _NAMES_THE_TASK:
            self._named(tried, entry)
        elif entry.event in _STORES and entry.output:
            tried.images[entry.output.index] = entry.output.image
        elif entry.event in _GIVES_UP:
            self._gave_up(tried, entry)
        self._check_sendings(tried, entry)
        if phase in {Phase.PLANNED, Phase.FAILED}:
            self._check_charges(tried.body)
        if entry.event in {Event.SET_COMPLETE, Event.SET_SHORT} or entry.event in _STORES:
            self._check_files(entry)

    def _check_word(self, entry):
        if not self.may_follow:
            raise Violation(f"{entry.job_id} is bought, and its cells were paid for before they changed")

    def _intended(self, tried, entry):
        if entry.body is None or canonical_json(dict(entry.body)) != tried.body.partition(" ")[2]:
            raise Violation(f"the intent of {entry.job_id} carries another body: {entry.body}")
        tried.price_usd, tried.run_id, tried.sent = self._prices[entry.job_id], entry.run_id, 0
        tried.intent_s = self._now()

    def _gave_up(self, tried, entry):
        tried.absences += entry.event is Event.SURELY_ABSENT
        tried.is_written_off |= entry.event is Event.WRITTEN_OFF
        self.given_up.append((tried.body, tried.intent_s, self._now()))

    def _named(self, tried, entry):
        if entry.event is Event.ADOPTED:
            self.forgotten.discard(entry.prediction.prediction_id)
            tried.price_usd, tried.run_id = self._prices[entry.job_id], entry.run_id
        prediction_id = entry.prediction.prediction_id
        owners = [tried for tried in self._all() if tried.prediction_id == prediction_id]
        if owners and owners != [tried]:
            raise Violation(f"task {prediction_id} belongs to two attempts")
        task = self.by_id.get(prediction_id)
        late = any(map(self._is_given_up, self._all()))
        cannot_be_told = (self._is_strange(prediction_id) or late) and not self._tells_inputs()
        if task is None or (task.key != tried.body and not cannot_be_told):
            raise Violation(f"task {prediction_id} is not what {entry.job_id} asked for")
        tried.prediction_id = prediction_id

    def _check_sendings(self, tried, entry):
        answers = {Event.ACCEPTED, Event.UNAVAILABLE, Event.RATE_LIMITED, Event.BLOCKED, Event.REFUSED}
        if entry.event in answers and not tried.sent:
            raise Violation(f"{entry.job_id} has an answer to a request that never left: {entry.event}")

    def _check_charges(self, key):
        """Every charge belongs to an attempt of its own, which says so."""
        bearing = [tried for tried in self._tried(key) if _may_be_charged(tried)]
        charged = sum(task.prediction_id not in self.forgotten for task in self.charges[key])
        if charged > len(bearing) and not self.is_excused(key):
            raise Violation(
                f"{charged} charges for {key!r}, but only {len(bearing)} attempts own one:"
                f" {[(tried.phase.value, tried.prediction_id) for tried in self._tried(key)]}"
            )

    def is_excused(self, key):
        """Whether a service that shows a request after its settle time, or a write-off, made it double."""
        return any(map(self._is_given_up, self._tried(key)))

    def _is_given_up(self, tried):
        return tried.is_written_off or (not self._is_prompt and tried.absences)

    def orphans(self, key):
        """Return how many charges for one body belong to nobody.

        A doubt may have been given a stranger's task of the same body, or a forgotten one: nobody could tell
        it from its own, which then is left over.
        """
        owned = {tried.prediction_id for tried in self._tried(key)}
        strange = sum(self._is_strange(prediction_id) for prediction_id in owned)
        left = sum(task.prediction_id not in owned | self.forgotten for task in self.charges[key])
        return max(0, left - strange)

    def _is_strange(self, prediction_id):
        task = self.by_id.get(prediction_id)
        return task is not None and (task.attempt is None or prediction_id in self.forgotten)

    def swept(self, asides, *, due, may_be_ours):
        """Hear what a run has brought aside: all that was `due`, and nothing that surely is another's."""
        owned = {tried.prediction_id for tried in self._all()}
        ids = {aside.prediction_id for aside in asides}
        if missing := {task.prediction_id for task in due} - owned - ids:
            raise Violation(f"{missing} ask what is ours, belong to nobody, and were not reported")
        for aside in asides:
            if aside.prediction_id in owned:
                raise Violation(f"{aside.prediction_id} belongs to an attempt and was brought aside")
            if not may_be_ours(self.by_id[aside.prediction_id]):
                raise Violation(f"{aside.prediction_id} is somebody else's and was brought aside")

    def unfetched(self):
        """Return the jobs, of any plan, that are paid for and not brought home."""
        return sorted(tried.job_id for tried in self._all() if is_unfetched(tried.phase))

    def in_doubt(self):
        """Return the bodies of requests that are in doubt."""
        return {tried.body for tried in self._all() if tried.phase is Phase.IN_DOUBT}

    def _all(self):
        return (tried for attempts in self.attempts.values() for tried in attempts)

    def _tried(self, key):
        return [tried for tried in self._all() if tried.body == key]

    def _check_files(self, entry):
        if entry.event in {Event.SET_COMPLETE, Event.SET_SHORT}:
            due = self.attempts[entry.job_id][-1].images.values()
        else:
            due = [entry.output.image]
        for image in due:
            if not self._is_durable(image.sha256):
                raise Violation(
                    f"{entry.event} of {entry.job_id} was recorded, but {image.sha256} is not durable"
                )

    def images(self, job_id):
        """Return every image that was ever recorded for a job."""
        return [image for tried in self.attempts[job_id] for image in tried.images.values()]

    def check_money(self, committed_usd, purse_of, *, campaign_cap, run_id, run_cap):
        """Compare the ledger's accounts with the attempts, and after an intent with the caps.

        What was paid elsewhere and is taken over may pass a cap; then nothing more is bought.
        """
        holding = [tried for tried in self._all() if holds_money(tried.phase)]
        expected = sum((tried.price_usd for tried in holding), Decimal(0))
        if committed_usd != expected:
            raise Violation(f"the account says {committed_usd}, the attempts hold {expected}")
        of_run = sum((tried.price_usd for tried in holding if tried.run_id == run_id), Decimal(0))
        if purse_of != of_run:
            raise Violation(f"the run's account says {purse_of}, its attempts hold {of_run}")
        if campaign_cap is not None and committed_usd > campaign_cap:
            raise Violation(f"{committed_usd} is reserved and spent, over the budget of {campaign_cap}")
        if run_cap is not None and of_run > run_cap:
            raise Violation(f"{of_run} is reserved and spent in this run, over its purse of {run_cap}")


def _may_be_charged(tried):
    """Whether a charge may belong to this attempt: its request is under way, in doubt, or has a task's id."""
    return tried.prediction_id is not None or tried.phase in _OPEN
