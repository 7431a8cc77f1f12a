"""How the service takes a file: what its answers to an upload mean.

Hides the two ways: a ticket that says where the bytes are to be put, with which headers, and the older one,
in a single form. Invariants: nothing that repeats the key leaves this module; a header of a ticket is one
line of plain text, so that it says what it says and nothing beside it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from seedpipe.core.errors import Malformed
from seedpipe.core.image_bytes import EXTENSIONS
from seedpipe.providers.answers import data_of, repeats

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seedpipe.core.model import Json
    from seedpipe.providers.answers import Answer

UNKNOWN_CALL: Final = frozenset({404, 405, 501})  # what a service says of a call that it does not have

_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_HEADER_VALUE: Final = re.compile(r"[ -~]{0,4096}")
_MOST_HEADERS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """Where the bytes go: `put_url`, with `headers` and no key; `address` stands for the file afterwards."""

    put_url: str
    headers: Mapping[str, str]
    address: str


def file_name(sha256: str, media_type: str) -> str:
    """Return what a file is called at the service: its content, for its own name is nobody's business."""
    return sha256[:32] + EXTENSIONS.get(media_type, "")


def question(name: str, size_bytes: int, media_type: str) -> dict[str, Json]:
    """Return what asks for a ticket."""
    return {"filename": name, "size": size_bytes, "content_type": media_type}


def ticket(answer: Answer, *, secret: str) -> Ticket:
    """Return the ticket that an answer holds, or raise why there is none."""
    data, _ = data_of(answer, "an upload", secret=secret)
    upload = data.get("upload")
    if not isinstance(upload, dict) or upload.get("method") != "PUT":
        raise Malformed("the service wants an upload in a way that is not known here")
    return Ticket(
        put_url=_text(upload.get("url"), secret=secret),
        headers=_headers(upload.get("headers"), secret=secret),
        address=_text(data.get("download_url"), secret=secret),
    )


def address(answer: Answer, *, secret: str) -> str:
    """Return where a file is that went there in one step, or raise why that is not known."""
    data, _ = data_of(answer, "an upload", secret=secret)
    return _text(data.get("download_url"), secret=secret)


def _headers(given: Any, *, secret: str) -> dict[str, str]:
    if given is None:
        return {}
    plain = isinstance(given, dict) and all(
        isinstance(value, str) and _HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(value)
        for name, value in given.items()
    )
    if not isinstance(given, dict) or not plain or len(given) > _MOST_HEADERS:
        raise Malformed("the service wants headers with an upload that are none")
    if any(repeats(value, secret) for value in given.values()):
        raise Malformed("the service put the key into the headers of an upload")
    return dict(given)


def _text(value: Any, *, secret: str) -> str:
    if not isinstance(value, str) or not value:
        raise Malformed("the service answered an upload without an address")
    if repeats(value, secret):
        raise Malformed("the service put the key into the address of an upload")
    return value
