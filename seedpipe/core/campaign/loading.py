"""Campaign file, brand and data → `Campaign`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seedpipe.core.campaign.files import Files
    from seedpipe.core.campaign.model import Campaign
    from seedpipe.core.catalogue import Catalogue


def load_campaign(path: str, files: Files, catalogue: Catalogue) -> Campaign:
    """Return the campaign in file `path`; raises `InputError` with all diagnostics in reading order."""
    raise NotImplementedError
