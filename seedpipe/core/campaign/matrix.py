"""The campaign's data: axes, plain variables and tables by key.

Hides whether a row stands in the campaign or in a file. Invariants: an axis has unique keys in the order they
were written; a table's fallbacks lead somewhere and never in a circle.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING

from seedpipe.core.campaign import tables
from seedpipe.core.campaign.reading import map_at, scalars
from seedpipe.core.campaign.records import too_many_columns
from seedpipe.core.campaign.yaml import Mapping, Node, Scalar, Sequence, data, plain_text
from seedpipe.core.compiling import compile_condition
from seedpipe.core.diagnostics import did_you_mean
from seedpipe.core.selection import Axis
from seedpipe.core.templates import TemplateFault
from seedpipe.core.values import Columns, Keyed, TableByKey

if TYPE_CHECKING:
    from collections.abc import Mapping as MappingOf
    from collections.abc import Sequence as SequenceOf

    from seedpipe.core.campaign.reading import Reading
    from seedpipe.core.diagnostics import Span
    from seedpipe.core.model import Json
    from seedpipe.core.variant import Variant


def read_axes(reading: Reading, root: Mapping, values: MappingOf[str, object]) -> dict[str, Axis]:
    """Return the axes that have no faults, by name; `values` are the data that a `where` sees."""
    axes: dict[str, Axis] = {}
    judged = not reading.broken  # a `where` over data that could not be read would say strange things
    for name, node in map_at(root, "matrix").entries:
        if reading.sound("matrix", name.raw):
            from_file = isinstance(node, Mapping)
            axis = (
                _from_file(reading, name, node, values if judged else None)
                if from_file
                else _listed(reading, name, node)
            )
            axes |= {name.raw: axis} if axis else {}
    return axes


def read_variables(
    reading: Reading, root: Mapping, given: MappingOf[str, Json]
) -> dict[str, Json | TableByKey]:
    """Return the variables: plain data, tables read from files, and over them those that were given."""
    return _own_variables(reading, root, frozenset(given)) | dict(given)


def given_variables(reading: Reading, root: Mapping, variant: Variant) -> dict[str, Json]:
    """Return the values of `--var-file` and over them those of `--var`."""
    declared = {name for name, _ in map_at(root, "variables").items()}
    given: dict[str, Json] = {}
    for path in variant.variable_files:
        tree = reading.parsed(path, None)
        if tree and not isinstance(tree, Mapping):
            reading.report("wrong-type", "a file of variables is a map of names", tree.span)
        for key, value in tree.entries if isinstance(tree, Mapping) else ():
            if key.raw not in declared:
                _report_undeclared(reading, key.raw, declared, key.span)
            given[key.raw] = data(value)
    for name, text in variant.variables.items():
        if name not in declared:
            _report_undeclared(reading, name, declared, None)
        given[name] = plain_text(text)
    return given


def _report_undeclared(reading: Reading, name: str, declared: set[str], span: Span | None) -> None:
    hint = did_you_mean(name, declared) or f"the campaign has {', '.join(sorted(declared)) or 'none'}"
    reading.report("unknown-variable", f"the campaign has no variable '{name}' to set", span, hint)


def _own_variables(reading: Reading, root: Mapping, replaced: frozenset[str]) -> dict[str, Json | TableByKey]:
    values: dict[str, Json | TableByKey] = {}
    for name, node in map_at(root, "variables").entries:
        if name.raw in replaced or not reading.sound("variables", name.raw):
            continue
        if isinstance(node, Mapping) and "file" in node:
            table = _table(reading, name, node)
            values |= {name.raw: table} if table else {}
        else:
            values[name.raw] = data(node)
    return values


def _listed(reading: Reading, name: Scalar, node: Node) -> Axis:
    items = node.items if isinstance(node, Sequence) else ()
    names = dict.fromkeys(column for item in items if isinstance(item, Mapping) for column, _ in item.items())
    if too_wide := too_many_columns(tuple(names), name.span):
        reading.keep([too_wide])
        names = dict.fromkeys(["key"])
    columns = Columns(
        axis=name.raw,
        names={column: at for at, column in enumerate(names)},
        origin=f"{name.span.source.path}:{name.span.line}",
    )
    first: dict[str, Span] = {}
    rows = []
    for item in items:
        key = item.get("key") if isinstance(item, Mapping) else item
        if not isinstance(key, Scalar):
            continue
        if fault := tables.key_fault(key.raw):
            reading.report("axis-key", f"axis '{name.raw}': {fault}", key.span)
        elif key.raw in first:
            message = f"the key '{key.raw}' appears twice; it first appears on line {first[key.raw].line}"
            reading.report("duplicate-axis-key", message, key.span)
        first.setdefault(key.raw, key.span)
        cells = dict(item.items()) if isinstance(item, Mapping) else {}
        rows.append(Keyed(key.raw, columns, tuple(_cell(cells, column) for column in names)))
    return Axis(name=name.raw, rows=tuple(rows), span=name.span, chosen=range(len(rows)))


def _cell(cells: dict[str, Node], column: str) -> Json:
    node = cells.get(column)
    if node is None:
        return None
    return node.raw if column == "key" and isinstance(node, Scalar) else data(node)


def _from_file(
    reading: Reading, name: Scalar, node: Node, values: MappingOf[str, object] | None
) -> Axis | None:
    file, key = (node.get("file"), node.get("key")) if isinstance(node, Mapping) else (None, None)
    if not isinstance(file, Scalar) or not isinstance(key, Scalar):
        return None
    table, shown = reading.table(file, [key])
    if table is None:
        return None
    columns = Columns(
        axis=name.raw, names={column: at for at, column in enumerate(table.columns)}, origin=shown
    )
    rows = tuple(Keyed(row_key, columns, cells) for (row_key,), cells in table.rows)
    chosen = _chosen(reading, node, rows, values)
    return Axis(name=name.raw, rows=rows, span=name.span, chosen=chosen)


def _chosen(
    reading: Reading, node: Node, rows: tuple[Keyed, ...], values: MappingOf[str, object] | None
) -> SequenceOf[int]:
    """Return the positions of the rows that the axis' `where` keeps."""
    where = node.get("where") if isinstance(node, Mapping) else None
    everything = range(len(rows))
    if not isinstance(where, Scalar) or values is None:
        return everything
    axis = rows[0].columns.axis
    condition, problems = compile_condition(where.raw, where.locate, {*values, axis}, elsewhere={})
    reading.keep(problems)
    if condition is None:
        return everything
    reading.mentioned |= condition.names
    chosen: list[int] = []
    faults = len(reading.problems)
    for at, row in enumerate(rows):
        try:
            chosen += [at] if condition.holds({**values, axis: row}, reading.steps) else []
        except TemplateFault as fault:
            noted = replace(fault.diagnostic, notes=(f"in row {row}",))
            reading.keep([noted])
    if not chosen and len(reading.problems) == faults:
        reading.report("matches-nothing", f"'where' matches no row of '{axis}'", where.span)
    return chosen


def _table(reading: Reading, name: Scalar, node: Mapping) -> TableByKey | None:
    file, keys = node.get("file"), scalars(node.get("key"))
    if not isinstance(file, Scalar):
        return None
    table, shown = reading.table(file, keys)
    if table is None:
        return None
    rows = dict(table.rows)
    prefixes = frozenset(prefix for key in rows for prefix in accumulate((part,) for part in key[:-1]))
    return TableByKey(
        name=name.raw,
        keys=tuple(key.raw for key in keys),
        columns={column: at for at, column in enumerate(table.columns)},
        rows=rows,
        prefixes=prefixes,
        fallback=_fallback(reading, node, {part for key in rows for part in key}),
        origin=shown,
    )


def _fallback(reading: Reading, node: Mapping, keys: set[str]) -> dict[str, str]:
    given = map_at(node, "fallback")
    fallback = {key: value.raw for key, value in given.items() if isinstance(value, Scalar)}
    for key, value in given.entries:
        end, seen = key.raw, list[str]()
        while end in fallback and end not in seen:
            seen.append(end)
            end = fallback[end]
        if end in seen:
            message = f"these fallbacks form a circle: {' → '.join([*seen, end])}"
            reading.report("fallback", message, value.span)
        elif end not in keys:
            message = f"no row has the key '{end}', so it cannot replace '{key.raw}'"
            reading.report("fallback", message, value.span, did_you_mean(end, keys))
    return fallback
