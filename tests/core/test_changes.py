"""What has changed between two requests, in a few words."""

from __future__ import annotations

import pytest

from seedpipe.core.changes import changed_values

LAMP = "A red lamp on a table, in autumn light."


@pytest.mark.parametrize(
    ("before", "after", "texts"),
    [
        ({"prompt": LAMP}, {"prompt": LAMP}, []),
        ({"prompt": LAMP}, {"prompt": LAMP.replace("autumn", "winter")}, ["prompt: autumn → winter"]),
        (
            {"prompt": LAMP},
            {"prompt": LAMP.replace("autumn", "winter").replace("red", "blue")},
            ["prompt: red → blue", "prompt: autumn → winter"],
        ),
        ({"prompt": LAMP}, {"prompt": LAMP + " No logo."}, ['prompt: added "No logo."']),
        ({"prompt": LAMP}, {"prompt": "A lamp on a table, in autumn light."}, ['prompt: removed "red"']),
        ({"prompt": "a  b"}, {"prompt": "a b"}, ["prompt: only spaces or line breaks"]),
        ({"prompt": ""}, {"prompt": "a"}, ['prompt: added "a"']),
        ({"size": "1024*1024"}, {"size": "2048*2048"}, ["size: 1024*1024 → 2048*2048"]),
        ({"max_images": 3}, {"max_images": 4, "size": "1*1"}, ["max_images: 3 → 4", 'size: added "1*1"']),
        ({"images": ["a", "b"]}, {"images": ["a"]}, ['images: ["a","b"] → ["a"]']),
        ({"strength": 1}, {}, ['strength: removed "1"']),
    ],
)
def test_a_change_is_told_in_the_words_that_went_and_came(before, after, texts):
    assert [change.text for change in changed_values(before, after)] == texts


def test_a_text_with_many_changes_is_one_change_from_the_first_to_the_last():
    before, after = "a b c d e f g h i", "a B c D e F g H i"
    (change,) = changed_values({"prompt": before}, {"prompt": after})
    assert (change.before, change.after) == ("b c d e f g h", "B c D e F g H")


def test_long_texts_take_no_long_time_and_are_clipped():
    before, after = " ".join(map(str, range(40_000))), " ".join(map(str, range(1, 40_000, 2)))
    (change,) = changed_values({"prompt": before}, {"prompt": after})
    assert len(change.text) < 120
    assert change.text.count("…") == 2
