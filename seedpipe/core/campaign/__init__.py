"""From the text of a campaign file to a `Campaign`, or to every reason why not.

Hides YAML, CSV, the schema and the order of the checks. Invariants: a `Campaign` is whole
and consistent; an `InputError` carries all diagnostics, each with file, line and column.
Absent on purpose: disk (see `Files`), and everything that needs a single cell (see `planning`).
"""

from seedpipe.core.campaign.files import FileProblem, Files
from seedpipe.core.campaign.loading import faulty, read_campaign
from seedpipe.core.campaign.model import (
    Brand,
    Budget,
    Campaign,
    Derived,
    InputValue,
    Override,
    Series,
    data_values,
)
from seedpipe.core.campaign.places import Places

__all__ = [
    "Brand",
    "Budget",
    "Campaign",
    "Derived",
    "FileProblem",
    "Files",
    "InputValue",
    "Override",
    "Places",
    "Series",
    "data_values",
    "faulty",
    "read_campaign",
]
