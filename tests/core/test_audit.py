"""Each kind of contradiction is planted and found; what is only late is not one."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from seedpipe.core.audit import Kind, account_faults, history_faults, record_faults, weigh_bills
from seedpipe.core.bills import BillKind
from seedpipe.core.lifecycle import Event, Phase
from seedpipe.core.records import Account, Step
from tests.core.books import (
    MODEL,
    NOW,
    PRICE,
    SENT,
    TO_DONE,
    TO_DOUBT,
    TO_FAILED,
    bill_for,
    later,
    paid,
    with_attempt,
)

REFUND = BillKind.REFUND


def kinds(discrepancies):
    return [found.kind for found in discrepancies]


# ---- history and record -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "payment",
    [
        paid("a"),
        paid("a", *TO_FAILED),
        paid("a", *TO_DOUBT, Event.SURELY_ABSENT, *TO_DONE),
        paid("a", Event.ADOPTED, Event.COMPLETED, Event.SET_SHORT),
        later(paid("a"), 2, Event.REDO_INTENDED, Event.ACCEPTED),
        later(paid("a", *TO_FAILED), 2, Event.ADOPTED),
    ],
)
def test_a_history_that_the_table_allows_is_sound(payment):
    assert list(history_faults(payment)) == []
    assert list(record_faults(payment)) == []


@pytest.mark.parametrize(
    ("payment", "words"),
    [
        (with_attempt(paid("a"), phase=Phase.FAILED), "its events end in 'done'"),
        (replace(paid("a"), steps=()), "'planned'"),
        (replace(paid("a"), steps=paid("a").steps[1:]), "'accepted' cannot lead from 'planned'"),
        (replace(paid("a"), steps=paid("a").steps[:-1]), "end in 'fetching'"),
        (replace(paid("a"), steps=paid("a").steps[:1] + paid("a").steps[2:]), "cannot lead"),
        (with_attempt(paid("a"), number=2), "as its first event"),
        (with_attempt(replace(paid("a"), steps=()), number=2), "it has no events"),
        (
            replace(paid("a"), steps=(Step(event=Event.INTENT_RECORDED, phase=Phase.DONE, at=SENT),)),
            "cannot lead from 'planned' to 'done'",
        ),
    ],
)
def test_a_history_that_does_not_lead_to_the_phase_is_told(payment, words):
    (found,) = history_faults(payment)
    assert (found.kind, found.subject, found.job_id) == (
        Kind.HISTORY_BROKEN,
        "hero/a/us",
        payment.job.job_id,
    )
    assert words in found.message


@pytest.mark.parametrize(
    "payment",
    [
        with_attempt(paid("a"), prediction_id=None),
        with_attempt(paid("a", *TO_DONE[:2]), prediction_id=None),
        replace(paid("a"), outputs=paid("a").outputs[:1]),
    ],
)
def test_a_record_that_lacks_what_its_phase_needs_is_told(payment):
    assert kinds(record_faults(payment)) == [Kind.RECORD_INCOMPLETE]


# ---- accounts -----------------------------------------------------------------------------------


def accounts(**micros):
    names = {"run": "run-1", "campaign": "autumn", "month": "2026-11 aurora"}
    return [Account(kind=kind, name=names[kind], committed_usd=Decimal(usd)) for kind, usd in micros.items()]


PAYMENTS = [paid("a"), paid("b", *TO_DOUBT), paid("c", *TO_FAILED)]


def test_accounts_that_add_up_are_sound():
    said = accounts(run="0.108", campaign="0.108", month="0.108")
    assert list(account_faults(said, PAYMENTS)) == []
    assert list(account_faults(accounts(run="0"), [PAYMENTS[2]])) == []


@pytest.mark.parametrize(
    ("said", "subject"),
    [
        (accounts(run="0.108", campaign="0.162", month="0.108"), "campaign autumn"),
        (accounts(run="0.108", campaign="0.108", month="0"), "month 2026-11 aurora"),
        (accounts(campaign="0.108", month="0.108"), "run run-1"),
    ],
)
def test_an_account_that_does_not_add_up_is_told(said, subject):
    (found,) = account_faults(said, PAYMENTS)
    assert (found.kind, found.subject) == (Kind.ACCOUNT_OFF, subject)


def test_an_account_of_nobody_is_told():
    (found,) = account_faults(accounts(campaign="0.01"), [])
    assert "$0.01" in found.message


# ---- bills --------------------------------------------------------------------------------------


def test_bills_that_match_are_clean_whatever_their_order():
    payments = [paid("a"), paid("b"), paid("c", *TO_FAILED)]
    bills = [
        bill_for(payments[2], kind=REFUND),
        *(bill_for(payment) for payment in reversed(payments)),
    ]
    weighed = weigh_bills(payments, bills, NOW)
    assert weighed.discrepancies == ()
    assert (weighed.planned_usd, weighed.billed_usd, weighed.bills) == (2 * PRICE, 2 * PRICE, 4)
    assert (weighed.waiting, weighed.others) == (0, 0)


@pytest.mark.parametrize(
    ("events", "bills", "kind"),
    [
        (TO_DONE, [], Kind.UNBILLED),
        (TO_DONE, [{}, {"number": 2}], Kind.BILLED_TWICE),
        (TO_DONE, [{"usd": "0.081"}], Kind.PRICE_DIFFERS),
        (TO_DONE, [{"usd": "0.027"}], Kind.PRICE_DIFFERS),
        (TO_DONE, [{}, {"kind": REFUND}], Kind.PRICE_DIFFERS),
        (TO_DONE, [{}, {"number": 2}, {"kind": REFUND}], None),
        (TO_DONE[:2], [], Kind.UNBILLED),
        (TO_FAILED, [{}], Kind.NOT_REFUNDED),
        (TO_FAILED, [], None),
        (TO_FAILED, [{}, {"kind": REFUND}], None),
        (TO_FAILED, [{}, {"kind": REFUND, "usd": "0.027"}], Kind.NOT_REFUNDED),
        ((*TO_DONE[:2], Event.EXPIRED), [{}], None),
    ],
)
def test_a_bill_that_is_not_what_the_plan_said_is_told(events, bills, kind):
    payment = paid("a", *events)
    weighed = weigh_bills([payment], [bill_for(payment, **bill) for bill in bills], NOW)
    assert kinds(weighed.discrepancies) == ([kind] if kind else [])


def test_a_young_task_is_not_judged_yet():
    young = paid("a", at=NOW - timedelta(minutes=9))
    assert weigh_bills([young], [], NOW).waiting == 1
    assert weigh_bills([young], [], NOW).discrepancies == ()
    assert kinds(weigh_bills([young], [], NOW + timedelta(minutes=2)).discrepancies) == [Kind.UNBILLED]


def test_a_refund_has_three_hours():
    failed = paid("a", *TO_FAILED, at=NOW - timedelta(hours=2, minutes=59))
    assert weigh_bills([failed], [bill_for(failed)], NOW).waiting == 1
    overdue = weigh_bills([failed], [bill_for(failed)], NOW + timedelta(minutes=2))
    assert kinds(overdue.discrepancies) == [Kind.NOT_REFUNDED]


def test_moderation_is_summed_and_not_complained_about():
    refused = paid("a", *TO_FAILED, code=1200)
    weighed = weigh_bills([refused], [bill_for(refused)], NOW)
    assert (weighed.discrepancies, weighed.moderated_usd, weighed.billed_usd) == ((), PRICE, PRICE)


def test_one_bill_on_two_pages_is_one_bill():
    payment = paid("a")
    weighed = weigh_bills([payment], [bill_for(payment), bill_for(payment)], NOW)
    assert (weighed.discrepancies, weighed.bills) == ((), 1)


def test_bills_of_others_are_counted_and_left_alone():
    ours, others = paid("a"), paid("b")
    top_up = replace(bill_for(others), kind=BillKind.OTHER, prediction_id=None)
    weighed = weigh_bills([ours], [bill_for(ours), bill_for(others), top_up], NOW)
    assert (weighed.discrepancies, weighed.others, weighed.billed_usd) == ((), 1, PRICE)


@pytest.mark.parametrize(
    "events",
    [
        TO_DOUBT,
        (*TO_DOUBT, Event.WRITTEN_OFF),
        (*TO_DOUBT, Event.SURELY_ABSENT),
        (*TO_DOUBT, Event.SURELY_ABSENT, *TO_DONE),
        TO_DOUBT[:1],
    ],
)
def test_a_bill_for_a_request_that_was_in_doubt_is_told(events):
    doubted = paid("a", *events)
    stray = bill_for(doubted, task="stray000", at=SENT + timedelta(seconds=3))
    own = [bill_for(doubted)] if doubted.attempt.prediction_id else []
    (found,) = weigh_bills([doubted], [*own, stray], NOW).discrepancies
    assert (found.kind, found.subject) == (Kind.BILLED_UNKNOWN, "hero/a/us")
    assert "stray000" in found.message


@pytest.mark.parametrize(
    ("changed", "events"),
    [
        ({"at": SENT + timedelta(minutes=11)}, TO_DOUBT),
        ({"at": SENT - timedelta(minutes=3)}, TO_DOUBT),
        ({"usd": "0.027"}, TO_DOUBT),
        ({}, (Event.INTENT_RECORDED, Event.RATE_LIMITED)),
        ({}, (*TO_DOUBT, Event.FOUND)),
        ({}, TO_DONE),
    ],
)
def test_a_strangers_bill_is_not_taken_for_ours(changed, events):
    payment = paid("a", *events)
    own = [bill_for(payment)] if payment.attempt.prediction_id else []
    weighed = weigh_bills([payment], [*own, bill_for(payment, task="stray000", **changed)], NOW)
    assert (weighed.discrepancies, weighed.others) == ((), 1)


def test_another_models_bill_is_a_strangers():
    doubted = paid("a", *TO_DOUBT)
    stray = replace(bill_for(doubted, task="stray000"), model=MODEL + "-other")
    assert weigh_bills([doubted], [stray], NOW).others == 1


def test_each_doubt_explains_one_bill():
    doubted = paid("a", *TO_DOUBT)
    strays = [bill_for(doubted, task=f"stray00{number}") for number in range(3)]
    weighed = weigh_bills([doubted], strays, NOW)
    assert (kinds(weighed.discrepancies), weighed.others) == ([Kind.BILLED_UNKNOWN], 2)
