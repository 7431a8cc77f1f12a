"""Text that others wrote does nothing when it is shown, and opens nothing."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedpipe.core.safe_text import lasting_url, neutral, redacted, safe_json


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("größer ✓ שלום 你好 👩‍🎨", "größer ✓ שלום 你好 👩‍🎨"),
        ("a\tb\nc", "a\tb\nc"),
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("\x9b31m", "\\x9b31m"),
        ("bell\x07 back\x08 cr\r del\x7f nul\x00", "bell\\x07 back\\x08 cr\\x0d del\\x7f nul\\x00"),
        ("safe\u202egnp.exe", "safe\\u202egnp.exe"),
        ("\u2066x\u2069", "\\u2066x\\u2069"),
        ("a\u2028b", "a\\u2028b"),
        ("half \ud83d", "half \\ud83d"),
        ("::error file=a::b", ": :error file=a::b"),
        ("  ::stop-commands::x", "  : :stop-commands::x"),
        ("a\n::set-output name=x::y", "a\n: :set-output name=x::y"),
        ("seedpipe::core", "seedpipe::core"),
        ("x ##[error]y", "x # #[error]y"),
        ("##vso[task.setvariable]", "# #vso[task.setvariable]"),
        ("##teamcity[x]", "# #teamcity[x]"),
        ("## a heading", "## a heading"),
    ],
)
def test_what_acts_is_spelt_out(text, shown):
    assert neutral(text) == shown


@given(st.text(st.characters(codec=None)))
def test_neutral_text_stays_so_and_can_be_written(text):
    shown = neutral(text)
    assert neutral(shown) == shown
    shown.encode()
    assert not any(line.lstrip().startswith("::") for line in shown.splitlines())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no https://cdn.x/a.png?X-Sig=abc&e=1 there", "no https://cdn.x/a.png?[cut] there"),
        ("(https://cdn.x/a#token)", "(https://cdn.x/a?[cut]"),
        ("HTTP://U:P@cdn.x/a", "HTTP://[cut]@cdn.x/a"),
        ("Authorization: Bearer sk-123456789", "Authorization: Bearer [cut]"),
        ("authorization: basic dXNlcjpwYXNz", "authorization: basic [cut]"),
        ("the bearer of it", "the bearer of it"),
        ("secret whsec_AbCd==", "secret [secret]"),
        ("key canary-123 and 123", "key [key] and 123"),
        ("why? because", "why? because"),
    ],
)
def test_what_opens_doors_is_cut_out(text, shown):
    assert redacted(text, ["canary-123", "123", ""]) == shown
    assert redacted(shown, ["canary-123"]) == shown


@pytest.mark.parametrize(
    ("url", "is_kept"),
    [
        ("https://cdn.x/a/1.png", True),
        ("http://127.0.0.1:8787/outputs/1/1.jpeg", True),
        ("https://cdn.x/a/1.png?", False),
        ("https://cdn.x/a/1.png?sig=x", False),
        ("https://cdn.x/a/1.png#x", False),
        ("https://user:word@cdn.x/1.png", False),
        ("https://cdn.x/" + "a" * 2000, False),
        ("https://cdn.x/a b", False),
        ("https://cdn.x/\x1b", False),
        ("data:image/png;base64,AAAA", False),
        ("iVBORw0KGgo", False),
        ("", False),
    ],
)
def test_only_plain_urls_are_kept(url, is_kept):
    assert lasting_url(url) == (url if is_kept else "")


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.lists(st.text())))
def test_safe_json_says_the_same_to_a_program(value):
    assert json.loads(safe_json(value)) == value
    assert json.loads(safe_json(value, indent=2)) == value


def test_safe_json_has_nothing_that_acts():
    text = safe_json({"a": "\x9b \u202e ##[error] \x1b ::x", "b": "\ud800"}, indent=2)
    assert neutral(text) == text
    assert json.loads(text)["a"] == "\x9b \u202e ##[error] \x1b ::x"
