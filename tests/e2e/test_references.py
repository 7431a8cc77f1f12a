"""Edit campaigns with local images against a sandbox: uploaded once, shown in the proof, found again."""

import io
import json
import signal
import sqlite3
import time
from decimal import Decimal

import pytest
from PIL import Image

from seedpipe import catalog
from seedpipe.core.planning import make_plan
from seedpipe.core.totals import total
from seedpipe.sources import WorkTree
from tests.cards import charged_requests
from tests.command_line import REPOSITORY

JOBS = 8
CAMPAIGN = """\
seedpipe: 1
name: figures
model: bytedance/seedream-v4/edit-sequential
matrix:
  number: [{numbers}]
series:
  scene:
    prompt: Generate a series of {{{{ max_images }}}} images of this figure, scene {{{{ number }}}}
    input:
      size: 1024*1024
      max_images: 1
      images: ["refs/figure.png", "refs/{{{{ 'odd' if number | int % 2 else 'even' }}}}.png"]
budget: {{usd: 100}}
"""
RED, GREEN, BLUE = (214, 40, 40), (34, 139, 34), (38, 70, 200)
HANG_S = 60


def png(colour):
    file = io.BytesIO()
    Image.new("RGB", (64, 64), colour).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def figures(seedpipe):
    refs = seedpipe.project / "refs"
    refs.mkdir()
    for name, colour in (("figure", RED), ("odd", GREEN), ("even", BLUE)):
        (refs / f"{name}.png").write_bytes(png(colour))
    write(seedpipe, JOBS)
    seedpipe.environment |= {"WAVESPEED_API_KEY": "k", "SEEDPIPE_SETTLE_S": "3"}
    return seedpipe


def write(place, jobs):
    numbers = ", ".join(str(number) for number in range(jobs))
    (place.project / "campaign.yaml").write_text(CAMPAIGN.format(numbers=numbers))


def live(address, *more):
    return ("run", "campaign.yaml", "--live", "--base-url", address, "--yes", "--json", *more)


def uploads(place):
    """The images that the service has, oldest first."""
    file = place.project / ".seedpipe" / "sandbox" / "sandbox.sqlite"
    with sqlite3.connect(file) as db:
        return [body for (body,) in db.execute("SELECT body FROM uploads ORDER BY at_us")]


def named(place):
    """The addresses of uploads in the requests that the service has charged."""
    return {url for body in charged_requests(place) for url in json.loads(body)["images"]}


def phases(run):
    return {phase: total["jobs"] for phase, total in json.loads(run.stdout)["phases"].items()}


def colour_at(picture, x, y):
    with Image.open(picture) as image:
        return image.convert("RGB").getpixel((int(image.width * x), int(image.height * y)))


def is_near(found, wanted):
    return all(abs(one - other) < 40 for one, other in zip(found, wanted, strict=True))


def test_a_proof_shows_the_local_images(figures):
    write(figures, 2)
    figures.environment["SEEDPIPE_SANDBOX"] = ""
    figures.run("run", "campaign.yaml")
    for number, print_colour in ((0, BLUE), (1, GREEN)):
        (picture,) = (figures.project / "out" / "figures-proof").rglob(f"{number}-1.*")
        assert is_near(colour_at(picture, 0.2, 0.3), RED), "the first image fills the picture"
        assert is_near(colour_at(picture, 0.81, 0.5), print_colour), "the second lies on it as a print"


def test_the_example_keeps_a_cast_by_files_of_its_own():
    tree = WorkTree.around(REPOSITORY / "examples/pipelines/entertainment-ip/campaign.yaml")
    plan = make_plan(tree.campaign, tree, catalog.load())
    assert total(plan).all.cost_usd == Decimal("0.54")
    assert sorted(plan.header.references) == [
        f"refs/{name}.jpg" for name in ("house", "lantern", "mila", "otto")
    ]


def test_killed_and_resumed_with_lost_answers_each_is_paid_once_and_uploaded_once(figures):
    """The list shows uploads by other addresses, so that only their bytes tell the requests apart."""
    words = ("lose_every=3", "moves_uploads=true", "task_latency_s=1")
    arguments = [word for switch in words for word in ("--switch", switch)]
    with figures.sandbox(*arguments) as address:
        with figures.started(*live(address)) as victim:
            # A kill in the middle of an upload makes it anew, which is free: all three are in requests then.
            wait_until(
                lambda: sum(charged_requests(figures).values()) >= JOBS // 2 and len(named(figures)) == 3
            )
            victim.send_signal(signal.SIGKILL)
            victim.communicate(timeout=HANG_S)
        sent = len(uploads(figures))
        run = figures.run(*live(address))
        assert phases(run) == {"done": JOBS}
        assert set(charged_requests(figures).values()) == {1}
        assert len(charged_requests(figures)) == JOBS
        assert sorted(uploads(figures)) == sorted([png(RED), png(GREEN), png(BLUE)])
        assert len(uploads(figures)) == sent == 3
        write(figures, JOBS + 1)
        assert phases(figures.run(*live(address))) == {"done": JOBS + 1}
        assert len(uploads(figures)) == 3, "a later run uses what is there"
    assert json.loads(run.stdout)["asides"] == []


def test_a_clone_without_ledger_and_lock_adopts_by_what_the_images_show(figures):
    write(figures, 4)
    with figures.sandbox() as address:
        figures.run(*live(address))
        for file in [*(figures.project / ".seedpipe").glob("live-*/ledger*"), lock_of(figures)]:
            file.unlink()
        run = figures.run(*live(address))
        assert phases(run) == {"done": 4}
        assert sum(charged_requests(figures).values()) == 4
        assert len(uploads(figures)) == 3


def test_another_picture_under_the_same_name_is_seen_by_the_next_plan(figures):
    write(figures, 2)
    with figures.sandbox() as address:
        figures.run(*live(address))
        (figures.project / "refs" / "even.png").write_bytes(png(GREEN))
        planned = json.loads(figures.run("plan", "campaign.yaml", "--base-url", address, "--json").stdout)
        figures.run(*live(address))
        assert sum(charged_requests(figures).values()) == 2, "a changed picture is not bought silently"
    assert json.dumps(planned).count('"changed"')


def test_a_saved_plan_is_stale_when_its_images_are_others_and_resume_goes_on(figures):
    write(figures, 2)
    figures.run("plan", "campaign.yaml", "-o", "plan.jsonl")
    figures.run("run", "plan.jsonl")
    (figures.project / "refs" / "odd.png").write_bytes(png(BLUE))
    stale = figures.run("run", "plan.jsonl", code=2).stderr
    assert "the plan is stale: its reference images have changed: refs/odd.png" in stale
    figures.run("resume")


def test_an_image_that_no_decoder_takes_is_refused_before_anything_is_sent(figures):
    hollow = png(RED)[:33] + png(RED)[-12:]  # a PNG's beginning and end, and nothing in between
    (figures.project / "refs" / "figure.png").write_bytes(hollow)
    with figures.sandbox() as address:
        refused = figures.run(*live(address), code=2)
        assert "refs/figure.png cannot be used" in refused.stderr
        assert "nothing was sent" in refused.stderr
        assert sum(charged_requests(figures).values()) == 0


def lock_of(place):
    return place.project / "campaign.lock.jsonl"


def wait_until(done):
    deadline = time.monotonic() + HANG_S
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)
