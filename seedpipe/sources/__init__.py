"""Where the core's files come from: the work tree; later also a git ref."""

from seedpipe.sources.git import head_commit
from seedpipe.sources.worktree import WorkTree, project_root

__all__ = ["WorkTree", "head_commit", "project_root"]
