"""Files as a commit has them: read from git's store, whatever repository and ref would like to run."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from seedpipe.core.campaign import FileProblem
from seedpipe.core.errors import InputError
from seedpipe.sources import GitTree

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture
def repository(tmp_path):
    """A repository with one commit; the campaign lies in a folder of it."""
    folder = tmp_path / "work"
    files = {"brands/a.yaml": "name: A\n", "ads/campaign.yaml": "old\n", "ads/data/p.csv": "sku\n1\n"}
    for name, text in (files | {"models/own.yaml": "m\n", "ads/.hidden": "h\n"}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "ads" / "link").symlink_to("../brands/a.yaml")
    (folder / "ads" / "out").symlink_to("/etc/hostname")
    git(folder, "init", "-q", "-b", "main")
    commit(folder)
    return folder


def git(folder, *words):
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    who = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    return subprocess.run(["git", "-C", str(folder), *who, *words], check=True, env=environment, text=True)


def answer(folder, *words, asked=None):
    command = ["git", "-C", str(folder), *words]
    return subprocess.run(command, input=asked, capture_output=True, text=True, check=True).stdout.strip()


def commit(folder):
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "one")


def tree_of(repository, ref="main"):
    return GitTree.around(repository / "ads" / "campaign.yaml", ref)


def test_a_commit_is_read_and_the_work_tree_left_alone(repository):
    (repository / "ads" / "campaign.yaml").write_text("new\n")
    before = sorted(path.stat().st_mtime_ns for path in repository.rglob("*") if path.is_file())
    tree = tree_of(repository)
    assert tree.read(tree.campaign) == b"old\n"
    assert tree.read("data/p.csv") == b"sku\n1\n"
    assert tree.read("../brands/a.yaml") == b"name: A\n"
    assert tree.models() == ["../models/own.yaml"]
    assert tree.shown("data/p.csv") == f"{tree.commit[:7]}:ads/data/p.csv"
    assert sorted(path.stat().st_mtime_ns for path in repository.rglob("*") if path.is_file()) == before


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("nothing.csv", "no-such-file"),
        ("data", "file-unreadable"),
        ("link", "file-unreadable"),
        ("out", "file-unreadable"),
        (".hidden", "path-hidden"),
        ("../../etc/passwd", "path-outside"),
        ("/etc/passwd", "path-outside"),
        ("~/x", "path-outside"),
        ("data/p\0.csv", "path-outside"),
        ("data/*.csv", "no-such-file"),
        (":(glob)**", "no-such-file"),
        ("--help", "no-such-file"),
    ],
)
def test_only_files_of_the_commit_can_be_named(repository, path, rule):
    with pytest.raises(FileProblem) as caught:
        tree_of(repository).read(path)
    assert caught.value.rule == rule


@pytest.mark.parametrize(
    "ref",
    [
        "nowhere",
        "",
        "--output=pwned",
        "-h",
        "main:ads/campaign.yaml",
        "main\nmain",
        "a..b",
        "\0",
        "main^{tree}",
    ],
)
def test_a_ref_is_a_commit_and_never_an_option(repository, ref):
    with pytest.raises(InputError, match="git knows no commit"):
        tree_of(repository, ref)
    assert not list(repository.glob("**/pwned"))


def test_outside_of_a_repository_there_is_nothing_to_compare_with(tmp_path):
    with pytest.raises(InputError, match="is in no git repository"):
        GitTree.around(tmp_path / "campaign.yaml", "main")


def test_nothing_that_a_repository_names_is_run(repository):
    """Filters, text conversions, hooks, pagers, monitors: each would leave a mark."""
    mark = repository.parent / "ran"
    (repository / ".gitattributes").write_text("* filter=evil diff=evil\n*.csv filter=lfs\n")
    script = repository.parent / "evil.sh"
    script.write_text(f"#!/bin/sh\ntouch {mark}\ncat\n")
    script.chmod(0o755)
    commit(repository)
    for name in (
        *("filter.evil.smudge", "filter.evil.clean", "filter.lfs.smudge", "diff.evil.textconv"),
        *("core.pager", "core.fsmonitor", "core.sshCommand", "uploadpack.packObjectsHook", "core.editor"),
    ):
        git(repository, "config", name, str(script))
    git(repository, "config", "core.hooksPath", str(repository.parent))
    (repository / ".git" / "index").touch()
    assert tree_of(repository, "HEAD").read("data/p.csv") == b"sku\n1\n"
    assert not mark.exists()


def test_a_replaced_object_is_not_taken_for_the_real_one(repository):
    old = answer(repository, "rev-parse", "main:ads/campaign.yaml")
    new = answer(repository, "hash-object", "-w", "--stdin", asked="false\n")
    git(repository, "replace", old, new)
    assert tree_of(repository).read("campaign.yaml") == b"old\n"
