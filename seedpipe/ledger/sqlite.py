"""The ledger in one SQLite file: `seedpipe.ports.Ledger`, kept to the letter.

Hides where a transaction begins and ends. Invariants: every change is one transaction that is on disk when
the method returns; every answer is one view of the file; no method keeps a cursor open after it returns or
yields.

SQLite is used by one thread at a time, not always the one that opened it. Absent on purpose: waiting for
a lock, retrying, and any cache of what may change.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Self

from seedpipe.core.errors import InputError
from seedpipe.core.lifecycle import Phase, is_unfetched
from seedpipe.core.manifest import less, priced
from seedpipe.ledger import queries, rows, schema
from seedpipe.ledger.books import Books, month_account
from seedpipe.ledger.history import abandoned
from seedpipe.ledger.lock import WriterLock
from seedpipe.ledger.place import refuse_network_folder
from seedpipe.ledger.placed import Placed
from seedpipe.ledger.plans import Plans
from seedpipe.ledger.records import Records
from seedpipe.ledger.transaction import Transaction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal
    from pathlib import Path

    from seedpipe.core.lockfile import LockLine
    from seedpipe.core.model import Json, PlanHeader, PlannedCell
    from seedpipe.core.records import (
        Account,
        Entry,
        Former,
        JobRecord,
        OpenRequest,
        Payment,
        PhaseTotal,
        RunEnd,
        RunRecord,
        RunStart,
        Tally,
        Upload,
        Verdict,
    )

_BATCH: Final = 500  # rows or ids a statement: past this size pages gain nothing and cost memory
_LAST_CHARACTER: Final = "\U0010ffff"  # sorts after every text with the same beginning
_UNFETCHED: Final = json.dumps([phase.value for phase in Phase if is_unfetched(phase)])
_OPEN: Final = json.dumps([Phase.SUBMITTING, Phase.IN_DOUBT])
_AT_THE_SERVICE: Final = json.dumps([Phase.ACCEPTED, Phase.FETCHING, Phase.DONE, Phase.DONE_SHORT])


class SqliteLedger:
    """`Ledger` in one SQLite file. Raises `LedgerDamaged` or `RunError`, never an error of `sqlite3`."""

    def __init__(self, path: Path, db: sqlite3.Connection, origin: str, lock: WriterLock | None) -> None:
        self._path = path
        self._db = db
        self._origin = origin
        self._lock = lock
        self._placed = Placed(db, origin)
        self._books = Books(db, self._placed)
        self._plans = Plans(db)
        self._records = Records(db, self._placed)

    @classmethod
    def open(cls, path: Path, *, origin: str) -> Self:
        """Open the ledger to write, creating it if need be, and take its lock.

        Raises `LedgerLocked`, `LedgerDamaged`, or `InputError` when it belongs to another origin.
        """
        refuse_network_folder(path.parent)
        schema.make_folder(path.parent)
        lock = WriterLock(path)
        try:
            ledger = cls(path, *schema.open_to_write(path, origin), lock)
        except BaseException:
            lock.release()
            raise
        if ledger.origin != origin:
            ledger.close()
            raise InputError(
                f"the ledger {path} belongs to {ledger.origin}, not to {origin}",
                hint="each service has a ledger of its own: choose another folder with --state",
            )
        return ledger

    @classmethod
    def open_for_reading(cls, path: Path) -> Self:
        """Open an existing ledger without its lock, also while a run writes to it.

        Raises `InputError` when there is none; changes and `close` leave the file as it is.
        """
        if not path.exists():
            raise InputError(
                f"there is no ledger at {path}", hint="nothing has run here yet: use `seedpipe run`"
            )
        return cls(path, *schema.open_to_read(path), None)

    @classmethod
    def open_to_recall(cls, path: Path) -> Self | None:
        """Open a ledger for `sizes_asked` and `jobs_of_size`, one of an older version too.

        None when there is none, or nothing in it.
        """
        opened = schema.open_to_recall(path) if path.exists() else None
        return cls(path, *opened, None) if opened else None

    @property
    def origin(self) -> str:
        """The service this ledger belongs to."""
        return self._origin

    def close(self) -> None:
        """Release the file and the lock; may be called twice."""
        with schema.plain_errors(self._path):
            self._db.close()
        if self._lock:
            self._lock.release()

    # --- plans ---

    def admit(self, header: PlanHeader, cells: Iterable[PlannedCell]) -> None:
        """Store a plan from a stream of any length; whatever the stream raises leaves nothing behind.

        Raises `ValueError` for a cell whose job was never opened, or was opened twice.
        """
        with self._writing():
            self._plans.admit(header, cells)

    def plan_header(self, plan_id: str) -> PlanHeader:
        """Return the header of an admitted plan; raises `KeyError`."""
        with self._reading():
            return self._plans.header(plan_id)

    def job_count(self, plan_id: str) -> int:
        """Return the number of distinct jobs of a plan; raises `KeyError`."""
        with self._reading():
            return self._plans.job_count(plan_id)

    # --- runs ---

    def begin_run(self, run: RunStart) -> int:
        """Open a run; return how many jobs a dead run left in doubt.

        Raises `KeyError` for an unknown plan, `ValueError` for a run that is known already.
        """
        with self._writing():
            plan_no = self._plans.number(run.plan_id)
            self._db.execute(
                queries.INSERT_RUN,
                (
                    run.run_id,
                    plan_no,
                    run.campaign,
                    run.owner,
                    rows.to_instant(run.started_at),
                    rows.cap_to_micros(run.purse_usd),
                    rows.cap_to_micros(run.budget_usd),
                    rows.cap_to_micros(run.month_usd),
                    rows.to_micros(run.elsewhere_usd),
                    rows.to_micros(run.elsewhere_month_usd),
                    run.out,
                ),
            )
            sending = self._db.execute(
                "SELECT job_id FROM attempts WHERE phase = ?", (Phase.SUBMITTING,)
            ).fetchall()
            for row in sending:
                self._books.apply(abandoned(row["job_id"], run))
            self._placed.shown(plan_no)
        if self._lock:  # pragma: no branch - a reader, which has none, cannot write and does not get here
            self._lock.note(run.run_id)
        return len(sending)

    def end_run(self, end: RunEnd) -> None:
        """Record how the run ended; raises `KeyError` for a run that never began."""
        with self._writing():
            changed = self._db.execute(
                "UPDATE runs SET finished_at = ?, exit_code = ?, stop = ?, message = ? WHERE run_id = ?",
                (
                    rows.to_instant(end.finished_at),
                    end.exit_code,
                    end.stop,
                    rows.storable_text(end.message),
                    end.run_id,
                ),
            ).rowcount
            if not changed:
                raise KeyError(end.run_id)

    def latest_run(self, campaign: str | None = None) -> RunRecord | None:
        """Return the run that began last, of one campaign or of any."""
        with self._reading():
            row = self._db.execute(queries.LATEST_RUN, {"campaign": campaign}).fetchone()
        return None if row is None else rows.run_record(row)

    def latest_out(self, header: PlanHeader) -> str | None:
        """Return the folder that the latest run of a campaign and profile has put its images into."""
        with self._reading():
            row = self._db.execute(queries.LATEST_OUT, (header.campaign, header.place(""))).fetchone()
        return None if row is None else row["out"]

    def runs_of_plans(self) -> list[RunRecord]:
        """Return the latest run of each plan that was ever run, the newest first."""
        with self._reading():
            return [rows.run_record(row) for row in self._db.execute(queries.RUNS_OF_PLANS)]

    # --- events ---

    def record(self, entries: Sequence[Entry]) -> list[Verdict]:
        """Apply events in order in one transaction; one verdict an entry.

        Any error leaves none of them recorded: `IllegalTransition`, `KeyError` for an unknown job or run,
        `ValueError` for an entry that lacks what its event must carry, and `RunError` when a prediction
        already belongs to another attempt.
        """
        with self._writing():
            return [self._books.apply(entry) for entry in entries]

    # --- uploads ---

    def record_upload(self, upload: Upload) -> None:
        """Remember an image that was uploaded; it is the one to be used from now on."""
        with self._writing():
            self._db.execute(queries.SAVE_UPLOAD, (upload.sha256, upload.url, rows.to_instant(upload.at)))

    def uploads(self, sha256s: Sequence[str]) -> dict[str, Upload]:
        """Return the latest upload of each of these images, unless it was withdrawn."""
        with self._reading():
            found = self._db.execute(queries.UPLOADS, (json.dumps(list(sha256s)),)).fetchall()
        return {row["sha256"]: rows.upload(row) for row in found}

    def withdraw_uploads(self, sha256s: Sequence[str]) -> None:
        """Use no earlier upload of these images again."""
        with self._writing():
            self._db.execute(queries.WITHDRAW_UPLOADS, (json.dumps(list(sha256s)),))

    def uploaded(self, urls: Sequence[str]) -> dict[str, str]:
        """Return the digest of what was uploaded to each of these addresses, withdrawn or not."""
        with self._reading():
            found = self._db.execute(queries.UPLOADED, (json.dumps(list(urls)),)).fetchall()
        return {row["url"]: row["sha256"] for row in found}

    # --- what the ledger remembers ---

    def jobs(self, plan_id: str, start: int, stop: int) -> list[JobRecord]:
        """Return the plan's jobs in a range of their order, with their history."""
        with self._reading():
            plan_no = self._plans.number(plan_id)
            found = self._db.execute(queries.JOBS_IN_RANGE, (plan_no, start, stop)).fetchall()
            return self._records.of(found, plan_no)

    def find(self, plan_id: str, text: str) -> list[JobRecord]:
        """Return the jobs of a plan with this cell address, or whose id starts with `text`, in plan order."""
        if not text:
            return []
        with self._reading():
            plan_no = self._plans.number(plan_id)
            wanted = {"plan_no": plan_no, "text": text, "end": text + _LAST_CHARACTER}
            return self._records.of(self._db.execute(queries.JOBS_FOUND, wanted).fetchall(), plan_no)

    def unfetched_elsewhere(self, plan_id: str) -> Iterator[JobRecord]:
        """Yield jobs outside this plan that are paid for and not yet brought home; they have no cells.

        Read page by page, so that the caller may record events between two of them; a job may then be seen
        in the phase it had when its page was read.
        """
        last = ""
        while page := self._unfetched_page(plan_id, last):
            yield from page
            last = page[-1].job.job_id

    def _unfetched_page(self, plan_id: str, after: str) -> list[JobRecord]:
        with self._reading():
            wanted = (_UNFETCHED, after, self._plans.number(plan_id), _BATCH)
            found = self._db.execute(queries.JOBS_UNFETCHED_ELSEWHERE, wanted).fetchall()
            records = self._records.of(found, None)
        return [replace(record, known_as=row["known_as"]) for row, record in zip(found, records, strict=True)]

    def open_requests(self, plan_id: str) -> list[OpenRequest]:
        """Return every request on its way or in doubt, oldest first; jobs of other plans have no cells."""
        with self._reading():
            plan_no = self._plans.number(plan_id)
            found = self._db.execute(queries.OPEN_REQUESTS, (_OPEN, plan_no)).fetchall()
            return self._records.requests(found, plan_no)

    def given_up(self, plan_id: str, since: datetime) -> list[OpenRequest]:
        """Return the requests that were judged absent or written off since then, in that order."""
        with self._reading():
            plan_no = self._plans.number(plan_id)
            found = self._db.execute(queries.GIVEN_UP, (rows.to_instant(since), plan_no)).fetchall()
            return self._records.requests(found, plan_no)

    def note_look(self, plan_id: str, until: datetime) -> None:
        """Remember that the service's list was read for all that a plan has not bought, until then."""
        with self._writing():
            plan_no = self._plans.number(plan_id)
            self._db.execute(queries.NOTE_LOOK, (rows.to_instant(until), plan_no))

    def looked_until(self, plan_id: str, phases: Collection[Phase]) -> dict[str, datetime | None]:
        """Return by model until when the list was read for all jobs of a plan in these phases."""
        with self._reading():
            wanted = (self._plans.number(plan_id), json.dumps(sorted(phases)))
            found = self._db.execute(queries.LOOKED_UNTIL, wanted).fetchall()
        return {row["model"]: rows.from_optional_instant(row["looked_at"] or None) for row in found}

    def owned(self, prediction_ids: Sequence[str]) -> dict[str, str]:
        """Return the job of each of these predictions that belongs to an attempt."""
        with self._reading():
            found = self._db.execute(queries.OWNED, (json.dumps(list(prediction_ids)),)).fetchall()
        return {row["prediction_id"]: row["job_id"] for row in found}

    def sent(self, prediction_ids: Sequence[str]) -> dict[str, dict[str, Json]]:
        """Return what was sent for those of these predictions that belong to an attempt."""
        with self._reading():
            found = self._db.execute(queries.SENT, (json.dumps(list(prediction_ids)),)).fetchall()
        return {row["prediction_id"]: json.loads(row["body"]) for row in found}

    def accepted_between(self, model: str, after: datetime, before: datetime) -> dict[str, datetime]:
        """Return predictions of a model that are or were there to be fetched, by the time of acceptance."""
        wanted = (rows.to_instant(after), rows.to_instant(before), model, _AT_THE_SERVICE)
        with self._reading():
            found = self._db.execute(queries.ACCEPTED_BETWEEN, wanted).fetchall()
        return {row["prediction_id"]: rows.from_instant(row["accepted_at"]) for row in found}

    def phases(self, job_ids: Sequence[str]) -> dict[str, Phase]:
        """Return the phase of each job that was ever tried."""
        found: dict[str, Phase] = {}
        with self._reading():
            for start in range(0, len(job_ids), _BATCH):
                batch = json.dumps(list(job_ids[start : start + _BATCH]))
                found |= {
                    row["job_id"]: Phase(row["phase"])
                    for row in self._db.execute(queries.PHASES_OF_JOBS, (batch,))
                }
        return found

    def tried(self, job_ids: Sequence[str]) -> list[JobRecord]:
        """Return those of some jobs that were ever tried, priced by their newest plan and without cells."""
        found: list[JobRecord] = []
        with self._reading():
            for start in range(0, len(job_ids), _BATCH):
                batch = json.dumps(list(job_ids[start : start + _BATCH]))
                found += self._records.of(self._db.execute(queries.JOBS_TRIED, (batch,)).fetchall(), None)
        return found

    def sizes_asked(self) -> list[str]:
        """Return the sizes of all jobs that were ever tried, sorted."""
        with self._reading():
            return [row["size"] for row in self._db.execute(queries.SIZES_ASKED)]

    def jobs_of_size(self, size: str) -> dict[str, bool]:
        """Return the jobs of a size that were sent, by id, and whether they hold money."""
        with self._reading():
            found = self._db.execute(queries.JOBS_OF_SIZE, {"size": size, "paid": rows.PAID})
            return {row["job_id"]: bool(row["is_paid"]) for row in found}

    def paid(self, campaign: str) -> Iterator[JobRecord]:
        """Yield the jobs that a campaign has paid for, each with the cells of its newest plan."""
        last = ""
        while page := self._paid_page(campaign, last):
            yield from page
            last = page[-1].job.job_id

    def _paid_page(self, campaign: str, after: str) -> list[JobRecord]:
        with self._reading():
            wanted = (campaign, rows.PAID, after, _BATCH)
            return self._records.of_plans(campaign, self._db.execute(queries.JOBS_PAID, wanted).fetchall())

    def tally(self, plan_id: str) -> Tally:
        """Return jobs, images and money of a plan by phase; what is planned counts at the plan's price.

        Jobs that are kept back are in no phase.
        """
        with self._reading():
            counted = self._db.execute(queries.TALLY, (self._plans.number(plan_id),)).fetchall()
        tally = {Phase(row["phase"]): rows.phase_total(row) for row in counted}
        kept = priced(record.job for record in self.kept(plan_id))
        if kept.jobs and (new := tally.pop(Phase.PLANNED)).jobs > kept.jobs:
            tally[Phase.PLANNED] = less(new, kept)
        return tally

    def billed(self, plan_id: str, run_id: str | None = None) -> PhaseTotal:
        """Return what the jobs of a plan have cost so far, every attempt counted; with a run, what it paid.

        An attempt in doubt counts, one whose money came back does not: as in `payments` and `accounts`.
        """
        with self._reading():
            wanted = {"plan_no": self._plans.number(plan_id), "paid": rows.PAID, "run_id": run_id}
            return rows.phase_total(self._db.execute(queries.BILLED, wanted).fetchone())

    # --- what places were paid for as ---

    def kept(self, plan_id: str) -> Iterator[JobRecord]:
        """Yield the jobs of a plan that are kept back, in its order; read page by page."""
        last = -1
        while page := self._perhaps_kept_page(plan_id, last):
            yield from (record for _, record in page if record.is_kept)
            last = page[-1][0]

    def _perhaps_kept_page(self, plan_id: str, after: int) -> list[tuple[int, JobRecord]]:
        with self._reading():
            plan_no = self._plans.number(plan_id)
            found = self._db.execute(queries.JOBS_PERHAPS_KEPT, (plan_no, after, _BATCH)).fetchall()
            records = self._records.of(found, plan_no)
        return [(row["position"], record) for row, record in zip(found, records, strict=True)]

    def formers(self, campaign: str, asked: Mapping[str, str]) -> dict[str, Former]:
        """Return what places were last paid for as, where that is another job than the one `asked` now."""
        with self._reading():
            return self._placed.formers(campaign, asked)

    def remember(self, campaign: str, lines: Iterable[LockLine]) -> None:
        """Note what others have paid for; it counts until this ledger tries such a job itself."""
        with self._writing():
            self._placed.others(campaign, lines)

    def keep(self, campaign: str, kept: Mapping[str, tuple[str, str]], at: datetime) -> None:
        """Record the decision that places keep a job's picture while they ask for another one."""
        with self._writing():
            self._placed.decide(campaign, kept, at)

    def unkeep(self, campaign: str, places: Iterable[str]) -> int:
        """Take such decisions back; return how many there were."""
        with self._writing():
            return self._placed.undecide(campaign, places)

    def committed_usd(self, campaign: str) -> Decimal:
        """Return what the campaign has reserved and spent in its whole life."""
        with self._reading():
            return rows.from_micros(self._books.committed("campaign", campaign))

    def month_usd(self, brand: str, at: datetime) -> Decimal:
        """Return what a brand's campaigns have reserved and spent in the month of `at`, in UTC."""
        with self._reading():
            name = month_account(brand, rows.month_of(at))
            return rows.from_micros(self._books.committed("month", name))

    def accounts(self) -> list[Account]:
        """Return every account, in the order of kind and name."""
        with self._reading():
            return [rows.account(row) for row in self._db.execute(queries.ACCOUNTS)]

    def payments(self) -> Iterator[Payment]:
        """Yield every attempt there ever was, in the order they were first recorded; read page by page."""
        last = 0
        while page := self._payments_page(last):
            yield from (payment for _, payment in page)
            last = page[-1][0]

    def _payments_page(self, after: int) -> list[tuple[int, Payment]]:
        with self._reading():
            tried = self._db.execute(queries.PAYMENTS, (after, _BATCH)).fetchall()
            payments = self._records.payments(tried)
        return [(row["attempt_no"], payment) for row, payment in zip(tried, payments, strict=True)]

    # --- the file ---

    def _writing(self) -> Transaction:
        """One durable transaction: all of it, or nothing."""
        return Transaction(self._db, self._path, "BEGIN IMMEDIATE")

    def _reading(self) -> Transaction:
        """One view of the file, however many queries it takes."""
        return Transaction(self._db, self._path, "BEGIN")
