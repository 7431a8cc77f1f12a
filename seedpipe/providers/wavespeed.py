"""The WaveSpeedAI API over HTTP: submit, result, files in both directions, and what the account says.

Hides the wire: httpx lives in this room and nowhere else, and what a broken connection means for money is
decided here. The sandbox speaks the same dialect at another origin. Invariants: the key goes to the one
origin it was given for and into no message; a submit is sent once and follows no redirect; a connection
that never came about is `Unavailable`, everything that breaks after it is `Uncertain`; no answer is read
beyond its cap or its deadline.

Absent on purpose: retries, sleeping, policy, and the `urls.get` of an answer: an id is asked at our origin.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, cast

import httpx

from seedpipe.core.errors import InputError, Malformed, Refused, Unavailable, Uncertain
from seedpipe.core.hosts import checked_origin, is_loopback
from seedpipe.providers import account, answers, inline, uploads
from seedpipe.providers.answers import Answer
from seedpipe.providers.downloads import OutputFiles
from seedpipe.providers.wire import Limits, proxy_for, trusted

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping
    from decimal import Decimal

    from seedpipe.core.bills import BillPage
    from seedpipe.core.catalogue import Offer
    from seedpipe.core.model import Json, Prediction, PredictionPage
    from seedpipe.providers.reach import Network

_CHUNK_BYTES: Final = 64 * 1024
_API_PATH = "/api/v3/"
_MODEL = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]*(/[0-9A-Za-z][0-9A-Za-z._-]*)*")
_KEY = re.compile(r"[!-~]+")
# Nothing was sent: no connection was had, or the proxy would not make one.
_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)
# Whatever else httpx and the sockets below it raise; TimeoutError, our own deadline's word, is an OSError.
_BROKEN = (httpx.HTTPError, httpx.StreamError, OSError)


class WaveSpeedProvider:
    """`ports.Provider` over HTTP/1.1. `base_url` is an origin: https, or http on this machine.

    Raises `InputError` for an origin or a key that must not be used.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        limits: Limits | None = None,
        network: Network | None = None,
        webhook_url: str | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self._base = httpx.URL(checked_origin(base_url)).copy_with(path="/")
        self._key = _checked_key(api_key)
        self._webhook_url = webhook_url
        self._takes_forms = False  # whether the service was found to give no tickets for uploads
        trust = trusted()
        self._submits = self._client(trust, idle_s=self._limits.submit_idle_s)
        self._reads = self._client(trust, idle_s=self._limits.read_idle_s)
        # Files come from other hosts, which must never see the key.
        near = is_loopback(self._base.host)
        self._outputs = OutputFiles(self._limits, trust, near=near, network=network)

    def __repr__(self) -> str:
        return f"WaveSpeedProvider({str(self._base)!r})"

    async def submit(self, model: str, body: Mapping[str, Json]) -> Prediction:
        """Send one paid request, once. See `ports.Provider` for what each error means."""
        if not _MODEL.fullmatch(model):
            raise Refused(f"'{answers.one_line(model, secret=self._key)}' is not a model id")
        try:
            content = json.dumps(dict(body), ensure_ascii=False, allow_nan=False).encode()
            request = self._submits.build_request(
                "POST",
                self._url(model),
                params={"webhook": self._webhook_url} if self._webhook_url else None,
                content=content,
                headers={"Content-Type": "application/json"},
            )
        except (ValueError, TypeError, httpx.InvalidURL) as error:
            raise Refused(f"the request cannot be written as JSON: {type(error).__name__}") from None
        try:
            answer = await self._exchange(self._submits, request)
        except _NEVER_SENT as error:
            raise Unavailable(self._broken("the service cannot be reached", error)) from None
        except _BROKEN as error:
            raise Uncertain(self._broken("the connection broke before the answer", error)) from None
        return answers.accepted(answer, secret=self._key)

    async def result(self, prediction_id: str) -> Prediction:
        """Ask how a task stands."""
        if not answers.is_prediction_id(prediction_id):
            raise Malformed("that is no id of the service's, and is not put into a URL")
        return answers.progress(await self._asked(prediction_id), prediction_id, secret=self._key)

    async def predictions(
        self,
        *,
        model: str,
        created_after: datetime,
        created_before: datetime,
        page: int = 1,
        page_size: int = 100,
        include_inputs: bool = True,
    ) -> PredictionPage:
        """Return one page of the account's predictions, whatever their status."""
        query: dict[str, Json] = {
            "model": model,
            "created_after": _timestamp(created_after),
            "created_before": _timestamp(created_before),
            "page": page,
            "page_size": page_size,
            "include_inputs": include_inputs,
        }
        return answers.listed(await self._read("POST", "predictions", query), secret=self._key)

    async def upload(self, content: bytes, media_type: str) -> str:
        """Hand an image in; return its address at the service.

        The key goes to the service alone: the bytes are put where its ticket says, without it. A service that
        gives no tickets takes them in one step.
        """
        name = uploads.file_name(hashlib.sha256(content).hexdigest(), media_type)
        if not self._takes_forms:
            asked = uploads.question(name, len(content), media_type)
            answer = await self._read("POST", "media/uploads", asked)
            if answer.status not in uploads.UNKNOWN_CALL:
                ticket = uploads.ticket(answer, secret=self._key)
                self._outputs.checked(ticket.address, "an upload")
                await self._outputs.put(ticket.put_url, ticket.headers, content)
                return ticket.address
            self._takes_forms = True
        form = {"file": (name, content, media_type)}
        answer = await self._read("POST", "media/upload/binary", files=form)
        address = uploads.address(answer, secret=self._key)
        self._outputs.checked(address, "an upload")
        return address

    async def balance(self) -> Decimal:
        """Return what is left on the account."""
        return account.balance(await self._read("GET", "balance"), secret=self._key)

    async def price(self, model: str, inputs: Mapping[str, Json]) -> Decimal:
        """Return what one request would cost: the discounted price where the service names one."""
        answer = await self._read("POST", "model/price", {"model_id": model, "inputs": dict(inputs)})
        return account.price(answer, model, secret=self._key)

    async def offers(self) -> list[Offer]:
        """Return every model that the service lists and that can be read."""
        answer = await self._read("GET", "models", max_bytes=self._limits.models_max_bytes)
        return account.offers(answer, secret=self._key)

    async def webhook_secret(self) -> str:
        """Return what the account's webhooks are signed with."""
        return account.webhook_secret(await self._read("GET", "webhook/secret"), secret=self._key)

    async def bills(self, *, page: int, since: datetime, until: datetime) -> BillPage:
        """Return one page of the account's bills in a span of time."""
        query: dict[str, Json] = {
            "page": page,
            "page_size": account.BILLS_A_PAGE,
            "start_time": _timestamp(since),
            "end_time": _timestamp(until),
        }
        return account.bills(await self._read("POST", "billings/search", query), secret=self._key)

    @asynccontextmanager
    async def download(self, url: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open an output file, without the key; one that travels inside an answer is asked for again.

        Iterating raises `Unavailable` when the file is cut, `Malformed` when it is too large. Opening raises
        `Refused` when the URL has expired, `Malformed` for one that is not to be followed.
        """
        if inside := inline.place(url):
            yield _chunks(await self._inline(*inside))
        else:
            async with self._outputs.open(url) as chunks:
                yield chunks

    async def aclose(self) -> None:
        """Release connections."""
        for client in (self._submits, self._reads, self._outputs):
            await client.aclose()

    def _client(self, trust: ssl.SSLContext, *, idle_s: float) -> httpx.AsyncClient:
        limits = self._limits
        return httpx.AsyncClient(
            headers={
                "Authorization": f"Bearer {self._key}",
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "User-Agent": "seedpipe",
            },
            verify=trust,
            http1=True,
            http2=False,
            follow_redirects=False,
            trust_env=False,
            proxy=proxy_for(self._base.scheme, self._base.host),
            timeout=httpx.Timeout(
                connect=limits.connect_timeout_s,
                read=limits.read_timeout_s,
                write=limits.write_timeout_s,
                pool=limits.pool_timeout_s,
            ),
            limits=httpx.Limits(max_connections=limits.connections, keepalive_expiry=idle_s),
        )

    def _url(self, path: str) -> httpx.URL:
        return self._base.copy_with(path=_API_PATH + path)

    async def _asked(self, prediction_id: str) -> Answer:
        most = self._limits.result_max_bytes
        return await self._read("GET", f"predictions/{prediction_id}/result", max_bytes=most)

    async def _inline(self, prediction_id: str, index: int) -> bytes:
        answer = await self._asked(prediction_id)
        text = answers.inline_output(answer, prediction_id, index, secret=self._key)
        most = self._limits.download_max_bytes
        return await asyncio.to_thread(inline.decoded, text, max_bytes=most)

    async def _read(
        self,
        method: str,
        path: str,
        query: Mapping[str, Json] | None = None,
        *,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        max_bytes: int | None = None,
    ) -> Answer:
        """Ask for something that costs nothing; whatever breaks on the way may be tried again."""
        try:
            request = self._reads.build_request(method, self._url(path), json=query, files=files)
            return await self._exchange(self._reads, request, max_bytes=max_bytes)
        except (*_NEVER_SENT, *_BROKEN) as error:
            raise Unavailable(self._broken("the service cannot be read", error)) from None
        except (ValueError, TypeError) as error:
            raise Refused(f"the question cannot be written as JSON: {type(error).__name__}") from None

    async def _exchange(
        self, client: httpx.AsyncClient, request: httpx.Request, *, max_bytes: int | None = None
    ) -> Answer:
        """Send a request and read its answer as far as the cap; raises only before the status is known.

        More than the usual cap is read only of what is said to be JSON: an error page has no images in it.
        """
        async with asyncio.timeout(self._limits.answer_deadline_s) as deadline:
            response = await client.send(request, stream=True)
        is_json = response.headers.get("Content-Type", "").lower().startswith("application/json")
        most = max_bytes if max_bytes and is_json else self._limits.answer_max_bytes
        try:
            body, whole = await self._bounded_body(response, deadline.when(), most)
        finally:
            await response.aclose()
        encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in {"", "identity"}:
            plain, complete = answers.unzipped(body, max_bytes=most)
            body, whole = plain, whole and complete
        wait_s = answers.retry_after_s(response.headers.get("Retry-After"), datetime.now(UTC))
        return Answer(
            status=response.status_code,
            body=body,
            whole=whole,
            retry_after_s=wait_s,
            server_now=answers.moment_of(response.headers.get("Date")),
        )

    async def _bounded_body(
        self, response: httpx.Response, deadline: float | None, most: int
    ) -> tuple[bytes, bool]:
        body = bytearray()
        try:
            async with asyncio.timeout_at(deadline), aclosing(_raw(response)) as chunks:
                async for chunk in chunks:
                    body += chunk
                    if len(body) > most:
                        return b"", False
        except _BROKEN:
            return bytes(body), False
        return bytes(body), True

    def _broken(self, what: str, error: BaseException) -> str:
        detail = answers.one_line(str(error), secret=self._key)
        kind = type(error).__name__
        return f"{what} ({kind}: {detail})" if detail else f"{what} ({kind})"


async def _chunks(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), _CHUNK_BYTES):
        yield content[start : start + _CHUNK_BYTES]


def _timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _raw(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    """Return the body as it comes over the wire: it is a generator, and must be closed like one."""
    return cast("AsyncGenerator[bytes, None]", response.aiter_raw())


def _checked_key(api_key: str) -> str:
    if not api_key:
        raise InputError("there is no API key", hint="set WAVESPEED_API_KEY")
    if not _KEY.fullmatch(api_key):
        raise InputError(
            "the API key holds characters that no key has",
            hint="check for spaces, quotes or line ends around it",
        )
    return api_key
