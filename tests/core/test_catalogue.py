from decimal import Decimal
from fractions import Fraction

import pytest

from seedpipe import catalog
from seedpipe.core.catalogue import SizeRule, normalise, size_for_ratio

CATALOGUE = catalog.load()
V4 = "bytedance/seedream-v4"


def judged(model_id, **inputs):
    return normalise(CATALOGUE, CATALOGUE.models[model_id], {"prompt": "A lamp", **inputs})


@pytest.mark.parametrize(
    ("model_id", "given", "sent"),
    [
        (V4, {}, {}),
        (V4, {"prompt": "  A lamp \n"}, {}),
        (V4, {"size": "16:9"}, {"size": "1920*1088"}),
        (V4, {"size": "9:16"}, {"size": "1088*1920"}),
        (V4, {"size": " 2048*2048 "}, {"size": "2048*2048"}),
        (V4, {"size": "2:2"}, {"size": "1408*1408"}),
        (V4, {"size": None}, {}),
        (f"{V4}/sequential", {}, {"max_images": 1}),
        (f"{V4}/sequential", {"max_images": " 4 "}, {"max_images": 4}),
        (f"{V4}/edit", {"images": ["https://x/1.png"]}, {"images": ["https://x/1.png"]}),
    ],
)
def test_what_is_sent(model_id, given, sent):
    request, problems = judged(model_id, **given)
    assert not problems
    assert request == {"prompt": "A lamp", **sent}


@pytest.mark.parametrize(
    ("model_id", "given", "problem"),
    [
        (V4, {"prompt": " "}, ("prompt", "missing-input")),
        (V4, {"prompt": None}, ("prompt", "missing-input")),
        (V4, {"prompt": 7}, ("prompt", "input-type")),
        (V4, {"sise": "1:1"}, ("sise", "unknown-input")),
        (V4, {"max_images": 4}, ("max_images", "unknown-input")),
        (V4, {"enable_base64_output": True}, ("enable_base64_output", "unknown-input")),
        (V4, {"size": "512*512"}, ("size", "size-not-accepted")),
        (V4, {"size": "4097*4096"}, ("size", "size-not-accepted")),
        (V4, {"size": "50:1"}, ("size", "size-not-accepted")),
        (V4, {"size": "large"}, ("size", "input-type")),
        (V4, {"size": 2048}, ("size", "input-type")),
        (V4, {"size": "2048x2048"}, ("size", "input-type")),
        (f"{V4}/sequential", {"max_images": 0}, ("max_images", "input-out-of-range")),
        (f"{V4}/sequential", {"max_images": 16}, ("max_images", "input-out-of-range")),
        (f"{V4}/sequential", {"max_images": 1.5}, ("max_images", "input-type")),
        (f"{V4}/sequential", {"max_images": True}, ("max_images", "input-type")),
        (f"{V4}/sequential", {"max_images": "four"}, ("max_images", "input-type")),
        (f"{V4}/edit", {}, ("images", "missing-input")),
        (f"{V4}/edit", {"images": []}, ("images", "input-out-of-range")),
        (f"{V4}/edit", {"images": ["http://x"]}, ("images", "input-type")),
        (f"{V4}/edit", {"images": "https://x"}, ("images", "input-type")),
        (f"{V4}/edit", {"images": ["https://x"] * 11}, ("images", "input-out-of-range")),
        (
            f"{V4}/edit-sequential",
            {"images": ["https://x"] * 8, "max_images": 8},
            ("max_images", "input-out-of-range"),
        ),
    ],
)
def test_what_is_refused(model_id, given, problem):
    _, problems = judged(model_id, **given)
    assert [(found.name, found.rule) for found in problems] == [problem]


@pytest.mark.parametrize("model_id", sorted(CATALOGUE.models))
def test_a_normalised_request_stays_as_it_is(model_id):
    model = CATALOGUE.models[model_id]
    given = {"images": ["https://x/1.png"]} if "images" in model.inputs else {}
    request, problems = judged(model_id, **given)
    assert not problems
    assert normalise(CATALOGUE, model, request) == (request, [])
    price = model.price(request)
    assert price.total_usd == price.unit_usd * price.images > 0


@pytest.mark.parametrize(
    ("model_id", "given", "cost"),
    [
        (V4, {}, "0.027"),
        (f"{V4}/sequential", {"max_images": 15}, "0.405"),
        ("bytedance/seedream-v4.5/sequential", {"max_images": 3}, "0.12"),
        ("bytedance/seedream-v5.0-lite", {}, "0.035"),
        ("bytedance/seedream-v5.0-pro", {"resolution": "2k"}, "0.09"),
        ("bytedance/seedream-v5.0-pro", {"resolution": "1k"}, "0.045"),
    ],
)
def test_prices(model_id, given, cost):
    request, problems = judged(model_id, **given)
    assert not problems
    assert CATALOGUE.models[model_id].price(request).total_usd == Decimal(cost)


@pytest.mark.parametrize("model_id", sorted(CATALOGUE.models))
def test_every_recommended_size_offered_is_accepted(model_id):
    model = CATALOGUE.models[model_id]
    for size in CATALOGUE.sizes_for(model):
        assert not judged_size(model, str(size))


def judged_size(model, size):
    given = {"images": ["https://x/1.png"]} if "images" in model.inputs else {}
    return normalise(CATALOGUE, model, {"prompt": "x", **given, "size": size})[1]


@pytest.mark.parametrize(
    "ratio", ["1:1", "2:3", "3:2", "4:5", "5:4", "9:16", "16:9", "21:9", "9:21", "1:2", "7:5"]
)
@pytest.mark.parametrize(
    "rule", [SizeRule(min_side_px=1024, max_side_px=4096), SizeRule(min_side_px=64, max_side_px=8192)]
)
def test_a_computed_size_is_near_its_ratio(ratio, rule):
    wanted = Fraction(*map(int, ratio.split(":")))
    size = size_for_ratio(wanted, rule, CATALOGUE.recommended)
    assert size is not None
    assert rule.accepts(size)
    assert abs(Fraction(*size) / wanted - 1) < Fraction(8, 100)
    turned = size_for_ratio(1 / wanted, rule, CATALOGUE.recommended)
    assert turned == size.turned
