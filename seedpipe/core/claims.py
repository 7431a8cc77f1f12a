"""Which paths the images of a cell are written to, and that no two images share one.

Hides how two paths are told to be one. Invariant: every path that was claimed is inside its folder and
belongs to one image of one cell. Memory holds a digest and a number a path, never cells.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from seedpipe.core.diagnostics import Diagnostic
from seedpipe.core.paths import path_fault, path_identity
from seedpipe.core.rendering import UnfitCell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from seedpipe.core.campaign import Series
    from seedpipe.core.faults import Faults
    from seedpipe.core.rendering import Rendering
    from seedpipe.core.templates import Template

MOST_PUBLISHED: Final = 1_000_000  # files of one plan: some 15 s and 150 MB to tell apart
_DIGEST_BYTES: Final = 16  # 128 bits of a path: no collision to fear


class Claims:
    """The paths below one folder that the cells of a plan have taken so far, by the number of the cell.

    `address_of` names a cell by its number, `what` a path to people.
    """

    def __init__(self, faults: Faults, address_of: Callable[[int], str], what: str) -> None:
        self._faults = faults
        self._address_of = address_of
        self._what = what
        self._owners: dict[bytes, int] = {}

    def claim(self, series: Series, number: int, images: int, cell: Rendering) -> tuple[str, ...]:
        """Return the paths of a cell's images, taken for it; leaves `image` and `shot` among its values.

        Raises `UnfitCell`.
        """
        return self._claimed(series.output, "", series, number, images, cell)

    def claim_formats(
        self, series: Series, number: int, images: int, cell: Rendering
    ) -> dict[str, tuple[str, ...]]:
        """Return by the name of each format where a cell's images are published; as `claim` does.

        These paths have their extension: the format says it, and two formats may differ in nothing else.
        """
        found: dict[str, tuple[str, ...]] = {}
        publication = series.publication
        for form in publication.formats if publication else ():
            cell.values["format"] = form.name
            template = publication.to if publication else series.output
            if len(self._owners) + images > MOST_PUBLISHED:
                message = f"more than {MOST_PUBLISHED:,} files would be published"
                cell.refuse("template-limit", message, template.span, "publish fewer formats or series")
            paths = self._claimed(template, form.extension, series, number, images, cell)
            found[form.name] = tuple(path + form.extension for path in paths)
        return found

    def _claimed(
        self, template: Template, ending: str, series: Series, number: int, images: int, cell: Rendering
    ) -> tuple[str, ...]:
        if images > 1 and not template.names & {"image", "shot"}:
            message = f"the {images} images of a set share one path"
            cell.refuse("output-path-shared", message, template.span, "add {{ image }} to the path")
        paths = tuple(_rendered(template, series, images, cell))
        for path in paths:
            if fault := path_fault(path):
                what, hint = fault
                message = f"the {self._what} {what}"
                told = Diagnostic(rule="output-path", message=message, span=template.span, hint=hint)
                self._faults.add(told, f"'{path}' {cell.where}")
                raise UnfitCell
            identity = path_identity(path + ending).encode()
            key = hashlib.blake2b(identity, digest_size=_DIGEST_BYTES).digest()
            if key in self._owners:
                self._refuse(path, template, series, number, self._owners[key])
            self._owners[key] = number
        return paths

    def _refuse(self, path: str, template: Template, series: Series, number: int, owner: int) -> None:
        """Refuse a path that another image has: one of the two would be lost."""
        if owner == number:
            message, hint = _shared_in_cell(template, series)
            note = f"'{path}' in cell {self._address_of(number)}"
        else:
            message, hint = "different cells write to the same path", _what_tells_apart(template, series)
            note = f"'{path}' is written by {self._address_of(owner)} and {self._address_of(number)}"
        fault = Diagnostic(rule="output-path-shared", message=message, span=template.span, hint=hint)
        self._faults.add(fault, note, " such pairs")
        raise UnfitCell


def _rendered(template: Template, series: Series, images: int, cell: Rendering) -> Iterator[str]:
    digits = len(str(images))
    for image in range(1, images + 1):
        cell.values["image"] = f"{image:0{digits}}"
        if series.shots:
            cell.values["shot"] = series.shots[image - 1]
        yield cell.text(template).strip()


def _shared_in_cell(template: Template, series: Series) -> tuple[str, str]:
    if template is not series.output and "format" not in template.names:
        return "the formats of an image share the same path", "add {{ format }} to the path"
    return "the images of a set share the same path", "add {{ image }} to the path"


def _what_tells_apart(template: Template, series: Series) -> str:
    names = template.names
    missing = [axis.name for axis in series.over if axis.name not in names]
    if series.selection.takes > 1 and "take" not in names:
        missing.append("take")
    if "cell" in names or not missing:
        return "give them keys, series names or paths that differ in more than case"
    return f"add {{{{ {missing[0]} }}}} to the path"
