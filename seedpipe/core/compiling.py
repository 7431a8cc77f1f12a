"""From the text of a template to a `Template`, or to what is wrong with it whatever the values.

Hides Jinja's parser. Invariants: a template that is returned uses names that it may use, in itself and in
every file it includes; data is never compiled. What templates may do is the business of `fence`.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from jinja2 import TemplateSyntaxError, meta, nodes
from jinja2.parser import Parser

from seedpipe.core.diagnostics import Diagnostic, did_you_mean
from seedpipe.core.fence import FencedEnvironment
from seedpipe.core.partials import Partials, locate_in
from seedpipe.core.templates import Locate, Template, name_patterns
from seedpipe.core.values import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from seedpipe.core.diagnostics import Span

_CURLED: Final = "\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb"  # what word processors make of quotes
_MAX_CHARS: Final = 100_000  # of one template: twice the longest text that it may bring

_Reference = nodes.Include | nodes.Import | nodes.FromImport


def compile_template(
    text: str,
    locate: Locate,
    known: Collection[str],
    *,
    elsewhere: Mapping[str, str],
    path: bool = False,
    partials: Partials | None = None,
) -> tuple[Template | None, list[Diagnostic]]:
    """Return the template, None when it has faults, and what is wrong with it whatever the values.

    `locate` finds a line of the text, and a pattern on it, in the file; `known` are the names it may use;
    `elsewhere` says of names that exist but not here why. In a `path` each printed value is made one segment.
    """
    if not any(mark in text for mark in ("{{", "{%", "{#")):
        return Template(text=text, names=frozenset(), span=locate(1), _locate=locate), []
    compiler = _Compiler(partials or _no_partials(), known, elsewhere, path=path)
    return compiler.compile(text, FencedEnvironment.parse, locate)


def compile_condition(
    text: str, locate: Locate, known: Collection[str], *, elsewhere: Mapping[str, str]
) -> tuple[Template | None, list[Diagnostic]]:
    """Return an expression like `market in product.markets` as a template that `holds`, or its faults."""
    if "{{" in text:
        message, hint = "a condition is a plain expression", "write it without '{{' and '}}'"
        span = locate(1, re.compile(r"(\{\{)"))
        return None, [Diagnostic(rule="template-syntax", message=message, span=span, hint=hint)]
    compiler = _Compiler(_no_partials(), known, elsewhere, path=False)
    return compiler.compile(text, _parse_condition, locate)


class _Compiler:
    """Compiles one template, following it into the files that it includes."""

    def __init__(
        self, partials: Partials, known: Collection[str], elsewhere: Mapping[str, str], *, path: bool
    ) -> None:
        self._partials = partials
        self._environment = partials.environment(path=path)
        self._known = frozenset(known)
        self._elsewhere = elsewhere
        self._names: set[str] = set()
        self._tested: set[str] = set()
        self._problems: list[Diagnostic] = []
        self._followed: set[tuple[str, frozenset[str]]] = set()

    def compile(
        self, text: str, parse: Callable[[FencedEnvironment, str], nodes.Template], locate: Locate
    ) -> tuple[Template | None, list[Diagnostic]]:
        compiled = None
        try:
            tree = self._parsed(text, parse, locate)
            if tree:
                self._follow(tree, locate, self._known, ())
            if tree and not self._problems:
                compiled = self._environment.from_string(tree)
        except TemplateSyntaxError as error:
            self._problems.append(_syntax_problem(error, self._environment, locate))
        except Fault as fault:  # Jinja computes what is constant, and meets it at once
            self._report(fault.rule, str(fault), locate(1, *name_patterns(fault.word)), fault.hint)
        except (RecursionError, SyntaxError, ValueError, OverflowError, MemoryError):
            message = "this template is nested too deeply, or cannot be read"
            self._report("template-syntax", message, locate(1))
        if compiled is None:
            return None, self._problems
        template = Template(
            text=text,
            names=frozenset(self._names),
            span=locate(1),
            tested=frozenset(self._tested),
            _locate=locate,
            _compiled=compiled,
            _partials=self._partials,
        )
        return template, []

    def _parsed(
        self, text: str, parse: Callable[[FencedEnvironment, str], nodes.Template], locate: Locate
    ) -> nodes.Template | None:
        if len(text) > _MAX_CHARS:
            message = f"this template is longer than {_MAX_CHARS} characters"
            self._report("template-limit", message, locate(1))
            return None
        try:
            return parse(self._environment, text)
        except TemplateSyntaxError as error:
            self._problems.append(_syntax_problem(error, self._environment, locate))
            return None

    def _follow(
        self, tree: nodes.Template, locate: Locate, known: frozenset[str], chain: tuple[str, ...]
    ) -> None:
        """Judge the names of a template, and of the files it includes; `chain` are those that lead here."""
        try:
            names = meta.find_undeclared_variables(tree)
        except TemplateSyntaxError as error:  # it generates code, and so meets filters that do not exist
            self._problems.append(_syntax_problem(error, self._environment, locate))
            return
        self._names |= names & self._known
        self._tested |= set(_tested(tree))
        elsewhere = {**self._elsewhere, **{name: _out_of_sight(name) for name in self._known - known}}
        self._problems += _undeclared(tree, names - known, locate, known, elsewhere)
        inside = known | {node.name for node in tree.find_all(nodes.Name) if node.ctx != "load"}
        for node in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
            span = locate(node.lineno, re.compile(r"\{%[-+]?\s*(include|import|from|extends)\b"))
            if isinstance(node, nodes.Extends):
                hint = "include a file, or import its macros"
                self._report("template-include", "a template cannot extend another", span, hint)
            elif isinstance(node, nodes.Include | nodes.Import | nodes.FromImport):
                self._enter(node, span, inside if node.with_context else frozenset(), chain)

    def _enter(self, node: _Reference, span: Span, known: frozenset[str], chain: tuple[str, ...]) -> None:
        """Judge a file that a template includes or imports."""
        name = node.template.value if isinstance(node.template, nodes.Const) else None
        if not isinstance(name, str):
            hint = '{% include "prompts/light.j2" %}'
            self._report("template-include", "name one file, in quotes", span, hint)
            return
        if name in chain:
            self._report("template-include", f"'{name}' includes itself: {' → '.join((*chain, name))}", span)
            return
        source = self._partials.source(name, span)
        if isinstance(source, Diagnostic):
            self._problems.append(source)
            return
        locate = locate_in(source)
        tree = self._parsed(source.text, FencedEnvironment.parse, locate)
        if tree and isinstance(node, nodes.FromImport):
            self._check_imported(node, tree, name, span)
        if tree and (name, known) not in self._followed:
            self._followed.add((name, known))
            self._follow(tree, locate, known, (*chain, name))

    def _check_imported(self, node: nodes.FromImport, tree: nodes.Template, file: str, span: Span) -> None:
        exported = {macro.name for macro in tree.find_all(nodes.Macro)}
        exported |= {name.name for name in tree.find_all(nodes.Name) if name.ctx == "store"}
        for given in node.names:
            name = given[0] if isinstance(given, tuple) else given
            if name not in exported:
                hint = did_you_mean(name, exported) or f"it has {', '.join(sorted(exported)) or 'nothing'}"
                self._report("undefined-name", f"'{file}' has no '{name}'", span, hint)

    def _report(self, rule: str, message: str, span: Span, hint: str | None = None) -> None:
        self._problems.append(Diagnostic(rule=rule, message=message, span=span, hint=hint))


def _out_of_sight(name: str) -> str:
    return f"'{name}' is not available in an imported file: pass it to the macro, or import it 'with context'"


def _parse_condition(environment: FencedEnvironment, text: str) -> nodes.Template:
    """Return a template that prints something when the expression is true."""
    parser = Parser(environment, text, state="variable")
    test = parser.parse_expression()
    if not parser.stream.eos:
        raise TemplateSyntaxError("a condition is one expression", parser.stream.current.lineno)
    printed = nodes.Output([nodes.TemplateData("true")], lineno=1)
    condition = nodes.If(test, [printed], [], [], lineno=1)
    return nodes.Template([condition], lineno=1).set_environment(environment)  # type: ignore[return-value]


def _tested(tree: nodes.Template) -> Iterator[str]:
    """Yield the names, with a column if there is one, whose truth a template asks for."""
    asked: list[nodes.Node] = [node.test for node in tree.find_all(nodes.If)]
    asked += [node.test for node in tree.find_all(nodes.CondExpr)]
    while asked:
        match asked.pop():
            case nodes.And(left=left, right=right) | nodes.Or(left=left, right=right):
                asked += [left, right]
            case nodes.Not(node=inner):
                asked.append(inner)
            case nodes.Name(name=name):
                yield name
            case nodes.Getattr(node=nodes.Name(name=name), attr=column):
                yield f"{name}.{column}"
            case nodes.Getitem(node=nodes.Name(name=name), arg=nodes.Const(value=str(column))):
                yield f"{name}.{column}"


def _undeclared(
    tree: nodes.Template,
    unknown: Collection[str],
    locate: Locate,
    known: Collection[str],
    elsewhere: Mapping[str, str],
) -> Iterator[Diagnostic]:
    seen = set[tuple[str, int]]()
    for node in tree.find_all(nodes.Name):
        name = node.name
        if name not in unknown or node.ctx != "load" or (name, node.lineno) in seen:
            continue
        seen.add((name, node.lineno))
        if name in elsewhere:
            message, hint = elsewhere[name], None
        else:
            message = f"'{name}' is not defined"
            hint = did_you_mean(name, known) or f"known here: {', '.join(sorted(known))}"
        span = locate(node.lineno, *name_patterns(name))
        yield Diagnostic(rule="undefined-name", message=message, span=span, hint=hint)


def _syntax_problem(error: TemplateSyntaxError, environment: FencedEnvironment, locate: Locate) -> Diagnostic:
    message = error.message or "not a template"
    hint = None
    word = ""
    if unknown := re.match(r"No (filter|test) named '(\w+)'", message):
        kind, word = unknown.groups()
        table = environment.filters if kind == "filter" else environment.tests
        known = sorted(name for name in table if name[0].isalpha())
        message = f"there is no {kind} '{word}'"
        hint = did_you_mean(word, known) or f"there are {', '.join(known)}"
    elif open_block := re.search(r"innermost block that needs to be closed is '(\w+)'", message):
        word = open_block[1]
        message = f"'{{% {word} %}}' is never closed"
        hint = f"add '{{% end{word} %}}'"
    elif odd := re.match(r"unexpected char '(.)'", message):
        message = f"'{odd[1]}' is not allowed in an expression"
        curled = odd[1] in _CURLED
        hint = "use straight quotes in templates: \" or '" if curled else "is a quote missing?"
        word_pattern = re.compile(f"({re.escape(odd[1])})")
        span = locate(error.lineno, word_pattern)
        return Diagnostic(rule="template-syntax", message=message, span=span, hint=hint)
    elif message == "a condition is one expression":
        hint = "compare with '==', and join conditions with 'and' or 'or'"
    elif message == "unexpected '}'":
        hint = "an expression that begins with '{{' ends with '}}'"
    elif message.startswith("unexpected 'end of template'"):
        message = "the expression ends too early"
    elif message.startswith("unexpected end of template"):
        message, hint = "an expression is never closed", "add '}}' or '%}'"
    span = locate(error.lineno, *name_patterns(word), re.compile(r"(\{[{%].*)"))
    return Diagnostic(rule="template-syntax", message=message.rstrip("."), span=span, hint=hint)


@cache
def _no_partials() -> Partials:
    def refuse(name: str, span: Span) -> Diagnostic:
        message = f"'{name}' cannot be read: this template has no files beside it"
        return Diagnostic(rule="template-include", message=message, span=span)

    return Partials(refuse)
