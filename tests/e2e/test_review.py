"""The review of images: where it stands, by whose word, and what a gallery's export does to it."""

import json
import subprocess

import jsonschema
import pytest

from seedpipe import schemas
from tests.cards import SETS
from tests.command_line import CommandLine


@pytest.fixture
def cards(seedpipe):
    """The command line with a campaign of two sets of two images, in a work tree of Mara's."""
    subprocess.run(["git", "init", "-q", seedpipe.project], check=True)
    subprocess.run(["git", "-C", seedpipe.project, "config", "user.name", "Mara"], check=True)
    (seedpipe.project / "campaign.yaml").write_text(SETS + "review: {quorum: 1}\n")
    seedpipe.environment["WAVESPEED_API_KEY"] = "k"
    return seedpipe


def review(project, *flags, code=0):
    return json.loads(project.run("review", "campaign.yaml", "--json", *flags, code=code).stdout)


def states(document):
    return {cell["cell"]: cell["state"] for cell in document["cells"]}


def export_of(document, *decisions, world="proof", campaign="cards"):
    """What a gallery would export: (cell, image, decision, note) each."""
    shas = {
        (cell["cell"], image["image"]): image["sha256"]
        for cell in document["cells"]
        for image in cell["images"]
    }
    found = {
        "format": 1,
        "kind": "seedpipe decisions",
        "campaign": campaign,
        "world": world,
        "plan_id": "0" * 64,
        "run_id": "run",
        "exported_at": "2026-11-24T09:30:00Z",
        "decisions": [
            {
                "sha256": shas.get((cell, image), "f" * 64),
                "decision": decision,
                "note": note,
                "decided_at": "2026-11-24T09:29:41.120Z",
                "cells": [{"address": cell, "index": image - 1}],
            }
            for cell, image, decision, note in decisions
        ],
    }
    jsonschema.validate(found, schemas.load("decisions"))
    return json.dumps(found)


def test_a_proof_is_reviewed_by_cell_by_image_and_by_what_the_gallery_exports(cards):
    cards.reports = True
    assert (
        "there was no run here yet of campaign 'cards'" in cards.run("review", "campaign.yaml", code=2).stderr
    )
    cards.run("run", "campaign.yaml")
    before = review(cards, "--check", code=1)
    assert (before["world"], before["total"]["sets"]["open"]) == ("proof", 2)
    assert before["gallery"].endswith("out/cards-proof/gallery.html")

    said = cards.run("approve", "campaign.yaml", "hero/one").stdout
    assert "2 images of 1 cell approved by Mara" in said
    cards.run("reject", "campaign.yaml", "hero/two", "--image", "2", "--by", "Jo", "--note", "crooked")
    assert states(review(cards)) == {"hero/one": "approved", "hero/two": "rejected"}
    shown = cards.run("review", "campaign.yaml").stdout
    assert 'hero/two  image 2 by Jo: "crooked"' in shown
    assert not list(cards.project.glob("*.decisions.jsonl")), "decisions about proofs are not for git"

    cards.run("reject", "campaign.yaml", "hero/two", "--undo", "--by", "jo")
    missing = cards.run("reject", "campaign.yaml", "hero/two", "--undo", "--by", "Jo", code=2).stderr
    assert "Jo has rejected none of these images" in missing
    page = cards.project / "decisions.json"
    page.write_text(
        export_of(
            before,
            ("hero/two", 1, "approved", ""),
            ("hero/two", 2, "approved", "well, yes"),
            ("hero/gone", 1, "rejected", ""),
        )
    )
    taken = cards.run("review", "campaign.yaml", "--take", "decisions.json", "--check")
    assert "2 decisions imported as Mara's" in taken.stderr
    assert "1 decision skipped: about images that are no longer shown" in taken.stderr
    assert "hero/gone" in taken.stderr
    cards.run("report")
    gallery = (cards.project / "out" / "cards-proof" / "gallery.html").read_text()
    assert '{"by":"Mara","said":"approved","note":"well, yes"}' in gallery
    again = cards.run("review", "campaign.yaml", "--take", "decisions.json").stderr
    assert "0 decisions imported" in again
    assert "2 already known" in again
    for more, words in (
        ({"world": "live"}, "there was no live run here yet"),
        ({"campaign": "other"}, "proof images of campaign 'other', and these are proof images of 'cards'"),
    ):
        page.write_text(export_of(before, ("hero/one", 1, "rejected", ""), **more))
        assert words in cards.run("review", "campaign.yaml", "--take", "decisions.json", code=2).stderr


def test_a_team_shares_its_decisions_in_git(cards, tmp_path):
    (cards.project / "campaign.yaml").write_text(SETS + "review: {unit: image, quorum: 2}\n")
    with cards.sandbox() as address:
        cards.environment["SEEDPIPE_BASE_URL"] = address
        cards.run("run", "campaign.yaml", "--live", "--yes")
    cards.run("approve", "campaign.yaml", "--all")
    lines = cards.project / "campaign.decisions.jsonl"
    for line in lines.read_text().splitlines():
        jsonschema.validate(json.loads(line), schemas.load("decision-line"))
    # A colleague has the campaign, the lock and the decisions, and none of the images.
    colleague = tmp_path / "colleague"
    colleague.mkdir()
    for file in cards.project.glob("campaign.*"):
        (colleague / file.name).write_bytes(file.read_bytes())
    jo = CommandLine(colleague, cards.environment)
    assert review(jo)["total"]["missing"] == 4
    jo.run("approve", "campaign.yaml", "hero/one", "--by", "Jo")
    shown = review(jo)
    assert [image["state"] for image in shown["cells"][0]["images"]] == ["approved", "approved"]
    assert shown["cells"][1]["state"] == "open"
    # Both lines of a union merge may stand there, in any order.
    theirs = (colleague / "campaign.decisions.jsonl").read_text().splitlines()
    lines.write_text("\n".join([*theirs[::-1], *lines.read_text().splitlines()]) + "\n")
    assert review(cards)["total"] == shown["total"]
    lines.write_text(lines.read_text() + "=======\n")
    said = cards.run("review", "campaign.yaml", code=2).stderr
    assert "campaign.decisions.jsonl:11:1: error decisions-line: a merge left conflict markers" in said
