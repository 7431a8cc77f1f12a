"""Which host is this machine: by which plain http, no proxy and a quick pace are allowed."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


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
