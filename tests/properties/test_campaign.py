"""Whatever is in the file: diagnostics or a plan, always the same one, and no path that leaves its folder."""

import posixpath
import unicodedata

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from seedpipe import catalog
from seedpipe.core.campaign import FileProblem, yaml
from seedpipe.core.diagnostics import render
from seedpipe.core.errors import InputError
from seedpipe.core.paths import path_fault, safe_segment
from seedpipe.core.planning import make_plan
from seedpipe.core.totals import total

CATALOGUE = catalog.load()
settings.register_profile("campaign", deadline=None, suppress_health_check=[HealthCheck.too_slow])
RELAXED = settings(settings.get_profile("campaign"), max_examples=400)

YAML_WORDS = (
    "a|b: |: |- |  |[|]|{|}|,|'|>|2|&x |*x|!t |#ABC| #E4572E|<<: |? |---|...|%YAML 1.2|{{ x }}|1|~|null|é"
)
YAML_BITS = st.lists(
    st.sampled_from(
        [
            *YAML_WORDS.split("|"),
            "|",
            '"',
            '"\\U',
            "\\",
            "\t",
            "\n",
            "\ufeff",
            "\u2028",
            "\x00",
            "\x85",
            "series:\n",
        ]
    ),
    max_size=40,
).map("".join)


class Memory:
    def __init__(self, files):
        self.files = files

    def read(self, path):
        if path not in self.files:
            raise FileProblem("there is no such file")
        return self.files[path]

    def models(self):
        return []

    def shown(self, path):
        return path


@RELAXED
@given(st.one_of(st.binary(max_size=200), YAML_BITS.map(str.encode), st.text(max_size=200).map(str.encode)))
@example(b'a: "\\UFFFFFFFF"')
@example(b"\xef\xbb\xbf")
def test_any_text_is_a_tree_or_diagnostics(data):
    root, problems = yaml.parse("c.yaml", data)
    assert root is not None or problems
    for problem in problems:
        assert problem.span is not None
        assert 1 <= problem.span.line <= problem.span.source.text.count("\n") + 1
        assert (
            1 <= problem.span.column <= len(problem.span.source.text.split("\n")[problem.span.line - 1]) + 1
        )
        assert render(problem)


@RELAXED
@given(
    YAML_BITS,
    st.sampled_from(["", "seedpipe: 1\nname: x\n", "seedpipe: 1\nname: x\nseries:\n  a: {prompt: "]),
)
def test_any_campaign_is_a_plan_or_an_input_error(bits, head):
    files = Memory({"c.yaml": (head + bits).encode(), "a": b"a,b\n1,2\n"})
    try:
        total(make_plan("c.yaml", files, CATALOGUE))
    except InputError as error:
        problems = error.diagnostics
    else:
        return
    assert problems
    assert all(render(problem) for problem in problems)


TEMPLATE_WORDS = (
    "{{ ; }};{% ; %};if ;for x in ;endif;endfor;set x = ;a;.name;['name']; | ;upper;join;colors;default('x');"
    " ~ ; + ;1;'t';(;);moods;brand;.palette;image;series;cell;/;..;\n;{#;#};loop.index;macro m();m();- ;[0]"
)
TEMPLATE_BITS = st.lists(st.sampled_from(TEMPLATE_WORDS.split(";")), max_size=16).map("".join)
PROMPTS = st.one_of(
    st.sampled_from(["{{ a.name | default('-') }}", "{{ a }} {{ moods | join }}"]), TEMPLATE_BITS
)
DATA = 'variables: {moods: [calm, bright], brandless: "{{ x }}"}\nmatrix: {a: {file: p.csv, key: sku}}\n'


def campaign(prompt, output, rows):
    quoted = [text.replace("'", "''").replace("\n", "\n\n    ") for text in (prompt, output)]
    text = (
        "seedpipe: 1\nname: x\nmodel: bytedance/seedream-v4/sequential\nbrand: b.yaml\n"
        f"{DATA}series:\n  s:\n    prompt: 'x {quoted[0]}'\n    output: '{quoted[1]}'\n"
        "    input: {max_images: 2}\n"
    )
    table = "sku,name\n" + "".join(
        '"{}","{}"\n'.format(*(cell.replace('"', '""') for cell in row)) for row in rows
    )
    brand = b'name: Aurora\npalette: {ember: "#E4572E"}\n'
    return Memory({"c.yaml": text.encode(), "p.csv": table.encode("utf-8", "surrogatepass"), "b.yaml": brand})


CELLS = st.text(
    st.one_of(st.sampled_from("aAbBéÉe./\\:{}%\"' ~\u0301\u202e\u200d\x00\n"), st.characters(codec="utf-8")),
    max_size=8,
)
KEYS = st.one_of(
    st.sampled_from(["a", "A", "é", "É", "e\u0301", "ß", "ss"]),
    st.text(st.sampled_from("abBe\u0301.: "), min_size=1, max_size=3).filter(lambda key: key == key.strip()),
)
ROWS = st.lists(st.tuples(KEYS, CELLS), min_size=1, max_size=4, unique_by=lambda row: row[0])
PATH_BITS = [
    "..",
    ".",
    "/",
    "x",
    "{{ a.name }}",
    "{{ a }}",
    "{{ series }}",
    ".png",
    "con",
    "run.json",
    "\\",
    " ",
    "X",
]
LITERAL_PATHS = st.lists(st.sampled_from(PATH_BITS), max_size=5).map("".join)
OUTPUTS = st.one_of(
    TEMPLATE_BITS, LITERAL_PATHS, LITERAL_PATHS.map(lambda path: path + "{{ a }}-{{ image }}")
)


@RELAXED
@given(PROMPTS, OUTPUTS, ROWS)
def test_plans_are_the_same_every_time_and_paths_stay_inside(prompt, output, rows):
    first = outcome(campaign(prompt, output, rows))
    assert outcome(campaign(prompt, output, rows)) == first
    cells, _ = first
    seen = set()
    for planned in cells:
        for path in planned.cell.output_paths:
            assert posixpath.normpath(posixpath.join("/out", path)) == f"/out/{path}"
            assert path_fault(path) is None
            shouted = unicodedata.normalize("NFD", path).upper()
            assert shouted not in seen
            seen.add(shouted)


def outcome(files):
    cells = []
    try:
        cells.extend(make_plan("c.yaml", files, CATALOGUE).cells())
    except InputError as error:
        return cells, [render(problem) for problem in error.diagnostics]
    return cells, []


@RELAXED
@given(st.text(max_size=60))
def test_a_segment_is_a_segment(text):
    segment = safe_segment(text)
    assert "/" not in segment
    assert segment not in (".", "..")
    assert safe_segment(segment) == segment
    assert not segment or path_fault(f"x{segment}x") is None or len(segment.encode()) > 190
