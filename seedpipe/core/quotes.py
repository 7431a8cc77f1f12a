"""What the service asks today, held against what was planned: before anything is sent.

Hides which prices are worth asking about, and what an answer or none means for the run. A price that rose
stops it, for the consent was to another one; a price that fell is said; silence is a warning, because the
price list that ships is what the budgets were reckoned with anyway.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - dataclass field types are read at run time by tests
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from seedpipe.core.errors import InputError
from seedpipe.core.money import usd
from seedpipe.core.references import without_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from seedpipe.core.catalogue import ProjectModel
    from seedpipe.core.model import Job, Json

_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceQuestion:
    """Jobs that differ in nothing the price depends on.

    `inputs` is the request of one of them; `terms` are the inputs that set the price; `planned_usd` is what
    each was planned to cost. `jobs` counts the new ones, `doubts` those in doubt that may be sent again.
    """

    model: str
    inputs: Mapping[str, Json]
    terms: Mapping[str, Json]
    planned_usd: Decimal
    jobs: int
    doubts: int = 0

    @property
    def label(self) -> str:
        """What it is, for people: `model with max_images=4`."""
        terms = ", ".join(f"{name}={value}" for name, value in self.terms.items())
        return self.model + (f" with {terms}" if terms else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """An answered question: what the service asks for one of the jobs today."""

    question: PriceQuestion
    asked_usd: Decimal

    @property
    def rise_usd(self) -> Decimal:
        """By how much the price of one job is above the plan; negative when it fell."""
        return self.asked_usd - self.question.planned_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountReview:
    """What the service said about the account before the first submit.

    `new_usd` is what the new jobs were planned to cost; `balance_usd` is None when it was not told.
    `silences` says what could not be learnt, and why, `no_resend` why jobs in doubt must not be sent again.
    """

    new_usd: Decimal
    balance_usd: Decimal | None = None
    quotes: tuple[Quote, ...] = ()
    silences: tuple[str, ...] = ()
    no_resend: str = ""

    @property
    def drift_usd(self) -> Decimal:
        """By how much all answered jobs cost more today than planned; negative when less."""
        return sum((quote.rise_usd * quote.question.jobs for quote in self.quotes), _NOTHING)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the user should know before the run goes on, a line each."""
        fell = [quote for quote in self.quotes if quote.rise_usd < 0 and quote.question.jobs]
        lines = [f"cheaper than planned: {_told(quote)}" for quote in fell]
        if self.balance_usd is not None and self.balance_usd < self.new_usd:
            lines.append(
                f"the balance of {usd(self.balance_usd)} is too low: the new jobs cost"
                f" {usd(self.new_usd)}; the run stops when it is used up"
            )
        return (*lines, *self.silences)


def questions(
    jobs: Iterable[Job], priced_inputs: Callable[[str], Sequence[str]], doubts: Iterable[Job] = ()
) -> list[PriceQuestion]:
    """Return one question for each distinct (model, priced inputs), whose names `priced_inputs` tells."""
    found: dict[object, PriceQuestion] = {}

    def known(job: Job) -> tuple[object, PriceQuestion]:
        terms = {name: job.request.get(name) for name in priced_inputs(job.model)}
        key = (job.model, tuple(map(str, terms.values())), job.cost_usd)
        return key, found.get(key) or PriceQuestion(
            model=job.model, inputs=without_files(job.request), terms=terms, planned_usd=job.cost_usd, jobs=0
        )

    for job in jobs:
        key, question = known(job)
        found[key] = replace(question, jobs=question.jobs + 1)
    for job in doubts:
        key, question = known(job)
        found[key] = replace(question, doubts=question.doubts + 1)
    return list(found.values())


def refuse_dearer(review: AccountReview, *, prices_as_of: str) -> None:
    """Raise `InputError` when the service's price is higher than planned for any of the new jobs."""
    risen = [quote for quote in review.quotes if quote.rise_usd > 0 and quote.question.jobs]
    if not risen:
        return
    more = sum((quote.rise_usd * quote.question.jobs for quote in risen), _NOTHING)
    lines = "; ".join(_told(quote) for quote in risen)
    raise InputError(
        f"the service's prices are higher than planned: {lines}; {usd(more)} more in total; nothing was sent",
        hint=f"the plan's prices are as of {prices_as_of}: upgrade seedpipe for newer ones",
    )


def refuse_unpriced(
    review: AccountReview, asked: Iterable[PriceQuestion], own: Mapping[str, ProjectModel]
) -> None:
    """Raise `InputError` when a new job of a model that only the project describes has no live price.

    Whoever wrote the model's file chose its price: it may not be what a budget is reckoned with.
    """
    silent = [question for question in _unpriced(review, asked, own) if question.jobs]
    if silent:
        model = own[silent[0].model]
        raise InputError(
            f"the service did not name the price of {silent[0].label}, which {model.path} says is"
            f" {usd(silent[0].planned_usd)}; nothing was sent",
            hint="a project's own model runs live only if the service confirms its price: try again later",
        )


def why_no_resend(
    review: AccountReview, asked: Iterable[PriceQuestion], own: Mapping[str, ProjectModel]
) -> str:
    """Return why jobs in doubt must not be sent again, by the rules for new ones; nothing if they may be."""
    risen = [quote for quote in review.quotes if quote.rise_usd > 0 and quote.question.doubts]
    silent = [question for question in _unpriced(review, asked, own) if question.doubts]
    if risen:
        return f"the service's price is higher than planned: {'; '.join(map(_told, risen))}"
    return f"the service did not name the price of {silent[0].label}" if silent else ""


def _unpriced(
    review: AccountReview, asked: Iterable[PriceQuestion], own: Mapping[str, ProjectModel]
) -> list[PriceQuestion]:
    """Return what has no live price, of the models that only the project describes."""
    told = {_identity(quote.question) for quote in review.quotes}
    return [question for question in asked if question.model in own and _identity(question) not in told]


def _identity(question: PriceQuestion) -> tuple[str, str, Decimal]:
    return question.model, question.label, question.planned_usd


def _told(quote: Quote) -> str:
    asked = quote.question
    number = asked.jobs + asked.doubts
    jobs = "1 job" if number == 1 else f"{number} jobs"
    return f"{asked.label} costs {usd(quote.asked_usd)}, planned at {usd(asked.planned_usd)} ({jobs})"
