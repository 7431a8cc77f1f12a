"""What the service offers becomes a model, exactly or not at all."""

from dataclasses import replace
from decimal import Decimal

import pytest

from seedpipe import catalog
from seedpipe.core.catalogue import InputKind, Offer
from seedpipe.core.offers import Unfit, changes, levelled, read_offer, samples

SHIPPED = catalog.load().models
SEQUENTIAL = SHIPPED["bytedance/seedream-v4/sequential"]
PROMPT = {"prompt": {"type": "string"}}
QUALITY = {"quality": {"type": "string", "enum": ["low", "high"], "default": "low"}}
COUNT = {"count": {"type": "integer", "minimum": 1, "maximum": 4, "default": 1}}


def offer(formula="", required=("prompt",), **properties):
    return Offer(
        model_id="acme/painter",
        base_price_usd=Decimal("0.05"),
        formula=formula,
        properties=PROMPT | properties,
        required=frozenset(required),
    )


def price(formula, **properties):
    model = read_offer(offer(formula, **properties), None).model
    return model.unit_usd, model.unit_by, model.count_input


def test_a_formula_becomes_a_rule_of_plain_numbers():
    unit, half = Decimal("0.05"), Decimal("0.025")
    by_quality = ("quality", {"low": unit, "high": Decimal("0.1")})
    assert price("") == (unit, None, None)
    assert price('{"total_price": base_price * count}', **COUNT) == (unit, None, "count")
    assert price('quality = "high" ? 0.1 : base_price', **QUALITY) == (unit, by_quality, None)
    dear = '(quality = "high" ? 0.1 : base_price) * count'
    assert price(dear, **QUALITY, **COUNT) == (unit, by_quality, "count")
    assert price("base_price / 2", **COUNT) == (half, None, None)
    assert price('quality = "high" ? 0.05 : base_price', **QUALITY) == (unit, None, None)


@pytest.mark.parametrize(
    ("formula", "why"),
    [
        ("base_price * seconds", "depends on 'seconds'"),
        ("base_price * $count(images)", "depends on 'images'"),
        ("count > 2 ? 0.1 : 0.05", "not a fixed amount for each 'count'"),
        ("base_price + count * 0.01", "not a fixed amount for each"),
        ("$eval('1')", "not supported"),
    ],
)
def test_a_price_that_no_rule_states_is_never_guessed(formula, why):
    images = {"images": {"type": "array", "items": {"type": "string"}}}
    with pytest.raises(Unfit, match=why.replace("(", r"\(")):
        price(formula, **COUNT, **images)


def test_inputs_are_read_and_what_campaigns_cannot_give_is_said():
    strange = {
        "loras": {"type": "array"},
        "enable_sync_mode": {"type": "boolean"},
        "mask": {"type": "string"},
    }
    size = {"size": {"type": "string", "default": "1024*1024", "minimum": 256, "maximum": 1536}}
    offered = read_offer(offer(**QUALITY, **COUNT, **strange, **size), None)
    kinds = {name: spec.kind for name, spec in offered.model.inputs.items()}
    assert kinds == {
        "prompt": InputKind.TEXT,
        "quality": InputKind.CHOICE,
        "count": InputKind.INTEGER,
        "size": InputKind.SIZE,
    }
    assert str(offered.model.inputs["size"].size) == "256 to 1536 pixels a side"
    assert [remark.split("'")[1] for remark in offered.remarks] == ["loras", "mask"]


@pytest.mark.parametrize(
    ("required", "properties"), [(("prompt", "mask"), {"mask": {"type": "string"}}), (("a",), {})]
)
def test_a_model_that_cannot_be_asked_is_unfit(required, properties):
    asked = offer(required=required, **properties)
    if not properties:
        asked = replace(asked, properties={"a": {"type": "string"}})
    with pytest.raises(Unfit):
        read_offer(asked, None)


def test_what_the_service_does_not_tell_of_a_known_model_stays():
    said = Offer(
        model_id=SEQUENTIAL.model_id,
        base_price_usd=Decimal("0.03"),
        formula='{"total_price": base_price * max_images}',
        properties=PROMPT
        | {"size": {"type": "string", "default": "2048*2048"}}
        | {"max_images": {"type": "integer", "minimum": 1, "maximum": 15, "default": 1}},
        required=frozenset({"prompt"}),
    )
    offered = read_offer(said, SEQUENTIAL)
    assert offered.model == replace(SEQUENTIAL, unit_usd=Decimal("0.03"))
    assert changes(SEQUENTIAL, offered.model) == ("price: $0.027 x max_images → $0.03 x max_images",)
    assert "64 to 16384" in read_offer(said, None).remarks[0]


def answers(model, price_of):
    return [(inputs, Decimal(price_of(inputs))) for inputs in samples(model)]


def test_the_price_that_this_account_pays_is_the_one_that_counts():
    offered = read_offer(offer('(quality = "high" ? 0.1 : base_price) * count', **QUALITY, **COUNT), None)
    cheaper = {"low": Decimal("0.04"), "high": Decimal("0.08")}
    paid = levelled(offered, answers(offered.model, lambda asked: cheaper[asked["quality"]] * asked["count"]))
    assert paid.model.unit_by == ("quality", cheaper)
    assert paid.remarks == ("this account pays $0.04 an image, the list says $0.05",)
    assert len(samples(offered.model)) == 4


def test_a_list_that_hides_what_the_price_depends_on_is_found_out():
    offered = read_offer(offer("", **QUALITY, **COUNT), None)
    with pytest.raises(Unfit, match=r"asks \$0.20 with quality=low, count=4"):
        levelled(offered, answers(offered.model, lambda asked: Decimal("0.05") * asked["count"]))


def test_every_change_is_named():
    old = read_offer(offer(**COUNT, **QUALITY), None).model
    new = read_offer(
        offer(count={"type": "integer", "minimum": 1, "maximum": 8}, style={"type": "string"}), None
    ).model
    assert changes(None, new) == ("new",)
    assert changes(old, old) == ()
    assert changes(old, new) == (
        "input 'count': default 1 → none, maximum 4 → 8",
        "input 'quality' is gone",
        "input 'style' is new",
    )
