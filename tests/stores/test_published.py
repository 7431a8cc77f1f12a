"""The folder of published images: what is ours may change, what is not stays as it is."""

from __future__ import annotations

import hashlib

import pytest

from seedpipe.core.errors import InputError, RunError
from seedpipe.stores import PublishedFolder
from tests.core.test_publishing import a_file


def file_of(path, content):
    return a_file(path, sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content))


@pytest.fixture
def folder(tmp_path):
    return PublishedFolder(tmp_path / "published")


@pytest.fixture
def root(tmp_path):
    return tmp_path / "published"


def held(folder):
    with folder.held() as known:
        return known


def test_what_was_written_is_listed_and_known_again(folder, root):
    with folder.held() as known:
        assert known == {}
        folder.write("us/a.webp", b"one", ours=False)
        folder.list_files([file_of("us/a.webp", b"one")])
    file = held(folder)["us/a.webp"]
    assert folder.is_whole(file)
    (root / "us" / "a.webp").write_bytes(b"retouched")
    assert not folder.is_whole(file)
    folder.write("us/a.webp", b"one", ours=True)
    assert folder.is_whole(file)


def test_a_file_of_somebody_else_is_never_replaced(folder, root):
    root.mkdir()
    (root / "a.webp").write_bytes(b"theirs")
    with pytest.raises(InputError, match="already exists, and was not published"):
        folder.write("a.webp", b"ours", ours=False)
    (root / "b.webp").symlink_to(root / "nowhere")
    with pytest.raises(InputError, match="already exists, and was not published"):
        folder.write("b.webp", b"ours", ours=False)
    folder.write("a.webp", b"theirs", ours=False)  # the very bytes: somebody has lost the manifest
    assert (root / "a.webp").read_bytes() == b"theirs"


def test_only_what_is_as_we_wrote_it_is_removed(folder, root):
    files = [file_of(path, b"x") for path in ("us/deep/a.webp", "us/b.webp", "c.webp")]
    for file in files:
        folder.write(file.path, b"x", ours=False)
    (root / "c.webp").write_bytes(b"retouched")
    assert [folder.remove(file) for file in files] == [True, True, False]
    assert sorted(path.name for path in root.iterdir()) == ["c.webp"]


@pytest.mark.parametrize(
    "path", ["../secret.webp", "/tmp/secret.webp", "link/secret.webp", ".hidden.webp", "x"]
)
def test_a_manifest_of_somebody_else_reaches_nothing_outside(folder, root, tmp_path, path):
    root.mkdir()
    (root / "link").symlink_to(tmp_path)
    for place in (tmp_path / "secret.webp", root / ".hidden.webp", root / "x"):
        place.write_bytes(b"x")
    assert not folder.remove(file_of(path, b"x"))
    assert (tmp_path / "secret.webp").exists()
    if path.startswith(("../", "link/")):
        with pytest.raises(RunError, match="leaves the output folder"):
            folder.write(path, b"y", ours=True)
    assert (tmp_path / "secret.webp").read_bytes() == b"x"


def test_what_a_killed_one_has_left_half_written_goes(folder, root):
    folder.write("us/a.webp", b"x", ours=False)
    folder.list_files([file_of("us/a.webp", b"x")])
    (root / "us" / ".seedpipe-0123.part").write_bytes(b"half")
    assert "us/a.webp" in held(folder)
    assert [path.name for path in (root / "us").iterdir()] == ["a.webp"]
