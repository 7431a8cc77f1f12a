"""The models that the service offers, with what this account pays for each.

Hides how the list of models and the answers about prices are held against each other.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Protocol

from seedpipe.core.errors import Refused
from seedpipe.core.offers import Unfit, levelled, read_offer, samples

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from seedpipe.core.catalogue import ModelSpec, Offer
    from seedpipe.core.model import Json
    from seedpipe.core.offers import Offered

_AT_ONCE: Final = 4  # questions about prices: free, and no reason to hurry the service


class PriceSource(Protocol):
    """What names the price of a request."""

    async def price(self, model: str, inputs: Mapping[str, Json]) -> Decimal:
        """Return what one request would cost this account today, in USD."""


async def priced_offers(
    source: PriceSource, offers: Mapping[str, Offer], known: Mapping[str, ModelSpec | None]
) -> dict[str, Offered | Unfit]:
    """Return each model of `known` as it is offered, or why it cannot be stated.

    Raises `ProviderError` when the service does not answer.
    """
    seats = asyncio.Semaphore(_AT_ONCE)

    async def ask(model_id: str) -> Offered | Unfit:
        if (offer := offers.get(model_id)) is None:
            return Unfit("the service does not list it")
        try:
            offered = read_offer(offer, known[model_id])
            asked = []
            for inputs in samples(offered.model):
                async with seats:
                    asked.append((inputs, await source.price(model_id, inputs)))
            return levelled(offered, asked)
        except Unfit as fault:
            return fault
        except Refused as refusal:
            return Unfit(f"the service did not give its price: {refusal}")

    answers = await asyncio.gather(*map(ask, known))
    return dict(zip(known, answers, strict=True))
