"""Any order of runs, deaths, edits, losses, revoked keys and slow lists: Hypothesis looks for the worst."""

from dataclasses import replace

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from seedpipe.core.model import DoubtPolicy, Policy, ShortSets
from tests.simulator.scenario import DEATHS, EDITS, LOSSES, Trouble, planned, simple
from tests.simulator.service import SUBMIT_FATES
from tests.simulator.world import House, World

FATES = st.dictionaries(st.sampled_from(SUBMIT_FATES), st.just(0.3), max_size=3)
ENDINGS = st.dictionaries(st.sampled_from(("short", "empty", "failed", "for long")), st.just(0.3), max_size=2)


class Histories(RuleBasedStateMachine):
    """One world; every rule is something that happens to it."""

    world = None

    @initialize(
        jobs=st.integers(1, 3),
        images=st.integers(1, 2),
        doubt=st.sampled_from(DoubtPolicy),
        short=st.sampled_from(ShortSets),
        seed=st.integers(0, 1000),
    )
    def begin(self, jobs, images, doubt, short, seed):
        scenario = replace(
            simple(policy=Policy(in_doubt=doubt, short_sets=short)),
            seed=seed,
            jobs=tuple(planned(f"p{number}", images=images) for number in range(jobs)),
            concurrency=2,
        )
        self.trace = []
        self.world = World(scenario, House(), self.trace)
        self.world.__enter__()

    @rule()
    def run(self):
        self.world.live(Trouble(kind="none", at=0, gap_s=0))

    @rule(kind=st.sampled_from(DEATHS), at=st.integers(1, 60))
    def die(self, kind, at):
        self.world.live(Trouble(kind=kind, at=at, gap_s=0))

    @rule(edit=st.sampled_from((*EDITS, *LOSSES)))
    def edit(self, edit):
        self.world.edit(edit)

    @rule(seconds=st.sampled_from((1.0, 100.0, 4000.0, 86_400.0)))
    def wait(self, seconds):
        self.world.let_pass(seconds)

    @rule(fates=FATES, endings=ENDINGS)
    def misbehave(self, fates, endings):
        self.habits(submits=fates, endings=endings)

    @rule(late_s=st.sampled_from((0.0, 90.0)), lag_s=st.sampled_from((0.0, 70.0)))
    def be_late(self, late_s, lag_s):
        self.habits(late_s=late_s, lag_s=lag_s)

    @rule(revoked=st.booleans())
    def change_the_key(self, revoked):
        self.habits(key_is_revoked=revoked)

    @rule(inputs=st.sampled_from(("list", "result")))
    def tell_inputs(self, inputs):
        self.habits(inputs=inputs)

    @invariant()
    def is_whole(self):
        if self.world:
            assert self.world.broken is None

    def habits(self, **habits):
        self.world.service.habits = replace(self.world.service.habits, **habits)

    def teardown(self):
        if self.world:
            try:
                self.world.calm()
            finally:
                self.world.__exit__()


Histories.TestCase.settings = settings(
    max_examples=120,
    stateful_step_count=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestHistories = Histories.TestCase
