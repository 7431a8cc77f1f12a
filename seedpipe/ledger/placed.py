"""What each place of a campaign was paid for as, inside a transaction that others hold.

Hides `cell_jobs`, the jobs that were ever bought for a cell, in the order in which the cell showed them, and
`keeps`, the decisions to leave a picture where it is. Invariants: a row is there from the first intent on,
and whether it counts is read from the attempts, so that what failed was never paid; a proof has none, for
proofs follow every change.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from seedpipe.core.model import SANDBOX_ORIGIN
from seedpipe.core.records import Former
from seedpipe.ledger import queries, rows

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from seedpipe.core.lockfile import LockLine

_BEFORE_ALL: Final = 2**62  # what others have paid comes before all that this ledger has seen itself


class Placed:
    """The places of one ledger's campaigns; the caller begins and ends the transaction."""

    def __init__(self, db: sqlite3.Connection, origin: str) -> None:
        self._db = db
        self._follows = origin == SANDBOX_ORIGIN

    def bought(self, plan_no: int, job_id: str) -> None:
        """Note that a job is being paid for, for its cells in a plan."""
        self._note(queries.CELLS_BOUGHT, {"plan_no": plan_no, "job_id": job_id})

    def shown(self, plan_no: int) -> None:
        """Note that a run of a plan is about to show what is paid of it."""
        self._note(queries.CELLS_SHOWN, {"plan_no": plan_no, "paid": rows.PAID})

    def others(self, campaign: str, lines: Iterable[LockLine]) -> None:
        """Note what others have paid for, of jobs that this ledger has not tried itself."""
        if self._follows:
            return
        self._db.executemany(
            queries.CELL_PAID_ELSEWHERE,
            [
                (campaign, place, line.job_id, rows.to_instant(line.accepted_at) - _BEFORE_ALL, micros)
                for line in lines
                for micros in [rows.to_micros(line.cost_usd)]
                for place in line.cells
            ],
        )

    def formers(self, campaign: str, asked: Mapping[str, str]) -> dict[str, Former]:
        """Return what places were last paid for as, where that is another job than the one `asked` now."""
        if self._follows or not asked:
            return {}
        found: dict[str, Former] = {}
        wanted = {"campaign": campaign, "places": json.dumps(list(asked)), "paid": rows.PAID}
        for row in self._db.execute(queries.FORMERS, wanted):
            place, job_id = row["place"], row["job_id"]
            decided = row["asked_job"] == asked[place]
            if job_id != asked[place] and (not decided or job_id == row["kept_job"]):
                paid_usd = rows.from_micros(row["paid_micros"])
                found[place] = Former(job_id=job_id, paid_usd=paid_usd, decided=decided)
        return found

    def places(self, campaign: str, job_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Return for each job the places of a campaign that it was ever paid for."""
        found: dict[str, list[str]] = {}
        for row in self._db.execute(queries.PLACES_OF_JOBS, (campaign, json.dumps(list(job_ids)))):
            found.setdefault(row["job_id"], []).append(row["place"])
        return {job_id: tuple(places) for job_id, places in found.items()}

    def decide(self, campaign: str, kept: Mapping[str, tuple[str, str]], at: datetime) -> None:
        """Note for places which job's picture stays there while they ask for which other job."""
        self._db.executemany(
            queries.KEEP,
            [
                (campaign, place, asked, job_id, rows.to_instant(at))
                for place, (asked, job_id) in kept.items()
            ],
        )

    def undecide(self, campaign: str, places: Iterable[str]) -> int:
        """Forget the decisions of places; return how many there were."""
        wanted = (campaign, json.dumps(list(places)))
        return self._db.execute(queries.UNKEEP, wanted).rowcount

    def _note(self, query: str, values: dict[str, object]) -> None:
        if not self._follows:
            self._db.execute(query, values)
