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
    """New jobs that differ in nothing the price depends on.

    `inputs` is the request of one of them; `terms` are the inputs that set the price; `planned_usd` is what
    each of the `jobs` was planned to cost.
    """

    model: str
    inputs: Mapping[str, Json]
    terms: Mapping[str, Json]
    planned_usd: Decimal
    jobs: int

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
    `silences` says what could not be learnt, and why.
    """

    new_usd: Decimal
    balance_usd: Decimal | None = None
    quotes: tuple[Quote, ...] = ()
    silences: tuple[str, ...] = ()

    @property
    def drift_usd(self) -> Decimal:
        """By how much all answered jobs cost more today than planned; negative when less."""
        return sum((quote.rise_usd * quote.question.jobs for quote in self.quotes), _NOTHING)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the user should know before the run goes on, a line each."""
        fell = [quote for quote in self.quotes if quote.rise_usd < 0]
        lines = [f"cheaper than planned: {_told(quote)}" for quote in fell]
        if self.balance_usd is not None and self.balance_usd < self.new_usd:
            lines.append(
                f"the balance of {usd(self.balance_usd)} does not reach: the new jobs cost"
                f" {usd(self.new_usd)}; the run stops when it is used up"
            )
        return (*lines, *self.silences)


def questions(jobs: Iterable[Job], priced_inputs: Callable[[str], Sequence[str]]) -> list[PriceQuestion]:
    """Return one question for each distinct (model, priced inputs), whose names `priced_inputs` tells."""
    found: dict[object, PriceQuestion] = {}
    for job in jobs:
        terms = {name: job.request.get(name) for name in priced_inputs(job.model)}
        key = (job.model, tuple(map(str, terms.values())), job.cost_usd)
        known = found.get(key) or PriceQuestion(
            model=job.model, inputs=without_files(job.request), terms=terms, planned_usd=job.cost_usd, jobs=0
        )
        found[key] = replace(known, jobs=known.jobs + 1)
    return list(found.values())


def refuse_dearer(review: AccountReview, *, prices_as_of: str) -> None:
    """Raise `InputError` when the service asks more than was planned for any of the new jobs."""
    risen = [quote for quote in review.quotes if quote.rise_usd > 0]
    if not risen:
        return
    more = sum((quote.rise_usd * quote.question.jobs for quote in risen), _NOTHING)
    lines = "; ".join(_told(quote) for quote in risen)
    raise InputError(
        f"the service asks more than was planned: {lines}; {usd(more)} more in all, and nothing was sent",
        hint=f"the plan's prices are of {prices_as_of}: a newer seedpipe knows newer ones",
    )


def refuse_unpriced(
    review: AccountReview, asked: Iterable[PriceQuestion], own: Mapping[str, ProjectModel]
) -> None:
    """Raise `InputError` when a new job of a model that only the project describes has no live price.

    Whoever wrote the model's file chose its price: it may not be what a budget is reckoned with.
    """
    told = {_identity(quote.question) for quote in review.quotes}
    silent = [question for question in asked if question.model in own and _identity(question) not in told]
    if silent:
        model = own[silent[0].model]
        raise InputError(
            f"the service did not name the price of {silent[0].label}, which {model.path} says is"
            f" {usd(silent[0].planned_usd)}; nothing was sent",
            hint="a project's own model runs live only at a price that the service names: try again later",
        )


def _identity(question: PriceQuestion) -> tuple[str, str, Decimal]:
    return question.model, question.label, question.planned_usd


def _told(quote: Quote) -> str:
    asked = quote.question
    jobs = "1 job" if asked.jobs == 1 else f"{asked.jobs} jobs"
    return f"{asked.label} costs {usd(quote.asked_usd)} and was planned at {usd(asked.planned_usd)} ({jobs})"
