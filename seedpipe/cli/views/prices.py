"""Pages about models and prices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich import box
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from seedpipe.cli.console import print_json
from seedpipe.cli.views.words import FORMAT, count, say_next
from seedpipe.core.catalogue import InputKind, size_for_ratio
from seedpipe.core.diagnostics import did_you_mean
from seedpipe.core.errors import InputError
from seedpipe.core.money import exact, usd

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal
    from pathlib import Path

    from seedpipe.app import PlanReview, SyncedModel
    from seedpipe.cli.console import Screen
    from seedpipe.core.catalogue import Catalogue, InputSpec, ModelSpec, Size
    from seedpipe.core.model import Json
    from seedpipe.core.quotes import AccountReview
    from seedpipe.settings import Settings


def show_models(catalogue: Catalogue, screen: Screen, model_id: str | None = None) -> None:
    """Show every model, or one: price, inputs, which sizes it takes, and as of which day."""
    chosen = _chosen(catalogue, model_id)
    if screen.as_json:
        print_json(
            {
                "format": FORMAT,
                "as_of": catalogue.as_of,
                "models": [_model_document(catalogue, model) for model in chosen],
            }
        )
        return
    for model in chosen:
        own = catalogue.own.get(model.model_id)
        price = Text(model.model_id, style="bold").append(f"  {_price(model)}", style="default not bold")
        screen.out.print(price, soft_wrap=True)
        screen.out.print(Padding(Text(_inputs(model), style="dim"), (0, 0, 0, 4)))
        if own:
            place = f"    {own.path}, as of {own.as_of}, from {own.origin}"
            screen.out.print(Text(place), soft_wrap=True)
    if model_id:
        screen.out.print(Text(f"    {_rule(catalogue, chosen[0])}"), soft_wrap=True)
    screen.out.print()
    screen.out.print(
        Text(
            f"prices of {catalogue.as_of}; [shortest-longest side of a size], = default",
            style="dim",
        )
    )
    say_next(
        screen,
        (f"seedpipe sizes {model_id or 'MODEL'}", "lists recommended sizes"),
        (f"seedpipe models sync{f' {model_id}' if model_id else ''}", "compares with the service's prices"),
    )


def _price(model: ModelSpec) -> str:
    unit = f"${exact(model.unit_usd)}"
    if model.unit_by:
        name, by_value = model.unit_by
        cheap = sorted({*by_value.values()})
        unit = f"${exact(cheap[0])} to ${exact(cheap[-1])} by {name}"
    return unit + (f" × {model.count_input}" if model.count_input else "")


def _inputs(model: ModelSpec) -> str:
    return ", ".join(_input(spec) for spec in model.inputs.values() if spec.name != "prompt")


def _input(spec: InputSpec) -> str:
    limits = ""
    if spec.kind in (InputKind.INTEGER, InputKind.URLS):
        limits = f" {spec.minimum}-{spec.maximum}"
    elif spec.kind is InputKind.SIZE and spec.size:
        limits = f" [{spec.size.min_side_px}-{spec.size.max_side_px}]"
    elif len(spec.choices) > 4:  # noqa: PLR2004 - as many as stay readable in a column
        limits = f" ({len(spec.choices)} choices)"
    elif spec.choices:
        limits = f" {'|'.join(spec.choices)}"
    usual = "" if spec.default is None else f" = {spec.default}"
    return spec.name + limits + usual


def _model_document(catalogue: Catalogue, model: ModelSpec) -> dict[str, Any]:
    own = catalogue.own.get(model.model_id)
    return {
        "model": model.model_id,
        "unit_usd": exact(model.unit_usd),
        "unit_usd_by": None
        if not model.unit_by
        else {
            "input": model.unit_by[0],
            "usd": {value: exact(price) for value, price in model.unit_by[1].items()},
        },
        "per": model.count_input,
        "as_of": catalogue.as_of_model(model.model_id),
        "origin": own.origin if own else None,
        "file": own.path if own else None,
        "max_references_and_images": model.max_references_and_images,
        "inputs": {name: _input_document(spec) for name, spec in model.inputs.items()},
        "sizes": [str(size) for size in catalogue.sizes_for(model)],
    }


def _input_document(spec: InputSpec) -> dict[str, Any]:
    told: dict[str, Any] = {"kind": spec.kind.value, "required": spec.required, "default": spec.default}
    if spec.kind in (InputKind.INTEGER, InputKind.URLS):
        told |= {"minimum": spec.minimum, "maximum": spec.maximum}
    if spec.choices:
        told["choices"] = list(spec.choices)
    if spec.size:
        told |= {"min_side_px": spec.size.min_side_px, "max_side_px": spec.size.max_side_px}
        told |= {"min_area_px": spec.size.min_area_px}
    return told


def show_sizes(catalogue: Catalogue, model_id: str | None, screen: Screen) -> None:
    """Show the sizes to take for a model, or for every model those of the recommended ones it accepts."""
    chosen = _chosen(catalogue, model_id)
    accepted = {model.model_id: _sizes(catalogue, model, fill=model_id is not None) for model in chosen}
    if screen.as_json:
        told: dict[str, Json] = {name: [str(size) for _, size in rows] for name, rows in accepted.items()}
        print_json({"format": FORMAT, "sizes": told})
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("ratio", "size", "megapixels"):
        table.add_column(column, justify="right")
    if model_id is None:
        table.add_column("models", ratio=1)
    rows = sorted(
        {row for rows in accepted.values() for row in rows},
        key=lambda row: (-row[1].area_px, -row[1].width_px),
    )
    for row in rows:
        models = [name for name, its_rows in accepted.items() if row in its_rows]
        shown = [row[0], str(row[1]), f"{row[1].area_px / 1e6:.1f}"]
        table.add_row(*shown, *([] if model_id else [escape(_families(models))]))
    if rows:
        screen.out.print(table)
    for model in chosen if model_id else ():
        screen.out.print(escape(_rule(catalogue, model)), soft_wrap=True)
    say_next(screen, (f"seedpipe models {model_id or 'MODEL'}", "shows inputs and price"))


def _sizes(catalogue: Catalogue, model: ModelSpec, *, fill: bool) -> list[tuple[str, Size]]:
    """Return the recommended sizes that a model accepts, with their ratios.

    `fill` has what the usual ratios come to where it accepts none of them.
    """
    spec = model.inputs.get("size")
    accepted = [(_ratio(catalogue, size), size) for size in catalogue.sizes_for(model)]
    if accepted or not fill or spec is None or spec.size is None:
        return accepted
    ratios = {turned for row in catalogue.recommended for turned in (row.ratio, 1 / row.ratio)}
    found = ((ratio, size_for_ratio(ratio, spec.size, catalogue.recommended)) for ratio in sorted(ratios))
    return [(_spelt(ratio.numerator, ratio.denominator), size) for ratio, size in found if size]


def _rule(catalogue: Catalogue, model: ModelSpec) -> str:
    """Return which sizes a model takes beside those that are listed."""
    spec = model.inputs.get("size")
    if spec is None or spec.size is None:
        words = ", ".join(name for name in ("aspect_ratio", "resolution") if name in model.inputs)
        return f"{model.model_id} has no size" + (f"; it takes {words}" if words else "")
    kind = (
        "recommended"
        if catalogue.sizes_for(model)
        else "computed, as it accepts none of the recommended sizes"
    )
    return f'{kind}; accepts any size of {spec.size}; size: "16:9" takes the largest of that ratio'


def _chosen(catalogue: Catalogue, model_id: str | None) -> list[ModelSpec]:
    if model_id is None:
        return list(catalogue.models.values())
    if (model := catalogue.models.get(model_id)) is None:
        hint = did_you_mean(model_id, catalogue.models) or "`seedpipe models` lists all models"
        raise InputError(f"unknown model '{model_id}'", hint=hint)
    return [model]


def _ratio(catalogue: Catalogue, size: Size) -> str:
    """Return the published ratio of a recommended size, turned for portrait."""
    for row in catalogue.recommended:
        wide, high = row.ratio.numerator, row.ratio.denominator
        if size == row.size:
            return _spelt(wide, high)
        if size == row.size.turned:
            return _spelt(high, wide)
    return ""


def _spelt(wide: int, high: int) -> str:
    return {(7, 3): "21:9", (3, 7): "9:21"}.get((wide, high), f"{wide}:{high}")


def _families(names: Iterable[str]) -> str:
    """Return model ids with their variants together: `a/b, /edit`."""
    told: dict[str, list[str]] = {}
    for name in names:
        family = "/".join(name.split("/")[:2])
        told.setdefault(family, []).append(name.removeprefix(family))
    return "; ".join(family + ", ".join(variants) for family, variants in told.items())


def show_sync(synced: Sequence[SyncedModel], settings: Settings, screen: Screen, *, written: bool) -> None:
    """Show what has changed at the service, model by model."""
    if screen.as_json:
        print_json(
            {
                "format": FORMAT,
                "origin": settings.origin,
                "models": [_synced_document(line) for line in synced],
            }
        )
        return
    for line in synced:
        if line.fault:
            screen.out.print(f"[red]{escape(line.model_id)}[/]: {escape(line.fault)}", soft_wrap=True)
        elif line.changes:
            place = f" → {_shown(line.path)}" if written else ""
            screen.out.print(f"[yellow]{escape(line.model_id)}[/]{escape(place)}", soft_wrap=True)
        elif screen.verbose:
            place = f", as in {_shown(line.path)}" if line.path else ", as shipped"
            screen.out.print(escape(line.model_id + place), soft_wrap=True)
        notes = [*line.changes, *(f"note: {remark}" for remark in line.remarks if line.changes)]
        for note in notes:
            screen.out.print(f"  {escape(note)}", soft_wrap=True)
    changed = sum(bool(line.changes) for line in synced)
    faults = sum(bool(line.fault) for line in synced)
    same = len(synced) - changed - faults
    screen.out.print(
        f"{count(len(synced), 'model')}: {changed} changed, {same} unchanged, {faults} unsupported"
    )
    if written and changed:
        say_next(screen, ("git diff models/", "shows the changes"), ("seedpipe plan", "with the new prices"))


def _synced_document(line: SyncedModel) -> dict[str, Any]:
    return {
        "model": line.model_id,
        "changes": list(line.changes),
        "remarks": list(line.remarks),
        "fault": line.fault,
        "file": _shown(line.path) if line.path else None,
    }


def _shown(path: Path | None) -> str:
    from pathlib import Path as Folder

    if path is None:
        return ""
    here = Folder.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def show_balance(amount: Decimal, settings: Settings, screen: Screen) -> None:
    """Show what is left on the account."""
    if screen.as_json:
        print_json({"format": FORMAT, "origin": settings.origin, "balance_usd": exact(amount)})
        return
    screen.out.print(f"{usd(amount)} left at {escape(settings.origin)}")
    say_next(screen, ("seedpipe plan", "shows what a campaign costs"))


def show_live_prices(reviewed: PlanReview, said: AccountReview, screen: Screen) -> None:
    """Show the pinned price and today's for each different price of a plan."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("price of", ratio=1)
    for column in ("jobs", "pinned", "today", "drift, all jobs"):
        table.add_column(column, justify="right", no_wrap=True)
    for quote in said.quotes:
        asked = quote.question
        drift = quote.rise_usd * asked.jobs
        style = "red" if drift > 0 else "green" if drift < 0 else "dim"
        told = f"[{style}]{'+' if drift > 0 else ''}{usd(drift) if drift else 'none'}[/]"
        today = usd(quote.asked_usd)
        table.add_row(escape(asked.label), f"{asked.jobs:,}", usd(asked.planned_usd), today, told)
    screen.out.print(table)
    for silence in said.silences:
        screen.out.print(f"[yellow]{escape(silence)}[/]", soft_wrap=True)
    total = said.drift_usd
    words = f"{usd(abs(total))} {'more' if total > 0 else 'less'} than pinned" if total else "as pinned"
    screen.out.print(f"today's prices: {words} on {escape(reviewed.catalogue_as_of)}")


def live_prices_document(said: AccountReview) -> dict[str, Any]:
    """Return today's prices for a document."""
    return {
        "drift_usd": exact(said.drift_usd),
        "balance_usd": None if said.balance_usd is None else exact(said.balance_usd),
        "silences": list(said.silences),
        "prices": [
            {
                "model": quote.question.model,
                "terms": dict(quote.question.terms),
                "jobs": quote.question.jobs,
                "pinned_usd": exact(quote.question.planned_usd),
                "live_usd": exact(quote.asked_usd),
            }
            for quote in said.quotes
        ],
    }
