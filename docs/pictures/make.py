"""Make the terminal picture of the README: what the program prints while it plans and runs the quickstart.

Usage: `make pictures`. The run goes to the embedded sandbox in a temporary folder.
"""

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

HERE = Path(__file__).parent
QUICKSTART = HERE.parents[1] / "examples" / "pipelines" / "quickstart"
COLUMNS = 92
# The export links a web font; a README picture must load nothing.
WEB_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def main() -> None:
    """Record a plan and a proof run, and write `terminal.svg`."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, highlight=False)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve() / "quickstart"
        shutil.copytree(QUICKSTART, folder, ignore=shutil.ignore_patterns("out", ".seedpipe"))
        for command in ("plan", "run"):
            printed = _printed(command, folder).replace(str(folder.parent), "/home/you")
            console.print(f"[bold green]$[/] seedpipe {command}", Text.from_ansi(printed), sep="\n")
    svg = console.export_svg(title="seedpipe", theme=MONOKAI, unique_id="seedpipe")
    (HERE / "terminal.svg").write_text(WEB_FONT.sub("", svg), encoding="utf-8")
    sys.stdout.write(f"{HERE / 'terminal.svg'}\n")


def _printed(command: str, folder: Path) -> str:
    """Return what a command prints in colour, both streams in the order in which a terminal shows them."""
    ours = ("SEEDPIPE_", "WAVESPEED_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    result = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-u", "-m", "seedpipe", command, "--color", "always"],
        cwd=folder,
        env={**environment, "CI": "1", "TERM": "xterm-256color", "COLORTERM": "truecolor"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    return result.stdout


if __name__ == "__main__":
    main()
