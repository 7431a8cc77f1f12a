"""Which hosts an output may be fetched from, and the one look-up that decides it.

The service names output URLs, and a service that is broken, bought or impersonated could name the inside of
our network: a router, a cloud's metadata address, a port on this machine. Hides which addresses are public.
Invariants: a name is looked up once, every address it has is judged, and the connection goes to an address
that was judged, never to the name again, so an answer that changes in between (DNS rebinding) reaches
nothing; TLS still checks the name, which httpcore does on its own. What is not surely public is refused.

Behind a proxy the proxy looks names up: then only `host_fault` stands here, and the proxy's own rules there.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

import httpcore

from seedpipe.core.errors import Malformed
from seedpipe.core.hosts import is_loopback

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    Resolver: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]

_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_LABELS: Final = re.compile(r"[0-9a-z_-]{1,63}(\.[0-9a-z_-]{1,63})+")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")  # what C libraries read as part of an IPv4 address
_INSIDE_NAMES: Final = (
    ".localhost",
    ".local",
    ".localdomain",
    ".internal",
    ".intranet",
    ".lan",
    ".home.arpa",
)
_INSIDE_V4: Final = (
    ipaddress.IPv4Network("168.63.129.16/32"),  # a cloud's host agent, on a public number
    ipaddress.IPv4Network("192.0.0.0/24"),  # one cloud's metadata; older Pythons call parts of it public
    ipaddress.IPv4Network("192.88.99.0/24"),  # relays to wherever
)
_PUBLIC_V6: Final = ipaddress.IPv6Network("2000::/3")  # all that was ever handed out for the public net
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")  # an IPv4 address in its last four bytes
_LAST_FOUR_BYTES: Final = 0xFFFFFFFF
_NOT_PUBLIC: Final = "is not a public address"


def host_fault(host: str, *, near: bool) -> str | None:
    """Return why a URL's host is not asked at all, judged by its spelling, or None.

    `near` is for a service on this machine, whose outputs are on this machine or public.
    """
    name = host.lower().removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return None if near and is_loopback(name) else "is this machine"
    try:
        return address_fault(name, near=near)
    except ValueError:
        pass
    if _NUMBER.fullmatch(name.rpartition(".")[2]):
        return "is an address in a disguise"
    if not _LABELS.fullmatch(name):
        return "is no full name of a host"
    return "is a name of an inner network" if name.endswith(_INSIDE_NAMES) else None


def address_fault(address: str, *, near: bool) -> str | None:
    """Return why no connection goes to an address, or None; raises `ValueError` for what is none."""
    parsed = _bare(ipaddress.ip_address(address))
    if parsed.is_loopback:
        return None if near else "is this machine"
    return None if _is_public(parsed) else _NOT_PUBLIC


def _bare(address: _Address) -> _Address:
    """Return the IPv4 address that an IPv6 address only wraps, else the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped:
        return address.ipv4_mapped
    return ipaddress.IPv4Address(int(address) & _LAST_FOUR_BYTES) if address in _NAT64 else address


def _is_public(address: _Address) -> bool:
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _INSIDE_V4)
    return address in _PUBLIC_V6 and not address.sixtofour and not address.teredo


async def look_up(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host, in the system's order of preference."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """How names are looked up and connections are made; tests hand in their own."""

    resolve: Resolver = look_up
    backend: httpcore.AsyncNetworkBackend = field(default_factory=httpcore.AnyIOBackend)


class PinnedBackend(httpcore.AsyncNetworkBackend):
    """Connects to judged addresses only. Raises `Malformed` when a host has one that is not allowed."""

    def __init__(self, network: Network, *, near: bool) -> None:
        self._network = network
        self._near = near

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Look the host up once, judge every answer, and connect to the first address that takes us."""
        try:
            async with asyncio.timeout(timeout):
                return await self._connect(host, port, local_address, list(socket_options or ()))
        except TimeoutError:
            raise httpcore.ConnectTimeout(f"no connection to {host} in time") from None

    async def sleep(self, seconds: float) -> None:
        """Wait, for the pool."""
        await self._network.backend.sleep(seconds)

    async def _connect(
        self, host: str, port: int, local: str | None, options: list[httpcore.SOCKET_OPTION]
    ) -> httpcore.AsyncNetworkStream:
        trouble: httpcore.ConnectError = httpcore.ConnectError(f"{host} has no address")
        for address in await self._judged_addresses(host, port):
            try:
                return await self._network.backend.connect_tcp(
                    address, port, local_address=local, socket_options=options
                )
            except httpcore.ConnectError as error:
                trouble = error
        raise trouble

    async def _judged_addresses(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a host if all are allowed: a mixed answer is a trap or a mistake."""
        try:
            addresses = await self._network.resolve(host, port)
        except (OSError, UnicodeError):
            raise httpcore.ConnectError(f"{host} cannot be looked up") from None
        for address in addresses:
            if fault := address_fault(address, near=self._near):
                raise Malformed(f"an output is at {host}, which {fault}")
        return addresses
