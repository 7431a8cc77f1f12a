"""Which entries of a request are files of ours, and what is sent in their place."""

import pytest

from seedpipe.core.references import (
    digests_in,
    is_path,
    reference,
    referenced,
    sent_body,
    urls_in,
    without_files,
)

ONE, OTHER = "1" * 64, "2" * 64
THEIRS = "https://example.com/a.png"
REQUEST = {
    "prompt": f"say sha256:{ONE}",
    "images": [reference(ONE), THEIRS, reference(OTHER), reference(ONE)],
    "max_images": 2,
}


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("refs/a.png", True),
        ("a", True),
        ("../a.png", True),
        ("/a.png", True),  # refused as a path, with a path's words
        ("", False),
        (THEIRS, False),
        ("HTTP://example.com", False),
        ("data:image/png;base64,AA", False),
        ("c:\\a.png", False),
        (reference(ONE), False),
    ],
)
def test_whatever_does_not_begin_like_a_url_is_a_path(entry, expected):
    assert is_path(entry) is expected


@pytest.mark.parametrize(
    "entry", [THEIRS, "sha256:12", f"SHA256:{ONE}", f"{reference(ONE)} ", 7, None, [reference(ONE)]]
)
def test_only_a_whole_digest_is_a_reference(entry):
    assert referenced(entry) is None


def test_files_are_found_in_lists_and_nowhere_else():
    assert digests_in(REQUEST) == (ONE, OTHER)
    assert list(urls_in(REQUEST)) == [THEIRS]
    assert without_files(REQUEST) == {"prompt": f"say sha256:{ONE}", "max_images": 2}


def test_the_sent_body_has_addresses_in_their_place():
    body = sent_body(REQUEST, {ONE: "https://up/1", OTHER: "https://up/2"})
    assert body == REQUEST | {"images": ["https://up/1", THEIRS, "https://up/2", "https://up/1"]}
    with pytest.raises(KeyError):
        sent_body(REQUEST, {ONE: "https://up/1"})


def test_a_request_without_files_is_sent_as_it_is():
    plain = {"prompt": "x", "images": [THEIRS]}
    assert sent_body(plain, {}) == plain
    assert without_files(plain) == plain
