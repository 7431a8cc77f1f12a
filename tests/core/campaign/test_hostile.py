"""Files that are made to hurt: each ends in a diagnostic of the right rule, and before it is expensive."""

import json
import warnings

import pytest

from seedpipe import catalog
from seedpipe.core.campaign import FileProblem
from seedpipe.core.diagnostics import render
from seedpipe.core.errors import InputError
from seedpipe.core.planning import make_plan

CATALOGUE = catalog.load()
HEAD = "seedpipe: 1\nname: x\nmodel: bytedance/seedream-v4\n"
KEYS = ",".join(map(str, range(3000)))
PRODUCT = f"{HEAD}matrix: {{a: [{KEYS}], b: [{KEYS}]}}\n"
MANY = "{a: [" + KEYS + "], b: [" + KEYS + "]}"


class Memory:
    def __init__(self, files):
        self.files = files

    def read(self, path):
        if path not in self.files:
            raise FileProblem("there is no such file", rule="no-such-file")
        data = self.files[path]
        return data if isinstance(data, bytes) else data.encode()

    def shown(self, path):
        return path

    def models(self):
        return ()


def rules(text, **files):
    named = {name.replace("__", "."): data for name, data in files.items()}
    with pytest.raises(InputError) as caught:
        list(make_plan("c.yaml", Memory({"c.yaml": text, **named}), CATALOGUE).cells())
    assert len(caught.value.diagnostics) <= 600
    assert all(len(render(one)) < 2000 for one in caught.value.diagnostics[:50])
    return {one.rule for one in caught.value.diagnostics}


def over(file):
    return f'{HEAD}matrix: {{a: {{file: {file}, key: k}}}}\nseries: {{s: {{prompt: "{{{{ a }}}}"}}}}\n'


def prompted(template):
    return f"{HEAD}series:\n  s:\n    prompt: |\n      {template}\n"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        pytest.param("a: " + "[" * 200_000, "yaml-limit", id="deep lists"),
        pytest.param("a: " + "{a: " * 100_000, "yaml-limit", id="deep maps"),
        pytest.param("- " * 100_000, "yaml-limit", id="deep dashes"),
        pytest.param("a: &a {b: 1}\nc: {<<: [*a, *a]}\n", "merge-key", id="merges"),
        pytest.param("a: &a [x]\nb: [*a, *a]\n", "yaml-alias", id="aliases"),
        pytest.param(b'a: "' + b"x" * 10_000_000 + b'"', "file-too-large", id="10 MB in one text"),
        pytest.param(f"{HEAD}budget: {{max_jobs: {'9' * 9999}}}\n", "wrong-type", id="a huge number"),
        pytest.param(
            HEAD + "series:\n" + "".join(f"  s{n}: {{prompt: x}}\n" for n in range(400)),
            "wrong-value",
            id="hundreds of series",
        ),
        pytest.param("".join(f"k{n}: 1\n" for n in range(5000)), "unknown-key", id="strange keys"),
        pytest.param(
            f"{PRODUCT}series: {{s: {{prompt: x, exclude: [{MANY}], include: [{MANY}]}}}}\n",
            "too-many-jobs",
            id="products in exclude and include",
        ),
        pytest.param(
            f"{HEAD}matrix: {{a: [1]}}\nseries: {{s: {{prompt: x, exclude: [{'{a: 1},' * 1001}]}}}}\n",
            "wrong-value",
            id="a thousand excludes",
        ),
        pytest.param(
            f"{PRODUCT}series: {{s: {{prompt: x}}}}\noverrides: [{{match: {MANY}, input: {{}}}}]\n",
            "too-many-jobs",
            id="a product in an override",
        ),
        pytest.param(
            f"{HEAD}matrix: {{a: [{','.join(f'{{key: k{n}, c{n}: 1}}' for n in range(2000))}]}}\n"
            "series: {s: {prompt: x}}\n",
            "file-too-large",
            id="inline rows that each bring a column",
        ),
    ],
)  # fmt: skip
def test_a_campaign_ends_in_a_diagnostic(text, rule):
    assert rule in rules(text)


@pytest.mark.parametrize(
    ("file", "data", "rule"),
    [
        ("p.csv", "k\n" + "\n" * 2_000_000, "too-many-rows"),
        ("p.csv", "k\n" + "\r" * 2_000_000, "too-many-rows"),
        ("p.csv", "k" + "," * 3_100_000, "file-too-large"),
        ("p.csv", "k,v\n" + '""' * 500_000, "ragged-row"),
        ("p.csv", 'k,v\na,"' + "x" * 1_000_000, "csv-quotes"),
        ("p.csv", "k,v\n" + "x" * 1_100_000 + ",y\n", "file-too-large"),
        ("p.jsonl", '{"k": "' + "x" * 1_100_000 + '"}\n', "file-too-large"),
        ("p.json", '[{"k": "' + "x" * 1_100_000 + '"}]', "json-syntax"),
        ("p.json", "[" * 200_000, "json-syntax"),
        ("p.jsonl", "\n" * 2_100_000, "too-many-rows"),
        ("p.json", '[{"k":"a","l":[' + "1.50," * 3_000_001 + "1]}]", "file-too-large"),
        ("p.json", '[{"k":"a","l":[' + '{"a":1},' * 400_000 + "1]}]", "file-too-large"),
        ("p.jsonl", '{"k":1,"a":' + "[" * 900 + "]" * 900 + "}", "json-syntax"),
        ("p.json", '[{"k":' + "9" * 100_000 + "}]", "json-syntax"),
        ("p.json", '[{"k":"a","k":"b"}]', "json-syntax"),
        ("p.json", '[{"k":"\\ud800"}]', "json-syntax"),
        ("p.json", "[{" + ",".join(f'"k{n}":1' for n in range(600)) + "}]", "json-syntax"),
        ("p.jsonl", "".join(json.dumps({"k": n, f"c{n}": 1}) + "\n" for n in range(2000)), "file-too-large"),
        ("p.yaml", "".join(f"- {{k: a{n}, c{n}: 1}}\n" for n in range(2000)), "file-too-large"),
    ],
)
def test_a_data_file_ends_in_a_diagnostic(file, data, rule):
    assert rule in rules(over(file), **{file.replace(".", "__"): data})


@pytest.mark.parametrize(
    "template",
    [
        *('{{ "x" * 10000000000 }}', "{{ 9 ** 9 ** 9 }}", '{{ "%999999999d" % 1 }}'),
        *('{{ "{:>999999999}".format(1) }}', '{{ "{0.__class__}".format(1) }}'),
        '{{ "a" | center(99999999) }}',

        *('{{ "".__class__ }}', '{{ ""["__class__"] }}', '{{ "" | attr("__class__") }}'),
        "{{ self.__init__ }}",
        *('{{ ["a"] | map(attribute="__class__") | list }}', '{{ ["a"] | sort(attribute="__x") }}'),
        *("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "{% for i in range(100000000) %}x{% endfor %}"),
        *('{{ "abc" | batch(100000000, "x") | list }}', '{{ "a" | indent(999999999, true) }}'),
        *('{{ "x"[::0] }}', "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "{{ " + "not " * 20_000 + "1 }}"),
        "{% set a = 'x' %}" + "{% set a = a ~ a %}" * 40 + "{{ a }}",
        "{% for a in t recursive %}{{ loop(t) }}{% endfor %}".replace("t", "['a', 'b']"),
        "{% for a in 'x' %}" * 60 + "{% endfor %}" * 60,
        '{{ ("ab" * 9) | replace("a", "b") }}',
        '{% include "../../etc/passwd" %}',
        '{% include "/etc/passwd" %}',
    ],
)  # fmt: skip
def test_a_template_ends_in_a_diagnostic(template):
    found = rules(prompted(template))
    assert found <= {
        *("template-error", "template-limit", "template-syntax", "undefined-name", "template-include"),
        *("path-outside", "no-such-file", "whole-map-printed", "input-out-of-range"),
    }


def test_the_rounds_of_all_cells_together_have_a_limit():
    loops = "{% for x in text %}{% for y in text %}{% endfor %}{% endfor %}"
    keys = ",".join(map(str, range(400)))
    text = (
        f"{HEAD}matrix: {{a: [{keys}]}}\nvariables: {{text: {'x' * 300}}}\n"
        f"series: {{s: {{prompt: '{{{{ a }}}}{loops}'}}}}\n"
    )
    with pytest.raises(InputError) as caught:
        list(make_plan("c.yaml", Memory({"c.yaml": text}), CATALOGUE).cells())
    (told,) = caught.value.diagnostics
    assert told.rule == "template-limit"
    assert "20000000 rounds of loops and calls together" in told.message
    assert told.notes == ("in cell s/221 and 178 more",)


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        ("{% for x in text %}", "{% endfor %}"),
        ("{% macro m() %}", "{% endmacro %}{% for x in text %}{{ m() }}{% endfor %}"),
        (
            "{% for x in text[:1] recursive %}",
            "{% if loop.depth < 2 %}{{ loop(text) }}{% endif %}{% endfor %}",
        ),
    ],
)
def test_a_round_of_a_long_body_counts_more(before, behind):
    few = before + "{{ '' }}" * 4 + behind
    many = before + "{{ '' }}" * 4000 + behind
    for template, fits in ((few, True), (many, False)):
        text = f'{HEAD}variables: {{text: {"x" * 1000}}}\nseries: {{s: {{prompt: "x{template}"}}}}\n'
        if fits:
            assert list(make_plan("c.yaml", Memory({"c.yaml": text}), CATALOGUE).cells())
        else:
            assert rules(text) == {"template-limit"}


def test_python_says_nothing_about_a_template():
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert rules(prompted("{{ 1[:series] }}")) == {"template-error"}
    assert said == []


def test_excludes_of_many_keys_are_the_same_cells_as_written_out():
    series = "series: {s: {prompt: '{{ a }}{{ b }}', exclude: EX}}"
    text = f"{HEAD}matrix: {{a: [x, y, z], b: ['1', '2', '3']}}\n{series}\n"

    def cells(exclude):
        plan = make_plan("c.yaml", Memory({"c.yaml": text.replace("EX", exclude)}), CATALOGUE)
        return [planned.cell.address for planned in plan.cells()]

    wide = cells("[{a: [x, y], b: ['1', '3']}, {b: '2', a: z}]")
    assert wide == cells("[{a: x, b: '1'}, {a: x, b: '3'}, {a: y, b: '1'}, {a: y, b: '3'}, {a: z, b: '2'}]")
    assert wide == ["s/x/2", "s/y/2", "s/z/1", "s/z/3"]
