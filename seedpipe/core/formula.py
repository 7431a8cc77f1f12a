"""A price formula of the service, read with care and worked out for one request.

Hides JSONata. The formula is a stranger's program, so only what states a price passes: arithmetic,
comparisons, choices, plain names, literal lists and maps, and a few functions of numbers. No loops, functions
of its own, joined texts or ranges. Invariants: the work is bounded by the formula's length, the same values
give the same price, and nothing but the values can be seen.
"""

from __future__ import annotations

import sys
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from seedpipe.core.model import Json

_MAX_CHARS: Final = 2_000  # of a formula: the longest price lists of the service are a tenth of it
_MAX_DEPTH: Final = 60  # parts inside parts
_MAX_BINDINGS: Final = 8  # each may square a number: eight still end within a millisecond
_LARGEST_USD: Final = 10_000  # of one request: above it is no price of an image
_PATIENCE_MS: Final = 1_000  # second fences, behind the list of what may stand in a formula
_MAX_STACK: Final = 200
# What the library raises beside its own errors when it meets what it did not expect.
_BROKEN: Final = (ArithmeticError, ValueError, TypeError, AttributeError, LookupError, RecursionError)
_DIGITS: Final = 6  # the ledger's exactness: a millionth of a dollar

_FUNCTIONS: Final = frozenset(
    {"abs", "boolean", "ceil", "contains", "count", "exists", "floor", "length", "lookup", "lowercase"}
    | {"max", "min", "not", "number", "round", "sqrt", "string", "substringAfter", "substringBefore"}
    | {"sum", "uppercase"}
)
_OPERATORS: Final = frozenset({"+", "-", "*", "/", "%", "=", "!=", "<", "<=", ">", ">=", "and", "or", "in"})
_PARTS: Final = {  # by kind of a node: where the nodes below it stand
    "binary": ("lhs", "rhs"),
    "bind": ("lhs", "rhs"),
    "block": ("expressions",),
    "condition": ("condition", "then", "_else"),
    "function": ("arguments",),
    "name": (),
    "number": (),
    "path": ("steps",),
    "string": (),
    "unary": ("expression", "expressions", "lhs_object"),
    "value": (),
    "variable": (),
}
_EXTRAS: Final = ("predicate", "stages", "group", "focus", "index", "ancestor", "keep_array")


class FormulaFault(Exception):  # noqa: N818 - a fact about the service's formula, told by whoever asked
    """A formula is not one that prices are worked out with; the message says why."""


class Formula:
    """A price formula that was found harmless. `names` are the values that it reads at its top."""

    def __init__(self, text: str) -> None:
        """Read a formula; raises `FormulaFault` when it says more than a price."""
        self._expression = _parsed(text)
        tree = self._expression.ast
        guard = _Guard()
        guard.check(tree, depth=0)
        self.names = frozenset(guard.names)

    def price_usd(self, values: Mapping[str, Json]) -> Decimal:
        """Return what a request with these values costs; raises `FormulaFault` when that is no amount."""
        try:
            result = self._expression.evaluate(dict(values))
        except (_jsonata().JException, *_BROKEN):
            raise FormulaFault("it cannot be worked out") from None
        if isinstance(result, dict):
            result = result.get("total_price")
        if isinstance(result, bool) or not isinstance(result, int | float):
            raise FormulaFault("it does not give a number")
        if not 0 <= result <= _LARGEST_USD:  # also of what is not a number: nothing compares with that
            raise FormulaFault("it does not give an amount of money")
        return round(Decimal(str(result)), _DIGITS)


@cache
def _jsonata() -> Any:
    """Return the library. Its import lets the whole process recurse deeper: that is taken back at once."""
    usual = sys.getrecursionlimit()
    import jsonata  # noqa: PLC0415 - once, and only where a formula is read

    sys.setrecursionlimit(usual)
    return jsonata


def _parsed(text: str) -> Any:
    library = _jsonata()
    if len(text) > _MAX_CHARS:
        raise FormulaFault(f"it is longer than {_MAX_CHARS} characters")
    try:
        return library.Jsonata(text, timeout=_PATIENCE_MS, stack=_MAX_STACK)
    except (library.JException, *_BROKEN):
        raise FormulaFault("it is not understood") from None


class _Guard:
    """Walks a formula's tree and refuses what is not on the list."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self._bound: list[str] = []

    def check(self, node: Any, *, depth: int) -> None:
        if depth > _MAX_DEPTH:
            raise FormulaFault("it is nested too deeply")
        if node.type not in _PARTS or any(getattr(node, extra, None) for extra in _EXTRAS):
            raise FormulaFault(f"it uses more than arithmetic and choices: {_shown(node)}")
        self._check_kind(node)
        for part in _PARTS[node.type]:
            for below in _nodes(getattr(node, part, None)):
                self.check(below, depth=depth + 1)

    def _check_kind(self, node: Any) -> None:
        match node.type:
            case "binary" if node.value not in _OPERATORS:
                raise FormulaFault(f"it uses the operator '{node.value}'")
            case "unary" if node.value not in ("-", "[", "{"):
                raise FormulaFault(f"it uses more than arithmetic and choices: {_shown(node)}")
            case "function" if node.procedure.type != "variable" or node.procedure.value not in _FUNCTIONS:
                raise FormulaFault(f"it uses the function '{_shown(node.procedure)}'")
            case "variable" if node.value not in self._bound:
                raise FormulaFault(f"it uses '${node.value}' before it has a value")
            case "number" if isinstance(node.value, int) and abs(node.value) > 10**12:
                raise FormulaFault("it has a number of more than 12 digits")
            case "bind":
                self._bind(node)
            case "path":
                self._check_path(node)
            case _:
                pass

    def _bind(self, node: Any) -> None:
        if node.lhs.type != "variable" or len(self._bound) >= _MAX_BINDINGS:
            raise FormulaFault(f"it names more than {_MAX_BINDINGS} values of its own")
        self._bound.append(str(node.lhs.value))

    def _check_path(self, node: Any) -> None:
        """Allow plain names with dots between: each step leads into the values and multiplies nothing."""
        if any(step.type != "name" for step in node.steps):
            raise FormulaFault("it uses more than plain names")
        self.names.add(str(node.steps[0].value))


def _nodes(part: Any) -> Iterator[Any]:
    """Yield the nodes of a part of the tree: one, a list, or the pairs of a map."""
    if isinstance(part, list | tuple):
        for inner in part:
            yield from _nodes(inner)
    elif hasattr(part, "type"):
        yield part


def _shown(node: Any) -> str:
    return str(node.value) if isinstance(node.value, str | int | float) else str(node.type)
