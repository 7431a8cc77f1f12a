"""Flags and environment become one frozen value, checked once.

Hides which variable and which flag says what. Invariants: the key comes from the environment
only and shows in no repr; it goes to no origin that only a file names; proof settings hold neither.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlsplit

from seedpipe import catalog
from seedpipe.core.diagnostics import did_you_mean
from seedpipe.core.errors import InputError
from seedpipe.core.hosts import DEFAULT_PORTS, checked_origin, is_loopback
from seedpipe.core.model import SANDBOX_ORIGIN
from seedpipe.core.policy import Redo

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seedpipe.core.levels import AccountLevel

SERVICE_ORIGIN: Final = "https://api.wavespeed.ai"
DEFAULT_CONCURRENCY: Final = (
    16  # jobs in the air: keeps a bronze or silver account busy without a storm of polls
)
_MOST_CONCURRENCY: Final = 1000
_SETTLE_S: Final = 180.0
# The embedded sandbox lists a task at once. A service elsewhere on loopback may be a way to the real one.
_PROOF_SETTLE_S: Final = 2.0
_MOST_SETTLE_S: Final = 86400.0
_LARGEST_PORT: Final = 65535


class World(StrEnum):
    """Proof and live never mix: own ledger, own objects, own output folder."""

    PROOF = "proof"
    LIVE = "live"


class ApiKey:
    """The service's key. Only `reveal` shows it, so that no log, error or repr does."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the key itself, for the one header that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "ApiKey(***)"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookAddress:
    """Where webhooks are received; `url` leads the service there, None is the address itself."""

    host: str
    port: int
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the place we run in shows of a run beside our own output.

    `annotates` says whether workflow commands are read from the log; `step_summary` is a Markdown file that
    is shown on the page of the run.
    """

    annotates: bool = False
    step_summary: Path | None = None

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """Return what the variables of a CI say."""
        summary = environment.get("GITHUB_STEP_SUMMARY", "").strip()
        return cls(
            annotates=environment.get("GITHUB_ACTIONS") == "true",
            step_summary=Path(summary) if summary else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How one command is to run.

    `origin` is the service: `sandbox`, or scheme, host and port. `state` and `out` are None for their
    defaults. `settle_s` is how long the service's list may run behind,
    `list_is_literal` whether it repeats inputs as they were sent. `purse_usd` caps this run.
    `assume_yes` is consent given on the command line; `interactive` says whether somebody is there to ask.
    A `partial` run goes as far as the budgets allow; `adopt` says whether it looks first for work that is
    paid for, None to do so in live runs, for what they may buy. `webhooks` is where hints are heard. `redo`
    names what may be bought again, `fail_fast` ends submitting at the first failed job. `sandbox_switches`
    are words like `plain_pictures=true` for the sandbox of a proof. `level` is that of the live account, None
    where nobody has said. `reports` says whether the run's end writes them; `surroundings` are those of a CI.
    """

    world: World = World.PROOF
    origin: str = SANDBOX_ORIGIN
    api_key: ApiKey | None = None
    state: Path | None = None
    out: Path | None = None
    concurrency: int = DEFAULT_CONCURRENCY
    settle_s: float = _SETTLE_S
    list_is_literal: bool = True
    purse_usd: Decimal | None = None
    assume_yes: bool = False
    interactive: bool = False
    partial: bool = False
    webhooks: WebhookAddress | None = None
    adopt: bool | None = None
    redo: frozenset[Redo] = frozenset()
    fail_fast: bool = False
    sandbox_switches: tuple[str, ...] = ()
    level: AccountLevel | None = None
    reports: bool = True
    surroundings: Surroundings = Surroundings()

    @classmethod
    def read(
        cls,
        environment: Mapping[str, str],
        *,
        live: bool,
        base_url: str | None = None,
        state: str | None = None,
        out: str | None = None,
        concurrency: int | None = None,
        settle: str | None = None,
        budget: str | None = None,
        assume_yes: bool = False,
        interactive: bool = False,
        adopt: bool | None = None,
        partial: bool = False,
        webhook_listen: str | None = None,
        webhook_url: str | None = None,
        redo: str | None = None,
        fail_fast: bool = False,
        level: str | None = None,
        reports: bool = True,
    ) -> Self:
        """Return settings from flags and environment. Raises `InputError` for what makes no sense."""
        if base_url is not None and not live:
            raise InputError("--base-url needs --live", hint="without --live, everything runs in the sandbox")
        key = environment.get("WAVESPEED_API_KEY", "").strip()
        # An empty flag is an unset variable in somebody's script, not a wish to pay the real service.
        address = environment.get("SEEDPIPE_BASE_URL") or SERVICE_ORIGIN if base_url is None else base_url
        return cls(
            world=World.LIVE if live else World.PROOF,
            origin=checked_origin(address) if live else SANDBOX_ORIGIN,
            api_key=ApiKey(key) if live and key else None,
            state=Path(state) if state else None,
            out=Path(out) if out else None,
            concurrency=checked_concurrency(concurrency),
            settle_s=parsed_settle(
                settle or environment.get("SEEDPIPE_SETTLE_S"), _SETTLE_S if live else _PROOF_SETTLE_S
            ),
            purse_usd=None if budget is None else parsed_budget(budget),
            assume_yes=assume_yes,
            interactive=interactive,
            adopt=adopt,
            partial=partial,
            webhooks=webhook_address(webhook_listen, webhook_url),
            redo=frozenset() if redo is None else parsed_redo(redo),
            fail_fast=fail_fast,
            reports=reports,
            surroundings=Surroundings.read(environment),
            sandbox_switches=tuple(environment.get("SEEDPIPE_SANDBOX", "").split()),
            level=account_level(level or environment.get("SEEDPIPE_LEVEL")) if live else None,
        )

    @classmethod
    def of_ledger(
        cls, environment: Mapping[str, str], origin: str, *, base_url: str | None = None, **options: Any
    ) -> Self:
        """Return the settings for the service of a ledger; `options` are those of `read`.

        Whoever can write the ledger's file can write any address into it. Raises `InputError` for one that is
        neither the service's own nor named by the user.
        """
        if origin == SANDBOX_ORIGIN:
            return cls.read(environment, live=False, base_url=base_url, **options)
        settings = cls.read(environment, live=True, base_url=base_url, **options)
        if base_url is None and settings.trusts(origin):
            return replace(settings, origin=origin)
        if origin != settings.origin:
            raise InputError(
                f"the ledger of this run belongs to {origin}, and the key goes to no address that only a file"
                " names",
                hint=f"if that is your service, say --base-url {origin}; nothing was sent",
            )
        return settings

    def trusts(self, origin: str) -> bool:
        """Say whether the key may go to an origin that a file names: the service's own, or the user's."""
        return origin in {SERVICE_ORIGIN, self.origin}

    def required_key(self) -> ApiKey:
        """Return the key of a live command; its absence is the user's to mend."""
        if self.api_key is None:
            raise InputError(
                "WAVESPEED_API_KEY is not set",
                hint="export the key of your account; it is read from there only",
            )
        return self.api_key

    @property
    def world_name(self) -> str:
        """The folder name of this world: `proof`, `live`, or `live-<host>-<port>` for another origin."""
        if self.world is World.PROOF or self.origin == SERVICE_ORIGIN:
            return self.world.value
        return f"live-{_host_and_port(self.origin)}"

    @property
    def out_suffix(self) -> str:
        """What follows the campaign's name in the name of its output folder."""
        if self.world is World.PROOF:
            return "-proof"
        return "" if self.origin == SERVICE_ORIGIN else f"-{_host_and_port(self.origin)}"


def checked_concurrency(concurrency: int | None) -> int:
    """Return how many jobs are in the air at a time."""
    if concurrency is None:
        return DEFAULT_CONCURRENCY
    if not 1 <= concurrency <= _MOST_CONCURRENCY:
        raise InputError(f"--concurrency is {concurrency}; it must be from 1 to {_MOST_CONCURRENCY}")
    return concurrency


def account_level(text: str | None) -> AccountLevel | None:
    """Return the account level of this name; None for no name."""
    if text is None or not text.strip():
        return None
    levels = catalog.levels()
    name = text.strip().lower()
    if name not in levels:
        hint = did_you_mean(name, levels) or f"it is one of {', '.join(levels)}"
        raise InputError(f"unknown account level '{text}'", hint=hint)
    return levels[name]


def parsed_settle(text: str | None, default: float) -> float:
    """Return the settle time of doubts, in seconds."""
    if text is None or not text.strip():
        return default
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= _MOST_SETTLE_S:
        raise InputError(
            f"the settle time is '{text}'; it must be seconds, up to a day",
            hint="correct --settle-s or SEEDPIPE_SETTLE_S; the default is 180",
        )
    return seconds


def parsed_budget(text: str) -> Decimal:
    """Return the amount of `--budget`, in USD."""
    try:
        amount = Decimal(text.strip())
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0 or amount != round(amount, 6):
        raise InputError(f"--budget is '{text}'; it must be an amount in USD, like 25 or 2.50")
    return amount


def webhook_address(listen: str | None, url: str | None) -> WebhookAddress | None:
    """Return what `--webhook-listen HOST:PORT` and `--webhook-url URL` say."""
    if listen is None:
        if url is not None:
            raise InputError("--webhook-url needs --webhook-listen", hint="like 0.0.0.0:9000")
        return None
    host, _, port = listen.strip().rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or int(port) > _LARGEST_PORT:
        raise InputError(f"--webhook-listen is '{listen}'", hint="write HOST:PORT, like 127.0.0.1:9000")
    if url is not None:
        parts = urlsplit(url)
        near = parts.scheme == "http" and is_loopback(parts.hostname or "")
        if not parts.hostname or parts.username or not (parts.scheme == "https" or near):
            raise InputError("--webhook-url is not an https URL", hint="write https://HOST/PATH")
    return WebhookAddress(host=host, port=int(port), url=url)


def parsed_redo(text: str) -> frozenset[Redo]:
    """Return what `--redo` names; a word that is not known would else buy nothing and say nothing."""
    words = [word.strip() for word in text.split(",")]
    known = {redo.value for redo in Redo}
    for word in words:
        if word not in known:
            hint = did_you_mean(word, known) or f"it takes {', '.join(Redo)}, one or more, comma-separated"
            raise InputError(f"--redo does not know '{word}'", hint=hint)
    return frozenset(map(Redo, words))


def _host_and_port(origin: str) -> str:
    parts = urlsplit(origin)
    host = (parts.hostname or "").replace(":", "_")
    return f"{host}-{parts.port or DEFAULT_PORTS[parts.scheme]}"
