"""The values that travel through the house: cell, job, plan header, prediction, output.

All are frozen and built by keyword. Money is `Decimal` in US dollars; times are aware UTC;
units come last in a name. A job's identity is its content, so that equal requests are
paid once and an edited campaign still finds what it has paid for.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003 - dataclass field types are read at run time by tests
from decimal import Decimal  # noqa: TC003
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from seedpipe.core.catalogue import Catalogue

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

PLAN_FORMAT = 1
SANDBOX_ORIGIN: Final = "sandbox"
"""The service of the proofs: nothing is paid there, and so every change is followed at once."""
_JOB_ID_HEX_DIGITS = 32  # 128 bits: no collision to fear, short enough to read in a table


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One priced request, shared by all cells that ask the same.

    `request` is the body as rendered, with local images as `sha256:` and their digest; `outputs_expected`
    the number of images that are billed; `cost_usd` the price of one attempt. A job of which only the lock
    tells has an empty request: what it has brought can be fetched and shown, and it is never sent.
    """

    job_id: str
    model: str
    request: Mapping[str, Json]
    outputs_expected: int
    cost_usd: Decimal

    @property
    def is_known(self) -> bool:
        """Whether anybody here knows what it asks for."""
        return bool(self.request)

    @property
    def unit_usd(self) -> Decimal:
        """The price of one billed image."""
        return self.cost_usd / self.outputs_expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A place for a set of images: a series and its axis keys.

    `address` is `series/key/key`; `axes` maps axis names to keys in the order of `over`;
    `output_paths` holds one path an expected image, relative to the output folder and
    without extension, which comes from the image's bytes.
    """

    address: str
    series: str
    axes: Mapping[str, str]
    job_id: str
    output_paths: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCell:
    """A cell with its job, as the plan streams them; `opens_job` is true for the job's first cell.

    `published` has by format a path an image, where a campaign says how its images are published.
    `newer_size` is what today's catalogue would choose for a cell that stays with an earlier size (see
    `core.pinning`).
    """

    cell: Cell
    job: Job
    opens_job: bool
    published: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    newer_size: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetCaps:
    """The limits a campaign sets: its whole life in USD, one job in USD, and the number of jobs.

    `brand_usd_per_month` is the brand file's: what all its campaigns may spend in one month of UTC.
    """

    usd: Decimal | None = None
    per_job_usd: Decimal | None = None
    max_jobs: int = 1000
    brand_usd_per_month: Decimal | None = None


class DoubtPolicy(StrEnum):
    """What happens to a request that the service surely does not show once its settle time has passed."""

    RESUBMIT = "resubmit"
    HOLD = "hold"


class ShortSets(StrEnum):
    """What a set with fewer images than were billed counts as."""

    FAIL = "fail"
    ACCEPT = "accept"
    RETRY = "retry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a run may decide on its own. `service_retries` new attempts follow a failure of the service's.

    `max_takes` caps the attempts of one job in its whole life, whoever asks for them.
    """

    in_doubt: DoubtPolicy = DoubtPolicy.RESUBMIT
    short_sets: ShortSets = ShortSets.FAIL
    service_retries: int = 1
    max_takes: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanHeader:
    """What a plan was made from. Equal headers mean equal plans, cell for cell.

    `sources` maps each file that was read to its sha256, `references` each image that requests refer to;
    `catalogue` is the digest of the models and prices. `labels` are the campaign's; `variant` is what the
    command line laid over it: a profile, values of variables, a part of the cells. `file` is the campaign's,
    by its path from the project root; `checks` what `core.checking` keeps for its series.
    """

    campaign: str
    brand: str | None
    sources: Mapping[str, str]
    catalogue: str
    budget: BudgetCaps
    policy: Policy = Policy()
    labels: Mapping[str, str] = field(default_factory=dict)
    variant: Mapping[str, Json] = field(default_factory=dict)
    references: Mapping[str, str] = field(default_factory=dict)
    checks: Mapping[str, Json] = field(default_factory=dict)
    file: str = ""
    plan_format: int = PLAN_FORMAT

    @property
    def profile(self) -> str:
        """The profile that lies over the campaign; empty for none."""
        profile = self.variant.get("profile")
        return profile if isinstance(profile, str) else ""

    def place(self, address: str) -> str:
        """Return where a cell's pictures lie among all of its campaign: a profile has places of its own."""
        return f"@{self.profile}/{address}" if self.profile else address

    @property
    def plan_id(self) -> str:
        """The plan's identity: a digest of everything it is made from."""
        made_from: dict[str, Json] = {
            "format": self.plan_format,
            "campaign": self.campaign,
            "sources": dict(self.sources),
            "catalogue": self.catalogue,
        }
        made_from |= {"variant": dict(self.variant)} if self.variant else {}
        made_from |= {"references": dict(self.references)} if self.references else {}
        return digest(made_from)


class JobPlan(Protocol):
    """All cells and jobs to be carried out, wherever they come from: a campaign, a file, the ledger.

    `series` and `axes` are their names in order; `catalogue` has the models; `prices_as_of` is their day.
    """

    @property
    def header(self) -> PlanHeader: ...  # noqa: D102

    @property
    def series(self) -> tuple[str, ...]: ...  # noqa: D102

    @property
    def axes(self) -> tuple[str, ...]: ...  # noqa: D102

    @property
    def catalogue(self) -> Catalogue: ...  # noqa: D102

    @property
    def prices_as_of(self) -> str: ...  # noqa: D102

    def cells(self) -> Iterator[PlannedCell]:
        """Yield the cells in order, the same every time. Raises `InputError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """The service's task as one answer shows it.

    `status` is the service's own word; `outputs` are URLs (never trusted as names); `flagged` are the
    indexes of outputs that the service calls unsafe; `code` and `error` are set when the task failed;
    `inference_ms` is filled at the end. `inputs` are what the service remembers of the request; None when
    this answer does not repeat them.
    """

    prediction_id: str
    model: str
    status: str
    outputs: tuple[str, ...] = ()
    code: int | None = None
    error: str = ""
    created_at: datetime | None = None
    inference_ms: int | None = None
    flagged: frozenset[int] = frozenset()
    inputs: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionPage:
    """One page of the account's predictions, newest first.

    `more` says whether another page may follow; `server_now` is the service's clock when it answered, to the
    second, or None when it did not say.
    """

    items: tuple[Prediction, ...]
    more: bool
    server_now: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFile:
    """One verified image file, known by its content."""

    sha256: str
    media_type: str
    width_px: int
    height_px: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One image of a job's set; `index` counts from 0 in the service's order."""

    job_id: str
    index: int
    image: ImageFile


def job_id(model: str, request: Mapping[str, Json], *, take: int = 1) -> str:
    """Return the identity of a request: a digest of (model, request, take)."""
    return digest({"model": model, "request": dict(request), "take": take})[:_JOB_ID_HEX_DIGITS]


def canonical_json(value: Json) -> str:
    """Return the one spelling of a JSON value: sorted keys, no spaces, no NaN, text unescaped."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: Json) -> str:
    """Return the sha256 of a JSON value's canonical form, in hex."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
