"""Where the service's webhooks arrive: one small server beside a run.

Hides starlette. Invariants: a webhook is judged before anything in it is used, and is never more
than a hint; a flood, a slow sender or a large body cost no more than the limits below. Absent on purpose:
TLS, which a proxy or tunnel in front brings: the signature guards the content, and the content is no secret.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Self

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from seedpipe.core.webhooks import Doorkeeper, Verdict
from seedpipe.serving import Serving, listening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_BODY_LIMIT_BYTES: Final = 2**20  # a prediction with fifteen URLs has some kB
_READ_LIMIT_S: Final = 10.0
_CONNECTIONS: Final = 100
# A repeated delivery is answered like the first, so that the service does not send it a third time.
_STATUS: Final = {Verdict.BELIEVED: 204, Verdict.REPEATED: 204, Verdict.MALFORMED: 400}
_REFUSED: Final = 403


class WebhookReceiver:
    """A server for webhooks; it listens from construction on and answers within `serving`.

    Raises `InputError` when the address cannot be had.
    """

    def __init__(self, host: str, port: int) -> None:
        self._socket = listening(
            host, port, trouble="webhooks cannot be received on", instead=" with --webhook-listen"
        )
        name = f"[{host}]" if ":" in host else host
        self.url = f"http://{name}:{self._socket.getsockname()[1]}/"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    @contextmanager
    def serving(self, secret: str, heard: Callable[[str], None]) -> Iterator[None]:
        """Answer webhooks; `heard` gets the id of each task to ask about, on a thread of the server's."""
        server = Serving(
            webhook_app(Doorkeeper(secret), heard),
            name="webhook receiver",
            limit_concurrency=_CONNECTIONS,
        )
        server.start(self._socket)
        try:
            yield
        finally:
            server.stop()


def webhook_app(
    doorkeeper: Doorkeeper,
    heard: Callable[[str], None],
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Starlette:
    """Return the receiver as an ASGI app."""

    async def receive(request: Request) -> Response:
        body = await _bounded_body(request)
        if body is None:
            return Response(status_code=413)
        hint = doorkeeper.judge(dict(request.headers), body, now())
        if hint.verdict is Verdict.BELIEVED:
            heard(hint.prediction_id)
        return Response(status_code=_STATUS.get(hint.verdict, _REFUSED))

    return Starlette(routes=[Route("/{anything:path}", receive, methods=["POST"])])


async def _bounded_body(request: Request) -> bytes | None:
    body = bytearray()
    try:
        async with asyncio.timeout(_READ_LIMIT_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > _BODY_LIMIT_BYTES:
                    return None
    except (TimeoutError, ClientDisconnect):
        return None
    return bytes(body)
