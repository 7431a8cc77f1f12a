import pytest

from seedpipe.core.diagnostics import (
    Diagnostic,
    Severity,
    SourceText,
    did_you_mean,
    in_reading_order,
    render,
)

SOURCE = SourceText(path="c.yaml", text="seedpipe: 1\nname: x\n\n  prompt:\tA {{ lamp }}\r\n")


def told(span=None, **more):
    return render(Diagnostic(rule="some-rule", message="it is so", span=span, **more)).split("\n")


def test_the_whole_form():
    found = told(SOURCE.span(2, 7), notes=("in cell a",), hint="do that", severity=Severity.WARNING)
    assert found == [
        "c.yaml:2:7: warning some-rule: it is so",
        "  1 | seedpipe: 1",
        "  2 | name: x",
        "    |       ^",
        "  note: in cell a",
        "  hint: do that",
    ]


def test_without_a_place():
    assert told() == ["error some-rule: it is so"]


def test_blank_lines_before_are_left_out_and_tabs_keep_the_mark_in_line():
    assert told(SOURCE.span(4, 16, width=4))[1:] == [
        "  4 |   prompt:\tA {{ lamp }}",
        "    |          \t     ^^^^",
    ]


@pytest.mark.parametrize("line", [0, 99])
def test_a_line_that_is_not_there_has_no_frame(line):
    assert len(told(SOURCE.span(line, 1))) == 1


@pytest.mark.parametrize("column", [1, 60, 300, 995])
def test_long_lines_are_clipped_around_the_mark(column):
    text = "".join(chr(ord("a") + at % 26) for at in range(1000))
    source = SourceText(path="c", text=text)
    _, line, mark = told(source.span(1, column, width=5))
    shown, marks = line[len("  1 | ") :], mark[len("    | ") :]
    assert len(shown) <= 110
    start = marks.index("^")
    assert shown[start : start + 5] == text[column - 1 : column + 4]
    assert marks.strip() == "^^^^^"


@pytest.mark.parametrize("width", [1, 5, 500])
def test_a_mark_stays_on_its_line(width):
    source = SourceText(path="c", text="short\nnext")
    _, _, mark = told(source.span(1, 3, width=width))
    assert mark.count("^") == min(width, 3)


def test_a_mark_behind_the_last_character_is_seen():
    assert told(SourceText(path="c", text="a:").span(1, 3))[-1] == "    |   ^"


def test_reading_order():
    one, two = SourceText(path="a", text=""), SourceText(path="b", text="")
    places = [None, two.span(1, 1), one.span(2, 1), one.span(1, 9), one.span(1, 2)]
    found = in_reading_order(Diagnostic(rule="r", message="m", span=span) for span in places)
    assert [str(entry.span) for entry in found] == ["a:1:2", "a:1:9", "a:2:1", "b:1:1", "None"]


@pytest.mark.parametrize(("word", "hint"), [("prodct", "did you mean 'product'?"), ("zzz", None)])
def test_did_you_mean(word, hint):
    assert did_you_mean(word, ["product", "market"]) == hint
