"""Rules: whatever a diagnostic is called is registered, has a page, and is told somewhere."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from seedpipe.core.rules import RULES, Say

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "rules"
_NAMED = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_TELLERS = {
    "report",
    "_report",
    "_refuse_at",
    "Diagnostic",
    "InputProblem",
    "_problem",
    "_add",
    "_warning",
    "_about",
}


def told_in_code():
    """Return the constant rule names that the pure core and the sources hand to whatever tells them."""
    for file in [*(ROOT / "seedpipe/core").rglob("*.py"), *(ROOT / "seedpipe/sources").rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.Call):
                continue
            named = [word.value for word in node.keywords if word.arg == "rule"]
            teller = getattr(node.func, "attr", getattr(node.func, "id", ""))
            named += node.args[:3] if teller in _TELLERS and not named else []
            for one in named:
                is_text = isinstance(one, ast.Constant) and isinstance(one.value, str)
                if is_text and _NAMED.fullmatch(one.value) and (named != node.args[:3] or "-" in one.value):
                    yield one.value


def test_what_the_code_tells_is_registered():
    told = set(told_in_code())

    assert len(told) > 50
    assert told - RULES.keys() == set()


def test_what_is_registered_is_told_in_the_code():
    sources = "".join(
        file.read_text() for file in (ROOT / "seedpipe").rglob("*.py") if file.name != "rules.py"
    )
    dynamic = {name for name in RULES if name.startswith("yaml-") and f'"{name[5:]}"' in sources}

    assert [name for name in RULES if f'"{name}"' not in sources and name not in dynamic] == []


def test_every_rule_has_a_page_and_every_page_a_rule():
    pages = {page.stem for page in PAGES.glob("*.md")} - {"README"}
    index = (PAGES / "README.md").read_text()

    assert pages == RULES.keys()
    assert [
        name for name, rule in RULES.items() if f"| [`{name}`]({name}.md) | {rule.about} |" not in index
    ] == []


@pytest.mark.parametrize("name", RULES)
def test_a_page_says_what_when_and_how_it_is_right(name):
    page = (PAGES / f"{name}.md").read_text()

    assert page.startswith(f"# {name}\n\n{RULES[name].about} ")
    assert page.count("```") == 4, "one wrong and one right example"
    assert ("can be silenced" in page) is (RULES[name].ignorable and RULES[name].says is not Say.OPT_IN)
