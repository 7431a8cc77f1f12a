"""One audit: the ledger's own story, the files on disk, and the service's bills, each against the others.

Hides the order and the sources: attempts stream from the ledger, once for its own story and once for the
bills, so that a ledger of any size stands in sums and one line an image; bills come page by page. A service
that does not answer is a remark, and so is a folder of images that is not here: what was not looked at must
be said, and is no discrepancy.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from seedpipe.core import audit as rules
from seedpipe.core.audit import Discrepancy, FileState, Kind
from seedpipe.core.errors import ProviderError, Unavailable
from seedpipe.core.showing import placed_images

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from seedpipe.core.audit import BillsAudit
    from seedpipe.core.bills import Bill, BillPage
    from seedpipe.core.model import ImageFile
    from seedpipe.core.publishing import PublishedFile
    from seedpipe.core.records import JobRecord, Payment
    from seedpipe.ports import Clock, Ledger, Provider, Store

_MARGIN: Final = timedelta(hours=1)  # around the ledger's times: clocks differ, and a bill may be dated early
_MOST_PAGES: Final = 10_000  # a million bills: beyond it something is wrong with the paging
_ATTEMPTS: Final = 4
_RETRY_S: Final = 1.0
_LONGEST_WAIT_S: Final = 30.0
_OBJECT_KINDS: Final = {FileState.MISSING: Kind.OBJECT_MISSING, FileState.DAMAGED: Kind.OBJECT_DAMAGED}
_FILE_KINDS: Final = {FileState.MISSING: Kind.FILE_MISSING, FileState.DAMAGED: Kind.FILE_DAMAGED}
_PUBLISHED_KINDS: Final = {
    FileState.MISSING: Kind.PUBLISHED_MISSING,
    FileState.DAMAGED: Kind.PUBLISHED_DAMAGED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """What an audit looked at and what it found.

    `attempts`, `objects`, `files` and `published` count what was checked; `bills` is None when they were not
    asked for or could not be had, and then `remarks` says why.
    """

    origin: str
    attempts: int
    objects: int
    files: int
    published: int
    bills: BillsAudit | None
    discrepancies: tuple[Discrepancy, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedImages:
    """What lies in one output folder: the jobs whose cells show their images there, and its store.

    `name` is what to call it in front of people; `published` reads the files that `seedpipe publish` has
    written below it, and says how each stands.
    """

    name: str
    jobs: Callable[[], Iterable[JobRecord]]
    store: Store
    published: Callable[[], Iterable[tuple[PublishedFile, FileState]]] = tuple


async def audit(
    ledger: Ledger, store: Store, placed: Iterable[PlacedImages], provider: Provider | None, clock: Clock
) -> AuditReport:
    """Hold everything against everything. Without a `provider` no bills are asked for."""
    books = _read_books(ledger)
    found = [*books.discrepancies, *_objects(books, store)]
    files = published = 0
    for images in placed:
        checked, broken = _files(images)
        files += checked
        found += broken
        for file, state in images.published():
            published += 1
            found += _published_faults(file, state, images.name)
    bills: BillsAudit | None = None
    remarks: list[str] = []
    if provider:
        try:
            bills = await _bills(ledger, books.began, provider, clock)
        except ProviderError as error:
            remarks.append(f"the service's bills were not checked: {error}")
    return AuditReport(
        origin=ledger.origin,
        attempts=books.attempts,
        objects=len(books.images),
        files=files,
        published=published,
        bills=bills,
        discrepancies=(*found, *(bills.discrepancies if bills else ())),
        remarks=tuple(remarks),
    )


@dataclass(slots=True)
class _Books:
    """What one reading of the ledger leaves behind. `images` are the kept ones, each with who it is for."""

    attempts: int = 0
    began: datetime | None = None
    images: dict[str, _Kept] = field(default_factory=dict)
    discrepancies: list[Discrepancy] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """A kept image and a job that it belongs to."""

    image: ImageFile
    label: str
    job_id: str


def _read_books(ledger: Ledger) -> _Books:
    """Judge every attempt and every account, and note what else the audit needs to know of them."""
    books, sums = _Books(), rules.AccountSums()
    for payment in ledger.payments():
        books.attempts += 1
        sums.add(payment)
        books.discrepancies += rules.history_faults(payment)
        books.discrepancies += rules.record_faults(payment)
        books.began = min(filter(None, (books.began, _began(payment))), default=None)
        for output in payment.outputs:
            kept = _Kept(image=output.image, label=payment.label, job_id=payment.job.job_id)
            books.images.setdefault(output.image.sha256, kept)
    books.discrepancies += sums.faults(ledger.accounts())
    return books


def _objects(books: _Books, store: Store) -> Iterator[Discrepancy]:
    """Check the kept bytes of every output of every attempt against their recorded hash."""
    for sha256, kept in books.images.items():
        if kind := _OBJECT_KINDS.get(store.inspect(kept.image)):
            words = "is gone" if kind is Kind.OBJECT_MISSING else "does not match its recorded hash"
            message = f"the kept image {sha256[:16]} {words}"
            yield Discrepancy(kind=kind, subject=kept.label, message=message, job_id=kept.job_id)


def _files(placed: PlacedImages) -> tuple[int, list[Discrepancy]]:
    """Check the images of one output folder where people look at them."""
    checked, found = 0, []
    for record in placed.jobs():
        for image in placed_images(record):
            checked += 1
            if kind := _FILE_KINDS.get(placed.store.inspect(image.output.image, image.path)):
                words = "is not there" if kind is Kind.FILE_MISSING else "is not the image that was paid for"
                said = f"the image {words}, in {placed.name}"
                job_id = image.output.job_id
                found.append(Discrepancy(kind=kind, subject=image.path, message=said, job_id=job_id))
    return checked, found


def _published_faults(file: PublishedFile, state: FileState, folder: str) -> Iterator[Discrepancy]:
    if kind := _PUBLISHED_KINDS.get(state):
        words = "is not there" if kind is Kind.PUBLISHED_MISSING else "is not what was published"
        message = f"the '{file.format}' of {file.cell} image {file.image} {words}, in {folder}/published"
        yield Discrepancy(kind=kind, subject=file.path, message=message)


async def _bills(ledger: Ledger, began: datetime | None, provider: Provider, clock: Clock) -> BillsAudit:
    """Hold the service's bills against every attempt. Raises `ProviderError` when they cannot be had."""
    bills = await _all_bills(provider, clock, (began or clock.now()) - _MARGIN)
    return rules.weigh_bills(ledger.payments(), bills, clock.now())


async def _all_bills(provider: Provider, clock: Clock, since: datetime) -> list[Bill]:
    bills: list[Bill] = []
    until = clock.now() + _MARGIN
    for page in range(1, _MOST_PAGES + 1):
        told = await _page(provider, clock, page, since, until)
        bills += told.bills
        if not told.has_more:
            return bills
    raise ProviderError(f"the service's bills did not end after {_MOST_PAGES} pages")


async def _page(provider: Provider, clock: Clock, page: int, since: datetime, until: datetime) -> BillPage:
    """Return one page, asked again a few times when the service is busy: asking is free."""
    for attempt in range(1, _ATTEMPTS):
        try:
            return await provider.bills(page=page, since=since, until=until)
        except Unavailable as error:
            await clock.sleep(max(_RETRY_S * attempt, min(error.retry_after_s or 0.0, _LONGEST_WAIT_S)))
    return await provider.bills(page=page, since=since, until=until)


def _began(payment: Payment) -> datetime | None:
    moments = [payment.attempt.intent_at, payment.attempt.accepted_at]
    return min((moment for moment in moments if moment), default=None)
