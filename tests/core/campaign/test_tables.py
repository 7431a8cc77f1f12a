import pytest

from seedpipe.core.campaign import tables
from seedpipe.core.diagnostics import SourceText

KEY_SPAN = SourceText(path="c.yaml", text="key: sku").span(1, 6, width=3)


def parse(text):
    data = text if isinstance(text, bytes) else text.encode()
    return tables.parse("p.csv", data, keys=[("sku", KEY_SPAN)], named=KEY_SPAN)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("sku,name\na,Lamp\n", [("a", "Lamp")]),
        ("sku,name\na,Lamp", [("a", "Lamp")]),
        ("sku;name\r\na;1,5\r\n", [("a", "1,5")]),
        ("\ufeffsku,name\na,Lamp\n", [("a", "Lamp")]),
        ('sku,name\na,"Lamp, large"\n', [("a", "Lamp, large")]),
        ('sku,name\na,"so ""big"""\n', [("a", 'so "big"')]),
        ('sku,name\na,"two\nlines"\nb,x\n', [("a", "two\nlines"), ("b", "x")]),
        ('sku,name\na,5" wide\n', [("a", '5" wide')]),
        ("sku,name\n a , Lamp \n", [("a", "Lamp")]),
        ("sku,name\na,\u00a0Lamp\n", [("a", "Lamp")]),
        ("sku,name\n\na,Lamp\n\n", [("a", "Lamp")]),
        ("sku,name\na,\n", [("a", "")]),
        ("name,sku\nLamp,0815\n", [("Lamp", "0815")]),
    ],
)
def test_rows(text, rows):
    table, problems = parse(text)
    assert not problems
    assert [texts for _, texts in table.rows] == rows


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name\nx\n", [("missing-column", 1, 6)]),
        ("sku,name\na,x\na,y\n", [("duplicate-axis-key", 3, 1)]),
        ("sku,name\n,x\n", [("axis-key", 2, 1)]),
        ("sku,name\na/b,x\n", [("axis-key", 2, 1)]),
        ("name,sku\nx,a\nx\n", [("ragged-row", 3, 1)]),
        ("sku,name\na,x,y\n", [("ragged-row", 2, 1)]),
        ('sku,name\na,"x" y\n', [("csv-quotes", 2, 6)]),
        ('sku,name\na, "x\n', [("csv-quotes", 2, 4)]),
        ("sku,,name\na,b,c\n", [("empty-column-name", 1, 5)]),
        ("sku,x,x\na,b,c\n", [("duplicate-column", 1, 7)]),
        ("sku,name\n", [("empty-file", 1, 1)]),
        ("", [("empty-file", 1, 1)]),
        (b"sku,name\na,\xff\n", [("not-utf8", 2, 3)]),
    ],
)
def test_faults_have_their_place(text, expected):
    table, problems = parse(text)
    assert table is None
    assert [(problem.rule, problem.span.line, problem.span.column) for problem in problems] == expected


def test_a_file_full_of_faults_tells_the_first_ones():
    _, problems = parse("sku,name\n" + "a\n" * 1000)
    assert 10 < len(problems) < 100


@pytest.mark.parametrize("key", ["", " a", "a/b", "a\\b", "a\nb", "a\x7f", "x" * 101])
def test_unfit_keys(key):
    assert tables.key_fault(key)


@pytest.mark.parametrize("key", ["a", "0815", "Größe 1", "a.b", "می‌خواهم", "🪔"])
def test_fit_keys(key):
    assert tables.key_fault(key) is None
