"""One pen for the ledger: batches, order, and whose fault a failure is."""

import asyncio
import threading

import pytest

from seedpipe.core.errors import LedgerDamaged, RunError
from seedpipe.core.lifecycle import Event
from seedpipe.core.records import Entry, Verdict
from seedpipe.engines.scribe import Scribe
from tests.fakes.clock import EPOCH


class SlowLedger:
    """Remembers batches and threads; refuses the jobs in `bad` with the error given there."""

    def __init__(self, **bad):
        self.bad = bad
        self.batches = []
        self.threads = set()
        self.gate = threading.Event()
        self.after_commit = None

    def record(self, entries):
        self.threads.add(threading.current_thread().name)
        self.gate.wait(5)
        for entry in entries:
            if entry.job_id in self.bad:
                raise self.bad[entry.job_id]
        self.batches.append([entry.job_id for entry in entries])
        if self.after_commit:
            raise self.after_commit
        return [Verdict.RECORDED] * len(entries)


def entry(name):
    return Entry(job_id=name, event=Event.OVERDUE, at=EPOCH)


def write(ledger, names):
    """Hand in entries while the first transaction is at work; return what each got."""

    async def all_at_once():
        scribe = Scribe(ledger)
        first = asyncio.create_task(scribe.record(entry(names[0])))
        await asyncio.sleep(0.01)
        rest = [asyncio.create_task(scribe.record(entry(name))) for name in names[1:]]
        await asyncio.sleep(0.01)
        ledger.gate.set()
        got = await asyncio.gather(first, *rest, return_exceptions=True)
        await scribe.aclose()
        return got

    return asyncio.run(all_at_once())


def test_what_waits_while_the_disk_is_at_work_goes_together_and_in_order():
    ledger = SlowLedger()
    names = [f"j{number}" for number in range(40)]
    assert write(ledger, names) == [Verdict.RECORDED] * 40
    assert ledger.batches == [names[:1], names[1:]]
    assert len(ledger.threads) == 1
    assert threading.current_thread().name not in ledger.threads


@pytest.mark.parametrize("error", [RunError("that id is another job's"), ValueError("a bug")])
def test_one_bad_entry_fails_alone(error):
    ledger = SlowLedger(b=error)
    assert write(ledger, ["first", "a", "b", "c"]) == [
        Verdict.RECORDED,
        Verdict.RECORDED,
        error,
        Verdict.RECORDED,
    ]
    assert ledger.batches == [["first"], ["a"], ["c"]]


def test_an_entry_that_was_written_after_all_fails_with_the_ledgers_word():
    ledger = SlowLedger()
    ledger.after_commit = LedgerDamaged("I/O error")
    plain = ledger.record

    def record(entries):
        if ledger.batches:
            raise ValueError("illegal transition")
        return plain(entries)

    ledger.record = record
    [got] = write(ledger, ["a"])
    assert got is ledger.after_commit


def test_an_entry_is_written_even_when_its_worker_is_cancelled():
    ledger = SlowLedger()

    async def cancelled():
        scribe = Scribe(ledger)
        worker = asyncio.create_task(scribe.record(entry("a")))
        await asyncio.sleep(0.01)
        worker.cancel()
        await asyncio.wait({worker})
        ledger.gate.set()
        await scribe.aclose()

    asyncio.run(cancelled())
    assert ledger.batches == [["a"]]
