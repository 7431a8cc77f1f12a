"""The files of a campaign as a commit has them, read from git's store; the work tree is not touched.

Hides git's plumbing. Invariants: a ref is resolved to a commit once and never taken for an option; only blobs
are read, by `cat-file --batch`, so that no filter, hook, text conversion or large-file download is ever run;
links are not followed; what lies outside the repository's tree cannot be named.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final, Self

from seedpipe.core.campaign import FileProblem
from seedpipe.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

_TIMEOUT_S: Final = 30  # for one question: longer means a hung file system
_MAX_BYTES: Final = 48 * 1024 * 1024  # as for files of the work tree
_COMMIT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_FILE_MODES: Final = frozenset({"100644", "100755"})
# No configuration of the machine or of the user takes part, and no prompt can be waited for.
_ENVIRONMENT: Final = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "LC_ALL": "C",
}


class GitTree:
    """The files around one campaign file at a commit; implements `seedpipe.core.campaign.Files`.

    `campaign` is the name of the file to hand to `make_plan`, `commit` the full id.
    """

    def __init__(self, *, repository: Path, commit: str, folder: str, campaign: str) -> None:
        self.commit = commit
        self.campaign = campaign
        self._repository = repository
        self._folder = folder

    @classmethod
    def around(cls, campaign_file: Path, ref: str) -> Self:
        """Return the tree of a campaign file, which need not be in it, at a ref. Raises `InputError`."""
        folder = Path(os.path.realpath(campaign_file.parent))
        top = _git(folder, "rev-parse", "--show-toplevel")
        if top is None:
            raise InputError(f"{campaign_file} is in no git repository, so there is no '{ref}'")
        repository = Path(os.path.realpath(top.decode("utf-8", "surrogateescape").rstrip("\n")))
        found = _git(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
        commit = (found or b"").decode("ascii", "replace").strip()
        if not _COMMIT.fullmatch(commit):
            hint = "a branch, a tag, a commit, or the file of a saved plan; a shallow clone may lack it"
            raise InputError(f"git knows no commit '{ref}'", hint=hint)
        inside = PurePosixPath(os.path.relpath(folder, repository)).as_posix()
        return cls(repository=repository, commit=commit, folder=inside, campaign=campaign_file.name)

    def read(self, path: str) -> bytes:
        """Return a whole file by its path from the campaign's folder. Raises `FileProblem`."""
        name = self._inside(path)
        listed = self._git("ls-tree", "-z", self.commit, "--", f":(literal,top){name}") or b""
        entries = [entry for entry in listed.split(b"\0") if entry]
        if len(entries) != 1:
            raise FileProblem("there is no such file", rule="no-such-file")
        mode, kind, digest = entries[0].split(b"\t", 1)[0].decode("ascii", "replace").split()
        if kind == "tree":
            raise FileProblem("this is a folder")
        if mode not in _FILE_MODES:
            raise FileProblem("this is not a regular file: links are not followed in a commit")
        return self._blob(digest)

    def shown(self, path: str) -> str:
        """Return the path as git shows it: `1a2b3c4:folder/file`."""
        return f"{self.commit[:7]}:{os.path.normpath(PurePosixPath(self._folder) / path)}"

    def models(self) -> Sequence[str]:
        """Return the files of the project's own models, by their paths from the campaign's folder."""
        listed = self._git("ls-tree", "-z", "--name-only", self.commit, "--", ":(literal,top)models/") or b""
        names = [name.decode("utf-8", "replace") for name in listed.split(b"\0") if name.endswith(b".yaml")]
        visible = [name for name in sorted(names) if not PurePosixPath(name).name.startswith(".")]
        return [PurePosixPath(os.path.relpath(name, self._folder)).as_posix() for name in visible]

    def _inside(self, path: str) -> str:
        if "\0" in path or path.startswith("~") or PurePosixPath(path).is_absolute():
            raise FileProblem("absolute paths are not read", rule="path-outside")
        name = os.path.normpath(PurePosixPath(self._folder) / path)
        if name == ".." or name.startswith("../"):
            raise FileProblem("it lies outside the project", rule="path-outside")
        if any(part.startswith(".") for part in PurePosixPath(name).parts):
            raise FileProblem("hidden files are not read", rule="path-hidden")
        return name

    def _blob(self, digest: str) -> bytes:
        """Return a blob as it is stored; a large one is refused by the size that git tells first."""
        asked = f"{digest}\n".encode()
        header = self._git("cat-file", "--batch-check", asked=asked) or b""
        size = header.split()[-1:] or [b""]
        if not size[0].isdigit():
            raise FileProblem("git cannot read it: the clone may be partial")
        if int(size[0]) > _MAX_BYTES:
            raise FileProblem(f"it is larger than {_MAX_BYTES // 1024 // 1024} MiB", rule="file-too-large")
        answer = self._git("cat-file", "--batch", asked=asked) or b""
        _, _, content = answer.partition(b"\n")
        return content[: int(size[0])]

    def _git(self, *words: str, asked: bytes = b"") -> bytes | None:
        return _git(self._repository, *words, asked=asked)


def _git(folder: Path, *words: str, asked: bytes = b"") -> bytes | None:
    """Return what git answers, None when it does not."""
    # Plumbing that reads objects runs nothing a repository could name, so whoever owns it does not matter.
    careful = ["-c", "core.fsmonitor=false", "-c", "safe.directory=*"]
    command = ["git", "--no-pager", "-C", str(folder), *careful, *words]
    try:
        answer = subprocess.run(  # noqa: S603 - fixed words, a folder, and names that cannot be options
            command,
            input=asked,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=True,
            env={**_inherited(), **_ENVIRONMENT},
        )
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return answer.stdout


def _inherited() -> dict[str, str]:
    """Return what git needs of our environment: where it lies, and no word of another repository."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
