"""Templates: prompts, values of inputs, output paths, derived texts and conditions.

Hides how Jinja's failures find their place. A template is text with names; values go in, text comes out, and
every failure is a `TemplateFault` at the template's own place in the user's file. What templates may do is
the business of `seedpipe.core.fence`; how they are made that of `seedpipe.core.compiling`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jinja2 import StrictUndefined, Undefined, UndefinedError
from jinja2.exceptions import SecurityError

from seedpipe.core.diagnostics import Diagnostic, Span
from seedpipe.core.partials import OURS, locate_in
from seedpipe.core.values import Fault

if TYPE_CHECKING:
    from types import TracebackType

    from jinja2 import Template as JinjaTemplate

    from seedpipe.core.fence import Steps
    from seedpipe.core.partials import Partials

Locate = Callable[..., Span]  # (line of the text, patterns to find on it) → its place in the file


class TemplateFault(Exception):  # noqa: N818 - a fact about the user's template, turned into a diagnostic
    """A template cannot be rendered with these values; `diagnostic` says why and where."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Template:
    """A compiled template. `names` are the names it uses; one without any is plain text.

    `tested` are the names, with a column if there is one (`product.new`), whose truth it asks for.
    """

    text: str
    names: frozenset[str]
    span: Span
    tested: frozenset[str] = frozenset()
    _locate: Locate = field(repr=False)
    _compiled: JinjaTemplate | None = field(default=None, repr=False)
    _partials: Partials | None = field(default=None, repr=False)

    def place_of(self, start: int, end: int) -> Span:
        """Return the place in the file of a part of the template's text, by its offsets."""
        word = re.escape(self.text[start:end])
        return self._locate(self.text.count("\n", 0, start) + 1, re.compile(rf"\b({word})\b"))

    def holds(self, values: Mapping[str, object], steps: Steps) -> bool:
        """Say whether a condition is true for these values, as `render` does. Raises `TemplateFault`."""
        return bool(self.render(values, steps))

    @property
    def is_dynamic(self) -> bool:
        """Whether rendering can bring anything but `text`."""
        return self._compiled is not None

    def render(self, values: Mapping[str, object], steps: Steps) -> str:
        """Return the text for these values, at most `fence.MAX_TEXT_CHARS` long. Raises `TemplateFault`.

        The rounds and calls it takes are taken from `steps`, which all templates of a campaign share.
        """
        template = self._compiled
        if template is None:
            return self.text
        environment: Any = template.environment
        try:
            with environment.counted(steps):
                context = template.new_context(dict(values), shared=True)
                text: str = environment.concat(template.root_render_func(context))
        except TemplateFault:
            raise  # of a derived text, at its own place
        except Fault as fault:
            words = (fault.word, fault.owner)
            raise self._at(fault, fault.rule, str(fault), fault.hint, words) from None
        except UndefinedError as error:
            raise self._at(error, "undefined-name", str(error)) from None
        except SecurityError:
            raise self._at(None, "template-error", "templates cannot do this") from None
        except RecursionError as error:
            raise self._at(error, "template-limit", "this is nested too deeply") from None
        except Exception as error:  # noqa: BLE001 - whatever a template makes Jinja do is the template's fault
            raise self._at(error, "template-error", f"this fails: {error}") from None
        return text

    def _at(
        self,
        error: Exception | None,
        rule: str,
        message: str,
        hint: str | None = None,
        words: tuple[str, ...] = (),
    ) -> TemplateFault:
        patterns = [
            pattern for word in words for pattern in (*_attribute_patterns(word), *name_patterns(word))
        ]
        locate, line = self._place(_lines_of(error.__traceback__ if error else None), patterns)
        span = locate(line, *patterns)
        return TemplateFault(Diagnostic(rule=rule, message=message, span=span, hint=hint))

    def _place(
        self, lines: list[tuple[str | None, int]], patterns: list[re.Pattern[str]]
    ) -> tuple[Locate, int]:
        """Return where to look for a fault: the innermost line that shows the word, never one of ours."""
        for name, line in lines:
            if name is None:
                return self._locate, line
            source = self._partials.known(name) if self._partials else None
            if source is None or name.startswith(OURS):
                continue
            shown = source.text.split("\n")[line - 1]
            if not patterns or any(pattern.search(shown) for pattern in patterns):
                return locate_in(source), line
        return self._locate, 1


def deferred(fault: TemplateFault) -> Undefined:
    """Return what stands for a text that could not be rendered: whoever uses it meets the fault."""
    return StrictUndefined(exc=lambda _: fault)  # type: ignore[arg-type]


def name_patterns(name: str) -> list[re.Pattern[str]]:
    """Return patterns for a name inside an expression; where that began on an earlier line, anywhere."""
    if not name:
        return []
    word = rf"(?<![\w.])({re.escape(name)})(?!\w)"
    return [re.compile(rf"\{{[{{%](?:(?!\}}\}}|%\}}).)*?{word}"), re.compile(word)]


def _attribute_patterns(name: str) -> list[re.Pattern[str]]:
    return [re.compile(rf"(?:\.\s*|\[\s*[\"'])({re.escape(name)})(?!\w)")] if name else []


def _lines_of(trace: TracebackType | None) -> list[tuple[str | None, int]]:
    """Return the lines that a failure went through, innermost first: of which file, None for the template."""
    lines: list[tuple[str | None, int]] = []
    while trace is not None:
        template = trace.tb_frame.f_globals.get("__jinja_template__")
        if template is not None:
            lines.append((template.name, template.get_corresponding_lineno(trace.tb_lineno)))
        trace = trace.tb_next
    return lines[::-1]
