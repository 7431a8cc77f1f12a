"""A folder that was named with --out is where the last run's images are, for every command after it."""

import json
import shutil

import pytest

from tests.cards import count_charges

CAMPAIGN = """\
seedpipe: 1
name: cards
model: bytedance/seedream-v4
matrix:
  card: [one, two]
series:
  hero:
    input: {size: 1024*1024}
    prompt: "A card in #E4572E {{ card }}"
budget: {usd: 10}
publish:
  hero: {to: "{{ card }}-{{ image }}", formats: {web: {type: webp}}}
"""


@pytest.fixture
def cards(seedpipe):
    seedpipe.environment["WAVESPEED_API_KEY"] = "k"
    seedpipe.reports = True
    (seedpipe.project / "campaign.yaml").write_text(CAMPAIGN)
    return seedpipe


def test_what_follows_a_run_looks_where_it_has_put_its_images(cards, tmp_path):
    out = tmp_path / "elsewhere"
    cards.run("run", "campaign.yaml", "--out", out)
    assert not (cards.project / "out").exists()
    gallery = json.loads(cards.run("status", "--json").stdout)["gallery"]
    assert (cards.project / gallery).resolve() == out / "gallery.html"
    assert str(out / "gallery.html") in cards.run("review", "campaign.yaml").stdout.replace("\n", "")
    audited = json.loads(cards.run("audit", "--proof", "--json").stdout)
    assert audited["checked"]["files"] == 2
    (out / "gallery.html").unlink()
    cards.run("report")
    assert (out / "gallery.html").exists()
    shutil.rmtree(cards.project / ".seedpipe/proof/objects")
    assert json.loads(cards.run("status", "--json").stdout)["missing"] == 0
    assert not (cards.project / "out").exists()


def test_a_run_that_is_taken_up_and_doubts_that_are_settled_stay_where_they_were(cards, tmp_path):
    out = tmp_path / "elsewhere"
    cards.run("run", "campaign.yaml", "--out", out)
    cards.run("reconcile")
    assert str(out / "gallery.html") in cards.run("review", "campaign.yaml").stdout.replace("\n", "")
    cards.run("resume")
    assert not (cards.project / "out").exists()
    cards.run("run", "campaign.yaml")  # which says no folder, and means the usual one
    assert json.loads(cards.run("status", "--json").stdout)["gallery"] == "out/cards-proof/gallery.html"
    assert count_charges(cards, "proof/sandbox") == 2


def test_what_is_approved_is_published_from_there_and_to_there(cards, tmp_path):
    out = tmp_path / "elsewhere"
    with cards.sandbox() as origin:
        live = ("--live", "--base-url", origin)
        cards.run("run", "campaign.yaml", *live, "--yes", "--budget", "1", "--out", out)
        cards.run("approve", "campaign.yaml", "--all", "--by", "Jo")
        cards.run("publish", "campaign.yaml")
    assert sorted(path.name for path in (out / "published").iterdir() if path.suffix == ".webp") == [
        "one-1.webp",
        "two-1.webp",
    ]


def test_a_project_that_is_moved_takes_its_folder_along(cards):
    cards.run("run", "campaign.yaml", "--out", cards.project / "pictures")
    moved = cards.project.with_name("moved")
    cards.project.rename(moved)
    cards.project = moved
    assert json.loads(cards.run("status", "--json").stdout)["gallery"] == "pictures/gallery.html"
    assert "gallery  pictures/gallery.html" in cards.run("review", "campaign.yaml").stdout


def test_a_link_in_the_project_is_named_and_not_where_it_leads(cards, tmp_path):
    (tmp_path / "large-disk").mkdir()
    (cards.project / "pictures").symlink_to(tmp_path / "large-disk")
    cards.run("run", "campaign.yaml", "--out", "pictures")
    assert json.loads(cards.run("status", "--json").stdout)["gallery"] == "pictures/gallery.html"
