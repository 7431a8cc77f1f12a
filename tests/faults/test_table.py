"""The table of faults in the documentation: every row names tests, and the tests are there."""

import ast
import re

import pytest

from tests.command_line import REPOSITORY

PAGE = REPOSITORY / "docs" / "faults.md"
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in PAGE.read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and "`tests/" in line
]
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE.read_text(encoding="utf-8"))))


def test_every_row_has_a_behaviour_an_exit_code_and_a_test():
    assert len(ROWS) >= 20
    for fault, behaviour, exit_code, tests in ROWS:
        assert fault
        assert behaviour
        assert re.fullmatch(r"(\d+|–)(, (\d+|–))*", exit_code), fault
        assert re.search(r"`tests/[\w/]+\.py::\w+`", tests), fault


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_the_named_test_exists(file, name):
    tree = ast.parse((REPOSITORY / file).read_text(encoding="utf-8"))
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
