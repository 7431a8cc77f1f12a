"""A campaign is edited after it was paid for: nothing is bought by that, and everything is said."""

import json
import re

import jsonschema
import pytest

from seedpipe import schemas
from tests.cards import charges, count_charges

PLAN = schemas.load("plan")
CAMPAIGN = """\
seedpipe: 1
name: lamps
model: bytedance/seedream-v4
variables: {{season: {season}}}
matrix:
  lamp: [{lamps}]
series:
  hero:
    input: {{size: 1024*1024}}
    prompt: "A {{{{ lamp }}}} lamp in #E4572E, in {{{{ season }}}} light"
profiles:
  draft: {{variables: {{season: grey}}}}
checks: {{size: {{}}}}
budget: {{usd: 5}}
"""


@pytest.fixture
def lamps(clone):
    """A function that makes a clone of the campaign, with the lock of another clone."""

    def cloned(name, *, lock=None, **values):
        line = clone(name, lock=lock)
        edit(line, **values)
        return line

    return cloned


def edit(line, season="autumn", lamps="red, blue"):
    (line.project / "campaign.yaml").write_text(CAMPAIGN.format(season=season, lamps=lamps))


def live(line, address, *flags, code=0):
    run = ("run", "campaign.yaml", "--live", "--base-url", address, "--yes", "--json", *flags)
    return json.loads(line.run(*run, code=code).stdout)


def picture(line, name):
    (found,) = line.project.glob(f"out/lamps-127.0.0.1-*/hero/{name}*")
    return found.read_bytes()


def test_an_edit_buys_nothing_until_the_user_says_so(lamps):
    payer = lamps("here")
    with payer.sandbox() as address:
        plan = ("plan", "campaign.yaml", "--base-url", address)
        live(payer, address)
        before = picture(payer, "red")
        edit(payer, season="winter", lamps="red, blue, green")
        document = json.loads(payer.run(*plan, "--json").stdout)
        assert (document["new"]["jobs"], document["changed"]["cells"]) == (1, 2)
        assert document["changed"]["paid_usd"] == "0.054"
        jsonschema.validate(document, PLAN)
        assert document["changes"][0]["values"] == [{"name": "prompt", "before": "autumn", "after": "winter"}]
        page = " ".join(payer.run(*plan, "--check", code=1).stdout.split())
        assert "changed 2 cells paid $0.054 · kept; --redo changed buys 2 jobs for $0.054" in page
        assert "hero/red prompt: autumn → winter" in page

        run = live(payer, address)
        assert (count_charges(payer), run["kept"]["jobs"], run["phases"]["done"]["jobs"]) == (3, 2, 1)
        assert picture(payer, "red") == before
        said = payer.run("run", "campaign.yaml", "--live", "--base-url", address)
        assert "nothing to do, nothing was submitted" in said.stdout
        assert "--redo changed" in said.stderr
        payer.run(*plan, "--check")
        status = json.loads(payer.run("status", "--json").stdout)
        assert (status["kept"]["jobs"], status["troubles"]) == (2, [])

        keep = ("keep", "campaign.yaml", "--base-url", address)
        payer.run(*keep, "hero/red")
        assert "did you mean 'hero/red'?" in payer.run(*keep, "hero/rd", code=2).stderr
        assert "has not changed" in payer.run(*keep, "hero/green", code=2).stderr
        document = json.loads(payer.run(*plan, "--json").stdout)
        assert (document["changed"]["cells"], document["kept"]["cells"]) == (1, 1)

        live(payer, address, "--redo", "changed", "--budget", "1")
        assert (count_charges(payer), picture(payer, "red")) == (4, before)
        payer.run(*keep, "--undo", "--all")
        live(payer, address, "--redo", "changed", "--budget", "1")
        assert count_charges(payer) == 5
        assert picture(payer, "red") != before


def test_a_clone_with_the_lock_alone_buys_no_changed_cell_either(lamps):
    payer = lamps("here")
    with payer.sandbox() as address:
        live(payer, address)
        other = lamps("there", lock=payer, season="winter", lamps="red, blue, green")
        document = json.loads(other.run("plan", "campaign.yaml", "--base-url", address, "--json").stdout)
        assert (document["new"]["jobs"], document["changed"]["cells"]) == (1, 2)
        assert document["changes"][0]["values"] is None
        live(other, address, "--no-adopt")
        assert count_charges(payer) == 3


def test_a_clone_with_the_lock_alone_fetches_what_its_changed_cells_keep(lamps):
    payer = lamps("here")
    with payer.sandbox() as address:
        live(payer, address)
        other = lamps("there", lock=payer, season="winter")
        plan = ("plan", "campaign.yaml", "--base-url", address)
        document = json.loads(other.run(*plan, "--json").stdout)
        jsonschema.validate(document, PLAN)
        assert (document["changed"]["cells"], document["kept_missing"]) == (2, {"to_fetch": 2, "lost": 0})
        page = " ".join(other.run(*plan, "--check", code=1).stdout.split())
        assert "missing 2 jobs paid for, kept by changed cells and not here; a run fetches them" in page
        explain = ("explain", "campaign.yaml", "hero/red", "--base-url", address)
        assert "kept, but not here; a run fetches it" in other.run(*explain).stdout

        run = live(other, address)
        assert (run["adopted"], run["kept"]["jobs"], run["kept_missing"]) == (2, 2, 0)
        assert (picture(other, "red"), picture(other, "blue")) == (
            picture(payer, "red"),
            picture(payer, "blue"),
        )
        lock = "campaign.lock.jsonl"
        assert (other.project / lock).read_bytes() == (payer.project / lock).read_bytes()
        document = json.loads(other.run(*plan, "--check", "--json").stdout)
        assert document["kept_missing"] == {"to_fetch": 0, "lost": 0}
        assert document["changes"][0]["values"] is None
        assert document["budget"]["committed_usd"] == "0.054"
        audit = json.loads(other.run("audit", "--live", "--base-url", address, "--json").stdout)
        assert (audit["clean"], audit["checked"]["files"]) == (True, 2)
        review = json.loads(other.run("review", "campaign.yaml", "--json").stdout)
        assert [len(cell["images"]) for cell in review["cells"]] == [1, 1]
        said = other.run("run", "campaign.yaml", "--live", "--base-url", address).stdout
        assert "nothing to do, nothing was submitted" in said

        edit(other)  # what was asked then is asked again: now it is known, and may be bought again
        assert live(other, address)["phases"]["done"]["jobs"] == 2
        assert "in autumn light" in other.run("show", "hero/red").stdout
        assert count_charges(payer) == 2
        other.run("reject", "campaign.yaml", "hero/red", "--by", "ada")
        live(other, address, "--redo", "rejected")
        assert [charge.inputs["prompt"] for charge in charges(payer)][2:] == [
            "A red lamp in #E4572E, in autumn light"
        ]


def test_what_changed_cells_keep_and_the_service_has_no_more_is_missing_and_no_success(lamps):
    payer = lamps("here")
    with payer.sandbox() as address:
        live(payer, address)
        other = lamps("there", lock=payer, season="winter")
        lock = other.project / "campaign.lock.jsonl"
        aged = [line | {"accepted_at": "2020-01-01T00:00:00.000Z"} for line in lines_of(lock)]
        aged = [line | {"prediction_id": f"{number}" * 32} for number, line in enumerate(aged)]
        lock.write_text("".join(json.dumps(line) + "\n" for line in aged))
        for _ in range(2):
            said = other.run("run", "campaign.yaml", "--live", "--base-url", address, "--yes", code=1).stdout
            assert "missing: 2 sets kept by changed cells were paid for and are not here; 0 of 2" in said
        plan = ("plan", "campaign.yaml", "--base-url", address)
        document = json.loads(other.run(*plan, "--json").stdout)
        assert document["kept_missing"] == {"to_fetch": 0, "lost": 2}
        assert "gone at the service; --redo changed buys" in " ".join(other.run(*plan).stdout.split())
        explain = ("explain", "campaign.yaml", "hero/red", "--base-url", address)
        assert "not here, and gone at the service" in " ".join(other.run(*explain).stdout.split())
        assert json.loads(other.run("status", "--json").stdout)["missing"] == 2
        # Nobody can say what was asked then, and so it is not bought again; what is asked today is.
        assert live(other, address, "--redo", "missing", code=1)["kept_missing"] == 2
        assert count_charges(payer) == 2
        assert live(other, address, "--redo", "changed")["phases"]["done"]["jobs"] == 2
        assert count_charges(payer) == 4


def test_a_profile_s_pictures_are_no_earlier_pictures_of_the_campaign(lamps):
    payer = lamps("here")
    with payer.sandbox() as address:
        live(payer, address, "--profile", "draft")
        assert live(payer, address)["kept"]["jobs"] == 0
        assert count_charges(payer) == 4
        other = lamps("there", lock=payer, season="winter")
        document = json.loads(other.run("plan", "campaign.yaml", "--base-url", address, "--json").stdout)
        assert document["changed"]["cells"] == 2


def test_proofs_follow_every_change_at_once(lamps):
    line = lamps("here")
    jsonschema.validate(json.loads(line.run("plan", *["campaign.yaml"] * 2, "--json").stdout), PLAN)
    line.run("run", "campaign.yaml")
    edit(line, season="winter")
    run = json.loads(line.run("run", "campaign.yaml", "--json").stdout)
    assert (run["kept"]["jobs"], run["phases"]["done"]["jobs"]) == (0, 2)


def lines_of(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_every_part_of_the_program_agrees_on_what_a_changed_cell_shows(lamps):
    payer = lamps("here")
    payer.reports = True
    with payer.sandbox() as address:
        live(payer, address)
        (out,) = payer.project.glob("out/lamps-127.0.0.1-*")
        before = {output["sha256"] for job in lines_of(out / "jobs.jsonl") for output in job["outputs"]}
        edit(payer, season="winter")
        run = live(payer, address)
        checked = run["checks"]["size"]["passed"]
        assert (run["kept"]["jobs"], checked, count_charges(payer)) == (2, 2, 2)

        jobs = lines_of(out / "jobs.jsonl")
        for job in jobs:
            jsonschema.validate(job, schemas.load("job"))
        assert [job["outputs"] for job in jobs] == [[], []]
        kept = [output for job in jobs for one in job["kept"] for output in one["outputs"]]
        assert {output["sha256"] for output in kept} == before
        assert sorted(output["paths"] for output in kept) == [["hero/blue-1.jpg"], ["hero/red-1.jpg"]]
        junit = (out / "junit.xml").read_text()
        assert 'skipped="0"' in junit
        assert junit.count("changed · paid $0.027 · kept; job ") == 2
        assert "2 of them kept" in (out / "summary.md").read_text()
        gallery = (out / "gallery.html").read_text()
        assert all(f'"sha256":"{sha256}"' in gallery for sha256 in before)

        shown = payer.run("show", "hero/red").stdout
        assert re.search(r"state +kept", shown)
        assert "changed · paid $0.027 · kept" in shown
        assert "hero/red-1.jpg" in shown
        review = json.loads(payer.run("review", "campaign.yaml", "--json").stdout)
        assert {image["sha256"] for cell in review["cells"] for image in cell["images"]} == before

        audit = ("audit", "--live", "--base-url", address, "--json")
        assert json.loads(payer.run(*audit).stdout)["checked"]["files"] == 2
        (out / "hero" / "red-1.jpg").unlink()
        said = json.loads(payer.run(*audit, code=1).stdout)
        assert [(found["kind"], found["subject"]) for found in said["discrepancies"]] == [
            ("file_missing", "hero/red-1.jpg")
        ]
        status = json.loads(payer.run("status", "--json").stdout)
        jsonschema.validate(status, schemas.load("status"))
        assert (status["missing_files"], status["missing"]) == (1, 0)
        live(payer, address)
        assert json.loads(payer.run(*audit).stdout)["clean"]
        assert json.loads(payer.run("status", "--json").stdout)["missing_files"] == 0


def test_a_picture_that_cannot_be_bought_anew_stays_shown_and_published(lamps):
    payer = lamps("here")
    payer.reports = True
    with payer.sandbox() as address:
        live(payer, address)
        before = picture(payer, "red")
        text = CAMPAIGN.format(season="winter", lamps="red, blue").replace("light", "[sandbox: fail 1200]")
        (payer.project / "campaign.yaml").write_text(text)
        run = live(payer, address, "--redo", "changed", code=1)
        assert (run["phases"]["failed"]["jobs"], picture(payer, "red")) == (2, before)
        review = json.loads(payer.run("review", "campaign.yaml", "--json").stdout)
        assert [len(cell["images"]) for cell in review["cells"]] == [1, 1]
        (out,) = payer.project.glob("out/lamps-127.0.0.1-*")
        errors = (out / "junit.xml").read_text().count("<error ")
        assert (errors, len(lines_of(out / "jobs.jsonl")[0]["kept"])) == (2, 1)
