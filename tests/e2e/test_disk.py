"""A disk that fails: words and an exit code, never a traceback, and nothing sent in vain."""

import json

LIVE = ("run", "campaign.yaml", "--live", "--yes", "--budget", "5")


def test_an_output_folder_that_cannot_be_made_stops_a_run_before_anything_is_sent(quickstart):
    (quickstart.project / "file").write_text("in the way")
    with quickstart.sandbox() as address:
        quickstart.environment.update(WAVESPEED_API_KEY="k", SEEDPIPE_BASE_URL=address)
        result = quickstart.run(*LIVE, "--out", "file/out", code=3)
        assert "--out" in result.stderr
        assert json.loads(quickstart.run("plan", "campaign.yaml", "--json").stdout)["new"]["jobs"] == 9


def test_a_run_that_loses_its_output_folder_says_so_and_can_be_resumed(quickstart):
    quickstart.run("run", "campaign.yaml", "--out", "out")
    for folder in ("out/us", "out/de", "out/all"):
        for image in (quickstart.project / folder).rglob("*.jpg"):
            image.unlink()
        (quickstart.project / folder).rename(quickstart.project / f"{folder}-gone")
        (quickstart.project / folder).write_text("in the way")
    result = quickstart.run("run", "campaign.yaml", "--out", "out", code=3)
    assert "stopped early" in result.stdout
    for folder in ("out/us", "out/de", "out/all"):
        (quickstart.project / folder).unlink()
    assert "everything is done" in quickstart.run("run", "campaign.yaml", "--out", "out").stdout
    assert len(list((quickstart.project / "out" / "us").rglob("*.jpg"))) == 12
