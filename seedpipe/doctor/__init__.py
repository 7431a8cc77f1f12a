"""What is wrong here: the facts that `core.checkup` judges, gathered without changing anything.

Hides where each fact comes from. Invariants: nothing is written, taken or paid; whatever cannot be found out
is a fact of its own and never an error; the key is looked at and goes nowhere but to its own origin.
"""

from __future__ import annotations

import asyncio
import json
import platform
import shutil
from contextlib import closing
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Final

from seedpipe import __version__, catalog
from seedpipe.core.audit import account_faults
from seedpipe.core.checkup import CheckLine, Facts, examine
from seedpipe.core.errors import InputError, ProviderError, SeedpipeError
from seedpipe.ledger import SqliteLedger, file_system_of, is_network, lock_holder, sqlite_version
from seedpipe.session import learned_of
from seedpipe.settings import World
from seedpipe.stores import write_atomically

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

    from seedpipe.doctor.probe import Learned
    from seedpipe.settings import Settings

_PATIENCE_S: Final = 20.0  # for all of the service's answers
_LIBRARIES: Final = ("httpx", "pillow", "starlette", "uvicorn")
_LOOK_BACK: Final = timedelta(minutes=1)  # a page that is nearly empty says the time as well as a full one


def check_up(settings: Settings, *, ledger_file: Path, learned_file: Path) -> list[CheckLine]:
    """Return what there is to say about this place, its ledger and, with a key, its service."""
    said = _Service()
    key_fault = None
    if settings.api_key is not None and settings.world is World.LIVE:
        try:
            asyncio.run(_ask(settings, said))
        except InputError as error:
            key_fault = str(error)
    holder = lock_holder(ledger_file)
    trouble, faults = _ledger_faults(ledger_file, at_rest=holder is None)
    kind = file_system_of(ledger_file)
    facts = Facts(
        live=settings.api_key is not None and key_fault is None,
        origin=settings.origin,
        has_key=settings.api_key is not None,
        key_fault=key_fault,
        silence=said.silence,
        balance_usd=said.balance_usd,
        balance_silence=said.balance_silence,
        server_skew=said.skew,
        free_bytes=_free_bytes(ledger_file.parent),
        file_system=kind,
        on_network=is_network(kind),
        lock_holder=holder,
        has_ledger=ledger_file.exists(),
        ledger_trouble=trouble,
        account_faults=faults,
        listing=learned_of(learned_file),
        catalogue_as_of=_catalogue_date(),
        now=datetime.now(UTC),
        versions=_versions(),
    )
    return examine(facts)


def live_probe(settings: Settings, *, kept: Path) -> Learned:
    """Buy one cheapest image to see how the service answers, and keep what was learned in a file."""
    from seedpipe.doctor.probe import probe
    from seedpipe.providers import WaveSpeedProvider

    def keep(learned: Learned) -> None:
        write_atomically(kept, [json.dumps(learned.document(), indent=2) + "\n"])

    async def drive() -> Learned:
        provider = WaveSpeedProvider(settings.origin, settings.required_key().reveal())
        try:
            return await probe(provider, keep)
        finally:
            await provider.aclose()

    return asyncio.run(drive())


class _Service:
    """What the service said, as far as it said anything."""

    silence: str | None = None
    balance_usd: Decimal | None = None
    balance_silence: str | None = None
    skew: timedelta | None = None


async def _ask(settings: Settings, said: _Service) -> None:
    """Ask the list, which says the time, and the balance; raises `InputError` for a key that is none."""
    from seedpipe.providers import WaveSpeedProvider

    provider = WaveSpeedProvider(settings.origin, settings.required_key().reveal())
    try:
        async with asyncio.timeout(_PATIENCE_S):
            now = datetime.now(UTC)
            model = next(iter(catalog.load().models))
            page = await provider.predictions(
                model=model, created_after=now - _LOOK_BACK, created_before=now, page_size=1
            )
            said.skew = now - page.server_now if page.server_now else None
            try:
                said.balance_usd = await provider.balance()
            except ProviderError as error:
                said.balance_silence = str(error)
    except (ProviderError, TimeoutError) as error:
        said.silence = str(error) or f"no answer within {_PATIENCE_S:g} s"
    finally:
        await provider.aclose()


def _ledger_faults(file: Path, *, at_rest: bool) -> tuple[str | None, int]:
    """Return why a ledger cannot be read, and how many of its accounts are wrong: that shows at rest."""
    if not file.exists():
        return None, 0
    try:
        with closing(SqliteLedger.open_for_reading(file)) as ledger:
            faults = account_faults(ledger.accounts(), ledger.payments()) if at_rest else ()
            return None, sum(1 for _ in faults)
    except SeedpipeError as error:
        return str(error), 0


def _free_bytes(folder: Path) -> int | None:
    there = next((path for path in (folder, *folder.parents) if path.exists()), None)
    try:
        return shutil.disk_usage(there).free if there else None
    except OSError:
        return None


def _catalogue_date() -> datetime:
    return datetime.fromisoformat(catalog.load().as_of).replace(tzinfo=UTC)


def _versions() -> dict[str, str]:
    found = {"seedpipe": __version__, "Python": platform.python_version(), "SQLite": sqlite_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
