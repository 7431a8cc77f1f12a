"""Reference files that clients hand in, by ticket and PUT or in one step.

Hides how an upload is addressed. Invariants: the id in its URL is the only secret, so the PUT takes no key;
the bytes that come are those that were announced, or they are refused.
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from seedpipe.core.hosts import leads_here
from seedpipe.sandbox.replies import JsonObject, Refusal, Reply, read_count, read_text, refusable, success
from seedpipe.sandbox.tasks import Upload

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from seedpipe.core.model import Json
    from seedpipe.sandbox.book import Book

UPLOAD_LIMIT_BYTES: Final = 200 * 1024 * 1024  # the service's own cap
_UNKNOWN_TYPE: Final = "application/octet-stream"


class Uploads:
    """The files in the book that are younger than `retention_s`."""

    def __init__(self, book: Book, retention_s: float) -> None:
        self._book = book
        self._retention = timedelta(seconds=retention_s)

    @refusable
    def announce(self, query: JsonObject, now: datetime, origin: str) -> Reply:
        """Open an upload: the reply says where to PUT the bytes, and with which headers."""
        filename = read_text(query, "filename")
        if filename is None:
            raise Refusal(400, "'filename' is missing")
        content_type = _media_type(read_text(query, "content_type"))
        size = read_count(query, "size", default=0, least=0, most=UPLOAD_LIMIT_BYTES)
        upload = _new(filename, content_type, size, now)
        self._book.announce(upload)
        headers: Json = {"Content-Type": content_type}
        target: Json = {"method": "PUT", "url": _url(upload, origin), "headers": headers}
        return success(_shown(upload, origin) | {"upload": target})

    @refusable
    def fill(self, upload_id: str, headers: Mapping[str, str], body: bytes, now: datetime) -> Reply:
        """Take the bytes of an announced upload, sent with exactly the headers that were asked for."""
        upload = self.find(upload_id, now)
        if upload is None:
            raise Refusal(404, "no such upload")
        if "authorization" in headers:
            raise Refusal(400, "the upload URL takes no Authorization header")
        if headers.get("content-type", "") != upload.content_type:
            raise Refusal(403, f"the upload was announced as Content-Type {upload.content_type}")
        if len(body) != upload.size_bytes:
            raise Refusal(400, f"the upload was announced as {upload.size_bytes} bytes; {len(body)} came")
        self._book.fill(upload_id, body)
        return success({})

    @refusable
    def keep(self, filename: str, content_type: str | None, body: bytes, now: datetime, origin: str) -> Reply:
        """Take an upload in one step, the older way."""
        upload = _new(filename, _media_type(content_type), len(body), now, body)
        self._book.announce(upload)
        return success(_shown(upload, origin))

    def find(self, upload_id: str, now: datetime) -> Upload | None:
        """Return an upload that is still kept, with its bytes if they have come."""
        upload = self._book.upload(upload_id)
        return upload if upload and upload.at >= now - self._retention else None

    def body(self, url: str, now: datetime) -> bytes | None:
        """Return the bytes behind one of this sandbox's own addresses; None for any other."""
        upload = self.find(_upload_id(url), now) if leads_here(url) else None
        return upload.body if upload else None

    def absent(self, urls: list[str], now: datetime) -> list[str]:
        """Return the URLs that point to this sandbox and to nothing in it."""
        since = now - self._retention
        return [
            url for url in urls if leads_here(url) and not self._book.has_received(_upload_id(url), since)
        ]


def _media_type(text: str | None) -> str:
    if text is None:
        return _UNKNOWN_TYPE
    if not (text.isprintable() and text.isascii() and text == text.strip()):
        raise Refusal(400, "'content_type' is not a media type")
    return text


def _new(filename: str, content_type: str, size: int, now: datetime, body: bytes | None = None) -> Upload:
    return Upload(
        upload_id=uuid.uuid4().hex,
        filename=filename.replace("\\", "/").rpartition("/")[2] or "upload",
        content_type=content_type,
        size_bytes=size,
        at=now,
        body=body,
    )


def _shown(upload: Upload, origin: str) -> dict[str, Json]:
    return {
        "type": upload.content_type.partition("/")[0],
        "download_url": _url(upload, origin),
        "filename": upload.filename,
        "size": upload.size_bytes,
    }


def _url(upload: Upload, origin: str) -> str:
    return f"{origin}/uploads/{upload.upload_id}/{quote(upload.filename, safe='')}"


def _upload_id(url: str) -> str:
    parts = urlsplit(url).path.split("/")
    return parts[2] if len(parts) > 3 and parts[1] == "uploads" else ""  # noqa: PLR2004 - /uploads/<id>/<name>
