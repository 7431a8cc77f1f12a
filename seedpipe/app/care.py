"""The place and its service: whether they are fit, and the sandbox by itself."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from seedpipe.app.prices import models
from seedpipe.project import (
    STATE_FOLDER,
    places_of,
)
from seedpipe.sources import project_root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from decimal import Decimal
    from pathlib import Path

    from seedpipe.core.checkup import CheckLine
    from seedpipe.doctor.probe import Learned
    from seedpipe.settings import Settings


def doctor(folder: Path, settings: Settings) -> list[CheckLine]:
    """Return how it stands with this place: key, service, disk, lock, ledger, clock, versions."""
    from seedpipe.doctor import check_up

    places = places_of(project_root(folder), settings)
    return check_up(settings, ledger_file=places.ledger, learned_file=places.learned)


def probe(folder: Path, settings: Settings, *, consent: Callable[[Decimal], None]) -> Learned:
    """Ask the live service its open questions with one cheapest image, and keep what was learned.

    `consent` hears the most it can cost, before anything is sent; it raises to refuse.
    """
    from seedpipe.doctor import live_probe
    from seedpipe.doctor.probe import cheapest

    settings.required_key()
    _, image_usd = cheapest()
    consent(2 * image_usd)  # one image, and one request that is meant to fail and may be billed all the same
    places = places_of(project_root(folder), settings)
    return live_probe(settings, kept=places.learned)


def serve_sandbox(
    folder: Path, *, port: int, state: Path | None, switches: Iterable[str], ready: Callable[[str], None]
) -> None:
    """Run the sandbox as a server for any client until a signal ends it; `ready` hears its address.

    `switches` are words like `lose_every=5`.
    """
    from seedpipe.sandbox import SandboxServer, switched

    chosen = switched(switches)
    state = state or project_root(folder) / STATE_FOLDER
    endings = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, endings)  # before any thread starts: they inherit it
    catalogue = models(folder)
    with SandboxServer(state=state / "sandbox", port=port, switches=chosen, catalogue=catalogue) as server:
        ready(server.base_url)
        signal.sigwait(endings)
