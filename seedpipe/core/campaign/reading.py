"""One reading of a campaign: the files it has read, the faults it has met, and what they make unusable.

Hides how faults stop only the part they are in. Invariants: each file is read once; what `sound` passes has
the shape that the schema promises.
"""

from __future__ import annotations

import hashlib
import posixpath
from typing import TYPE_CHECKING, Final

from seedpipe.core.campaign import tables, yaml
from seedpipe.core.campaign.files import FileProblem
from seedpipe.core.campaign.records import unfit_character
from seedpipe.core.campaign.references import References
from seedpipe.core.campaign.schema import violations
from seedpipe.core.campaign.yaml import Mapping, Node, Scalar, Sequence
from seedpipe.core.diagnostics import Diagnostic, SourceText
from seedpipe.core.fence import Steps
from seedpipe.core.partials import Partials
from seedpipe.core.saved import FIRST_WORDS

if TYPE_CHECKING:
    from seedpipe.core.campaign.files import Files
    from seedpipe.core.catalogue import Catalogue
    from seedpipe.core.diagnostics import Span

NO_MAP: Final = Mapping(span=SourceText(path="", text="").span(), entries=())


class Reading:
    """What is known so far about one campaign, and what is wrong with it."""

    def __init__(self, files: Files, catalogue: Catalogue) -> None:
        self.problems: list[Diagnostic] = []
        self.catalogue = catalogue
        self.mentioned: set[str] = set()  # names that any template or condition uses
        self.broken = False  # by a fault outside the series: no cell can be judged
        self.steps = Steps()  # for the conditions of the matrix; the cells have their own
        self._files = files
        self._contents: dict[str, bytes] = {}
        self._unusable: set[tuple[str | int, ...]] = set()
        self._homes: dict[str, str] = {}  # of each YAML file as shown: its folder from the campaign's
        self._unread: set[tuple[str, int]] = set()  # lines that YAML could not read
        self.partials = Partials(self._partial)
        self.references = References(files)

    @property
    def sources(self) -> dict[str, str]:
        """Every file that was read, by its path from the campaign's folder, with the sha256 of its bytes."""
        read = self._contents | {name: text.encode() for name, text in self.partials.built_in.items()}
        return {name: hashlib.sha256(data).hexdigest() for name, data in sorted(read.items())}

    def sound(self, *path: str) -> bool:
        """Say whether the value at a path has the shape that the schema promises."""
        return not any(path[: len(bad)] == bad or bad[: len(path)] == path for bad in self._unusable)

    def report(
        self, rule: str, message: str, span: Span | None, hint: str | None = None, *, breaks: bool = True
    ) -> None:
        """Keep a fault; one that `breaks` makes the whole campaign unusable."""
        self.keep([Diagnostic(rule=rule, message=message, span=span, hint=hint)], breaks=breaks)

    def keep(self, found: list[Diagnostic], *, breaks: bool = True) -> None:
        """Keep what another reader found, once."""
        told = {_mistake(problem) for problem in self.problems}
        self.problems += [problem for problem in found if _mistake(problem) not in told]
        self.broken |= breaks and bool(found)

    def tree(self, path: str, span: Span | None, schema: str) -> Node | None:
        """Return the tree of a YAML file, judged by its schema; `span` is where the file is named."""
        root = self.parsed(path, span)
        if root:
            self.judge(root, schema)
        return root

    def parsed(self, path: str, span: Span | None) -> Node | None:
        """Return the tree of a YAML file as it stands; paths in it are relative to it."""
        data = self.read(path, span)
        if data is None:
            return None
        if data.startswith(FIRST_WORDS.encode()):
            self._refuse_saved_plan(self.shown(path))
            return None
        root, problems = yaml.parse(self.shown(path), data)
        self._homes[self.shown(path)] = posixpath.dirname(path)
        places = [problem.span for problem in problems if problem.span]
        self._unread |= {(place.source.path, place.line) for place in places}
        self.keep(problems)
        return root

    def _refuse_saved_plan(self, shown: str) -> None:
        hint = f"run it with `seedpipe run {shown}`; other commands take the campaign that it was made from"
        self.report("saved-plan", f"{shown} is a saved plan, not a campaign", None, hint)

    def path_of(self, named: Scalar) -> str:
        """Return a path that a file names, relative to the campaign's folder."""
        return posixpath.join(self._homes.get(named.span.source.path, ""), named.raw)

    def table(self, file: Scalar, keys: list[Scalar]) -> tuple[tables.Table | None, str]:
        """Return the rows of a data file under keys, and the file's name as shown."""
        path = self.path_of(file)
        shown = self.shown(path)
        data = self.read(path, file.span)
        if data is None:
            return None, shown
        named = [(key.raw, key.span) for key in keys]
        table, problems = tables.parse(shown, data, keys=named, named=file.span)
        self.keep(problems)
        return table, shown

    def read(self, path: str, span: Span | None) -> bytes | None:
        """Return a file's bytes, from memory when it was read before; `span` is where it is named."""
        data = self._bytes(path, span)
        if isinstance(data, Diagnostic):
            self.keep([data])
            return None
        return data

    def text(self, named: Scalar) -> SourceText | None:
        """Return the text file that a file names."""
        found = self._text(self.path_of(named), named.span)
        if isinstance(found, Diagnostic):
            self.keep([found], breaks=False)
            return None
        return found

    def model_files(self) -> list[str]:
        """Return the paths of the project's own models."""
        return list(self._files.models())

    def shown(self, path: str) -> str:
        """Return a path as the user would type it."""
        return self._files.shown(path)

    def _bytes(self, path: str, span: Span | None) -> bytes | Diagnostic:
        name = posixpath.normpath(path)
        if name not in self._contents:
            try:
                self._contents[name] = self._files.read(path)
            except FileProblem as problem:
                message = f"{self.shown(path)}: {problem}"
                return Diagnostic(rule=problem.rule, message=message, span=span, hint=problem.hint)
        return self._contents[name]

    def _text(self, path: str, span: Span) -> SourceText | Diagnostic:
        data = self._bytes(path, span)
        if isinstance(data, Diagnostic):
            return data
        source, problem = yaml.decode(self.shown(path), data)
        return problem or unfit_character(source) or source

    def _partial(self, name: str, span: Span) -> SourceText | Diagnostic:
        """Return a file that a template includes, from the campaign's folder or below."""
        if posixpath.normpath(name).startswith(".."):
            message = f"'{name}' leads outside the campaign's folder"
            hint = "templates can include only files in the campaign's folder; copy it there"
            return Diagnostic(rule="path-outside", message=message, span=span, hint=hint)
        return self._text(name, span)

    def judge(self, root: Node, schema: str) -> None:
        """Judge a tree by its schema; what it makes unusable is not `sound` from then on."""
        found = violations(root, schema)
        places = [(v.diagnostic, v.diagnostic.span) for v in found]
        # What YAML could not read has no value: saying that too would tell one mistake twice.
        fresh = [fault for fault, at in places if at and (at.source.path, at.line) not in self._unread]
        self.keep(fresh, breaks=False)
        breaking = [violation.path for violation in found if violation.breaks]
        in_series = [bad for bad in breaking if bad[:1] in (("series",), ("publish",)) and bad[1:]]
        self.broken |= len(in_series) < len(breaking)
        self._unusable |= {bad if schema == "campaign" else (schema,) for bad in breaking}


def _mistake(problem: Diagnostic) -> tuple[str, str, str]:
    """Return what makes two diagnostics the same mistake, however they advise."""
    return problem.rule, problem.message, str(problem.span)


def map_at(parent: Node | None, name: str) -> Mapping:
    """Return the map under a key, empty when there is none."""
    node = parent.get(name) if isinstance(parent, Mapping) else None
    return node if isinstance(node, Mapping) else NO_MAP


def text_at(parent: Mapping, name: str) -> str:
    """Return the text under a key as written, empty when there is none."""
    node = parent.get(name)
    return node.raw if isinstance(node, Scalar) else ""


def scalars(node: Node | None) -> list[Scalar]:
    """Return the texts of a list, or a single one as a list of itself."""
    if isinstance(node, Scalar):
        return [node]
    return [item for item in node.items if isinstance(item, Scalar)] if isinstance(node, Sequence) else []
