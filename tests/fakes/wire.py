"""A server of raw bytes on loopback, for answers that no well-behaved server gives."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Asked:
    method: str
    target: str
    headers: dict
    body: bytes
    connection: int

    @property
    def json(self):
        return json.loads(self.body)


@dataclass
class Wire:
    """`reply(asked, writer)` writes the answer; `asked` remembers every request."""

    reply: object = None
    asked: list = field(default_factory=list)
    port: int = 0
    connections: int = 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader, writer):
        self.connections += 1
        connection = self.connections
        try:
            while head := await _head(reader):
                lines = head.decode("latin-1").split("\r\n")
                method, target, _ = lines[0].split(" ", 2)
                headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                raw = dict(line.split(": ", 1) for line in lines[1:] if line)
                headers["authorization"] = raw.get("Authorization", "")
                asked = Asked(method, target, headers, body, connection)
                self.asked.append(asked)
                await self.reply(asked, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def _head(reader):
    try:
        return (await reader.readuntil(b"\r\n\r\n"))[:-4]
    except asyncio.IncompleteReadError:
        return b""


@asynccontextmanager
async def wire(reply, *, tls=None):
    """Serve on a free port of loopback until the block ends; open connections are dropped then."""
    served = Wire(reply)
    tasks = set()

    async def handle(reader, writer):
        tasks.add(asyncio.current_task())
        # asyncio's streams of Python 3.11 report a cancelled handler as an error: end it plainly.
        with suppress(asyncio.CancelledError):
            await served.serve(reader, writer)

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    served.port = server.sockets[0].getsockname()[1]
    try:
        yield served
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def http(status, body=b"", headers=(), *, length=None, reason="x"):
    """The bytes of an answer; `length` overrides the true Content-Length, -1 leaves it out."""
    if isinstance(body, (dict, list)):
        body = json.dumps(body).encode()
    length = len(body) if length is None else length
    lines = [f"HTTP/1.1 {status} {reason}", *[f"{name}: {value}" for name, value in headers]]
    if length >= 0:
        lines.append(f"Content-Length: {length}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def says(content, *, then=None):
    """A reply of these bytes; `then` is what happens to the connection: None, "close" or "reset"."""

    async def reply(_, writer):
        writer.write(content)
        await writer.drain()
        if then == "reset":
            reset(writer)
        elif then == "close":
            writer.close()

    return reply


def reset(writer):
    linger_for_nothing = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_for_nothing)
    writer.transport.abort()


async def silence(_, writer):
    """Never answer."""
    await asyncio.sleep(30)
