"""The service as a function of what it is asked and when: every answer of the API but the bytes of files.

Hides what the service does. No clock, no network, no waiting: the moment is handed in, and a reply says
how long it is to be held, and which webhook is owed. Invariants: an accepted submit is in the book before
its reply exists; whatever is asked, the reply has a status below 500, unless a switch asked for worse.
"""

from __future__ import annotations

import math
import threading
import uuid
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from seedpipe.core.catalogue import InputProblem, ModelSpec, Price, normalise
from seedpipe.core.diagnostics import did_you_mean
from seedpipe.core.hosts import leads_here
from seedpipe.core.model import canonical_json
from seedpipe.sandbox.billing import DEDUCT, REFUND, RefundTerms, lines, refunded_usd
from seedpipe.sandbox.models import SERVICE_OPTIONS, model_entry
from seedpipe.sandbox.render import render
from seedpipe.sandbox.replies import (
    JsonObject,
    Refusal,
    Reply,
    enveloped,
    read_count,
    read_text,
    read_time,
    refusable,
    success,
)
from seedpipe.sandbox.switches import (
    MAX_LATENCY_S,
    TASK_ERRORS,
    BadInput,
    InputsKey,
    Rehearsal,
    Switches,
    UnknownInputs,
    is_nth,
    rehearsal,
)
from seedpipe.sandbox.tasks import Picture, Status, Task, is_readable_size, timestamp
from seedpipe.sandbox.uploads import Uploads
from seedpipe.sandbox.webhooks import SECRET, Delivery, fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from seedpipe.core.catalogue import Catalogue
    from seedpipe.core.model import Json
    from seedpipe.sandbox.book import Book

_PAGE_SIZE: Final = 100  # the service's own cap
_SHOWN_BALANCE_USD: Final = Decimal(1000)  # of an account that never runs dry
_EVER: Final = datetime(2000, 1, 1, tzinfo=UTC)
_SYNC_TIMED_OUT: Final = 5004
_MEDIA_ACCESS: Final = 1402
_RATE_WINDOW: Final = timedelta(minutes=1)
_BAD_GATEWAY: Final = (
    "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
)
_REHEARSED: Final = "As asked for: the sandbox rehearses this failure."


class Sandbox:
    """The service. `draw` makes the bytes of a picture, for outputs that travel inside an answer.

    `origin` is the scheme, host and port that the caller knows it by; `now` is aware UTC.
    """

    def __init__(
        self,
        book: Book,
        catalogue: Catalogue,
        switches: Switches,
        draw: Callable[[Picture], bytes] = render,
    ) -> None:
        self._book = book
        self._draw = draw
        self._refunds = RefundTerms(
            after=timedelta(seconds=switches.refund_after_s), moderation=switches.refunds_moderation
        )
        self._catalogue = catalogue
        self._switches = switches
        self.uploads = Uploads(book, switches.retention_s)
        self._submits = 0  # seen by this process, refused ones too
        self._submitting = threading.Lock()  # what the rate and the balance allow is decided one by one

    # ---- tasks ----------------------------------------------------------------------------------

    @refusable
    def submit(
        self, model_id: str, inputs: JsonObject, now: datetime, origin: str, *, webhook: str | None = None
    ) -> Reply:
        """Take one paid request; `webhook` is the URL that wants to hear of its end."""
        with self._submitting:
            self._refuse_revoked()
            self._refuse_unavailable()
            model = self._model(model_id)
            _refuse_webhook(inputs, webhook)
            rehearsed = _rehearsed(inputs)
            task, price = self._judged(model, inputs, rehearsed, now)
            self._refuse_over_rate(price.images, now)
            usd = self._asked_usd(price)
            self._refuse_over_balance(usd, now)
            count = self._book.accepted_count() + 1
            self._book.accept(task, usd)
        reply = self._accepted(task, count, rehearsed, now, origin)
        return replace(reply, delivery=self._delivery(task, webhook))

    @refusable
    def result(self, prediction_id: str, now: datetime, origin: str) -> Reply:
        """Answer how one task stands."""
        self._refuse_revoked(reads=True)
        task = self._task(prediction_id, now)
        if task is None:
            raise Refusal(404, f"prediction '{prediction_id}' not found")
        return success(self._given(task, now, origin) | _repeated(task, self._switches.result_inputs))

    def notification(self, prediction_id: str, now: datetime, origin: str) -> bytes | None:
        """Return what a webhook says of a task: the bare prediction; None when it is gone."""
        task = self._task(prediction_id, now)
        return None if task is None else canonical_json(self._shown(task, now, origin)).encode()

    @refusable
    def listing(self, query: JsonObject, now: datetime, origin: str) -> Reply:
        """Answer one page of the account's tasks, newest first."""
        self._refuse_revoked(reads=True)
        page = read_count(query, "page", default=1, least=1, most=10**6)
        page_size = read_count(query, "page_size", default=_PAGE_SIZE, least=1, most=_PAGE_SIZE)
        wanted = read_text(query, "status")
        first, last = self._horizon(now), now - timedelta(seconds=self._switches.list_lag_s)
        tasks = self._book.tasks(
            since=max(first, read_time(query, "created_after", default=first)),
            until=min(last, read_time(query, "created_before", default=last)),
            model=read_text(query, "model"),
        )
        visible = [task for task in tasks if self._switches.shows_deleted or not task.deleted]
        matching = [task for task in visible if wanted is None or task.status(now) == wanted]
        key = self._switches.list_inputs if query.get("include_inputs") is True else InputsKey.NOTHING
        items: list[Json] = [
            self._shown(task, now, origin) | self._listed_inputs(task, key)
            for task in matching[(page - 1) * page_size : page * page_size]
        ]
        return success({"page": page, "items": items})

    @refusable
    def delete(self, query: JsonObject, now: datetime) -> Reply:
        """Forget tasks; what they cost stays charged."""
        ids = query.get("ids")
        if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
            raise Refusal(400, "'ids' must be a list of prediction ids")
        deleted = self._book.delete([str(each) for each in ids], self._horizon(now))
        return success({"deleted_count": deleted})

    def picture(self, prediction_id: str, file_name: str, now: datetime) -> Picture | None:
        """Return what an output file shows; None when there is no such file at this moment."""
        task = self._task(prediction_id, now)
        if task is None or task.status(now) is not Status.COMPLETED or file_name not in task.file_names:
            return None
        return task.picture(file_name)

    # ---- money and models -----------------------------------------------------------------------

    @refusable
    def balance(self, now: datetime) -> Reply:
        """Answer what is left of the account."""
        self._refuse_silently()
        return success({"balance": float(self._left_usd(now))})

    @refusable
    def bills(self, query: JsonObject, now: datetime) -> Reply:
        """Answer one page of what was charged and given back, newest first."""
        self._refuse_silently()
        page = read_count(query, "page", default=1, least=1, most=10**6)
        page_size = read_count(query, "page_size", default=_PAGE_SIZE, least=1, most=_PAGE_SIZE)
        first = read_time(query, "start_time", default=_EVER)
        last = read_time(query, "end_time", default=now)
        kind, model = read_text(query, "billing_type"), read_text(query, "model_uuid")
        if kind not in (None, DEDUCT, REFUND):
            raise Refusal(400, f"'billing_type' is '{kind}'; it must be {DEDUCT} or {REFUND}")
        found = [
            line.shown(number, now)
            for number, line in enumerate(lines(self._book.charged_tasks(), self._refunds, now))
            if kind in (None, line.kind) and model in (None, line.task.model) and first <= line.at <= last
        ]
        end = page * page_size
        items: list[Json] = list(found[end - page_size : end])
        return success({"page": page, "has_more": len(found) > end, "items": items})

    def webhook_secret(self) -> Reply:
        """Answer what webhooks are signed with."""
        return success({"secret": SECRET})

    @refusable
    def price(self, query: JsonObject, *, legacy: bool = False) -> Reply:
        """Answer what a request would cost; inputs that are missing count as their defaults."""
        self._refuse_silently()
        inputs = query.get("inputs", {})
        if not isinstance(inputs, dict):
            raise Refusal(400, "'inputs' must be a map")
        model = self._model(read_text(query, "model_id") or "")
        request, problems = normalise(self._catalogue, model, inputs)
        if wrong := [problem for problem in problems if problem.name in model.priced_inputs]:
            raise Refusal(400, wrong[0].message)
        usd = float(self._asked_usd(model.price(_with_prices(model, request))))
        shown: dict[str, Json] = {"unit_price": usd} if legacy else {"price": usd, "discounted_price": usd}
        return success({"model_id": model.model_id, **shown, "currency": "USD"})

    def models(self, origin: str) -> Reply:
        """Answer every model with its price and the schema of its inputs."""
        return success([model_entry(model, origin) for model in self._catalogue.models.values()])

    # ---- how a submit is judged -----------------------------------------------------------------

    def _model(self, model_id: str) -> ModelSpec:
        model = self._catalogue.models.get(model_id)
        if model is None:
            hint = did_you_mean(model_id, self._catalogue.models)
            raise Refusal(404, f"model '{model_id}' not found" + (f"; {hint}" if hint else ""))
        return model

    def _judged(
        self, model: ModelSpec, inputs: JsonObject, rehearsed: Rehearsal, now: datetime
    ) -> tuple[Task, Price]:
        known = {name: value for name, value in inputs.items() if name in model.inputs}
        request, problems = normalise(self._catalogue, model, _with_https_images(known))
        problems += self._more_problems(model, inputs)
        if problems and self._switches.bad_input is BadInput.AT_SUBMIT:
            raise Refusal(400, "; ".join(problem.message for problem in problems))
        price = model.price(_with_prices(model, request))
        code, message = self._fate(known, problems, rehearsed, now)
        latency_s = self._switches.task_latency_s if rehearsed.latency_s is None else rehearsed.latency_s
        task = Task(
            prediction_id=uuid.uuid4().hex,
            model=model.model_id,
            inputs=self._kept(model, inputs),
            created_at=now,
            latency_s=min(latency_s, MAX_LATENCY_S),
            images_billed=price.images,
            images_delivered=0 if code else self._delivered(price.images, rehearsed),
            fail_code=code,
            fail_message=message,
        )
        return task, price

    def _kept(self, model: ModelSpec, inputs: JsonObject) -> dict[str, Json]:
        """Return the inputs as the service remembers them."""
        specs = model.inputs.values() if self._switches.shows_defaults else ()
        defaults = {spec.name: spec.default for spec in specs if spec.default is not None}
        sent = {
            name: value for name, value in inputs.items() if name in model.inputs or name in SERVICE_OPTIONS
        }
        return {**defaults, **sent}

    def _more_problems(self, model: ModelSpec, inputs: JsonObject) -> list[InputProblem]:
        problems = []
        size = inputs.get("size")
        if "size" in model.inputs and isinstance(size, str) and not is_readable_size(size):
            message = f"'size' is '{size}'; it must be width*height, like 2048*2048"
            problems.append(InputProblem(name="size", rule="input-type", message=message))
        if self._switches.unknown_inputs is UnknownInputs.REJECTED:
            problems += [
                InputProblem(name=name, rule="unknown-input", message=f"unknown parameter '{name}'")
                for name in inputs
                if name not in model.inputs and name not in SERVICE_OPTIONS
            ]
        return problems

    def _fate(
        self, inputs: JsonObject, problems: list[InputProblem], rehearsed: Rehearsal, now: datetime
    ) -> tuple[int | None, str]:
        """Return the code and the words the task will fail with; None and nothing when it will not."""
        if problems:
            missing = all(problem.rule == "missing-input" for problem in problems)
            return 1400 if missing else 1401, "; ".join(problem.message for problem in problems)
        if rehearsed.fail_code is not None:
            code = rehearsed.fail_code
            return code, f"{TASK_ERRORS.get(code, 'The task failed.')} {_REHEARSED}"
        images = inputs.get("images")
        urls = [str(url) for url in images] if isinstance(images, list) else []
        if absent := self.uploads.absent(urls, now):
            return _MEDIA_ACCESS, f"{TASK_ERRORS[_MEDIA_ACCESS]} {absent[0]}"
        if is_nth(self._book.accepted_count() + 1, self._switches.fail_every):
            code = self._switches.fail_code
            return code, TASK_ERRORS.get(code, "The task failed.")
        return None, ""

    def _delivered(self, billed: int, rehearsed: Rehearsal) -> int:
        if rehearsed.short_by is not None:
            return max(0, billed - rehearsed.short_by)
        return max(1, billed - self._switches.short_by) if billed > 1 else billed

    def _refuse_revoked(self, *, reads: bool = False) -> None:
        switches = self._switches
        if not switches.revoke_after or (reads and not switches.revoked_reads):
            return
        if self._book.accepted_count() >= switches.revoke_after:
            raise Refusal(switches.revoked_status, "The API key is not valid any more.")

    def _refuse_unavailable(self) -> None:
        self._submits += 1
        if is_nth(self._submits, self._switches.unavailable_every):
            raise Refusal(503, "The service is temporarily unavailable.")

    def _refuse_over_rate(self, images: int, now: datetime) -> None:
        limit = self._switches.images_per_minute
        if limit is None:
            return
        recent = self._book.tasks(since=now - _RATE_WINDOW + timedelta(microseconds=1), until=now)
        weights = [task.images_billed if self._switches.rate_counts_images else 1 for task in recent]
        room = limit - (images if self._switches.rate_counts_images else 1)
        if not recent or sum(weights) <= room:
            return  # a set above the whole limit passes alone, or it never could
        used = list(accumulate(reversed(weights)))  # by the oldest, the two oldest, ...
        freeing = next(index for index, freed in enumerate(used) if used[-1] - freed <= max(0, room))
        free_at = recent[-1 - freeing].created_at + _RATE_WINDOW
        wait_s = math.ceil((free_at - now).total_seconds())
        words = "Too many requests: the images a minute are used up."
        raise Refusal(429, words, {"Retry-After": str(wait_s)})

    def _refuse_over_balance(self, usd: Decimal, now: datetime) -> None:
        if self._switches.balance_usd is not None and usd > self._left_usd(now):
            raise Refusal(402, "Insufficient balance.")

    def _left_usd(self, now: datetime) -> Decimal:
        if self._switches.balance_usd is None:
            return _SHOWN_BALANCE_USD
        refunded = refunded_usd(self._book.charged_tasks(), self._refunds, now)
        return self._switches.balance_usd - self._book.charged_usd() + refunded

    def _asked_usd(self, price: Price) -> Decimal:
        return price.total_usd * self._switches.price_percent / 100

    def _refuse_silently(self) -> None:
        self._refuse_revoked(reads=True)
        if self._switches.account_is_silent:
            raise Refusal(503, "The account cannot be asked at the moment.")

    def _delivery(self, task: Task, webhook: str | None) -> Delivery | None:
        if webhook is None:
            return None
        times = self._switches.webhook_deliveries
        return Delivery(url=webhook, prediction_id=task.prediction_id, due_at=task.ready_at, times=times)

    # ---- how a task is shown --------------------------------------------------------------------

    def _accepted(self, task: Task, count: int, rehearsed: Rehearsal, now: datetime, origin: str) -> Reply:
        switches = self._switches
        if is_nth(count, switches.bad_gateway_every):
            return Reply(status=502, body=_BAD_GATEWAY)
        delay_s = switches.slow_answer_s if is_nth(count, switches.slow_answer_every) else 0.0
        shown = self._given(task, now, origin)
        if task.inputs.get("enable_sync_mode") is True:
            held_s = min(task.latency_s, switches.sync_wait_limit_s)
            delay_s += held_s
            shown = self._held(task, now + timedelta(seconds=held_s), origin)
        cut = rehearsed.loses_answer or is_nth(count, switches.lose_every)
        return Reply(body=enveloped(shown), delay_s=delay_s, cut=cut)

    def _held(self, task: Task, until: datetime, origin: str) -> dict[str, Json]:
        shown = self._given(task, until, origin)
        if until >= task.ready_at:
            return shown
        limit = f"{self._switches.sync_wait_limit_s:g} seconds"
        words = f"Sync mode timed out after {limit}; the task is still running. Query the result later."
        return shown | {"status": Status.PROCESSING.value, "code": _SYNC_TIMED_OUT, "error": words}

    def _given(self, task: Task, now: datetime, origin: str) -> dict[str, Json]:
        """Return a task with its outputs as they were asked for: as URLs, or as naked base64."""
        shown = self._shown(task, now, origin)
        if shown["outputs"] and task.inputs.get("enable_base64_output") is True:
            pictures = [self._draw(task.picture(name)) for name in task.file_names]
            shown["outputs"] = [b64encode(picture).decode() for picture in pictures]
        return shown

    def _shown(self, task: Task, now: datetime, origin: str) -> dict[str, Json]:
        status = task.status(now)
        finished = status in {Status.COMPLETED, Status.FAILED}
        names = task.file_names if status is Status.COMPLETED else []
        outputs: list[Json] = [f"{origin}/outputs/{task.prediction_id}/{name}" for name in names]
        inference_ms = round(task.latency_s * 1000) if finished else 0
        shown: dict[str, Json] = {
            "id": task.prediction_id,
            "model": task.model,
            "outputs": outputs,
            "urls": {"get": f"{origin}/api/v3/predictions/{task.prediction_id}/result"},
            "status": status.value,
            "created_at": timestamp(task.created_at),
            "error": task.fail_message if status is Status.FAILED else "",
            "executionTime": inference_ms,
            "timings": {"inference": inference_ms},
        }
        if status is Status.FAILED:
            shown["code"] = task.fail_code
        if self._switches.shows_nsfw_flags:
            shown["has_nsfw_contents"] = [False for _ in outputs]
        return shown

    def _listed_inputs(self, task: Task, key: InputsKey) -> dict[str, Json]:
        """Return a task's inputs as the list repeats them: uploads perhaps moved, sizes perhaps respelled."""
        inputs = dict(task.inputs)
        images, size = inputs.get("images"), inputs.get("size")
        if self._switches.moves_uploads and isinstance(images, list):
            inputs["images"] = [_moved(url) for url in images]
        if self._switches.respells_sizes and isinstance(size, str):
            inputs["size"] = size.replace("*", "x")
        return {key.value: inputs} if key is not InputsKey.NOTHING else {}

    def _task(self, prediction_id: str, now: datetime) -> Task | None:
        task = self._book.task(prediction_id)
        if task is None or task.created_at < self._horizon(now):
            return None
        return task if self._switches.shows_deleted or not task.deleted else None

    def _horizon(self, now: datetime) -> datetime:
        return now - timedelta(seconds=self._switches.retention_s)


def _repeated(task: Task, key: InputsKey) -> dict[str, Json]:
    return {key.value: dict(task.inputs)} if key is not InputsKey.NOTHING else {}


def _moved(url: Json) -> Json:
    """Return another address of the same upload."""
    return f"{url}?moved" if isinstance(url, str) and leads_here(url) else url


def _refuse_webhook(inputs: JsonObject, webhook: str | None) -> None:
    if webhook is None:
        return
    if inputs.get("enable_base64_output") is True:
        raise Refusal(400, "base64 output and a webhook exclude each other", bare=True)
    if problem := fault(webhook):
        raise Refusal(400, problem)


def _rehearsed(inputs: JsonObject) -> Rehearsal:
    prompt = inputs.get("prompt")
    try:
        return rehearsal(prompt) if isinstance(prompt, str) else Rehearsal()
    except ValueError as error:
        raise Refusal(400, str(error)) from None


def _with_prices(model: ModelSpec, request: JsonObject) -> dict[str, Json]:
    """Return the request with defaults where an input that sets the price is missing or could not be read."""
    return {name: model.inputs[name].default for name in model.priced_inputs} | dict(request)


def _with_https_images(inputs: JsonObject) -> dict[str, Json]:
    """Return the inputs with uploads of this sandbox spelt as https, as the catalogue wants references."""
    images = inputs.get("images")
    if not isinstance(images, list):
        return dict(inputs)
    return {**inputs, "images": [_as_https(url) for url in images]}


def _as_https(url: Json) -> Json:
    own = isinstance(url, str) and url.startswith("http://") and leads_here(url)
    return "https://" + url.removeprefix("http://") if own and isinstance(url, str) else url
