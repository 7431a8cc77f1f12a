"""The local images of a campaign: paths among a model's inputs become the digests of what they show.

Hides when a file is read and when it will do. Each is read once, however often its path is rendered, and only
its digest is kept: all readings of a plan see the same pictures, none of which stands in memory. Invariant:
an entry that leaves this module as `sha256:` is a file of the project that begins and ends as an image does.
"""

from __future__ import annotations

import hashlib
import posixpath
from typing import TYPE_CHECKING, Final

from seedpipe.core.campaign.files import FileProblem
from seedpipe.core.catalogue import REFERENCES_SPELT, InputProblem
from seedpipe.core.image_bytes import HEAD_BYTES, TAIL_BYTES, is_whole, looks_like, media_type
from seedpipe.core.references import is_path, reference, referenced

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seedpipe.core.campaign.files import Files
    from seedpipe.core.catalogue import ModelSpec
    from seedpipe.core.model import Json

_MOST_BYTES: Final = 10 * 1024 * 1024  # what the model's maker takes of one reference; a plan reads them all


class References:
    """Reads the local images that a campaign's inputs name, by POSIX paths from the campaign's folder."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._read: dict[str, str | FileProblem] = {}
        self.complete = False  # whether a plan was read to its end: no path is still to come

    @property
    def digests(self) -> dict[str, str]:
        """The sha256 of every image that was read, by its path from the campaign's folder."""
        return {path: found for path, found in sorted(self._read.items()) if isinstance(found, str)}

    def resolve(
        self, model: ModelSpec, inputs: Mapping[str, Json]
    ) -> tuple[dict[str, Json], list[InputProblem]]:
        """Return a request's inputs with local images by content, and what is wrong with those."""
        resolved, problems = dict(inputs), []
        for name in model.reference_inputs:
            given = inputs.get(name)
            if not isinstance(given, list):
                continue
            entries: list[Json] = []
            for entry in given:
                found = self._resolved(name, entry)
                if isinstance(found, InputProblem):
                    problems.append(found)
                else:
                    entries.append(found)
            resolved[name] = entries
        return resolved, problems

    def _resolved(self, name: str, entry: Json) -> Json | InputProblem:
        if referenced(entry):
            message = f"'{name}' has '{entry}'"
            return InputProblem(name=name, rule="input-type", message=message, hint=REFERENCES_SPELT)
        if not isinstance(entry, str) or not is_path(entry):
            return entry
        path = posixpath.normpath(entry)
        if path not in self._read:
            self._read[path] = self._digest(path)
        found = self._read[path]
        if isinstance(found, str):
            return reference(found)
        message = f"{self._files.shown(path)}: {found}"
        return InputProblem(name=name, rule=found.rule, message=message, hint=found.hint)

    def _digest(self, path: str) -> str | FileProblem:
        try:
            content = self._files.read(path)
        except FileProblem as problem:
            return problem
        return _unfit(content) or hashlib.sha256(content).hexdigest()


def _unfit(content: bytes) -> FileProblem | None:
    """Return why a file will not do as a reference image, judged by its size, its beginning and its end."""
    if len(content) > _MOST_BYTES:
        limit = f"{_MOST_BYTES // 1024 // 1024} MiB"
        hint = "save it smaller: models use only a few megapixels of a reference"
        return FileProblem(f"this image is larger than {limit}", rule="file-too-large", hint=hint)
    head, tail = content[:HEAD_BYTES], content[-TAIL_BYTES:]
    kind = media_type(head)
    if kind is None:
        hint = "save it as PNG, JPEG or WebP; the file extension alone is not enough"
        return FileProblem(f"this is not an image but {looks_like(head)}", rule="not-an-image", hint=hint)
    if not is_whole(kind, head=head, tail=tail, size_bytes=len(content)):
        hint = "it may have been copied only in part; copy it again"
        return FileProblem("this image is incomplete", rule="not-an-image", hint=hint)
    return None
