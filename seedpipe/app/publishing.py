"""Publishing: every approved image in every format that its campaign asks for, and nothing else.

Hides what is made, what is still there from before, and what is taken away again. Invariant: the folder shows
what is approved now; proofs are never published.
"""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Final, TypeGuard

from seedpipe.app.showing import scene_of
from seedpipe.core.audit import FileState
from seedpipe.core.errors import InputError, Malformed
from seedpipe.core.publishing import LeftOut, PublishedFile, WantedFile, wanted_of
from seedpipe.core.reviewing import reviewed
from seedpipe.project import folder_name, places_of
from seedpipe.settings import World
from seedpipe.stores import LocalStore, PublishedFolder
from seedpipe.stores.formats import TooLarge, in_format, picture_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from concurrent.futures import Future
    from pathlib import Path

    from PIL.Image import Image

    from seedpipe.app.showing import Scene
    from seedpipe.core.variant import Variant
    from seedpipe.settings import Settings

_WORKERS: Final = 2  # decoded images in memory at once: 256 MiB each at the most
_EXAMPLE: Final = """
publish:
  {series}:
    to: "{{{{ series }}}}/{{{{ cell }}}}-{{{{ image }}}}-{{{{ format }}}}"
    formats:
      web: {{width_px: 1600, type: webp, max_kb: 400}}
"""
_AHEAD: Final = 4  # images in the works whose files nobody has written yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What a folder of published images holds now, in files.

    `left_out` counts images by why they are not there; `troubles` are files that could not be made, with the
    reason.
    """

    folder: Path
    written: int
    unchanged: int
    removed: int
    left_out: Mapping[LeftOut, int]
    troubles: tuple[str, ...]


def publish(file: Path, variant: Variant, settings: Settings, *, to: Path | None = None) -> Published:
    """Write every approved image in its formats below `to`, or `published` in the campaign's output folder.

    What was published before and is not approved any more is removed. Raises `InputError` where there is
    nothing but proofs, and for a campaign that does not say what to publish.
    """
    with scene_of(file, variant, settings, World.LIVE) as scene:
        if not any(series.publication for series in scene.plan.campaign.series):
            example = _EXAMPLE.format(series=scene.plan.campaign.series[0].name)
            hint = f"add one to {file}, for example:\n{example.rstrip()}"
            raise InputError("the campaign has no `publish:` block", hint=hint)
        left_out, cells = Counter[LeftOut](), set[str]()
        wanted = [found for found in _wanted(scene, cells) if _is_file(found, left_out)]
        folder = to or scene.out / "published"
        objects = places_of(scene.tree.root, scene.settings).objects
        store, name = LocalStore(objects, scene.out), folder_name(scene.header)
        shown = _Shown(folder, name, store, objects, left_out)
        return shown.become(wanted, None if variant.is_whole else cells)


def _wanted(scene: Scene, cells: set[str]) -> Iterator[WantedFile | LeftOut]:
    """Yield what is published of each cell, and note which cells there are."""
    campaign, decisions = scene.plan.campaign, scene.decisions.read()
    formats = {one.name: one.publication.formats for one in campaign.series if one.publication}
    for planned, shown in scene.cells():
        cells.add(planned.cell.address)
        if planned.published:
            cell = reviewed(shown, decisions, campaign.review)
            yield from wanted_of(planned, cell, campaign.review, formats[planned.cell.series])


def _is_file(found: WantedFile | LeftOut, left_out: Counter[LeftOut]) -> TypeGuard[WantedFile]:
    """Say whether something is to be published; count why if it is not."""
    if isinstance(found, LeftOut):
        left_out[found] += 1
    return isinstance(found, WantedFile)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """A file of an image in one format; without `file` it could not be made, and `trouble` says why."""

    content: bytes = b""
    file: PublishedFile | None = None
    trouble: str = ""


class _Shown:
    """What a folder shows of a campaign, on its way to what it shall show; of others it changes nothing."""

    def __init__(
        self, folder: Path, campaign: str, store: LocalStore, objects: Path, left_out: Counter[LeftOut]
    ) -> None:
        self._path = folder
        self._campaign = campaign
        self._folder = PublishedFolder(folder)
        self._store = store
        self._objects = objects
        self._left_out = left_out
        self._troubles: list[str] = []

    def become(self, wanted: list[WantedFile], cells: set[str] | None) -> Published:
        """Have the folder show what is wanted; files of other cells than these are left alone."""
        with self._folder.held() as listed:
            known = {path: file for path, file in listed.items() if file.campaign == self._campaign}
            try:
                shown = self._unchanged(wanted, known)
                unchanged = len(shown)
                listed.update(shown)
                for made in self._made([one for one in wanted if one.path not in shown], known):
                    listed[made.path] = shown[made.path] = made
                stale = [old for path, old in known.items() if path not in shown]
                removed = 0
                for old in stale if cells is None else [one for one in stale if one.cell in cells]:
                    removed += self._folder.remove(old)
                    del listed[old.path]
            finally:
                self._folder.list_files(listed.values())
        return Published(
            folder=self._path,
            written=len(shown) - unchanged,
            unchanged=unchanged,
            removed=removed,
            left_out=self._left_out,
            troubles=tuple(self._troubles),
        )

    def _unchanged(
        self, wanted: list[WantedFile], known: Mapping[str, PublishedFile]
    ) -> dict[str, PublishedFile]:
        """Return what is there as it would be made; it may have been made for another cell."""
        found = [(one, known[one.path]) for one in wanted if one.path in known]
        return {
            one.path: replace(old, cell=one.cell, image=one.number, format=one.form.name)
            for one, old in found
            if old.is_of(one) and self._folder.is_whole(old)
        }

    def _made(self, wanted: list[WantedFile], known: Mapping[str, PublishedFile]) -> Iterator[PublishedFile]:
        """Write the files and yield each; decoding and encoding leave the interpreter."""
        waiting: deque[Future[list[_Made]]] = deque()
        images = groupby(wanted, key=lambda one: (one.source.sha256, one.cell, one.number))
        with ThreadPoolExecutor(_WORKERS, "publish") as workers:
            for _, group in images:
                waiting.append(workers.submit(self._of_image, list(group)))
                if len(waiting) > _AHEAD:
                    yield from self._written(waiting.popleft().result(), known)
            while waiting:
                yield from self._written(waiting.popleft().result(), known)

    def _written(self, made: list[_Made], known: Mapping[str, PublishedFile]) -> Iterator[PublishedFile]:
        if not made:
            self._left_out[LeftOut.NOT_HERE] += 1
        for one in made:
            if one.file:
                self._folder.write(one.file.path, one.content, ours=one.file.path in known)
                yield one.file
            else:
                self._troubles.append(one.trouble)

    def _of_image(self, wanted: list[WantedFile]) -> list[_Made]:
        """Return one image in its formats; nothing when it is not here."""
        source = wanted[0].source
        if self._store.inspect(source) is not FileState.WHOLE:
            return []
        try:
            picture = picture_of(self._objects / source.sha256, source.media_type)
        except Malformed as error:
            return [_Made(trouble=f"{one.label}: {error}") for one in wanted]
        return [_in_format(picture, one, self._campaign) for one in wanted]


def _in_format(picture: Image, wanted: WantedFile, campaign: str) -> _Made:
    try:
        content, width_px, height_px = in_format(picture, wanted.form)
    except TooLarge as error:
        return _Made(trouble=f"{wanted.label}: {error}")
    file = PublishedFile(
        path=wanted.path,
        campaign=campaign,
        cell=wanted.cell,
        image=wanted.number,
        format=wanted.form.name,
        source_sha256=wanted.source.sha256,
        recipe=wanted.form.recipe,
        sha256=hashlib.sha256(content).hexdigest(),
        media_type=wanted.form.media_type,
        width_px=width_px,
        height_px=height_px,
        size_bytes=len(content),
    )
    return _Made(content=content, file=file)
