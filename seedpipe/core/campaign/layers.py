"""The layers of a campaign: what it extends, itself, and the profile that is asked for, merged into one tree.

Hides how layers lie over each other: maps merge, lists and scalars replace, null deletes. Invariants: every
node of the merged tree keeps its own place, so that a fault is told where it was written; `name` and `budget`
are never inherited; a profile's `input` lies over every series' own, so it comes apart.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from seedpipe import schemas
from seedpipe.core.campaign.reading import NO_MAP, map_at
from seedpipe.core.campaign.yaml import Mapping, Node, Scalar
from seedpipe.core.diagnostics import Diagnostic, closest, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection

    from seedpipe.core.campaign.reading import Reading

_NOT_INHERITED: Final = ("name", "budget", "extends")
_NOT_PATCHED: Final = ("input", "profiles", "extends")
_DEFINES_NAMES: Final = ("variables", "derive", "matrix")
_MAX_LAYERS: Final = 8  # campaigns that extend each other: nobody can follow more


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """The merged tree, the inputs that lie over those of every series, and the variables set by flags.

    `left_out` are series that the campaign has and its profile leaves out.
    """

    root: Mapping
    top_input: Mapping
    left_out: frozenset[str] = frozenset()
    given: frozenset[str] = frozenset()


def read_layers(reading: Reading, path: str, profile: str | None) -> Layers | None:
    """Return the campaign in file `path` with all its layers, judged by the schema; None for no map."""
    root = _extended(reading, path, reading.parsed(path, None), ())
    if not isinstance(root, Mapping):
        if root:
            reading.judge(root, "campaign")
        return None
    root = _judged(reading, root)
    if profile is None:
        return Layers(root=root, top_input=NO_MAP)
    patch = map_at(root, "profiles").get(profile)
    if not isinstance(patch, Mapping):
        _report_unknown(reading, root, profile)
        return Layers(root=root, top_input=NO_MAP)
    merged = _judged(reading, merge(root, without(patch, *_NOT_PATCHED)))
    left_out = {key.raw for key, value in map_at(patch, "series").entries if deletes(value)}
    return Layers(root=merged, top_input=map_at(patch, "input"), left_out=frozenset(left_out))


def _judged(reading: Reading, root: Mapping) -> Mapping:
    """Return a campaign that was judged by the schema, `derives` and the like read as what they must mean.

    Such a key has been told by then; that all its names are unknown would tell one mistake again and again.
    """
    reading.judge(_without_deletions(root), "campaign")
    schema = schemas.load("campaign")
    meant = _as_meant(root, _DEFINES_NAMES, schema["properties"])
    known = schema["definitions"]["series"]["properties"]
    given = map_at(meant, "series")
    series = tuple(
        (key, _as_meant(one, ("derive",), known) if isinstance(one, Mapping) else one)
        for key, one in given.entries
    )
    if any(new is not old for (_, new), (_, old) in zip(series, given.entries, strict=True)):
        whole = replace(given, entries=series)
        entries = tuple((key, whole if value is given else value) for key, value in meant.entries)
        meant = replace(meant, entries=entries)
    if meant is not root:
        reading.judge(_without_deletions(meant), "campaign")
    return meant


def _as_meant(node: Mapping, names: tuple[str, ...], known: Collection[str]) -> Mapping:
    """Return a map in which a key that is none, but almost one of these names, is that one."""
    strange = {
        key.raw: name
        for key, _ in node.entries
        if key.raw not in known and (name := closest(key.raw, known)) in names and name not in node
    }
    if len(set(strange.values())) < len(strange):  # which of them is meant cannot be said
        return node
    entries = tuple((replace(key, raw=strange.get(key.raw, key.raw)), value) for key, value in node.entries)
    return replace(node, entries=entries) if strange else node


def merge(base: Mapping, over: Mapping) -> Mapping:
    """Return one map over another: maps merge key by key, all else replaces; null deletes a key."""
    entries = {key.raw: (key, value) for key, value in base.entries}
    for key, value in over.entries:
        below = entries[key.raw][1] if key.raw in entries else None
        if deletes(value):
            entries.pop(key.raw, None)
        elif isinstance(value, Mapping) and isinstance(below, Mapping):
            entries[key.raw] = (key, merge(below, value))
        else:
            entries[key.raw] = (key, value)
    return Mapping(span=over.span, entries=tuple(entries.values()))


def without(node: Mapping, *names: str) -> Mapping:
    """Return a map without some of its keys."""
    entries = tuple((key, value) for key, value in node.entries if key.raw not in names)
    return Mapping(span=node.span, entries=entries)


def deletes(node: Node) -> bool:
    """Say whether a value is a null that deletes what lies below it."""
    return isinstance(node, Scalar) and node.value is None


def _extended(reading: Reading, path: str, root: Node | None, chain: tuple[str, ...]) -> Node | None:
    """Return a campaign over the one it extends."""
    extends = root.get("extends") if isinstance(root, Mapping) else None
    if not isinstance(root, Mapping) or not isinstance(extends, Scalar) or not extends.raw:
        return root
    chain = (*chain, posixpath.normpath(path))
    base_path = reading.path_of(extends)
    if posixpath.normpath(base_path) in chain or len(chain) == _MAX_LAYERS:
        names = " → ".join((*chain, posixpath.normpath(base_path)))
        reading.report("extends", f"these campaigns extend each other in a circle: {names}", extends.span)
        return without(root, "extends")
    base = _extended(reading, base_path, reading.parsed(base_path, extends.span), chain)
    if not isinstance(base, Mapping):
        if base:
            reading.report("extends", f"{reading.shown(base_path)} is not a campaign", extends.span)
        return without(root, "extends")
    return merge(without(base, *_NOT_INHERITED), without(root, "extends"))


def _without_deletions(root: Mapping) -> Mapping:
    """Return the tree without the nulls in its profiles, which the schema would take for values."""
    entries = tuple((key, _kept(value) if key.raw == "profiles" else value) for key, value in root.entries)
    return Mapping(span=root.span, entries=entries)


def _kept(node: Node) -> Node:
    if not isinstance(node, Mapping):
        return node
    entries = tuple((key, _kept(value)) for key, value in node.entries if not deletes(value))
    return Mapping(span=node.span, entries=entries)


def _report_unknown(reading: Reading, root: Mapping, profile: str) -> None:
    profiles = map_at(root, "profiles")
    names = [name for name, _ in profiles.items()]
    if profile in names:
        return  # it is no map, which the schema has told
    hint = did_you_mean(profile, names) or f"the profiles are {', '.join(names) or 'none yet'}"
    key = root.key("profiles")
    span = key.span if key else None
    message = f"there is no profile '{profile}'"
    reading.keep([Diagnostic(rule="unknown-profile", message=message, span=span, hint=hint)])
