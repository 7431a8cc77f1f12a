"""Where the core's files come from: the work tree, or a commit."""

from seedpipe.sources.git import head_commit, user_name
from seedpipe.sources.gittree import GitTree
from seedpipe.sources.worktree import WorkTree, project_root

__all__ = ["GitTree", "WorkTree", "head_commit", "project_root", "user_name"]
