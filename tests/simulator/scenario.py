"""What one seed means: a small campaign, a service with its habits, and where the process will die.

Everything is drawn once and in one order, so that a seed is a whole history.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from decimal import Decimal

from seedpipe.core.model import (
    BudgetCaps,
    Cell,
    DoubtPolicy,
    Job,
    PlanHeader,
    PlannedCell,
    Policy,
    ShortSets,
    job_id,
)
from tests.simulator.service import SUBMIT_FATES, Habits

MODEL = "bytedance/seedream-v4/sequential"
IMAGE_USD = Decimal("0.10")
SETTLE_S = 180.0
HANG_S = 148.0  # after which the adapter gives up
SLOW_PAGE_S = 60.0  # on either way
SKEW_S = 3000.0  # a clock that is wrong in one process, and set right before the next
SPARSE_LOOKS_S = (45.0, 90.0)  # a look that finds nothing new teaches nothing, and costs as much as a run
EDITS = (
    "drop",
    "add",
    "delete object",
    "delete file",
    "change",
    "change and buy",
    "change in a clone",
    "write off",
)
LOSSES = ("lose ledger", "lose lock", "lose ledger and lock", "clone", "merge locks")
DEATHS = ("kill", "power", "power, in part", "signal", "disk", "ledger before", "ledger after", "second run")
_ENDINGS = ("short", "empty", "failed", "moderated", "for long", "unheard of")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What befalls one process: at its `at`-th operation, and how long until the next one starts."""

    kind: str
    at: int
    gap_s: float
    edit: str = ""  # what happens to the campaign before the next start
    limit: int = 0  # how many of the campaign's jobs the process plans; 0 is all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One history, before it is played."""

    seed: int
    jobs: tuple[tuple[PlannedCell, ...], ...]  # the cells of each job
    spare: tuple[PlannedCell, ...]  # a job that an edit may add
    changed: tuple[PlannedCell, ...]  # what the cells of the first job ask for after an edit
    habits: Habits
    troubles: tuple[Trouble, ...]
    policy: Policy
    concurrency: int
    purse_usd: Decimal | None
    budget_usd: Decimal | None
    slow_disk: bool
    strangers: float = 0.0  # how often somebody else uses the account while a process lives
    skews_s: tuple[float, ...] = (0.0,)  # how far our clock is off, in one process after the other
    ledger: str = "memory"  # where it lies; see ledgers.py
    looks_s: tuple[float, float] = SPARSE_LOOKS_S  # how soon and how seldom a doubt is looked up

    @property
    def is_prompt(self):
        """Whether the service shows every request before its settle time is over."""
        return self.habits.late_s + self.habits.lag_s + 2 < SETTLE_S


def drawn(seed):
    """Return the scenario of a seed."""
    rng = random.Random(seed)
    count = rng.choices((1, 2, 3, 4), (4, 3, 2, 1))[0]
    jobs = [
        planned(f"p{number}", images=rng.choice((1, 1, 1, 2)), cells=rng.choice((1, 1, 2)))
        for number in range(count)
    ]
    if rng.random() < 0.1:
        jobs.append(planned("p0", images=jobs[0][0].job.outputs_expected, take=2))
    total = sum((cells[0].job.cost_usd for cells in jobs), Decimal(0))
    scenario = Scenario(
        seed=seed,
        jobs=tuple(jobs),
        spare=planned("spare"),
        changed=asking_anew(jobs[0]),
        habits=_habits(rng),
        troubles=tuple(_trouble(rng, count) for _ in range(rng.choices((0, 1, 2, 3), (1, 4, 3, 2))[0])),
        policy=_policy(rng),
        concurrency=rng.choice((1, 2, 4)),
        purse_usd=_cap(rng, total),
        budget_usd=_cap(rng, total),
        slow_disk=rng.random() < 0.1,
        skews_s=tuple(rng.choice((0.0, 0.0, 90.0, -90.0, SKEW_S)) for _ in range(3)),
        strangers=rng.choice((0.0, 0.0, 0.0, 0.5)),
        ledger=_ledger_of(seed),
        looks_s=rng.choice((SPARSE_LOOKS_S, SPARSE_LOOKS_S, SPARSE_LOOKS_S, (2.0, 15.0))),
    )
    line = rng.choices(("good", "slow", "bad"), (14, 2, 4))[0]
    if line == "bad":
        return _on_a_bad_line(scenario, rng)
    return _on_a_slow_line(scenario, rng) if line == "slow" else scenario


def _ledger_of(seed):
    """Where the ledger of a drawn history lies: of twenty one in a file as users have it, three in memory."""
    return {0: "file", 5: "memory", 10: "memory", 15: "memory"}.get(seed % 20, "plain")


def _on_a_slow_line(scenario, rng):
    """Answers that do not come are waited for, and the list takes its time."""
    habits = replace(scenario.habits, hang_s=HANG_S, page_s=rng.choice((10.0, SLOW_PAGE_S)))
    return replace(scenario, habits=habits)


def _on_a_bad_line(scenario, rng):
    """Most goes astray; a process dies with a request in the air, and the next one sends another.

    Then doubts arise while the list of another doubt is on its way.
    """
    habits = Habits(
        submits={"request lost": 0.4, "answer lost": rng.uniform(0.3, 0.6)},
        inputs=rng.choice(("list", "result", "nowhere", "nowhere", "nowhere", "nowhere")),
        tells_time=rng.random() < 0.8,
        hang_s=rng.choice((30.0, HANG_S)),
        page_s=SLOW_PAGE_S,
    )
    killed = Trouble(kind="kill", at=rng.randrange(7, 12), gap_s=rng.uniform(100.0, 600.0))
    unharmed = Trouble(kind="none", at=0, gap_s=5.0)
    then = (scenario.troubles or (unharmed,))[0] if rng.random() < 0.3 else unharmed
    return replace(
        scenario,
        jobs=(scenario.jobs[0], scenario.jobs[1] if scenario.jobs[1:] else planned("p1")),
        habits=habits,
        troubles=(killed, then),
        concurrency=1,
        purse_usd=None,
        budget_usd=None,
    )


def late(seed):
    """Return the scenario of a seed as it is where requests are often accepted long after their settle time.

    After each process the user writes off what it has left in doubt, and has it bought again.
    """
    scenario = drawn(seed)
    return replace(
        scenario,
        habits=replace(
            scenario.habits, submits={"accepted late": 0.5}, late_s=3000.0, reads=0.0, inputs="list"
        ),
        troubles=tuple(
            replace(trouble, edit="write off", gap_s=min(trouble.gap_s, 4000.0))
            for trouble in scenario.troubles
        ),
    )


def simple(*, habits=None, kind="kill", at=0, policy=None, images=1):
    """Return the scenario of one job whose first process dies at its `at`-th operation; 0 is never.

    All go the same way until then, so that the operations of one that does not die are all there are.
    """
    cells = planned("p0", images=images)
    return Scenario(
        seed=0,
        jobs=(cells,),
        spare=planned("spare"),
        changed=asking_anew(cells),
        habits=habits or Habits(),
        troubles=(Trouble(kind=kind if at else "none", at=at, gap_s=5.0),),
        policy=policy or Policy(),
        concurrency=1,
        purse_usd=None,
        budget_usd=None,
        slow_disk=False,
    )


def planned(prompt, *, images=1, cells=1, take=1):
    """Return the cells of one job."""
    job = _asked(prompt, images, take)
    return tuple(
        PlannedCell(
            cell=Cell(
                address=f"hero/{prompt}/{take}/{number}",
                series="hero",
                axes={"product": prompt},
                job_id=job.job_id,
                output_paths=tuple(f"{prompt}/{take}-{number}-{image}" for image in range(images)),
            ),
            job=job,
            opens_job=number == 0,
        )
        for number in range(cells)
    )


def asking_anew(cells):
    """Return the same cells as they are when their prompt was edited."""
    before = cells[0].job
    job = _asked(f"{before.request['prompt']}, anew", before.outputs_expected)
    return tuple(replace(each, cell=replace(each.cell, job_id=job.job_id), job=job) for each in cells)


def _asked(prompt, images, take=1):
    request = {"max_images": images, "prompt": prompt}  # in the order in which databases give it back
    return Job(
        job_id=job_id(MODEL, request, take=take),
        model=MODEL,
        request=request,
        outputs_expected=images,
        cost_usd=IMAGE_USD * images,
    )


def header(jobs, scenario, *, calm=False):
    """Return the header of a plan of these jobs."""
    return PlanHeader(
        campaign="aurora",
        brand=None,
        sources={"aurora.yaml": " ".join(cells[0].job.job_id for cells in jobs)},
        catalogue="c1",
        budget=BudgetCaps(usd=None if calm else scenario.budget_usd),
        policy=scenario.policy,
    )


def _habits(rng):
    submits = {fate: rng.uniform(0.05, 0.5) for fate in rng.sample(SUBMIT_FATES, rng.choice((0, 1, 1, 2, 3)))}
    endings = {ending: rng.uniform(0.05, 0.4) for ending in rng.sample(_ENDINGS, rng.choice((0, 0, 1, 2)))}
    return Habits(
        submits=submits,
        endings=endings,
        reads=rng.choice((0.0, 0.0, 0.2)),
        unseen_s=rng.choice((0.0, 0.0, 30.0, 90.0)),
        late_s=rng.choice((5.0, 90.0, 90.0, 3000.0)),
        lag_s=rng.choice((0.0, 5.0, 70.0)),
        inputs=rng.choice(("list", "list", "result", "nowhere")),
        tells_time=rng.random() < 0.8,
    )


def _policy(rng):
    return Policy(
        in_doubt=rng.choice((DoubtPolicy.RESUBMIT, DoubtPolicy.RESUBMIT, DoubtPolicy.HOLD)),
        short_sets=rng.choice(list(ShortSets)),
        service_retries=rng.choice((0, 1, 2)),
    )


def _trouble(rng, jobs):
    return Trouble(
        kind=rng.choices(DEATHS, (8, 4, 4, 2, 1, 1, 1, 1))[0],
        at=int(rng.uniform(1, 12 + 24 * jobs * rng.random())),
        gap_s=rng.choice((1.0, 60.0, 600.0, 86_400.0, 300_000.0)) * rng.random(),
        edit=rng.choices(("", *EDITS, *LOSSES), (16, 1, 1, 1, 1, 2, 1, 1, 2, 2, 1, 1, 1, 1))[0],
        limit=rng.choice((0, 0, 1, 2)),
    )


def _cap(rng, total):
    return total * Decimal(rng.choice((1, 2, 4))) / 3 if rng.random() < 0.15 else None


def calmed(habits):
    """Return the habits of the same service on a good day; what it has taken in already stays as it is."""
    return Habits(inputs=habits.inputs)
