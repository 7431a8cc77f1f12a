import pytest

from seedpipe.core.campaign import yaml
from seedpipe.core.campaign.yaml import Mapping


def read(text):
    root, problems = yaml.parse("c.yaml", text.encode("utf-8", "surrogatepass"))
    return (yaml.plain(root) if root else None), problems


def rules(text):
    return [(problem.rule, problem.span.line, problem.span.column) for problem in read(text)[1]]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("yes", "yes"),
        ("12:30", "12:30"),
        ("2024-01-01", "2024-01-01"),
        ("0815", 815),
        ("0o17", 15),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("1.10", 1.1),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-7", -7),
        ("+7", 7),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("1e999", "1e999"),
        ("9" * 40, "9" * 40),
        ("null", None),
        ("~", None),
        ("", None),
        ("true", True),
        ("False", False),
        ("tRue", "tRue"),
        ("'true'", "true"),
        ('"12"', "12"),
        ("=", "="),
        ("Lamp # comment", "Lamp"),
        ("Lamp#1", "Lamp#1"),
    ],
)
def test_scalars_are_yaml_1_2_core(written, value):
    data, problems = read(f"a: {written}\n")
    assert not problems
    assert data == {"a": value}
    assert type(data["a"]) is type(value)


def test_raw_text_is_kept():
    root, _ = yaml.parse("c.yaml", b"keys: [0815, 1.10, no]\n")
    assert [item.raw for item in root.get("keys").items] == ["0815", "1.10", "no"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\na: 2\n", [("duplicate-key", 2, 1)]),
        ("a: &x 1\n", [("yaml-anchor", 1, 4)]),
        ("a: *x\n", [("yaml-alias", 1, 4)]),
        ("a: !t 1\n", [("yaml-tag", 1, 4)]),
        ("a: ! 1\n", [("yaml-tag", 1, 4)]),
        ("<<: {b: 1}\n", [("merge-key", 1, 1)]),
        ("a: 1\n---\nb: 2\n", [("yaml-several-documents", 2, 1)]),
        ("%YAML 1.1\n---\na: 1\n", [("yaml-directive", 1, 1)]),
        ("? [a]\n: 1\n", [("key-type", 1, 3)]),
        ("a: #ABC123\n", [("unquoted-colour", 1, 4)]),
        ("- #ABC\n", [("unquoted-colour", 1, 3)]),
        ("a: # just a comment\nb: 1\n", []),
        ("a: {x: #ABC123}\nb: 1\n", [("unquoted-colour", 1, 8)]),
        ("a: b: c\n", [("yaml-syntax", 1, 5)]),
        ('a: "b\n', [("yaml-syntax", 1, 4)]),
        ("a: [b\n", [("yaml-syntax", 2, 1)]),
        ("a: \x01\n", [("yaml-syntax", 1, 4)]),
        ('a: "\\ud800"\n', [("yaml-syntax", 1, 4)]),
        ('a: "\\UFFFFFFFF"\n', [("yaml-syntax", 1, 5)]),
        ("", [("empty-file", 1, 1)]),
        ("# nothing\n", [("empty-file", 1, 1)]),
        ("[" * 40, [("yaml-limit", 1, 33)]),
        ("\u2028a: 1\nb: &x 2\n", [("yaml-anchor", 2, 4)]),
        ("a: 1\r\nb: &x 2\r\n", [("yaml-anchor", 2, 4)]),
        ("\ufeffa: &x 1\n", [("yaml-anchor", 1, 4)]),
    ],
)
def test_faults_have_their_place(text, expected):
    assert rules(text) == expected


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"a: \xff\n", "not-utf8"),
        ("a: ß".encode("utf-16"), "not-utf8"),
        (b"# " + b"x" * 2_000_000, "file-too-large"),
        (b"- 1\n" * 60_000, "yaml-limit"),
    ],
)
def test_limits(data, rule):
    root, problems = yaml.parse("c.yaml", data)
    assert root is None
    assert [problem.rule for problem in problems] == [rule]


@pytest.mark.parametrize(
    ("text", "line", "place"),
    [
        ("a: |\n  one\n  two {{ x }}\n", 2, (3, 10)),
        ("a: |2\n    one\n  two {{ x }}\n", 2, (3, 10)),
        ("a: |\n\n  {{ x }}\n", 2, (3, 6)),
        ("a: >\n  one\n  two {{ x }}\n", 1, (3, 10)),
        ('a: "one {{ x }}"\n', 1, (1, 12)),
        ("x: 1\na: 'one\n  two {{ x }}'\n", 1, (3, 10)),
        ("a: one\n  {{ x }}\n", 1, (2, 6)),
        ("{x: 1, a: '{{ x }}'}\n", 1, (1, 15)),
    ],
)
def test_lines_of_a_text_are_found_in_the_file(text, line, place):
    import re

    root, problems = yaml.parse("c.yaml", text.encode())
    assert not problems
    assert isinstance(root, Mapping)
    span = root.get("a").locate(line, re.compile(r"\b(x)\b"))
    assert (span.line, span.column, span.width) == (*place, 1)


def test_keys_and_values_know_their_place():
    root, _ = yaml.parse("c.yaml", b"a:\n  key: some value\n")
    key, value = root.get("a").entries[0]
    assert (key.span.line, key.span.column, key.span.width) == (2, 3, 3)
    assert (value.span.line, value.span.column, value.span.width) == (2, 8, 10)
