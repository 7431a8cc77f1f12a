"""What is paid for already and not in the ledger: learnt from the lock and from the service's list.

Hides where such knowledge comes from; when the list is asked, and how far back, `engines.adoption` says.
Nothing is submitted here; the next run fetches what was taken over.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from seedpipe.app.planning import PlanReview, plan_as_paid, review_of
from seedpipe.core.totals import total
from seedpipe.core.variant import AS_IT_STANDS, Variant
from seedpipe.locked import CampaignLock
from seedpipe.project import all_jobs, out_of, places_of, writing
from seedpipe.session import pace_for, provider_at, service
from seedpipe.settings import Settings, World
from seedpipe.sources import WorkTree
from seedpipe.stores import LocalStore

if TYPE_CHECKING:
    from pathlib import Path

    from seedpipe.core.model import PlanHeader
    from seedpipe.core.policy import Orders
    from seedpipe.ledger import SqliteLedger
    from seedpipe.project import Places


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """How many jobs were taken over from the service's list, and what is still new."""

    jobs: int
    reviewed: PlanReview


def adopt(file: Path, settings: Settings, variant: Variant = AS_IT_STANDS) -> Adopted:
    """Take over what the lock and the service's list know of a campaign; the next run fetches it, unpaid."""
    if settings.world is World.LIVE:
        settings.required_key()
    tree = WorkTree.around(file)
    lock = CampaignLock.of(tree, settings)
    plan = plan_as_paid(tree, variant, settings, lock)
    total(plan)  # a campaign with faults leaves no state folder behind
    places = places_of(tree.root, settings)
    store = LocalStore(places.objects, out_of(tree, plan, settings))
    with writing(places, settings) as ledger:
        ledger.admit(plan.header, plan.cells())
        jobs = lock.adopt(ledger, all_jobs(ledger, plan.header.plan_id), datetime.now(UTC))
        lock.check_writable()
        try:
            jobs += _adopt_listed(plan.header, ledger, settings, places)
        finally:  # what was adopted before the list broke off is paid all the same
            lock.write(ledger, plan.header.campaign)
        return Adopted(jobs=jobs, reviewed=review_of(plan, settings, ledger, store, lock))


def take_over(
    header: PlanHeader,
    ledger: SqliteLedger,
    settings: Settings,
    places: Places,
    lock: CampaignLock,
    orders: Orders,
) -> int:
    """Learn of what is paid for already and not in the ledger, before anything is sent; return how much.

    Every source of such knowledge joins here, as `ADOPTED` entries: the campaign's lock, then the service's
    list. What a live run may buy is looked for there first, unless the user forbids it; at the user's word
    all that the plan has not bought, in proofs too.
    """
    lock.teach(ledger, header.campaign)
    locked = lock.adopt(ledger, all_jobs(ledger, header.plan_id), datetime.now(UTC))
    locked += lock.adopt_kept(ledger, header, all_jobs(ledger, header.plan_id), datetime.now(UTC))
    if settings.adopt:
        return locked + _adopt_listed(header, ledger, settings, places)
    if settings.adopt is None and settings.world is World.LIVE:
        return locked + _adopt_listed(header, ledger, settings, places, orders)
    return locked


def _adopt_listed(
    header: PlanHeader,
    ledger: SqliteLedger,
    settings: Settings,
    places: Places,
    orders: Orders | None = None,
) -> int:
    from seedpipe.engines import SystemClock
    from seedpipe.engines import adopt as adopt_listed

    async def look(origin: str) -> int:
        async with provider_at(settings, origin) as provider:
            return await adopt_listed(
                ledger,
                provider,
                SystemClock(),
                plan_id=header.plan_id,
                pace=pace_for(settings, origin),
                rng=random.Random(),
                orders=orders,
            )

    with service(settings, places) as origin:
        return asyncio.run(look(origin))
