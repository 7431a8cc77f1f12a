"""Where the core's files come from: the work tree; later also a git ref."""

from seedpipe.sources.worktree import WorkTree

__all__ = ["WorkTree"]
