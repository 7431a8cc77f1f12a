"""Projects for the command line to work in."""

import os
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
def quickstart(seedpipe):
    """The command line in a project that holds a copy of the quickstart as `campaign.yaml`."""
    shutil.copytree(QUICKSTART, seedpipe.project, dirs_exist_ok=True)
    return seedpipe
