"""What a report is told: the run, its judged jobs, and the pictures, which somebody else reads.

Hides nothing but the shape; it stands apart so that reports can import it and the list of reports them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from seedpipe.core.findings import JudgedJob
    from seedpipe.core.manifest import RunManifest
    from seedpipe.core.records import JobRecord
    from seedpipe.core.reviewing import Decision
    from seedpipe.ports import Pictures


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One run, to be told.

    `jobs` streams all jobs anew each time it is called. `before` returns the job whose set a cell showed
    before the campaign was changed, by the cell's address; `decisions` what people have said of an image, by
    its sha256. With `embed_full` a page carries whole images.
    """

    manifest: RunManifest
    jobs: Callable[[], Iterable[JudgedJob]]
    pictures: Pictures
    before: Callable[[str], JobRecord | None] = lambda _address: None
    decisions: Callable[[str], Iterable[Decision]] = lambda _sha256: ()
    embed_full: bool = False
