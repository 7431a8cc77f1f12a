"""Which paths the images of a cell are written to, and that no two images share one.

Hides how two paths are told to be one. Invariant: every path that was claimed is inside the output folder and
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

_DIGEST_BYTES: Final = 16  # 128 bits of a path: no collision to fear


class Claims:
    """The paths that the cells of one plan have taken so far, by the number of the cell.

    `address_of` names a cell by its number.
    """

    def __init__(self, faults: Faults, address_of: Callable[[int], str]) -> None:
        self._faults = faults
        self._address_of = address_of
        self._owners: dict[bytes, int] = {}

    def claim(self, series: Series, number: int, images: int, cell: Rendering) -> tuple[str, ...]:
        """Return the paths of a cell's images, taken for it; leaves `image` and `shot` among its values.

        Raises `UnfitCell`.
        """
        template = series.output
        if images > 1 and not template.names & {"image", "shot"}:
            message = f"the {images} images of a set share one path"
            cell.refuse("output-path-shared", message, template.span, "add {{ image }} to the path")
        return tuple(self._claimed(path, series, number, cell) for path in _rendered(series, images, cell))

    def _claimed(self, path: str, series: Series, number: int, cell: Rendering) -> str:
        if fault := path_fault(path):
            what, hint = fault
            cell.refuse("output-path", f"the output path '{path}' {what}", series.output.span, hint)
        digest = hashlib.blake2b(path_identity(path).encode(), digest_size=_DIGEST_BYTES).digest()
        if digest in self._owners:
            self._refuse(path, series, number, self._owners[digest])
        self._owners[digest] = number
        return path

    def _refuse(self, path: str, series: Series, number: int, owner: int) -> None:
        """Refuse a path that another image has: the one that is replaced was paid for and is lost."""
        if owner == number:
            message, hint = "the images of a set share one path", "add {{ image }} to the path"
            note = f"'{path}' in cell {self._address_of(number)}"
        else:
            message, hint = "different cells write to one path", _what_tells_apart(series)
            note = f"'{path}' is written by {self._address_of(owner)} and {self._address_of(number)}"
        span = series.output.span
        fault = Diagnostic(rule="output-path-shared", message=message, span=span, hint=hint)
        self._faults.add(fault, note, " such pairs")
        raise UnfitCell


def _rendered(series: Series, images: int, cell: Rendering) -> Iterator[str]:
    digits = len(str(images))
    for image in range(1, images + 1):
        cell.values["image"] = f"{image:0{digits}}"
        if series.shots:
            cell.values["shot"] = series.shots[image - 1]
        yield cell.text(series.output).strip()


def _what_tells_apart(series: Series) -> str:
    names = series.output.names
    missing = [axis.name for axis in series.over if axis.name not in names]
    if series.selection.takes > 1 and "take" not in names:
        missing.append("take")
    if "cell" in names or not missing:
        return "give them keys, series names or paths that differ in more than case"
    return f"add {{{{ {missing[0]} }}}} to the path"
