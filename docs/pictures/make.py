"""Make the pictures of the README: the program's own output, recorded while it runs the quickstart.

Usage: `make pictures`. The run goes to the embedded sandbox in a temporary folder.
"""

import io
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI

from seedpipe import app
from seedpipe.cli import progress
from seedpipe.cli.console import Screen
from seedpipe.cli.views import planning, running
from seedpipe.settings import Settings

HERE = Path(__file__).parent
QUICKSTART = HERE.parents[1] / "examples" / "pipelines" / "quickstart"
COLUMNS = 92
# The export links a web font; a README picture must load nothing.
WEB_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def main() -> None:
    """Record a plan and a proof run, and write `terminal.svg`."""
    console = Console(
        record=True,
        width=COLUMNS,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        highlight=False,
    )
    screen = Screen()
    vars(screen).update(out=console, err=console)
    campaign = Path("campaign.yaml")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(QUICKSTART, folder, dirs_exist_ok=True)
        os.chdir(folder)
        console.print("[bold green]$[/] seedpipe plan campaign.yaml")
        reviewed = app.review(campaign, Settings.read({}, live=True))
        planning.show_plans([(reviewed, "campaign.yaml")], screen)
        console.print("\n[bold green]$[/] seedpipe run campaign.yaml")
        with progress.listener(screen) as listener:

            def consent(reviewed: app.PlanReview, _account: object) -> bool:
                planning.show_opening(reviewed, screen)
                listener.begin(reviewed.totals.all.jobs)
                return True

            result = app.run(
                campaign, Settings(out=Path("out/quickstart-proof")), consent=consent, listener=listener
            )
        running.show_result(result, "campaign.yaml", screen)
        os.chdir(HERE)
    svg = console.export_svg(title="seedpipe", theme=MONOKAI, unique_id="seedpipe")
    (HERE / "terminal.svg").write_text(WEB_FONT.sub("", svg), encoding="utf-8")
    sys.stdout.write(f"{HERE / 'terminal.svg'}\n")


if __name__ == "__main__":
    main()
