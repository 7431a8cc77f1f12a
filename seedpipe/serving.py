"""A small HTTP server of ours, on a thread of its own.

Hides uvicorn: how it is kept quiet, when it answers, how it ends. Invariant: nothing here waits longer than
the limits below. Absent on purpose: what is served.
"""

from __future__ import annotations

import logging
import socket
import threading
from typing import TYPE_CHECKING, Any, Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from seedpipe.core.errors import InputError, RunError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp

_START_LIMIT_S: Final = 10.0
_STOP_LIMIT_S: Final = 10.0
_GRACE_S: Final = 1  # for answers on their way when the server stops
_BACKLOG: Final = 512


def listening(host: str, port: int, *, trouble: str, instead: str) -> socket.socket:
    """Return a socket that takes connections from now on; port 0 is any free one.

    Raises `InputError` where that cannot be: `trouble` comes before the address, `instead` ends the advice.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        hint = f"another program may use this port; choose another one{instead}"
        raise InputError(f"{trouble} {host}:{port}: {error}", hint=hint) from error
    return listener


class Serving:
    """An app that answers on a socket between `start` and `stop`.

    `on_stop` is called on the server's own loop, to let go of answers that are held; `settings` are those of
    uvicorn.
    """

    def __init__(
        self, app: ASGIApp, *, name: str, on_stop: Callable[[], None] | None = None, **settings: Any
    ) -> None:
        config = uvicorn.Config(
            app,
            http=_Protocol,
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_config=None,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_S,
            **settings,
        )
        self._name = name
        self._server = _Server(config, on_stop)
        self._thread: threading.Thread | None = None

    def start(self, listener: socket.socket) -> None:
        """Answer from now on; raises `RunError` when that does not come about."""
        self._thread = threading.Thread(
            target=self._server.run, args=([listener],), name=self._name, daemon=True
        )
        self._thread.start()
        if not self._server.ready.wait(_START_LIMIT_S):
            self.stop()
            raise RunError(f"the {self._name} did not start")

    def stop(self) -> None:
        """Answer what is on its way, and end."""
        self._server.should_exit = True
        if self._thread:
            self._thread.join(_STOP_LIMIT_S)


def _is_news(record: logging.LogRecord) -> bool:
    """Say whether a line of the server's log is worth telling: answers that broke off were meant to."""
    return "without completing response" not in record.getMessage()


_wire_log = logging.getLogger("seedpipe.wire")
_wire_log.setLevel(logging.ERROR)
_wire_log.addFilter(_is_news)


class _Protocol(H11Protocol):
    """HTTP with a log of our own: uvicorn's loggers are left as the program has set them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.logger = _wire_log
        self.access_log = False


class _Server(uvicorn.Server):
    """A uvicorn server that says when it is ready."""

    def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None] | None) -> None:
        super().__init__(config)
        self._on_stop = on_stop
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._on_stop:
            self._on_stop()
        await super().shutdown(sockets=sockets)
