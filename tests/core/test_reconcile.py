"""What becomes of doubts, as tables; and properties over any service, list and clock."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedpipe.core.matching import Match, compare, unread_images
from seedpipe.core.model import Job, Prediction
from seedpipe.core.reconcile import (
    Doubt,
    Fate,
    Known,
    Listing,
    Rules,
    calibrated,
    clusters,
    doubt_of,
    settle,
    settle_time_s,
    span,
    strays,
)
from seedpipe.core.records import JobRecord, OpenRequest

T = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MODEL = "m/a"
RULES = Rules()
BODY = {"prompt": "a lamp", "max_images": 2}
LATER_S = 200.0


def s(seconds):
    return timedelta(seconds=seconds)


def doubt(body=None, at_s=0.0, job="job", model=MODEL, *, told=True):
    """A request in doubt; `told` says whether the service's clock was known when its intent was recorded."""
    body = BODY if body is None else body
    return Doubt(job_id=job, model=model, body=body, intent_at=T + s(at_s), on_service_clock=told)


def item(name, inputs=None, at_s=1.0, model=MODEL):
    made = None if at_s is None else T + s(at_s)
    return Prediction(prediction_id=name, model=model, status="created", created_at=made, inputs=inputs)


def listing(*items, at_s=LATER_S, complete=True, skew_s=0.0):
    server_now = None if skew_s is None else T + s(at_s + skew_s)
    return Listing(items=items, complete=complete, asked_at=T + s(at_s), server_now=server_now)


def known(*owned, accepted=None, others=(), sent=None):
    """What the ledger knows; `others` are requests not judged along, or bodies of such at T."""
    times = {name: T + s(at_s) for name, at_s in (accepted or {}).items()}
    sent = sent or {}
    others = tuple(map(open_request, others))
    return Known(owned=frozenset({*owned, *sent}), accepted=times, others=others, sent=sent)


def open_request(request):
    return request if isinstance(request, Doubt) else doubt(request, job="other")


THREE = BODY | {"max_images": 3}
OURS = item("o", BODY)  # asked by what `known(sent=...)` says


def fates(doubts, listed, knows=None, rules=RULES):
    decisions = settle(doubts, listed, knows or known(), rules)
    assert [decision.doubt for decision in decisions] == list(doubts)
    return decisions


def fate(listed, knows=None, asked=None):
    (decision,) = fates([asked or doubt()], listed, knows)
    return decision


@pytest.mark.parametrize(
    ("shown", "match"),
    [
        (BODY, Match.SAME),
        (BODY | {"size": "2048*2048"}, Match.SAME),  # the service shows a default
        ({"prompt": " a  lamp\n", "max_images": 2.0}, Match.SAME),
        ({"prompt": "a lamp"}, Match.MAYBE),  # the service dropped a field, or does not show it
        ({}, Match.MAYBE),
        (None, Match.MAYBE),
        ({"prompt": "a lamp", "max_images": 3}, Match.NEAR),
        ({"prompt": "a  lamp", "max_images": True}, Match.NEAR),
        ({"prompt": "a lamp", "max_images": "2"}, Match.NEAR),
        ({"prompt": "a Lamp"}, Match.OTHER),
        ({"prompt": "a Lamp", "max_images": 2}, Match.OTHER),
        ({"max_images": 3}, Match.OTHER),  # nothing says that it is ours
        ({"prompt": ["a lamp"], "max_images": 3}, Match.OTHER),
    ],
)
def test_what_counts_as_the_same_request(shown, match):
    assert compare(MODEL, BODY, item("p", shown)) is match


@pytest.mark.parametrize(
    ("sent", "shown", "match"),
    [
        ({"a": [1, {"b": "x "}]}, {"a": [1.0, {"b": "x"}]}, Match.SAME),
        ({"a": [1, 2]}, {"a": [2, 1]}, Match.OTHER),
        ({"a": [1]}, {"a": [1, 2]}, Match.OTHER),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, Match.OTHER),
        ({"a": None}, {"a": None}, Match.SAME),
        ({"a": True}, {"a": True}, Match.SAME),
        ({"a": True}, {"a": 1}, Match.OTHER),
        ({"a": 0}, {"a": False}, Match.OTHER),
        ({"a": [1, 2]}, {"a": [1, 3]}, Match.OTHER),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, Match.OTHER),
        ({"a": "x"}, {"a": ["x"]}, Match.OTHER),
        ({"a": ["x"]}, {"a": "x"}, Match.OTHER),
        ({"a": [1]}, {"a": {"b": 1}}, Match.OTHER),
        ({"a": {"b": 1}}, {"a": [1]}, Match.OTHER),
        ({"a": {"b": 1}}, {"a": 1}, Match.OTHER),
        ({"a": "e\u0301"}, {"a": "\u00e9"}, Match.SAME),
        ({}, {"a": 1}, Match.SAME),
    ],
)
def test_values_are_compared_as_a_service_may_repeat_them(sent, shown, match):
    assert compare(MODEL, sent, item("p", shown)) is match


def test_another_name_of_the_model_leaves_it_open():
    assert compare(MODEL, BODY, item("p", BODY, model="m/b")) is Match.MAYBE
    assert compare(MODEL, BODY, item("p", BODY, model="")) is Match.SAME


def test_a_listed_request_is_found_at_once():
    decision = fate(listing(item("p", BODY), at_s=2))
    assert (decision.fate, decision.prediction.prediction_id) == (Fate.FOUND, "p")


@pytest.mark.parametrize(
    ("listed", "knows", "expected"),
    [
        (listing(), known(), Fate.ABSENT),
        (listing(item("p", BODY)), known("p"), Fate.ABSENT),  # it is another attempt's
        (listing(item("p", BODY | {"prompt": "a chair"})), known(), Fate.ABSENT),
        (listing(item("p", BODY | {"max_images": 3})), known(), Fate.UNCLEAR),  # another, or another spelling
        (listing(item("p", BODY | {"max_images": 3})), known("p"), Fate.ABSENT),
        (listing(item("p", BODY | {"max_images": 3}, at_s=-300)), known(), Fate.ABSENT),
        (listing(item("p", BODY | {"max_images": 3})), known(others=[THREE]), Fate.ABSENT),  # surely its own
        (listing(item("p", BODY | {"max_images": 4})), known(others=[THREE]), Fate.WAITING),
        (listing(item("p", BODY | {"max_images": 3}), item("q")), known(), Fate.UNCLEAR),
        # It writes one of ours otherwise than we sent it: then an unequal value proves nothing.
        (listing(OURS, item("p", {"prompt": "x"})), known(sent={"o": THREE}), Fate.UNCLEAR),
        (listing(OURS, item("p", {"prompt": "x"}, at_s=-300)), known(sent={"o": THREE}), Fate.ABSENT),
        (listing(OURS, item("p", {"prompt": "x"})), known("p", sent={"o": THREE}), Fate.ABSENT),
        (listing(OURS), known(sent={"o": THREE}), Fate.ABSENT),
        (listing(OURS, item("p", {"prompt": "x"})), known(sent={"o": {"prompt": "y"}}), Fate.UNCLEAR),
        (listing(OURS, item("p", {"prompt": "x"})), known(sent={"o": BODY}), Fate.ABSENT),
        (listing(OURS, item("p", {"prompt": "x"})), known(sent={"o": BODY | {"n": 1}}), Fate.ABSENT),
        (listing(OURS, item("p")), known(sent={"o": THREE}), Fate.UNCLEAR),  # nothing is counted either
        (listing(OURS, item("p", BODY)), known(sent={"o": THREE}), Fate.FOUND),
        (listing(OURS, item("p", {"prompt": "x"})), known(sent={"o": THREE}, others=[THREE]), Fate.WAITING),
        (listing(OURS, item("p", THREE)), known(sent={"o": THREE}, others=[THREE]), Fate.ABSENT),
        (listing(OURS, item("p", {"prompt": "x"}), at_s=179), known(sent={"o": THREE}), Fate.WAITING),
        (listing(at_s=179), known(), Fate.WAITING),
        (listing(at_s=180), known(), Fate.ABSENT),
        (listing(complete=False), known(), Fate.WAITING),
        (listing(), known(accepted={"q": 5}), Fate.WAITING),  # the list lacks what surely is there
        (listing(item("q", {})), known("q", accepted={"q": 5}), Fate.ABSENT),
        # Ours is the time of acceptance, and either reading of our clock may be right.
        (listing(at_s=200, skew_s=300), known(accepted={"q": 100}), Fate.ABSENT),  # then too young to show
        (listing(at_s=400, skew_s=-100), known(accepted={"q": 0}), Fate.ABSENT),  # then before the window
        (listing(at_s=600, skew_s=500), known(accepted={"q": 200}), Fate.ABSENT),  # then after it
        (listing(), known(accepted={"q": -60}), Fate.WAITING),
        (listing(at_s=700), known(accepted={"q": 420}), Fate.WAITING),
        (listing(item("p", BODY, at_s=-240)), known(), Fate.FOUND),  # on the edge of the window
        (listing(item("p", BODY, at_s=420), at_s=600), known(), Fate.FOUND),
        (listing(item("p", {"prompt": "a lamp"})), known(others=[{"prompt": "x"}, BODY]), Fate.WAITING),
        (listing(item("p", {"prompt": "a lamp"})), known(others=[{"prompt": "x"}]), Fate.FOUND),
        (listing(at_s=7 * 86400), known(), Fate.ABSENT),  # just remembered
        (listing(), known(accepted={"q": 46}), Fate.WAITING),  # it came little later
        (listing(), known(accepted={"q": 47}), Fate.ABSENT),  # may not be listed yet, being so young
        (listing(), known(accepted={"q": -70}), Fate.ABSENT),  # may have been made before the window
        (listing(), known(accepted={"q": -50}), Fate.WAITING),
        (listing(item("p", BODY, at_s=-300)), known(), Fate.ABSENT),  # before the window
        (listing(item("p", BODY, at_s=500), at_s=600), known(), Fate.ABSENT),  # after it
        (listing(item("p", BODY, at_s=-200)), known(), Fate.FOUND),
        (listing(item("p", BODY, at_s=None)), known(), Fate.FOUND),
        (listing(item("p", BODY)), known(others=[BODY]), Fate.WAITING),  # the answer may be on its way
        (listing(item("p")), known(others=[BODY]), Fate.WAITING),
        (listing(item("p", BODY)), known(others=[{"prompt": "x"}]), Fate.FOUND),
        (listing(item("p")), known(others=[doubt(at_s=241)]), Fate.WAITING),
        (listing(item("p")), known(others=[doubt(at_s=242)]), Fate.FOUND),  # made before that one was asked
        (listing(item("p")), known(others=[doubt(at_s=-419)]), Fate.WAITING),
        (listing(item("p")), known(others=[doubt(at_s=-420)]), Fate.FOUND),  # and so long after this one
        (listing(item("p", BODY)), known(others=[doubt(at_s=241)]), Fate.WAITING),
        (listing(item("p", BODY)), known(others=[doubt(at_s=242)]), Fate.FOUND),
        (listing(item("p", at_s=None)), known(others=[doubt(at_s=86400)]), Fate.WAITING),
        (listing(), known(others=[doubt()]), Fate.ABSENT),
        (listing(at_s=8 * 86400), known(), Fate.UNCLEAR),  # the list has forgotten that time
        (listing(item("p")), known(), Fate.FOUND),  # one doubt, one prediction that does not say
        (listing(item("p"), at_s=179), known(), Fate.WAITING),
        (listing(item("p"), item("q")), known(), Fate.UNCLEAR),
    ],
)
def test_one_doubt(listed, knows, expected):
    assert fate(listed, knows).fate is expected


def test_an_unclear_doubt_names_what_could_be_it():
    assert fate(listing(item("p"), item("q"), item("r", {"prompt": "x"}))).candidates == ("p", "q")


def test_what_could_be_it_is_named_also_where_nothing_is_proved():
    """Of what the list shows otherwise only what has our prompt is looked at: the account is shared."""
    listed = listing(OURS, item("p", {"prompt": "x"}), item("q", THREE), item("r"))
    assert fate(listed, known(sent={"o": THREE})).candidates == ("q", "r")


def test_a_list_that_was_not_literal_once_is_not_relied_on_again():
    listed = listing(item("p", {"prompt": "x"}))
    (decision,) = fates([doubt()], listed, rules=replace(RULES, literal=False))
    assert decision.fate is Fate.UNCLEAR
    assert calibrated(replace(RULES, literal=False), MODEL, listed, known()).literal is False
    assert calibrated(RULES, MODEL, listed, known(sent={"p": {"prompt": "x"}})) is RULES


def test_two_requests_that_differ_in_one_value_are_told_apart_by_a_literal_list():
    lost, cut = doubt(BODY, job="lost"), doubt(THREE, job="cut")
    decisions = fates([lost, cut], listing(item("p", THREE)))
    assert [d.fate for d in decisions] == [Fate.ABSENT, Fate.FOUND]


def test_two_requests_that_differ_in_one_value_are_both_held_when_it_is_spelled_otherwise():
    lost, cut = doubt(BODY, job="lost"), doubt(THREE, job="cut")
    decisions = fates([lost, cut], listing(item("p", BODY | {"max_images": "three"})))
    assert [(d.fate, d.candidates) for d in decisions] == [(Fate.UNCLEAR, ("p",))] * 2


@pytest.mark.parametrize("skew_s", [-7200, -30, 0, 30, 7200])
@pytest.mark.parametrize("set_right", [False, True])
def test_a_clock_that_is_wrong_or_was_set_meanwhile_hides_nothing(skew_s, set_right):
    """The service makes the task at T + 1 s of its clock; ours said T, or what the skew makes of it."""
    asked = doubt(at_s=0 if set_right else -skew_s, told=False)
    listed = Listing(
        items=(item("p", BODY),), complete=True, asked_at=T + s(LATER_S - skew_s), server_now=T + s(LATER_S)
    )
    assert fate(listed, asked=asked).fate is Fate.FOUND
    empty = Listing(items=(), complete=True, asked_at=T + s(2 - skew_s), server_now=T + s(2))
    assert fate(empty, asked=asked).fate is Fate.WAITING


def test_without_the_services_clock_the_window_is_wider():
    early = item("p", BODY, at_s=-3000)
    for skew_s in (None, 0):  # known by now is too late: our clock may have been set right since
        assert fate(listing(early, skew_s=skew_s)).fate is Fate.ABSENT
        assert fate(listing(early, skew_s=skew_s), asked=doubt(told=False)).fate is Fate.FOUND


@pytest.mark.parametrize("skew_s", [-7200, 7200, None])
def test_an_intent_on_the_services_clock_needs_no_clock_of_ours(skew_s):
    assert fate(listing(item("p", BODY), skew_s=None)).fate is Fate.FOUND
    told_now = Listing(
        items=(),
        complete=True,
        asked_at=T + s(179 - (skew_s or 0)),
        server_now=None if skew_s is None else T + s(179),
    )
    assert fate(told_now).fate is Fate.WAITING


def test_equal_requests_only_count():
    three = [doubt(job=name, at_s=n) for n, name in enumerate("abc")]
    decisions = fates(three, listing(item("p", BODY, 1), item("q", BODY, 2)))
    assert [d.fate for d in decisions] == [Fate.FOUND, Fate.FOUND, Fate.ABSENT]
    assert {d.prediction.prediction_id for d in decisions[:2]} == {"p", "q"}


def test_of_equal_predictions_the_one_nearest_in_time_is_taken():
    old, near = item("old", BODY, -200), item("near", BODY, 2)
    assert fate(listing(near, old)).prediction is near
    assert fate(listing(old, near)).prediction is near


def test_one_whose_time_is_known_is_nearer_than_one_whose_time_is_not():
    dated, undated = item("dated", BODY, 90), item("undated", BODY, None)
    assert fate(listing(undated, dated)).prediction is dated


def test_near_is_near_to_either_reading_of_our_clock():
    between, near = item("between", BODY, 3600), item("near", BODY, 7201)
    listed = listing(between, near, at_s=LATER_S, skew_s=7200)
    assert fate(listed, asked=doubt(told=False)).prediction is near


def test_what_may_be_older_than_the_lists_memory_is_unclear():
    listed = listing(at_s=7 * 86400 - 400, skew_s=500)
    assert fate(listed, asked=doubt(told=False)).fate is Fate.UNCLEAR


def test_one_that_is_held_for_good_does_not_hide_the_next():
    """The first can only be `p`; the second would rather have it, and takes `q`."""
    two = [doubt({"x": 1, "z": 1}, 0, "1"), doubt({"x": 1}, 5, "2")]
    p, q = item("p", {"x": 1, "z": 1}, 5), item("q", {"x": 1, "z": 2}, 100)
    assert [d.prediction for d in fates(two, listing(p, q, at_s=110))] == [p, q]


def test_others_move_along_a_chain_to_make_room():
    """The third can only be `p`, which the first took; that one moves to `q`, and its holder to `r`."""
    three = [doubt({"x": 1}, 0, "1"), doubt({"y": 1}, 5, "2"), doubt({"x": 1, "z": 1}, 20, "3")]
    p = item("p", {"x": 1, "y": 2, "z": 1}, 1)
    q = item("q", {"x": 1, "y": 1, "z": 2}, 10)
    r = item("r", {"x": 2, "y": 1, "z": 2}, 100)
    assert [d.prediction for d in fates(three, listing(p, q, r))] == [q, r, p]


def test_a_prediction_with_defaults_goes_where_it_is_needed():
    """`both` fits either doubt, `plain` only the first: taking the nearest first would leave one out."""
    first, second = doubt({"prompt": "x"}, job="1"), doubt({"prompt": "x", "n": 1}, job="2", at_s=5)
    both, plain = item("both", {"prompt": "x", "n": 1}, 0), item("plain", {"prompt": "x", "n": 2}, 90)
    decisions = fates([first, second], listing(both, plain))
    assert [d.prediction.prediction_id for d in decisions] == ["plain", "both"]


@pytest.mark.parametrize("names", ["p", "pqr"])
def test_predictions_that_do_not_say_are_never_given_to_one_of_different_requests(names):
    two = [doubt({"prompt": "x"}, job="1"), doubt({"prompt": "y"}, job="2")]
    assert {d.fate for d in fates(two, listing(*map(item, names)))} == {Fate.UNCLEAR}
    assert {d.fate for d in fates(two, listing(item("p"), item("q")))} == {Fate.UNCLEAR}


def test_equal_requests_take_as_many_predictions_that_do_not_say():
    two = [doubt(job="1"), doubt(job="2")]
    found = fates(two, listing(item("p"), item("q")))
    assert {d.prediction.prediction_id for d in found} == {"p", "q"}
    assert {d.fate for d in fates(two, listing(item("p")))} == {Fate.UNCLEAR}


def test_nothing_is_given_by_counting_while_a_result_may_still_tell():
    """The other request was found in a stranger's task; what is left over is its own, not ours."""
    unread = replace(listing(item("p")), unasked=frozenset({"p"}))
    assert fate(unread).fate is Fate.WAITING
    assert fate(replace(unread, unasked=frozenset({"q"}))).fate is Fate.FOUND


def test_half_said_predictions_go_to_the_only_request_they_can_be():
    two = [doubt({"prompt": "x", "n": 1}, job="1"), doubt({"prompt": "y", "n": 1}, job="2")]
    decisions = fates(two, listing(item("p", {"prompt": "y"})))
    assert [d.fate for d in decisions] == [Fate.ABSENT, Fate.FOUND]


def test_doubts_far_apart_are_looked_for_apart():
    doubts = [doubt(at_s=0), doubt(at_s=86400), doubt(at_s=400), doubt(at_s=10, model="m/b")]
    groups = clusters(doubts, s(0), RULES)
    assert groups == [[doubts[0], doubts[2]], [doubts[1]], [doubts[3]]]
    window = span(groups[0], s(0), RULES)
    assert (window.after, window.before) == (T - s(240), T + s(400 + 180 + 240))


def test_a_long_window_holds_doubts_together_over_a_short_one():
    """Told apart, the first could take the picture of the last, which no other doubt of its group may be."""
    undated = doubt({"prompt": "x"}, at_s=0, job="undated", told=False)
    early = doubt({"prompt": "y"}, at_s=-2000, job="early")
    late = doubt({"prompt": "z"}, at_s=2000, job="late")
    after = doubt({"prompt": "z"}, at_s=9000, job="after")
    [group, alone] = clusters([undated, early, after, late], s(0), RULES)
    assert [each.job_id for each in group] == ["undated", "early", "late"]
    assert alone == [after]
    decisions = fates(group, listing(item("p", at_s=2001), at_s=2300))
    assert [d.fate for d in decisions] == [Fate.UNCLEAR, Fate.ABSENT, Fate.UNCLEAR]


def test_windows_that_only_touch_belong_together():
    touching = doubt(at_s=660)  # 420 after the first and 240 before it
    assert clusters([doubt(), touching], s(0), RULES) == [[doubt(), touching]]
    assert len(clusters([doubt(), doubt(at_s=661)], s(0), RULES)) == 2


def test_equal_requests_that_may_be_different_predictions_are_not_told_by_counting():
    """Two doubts and two predictions, but one of them is outside of one doubt's window."""
    two = [doubt(job="1"), doubt(job="2", at_s=600)]
    decisions = fates(two, listing(item("p", at_s=-200), item("q", at_s=410), at_s=900))
    assert [(d.fate, d.candidates) for d in decisions] == [
        (Fate.UNCLEAR, ("p", "q")),
        (Fate.UNCLEAR, ("q",)),
    ]


@pytest.mark.parametrize(
    ("said_s", "lag_s", "settle_s"),
    [(180, None, 180), (180, 0.0, 180), (180, 60.0, 180), (180, 61.0, 183), (2, 5.0, 15), (0, 0.0, 0)],
)
def test_a_list_that_was_late_once_makes_the_settle_time_longer_and_never_shorter(said_s, lag_s, settle_s):
    assert settle_time_s(said_s, lag_s) == settle_s


def test_strays_surely_ask_the_same_and_are_nobodys():
    items = [item("p", BODY), item("mine", BODY), item("other", {"prompt": "x"}), item("silent")]
    assert [p.prediction_id for p in strays([(MODEL, BODY), (MODEL, BODY)], items, {"mine"})] == ["p"]


# --- any service, any list ---

BODIES = [{"prompt": "x"}, {"prompt": "x", "n": 1}, {"prompt": "y"}, {"prompt": "y", "n": 1}]
SHOWN = [*BODIES, {"prompt": "x", "n": 2}, {}, None]
doubts_of = st.lists(st.tuples(st.sampled_from(BODIES), st.integers(0, 300)), min_size=1, max_size=5)
others_of = st.lists(st.tuples(st.sampled_from(BODIES), st.integers(-600, 900)), max_size=2)
items_of = st.lists(st.tuples(st.sampled_from(SHOWN), st.integers(-600, 900)), max_size=6)


@st.composite
def situations(draw):
    told = draw(st.booleans())
    doubts = [doubt(body, at_s, job=f"j{n}", told=told) for n, (body, at_s) in enumerate(draw(doubts_of))]
    items = [item(f"p{n}", shown, at_s) for n, (shown, at_s) in enumerate(draw(items_of))]
    listed = listing(
        *items,
        at_s=draw(st.integers(0, 900)),
        complete=draw(st.booleans()),
        skew_s=draw(st.sampled_from([None, 0, -500, 500])),
    )
    owned = draw(st.sets(st.sampled_from([i.prediction_id for i in items]))) if items else set()
    accepted = draw(st.dictionaries(st.sampled_from(["p0", "q"]), st.integers(-100, 300)))
    others = [doubt(body, at_s, job="other", told=told) for body, at_s in draw(others_of)]
    sent = {name: draw(st.sampled_from(BODIES)) for name in sorted(owned)} if draw(st.booleans()) else {}
    return doubts, listed, known(*owned, accepted=accepted, others=others, sent=sent)


@given(situations())
def test_nothing_is_given_twice_and_nothing_of_another(situation):
    doubts, listed, knows = situation
    given_out = [d.prediction for d in fates(doubts, listed, knows) if d.fate is Fate.FOUND]
    assert max(Counter(p.prediction_id for p in given_out).values(), default=1) == 1
    assert not {p.prediction_id for p in given_out} & knows.owned
    for decision in fates(doubts, listed, knows):
        if decision.fate is Fate.FOUND:
            asked = decision.doubt
            assert compare(MODEL, asked.body, decision.prediction) is not Match.OTHER
            assert RULES.window(asked, listed.skew).holds(decision.prediction.created_at)


def could_answer(asked, listed_item, listed, *matches):
    """Whether a prediction lies in a request's window and compares with it in one of these ways."""
    in_window = RULES.window(asked, listed.skew).holds(listed_item.created_at)
    return in_window and compare(MODEL, asked.body, listed_item) in matches


@given(situations())
def test_nothing_is_given_away_that_may_answer_a_request_that_is_not_judged(situation):
    doubts, listed, knows = situation
    for decision in fates(doubts, listed, knows):
        if decision.fate is Fate.FOUND:
            alike = {Match.SAME, compare(MODEL, decision.doubt.body, decision.prediction)}
            assert not any(could_answer(other, decision.prediction, listed, *alike) for other in knows.others)


@given(situations())
def test_absent_is_said_only_when_nothing_could_be_it(situation):
    doubts, listed, knows = situation
    decisions = fates(doubts, listed, knows)
    taken = {d.prediction.prediction_id for d in decisions if d.fate is Fate.FOUND}
    shown = {i.prediction_id: i for i in listed.items}
    is_literal = not any(
        compare(MODEL, body, shown[name]) in {Match.NEAR, Match.OTHER} for name, body in knows.sent.items()
    )
    for decision in decisions:
        if decision.fate is not Fate.ABSENT:
            continue
        asked = decision.doubt
        assert listed.complete
        assert listed.now >= asked.intent_at + s(RULES.settle_s)
        window = RULES.window(asked, listed.skew)
        assert not [
            i
            for i in listed.items
            if i.prediction_id not in knows.owned | taken
            and window.holds(i.created_at)
            and (compare(MODEL, asked.body, i) is not Match.OTHER or not is_literal)
            and not (
                compare(MODEL, asked.body, i) in {Match.NEAR, Match.OTHER}
                and any(could_answer(other, i, listed, Match.SAME) for other in knows.others)
            )
        ]


@given(situations())
def test_as_many_as_can_be_are_found(situation):
    """No larger matching of sure pairs exists: by trying every one."""
    doubts, listed, knows = situation
    sure = [
        {
            i.prediction_id
            for i in listed.items
            if i.prediction_id not in knows.owned
            and RULES.window(d, listed.skew).holds(i.created_at)
            and compare(MODEL, d.body, i) is Match.SAME
            and not any(could_answer(other, i, listed, Match.SAME) for other in knows.others)
        }
        for d in doubts
    ]

    def most(rows, taken):
        if not rows:
            return 0
        without = most(rows[1:], taken)
        return max([without, *(1 + most(rows[1:], taken | {p}) for p in rows[0] - taken)])

    found = [d for d in fates(doubts, listed, knows) if d.fate is Fate.FOUND and "shows it" in d.why]
    assert len(found) == most(sure, frozenset())


class TestReferenceImages:
    """Uploaded images are what lies behind their addresses; any other address is itself."""

    ONE, OTHER = "1" * 64, "2" * 64
    SENT = "https://up.test/1.png"
    CONTENTS: ClassVar = {SENT: ONE, "https://up.test/1-again.png": ONE, "https://cdn.test/2.png": OTHER}

    def body(self, *images):
        return BODY | {"images": list(images)}

    @pytest.mark.parametrize(
        ("sent", "shown", "match"),
        [
            ([SENT], [SENT], Match.SAME),
            ([SENT], ["https://up.test/1-again.png"], Match.SAME),
            ([SENT], ["https://cdn.test/2.png"], Match.OTHER),
            ([SENT], ["https://cdn.test/unread.png"], Match.MAYBE),
            ([SENT], [SENT, SENT], Match.NEAR),
            ([SENT], [7], Match.NEAR),
            ([f"sha256:{ONE}"], [SENT], Match.SAME),
            ([f"sha256:{OTHER}"], [SENT], Match.OTHER),
            ([f"sha256:{ONE}"], ["https://cdn.test/unread.png"], Match.MAYBE),
            (["https://example.com/theirs.png"], ["https://cdn.test/unread.png"], Match.NEAR),
            (["https://example.com/theirs.png", SENT], ["https://example.com/theirs.png", "?"], Match.MAYBE),
            ([SENT, "https://example.com/a.png"], ["?", "https://example.com/b.png"], Match.NEAR),
        ],
    )
    def test_likeness(self, sent, shown, match):
        listed = item("t", self.body(*shown))
        assert compare(MODEL, self.body(*sent), listed, self.CONTENTS) is match

    def test_only_what_decides_is_read(self):
        asked = [(MODEL, self.body(self.SENT, "https://example.com/theirs.png"))]
        theirs = "https://example.com/theirs.png"
        decides = item("a", self.body("https://cdn.test/x.png", theirs))
        settled = [
            item("b", self.body("https://up.test/1-again.png", theirs)),
            item("c", self.body("https://cdn.test/y.png", theirs) | {"prompt": "another"}),
            item("d", self.body("https://cdn.test/z.png", "https://evil.test/q.png")),
            item("e", None),
            item("f", BODY),
        ]
        found = unread_images(asked, [decides, *settled, decides], self.CONTENTS)
        assert found == ["https://cdn.test/x.png"]

    def test_an_image_that_cannot_be_read_keeps_a_request_from_being_sent_again(self):
        asked = doubt(self.body(self.SENT))
        shown = listing(item("t", self.body("https://cdn.test/gone.png")), item("u", self.body("?")))
        judged = fate(shown, replace(known(), contents=self.CONTENTS), asked)
        assert judged.fate is Fate.UNCLEAR
        assert judged.candidates == ("t", "u")

    def test_a_prediction_with_another_picture_is_no_answer(self):
        asked = doubt(self.body(self.SENT))
        shown = listing(item("t", self.body("https://cdn.test/2.png")))
        assert fate(shown, replace(known(), contents=self.CONTENTS), asked).fate is Fate.ABSENT

    def test_equal_pictures_make_requests_interchangeable(self):
        asked = [doubt(self.body(url), job=url) for url in (self.SENT, "https://up.test/1-again.png")]
        shown = listing(item("t", None), item("u", None))
        decisions = fates(asked, shown, replace(known(), contents=self.CONTENTS))
        assert [decision.fate for decision in decisions] == [Fate.FOUND, Fate.FOUND]


@pytest.mark.parametrize("told", [None, T - s(90)])
def test_a_request_of_the_ledger_is_a_doubt_by_the_services_clock_if_that_was_told(told):
    job = Job(job_id="j", model=MODEL, request=BODY, outputs_expected=2, cost_usd=Decimal(1))
    record = JobRecord(job=job, cells=(), attempts=(), outputs=())
    sent = {"prompt": "as it was sent"}
    request = OpenRequest(record=record, body=sent, intent_at=T, absences=0, service_at=told)
    assert doubt_of(request) == Doubt(
        job_id="j", model=MODEL, body=sent, intent_at=told or T, on_service_clock=told is not None
    )
