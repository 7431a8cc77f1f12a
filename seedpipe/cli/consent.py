"""Consent to pay: asked for on a terminal, given by flags off one, and never assumed.

The rule is a pure function; asking is one question. A proof, and a live run that has nothing to submit, not
even once more, need none.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import click

from seedpipe.app import Agreed
from seedpipe.cli.views.words import count
from seedpipe.core.errors import InputError
from seedpipe.core.model import ShortSets
from seedpipe.core.money import cents_up, usd
from seedpipe.settings import World

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from seedpipe.app import PlanReview
    from seedpipe.core.quotes import AccountReview
    from seedpipe.settings import Settings


class Consent(StrEnum):
    """What a live run needs before it may pay."""

    GIVEN = "given"
    ASK = "ask"
    NEEDS_YES = "needs_yes"
    NEEDS_BUDGET = "needs_budget"


def consent_needed(*, jobs: int, settings: Settings, budget_usd: Decimal | None) -> Consent:
    """Return what is still missing before jobs may be paid for, new ones or such as are sent again.

    `budget_usd` is the campaign's own; off a terminal a live run needs it or `--budget`, beside `--yes`.
    """
    if settings.world is World.PROOF or not jobs:
        return Consent.GIVEN
    if settings.interactive and not settings.assume_yes:
        return Consent.ASK
    if not settings.assume_yes:
        return Consent.NEEDS_YES
    if settings.purse_usd is None and budget_usd is None:
        return Consent.NEEDS_BUDGET
    return Consent.GIVEN


def ask_for_consent(reviewed: PlanReview, settings: Settings, account: Callable[[], AccountReview]) -> Agreed:
    """Return what may be paid for again; raise `InputError` when the jobs to buy may not be paid for.

    Nothing has been sent so far. `account` is asked only when there is somebody to show its answer to. Where
    only requests in doubt would be sent again, no consent is no error: the run brings home what is paid.
    """
    new, doubts = reviewed.to_buy, reviewed.to_resend
    budget_usd = reviewed.header.budget.usd
    match consent_needed(jobs=new.jobs + doubts.jobs, settings=settings, budget_usd=budget_usd):
        case Consent.GIVEN:
            limited = settings.purse_usd is not None or budget_usd is not None
            paid = settings.world is World.PROOF or (settings.assume_yes and limited)
            return Agreed(retries=paid, resubmits=paid)
        case Consent.ASK:
            paid = _is_confirmed(reviewed, settings, account())
            if new.jobs and not paid:
                raise InputError("not confirmed; nothing was sent")
            return Agreed(retries=paid, resubmits=paid)
        case Consent.NEEDS_YES if new.jobs:
            raise InputError(
                f"a live run would submit {_jobs(reviewed)} for {usd(new.cost_usd)},"
                " and there is no terminal to ask on; nothing was sent",
                hint=f"to confirm, add {needed_flags(reviewed)}",
            )
        case Consent.NEEDS_BUDGET if new.jobs:
            raise InputError(
                "a live run with --yes needs a budget; nothing was sent",
                hint=f"add --budget {_budget(reviewed)}, or set budget.usd in the campaign",
            )
        case _:
            return Agreed(retries=False, resubmits=False)


def needed_flags(reviewed: PlanReview) -> str:
    """Return the flags that are a consent to all that a run may pay for."""
    return f"--yes --budget {_budget(reviewed)}"


def _budget(reviewed: PlanReview) -> Decimal:
    return cents_up(reviewed.to_buy.cost_usd + reviewed.to_resend.cost_usd)


def _is_confirmed(reviewed: PlanReview, settings: Settings, said: AccountReview) -> bool:
    new, doubts, left = reviewed.to_buy, reviewed.to_resend, said.balance_usd
    again = f"{doubts.jobs} in doubt again for {usd(doubts.cost_usd)} if the service does not show them"
    limits = [
        again if new.jobs and doubts.jobs else "",
        _most(reviewed),
        f"at most {usd(settings.purse_usd)} in this run" if settings.purse_usd is not None else "",
        "stopping when the budget is used up" if reviewed.over_by_usd else "",
        f"{usd(left)} on the account" if left is not None else "",
    ]
    terms = "".join(f", {limit}" for limit in limits if limit)
    what = f"{_jobs(reviewed)} to {reviewed.origin} for {usd(new.cost_usd)}" if new.jobs else again
    return click.confirm(f"Submit {what}{terms}?", default=False, err=True)


def _jobs(reviewed: PlanReview) -> str:
    new, again = reviewed.standing.new, reviewed.again
    if not again.jobs:
        return count(new.jobs, "job")
    words = ", ".join(sorted(reviewed.redo))
    bought = f"{count(again.jobs, 'job')} again ({words}, {usd(again.cost_usd)})"
    return f"{count(new.jobs, 'new job')} and {bought}" if new.jobs else bought


def _most(reviewed: PlanReview) -> str:
    """Say what the policy on short sets may add: a failed job is given back, a short set is paid twice."""
    if reviewed.header.policy.short_sets is not ShortSets.RETRY:
        return ""
    most_usd = reviewed.to_buy.cost_usd + reviewed.to_resend.cost_usd
    return f"up to {usd(2 * most_usd)} if every set is short and is bought again"


def ask_for_probe(most_usd: Decimal, settings: Settings) -> None:
    """Return when a probe may be paid for; raise `InputError` when it may not. Nothing was sent so far."""
    most = usd(most_usd)
    if settings.interactive and not settings.assume_yes:
        question = f"Buy one image from {settings.origin} for at most {most} to test the service?"
        if not click.confirm(question, default=False, err=True):
            raise InputError("not confirmed; nothing was sent")
    elif not settings.assume_yes or settings.purse_usd is None:
        hint = f"to confirm, add --yes --budget {cents_up(most_usd)}"
        message = f"a probe costs at most {most}, and there is no terminal to ask on; nothing was sent"
        raise InputError(message, hint=hint)
    if settings.purse_usd is not None and settings.purse_usd < most_usd:
        raise InputError(f"a probe costs at most {most}, more than --budget; nothing was sent")
