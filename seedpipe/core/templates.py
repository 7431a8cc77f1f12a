"""Templates: prompts, values of inputs and output paths.

Hides how Jinja's failures find their place. A template is text with names; values go in, text comes out, and
every failure is a `TemplateFault` at the template's own place in the user's file. Invariant: data is never
compiled. What templates may see and do is the business of `seedpipe.core.fence`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jinja2 import StrictUndefined, TemplateSyntaxError, Undefined, UndefinedError, meta, nodes
from jinja2.exceptions import SecurityError
from jinja2.parser import Parser

from seedpipe.core.diagnostics import Diagnostic, Span, did_you_mean
from seedpipe.core.fence import MAX_STEPS, Bounds, FencedEnvironment, check_length, environment_for
from seedpipe.core.values import Fault

if TYPE_CHECKING:
    from types import TracebackType

    from jinja2 import Template as JinjaTemplate

Locate = Callable[..., Span]  # (line of the text, patterns to find on it) → its place in the file


class TemplateFault(Exception):  # noqa: N818 - a fact about the user's template, turned into a diagnostic
    """A template cannot be rendered with these values; `diagnostic` says why and where."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Template:
    """A compiled template. `names` are the names it uses; one without any is plain text."""

    text: str
    names: frozenset[str]
    span: Span
    _locate: Locate
    _compiled: JinjaTemplate | None

    def holds(self, values: Mapping[str, object]) -> bool:
        """Say whether a condition is true for these values. Raises `TemplateFault`."""
        return bool(self.render(values))

    @property
    def is_dynamic(self) -> bool:
        """Whether rendering can bring anything but `text`."""
        return self._compiled is not None

    def render(self, values: Mapping[str, object]) -> str:
        """Return the text for these values, at most `fence.MAX_TEXT_CHARS` long. Raises `TemplateFault`."""
        template = self._compiled
        if template is None:
            return self.text
        environment: Any = template.environment
        environment.steps_left = MAX_STEPS
        try:
            chunks = list(template.root_render_func(template.new_context(dict(values), shared=True)))
            text = "".join(chunks)
            check_length(len(text))
        except TemplateFault:
            raise  # of a derived text, at its own place
        except Fault as fault:
            raise self._at(fault, fault.rule, str(fault), fault.hint, fault.word) from None
        except UndefinedError as error:
            raise self._at(error, "undefined-name", str(error)) from None
        except SecurityError:
            raise self._at(None, "template-error", "templates cannot do this") from None
        except RecursionError as error:
            raise self._at(error, "template-limit", "this is nested too deeply") from None
        except Exception as error:  # noqa: BLE001 - whatever a template makes Jinja do is the template's fault
            raise self._at(error, "template-error", f"this cannot be computed: {error}") from None
        return text

    def _at(
        self, error: Exception | None, rule: str, message: str, hint: str | None = None, word: str = ""
    ) -> TemplateFault:
        line = _line_of(error.__traceback__) if error else 1
        span = self._locate(line, *_attribute_patterns(word), *_name_patterns(word))
        return TemplateFault(Diagnostic(rule=rule, message=message, span=span, hint=hint))


def deferred(fault: TemplateFault) -> Undefined:
    """Return what stands for a text that could not be rendered: whoever uses it meets the fault."""
    return StrictUndefined(exc=lambda _: fault)  # type: ignore[arg-type]


def compile_template(
    text: str, locate: Locate, known: Collection[str], *, elsewhere: Mapping[str, str], path: bool = False
) -> tuple[Template | None, list[Diagnostic]]:
    """Return the template, None when it has faults, and what is wrong with it whatever the values.

    `locate` finds a line of the text, and a pattern on it, in the file; `known` are the names it may use;
    `elsewhere` says of names that exist but not here why. In a `path` each printed value is made one segment.
    """
    if not any(mark in text for mark in ("{{", "{%", "{#")):
        return Template(text=text, names=frozenset(), span=locate(1), _locate=locate, _compiled=None), []
    return _compile(text, FencedEnvironment.parse, locate, known, elsewhere=elsewhere, path=path)


def compile_condition(
    text: str, locate: Locate, known: Collection[str], *, elsewhere: Mapping[str, str]
) -> tuple[Template | None, list[Diagnostic]]:
    """Return an expression like `market in product.markets` as a template that `holds`, or its faults."""
    if "{{" in text:
        message, hint = "a condition is an expression by itself", "write it without '{{' and '}}'"
        span = locate(1, re.compile(r"(\{\{)"))
        return None, [Diagnostic(rule="template-syntax", message=message, span=span, hint=hint)]
    return _compile(text, _parse_condition, locate, known, elsewhere=elsewhere, path=False)


def _parse_condition(environment: FencedEnvironment, text: str) -> nodes.Template:
    """Return a template that prints something when the expression is true."""
    parser = Parser(environment, text, state="variable")
    test = parser.parse_expression()
    if not parser.stream.eos:
        raise TemplateSyntaxError("a condition is one expression", parser.stream.current.lineno)
    printed = nodes.Output([nodes.TemplateData("true")], lineno=1)
    condition = nodes.If(test, [printed], [], [], lineno=1)
    return nodes.Template([condition], lineno=1).set_environment(environment)  # type: ignore[return-value]


def _compile(
    text: str,
    parse: Callable[[FencedEnvironment, str], nodes.Template],
    locate: Locate,
    known: Collection[str],
    *,
    elsewhere: Mapping[str, str],
    path: bool,
) -> tuple[Template | None, list[Diagnostic]]:
    environment = environment_for(path=path)
    try:
        tree = parse(environment, text)
        names = meta.find_undeclared_variables(tree)
        problems = [
            *_forbidden(tree, locate),
            *_undeclared(tree, names - set(known), locate, known, elsewhere),
        ]
        if problems:
            return None, problems
        compiled = environment.from_string(Bounds().visit(tree))
    except TemplateSyntaxError as error:
        return None, [_syntax_problem(error, environment, locate)]
    except (RecursionError, SyntaxError, ValueError, OverflowError, MemoryError):
        message = "this template is too deeply nested or not understood"
        return None, [Diagnostic(rule="template-syntax", message=message, span=locate(1))]
    return Template(text=text, names=frozenset(names), span=locate(1), _locate=locate, _compiled=compiled), []


def _undeclared(
    tree: nodes.Template,
    unknown: set[str],
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
        span = locate(node.lineno, *_name_patterns(name))
        yield Diagnostic(rule="undefined-name", message=message, span=span, hint=hint)


def _forbidden(tree: nodes.Template, locate: Locate) -> Iterator[Diagnostic]:
    kinds = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
    for node in tree.find_all(kinds):
        span = locate(node.lineno, re.compile(r"\{%-?\s*(include|import|from|extends)\b"))
        message = "a template cannot read other files"
        hint = "write the text here, or keep it in a variable"
        yield Diagnostic(rule="template-include", message=message, span=span, hint=hint)


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
    elif message.startswith("unexpected 'end of template'"):
        message = "the expression ends too early"
    elif message.startswith("unexpected end of template"):
        message, hint = "an expression is never closed", "add '}}' or '%}'"
    span = locate(error.lineno, *_name_patterns(word), re.compile(r"(\{[{%].*)"))
    return Diagnostic(rule="template-syntax", message=message.rstrip("."), span=span, hint=hint)


def _name_patterns(name: str) -> list[re.Pattern[str]]:
    """Find a name inside an expression; where that began on an earlier line, anywhere."""
    if not name:
        return []
    word = rf"(?<![\w.])({re.escape(name)})(?!\w)"
    return [re.compile(rf"\{{[{{%](?:(?!\}}\}}|%\}}).)*?{word}"), re.compile(word)]


def _attribute_patterns(name: str) -> list[re.Pattern[str]]:
    return [re.compile(rf"(?:\.\s*|\[\s*[\"'])({re.escape(name)})(?!\w)")] if name else []


def _line_of(trace: TracebackType | None) -> int:
    """Return the template's line of the innermost frame that belongs to one."""
    line = 1
    while trace is not None:
        template = trace.tb_frame.f_globals.get("__jinja_template__")
        if template is not None:
            line = template.get_corresponding_lineno(trace.tb_lineno)
        trace = trace.tb_next
    return line
