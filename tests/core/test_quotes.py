"""What the service asks today against the plan: which questions, and what the answers mean."""

from decimal import Decimal

import pytest

from seedpipe.core.catalogue import ProjectModel
from seedpipe.core.errors import InputError
from seedpipe.core.model import Job, job_id
from seedpipe.core.quotes import (
    AccountReview,
    PriceQuestion,
    Quote,
    questions,
    refuse_dearer,
    refuse_unpriced,
    why_no_resend,
)

SET = "bytedance/seedream-v4/sequential"
SINGLE = "bytedance/seedream-v4"
PRICED = {SET: ("max_images",), SINGLE: ()}


def a_job(prompt, model=SET, cost="0.108", **inputs):
    request = {"prompt": prompt, **inputs}
    return Job(
        job_id=job_id(model, request),
        model=model,
        request=request,
        outputs_expected=1,
        cost_usd=Decimal(cost),
    )


def a_quote(asked, planned="0.108", jobs=3, doubts=0):
    question = PriceQuestion(
        model=SET,
        inputs={"prompt": "a", "max_images": 4},
        terms={"max_images": 4},
        planned_usd=Decimal(planned),
        jobs=jobs,
        doubts=doubts,
    )
    return Quote(question=question, asked_usd=Decimal(asked))


def test_a_question_stands_for_all_jobs_of_one_price():
    jobs = [
        a_job("a", max_images=4, size="1:1"),
        a_job("b", max_images=4, size="16:9"),
        a_job("c", max_images=2, cost="0.054"),
        a_job("d", model=SINGLE, cost="0.027"),
        a_job("e", model=SINGLE, cost="0.027"),
    ]
    asked = questions(jobs, PRICED.__getitem__)
    assert [(q.label, q.jobs, q.planned_usd) for q in asked] == [
        (f"{SET} with max_images=4", 2, Decimal("0.108")),
        (f"{SET} with max_images=2", 1, Decimal("0.054")),
        (SINGLE, 2, Decimal("0.027")),
    ]
    assert asked[0].inputs == jobs[0].request, "asked with a whole request: partial inputs give a floor"


def test_no_jobs_no_questions():
    assert questions([], PRICED.__getitem__) == []


def test_a_price_that_rose_stops_everything_and_says_by_how_much():
    review = AccountReview(new_usd=Decimal(1), quotes=(a_quote("0.12"), a_quote("0.1")))
    with pytest.raises(InputError) as raised:
        refuse_dearer(review, prices_as_of="2026-10-01")
    words = str(raised.value)
    assert f"{SET} with max_images=4 costs $0.12, planned at $0.108 (3 jobs)" in words
    assert "$0.036 more in total" in words
    assert "nothing was sent" in words
    assert "2026-10-01" in raised.value.hint


@pytest.mark.parametrize("asked", ["0.108", "0.1080", "0.1"])
def test_the_same_price_or_a_lower_one_goes_on(asked):
    refuse_dearer(AccountReview(new_usd=Decimal(1), quotes=(a_quote(asked),)), prices_as_of="")


def test_what_is_worth_knowing_is_remarked():
    cheaper = AccountReview(new_usd=Decimal(1), quotes=(a_quote("0.1"), a_quote("0.108")))
    assert cheaper.remarks == (
        f"cheaper than planned: {SET} with max_images=4 costs $0.10, planned at $0.108 (3 jobs)",
    )
    poor = AccountReview(new_usd=Decimal(1), balance_usd=Decimal("0.99"), silences=("hush",))
    low, hush = poor.remarks
    assert "$0.99" in low
    assert "$1.00" in low
    assert hush == "hush"
    assert AccountReview(new_usd=Decimal(1), balance_usd=Decimal(1)).remarks == ()
    assert AccountReview(new_usd=Decimal(1)).remarks == ()


def test_jobs_in_doubt_are_asked_about_too_and_counted_apart():
    new, doubt, other = a_job("a", max_images=4), a_job("b", max_images=4), a_job("c", SINGLE, "0.027")
    asked = questions([new], PRICED.__getitem__, [doubt, other])
    assert [(question.model, question.jobs, question.doubts) for question in asked] == [
        (SET, 1, 1),
        (SINGLE, 0, 1),
    ]


def test_a_price_that_rose_for_jobs_in_doubt_alone_refuses_nothing_but_to_send_them_again():
    review = AccountReview(new_usd=Decimal(0), quotes=(a_quote("0.12", jobs=0, doubts=2),))
    refuse_dearer(review, prices_as_of="")
    assert "costs $0.12, planned at $0.108 (2 jobs)" in why_no_resend(review, [], {})
    fell = AccountReview(new_usd=Decimal(0), quotes=(a_quote("0.1", jobs=0, doubts=2),))
    assert (why_no_resend(fell, [], {}), fell.remarks) == ("", ())
    assert why_no_resend(AccountReview(new_usd=Decimal(0), quotes=(a_quote("0.2"),)), [], {}) == ""


@pytest.mark.parametrize(("jobs", "doubts"), [(1, 0), (0, 1), (1, 1)])
def test_a_model_that_only_the_project_prices_is_paid_at_a_price_that_the_service_names(jobs, doubts):
    asked = [a_quote("0.1", jobs=jobs, doubts=doubts).question]
    own = {
        SET: ProjectModel(spec=None, as_of="2026-01-01", origin="https://api.test", path="models/set.yaml")
    }
    silent = AccountReview(new_usd=Decimal(1))
    assert bool(why_no_resend(silent, asked, own)) is (doubts > 0)
    if jobs:
        with pytest.raises(InputError, match="did not name the price"):
            refuse_unpriced(silent, asked, own)
    else:
        refuse_unpriced(silent, asked, own)
