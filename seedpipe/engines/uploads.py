"""The local images that a run's requests refer to: each is brought to the service once, and only when needed.

Hides when an earlier upload will do. The service keeps uploads as long as predictions; one that is nearly as
old is made anew, for a task may wait in a queue, and so is one that the service could not read. Invariants:
an image's address is on record before a request names it; what is uploaded has the bytes that the job was
planned with, whatever became of the file since. Nothing here costs money, and nothing here sends a request.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from seedpipe.core.errors import Malformed, ProviderError, RunError, Unavailable
from seedpipe.core.image_bytes import HEAD_BYTES, media_type
from seedpipe.core.records import StopReason, Upload
from seedpipe.core.references import digests_in, sent_body
from seedpipe.engines.pace import backoff

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

    from seedpipe.core.model import Job, Json
    from seedpipe.engines.pace import Pace, Traffic
    from seedpipe.engines.scribe import Scribe
    from seedpipe.ports import Clock, Provider, Store

_ATTEMPTS: Final = 4
_SPARE: Final = timedelta(
    days=1
)  # of the time that uploads are kept: the longest a task may wait for its turn
_KEY_REFUSED: Final = frozenset({401, 402, 403})
_TOO_MANY_REQUESTS: Final = 429


class Uploads:
    """The uploads of one run."""

    def __init__(
        self,
        *,
        scribe: Scribe,
        provider: Provider,
        store: Store,
        clock: Clock,
        pace: Pace,
        traffic: Traffic,
        rng: random.Random,
    ) -> None:
        self._scribe = scribe
        self._provider = provider
        self._store = store
        self._clock = clock
        self._pace = pace
        self._traffic = traffic
        self._rng = rng
        self._known: dict[str, Upload] = {}
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def body_of(self, job: Job) -> Mapping[str, Json] | None:
        """Return a job's request as it is sent, its images uploaded; None when that ended the submits.

        Raises `RunError` when an image is not kept any more.
        """
        urls: dict[str, str] = {}
        for sha256 in digests_in(job.request):
            upload = await self._uploaded(sha256)
            if upload is None:
                return None
            urls[sha256] = upload.url
        return sent_body(job.request, urls)

    async def withdraw(self, job: Job) -> None:
        """Use no upload of a job's images again: the service could not read them, or would not."""
        if sha256s := digests_in(job.request):
            for sha256 in sha256s:
                self._known.pop(sha256, None)
            await self._scribe.ask(lambda ledger: ledger.withdraw_uploads(sha256s))

    async def _uploaded(self, sha256: str) -> Upload | None:
        async with self._turns[sha256]:  # whoever comes second finds it done
            known = self._known.get(sha256) or await self._remembered(sha256)
            if known is None or not self._lasts(known):
                known = await self._upload(sha256)
            if known is not None:
                self._known[sha256] = known
            return known

    async def _remembered(self, sha256: str) -> Upload | None:
        found = await self._scribe.ask(lambda ledger: ledger.uploads([sha256]))
        return found.get(sha256)

    def _lasts(self, upload: Upload) -> bool:
        age = self._clock.now() - upload.at
        return timedelta(0) <= age < timedelta(days=self._pace.retention_days) - _SPARE

    async def _upload(self, sha256: str) -> Upload | None:
        """Upload an image and put its address on record; an upload that fails for good ends the submits."""
        content = await self._content(sha256)
        pace, attempts = self._pace, 0
        waits = backoff(pace.retry_first_s, pace.retry_max_s, pace.retry_growth, self._rng)
        while self._traffic.open:
            at = self._clock.now()
            try:
                url = await self._provider.upload(content, media_type(content[:HEAD_BYTES]) or "")
            except ProviderError as error:
                attempts += 1
                if attempts >= _ATTEMPTS or not isinstance(error, (Unavailable, Malformed)):
                    self._give_up(error)
                else:
                    await self._wait(error, next(waits))
            else:
                return await self._recorded(Upload(sha256=sha256, url=url, at=at))
        return None

    async def _recorded(self, upload: Upload) -> Upload:
        await self._scribe.ask(lambda ledger: ledger.record_upload(upload))
        return upload

    async def _content(self, sha256: str) -> bytes:
        try:
            return await self._store.read(sha256)
        except KeyError:
            raise RunError(
                f"the reference image {sha256[:12]}… is no longer kept here, or damaged",
                hint="run the campaign again, which reads it from its file; nothing was sent without it",
            ) from None

    async def _wait(self, error: ProviderError, wait_s: float) -> None:
        if error.status == _TOO_MANY_REQUESTS:
            self._traffic.limited(error)
        await self._clock.sleep(max(wait_s, error.retry_after_s or 0.0))

    def _give_up(self, error: ProviderError) -> None:
        reason = StopReason.BLOCKED if error.status in _KEY_REFUSED else StopReason.UNAVAILABLE
        self._traffic.halt(reason, f"a reference image cannot be uploaded: {error}")
