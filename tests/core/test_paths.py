import pytest

from seedpipe.core.paths import path_fault, path_identity, safe_segment


@pytest.mark.parametrize(
    "path", ["a", "a/b/c-1", "hero/Größe 1", "a.b/c", "~x", "می‌خواهم", "console/x", "run.json2"]
)
def test_fine_paths(path):
    assert path_fault(path) is None


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("", "empty"),
        ("a//b", "empty"),
        ("a/", "empty"),
        ("/a", "absolute"),
        (".", "'.'"),
        ("a/../b", "'..'"),
        (".git/x", "hidden"),
        ("a /b", "begins or ends with"),
        ("a./b", "begins or ends with"),
        ("a\\b", "'\\'"),
        ("a:b", "':'"),
        ("a\x00b", "U+0000"),
        ("a\u202eb", "U+202E"),
        ("a\ud800", "U+D800"),
        ("x" * 201, "longer"),
        ("x/" * 500 + "x", "longer"),
        ("con", "device"),
        ("x/NUL.txt", "device"),
        ("com¹/x", "device"),
        ("CONIN$", "device"),
        ("lpt1 /x", "begins or ends with"),
        ("x.PNG", ".PNG"),
        ("x.webp/1", ".webp"),
        ("x.part", ".part"),
        ("run.json/x", "run.json"),
        ("Gallery.html", "Gallery.html"),
    ],
)
def test_refused_paths_say_why(path, word):
    message, _ = path_fault(path)
    assert word in message


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Hero/A", "hero/a", True),
        ("Stra\u00dfe", "STRASSE", True),
        ("e\u0301", "\u00e9", True),
        ("E\u0301", "\u00e9", True),
        ("a", "b", False),
    ],
)
def test_paths_that_some_file_system_takes_for_one(one, other, same):
    assert (path_identity(one) == path_identity(other)) is same


@pytest.mark.parametrize(
    ("text", "segment"),
    [
        ("AUR-01", "AUR-01"),
        ("a/b\\c:d", "a-b-c-d"),
        ("..", ""),
        (". .x. ", "x"),
        ("e\u0301", "\u00e9"),
        ("a\u202eb", "ab"),
        ("a\tb", "a-b"),
        ("", ""),
    ],
)
def test_segments(text, segment):
    assert safe_segment(text) == segment
