"""Pages as their reader sees them: a folder with a campaign and the transcript of some commands.

`transcript.txt` has each command after a `$`, then what it prints on stdout and stderr, then its exit code.
A folder whose name ends in -80 is seen on a screen of 80 columns.
SEEDPIPE_UPDATE_GOLDENS=1 writes the answers anew: read them.
"""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path

import pytest

from seedpipe.cli.main import exit_code_of

PAGES = Path(__file__).parent / "pages"
UPDATE = bool(os.environ.get("SEEDPIPE_UPDATE_GOLDENS"))
A_SCREEN = 50  # lines


@pytest.fixture
def transcript(tmp_path, monkeypatch, capfd):
    """A function that carries out the commands of a folder and returns what happened."""

    def tell(folder):
        shutil.copytree(folder, tmp_path / "project")
        monkeypatch.chdir(tmp_path / "project")
        monkeypatch.setenv("COLUMNS", "80" if folder.name.endswith("-80") else "")
        commands = [line for line in (folder / "transcript.txt").read_text().splitlines() if line[:2] == "$ "]
        return "".join(f"{command}\n{_answer(command, capfd)}" for command in commands)

    return tell


def _answer(command, capfd):
    code = exit_code_of(shlex.split(command)[2:])
    said = capfd.readouterr()
    parts = [said.out, said.err, f"exit {code}\n\n" if code else "\n"]
    return "\n".join(line.rstrip() for line in "".join(parts).split("\n"))


@pytest.mark.parametrize("name", sorted(folder.name for folder in PAGES.iterdir()))
def test_page(name, transcript):
    golden = PAGES / name / "transcript.txt"
    found = transcript(PAGES / name)
    if UPDATE:
        golden.write_text(found, encoding="utf-8")
    assert found == golden.read_text(encoding="utf-8")


def test_a_plan_of_a_thousand_jobs_fits_a_screen(transcript):
    assert len(transcript(PAGES / "plan-thousand-jobs").splitlines()) <= A_SCREEN
