"""What a template can do: read data behind a fence, and compute a little.

Hides Jinja's sandbox. Invariants: a dot on rows and maps reads columns and keys only, and nothing else can
be reached; the same values always give the same text; every step, string and number has a limit.
Absent on purpose: loaders, clock, randomness, environment, and every function or filter that could build
something large from something small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final

from jinja2 import BaseLoader, StrictUndefined, Template, Undefined, nodes, pass_context, pass_environment
from jinja2.environment import TemplateModule
from jinja2.filters import FILTERS
from jinja2.runtime import LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from seedpipe.core.diagnostics import did_you_mean
from seedpipe.core.paths import safe_segment
from seedpipe.core.values import (
    DataList,
    DataMap,
    Fault,
    Keyed,
    MissingRow,
    TablePart,
    column,
    kind_of,
    missing,
)

if TYPE_CHECKING:
    from jinja2.runtime import Context

MAX_TEXT_CHARS: Final = 50_000  # ten times the longest prompt that any of the models reads
MAX_STEPS: Final = 100_000  # rounds of loops and calls a render: a loop over every row of a large matrix
_MAX_STEPS_TOGETHER: Final = 20_000_000  # of all renders of a campaign: 200 in each of 100,000 cells
_FOR_NUMBERS: Final = frozenset("-*/")
_NODES_A_STEP: Final = 20  # a round of a long body is as much work as several of short ones
_MAX_NUMBER: Final = 10**15  # exact as a float too; nothing in a prompt counts further

_TEXT_METHODS: Final = frozenset(
    (
        *("capitalize", "casefold", "count", "endswith", "find", "isalnum", "isalpha", "isdigit", "islower"),
        *("isupper", "lower", "lstrip", "partition", "removeprefix", "removesuffix", "rpartition", "rsplit"),
        *("rstrip", "split", "splitlines", "startswith", "strip", "swapcase", "title", "upper"),
    )
)
_JINJA_FILTERS: Final = (
    *("abs", "capitalize", "count", "d", "default", "dictsort", "first", "float", "int", "items", "last"),
    *("length", "list", "lower", "map", "max", "min", "reject", "rejectattr", "reverse", "select"),
    *("selectattr", "sort", "string", "sum", "title", "trim", "truncate", "unique", "upper", "wordcount"),
)


def _printed(value: object) -> object:
    """Jinja's last step before text: nothing becomes Python's spelling."""
    if isinstance(value, str | Undefined):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | DataMap | DataList | TablePart):
        return str(value)
    if value is None:
        raise Fault("this expression has no value")
    if isinstance(value, Macro):
        raise Fault(f"'{value.name}' is a macro; call it: {value.name}()", word=value.name)
    hint = "print a single value, or join a list: {{ ... | join(', ') }}"
    raise Fault("this expression is not text", rule="whole-map-printed", hint=hint)


def _as_segment(value: object) -> object:
    """Make whatever is printed in a path one segment of it."""
    text = _printed(value)
    if isinstance(text, Undefined):
        return text
    segment = safe_segment(str(text))
    if not segment:
        raise Fault(f"'{text}' has no characters that are allowed in a path", rule="output-path")
    return segment


@dataclass(slots=True)
class Steps:
    """How many rounds and calls all templates of one campaign may still take together."""

    left: int = _MAX_STEPS_TOGETHER


# ---- the fence --------------------------------------------------------------------------------


class FencedEnvironment(ImmutableSandboxedEnvironment):
    """The sandbox, narrowed to data."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def __init__(self, finalize: Callable[[object], object], loader: BaseLoader | None) -> None:
        super().__init__(
            loader=loader,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,
            finalize=finalize,
        )
        self.globals.clear()
        self.filters = {name: FILTERS[name] for name in _JINJA_FILTERS} | _OWN_FILTERS
        self._steps_left = 0
        self._most_steps = 0

    def _generate(self, source: nodes.Template, *names: Any, **options: Any) -> str:
        """Compile, with what Jinja would do unbounded routed through our filters; partials too."""
        return super()._generate(Bounds().visit(source), *names, **options)

    def get_template(self, *names: Any, **options: Any) -> Template:
        """Return an included file, counted as a step: files that include files multiply like loops."""
        self.step()
        return super().get_template(*names, **options)

    def concat(self, parts: Iterable[str]) -> str:
        """Join what a template or macro printed, and stop before it grows too long."""
        texts: list[str] = []
        length = 0
        for part in parts:
            length += len(part)
            check_length(length)
            texts.append(part)
        return "".join(texts)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return what a dot reads: a column, a key, or a harmless method of text."""
        if isinstance(obj, Keyed):
            return column(obj, attribute)
        if isinstance(obj, DataMap | TablePart | MissingRow):
            return obj.read(attribute)
        if isinstance(obj, str):
            return _text_method(obj, attribute)
        if isinstance(obj, LoopContext) and not attribute.startswith("_"):
            return super().getattr(obj, attribute)
        if isinstance(obj, TemplateModule):
            return _exported(obj, attribute)
        if isinstance(obj, Undefined):
            obj._fail_with_undefined_error()  # noqa: SLF001 - the documented way to fail as strict does
        return missing(f"there is no '{attribute}' here: this is {kind_of(obj)}", word=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Return what brackets read: a column, a key, an entry or a slice."""
        if isinstance(obj, Keyed) and isinstance(argument, str):
            return column(obj, argument)
        if isinstance(obj, DataMap | TablePart | MissingRow):
            return obj.read(str(argument))
        if isinstance(obj, str | tuple | list) and isinstance(argument, int | slice):
            try:
                return obj[argument]
            except IndexError:
                return missing(f"there is no entry {argument}: there are {len(obj)}, counted from 0", word="")
        if isinstance(obj, Undefined):
            obj._fail_with_undefined_error()  # noqa: SLF001
        return missing(f"there is no '{argument}' here: this is {kind_of(obj)}", word=str(argument))

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call a macro or a method of text, counted as a step."""
        self.step()
        if not callable(obj) or isinstance(obj, Keyed):
            raise Fault(f"this is {kind_of(obj)} and cannot be called")
        if isinstance(obj, LoopContext):  # a recursive loop: its rounds count too
            args = tuple(_steps(self, values, 1) for values in args)
        return super().call(context, obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Compute with numbers of moderate size, and join texts."""
        for side in (left, right):
            if isinstance(side, Undefined):
                side._fail_with_undefined_error()  # noqa: SLF001
        if operator == "+" and isinstance(left, str) and isinstance(right, str):
            return _bounded(left, right)
        numbers = (int, float)
        if operator == "**" or not (isinstance(left, numbers) and isinstance(right, numbers)):
            hint = "join texts with ~" if operator == "+" else None
            if operator in _FOR_NUMBERS and isinstance(left, str) != isinstance(right, str):
                hint = "cells of a CSV file are text: convert them to numbers with a filter, (price | float)"
            raise Fault(f"'{operator}' does not work on {kind_of(left)} and {kind_of(right)}", hint=hint)
        result = super().call_binop(context, operator, left, right)
        if abs(result) > _MAX_NUMBER:
            raise Fault("this number is too large", rule="template-limit")
        return result

    @contextmanager
    def counted(self, steps: Steps) -> Iterator[None]:
        """Let one render take its rounds and calls, and no more than are left of all."""
        self._most_steps = self._steps_left = min(MAX_STEPS, steps.left)
        try:
            yield
        finally:
            steps.left -= self._most_steps - max(0, self._steps_left)

    def step(self, weight: int = 1) -> None:
        """Count one round or call; one of a long body weighs more."""
        self._steps_left -= weight
        if self._steps_left >= 0:
            return
        message = f"more than {MAX_STEPS} rounds of loops and calls"
        if self._most_steps < MAX_STEPS:
            message = f"the templates take more than {_MAX_STEPS_TOGETHER} rounds of loops and calls together"
        raise Fault(message, rule="template-limit")


def _exported(module: TemplateModule, name: str) -> object:
    exports = {key: value for key, value in vars(module).items() if not key.startswith("_")}
    if name in exports:
        return exports[name]
    hint = did_you_mean(name, exports) or f"it has {', '.join(exports) or 'nothing'}"
    return missing(f"the imported file has no '{name}'", word=name, hint=hint)


def _text_method(text: str, name: str) -> object:
    if name in _TEXT_METHODS:
        return getattr(text, name)
    if name == "replace":
        return partial(_replace, text)
    if name == "join":
        return partial(_join_with, text)
    return missing(f"text has no '{name}'", word=name, hint=did_you_mean(name, _TEXT_METHODS))


def _bounded(*parts: object) -> str:
    texts = [str(_printed(part)) for part in parts]
    check_length(sum(map(len, texts)))
    return "".join(texts)


def check_length(length: int) -> None:
    """Refuse a text that is too long, before it is built where that is possible."""
    if length > MAX_TEXT_CHARS:
        raise Fault(f"this text is longer than {MAX_TEXT_CHARS} characters", rule="template-limit")


def _replace(text: str, old: str, new: str, count: int = -1) -> str:
    text, old, new = _bounded(text), _bounded(old), _bounded(new)
    check_length(len(text) + text.count(old) * max(0, len(new) - len(old)))
    return text.replace(old, new, count)


def _join(values: Any, separator: str = "", attribute: str | None = None) -> str:
    if isinstance(values, Undefined):
        values._fail_with_undefined_error()  # noqa: SLF001
    environment = _any_environment()
    items = [environment.getitem(value, attribute) if attribute else value for value in values]
    texts = [_bounded(item) for item in items]
    check_length(sum(map(len, texts)) + len(separator) * len(texts))
    return str(separator).join(texts)


def _join_with(separator: str, values: Any) -> str:
    return _join(values, separator)


def _colors(palette: Any) -> str:
    if isinstance(palette, Undefined):
        palette._fail_with_undefined_error()  # noqa: SLF001
    if not isinstance(palette, DataMap):
        hint = "{{ brand.palette | colors }}"
        raise Fault(f"colors takes a palette, not {kind_of(palette)}", word="colors", hint=hint)
    return ", ".join(_bounded(name, " ", value) for name, value in palette.items())


@pass_environment
def _steps(environment: FencedEnvironment, values: Any, weight: int) -> Iterator[object]:
    if not isinstance(values, Undefined | str | DataMap | DataList | tuple | list | Iterator):
        raise Fault(f"this is {kind_of(values)}: it cannot be looped over")
    for value in values:
        environment.step(weight)
        yield value


@pass_environment
def _slice(environment: FencedEnvironment, value: Any, *bounds: Any) -> object:
    if isinstance(value, str | tuple | list | Undefined):
        return environment.getitem(value, slice(*bounds))
    raise Fault(f"this is {kind_of(value)}: it has no parts")


@pass_context
def _weigh(context: Context, weight: int) -> None:
    environment = context.environment
    if isinstance(environment, FencedEnvironment):
        environment.step(weight)


_OWN_FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "colors": _colors,
    "join": _join,
    "replace": _replace,
    "_concat": _bounded,
    "_slice": _slice,
    "_steps": _steps,
    "_weigh": _weigh,
}


class Bounds(NodeTransformer):
    """Routes what Jinja would do unbounded through our filters."""

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - Jinja's naming
        """Bound the length of what `~` joins."""
        self.generic_visit(node)
        first, *rest = node.nodes
        return nodes.Filter(first, "_concat", rest, [], None, None, lineno=node.lineno)

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802
        """Take a slice behind the fence, as a single entry is."""
        self.generic_visit(node)
        if not isinstance(node.arg, nodes.Slice):
            return node
        parts = (node.arg.start, node.arg.stop, node.arg.step)
        bounds: list[nodes.Expr] = [part or nodes.Const(None) for part in parts]
        return nodes.Filter(node.node, "_slice", bounds, [], None, None, lineno=node.lineno)

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802
        """Count the rounds of a loop, by how much is in one."""
        self.generic_visit(node)
        arguments = [nodes.Const(1 + _weight(node.body))]
        if node.recursive:
            _weigh_down(node)
        node.iter = nodes.Filter(node.iter, "_steps", arguments, [], None, None, lineno=node.lineno)
        return node

    def visit_Macro(self, node: nodes.Macro) -> nodes.Node:  # noqa: N802
        """Let a long macro count as more than the one step of its call."""
        self.generic_visit(node)
        _weigh_down(node)
        return node


def _weight(body: list[nodes.Node]) -> int:
    return sum(1 for part in body for _ in part.find_all(nodes.Expr)) // _NODES_A_STEP


def _weigh_down(node: nodes.Macro | nodes.For) -> None:
    """Count what is in a body whenever it is gone through."""
    if weight := _weight(node.body):
        counted = nodes.Filter(nodes.Const(weight), "_weigh", [], [], None, None, lineno=node.lineno)
        node.body.insert(0, nodes.ExprStmt(counted, lineno=node.lineno))


def fenced(*, path: bool, loader: BaseLoader | None = None) -> FencedEnvironment:
    """Return an environment for texts, or for paths, where each printed value is made one segment.

    `loader` finds what templates include; without one they cannot.
    """
    return FencedEnvironment(_as_segment if path else _printed, loader)


@cache
def _any_environment() -> FencedEnvironment:
    return fenced(path=False)
