"""Which images of a set count, and where they stand: equal ones once, flagged ones nowhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedpipe.core.model import ImageFile
from seedpipe.core.sets import ImageSet, fullest


def image(name):
    return ImageFile(sha256=name * 64, media_type="image/png", width_px=1, height_px=1, size_bytes=1)


def images(letters, flagged=()):
    """A set with an image a letter; equal letters are equal images, a dot is one that did not come."""
    found = {index: image(name) for index, name in enumerate(letters) if name != "."}
    return ImageSet(images=found, flagged=frozenset(flagged))


@pytest.mark.parametrize(
    ("letters", "flagged", "places", "placed"),
    [
        ("abc", (), 3, {0: 0, 1: 1, 2: 2}),
        ("ab", (), 3, {0: 0, 1: 1}),
        ("abcd", (), 3, {0: 0, 1: 1, 2: 2}),
        ("aab", (), 3, {0: 0, 2: 2}),
        ("aabc", (), 3, {0: 0, 1: 3, 2: 2}),
        ("abc", (1,), 3, {0: 0, 2: 2}),
        ("abcde", (0, 1), 3, {0: 3, 1: 4, 2: 2}),
        ("aa", (0,), 2, {1: 1}),
        (".b", (), 2, {1: 1}),
        ("abc", (0, 1, 2), 3, {}),
        ("abc", (7,), 3, {0: 0, 1: 1, 2: 2}),
        ("", (), 2, {}),
    ],
)
def test_where_images_stand(letters, flagged, places, placed):
    assert images(letters, flagged).placed(places) == placed


@pytest.mark.parametrize(
    ("letters", "flagged", "remarks"),
    [
        ("abc", (), ""),
        ("abcd", (), ""),
        ("ab", (), "2 of 3 images came"),
        ("aabc", (), "1 more that are duplicates"),
        ("aab", (), "2 of 3 images came, 1 more that are duplicates"),
        ("abc", (2,), "2 of 3 images came, 1 flagged as unsafe by the service and set aside"),
        ("abcd", (2,), "1 flagged as unsafe by the service and set aside"),
    ],
)
def test_what_people_are_told(letters, flagged, remarks):
    assert images(letters, flagged).remarks(3) == remarks


@pytest.mark.parametrize(
    ("sets", "best"),
    [
        ([], None),
        ([""], None),
        (["ab", ""], 0),
        (["ab", "abc"], 1),
        (["abc", "ab"], 0),
        (["abc", "abd"], 1),
        (["abc", "aaaa"], 0),
    ],
)
def test_the_fullest_set_is_shown_and_of_equal_ones_the_newest(sets, best):
    assert fullest([images(letters) for letters in sets]) == best


@given(st.text("abcd.", max_size=8), st.sets(st.integers(0, 7)), st.integers(0, 6))
def test_a_place_has_one_image_that_counts_and_no_place_stays_empty_for_nothing(letters, flagged, places):
    found = images(letters, flagged)
    placed = found.placed(places)
    shown = [found.images[index].sha256 for index in placed.values()]
    assert len(set(shown)) == len(shown) == min(len(found.good), places, len(shown))
    assert not set(placed.values()) & flagged
    surplus = [index for index in found.good if index >= places and index not in placed.values()]
    assert not surplus or len(placed) == places
    assert len(found.good) + found.repeated + len(flagged & found.images.keys()) == len(found.images)
