import pytest

from seedpipe.core.compiling import compile_template
from seedpipe.core.diagnostics import SourceText
from seedpipe.core.fence import MAX_TEXT_CHARS, Steps
from seedpipe.core.templates import TemplateFault
from seedpipe.core.values import Columns, Keyed, Number, shielded

COLUMNS = Columns(axis="product", names={"name": 0, "copy": 1, "note": 2, "tags": 3}, origin="p.csv")
VALUES = {
    "product": Keyed("AUR-01", COLUMNS, ("Lamp", "Glow", "", ["a", "b"])),
    "market": Keyed("us", Columns(axis="market", names={}, origin="c.yaml")),
    "brand": shielded("brand", {"palette": {"ember": "#E4572E", "ivory": "#F6EFE6"}, "voice": None}),
    "moods": shielded("moods", ["calm", "bright"]),
    "rows": shielded("rows", [{"name": "a", "items": 1}, {"name": "b", "items": 2}]),
    "price": Number(1.1, "1.10"),
    "count": 3,
    "ready": True,
    "nothing": shielded("nothing", None),
    "text": "a lamp",
    "long": "x" * 30_000,
}


def compiled(text, *, path=False):
    source = SourceText(path="t", text=text)

    def locate(line, *patterns):
        for pattern in patterns:
            if match := pattern.search(text.split("\n")[line - 1]):
                return source.span(line, match.start(1) + 1, width=len(match[1]))
        return source.span(line)

    return compile_template(text, locate, VALUES, elsewhere={"image": "'image' is for output"}, path=path)


def render(text, *, path=False):
    template, problems = compiled(text, path=path)
    assert not problems
    return template.render(VALUES, Steps())


def fault(text, *, path=False):
    template, problems = compiled(text, path=path)
    if problems:
        return problems[0]
    with pytest.raises(TemplateFault) as caught:
        template.render(VALUES, Steps())
    return caught.value.diagnostic


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("{{ product }}", "AUR-01"),
        ("{{ product.name }} {{ product['name'] }}", "Lamp Lamp"),
        ("{{ product.copy }}", "Glow"),
        ("{{ product | lower }}", "aur-01"),
        ("{{ product.name.upper() }}", "LAMP"),
        ("{{ product.name[:2] }}", "La"),
        ("{{ product.tags | join('+') }}", "a+b"),
        ("{{ product.note | default('none') }}", "none"),
        ("{% if product.note is defined %}x{% else %}y{% endif %}", "y"),
        ("{% if product == 'AUR-01' and market in ['us', 'de'] %}yes{% endif %}", "yes"),
        ("{{ brand.palette | colors }}", "ember #E4572E, ivory #F6EFE6"),
        ("{{ brand.palette.ember }}", "#E4572E"),
        ("{% for name in brand.palette %}{{ name }} {% endfor %}", "ember ivory "),
        (
            "{% for mood in moods %}{{ loop.index }}{{ mood }}{{ ',' if not loop.last }}{% endfor %}",
            "1calm,2bright",
        ),
        ("{{ moods[0] }} {{ moods | length }}", "calm 2"),
        ("{{ rows | map(attribute='name') | join(', ') }}", "a, b"),
        ("{{ rows[1].items }}", "2"),
        ("{{ rows | sum('items') }}", "3"),
        ("{{ price }} {{ price * 2 }}", "1.10 2.2"),
        ("{{ count + 1 }} {{ 7 // 2 }} {{ 7 % 4 }}", "4 3 3"),
        ("{{ ready }}", "true"),
        ("{{ text ~ ' of ' ~ count }}", "a lamp of 3"),
        ("{{ text + '!' }}", "a lamp!"),
        ("{{ text | replace('lamp', 'lantern') }} {{ text.replace('a', 'b') }}", "a lantern b lbmp"),
        ("{{ ', '.join(moods) }}", "calm, bright"),
        ("{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m(text) }}", "<a lamp>"),
        ("{% set x = moods | first %}{{ x }}", "calm"),
        ("a\n{% if ready %}\nb\n{% endif %}\nc", "a\nb\nc"),
        ("{# a comment #}x", "x"),
        ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
    ],
)
def test_renders(text, expected):
    assert render(text) == expected


@pytest.mark.parametrize(
    ("text", "rule", "column"),
    [
        ("A {{ prodct }}", "undefined-name", 6),
        ("{{ image }}", "undefined-name", 4),
        ("{{ range(9) }}", "undefined-name", 4),
        ("{{ product.nmae }}", "undefined-name", 12),
        ("{{ product['nmae'] }}", "undefined-name", 13),
        ("{{ product.upper() }}", "undefined-name", 12),
        ("{{ market.language }}", "undefined-name", 11),
        ("{{ product.note }}", "missing-value", 12),
        ("{{ product.note ~ 'x' }}", "missing-value", 12),
        ("{{ product.note + 'x' }}", "missing-value", 12),
        ("{{ product.note | upper }}", "missing-value", 12),
        ("{{ [product.note] | join }}", "missing-value", 13),
        ("{% if product.note %}x{% endif %}", "missing-value", 15),
        ("{{ product.note.upper() }}", "missing-value", 12),
        ("{{ nothing }}", "undefined-name", 4),
        ("{{ brand.voice }}", "undefined-name", 10),
        ("{{ brand.palette.embr }}", "undefined-name", 18),
        ("{{ brand.palette }}", "whole-map-printed", 10),
        ("{{ moods }}", "whole-map-printed", 4),
        ("{{ moods ~ '' }}", "whole-map-printed", 4),
        ("{{ moods | string }}", "whole-map-printed", 4),
        ("{{ rows | join }}", "whole-map-printed", 1),
        ("{{ rows | map(attribute='name') }}", "whole-map-printed", 1),
        ("{{ moods[7] }}", "undefined-name", 1),
        ("{{ count.real }}", "undefined-name", 10),
        ("{{ text | uper }}", "template-syntax", 11),
        ("{{ text is fine }}", "template-syntax", 12),
        ("{{ text | random }}", "template-syntax", 11),
        ("{{ text", "template-syntax", 1),
        ("{% if text %}x", "template-syntax", 4),
        ("{% include 'x' %}", "template-include", 4),
        ("{% import 'x' as y %}", "template-include", 4),
        ("{% extends 'x' %}", "template-include", 4),
        ("{{ text | colors }}", "template-error", 11),
        ("{{ 1 / 0 }}", "template-error", 1),
        ("{{ text() }}", "template-error", 1),
        ("{{ count + text }}", "template-error", 1),
        ("{% for x in count %}{% endfor %}", "template-error", 1),
    ],
)
def test_faults_have_their_place(text, rule, column):
    found = fault(text)
    assert (found.rule, found.span.column) == (rule, column)
    # A line further down is told as such.
    below = fault("first line\n" + text)
    assert (below.rule, below.span.line, below.span.column) == (rule, 2, column)


def test_the_hint_names_the_likely_word():
    assert fault("{{ product.nmae }}").hint == "did you mean 'name'?"
    assert fault("{{ txt }}").hint == "did you mean 'text'?"
    assert "p.csv" in fault("{{ product.note }}").message


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ product.__class__ }}",
        "{{ product['__class__'] }}",
        "{{ brand._data }}",
        "{{ brand['__init__'] }}",
        "{{ brand.missing('x') }}",
        "{{ moods.append('x') }}",
        "{{ moods.path }}",
        "{{ text.format(1) }}",
        "{{ text.encode() }}",
        "{{ text | attr('__class__') }}",
        "{{ text | format }}",
        "{{ text.upper.__self__ }}",
        "{{ product.columns }}",
        "{{ product.values }}",
        "{{ self.__init__ }}",
        "{{ ().__class__.__base__.__subclasses__() }}",
        "{% for x in moods %}{{ loop._iterator }}{% endfor %}",
        "{% macro m() %}{% endmacro %}{{ m.__globals__ }}",
        "{{ lipsum }}",
        "{{ cycler }}",
        "{{ namespace() }}",
    ],
)
def test_nothing_but_data_can_be_reached(text):
    assert fault(text)


@pytest.mark.parametrize(
    "text",
    [
        "{{ 'a' * 1000000000 }}",
        "{{ 10 ** 1000000000 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ long ~ long }}",
        "{{ long + long }}",
        "{{ long }}{{ long }}",
        "{% for x in long %}{{ long }}{% endfor %}",
        "{% macro m() %}{% for x in long %}{{ long }}{% endfor %}{% endmacro %}{{ m() | length }}",
        "{% set y %}{% for x in long %}{{ long }}{% endfor %}{% endset %}{{ y | length }}",
        "{% filter upper %}{% for x in long %}{{ long }}{% endfor %}{% endfilter %}",
        "{{ long | replace('', 'xxxxxxxx') }}",
        "{{ long.replace('x', 'yyyyyyyy') }}",
        "{{ moods | join(long) ~ moods | join(long) }}",
        "{{ [1, 2, 3, 4, 5] | join(long) }}",
        "{{ long.join(long) }}",
        "{% for a in long %}{% for b in long %}{% endfor %}{% endfor %}",
        "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro m(n) %}{% if n %}{{ m(n-1) }}{{ m(n-1) }}{% endif %}{% endmacro %}{{ m(40) }}",
        "{{ " + "(" * 500 + "1" + ")" * 500 + " }}",
        "{% set a = 99999999 %}" + "{% set a = a * a %}" * 40 + "{{ a }}",
        "{% set a = long %}" + "{% set a = a ~ a %}" * 40 + "{{ a }}",
    ],
)
def test_everything_has_a_limit(text):
    assert fault(text).rule in {"template-limit", "template-error", "template-syntax"}


def test_data_is_never_compiled():
    template, _ = compiled("{{ text }}")
    assert template.render({"text": "{{ 7 * 7 }}{% if %}"}, Steps()) == "{{ 7 * 7 }}{% if %}"


def test_steps_are_counted_for_each_render_anew():
    template, _ = compiled("{% for x in long %}{% endfor %}")
    for _ in range(5):
        assert template.render(VALUES, Steps()) == ""


def test_the_longest_text_renders():
    template, _ = compiled("{{ text }}")
    assert len(template.render({"text": "x" * MAX_TEXT_CHARS}, Steps())) == MAX_TEXT_CHARS


@pytest.mark.parametrize(
    ("value", "segment"),
    [
        ("a/b", "a-b"),
        ("../x", "-x"),
        ("..", None),
        ("C:\\x", "C--x"),
        (".hid", "hid"),
        ("a\n", "a-"),
        ("", None),
    ],
)
def test_a_value_in_a_path_is_one_segment(value, segment):
    template, _ = compiled("s/{{ text }}", path=True)
    if segment is None:
        with pytest.raises(TemplateFault):
            template.render({"text": value}, Steps())
    else:
        assert template.render({"text": value}, Steps()) == f"s/{segment}"


def test_names_are_known():
    assert compiled("{{ text }} {{ count }} {% set x = 1 %}{{ x }}")[0].names == {"text", "count"}
