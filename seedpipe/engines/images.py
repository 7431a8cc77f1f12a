"""How images come home: from the service into the store, and from there to the places of their cells.

Hides how often a download is tried, and where an image is found whose object is gone. Invariant: what is
published anywhere among a job's paths is not fetched again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from seedpipe.core.errors import Malformed, Unavailable

if TYPE_CHECKING:
    from seedpipe.core.model import ImageFile
    from seedpipe.core.records import JobRecord
    from seedpipe.core.sets import ImageSet
    from seedpipe.engines.tools import Tools
    from seedpipe.ports import Store


async def bring(url: str, tools: Tools) -> ImageFile:
    """Download one file into the store; raises the last `ProviderError` after a few attempts."""
    waits = tools.retry_waits()
    for _ in range(tools.pace.download_attempts - 1):
        try:
            return await _brought(url, tools)
        except (Unavailable, Malformed) as error:
            await tools.clock.sleep(max(next(waits), error.retry_after_s or 0.0))
    return await _brought(url, tools)


async def _brought(url: str, tools: Tools) -> ImageFile:
    async with tools.provider.download(url) as chunks:
        return await tools.store.receive(chunks)


async def place(shown: ImageSet, record: JobRecord, store: Store) -> bool:
    """Put a set at the paths of every cell that shows a job; return whether all of its images were here.

    Images beyond the paths stay in the store; where the set is short, nothing that the cell showed before is
    left beside it.
    """
    for cell in record.followers:
        placed = shown.placed(len(cell.output_paths))
        for position, index in placed.items():
            image, stem = shown.images[index], cell.output_paths[position]
            try:
                await store.publish(image, stem)
            except KeyError:
                if not await _reclaim(image, position, record, store):
                    return False
        for position, stem in enumerate(cell.output_paths):
            if position not in placed:
                await store.withdraw(stem)
    return True


async def _reclaim(image: ImageFile, position: int, record: JobRecord, store: Store) -> bool:
    """Take an image whose object is gone back from wherever it is published."""
    stems = [cell.output_paths[position] for cell in record.cells if position < len(cell.output_paths)]
    for stem in stems:
        if await store.reclaim(image, stem):
            for other in stems:
                await store.publish(image, other)
            return True
    return False
