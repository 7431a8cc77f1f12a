"""What a change costs, before it is merged: against a commit, against a saved plan, as a comment."""

from __future__ import annotations

import json
import shutil
import subprocess

import jsonschema
import pytest

from seedpipe import schemas

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
CAMPAIGN = """\
seedpipe: 1
name: {name}
model: bytedance/seedream-v4
brand: brand.yaml
matrix: {{lamp: [{lamps}]}}
series:
  hero:
    input: {{size: 1024*1024}}
    prompt: "A {{{{ lamp }}}} lamp in {{{{ brand.palette.ember }}}}, {{{{ brand.voice }}}}"
"""
HOSTILE = "<img src=x onerror=1> @everyone [a](http://b) | `c` www.evil.example #1 </details>"


def compared(line, *words):
    """Return the campaigns of a comparison, whose document is as its schema says."""
    document = json.loads(line.run("plan", *words, "--json").stdout)
    jsonschema.validate(document, schemas.load("comparison"))
    return document["campaigns"]


def edit(line, name, lamps, voice="calm"):
    (line.project / f"{name}.yaml").write_text(CAMPAIGN.format(name=name, lamps=lamps))
    brand = f"name: Aurora\npalette: {{ember: '#E4572E'}}\nvoice: {json.dumps(voice)}\n"
    (line.project / "brand.yaml").write_text(brand)


@pytest.fixture
def repository(seedpipe):
    edit(seedpipe, "spring", "red, blue, green")
    edit(seedpipe, "winter", "red")
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "one"]):
        who = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
        subprocess.run(["git", "-C", str(seedpipe.project), *who, *words], check=True)
    return seedpipe


def test_a_brand_edit_hits_each_campaign(repository):
    edit(repository, "spring", "red, blue, white", voice="loud")
    plan = ("spring.yaml", "winter.yaml", "--against", "HEAD")
    spring, winter = compared(repository, *plan)
    assert {name: part["cells"] for name, part in spring["all"].items()} == {
        "added": 1,
        "changed": 2,
        "removed": 1,
    }
    assert spring["all"]["changed"]["cost_usd"] == "0.054"
    assert winter["changes"] == [
        {"cell": "hero/red", "values": [{"name": "prompt", "before": "calm", "after": "loud"}]}
    ]
    assert spring["axes"]["lamp"]["white"]["added"] == {"cells": 1, "jobs": 1, "cost_usd": "0.027"}
    page = repository.run("plan", *plan)
    assert "spring against HEAD" in page.stdout
    assert "+1 cell $0.027" in page.stdout
    assert "hero/red  prompt: calm → loud" in page.stdout
    assert "nothing was sent or charged" in page.stderr


def test_a_comment_has_its_marker_and_text_that_does_nothing(repository):
    edit(repository, "spring", "red, blue", voice=HOSTILE)
    plan = ("plan", "spring.yaml", "--against", "HEAD", "--format", "markdown")
    comment = repository.run(*plan).stdout
    assert comment.startswith("<!-- seedpipe: plan -->\n### No new cells\n")
    assert "\n2 changed cells: $0.054 if all are bought again with `--redo changed`. Without it," in comment
    assert "| spring |  | ~2 cells $0.054 | -1 cell $0.027 | $0.081 | $0.054 |" in comment
    assert comment.count("<") == comment.count(">") == 5  # the marker and the fold
    for sign in ("@everyone", "](", "`c`", "http:", "www.", "#1 "):
        assert sign not in comment
    assert len(comment.encode()) < 65_536


def test_a_comment_is_read_as_it_is_sent_and_names_the_price_of_new_cells(repository):
    edit(repository, "spring", "red, blue, white", voice="loud: 100% wool, 3.5 cm (new_in)")
    comment = repository.run("plan", "spring.yaml", "--against", "HEAD", "--format", "markdown").stdout
    assert "### New cells cost $0.027\n" in comment
    assert "- hero/red: prompt: calm → loud: 100% wool, 3.5 cm (new_in)\n" in comment
    assert "&#" not in comment


def test_a_comment_stays_under_its_limit_and_an_equal_plan_has_nothing_to_say(repository):
    plan = ("plan", "spring.yaml", "--against", "HEAD", "--format", "markdown")
    assert "No cell of 1 campaign has changed since" in repository.run(*plan).stdout
    edit(repository, "spring", ", ".join(f"lamp{'x' * 80}{number}" for number in range(8)))
    files = ["spring.yaml", *(f"s{number}.yaml" for number in range(80))]
    for file in files[1:]:
        shutil.copy(repository.project / "spring.yaml", repository.project / file)
    comment = repository.run("plan", *files, "--against", "HEAD", "--format", "markdown").stdout
    assert len(comment.encode()) < 65_536
    assert "… cut to the size of a comment" in comment
    assert comment.count("<details>") == comment.count("</details>")


def test_a_campaign_that_was_not_there_or_had_faults_is_new_as_a_whole(repository):
    edit(repository, "new", "red")
    (new,) = compared(repository, "new.yaml", "--against", "HEAD")
    assert (new["remark"], new["before"], new["all"]["added"]["cells"]) == (
        "it did not exist at HEAD",
        None,
        1,
    )
    said = repository.run("plan", "new.yaml", "--against", "HAED", code=2).stderr
    assert "git knows no commit 'HAED'" in said


def test_a_saved_plan_can_be_compared_with(repository):
    repository.run("plan", "spring.yaml", "-o", "before.jsonl")
    edit(repository, "spring", "red")
    (spring,) = compared(repository, "spring.yaml", "--against", "before.jsonl")
    assert spring["all"]["removed"]["cells"] == 2
    said = repository.run("plan", "winter.yaml", "--against", "before.jsonl", code=2).stderr
    assert "is a plan of 'spring', not of 'winter'" in said
