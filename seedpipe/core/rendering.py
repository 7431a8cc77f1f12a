"""One cell as its templates see it.

Hides where a fault of a cell goes and how it ends the cell. Invariant: a cell that has a fault is never
planned, and what is wrong with it is told once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from seedpipe.core.diagnostics import Diagnostic
from seedpipe.core.templates import TemplateFault, deferred

if TYPE_CHECKING:
    from seedpipe.core.campaign import Derived
    from seedpipe.core.diagnostics import Span
    from seedpipe.core.faults import Faults
    from seedpipe.core.fence import Steps
    from seedpipe.core.templates import Template


class UnfitCell(Exception):  # noqa: N818 - a fact about a cell, whose reason is with the faults
    """A cell cannot be planned; why is with the faults."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """The values of a cell, by name; more come as it is rendered. `where` names it in what is told."""

    values: dict[str, object]
    where: str
    faults: Faults
    steps: Steps

    def text(self, template: Template) -> str:
        """Return what a template makes of the values. Raises `UnfitCell`."""
        try:
            return template.render(self.values, self.steps)
        except TemplateFault as fault:
            self.faults.add(fault.diagnostic, self.where)
            raise UnfitCell from None

    def derive(self, derived: Derived) -> None:
        """Add a derived text to the values; its fault is told where it is used."""
        try:
            text: object = derived.template.render(self.values, self.steps).strip()
        except TemplateFault as fault:
            text = deferred(fault)
        self.values[derived.name] = text

    def tell(self, rule: str, message: str, span: Span, hint: str | None = None) -> None:
        """Keep a fault of the cell."""
        self.faults.add(Diagnostic(rule=rule, message=message, span=span, hint=hint), self.where)

    def refuse(self, rule: str, message: str, span: Span, hint: str | None = None) -> NoReturn:
        """Keep a fault of the cell, and end it. Raises `UnfitCell`."""
        self.tell(rule, message, span, hint)
        raise UnfitCell
