"""Which variant of a campaign a command asks for: a profile, values of variables, a part of the cells.

Hides how `market=de,at` is spelt: a comma is "or", repetition is "and". Absent on purpose: whether the
campaign has such names; that is for those who read it.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - dataclass field types are read at run time by tests
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final, Self

from seedpipe.core.errors import InputError

if TYPE_CHECKING:
    from seedpipe.core.model import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """What lies over a campaign's file. `spelt` is what makes two variants different plans.

    `select` and `exclude` are spelt `market=de,at` or `series=hero`; `limit` is a number of cells,
    `sample` one that shows every value of every axis;
    `canary` an axis that one cell a key is taken of; `variable_files` are paths from the campaign's folder.
    """

    profile: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    variable_files: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    limit: int | None = None
    sample: int | None = None
    canary: str | None = None

    @classmethod
    def of(cls, spelt: Mapping[str, Any]) -> Self:
        """Return the variant that was `spelt`, without what somebody else has added to it."""
        parts: dict[str, Any] = {
            name: tuple(spelt[name]) if isinstance(spelt[name], list) else spelt[name]
            for name in (one.name for one in fields(cls))
            if name in spelt
        }
        return cls(**parts)

    @property
    def is_whole(self) -> bool:
        """Whether no cell is left out."""
        return is_whole(self.spelt)

    @property
    def spelt(self) -> dict[str, Json]:
        """The variant as plain data without what was not asked for; empty for the campaign as it stands."""
        parts: dict[str, Json] = {
            "profile": self.profile,
            "variables": dict(self.variables),
            "variable_files": list(self.variable_files),
            "select": list(self.select),
            "exclude": list(self.exclude),
            "limit": self.limit,
            "sample": self.sample,
            "canary": self.canary,
        }
        return {name: part for name, part in parts.items() if part}


AS_IT_STANDS = Variant()
_PARTS: Final = frozenset({"select", "exclude", "limit", "sample", "canary"})


def is_whole(spelt: Mapping[str, Json]) -> bool:
    """Say whether a variant as it is spelt leaves no cell out."""
    return _PARTS.isdisjoint(spelt)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """`market=de,at`: the axis, or `series`, and the keys of which a cell must have one."""

    name: str
    keys: frozenset[str]
    spelt: str

    def holds(self, series: str, axes: Mapping[str, str]) -> bool:
        """Say whether a cell has one of the keys; one without the axis has none."""
        return (series if self.name == "series" else axes.get(self.name)) in self.keys


def conditions(option: str, texts: tuple[str, ...]) -> tuple[Condition, ...]:
    """Return what an option's values say. Raises `InputError` for one that is not `name=key,key`."""
    return tuple(_condition(option, text) for text in texts)


def assignments(texts: tuple[str, ...]) -> dict[str, str]:
    """Return `name=value` texts as a map; the last one of a name counts. Raises `InputError`."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise InputError(f"'--var {text}' is not name=value", hint="write --var season=winter")
        found[name] = value
    return found


def _condition(option: str, text: str) -> Condition:
    name, _, keys = text.partition("=")
    parts = [key.strip() for key in keys.split(",")]
    if not name or not all(parts):
        hint = f"write {option} market=de,at or {option} series=hero"
        raise InputError(f"'{option} {text}' is not name=key", hint=hint)
    return Condition(name=name.strip(), keys=frozenset(parts), spelt=f"{option} {text}")
