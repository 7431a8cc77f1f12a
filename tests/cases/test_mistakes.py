"""Mistakes of a stranger who edits the quickstart, and what each is told.

`mistakes/<name>.json` says what is replaced in which file, and which are new; `mistakes/<name>.txt` is the
golden message.
SEEDPIPE_UPDATE_GOLDENS=1 writes the goldens anew: read them as somebody who has never seen seedpipe.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from seedpipe.cli.main import exit_code_of

HERE = Path(__file__).parent / "mistakes"
QUICKSTART = Path(__file__).parents[2] / "examples" / "pipelines" / "quickstart"
MISTAKES = sorted(file.stem for file in HERE.glob("*.json"))


def test_there_are_dozens_of_them():
    assert len(MISTAKES) >= 45


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_explained(name, tmp_path, monkeypatch, capsys):
    shutil.copytree(QUICKSTART, tmp_path / "quickstart", ignore=shutil.ignore_patterns(".seedpipe", "out"))
    mistake = json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))
    for file, text in mistake.get("files", {}).items():
        (tmp_path / "quickstart" / file).write_text(text, encoding="utf-8")
    for file, old, new in mistake["replace"]:
        path = tmp_path / "quickstart" / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) >= 1, f"the quickstart has no {old!r} in {file} any more"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
    monkeypatch.chdir(tmp_path / "quickstart")

    code = exit_code_of([*mistake.get("command", ["validate"]), "campaign.yaml", *mistake.get("options", [])])

    told = capsys.readouterr().err
    golden = HERE / f"{name}.txt"
    if os.environ.get("SEEDPIPE_UPDATE_GOLDENS"):
        golden.write_text(told, encoding="utf-8")
    assert code == 2
    assert told == golden.read_text(encoding="utf-8")
