"""Where the values of a campaign are written: file, line and column, and which layer that is.

Hides that nobody keeps places: a plan of 100,000 jobs carries none, so whoever asks has the files read again.
A file that has changed meanwhile has no place to tell. Invariant: nothing here judges; the campaign is sound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from seedpipe.core.campaign import tables
from seedpipe.core.campaign.layers import read_layers
from seedpipe.core.campaign.reading import Reading, map_at, scalars
from seedpipe.core.campaign.series import override_nodes
from seedpipe.core.campaign.yaml import Mapping, Node, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from seedpipe.core.campaign.files import Files
    from seedpipe.core.catalogue import Catalogue
    from seedpipe.core.diagnostics import Span
    from seedpipe.core.variant import Variant


class Places:
    """Finds what one campaign says in its files, read anew."""

    def __init__(self, path: str, files: Files, catalogue: Catalogue, variant: Variant) -> None:
        self._reading = Reading(files, catalogue)
        layers = read_layers(self._reading, path, variant.profile)
        self._root = layers.root if layers else None
        self._overrides = override_nodes(layers.root) if layers else []
        self._files_of_variables = variant.variable_files
        self._trees: dict[str, Node | None] = {}
        self._rows: dict[tuple[str, tuple[str, ...]], Callable[[str | None], Span | None]] = {}
        self._layers = dict(self._layered(variant.profile))

    def of(self, *path: str) -> Span | None:
        """Return where a value of the campaign stands, by its keys from the top."""
        return _place(self._root, path)

    def in_override(self, number: int, *path: str) -> Span | None:
        """Return where a value of an override stands; overrides count from 0."""
        return _place(self._overrides[number], path) if number < len(self._overrides) else None

    def in_brand(self, *path: str) -> Span | None:
        """Return where a value of the brand file stands."""
        named = self._root.get("brand") if isinstance(self._root, Mapping) else None
        tree = self._tree(self._reading.path_of(named)) if isinstance(named, Scalar) else None
        return _place(tree, path)

    def given(self, *path: str) -> Span | None:
        """Return where a file of `--var-file` sets a variable; of several, the last counts."""
        found = [_place(self._tree(file), path) for file in self._files_of_variables]
        return next(filter(None, reversed(found)), None)

    def row(self, axis: str, key: str, column: str | None = None) -> Span | None:
        """Return where a row of an axis stands, or one of its columns."""
        node = map_at(self._root, "matrix").get(axis)
        if isinstance(node, Mapping):
            return self._in_file(node, (key,), column)
        for item in node.items if isinstance(node, Sequence) else ():
            own = item.get("key") if isinstance(item, Mapping) else item
            if isinstance(own, Scalar) and own.raw == key:
                return _place(item, (column,)) if column else own.span
        return None

    def in_table(self, variable: str, key: tuple[str, ...], column: str) -> Span | None:
        """Return where a cell of a table by key stands."""
        return self._in_file(map_at(map_at(self._root, "variables"), variable), key, column)

    def layer(self, span: Span | None) -> str:
        """Return which layer over the campaign stands there: a profile, an override; nothing for neither."""
        return self._layers.get(str(span), "")

    def _tree(self, path: str) -> Node | None:
        if path not in self._trees:
            self._trees[path] = self._reading.parsed(path, None)
        return self._trees[path]

    def _in_file(self, node: Mapping, key: tuple[str, ...], column: str | None) -> Span | None:
        file = node.get("file")
        if not isinstance(file, Scalar):
            return None
        path = self._reading.path_of(file)
        if (path, key) not in self._rows:
            data = self._reading.read(path, None) or b""
            keys = [one.raw for one in scalars(node.get("key"))]
            self._rows[path, key] = tables.row_of(self._reading.shown(path), data, keys, key)
        return self._rows[path, key](column)

    def _layered(self, profile: str | None) -> Iterator[tuple[str, str]]:
        if profile:
            patch = map_at(map_at(self._root, "profiles"), profile)
            yield from ((str(span), f"profile {profile}") for span in _spans(patch))
        for number, node in enumerate(self._overrides):
            yield from ((str(span), f"override {number + 1}") for span in _spans(node))


def _place(node: Node | None, path: tuple[str, ...]) -> Span | None:
    """Return where the value at a path stands; a map or list is told by its key."""
    span = node.span if node else None
    for step in path:
        key = node.key(step) if isinstance(node, Mapping) else None
        node = node.get(step) if isinstance(node, Mapping) else None
        if key is None or node is None:
            return None
        span = node.span if isinstance(node, Scalar) and (node.raw or node.style) else key.span
    return span


def _spans(node: Node) -> Iterator[Span]:
    yield node.span
    match node:
        case Mapping():
            for key, value in node.entries:
                yield key.span
                yield from _spans(value)
        case Sequence():
            for item in node.items:
                yield from _spans(item)
        case Scalar():
            pass
