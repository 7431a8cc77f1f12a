"""Prices and balance, asked once before the first submit.

Hides how silence is told from an answer: an error of the service, a malformed number and a deadline are all
words for the user and nothing more.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from seedpipe.core.errors import ProviderError
from seedpipe.core.quotes import AccountReview, Quote

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from seedpipe.core.quotes import PriceQuestion
    from seedpipe.ports import Provider

_PATIENCE_S: Final = 20.0  # for all answers together: a slow account must not keep a run from starting
_MOST_QUESTIONS: Final = 50  # a campaign has a handful; more would only be refused for their number
_AT_ONCE: Final = 4


async def ask_account(
    provider: Provider, questions: Sequence[PriceQuestion], *, new_usd: Decimal
) -> AccountReview:
    """Return what the service says about its prices and the balance; its silence raises nothing."""
    quotes: list[Quote] = []
    silences: list[str] = []
    seats = asyncio.Semaphore(_AT_ONCE)

    async def ask(question: PriceQuestion) -> None:
        async with seats:
            try:
                asked_usd = await provider.price(question.model, question.inputs)
            except ProviderError as error:
                silences.append(f"the price of {question.label} is unknown: {error}")
            else:
                quotes.append(Quote(question=question, asked_usd=asked_usd))

    balance: list[Decimal] = []

    async def ask_balance() -> None:
        try:
            balance.append(await provider.balance())
        except ProviderError as error:
            silences.append(f"the balance is unknown: {error}")

    try:
        async with asyncio.timeout(_PATIENCE_S):
            await asyncio.gather(ask_balance(), *map(ask, questions[:_MOST_QUESTIONS]))
    except TimeoutError:
        silences.append(f"the service did not answer about prices and balance within {_PATIENCE_S:g} s")
    if len(questions) > _MOST_QUESTIONS:
        silences.append(f"of {len(questions)} different prices only {_MOST_QUESTIONS} were asked")
    return AccountReview(
        new_usd=new_usd,
        balance_usd=balance[0] if balance else None,
        quotes=tuple(quotes),
        silences=tuple(silences),
    )
