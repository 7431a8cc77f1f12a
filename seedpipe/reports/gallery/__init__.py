"""`gallery.html`: every set with its pictures, to look at, compare and decide upon; one file, no network.

Hides how a page of any size stays small and quick: the script and style of `page/` are put into the file,
what it shows travels as one JSON island, pictures as small WebP. A campaign too large for one page has one a
series, and `gallery.html` leads to them. The page's content security policy names its own script and style by
their hashes and lets nothing else run or load.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seedpipe.core.policy import counts_as_failed
from seedpipe.core.showing import shown_sets
from seedpipe.reports.gallery.island import Page, island
from seedpipe.reports.gallery.shell import SeriesTotal, gallery_page, index_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seedpipe.reports.subject import Subject

_MOST_IMAGES_A_PAGE: Final = 2000


def pages(subject: Subject, *, most_images: int = _MOST_IMAGES_A_PAGE) -> Iterator[tuple[str, Iterator[str]]]:
    """Yield every page by its file's name, `gallery.html` last."""
    series = _totals_by_series(subject)
    count = sum(total.images for total in series.values())
    if count <= most_images:
        yield "gallery.html", gallery_page(subject.manifest, island(subject, Page(images=count)))
        return
    names = {name: f"gallery-{name}.html" for name in series}
    for name, file in names.items():
        page = Page(images=series[name].images, series=name)
        yield file, gallery_page(subject.manifest, island(subject, page), series=name)
    yield "gallery.html", index_page(subject.manifest, series, names)


def _totals_by_series(subject: Subject) -> dict[str, SeriesTotal]:
    """Return what each series shows, in the plan's order."""
    policy = subject.manifest.header.policy
    totals: dict[str, SeriesTotal] = {}
    for job in subject.jobs():
        has_failed = counts_as_failed(policy, job.record.phase)
        for cell in job.record.cells:
            found = [each.failed for each in job.results if each.address == cell.address and not each.passed]
            total = totals.setdefault(cell.series, SeriesTotal())
            total.sets += 1
            total.failed += has_failed
            total.flagged += any(found)
            total.warned += bool(found) and not any(found)
        for image in (image for shown in shown_sets(job.record) for image in shown.placed):
            totals[image.cell.series].images += 1
    return totals


__all__ = ["Page", "pages"]
