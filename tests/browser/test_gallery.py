"""The gallery in a real Chromium, from file://, as a designer walks it; and what must never happen in it."""

import json
from datetime import UTC, datetime

import jsonschema
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from seedpipe import schemas
from seedpipe.core.exported import read_export
from seedpipe.core.lifecycle import Phase
from seedpipe.core.reviewing import Decision, Said
from seedpipe.reports import gallery
from tests.reports.subjects import FAILED, PASSED, WARNED, image, judged, subject

XSS = (
    "</script><script>window.hacked=1</script><img src=x onerror=window.hacked=1> javascript:window.hacked=1"
    ' "onmouseover="window.hacked=1 {{7*7}} ${window.hacked=1} <!--data--> \u202egnp.exe'
)


def campaign(**more):
    jobs = [
        judged(
            "hero", {"product": product, "market": market}, found=[PASSED, WARNED] if market == "us" else []
        )
        for product in ("jar", "tube", "mug")
        for market in ("us", "de")
    ]
    return subject(
        *jobs,
        judged("detail", {"product": "jar"}, takes=2, found=[FAILED]),
        judged("detail", {"product": "tube"}, phase=Phase.FAILED, images=0, error="moderation said no"),
        judged("detail", {"product": "mug"}, phase=Phase.DONE_SHORT, images=1),
        before={"hero/jar/us": judged("hero", {"product": "old", "market": "us"}, prompt="Before").record},
        **more,
    )


@pytest.fixture
def opened(browser, tmp_path):
    """Open the gallery of a subject in a browser of its own, noting its complaints and requests."""
    contexts = []

    def open_it(told, *, name="gallery.html", width=1440, most_images=2000, **options):
        for file, chunks in gallery.pages(told, most_images=most_images):
            (tmp_path / file).write_text("".join(chunks), encoding="utf-8")
        context = browser.new_context(
            viewport={"width": width, "height": 900}, accept_downloads=True, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.complaints = []
        page.asked = []
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(f"file://{tmp_path}/{name}")
        if most_images == 2000:
            page.wait_for_selector("html[data-ready=yes]")
        return page

    yield open_it
    for context in contexts:
        context.close()


def labels(page):
    return page.eval_on_selector_all(".shot", "found => found.map(shot => shot.getAttribute('aria-label'))")


def exported(page):
    with page.expect_download() as download:
        page.click("#export")
    return json.loads(download.value.path().read_text())


def test_a_designer_filters_compares_decides_and_exports(opened):
    page = opened(campaign())
    assert len(labels(page)) == 15
    page.click("text=market ▾")
    page.check("label:has-text('us') >> input")
    page.keyboard.press("Escape")
    assert len(labels(page)) == 6
    assert all("/us," in label for label in labels(page))
    page.focus(".shot[tabindex='0']")
    page.keyboard.press("c")
    page.keyboard.press("j")
    page.keyboard.press("c")
    page.keyboard.press("Space")
    assert page.locator(".pane").count() == 2
    page.keyboard.press("f")
    assert page.locator(".pane:visible").count() == 1
    page.keyboard.press("f")
    assert page.locator(".pane:visible").count() == 2
    page.keyboard.press("Escape")
    assert page.locator("#viewer").is_hidden()
    page.click("#unmark")
    page.focus(".shot >> nth=0")
    page.keyboard.press("k")
    page.keyboard.press("a")
    page.keyboard.press("x")
    assert "1 approved, 1 rejected" in page.inner_text("#tally")
    page.reload()
    page.wait_for_selector("html[data-ready=yes]")
    document = exported(page)
    jsonschema.validate(document, schemas.load("decisions"))
    assert document["campaign"] == "autumn"
    assert [(entry["sha256"], entry["decision"]) for entry in document["decisions"]] == [
        (image("hero/jar/us-1-0").sha256, "approved"),
        (image("hero/jar/us-1-1").sha256, "rejected"),
    ]
    assert document["decisions"][0]["cells"] == [{"address": "hero/jar/us", "index": 0}]
    taken = read_export(json.dumps(document).encode(), "decisions.json", datetime.now(UTC))
    assert [(one.label, one.said.value) for one in taken.decisions] == [
        ("hero/jar/us", "approved"),
        ("hero/jar/us", "rejected"),
    ]
    assert page.complaints == []


def test_what_the_team_has_said_stands_by_the_picture(opened):
    first = image("hero/jar/us-1-0").sha256
    said = [
        Decision(
            sha256=first, by=by, said=word, note=note, at=datetime.now(UTC), cells=("hero/jar/us",), image=1
        )
        for by, word, note in (
            ("Jo", Said.APPROVED, ""),
            (XSS, Said.REJECTED, XSS),
            ("Kim", Said.UNDECIDED, "?"),
        )
    ]
    page = opened(campaign(decisions=lambda sha256: said if sha256 == first else ()))
    page.focus(".shot >> nth=0")
    page.keyboard.press("i")
    told = page.inner_text("aside:visible")
    assert "✓ Jo" in told
    assert "· Kim: ?" in told
    assert "✕ </script>" in told
    assert "rejected by" in labels(page)[0]
    assert "rejected by" not in labels(page)[1]
    assert "0 approved, 0 rejected" in page.inner_text("#tally")  # those are this browser's own
    assert page.evaluate("window.hacked") is None
    assert page.complaints == []


def test_decisions_go_from_one_browser_to_another(opened, tmp_path):
    first = opened(campaign())
    first.keyboard.press("A")
    file = tmp_path / "decisions.json"
    file.write_text(json.dumps(exported(first)))
    second = opened(campaign())
    assert "0 approved" in second.inner_text("#tally")
    second.set_input_files("#import-file", str(file))
    expect(second.locator("#tally")).to_contain_text(
        "2 approved"
    )  # the page's policy forbids polling by eval
    assert "2 decisions taken over" in second.inner_text("#said")


def test_sets_stand_in_a_matrix_of_two_axes(opened):
    page = opened(campaign())
    page.select_option("#rows", "product")
    page.select_option("#columns", "market")
    assert page.eval_on_selector_all("thead th", "found => found.map(head => head.textContent)") == [
        "us",
        "de",
        "—",
    ]
    assert page.eval_on_selector_all("tbody th", "found => found.map(head => head.textContent)") == [
        "jar",
        "tube",
        "mug",
    ]


def test_failed_and_short_sets_say_why_and_earlier_takes_are_compared(opened):
    page = opened(campaign())
    for place, words in (("tube'] .absent", "moderation said no"), ("mug'] h3", "1 of 2 images came")):
        told = page.locator(f"[aria-label='detail/{place}")
        told.scroll_into_view_if_needed()
        expect(told).to_contain_text(words, use_inner_text=True)  # what is out of sight is not laid out yet
    page.locator("[aria-label='detail/jar'] .shot").first.click()
    page.keyboard.press("e")
    captions = page.locator(".pane figcaption").all_inner_texts()
    assert len(captions) == 2
    assert "take 1" in captions[1]
    page.keyboard.press("Escape")
    page.locator("[aria-label='hero/jar/us'] .shot").first.click()
    page.keyboard.press("e")
    assert "before the change" in page.locator(".pane figcaption").nth(1).inner_text()


def test_a_kept_set_is_shown_with_its_badge_and_both_prompts(opened):
    old = judged("hero", {"product": "jar"}, prompt="In autumn")
    job = judged("hero", {"product": "jar"}, prompt="In winter", phase=Phase.PLANNED, images=0, kept=old)
    page = opened(subject(job, world="live", before={"hero/jar": old.record}), bypass_csp=True)
    assert len(labels(page)) == 2
    assert Axe().run(page).response["violations"] == []
    head = page.locator("[aria-label='hero/jar'] h3")
    expect(head.locator(".badge")).to_have_text("kept", use_inner_text=True)
    expect(head).to_contain_text("changed · paid $0.054 · kept", use_inner_text=True)
    assert "not submitted" not in page.inner_text("body")
    page.locator(".shot").first.click()
    details = page.inner_text("#viewer-details")
    assert "Prompt of this picture\n\nIn autumn" in details
    assert "Prompt of the campaign now\n\nIn winter" in details
    assert page.locator("#earlier").is_hidden(), "the picture from before the change is the one that is shown"
    assert page.complaints == []


def test_the_viewer_zooms_to_the_pixels_and_pans(opened):
    page = opened(campaign())
    page.locator(".shot").first.click()
    page.keyboard.press("Space")
    box = page.locator(".view img").bounding_box()
    assert (box["width"], box["height"]) == (240, 160)
    view = page.locator(".view").bounding_box()
    page.mouse.move(view["x"] + 200, view["y"] + 200)
    page.mouse.down()
    page.mouse.move(view["x"] + 230, view["y"] + 210)
    page.mouse.up()
    moved = page.locator(".view img").bounding_box()
    assert (moved["x"] - box["x"], moved["y"] - box["y"]) == (30, 10)


def test_nothing_of_anybody_else_runs(opened):
    told = subject(
        judged("hero", {XSS: XSS}, prompt=XSS, found=[("palette", WARNED[1], XSS, 0)]),
        judged("hero", {"product": XSS}, phase=Phase.FAILED, images=0, error=XSS),
        campaign=XSS,
    )
    page = opened(told)
    page.keyboard.press("i")
    page.wait_for_timeout(200)
    assert page.evaluate("window.hacked") is None
    assert "<script>window.hacked=1</script>" in page.inner_text("#details")
    assert "</script><script>" in page.inner_text("#campaign")
    assert page.locator("#details script, #sets script, #details img").count() == 0
    assert "\u202e" not in page.content()


def test_the_policy_lets_no_other_script_run_and_nothing_reach_the_network(opened):
    page = opened(campaign())
    page.evaluate(
        "() => { try { const script = document.createElement('script');"
        " script.textContent = 'window.hacked=1'; document.body.append(script); } catch { /* refused */ } }"
    )
    assert page.evaluate("window.hacked") is None
    assert page.evaluate("fetch('http://127.0.0.1:9/').then(() => 'reached', () => 'refused')") == "refused"
    assert all(url.startswith(("file:", "data:")) for url in page.asked)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_there_for_everybody(opened, scheme):
    page = opened(campaign(), color_scheme=scheme, bypass_csp=True)
    page.keyboard.press("a")
    page.keyboard.press("i")
    assert Axe().run(page).response["violations"] == []
    page.keyboard.press("Space")
    assert Axe().run(page).response["violations"] == []


def test_a_thousand_pictures_make_a_page_of_less_than_ten_megabytes(opened, tmp_path):
    told = subject(*[judged(f"series-{n % 4}", {"product": str(n)}) for n in range(500)])
    page = opened(told)
    assert len(labels(page)) == 1000
    assert page.evaluate("[...document.querySelectorAll('.shot img')].filter(img => img.src).length") < 400
    # What pictures may take at most, beside what this page has without any to speak of.
    side, most_bytes = gallery.Page(images=1000).picture_size
    assert side >= 320
    assert (tmp_path / "gallery.html").stat().st_size + 1000 * most_bytes * 4 / 3 < 10_000_000


def test_a_long_list_of_keys_has_a_search_field(opened):
    page = opened(subject(*[judged("hero", {"product": f"sku-{n}"}) for n in range(30)]))
    page.click("text=product ▾")
    page.fill("[aria-label='Search product']", "sku-17")
    shown = page.locator(".choice [aria-label='product'] label:visible")
    assert shown.count() == 1
    shown.locator("input").check()
    page.keyboard.press("Escape")
    assert {label.split(",")[0] for label in labels(page)} == {"hero/sku-17"}


def test_search_and_state_find_what_failed(opened):
    page = opened(campaign())
    page.keyboard.press("/")
    page.keyboard.type("moderation")
    assert page.locator(".set").count() == 1
    page.click("#clear")
    page.click("text=state ▾")
    page.check("label:has-text('done short') >> input")
    assert page.locator(".set").count() == 1
    assert labels(page) == ["detail/mug, image 1, open"]


def rows_of(page, address):
    """How many pictures of a set stand in each row."""
    tops = page.eval_on_selector_all(
        f"[aria-label='{address}'] .shot", "found => found.map(shot => shot.getBoundingClientRect().top)"
    )
    return [tops.count(top) for top in dict.fromkeys(tops)]


@pytest.mark.parametrize("width", [1280, 1440, 1920])
def test_a_set_leaves_no_picture_alone_in_a_row(opened, width):
    told = subject(
        judged("hero", {"product": "four"}, images=4, expected=4),
        judged("hero", {"product": "nine"}, images=9, expected=9),
    )
    page = opened(told, width=width)
    for beside in (False, True):
        page.eval_on_selector("#details", "(details, shown) => { details.hidden = !shown; }", beside)
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert rows_of(page, "hero/four") == [4]
        rows = rows_of(page, "hero/nine")
        assert sum(rows) == 9
        assert max(rows) - min(rows) <= 2
        right = page.eval_on_selector_all(
            ".shot", "found => Math.max(...found.map(shot => shot.getBoundingClientRect().right))"
        )
        assert right <= page.eval_on_selector("#sets", "sets => sets.getBoundingClientRect().right")


def test_sets_of_one_picture_stand_side_by_side(opened):
    told = subject(*[judged("hero", {"product": str(n)}, images=1, expected=1) for n in range(6)])
    page = opened(told)
    tops = page.eval_on_selector_all(".set", "found => found.map(set => set.getBoundingClientRect().top)")
    assert tops.count(tops[0]) == 4


def test_a_campaign_too_large_for_a_page_has_one_a_series(opened):
    told = subject(
        *[judged("hero", {"product": str(n)}, found=[WARNED] if n else []) for n in range(3)],
        judged("detail", {"product": "jar"}, found=[FAILED]),
        judged("detail", {"product": "tube"}, phase=Phase.FAILED, images=0, error="moderation said no"),
        campaign="autumn",
    )
    page = opened(told, most_images=4)
    rows = page.eval_on_selector_all("tbody tr", "rows => rows.map(row => row.innerText.split(/\\s+/))")
    assert rows == [["hero", "3", "6", "0", "0", "2"], ["detail", "2", "2", "1", "1", "0"]]
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("html[data-ready=yes]")
    assert page.inner_text("#campaign") == "autumn · hero"
    assert "3 of 5 sets · 6 images" in page.inner_text("#totals")
    assert all(label.startswith("hero/") for label in labels(page))
    page.keyboard.press("a")
    page.click("text=All series")
    page.click("text=detail")
    page.wait_for_selector("html[data-ready=yes]")
    assert labels(page) == [
        "detail/jar, image 1, open",
        "detail/jar, image 2, open, the picture is one colour",
    ]
    page.click("text=All series")
    page.click("text=hero")
    page.wait_for_selector("html[data-ready=yes]")
    assert "1 approved" in page.inner_text("#tally")
    assert page.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_index_of_series_is_there_for_everybody(opened, scheme):
    told = subject(
        judged("hero", {"product": "jar"}, found=[WARNED, FAILED]),
        judged("detail", {"product": "jar"}, phase=Phase.FAILED, images=0),
    )
    page = opened(told, most_images=1, color_scheme=scheme, bypass_csp=True)
    assert Axe().run(page).response["violations"] == []


@pytest.mark.parametrize(
    ("jobs", "words"),
    [
        ((), "There are no sets in this run."),
        ((judged("hero", {"p": "a"}, phase=Phase.PLANNED, images=0),), "not submitted"),
        ((judged("hero", {"p": "a"}, phase=Phase.FAILED, images=0, error="refused"),), "refused"),
    ],
)
def test_a_page_without_pictures_says_why_and_no_key_breaks_it(opened, jobs, words):
    page = opened(subject(*jobs))
    expect(page.locator("#sets")).to_contain_text(words, use_inner_text=True)
    for key in "jkJKaxuAXcfei":
        page.keyboard.press(key)
    page.keyboard.press("Space")
    assert "No picture is chosen." in page.inner_text("#details")
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()
    page.keyboard.press("Escape")
    assert page.complaints == []


def test_long_names_and_prompts_stay_inside_the_page(opened):
    long = "a-key-that-is-a-whole-sentence-" * 5
    told = subject(
        judged(
            "hero",
            {"product": long, "market": "de", "channel": "story", "season": "autumn"},
            prompt="A lamp. " * 400,
        ),
        campaign=long,
    )
    page = opened(told, width=1280)
    page.keyboard.press("i")
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    assert page.evaluate("document.getElementById('sets').scrollWidth") <= page.evaluate(
        "document.getElementById('sets').clientWidth"
    )
    assert page.locator("#filters .choice").count() == 8
