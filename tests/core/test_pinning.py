"""An upgrade of the catalogue changes no request that was paid for: the rule, without disk or service."""

from dataclasses import replace
from fractions import Fraction

import pytest

from seedpipe import catalog
from seedpipe.core.catalogue import Size
from seedpipe.core.model import job_id
from seedpipe.core.pinning import Pins
from seedpipe.core.planning import make_plan
from tests.core.test_planning import Memory

MODEL = "bytedance/seedream-v4"
BEFORE = catalog.load()
WIDE, WIDER = "1920*1088", "1984*1088"
AFTER = replace(
    BEFORE,
    digest="after",
    recommended=tuple(
        replace(row, size=Size(1984, 1088)) if str(row.size) == WIDE else row for row in BEFORE.recommended
    ),
)
PAID, FAILED = True, False


def drawing_small(catalogue):
    """The same catalogue with a model that draws the smaller sizes of the table, too."""
    model = catalogue.models[MODEL]
    rule = replace(model.inputs["size"].size, min_side_px=512)
    inputs = {**model.inputs, "size": replace(model.inputs["size"], size=rule)}
    return replace(catalogue, models={**catalogue.models, MODEL: replace(model, inputs=inputs)})


class Earlier:
    """What was asked for before: jobs by size, and the sizes that series were paid for."""

    def __init__(self, jobs=(), series=None):
        self.by_size = {}
        for size, job, paid in jobs:
            self.by_size.setdefault(size, {})[job] = paid
        self.series = series or {}
        self.looked = 0

    def sizes(self):
        return list(self.by_size)

    def jobs(self, size):
        self.looked += 1
        return self.by_size.get(size, {})

    def of_series(self, series, model):
        return self.series.get((series, model), ())


def planned(*, prompt="A {{ lamp }} lamp", lamps="red, blue", size='"16:9"', earlier=None, catalogue=AFTER):
    """The plan of a campaign of lamps, and what it has looked at."""
    text = (
        f"seedpipe: 1\nname: lamps\nmodel: {MODEL}\nmatrix: {{lamp: [{lamps}]}}\n"
        f"series: {{hero: {{input: {{size: {size}}}, prompt: '{prompt}', output: '{{{{ lamp }}}}'}}}}\n"
    )
    plan = make_plan("c.yaml", Memory(c__yaml=text), catalogue)
    return replace(plan, pins=Pins(earlier)) if earlier else plan


def sizes(plan):
    return {each.cell.address: each.job.request["size"] for each in plan.cells()}


def asked(prompt, size):
    return job_id(MODEL, {"prompt": prompt, "size": size})


def red(size=WIDE, *, paid=PAID, prompt="A red lamp"):
    return (size, asked(prompt, size), paid)


FOLLOWED = {("hero", MODEL): [WIDE]}


@pytest.mark.parametrize(
    ("jobs", "series", "expected"),
    [
        pytest.param([], {}, (WIDER, WIDER), id="nothing was ever asked"),
        pytest.param([red()], {}, (WIDE, WIDER), id="paid: that size; others have today's"),
        pytest.param([red(paid=FAILED)], {}, (WIDE, WIDER), id="failed: it is still the job that failed"),
        pytest.param([red()], FOLLOWED, (WIDE, WIDE), id="a new cell follows what its series was paid for"),
        pytest.param([red(prompt="A lamp")], {}, (WIDER, WIDER), id="another request says nothing"),
        pytest.param([red(prompt="A lamp")], FOLLOWED, (WIDE, WIDE), id="an edited cell stays with its look"),
        pytest.param([red(), red(WIDER)], FOLLOWED, (WIDER, WIDE), id="paid in both: today's"),
        pytest.param([red(), red(WIDER, paid=FAILED)], {}, (WIDE, WIDER), id="paid is more than failed"),
        pytest.param(
            [red("1920*1080")], {}, ("1920*1080", WIDER), id="a size of the shape, whoever chose it"
        ),
        pytest.param([red("2048*2048")], {}, (WIDER, WIDER), id="another shape was another wish"),
        pytest.param([red("960*540")], {}, (WIDER, WIDER), id="one that the model refuses today"),
        pytest.param(
            [red(), red("1920*1080", prompt="A lamp")],
            {("hero", MODEL): ["1920*1080", WIDE]},
            (WIDE, "1920*1080"),
            id="the size that was paid for last is followed",
        ),
        pytest.param([red()], {("hero", "another/model"): [WIDE]}, (WIDE, WIDER), id="another model's look"),
        pytest.param([red()], {("@draft/hero", MODEL): [WIDE]}, (WIDE, WIDER), id="another profile's look"),
    ],
)
def test_what_a_ratio_stands_for(jobs, series, expected):
    plan = planned(earlier=Earlier(jobs, series))
    assert tuple(sizes(plan).values()) == expected
    told = [each.newer_size for each in plan.cells()]
    assert told == [None if size == WIDER else WIDER for size in expected]


def test_a_size_that_today_s_table_lists_for_another_ratio_was_another_wish():
    """4:3 at 1152*896 has nearly the shape of 5:4: only the table tells them apart."""
    after = drawing_small(AFTER)
    small, upright = Earlier([red("1152*896")]), Earlier([red("896*1152")])
    assert sizes(planned(size='"5:4"', earlier=small, catalogue=after))["hero/red"] != "1152*896"
    assert sizes(planned(size='"4:3"', earlier=small, catalogue=after))["hero/red"] == "1152*896"
    assert sizes(planned(size='"3:4"', earlier=upright, catalogue=after))["hero/red"] == "896*1152"


def test_a_size_that_is_written_out_is_taken_as_it_is():
    assert set(sizes(planned(size=WIDER, earlier=Earlier([red()], FOLLOWED))).values()) == {WIDER}


def test_nobody_looks_where_the_catalogue_agrees():
    earlier = Earlier([red()], FOLLOWED)
    plan = planned(earlier=earlier, catalogue=BEFORE)
    assert (set(sizes(plan).values()), plan.header.variant, earlier.looked) == ({WIDE}, {}, 0)


def test_the_prompt_and_the_paths_see_the_size_that_is_sent():
    prompt = "A {{ lamp }} lamp at {{ input.size }}"
    jobs = [red(prompt=f"A red lamp at {WIDE}")]
    plan = planned(prompt=prompt, earlier=Earlier(jobs))
    assert [each.job.request["prompt"] for each in plan.cells()] == [
        f"A red lamp at {WIDE}",
        f"A blue lamp at {WIDER}",
    ]


def test_a_size_may_come_from_a_template():
    earlier = Earlier([red()])
    plan = planned(size="\"{{ '16:9' if lamp == 'red' else '1:1' }}\"", earlier=earlier)
    assert sizes(plan) == {"hero/red": WIDE, "hero/blue": "1408*1408"}
    assert plan.header.variant["sizes"]
    assert planned(size="\"{{ '16:9' }}\"", earlier=Earlier()).header.variant == {}


def test_the_plan_is_another_one_by_the_sizes_that_it_stays_with():
    plain = planned().header
    first = planned(earlier=Earlier([red()])).header  # asked before its cells were read
    assert plain.plan_id != first.plan_id
    again = planned(earlier=Earlier([red(), red("1920*1080", prompt="A lamp")]))
    list(again.cells())
    assert again.header == first
    both = planned(earlier=Earlier([red(), red(prompt="A blue lamp")])).header
    assert both.plan_id not in {plain.plan_id, first.plan_id}
    assert planned(earlier=Earlier([("1:1", "x", PAID)])).header == plain


def test_models_without_sizes_and_those_priced_by_them_have_none_to_stay_with():
    model = BEFORE.models[MODEL]
    dear = replace(model, unit_by=("size", {WIDE: model.unit_usd}))
    assert Pins(Earlier([red()])).others(BEFORE, model, Fraction(16, 9), WIDER) == (WIDE,)
    assert Pins(Earlier([red()])).others(BEFORE, dear, Fraction(16, 9), WIDER) == ()
    bare = replace(model, inputs={name: spec for name, spec in model.inputs.items() if name != "size"})
    assert Pins(Earlier([red()])).others(BEFORE, bare, Fraction(16, 9), WIDER) == ()
