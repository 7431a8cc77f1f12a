"""Text that others wrote, made harmless: to a terminal, to a CI that reads logs, to whoever reads along.

Hides what is dangerous in text. Two things are done to it: `neutral` spells out what would act (escape
sequences, text that runs backwards, workflow commands), and `redacted` cuts out what opens doors (keys,
signatures in URLs, authorisation headers). Invariants: both may be applied twice; neither changes what
ordinary text says in any script.

Absent on purpose: escaping for one format. Markdown and HTML have their own rules, in the reports.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seedpipe.core.model import Json

_SHORTEST_SECRET: Final = 8  # characters: blotting out shorter words would make other text unreadable

# Control characters but line feed and tab, overrides of direction, separators that some take for line
# ends, halves of surrogate pairs that no encoding can write.
_ACTING: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufff9-\ufffb\ud800-\udfff]"
)
# `::error::` begins a line for GitHub; `##[error]`, `##vso[`, `##teamcity[` stand anywhere in one.
_LINE_COMMAND: Final = re.compile(r"^(\s*):(?=:)", re.MULTILINE)
_MARKED_COMMAND: Final = re.compile(r"##(?=(?:vso|teamcity)?\[)", re.IGNORECASE)

_QUERY: Final = re.compile(r"""(\bhttps?://[^\s"'<>?#]*)[?#][^\s"'<>]*""", re.IGNORECASE)
_USER: Final = re.compile(r"(\bhttps?://)[^\s/@]+@", re.IGNORECASE)
_CREDENTIAL: Final = re.compile(r"\b(bearer|basic)\s+[!-~]{8,}", re.IGNORECASE)
_LONGEST_KEPT_URL: Final = 1024  # characters: what is longer carries more than a place
_PLAIN_URL: Final = re.compile(r"https?://[^\s/?#@\\]+/[^\s?#@\\]*", re.IGNORECASE)
_WEBHOOK_SECRET: Final = re.compile(r"\bwhsec_[!-~]+")


def neutral(text: str) -> str:
    """Return text that no terminal and no CI acts upon; what would act is spelt out."""
    inert = _ACTING.sub(_spelt, text)
    return _MARKED_COMMAND.sub("# #", _LINE_COMMAND.sub(r"\1: ", inert))


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """Return text without these secrets, without credentials, and with URLs cut before their query."""
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "[key]")
    if "://" in text:  # most of what is written down is a word or an id
        text = _QUERY.sub(r"\1?[cut]", _USER.sub(r"\1[cut]@", text))
    return _WEBHOOK_SECRET.sub("[secret]", _CREDENTIAL.sub(r"\1 [cut]", text))


def lasting_url(url: str) -> str:
    """Return an output's URL if it may be kept on disk, else nothing: what has a query may be signed.

    Whoever needs a URL that was not kept asks the service for a fresh one, which is free.
    """
    plain = len(url) <= _LONGEST_KEPT_URL and url.isascii() and url.isprintable()
    return url if plain and _PLAIN_URL.fullmatch(url) else ""


def safe_json(value: Json, *, indent: int | None = None) -> str:
    """Return a value as JSON whose text is harmless to look at and the same to a program that reads it."""
    separators = (",", ":") if indent is None else None
    text = json.dumps(
        value, indent=indent, separators=separators, ensure_ascii=False, sort_keys=indent is None
    )
    return _MARKED_COMMAND.sub(r"#\\u0023", _ACTING.sub(_escaped, text))


def _spelt(match: re.Match[str]) -> str:
    number = ord(match[0])
    return f"\\x{number:02x}" if number <= 0xFF else f"\\u{number:04x}"  # noqa: PLR2004 - two digits hold it


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"
