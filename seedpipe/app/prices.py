"""Models and prices: which there are, what they cost today, and what this account has left.

Hides where a project's models lie, and when a file of them is written anew: when what it says has changed.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from seedpipe import catalog
from seedpipe.core.campaign.models import file_name, model_text, project_catalogue
from seedpipe.core.catalogue import ProjectModel
from seedpipe.core.diagnostics import did_you_mean
from seedpipe.core.errors import InputError
from seedpipe.core.quotes import AccountReview, questions
from seedpipe.session import provider_at
from seedpipe.sources import WorkTree, project_root
from seedpipe.stores import write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from seedpipe.app.planning import PlanReview
    from seedpipe.core.catalogue import Catalogue, ModelSpec
    from seedpipe.core.offers import Offered, Unfit
    from seedpipe.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncedModel:
    """What became of one model: how it has changed, what to know of it, or why it cannot be stated.

    `path` is its file in the project, None for a model that is as it ships.
    """

    model_id: str
    changes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    fault: str | None = None
    path: Path | None = None


def models(folder: Path) -> Catalogue:
    """Return the models that a project knows: its own over those that ship."""
    folder = Path(folder)
    tree = WorkTree(folder=folder.resolve(), root=project_root(folder), campaign="")
    return project_catalogue(tree, catalog.load())


def balance(settings: Settings) -> Decimal:
    """Return what is left on the account."""
    settings.required_key()

    async def ask() -> Decimal:
        async with provider_at(settings, settings.origin) as provider:
            return await provider.balance()

    return asyncio.run(ask())


def live_prices(reviewed: PlanReview, settings: Settings) -> AccountReview:
    """Ask the service what each different price of a plan is today. Sends no request that is paid."""
    from seedpipe.accounts import ask_account

    settings.required_key()
    known = reviewed.catalogue.models
    jobs = (cell.job for cell in reviewed.cells() if cell.opens_job)
    asked = questions(jobs, lambda model: known[model].priced_inputs)

    async def ask() -> AccountReview:
        async with provider_at(settings, settings.origin) as provider:
            return await ask_account(provider, asked, new_usd=reviewed.to_buy.cost_usd)

    return asyncio.run(ask())


def sync_models(
    folder: Path, settings: Settings, names: Sequence[str], *, write: bool = True
) -> list[SyncedModel]:
    """Hold the project's models against the service's list and prices, and write those that differ.

    `names` are the models to look at, the known ones by default. Raises `InputError` for a name that the
    service does not list; nothing is written before all answers are there.
    """
    settings.required_key()
    catalogue = models(folder)
    wanted = {name: catalogue.models.get(name) for name in names or sorted(catalogue.models)}
    answers = asyncio.run(_asked(settings, wanted, must_be_listed=bool(names)))
    place = project_root(folder) / "models"
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    synced = []
    for model_id, answer in answers.items():
        own = catalogue.own.get(model_id)
        path = Path(own.path) if own else place / file_name(model_id)
        line = _synced(model_id, answer, wanted[model_id])
        synced.append(replace(line, path=path if own or line.changes else None))
        if write and line.changes and not isinstance(answer, Exception):
            place.mkdir(exist_ok=True)
            model = ProjectModel(spec=answer.model, as_of=today, origin=settings.origin, path=str(path))
            write_atomically(path, [model_text(model)])
    return synced


async def _asked(
    settings: Settings, wanted: Mapping[str, ModelSpec | None], *, must_be_listed: bool
) -> dict[str, Offered | Unfit]:
    from seedpipe.accounts.offering import priced_offers

    async with provider_at(settings, settings.origin) as provider:
        offers = {offer.model_id: offer for offer in await provider.offers()}
        for name in wanted if must_be_listed else ():
            if name not in offers:
                raise InputError(f"the service lists no model '{name}'", hint=did_you_mean(name, offers))
        return await priced_offers(provider, offers, wanted)


def _synced(model_id: str, answer: Offered | Unfit, known: ModelSpec | None) -> SyncedModel:
    from seedpipe.core.offers import changes

    if isinstance(answer, Exception):
        return SyncedModel(model_id=model_id, fault=str(answer))
    return SyncedModel(model_id=model_id, changes=changes(known, answer.model), remarks=answer.remarks)
