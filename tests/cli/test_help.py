"""Help as a terminal of 80 columns shows it, and the arguments that every command understands."""

from __future__ import annotations

import shutil

import click
import pytest

from seedpipe.cli.commands import COMMANDS
from seedpipe.cli.main import exit_code_of, seedpipe
from tests.command_line import QUICKSTART


def paths():
    for name, command in seedpipe.commands.items():
        yield (name,)
        if isinstance(command, click.Group):
            yield from ((name, below) for below in command.commands)


@pytest.fixture
def told(monkeypatch, capsys):
    """A function that runs one command at 80 columns and returns (code, out, err)."""
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments):
        return exit_code_of(list(arguments)), *capsys.readouterr()

    return run


@pytest.mark.parametrize("path", [(), *paths()], ids=" ".join)
def test_no_line_of_help_is_cut_or_too_long(told, path):
    code, out, _ = told(*path, "--help")

    assert code == 0
    assert all(len(line) <= 80 and not line.endswith(("…", "...")) for line in out.splitlines()[1:]), out


def test_commands_stand_by_the_work_they_are_for(told):
    _, out, _ = told("--help")

    headings = [line[:-1] for line in out.splitlines() if line.endswith(":")]
    assert headings == ["Options", "Start", "Plan", "Run", "Review", "Money", "Tools"]
    assert sorted(seedpipe.commands) == sorted(one.name for some in COMMANDS.values() for one in some)


def test_an_option_has_one_text_wherever_it_stands():
    texts = {}
    for path in paths():
        command = seedpipe
        for name in path:
            command = command.commands[name]
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                texts.setdefault(parameter.opts[-1], set()).add(parameter.help)

    own = {"--live", "--proof", "--check", "--format", "--all", "--undo", "--by"}  # of each command its own
    assert {name for name, each in texts.items() if len(each) > 1} <= own


def test_run_has_its_options_under_headings(told):
    _, out, _ = told("run", "--help")

    headings = [line[:-1] for line in out.splitlines() if line.endswith(":") and line[0] != " "]
    assert headings == ["Options", "Money", "Selection", "Campaign values", "Service", "Files", "Output"]


@pytest.fixture
def quickstart(tmp_path, monkeypatch):
    shutil.copytree(QUICKSTART, tmp_path / "quickstart", ignore=shutil.ignore_patterns(".seedpipe", "out"))
    (tmp_path / "quickstart" / ".seedpipe").mkdir()
    monkeypatch.chdir(tmp_path / "quickstart")
    return tmp_path / "quickstart"


@pytest.mark.parametrize(
    "arguments",
    [
        ["validate"],
        ["plan"],
        ["plan", "--live"],
        ["plan", "--proof"],
        ["explain", "hero/AUR-01/us"],
        ["explain", "campaign.yaml", "hero/AUR-01/us", "--live"],
        ["spend", "--live"],
        ["spend", "--proof"],
    ],
    ids=" ".join,
)
def test_the_campaign_of_this_folder_and_the_default_world_need_not_be_named(told, quickstart, arguments):
    code, out, err = told(*arguments)

    assert code == 0, err
    assert out


@pytest.mark.parametrize("command", ["approve", "reject", "keep"])
def test_a_cell_is_no_campaign(told, quickstart, command):
    code, _, err = told(command, "hero/AUR-01/us")

    assert code == 2
    expected = "has not changed" if command == "keep" else "no run here yet of campaign 'quickstart'"
    assert expected in err


@pytest.mark.parametrize("command", ["validate", "plan", "run", "explain", "review", "approve", "publish"])
def test_where_there_is_no_campaign_the_error_says_what_to_do(told, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)

    code, _, err = told(command, *(["hero/a"] if command == "explain" else []))

    assert code == 2
    assert "no FILE given, and there is no campaign.yaml in this folder" in err
    assert "seedpipe init DIR" in err


@pytest.mark.parametrize("command", ["run", "plan", "spend", "status", "review", "audit", "doctor"])
def test_live_and_proof_exclude_each_other(told, quickstart, command):
    code, _, err = told(command, "--live", "--proof")

    assert code == 2
    assert "--live and --proof exclude each other" in err


def test_models_takes_the_name_of_a_model(told):
    code, out, _ = told("models", "bytedance/seedream-v4")

    assert code == 0
    assert out.startswith("bytedance/seedream-v4  $0.027")
    assert told("models", "show", "bytedance/seedream-v4")[1] == out


def test_models_says_which_model_was_meant(told):
    code, _, err = told("models", "bytedance/seedream-v9")

    assert code == 2
    assert "unknown model 'bytedance/seedream-v9'" in err
    assert "did you mean 'bytedance/seedream-v4'" in err
