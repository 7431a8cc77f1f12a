"""A tree against its JSON Schema: every violation as a sentence a designer understands.

Hides jsonschema: its errors are used for where and what, never for their wording. Invariant: a
tree without diagnostics has the shape that the schema promises, so that the reader needs no checks.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from jsonschema import Draft7Validator

from seedpipe import schemas
from seedpipe.core.campaign.yaml import Mapping, Node, Scalar, Sequence, plain
from seedpipe.core.diagnostics import Diagnostic, Span, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jsonschema import ValidationError

_MAX_VIOLATIONS: Final = 500  # more than anyone reads before mending the first; each costs a look-up
_NAMES: Final = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "a map (key: value)",
    "array": "a list",
    "null": "nothing",
}


_PYTHON: Final = {
    "string": str,
    "number": float,
    "integer": int,
    "boolean": bool,
    "object": dict,
    "array": list,
    "null": type(None),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A fault of shape. `path` leads to what cannot be used because of it; a strange key breaks nothing."""

    diagnostic: Diagnostic
    path: tuple[str | int, ...]
    breaks: bool = True


def violations(root: Node, schema: str) -> list[Violation]:
    """Return what in the tree is against the named schema, in no particular order."""
    found: dict[tuple[str, str], Violation] = {}
    errors = _validator(schema).iter_errors(plain(root))
    for violation in islice((told for error in errors for told in _in_words(error, root)), _MAX_VIOLATIONS):
        found.setdefault((str(violation.diagnostic.span), violation.diagnostic.message), violation)
    return list(found.values())


@cache
def _validator(schema: str) -> Draft7Validator:
    return Draft7Validator(schemas.load(schema))


def _in_words(error: ValidationError, root: Node) -> Iterator[Violation]:
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


def _unknown_keys(error: ValidationError, node: Node, key: Scalar | None) -> Iterator[Violation]:
    known = _schema(error)["properties"]
    for name, _ in node.entries if isinstance(node, Mapping) else ():
        if name.raw in known:
            continue
        hint = did_you_mean(name.raw, known) or f"known here: {', '.join(known)}"
        message = f"unknown key '{name.raw}'{_where(key)}"
        diagnostic = Diagnostic(rule="unknown-key", message=message, span=name.span, hint=hint)
        yield Violation(diagnostic=diagnostic, path=(*error.absolute_path, name.raw), breaks=False)


def _missing_key(error: ValidationError, node: Node, key: Scalar | None) -> Iterator[Violation]:
    span = key.span if key else node.span
    for name in _schema(error)["required"]:
        if isinstance(node, Mapping) and name not in node:
            described = _schema(error).get("properties", {}).get(name, {}).get("description")
            hint = f"{name}: {described[0].lower()}{described[1:]}" if described else None
            message = f"'{name}' is missing{_where(key)}"
            diagnostic = Diagnostic(rule="missing-key", message=message, span=span, hint=hint)
            yield Violation(diagnostic=diagnostic, path=(*error.absolute_path, name))


def _wrong_type(error: ValidationError, node: Node, key: Scalar | None) -> Iterator[Violation]:
    wanted = _schema(error)["type"]
    names = [_NAMES[name] for name in ([wanted] if isinstance(wanted, str) else wanted)]
    expected = _either(names)
    subject = _subject(error, key)
    if isinstance(node, Scalar) and node.value is None:
        yield _about(error, node, key, "wrong-type", f"{subject} has no value; it must be {expected}")
        return
    hint = f"put it in quotes: '{node.raw}'" if wanted == "string" and isinstance(node, Scalar) else None
    hint = hint or _example(_schema(error), wanted, key)
    found = node.raw if wanted == "integer" and _kind(node) == "a number" else _kind(node)  # type: ignore[union-attr]
    yield _about(error, node, key, "wrong-type", f"{subject} must be {expected}, not {found}", hint)


def _wrong_pattern(error: ValidationError, node: Node, _: Scalar | None) -> Iterator[Violation]:
    words = _schema(error).get("patternErrorMessage", f"it must match {error.validator_value}")
    path = tuple(error.absolute_path)
    span = node.span
    # A name that is a key stands in the map that was checked; a value is the node itself.
    if isinstance(node, Mapping) and (name := node.key(str(error.instance))):
        path, span = (*path, name.raw), name.span
    diagnostic = Diagnostic(rule="bad-name", message=f"'{error.instance}': {words}", span=span)
    yield Violation(diagnostic=diagnostic, path=path)


def _constant(error: ValidationError, node: Node, key: Scalar | None) -> Iterator[Violation]:
    message = f"{_subject(error, key)} must be {error.validator_value}, the only supported version"
    hint = f"write '{key.raw}: {error.validator_value}'" if key else None
    yield _about(error, node, key, "wrong-value", message, hint)


def _not_listed(error: ValidationError, node: Node, key: Scalar | None) -> Iterator[Violation]:
    known = [str(value) for value in _schema(error)["enum"]]
    given = f"'{node.raw}'" if isinstance(node, Scalar) else _kind(node)
    message = f"{_subject(error, key)} must be {_either(known)}, not {given}"
    hint = did_you_mean(node.raw, known) if isinstance(node, Scalar) else None
    if not hint and key and "then" in error.schema_path:  # what is no text may be a map
        hint = f"'{key.raw}: {{}}' checks as usual; put limits and a level into the braces"
    yield _about(error, node, key, "wrong-value", message, hint)


def _out_of_range(error: ValidationError, node: Node, key: Scalar | None) -> Iterator[Violation]:
    words = {
        "exclusiveMinimum": "must be more than",
        "minimum": "must be at least",
        "maximum": "must be at most",
    }[str(error.validator)]
    yield _about(error, node, key, "wrong-value", f"{_subject(error, key)} {words} {error.validator_value}")


def _empty(error: ValidationError, node: Node, key: Scalar | None) -> Iterator[Violation]:
    yield _about(error, node, key, "empty-value", f"{_subject(error, key)} is empty")


def _too_many(error: ValidationError, node: Node, key: Scalar | None) -> Iterator[Violation]:
    message = f"{_subject(error, key)} has more than {error.validator_value} entries"
    yield _about(error, node, key, "wrong-value", message)


def _repeated(error: ValidationError, node: Node, key: Scalar | None) -> Iterator[Violation]:
    yield _about(error, node, key, "wrong-value", f"{_subject(error, key)} lists an entry twice")


def _other(error: ValidationError, node: Node, key: Scalar | None) -> Iterator[Violation]:
    yield _about(error, node, key, "wrong-value", str(error.message))


_DESCRIBERS: Final[dict[str, Callable[[ValidationError, Node, Scalar | None], Iterator[Violation]]]] = {
    "additionalProperties": _unknown_keys,
    "required": _missing_key,
    "type": _wrong_type,
    "pattern": _wrong_pattern,
    "const": _constant,
    "enum": _not_listed,
    "minimum": _out_of_range,
    "maximum": _out_of_range,
    "exclusiveMinimum": _out_of_range,
    "uniqueItems": _repeated,
    "minLength": _empty,
    "minItems": _empty,
    "minProperties": _empty,
    "maxItems": _too_many,
    "maxProperties": _too_many,
}


def _about(
    error: ValidationError, node: Node, key: Scalar | None, rule: str, message: str, hint: str | None = None
) -> Violation:
    """Point at the value; at its key when the value has no ink of its own or begins on a later line."""
    span: Span = node.span
    empty = isinstance(node, Scalar) and not node.raw and not node.style
    if key and (empty or span.line != key.span.line):
        span = key.span
    diagnostic = Diagnostic(rule=rule, message=message, span=span, hint=hint)
    return Violation(diagnostic=diagnostic, path=tuple(error.absolute_path))


def _schema(error: ValidationError) -> dict[str, Any]:
    """Return the part of the schema that was violated."""
    schema = error.schema
    return schema if isinstance(schema, dict) else {}


def _example(schema: dict[str, Any], wanted: str | list[str], key: Scalar | None) -> str | None:
    """Return how a value of the right kind is written, from the examples of the schema."""
    kinds = [_PYTHON[name] for name in ([wanted] if isinstance(wanted, str) else wanted)]
    fitting = [one for one in schema.get("examples", []) if type(one) in kinds or float in kinds]
    if not key or not fitting:
        return None
    return f"for example: {key.raw}: {_flow(fitting[0])}"


def _flow(value: Any) -> str:
    """Return plain data as somebody writes it in YAML, on one line."""
    match value:
        case dict():
            return "{" + ", ".join(f"{name}: {_flow(each)}" for name, each in value.items()) + "}"
        case list():
            return f"[{', '.join(map(_flow, value))}]"
        case str() if not re.fullmatch(r"[\w./ -]+", value):
            return json.dumps(value, ensure_ascii=False)
        case bool() | None:
            return json.dumps(value)
        case _:
            return str(value)


def _either(names: list[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)


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
