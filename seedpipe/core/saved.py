"""Plans that were saved: a file that says everything a run needs, without the campaign.

Hides the format: JSON Lines, the header first, a line a cell, the sums and a digest of it all last. Whoever
reads one trusts none of it: ids, prices, inputs and paths are judged again with the catalogue of today, so
that a file which was edited, cut off or made under other prices is refused before anything is sent. A plan
that was saved is a plan of its own, even beside that of its campaign; its jobs are known by content as ever.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from jsonschema import Draft7Validator

from seedpipe import schemas
from seedpipe.core.catalogue import normalise
from seedpipe.core.errors import InputError
from seedpipe.core.model import (
    BudgetCaps,
    Cell,
    DoubtPolicy,
    Job,
    PlanHeader,
    PlannedCell,
    Policy,
    ShortSets,
    job_id,
)
from seedpipe.core.money import exact, usd
from seedpipe.core.paths import path_fault, path_identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from seedpipe.core.catalogue import Catalogue
    from seedpipe.core.model import JobPlan, Json

SAVED_FORMAT: Final = 1
FIRST_WORDS: Final = '{"plan":'  # what a saved plan begins with, and no campaign does
_LONGEST_LINE: Final = 4_000_000  # characters: a prompt, its references and the paths of a set
_TAKE: Final = re.compile(r"/take-(\d{1,4})$")
_SAVE_AGAIN: Final = "save it again: seedpipe plan FILE -o PLAN; nothing was sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPlan:
    """A plan as it was saved, to be carried out as it stands; see `JobPlan`.

    `lines` reads the file from its beginning, each time anew.
    """

    header: PlanHeader
    series: tuple[str, ...]
    axes: tuple[str, ...]
    prices_as_of: str
    catalogue: Catalogue
    lines: Callable[[], Iterable[str]]

    def cells(self) -> Iterator[PlannedCell]:
        """Yield the cells in order. Raises `InputError` for what today's catalogue does not bear out."""
        reader = _Reader(self.catalogue)
        for number, data in enumerate(map(_json, self.lines()), start=1):
            if "cell" in data:
                yield reader.cell(data, number)


def saved_lines(plan: JobPlan) -> Iterator[str]:
    """Yield the text of a plan, a line each. Raises `InputError` like the plan's own cells."""
    digest, cells, jobs, cost_usd = hashlib.sha256(), 0, 0, Decimal(0)
    head: dict[str, Json] = {"plan": SAVED_FORMAT} | header_document(plan.header)
    head |= {"prices_as_of": plan.prices_as_of, "series": list(plan.series), "axes": list(plan.axes)}
    text = _spelt(head)
    digest.update(text.encode())
    yield text
    for planned in plan.cells():
        text = _spelt(_cell_document(planned))
        digest.update(text.encode())
        yield text
        cells += 1
        jobs += planned.opens_job
        cost_usd += planned.job.cost_usd if planned.opens_job else 0
    sha256 = digest.hexdigest()
    yield _spelt({"end": {"cells": cells, "jobs": jobs, "cost_usd": exact(cost_usd), "sha256": sha256}})


def read_saved(lines: Callable[[], Iterable[str]], catalogue: Catalogue, shown: str) -> SavedPlan:
    """Return a saved plan once it has shown to be whole; its cells are judged as they are read.

    Raises `InputError`; `shown` is what people call the file.
    """
    head, digest = _whole(lines, shown)
    if head.get("plan") != SAVED_FORMAT:
        raise InputError(f"the plan {shown} has a format that this seedpipe does not read", hint=_SAVE_AGAIN)
    parts = schemas.load("saved-plan")["definitions"]
    for fault in Draft7Validator({**parts["header"], "definitions": parts}).iter_errors(head):
        where = ".".join(map(str, fault.absolute_path)) or "its first line"
        raise InputError(f"the plan {shown} cannot be read: {where} is not valid", hint=_SAVE_AGAIN)
    rest = {"plan", "series", "axes", "prices_as_of"}
    header = header_of({name: value for name, value in head.items() if name not in rest})
    return SavedPlan(
        header=replace(header, variant={**header.variant, "saved": digest}),
        series=tuple(head["series"]),
        axes=tuple(head["axes"]),
        prices_as_of=head["prices_as_of"],
        catalogue=catalogue,
        lines=lines,
    )


def bear_out(job: Job, catalogue: Catalogue, label: str) -> None:
    """Raise `InputError` when a job that was planned earlier is not what today's catalogue would plan."""
    spec = catalogue.models.get(job.model)
    if spec is None:
        raise InputError(f"the plan asks for model '{job.model}', which is unknown", hint=_SAVE_AGAIN)
    accepted, problems = normalise(catalogue, spec, job.request)
    if problems or accepted != job.request:
        why = problems[0].message if problems else "its inputs are written differently today"
        raise InputError(f"the plan is stale: {label}: {why}", hint=_SAVE_AGAIN)
    price = spec.price(job.request)
    if (price.total_usd, price.images) != (job.cost_usd, job.outputs_expected):
        was, now = usd(job.cost_usd), usd(price.total_usd)
        raise InputError(f"the plan is stale: {label} was {was} and is {now} today", hint=_SAVE_AGAIN)


def changed_sources(header: PlanHeader, digest_of: Callable[[str], str | None]) -> list[str]:
    """Return the campaign's files that are not what they were; `digest_of` says None for one that is gone."""
    return [path for path, sha256 in header.sources.items() if digest_of(path) not in (sha256, None)]


def header_document(header: PlanHeader) -> dict[str, Json]:
    """Return a plan's header as plain data."""
    caps = header.budget
    return {
        "campaign": header.campaign,
        "brand": header.brand,
        "file": header.file,
        "sources": dict(header.sources),
        "catalogue": header.catalogue,
        "budget": {
            "usd": _amount_text(caps.usd),
            "per_job_usd": _amount_text(caps.per_job_usd),
            "max_jobs": caps.max_jobs,
            "brand_usd_per_month": _amount_text(caps.brand_usd_per_month),
        },
        "policy": dataclasses.asdict(header.policy),
        "labels": dict(header.labels),
        "variant": dict(header.variant),
        "references": dict(header.references),
        "checks": dict(header.checks),
        "plan_format": header.plan_format,
    }


def header_of(data: Mapping[str, Any]) -> PlanHeader:
    """Return the header that `header_document` told."""
    budget, policy = data["budget"], dict(data["policy"])
    policy |= {"in_doubt": DoubtPolicy(policy["in_doubt"]), "short_sets": ShortSets(policy["short_sets"])}
    return PlanHeader(
        **{name: value for name, value in data.items() if name not in ("budget", "policy")},
        budget=BudgetCaps(
            usd=_amount(budget["usd"]),
            per_job_usd=_amount(budget["per_job_usd"]),
            max_jobs=budget["max_jobs"],
            brand_usd_per_month=_amount(budget["brand_usd_per_month"]),
        ),
        policy=Policy(**policy),
    )


def _whole(lines: Callable[[], Iterable[str]], shown: str) -> tuple[dict[str, Any], str]:
    """Return the first line and the digest of a file that ends as it should."""
    head: dict[str, Any] | None = None
    digest, last = hashlib.sha256(), ""
    for line in lines():
        if last:
            digest.update(last.encode("utf-8", "replace"))
        head = _json(line) if head is None else head
        last = line
    end = _json(last).get("end") if last else None
    sha256 = end.get("sha256") if isinstance(end, dict) else None
    if head is None or sha256 != digest.hexdigest():
        message = f"the plan {shown} was cut off or edited"
        raise InputError(message, hint=_SAVE_AGAIN)
    return head, digest.hexdigest()


class _Reader:
    """Reads the cells of one saved plan and believes none of them."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._opened: set[bytes] = set()
        self._paths: set[bytes] = set()

    def cell(self, data: dict[str, Any], number: int) -> PlannedCell:
        """Return one cell. Raises `InputError` with what is wrong with it."""
        try:
            address, series = _text(data["cell"]), _text(data["series"])
            axes = {_text(axis): _text(key) for axis, key in data["axes"].items()}
            paths = tuple(_text(path) for path in data["paths"])
            job = self._job(data["job"], address)
        except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError):
            message = f"line {number} of the plan was changed"
            raise InputError(message, hint=_SAVE_AGAIN) from None
        opens = bytes.fromhex(job.job_id) not in self._opened
        self._opened.add(bytes.fromhex(job.job_id))
        self._check_paths(paths, address, job)
        cell = Cell(address=address, series=series, axes=axes, job_id=job.job_id, output_paths=paths)
        return PlannedCell(cell=cell, job=job, opens_job=opens)

    def _job(self, data: dict[str, Any], address: str) -> Job:
        model, request = _text(data["model"]), dict(data["request"])
        job = Job(
            job_id=_text(data["id"]),
            model=model,
            request=request,
            outputs_expected=data["images"],
            cost_usd=Decimal(_text(data["cost_usd"])),
        )
        bear_out(job, self._catalogue, address)
        take = _TAKE.search(address)
        numbers = {1, int(take[1]) if take else 1}
        if job.job_id not in {job_id(model, request, take=number) for number in numbers}:
            raise ValueError
        return job

    def _check_paths(self, paths: tuple[str, ...], address: str, job: Job) -> None:
        if len(paths) != job.outputs_expected:
            raise InputError(f"the plan has no path for each image of {address}", hint=_SAVE_AGAIN)
        for path in paths:
            if fault := path_fault(path):
                raise InputError(f"the path '{path}' of {address} in the plan {fault[0]}", hint=_SAVE_AGAIN)
            mark = hashlib.blake2b(path_identity(path).encode(), digest_size=16).digest()
            if mark in self._paths:
                raise InputError(f"the plan writes two images to '{path}'", hint=_SAVE_AGAIN)
            self._paths.add(mark)


def _cell_document(planned: PlannedCell) -> dict[str, Json]:
    cell, job = planned.cell, planned.job
    return {
        "cell": cell.address,
        "series": cell.series,
        "axes": dict(cell.axes),
        "paths": list(cell.output_paths),
        "job": {
            "id": job.job_id,
            "model": job.model,
            "request": dict(job.request),
            "images": job.outputs_expected,
            "cost_usd": exact(job.cost_usd),
        },
    }


def _spelt(document: Mapping[str, Json]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n"


def _json(line: str) -> dict[str, Any]:
    """Return a line's object, an empty one for what is none: whoever reads it misses its keys."""
    if len(line) > _LONGEST_LINE:
        return {}
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _amount_text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
