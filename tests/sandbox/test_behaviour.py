"""What the sandbox answers, as a function of what it is asked and when."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import pytest

from seedpipe.sandbox.switches import BadInput, InputsKey, UnknownInputs

SEQUENTIAL = "bytedance/seedream-v4/sequential"
EDIT = "bytedance/seedream-v4/edit"


def test_a_submit_is_answered_in_the_services_envelope(service):
    here = service()
    reply = here.submit(SEQUENTIAL, max_images=3, size="2048*2048")
    data = reply.body["data"]
    assert (reply.status, reply.body["code"], reply.body["message"]) == (200, 200, "success")
    assert re.fullmatch(r"[0-9a-f]{32}", data["id"])
    assert data["created_at"] == "2026-05-19T06:09:15.948268000Z"
    assert data["urls"]["get"].endswith(f"/api/v3/predictions/{data['id']}/result")
    assert (data["status"], data["outputs"], data["error"]) == ("created", [], "")
    assert data["timings"] == {"inference": 0}
    json.dumps(reply.body)


@pytest.mark.parametrize(
    ("after_s", "status", "images", "inference_ms"),
    [
        (0, "created", 0, 0),
        (0.9, "created", 0, 0),
        (1, "processing", 0, 0),
        (9.99, "processing", 0, 0),
        (10, "completed", 2, 10_000),
        (99, "completed", 2, 10_000),
    ],
)
def test_a_task_ripens_with_time_alone(service, after_s, status, images, inference_ms):
    here = service(task_latency_s=10.0)
    task = here.submitted(SEQUENTIAL, max_images=2)
    here.pass_time(after_s)
    data = here.data(task)
    assert (data["status"], len(data["outputs"]), data["executionTime"]) == (status, images, inference_ms)


def test_output_files_exist_once_the_task_is_completed(service):
    here = service(task_latency_s=5.0)
    task = here.submitted("bytedance/seedream-v5.0-lite", size="2560*1440", output_format="png")
    assert here.sandbox.picture(task, "1.png", here.now) is None
    here.pass_time(5)
    url = here.data(task)["outputs"][0]
    assert url.endswith(f"/outputs/{task}/1.png")
    picture = here.sandbox.picture(task, "1.png", here.now)
    assert (picture.size, picture.format, picture.number, picture.of) == ((2560, 1440), "png", 1, 1)
    for absent in ("1.jpeg", "2.png", "0.png", "01.png", "../1.png"):
        assert here.sandbox.picture(task, absent, here.now) is None


@pytest.mark.parametrize(
    ("inputs", "size"),
    [
        ({}, (1024, 1024)),
        ({"resolution": "2k"}, (2048, 2048)),
        ({"aspect_ratio": "16:9", "resolution": "1.5k"}, (2048, 1152)),
    ],
)
def test_models_without_size_draw_by_ratio_and_resolution(service, inputs, size):
    here = service()
    task = here.submitted("bytedance/seedream-v5.0-pro", **({"resolution": "1k"} | inputs))
    here.pass_time(1)
    assert here.sandbox.picture(task, "1.jpeg", here.now).size == size


@pytest.mark.parametrize(
    ("model", "inputs", "usd"),
    [
        ("bytedance/seedream-v4", {}, "0.027"),
        (SEQUENTIAL, {}, "0.027"),
        (SEQUENTIAL, {"max_images": 15}, "0.405"),
        ("bytedance/seedream-v5.0-pro", {"resolution": "2k"}, "0.090"),
        ("bytedance/seedream-v5.0-pro", {}, "0.045"),
    ],
)
def test_a_submit_is_charged_once_and_the_price_says_so(service, model, inputs, usd):
    here = service(balance_usd=Decimal(10))
    asked = here.sandbox.price({"model_id": model, "inputs": {"prompt": "a lamp", **inputs}})
    task = here.submitted(model, **inputs)
    [charge] = here.book.charges()
    assert (charge.prediction_id, charge.model, charge.at) == (task, model, here.now)
    assert charge.usd == Decimal(usd)
    assert charge.inputs == {"prompt": "a lamp", **inputs}
    assert asked.body["data"]["price"] == float(usd)
    assert here.balance() == float(10 - Decimal(usd))
    legacy = here.sandbox.price({"model_id": model, "inputs": inputs}, legacy=True)
    assert legacy.body["data"] == {"model_id": model, "unit_price": float(usd), "currency": "USD"}


BAD = [
    (SEQUENTIAL, {"prompt": "  "}, 1400),
    (SEQUENTIAL, {"max_images": 16}, 1401),
    (SEQUENTIAL, {"max_images": True}, 1401),
    (SEQUENTIAL, {"size": "16:9"}, 1401),
    (SEQUENTIAL, {"size": "512*512"}, 1401),
    (SEQUENTIAL, {"size": 2048}, 1401),
    (EDIT, {}, 1400),
    (EDIT, {"images": ["http://example.org/a.png"]}, 1401),
    (EDIT, {"images": ["http://[bad"]}, 1401),
    (EDIT, {"images": [7]}, 1401),
    ("bytedance/seedream-v5.0-lite", {"output_format": "gif"}, 1401),
]


@pytest.mark.parametrize(("model", "inputs", "code"), BAD)
def test_bad_input_is_refused_or_fails_later_by_the_switch(service, model, inputs, code):
    strict, lenient = service(), service(bad_input=BadInput.AS_TASK)
    refused = strict.submit(model, **inputs)
    assert (refused.status, refused.body["code"]) == (400, 400)
    assert refused.body["message"]
    assert strict.book.charges() == []
    task = lenient.submitted(model, **inputs)
    lenient.pass_time(1)
    data = lenient.data(task)
    assert (data["status"], data["code"], data["outputs"]) == ("failed", code, [])
    assert data["error"]
    assert len(lenient.book.charges()) == 1


def test_unknown_inputs_are_dropped_or_refused_by_the_switch(service):
    dropping, refusing = service(), service(unknown_inputs=UnknownInputs.REJECTED)
    dropping.submitted(SEQUENTIAL, max_image=4)
    assert dropping.book.charges()[0].usd == Decimal("0.027")
    assert dropping.book.charges()[0].inputs == {"prompt": "a lamp"}
    assert refusing.submit(SEQUENTIAL, max_image=4).status == 400
    assert refusing.submit(SEQUENTIAL, enable_sync_mode=False).status == 200


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ({"model": "bytedance/seedream-v44"}, "did you mean 'bytedance/seedream-v4'"),
        ({"webhook": "https://example.org/hook"}, "this machine only"),
        ({"webhook": "http://example.org/hook"}, "this machine only"),
        ({"webhook": "https://127.0.0.1/hook"}, "this machine only"),
        ({"webhook": "http://127.0.0.1:99999999/hook"}, "this machine only"),
        ({"webhook": ""}, "this machine only"),
        ({"prompt": "a lamp [sandbox: explode]"}, "[sandbox: explode]"),
        ({"prompt": "a lamp [sandbox: fail]"}, "fail CODE"),
    ],
)
def test_what_the_sandbox_cannot_do_is_said(service, call, words):
    here = service()
    reply = here.submit(**call)
    assert 400 <= reply.status < 500
    assert words in reply.body["message"]
    assert here.book.charges() == []


# ---- rehearsals and faults ----------------------------------------------------------------------


def test_a_directive_makes_the_task_fail(service):
    here = service()
    task = here.submitted(prompt="a lamp [sandbox: fail 1200]")
    here.pass_time(1)
    data = here.data(task)
    assert (data["status"], data["code"]) == ("failed", 1200)
    assert "moderation" in data["error"]


@pytest.mark.parametrize(("short", "left"), [(0, 4), (2, 2), (4, 0), (9, 0)])
def test_a_directive_makes_a_set_short(service, short, left):
    here = service()
    task = here.submitted(SEQUENTIAL, max_images=4, prompt=f"a lamp [sandbox: short {short}]")
    here.pass_time(1)
    assert len(here.data(task)["outputs"]) == left
    assert here.book.charges()[0].usd == Decimal("0.108")


def test_directives_combine_and_slow_means_seconds(service):
    here = service()
    task = here.submitted(SEQUENTIAL, max_images=4, prompt="[Sandbox: slow 30] a lamp [sandbox:short 1]")
    here.pass_time(29)
    assert here.data(task)["status"] == "processing"
    here.pass_time(1)
    assert len(here.data(task)["outputs"]) == 3


def test_a_directive_loses_the_answer_but_not_the_task(service):
    here = service()
    assert here.submit(prompt="a lamp [sandbox: lose]").cut
    assert len(here.listed()) == len(here.book.charges()) == 1


def test_short_sets_spare_single_images(service):
    here = service(short_by=2)
    tasks = [here.submitted(SEQUENTIAL, max_images=count) for count in (1, 2, 5)]
    here.pass_time(1)
    assert [len(here.data(task)["outputs"]) for task in tasks] == [1, 1, 3]


@pytest.mark.parametrize(
    ("switches", "seen"),
    [
        ({"unavailable_every": 3}, [200, 200, 503, 200, 200, 503]),
        ({"bad_gateway_every": 2}, [200, 502, 200, 502, 200, 502]),
        ({"lose_every": 3}, [200, 200, "cut", 200, 200, "cut"]),
        ({"slow_answer_every": 4, "slow_answer_s": 2.5}, [200, 200, 200, "late", 200, 200]),
    ],
)
def test_faults_come_every_nth_time(service, switches, seen):
    here = service(**switches)
    replies = [here.submit() for _ in seen]
    shown = ["cut" if each.cut else "late" if each.delay_s == 2.5 else each.status for each in replies]
    assert shown == seen
    accepted = len(seen) - seen.count(503)
    assert len(here.book.charges()) == len(here.listed()) == accepted


def test_every_nth_task_fails_with_the_code(service):
    here = service(fail_every=2, fail_code=5003)
    tasks = [here.submitted() for _ in range(4)]
    here.pass_time(1)
    assert [here.data(task).get("code") for task in tasks] == [None, 5003, None, 5003]


def test_an_empty_account_answers_402(service):
    here = service(balance_usd=Decimal("0.05"))
    assert [here.submit().status for _ in range(3)] == [200, 402, 402]
    assert len(here.book.charges()) == 1


def test_the_rate_frees_itself_as_the_minute_passes(service):
    here = service(images_per_minute=5)
    assert here.submit(SEQUENTIAL, max_images=3).status == 200
    here.pass_time(20)
    assert here.submit(SEQUENTIAL, max_images=2).status == 200
    refused = here.submit()
    assert (refused.status, refused.headers["Retry-After"]) == (429, "40")
    assert here.submit(SEQUENTIAL, max_images=4).headers["Retry-After"] == "60"
    here.pass_time(39.9)
    assert here.submit().status == 429
    here.pass_time(0.1)
    assert here.submit().status == 200
    assert len(here.book.charges()) == 3


def test_a_set_counts_once_when_the_switch_says_so(service):
    here = service(images_per_minute=2, rate_counts_images=False)
    assert [here.submit(SEQUENTIAL, max_images=9).status for _ in range(3)] == [200, 200, 429]


# ---- the list -----------------------------------------------------------------------------------


def test_the_list_is_newest_first_and_filters(service):
    here = service(task_latency_s=30.0)
    first = here.submitted()
    here.pass_time(20)
    second = here.submitted(SEQUENTIAL)
    here.pass_time(20)
    third = here.submitted(prompt="x [sandbox: fail 1403] [sandbox: slow 0]")
    assert here.listed() == [third, second, first]
    assert here.listed(model=SEQUENTIAL) == [second]
    assert here.listed(status="completed") == [first]
    assert here.listed(status="failed") == [third]
    assert here.listed(created_after="2026-05-19T06:09:30Z") == [third, second]
    assert here.listed(created_before="2026-05-19T08:09:30+02:00") == [first]
    assert here.listed(created_after=here.data(second)["created_at"]) == [third, second]
    assert here.listed(page_size=2) == [third, second]
    assert here.listed(page_size=2, page=2) == [first]
    assert here.listed(page=9) == []


@pytest.mark.parametrize(
    "query",
    [
        {"page_size": 101}, {"page_size": 0}, {"page": 0}, {"page": "1"}, {"page": True},
        {"created_after": "yesterday"}, {"created_before": "2026-05-19T06:09:15"}, {"model": 5},
        {"status": []},
    ],
)  # fmt: skip
def test_a_list_query_that_makes_no_sense_is_refused(service, query):
    assert service().listing(**query).status == 400


@pytest.mark.parametrize("key", list(InputsKey))
def test_inputs_are_repeated_as_the_switches_say(service, key):
    here = service(list_inputs=key, result_inputs=key)
    task = here.submitted(prompt=" a lamp\n", size="1024*1024", enable_sync_mode=False)
    inputs = {"prompt": " a lamp\n", "size": "1024*1024", "enable_sync_mode": False}
    [item] = here.listing(include_inputs=True).body["data"]["items"]
    for shown in (item, here.data(task)):
        assert {name: shown[name] for name in ("inputs", "input") if name in shown} == (
            {key.value: inputs} if key.value else {}
        )
    [bare] = here.listing().body["data"]["items"]
    assert not {"inputs", "input"} & bare.keys()


def test_sizes_are_respelled_in_the_list_alone(service):
    here = service(respells_sizes=True, result_inputs=InputsKey.INPUTS)
    task = here.submitted(size="1024*1024")
    [item] = here.listing(include_inputs=True).body["data"]["items"]
    assert item["inputs"]["size"] == "1024x1024"
    assert here.data(task)["inputs"]["size"] == "1024*1024"


def test_defaults_are_repeated_when_the_switch_says_so(service):
    here = service(shows_defaults=True)
    here.submitted(SEQUENTIAL)
    [item] = here.listing(include_inputs=True).body["data"]["items"]
    assert item["inputs"] == {"prompt": "a lamp", "size": "2048*2048", "max_images": 1}


def test_a_task_shows_in_the_list_after_the_lag_but_answers_at_once(service):
    here = service(list_lag_s=30.0)
    task = here.submitted()
    here.pass_time(29)
    assert here.listed() == []
    assert here.result(task).status == 200
    here.pass_time(1)
    assert here.listed() == [task]


def test_everything_is_forgotten_after_seven_days_but_the_charge(service):
    here = service()
    task = here.submitted()
    here.pass_time(7 * 24 * 3600)
    assert here.listed() == [task]
    here.pass_time(1)
    assert here.listed() == []
    assert here.result(task).status == 404
    assert here.sandbox.picture(task, "1.jpeg", here.now) is None
    assert here.sandbox.delete({"ids": [task]}, here.now).body["data"] == {"deleted_count": 0}
    assert len(here.book.charges()) == 1


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("reads", [True, False])
def test_a_key_is_revoked_once_so_many_requests_were_accepted(service, status, reads):
    here = service(revoke_after=2, revoked_status=status, revoked_reads=reads)
    first, _ = here.submitted(), here.submitted()
    assert here.submit().status == status
    assert len(here.book.charges()) == 2
    for answer in (here.result(first), here.listing(), here.sandbox.balance(here.now)):
        assert answer.status == (status if reads else 200)
    here.pass_time(1)
    assert here.sandbox.picture(first, "1.jpeg", here.now), "files need no key"


@pytest.mark.parametrize(("shows_deleted", "status", "listed"), [(False, 404, 0), (True, 200, 1)])
def test_deleting_forgets_the_task_and_keeps_the_charge(service, shows_deleted, status, listed):
    here = service(shows_deleted=shows_deleted)
    task = here.submitted()
    here.pass_time(1)
    reply = here.sandbox.delete({"ids": [task, task, "0" * 32]}, here.now)
    assert reply.body["data"] == {"deleted_count": 1}
    assert here.result(task).status == status
    assert len(here.listed()) == listed
    assert here.sandbox.picture(task, "1.jpeg", here.now) is None
    assert len(here.book.charges()) == 1
    for nonsense in ({}, {"ids": "x"}, {"ids": [1]}):
        assert here.sandbox.delete(nonsense, here.now).status == 400


@pytest.mark.parametrize("present", [True, False])
def test_nsfw_flags_are_there_or_not_by_the_switch(service, present):
    here = service(shows_nsfw_flags=present)
    task = here.submitted(SEQUENTIAL, max_images=2)
    here.pass_time(1)
    assert here.data(task).get("has_nsfw_contents") == ([False, False] if present else None)


# ---- sync mode, models, uploads -----------------------------------------------------------------


def test_sync_mode_holds_the_answer_until_the_task_is_ready(service):
    here = service(task_latency_s=8.0)
    reply = here.submit(enable_sync_mode=True)
    assert (reply.delay_s, reply.body["data"]["status"]) == (8.0, "completed")
    assert len(reply.body["data"]["outputs"]) == 1


def test_sync_mode_gives_up_at_its_limit_and_the_task_runs_on(service):
    here = service(task_latency_s=100.0)
    reply = here.submit(enable_sync_mode=True)
    data = reply.body["data"]
    assert (reply.status, reply.body["code"], reply.delay_s) == (200, 200, 90.0)
    assert (data["status"], data["code"]) == ("processing", 5004)
    assert data["error"].startswith("Sync mode timed out")
    here.pass_time(100)
    assert here.data(data["id"])["status"] == "completed"


def test_models_are_listed_with_prices_and_schemas(service):
    models = {entry["model_id"]: entry for entry in service().sandbox.models("http://x").body["data"]}
    assert len(models) == 16
    assert models["bytedance/seedream-v4"]["formula"] == ""
    assert models[SEQUENTIAL]["formula"] == '{"total_price": base_price * max_images}'
    assert models["bytedance/seedream-v5.0-pro"]["formula"] == (
        '{"total_price": resolution = "2k" ? 0.090 : base_price}'
    )
    [schema] = models[SEQUENTIAL]["api_schema"]["api_schemas"]
    assert (schema["type"], schema["api_path"]) == ("model_run", f"/api/v3/{SEQUENTIAL}")
    assert schema["request_schema"]["required"] == ["prompt"]
    limits = schema["request_schema"]["properties"]["max_images"]
    assert (limits["minimum"], limits["maximum"], limits["default"]) == (1, 15, 1)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 404),
        ({"model_id": "x"}, 404),
        ({"model_id": SEQUENTIAL, "inputs": []}, 400),
        ({"model_id": SEQUENTIAL, "inputs": {"max_images": 99}}, 400),
        ({"model_id": 7}, 400),
    ],
)
def test_a_price_that_cannot_be_told_is_refused(service, query, status):
    assert service().sandbox.price(query).status == status


def test_a_reference_must_have_been_uploaded(service):
    here = service()
    uploads = here.sandbox.uploads
    ticket = uploads.announce(
        {"filename": "a/b ö.png", "size": 3, "content_type": "image/png"}, here.now, "http://127.0.0.1:1"
    ).body["data"]
    assert (ticket["filename"], ticket["type"], ticket["size"]) == ("b ö.png", "image", 3)
    assert ticket["upload"]["method"] == "PUT"
    url = ticket["download_url"]
    early = here.submitted(EDIT, images=[url])
    upload_id = url.split("/")[4]
    headers = {"content-type": "image/png"}
    assert uploads.fill(upload_id, {"content-type": "image/jpeg"}, b"abc", here.now).status == 403
    assert uploads.fill(upload_id, headers, b"ab", here.now).status == 400
    assert uploads.fill(upload_id, headers | {"authorization": "Bearer k"}, b"abc", here.now).status == 400
    assert uploads.fill("0" * 32, headers, b"abc", here.now).status == 404
    assert uploads.fill(upload_id, headers, b"abc", here.now).status == 200
    late = here.submitted(EDIT, images=[url.replace(":1/", ":2/"), "https://example.org/b.png"])
    here.pass_time(1)
    assert (here.data(early)["status"], here.data(early)["code"]) == ("failed", 1402)
    assert here.data(late)["status"] == "completed"


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"filename": "a", "size": -1},
        {"filename": "a", "size": 201 * 2**20},
        {"filename": "a", "content_type": "é"},
    ],
)
def test_an_upload_that_makes_no_sense_is_refused(service, query):
    here = service()
    assert here.sandbox.uploads.announce(query, here.now, "http://x").status == 400
