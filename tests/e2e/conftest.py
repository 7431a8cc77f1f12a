"""Projects for the command line to work in."""

import os
import re
import shutil

import pytest

from tests.command_line import QUICKSTART, REPOSITORY, CommandLine


@pytest.fixture
def environment(tmp_path):
    return {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1", "TERM": "dumb"}


@pytest.fixture
def seedpipe(tmp_path, environment):
    """The command line in an empty project."""
    project = tmp_path / "project"
    project.mkdir()
    (project / ".seedpipe").mkdir()
    return CommandLine(project, environment)


@pytest.fixture
def clone(tmp_path, environment):
    """A function that makes a project, a clone of another one if that is given: with its lock."""
    environment["WAVESPEED_API_KEY"] = "k"

    def new(name, *, lock=None):
        project = tmp_path / name
        (project / ".seedpipe").mkdir(parents=True)
        if lock:
            shutil.copy(lock.project / "campaign.lock.jsonl", project)
        return CommandLine(project, dict(environment))

    return new


@pytest.fixture
def quickstart(seedpipe):
    """The command line in a project that holds a copy of the quickstart as `campaign.yaml`.

    Without its checks, whose workers cost a second a run, and with the smallest images that the model makes;
    `test_quickstart` and `test_checks` have it as it is.
    """
    shutil.copytree(QUICKSTART, seedpipe.project, dirs_exist_ok=True)
    campaign = seedpipe.project / "campaign.yaml"
    before, _, after = campaign.read_text().partition("\nchecks:")
    text = before + "\nbudget:" + after.partition("\nbudget:")[2]
    campaign.write_text(re.sub(r'size: "\d+:\d+"', "size: 1024*1024", text))
    return seedpipe
