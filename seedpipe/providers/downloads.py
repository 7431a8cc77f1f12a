"""Files over HTTP, from and to hosts that nobody vouches for.

Hides how a URL that the service named becomes bytes: judged, followed through a few redirects that are each
judged anew, read under a cap and a deadline; and how bytes are put at one. Invariants: nothing here knows the
key; every URL is https, or http on this machine when the service itself is there; a direct connection goes to
an address that `reach` has judged; no message shows more of a URL than its scheme and host, for the rest may
be a signature.

Below httpx, on httpcore: only there can the look-up of a name be handed in. Absent on purpose: cookies,
retries, and any belief in what a server says about the file.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import httpcore
import httpx

from seedpipe.core.errors import Malformed, ProviderError, Refused, Unavailable
from seedpipe.core.hosts import is_loopback
from seedpipe.providers import answers
from seedpipe.providers.reach import Network, PinnedBackend, host_fault
from seedpipe.providers.wire import Limits, proxy_for

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping

_EXPIRED_STATUSES: Final = frozenset({403, 404, 410})  # what file servers say of a signed URL past its time
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_CLIENT_ERROR: Final = 400
_SERVER_ERROR: Final = 500
_TAKEN: Final = frozenset({200, 201, 204})
_LONGEST_URL: Final = 8192  # characters: signed URLs have some hundred; a base64 image is no URL
# Whatever httpcore and the sockets below it raise; TimeoutError, our own deadline's word, is an OSError.
_BROKEN: Final = (
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
    OSError,
)


class OutputFiles:
    """The files that a service's answers point to. `near` says whether the service is on this machine."""

    def __init__(
        self, limits: Limits, trust: ssl.SSLContext, *, near: bool, network: Network | None = None
    ) -> None:
        self._limits = limits
        self._trust = trust
        self._near = near
        self._direct = httpcore.AsyncConnectionPool(
            ssl_context=trust,
            max_connections=limits.connections,
            keepalive_expiry=limits.read_idle_s,
            network_backend=PinnedBackend(network or Network(), near=near),
        )
        self._by_proxy: dict[str, httpcore.AsyncConnectionPool] = {}

    @asynccontextmanager
    async def open(self, url: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open a file. See `WaveSpeedProvider.download` for what each error means."""
        deadline = asyncio.get_running_loop().time() + self._limits.download_deadline_s
        response = await self._found(url, deadline)
        try:
            async with aclosing(self._chunks(response, deadline)) as chunks:
                yield chunks
        finally:
            await response.aclose()

    async def aclose(self) -> None:
        """Release connections."""
        for pool in (self._direct, *self._by_proxy.values()):
            await pool.aclose()

    async def put(self, url: str, headers: Mapping[str, str], content: bytes) -> None:
        """Put bytes at a URL with these headers and no others, following no redirect.

        Raises `Refused` for what that place does not take, `Unavailable` when it may be tried again.
        """
        target = self.checked(url, "the place of an upload")
        deadline = asyncio.get_running_loop().time() + self._limits.download_deadline_s
        named = {name.lower() for name in headers}
        usual = {"Host": target.netloc.decode("ascii"), "Content-Length": str(len(content))}
        sent = {name: value for name, value in usual.items() if name.lower() not in named} | dict(headers)
        request = httpcore.Request(
            "PUT",
            _address(target),
            headers=[(name.encode("ascii"), value.encode("ascii")) for name, value in sent.items()],
            content=content,
            extensions={"timeout": self._timeouts()},
        )
        response = await self._answered(request, target, deadline, "a file cannot be uploaded")
        await response.aclose()
        if response.status not in _TAKEN:
            raise _turned_away(response)

    def checked(self, url: str, what: str = "an output") -> httpx.URL:
        """Return a URL that may be asked: https, or http on this machine; raises `Malformed`."""
        try:
            target = httpx.URL(url if len(url) <= _LONGEST_URL else "")
            shown = answers.one_line(f"{target.scheme}://{target.host}", secret="")
        except (httpx.InvalidURL, ValueError, TypeError):
            raise Malformed(f"the service named {what} by something that is no URL") from None
        if not target.host or target.userinfo:
            raise Malformed(f"the service named {what} by something that is no plain URL")
        here = target.scheme == "http" and self._near and is_loopback(target.host)
        if target.scheme != "https" and not here:
            raise Malformed(f"files travel over https only, and {what} is at {shown}")
        if fault := host_fault(target.raw_host.decode("ascii"), near=self._near):
            raise Malformed(f"{what} is at {shown}, which {fault}")
        return target

    async def _found(self, url: str, deadline: float) -> httpcore.Response:
        """Follow at most a few redirects, each judged like the first URL, to an answer with status 200."""
        target = self.checked(url)
        for _ in range(self._limits.download_redirects + 1):
            response = await self._ask(target, deadline)
            if response.status == answers.OK:
                return await self._judged(response)
            await response.aclose()
            if response.status not in _REDIRECTS:
                raise _failed(response)
            target = self._redirected(target, _header(response, b"location"))
        raise Malformed(f"the output's URL redirects more than {self._limits.download_redirects} times")

    def _redirected(self, target: httpx.URL, location: str) -> httpx.URL:
        try:
            following = str(target.join(location))
        except (httpx.InvalidURL, ValueError):
            raise Malformed("the output's URL redirects to something that is no URL") from None
        return self.checked(following)

    async def _ask(self, target: httpx.URL, deadline: float) -> httpcore.Response:
        request = httpcore.Request(
            "GET",
            _address(target),
            headers=[
                (b"Host", target.netloc),
                (b"Accept", b"image/*"),
                (b"Accept-Encoding", b"identity"),
                (b"User-Agent", b"seedpipe"),
            ],
            extensions={"timeout": self._timeouts()},
        )
        return await self._answered(request, target, deadline, "an output cannot be downloaded")

    async def _answered(
        self, request: httpcore.Request, target: httpx.URL, deadline: float, trouble: str
    ) -> httpcore.Response:
        try:
            async with asyncio.timeout_at(deadline):
                return await self._pool(target).handle_async_request(request)
        except _BROKEN as error:
            raise _broken(trouble, error) from None

    def _pool(self, target: httpx.URL) -> httpcore.AsyncConnectionPool:
        """Return the connections that lead to a host: direct, or through the environment's proxy."""
        proxy = proxy_for(target.scheme, target.host)
        if proxy is None:
            return self._direct
        name = f"{proxy.url}\n{proxy.auth}"
        if name not in self._by_proxy:
            self._by_proxy[name] = self._through(proxy)
        return self._by_proxy[name]

    def _through(self, proxy: httpx.Proxy) -> httpcore.AsyncConnectionPool:
        url = httpcore.URL(
            scheme=proxy.url.raw_scheme, host=proxy.url.raw_host, port=proxy.url.port, target=b"/"
        )
        limits = self._limits
        if proxy.url.scheme.startswith("socks"):
            return httpcore.AsyncSOCKSProxy(
                url,
                proxy_auth=proxy.raw_auth,
                ssl_context=self._trust,
                max_connections=limits.connections,
                keepalive_expiry=limits.read_idle_s,
            )
        return httpcore.AsyncHTTPProxy(
            url,
            proxy_auth=proxy.raw_auth,
            ssl_context=self._trust,
            proxy_ssl_context=self._trust if proxy.url.scheme == "https" else None,
            max_connections=limits.connections,
            keepalive_expiry=limits.read_idle_s,
        )

    def _timeouts(self) -> dict[str, float]:
        limits = self._limits
        return {
            "connect": limits.connect_timeout_s,
            "read": limits.read_timeout_s,
            "write": limits.write_timeout_s,
            "pool": limits.pool_timeout_s,
        }

    async def _judged(self, response: httpcore.Response) -> httpcore.Response:
        """Return the response if its headers promise a file that fits."""
        declared = _header(response, b"content-length")
        encoding = _header(response, b"content-encoding").strip().lower()
        if encoding not in {"", "identity"}:
            problem = "the output came compressed, which was not asked for"
        elif declared.isdecimal() and int(declared) > self._limits.download_max_bytes:
            problem = self._too_big()
        else:
            return response
        await response.aclose()
        raise Malformed(problem, status=response.status)

    async def _chunks(self, response: httpcore.Response, deadline: float) -> AsyncGenerator[bytes, None]:
        received = 0
        async with aclosing(_body(response)) as chunks:
            while chunk := await self._next(chunks, deadline):
                received += len(chunk)
                if received > self._limits.download_max_bytes:
                    raise Malformed(self._too_big())
                yield chunk

    async def _next(self, chunks: AsyncIterator[bytes], deadline: float) -> bytes:
        try:
            async with asyncio.timeout_at(deadline):
                return await anext(chunks, b"")
        except _BROKEN as error:
            raise _broken("an output came only in part", error) from None

    def _too_big(self) -> str:
        return f"the output is larger than {self._limits.download_max_bytes} bytes"


async def _body(response: httpcore.Response) -> AsyncGenerator[bytes, None]:
    async for chunk in response.aiter_stream():
        yield chunk


def _header(response: httpcore.Response, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in response.headers if key.lower() == name), "")


def _broken(what: str, error: BaseException) -> Unavailable:
    """Return the error of a connection that failed, in words that no server has chosen."""
    kind = type(error).__name__
    detail = answers.one_line(str(error), secret="")
    return Unavailable(f"{what} ({kind}: {detail})" if detail else f"{what} ({kind})")


def _address(target: httpx.URL) -> httpcore.URL:
    return httpcore.URL(
        scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path
    )


def _turned_away(response: httpcore.Response) -> ProviderError:
    """Return why a file was not taken, without the status: it is not the service that says it.

    A ticket that has expired is replaced by asking anew.
    """
    status = response.status
    message = f"HTTP {status} for an upload"
    if status in _EXPIRED_STATUSES | {408, answers.TOO_MANY_REQUESTS} or status >= _SERVER_ERROR:
        wait_s = answers.retry_after_s(_header(response, b"retry-after"), datetime.now(UTC))
        return Unavailable(message, retry_after_s=wait_s)
    if status >= _CLIENT_ERROR:
        return Refused(message)
    return Malformed(message, status=status)


def _failed(response: httpcore.Response) -> ProviderError:
    status = response.status
    message = f"HTTP {status} for an output"
    if status in _EXPIRED_STATUSES:
        return Refused(f"{message}: its URL has expired", status=status)
    if status in {408, answers.TOO_MANY_REQUESTS} or status >= _SERVER_ERROR:
        wait_s = answers.retry_after_s(_header(response, b"retry-after"), datetime.now(UTC))
        return Unavailable(message, status=status, retry_after_s=wait_s)
    return Malformed(message, status=status)
