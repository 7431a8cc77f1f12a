"""Outputs that travel inside an answer, as base64, where others have a URL.

Hides that they are no URLs: each is given a name that `download` understands, so that the megabytes of an
image stand in no ledger and no log, and a run that was killed can ask for them again. Invariant: a name
leads to the task it was made for and nowhere else, whatever the service writes in its answer.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from seedpipe.core.errors import Malformed

_NAME: Final = re.compile(r"inline:([0-9A-Za-z_-]{6,64})/([0-9]{1,4})")
_DATA_PREFIX: Final = re.compile(r"data:[a-z]{1,20}/[a-z0-9.+-]{1,40};base64,", re.IGNORECASE)
_CHARACTERS: Final = 4  # of base64 make three bytes
_BYTES: Final = 3


def named(prediction_id: str, outputs: list[str]) -> tuple[str, ...]:
    """Return the outputs by what `download` is to be asked: their URL, or a name for what is inside."""
    return tuple(
        output if is_url(output) else f"inline:{prediction_id}/{index}"
        for index, output in enumerate(outputs)
    )


def is_url(output: str) -> bool:
    """Say whether an output is a place to fetch from: base64 has no `://`."""
    return "://" in output[:64]


def place(name: str) -> tuple[str, int] | None:
    """Return the task and the index that a name was made from; None for what is no such name."""
    found = _NAME.fullmatch(name)
    return (found[1], int(found[2])) if found else None


def decoded(text: str, *, max_bytes: int) -> bytes:
    """Return the bytes of an inline output; raises `Malformed` for what is none or is too large."""
    prefix = _DATA_PREFIX.match(text)
    plain = text[prefix.end() :] if prefix else text
    if len(plain) // _CHARACTERS * _BYTES > max_bytes:
        raise Malformed(f"the output is larger than {max_bytes} bytes")
    try:
        return base64.b64decode(plain, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("the service named an output by something that is neither a URL nor base64") from None
