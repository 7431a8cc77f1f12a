"""The sandbox over HTTP: an ASGI app, and a server that runs it in a thread of this process.

Hides starlette. Invariants: whatever comes in, an enveloped answer goes out, and no traceback; a
task stores no address, so a sandbox that comes back on another port serves its old tasks; nothing slow
(disk, drawing) runs on the event loop. Absent on purpose: TLS, other hosts than loopback, an access log.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import secrets
import threading
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final, Self

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from seedpipe import catalog
from seedpipe.core.errors import RunError, SeedpipeError
from seedpipe.core.model import canonical_json
from seedpipe.sandbox import webhooks
from seedpipe.sandbox.behaviour import Sandbox
from seedpipe.sandbox.book import Book
from seedpipe.sandbox.render import render
from seedpipe.sandbox.replies import Reply, failure
from seedpipe.sandbox.switches import Switches
from seedpipe.sandbox.uploads import UPLOAD_LIMIT_BYTES, Uploads
from seedpipe.serving import Serving, listening

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from starlette.types import Message, Receive, Scope, Send

    from seedpipe.core.catalogue import Catalogue
    from seedpipe.sandbox.tasks import Picture
    from seedpipe.sandbox.webhooks import Delivery

_HOST: Final = "127.0.0.1"
_JSON_LIMIT_BYTES: Final = 4 * 1024 * 1024  # the longest prompt and fifteen URLs are far below
_FORM_OVERHEAD_BYTES: Final = 64 * 1024  # boundaries and headers around a form's file
_CACHED_IMAGES: Final = 24  # a set and its neighbours: some ten megabytes
_DRAWN_AT_ONCE: Final = 2  # an image of 4096 a side takes up to 200 MB while it is drawn
_CHUNK_BYTES: Final = 64 * 1024
_TIMER_SLACK_S: Final = 0.01  # a timer may wake a moment before the clock on the wall is there
_API: Final = "/api/v3"
_HOST_HEADER: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+)(:[0-9]{1,5})?")
_STOPPING: Final = failure(503, "The sandbox is stopping.")

_log = logging.getLogger("seedpipe.sandbox")


def utc_now() -> datetime:
    """Return the wall clock."""
    return datetime.now(UTC)


def create_app(
    book: Book,
    switches: Switches,
    clock: Callable[[], datetime] = utc_now,
    catalogue: Catalogue | None = None,
) -> Starlette:
    """Return the service as an ASGI app over a book that the caller closes.

    It serves the models of `catalogue`; without one, those that ship.
    """
    uploads = Uploads(book, switches.retention_s)
    artist = _Artist(lambda url: uploads.body(url, clock()), plain=switches.plain_pictures)
    api = _Api(Sandbox(book, catalogue or catalog.load(), switches, artist.draw), artist, clock)
    routes = [
        Route(f"{_API}/predictions", api.listing, methods=["POST"]),
        Route(f"{_API}/predictions/delete", api.delete, methods=["POST"]),
        Route(f"{_API}/predictions/{{prediction_id}}/result", api.result, methods=["GET"]),
        Route(f"{_API}/predictions/{{prediction_id}}", api.result, methods=["GET"]),
        Route(f"{_API}/balance", api.balance, methods=["GET"]),
        Route(f"{_API}/billings/search", api.bills, methods=["POST"]),
        Route(f"{_API}/webhook/secret", api.webhook_secret, methods=["GET"]),
        Route(f"{_API}/models", api.models, methods=["GET"]),
        Route(f"{_API}/model/price", api.price, methods=["POST"]),
        Route(f"{_API}/model/pricing", api.pricing, methods=["POST"]),
        Route(f"{_API}/media/uploads", api.announce_upload, methods=["POST"]),
        Route(f"{_API}/media/upload/binary", api.keep_upload, methods=["POST"]),
        Route(f"{_API}/{{model_id:path}}", api.submit, methods=["POST"]),
        Route("/outputs/{prediction_id}/{file_name}", api.output, methods=["GET"]),
        Route("/uploads/{upload_id}/{file_name:path}", api.fill_upload, methods=["PUT"]),
        Route("/uploads/{upload_id}/{file_name:path}", api.download_upload, methods=["GET"]),
    ]
    handlers: dict[Any, Any] = {
        HTTPException: _refused,
        ClientDisconnect: _refused,
        SeedpipeError: _failed,
        Exception: _broken,
    }
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.state.stopping = api.stopping  # set it to let go of the answers that are held
    return app


class _Api:
    """One method an endpoint: reads the request, asks the behaviour, sends the reply."""

    def __init__(self, sandbox: Sandbox, artist: _Artist, clock: Callable[[], datetime]) -> None:
        self._sandbox = sandbox
        self._artist = artist
        self._clock = clock
        self.stopping = asyncio.Event()
        self._drawing = asyncio.Semaphore(_DRAWN_AT_ONCE)
        self._notifying: set[asyncio.Task[None]] = set()

    async def submit(self, request: Request) -> Response:
        _authenticate(request)
        inputs = await _json(request)
        model_id, origin = request.path_params["model_id"], _origin(request)
        ask = partial(self._sandbox.submit, model_id, inputs, self._clock(), origin)
        reply = await run_in_threadpool(partial(ask, webhook=request.query_params.get("webhook")))
        if reply.delivery:
            task = asyncio.create_task(self._notify(reply.delivery, origin))
            self._notifying.add(task)
            task.add_done_callback(self._notifying.discard)
        return await self._sent(reply)

    async def result(self, request: Request) -> Response:
        _authenticate(request)
        prediction_id = request.path_params["prediction_id"]
        return await self._answer(
            partial(self._sandbox.result, prediction_id, self._clock(), _origin(request))
        )

    async def listing(self, request: Request) -> Response:
        _authenticate(request)
        query = await _json(request)
        return await self._answer(partial(self._sandbox.listing, query, self._clock(), _origin(request)))

    async def delete(self, request: Request) -> Response:
        _authenticate(request)
        return await self._answer(partial(self._sandbox.delete, await _json(request), self._clock()))

    async def balance(self, request: Request) -> Response:
        _authenticate(request)
        return await self._answer(partial(self._sandbox.balance, self._clock()))

    async def bills(self, request: Request) -> Response:
        _authenticate(request)
        return await self._answer(partial(self._sandbox.bills, await _json(request), self._clock()))

    async def webhook_secret(self, request: Request) -> Response:
        _authenticate(request)
        return await self._answer(self._sandbox.webhook_secret)

    async def models(self, request: Request) -> Response:
        _authenticate(request)
        return await self._answer(partial(self._sandbox.models, _origin(request)))

    async def price(self, request: Request) -> Response:
        _authenticate(request)
        return await self._answer(partial(self._sandbox.price, await _json(request)))

    async def pricing(self, request: Request) -> Response:
        _authenticate(request)
        return await self._answer(partial(self._sandbox.price, await _json(request), legacy=True))

    async def announce_upload(self, request: Request) -> Response:
        _authenticate(request)
        query = await _json(request)
        uploads = self._sandbox.uploads
        return await self._answer(partial(uploads.announce, query, self._clock(), _origin(request)))

    async def keep_upload(self, request: Request) -> Response:
        _authenticate(request)
        capped = _capped(request, UPLOAD_LIMIT_BYTES + _FORM_OVERHEAD_BYTES)
        async with capped.form(max_files=1, max_fields=10) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                return _sent(failure(400, "the form has no file named 'file'"))
            body = await file.read()
            name, content_type = file.filename or "upload", file.content_type
        keep = partial(self._sandbox.uploads.keep, name, content_type, body)
        return await self._answer(partial(keep, self._clock(), _origin(request)))

    async def fill_upload(self, request: Request) -> Response:
        body = await _capped(request, UPLOAD_LIMIT_BYTES).body()
        upload_id = request.path_params["upload_id"]
        fill = self._sandbox.uploads.fill
        return await self._answer(partial(fill, upload_id, request.headers, body, self._clock()))

    async def download_upload(self, request: Request) -> Response:
        find = self._sandbox.uploads.find
        upload = await run_in_threadpool(find, request.path_params["upload_id"], self._clock())
        if upload is None or upload.body is None:
            return _sent(failure(404, "no such upload"))
        return _streamed(upload.body, upload.content_type)

    async def output(self, request: Request) -> Response:
        where = request.path_params["prediction_id"], request.path_params["file_name"]
        picture = await run_in_threadpool(self._sandbox.picture, *where, self._clock())
        if picture is None:
            return _sent(failure(404, "no such output"))
        async with self._drawing:
            image = await run_in_threadpool(self._artist.draw, picture)
        return _streamed(image, f"image/{picture.format}")

    async def _answer(self, ask: Callable[[], Reply]) -> Response:
        return await self._sent(await run_in_threadpool(ask))

    async def _sent(self, reply: Reply) -> Response:
        return _sent(reply if await self._held(reply.delay_s) else _STOPPING)

    async def _notify(self, delivery: Delivery, origin: str) -> None:
        """Send a webhook when its task has ended, as often as it is to be sent, under one id."""
        webhook_id = secrets.token_hex(13)
        for _ in range(delivery.times):
            wait_s = (delivery.due_at - self._clock()).total_seconds()
            if not await self._held(wait_s + _TIMER_SLACK_S):
                return
            now = self._clock()
            body = await run_in_threadpool(self._sandbox.notification, delivery.prediction_id, now, origin)
            if body is not None:
                signed = webhooks.headers(webhook_id, now, body)
                await run_in_threadpool(webhooks.send, delivery.url, body, signed)

    async def _held(self, delay_s: float) -> bool:
        """Wait; return whether the server is still there to answer."""
        if delay_s <= 0:
            return True
        try:
            await asyncio.wait_for(self.stopping.wait(), delay_s)
        except TimeoutError:
            return True
        return False


class _Artist:
    """Draws pictures, a few at once, and remembers the last ones; `load` returns the bytes of a reference."""

    def __init__(self, load: Callable[[str], bytes | None], *, plain: bool) -> None:
        self._drawing = threading.Semaphore(_DRAWN_AT_ONCE)
        self._drawn = lru_cache(maxsize=_CACHED_IMAGES)(partial(render, load=load, plain=plain))

    def draw(self, picture: Picture) -> bytes:
        """Return the bytes of a picture; blocks while others draw."""
        with self._drawing:
            return self._drawn(picture)


# ---- requests and answers -----------------------------------------------------------------------


def _authenticate(request: Request) -> None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise HTTPException(401, "Unauthorized: send 'Authorization: Bearer KEY'; the sandbox takes any key")


def _origin(request: Request) -> str:
    """Return the address the caller knows this server by, for the URLs in its answers."""
    host = request.headers.get("host", "")
    if not _HOST_HEADER.fullmatch(host):
        raise HTTPException(400, "the request has no usable Host header")
    return f"{request.scope['scheme']}://{host}"


def _capped(request: Request, limit_bytes: int) -> Request:
    """Return the request with a body that ends in a 413 above a limit, whatever its length header says."""
    left = limit_bytes

    async def receive() -> Message:
        nonlocal left
        message = await request.receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise HTTPException(413, f"the request is larger than {limit_bytes} bytes")
        return message

    return Request(request.scope, receive)


async def _json(request: Request) -> dict[str, Any]:
    body = await _capped(request, _JSON_LIMIT_BYTES).body()
    try:
        value = json.loads(body or b"{}")
        canonical_json(value).encode()  # a lone surrogate or an infinite number could not be kept
    except (ValueError, RecursionError):
        raise HTTPException(400, "the request is not valid JSON") from None
    if not isinstance(value, dict):
        raise HTTPException(400, "the request must be a JSON object")
    return value


def _sent(reply: Reply) -> Response:
    if isinstance(reply.body, str):
        return Response(reply.body, reply.status, dict(reply.headers), "text/html; charset=utf-8")
    content = json.dumps(reply.body, ensure_ascii=False, separators=(",", ":")).encode()
    kind = _CutResponse if reply.cut else Response
    return kind(content, reply.status, dict(reply.headers), "application/json")


class _CutResponse(Response):
    """An answer that announces its length and breaks off half-way; the server then drops the connection."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})


def _streamed(content: bytes, media_type: str) -> Response:
    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(content), _CHUNK_BYTES):
            yield content[start : start + _CHUNK_BYTES]

    return StreamingResponse(chunks(), 200, {"Content-Length": str(len(content))}, media_type)


async def _refused(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 400
    detail = error.detail if isinstance(error, HTTPException) else "the request cannot be read"
    return _sent(failure(status, detail))


async def _failed(_request: Request, error: Exception) -> Response:
    _log.error("%s", error)
    return _sent(failure(500, str(error)))


async def _broken(_request: Request, _error: Exception) -> Response:
    return _sent(failure(500, "Internal error of the sandbox."))  # starlette hands the error on to the log


# ---- the server ---------------------------------------------------------------------------------


class SandboxServer:
    """The sandbox on loopback, in a background thread; a context manager.

    It serves the models of `catalogue`, those that ship by default. With `state`, a folder, tasks and charges
    outlive it; without, they live in memory. `port` 0 takes a free one. Raises `InputError` when the port is
    taken, `RunError` when the book cannot be used.
    """

    def __init__(
        self,
        *,
        state: Path | None = None,
        port: int = 0,
        switches: Switches | None = None,
        clock: Callable[[], datetime] = utc_now,
        catalogue: Catalogue | None = None,
    ) -> None:
        self._catalogue = catalogue
        self._state = state
        self._port = port
        self._switches = switches or Switches()
        self._clock = clock
        self._base_url: str | None = None
        self._book: Book | None = None
        self._server: Serving | None = None

    @property
    def base_url(self) -> str:
        """Scheme, host and port, known once it has started; the API is below `/api/v3`."""
        if self._base_url is None:
            raise RuntimeError("the sandbox server has not been started")
        return self._base_url

    @property
    def book(self) -> Book:
        """What it was asked and what it charged; open while the server runs."""
        if self._book is None:
            raise RuntimeError("the sandbox server is not running")
        return self._book

    def start(self) -> str:
        """Begin to serve and return the base URL; connections are accepted from then on."""
        if self._server:
            raise RuntimeError("the sandbox server is running already")
        listener = listening(
            _HOST, self._port, trouble="the sandbox cannot listen on", instead=", or 0 for any free one"
        )
        try:
            self._book = Book(self._state)
        except BaseException:
            listener.close()
            raise
        self._base_url = f"http://{_HOST}:{listener.getsockname()[1]}"
        app = create_app(self._book, self._switches, self._clock, self._catalogue)
        self._server = Serving(app, name="sandbox server", on_stop=app.state.stopping.set)
        try:
            self._server.start(listener)
        except RunError:
            self.stop()
            raise
        return self._base_url

    def stop(self) -> None:
        """Answer what is on its way, drop what is held, and end; stopping twice is harmless."""
        if self._server:
            self._server.stop()
        if self._book:
            self._book.close()
        self._server = self._book = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
