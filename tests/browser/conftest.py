"""A real Chromium: Debian's, driven by Playwright. Where it is missing these tests are skipped, unless
SEEDPIPE_REQUIRE=all asks for every tool."""

import os
import shutil

import pytest

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def required(found, why):
    """Skip a test for want of a tool; on a machine that must have them all, fail."""
    if found:
        return found
    if os.environ.get("SEEDPIPE_REQUIRE") == "all":
        pytest.fail(why)
    pytest.skip(why)


@pytest.fixture(scope="module")
def browser():
    path = required(shutil.which("chromium"), "chromium is not installed")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()
