"""The files of a campaign on disk, below the project root and nowhere else."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003
from typing import Self


class WorkTree:
    """The files around one campaign file; implements `seedpipe.core.campaign.Files`.

    `root` is the project root (nearest folder with `.git` or `.seedpipe`, else the campaign's own);
    `campaign` the name to hand to `load_campaign` or `make_plan`.
    """

    root: Path
    campaign: str

    @classmethod
    def around(cls, campaign_file: Path) -> Self:
        """Return the tree of the campaign file, which need not exist yet."""
        raise NotImplementedError

    def read(self, path: str) -> bytes:
        """Return a whole file by its path from the campaign's folder. Raises `FileProblem`."""
        raise NotImplementedError

    def shown(self, path: str) -> str:
        """Return the path relative to the current folder if possible."""
        raise NotImplementedError
