from dataclasses import replace
from decimal import Decimal
from itertools import islice

import pytest

from seedpipe import catalog
from seedpipe.core import claims
from seedpipe.core.campaign import FileProblem, read_campaign
from seedpipe.core.errors import InputError
from seedpipe.core.money import usd
from seedpipe.core.planning import expand, make_plan
from seedpipe.core.totals import total

CATALOGUE = catalog.load()
HEAD = "seedpipe: 1\nname: aurora\nmodel: bytedance/seedream-v4/sequential\n"


class Memory:
    """Files in a dict."""

    def __init__(self, **files):
        self.files = {name.replace("__", "."): text for name, text in files.items()}
        self.reads = []

    def read(self, path):
        self.reads.append(path)
        if path not in self.files:
            raise FileProblem("there is no such file", rule="no-such-file")
        return self.files[path].encode()

    def models(self):
        return []

    def shown(self, path):
        return path


def planned(text, **files):
    return make_plan("c.yaml", Memory(c__yaml=HEAD + text, **files), CATALOGUE)


def errors(text, **files):
    with pytest.raises(InputError) as caught:
        list(planned(text, **files).cells())
    return caught.value.diagnostics


def products(count):
    return "sku\n" + "".join(f"p{number}\n" for number in range(count))


def test_the_stream_is_lazy_and_can_be_read_again():
    text = (
        "matrix: {a: {file: p.csv, key: sku}, b: {file: p.csv, key: sku}}\n"
        "series: {s: {prompt: '{{ a }} {{ b }}'}}\nbudget: {max_jobs: 100000000}\n"
    )
    plan = planned(text, p__csv=products(5000))
    first = list(islice(plan.cells(), 3))  # 25 million cells stand behind them
    assert [entry.cell.address for entry in first] == ["s/p0/p0", "s/p0/p1", "s/p0/p2"]
    assert list(islice(plan.cells(), 3)) == first


def test_each_file_is_read_once_and_known_by_its_bytes():
    files = Memory(
        c__yaml=HEAD
        + "matrix: {a: {file: p.csv, key: sku}, b: {file: ./p.csv, key: sku}}\nseries: {s: {prompt: x}}",
        p__csv=products(1),
    )
    header = make_plan("c.yaml", files, CATALOGUE).header
    assert files.reads == ["c.yaml", "p.csv"]
    assert sorted(header.sources) == ["c.yaml", "p.csv"]
    files.files["p.csv"] += "new\n"
    assert make_plan("c.yaml", files, CATALOGUE).header.plan_id != header.plan_id


def test_equal_requests_are_one_job():
    plan = planned("matrix: {a: [x, y], b: [1, 2]}\nseries: {s: {prompt: '{{ a }}'}, t: {prompt: ' y '}}\n")
    cells = list(plan.cells())
    assert [entry.opens_job for entry in cells] == [True, False, True, False] + [False] * 4
    assert len({entry.job.job_id for entry in cells}) == 2
    totals = total(plan)
    assert (totals.all.cells, totals.all.jobs, totals.all.images) == (8, 2, 2)
    assert totals.all.cost_usd == Decimal("0.054")
    assert totals.by_series["t"].jobs == 0
    assert totals.by_axis["b"]["2"].jobs == 0


def test_totals_agree_with_each_other():
    text = (
        "matrix: {a: [x, y, z], b: [1, 2]}\n"
        "series:\n  s: {prompt: '{{ cell }}', input: {max_images: 3}}\n"
        "  t: {over: [a], prompt: '{{ a }}', model: bytedance/seedream-v4.5}\n  u: {over: [], prompt: x}\n"
    )
    totals = total(planned(text))
    for parts in (totals.by_series.values(), totals.prices):
        assert sum(part.jobs for part in parts) == totals.all.jobs == 10
        assert sum(part.images for part in parts) == totals.all.images == 22
        assert sum(part.cost_usd for part in parts) == totals.all.cost_usd == Decimal("0.633")
    assert [(line.series, line.unit_usd * line.images) for line in totals.prices] == [
        ("s", Decimal("0.486")),
        ("t", Decimal("0.12")),
        ("u", Decimal("0.027")),
    ]
    assert sum(part.cells for part in totals.by_axis["b"].values()) == 6


def test_the_unit_price_of_a_job_is_exact():
    [entry] = planned("series: {s: {prompt: x, input: {max_images: 13}}}").cells()
    assert entry.job.unit_usd == Decimal("0.027")
    assert entry.job.unit_usd * entry.job.outputs_expected == entry.job.cost_usd


def test_good_cells_come_before_the_error():
    plan = planned(
        "matrix: {p: [{key: a, n: 1}, {key: b, n: 99}, {key: c, n: 2}]}\n"
        "series: {s: {prompt: '{{ p }}', input: {max_images: '{{ p.n }}'}}}\n"
    )
    stream = plan.cells()
    assert [next(stream).cell.address, next(stream).cell.address] == ["s/a", "s/c"]
    with pytest.raises(InputError) as caught:
        next(stream)
    [found] = caught.value.diagnostics
    assert found.notes == ("in cell s/b",)


def test_one_mistake_in_many_cells_is_told_once():
    [found] = errors(
        "matrix: {a: [{key: x, c: 1}, y]}\nseries: {s: {prompt: '{{ a.b }}'}}",
    )
    assert found.rule == "undefined-name"
    assert found.notes == ("in cell s/x and 1 more",)


def test_many_different_mistakes_are_counted():
    rows = "sku,name\n" + "".join(f"p{number},\n" for number in range(500))
    found = errors("matrix: {p: {file: p.csv, key: sku}}\nseries: {s: {prompt: '{{ p.name }}'}}", p__csv=rows)
    assert len(found) == 201
    assert found[-1].message.startswith("300 more errors")


@pytest.mark.parametrize(("limit", "fits"), [(6, True), (5, False)])
def test_max_jobs_counts_jobs_not_cells(limit, fits):
    text = (
        "matrix: {a: [1, 2], b: [1, 2, 3], c: [1, 2]}\n"
        f"series: {{s: {{prompt: '{{{{ a }}}} {{{{ b }}}}'}}}}\nbudget: {{max_jobs: {limit}}}\n"
    )
    if fits:
        assert total(planned(text)).all.jobs == 6
    else:
        [found] = errors(text)
        assert found.rule == "too-many-jobs"
        assert "axis 'b' multiplies most, by 3" in found.notes


def test_a_thousand_jobs_are_the_default_limit():
    text = "matrix: {p: {file: p.csv, key: sku}}\nseries: {s: {prompt: '{{ p }}'}}"
    assert total(planned(text, p__csv=products(1000))).all.jobs == 1000
    assert errors(text, p__csv=products(1001))[0].rule == "too-many-jobs"


@pytest.mark.parametrize(
    ("budget", "rules"),
    [
        ("usd: 0.162", []),
        ("usd: 0.161", ["over-budget"]),
        ("per_job_usd: 0.081", []),
        ("per_job_usd: 0.08", ["over-budget"]),
        ("usd: 0.1, per_job_usd: 0.08", ["over-budget", "over-budget"]),
    ],
)
def test_budgets_are_exact(budget, rules):
    text = (
        "matrix: {a: [x, y], b: [1, 2]}\n"
        f"series: {{s: {{prompt: '{{{{ a }}}}', input: {{max_images: 3}}}}}}\nbudget: {{{budget}}}\n"
    )
    if rules:
        assert [found.rule for found in errors(text)] == rules
    else:
        assert total(planned(text)).all.cost_usd == Decimal("0.162")


def test_collisions_are_found_across_series_and_case():
    [found] = errors(
        "matrix: {a: [x]}\nseries:\n  s: {prompt: x, output: 'Out/{{ a }}'}\n"
        "  t: {prompt: y, output: 'out/{{ a | upper }}'}\n"
    )
    assert found.rule == "output-path-shared"
    assert found.notes == ("'out/X' is written by s/x and t/x",)
    assert found.span.line == 7


def test_faults_of_file_and_cells_are_told_together():
    text = "oops: 1\nmatrix: {p: [{key: a}]}\nseries: {s: {prompt: '{{ x }}'}, t: {prompt: '{{ p.y }}'}}"
    assert [found.rule for found in errors(text)] == ["unknown-key", "undefined-name", "undefined-name"]


def test_to_read_a_campaign_and_expand_it_is_the_same_as_make_plan():
    files = Memory(c__yaml=HEAD + "matrix: {a: [x, y]}\nseries: {s: {prompt: '{{ a }}'}}")
    campaign, problems = read_campaign("c.yaml", files, CATALOGUE)
    assert not problems
    plan = make_plan("c.yaml", files, CATALOGUE)
    assert expand(campaign).header == plan.header
    assert list(expand(campaign).cells()) == list(plan.cells())


def test_other_prices_make_another_plan():
    plan = planned("series: {s: {prompt: x}}")
    assert replace(plan.header, catalogue="other").plan_id != plan.header.plan_id


def test_a_missing_campaign_file_is_an_input_error():
    with pytest.raises(InputError) as caught:
        make_plan("nothing.yaml", Memory(), CATALOGUE)
    [found] = caught.value.diagnostics
    assert (found.rule, found.span) == ("no-such-file", None)


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("0", "$0.00"),
        ("40", "$40.00"),
        ("0.5", "$0.50"),
        ("0.405", "$0.405"),
        ("1E+3", "$1,000.00"),
        ("51.840", "$51.84"),
    ],
)
def test_money_for_people(amount, shown):
    assert usd(Decimal(amount)) == shown


def test_the_month_of_a_brand_comes_from_its_file_and_stays_out_of_templates():
    text = "brand: b.yaml\nseries: {s: {over: [], prompt: 'a lamp of {{ brand.name }}'}}\nbudget: {usd: 3}\n"
    plan = planned(text, b__yaml="name: Aurora\nbudget: {usd_per_month: 250.5}\n")
    assert plan.header.budget.brand_usd_per_month == Decimal("250.5")
    assert plan.header.budget.usd == 3
    assert planned(text, b__yaml="name: Aurora\n").header.budget.brand_usd_per_month is None
    used = text.replace("brand.name", "brand.budget")
    assert errors(used, b__yaml="name: Aurora\nbudget: {usd_per_month: 9}\n")


@pytest.mark.parametrize("budget", ["{usd_per_month: 0}", "{usd_per_month: lots}", "{usd: 5}", "12"])
def test_a_brands_budget_is_an_amount_a_month(budget):
    text = "brand: b.yaml\nseries: {s: {over: [], prompt: 'a lamp'}}\n"
    assert errors(text, b__yaml=f"name: Aurora\nbudget: {budget}\n")


def test_more_published_files_than_anyone_tells_apart_are_an_error(monkeypatch):
    monkeypatch.setattr(claims, "MOST_PUBLISHED", 10)
    text = (
        "matrix: {a: {file: p.csv, key: sku}}\n"
        "series: {s: {prompt: '{{ a }}', input: {max_images: 1}}}\n"
        "publish: {s: {to: '{{ a }}-{{ format }}', formats: {x: {type: jpeg}, y: {type: jpeg}}}}\n"
    )
    assert len(list(planned(text, p__csv=products(5)).cells())) == 5
    (error,) = errors(text, p__csv=products(6))
    assert (error.rule, error.span.line) == ("template-limit", 6)
    assert "more than 10 files would be published" in error.message
