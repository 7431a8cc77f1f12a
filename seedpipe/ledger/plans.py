"""How plans stand in the ledger, inside a transaction that others hold.

Hides the order in which a stream becomes rows. Invariants: a plan is stored once, under its digest; jobs and
cells keep the order of the stream; memory holds a batch, however long the stream is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from seedpipe.core.model import canonical_json
from seedpipe.ledger import queries, rows

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from seedpipe.core.model import PlanHeader, PlannedCell

_BATCH: Final = 500  # cells a statement: past this size batches gain nothing and cost memory


class Plans:
    """The plans of one ledger; the caller begins and ends the transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._numbers: dict[str, int] = {}  # as they were found: a plan keeps its number for good

    def number(self, plan_id: str) -> int:
        """Return the ledger's own number of a plan; raises `KeyError`."""
        if plan_id not in self._numbers:
            found = self._value("SELECT plan_no FROM plans WHERE plan_id = ?", plan_id)
            self._numbers[plan_id] = int(found)
        return self._numbers[plan_id]

    def job_count(self, plan_id: str) -> int:
        """Return the number of distinct jobs of a plan; raises `KeyError`."""
        return int(self._value("SELECT job_count FROM plans WHERE plan_id = ?", plan_id))

    def header(self, plan_id: str) -> PlanHeader:
        """Return the header of a plan; raises `KeyError`."""
        return rows.header_from_json(self._value("SELECT header FROM plans WHERE plan_id = ?", plan_id))

    def admit(self, header: PlanHeader, cells: Iterable[PlannedCell]) -> None:
        """Store a plan from a stream of any length, unless it is known.

        Raises `ValueError` for a cell whose job was never opened, or was opened twice.
        """
        if self._db.execute("SELECT 1 FROM plans WHERE plan_id = ?", (header.plan_id,)).fetchone():
            return
        plan_no = self._db.execute(
            queries.INSERT_PLAN,
            (header.plan_id, header.campaign, header.brand, rows.header_json(header), header.place("")),
        ).lastrowid
        positions = _Positions()
        stream = iter(cells)
        while batch := list(islice(stream, _BATCH)):
            self._admit_batch(plan_no, batch, positions)
        self._db.execute("UPDATE plans SET job_count = ? WHERE plan_no = ?", (positions.job, plan_no))

    def _admit_batch(self, plan_no: int | None, batch: list[PlannedCell], positions: _Positions) -> None:
        jobs = [planned.job for planned in batch if planned.opens_job]
        self._db.executemany(
            queries.INSERT_JOB, [(j.job_id, j.model, canonical_json(dict(j.request))) for j in jobs]
        )
        self._db.executemany(
            queries.INSERT_PLAN_JOB,
            [
                (plan_no, position, job.job_id, job.outputs_expected, rows.to_micros(job.cost_usd))
                for position, job in enumerate(jobs, start=positions.job)
            ],
        )
        self._db.executemany(
            queries.INSERT_CELL,
            [
                {
                    "plan_no": plan_no,
                    "job_id": planned.job.job_id,
                    "position": position,
                    "address": planned.cell.address,
                    "series": planned.cell.series,
                    "axes": json.dumps(dict(planned.cell.axes)),
                    "output_paths": json.dumps(planned.cell.output_paths),
                }
                for position, planned in enumerate(batch, start=positions.cell)
            ],
        )
        positions.job += len(jobs)
        positions.cell += len(batch)

    def _value(self, query: str, plan_id: str) -> Any:
        row = self._db.execute(query, (plan_id,)).fetchone()
        if row is None:
            raise KeyError(plan_id)
        return row[0]


@dataclass(slots=True)
class _Positions:
    """How far a plan has been written."""

    job: int = 0
    cell: int = 0
