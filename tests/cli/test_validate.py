"""`seedpipe validate` as a user runs it: what it prints in each form, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from seedpipe.cli.main import exit_code_of

SARIF = Path(__file__).with_name("sarif.schema.json")
CAMPAIGN = """\
seedpipe: 1
name: lamps
model: bytedance/seedream-v4/sequential
variables: {season: autumn}
matrix: {lamp: [oak, elm]}
series:
  hero: {prompt: "A lamp of {{ lamp }}"}
"""
FAULTY = CAMPAIGN.replace("{{ lamp }}", "{{ lampe }}").replace("name: lamps", "name: lamps\nmodl: x")
EVIL = CAMPAIGN.replace("season", '"::error::a%0Ab"').replace("oak", "'oak::set-output'")


@pytest.fixture
def seedpipe(tmp_path, monkeypatch, capsys):
    """Return a function that runs one command in a folder of campaigns, and returns (code, out, err)."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fine.yaml").write_text(CAMPAIGN.replace("variables: {season: autumn}\n", ""))
    (tmp_path / "warned.yaml").write_text(CAMPAIGN)
    (tmp_path / "faulty.yaml").write_text(FAULTY)
    (tmp_path / "evil.yaml").write_text(EVIL)

    def run(*arguments):
        code = exit_code_of(list(arguments))
        return code, *capsys.readouterr()

    return run


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["fine.yaml"], 0),
        (["fine.yaml", "--strict"], 0),
        (["warned.yaml"], 0),
        (["warned.yaml", "--strict"], 1),
        (["warned.yaml", "faulty.yaml", "--strict"], 2),
        (["missing.yaml", "--format", "github"], 2),
        (["fine.yaml", "--format", "xml"], 2),
    ],
)
def test_exit_codes(seedpipe, arguments, code):
    assert seedpipe("validate", *arguments)[0] == code


def test_text_tells_warnings_and_counts_them(seedpipe):
    _, out, err = seedpipe("validate", "warned.yaml")

    assert "warned.yaml: valid, 2 cells, 2 jobs, $0.054, 1 warning" in out
    assert "warned.yaml:4:13: warning unused-variable: nothing uses the variable 'season'" in err


def test_a_plan_says_that_there_are_warnings(seedpipe):
    code, _, err = seedpipe("plan", "warned.yaml")

    assert "1 warning: `seedpipe validate warned.yaml` shows it" in err
    assert code == 0


def test_json_has_warnings_beside_the_totals(seedpipe):
    told = json.loads(seedpipe("validate", "warned.yaml", "--json")[1])

    assert told["files"][0]["valid"] is True
    assert told["files"][0]["total"]["jobs"] == 2
    assert [(one["rule"], one["severity"], one["line"]) for one in told["files"][0]["diagnostics"]] == [
        ("unused-variable", "warning", 4)
    ]


def test_annotations_name_file_line_and_rule(seedpipe):
    lines = seedpipe("validate", "warned.yaml", "faulty.yaml", "--format", "github")[1].splitlines()

    assert lines[0] == (
        "::warning file=warned.yaml,line=4,col=13,endColumn=19,title=unused-variable::"
        "nothing uses the variable 'season'%0Ahint: use it in a template, {{ season }}, or remove it"
    )
    assert [line.split("::")[1].split(",")[0] for line in lines] == [
        "warning file=warned.yaml",
        *["error file=faulty.yaml"] * 2,
    ]


def test_no_text_of_a_campaign_is_a_command_of_a_workflow(seedpipe):
    lines = seedpipe("validate", "evil.yaml", "--format", "github")[1].splitlines()

    assert lines
    assert all(line.startswith(("::warning file=evil.yaml,", "::error file=evil.yaml,")) for line in lines)
    told = json.loads(seedpipe("validate", "evil.yaml", "--json")[1])["files"][0]["diagnostics"]
    assert len(lines) == len(told), "a line a finding: what a file says begins none"


def test_sarif_has_rules_levels_and_places(seedpipe):
    told = json.loads(
        seedpipe("validate", "warned.yaml", "faulty.yaml", "missing.yaml", "--format", "sarif")[1]
    )

    run = told["runs"][0]
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert told["version"] == "2.1.0"
    assert run["tool"]["driver"]["name"] == "seedpipe"
    assert {result["ruleId"] for result in run["results"]} == rules.keys()
    assert all(rule["shortDescription"]["text"] for rule in rules.values())
    assert {result["level"] for result in run["results"]} == {"error", "warning"}
    first = run["results"][0]
    assert first["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "warned.yaml"},
        "region": {"startLine": 4, "startColumn": 13, "endColumn": 19},
    }
    assert all(result["message"]["text"] for result in run["results"])


def test_sarif_is_as_the_standard_asks(seedpipe, tmp_path):
    """The schema is written after the standard; what it cannot say, places and levels, is said here."""
    validator = Draft7Validator(json.loads(SARIF.read_text(encoding="utf-8")))
    Draft7Validator.check_schema(validator.schema)
    (tmp_path / "büro & \u202e #1.yaml").write_text(FAULTY)
    files = [path.name for path in sorted(tmp_path.glob("*.yaml"))]
    assert len(files) == 5

    for chosen in (["fine.yaml"], [*files, "missing.yaml"]):
        told = json.loads(seedpipe("validate", *chosen, "--format", "sarif")[1])
        assert [error.message for error in validator.iter_errors(told)] == []
        (run,) = told["runs"]
        levels = {
            rule["id"]: rule["defaultConfiguration"]["level"] for rule in run["tool"]["driver"]["rules"]
        }
        for result in run["results"]:
            assert result["level"] == levels[result["ruleId"]]
            assert len(result["locations"]) == 1
            region = result["locations"][0]["physicalLocation"].get("region", {})
            assert region.get("endColumn", 2) > region.get("startColumn", 1)
    assert run["results"]


@pytest.mark.parametrize(
    "spoilt",
    [
        {"version": "2.1"},
        {"runs": [{}]},
        {"runs": [{"tool": {"driver": {}}}]},
        {"runs": [{"tool": {"driver": {"name": "x"}}, "results": [{"ruleId": "x"}]}]},
        {
            "runs": [
                {"tool": {"driver": {"name": "x"}}, "results": [{"message": {"text": "x"}, "level": "bad"}]}
            ]
        },
    ],
)
def test_the_schema_of_sarif_refuses_what_the_standard_does(spoilt):
    validator = Draft7Validator(json.loads(SARIF.read_text(encoding="utf-8")))
    assert not validator.is_valid({"version": "2.1.0", "runs": [], **spoilt})
