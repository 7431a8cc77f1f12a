"""What `seedpipe doctor` says about the facts of a place: fine, a warning, or something to mend first.

Hides where each line is drawn. Pure: the facts are gathered elsewhere. Invariants: every line that is not
fine says what to do; the key's characters are no fact of this module, only whether there is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal  # noqa: TC003
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from seedpipe.core.money import usd

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from seedpipe.core.probed import ListTraits

_LEAST_FREE_BYTES: Final = 200 * 2**20  # a run of a few sets; below it fails while it pays
_LITTLE_FREE_BYTES: Final = 5 * 2**30  # a campaign of a thousand images
_SKEW_WARN: Final = timedelta(seconds=30)
_SKEW_FAIL: Final = timedelta(seconds=300)  # webhooks are late by then, and windows in the list are wrong
_OLD_CATALOGUE: Final = timedelta(days=180)
_GIB: Final = 2**30
LIST: Final = "list"


class Health(StrEnum):
    """How it stands with one thing."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckLine:
    """One thing that was looked at: how it stands, in words, and what to do."""

    name: str
    health: Health
    says: str
    do: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What was found. `silence` is why no service answered, `ledger_trouble` why no ledger can be read."""

    live: bool
    origin: str
    has_key: bool
    key_fault: str | None
    silence: str | None
    balance_usd: Decimal | None
    balance_silence: str | None
    server_skew: timedelta | None
    free_bytes: int | None
    file_system: str
    on_network: bool
    lock_holder: str | None
    has_ledger: bool
    ledger_trouble: str | None
    account_faults: int
    listing: ListTraits
    catalogue_as_of: datetime
    now: datetime
    versions: Mapping[str, str]


def examine(facts: Facts) -> list[CheckLine]:
    """Return a line for each thing, in the order in which to mend them."""
    return [*_service(facts), *_place(facts), *_ledger(facts), *_tool(facts)]


def all_well(lines: list[CheckLine]) -> bool:
    """Say whether nothing has to be mended; warnings count as well."""
    return all(line.health is not Health.FAIL for line in lines)


def _ok(name: str, says: str) -> CheckLine:
    return CheckLine(name=name, health=Health.OK, says=says)


def _warn(name: str, says: str, do: str) -> CheckLine:
    return CheckLine(name=name, health=Health.WARN, says=says, do=do)


def _fail(name: str, says: str, do: str) -> CheckLine:
    return CheckLine(name=name, health=Health.FAIL, says=says, do=do)


def _service(facts: Facts) -> Iterator[CheckLine]:
    if not facts.has_key:
        yield _warn("key", "WAVESPEED_API_KEY is not set: proofs only", "export the key of your account")
    elif facts.key_fault:
        yield _fail("key", facts.key_fault, "export the key again, without spaces or quotes around it")
    else:
        yield _ok("key", "set (it is never shown)")
    if not facts.live:
        return
    if facts.silence:
        do = "check the network, the proxy in HTTPS_PROXY and the key"
        yield _fail("origin", f"{facts.origin} does not answer: {facts.silence}", do)
        return
    yield _ok("origin", f"{facts.origin} answers")
    if facts.balance_usd is None:
        yield _warn("balance", f"unknown: {facts.balance_silence}", "runs work without it; try again later")
    elif facts.balance_usd <= 0:
        yield _fail("balance", usd(facts.balance_usd), "top up the account before a live run")
    else:
        yield _ok("balance", usd(facts.balance_usd))
    yield _clock(facts.server_skew)
    yield from about_list(facts.listing)


def about_list(listing: ListTraits) -> list[CheckLine]:
    """Return what to heed about the service's list, by which doubts are settled; nothing if nothing is."""
    do = "write `policy: {in_doubt: hold}` into campaigns, so that no job in doubt is sent again by itself"
    lines = []
    if not listing.was_seen:
        words = f"a probe's task was not in the list for {listing.lag_s:.0f} s"
        lines.append(_warn(LIST, f"{words}: nobody knows when it shows a request", do))
    if not listing.is_literal:
        words = (
            "it shows other values than were sent: requests in doubt cannot be found in it and stay in doubt"
        )
        lines.append(_warn(LIST, words, do))
    return lines


def _clock(skew: timedelta | None) -> CheckLine:
    if skew is None:
        return _warn("clock", "the service does not send its time", "check this machine's clock yourself")
    words = f"{abs(skew).total_seconds():.0f} s {'ahead of' if skew > timedelta(0) else 'behind'} the service"
    if abs(skew) >= _SKEW_FAIL:
        return _fail("clock", words, "set this machine's clock: requests in doubt are settled by time")
    if abs(skew) >= _SKEW_WARN:
        return _warn("clock", words, "set this machine's clock")
    return _ok("clock", "agrees with the service's")


def _place(facts: Facts) -> Iterator[CheckLine]:
    if facts.free_bytes is None:
        yield _warn("disk", "the free space is unknown", "make sure that the state folder is writable")
    else:
        free = f"{facts.free_bytes / _GIB:.1f} GiB free for the state folder"
        if facts.free_bytes < _LEAST_FREE_BYTES:
            yield _fail("disk", free, "free some space, or choose another disk with --state")
        elif facts.free_bytes < _LITTLE_FREE_BYTES:
            yield _warn("disk", free, "an image takes about 5 MB, up to 50: make room for large campaigns")
        else:
            yield _ok("disk", free)
    if facts.on_network:
        words = f"{facts.file_system} is a network file system and cannot keep a ledger"
        yield _fail("file system", words, "choose a folder on a local disk with --state")
    else:
        yield _ok("file system", facts.file_system or "local, as far as known")


def _ledger(facts: Facts) -> Iterator[CheckLine]:
    if facts.lock_holder is not None:
        holder = f" ({facts.lock_holder})" if facts.lock_holder else ""
        yield _warn("lock", f"a run is writing to the ledger{holder}", "wait for it, or stop it with Ctrl-C")
    else:
        yield _ok("lock", "free")
    if facts.ledger_trouble:
        do = "keep the state folder as it is, and do not run until the cause is known"
        yield _fail("ledger", facts.ledger_trouble, do)
    elif facts.account_faults:
        words = f"{facts.account_faults} accounts do not match the sum of their attempts"
        yield _fail("ledger", words, "`seedpipe audit` lists them; do not run live until the cause is known")
    else:
        yield _ok("ledger", "readable, its accounts match" if facts.has_ledger else "none yet")


def _tool(facts: Facts) -> Iterator[CheckLine]:
    as_of = f"{facts.catalogue_as_of:%Y-%m-%d}"
    if facts.now - facts.catalogue_as_of > _OLD_CATALOGUE:
        do = "upgrade seedpipe; a live run checks today's prices in any case"
        yield _warn("catalogue", f"prices and models as of {as_of}", do)
    else:
        yield _ok("catalogue", f"prices and models as of {as_of}")
    yield _ok("versions", ", ".join(f"{name} {version}" for name, version in facts.versions.items()))
