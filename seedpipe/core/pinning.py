"""Which size a ratio stands for: an upgrade of the catalogue changes no request that was paid for.

Hides how the catalogue of today meets requests that were made with another one. A ratio like `16:9` is a size
by the catalogue's word, and a catalogue may change. The request is then tried with every size that was asked
for before and has that shape; where it turns out to be a job that is known, to the letter, it is that job.
Invariant: nothing is guessed about what was paid, for only an equal job id counts.

What nobody has asked for yet, a new cell or an edited one, gets the size that its series was last paid for:
a campaign keeps one look until somebody writes another size.

Absent on purpose: where earlier requests are remembered, and sizes that are written out.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Protocol

from seedpipe.core.catalogue import accepted_size, asked_ratio, declared_ratios, recommended_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from fractions import Fraction

    from seedpipe.core.campaign import InputValue
    from seedpipe.core.catalogue import Catalogue, ModelSpec, Size
    from seedpipe.core.model import Job

_SAME_SHAPE: Final = 0.05  # of the ratio: rounded to the grid, a published 4:3 is off by 0.036
_MOST_SIZES: Final = 8  # tried for one ratio: each costs a rendering a cell
_PAID, _TRIED, _UNKNOWN = 2, 1, 0


class Earlier(Protocol):
    """What is known of the requests that one service was sent before."""

    def sizes(self) -> Iterable[str]:
        """Return every size that was asked for, the one that was paid for last first."""

    def jobs(self, size: str) -> Mapping[str, bool]:
        """Return the jobs that asked for a size, by id, and whether they hold money; refused ones too."""

    def of_series(self, series: str, model: str) -> Sequence[str]:
        """Return the sizes that a series was paid for with a model, the last one first."""


class Pins:
    """The sizes of one plan: today's, unless the request is one that was made with another.

    `digest` stands for all of the plan's sizes that are not today's, once its cells were read: empty when
    there are none, None before.
    """

    def __init__(self, earlier: Earlier) -> None:
        self._earlier = earlier
        self._others: dict[tuple[str, Fraction, str], tuple[str, ...]] = {}
        self.digest: str | None = None

    def may_matter(self, catalogue: Catalogue, model: ModelSpec, given: InputValue) -> bool:
        """Say whether an input `size` of a series, as it is written, may stand for another than today's."""
        if given.is_dynamic:
            return any(True for _ in self._earlier.sizes())
        ratio = asked_ratio(given.literal())
        today = recommended_size(catalogue, model, ratio) if ratio else None
        return bool(ratio and today and self.others(catalogue, model, ratio, str(today)))

    def others(self, catalogue: Catalogue, model: ModelSpec, ratio: Fraction, today: str) -> tuple[str, ...]:
        """Return the other sizes that a ratio may have stood for, none where the catalogue has not changed.

        `today` is the size that it stands for by today's catalogue. Where the size sets the price, another
        catalogue's is another bill, and counts as a change.
        """
        asked = (model.model_id, ratio, today)
        if asked not in self._others:
            found = (
                size
                for size in dict.fromkeys(self._earlier.sizes())
                if size != today
                and "size" not in model.priced_inputs
                and (fitting := accepted_size(model, size))
                and _is_of(ratio, fitting, catalogue)
            )
            self._others[asked] = tuple(found)[:_MOST_SIZES]
        return self._others[asked]

    def chosen(self, jobs: Sequence[Job], series: str) -> Job:
        """Return which of one cell's possible jobs it is; the first one is today's.

        One that was paid for, then one that was tried and has failed; what nobody knows follows its series.
        """
        best = max(jobs, key=self._worth)
        if self._worth(best) is not _UNKNOWN:
            return best
        by_size = {job.request["size"]: job for job in jobs}
        followed = self._earlier.of_series(series, best.model)
        return next((by_size[size] for size in followed if size in by_size), jobs[0])

    def _worth(self, job: Job) -> int:
        paid = self._earlier.jobs(str(job.request["size"])).get(job.job_id)
        if paid is None:
            return _UNKNOWN
        return _PAID if paid else _TRIED


def _is_of(ratio: Fraction, size: Size, catalogue: Catalogue) -> bool:
    """Say whether a size is one that a catalogue may choose for a ratio.

    Where the catalogue of today lists the size, it says for which ratio; else the shape does.
    """
    if listed := declared_ratios(catalogue, size):
        return ratio in listed
    return abs(math.log(size.width_px / size.height_px / ratio)) <= _SAME_SHAPE
