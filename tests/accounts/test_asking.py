"""Asking for prices and balance: every silence is a word for the user, and none lasts long."""

from decimal import Decimal

import pytest

from seedpipe.accounts import ask_account
from seedpipe.core.errors import Malformed, Refused, Unavailable
from seedpipe.core.quotes import PriceQuestion
from tests.fakes.clock import FakeClock, run_virtually
from tests.fakes.provider import FakeProvider

MODEL = "bytedance/seedream-v4/sequential"


def a_question(images):
    inputs = {"prompt": "a lamp", "max_images": images}
    return PriceQuestion(
        model=MODEL, inputs=inputs, terms={"max_images": images}, planned_usd=Decimal("0.1"), jobs=1
    )


def asked(questions, *, faults=(), lag_s=0.05):
    provider = FakeProvider(FakeClock())
    provider.account_faults = list(faults)
    provider.account_s = lag_s
    return run_virtually(ask_account(provider, questions, new_usd=Decimal(1))), provider


def test_every_question_is_asked_once_and_answered():
    review, provider = asked([a_question(1), a_question(2)])
    assert {q.question.inputs["max_images"]: q.asked_usd for q in review.quotes} == {
        1: Decimal("0.10"),
        2: Decimal("0.20"),
    }
    assert review.balance_usd == 100
    assert review.silences == ()
    assert len(provider.account_asked) == 3


@pytest.mark.parametrize(
    "fault", [Unavailable("HTTP 503"), Malformed("no number"), Refused("no", status=401)]
)
def test_silence_is_said_and_nothing_is_raised(fault):
    review, _ = asked([a_question(1)], faults=[fault, fault])
    assert review.balance_usd is None
    assert review.quotes == ()
    assert sorted(review.silences) == [
        f"the balance is unknown: {fault}",
        f"the price of {MODEL} with max_images=1 is unknown: {fault}",
    ]


def test_one_answer_that_is_missing_leaves_the_others():
    review, _ = asked([a_question(1), a_question(2)], faults=[Unavailable("HTTP 503")])
    assert (review.balance_usd, len(review.quotes), len(review.silences)) == (None, 2, 1)


def test_a_slow_account_does_not_keep_a_run_from_starting():
    review, _ = asked([a_question(1)], lag_s=3600)
    assert (review.balance_usd, review.quotes) == (None, ())
    assert "within 20 s" in review.silences[0]


def test_more_questions_than_make_sense_are_not_asked():
    review, provider = asked([a_question(number) for number in range(1, 61)])
    assert len(provider.account_asked) == 51
    assert "of 60 different prices only 50 were asked" in review.silences
