"""Every rule that a campaign can break: its name, its severity, and whether it can be silenced.

Names are stable: suppressions in campaigns and the pages in `docs/rules/` are found by them. Invariants:
the name of every diagnostic stands here; a rule that protects money or files cannot be silenced.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from seedpipe.core.diagnostics import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping


class Say(StrEnum):
    """When a rule is reported: errors always, warnings unless ignored, opt-in ones when enabled."""

    ERROR = "error"
    WARNING = "warning"
    OPT_IN = "opt-in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule and what it reports, in one sentence. `ignorable` ones may stand in `lint.ignore`."""

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


def _opt_in(name: str, about: str) -> Rule:
    return Rule(name=name, says=Say.OPT_IN, about=about, ignorable=True)


_ALL: Final = (
    # Files and their text.
    _error("no-such-file", "A file that is named does not exist."),
    _error(
        "path-outside",
        "A path leads outside the project, or a template's path outside the campaign's folder.",
    ),
    _error("path-hidden", "A path contains a name that begins with a dot."),
    _error("file-unreadable", "A file cannot be opened, or is not a regular file."),
    _error("file-too-large", "A file exceeds the limits on bytes, values or nesting."),
    _error("file-format", "A data file has an extension that is not supported."),
    _error("not-utf8", "A file is not UTF-8 text."),
    _error("control-character", "A file contains a control character, or half of a character."),
    _error("not-an-image", "A file that is used as a picture is not an image that the model accepts."),
    _error("empty-file", "A file is empty."),
    _error("saved-plan", "A saved plan is given where a campaign is expected."),
    # YAML, JSON, CSV.
    _error("yaml-syntax", "The YAML syntax is invalid."),
    _error("yaml-limit", "YAML is nested too deeply or has too many values."),
    _error("yaml-tag", "YAML tags are not supported."),
    _error("yaml-anchor", "YAML anchors are not supported."),
    _error("yaml-alias", "YAML aliases are not supported."),
    _error("yaml-several-documents", "A file has more than one YAML document."),
    _error("merge-key", "YAML merge keys are not supported."),
    _error("duplicate-key", "A key appears twice in one map."),
    _error("key-type", "A key is not plain text."),
    _error("unquoted-colour", "A colour is not quoted, so YAML reads it as a comment."),
    _error("json-syntax", "The JSON syntax is invalid."),
    _error("csv-quotes", "The quotes of a CSV field do not match."),
    _error("ragged-row", "A row has more or fewer fields than there are columns."),
    _error("empty-column-name", "A column of a CSV file has no name."),
    _error("duplicate-column", "Two columns have the same name."),
    _error("missing-column", "A column that is named is not in the file."),
    _error("too-many-rows", "A data file has too many rows."),
    # The shape of a file.
    _error("unknown-key", "A key is not part of the format."),
    _error("missing-key", "A required key is missing."),
    _error("wrong-type", "A value has the wrong type for its key."),
    _error("wrong-value", "A value is not one of those that the key accepts."),
    _error("empty-value", "A text or list is empty but must not be."),
    _error("bad-name", "A name contains characters that are not allowed in names."),
    _error("reserved-name", "A name is reserved by seedpipe."),
    _error("duplicate-name", "One name has two meanings in templates."),
    _error("extends", "What a campaign extends is not a campaign, or leads back to itself."),
    _error("unknown-profile", "There is no profile with this name."),
    _error("unknown-variable", "A value is set for a variable that does not exist."),
    _error("unknown-rule", "`lint` names a rule that does not exist or that cannot be silenced."),
    _error("more-errors", "There are more errors than are shown."),
    _error("lock-line", "A line of the lock file cannot be read."),
    _error("decisions-line", "A line of the decisions file cannot be read."),
    _error("published-line", "A line of the manifest of published files cannot be read."),
    # Axes and cells.
    _error("axis-key", "The key of a row is empty, or contains characters that an address cannot have."),
    _error("duplicate-axis", "A series lists the same axis twice."),
    _error("duplicate-axis-key", "Two rows of an axis have the same key."),
    _error("unknown-axis", "An axis that is named is not in the matrix."),
    _error("unknown-axis-key", "A key that is named does not exist on its axis."),
    _error("matches-nothing", "A selection matches nothing."),
    _error("fallback", "A fallback does not exist, or goes in a circle."),
    _error("shots", "The shots of a series contradict its number of images."),
    # Templates.
    _error("template-syntax", "The template syntax is invalid."),
    _error("template-error", "A template fails with the values of a cell."),
    _error("template-limit", "A template exceeds a limit."),
    _error("template-include", "A file cannot be included by a template."),
    _error("undefined-name", "A template uses a name that does not exist, or not in this place."),
    _error("missing-value", "A template uses an empty cell of a data file."),
    _error("missing-translation", "A table has no row for the keys of a cell, and no fallback provides one."),
    _error("whole-map-printed", "A template prints a whole map or list instead of one of its values."),
    # What is asked of the model.
    _error("unknown-model", "The model is not in the catalogue, so its price is unknown."),
    _error("model-faulty", "The description of a project's own model is invalid."),
    _error("unknown-input", "The model has no such input."),
    _error("missing-input", "A required input of the model is missing."),
    _error("input-type", "An input has the wrong type for the model."),
    _error("input-out-of-range", "An input is outside the range that the model accepts."),
    _error("size-not-accepted", "A size is outside the range that the model accepts."),
    _error(
        "set-count",
        "The prompt asks for a different number of images than the request pays for.",
        ignorable=True,
    ),
    # What the brand asks for.
    _error(
        "banned-word", "A prompt contains a word that the brand bans, everywhere or in the cell's market."
    ),
    _error("required-word", "A prompt lacks a word that the brand requires in every prompt.", ignorable=True),
    _error(
        "style-lock", "A prompt lacks a sentence that the brand requires in every prompt.", ignorable=True
    ),
    # Where images go, and what they cost.
    _error("output-path", "An output path is not a safe path below the output folder."),
    _error("output-path-shared", "Two images would be written to the same path."),
    _error("over-budget", "The plan or a job costs more than its budget."),
    _error("too-many-jobs", "The plan has more jobs than `budget.max_jobs`."),
    # Warnings.
    _warning("unused-variable", "A variable or a derived text is never used."),
    _warning("unused-axis", "An axis is not used by any series."),
    _warning("axis-without-effect", "An axis of a series changes nothing in its requests."),
    _warning("set-wording", "A set of images is requested, but the prompt asks for one picture."),
    _warning("shared-request", "Several cells make the same request and share one set of images."),
    _warning("text-as-condition", 'A condition tests a text such as "false", which counts as true.'),
    # Opt-in.
    _opt_in("size-not-recommended", "A size is not among those that the model's page recommends."),
    _opt_in("yaml-look-alike", "An unquoted word that other YAML readers may read differently."),
    _opt_in("colour-outside-brand", "A prompt names a colour that is not in the brand's palette."),
)
RULES: Final[Mapping[str, Rule]] = {rule.name: rule for rule in _ALL}
