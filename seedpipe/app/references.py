"""The images that requests refer to: kept before the plan is, so that a run needs no file of the user's.

Hides when a file is taken from the work tree. Invariant: what is kept has the bytes that were planned with; a
file that changed in between ends the run before anything is sent.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING, Final

from seedpipe.core.campaign import FileProblem
from seedpipe.core.errors import InputError, Malformed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from seedpipe.core.model import PlanHeader
    from seedpipe.sources import WorkTree
    from seedpipe.stores import LocalStore


_MOST_NAMED: Final = 5  # images in one message


def keep_references(header: PlanHeader, tree: WorkTree, store: LocalStore) -> None:
    """Make objects of the images of a plan that are none yet; raises `InputError` for what cannot be kept."""

    async def keep() -> None:
        for path, sha256 in header.references.items():
            try:
                await store.read(sha256)
            except KeyError:
                await _keep(path, sha256, tree, store)

    if header.references:
        asyncio.run(keep())


def refuse_changed_references(header: PlanHeader, tree: WorkTree) -> None:
    """Raise `InputError` when an image that a saved plan refers to is another one now, or gone."""
    changed = [
        tree.shown(path) for path, sha256 in header.references.items() if _digest(tree, path) != sha256
    ]
    if changed:
        more = f" and {len(changed) - _MOST_NAMED} more" if len(changed) > _MOST_NAMED else ""
        raise InputError(
            f"the plan is stale: its reference images have changed: {', '.join(changed[:_MOST_NAMED])}{more};"
            " nothing was sent",
            hint="save the plan again, or restore the images it was made with",
        )


def _digest(tree: WorkTree, path: str) -> str | None:
    try:
        return hashlib.sha256(tree.read(path)).hexdigest()
    except FileProblem:
        return None


async def _keep(path: str, sha256: str, tree: WorkTree, store: LocalStore) -> None:
    shown = tree.shown(path)
    try:
        content = tree.read(path)
    except FileProblem as problem:
        raise InputError(f"the reference image {shown}: {problem}", hint=problem.hint) from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise InputError(
            f"the reference image {shown} has changed since it was planned; nothing was sent",
            hint="check the new plan, then run it",
        )
    try:
        await store.receive(_whole(content))
    except Malformed as error:
        raise InputError(
            f"the reference image {shown} cannot be used: {error}; nothing was sent",
            hint="open it and save it again as PNG, JPEG or WebP",
        ) from None


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    yield content
