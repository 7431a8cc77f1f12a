"""What a template can see and do: data behind a fence.

Hides Jinja's sandbox. Invariants: a dot on rows and maps reads columns and keys only, and nothing else can
be reached; the same values always give the same text; every step, string and number has a limit.
Absent on purpose: loaders, clock, randomness, environment, and every function or filter that could build
something large from something small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final, Self

from jinja2 import StrictUndefined, Undefined, nodes, pass_environment
from jinja2.filters import FILTERS
from jinja2.runtime import LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from seedpipe.core.diagnostics import did_you_mean
from seedpipe.core.paths import safe_segment

if TYPE_CHECKING:
    from jinja2.runtime import Context

    from seedpipe.core.model import Json

MAX_TEXT_CHARS: Final = 50_000  # ten times the longest prompt that any of the models reads
MAX_STEPS: Final = 100_000  # rounds of loops and calls a render: a loop over every row of a large matrix
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


class Fault(Exception):  # noqa: N818
    """What went wrong inside a render, before anyone knows the line; `word` is what to mark on it."""

    def __init__(
        self, message: str, *, rule: str = "template-error", hint: str | None = None, word: str = ""
    ) -> None:
        super().__init__(message)
        self.rule = rule
        self.hint = hint
        self.word = word


# ---- the values that templates see ------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What the rows of one axis have in common: its name, its columns by position, and its file."""

    axis: str
    names: Mapping[str, int]
    origin: str


class Keyed(str):
    """A row of an axis: text that is its key, with columns behind it. An empty or null column is missing."""

    __slots__ = ("columns", "values")
    columns: Columns
    values: tuple[object, ...]

    def __new__(cls, key: str, columns: Columns, values: tuple[object, ...] = ()) -> Self:
        """Return the row `key`; `values` are in the order of `columns`, plain data or text."""
        row = super().__new__(cls, key)
        row.columns = columns
        row.values = values
        return row


class Number(float):
    """A number that prints as it was written: `1.10` stays `1.10`."""

    __slots__ = ("written",)
    written: str

    def __new__(cls, value: float, written: str) -> Self:
        """Return the number with its spelling."""
        number = super().__new__(cls, value)
        number.written = written
        return number

    def __str__(self) -> str:
        return self.written


class _Map(Mapping[str, object]):
    """A map of plain data that cannot be printed whole."""

    __slots__ = ("_data", "_path")

    def __init__(self, path: str, data: Mapping[str, Any]) -> None:
        self._path = path
        self._data = {name: shielded(f"{path}.{name}", value) for name, value in data.items()}

    def __getitem__(self, name: str) -> object:
        return self._data[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __str__(self) -> str:
        hint = f"print one of its values: {self._path}.{next(iter(self._data), 'name')}"
        if all(isinstance(value, str) and value.startswith("#") for value in self._data.values()):
            hint += f", or all of them: {self._path} | colors"
        message = f"'{self._path}' is a map and cannot be printed whole"
        raise Fault(message, rule="whole-map-printed", hint=hint, word=self._path.rpartition(".")[2])

    def missing(self, name: str) -> Undefined:
        hint = did_you_mean(name, self._data) or f"it has {', '.join(self._data) or 'nothing'}"
        return _missing(f"'{self._path}' has no '{name}'", word=name, hint=hint)


class _List(tuple[object, ...]):  # noqa: SLOT001 - a tuple with a name cannot have slots
    """A list of plain data that cannot be printed whole."""

    path: str

    def __new__(cls, path: str, values: list[Any]) -> Self:
        entries = super().__new__(cls, (shielded(f"{path}[{at}]", value) for at, value in enumerate(values)))
        entries.path = path
        return entries

    def __str__(self) -> str:
        message = f"'{self.path}' is a list and cannot be printed whole"
        hint = f'print its entries: {{{{ {self.path} | join(", ") }}}}'
        raise Fault(message, rule="whole-map-printed", hint=hint, word=self.path.rpartition(".")[2])


def shielded(path: str, value: Json | Mapping[str, Any]) -> object:
    """Return plain data as templates may see it; `path` is what the template calls it."""
    match value:
        case None:
            return _missing(f"'{path}' has no value", word=path.rpartition(".")[2])
        case Mapping():
            return _Map(path, value)
        case list():
            return _List(path, value)
        case _:
            return value


def _missing(message: str, *, word: str, rule: str = "undefined-name", hint: str | None = None) -> Undefined:
    return StrictUndefined(hint=message, name=word, exc=partial(Fault, rule=rule, hint=hint, word=word))  # type: ignore[arg-type]


def _column(row: Keyed, name: str) -> object:
    shared = row.columns
    if name not in shared.names:
        if shared.names:
            hint = did_you_mean(name, shared.names) or f"it has {', '.join(shared.names)}"
            return _missing(f"axis '{shared.axis}' has no column '{name}'", word=name, hint=hint)
        message = f"axis '{shared.axis}' is a plain list; its keys have no columns"
        hint = f"print the key itself: {{{{ {shared.axis} }}}}"
        return _missing(message, word=name, hint=hint)
    value = row.values[shared.names[name]]
    if value is None or value == "":
        message = f"{shared.axis} '{row}' has no '{name}': the cell is empty in {shared.origin}"
        hint = f"fill it in, or say what stands in for it: {{{{ {shared.axis}.{name} | default('...') }}}}"
        return _missing(message, word=name, rule="missing-value", hint=hint)
    return shielded(f"{shared.axis}.{name}", value) if isinstance(value, list | dict) else value


def _printed(value: object) -> object:
    """Jinja's last step before text: nothing becomes Python's spelling."""
    if isinstance(value, str | Undefined):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | _Map | _List):
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
        raise Fault(f"'{text}' leaves nothing that can stand in a path", rule="output-path")
    return segment


# ---- the fence --------------------------------------------------------------------------------


class FencedEnvironment(ImmutableSandboxedEnvironment):
    """The sandbox, narrowed to data."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def __init__(self, finalize: Callable[[object], object]) -> None:
        super().__init__(
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,
            finalize=finalize,
        )
        self.globals.clear()
        self.filters = {name: FILTERS[name] for name in _JINJA_FILTERS} | _OWN_FILTERS
        self.steps_left = MAX_STEPS

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return what a dot reads: a column, a key, or a harmless method of text."""
        if isinstance(obj, Keyed):
            return _column(obj, attribute)
        if isinstance(obj, _Map):
            return obj[attribute] if attribute in obj else obj.missing(attribute)
        if isinstance(obj, str):
            return _text_method(obj, attribute)
        if isinstance(obj, LoopContext) and not attribute.startswith("_"):
            return super().getattr(obj, attribute)
        if isinstance(obj, Undefined):
            obj._fail_with_undefined_error()  # noqa: SLF001 - the documented way to fail as strict does
        return _missing(f"there is no '{attribute}' here: this is {_kind(obj)}", word=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Return what brackets read: a column, a key, an entry or a slice."""
        if isinstance(obj, Keyed) and isinstance(argument, str):
            return _column(obj, argument)
        if isinstance(obj, _Map):
            name = str(argument)
            return obj[name] if name in obj else obj.missing(name)
        if isinstance(obj, str | tuple | list) and isinstance(argument, int | slice):
            try:
                return obj[argument]
            except IndexError:
                return _missing(
                    f"there is no entry {argument}: there are {len(obj)}, counted from 0", word=""
                )
        if isinstance(obj, Undefined):
            obj._fail_with_undefined_error()  # noqa: SLF001
        return _missing(f"there is no '{argument}' here: this is {_kind(obj)}", word=str(argument))

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call a macro or a method of text, counted as a step."""
        self.step()
        if not callable(obj) or isinstance(obj, Keyed):
            raise Fault(f"this is {_kind(obj)} and cannot be called")
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
            raise Fault(f"'{operator}' does not work on {_kind(left)} and {_kind(right)}", hint=hint)
        result = super().call_binop(context, operator, left, right)
        if abs(result) > _MAX_NUMBER:
            raise Fault("this number is too large", rule="template-limit")
        return result

    def step(self) -> None:
        """Count one round or call."""
        self.steps_left -= 1
        if self.steps_left < 0:
            message = f"more than {MAX_STEPS} rounds of loops and calls"
            raise Fault(message, rule="template-limit")


def _text_method(text: str, name: str) -> object:
    if name in _TEXT_METHODS:
        return getattr(text, name)
    if name == "replace":
        return partial(_replace, text)
    if name == "join":
        return partial(_join_with, text)
    return _missing(f"text has no '{name}'", word=name, hint=did_you_mean(name, _TEXT_METHODS))


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
    environment = environment_for(path=False)
    items = [environment.getitem(value, attribute) if attribute else value for value in values]
    texts = [_bounded(item) for item in items]
    check_length(sum(map(len, texts)) + len(separator) * len(texts))
    return str(separator).join(texts)


def _join_with(separator: str, values: Any) -> str:
    return _join(values, separator)


def _colors(palette: Any) -> str:
    if isinstance(palette, Undefined):
        palette._fail_with_undefined_error()  # noqa: SLF001
    if not isinstance(palette, _Map):
        hint = "{{ brand.palette | colors }}"
        raise Fault(f"colors takes a palette, not {_kind(palette)}", word="colors", hint=hint)
    return ", ".join(_bounded(name, " ", value) for name, value in palette.items())


@pass_environment
def _steps(environment: FencedEnvironment, values: Any) -> Iterator[object]:
    if not isinstance(values, Undefined | str | _Map | _List | tuple | list | Iterator):
        raise Fault(f"this is {_kind(values)}: there is nothing to loop over")
    for value in values:
        environment.step()
        yield value


_OWN_FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "colors": _colors,
    "join": _join,
    "replace": _replace,
    "_concat": _bounded,
    "_steps": _steps,
}


class Bounds(NodeTransformer):
    """Routes what Jinja would do unbounded through our filters."""

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - Jinja's naming
        """Bound the length of what `~` joins."""
        self.generic_visit(node)
        first, *rest = node.nodes
        return nodes.Filter(first, "_concat", rest, [], None, None, lineno=node.lineno)

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802
        """Count the rounds of a loop."""
        self.generic_visit(node)
        node.iter = nodes.Filter(node.iter, "_steps", [], [], None, None, lineno=node.lineno)
        return node


@cache
def environment_for(*, path: bool) -> FencedEnvironment:
    """Return the environment for texts, or for paths, where each printed value is made one segment."""
    return FencedEnvironment(_as_segment if path else _printed)


def _kind(value: object) -> str:  # noqa: PLR0911 - a table by type
    match value:
        case Keyed():
            return f"a row of '{value.columns.axis}'"
        case str():
            return "text"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case Mapping():
            return "a map"
        case tuple() | list():
            return "a list"
        case None:
            return "nothing"
        case _:
            return "no plain value"
