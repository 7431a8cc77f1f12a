"""Files that can be made again: whole or not there, and nobody's trouble."""

import pytest

from seedpipe.stores import clean_derived, keep_derived


def test_a_kept_file_is_whole_and_nothing_is_left_beside_it(tmp_path):
    keep_derived(tmp_path / "folder" / "a.webp", b"one")
    keep_derived(tmp_path / "folder" / "a.webp", b"another")

    assert [(file.name, file.read_bytes()) for file in (tmp_path / "folder").iterdir()] == [
        ("a.webp", b"another")
    ]


def test_a_place_that_cannot_be_written_costs_nothing(tmp_path):
    (tmp_path / "file").write_text("in the way")

    keep_derived(tmp_path / "file" / "a.webp", b"one")

    assert (tmp_path / "file").read_text() == "in the way"


@pytest.mark.parametrize("there", [True, False])
def test_what_a_killed_process_left_is_removed(tmp_path, there):
    folder = tmp_path / "thumbnails"
    if there:
        folder.mkdir()
        (folder / "0011.part").write_bytes(b"half")
        (folder / "a.webp").write_bytes(b"whole")

    clean_derived(folder)

    assert [file.name for file in tmp_path.rglob("*.*")] == (["a.webp"] if there else [])
