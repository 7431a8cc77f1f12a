"""Files that are nearly right: campaigns, prompts and data by their grammar, with something hostile in them.

Texts that are drawn at random seldom come past the parser. These do: a sound campaign whose values are
replaced, expressions that Jinja understands, rows that are rows. Each ends in a plan, or in diagnostics
whose rules are known and whose places are there.
"""

import json

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from seedpipe import catalog
from seedpipe.core.campaign import FileProblem
from seedpipe.core.diagnostics import render
from seedpipe.core.errors import InputError
from seedpipe.core.planning import make_plan
from seedpipe.core.rules import RULES

CATALOGUE = catalog.load()
QUICK = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


class Memory:
    def __init__(self, files):
        self.files = files

    def read(self, path):
        if path not in self.files:
            raise FileProblem("there is no such file", rule="no-such-file")
        return self.files[path].encode("utf-8", "surrogatepass")

    def models(self):
        return [name for name in self.files if name.startswith("models/")]

    def shown(self, path):
        return path


def judged(files):
    """Return how many cells there are, or the diagnostics after each was looked at."""
    try:
        return sum(1 for _ in make_plan("c.yaml", Memory(files), CATALOGUE).cells())
    except InputError as error:
        found = error.diagnostics
    assert found
    for one in found:
        assert one.rule in RULES
        assert len(render(one)) < 20_000
        if one.span is not None:
            lines = one.span.source.text.split("\n")
            assert 1 <= one.span.line <= len(lines)
            assert 1 <= one.span.column <= len(lines[one.span.line - 1]) + 1
    return found


# ---- campaigns --------------------------------------------------------------------------------

SKELETON = {
    "seedpipe": "1",
    "name": "x",
    "model": "bytedance/seedream-v4/sequential",
    "brand": "b.yaml",
    "variables": {"mood": "calm", "moods": "[calm, bright]"},
    "budget": {"usd": "20", "max_jobs": "50"},
    "policy": {"short_sets": "accept"},
    "lint": {"ignore": "[unused-axis]"},
    "matrix": {"product": {"file": "p.csv", "key": "sku", "where": "product.new"}, "market": "[jp, us]"},
    "derive": {"scene": "'{{ mood }} {{ moods | join }}'"},
    "series": {
        "s": {
            "over": "[product, market]",
            "prompt": "'{{ product.name }} in {{ market }}'",
            "input": {"size": "'16:9'", "max_images": "2"},
            "output": "'{{ series }}/{{ cell }}-{{ image }}'",
            "exclude": "[{market: jp}]",
            "include": "[{market: jp, product: A}]",
            "sample": {"count": "1", "seed": "7"},
            "takes": "1",
        }
    },
    "overrides": "[{match: {market: us}, variables: {mood: warm}}]",
}
BRAND = {"name": "Aurora", "palette": {"ember": "'#E4572E'"}}
DATA = {
    "p.csv": "sku,name,new\nA,Lamp,yes\nB,Vase,yes\n",
}


def paths(tree, path=()):
    for key, value in tree.items():
        yield (*path, key)
        if isinstance(value, dict):
            yield from paths(value, (*path, key))


def changed(tree, path, value):
    first, *rest = path
    if not isinstance(tree.get(first), dict):
        return {**tree, first: value}
    return {**tree, first: changed(tree[first], rest, value) if rest else value}


def written(tree, indent=0):
    """Return YAML: two levels of blocks, the rest in braces."""
    lines = []
    for key, value in tree.items():
        if not isinstance(value, dict):
            lines.append(f"{' ' * indent}{key}: {value}")
        elif indent < 4:
            lines += [f"{' ' * indent}{key}:", written(value, indent + 2)]
        else:
            lines.append(f"{' ' * indent}{key}: {braced(value)}")
    return "\n".join(lines)


def braced(value):
    if not isinstance(value, dict):
        return value
    return "{" + ", ".join(f"{key}: {braced(inner)}" for key, inner in value.items()) + "}"


DATA["b.yaml"] = written(BRAND)


ODD_SCALARS = st.sampled_from(
    [
        *("", "~", "null", "yes", "on", "0x1F", "0o17", "1_000", "1e999", "-1", ".nan", ".inf", "-0", "1e-9"),
        *("2024-02-30", "12:30:45", "'", '"', '"\\ud800"', '"\\0"', '"\\x1b[2J"', '"\\u202Ejp"', "'../../x'"),
        *("#ABC", "|", ">-", "@x", "`x`", "%x", "- x", "? x", "=", "<<", "{{ x }}", "'{{ x'", "'{% if %}'"),
        *("9" * 40, "é", "e\u0301", "'\u200b'", "'con'", "'/etc/passwd'", "'C:\\x'", "'a/b'", "true", "[]"),
        *("{}", "!!python/object:os.system x", "!!binary aGk=", "!!int 1", "! x", "*a", "&a x", "&a *a"),
    ]
)
KEYS = st.sampled_from(
    ["a", "'a'", "sku", "1", "~", "<<", "? a", "[a]", "{a: b}", "__class__", "file", "jp", "'\u202e'", "key"]
)


def collection(inner):
    maps = st.lists(st.tuples(KEYS, inner), max_size=4).map(
        lambda entries: "{" + ", ".join(f"{key}: {value}" for key, value in entries) + "}"
    )
    return st.one_of(
        maps,
        st.lists(inner, max_size=4).map(lambda items: "[" + ", ".join(items) + "]"),
        inner.map(lambda value: f"&a {value}"),
        inner.map(lambda value: f"!t {value}"),
        inner.map(lambda value: f"{{<<: [*a, {value}]}}"),
        st.tuples(st.integers(1, 60), inner).map(lambda nest: "[" * nest[0] + nest[1] + "]" * nest[0]),
    )


PLAIN_SCALARS = st.sampled_from(
    [
        *("0", "1", "2", "-1", "1.50", "true", "null", "x", "jp", "us", "A", "Lamp", "calm", "product", "''"),
        *("'16:9'", "4096*4096", "p.csv", "b.yaml", "sku", "'{{ mood }}'", "'{{ product }}'", "accept"),
        *("'../../x'", "'con'", "'a/b'", "'{{ market.x }}'", "'{{ product.name * 9 }}'", "nan", "'\u202e'"),
    ]
)


def plain_collection(inner):
    names = st.sampled_from(["key", "jp", "sku", "file", "market", "product", "size", "count", "where", "x"])
    maps = st.dictionaries(names, inner, max_size=3)
    return st.one_of(
        maps.map(braced), st.lists(inner, max_size=3).map(lambda items: "[" + ", ".join(items) + "]")
    )


ODD_VALUES = st.one_of(
    st.recursive(PLAIN_SCALARS, plain_collection, max_leaves=5),
    st.recursive(ODD_SCALARS, collection, max_leaves=6),
)
CHANGES = st.lists(st.tuples(st.sampled_from(list(paths(SKELETON))), ODD_VALUES), min_size=1, max_size=2)


def test_the_skeleton_is_sound():
    assert judged({"c.yaml": written(SKELETON), **DATA}) == 2


@QUICK
@given(CHANGES, st.sampled_from([*[""] * 6, "\n", "\nname: x", "\n...\n", "\n---\nname: y", "\n\t"]))
def test_a_campaign_with_odd_values_is_a_plan_or_diagnostics(changes, tail):
    tree = SKELETON
    for path, value in changes:
        tree = changed(tree, path, value)
    judged({"c.yaml": written(tree) + tail, **DATA})


@QUICK
@given(ODD_VALUES, st.sampled_from(["name", "palette", "variables", "budget", "words", "logo", "x"]))
def test_a_brand_with_odd_values_is_a_plan_or_diagnostics(value, key):
    judged({"c.yaml": written(SKELETON), **DATA, "b.yaml": written({**BRAND, key: value})})


# ---- prompts ----------------------------------------------------------------------------------

KNOWN = st.sampled_from(["product", "market", "mood", "moods", "brand", "brand.palette", "cell", "series"])
STRANGE = st.sampled_from(
    ["x", "loop", "self", "caller", "range", "dict", "lipsum", "namespace", "varargs", "_"]
)
NAMES = st.one_of(KNOWN, KNOWN, KNOWN, STRANGE)
ATTRIBUTES = st.sampled_from(
    [
        *("name", "sku", "new", "__class__", "__init__", "__globals__", "mro", "_x"),
        *("format", "format_map", "upper", "replace", "join", "split", "keys", "items"),
        *("values", "columns", "read", "gi_frame", "f_back", "im_func", "func_code", "ember"),
        *("index"),
    ]
)
LITERALS = st.sampled_from(
    [
        *("1", "0", "-1", "999999999", "1e308", "''", "'x'", "'%s'", "'%999999999d'", "'{:>999999999}'"),
        *("'{0.__class__}'", "[]", "{}", "()", "[1, 'a']", "{'a': 1}", "'\\x00'", "'../..'", "true", "none"),
    ]
)
FILTERS = st.sampled_from(
    [
        *("upper", "lower", "join(',')", "join('x' * 9)", "replace('a', 'b')", "replace('', 'xxxx')", "sort"),
        *("default('-')", "list", "first", "map(attribute='__class__')", "map('upper')", "map('attr', 'x')"),
        *("select('eq', 1)", "sum", "int", "float", "abs", "truncate(3)", "attr('__class__')", "format(1)"),
        *("tojson", "pprint", "safe", "center(99999999)", "batch(9)", "colors", "items", "dictsort"),
        *("unique", "sort(attribute='a.__b')", "groupby('x')", "random", "xmlattr", "urlize", "_steps(1)"),
        *("_concat", "string", "length", "nofilter"),
    ]
)
OPERATORS = st.sampled_from(
    [" + ", " - ", " * ", " ** ", " / ", " // ", " % ", " ~ ", " in ", " and ", " == ", " < "]
)


def compound(inner):
    return st.one_of(
        st.tuples(inner, ATTRIBUTES).map("{0[0]}.{0[1]}".format),
        st.tuples(inner, ATTRIBUTES).map("{0[0]}['{0[1]}']".format),
        st.tuples(inner, inner).map("{0[0]}[{0[1]}]".format),
        st.tuples(inner, inner).map("{0[0]}[:{0[1]}]".format),
        st.tuples(inner, inner).map("{0[0]}({0[1]})".format),
        st.tuples(inner, FILTERS).map("({0[0]}) | {0[1]}".format),
        st.tuples(inner, OPERATORS, inner).map(lambda parts: f"({''.join(parts)})"),
        st.tuples(inner, inner, inner).map("({0[0]} if {0[1]} else {0[2]})".format),
        inner.map("not {}".format),
        inner.map("({}) is defined".format),
    )


EXPRESSIONS = st.recursive(st.one_of(NAMES, LITERALS), compound, max_leaves=5)


def block(inner):
    return st.one_of(
        st.tuples(EXPRESSIONS, inner).map("{{% for x in {0[0]} %}}{0[1]}{{% endfor %}}".format),
        st.tuples(EXPRESSIONS, inner).map(
            "{{% for x in {0[0]} recursive %}}{0[1]}{{{{ loop(x) }}}}{{% endfor %}}".format
        ),
        st.tuples(EXPRESSIONS, inner, inner).map(
            "{{% if {0[0]} %}}{0[1]}{{% else %}}{0[2]}{{% endif %}}".format
        ),
        inner.map("{{% macro x(n) %}}{}{{{{ x(n) }}}}{{% endmacro %}}{{{{ x(1) }}}}".format),
        st.tuples(EXPRESSIONS, inner).map("{{% set x = {0[0]} %}}{0[1]}".format),
        inner.map("{{% set x %}}{}{{% endset %}}{{{{ x ~ x }}}}".format),
        inner.map("{{% filter upper %}}{}{{% endfilter %}}".format),
        inner.map("{{% call x() %}}{}{{% endcall %}}".format),
        st.lists(inner, min_size=2, max_size=3).map("".join),
    )


STATEMENTS = st.one_of(
    *[EXPRESSIONS.map("{{{{ {} }}}}".format)] * 5,
    EXPRESSIONS.map("{{% include {} %}}".format),
    st.sampled_from(
        ["x", "{% extends 'a' %}", "{% import 'a' as b %}", "{% raw %}{{ x }}{% endraw %}", "{#"]
    ),
)
PROMPTS = st.recursive(STATEMENTS, block, max_leaves=5)


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


@QUICK
@given(PROMPTS)
@example("{% for x in moods recursive %}{{ loop(moods) }}{% endfor %}")
def test_a_prompt_is_a_text_or_diagnostics(prompt):
    tree = changed(SKELETON, ("series", "s", "prompt"), quoted(f"x {prompt}"))
    judged({"c.yaml": written(tree), **DATA})


@QUICK
@given(PROMPTS, st.sampled_from([("output",), ("input", "size"), ("where",)]), EXPRESSIONS)
def test_a_path_an_input_or_a_condition_is_a_text_or_diagnostics(text, key, expression):
    value = quoted(expression if key == ("where",) else text)
    judged({"c.yaml": written(changed(SKELETON, ("series", "s", *key), value)), **DATA})


# ---- data -------------------------------------------------------------------------------------

TEXTS = st.one_of(
    st.sampled_from(
        [
            *(
                "A",
                "B",
                "",
                " ",
                "a/b",
                "..",
                "{{ x }}",
                "=1+1",
                "\x00",
                "\x1b[2J",
                "\u202e",
                "\u2028",
                "\ufeff",
            )
        ]
    ),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=4),
)
CELLS = st.one_of(
    TEXTS.map(lambda text: '"' + text.replace('"', '""') + '"'),
    st.sampled_from(["", "A", '"', '""', '"a', 'a"b', '"a"b', " x ", "\t", "1e5", ";", "'"]),
)
TABLES = st.lists(st.one_of(st.lists(CELLS, min_size=3, max_size=3), st.lists(CELLS, max_size=4)), max_size=4)
HEADS = st.sampled_from(
    [*["sku,name,new"] * 4, "sku;name;new", "sku,sku,name", "name", "", '"sku","name","new"', "sku,,x"]
)


@QUICK
@given(HEADS, TABLES, st.sampled_from(["\n", "\r\n", "\r", "\n\n"]), st.sampled_from([",", ";"]))
def test_csv_is_rows_or_diagnostics(head, table, line_end, delimiter):
    text = line_end.join([head, *(delimiter.join(row) for row in table)])
    judged({"c.yaml": written(SKELETON), **DATA, "p.csv": text})


NUMBERS = st.sampled_from(
    ["1", "0", "2.5", "-0", "1.50", "1e999", "NaN", "-Infinity", "9" * 50, "01", "1.", ".5", "+1"]
)
STRINGS = st.one_of(
    TEXTS.map(json.dumps), st.sampled_from(['"\\ud800"', '"\\u0000"', '"\\x"', '"', "'a'", '"a\nb"'])
)
COLUMNS = st.sampled_from(
    ['"sku"', '"name"', '"new"', '"a"', '"b"', '"c"', '"__class__"', '"a.b"', '""', "sku", '"\\ud800"']
)


def nested(inner):
    return st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{','.join(items)}]"),
        st.lists(st.tuples(COLUMNS, inner).map(":".join), max_size=3).map(
            lambda pairs: f"{{{','.join(pairs)}}}"
        ),
        st.tuples(st.integers(1, 50), inner).map(lambda nest: "[" * nest[0] + nest[1] + "]" * nest[0]),
    )


JSON_VALUES = st.recursive(
    st.one_of(NUMBERS, TEXTS.map(json.dumps), STRINGS, st.sampled_from(["true", "null", "undefined"])), nested
)
PAIRS = st.lists(st.tuples(COLUMNS, JSON_VALUES).map(":".join), max_size=2)
SOUND_ROWS = st.tuples(st.sampled_from("ABCD"), PAIRS).map(
    lambda row: f'{{"sku":"{row[0]}","name":"Lamp","new":1{"".join(f",{pair}" for pair in row[1])}}}'
)
ROWS = st.lists(st.one_of(*[SOUND_ROWS] * 5, JSON_VALUES), max_size=4)
WRAPPERS = st.sampled_from(
    [
        *[("[", ",", "]"), ("", "\n", "\n")] * 3,
        ("", "\n", "\n"),
        ("[", ",", ",]"),
        ("{", ",", "}"),
        ("\ufeff[", ",", "]x"),
    ]
)


@QUICK
@given(ROWS, WRAPPERS, st.sampled_from(["json", "jsonl"]))
def test_json_is_rows_or_diagnostics(rows, wrapper, kind):
    start, between, end = wrapper
    tree = changed(SKELETON, ("matrix", "product", "file"), f"p.{kind}")
    judged({"c.yaml": written(tree), **DATA, f"p.{kind}": start + between.join(rows) + end})
