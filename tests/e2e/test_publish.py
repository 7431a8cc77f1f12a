"""Publishing: what is approved, in its formats, once; nothing else, and nothing of a proof."""

import json

import jsonschema
import pytest
from PIL import Image

from seedpipe import schemas
from tests.cards import SETS

PUBLISH = """\
publish:
  hero:
    to: "{{ card }}/{{ image }}-{{ format }}"
    formats: {%s}
"""
FORMATS = "feed: {width_px: 80, height_px: 100, type: webp, max_kb: 2}, thumb: {width_px: 40, type: jpeg}"


@pytest.fixture
def cards(seedpipe):
    """The command line with a campaign that was run live, and the service that it was run at."""
    seedpipe.environment["WAVESPEED_API_KEY"] = "k"
    write(seedpipe)
    with seedpipe.sandbox() as address:
        seedpipe.environment["SEEDPIPE_BASE_URL"] = address
        seedpipe.run("run", "campaign.yaml", "--live", "--yes")
        yield seedpipe


def write(project, formats=FORMATS):
    (project.project / "campaign.yaml").write_text(SETS + PUBLISH % formats)


def publish(project, *flags, code=0):
    return json.loads(project.run("publish", "campaign.yaml", "--json", *flags, code=code).stdout)


def files_in(folder):
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_what_is_approved_is_published_once_and_what_is_rejected_since_is_removed(cards):
    assert publish(cards, code=1)["left_out"] == {"open": 4}
    cards.run("approve", "campaign.yaml", "hero/one", "--by", "Mara")
    first = publish(cards, code=1)
    assert (first["written"], first["left_out"]) == (4, {"open": 2})
    (folder,) = (cards.project / "out").glob("*/published")
    made = files_in(folder)
    assert sorted(made) == sorted(
        [*(f"one/{n}-{name}" for n in (1, 2) for name in ("feed.webp", "thumb.jpg")), "published.jsonl"]
    )
    lines = [json.loads(line) for line in made["published.jsonl"][1].decode().splitlines()]
    for line in lines:
        jsonschema.validate(line, schemas.load("published"))
        with Image.open(folder / line["path"]) as image:
            assert image.size == (line["width_px"], line["height_px"])
        assert (folder / line["path"]).stat().st_size == line["size_bytes"]
    assert {(line["width_px"], line["height_px"]) for line in lines} == {(80, 100), (40, 40)}

    assert publish(cards, "--approved-only")["unchanged"] == 4
    assert files_in(folder) == made
    (folder / "published.jsonl").unlink()
    assert publish(cards, "--approved-only")["written"] == 4  # made again, found to be the same, left alone
    again = files_in(folder)
    assert {**again, "published.jsonl": made["published.jsonl"]} == made
    assert again["published.jsonl"][1] == made["published.jsonl"][1]
    write(cards, FORMATS.replace("40", "48"))
    (folder / "one" / "1-feed.webp").write_bytes(b"damaged")
    changed = publish(cards, "--approved-only")
    assert (changed["written"], changed["unchanged"]) == (3, 1)
    assert files_in(folder)["one/1-feed.webp"][1] == made["one/1-feed.webp"][1]

    cards.run("reject", "campaign.yaml", "hero/one", "--image", "2", "--by", "Jo")
    gone = publish(cards, code=1)
    assert (gone["removed"], gone["left_out"]) == (4, {"open": 2, "rejected": 2})
    assert list(files_in(folder)) == ["published.jsonl"]


def test_an_audit_reads_what_was_published(cards):
    cards.run("approve", "campaign.yaml", "hero/one", "--by", "Mara")
    publish(cards, "--approved-only")
    audit = ("audit", "--live", "--no-bills", "--json")
    said = json.loads(cards.run(*audit).stdout)
    assert (said["checked"]["files"], said["checked"]["published"]) == (4, 4)
    (folder,) = (cards.project / "out").glob("*/published")
    (folder / "one" / "1-feed.webp").unlink()
    (folder / "one" / "2-thumb.jpg").write_bytes(b"retouched")
    said = json.loads(cards.run(*audit, code=1).stdout)
    assert [(found["kind"], found["subject"]) for found in said["discrepancies"]] == [
        ("published_missing", "one/1-feed.webp"),
        ("published_damaged", "one/2-thumb.jpg"),
    ]
    publish(cards, "--approved-only")
    cards.run(*audit)
    (folder / "published.jsonl").write_text("no line\n")
    said = json.loads(cards.run(*audit).stdout)
    assert (said["checked"]["published"], len(said["remarks"])) == (0, 2)
    assert "the published files were not checked" in said["remarks"][0]


def test_what_cannot_be_published_is_told(cards):
    cards.run("approve", "campaign.yaml", "--all", "--by", "Mara")
    write(cards, "feed: {type: jpeg, width_px: 200, max_kb: 1}, thumb: {type: webp, width_px: 40}")
    told = publish(cards, "--to", "assets", code=1)
    assert told["written"] == 4
    assert told["troubles"][0].startswith("hero/one image 1 as 'feed': ")
    assert told["troubles"][0].endswith("kB at quality 35, and max_kb is 1")
    write(cards, "web: {type: webp, width_px: 40}")
    theirs = cards.project / "assets" / "two" / "2-web.webp"
    theirs.write_bytes(b"somebody's own")
    said = cards.run("publish", "campaign.yaml", "--to", "assets", code=2).stderr
    assert "assets/two/2-web.webp already exists, and was not published by seedpipe" in said
    assert theirs.read_bytes() == b"somebody's own"
    theirs.unlink()
    done = publish(cards, "--to", "assets")
    assert (done["written"], done["unchanged"], done["removed"]) == (1, 3, 4)
    for path in (cards.project / ".seedpipe").glob("live*/objects/*"):
        path.unlink()
    assert publish(cards, "--to", "assets")["unchanged"] == 4
    write(cards, "web: {type: webp, width_px: 41}")
    assert publish(cards, "--to", "assets", code=1)["left_out"] == {"not here": 4}


def test_a_folder_may_have_files_of_several_campaigns_and_a_changed_cell_shows_what_it_keeps(cards):
    cards.run("approve", "campaign.yaml", "--all", "--by", "Mara")
    assert publish(cards, "--to", "assets")["written"] == 8
    other = (SETS + PUBLISH % FORMATS).replace("name: cards", "name: other").replace("one, two", "three")
    (cards.project / "other.yaml").write_text(other)
    cards.run("run", "other.yaml", "--live", "--yes")
    cards.run("approve", "other.yaml", "--all", "--by", "Mara")
    told = json.loads(cards.run("publish", "other.yaml", "--to", "assets", "--json").stdout)
    assert (told["written"], told["removed"]) == (4, 0)
    # An edit costs nothing by itself: the cell keeps its picture, and what people said of it.
    campaign = cards.project / "campaign.yaml"
    campaign.write_text(campaign.read_text().replace("#E4572E", "#2E3A59"))
    assert publish(cards, "--to", "assets")["unchanged"] == 8
    narrowed = publish(cards, "--to", "assets", "--select", "card=one")
    assert (narrowed["unchanged"], narrowed["removed"]) == (4, 0)
    manifest = (cards.project / "assets" / "published.jsonl").read_text().splitlines()
    assert len(manifest) == 12


def test_proofs_are_never_published(seedpipe):
    write(seedpipe)
    seedpipe.run("run", "campaign.yaml")
    seedpipe.environment |= {"GIT_CONFIG_SYSTEM": "/dev/null", "GIT_CONFIG_GLOBAL": "/dev/null"}
    nobody = seedpipe.run("approve", "campaign.yaml", "--all", code=2).stderr
    assert "a decision needs a name" in nobody
    assert "--by" in nobody
    seedpipe.run("approve", "campaign.yaml", "--all", "--by", "Mara")
    for flags in ((), ("--live",)):
        said = seedpipe.run("publish", "campaign.yaml", *flags, code=2).stderr
        assert "there was no live run here yet of campaign 'cards'" in said
        assert "--live` (paid)" in said
    assert "proofs are never published" in seedpipe.run("publish", "campaign.yaml", "--proof", code=2).stderr
