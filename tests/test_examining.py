"""Images under examination: real worker processes, what they keep, and what happens when one dies."""

import asyncio
import hashlib
import os
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest
from PIL import Image

from seedpipe.core.checking import CellChecks, check_document
from seedpipe.core.findings import Level
from seedpipe.core.lifecycle import Phase
from seedpipe.core.model import BudgetCaps, Cell, ImageFile, Job, Output, PlanHeader
from seedpipe.core.records import Attempt, JobRecord
from seedpipe.examining import Examiner, WatchedStore
from tests.checks.photographs import AURORA, encoded, photograph

ALL = {"size": {}, "palette": {}, "duplicates": {}, "consistency": {}, "blank": {}, "blur": {}}


def header(*single, **checks):
    return PlanHeader(
        campaign="lamps",
        brand="Aurora",
        sources={},
        catalogue="",
        budget=BudgetCaps(),
        checks=check_document(AURORA, {"hero": checks}, cells={"hero": single}),
    )


def in_market(*markets, **checks):
    return CellChecks(keys={"market": frozenset(markets)}, checks=checks)


class Kept:
    """A folder of objects, and jobs that have brought them."""

    def __init__(self, folder):
        self.objects, self.measured = folder / "objects", folder / "measured"
        self.objects.mkdir()
        self.jobs = []

    def bring(self, address, *files, size="512*512", markets=()):
        outputs = []
        for index, data in enumerate(files):
            sha256 = hashlib.sha256(data).hexdigest()
            (self.objects / sha256).write_bytes(data)
            image = ImageFile(
                sha256=sha256, media_type="image/jpeg", width_px=512, height_px=512, size_bytes=len(data)
            )
            outputs.append(Output(job_id=address, index=index, image=image))
        paths = tuple(f"{address}-{index}" for index in range(len(files)))
        cells = tuple(
            Cell(address=place, series="hero", axes={"market": market}, job_id=address, output_paths=paths)
            for place, market in [(f"{address}/{market}", market) for market in markets] or [(address, "")]
        )
        job = Job(
            job_id=address,
            model="m",
            request={"size": size},
            outputs_expected=len(files),
            cost_usd=Decimal(1),
        )
        self.jobs.append(JobRecord(job=job, cells=cells, attempts=(ATTEMPT,), outputs=tuple(outputs)))
        return [output.image for output in outputs]

    def examiner(self, *single, **checks):
        return Examiner(header(*single, **checks), self.objects, self.measured, proof=False)

    def findings(self, *single, **checks):
        with self.examiner(*single, **checks) as examiner:
            judged = list(examiner.judged(lambda: iter(self.jobs)))
            again = list(examiner.judged(lambda: iter(self.jobs)))
        assert judged == again, "each report reads the same"
        return [finding for job in judged for finding in job.findings]


ATTEMPT = Attempt(
    number=1,
    phase=Phase.DONE,
    cost_usd=Decimal(1),
    run_id="r",
    intent_at=None,
    accepted_at=None,
    finished_at=None,
    prediction_id="p",
    urls=(),
    inference_ms=None,
    error="",
    error_code=None,
)


@pytest.fixture
def kept(tmp_path):
    return Kept(tmp_path)


def test_good_pictures_pass_what_is_asked(kept):
    kept.bring("hero/a", encoded(photograph("astronaut.png")))
    with kept.examiner(**(ALL | {"palette": "off"})) as examiner:
        (judged,) = examiner.judged(lambda: iter(kept.jobs))

    assert [result.check for result in judged.results] == [
        "size",
        "duplicates",
        "consistency",
        "blank",
        "blur",
    ]
    assert judged.findings == ()


def test_levels_and_limits_are_the_campaigns(kept):
    kept.bring("hero/a", encoded(Image.new("RGB", (512, 512), "grey")), size="1024*1024")

    usual = {finding.check: finding.level for finding in kept.findings(size={}, blank={}, blur={})}
    changed = kept.findings(size={"level": "warn"}, blank={"min_spread": 0}, blur={"level": "off"})

    assert usual == {"size": Level.FAIL, "blank": Level.FAIL, "blur": Level.WARN}
    assert [(finding.check, finding.level) for finding in changed] == [("size", Level.WARN)]


def test_cells_that_share_a_job_are_judged_each_by_its_own_checks(kept):
    grey = encoded(Image.new("RGB", (512, 512), "grey"))
    kept.bring("hero/a", grey, markets=["us", "de", "jp", "kr"])
    single = (
        in_market("de", blank="off"),
        in_market("jp", "kr", blank={"level": "warn"}, size={"level": "warn"}),
        in_market("kr", blank={"min_spread": 0}),
    )

    found = kept.findings(*single, blank={"min_spread": 5})
    with kept.examiner(*single, blank={"min_spread": 5}) as examiner:
        (judged,) = examiner.judged(lambda: iter(kept.jobs))

    assert [(one.address, one.level) for one in found] == [
        ("hero/a/us", Level.FAIL),
        ("hero/a/jp", Level.WARN),
    ]
    assert [(one.address, one.check) for one in judged.results] == [
        ("hero/a/us", "blank"),
        ("hero/a/jp", "size"),
        ("hero/a/jp", "blank"),
        ("hero/a/kr", "size"),
        ("hero/a/kr", "blank"),
    ]


def test_a_check_that_one_cell_alone_asks_for_is_measured(kept):
    kept.bring("hero/a", encoded(Image.new("RGB", (512, 512), "grey")), markets=["us", "de"])

    (finding,) = kept.findings(in_market("de", blank={}))

    assert finding.address == "hero/a/de"


def test_each_cell_says_how_much_alike_twins_are(kept):
    coffee = photograph("coffee.png")
    kept.bring("hero/a", encoded(coffee), markets=["us"])
    kept.bring("hero/b", encoded(coffee.crop((6, 6, 594, 394))), markets=["us", "de"])
    kept.bring("hero/c", encoded(coffee), markets=["jp"])
    single = (in_market("de", duplicates={"max_bits": 90}), in_market("jp", duplicates="off"))

    (finding,) = kept.findings(*single, duplicates={})

    assert (finding.address, finding.message) == ("hero/b/de", "looks the same as image 1 of hero/a/us")
    assert 12 < finding.measured <= 90, "near enough for one cell, and not for the other"


def test_a_picture_that_came_for_another_job_too_is_told_once(kept):
    kept.bring("hero/a", encoded(photograph("coffee.png")))
    kept.bring("hero/b", encoded(photograph("rocket.jpg")), encoded(photograph("coffee.png"), quality=60))

    (finding,) = kept.findings(duplicates={})

    assert (finding.address, finding.index) == ("hero/b", 1)
    assert finding.message == "looks the same as image 1 of hero/a"


def test_what_cannot_be_read_is_a_finding_and_the_rest_is_judged(kept):
    (gone,) = kept.bring("hero/a", encoded(photograph("coffee.png")))
    kept.bring("hero/b", b"no image", encoded(Image.new("RGB", (512, 512))))
    (kept.objects / gone.sha256).unlink()

    found = [(one.address, one.index, one.level, one.message[:20]) for one in kept.findings(blank={})]

    assert sorted(found) == [
        ("hero/a", 0, Level.WARN, "could not be checked"),
        ("hero/b", 0, Level.WARN, "could not be checked"),
        ("hero/b", 1, Level.FAIL, "is nearly one tone: "),
    ]


def test_a_worker_that_is_killed_costs_a_finding_and_no_more(kept):
    first, second = kept.bring("hero/a", encoded(photograph("coffee.png")), encoded(photograph("rocket.jpg")))
    with kept.examiner(blur={}) as examiner:
        assert examiner.figures(first)
        for worker in list(examiner._workers._processes.values()):
            os.kill(worker.pid, signal.SIGKILL)
            worker.join()
        tries = [examiner.figures(second) for _ in range(3)]

    assert tries[-1], "new workers have taken over"
    assert all(one in (None, tries[-1]) for one in tries)


def test_what_was_measured_is_kept_and_can_be_removed(kept):
    (image,) = kept.bring("hero/a", encoded(photograph("coffee.png")))
    with kept.examiner(blur={}) as examiner:
        figures = examiner.figures(image)
    (kept.objects / image.sha256).unlink()

    with kept.examiner(blur={}) as examiner:
        assert examiner.figures(image) == figures, "from what was kept"
        assert "_workers" not in examiner.__dict__, "no process was started for it"
    for file in kept.measured.iterdir():
        file.write_text("{")
    with kept.examiner(blur={}) as examiner:
        assert examiner.figures(image) is None, "rubbish is measured anew, and the image is gone"


def test_another_palette_is_another_measurement(kept):
    (image,) = kept.bring("hero/a", encoded(photograph("coffee.png")))
    with kept.examiner(palette={}) as examiner:
        examiner.figures(image)
    other = header(palette={})
    other.checks["palette"]["ember"] = "#000000"
    with Examiner(other, kept.objects, kept.measured, proof=False) as examiner:
        examiner.figures(image)

    assert len(list(kept.measured.iterdir())) == 2


def test_who_does_not_measure_judges_by_what_was_measured_and_counts_the_rest(kept):
    grey = encoded(Image.new("RGB", (512, 512), "grey"))
    kept.bring("hero/a", grey, encoded(photograph("coffee.png")))
    asked = {"size": {}, "blank": {}, "blur": {}}
    found = kept.findings(**asked)
    kept.bring("hero/b", grey, encoded(photograph("rocket.jpg")), size="1024*1024")
    recalling = Examiner(header(**asked), kept.objects, kept.measured, proof=False, measures=False)
    for file in kept.objects.iterdir():
        file.unlink()  # nothing is decoded

    with recalling as examiner:
        first, second = examiner.judged(lambda: iter(kept.jobs))

        assert list(first.findings) == found
        assert [(result.check, result.passed) for result in second.results] == [("size", False)]
        assert examiner.unmeasured == 1
        assert "_workers" not in examiner.__dict__


def test_without_checks_of_pixels_nothing_is_started(kept):
    (image,) = kept.bring("hero/a", encoded(photograph("coffee.png")))
    with kept.examiner(size={}) as examiner:
        examiner.look(image)
        list(examiner.judged(lambda: iter(kept.jobs)))

        assert "_workers" not in examiner.__dict__
    assert not kept.measured.exists()


def test_an_image_is_measured_as_soon_as_it_is_kept(kept):
    (image,) = kept.bring("hero/a", encoded(photograph("coffee.png")))

    class Receiving:
        async def receive(self, chunks):
            return image

    with kept.examiner(blur={}) as examiner:
        received = asyncio.run(WatchedStore(Receiving(), examiner).receive(None))

        assert received is image
        assert image.sha256 in examiner._waiting
        assert examiner.figures(image)


def test_workers_end_with_a_parent_that_is_killed(kept):
    (image,) = kept.bring("hero/a", encoded(photograph("coffee.png")))
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from tests.test_examining import header\n"
        "from seedpipe.core.model import ImageFile\n"
        "from seedpipe.examining import Examiner\n"
        "if __name__ == '__main__':\n"
        f"    image = ImageFile(sha256='{image.sha256}', media_type='image/jpeg', width_px=1, height_px=1,"
        " size_bytes=1)\n"
        f"    kept = Path('{kept.objects}'), Path('{kept.measured}')\n"
        "    examiner = Examiner(header(blur={}), *kept, proof=False)\n"
        "    assert examiner.figures(image)\n"
        "    print(*[one.pid for one in examiner._workers._processes.values()], flush=True)\n"
        "    time.sleep(60)\n"
    )
    script = kept.objects.parent / "parent.py"
    script.write_text(program)
    root = Path(__file__).parents[1]
    process = subprocess.Popen(
        [sys.executable, script],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        workers = [int(word) for word in process.stdout.readline().split()]
        process.kill()
    assert workers
    for _ in range(100):
        if not any(Path(f"/proc/{pid}").exists() for pid in workers):
            return
        time.sleep(0.1)
    pytest.fail("a worker outlives its parent")
