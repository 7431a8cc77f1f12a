"""What a brand wants its prompts to say, and not to say, judged on the rendered prompt.

Hides what a word is. A phrase is found whole: not inside of a longer word, whatever its case, its width, its
blanks and how its accents are spelt. Scripts that write without blanks have no edges of words, so there a
phrase is found anywhere. Invariant: nothing here changes a prompt.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from seedpipe.core.diagnostics import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from seedpipe.core.diagnostics import Span
    from seedpipe.core.templates import Template

_UNSPACED: Final = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """Some words of the brand file and where they stand."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class BrandWords:
    """What a brand asks of every prompt; `banned_by_market` goes by the keys of the axis `market`."""

    style_lock: tuple[Phrase, ...] = ()
    required: tuple[Phrase, ...] = ()
    banned: tuple[Phrase, ...] = ()
    banned_by_market: Mapping[str, tuple[Phrase, ...]] = field(default_factory=dict)

    def faults(self, prompt: str, market: str | None, template: Template) -> Iterator[Diagnostic]:
        """Yield what is wrong with the wording of a rendered prompt, at the place of its template."""
        if not (self.style_lock or self.required or self.banned or self.banned_by_market):
            return
        folded = _folded(prompt)
        yield from self._missing(folded, template)
        for phrase in self.banned:
            if _holds(folded, phrase.text):
                yield _banned(phrase, "", template)
        for phrase in self.banned_by_market.get(market or "", ()):
            if _holds(folded, phrase.text):
                yield _banned(phrase, f" in market '{market}'", template)

    def _missing(self, folded: str, template: Template) -> Iterator[Diagnostic]:
        lock = "write {{ brand.style_lock | join(' ') }} in the prompt"
        lacking = [
            ("required-word", f"add '{phrase.text}' to the prompt", phrase) for phrase in self.required
        ]
        lacking += [("style-lock", lock, phrase) for phrase in self.style_lock]
        for rule, hint, phrase in lacking:
            if _holds(folded, phrase.text):
                continue
            yield Diagnostic(
                rule=rule,
                message=f"the prompt lacks '{phrase.text}', which the brand requires in every prompt",
                span=template.span,
                hint=hint,
                notes=(f"{phrase.span} requires it",),
            )


def _banned(phrase: Phrase, where: str, template: Template) -> Diagnostic:
    return Diagnostic(
        rule="banned-word",
        message=f"the prompt contains '{phrase.text}', which the brand bans{where}",
        span=_place(template, phrase.text),
        hint="use other words, in the template or in the data it prints",
        notes=(f"{phrase.span} bans it",),
    )


def _place(template: Template, phrase: str) -> Span:
    """Return where a template says a phrase; the whole template when its data must have brought it."""
    edge = r"\b" if _has_edge(phrase[0]) and _has_edge(phrase[-1]) else ""
    found = re.search(f"{edge}{re.escape(phrase)}{edge}", template.text, re.IGNORECASE)
    return template.place_of(*found.span()) if found else template.span


def _holds(folded: str, phrase: str) -> bool:
    return bool(_pattern(phrase).search(folded))


@lru_cache(maxsize=1024)
def _pattern(phrase: str) -> re.Pattern[str]:
    """Return what finds a phrase in a folded text, whole words only where its script has such."""
    text = _folded(phrase)
    before = r"(?<!\w)" if _has_edge(text[:1]) else ""
    after = r"(?!\w)" if _has_edge(text[-1:]) else ""
    return re.compile(before + re.escape(text) + after)


def _has_edge(char: str) -> bool:
    if not (char.isalnum() or char == "_"):
        return False
    return not unicodedata.name(char, "").startswith(_UNSPACED)


def _folded(text: str) -> str:
    """Return a text as words are compared: NFKC, case folded, every run of blanks one blank."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded.split())
