"""Campaign file, brand and data → `Campaign`, or everything that is wrong with them.

Hides the order of the checks: syntax, schema, files, names, templates. A fault stops only the part it
is in, so that all are found at once. Invariants: each file is read once; a campaign that is returned
beside problems holds the series that have none, so that `planning` finds what is wrong with their cells.
"""

from __future__ import annotations

import hashlib
import posixpath
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from seedpipe.core.campaign import tables, yaml
from seedpipe.core.campaign.files import FileProblem
from seedpipe.core.campaign.model import Axis, Brand, Budget, Campaign, InputValue, Series
from seedpipe.core.campaign.schema import violations
from seedpipe.core.campaign.yaml import Mapping, Node, Scalar, Sequence
from seedpipe.core.catalogue import normalise
from seedpipe.core.diagnostics import Diagnostic, SourceText, did_you_mean, in_reading_order
from seedpipe.core.errors import InputError
from seedpipe.core.fence import Columns, Keyed, Number
from seedpipe.core.model import BudgetCaps, DoubtPolicy, Policy, ShortSets
from seedpipe.core.templates import Template, compile_template

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from seedpipe.core.campaign.files import Files
    from seedpipe.core.catalogue import Catalogue
    from seedpipe.core.diagnostics import Span
    from seedpipe.core.model import Json

DEFAULT_OUTPUT: Final = "{{ series }}/{{ cell }}-{{ image }}"

_IN_INPUT: Final = ("series", "cell")
_IN_PROMPT: Final = (*_IN_INPUT, "max_images", "input")
_IN_OUTPUT: Final = (*_IN_PROMPT, "image")
_JINJA_WORDS: Final = frozenset(
    ["and", "else", "false", "if", "in", "is", "loop", "none", "not", "or", "self", "true"]
)
_RESERVED: Final = {*_IN_OUTPUT, "brand", "shot", "shots", "take", *_JINJA_WORDS}
_OUT_OF_PLACE: Final = {
    "max_images": "'max_images' is known in prompt and output only: it follows from the inputs",
    "input": "'input' is known in prompt and output only: inputs cannot use each other",
    "image": "'image' is known in output only: one request makes all images of a set",
    "brand": "this campaign has no brand file; name one at the top: 'brand: brands/name.yaml'",
}


def load_campaign(path: str, files: Files, catalogue: Catalogue) -> Campaign:
    """Return the campaign in file `path`; raises `InputError` with all diagnostics in reading order."""
    campaign, problems = read_campaign(path, files, catalogue)
    if problems or campaign is None:
        raise faulty(files.shown(path), problems)
    return campaign


def read_campaign(path: str, files: Files, catalogue: Catalogue) -> tuple[Campaign | None, list[Diagnostic]]:
    """Return what can be used of the campaign, None when too little, and what is wrong with the rest."""
    loader = _Loader(files, catalogue)
    campaign = loader.load(path)
    return campaign, loader.problems


def faulty(shown_path: str, diagnostics: Iterable[Diagnostic]) -> InputError:
    """Return the error for a campaign with these faults."""
    ordered = in_reading_order(dict.fromkeys(diagnostics))  # one input of many series is one mistake
    errors = "1 error" if len(ordered) == 1 else f"{len(ordered)} errors"
    return InputError(f"{shown_path} has {errors}; nothing was sent or charged", diagnostics=ordered)


class _Loader:
    """Reads one campaign. Each step returns its part as far as it has no faults."""

    def __init__(self, files: Files, catalogue: Catalogue) -> None:
        self.problems: list[Diagnostic] = []
        self.catalogue = catalogue
        self._files = files
        self._contents: dict[str, bytes] = {}
        self._unusable: set[tuple[str | int, ...]] = set()
        self._broken = False  # by a fault outside the series: no cell can be judged

    def load(self, path: str) -> Campaign | None:
        root = self._tree(path, None, "campaign")
        if not isinstance(root, Mapping):
            return None
        brand = self._brand(root)
        variables = self._variables(root)
        axes = self._axes(root)
        self._check_names(root)
        series = [series for series in self._all_series(root, axes) if series]
        if self._broken:
            return None
        return Campaign(
            path=self._files.shown(path),
            name=_text(root, "name"),
            brand=brand,
            variables=variables,
            axes=axes,
            series=tuple(series),
            budget=_budget(root),
            policy=_policy(root),
            sources={name: hashlib.sha256(data).hexdigest() for name, data in sorted(self._contents.items())},
        )

    def sound(self, *path: str) -> bool:
        """Say whether the value at a path has the shape that the schema promises."""
        return not any(path[: len(bad)] == bad or bad[: len(path)] == path for bad in self._unusable)

    def report(
        self, rule: str, message: str, span: Span | None, hint: str | None = None, *, breaks: bool = True
    ) -> None:
        """Keep a fault; one that `breaks` makes the whole campaign unusable."""
        self.problems.append(Diagnostic(rule=rule, message=message, span=span, hint=hint))
        self._broken |= breaks

    # ---- files ----

    def _tree(self, path: str, span: Span | None, schema: str) -> Node | None:
        data = self._read(path, span)
        if data is None:
            return None
        root, problems = yaml.parse(self._files.shown(path), data)
        found = violations(root, schema) if root else []
        # What YAML could not read has no value: saying that too would tell one mistake twice.
        told = {problem.span.line for problem in problems if problem.span}
        self.problems += problems
        self.problems += [
            v.diagnostic for v in found if v.diagnostic.span and v.diagnostic.span.line not in told
        ]
        breaking = [violation.path for violation in found if violation.breaks]
        in_series = [bad for bad in breaking if bad[:1] == ("series",) and bad[1:]]
        self._broken |= bool(problems) or len(in_series) < len(breaking)
        self._unusable |= {bad if schema == "campaign" else ("brand",) for bad in breaking}
        return root

    def _read(self, path: str, span: Span | None) -> bytes | None:
        """Return a file's bytes, from memory when it was read before; `span` is where it is named."""
        name = posixpath.normpath(path)
        if name not in self._contents:
            try:
                self._contents[name] = self._files.read(path)
            except FileProblem as problem:
                self.report(problem.rule, f"{self._files.shown(path)}: {problem}", span, problem.hint)
                return None
        return self._contents[name]

    # ---- parts ----

    def _brand(self, root: Mapping) -> Brand | None:
        named = root.get("brand")
        if not isinstance(named, Scalar) or not self.sound("brand"):
            return None
        tree = self._tree(named.raw, named.span, "brand")
        if not isinstance(tree, Mapping) or not self.sound("brand"):
            return None
        return Brand(
            name=_text(tree, "name"),
            palette={name: _text(_map(tree, "palette"), name) for name, _ in _map(tree, "palette").items()},
            voice=_text(tree, "voice") if "voice" in tree else None,
            extras={name: _data(value) for name, value in _map(tree, "vars").items()},
            usd_per_month=_amounts(_map(tree, "budget")).get("usd_per_month"),
        )

    def _variables(self, root: Mapping) -> dict[str, Json]:
        if not self.sound("variables"):
            return {}
        return {name: _data(value) for name, value in _map(root, "variables").items()}

    def _axes(self, root: Mapping) -> dict[str, Axis]:
        if "matrix" in root and not isinstance(root.get("matrix"), Mapping):
            return {}
        axes: dict[str, Axis] = {}
        for name, node in _map(root, "matrix").entries:
            if self.sound("matrix", name.raw):
                axis = self._listed(name, node) if isinstance(node, Sequence) else self._from_file(name, node)
                axes |= {name.raw: axis} if axis else {}
        return axes

    def _listed(self, name: Scalar, node: Sequence) -> Axis:
        names = dict.fromkeys(
            column for item in node.items if isinstance(item, Mapping) for column, _ in item.items()
        )
        columns = Columns(
            axis=name.raw,
            names={column: at for at, column in enumerate(names)},
            origin=f"{name.span.source.path}:{name.span.line}",
        )
        first: dict[str, Span] = {}
        rows = []
        for item in node.items:
            key = item.get("key") if isinstance(item, Mapping) else item
            if not isinstance(key, Scalar):
                continue
            if fault := tables.key_fault(key.raw):
                self.report("axis-key", f"axis '{name.raw}': {fault}", key.span)
            elif key.raw in first:
                message = (
                    f"the key '{key.raw}' is here twice; it was first given on line {first[key.raw].line}"
                )
                self.report("duplicate-axis-key", message, key.span)
            first.setdefault(key.raw, key.span)
            rows.append(Keyed(key.raw, columns, tuple(_column(item, column) for column in names)))
        return Axis(name=name.raw, rows=tuple(rows), span=name.span)

    def _from_file(self, name: Scalar, node: Node) -> Axis | None:
        if not isinstance(node, Mapping):
            return None
        file, key = node.get("file"), node.get("key")
        if not isinstance(file, Scalar) or not isinstance(key, Scalar):
            return None
        data = self._read(file.raw, file.span)
        if data is None:
            return None
        shown = self._files.shown(file.raw)
        table, problems = tables.parse(shown, data, key=key.raw, key_span=key.span)
        self.problems += problems
        self._broken |= bool(problems)
        if table is None:
            return None
        columns = Columns(
            axis=name.raw, names={column: at for at, column in enumerate(table.columns)}, origin=shown
        )
        rows = tuple(Keyed(row_key, columns, texts) for row_key, texts in table.rows)
        return Axis(name=name.raw, rows=rows, span=name.span)

    def _check_names(self, root: Mapping) -> None:
        """Names are flat: templates see axes, variables and our own side by side."""
        taken: dict[str, tuple[str, int]] = {}
        for part, what in (("variables", "a variable"), ("matrix", "an axis")):
            for key, _ in _map(root, part).entries:
                if key.raw.casefold() in _RESERVED:
                    message = f"'{key.raw}' is a name of seedpipe's own; call it something else"
                    self.report("reserved-name", message, key.span)
                elif key.raw in taken:
                    earlier, line = taken[key.raw]
                    message = (
                        f"'{key.raw}' is already {earlier} (line {line}); templates could not tell them apart"
                    )
                    self.report("duplicate-name", message, key.span)
                taken.setdefault(key.raw, (what, key.span.line))

    def _all_series(self, root: Mapping, axes: dict[str, Axis]) -> Iterator[Series | None]:
        names = _Names(
            variables=tuple(name for name, _ in _map(root, "variables").items()),
            axes=tuple(name for name, _ in _map(root, "matrix").items()),
            brand="brand" in root,
        )
        readers = [
            _SeriesReader(self, root, key, node, names)
            for key, node in _map(root, "series").entries
            if isinstance(node, Mapping)
        ]
        models = {reader.model_id for reader in readers}
        self._check_shared_inputs(root, models)
        for reader in readers:
            yield reader.read(axes)

    def _check_shared_inputs(self, root: Mapping, models: set[str | None]) -> None:
        """Refuse an input for all series that no model has; it reaches those whose model has it."""
        known = {name for model_id in models if model_id for name in self.catalogue.models[model_id].inputs}
        if None in models or not known:
            return
        for key, _ in _map(root, "input").entries:
            if key.raw not in known | {"prompt"}:
                hint = did_you_mean(key.raw, known) or f"they take {', '.join(sorted(known - {'prompt'}))}"
                message = f"no model of this campaign has an input '{key.raw}'"
                self.report("unknown-input", message, key.span, hint, breaks=False)
            elif key.raw == "prompt":
                self.report("unknown-input", "the prompt stands in each series", key.span, breaks=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    """What the user has named, whether or not it could be read."""

    variables: tuple[str, ...]
    axes: tuple[str, ...]
    brand: bool


class _SeriesReader:
    """Reads one series over the campaign's defaults."""

    def __init__(self, loader: _Loader, root: Mapping, key: Scalar, node: Mapping, names: _Names) -> None:
        self._loader = loader
        self._root = root
        self._key = key
        self._node = node
        self._names = names
        self._sound = loader.sound("series", key.raw)
        self._over = self._read_over()
        self.model_id = self._read_model()

    def read(self, axes: dict[str, Axis]) -> Series | None:
        """Return the series, or None when it has faults or stands on an axis that has."""
        prompt = self._template(self._node, "prompt", _IN_PROMPT, "series", self._key.raw)
        output = self._output()
        inputs = {name: value for name, value in self._inputs() if value}
        self._judge(inputs)
        over = tuple(axes[name] for name in self._over if name in axes)
        if not (self._sound and prompt and output and self.model_id) or len(over) < len(self._over):
            return None
        return Series(
            name=self._key.raw,
            span=self._key.span,
            over=over,
            model=self.model_id,
            prompt=prompt,
            inputs=inputs,
            output=output,
        )

    def _report(self, rule: str, message: str, span: Span, hint: str | None = None) -> None:
        self._sound = False
        self._loader.report(rule, message, span, hint, breaks=False)

    def _read_over(self) -> tuple[str, ...]:
        over = self._node.get("over")
        if not isinstance(over, Sequence) or not self._loader.sound("series", self._key.raw, "over"):
            return self._names.axes
        seen: list[str] = []
        for item in over.items:
            name = item.raw if isinstance(item, Scalar) else ""
            if name not in self._names.axes:
                hint = did_you_mean(name, self._names.axes)
                hint = hint or f"the axes are {', '.join(self._names.axes) or 'none yet'}"
                self._report("unknown-axis", f"there is no axis '{name}' in 'matrix'", item.span, hint)
            elif name in seen:
                self._report("duplicate-axis", f"axis '{name}' is here twice", item.span)
            else:
                seen.append(name)
        return tuple(seen)

    def _read_model(self) -> str | None:
        shared = "model" not in self._node
        path = ("model",) if shared else ("series", self._key.raw, "model")
        node = (self._root if shared else self._node).get("model")
        if not self._loader.sound(*path):
            return None
        if not isinstance(node, Scalar):
            hint = "name one at the top for all series, or one here: 'model: bytedance/seedream-v4'"
            self._report("missing-key", f"series '{self._key.raw}' has no model", self._key.span, hint)
            return None
        models = self._loader.catalogue.models
        if node.raw not in models:
            hint = did_you_mean(node.raw, models) or "'seedpipe models' lists them"
            self._sound = False
            known = Diagnostic(
                rule="unknown-model", message=f"unknown model '{node.raw}'", span=node.span, hint=hint
            )
            if known not in self._loader.problems:
                self._loader.problems.append(known)
            return None
        return node.raw

    def _inputs(self) -> Iterator[tuple[str, InputValue | None]]:
        own = _map(self._node, "input") if self._loader.sound("series", self._key.raw, "input") else _NOTHING
        shared = _map(self._root, "input") if self._loader.sound("input") else _NOTHING
        model = self._loader.catalogue.models.get(self.model_id or "")
        for name, node in shared.items():
            if model and name in model.inputs and name != "prompt" and name not in own:
                yield name, self._input(node, shared.key(name))
        for key, node in own.entries:
            if key.raw == "prompt":
                hint = "write it as the series' own key, beside 'input'"
                message = "the prompt is not given as an input"
                self._loader.report("unknown-input", message, key.span, hint, breaks=False)
            else:
                yield key.raw, self._input(node, key)

    def _input(self, node: Node, key: Scalar | None = None) -> InputValue | None:
        key_span = key.span if key else node.span
        span = key_span if isinstance(node, Mapping | Sequence) else node.span
        match node:
            case Scalar(value=str()):
                template = self._compiled(node, _IN_INPUT)
                if template is None:
                    return None
                value = template if template.is_dynamic else node.raw
                return InputValue(value=value, span=span, key_span=key_span)
            case Sequence() if all(isinstance(item, Scalar) for item in node.items):
                parts = [self._input(item) for item in node.items]
                values = tuple(part.value for part in parts if part and not isinstance(part.value, tuple))
                return InputValue(value=values, span=span, key_span=key_span)
            case _:
                return InputValue(value=yaml.plain(node), span=span, key_span=key_span)

    def _judge(self, inputs: dict[str, InputValue]) -> None:
        """Judge inputs that are the same in every cell now, however the rest of the series stands."""
        if not self.model_id or any(given.is_dynamic for given in inputs.values()):
            return
        literal = {name: given.literal() for name, given in inputs.items()}
        model = self._loader.catalogue.models[self.model_id]
        _, problems = normalise(self._loader.catalogue, model, {**literal, "prompt": "-"})
        for problem in problems:
            given = inputs.get(problem.name)
            span = given.place_of(problem) if given else self._key.span
            self._report(problem.rule, problem.message, span, problem.hint)

    def _output(self) -> Template | None:
        if "output" in self._node:
            return self._template(self._node, "output", _IN_OUTPUT, "series", self._key.raw, as_path=True)
        if "output" in self._root:
            return self._template(self._root, "output", _IN_OUTPUT, as_path=True)
        known = self._known(_IN_OUTPUT)
        here = self._key.span
        template, _ = compile_template(DEFAULT_OUTPUT, lambda *_: here, known, elsewhere={}, path=True)
        return template

    def _template(
        self, parent: Mapping, name: str, names: tuple[str, ...], *path: str, as_path: bool = False
    ) -> Template | None:
        node = parent.get(name)
        if not isinstance(node, Scalar) or not self._loader.sound(*path, name):
            return None
        return self._compiled(node, names, path=as_path)

    def _compiled(self, node: Scalar, names: tuple[str, ...], *, path: bool = False) -> Template | None:
        template, problems = compile_template(
            node.raw, node.locate, self._known(names), elsewhere=self._elsewhere(), path=path
        )
        for problem in problems:
            self._sound = False
            if problem not in self._loader.problems:
                self._loader.problems.append(problem)
        return template

    def _known(self, names: tuple[str, ...]) -> frozenset[str]:
        brand = ("brand",) if self._names.brand else ()
        return frozenset((*names, *brand, *self._names.variables, *self._over))

    def _elsewhere(self) -> dict[str, str]:
        return _OUT_OF_PLACE | {
            axis: f"axis '{axis}' is not in 'over' of series '{self._key.raw}', so it has no one value here"
            for axis in self._names.axes
        }


_NOTHING: Final = Mapping(span=SourceText(path="", text="").span(), entries=())


def _budget(root: Mapping) -> Budget:
    node = _map(root, "budget")
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
    return {name: Decimal(str(value.value)) for name, value in node.items() if isinstance(value, Scalar)}


def _policy(root: Mapping) -> Policy:
    node, usual = _map(root, "policy"), Policy()
    return Policy(
        in_doubt=DoubtPolicy(_text(node, "in_doubt") or usual.in_doubt),
        short_sets=ShortSets(_text(node, "short_sets") or usual.short_sets),
        service_retries=int(_text(node, "service_retries") or usual.service_retries),
    )


def _map(parent: Mapping, name: str) -> Mapping:
    node = parent.get(name)
    return node if isinstance(node, Mapping) else _NOTHING


def _text(parent: Mapping, name: str) -> str:
    node = parent.get(name)
    return node.raw if isinstance(node, Scalar) else ""


def _column(row: Node, column: str) -> Json:
    if not isinstance(row, Mapping) or (node := row.get(column)) is None:
        return None
    return node.raw if column == "key" and isinstance(node, Scalar) else _data(node)


def _data(node: Node) -> Json:
    """Return plain data in which numbers keep their spelling."""
    match node:
        case Scalar(value=bool()):
            return node.value
        case Scalar(value=int() | float() as number) if str(number) != node.raw:
            return Number(number, node.raw)
        case Scalar():
            return node.value
        case Sequence():
            return [_data(item) for item in node.items]
        case Mapping():
            return {key.raw: _data(value) for key, value in node.entries}
