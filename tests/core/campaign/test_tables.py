import json

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
    assert [tuple(texts) for _, texts in table.rows] == rows


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


@pytest.mark.parametrize("name", ["p.csv", "p.jsonl"])
def test_a_hundred_thousand_rows_of_twenty_columns_are_read(name):
    columns = ["sku", *(f"column{at}" for at in range(19))]
    rows = [[f"A{number}", *[f"text “{number}”"] * 19] for number in range(100_000)]
    if name == "p.csv":
        text = "\n".join(map(",".join, [columns, *rows]))
    else:
        in_json = json.JSONEncoder(ensure_ascii=False).encode  # `dumps` would make one for each row
        text = "\n".join(in_json(dict(zip(columns, row, strict=True))) for row in rows)

    table, problems = tables.parse(name, text.encode(), keys=[("sku", KEY_SPAN)], named=KEY_SPAN)

    assert not problems
    assert len(table.rows) == 100_000
    assert [tuple(cells) for _, cells in table.rows[::33_333]] == list(map(tuple, rows[::33_333]))


LISTED = [
    {"sku": "a", "price": 1.5, "sizes": [1, 2]},
    {"sku": "ü😀", "name": "x" * 2000},
    {"sku": 7, "é": None},
]


@pytest.mark.parametrize("indent", [None, 1])
def test_a_list_of_objects_is_read_wherever_they_end(indent):
    data = json.dumps(LISTED, ensure_ascii=False, indent=indent).encode()
    table, problems = tables.parse("p.json", data, keys=[("sku", KEY_SPAN)], named=KEY_SPAN)

    assert not problems
    assert table.columns == ("sku", "price", "sizes", "name", "é")
    assert [key for key, _ in table.rows] == [("a",), ("ü😀",), ("7",)]
    assert [tuple(cells) for _, cells in table.rows] == [
        ("a", 1.5, [1, 2], None, None),
        ("ü😀", None, None, "x" * 2000, None),
        (7, None, None, None, None),
    ]


@pytest.mark.parametrize(
    ("name", "text", "line", "column"),
    [
        ("p.json", '[{"sku": "ä"},\n {"sku": "é" x}]', 2, 14),
        ("p.json", '[{"sku": "😀"} {"sku": "b"}]', 1, 15),
        ("p.json", '[{"sku": "😀"}] x', 1, 16),
        ("p.jsonl", '{"sku": "a"}\n  {"sku": "é"} x\n', 2, 15),
        ("p.jsonl", '{"sku": "a"}\n{"sku": NaN}\n', 2, 1),
        ("p.jsonl", '{"sku": 1e999}\n', 1, 1),
        ("p.csv", 'sku,é\na,"ü" y\n', 2, 6),
        ("p.csv", "é,sku\nüü,a\nü,a,b\n", 3, 1),
        ("p.csv", "é,sku\nüü,a\nüü,a\n", 3, 4),
    ],
)
def test_places_count_characters(name, text, line, column):
    _, problems = tables.parse(name, text.encode(), keys=[("sku", KEY_SPAN)], named=KEY_SPAN)
    (span,) = [problem.span for problem in problems]

    assert (span.line, span.column) == (line, column)
    shown = span.source.text.split("\n")
    assert shown[line - 1] == text.split("\n")[line - 1]
