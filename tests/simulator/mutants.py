"""Wrong protocols, each a small change of the real thing, kept to prove that the simulator notices.

Each is what a sensible person might write, or what a library does by itself.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from dataclasses import replace
from types import MappingProxyType

from seedpipe.core.errors import Malformed, Unavailable, Uncertain
from seedpipe.core.lifecycle import Event, Phase
from seedpipe.core.model import ImageFile
from seedpipe.core.policy import Orders, Redo
from seedpipe.core.records import Verdict
from seedpipe.engines import LocalEngine, adopt
from seedpipe.ledger import SqliteLedger
from seedpipe.locked import CampaignLock
from seedpipe.stores import LocalStore
from tests.simulator.ledgers import InFile, InMemory
from tests.simulator.service import Client
from tests.simulator.world import House


class _RetryingClient(Client):
    """A transport that repeats a request whose answer did not come, as many do unasked."""

    async def submit(self, model, body):
        try:
            return await super().submit(model, body)
        except Uncertain:
            return await super().submit(model, body)


class _ConfidentClient(Client):
    """An adapter that takes every failure for a refusal: what is unknown is planned again."""

    async def submit(self, model, body):
        try:
            return await super().submit(model, body)
        except (Uncertain, Malformed) as error:
            raise Unavailable(str(error)) from error


class _LazyLedger(SqliteLedger):
    """Writes an intent down together with its answer: one transaction saved."""

    def __init__(self, *args):
        super().__init__(*args)
        self._held = {}

    def record(self, entries):
        held = [entry for entry in entries if entry.event is Event.INTENT_RECORDED]
        due = [
            entry
            for told in entries
            if told.event is not Event.INTENT_RECORDED
            for entry in (self._held.pop(told.job_id, None), told)
            if entry
        ]
        self._held |= {entry.job_id: entry for entry in held}
        super().record(due)
        return [Verdict.RECORDED for _ in entries]


class _UnsyncedLedger(SqliteLedger):
    """Leaves it to the system when a commit reaches the disk."""

    @classmethod
    def open(cls, path, *, origin):
        ledger = super().open(path, origin=origin)
        ledger._db.execute("PRAGMA synchronous = NORMAL")
        return ledger


class _UnsyncedStore(LocalStore):
    """Renames a download without syncing it first."""

    def _keep(self, part):
        part.sync = lambda: None
        return super()._keep(part)


class _HastyStore(LocalStore):
    """Answers as soon as the bytes are known, and keeps them in the background."""

    async def receive(self, chunks):
        content = b"".join([chunk async for chunk in chunks])
        if not content.endswith(b"IEND\xaeB`\x82"):
            raise Malformed("cut short")
        self._later = asyncio.create_task(super().receive(_again(content)))
        return ImageFile(
            sha256=hashlib.sha256(content).hexdigest(),
            media_type="image/png",
            width_px=1,
            height_px=1,
            size_bytes=len(content),
        )


class _TearingStore(LocalStore):
    """Writes the published file where it will stand, instead of beside it."""

    def _place(self, image, target):
        content = self._object(image).read_bytes()
        with target.open("wb") as file:
            file.write(content[:20])
            file.flush()
            file.write(content[20:])
            file.flush()
            os.fsync(file.fileno())


class _UnreadLock(CampaignLock):
    """Writes the lock and never looks into it."""

    @property
    def paid(self):
        return {}


class _UntaughtLock(CampaignLock):
    """Takes over the jobs of today's plan, and forgets what its cells were paid for as before."""

    def teach(self, ledger, campaign):
        pass


class _ForgetfulLock(CampaignLock):
    """Leaves what changed cells keep at the service, when only the lock knows of it."""

    def adopt_kept(self, *_):
        return 0


async def _adopts_nothing(*_, **__):
    return 0


async def _finds_nothing(_):
    return []


async def _again(content):
    yield content


async def _looks_once(ledger, *service, orders, **more):
    """Looks at the list before the first run of a campaign, for what that run's plan has: never again."""
    if ledger.latest_run("aurora"):
        return 0
    return await adopt(ledger, *service, **more)


async def _looks_for_what_is_new(ledger, *service, orders, **more):
    """Takes what was written off for something that the list cannot show any more."""
    return await adopt(ledger, *service, orders=Orders(redo=orders.redo - {Redo.FAILED}), **more)


async def _looks_back_to_the_last_look(ledger, *service, plan_id, orders, **more):
    """Takes a look for one plan for a look for all."""
    latest = ledger.latest_run("aurora")
    if latest:
        ledger.note_look(plan_id, latest.start.started_at)
    return await adopt(ledger, *service, plan_id=plan_id, orders=orders, **more)


class RetryOnTimeOut(House):
    client = _RetryingClient


class NoIntent(House):
    ledger = _LazyLedger
    ledgers = InMemory


class ResubmitUnknowns(House):
    client = _ConfidentClient


class NoSettleTime(House):
    pace = MappingProxyType({"settle_s": 0.0})


class NoFsyncOfTheLedger(House):
    ledger = _UnsyncedLedger
    ledgers = InFile


class NoFsyncOfFiles(House):
    store = _UnsyncedStore


class RecordedBeforeTheFile(House):
    store = _HastyStore


class NotAtomic(House):
    store = _TearingStore


class NoLookAtTheList(House):
    adopt = staticmethod(_adopts_nothing)


class LookOnce(House):
    adopt = staticmethod(_looks_once)


class NoLookForWhatWasWrittenOff(House):
    adopt = staticmethod(_looks_for_what_is_new)


class OneLookForAllPlans(House):
    adopt = staticmethod(_looks_back_to_the_last_look)


class NoLookAtTheLock(House):
    lock = _UnreadLock


class NoSweep(House):
    class engine(LocalEngine):  # noqa: N801 - the name of what it stands for
        async def _work(self, shift):
            shift.asides.sweep = _adopts_nothing
            await super()._work(shift)


class SweepOfThisRunAlone(House):
    class engine(LocalEngine):  # noqa: N801
        async def _work(self, shift):
            shift.asides._late = _finds_nothing
            await super()._work(shift)


class SweepOfEverything(House):
    class engine(LocalEngine):  # noqa: N801
        async def _work(self, shift):
            async def sweep(records):
                async for _ in records:
                    pass
                for model in shift.tools.traffic.models:
                    free = await shift.asides._nobodys(model)
                    shift.asides.want([item.prediction_id for item in free], "it is nobody's")

            shift.asides.sweep = sweep
            await super()._work(shift)


class BuysWhatHasChanged(House):
    class engine(LocalEngine):  # noqa: N801
        def __init__(self, **parts):
            super().__init__(**parts | {"orders": Orders(redo=frozenset({Redo.CHANGED}))})


class ForgetsWhatOtherPlansPaid(House):
    class engine(LocalEngine):  # noqa: N801
        async def run(self, run):
            return replace(await super().run(run), overdue=0)


class UntaughtByTheLock(House):
    lock = _UntaughtLock


class ForgetsWhatCameToDoubt(House):
    """Takes only what was on its way when the list had been read for a rival of the doubts it looks up."""

    class engine(LocalEngine):  # noqa: N801
        async def _work(self, shift):
            settler, scribe, plan_id = shift.settler, shift.tools.scribe, shift.tools.run.plan_id
            known = settler._known

            async def _known(*asked):
                requests = await scribe.ask(lambda ledger: ledger.open_requests(plan_id))
                sent = {r.record.job.job_id for r in requests if r.record.phase is Phase.SUBMITTING}
                found = await known(*asked)
                return replace(found, others=tuple(each for each in found.others if each.job_id in sent))

            settler._known = _known
            await super()._work(shift)


class OldPicturesStayAway(House):
    lock = _ForgetfulLock


MUTANTS = {
    RetryOnTimeOut: 0,
    NoIntent: 0,
    ResubmitUnknowns: 0,
    NoSettleTime: 101,
    NoFsyncOfTheLedger: 1,
    NoFsyncOfFiles: 0,
    RecordedBeforeTheFile: 0,
    NotAtomic: 26,
    NoLookAtTheList: 81,
    LookOnce: 272,
    OneLookForAllPlans: 272,
    NoLookAtTheLock: 70,
    NoSweep: 310,
    SweepOfEverything: 46,
    BuysWhatHasChanged: 37,
    UntaughtByTheLock: 240,
    ForgetsWhatCameToDoubt: 36,
    OldPicturesStayAway: 240,
}
"""Each with the first seed whose history shows it."""

LATE_MUTANTS = {NoLookForWhatWasWrittenOff: 7, SweepOfThisRunAlone: 15}
"""They go wrong only where the service shows a request long after its settle time."""
