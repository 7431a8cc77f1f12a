"""The files of a campaign on disk, below the project root and nowhere else.

Hides the file system. Invariants: whatever a campaign names, nothing outside the project root is read, no
dotfile, no device or pipe, nothing above the size limit; every failure is a `FileProblem`, never an OSError.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final, Self

from seedpipe.core.campaign import FileProblem
from seedpipe.core.diagnostics import closest

if TYPE_CHECKING:
    from io import BufferedReader

_ROOT_MARKS: Final = (".git", ".seedpipe")
_MOST_SEEN: Final = 1000  # names that are looked at for a similar one
_MAX_BYTES: Final = 48 * 1024 * 1024  # 100,000 rows of JSON Lines with 20 columns, names included


def project_root(folder: Path) -> Path:
    """Return the nearest folder from `folder` up that has `.git` or `.seedpipe`, else `folder` itself."""
    folder = Path(os.path.realpath(folder))
    marked = (
        parent
        for parent in (folder, *folder.parents)
        if any((parent / mark).exists() for mark in _ROOT_MARKS)
    )
    return next(marked, folder)


class WorkTree:
    """The files around one campaign file; implements `seedpipe.core.campaign.Files`.

    `root` is the project root (nearest folder with `.git` or `.seedpipe`, else the campaign's own);
    `campaign` is the name of the file to hand to `make_plan`.
    """

    def __init__(self, *, folder: Path, root: Path, campaign: str) -> None:
        self.root = root
        self.campaign = campaign
        self._folder = folder

    @classmethod
    def around(cls, campaign_file: Path) -> Self:
        """Return the tree of the campaign file, which need not exist yet."""
        folder = Path(os.path.realpath(campaign_file.parent))
        return cls(folder=folder, root=project_root(folder), campaign=campaign_file.name)

    @classmethod
    def at(cls, root: Path, place: str) -> Self:
        """Return the tree of a campaign file by its path from the project root; raises `FileProblem`."""
        file = Path(os.path.realpath(root / place))
        if not place or not file.is_relative_to(root):
            raise FileProblem("it lies outside the project", rule="path-outside")
        return cls(folder=file.parent, root=root, campaign=file.name)

    @property
    def place(self) -> str:
        """The campaign file's path from the project root."""
        return PurePosixPath(os.path.relpath(self._folder / self.campaign, self.root)).as_posix()

    def read(self, path: str) -> bytes:
        """Return a whole file by its path from the campaign's folder. Raises `FileProblem`."""
        file = self._inside(path)
        try:
            with _open_regular(file) as stream:
                data = stream.read(_MAX_BYTES + 1)
        except FileNotFoundError:
            raise FileProblem("there is no such file", rule="no-such-file", hint=_similar(file)) from None
        except IsADirectoryError:
            raise FileProblem("this is a folder") from None
        except PermissionError:
            raise FileProblem("you may not read this file") from None
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a file name"
            raise FileProblem(f"it cannot be read: {reason}") from None
        if len(data) > _MAX_BYTES:
            limit = f"{_MAX_BYTES // 1024 // 1024} MiB"
            raise FileProblem(f"it is larger than {limit}", rule="file-too-large")
        return data

    def beside(self, suffix: str) -> Path:
        """Return the path of a file that goes with the campaign file: its name with another suffix."""
        return self._folder / (PurePosixPath(self.campaign).stem + suffix)

    def models(self) -> list[str]:
        """Return the files of the project's own models, by their paths from the campaign's folder."""
        files = sorted((self.root / "models").glob("*.yaml"))
        shown = [os.path.relpath(file, self._folder) for file in files if not file.name.startswith(".")]
        return [PurePosixPath(path).as_posix() for path in shown]

    def shown(self, path: str) -> str:
        """Return the path relative to the current folder if possible."""
        absolute = os.path.normpath(self._folder / path)
        here = Path(os.path.realpath(Path.cwd()))
        shown = os.path.relpath(absolute, here)
        # From far away, dots upon dots say less than the whole path.
        return absolute if shown.startswith("../../..") else PurePosixPath(shown).as_posix()

    def _inside(self, path: str) -> Path:
        """Return the real file; refuse what leads out of the project, by `..` or by links."""
        if "\0" in path:
            raise FileProblem("this is not a file name")
        if PurePosixPath(path).is_absolute() or path.startswith("~"):
            hint = "name it relative to the campaign file"
            raise FileProblem("absolute paths are not read", rule="path-outside", hint=hint)
        try:
            real = Path(os.path.realpath(self._folder / path))
        except (OSError, ValueError):
            raise FileProblem("this is not a file name") from None
        if not real.is_relative_to(self.root):
            hint = f"the project is the folder {self.shown(str(self.root))}; copy the file into it"
            raise FileProblem("it lies outside the project", rule="path-outside", hint=hint)
        named = PurePosixPath(os.path.normpath(self._folder / path))
        below = named.relative_to(self.root) if named.is_relative_to(self.root) else named
        for part in (*below.parts, *real.relative_to(self.root).parts):
            if part.startswith("."):
                raise FileProblem("hidden files are not read", rule="path-hidden", hint=f"rename '{part}'")
        return real


def _open_regular(file: Path) -> BufferedReader:
    """Open a regular file; a pipe must not hang us and a device must not be read without end."""
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError
    raise FileProblem("this is not a regular file")


def _similar(file: Path) -> str | None:
    """Return a hint that names a file of about this name, in the same folder or one below."""
    found: dict[str, str] = {}
    try:
        for entry in os.scandir(file.parent):
            if entry.name.startswith("."):
                continue
            found.setdefault(entry.name, entry.name)
            for below in os.scandir(entry) if entry.is_dir(follow_symlinks=False) else ():
                found.setdefault(below.name, f"{entry.name}/{below.name}")
            if len(found) > _MOST_SEEN:
                break
    except OSError:
        return None
    near = closest(file.name, found)
    return f"did you mean '{found[near]}'?" if near else None
