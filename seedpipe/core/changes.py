"""What has changed between two requests, short enough to read in a list.

Hides how texts are compared: word by word, what both begin and end with left out. A request as it was
rendered is the honest base, whichever of the axis, the variable, the prompt or the input was edited.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final

from seedpipe.core.model import canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from seedpipe.core.model import Json

_MOST_WORDS: Final = 400  # compared word by word; in longer texts the whole middle counts as one change
_MOST_SPOTS: Final = 3  # places of one text that are told; more are one change from the first to the last
_LONGEST: Final = 48  # characters of a value that are shown


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueChange:
    """One input that is not what it was: the words that went, and those that came.

    One is empty where nothing went or came, both where only spaces or line breaks changed.
    """

    name: str
    before: str
    after: str

    @property
    def text(self) -> str:
        """The change on one line: `prompt: autumn → winter`, `prompt: removed "camera"`."""
        before, after = _shown(self.before), _shown(self.after)
        if before and after:
            return f"{self.name}: {before} → {after}"
        if not before and not after:
            return f"{self.name}: only spaces or line breaks"
        return f'{self.name}: removed "{before}"' if before else f'{self.name}: added "{after}"'


def changed_values(before: Mapping[str, Json], after: Mapping[str, Json]) -> tuple[ValueChange, ...]:
    """Return what differs between two requests, input by input, in the order of the new one."""
    names = dict.fromkeys([*after, *before])
    return tuple(
        change
        for name in names
        if before.get(name) != after.get(name)
        for change in _compared(name, before.get(name), after.get(name))
    )


def _compared(name: str, before: Json, after: Json) -> list[ValueChange]:
    if isinstance(before, str) and isinstance(after, str):
        spots = _spots(before.split(), after.split())
        if spots:
            return [ValueChange(name=name, before=old, after=new) for old, new in spots]
        return [ValueChange(name=name, before="", after="")]
    return [ValueChange(name=name, before=_spelt(before), after=_spelt(after))]


def _spots(before: Sequence[str], after: Sequence[str]) -> list[tuple[str, str]]:
    """Return the places where two texts differ, as words that went and words that came."""
    first = _common(before, after)
    last = _common(before[first:][::-1], after[first:][::-1])
    old, new = before[first : len(before) - last], after[first : len(after) - last]
    if not old and not new:
        return []
    whole = [(" ".join(old), " ".join(new))]
    if max(len(old), len(new)) > _MOST_WORDS:
        return whole
    found = [
        (" ".join(old[a:b]), " ".join(new[c:d]))
        for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        if kind != "equal"
    ]
    return found if len(found) <= _MOST_SPOTS else whole


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many words two texts begin with alike."""
    count = 0
    for word, twin in zip(one, other, strict=False):
        if word != twin:
            break
        count += 1
    return count


def _spelt(value: Json) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else canonical_json(value)


def _shown(text: str) -> str:
    flat = re.sub(r"\s+", " ", text).strip()
    return flat if len(flat) <= _LONGEST else f"{flat[: _LONGEST - 1]}…"
