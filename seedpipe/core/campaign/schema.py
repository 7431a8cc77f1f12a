"""A tree against its JSON Schema: every violation as a sentence a designer understands.

Hides jsonschema: its errors are used for where and what, never for their wording. Invariant: a
tree without diagnostics has the shape that the schema promises, so that the reader needs no checks.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from jsonschema import Draft7Validator

from seedpipe import schemas
from seedpipe.core.campaign.yaml import Mapping, Node, Scalar, Sequence, plain
from seedpipe.core.diagnostics import Diagnostic, Span, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jsonschema import ValidationError

_NAMES: Final = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "a map (key: value)",
    "array": "a list",
    "null": "nothing",
}


def violations(root: Node, schema: str) -> list[Diagnostic]:
    """Return what in the tree is against the named schema, in no particular order."""
    found: dict[tuple[str, str], Diagnostic] = {}
    for error in _validator(schema).iter_errors(plain(root)):
        for diagnostic in _in_words(error, root):
            found.setdefault((str(diagnostic.span), diagnostic.message), diagnostic)
    return list(found.values())


@cache
def _validator(schema: str) -> Draft7Validator:
    return Draft7Validator(schemas.load(schema))


def _in_words(error: ValidationError, root: Node) -> Iterator[Diagnostic]:
    node, key = _place(error, root)
    describe = _DESCRIBERS.get(str(error.validator), _other)
    yield from describe(error, node, key)


def _place(error: ValidationError, root: Node) -> tuple[Node, Scalar | None]:
    """Return the node that is wrong, and the key it stands under if there is one."""
    node, key = root, None
    for step in error.absolute_path:
        match node:
            case Mapping():
                key, node = next(pair for pair in node.entries if pair[0].raw == step)
            case Sequence():
                key, node = None, node.items[int(step)]
            case Scalar():
                break
    return node, key


def _unknown_keys(error: ValidationError, node: Node, key: Scalar | None) -> Iterator[Diagnostic]:
    known = error.schema["properties"]
    what = _where(key)
    for name, _ in node.entries if isinstance(node, Mapping) else ():
        if name.raw in known:
            continue
        hint = did_you_mean(name.raw, known) or f"known here: {', '.join(known)}"
        yield Diagnostic(
            rule="unknown-key", message=f"unknown key '{name.raw}'{what}", span=name.span, hint=hint
        )


def _missing_key(error: ValidationError, node: Node, key: Scalar | None) -> Iterator[Diagnostic]:
    span = key.span if key else node.span
    for name in error.validator_value:
        if isinstance(node, Mapping) and name not in node:
            described = error.schema["properties"][name].get("description")
            hint = f"{name}: {described[0].lower()}{described[1:]}" if described else None
            message = f"'{name}' is missing{_where(key)}"
            yield Diagnostic(rule="missing-key", message=message, span=span, hint=hint)


def _wrong_type(error: ValidationError, node: Node, key: Scalar | None) -> Iterator[Diagnostic]:
    wanted = error.validator_value
    names = [_NAMES[name] for name in ([wanted] if isinstance(wanted, str) else wanted)]
    what = _subject(error, key)
    nothing = isinstance(node, Scalar) and node.value is None
    expected = " or ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)
    if nothing:
        yield _about(node, key, "wrong-type", f"{what} has no value; it must be {expected}")
        return
    hint = None
    if wanted == "string" and isinstance(node, Scalar):
        hint = f"put it in quotes: '{node.raw}'"
    yield _about(node, key, "wrong-type", f"{what} must be {expected}, not {_kind(node)}", hint)


def _wrong_pattern(error: ValidationError, node: Node, key: Scalar | None) -> Iterator[Diagnostic]:
    words = error.schema.get("patternErrorMessage", f"it must match {error.validator_value}")
    # A name that is a key stands in the map that was checked; a value is the node itself.
    if isinstance(node, Mapping):
        span = next((name.span for name, _ in node.entries if name.raw == error.instance), node.span)
    else:
        span = node.span
    yield Diagnostic(rule="bad-name", message=f"'{error.instance}': {words}", span=span)


def _constant(error: ValidationError, node: Node, key: Scalar | None) -> Iterator[Diagnostic]:
    what = _subject(error, key)
    message = f"{what} must be {error.validator_value}, the only version there is"
    yield _about(node, key, "wrong-value", message)


def _out_of_range(error: ValidationError, node: Node, key: Scalar | None) -> Iterator[Diagnostic]:
    limit = error.validator_value
    words = {"exclusiveMinimum": f"must be more than {limit}", "minimum": f"must be at least {limit}"}
    what = _subject(error, key)
    yield _about(node, key, "wrong-value", f"{what} {words[str(error.validator)]}")


def _empty(error: ValidationError, node: Node, key: Scalar | None) -> Iterator[Diagnostic]:
    what = _subject(error, key)
    yield _about(node, key, "empty-value", f"{what} is empty")


def _other(error: ValidationError, node: Node, key: Scalar | None) -> Iterator[Diagnostic]:
    yield _about(node, key, "wrong-value", str(error.message))


_DESCRIBERS: Final[dict[str, Callable[[ValidationError, Node, Scalar | None], Iterator[Diagnostic]]]] = {
    "additionalProperties": _unknown_keys,
    "required": _missing_key,
    "type": _wrong_type,
    "pattern": _wrong_pattern,
    "const": _constant,
    "minimum": _out_of_range,
    "exclusiveMinimum": _out_of_range,
    "minLength": _empty,
    "minItems": _empty,
    "minProperties": _empty,
}


def _about(node: Node, key: Scalar | None, rule: str, message: str, hint: str | None = None) -> Diagnostic:
    """Point at the value; at its key when the value has no ink of its own or begins on a later line."""
    span: Span = node.span
    empty = isinstance(node, Scalar) and not node.raw and not node.style
    if key and (empty or span.line != key.span.line):
        span = key.span
    return Diagnostic(rule=rule, message=message, span=span, hint=hint)


def _subject(error: ValidationError, key: Scalar | None) -> str:
    if key:
        return f"'{key.raw}'"
    return "this entry" if error.absolute_path else "the file"


def _where(key: Scalar | None) -> str:
    return f" in '{key.raw}'" if key else ""


def _kind(node: Node) -> str:
    match node:
        case Mapping():
            return "a map"
        case Sequence():
            return "a list"
        case Scalar(value=bool()):
            return "true or false"
        case Scalar(value=int() | float()):
            return "a number"
        case Scalar(value=None):
            return "nothing"
        case Scalar():
            return "text"
