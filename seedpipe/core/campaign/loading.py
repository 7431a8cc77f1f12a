"""Campaign file, brand and data → `Campaign`, or everything that is wrong with them.

Hides the order of the checks: syntax, schema, files, names, templates. A fault stops only the part it
is in, so that all are found at once. Invariant: a campaign that is returned beside problems holds the
series that have none, so that `planning` finds what is wrong with their cells.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from seedpipe.core.campaign.brands import read_brand
from seedpipe.core.campaign.habits import habits, read_lint
from seedpipe.core.campaign.layers import Layers, read_layers
from seedpipe.core.campaign.matrix import given_variables, read_axes, read_variables
from seedpipe.core.campaign.model import Budget, Campaign, Series, data_values
from seedpipe.core.campaign.models import read_project_models
from seedpipe.core.campaign.publications import check_published
from seedpipe.core.campaign.reading import Reading, map_at, scalars, text_at
from seedpipe.core.campaign.series import RESERVED, Names, SeriesReader, check_derivations, override_nodes
from seedpipe.core.campaign.yaml import Mapping, Scalar, data
from seedpipe.core.checking import is_on, laid_over
from seedpipe.core.diagnostics import did_you_mean, in_reading_order, nearest
from seedpipe.core.errors import InputError
from seedpipe.core.model import BudgetCaps, DoubtPolicy, Policy, ShortSets
from seedpipe.core.reviewing import ReviewRules, ReviewUnit
from seedpipe.core.variant import AS_IT_STANDS, Variant

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seedpipe.core.campaign.files import Files
    from seedpipe.core.campaign.model import Brand
    from seedpipe.core.campaign.yaml import Node
    from seedpipe.core.catalogue import Catalogue
    from seedpipe.core.diagnostics import Diagnostic
    from seedpipe.core.model import Json
    from seedpipe.core.selection import Axis

_MAX_SERIES: Final = 300  # as the schema says: each is compiled, and nobody reviews more


def read_campaign(
    path: str, files: Files, catalogue: Catalogue, variant: Variant = AS_IT_STANDS
) -> tuple[Campaign | None, list[Diagnostic]]:
    """Return what can be used of the campaign, None when too little, and what is wrong with the rest."""
    reading = Reading(files, catalogue)
    read_project_models(reading)
    return _campaign(reading, path, variant), reading.problems


def faulty(shown_path: str, diagnostics: Iterable[Diagnostic]) -> InputError:
    """Return the error for a campaign with these faults."""
    ordered = in_reading_order(dict.fromkeys(diagnostics))  # one input of many series is one mistake
    errors = "1 error" if len(ordered) == 1 else f"{len(ordered)} errors"
    return InputError(f"{shown_path} has {errors}; nothing was sent or charged", diagnostics=ordered)


def _campaign(reading: Reading, path: str, variant: Variant) -> Campaign | None:
    """Read each part as far as it has no faults."""
    layers = read_layers(reading, path, variant.profile)
    if layers is None:
        return None
    root = layers.root
    given = given_variables(reading, root, variant)
    layers = replace(layers, given=frozenset(given))
    brand = read_brand(reading, root)
    _check_logo(reading, root, brand)
    variables = read_variables(reading, root, given)
    axes = read_axes(reading, root, data_values(variables, brand))
    _check_names(reading, root)
    lint = read_lint(reading, root)
    series = [series for series in _all_series(reading, layers, axes) if series]
    if reading.broken:
        return None
    return Campaign(
        path=reading.shown(path),
        name=text_at(root, "name"),
        brand=brand,
        variables=variables,
        axes=axes,
        series=tuple(series),
        override_spans=tuple(node.span for node in override_nodes(root)),
        labels={name: text_at(map_at(root, "labels"), name) for name, _ in map_at(root, "labels").items()},
        variant=variant,
        budget=_budget(root),
        policy=_policy(root),
        sources=reading.sources,
        catalogue=reading.catalogue,
        references=reading.references,
        lint=lint,
        review=_review(root),
        checks=_checks(root),
        habits=tuple(habits(reading, root, series)),
    )


def _checks(root: Mapping) -> dict[str, dict[str, Json]]:
    """Return the checks of each series: its own over the campaign's."""
    series = map_at(root, "series").entries
    return {key.raw: laid_over(_given_checks(root), _given_checks(node)) for key, node in series}


def _given_checks(node: Node) -> dict[str, Json]:
    return {name: data(value) for name, value in map_at(node, "checks").items()}


def _check_logo(reading: Reading, root: Mapping, brand: Brand | None) -> None:
    """Report checks that look for a logo where the brand has none; one with faults has told them."""
    if ("brand" in root and brand is None) or (brand and brand.logo):
        return
    series = (node for _, node in map_at(root, "series").entries)
    for node in (root, *series, *override_nodes(root)):
        for key, given in map_at(node, "checks").entries:
            if key.raw == "logo" and is_on(data(given)):
                hint = "name a PNG, JPEG or WebP file as `logo` in the brand file"
                reading.report("missing-key", "the brand has no logo to check for", key.span, hint)


def _check_names(reading: Reading, root: Mapping) -> None:
    """Names are flat: templates see axes, variables, derived texts and our own side by side."""
    taken: dict[str, tuple[str, int]] = {}
    ours = RESERVED | ({"format"} if "publish" in root else set())
    shared = (("variables", "a variable"), ("matrix", "an axis"), ("derive", "derived"))
    for part, what in shared:
        for key, _ in map_at(root, part).entries:
            _take_name(reading, key, what, taken, ours)
    plain = {name: at for name, at in taken.items() if at[0] != "derived"}
    for _, series in map_at(root, "series").entries:
        own = dict(plain)  # a series may derive anew what the campaign derives
        for key, _ in map_at(series, "derive").entries:
            _take_name(reading, key, "derived", own, ours)


def _take_name(
    reading: Reading, key: Scalar, what: str, taken: dict[str, tuple[str, int]], ours: set[str]
) -> None:
    if key.raw.casefold() in ours:
        message = f"'{key.raw}' is reserved by seedpipe; use another name"
        reading.report("reserved-name", message, key.span)
    elif key.raw in taken:
        earlier, line = taken[key.raw]
        message = f"'{key.raw}' is already {earlier} (line {line}); templates could not distinguish them"
        reading.report("duplicate-name", message, key.span)
    taken.setdefault(key.raw, (what, key.span.line))


def _all_series(reading: Reading, layers: Layers, axes: dict[str, Axis]) -> list[Series | None]:
    root = layers.root
    names = Names(
        variables=tuple(name for name, _ in map_at(root, "variables").items()),
        axes=tuple(name for name, _ in map_at(root, "matrix").items()),
        brand="brand" in root,
    )
    check_derivations(reading, root, names)
    check_published(reading, root, layers.left_out)
    readers = [
        SeriesReader(reading, layers, key, node, names)
        for key, node in map_at(root, "series").entries[:_MAX_SERIES]
        if isinstance(node, Mapping)
    ]
    models = {reader.model_id for reader in readers}
    _check_shared_inputs(reading, map_at(root, "input"), models)
    _check_shared_inputs(reading, layers.top_input, models)
    for node in override_nodes(root):
        _check_shared_inputs(reading, map_at(node, "input"), models)
    found = [reader.read(axes) for reader in readers]
    _check_overrides(reading, root, readers, axes)
    return found


def _check_overrides(
    reading: Reading, root: Mapping, readers: list[SeriesReader], axes: dict[str, Axis]
) -> None:
    """Refuse overrides that no series takes, and names in them that nothing has."""
    variables = [name for name, _ in map_at(root, "variables").items()]
    derived = {name for reader in readers for name in reader.derivable}
    for number, node in enumerate(override_nodes(root)):
        for key, _ in map_at(node, "variables").entries:
            if key.raw not in variables:
                hint = did_you_mean(key.raw, variables)
                message = f"there is no variable '{key.raw}' to override"
                reading.report("unknown-variable", message, key.span, hint, breaks=False)
        for key, _ in map_at(node, "derive").entries:
            if key.raw not in derived:
                hint = did_you_mean(key.raw, derived)
                message = f"'{key.raw}' is not derived anywhere, so it cannot be overridden"
                reading.report("unknown-variable", message, key.span, hint, breaks=False)
        if not _knows_keys(reading, map_at(node, "match"), axes, [reader.name for reader in readers]):
            continue
        if not any(number in reader.overrides for reader in readers):
            span = map_at(node, "match").span
            hint = "no series uses all the axes it names"
            reading.report("matches-nothing", "this override matches no series", span, hint, breaks=False)


def _knows_keys(reading: Reading, match: Mapping, axes: dict[str, Axis], series: list[str]) -> bool:
    """Say whether a match names axes and keys that there are."""
    sound = True
    for name, node in match.entries:
        if name.raw != "series" and name.raw not in axes:
            hint = did_you_mean(name.raw, ("series", *axes)) or f"the axes are {', '.join(axes)}"
            reading.report("unknown-axis", f"there is no axis '{name.raw}'", name.span, hint, breaks=False)
            sound = False
            continue
        known = series if name.raw == "series" else axes[name.raw].keys
        what = "there is no series" if name.raw == "series" else f"axis '{name.raw}' has no key"
        for key in scalars(node):
            if key.raw not in known:
                near = nearest(key.raw, known)
                reading.report("unknown-axis-key", f"{what} '{key.raw}'", key.span, near, breaks=False)
                sound = False
    return sound


def _check_shared_inputs(reading: Reading, inputs: Mapping, models: set[str | None]) -> None:
    """Refuse an input for all series that no model has; it reaches those whose model has it."""
    known = {name for model_id in models if model_id for name in reading.catalogue.models[model_id].inputs}
    if None in models or not known:
        return
    for key, _ in inputs.entries:
        if key.raw not in known | {"prompt"}:
            hint = did_you_mean(key.raw, known) or f"they take {', '.join(sorted(known - {'prompt'}))}"
            message = f"no model of this campaign has an input '{key.raw}'"
            reading.report("unknown-input", message, key.span, hint, breaks=False)
        elif key.raw == "prompt":
            reading.report("unknown-input", "set the prompt in each series", key.span, breaks=False)


def _budget(root: Mapping) -> Budget:
    node = map_at(root, "budget")
    amounts = _amounts(node)
    return Budget(
        caps=BudgetCaps(
            usd=amounts.get("usd"),
            per_job_usd=amounts.get("per_job_usd"),
            max_jobs=int(amounts.get("max_jobs", BudgetCaps().max_jobs)),
        ),
        spans={name: value.span for name, value in node.items()},
    )


def _amounts(node: Mapping) -> dict[str, Decimal]:
    """Return the amounts that are there; under a key that the format does not know may be anything."""
    named = ((name, node.get(name)) for name in ("usd", "per_job_usd", "max_jobs"))
    return {name: Decimal(str(value.value)) for name, value in named if isinstance(value, Scalar)}


def _review(root: Mapping) -> ReviewRules:
    node, usual = map_at(root, "review"), ReviewRules()
    return ReviewRules(
        unit=ReviewUnit(text_at(node, "unit") or usual.unit),
        quorum=int(text_at(node, "quorum") or usual.quorum),
    )


def _policy(root: Mapping) -> Policy:
    node, usual = map_at(root, "policy"), Policy()
    return Policy(
        in_doubt=DoubtPolicy(text_at(node, "in_doubt") or usual.in_doubt),
        short_sets=ShortSets(text_at(node, "short_sets") or usual.short_sets),
        service_retries=int(text_at(node, "service_retries") or usual.service_retries),
        max_takes=int(text_at(node, "max_takes") or usual.max_takes),
    )
