"""One series over the campaign's defaults: which axes, which model, which templates may use which names.

Hides what is known where: `image` in a path, `input` in a prompt, an axis only in a series that is over it.
Invariant: a series that is returned uses known names only, and inputs that are the same in every cell fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from seedpipe.core.campaign import yaml
from seedpipe.core.campaign.layers import deletes
from seedpipe.core.campaign.model import Derived, InputValue, Override, Publication, Series
from seedpipe.core.campaign.publications import read_formats
from seedpipe.core.campaign.reading import NO_MAP, map_at, scalars
from seedpipe.core.campaign.selecting import SelectionReader
from seedpipe.core.campaign.yaml import Mapping, Node, Scalar, Sequence
from seedpipe.core.catalogue import normalise
from seedpipe.core.compiling import compile_condition, compile_template
from seedpipe.core.diagnostics import Diagnostic, did_you_mean
from seedpipe.core.partials import locate_in
from seedpipe.core.references import is_path
from seedpipe.core.selection import Match

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Mapping as MappingOf

    from seedpipe.core.campaign.layers import Layers
    from seedpipe.core.campaign.reading import Reading
    from seedpipe.core.diagnostics import Span
    from seedpipe.core.model import Json
    from seedpipe.core.selection import Axis, Selection
    from seedpipe.core.templates import Locate, Template

DEFAULT_OUTPUT: Final = "{{ series }}/{{ cell }}-{{ image }}"

_IN_INPUT: Final = ("series", "cell", "take")
_IN_PROMPT: Final = (*_IN_INPUT, "max_images", "input")
_IN_OUTPUT: Final = (*_IN_PROMPT, "image")
_IN_PUBLISH: Final = (*_IN_OUTPUT, "format")
_JINJA_WORDS: Final = frozenset(
    ["and", "else", "false", "if", "in", "is", "loop", "none", "not", "or", "self", "true"]
)
RESERVED: Final = {*_IN_OUTPUT, "brand", "shot", "shots", "take", *_JINJA_WORDS}
_OUT_OF_PLACE: Final = {
    "max_images": "'max_images' is available in prompt and output only: it follows from the inputs",
    "input": "'input' is available in prompt and output only: inputs cannot use each other",
    "image": "'image' is available in output only: one request makes all images of a set",
    "format": "'format' is available in publish only: each image is written in all its formats",
    "shots": "this series has no 'shots'; name its images: 'shots: [front, side]'",
    "shot": "'shot' is available in the output of a series that has 'shots'",
    "brand": "this campaign has no brand file; name one at the top: 'brand: brands/name.yaml'",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What the user has named, whether or not it could be read."""

    variables: tuple[str, ...]
    axes: tuple[str, ...]
    brand: bool

    @property
    def everywhere(self) -> frozenset[str]:
        """The names that every template may use."""
        return frozenset(self.variables) | ({"brand"} if self.brand else set())


class SeriesReader:
    """Reads one series over the campaign's defaults."""

    def __init__(self, reading: Reading, layers: Layers, key: Scalar, node: Mapping, names: Names) -> None:
        self._reading = reading
        self._root = root = layers.root
        self._top_input = layers.top_input
        self._given = layers.given
        self.overrides: frozenset[int] = frozenset()  # numbers of those that may match a cell of this series
        self._key = key
        self._node = node
        self._names = names
        self._sound = reading.sound("series", key.raw)
        self._axis_mistyped = False
        self._over = self._read_over()
        sound = reading.sound("series", key.raw, "shots")
        self._shots = scalars(node.get("shots")) if sound else []
        self._derivations = _derivations(root, node)
        self.model_id = self._read_model()

    def read(self, axes: dict[str, Axis]) -> Series | None:
        """Return the series, or None when it has faults or stands on an axis that has."""
        prompt = self._prompt()
        output = self._output()
        inputs = self._with_shots({name: value for name, value in self._inputs() if value})
        overrides = self._read_overrides(axes)
        changed = [template for override in overrides for template in _templates_of(override)]
        publication = self._publication()
        published = [publication.to] if publication else []
        derived = self._derived([prompt, output, *published, *_templates(inputs), *changed])
        selection = self._selection(axes)
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
            derived=derived,
            output=output,
            selection=selection,
            shots=tuple(shot.raw for shot in self._shots),
            overrides=overrides,
            publication=publication,
        )

    @property
    def name(self) -> str:
        """The name of the series."""
        return self._key.raw

    @property
    def derivable(self) -> frozenset[str]:
        """The names that this series can derive."""
        return frozenset(name for name, _ in self._derivations)

    def _report(self, rule: str, message: str, span: Span, hint: str | None = None) -> None:
        self._sound = False
        self._reading.report(rule, message, span, hint, breaks=False)

    def _read_over(self) -> tuple[str, ...]:
        over = self._node.get("over")
        if not isinstance(over, Sequence) or not self._reading.sound("series", self._key.raw, "over"):
            return self._names.axes
        seen: list[str] = []
        for item in over.items:
            name = item.raw if isinstance(item, Scalar) else ""
            if name not in self._names.axes:
                hint = did_you_mean(name, self._names.axes)
                hint = hint or f"the axes are {', '.join(self._names.axes) or 'none yet'}"
                self._report("unknown-axis", f"there is no axis '{name}' in 'matrix'", item.span, hint)
                self._axis_mistyped = True
            elif name in seen:
                self._report("duplicate-axis", f"axis '{name}' appears twice", item.span)
            else:
                seen.append(name)
        return tuple(seen)

    def _read_model(self) -> str | None:
        shared = "model" not in self._node
        path = ("model",) if shared else ("series", self._key.raw, "model")
        node = (self._root if shared else self._node).get("model")
        if not self._reading.sound(*path):
            return None
        if not isinstance(node, Scalar):
            hint = "name one at the top for all series, or one here: 'model: bytedance/seedream-v4'"
            self._report("missing-key", f"series '{self._key.raw}' has no model", self._key.span, hint)
            return None
        models = self._reading.catalogue.models
        if node.raw not in models:
            near = did_you_mean(node.raw, models)
            lists = f"'seedpipe models' lists them; 'seedpipe models sync {node.raw}' asks the service for it"
            hint = near or lists
            self._sound = False
            known = Diagnostic(
                rule="unknown-model", message=f"unknown model '{node.raw}'", span=node.span, hint=hint
            )
            self._reading.keep([known], breaks=False)
            return None
        return node.raw

    def _inputs(self) -> Iterator[tuple[str, InputValue | None]]:
        own = map_at(self._node, "input") if self._reading.sound("series", self._key.raw, "input") else NO_MAP
        shared = map_at(self._root, "input") if self._reading.sound("input") else NO_MAP
        model = self._reading.catalogue.models.get(self.model_id or "")
        known = set(model.inputs) - {"prompt"} if model else set()
        top = {key.raw: (key, node) for key, node in self._top_input.entries if key.raw in known}
        for name, node in shared.items():
            if name in known and name not in own and name not in top:
                yield name, self._input(node, shared.key(name))
        for key, node in top.values():
            if not deletes(node):
                yield key.raw, self._input(node, key)
        for key, node in own.entries:
            if key.raw in top:
                continue
            if key.raw == "prompt":
                hint = "write it as a key of the series, beside 'input'"
                message = "the prompt is not an input"
                self._reading.report("unknown-input", message, key.span, hint, breaks=False)
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
                entries = [self._entry(item) for item in node.items if isinstance(item, Scalar)]
                values = tuple(entry for entry in entries if entry is not None)
                return InputValue(value=values, span=span, key_span=key_span)
            case _:
                return InputValue(value=yaml.plain(node), span=span, key_span=key_span)

    def _entry(self, node: Scalar) -> Json | Template | None:
        """Return an entry of a list; a path that is written out is relative to the file it stands in."""
        given = self._input(node)
        if given is None or isinstance(given.value, tuple):
            return None
        is_file = isinstance(given.value, str) and is_path(given.value)
        return self._reading.path_of(node) if is_file else given.value

    def _with_shots(self, inputs: dict[str, InputValue]) -> dict[str, InputValue]:
        """Return the inputs with the number of images that `shots` names."""
        model = self._reading.catalogue.models.get(self.model_id or "")
        key = self._node.key("shots")
        if not self._shots or model is None or key is None:
            return inputs
        count, given = model.count_input, map_at(self._node, "input")
        top = self._top_input.get(count) if count else None
        if count is None and len(self._shots) > 1:
            hint = "use its 'sequential' variant, or an axis instead of shots"
            message = f"{model.model_id} makes one image per request, but there are {len(self._shots)} shots"
            self._report("shots", message, key.span, hint)
        elif top:
            return self._with_fewer_shots(inputs, top)
        elif count and (own := given.get(count)) and yaml.plain(own) != len(self._shots):
            message = f"'{count}' follows from the {len(self._shots)} shots"
            self._report("shots", message, own.span, "remove it, or name that many shots")
        elif count:
            value = InputValue(value=len(self._shots), span=key.span, key_span=key.span)
            return {**inputs, count: value}
        return inputs

    def _with_fewer_shots(self, inputs: dict[str, InputValue], top: Node) -> dict[str, InputValue]:
        """Keep as many shots as a profile asks for: its drafts make the first ones."""
        asked = yaml.plain(top)
        if not isinstance(asked, int) or not 1 <= asked <= len(self._shots):
            message = (
                f"series '{self._key.raw}' has {len(self._shots)} shots; a profile can only ask for fewer"
            )
            self._report("shots", message, top.span)
        else:
            self._shots = self._shots[:asked]
        return inputs

    def _derived(self, users: Iterable[Template | None]) -> tuple[Derived, ...]:
        """Return the derived texts that these templates use, directly or through each other."""
        used = {name for user in users if user for name in user.names}
        found: list[Derived] = []
        for at in reversed(range(len(self._derivations))):
            name, node = self._derivations[at]
            if name not in used:
                continue
            template = self._compiled(node, _IN_INPUT, derived_before=at)
            if template:
                used |= template.names
                found.append(Derived(name=name, template=template))
        return tuple(reversed(found))

    def _selection(self, axes: dict[str, Axis]) -> Selection:
        where, node = None, self._node.get("where")
        if isinstance(node, Scalar) and self._reading.sound("series", self._key.raw, "where"):
            known = self._names.everywhere | {"series", *self._over}
            where, problems = compile_condition(node.raw, node.locate, known, elsewhere=self._elsewhere())
            self._reading.keep(problems, breaks=False)
            self._reading.mentioned |= where.names if where else set()
            self._sound &= not problems
        reader = SelectionReader(
            reading=self._reading, series=self._key.raw, node=self._node, over=self._over, axes=axes
        )
        selection = reader.read(where)
        self._sound &= reader.sound
        return selection

    def _read_overrides(self, axes: dict[str, Axis]) -> tuple[Override, ...]:
        """Return the campaign's overrides that may match cells of this series."""
        found: list[Override] = []
        for number, node in enumerate(override_nodes(self._root)):
            match = map_at(node, "match")
            named = {key.raw: frozenset(one.raw for one in scalars(value)) for key, value in match.entries}
            here = self._key.raw in named.pop("series", frozenset({self._key.raw}))
            known = all(name in axes and wanted <= axes[name].keys for name, wanted in named.items())
            if here and known and named.keys() <= set(self._over):
                found.append(self._override(number, Match(keys=named, span=match.span), node))
        self.overrides = frozenset(override.number for override in found)
        return tuple(found)

    def _override(self, number: int, match: Match, node: Mapping) -> Override:
        model = self._reading.catalogue.models.get(self.model_id or "")
        known = set(model.inputs) - {"prompt"} if model else set()
        given = [(key, value) for key, value in map_at(node, "input").entries if key.raw in known]
        inputs = {key.raw: self._input(value, key) for key, value in given}
        if model and model.count_input in inputs and self._shots:
            message = f"'{model.count_input}' follows from the shots of series '{self._key.raw}'"
            self._report("shots", message, map_at(node, "input").span)
        names = [name for name, _ in self._derivations]
        derived = {
            name: self._compiled(value, _IN_INPUT, derived_before=names.index(name))
            for name, value in map_at(node, "derive").items()
            if name in names and isinstance(value, Scalar)
        }
        return Override(
            number=number,
            match=match,
            variables={
                name: yaml.data(value)
                for name, value in map_at(node, "variables").items()
                if name not in self._given
            },
            derived={name: template for name, template in derived.items() if template},
            inputs={name: given for name, given in inputs.items() if given},
            checks={name: yaml.data(value) for name, value in map_at(node, "checks").items()},
        )

    def _judge(self, inputs: dict[str, InputValue]) -> None:
        """Judge inputs that are the same in every cell now, however the rest of the series stands."""
        if not self.model_id or any(given.is_dynamic for given in inputs.values()):
            return
        literal = {name: given.literal() for name, given in inputs.items()}
        model = self._reading.catalogue.models[self.model_id]
        resolved, problems = self._reading.references.resolve(model, literal)
        if not problems:
            _, problems = normalise(self._reading.catalogue, model, {**resolved, "prompt": "-"})
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

    def _publication(self) -> Publication | None:
        node, where = map_at(map_at(self._root, "publish"), self._key.raw), ("publish", self._key.raw)
        to = self._template(node, "to", _IN_PUBLISH, *where, as_path=True)
        if not self._reading.sound(*where, "formats"):
            return None
        formats = read_formats(self._reading, map_at(node, "formats"))
        return Publication(to=to, formats=formats) if to else None

    def _prompt(self) -> Template | None:
        node = self._node.get("prompt")
        file = node.get("file") if isinstance(node, Mapping) else None
        if not isinstance(file, Scalar):
            return self._template(self._node, "prompt", _IN_PROMPT, "series", self._key.raw)
        source = self._reading.text(file)
        return self._compiled_text(source.text, locate_in(source), _IN_PROMPT) if source else None

    def _template(
        self, parent: Mapping, name: str, names: tuple[str, ...], *path: str, as_path: bool = False
    ) -> Template | None:
        node = parent.get(name)
        if not isinstance(node, Scalar) or not self._reading.sound(*path, name):
            return None
        return self._compiled(node, names, path=as_path)

    def _compiled(
        self, node: Scalar, names: tuple[str, ...], *, path: bool = False, derived_before: int | None = None
    ) -> Template | None:
        """Return the template; one of `derive` sees the derived texts before it."""
        return self._compiled_text(node.raw, node.locate, names, path=path, derived_before=derived_before)

    def _compiled_text(
        self,
        text: str,
        locate: Locate,
        names: tuple[str, ...],
        *,
        path: bool = False,
        derived_before: int | None = None,
    ) -> Template | None:
        later = {} if derived_before is None else _later(self._derivations, derived_before)
        template, problems = compile_template(
            text,
            locate,
            self._known(names, derived_before),
            elsewhere=self._elsewhere() | later,
            path=path,
            partials=self._reading.partials,
        )
        self._reading.keep(problems, breaks=False)
        self._reading.mentioned |= template.names if template else set()
        self._sound &= not problems
        return template

    def _known(self, names: tuple[str, ...], derived_before: int | None = None) -> frozenset[str]:
        derived = [name for name, _ in self._derivations[:derived_before]]
        shots = (
            ("shots", *(["shot"] if names in (_IN_OUTPUT, _IN_PUBLISH) else []))
            if "shots" in self._node
            else ()
        )
        # Where an axis is mistyped, the templates may use it all the same: one mistake is told once.
        axes = self._names.axes if self._axis_mistyped else self._over
        return self._names.everywhere | {*names, *axes, *derived, *shots}

    def _elsewhere(self) -> dict[str, str]:
        return _OUT_OF_PLACE | {
            axis: f"axis '{axis}' is not in 'over' of series '{self._key.raw}', so it has no one value here"
            for axis in self._names.axes
        }


def override_nodes(root: Mapping) -> list[Mapping]:
    """Return the campaign's overrides in order."""
    listed = root.get("overrides")
    items = listed.items if isinstance(listed, Sequence) else ()
    return [item for item in items if isinstance(item, Mapping)]


def check_derivations(reading: Reading, root: Mapping, names: Names) -> None:
    """Judge what the campaign derives for all series, whether or not one of them uses it."""
    derivations = _derivations(root, None)
    for at, (_, node) in enumerate(derivations):
        known = names.everywhere | {*_IN_INPUT, *names.axes, *(name for name, _ in derivations[:at])}
        elsewhere = _OUT_OF_PLACE | _later(derivations, at)
        template, problems = compile_template(
            node.raw, node.locate, known, elsewhere=elsewhere, partials=reading.partials
        )
        reading.keep(problems, breaks=False)
        reading.mentioned |= template.names if template else set()


def _derivations(root: Mapping, series: Mapping | None) -> list[tuple[str, Scalar]]:
    """Return what is derived in order: the campaign's, then the series' own, which may replace the former."""
    found = dict(map_at(root, "derive").items()) | dict(map_at(series, "derive").items())
    return [(name, node) for name, node in found.items() if isinstance(node, Scalar)]


def _later(derivations: list[tuple[str, Scalar]], at: int) -> dict[str, str]:
    return {
        name: f"'{name}' is derived below; a derived text can use only those above it"
        for name, _ in derivations[at:]
    }


def _templates_of(override: Override) -> Iterator[Template]:
    yield from override.derived.values()
    yield from _templates(override.inputs)


def _templates(inputs: MappingOf[str, InputValue]) -> Iterator[Template]:
    for given in inputs.values():
        yield from given.templates
