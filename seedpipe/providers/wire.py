"""What every connection shares: limits, whom to trust, and which proxy leads there.

Hides where the environment speaks: `SSL_CERT_FILE` and `SSL_CERT_DIR` name a company's own authorities,
`HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` name its proxies. Invariant: this machine is never reached through
a proxy, which has no way to our loopback.
"""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.request import getproxies, proxy_bypass

import httpx

from seedpipe.core.errors import InputError
from seedpipe.core.hosts import is_loopback

if TYPE_CHECKING:
    import ssl


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Time-outs and sizes of everything that goes over the wire."""

    connect_timeout_s: float = 10.0
    write_timeout_s: float = 30.0
    read_timeout_s: float = 60.0  # silence: a loaded API may take long to answer, and a doubt is dear
    pool_timeout_s: float = 30.0
    answer_deadline_s: float = 150.0  # all of one call: a server that drips bytes never trips a read time-out
    download_deadline_s: float = 300.0  # 64 MiB over a slow office line
    answer_max_bytes: int = 4 * 2**20  # a set of 15 URLs needs some kB; 200 MB of HTML must not be swallowed
    result_max_bytes: int = (
        96 * 2**20
    )  # only where images travel inside: the largest one makes 86 MB of base64
    models_max_bytes: int = 32 * 2**20  # the list of some thousand models, each with its schema
    download_max_bytes: int = 64 * 2**20  # a 4096-pixel PNG has at most about 50 MB
    download_redirects: int = 3
    # A reused connection may be one that the server is just closing: the submit is lost without an answer
    # and in doubt for nothing. No common server closes sooner than 5 s of idleness; 2 s keeps clear of it.
    submit_idle_s: float = 2.0
    read_idle_s: float = 15.0
    connections: int = 200


def trusted() -> ssl.SSLContext:
    """Return the authorities that certificates are checked against; raises `InputError`.

    They are read once for as long as the environment names the same ones: that takes as long as
    planning a campaign, and a run opens several connections.
    """
    try:
        return _trusting(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
    except OSError as error:
        raise InputError(
            "the certificate authorities that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read",
            hint=f"name a PEM file that exists, or unset the variable ({error.strerror or error})",
        ) from None


@lru_cache(maxsize=1)
def _trusting(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    """Return the context that httpx makes of these two variables, which it reads by itself."""
    return httpx.create_ssl_context()


def proxy_for(scheme: str, host: str) -> httpx.Proxy | None:
    """Return the proxy that the environment names for a host, or None for a direct connection.

    Raises `InputError` for a proxy that cannot be used.
    """
    if is_loopback(host):
        return None
    proxies = getproxies()
    address = proxies.get(scheme) or proxies.get("all")
    if not address or proxy_bypass(host):
        return None
    try:
        proxy = httpx.Proxy(address if "://" in address else f"http://{address}")
    except (ValueError, httpx.InvalidURL):
        raise InputError(
            f"the proxy for {scheme} in the environment is no proxy's address",
            hint=f"look at {scheme.upper()}_PROXY and ALL_PROXY: http://host:port is one",
        ) from None
    if proxy.url.scheme.startswith("socks") and importlib.util.find_spec("socksio") is None:
        raise InputError(
            "the environment names a SOCKS proxy, which needs the package 'socksio'",
            hint="pip install socksio, or name an http proxy in HTTPS_PROXY",
        )
    return proxy
