"""How rows become whole records, inside a transaction that others hold.

Hides which tables a job and a payment are put together from. Invariant: a page of records costs the same few
statements, however many rows it has.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from seedpipe.core.records import JobRecord, OpenRequest
from seedpipe.ledger import queries, rows

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence

    from seedpipe.core.model import Cell, Output
    from seedpipe.core.records import Former, Payment
    from seedpipe.ledger.placed import Placed


class Records:
    """The records of one ledger; the caller begins and ends the transaction."""

    def __init__(self, db: sqlite3.Connection, placed: Placed) -> None:
        self._db = db
        self._placed = placed

    def of(self, found: Sequence[sqlite3.Row], plan_no: int | None) -> list[JobRecord]:
        """Return the record of each job row, in their order, with its cells in a plan if one is named."""
        if not found:
            return []
        ids = json.dumps([row["job_id"] for row in found])
        cells = {} if plan_no is None else self._cells(ids, plan_no)
        attempts = _grouped(self._db.execute(queries.ATTEMPTS_OF_JOBS, (ids,)), "job_id")
        takes = self._takes(attempts)
        formers = {} if plan_no is None else self._formers(plan_no, cells)
        return [
            JobRecord(
                job=rows.job(row),
                cells=tuple(cells.get(row["job_id"], ())),
                attempts=tuple(rows.attempt(tried) for tried in attempts.get(row["job_id"], ())),
                outputs=takes.get(row["job_id"], ((),))[-1],
                earlier=takes.get(row["job_id"], ((),))[:-1],
                formers={
                    each.address: former
                    for each in cells.get(row["job_id"], ())
                    if (former := formers.get(each.address))
                },
            )
            for row in found
        ]

    def of_plans(self, campaign: str, found: Iterable[sqlite3.Row]) -> list[JobRecord]:
        """Return the records of jobs of several plans by job id, with the places they were paid for."""
        by_plan = _grouped(found, "plan_no")
        records = [record for plan_no, part in by_plan.items() for record in self.of(part, plan_no)]
        places = self._placed.places(campaign, [record.job.job_id for record in records])
        return sorted(
            (replace(record, places=places.get(record.job.job_id, ())) for record in records),
            key=lambda record: record.job.job_id,
        )

    def requests(self, found: Sequence[sqlite3.Row], plan_no: int) -> list[OpenRequest]:
        """Return the request of each row, in their order, its job with its cells in a plan."""
        records = self.of(found, plan_no)
        return [
            OpenRequest(
                record=record,
                body=json.loads(row["body"]),
                intent_at=rows.from_instant(row["intent_at"]),
                absences=row["absences"],
                service_at=rows.from_optional_instant(row["service_at"]),
            )
            for row, record in zip(found, records, strict=True)
        ]

    def payments(self, tried: Sequence[sqlite3.Row]) -> list[Payment]:
        """Return the payment of each attempt's row, in their order."""
        numbers = json.dumps([row["attempt_no"] for row in tried])
        cells, outputs, steps = (
            _grouped(self._db.execute(query, (numbers,)), "attempt_no")
            for query in (queries.CELLS_PAID, queries.OUTPUTS_OF_ATTEMPTS, queries.STEPS_OF_ATTEMPTS)
        )
        return [
            rows.payment(row, cells.get(number, ()), outputs.get(number, ()), steps.get(number, ()))
            for row in tried
            for number in [row["attempt_no"]]
        ]

    def _cells(self, job_ids: str, plan_no: int) -> dict[str, list[Cell]]:
        """Return by job the cells of some jobs in a plan."""
        cells: defaultdict[str, list[Cell]] = defaultdict(list)
        for row in self._db.execute(queries.CELLS_OF_JOBS, (job_ids, plan_no)):
            cells[row["job_id"]].append(rows.cell(row))
        return cells

    def _formers(self, plan_no: int, cells: Mapping[str, list[Cell]]) -> dict[str, Former]:
        """Return by address what the cells of some jobs were last paid for as."""
        plan = self._db.execute(queries.PLACES_OF_PLAN, (plan_no,)).fetchone()
        prefix = plan["place_prefix"]
        asked = {prefix + each.address: each.job_id for every in cells.values() for each in every}
        found = self._placed.formers(plan["campaign"], asked)
        return {place.removeprefix(prefix): former for place, former in found.items()}

    def _takes(self, attempts: Mapping[str, list[sqlite3.Row]]) -> dict[str, tuple[tuple[Output, ...], ...]]:
        """Return the outputs of each attempt of some jobs."""
        if not attempts:
            return {}
        job_of = {row["attempt_no"]: job_id for job_id, tried in attempts.items() for row in tried}
        outputs: dict[int, list[Output]] = {attempt_no: [] for attempt_no in job_of}
        for row in self._db.execute(queries.OUTPUTS_OF_ATTEMPTS, (json.dumps(list(job_of)),)):
            outputs[row["attempt_no"]].append(rows.output(row, job_of[row["attempt_no"]]))
        return {
            job_id: tuple(tuple(outputs[row["attempt_no"]]) for row in tried)
            for job_id, tried in attempts.items()
        }


def _grouped(found: Iterable[sqlite3.Row], column: str) -> dict[Any, list[sqlite3.Row]]:
    groups: dict[Any, list[sqlite3.Row]] = {}
    for row in found:
        groups.setdefault(row[column], []).append(row)
    return groups
