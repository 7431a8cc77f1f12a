"""Which variant of a campaign a command asks for: a profile, values of variables, a part of the cells.

Absent on purpose: whether the campaign has them; that is for those who read it.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - dataclass field types are read at run time by tests
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seedpipe.core.model import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """What lies over a campaign's file. `spelt` is what makes two variants different plans."""

    profile: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    variable_files: tuple[str, ...] = ()

    @property
    def spelt(self) -> dict[str, Json]:
        """The variant as plain data without what was not asked for; empty for the campaign as it stands."""
        parts: dict[str, Json] = {
            "profile": self.profile,
            "variables": dict(self.variables),
            "variable_files": list(self.variable_files),
        }
        return {name: part for name, part in parts.items() if part}


AS_IT_STANDS = Variant()
