"""A session with a service: the adapter, the engine, the signals that end it, the log of what it heard.

Hides how a run is put on its feet: the sandbox of a proof is started and ended with it, webhooks are heard
where they are asked for, and the first signal stops the engine in order.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import secrets
import signal
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from seedpipe import __version__
from seedpipe.core.errors import InputError, ProviderError
from seedpipe.core.hosts import leads_here
from seedpipe.core.probed import ListTraits, traits_of
from seedpipe.core.reconcile import settle_time_s
from seedpipe.core.records import RunEnd, RunStart
from seedpipe.settings import World
from seedpipe.stores import RunLog

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from seedpipe.core.catalogue import Catalogue
    from seedpipe.core.lockfile import Elsewhere
    from seedpipe.core.model import PlanHeader
    from seedpipe.core.policy import Orders
    from seedpipe.core.records import RunOutcome
    from seedpipe.engines import Hints, Pace
    from seedpipe.ports import Engine, Ledger, Provider, RunListener, Store
    from seedpipe.project import Places
    from seedpipe.providers import WaveSpeedProvider
    from seedpipe.settings import Settings


@contextmanager
def service(settings: Settings, places: Places, catalogue: Catalogue | None = None) -> Iterator[str]:
    """Have the service of this world at hand; the proof's is started here, on a free port of loopback.

    The proof's serves the models of `catalogue`; without one, those that ship.
    """
    if settings.world is World.LIVE:
        yield settings.origin
        return
    from seedpipe.sandbox import SandboxServer, switched

    switches = switched(settings.sandbox_switches)
    with SandboxServer(state=places.sandbox, switches=switches, catalogue=catalogue) as server:
        yield server.base_url


def run_start(header: PlanHeader, settings: Settings, elsewhere: Elsewhere, out: str | None) -> RunStart:
    """Return a run of a plan that begins now, under the caps of its world: proofs have none but the purse.

    `out` is the folder of its images, as `RunStart` spells it.
    """
    now = datetime.now(UTC)
    token = secrets.token_hex(3)
    caps = header.budget
    return RunStart(
        run_id=f"{now:%Y%m%dT%H%M%SZ}-{token}",
        plan_id=header.plan_id,
        campaign=header.campaign,
        owner=f"{os.getpid()}-{token}",
        started_at=now,
        purse_usd=settings.purse_usd,
        budget_usd=caps.usd if settings.world is World.LIVE else None,
        month_usd=caps.brand_usd_per_month if settings.world is World.LIVE else None,
        elsewhere_usd=elsewhere.usd,
        elsewhere_month_usd=elsewhere.month_usd,
        out=out,
    )


def run_end(start: RunStart, outcome: RunOutcome, code: int) -> RunEnd:
    """Return how a run ends now."""
    return RunEnd(
        run_id=start.run_id,
        finished_at=datetime.now(UTC),
        exit_code=code,
        stop=outcome.stop,
        message=outcome.message,
    )


@asynccontextmanager
async def provider_at(
    settings: Settings, origin: str, *, webhook_url: str | None = None
) -> AsyncIterator[WaveSpeedProvider]:
    """Have the service's adapter at hand, its connections closed at the end."""
    from seedpipe.providers import WaveSpeedProvider

    # Adapters blot their key out of every message, so the sandbox's must be a word that nothing else says.
    proof = settings.world is World.PROOF
    key = f"proof-{secrets.token_hex(8)}" if proof else settings.required_key().reveal()
    provider = WaveSpeedProvider(origin, key, webhook_url=webhook_url)
    try:
        yield provider
    finally:
        await provider.aclose()


@asynccontextmanager
async def _hinted_provider(
    settings: Settings, origin: str, hints: Hints, listener: RunListener
) -> AsyncIterator[Provider]:
    """Have the adapter at hand, and its service's webhooks end waits; without them all goes on as ever."""
    if settings.webhooks is None:
        async with provider_at(settings, origin) as provider:
            yield provider
        return
    from seedpipe.providers.receiver import WebhookReceiver

    where = settings.webhooks
    if where.url is None and not leads_here(origin):
        raise InputError(
            "the service cannot reach the address of --webhook-listen",
            hint="give the public URL that leads there with --webhook-url",
        )
    loop = asyncio.get_running_loop()

    def heard(prediction_id: str) -> None:
        loop.call_soon_threadsafe(hints.give, prediction_id)

    with WebhookReceiver(where.host, where.port) as receiver:
        async with provider_at(settings, origin, webhook_url=where.url or receiver.url) as provider:
            serving: AbstractContextManager[None]
            try:
                serving = receiver.serving(await provider.webhook_secret(), heard)
            except ProviderError as error:
                listener.waiting(0.0, f"webhooks cannot be verified, so they are ignored: {error}")
                serving = nullcontext()
            with serving:
                yield provider


async def drive(
    start: RunStart,
    orders: Orders,
    ledger: Ledger,
    origin: str,
    store: Store,
    asides: Store,
    settings: Settings,
    listener: RunListener,
    *,
    settle_only: bool = False,
) -> tuple[RunOutcome, int | None]:
    """Run the engine to its end; return its outcome, and the signal that cut it short if one did."""
    from seedpipe.engines import Hints, LocalEngine, SystemClock

    hints = Hints(listens=settings.webhooks is not None)
    async with _hinted_provider(settings, origin, hints, listener) as provider:
        engine: Engine = LocalEngine(
            ledger=ledger,
            provider=provider,
            store=store,
            clock=SystemClock(),
            listener=listener,
            rng=random.Random(),
            pace=pace_for(settings, origin),
            orders=orders,
            asides=asides,
            hints=hints,
        )
        with _stopped_by_signals(engine) as received:
            outcome = await (engine.settle(start) if settle_only else engine.run(start))
    return outcome, received[0] if received else None


def careful(settings: Settings, places: Places) -> Settings:
    """Return the settings with what `doctor --live` has shown this service's list to need."""
    said = learned_of(places.learned)
    return replace(
        settings,
        settle_s=settle_time_s(settings.settle_s, said.lag_s),
        list_is_literal=settings.list_is_literal and said.is_literal,
    )


def learned_of(file: Path) -> ListTraits:
    """Return what `doctor --live` has kept about the service's list, as far as it can be read."""
    try:
        return traits_of(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError):
        return ListTraits()


def pace_for(settings: Settings, origin: str) -> Pace:
    """Return how fast a service is asked: one on this machine is quick, and asking it is free."""
    from seedpipe.engines import Pace

    if leads_here(origin):
        pace = Pace.next_door(settings.concurrency, settle_s=settings.settle_s)
    else:
        pace = Pace(concurrency=settings.concurrency, settle_s=settings.settle_s)
    pace = replace(pace, list_is_literal=settings.list_is_literal)
    if level := settings.level:
        concurrency = min(pace.concurrency, level.concurrent_tasks)
        pace = replace(pace, concurrency=concurrency, images_per_minute=level.images_per_minute)
    return pace


@contextmanager
def _stopped_by_signals(engine: Engine) -> Iterator[list[int]]:
    """Have the first signal stop the engine in order, the second end the process; yield those received.

    Whoever heard signals before does so again afterwards.
    """
    received: list[int] = []

    def interrupt(number: int) -> None:
        if received:
            os._exit(128 + number)
        received.append(number)
        engine.stop()

    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        loop.add_signal_handler(number, interrupt, number)
    try:
        yield received
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)


@contextmanager
def run_log(places: Places, start: RunStart, settings: Settings, listener: RunListener) -> Iterator[RunLog]:
    """Have everything that a run's listener hears written down beside the ledgers."""
    key = (settings.api_key.reveal(),) if settings.api_key else ()
    with RunLog(places.logs, start.run_id, listener, secrets=key) as log:
        world = settings.world_name
        log.note(
            "run_begins", campaign=start.campaign, plan_id=start.plan_id, world=world, version=__version__
        )
        yield log
