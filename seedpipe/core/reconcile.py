"""What became of requests in doubt: decided from the service's list, the ledger's memory and the clocks.

Hides when a listed prediction is ours, and when a list that does not show one proves that there is none; what
is alike is for `core.matching` to say.
Invariants: a prediction that belongs to an attempt is never given to another; equal requests are
interchangeable, so only their number counts; `ABSENT` needs a list that is complete, shows every id we
know to be in the window, and was asked for after the settle time. Whatever may be ours but is not surely so
keeps a request from being sent again: in a list that writes our own requests otherwise than they were sent,
that is all that belongs to nobody.

Absent on purpose: asking, waiting, recording. Times of ours are compared with the service's in both
readings, as written and moved by the measured skew, because a clock may have been set right in between.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from seedpipe.core.matching import NOTHING_READ, Match, compare, compare_bodies

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from seedpipe.core.model import Json, Prediction
    from seedpipe.core.records import OpenRequest

_NO_SKEW: Final = timedelta(0)
_LAGS_TO_SETTLE: Final = 3  # one lag was seen; the next one may be longer
_DATE_STEP: Final = timedelta(seconds=1)  # the service tells its time to the second
_SLOWEST_ANSWER: Final = timedelta(
    seconds=180
)  # between a task's making and the word of it; adapters wait less


class Fate(StrEnum):
    """What can be said of a request in doubt."""

    FOUND = "found"
    ABSENT = "absent"
    WAITING = "waiting"
    UNCLEAR = "unclear"


_UNEQUAL: Final = frozenset({Match.NEAR, Match.OTHER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A request whose fate is not known: its exact body, and when its intent was recorded.

    That time is by the service's clock if it had told it before, else by ours.
    """

    job_id: str
    model: str
    body: Mapping[str, Json]
    intent_at: datetime
    on_service_clock: bool = False

    def readings(self, skew: timedelta | None) -> tuple[datetime, datetime]:
        """Return the intent on the service's clock: one time if that is known, else what it may have been."""
        return _readings(self.intent_at, _NO_SKEW if self.on_service_clock else skew)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A stretch of time on the service's clock."""

    after: datetime
    before: datetime

    def holds(self, moment: datetime | None) -> bool:
        """Say whether a moment falls into it; one that is not known might."""
        return moment is None or self.after <= moment <= self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How long and how far around its intent a request is looked for, and how much a list proves.

    A list is `literal` unless it was seen to write what we sent in another way.
    """

    settle_s: float = 180.0  # the service's list may run behind: what it does not show by then is not there
    margin_s: float = 240.0  # what is left to err once the service's time is known, and the slowest answer
    undated_margin_s: float = 3600.0  # our clock alone, which may have been wrong then and right by now
    retention_s: float = 7 * 86400.0  # the list's memory
    literal: bool = True

    def window(self, doubt: Doubt, skew: timedelta | None) -> Window:
        """Return when a request can have been accepted, whichever reading of our clock was right."""
        margin = timedelta(seconds=self.margin_s if doubt.on_service_clock else self.undated_margin_s)
        settle = timedelta(seconds=self.settle_s)
        readings = doubt.readings(skew)
        return Window(after=min(readings) - margin, before=max(readings) + settle + margin)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The service's predictions of one model in a window, as far as they were read.

    `asked_at` is our clock when the first page was asked for and `server_now` the service's when it answered;
    `complete` says that no page is missing. Items carry inputs when the list or the result told them;
    `unasked` are those whose result, which may tell them, could not be had yet.
    """

    items: tuple[Prediction, ...]
    complete: bool
    asked_at: datetime
    server_now: datetime | None = None
    unasked: frozenset[str] = frozenset()

    @property
    def skew(self) -> timedelta | None:
        """How far the service's clock is ahead of ours; None when it did not tell its time."""
        return None if self.server_now is None else self.server_now - self.asked_at

    @property
    def now(self) -> datetime:
        """The moment of the listing, on the service's clock as well as it is known."""
        return self.server_now or self.asked_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the ledger knew after the list was read.

    `owned` are the listed ids that belong to an attempt, `sent` the bodies they were asked by; `accepted`
    maps ids that a complete list must show to the time of their acceptance; `others` are the open requests
    for the model that are not judged along: their answers are still on the way, or failed to come while the
    list was read. `contents` maps addresses of reference images to the sha256 of what lies there, as far as
    that is known.
    """

    owned: frozenset[str] = frozenset()
    accepted: Mapping[str, datetime]
    others: tuple[Doubt, ...] = ()
    contents: Mapping[str, str] = field(default_factory=dict)
    sent: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What became of one doubt: the `prediction` that was found, or the ids of all that could be it."""

    doubt: Doubt
    fate: Fate
    why: str
    prediction: Prediction | None = None
    candidates: tuple[str, ...] = ()


def settle_time_s(said_s: float, list_lag_s: float | None) -> float:
    """Return how long a request must be looked for before it can be absent.

    What was seen once, a list that showed a task so late or not even then, makes it longer and never shorter:
    the next request may be shown later still.
    """
    return said_s if list_lag_s is None else max(said_s, _LAGS_TO_SETTLE * list_lag_s)


def doubt_of(request: OpenRequest) -> Doubt:
    """Return a request of the ledger as a doubt, by the service's clock if that was known then."""
    job = request.record.job
    return Doubt(
        job_id=job.job_id,
        model=job.model,
        body=request.body,
        intent_at=request.service_at or request.intent_at,
        on_service_clock=request.service_at is not None,
    )


def settle(doubts: Sequence[Doubt], listing: Listing, known: Known, rules: Rules) -> list[Decision]:
    """Return what can be said of doubts about one model, in their order; all lie in the listed window."""
    rules = calibrated(rules, doubts[0].model, listing, known)
    free = [item for item in listing.items if item.prediction_id not in known.owned]
    claimed = {i for i, item in enumerate(free) if _asked_by_another(item, listing, known, rules)}
    pairs = _pair(doubts, free, claimed, listing, known, rules)
    paired = set(pairs.values())
    left = [item for i, item in enumerate(free) if i not in paired]
    spoken_for = {free[i].prediction_id for i in claimed - paired}
    rest = [doubt for d, doubt in enumerate(doubts) if d not in pairs]
    judged = iter(_judge_rest(rest, left, spoken_for, listing, known, rules))
    return [
        _found(doubt, free[pairs[d]], "the service's list shows it") if d in pairs else next(judged)
        for d, doubt in enumerate(doubts)
    ]


def calibrated(rules: Rules, model: str, listing: Listing, known: Known) -> Rules:
    """Return the rules for a list that shows predictions of ours: those tell whether it is literal.

    What it writes otherwise once it may write otherwise elsewhere, and an unequal value proves nothing then.
    """
    unlike = any(
        compare(model, known.sent[item.prediction_id], item, known.contents) in _UNEQUAL
        for item in listing.items
        if item.prediction_id in known.sent
    )
    return replace(rules, literal=False) if unlike else rules


def clusters(doubts: Iterable[Doubt], skew: timedelta | None, rules: Rules) -> list[list[Doubt]]:
    """Return doubts in groups that one listing each answers: one model, windows that overlap."""
    groups: list[list[Doubt]] = []
    reach: datetime | None = None  # of the last group: windows differ in length, the longest counts
    for doubt in sorted(doubts, key=lambda doubt: (doubt.model, rules.window(doubt, skew).after)):
        window = rules.window(doubt, skew)
        if reach and groups[-1][0].model == doubt.model and window.after <= reach:
            groups[-1].append(doubt)
            reach = max(reach, window.before)
        else:
            groups.append([doubt])
            reach = window.before
    return groups


def span(doubts: Sequence[Doubt], skew: timedelta | None, rules: Rules) -> Window:
    """Return the window that covers all doubts of a group."""
    windows = [rules.window(doubt, skew) for doubt in doubts]
    return Window(after=min(w.after for w in windows), before=max(w.before for w in windows))


def strays(
    requests: Iterable[tuple[str, Mapping[str, Json]]],
    items: Iterable[Prediction],
    owned: Collection[str],
    contents: Mapping[str, str] = NOTHING_READ,
) -> list[Prediction]:
    """Return predictions that surely ask what one of these (model, body) asks, and are nobody's."""
    free = [item for item in items if item.prediction_id not in owned]
    found: dict[str, Prediction] = {}
    for model, body in requests:
        for item in free:
            if item.prediction_id not in found and compare(model, body, item, contents) is Match.SAME:
                found[item.prediction_id] = item
    return [item for item in free if item.prediction_id in found]


def _pair(
    doubts: Sequence[Doubt],
    free: Sequence[Prediction],
    claimed: set[int],
    listing: Listing,
    known: Known,
    rules: Rules,
) -> dict[int, int]:
    """Give as many doubts as can be a prediction that surely is the same: a largest matching.

    Greed would not do: a prediction that shows its defaults is the same as several different requests.
    """
    options: list[list[int]] = []
    for doubt in doubts:
        window = rules.window(doubt, listing.skew)
        same = [
            i
            for i, item in enumerate(free)
            if i not in claimed and window.holds(item.created_at) and _is_same(doubt, item, known)
        ]
        options.append(sorted(same, key=lambda i: _distance(doubt, free[i], listing.skew)))
    holder: dict[int, int] = {}
    for start in sorted(range(len(doubts)), key=lambda d: doubts[d].intent_at):
        _seek(start, options, holder)
    return {doubt: item for item, doubt in holder.items()}


def _seek(start: int, options: Sequence[Sequence[int]], holder: dict[int, int]) -> None:
    """Find one more doubt its prediction, moving others to another of theirs along the way if need be."""
    came_from: dict[int, int] = {}  # item → the doubt that asked for it
    queue = [start]
    for doubt in queue:
        for item in options[doubt]:
            if item in came_from:
                continue
            came_from[item] = doubt
            if item in holder:
                queue.append(holder[item])
                continue
            while True:
                giver = came_from[item]
                held = next((i for i, d in holder.items() if d == giver), None)
                holder[item] = giver
                if held is None:
                    return
                item = held  # noqa: PLW2901 - walk back along the path


def _judge_rest(
    rest: Sequence[Doubt],
    left: Sequence[Prediction],
    spoken_for: set[str],
    listing: Listing,
    known: Known,
    rules: Rules,
) -> list[Decision]:
    """Decide doubts that no prediction surely answers.

    What is `spoken_for` surely asks what a request asks that is not judged: it is not another one misspelt.
    """
    possible = {
        id(doubt): [
            item
            for item in _possible(doubt, left, listing, known, rules)
            if item.prediction_id not in spoken_for or _match(doubt, item, known) not in _UNEQUAL
        ]
        for doubt in rest
    }
    decisions = []
    for doubt in rest:
        mine = possible[id(doubt)]
        like = [item for item in mine if _match(doubt, item, known) is not Match.OTHER]
        ids = tuple(item.prediction_id for item in like)
        if why := _not_yet(doubt, listing, known, rules):
            decisions.append(Decision(doubt=doubt, fate=Fate.WAITING, why=why))
        elif _is_forgotten(doubt, listing, rules):
            why = "it is older than the service's list goes back"
            decisions.append(Decision(doubt=doubt, fate=Fate.UNCLEAR, why=why, candidates=ids))
        elif not mine:
            why = "the service's list does not show it"
            decisions.append(Decision(doubt=doubt, fate=Fate.ABSENT, why=why))
        elif _could_be_another(mine, listing, known, rules):
            why = "an equal request is still being sent"
            decisions.append(Decision(doubt=doubt, fate=Fate.WAITING, why=why))
        elif any(item.prediction_id in listing.unasked for item in mine):
            why = "the request of a listed task cannot be read yet"
            decisions.append(Decision(doubt=doubt, fate=Fate.WAITING, why=why))
        elif not rules.literal:
            why = "the list writes requests otherwise than they were sent, and this may be one of them"
            decisions.append(Decision(doubt=doubt, fate=Fate.UNCLEAR, why=why, candidates=ids))
        elif near := next((item for item in mine if _match(doubt, item, known) is Match.NEAR), None):
            why = f"{near.prediction_id} has the same prompt and another value, perhaps in another spelling"
            decisions.append(Decision(doubt=doubt, fate=Fate.UNCLEAR, why=why, candidates=ids))
        elif (item := _by_count(doubt, rest, possible, known)) is not None:
            decisions.append(_found(doubt, item, "as many predictions as requests in doubt"))
        else:
            why = f"the list does not show the requests: {len(ids)} predictions could be it"
            decisions.append(Decision(doubt=doubt, fate=Fate.UNCLEAR, why=why, candidates=ids))
    return decisions


def _by_count(
    doubt: Doubt, rest: Sequence[Doubt], possible: Mapping[int, Sequence[Prediction]], known: Known
) -> Prediction | None:
    """Return the prediction for a doubt when counts agree: as many equal doubts as predictions they share.

    Different requests are never told apart by counting: the picture of one would come to the other's place.
    """
    mine = {item.prediction_id for item in possible[id(doubt)]}
    rivals = [other for other in rest if mine & {item.prediction_id for item in possible[id(other)]}]
    if len(rivals) != len(mine):
        return None
    if any(compare_bodies(doubt.body, other.body, known.contents) is not Match.SAME for other in rivals):
        return None
    if any({item.prediction_id for item in possible[id(other)]} != mine for other in rivals):
        return None
    return possible[id(doubt)][[id(other) for other in rivals].index(id(doubt))]


def _not_yet(doubt: Doubt, listing: Listing, known: Known, rules: Rules) -> str:
    """Return why the listing is not conclusive for a doubt; nothing when it is."""
    if not listing.complete:
        return "the service's list could not be read completely"
    settle, asked_at = timedelta(seconds=rules.settle_s), max(doubt.readings(listing.skew))
    if listing.now - asked_at < settle:
        return "the service's list may not show it yet"
    window = rules.window(doubt, listing.skew)
    shown = {item.prediction_id for item in listing.items}
    # What came little later than the request must show, too: else this list runs behind further than it may.
    due_until = max(listing.now - settle, asked_at + settle / 4 + _DATE_STEP)
    for prediction_id, accepted_at in known.accepted.items():
        readings = _readings(accepted_at, listing.skew)
        due = max(readings) <= due_until
        inside = min(readings) >= window.after + _SLOWEST_ANSWER and max(readings) <= window.before
        if due and inside and prediction_id not in shown:
            return f"the service's list does not show {prediction_id} either, which is there"
    return ""


def _is_forgotten(doubt: Doubt, listing: Listing, rules: Rules) -> bool:
    kept_since = listing.now - timedelta(seconds=rules.retention_s)
    return min(doubt.readings(listing.skew)) < kept_since


def _possible(
    doubt: Doubt, left: Sequence[Prediction], listing: Listing, known: Known, rules: Rules
) -> list[Prediction]:
    window = rules.window(doubt, listing.skew)
    return [
        item
        for item in left
        if window.holds(item.created_at) and not (rules.literal and _match(doubt, item, known) is Match.OTHER)
    ]


def _asked_by_another(item: Prediction, listing: Listing, known: Known, rules: Rules) -> bool:
    """Say whether a prediction may be the answer to an equal request that is not judged along."""
    return any(
        rules.window(other, listing.skew).holds(item.created_at) and _is_same(other, item, known)
        for other in known.others
    )


def _could_be_another(items: Sequence[Prediction], listing: Listing, known: Known, rules: Rules) -> bool:
    return any(_possible(other, items, listing, known, rules) for other in known.others)


def _is_same(doubt: Doubt, item: Prediction, known: Known) -> bool:
    return _match(doubt, item, known) is Match.SAME


def _match(doubt: Doubt, item: Prediction, known: Known) -> Match:
    return compare(doubt.model, doubt.body, item, known.contents)


def _found(doubt: Doubt, item: Prediction, why: str) -> Decision:
    return Decision(doubt=doubt, fate=Fate.FOUND, why=why, prediction=item)


def _readings(moment: datetime, skew: timedelta | None) -> tuple[datetime, datetime]:
    """Return a time of ours on the service's clock, if our clock was right and if it was off as it is now."""
    return moment, moment + (skew or _NO_SKEW)


def _distance(doubt: Doubt, item: Prediction, skew: timedelta | None) -> timedelta:
    if item.created_at is None:
        return timedelta.max
    return min(abs(item.created_at - reading) for reading in doubt.readings(skew))
