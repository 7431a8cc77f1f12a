"""A ledger with a witness: calls pass through to the real one, and are remembered and judged on the way."""

from __future__ import annotations

from collections import Counter

from seedpipe.core.lifecycle import Phase, advance
from seedpipe.core.records import Verdict


class WitnessLedger:
    """Delegates to a `ports.Ledger`; `faults` maps an event to an exception that its recording raises.

    `phases_seen` is a second account of each job's phase, kept from the verdicts alone.
    `fail_at` breaks the n-th entry (from 1): before it is written, or after when `fail_after_commit`.
    """

    def __init__(self, ledger):
        self._ledger = ledger
        self.faults = {}
        self.log = []
        self.batches = []
        self.ranges = []
        self.phases_seen = {}
        self.uploads_seen = []  # (address, how many entries there were before it)
        self.fail_at = None
        self.fail_after_commit = False
        self.failure = None

    def __getattr__(self, name):
        return getattr(self._ledger, name)

    def record(self, entries):
        self._break(entries)
        verdicts = self._ledger.record(entries)
        self.batches.append(len(entries))
        for entry, verdict in zip(entries, verdicts, strict=True):
            if verdict is Verdict.RECORDED:
                self.log.append(entry)
                phase = self.phases_seen.get(entry.job_id, Phase.PLANNED)
                self.phases_seen[entry.job_id] = advance(phase, entry.event)
        if self.fail_after_commit and self._is_fatal():
            raise self.failure
        return verdicts

    def record_upload(self, upload):
        self._ledger.record_upload(upload)
        self.uploads_seen.append((upload.url, len(self.log)))

    def jobs(self, plan_id, start, stop):
        self.ranges.append((start, stop))
        records = self._ledger.jobs(plan_id, start, stop)
        for record in records:
            self.phases_seen[record.job.job_id] = record.phase
        return records

    def open_requests(self, plan_id):
        found = self._ledger.open_requests(plan_id)
        for request in found:
            self.phases_seen[request.record.job.job_id] = request.record.phase
        return found

    def unfetched_elsewhere(self, plan_id):
        for record in self._ledger.unfetched_elsewhere(plan_id):
            self.phases_seen[record.job.job_id] = record.phase
            yield record

    def events(self):
        return Counter(entry.event for entry in self.log)

    def _is_fatal(self):
        return self.fail_at is not None and len(self.log) >= self.fail_at

    def _break(self, entries):
        for entry in entries:
            if entry.event in self.faults:
                raise self.faults[entry.event]
        if (
            self.fail_at is not None
            and len(self.log) + len(entries) >= self.fail_at
            and not self.fail_after_commit
        ):
            raise self.failure
