"""JUnit, summary, annotations, documents: what they say of every state, and that no text of others acts."""

import json
import re
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from seedpipe import schemas
from seedpipe.core.lifecycle import Phase
from seedpipe.reports import REPORTS, files, gallery, workflow_commands
from tests.reports.junit_schema import faults
from tests.reports.subjects import FAILED, PASSED, WARNED, judged, subject

EVIL = (
    "</script><img src=x onerror=alert(1)> ::error::no\n::warning::no `x` | **b** ]]>"
    " \x1b[31m \ufffe %0A & \" '"
)


def mixed():
    return subject(
        judged("hero", {"product": "jar"}, found=[PASSED, WARNED, FAILED]),
        judged("hero", {"product": "tube"}, phase=Phase.FAILED, images=0, error="moderation"),
        judged("detail", {"product": "jar"}, phase=Phase.PLANNED, images=0),
        judged("detail", {"product": "tube"}, phase=Phase.DONE_SHORT, images=1),
    )


def text_of(name, told):
    return "".join(REPORTS[name](told))


def test_junit_has_a_suite_a_series_and_a_case_a_cell_and_check():
    root = ET.fromstring(text_of("junit.xml", mixed()))
    assert faults(root) == []
    outcomes = {
        (suite.get("name"), case.get("classname"), case.get("name")): [child.tag for child in case]
        for suite in root
        for case in suite.iter("testcase")
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
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("7", "1", "2")


def kept(**more):
    old = judged("hero", {"product": "jar"}, prompt="Before")
    return judged("hero", {"product": "jar"}, images=0, kept=old, **more)


def test_a_kept_set_is_delivered_with_its_findings():
    root = ET.fromstring(text_of("junit.xml", subject(kept(phase=Phase.PLANNED, found=[PASSED, WARNED]))))
    assert faults(root) == []
    delivered, size, palette = root.iter("testcase")
    assert delivered.find("system-out").text.startswith("changed · paid $0.054 · kept")
    assert [[child.tag for child in case] for case in (delivered, size, palette)] == [
        ["system-out"],
        [],
        ["system-out"],
    ]
    assert root.find("testsuite").get("skipped") == "0"


def test_a_kept_set_hides_no_failure_of_the_job_that_was_to_replace_it():
    root = ET.fromstring(text_of("junit.xml", subject(kept(phase=Phase.FAILED, error="moderation"))))
    assert root.find(".//error").get("message") == "changed · paid $0.054 · kept; failed (moderation)"


def test_the_summary_counts_what_is_kept_by_itself():
    text = text_of("summary.md", subject(kept(phase=Phase.PLANNED), judged("hero", {"product": "tube"})))
    assert "| hero | 2 | 4 | 1 | 1 | 0 |" in text
    assert "Needs attention" not in text


def test_the_line_of_a_job_has_the_set_that_its_cell_keeps():
    line = json.loads(text_of("jobs.jsonl", subject(kept(phase=Phase.PLANNED))))
    jsonschema.validate(line, schemas.load("job"))
    assert line["outputs"] == []
    assert [len(output["paths"]) for output in line["kept"][0]["outputs"]] == [1, 1]


def test_a_suite_says_which_run_it_is_of():
    (suite,) = ET.fromstring(text_of("junit.xml", subject(judged("hero", {"product": "jar"}))))
    properties = {each.get("name"): each.get("value") for each in suite.iter("property")}
    assert properties["world"] == "proof"
    assert properties["run"] == "run-1"
    assert len(properties["plan"]) == 64
    assert (suite.get("package"), suite.get("timestamp")) == ("autumn", "2026-11-24T09:30:00")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda root: root[0].attrib.pop("timestamp"), "/testsuites/testsuite lacks timestamp"),
        (lambda root: root[0].set("time", "1,5"), "/testsuites/testsuite has time='1,5'"),
        (lambda root: root[0].set("verdict", "good"), "/testsuites/testsuite knows no verdict"),
        (lambda root: root[0].remove(root[0][1]), "testsuite miscounts tests"),
        (lambda root: root[0].append(ET.Element("properties")), "/testsuites/testsuite holds ["),
        (lambda root: root.set("skipped", "1"), "/testsuites knows no skipped"),
        (
            lambda root: root.find(".//failure").attrib.pop("type"),
            "/testsuites/testsuite/testcase/failure lacks type",
        ),
        (
            lambda root: root.find(".//testcase").append(ET.Element("properties")),
            "/testsuites/testsuite/testcase holds",
        ),
        (lambda root: root[1].set("id", "7"), "ids"),
    ],
)
def test_the_rules_of_junit_notice(change, fault):
    root = ET.fromstring(text_of("junit.xml", mixed()))
    change(root)
    assert any(found.startswith(fault) for found in faults(root)), faults(root)


def test_junit_holds_any_text():
    told = subject(
        judged("hero", {"product": EVIL}, phase=Phase.FAILED, images=0, error=EVIL),
        judged("hero", {"product": "b"}, found=[("blank", FAILED[1], EVIL, 0)]),
        campaign=EVIL,
    )
    root = ET.fromstring(text_of("junit.xml", told))
    assert faults(root) == []
    assert "onerror" in root.find(".//error").get("message")
    assert "\x1b" not in text_of("junit.xml", told)


def test_the_summary_tells_totals_checks_and_findings():
    text = text_of("summary.md", mixed())
    assert "**1 of 4 jobs done**" in text
    assert "| hero | 2 | 4 | 1 | 0 | 1 |" in text
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
