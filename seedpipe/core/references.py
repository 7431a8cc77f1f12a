"""Reference images of a request: which entries are files of ours, and what is sent in their place.

A file is known by its content: a request as rendered says `sha256:<hex>` where the campaign says a path, so
that a job's identity follows the picture and not its name. What is sent has an address of the service there,
another one after every upload. Invariant: only the entries of lists are references; a prompt is never read.

Absent on purpose: reading files, and uploading them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from seedpipe.core.model import Json

_PREFIX: Final = "sha256:"
_REFERENCE: Final = re.compile(r"sha256:[0-9a-f]{64}")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def is_path(entry: str) -> bool:
    """Say whether an entry of a campaign names a file: whatever does not begin like a URL."""
    return bool(entry) and not _SCHEME.match(entry)


def reference(sha256: str) -> str:
    """Return what stands in a request for a file with this digest, in hex."""
    return _PREFIX + sha256


def referenced(entry: Json) -> str | None:
    """Return the digest of the file that an entry of a request stands for; None for any other entry."""
    return entry.removeprefix(_PREFIX) if isinstance(entry, str) and _REFERENCE.fullmatch(entry) else None


def digests_in(request: Mapping[str, Json]) -> tuple[str, ...]:
    """Return the digests of all files that a request refers to, each once, in their order."""
    found = (referenced(entry) for entry in _entries(request))
    return tuple(dict.fromkeys(digest for digest in found if digest))


def urls_in(body: Mapping[str, Json]) -> Iterator[str]:
    """Yield the entries of a body's lists that are no files of ours: addresses, as far as they are any."""
    return (entry for entry in _entries(body) if isinstance(entry, str) and not referenced(entry))


def sent_body(request: Mapping[str, Json], urls: Mapping[str, str]) -> Mapping[str, Json]:
    """Return the body that is sent: each file by the address that its digest was uploaded to.

    Raises `KeyError` for a digest without an address.
    """

    def sent(entry: Json) -> Json:
        digest = referenced(entry)
        return urls[digest] if digest else entry

    return _mapped(request, sent)


def without_files(request: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return what the service can be asked about: a request without inputs that refer to files of ours."""
    return {name: value for name, value in request.items() if not digests_in({name: value})}


def _entries(request: Mapping[str, Json]) -> Iterator[Json]:
    return (entry for value in request.values() if isinstance(value, list) for entry in value)


def _mapped(request: Mapping[str, Json], change: Callable[[Json], Json]) -> Mapping[str, Json]:
    return {
        name: [change(entry) for entry in value] if isinstance(value, list) else value
        for name, value in request.items()
    }
