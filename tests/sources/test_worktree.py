import os

import pytest

from seedpipe.core.campaign import FileProblem
from seedpipe.sources import WorkTree


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Lay out a project with campaigns below its root, and a secret beside it."""
    root = tmp_path / "project"
    (root / "campaigns" / "data").mkdir(parents=True)
    (root / "brands").mkdir()
    (root / ".git").mkdir()
    (root / ".git" / "config").write_text("secret")
    (root / "brands" / "aurora.yaml").write_text("name: Aurora")
    (root / "campaigns" / "c.yaml").write_text("seedpipe: 1")
    (root / "campaigns" / "data" / "p.csv").write_text("sku")
    (root / "campaigns" / ".env").write_text("secret")
    (tmp_path / "secret.csv").write_text("secret")
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def tree(project):
    return WorkTree.around(project / "campaigns" / "c.yaml")


def test_the_root_is_the_nearest_marked_folder(tree, project):
    assert tree.root == project
    assert tree.campaign == "c.yaml"
    (project / "campaigns" / ".seedpipe").mkdir()
    assert WorkTree.around(project / "campaigns" / "c.yaml").root == project / "campaigns"


def test_without_a_mark_the_root_is_the_campaigns_folder(tmp_path):
    (tmp_path / "x").mkdir()
    assert WorkTree.around(tmp_path / "x" / "c.yaml").root == tmp_path / "x"


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("c.yaml", b"seedpipe: 1"),
        ("data/p.csv", b"sku"),
        ("./data/../data/p.csv", b"sku"),
        ("../brands/aurora.yaml", b"name: Aurora"),
    ],
)
def test_files_of_the_project_are_read(tree, path, content):
    assert tree.read(path) == content


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("data/q.csv", "no-such-file"),
        ("data", "file-unreadable"),
        ("c.yaml/x", "file-unreadable"),
        ("../../secret.csv", "path-outside"),
        ("/etc/passwd", "path-outside"),
        ("~/x", "path-outside"),
        (".env", "path-hidden"),
        ("../.git/config", "path-hidden"),
        ("data/.x/../p.csv", None),
        ("a\0b", "file-unreadable"),
        ("x" * 5000, "file-unreadable"),
        ("", "file-unreadable"),
    ],
)
def test_the_rest_is_not(tree, path, rule):
    if rule is None:
        assert tree.read(path) == b"sku"
        return
    with pytest.raises(FileProblem) as caught:
        tree.read(path)
    assert caught.value.rule == rule


def test_links_stay_inside(tree, project, tmp_path):
    data = project / "campaigns" / "data"
    (data / "in.csv").symlink_to(project / "brands" / "aurora.yaml")
    (data / "out.csv").symlink_to(tmp_path / "secret.csv")
    (data / "hidden.csv").symlink_to(project / "campaigns" / ".env")
    (data / "folder").symlink_to(tmp_path)
    (data / "loop.csv").symlink_to(data / "loop.csv")
    assert tree.read("data/in.csv") == b"name: Aurora"
    for path in ("data/out.csv", "data/hidden.csv", "data/folder/secret.csv", "data/loop.csv"):
        with pytest.raises(FileProblem):
            tree.read(path)


def test_a_pipe_does_not_hang(tree, project):
    os.mkfifo(project / "campaigns" / "pipe.csv")
    with pytest.raises(FileProblem, match="regular"):
        tree.read("pipe.csv")


def test_a_huge_file_is_refused(tree, project):
    with (project / "campaigns" / "big.csv").open("wb") as stream:
        stream.truncate(50 * 1024 * 1024)
    with pytest.raises(FileProblem) as caught:
        tree.read("big.csv")
    assert caught.value.rule == "file-too-large"


def test_a_mistyped_name_is_guessed(tree):
    with pytest.raises(FileProblem) as caught:
        tree.read("data/p.cvs")
    assert caught.value.hint == "did you mean 'p.csv'?"


def test_paths_are_shown_as_they_would_be_typed(tree, project, monkeypatch):
    assert tree.shown("data/p.csv") == "campaigns/data/p.csv"
    assert tree.shown("../brands/aurora.yaml") == "brands/aurora.yaml"
    monkeypatch.chdir(project / "campaigns")
    assert tree.shown("data/p.csv") == "data/p.csv"
    assert tree.shown("../brands/aurora.yaml") == "../brands/aurora.yaml"
    monkeypatch.chdir("/")
    assert tree.shown("c.yaml").endswith("campaigns/c.yaml")
