"""JUnit, summary, annotations, documents: what they say of every state, and that no text of others acts."""

import json
import re
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from seedpipe import schemas
from seedpipe.core.lifecycle import Phase
from seedpipe.reports import REPORTS, files, gallery, workflow_commands
from tests.reports.subjects import FAILED, PASSED, WARNED, judged, subject

EVIL = (
    "</script><img src=x onerror=alert(1)> ::error::no\n::warning::no `x` | **b** ]]>"
    " \x1b[31m \ufffe %0A & \" '"
)
# The attributes that the common JUnit schema knows, and which of them it demands.
SHAPE = {
    "testsuites": ({"name", "tests", "failures", "errors", "time", "disabled"}, set()),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped", "time", "timestamp", "disabled", "hostname", "id"},
        {"name", "tests"},
    ),
    "testcase": ({"name", "classname", "time", "assertions", "status"}, {"name"}),
    "failure": ({"message", "type"}, set()),
    "error": ({"message", "type"}, set()),
    "skipped": ({"message"}, set()),
    "system-out": (set(), set()),
}
INSIDE = {
    "testsuites": {"testsuite"},
    "testsuite": {"testcase"},
    "testcase": {"failure", "error", "skipped", "system-out"},
}


def mixed():
    return subject(
        judged("hero", {"product": "jar"}, found=[PASSED, WARNED, FAILED]),
        judged("hero", {"product": "tube"}, phase=Phase.FAILED, images=0, error="moderation"),
        judged("detail", {"product": "jar"}, phase=Phase.PLANNED, images=0),
        judged("detail", {"product": "tube"}, phase=Phase.DONE_SHORT, images=1),
    )


def text_of(name, told):
    return "".join(REPORTS[name](told))


def check_shape(node):
    known, demanded = SHAPE[node.tag]
    assert demanded <= set(node.attrib) <= known, node.tag
    for child in node:
        assert child.tag in INSIDE[node.tag]
        check_shape(child)


def test_junit_has_a_suite_a_series_and_a_case_a_cell_and_check():
    root = ET.fromstring(text_of("junit.xml", mixed()))
    check_shape(root)
    outcomes = {
        (suite.get("name"), case.get("classname"), case.get("name")): [child.tag for child in case]
        for suite in root
        for case in suite
    }
    assert outcomes == {
        ("hero", "hero/jar", "delivered"): [],
        ("hero", "hero/jar", "size"): [],
        ("hero", "hero/jar", "palette"): ["system-out"],
        ("hero", "hero/jar", "blank"): ["failure"],
        ("hero", "hero/tube", "delivered"): ["error"],
        ("detail", "detail/jar", "delivered"): ["skipped"],
        ("detail", "detail/tube", "delivered"): ["error"],
    }
    for suite in root:
        cases = suite.findall("testcase")
        counted = [len(suite.findall(f"testcase/{tag}")) for tag in ("failure", "error", "skipped")]
        assert [int(suite.get(key)) for key in ("tests", "failures", "errors", "skipped")] == [
            len(cases),
            *counted,
        ]
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("7", "1", "2")


def test_junit_holds_any_text():
    told = subject(
        judged("hero", {"product": EVIL}, phase=Phase.FAILED, images=0, error=EVIL),
        judged("hero", {"product": "b"}, found=[("blank", FAILED[1], EVIL, 0)]),
        campaign=EVIL,
    )
    root = ET.fromstring(text_of("junit.xml", told))
    check_shape(root)
    assert "onerror" in root.find(".//error").get("message")
    assert "\x1b" not in text_of("junit.xml", told)


def test_the_summary_tells_totals_checks_and_findings():
    text = text_of("summary.md", mixed())
    assert "**1 of 4 jobs done**" in text
    assert "| hero | 2 | 4 | 1 | 1 |" in text
    assert "| blank | 0 | 0 | 1 |" in text
    assert "`hero/tube`: failed (moderation)" in text
    assert "`hero/jar`, image 2: blank: the picture is one colour" in text


def test_a_summary_stays_below_what_a_step_may_say():
    told = subject(
        *[judged(f"series-{n}", {"product": "x" * 400}, images=0, phase=Phase.FAILED) for n in range(900)]
    )
    text = text_of("summary.md", told)
    assert len(text.encode()) < 1024 * 1024
    assert "… and 400 more series." in text
    assert "… and 850 more." in text


def test_text_in_a_summary_is_text():
    told = subject(judged("hero", {"p": EVIL}, phase=Phase.FAILED, images=0, error=EVIL), campaign=EVIL)
    text = text_of("summary.md", told)
    assert not re.search(r"(?<!\\)<", re.sub(r"`[^`]*`", "", text))
    assert "\n::" not in text


def test_annotations_are_at_most_ten_a_kind_and_say_how_many_more():
    told = subject(
        *[judged("hero", {"p": str(n)}, phase=Phase.FAILED, images=0) for n in range(14)],
        *[judged("detail", {"p": str(n)}, found=[WARNED]) for n in range(3)],
    )
    lines = workflow_commands(told)
    errors = [line for line in lines if line.startswith("::error ")]
    assert len(errors) == 10
    assert "and 5 more" in errors[-1]
    assert sum(line.startswith("::warning ") for line in lines) == 3


def test_no_text_can_be_a_command_of_its_own():
    told = subject(judged("hero", {"p": EVIL}, phase=Phase.FAILED, images=0, error=EVIL))
    (line,) = workflow_commands(told)
    assert "\n" not in line
    assert line.startswith("::error title=hero/")
    assert line.count("::") == 2


@pytest.mark.parametrize("name", ["run", "job"])
def test_the_documents_carry_findings_as_their_schemas_say(name):
    told = mixed()
    run = json.loads(text_of("run.json", told))
    jobs = [json.loads(line) for line in text_of("jobs.jsonl", told).splitlines()]
    for document in [run] if name == "run" else jobs:
        jsonschema.validate(document, schemas.load(name))
    assert run["checks"]["blank"] == {"passed": 0, "warned": 0, "failed": 1, "images": 1}
    assert [len(check["findings"]) for check in jobs[0]["checks"]] == [0, 1, 1]


def test_a_large_gallery_is_a_page_a_series_with_an_index():
    told = mixed()
    pages = {name: "".join(chunks) for name, chunks in gallery.pages(told, most_images=2)}
    assert list(pages) == ["gallery-hero.html", "gallery-detail.html", "gallery.html"]
    assert './gallery-hero.html"' in pages["gallery.html"]
    assert "detail/jar" not in pages["gallery-hero.html"]


def test_every_file_is_written_once():
    names = [name for name, chunks in files(mixed()) if "".join(chunks)]
    assert names == ["run.json", "jobs.jsonl", "summary.md", "junit.xml", "gallery.html"]


def test_embedded_pictures_are_there_whole():
    told = subject(judged("hero", {"p": "a"}), embed_full=True)
    (_, page), *_ = gallery.pages(told)
    assert '"whole":{"' in "".join(page)
