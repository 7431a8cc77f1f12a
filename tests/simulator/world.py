"""One history, played: processes that live and die on one disk, beside one service.

Everything that matters is real – store, engine, lifecycle, lock, and the ledger where the scenario says so –
but time, the service and the gate of the disk. A process dies by having every later call of its fail without
effect. After each death the next process starts on what is left, which may be the lock alone; after the last
one comes a calm, in which everything must be brought home.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import random
import re
import shutil
import tempfile
from contextlib import ExitStack, suppress
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from seedpipe.core.errors import InputError, LedgerDamaged, LedgerLocked, RunError
from seedpipe.core.lifecycle import INTENTS, Event, Phase
from seedpipe.core.lockfile import read_lock
from seedpipe.core.manifest import exit_code
from seedpipe.core.model import DoubtPolicy, ShortSets
from seedpipe.core.policy import Orders, Redo
from seedpipe.core.records import Entry, RunEnd, RunStart, StopReason, Verdict
from seedpipe.core.showing import phases_away
from seedpipe.engines import LocalEngine, Pace, adopt
from seedpipe.ledger import SqliteLedger
from seedpipe.locked import CampaignLock
from seedpipe.project import all_jobs
from seedpipe.stores import LocalStore, LockFile, write_atomically
from tests.fakes.clock import EPOCH
from tests.fakes.disk import Disk
from tests.simulator import scenario as scenarios
from tests.simulator.ledgers import LEDGERS, ORIGIN
from tests.simulator.loop import Dead, SimLoop
from tests.simulator.oracle import Oracle, Violation
from tests.simulator.service import Client, Service, is_listed, is_worth_having, key_of

_MEMORY = Path("/dev/shm")  # where there is one: syncs are the gate's business
_CALM_RUNS = 8
_CALM_GAP_S = 2000.0
_TRACE_LINES = 60
_MEMORY_OF_THE_LIST_S = 6 * 86_400.0
_LATEST_S = 3600.0  # a request that was given up may have been accepted so late
_MOST_RESUBMITS = 3  # of one job
_MOST_OPERATIONS = 5000  # of one process; the longest honest run of four jobs takes a tenth
_CAN_TEAR = ("open", "write", "flush", "replace", "link")
_CHANGES_A_FILE = re.compile(rf"({'|'.join(_CAN_TEAR)}|fsync)\b(?! to read)")
_STRANGER_WITHIN_S = 40.0  # of a process's start
_LOCK = "aurora.lock.jsonl"
_UNSETTLED = frozenset({Phase.SUBMITTING, Phase.ACCEPTED, Phase.FETCHING})


class House:
    """The parts a process is built from; a mutant changes one of them."""

    ledger = SqliteLedger
    ledgers = None  # where it lies is the scenario's to say
    engine = LocalEngine
    store = LocalStore
    client = Client
    lock = CampaignLock
    adopt = staticmethod(adopt)
    pace = MappingProxyType({})


class Failure(AssertionError):
    """A broken promise, with the seed and the way to play it again."""


def play(scenario, house=None, *, trace=None):
    """Play one history; return the operations that its first process made, by name. Raises `Failure`."""
    trace = [] if trace is None else trace
    try:
        with World(scenario, house or House(), trace) as world:
            return world.play()
    except Exception as error:
        told = "\n".join(trace[-_TRACE_LINES:])
        raise Failure(
            f"seed {scenario.seed}: {type(error).__name__}: {error}\n{told}\n"
            f"play it again: python -m tests.simulator --seed {scenario.seed}"
        ) from error


def deaths(kind, operations):
    """Return at which operations of a process a death of some kind is one of its own.

    A disk that breaks is noticed by the next change of a file and a ledger that fails by the next record, so
    that it does not matter how long before that they began to. A second run is tried from its operation on.
    """
    match kind:
        case "disk":
            return [at for at, then in enumerate(operations[1:], 1) if _CHANGES_A_FILE.match(then)]
        case "ledger before" | "ledger after":
            begins = "record " if kind == "ledger before" else "recorded"
            return [at for at, what in enumerate(operations, 1) if what.startswith(begins)]
        case "second run":
            return [1]
    return list(range(1, len(operations) + 1))


def failures(seeds, house=None):
    """Play the histories of a range of seeds; return the words of those that failed."""
    failed = []
    for seed in range(*seeds):
        try:
            play(scenarios.drawn(seed), house)
        except Failure as failure:
            failed.append(str(failure))
    return failed


class World:
    """The disk, the service and the oracle of one history."""

    def __init__(self, scenario, house, trace):
        self.scenario = scenario
        self.house = house
        self.trace = trace
        self.rng = random.Random(scenario.seed + 1)
        self.jobs = list(scenario.jobs)
        self.now_s = 0.0
        self.runs = 0
        self.process = None
        self.broken = None
        self._unchecked = False  # whether a file has changed since all were last seen to be whole
        self.older_locks = [""]  # as they were committed, one after the other
        self.word = frozenset()  # what the next run may buy again
        known = [cells[0].job for cells in self._ever_asked()]
        before, after = (cells[0].job.job_id for cells in (scenario.jobs[0], scenario.changed))
        self.oracle = Oracle(
            prices={job.job_id: job.cost_usd for job in known},
            bodies={job.job_id: key_of(job.model, job.request) for job in known},
            rivals={before: after, after: before},
            is_durable=lambda sha256: self.disk.is_durable(self.objects / sha256, sha256),
            is_prompt=scenario.is_prompt,
            tells_inputs=lambda: self.service.habits.inputs != "nowhere",
            now=self.now,
        )
        self.service = Service(
            random.Random(scenario.seed + 2), scenario.habits, scenarios.IMAGE_USD, self.now
        )
        self.service.on_charge = self._charged
        self._stack = ExitStack()

    def __enter__(self):
        where = _MEMORY if _MEMORY.is_dir() else None
        self.folder = Path(tempfile.mkdtemp(prefix="seedpipe-", dir=where)).resolve()
        self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.files = self.folder / "files"
        self.objects, self.out = self.files / "objects", self.files / "out"
        self.lock_file = self.files / _LOCK
        self.files.mkdir()
        self.disk = Disk(self.files, self._gate)
        ledgers = self.house.ledgers or LEDGERS[self.scenario.ledger]
        self.ledgers = ledgers(self.folder, self.house.ledger)
        self._stack.enter_context(self.disk.mounted())
        return self

    def __exit__(self, *_):
        self._stack.close()

    def now(self):
        """Seconds since the beginning, on everybody's clock."""
        return self.process.loop.time() if self.process else self.now_s

    def tell(self, line):
        self.trace.append(f"{self.now():10.2f}  {line}")

    def play(self):
        """Play all troubles, then the calm; return the operations of the first process."""
        first = None
        for trouble in self.scenario.troubles:
            operations = self.live(trouble)
            first = operations if first is None else first
            self.edit(trouble.edit)
            self.let_pass(trouble.gap_s)
        operations = self.calm()
        return operations if first is None else first

    def calm(self):
        """Let the service be well, run until all is home, and judge; return the first run's operations."""
        self.service.habits = scenarios.calmed(self.service.habits)
        operations = []
        while len(operations) < _CALM_RUNS:
            operations.append(self.live(None))
            if self._is_home():
                break
            self.let_pass(_CALM_GAP_S)
        self._check_end()
        return operations[0]

    # --- processes ---

    def live(self, trouble):
        """Start a process and see it end; return the operations it made."""
        self.runs += 1
        self.tell(
            f"--- process {self.runs} starts, {trouble.kind + f' at {trouble.at}' if trouble else 'calm'}"
        )
        process = self.process = Process(self, trouble)
        if self.rng.random() < self.scenario.strangers:
            self._let_a_stranger_ask()
        try:
            process.live()
        finally:
            process.bury()
            self.now_s = process.loop.time()
            self.process = None
        if self.broken:
            raise self.broken
        self.service.catch_up()
        if process.died and trouble and trouble.kind.startswith("power"):
            self._lose_power(process, self.rng if "part" in trouble.kind else None)
        self._check_whole_files()
        return process.operations

    def _let_a_stranger_ask(self):
        """Have somebody else use the account: for something of their own, or for the very same."""
        body = dict(self.rng.choice(self.jobs)[0].job.request)
        if self.rng.random() < 0.5:
            body["prompt"] = "a stranger's"
        self.service.expect(self.rng.random() * _STRANGER_WITHIN_S, (scenarios.MODEL, body, None))

    def _lose_power(self, process, rng):
        self.tell("the power is lost")
        self._unchecked = True
        self.disk.lose_power(rng)
        if process.has_ledger:
            self.ledgers.lose_power()

    def let_pass(self, seconds):
        """Let time go by while nobody runs."""
        self.now_s += seconds
        self.service.catch_up()

    def edit(self, edit):
        """Do to the campaign or its files what people do between two runs."""
        if edit == "change in a clone":
            self.edit("change")
            edit = "clone"
        if "ledger" in edit or edit == "clone":
            self._lose_ledger()
        self._edit_campaign(edit)
        self._edit_files(edit)

    def _edit_campaign(self, edit):
        match edit:
            case "drop" if len(self.jobs) > 1:
                self.jobs.pop()
            case "add" if self.scenario.spare not in self.jobs:
                self.jobs.append(self.scenario.spare)
            case "change" | "change and buy":
                changed = self.scenario.changed
                self.jobs[0] = self.scenario.jobs[0] if self.jobs[0] is changed else changed
                if edit == "change and buy":
                    self.word |= {Redo.CHANGED}
            case "write off":
                self._write_off()

    def _write_off(self):
        """Have the user give up what is in doubt, and say at once that it may be bought again."""
        ledger = self.ledgers.open()
        try:
            latest = ledger.latest_run("aurora")
            doubts = [
                Entry(job_id=job.job_id, event=Event.WRITTEN_OFF, at=EPOCH + timedelta(seconds=self.now_s))
                for request in (ledger.open_requests(latest.start.plan_id) if latest else ())
                if request.record.phase is Phase.IN_DOUBT
                for job in [request.record.job]
            ]
            self.oracle.recorded(doubts, ledger.record(doubts))
        finally:
            ledger.close()
        self.word |= {Redo.FAILED} if doubts else frozenset()

    def _edit_files(self, edit):
        match edit:
            case "delete object" | "delete file":
                folder = self.objects if edit == "delete object" else self.out
                for file in sorted(path for path in folder.rglob("*") if path.is_file())[:1]:
                    file.unlink()
            case "delete both" | "clone":  # a clone has what git has: the lock alone
                for folder in (self.objects, self.out):
                    shutil.rmtree(folder, ignore_errors=True)
            case "lose lock" | "lose ledger and lock":
                self.lock_file.unlink(missing_ok=True)
            case "merge locks":  # `merge=union` of an older branch
                write_atomically(self.lock_file, [self._lock_text(), self.rng.choice(self.older_locks)])

    def _lose_ledger(self):
        self.ledgers.lose()
        self.oracle.lost()

    def _lock_text(self):
        try:
            return self.lock_file.read_text()
        except FileNotFoundError:
            return ""

    def plan(self):
        """The plan of the campaign as it stands, or of the part that this process asks for."""
        jobs = self.asked()
        return scenarios.header(jobs, self.scenario), [cell for cells in jobs for cell in cells]

    def asked(self):
        """The cells of the jobs that the process plans, or of all when there is none."""
        return self.jobs[: (self.process and self.process.limit) or None]

    # --- what must be so ---

    def check_taken_over(self, orders):
        """See that a run knows what the lock and the list could tell of what it would buy."""
        tells = self.service.habits.inputs
        listed = [
            task
            for task in self.service.book
            if is_listed(task, self.service.listed_s)
            and is_worth_having(task, self.service.listed_s)
            and (tells == "list" or (tells == "result" and task.seen_at_s <= self.service.listed_s))
        ]
        planned = [cells[0].job.job_id for cells in self.asked()]
        to_buy = [job for job in planned if self._would_buy(job, orders)]
        self.oracle.taken_over(planned, to_buy, self.locked(), listed)

    def _would_buy(self, job_id, orders):
        """Whether a run submits a job if its budgets reach."""
        phase = self.oracle.phase(job_id)
        if phase is Phase.PLANNED:
            return Redo.CHANGED in orders.redo or not self.oracle.is_held_back(job_id)
        return phase is Phase.FAILED and Redo.FAILED in orders.redo

    def check_kept_taken_over(self):
        """See that the pictures that changed cells keep are known, if only the lock could tell of them."""
        self.oracle.kept_taken_over([cells[0].job.job_id for cells in self.asked()])

    def check_sweep(self, asides, *, since_s, relied_on):
        """See that a run reports what is ours and nobody's, and that it touches nothing of others.

        `relied_on` are whether what it has sent itself, and what was given up before, can have been seen.
        It sends nothing before a first page has told it the time; what others ask until then is not its own.
        """
        ours = {self.oracle.bodies[cells[0].job.job_id] for cells in self.asked()}
        since_s += self.service.habits.page_s
        sent, given_up = relied_on
        due = [
            task
            for task in self.service.book
            if (sent and task.key in ours and since_s <= task.at_s) or (given_up and self._is_late(task))
            if is_listed(task, self.service.listed_s)
            and max(task.seen_at_s, task.at_s) <= self.service.listed_s
        ]
        self.oracle.swept(asides, due=due, may_be_ours=self.may_be_ours)

    def _is_late(self, task):
        """Whether a task may be a request that was given up in the days of the list."""
        since_s = self.now() - _MEMORY_OF_THE_LIST_S
        return any(
            body == task.key and since_s <= at_s and intent_s <= task.at_s <= intent_s + _LATEST_S
            for body, intent_s, at_s in self.oracle.given_up
        )

    def may_be_ours(self, task):
        """Whether somebody who cannot see into the account could take a task for one of ours."""
        return task.key in self.oracle.bodies.values() or self.service.habits.inputs == "nowhere"

    def _ever_asked(self):
        return (*self.scenario.jobs, self.scenario.spare, self.scenario.changed)

    def locked(self):
        """The jobs that the lock tells of."""
        return frozenset(line.job_id for line in lines_of(self._lock_text()))

    def _gate(self, call, path):
        self._unchecked = self._unchecked or call in _CAN_TEAR
        if self.process:
            name = os.path.basename(path)  # temporary names are random, and a history tells nothing random
            self.process.step(f"{call} {'a .part' if name.endswith('.part') else name[:12]}")

    def _charged(self, task):
        self.tell(f"charged: {task.prediction_id[-4:]} {task.body} ({task.ending})")
        if self.process and not self.process.died:
            self.process.judged(self.oracle.charged, task)
        else:
            self.oracle.charged(task)

    def _is_home(self):
        """Whether no further run could change anything."""
        latest = {job: tried[-1].phase for job, tried in self.oracle.attempts.items() if tried}
        ids = [cells[0].job.job_id for cells in self.jobs]
        planned = any(
            latest.get(job, Phase.PLANNED) is Phase.PLANNED and self._is_to_be_bought(job) for job in ids
        )
        doubts = [
            tried for tried in self.oracle.attempts.values() if tried and tried[-1].phase is Phase.IN_DOUBT
        ]
        return (
            not planned
            and not any(map(self._can_be_settled, doubts))
            and not _UNSETTLED & set(latest.values())
        )

    def _check_end(self):
        """After the calm: nothing under way, nothing paid and lost, the money is right."""
        for job, attempts in self.oracle.attempts.items():
            phase = attempts[-1].phase if attempts else Phase.PLANNED
            if phase in _UNSETTLED or (phase is Phase.PLANNED and self._is_to_be_bought(job)):
                raise Violation(f"after the calm {job} is still {phase}")
            if phase is Phase.IN_DOUBT and self._can_be_settled(attempts):
                raise Violation(f"after the calm {job} is still in doubt")
        self._check_orphans()
        self._check_published()
        self._check_lock()

    def _check_lock(self):
        """After the calm the lock tells of every job that the ledger has paid for."""
        told = {line.prediction_id for line in lines_of(self._lock_text())}
        for job, attempts in self.oracle.attempts.items():
            latest = attempts[-1] if attempts else None
            paid = latest and latest.phase in {Phase.DONE, Phase.DONE_SHORT, Phase.LOST}
            if paid and not told & {tried.prediction_id for tried in attempts}:
                raise Violation(f"{job} is paid for, and the lock does not say so")

    def _can_be_settled(self, attempts):
        """Whether a job's latest request may be sent again, three times in its life."""
        resubmits = self.scenario.policy.in_doubt is DoubtPolicy.RESUBMIT
        absences = sum(tried.absences for tried in attempts)
        return resubmits and absences < _MOST_RESUBMITS and self._tells_all()

    def _tells_all(self):
        """Whether the service's list could be relied on to the end: prompt, and asked in time."""
        habits = self.scenario.habits
        return habits.inputs != "nowhere" and self.scenario.is_prompt and self.now_s < _MEMORY_OF_THE_LIST_S

    def _check_orphans(self):
        everyone = [tried for attempts in self.oracle.attempts.values() for tried in attempts]
        for key in self.oracle.charges:
            doubts = sum(tried.phase is Phase.IN_DOUBT and tried.body == key for tried in everyone)
            orphans = self.oracle.orphans(key)
            if orphans > (0 if self._tells_all() else doubts) and not self.oracle.is_excused(key):
                raise Violation(f"{orphans} charges of {key} belong to nobody")

    def _check_whole_files(self):
        """Whatever has happened: a name without `.part` is a whole file, an object is what its name says."""
        if not self._unchecked:
            return
        self._unchecked = False
        known = {digest_of(content) for content in self.service.pictures()}
        for folder, _, names in os.walk(self.files):
            for name in names:
                if name == _LOCK:
                    self._check_lock_is_whole()
                elif not name.endswith(".part"):
                    digest = picture_of(Path(folder, name))
                    expected = {name} if Path(folder) == self.objects else known
                    if digest not in expected:
                        raise Violation(f"{name} is torn")

    def _check_lock_is_whole(self):
        try:
            lines_of(self._lock_text())
        except InputError as error:
            raise Violation(f"the lock is torn: {error.diagnostics}") from error

    def _is_to_be_bought(self, job_id):
        """Whether a job that was not sent is one that a calm run sends: no budget and no change holds it."""
        wanted = any(cells[0].job.job_id == job_id for cells in self.jobs)
        return wanted and self.scenario.budget_usd is None and not self.oracle.is_held_back(job_id)

    def _check_published(self):
        for cells in self.asked():
            job_id = cells[0].job.job_id
            if self.oracle.is_held_back(job_id) and not self.oracle.attempts.get(job_id):
                job_id = self.oracle.rival_of(job_id)  # the cells keep the picture that they have
            attempts = self.oracle.attempts.get(job_id)
            if attempts and attempts[-1].phase in {Phase.DONE, Phase.DONE_SHORT}:
                for cell in cells:
                    self._check_cell(cell.cell, job_id, attempts[-1])

    def check_kept_here(self):
        """See that every changed cell has the picture that it keeps."""
        for cells in self.jobs:
            job_id = cells[0].job.job_id
            if not self.oracle.is_held_back(job_id) or self.oracle.images(job_id):
                continue
            rival = self.oracle.rival_of(job_id)
            if not self.oracle.images(rival):
                raise Violation(f"exit 0, and {job_id} keeps the pictures of {rival}, which are not here")
            here = [(self.out / f"{stem}.png").is_file() for each in cells for stem in each.cell.output_paths]
            if not any(here):
                raise Violation(f"exit 0, and nothing of {rival} is at the cells of {job_id}")

    def _is_last_copy(self, path):
        """Whether a picture is kept nowhere else, so that it is not taken away from a cell that changed."""
        return not (self.objects / picture_of(path)).is_file()

    def _check_cell(self, cell, job_id, latest):
        known = {image.sha256 for image in self.oracle.images(job_id)}
        for index, stem in enumerate(cell.output_paths):
            path = self.out / f"{stem}.png"
            if path.is_file() and picture_of(path) not in known and not self._is_last_copy(path):
                raise Violation(f"{path.name} is not a picture of {job_id}")
            if index < len(latest.images) and not path.is_file():
                raise Violation(f"{job_id} is done, but {path.name} is missing")


class Process:
    """One start of seedpipe: takes the lock, carries out the plan, and may die at any of its operations."""

    def __init__(self, world, trouble):
        self.world = world
        self.trouble = trouble
        self.operations = []
        self.died = False
        self.broken = False
        self.limit = trouble.limit if trouble else 0
        self._engine = None
        self._sent = False
        slow = world.scenario.slow_disk
        rng = random.Random(world.scenario.seed * 31 + world.runs)
        self._rng = rng
        self.loop = SimLoop(world.now_s, lambda: rng.random() ** 8 * 5 if slow else rng.random() * 0.01)
        self._ledger = None
        skews = world.scenario.skews_s if trouble and world.scenario.habits.tells_time else (0.0,)
        self._skew = timedelta(seconds=skews[world.runs % len(skews)])

    def live(self):
        with suppress(Dead):
            self.loop.live(self._main())

    def judged(self, judgement, *args, **kwargs):
        """Ask the oracle; a broken promise ends the process, so that nothing covers it up."""
        try:
            return judgement(*args, **kwargs)
        except Exception as broken:
            self.world.broken = self.world.broken or broken
            self.died = True
            self.loop.stop()
            raise Dead from broken

    @property
    def has_ledger(self):
        """Whether it came as far as to open its ledger."""
        return self._ledger is not None

    def bury(self):
        self.died = True
        self.loop.bury()
        self.world.disk.close_files()
        if self._ledger:
            self._ledger.close()

    # --- operations ---

    def step(self, what):
        """Note an operation; here the process dies when its time has come."""
        if self.died:
            raise Dead
        self.operations.append(what)
        if len(self.operations) > _MOST_OPERATIONS:
            self.judged(self._never_ends)
        if self.trouble and len(self.operations) == self.trouble.at:
            self._strike(what)
        elif self.broken and _CHANGES_A_FILE.match(what):
            raise OSError(errno.ENOSPC, "the disk is full", what)
        if self._is_struck("second run"):
            self.judged(self._check_lock)

    def _strike(self, what):
        """Let the trouble begin; a ledger that fails and a second run are looked for where they are met."""
        kind = self.trouble.kind
        self.world.tell(f"{kind} at operation {len(self.operations)}: {what}")
        match kind:
            case "signal" if self._engine:
                self._engine.stop()
            case "disk":
                self.broken = True
            case "kill" | "power" | "power, in part":
                self.died = True
                self.loop.stop()
                raise Dead

    def _never_ends(self):
        raise Violation(f"the run does not end: {_MOST_OPERATIONS} operations")

    def _check_lock(self):
        """Whoever starts beside this process is turned away, once it holds the lock."""
        if self._ledger:
            try:
                other = self.world.ledgers.open()
            except LedgerLocked:
                return
            other.close()
            raise Violation("two processes hold the ledger")

    def strikes_ledger(self, when):
        """Say whether the ledger fails from here on, `before` or `after` its commit."""
        return self._is_struck(f"ledger {when}")

    def _is_struck(self, kind):
        trouble = self.trouble
        return trouble and trouble.kind == kind and len(self.operations) >= trouble.at

    # --- what app.run does ---

    async def _main(self):
        world, now = self.world, self._clock_now
        orders, world.word = Orders(redo=world.word), frozenset()
        world.oracle.may_follow, world.oracle.locked = Redo.CHANGED in orders.redo, world.locked()
        lock = world.house.lock(LockFile(world.lock_file, _LOCK), ORIGIN)
        ledger = self._open_ledger()
        header, cells = world.plan()
        self.step("admit")
        ledger.admit(header, cells)
        try:
            await self._take_over(ledger, lock, header.plan_id, orders)
        except RunError as error:
            world.tell(f"the run ends before it begins: {error}")
            return
        calm = self.trouble is None
        start = RunStart(
            run_id=f"run{world.runs}",
            plan_id=header.plan_id,
            campaign="aurora",
            owner=f"owner{world.runs}",
            started_at=now(),
            purse_usd=None if calm else world.scenario.purse_usd,
            budget_usd=world.scenario.budget_usd,
        )
        ledger.begin_run(start)
        began_s = self.loop.time()
        store = world.house.store(world.objects, world.out)
        try:
            store.clean_parts()
            outcome = await self._drive(start, ledger, store, orders)
        except RunError as error:
            world.tell(f"the run ends: {error}")
            return
        finally:
            self._write_lock(lock, ledger)
        told_all = outcome.stop is None and self._is_told_all()
        relied_on = (self._sent and told_all, told_all)
        self.judged(world.check_sweep, outcome.asides, since_s=began_s, relied_on=relied_on)
        tally = ledger.tally(start.plan_id)
        away = list(phases_away(all_jobs(ledger, start.plan_id), store.keeps))
        code = exit_code(tally, outcome, policy=header.policy, away=away)
        self.judged(self._check_exit, code, tally, outcome, header.policy)
        ledger.end_run(RunEnd(run_id=start.run_id, finished_at=now(), exit_code=code))
        world.tell(f"exit {code}, {outcome}")

    async def _take_over(self, ledger, lock, plan_id, orders):
        """Learn of what is paid for and not in the ledger, before anything is sent."""
        world, clock = self.world, Clock(self.loop, self._skew)
        lock.teach(ledger, "aurora")
        lock.adopt(ledger, all_jobs(ledger, plan_id), self._clock_now())
        header = ledger.plan_header(plan_id)
        lock.adopt_kept(ledger, header, all_jobs(ledger, plan_id), self._clock_now())
        self.judged(world.check_kept_taken_over)
        await world.house.adopt(
            ledger,
            self._client(clock),
            clock,
            plan_id=plan_id,
            pace=Pace(**world.house.pace),
            rng=self._rng,
            orders=orders,
        )
        self.judged(world.check_taken_over, orders)

    def _write_lock(self, lock, ledger):
        if self.died:
            return
        try:
            lock.write(ledger, "aurora")
        except RunError as error:
            self.world.tell(f"no lock is written: {error}")
        else:
            self.world.older_locks.append(self.world._lock_text())

    def _is_told_all(self):
        """Whether nothing keeps this process from seeing what is nobody's in the service's list."""
        habits = self.world.service.habits
        return not habits.reads and habits.tells_time and habits.inputs != "nowhere" and not self.broken

    def _open_ledger(self):
        self._ledger = self.world.ledgers.open()
        return WatchedLedger(self._ledger, self)

    async def _drive(self, start, ledger, store, orders):
        world = self.world
        clock = Clock(self.loop, self._skew)
        self._engine = world.house.engine(
            ledger=ledger,
            provider=self._client(clock),
            store=store,
            clock=clock,
            listener=Deaf(),
            rng=self._rng,
            pace=Pace(
                concurrency=world.scenario.concurrency,
                submits_in_flight=2,
                job_deadline_s=300.0,
                settle_look_first_s=world.scenario.looks_s[0],
                settle_look_max_s=world.scenario.looks_s[1],
                **world.house.pace,
            ),
            asides=world.house.store(world.objects, world.files / "asides"),
            orders=orders,
        )
        return await self._engine.run(start)

    def _client(self, clock):
        return self.world.house.client(self.world.service, clock, self.step, self._leaving, self._fetching)

    def _fetching(self, task):
        if not self.world.may_be_ours(task):
            self.judged(self._touched, task)

    def _touched(self, task):
        raise Violation(f"a picture of somebody else's was fetched: {task.body}")

    def _leaving(self, model, body):
        self._sent = True
        self.world.tell(f"a request leaves: {body}")
        return self.judged(self._check_intent, model, body)

    def _check_intent(self, model, body):
        job_id, *which = self.world.oracle.leaving(model, body)
        if self._ledger.phases([job_id]) != {job_id: Phase.SUBMITTING}:
            raise Violation(f"a request of {job_id} left, and the ledger does not know")
        return job_id, *which

    def _clock_now(self):
        return EPOCH + self._skew + timedelta(seconds=self.loop.time())

    def _check_exit(self, code, tally, outcome, policy):
        if code == 0:
            fine = {Phase.DONE, Phase.DONE_SHORT} if policy.short_sets is ShortSets.ACCEPT else {Phase.DONE}
            wrong = {phase for phase, total in tally.items() if total.jobs} - fine
            if wrong or outcome.stop not in (None, StopReason.PURSE):
                raise Violation(f"exit 0 with {wrong} and {outcome.stop}")
            if left := self.world.oracle.unfetched():
                raise Violation(f"exit 0, and {left} are paid for and not here")
            self.world.check_kept_here()
            self.world._check_published()


class WatchedLedger:
    """The ledger of one process: may fail, may be the place of death, and is heard by the oracle."""

    def __init__(self, ledger, process):
        self._ledger = ledger
        self._process = process
        self._run = None  # before it begins, what is paid for elsewhere is taken over

    def __getattr__(self, name):
        method = getattr(self._ledger, name)
        if not callable(method):
            return method
        return lambda *args, **kwargs: self._alive() or method(*args, **kwargs)

    def _alive(self):
        if self._process.died:
            raise Dead

    def begin_run(self, run):
        process = self._process
        self._run = run
        process.step("begin run")
        doubts = self._ledger.begin_run(run)
        process.world.oracle.abandoned()
        process.step("run begun")
        return doubts

    def remember(self, campaign, lines):
        self._alive()
        self._ledger.remember(campaign, lines)
        self._process.world.oracle.taught |= {line.job_id for line in lines}

    def record(self, entries):
        process, world = self._process, self._process.world
        if not entries:
            return self._ledger.record(entries)
        process.step("record " + ", ".join(entry.event for entry in entries))
        self._fail_if_struck("before")
        world.service.catch_up()
        verdicts = self._ledger.record(entries)
        for entry, verdict in zip(entries, verdicts, strict=True):
            world.tell(f"{entry.job_id[:6]} {entry.event} {verdict} {entry.error[:60]}")
        process.judged(world.oracle.recorded, entries, verdicts)
        intended = any(
            entry.event in INTENTS and verdict is Verdict.RECORDED
            for entry, verdict in zip(entries, verdicts, strict=True)
        )
        process.judged(self._check_money, capped=intended)
        process.step("recorded")
        self._fail_if_struck("after")
        return verdicts

    def _fail_if_struck(self, when):
        if self._process.strikes_ledger(when):
            raise LedgerDamaged("the disk under the ledger reports an error")

    def _check_money(self, *, capped):
        run = self._run
        run_id = run.run_id if run else ""
        accounts = {
            (account.kind, account.name): account.committed_usd for account in self._ledger.accounts()
        }
        self._process.world.oracle.check_money(
            accounts.get(("campaign", "aurora"), Decimal(0)),
            accounts.get(("run", run_id), Decimal(0)),
            campaign_cap=run.budget_usd if capped else None,
            run_id=run_id,
            run_cap=run.purse_usd if capped else None,
        )


class Clock:
    """`ports.Clock` on the loop of one process."""

    def __init__(self, loop, skew):
        self._loop = loop
        self._skew = skew

    def now(self):
        return EPOCH + self._skew + timedelta(seconds=self._loop.time())

    def monotonic(self):
        return self._loop.time()

    async def sleep(self, seconds):
        await asyncio.sleep(seconds)


class Deaf:
    """A listener that does not care."""

    def job_changed(self, record, phase, note=""):
        pass

    def declined(self, record, why):
        pass

    def waiting(self, seconds, why):
        pass


@lru_cache(maxsize=256)
def lines_of(lock):
    """The lines of a lock's text; raises `InputError` for a torn one."""
    return read_lock(lock, _LOCK)


@lru_cache(maxsize=4096)
def digest_of(content):
    """The name of an object with this content."""
    return hashlib.sha256(content).hexdigest()


def picture_of(path):
    """The digest of a file's content."""
    return digest_of(path.read_bytes())
