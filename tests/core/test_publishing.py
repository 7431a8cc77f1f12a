"""What is published of an image: which part, how large, by what recipe; and what is left out, and why."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from seedpipe import schemas
from seedpipe.core.errors import InputError
from seedpipe.core.model import ImageFile, Job, PlannedCell
from seedpipe.core.publishing import (
    Format,
    LeftOut,
    PublishedFile,
    WantedFile,
    framed,
    published_text,
    read_published,
    wanted_of,
)
from seedpipe.core.reviewing import Decisions, ReviewRules, ReviewUnit, reviewed
from tests.core.test_reviewing import NO, YES, a_cell, a_decision, sha

LINE_SCHEMA = Draft7Validator(schemas.load("published"))

FILE = ImageFile(sha256=sha("a"), media_type="image/png", width_px=1, height_px=1, size_bytes=1)


def a_format(**more):
    return Format(**({"name": "feed", "media_type": "image/webp"} | more))


def a_file(path="us/lamp.webp", **more):
    facts = {
        "campaign": "cards",
        "cell": "hero/one",
        "image": 1,
        "format": "feed",
        "source_sha256": sha("a"),
        "recipe": "0" * 16,
        "sha256": sha("b"),
        "media_type": "image/webp",
        "width_px": 10,
        "height_px": 20,
        "size_bytes": 30,
    }
    return PublishedFile(path=path, **(facts | more))


@pytest.mark.parametrize(
    ("size", "asked", "expected"),
    [
        ((2000, 1000), {}, ((0, 0, 2000, 1000), 2000, 1000)),
        ((2000, 1000), {"width_px": 500}, ((0, 0, 2000, 1000), 500, 250)),
        ((2000, 1000), {"height_px": 500}, ((0, 0, 2000, 1000), 1000, 500)),
        ((2000, 1000), {"width_px": 500, "height_px": 500}, ((500, 0, 1500, 1000), 500, 500)),
        ((1000, 2000), {"width_px": 500, "height_px": 250}, ((0, 750, 1000, 1250), 500, 250)),
        ((400, 300), {"width_px": 800}, ((0, 0, 400, 300), 400, 300)),
        ((400, 300), {"width_px": 800, "enlarge": True}, ((0, 0, 400, 300), 800, 600)),
        ((400, 300), {"width_px": 800, "height_px": 800}, ((50, 0, 350, 300), 300, 300)),
        ((400, 300), {"width_px": 800, "height_px": 800, "enlarge": True}, ((50, 0, 350, 300), 800, 800)),
        ((3000, 1), {"width_px": 100}, ((0, 0, 3000, 1), 100, 1)),
    ],
)
def test_what_a_format_shows_and_how_large(size, asked, expected):
    frame = framed(*size, a_format(**asked))
    assert (frame.box, frame.width_px, frame.height_px) == expected


@given(
    st.integers(1, 5000),
    st.integers(1, 5000),
    st.none() | st.integers(1, 5000),
    st.none() | st.integers(1, 5000),
    st.booleans(),
)
def test_a_frame_lies_in_its_picture_and_is_never_larger_than_asked(
    width, height, to_width, to_height, enlarge
):
    frame = framed(width, height, a_format(width_px=to_width, height_px=to_height, enlarge=enlarge))
    left, top, right, bottom = frame.box
    assert 0 <= left < right <= width + 1e-6
    assert 0 <= top < bottom <= height + 1e-6
    if to_width:
        assert frame.width_px <= to_width
    if to_height and (to_width or enlarge):
        assert frame.height_px <= to_height or not to_width
    if not enlarge:
        assert frame.width_px <= width
        assert frame.height_px <= height


def test_a_recipe_is_what_a_format_asks_for_whatever_it_is_called():
    plain = a_format()
    assert replace(plain, name="story").recipe == plain.recipe
    others = {
        "media_type": "image/jpeg",
        "width_px": 5,
        "height_px": 5,
        "max_bytes": 5,
        "quality": 5,
        "enlarge": True,
    }
    assert {field.name for field in fields(Format)} == {*others, "name"}
    recipes = {replace(plain, **{name: value}).recipe for name, value in others.items()}
    assert len(recipes | {plain.recipe}) == len(others) + 1


def wanted(decisions=(), *, images="ab", unit="image", here=True, expected=2):
    shown = a_cell(images=images)
    if here:
        kept = [replace(image, file=replace(FILE, sha256=image.sha256)) for image in shown.images]
        shown = replace(shown, images=tuple(kept))
    rules = ReviewRules(unit=ReviewUnit(unit))
    job = Job(job_id="1" * 32, model="m", request={}, outputs_expected=expected, cost_usd=0)
    paths = {name: tuple(f"{name}-{n}" for n in range(1, expected + 1)) for name in ("feed", "story")}
    planned = PlannedCell(cell=shown.cell, job=job, opens_job=True, published=paths)
    formats = [a_format(), a_format(name="story", width_px=9)]
    found = wanted_of(planned, reviewed(shown, Decisions(decisions), rules), rules, formats)
    return [one if isinstance(one, LeftOut) else one.path for one in found]


def test_approved_images_are_published_in_every_format_and_others_left_out():
    assert wanted() == [LeftOut.OPEN, LeftOut.OPEN]
    assert wanted([a_decision("a")]) == ["feed-1", "story-1", LeftOut.OPEN]
    assert wanted([a_decision("a"), a_decision("b", said=NO)]) == ["feed-1", "story-1", LeftOut.REJECTED]
    both = [a_decision("a"), a_decision("b", said=YES)]
    assert wanted(both) == ["feed-1", "story-1", "feed-2", "story-2"]
    assert wanted(both, here=False) == [LeftOut.NOT_HERE] * 2
    assert wanted(both, expected=1) == ["feed-1", "story-1", LeftOut.NO_PLACE]
    assert wanted(both, images="a") == [LeftOut.NOT_MADE, "feed-1", "story-1"]


def test_a_set_is_published_as_a_whole():
    assert wanted([a_decision("a")], unit="set") == [LeftOut.OPEN] * 2
    rejected = [a_decision("a"), a_decision("b", said=NO)]
    assert wanted(rejected, unit="set") == [LeftOut.REJECTED] * 2


def test_a_file_is_known_by_its_image_and_its_recipe():
    one = WantedFile(path="x", cell="hero/one", number=1, source=FILE, form=a_format())
    file = a_file(recipe=one.form.recipe)
    assert file.is_of(one)
    assert not replace(file, source_sha256=sha("c")).is_of(one)
    assert not replace(file, recipe="1" * 16).is_of(one)


def test_a_manifest_is_read_as_it_was_written_and_its_schema_says_so():
    files = [a_file("b.webp"), a_file("a.webp", cell="hero/\u202eevil")]
    content = published_text(files)
    assert [file.path for file in read_published(content, "m")] == ["a.webp", "b.webp"]
    assert "\u202e" not in content
    for line in content.splitlines():
        LINE_SCHEMA.validate(json.loads(line))
    with pytest.raises(InputError) as caught:
        read_published(content.replace('"image":1', '"image":0'), "m")
    assert caught.value.diagnostics[0].rule == "published-line"
