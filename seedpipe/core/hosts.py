"""Which host is this machine, and which address of a service may be sent the key.

Hides what an origin is: scheme, host and port, and nothing else. Plain http, no proxy and a quick pace are
for this machine only.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import urlsplit

from seedpipe.core.errors import InputError

DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_HOST: Final = re.compile(r"[0-9A-Za-z._:-]+")
_HOW: Final = "give scheme, host and port only, like https://api.example.com or http://127.0.0.1:8080"


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine by its own address; a name that only leads here is not."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def leads_here(url: str) -> bool:
    """Say whether the host of a URL is this machine by its own address."""
    try:
        return is_loopback(urlsplit(url).hostname or "")
    except ValueError:
        return False


def checked_origin(address: str) -> str:
    """Return scheme, host and port of an address. Only https, or http to this machine, may see the key.

    Raises `InputError` for any other.
    """
    try:
        parts = urlsplit(address.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise InputError(f"the address '{address}' has no valid host and port", hint=_HOW) from None
    if parts.scheme not in DEFAULT_PORTS or not host:
        raise InputError(f"'{address}' is not an http(s) address", hint=_HOW)
    if parts.username is not None or parts.query or parts.fragment or parts.path not in ("", "/"):
        raise InputError(f"the address of '{host}' has more than scheme, host and port", hint=_HOW)
    if not _HOST.fullmatch(host):
        raise InputError(
            f"'{host}' is not the name of a host",
            hint="letters, digits, points and hyphens; a name in another script in its form xn--...",
        )
    if parts.scheme == "http" and not is_loopback(host):
        raise InputError(
            f"the key must not travel unencrypted to '{host}'",
            hint="use https; plain http is allowed for this machine only",
        )
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port and port != DEFAULT_PORTS[parts.scheme] else "")
