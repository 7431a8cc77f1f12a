"""Make `gallery.jpg` and `gallery-matrix.jpg`: the quickstart's gallery in Chromium, as a designer sees it.

Usage: `python docs/pictures/gallery.py`. Needs `chromium`; the run goes to the embedded sandbox.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
QUICKSTART = HERE.parents[1] / "examples" / "pipelines" / "quickstart"
QUALITY = 82


def main() -> None:
    """Proof the quickstart in a folder of its own and photograph its gallery."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        shutil.copytree(QUICKSTART, folder, dirs_exist_ok=True)
        Path(folder, ".seedpipe").mkdir()
        run = [sys.executable, "-m", "seedpipe", "run", "campaign.yaml", "--quiet"]
        subprocess.run(run, cwd=folder, check=True)  # noqa: S603 - our own command, in a folder of ours
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        page = chromium.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"file://{folder}/out/quickstart-proof/gallery.html")
        _sets(page)
        _matrix(page)
        chromium.close()


def _sets(page: Page) -> None:
    page.focus(".shot >> nth=0")
    for key in "aaxa":
        page.keyboard.press(key)
    page.keyboard.press("i")
    _photograph(page, "gallery.jpg")
    page.keyboard.press("i")


def _matrix(page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    page.select_option("#rows", "product")
    page.select_option("#columns", "market")
    _photograph(page, "gallery-matrix.jpg")


def _photograph(page: Page, name: str) -> None:
    page.wait_for_timeout(500)
    page.screenshot(path=HERE / name, type="jpeg", quality=QUALITY)
    sys.stdout.write(f"{HERE / name}\n")


if __name__ == "__main__":
    main()
