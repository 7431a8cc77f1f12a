"""Every rule that a campaign can break: its name, how much it weighs, and whether it can be silenced.

Names are stable: suppressions in campaigns and the pages in `docs/rules/` are found by them. Invariants:
whatever a diagnostic is called stands here; a rule that guards money or files cannot be silenced.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from seedpipe.core.diagnostics import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping


class Say(StrEnum):
    """When a rule speaks: an error always, a warning unless it is ignored, the third when it is enabled."""

    ERROR = "error"
    WARNING = "warning"
    BY_CHOICE = "by choice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule and what it guards, in one sentence. `ignorable` ones may stand in `lint.ignore`."""

    name: str
    says: Say
    about: str
    ignorable: bool = False

    @property
    def severity(self) -> Severity:
        """How a diagnostic of this rule is shown."""
        return Severity.ERROR if self.says is Say.ERROR else Severity.WARNING


def _error(name: str, about: str, *, ignorable: bool = False) -> Rule:
    return Rule(name=name, says=Say.ERROR, about=about, ignorable=ignorable)


def _warning(name: str, about: str) -> Rule:
    return Rule(name=name, says=Say.WARNING, about=about, ignorable=True)


def _by_choice(name: str, about: str) -> Rule:
    return Rule(name=name, says=Say.BY_CHOICE, about=about, ignorable=True)


_ALL: Final = (
    # Files and their text.
    _error("no-such-file", "A file that is named does not exist."),
    _error("path-outside", "A path leads out of the project, or a template's out of the campaign's folder."),
    _error("path-hidden", "A path goes through a name that begins with a dot."),
    _error("file-unreadable", "A file cannot be opened, or is no ordinary file."),
    _error("file-too-large", "A file has more bytes, values or levels than are read."),
    _error("file-format", "The ending of a data file is none that is read."),
    _error("not-utf8", "A file is not UTF-8 text."),
    _error("control-character", "A file holds a character that acts on a terminal or is half of one."),
    _error("not-an-image", "A file that is named as a picture is none that the model takes."),
    _error("empty-file", "A file has nothing in it."),
    # YAML, JSON, CSV.
    _error("yaml-syntax", "YAML cannot be read here."),
    _error("yaml-limit", "YAML is nested too deeply or has too many values."),
    _error("yaml-tag", "YAML tags are not read."),
    _error("yaml-anchor", "YAML anchors are not read."),
    _error("yaml-alias", "YAML aliases are not read."),
    _error("yaml-several-documents", "A file has more than one YAML document."),
    _error("merge-key", "YAML merge keys are not read."),
    _error("duplicate-key", "A key stands in one map twice."),
    _error("key-type", "A key is not plain text."),
    _error("unquoted-colour", "A colour without quotes is a comment to YAML."),
    _error("json-syntax", "JSON cannot be read here."),
    _error("csv-quotes", "The quotes of a CSV field do not match."),
    _error("ragged-row", "A row has more or fewer fields than there are columns."),
    _error("empty-column-name", "A column of a CSV file has no name."),
    _error("duplicate-column", "Two columns have one name."),
    _error("missing-column", "A column that is named is not in the file."),
    _error("too-many-rows", "A data file has more rows than are read."),
    # The shape of a file.
    _error("unknown-key", "A key that the format does not know."),
    _error("missing-key", "A key that must be there is not."),
    _error("wrong-type", "A value is of another kind than the key takes."),
    _error("wrong-value", "A value is none of those that the key takes."),
    _error("empty-value", "A text or a list that must not be empty is."),
    _error("bad-name", "A name has characters that names cannot have."),
    _error("reserved-name", "A name that templates use for something of seedpipe's own."),
    _error("duplicate-name", "One name means two things to templates."),
    _error("extends", "What a campaign extends is no campaign, or leads back to itself."),
    _error("unknown-profile", "There is no profile of this name."),
    _error("unknown-variable", "A value is set for a variable that there is not."),
    _error("unknown-rule", "`lint` names a rule that there is not, or that it cannot silence."),
    _error("more-errors", "There are more mistakes than are shown."),
    _error("lock-line", "A line of the lock file cannot be read."),
    _error("decisions-line", "A line of the decisions file cannot be read."),
    _error("published-line", "A line of the manifest of published files cannot be read."),
    # Axes and cells.
    _error("axis-key", "The key of a row is empty or cannot stand in an address."),
    _error("duplicate-axis", "A series is over one axis twice."),
    _error("duplicate-axis-key", "Two rows of an axis have one key."),
    _error("unknown-axis", "An axis that is named is not in the matrix."),
    _error("unknown-axis-key", "A key that is named is in no row of its axis."),
    _error("matches-nothing", "A selection matches nothing: mistyped, it would pay for the wrong cells."),
    _error("fallback", "A fallback leads nowhere or in a circle."),
    _error("shots", "The shots of a series and its number of images contradict each other."),
    # Templates.
    _error("template-syntax", "A template cannot be read here."),
    _error("template-error", "A template cannot be computed with the values of a cell."),
    _error("template-limit", "A template does more than templates may."),
    _error("template-include", "A file that a template includes cannot be."),
    _error("undefined-name", "A template uses a name that there is not, or not here."),
    _error("missing-value", "A template uses a cell of a data file that is empty."),
    _error("missing-translation", "A table has no row for the keys of a cell, and no fallback has one."),
    _error("whole-map-printed", "A template prints a whole map or list instead of one of its values."),
    # What is asked of the model.
    _error("unknown-model", "The model is in no catalogue, so its price is not known."),
    _error("model-faulty", "A project's own model is not described as it must be."),
    _error("unknown-input", "The model has no such input: the service would drop it and bill its default."),
    _error("missing-input", "The model needs an input that is not given."),
    _error("input-type", "An input is of another kind than the model takes."),
    _error("input-out-of-range", "An input is outside what the model takes."),
    _error("size-not-accepted", "A size is outside what the model takes."),
    _error(
        "set-count", "The prompt asks for another number of images than the request pays for.", ignorable=True
    ),
    # What the brand asks for.
    _error("banned-word", "A prompt says what the brand bans, in all markets or in that of the cell."),
    _error("required-word", "A prompt lacks a word that the brand wants in every prompt.", ignorable=True),
    _error("style-lock", "A prompt lacks a sentence that the brand wants in every prompt.", ignorable=True),
    # Where images go, and what they cost.
    _error("output-path", "An output path is no safe place below the output folder."),
    _error("output-path-shared", "Two images would be written to one path, and one of them be lost."),
    _error("over-budget", "The plan or a job costs more than its budget."),
    _error("too-many-jobs", "The plan has more jobs than `budget.max_jobs`."),
    # Warnings.
    _warning("unused-variable", "Nothing uses a variable or a derived text."),
    _warning("unused-axis", "No series is over an axis."),
    _warning("axis-without-effect", "A series is over an axis that changes nothing in its requests."),
    _warning("set-wording", "A set is paid for by a prompt that asks for one picture."),
    _warning("shared-request", "Cells ask for the same: one picture is placed at all of them."),
    _warning("text-as-condition", 'A condition asks for the truth of a text like "false", which is true.'),
    # By choice.
    _by_choice("size-not-recommended", "A size is none of those that the model's page recommends."),
    _by_choice("yaml-look-alike", "A word without quotes that other YAML readers take for something else."),
    _by_choice("colour-outside-brand", "A prompt names a colour that is not in the brand's palette."),
)
RULES: Final[Mapping[str, Rule]] = {rule.name: rule for rule in _ALL}
