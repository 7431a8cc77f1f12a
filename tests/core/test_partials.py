import hashlib

import pytest

from seedpipe.core.compiling import compile_template
from seedpipe.core.diagnostics import Diagnostic, SourceText
from seedpipe.core.fence import Steps
from seedpipe.core.partials import Partials, locate_in
from seedpipe.core.templates import TemplateFault

SPAN = SourceText(path="c.yaml", text="x").span()


def test_a_published_pattern_file_never_changes():
    partials = Partials(lambda name, span: Diagnostic(rule="no-such-file", message=name, span=span))
    partials.source("seedpipe/patterns.j2", SPAN)
    [(name, text)] = partials.built_in.items()
    # A change of this file changes requests that were paid for: publish a new one under a new name instead.
    published = {"seedpipe/patterns.j2": "92e2240ec125192965f151007dbe3f5e2c73c9714d5539a399f60a99f82a292c"}
    assert hashlib.sha256(text.encode()).hexdigest() == published[name]


def test_each_file_is_read_once():
    reads = []

    def read(name, span):
        reads.append(name)
        return SourceText(path=name, text="text")

    partials = Partials(read)
    assert partials.source("a.j2", SPAN) is partials.source("a.j2", SPAN)
    assert reads == ["a.j2"]
    assert not partials.built_in


def test_lines_are_found_however_far_they_are():
    locate = locate_in(SourceText(path="a.j2", text="one\n  two\n"))
    assert [str(locate(line)) for line in (0, 2, 99)] == ["a.j2:1:1", "a.j2:2:3", "a.j2:3:1"]


def rendered(text, **files):
    source = SourceText(path="c.yaml", text=text)

    def read(name, span):
        return SourceText(path=name, text=files[name[0]])

    template, problems = compile_template(
        text, locate_in(source), {"x"}, elsewhere={}, partials=Partials(read)
    )
    assert not problems
    return template.render({"x": "X"}, Steps())


def test_files_that_include_files_are_counted():
    doubling = {
        name: f"{{% include '{following}.j2' %}}" * 2
        for name, following in zip("abcdefghijklmnopqrst", "bcdefghijklmnopqrstu", strict=True)
    }
    with pytest.raises(TemplateFault) as caught:
        rendered("{% include 'a.j2' %}", **doubling, u="")
    assert caught.value.diagnostic.rule == "template-limit"


def test_an_included_file_sees_what_is_set_before_it():
    assert rendered("{% set y = 'Y' %}{% include 'a.j2' %}", a="{{ x }}{{ y }}") == "XY"
    assert rendered("{% for z in ['1'] %}{% include 'a.j2' %}{% endfor %}", a="{{ z }}") == "1"
    assert (
        rendered("{% import 'a.j2' as a with context %}{{ a.m() }}", a="{% macro m() %}{{ x }}{% endmacro %}")
        == "X"
    )
