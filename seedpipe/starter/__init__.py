"""The project that `seedpipe init` writes, as files in `project/`.

Hides their names in this package: what begins with a dot in a project does not here, so that no tool on the
way takes it for its own. The schemas go along, so that an editor completes campaigns without a network.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Final

from seedpipe import __version__, schemas

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

SHARED: Final = (
    ".gitattributes",
    ".gitignore",
    "README.md",
)  # a project has its own: lines are added
_DOTTED: Final = frozenset({"gitattributes", "github", "gitignore"})
_SCHEMAS: Final = ("brand", "campaign", "model")


def files() -> dict[str, str]:
    """Return the text of each file by its path in the project."""
    here = resources.files(__name__).joinpath("project")
    texts = {_named(path): text.replace("{version}", __version__) for path, text in _walk(here, ())}
    return texts | {f"schemas/{name}.schema.json": schemas.text(name) for name in _SCHEMAS}


def _walk(folder: Traversable, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        path = (*above, entry.name)
        if entry.is_dir():
            yield from _walk(entry, path)
        else:
            yield path, entry.read_text(encoding="utf-8")


def _named(path: tuple[str, ...]) -> str:
    return ("." if path[0] in _DOTTED else "") + "/".join(path)
