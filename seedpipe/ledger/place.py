"""Where a ledger may lie: on a disk of this machine.

Hides how a system tells its file systems apart. Network file systems keep neither the lock nor the order of
writes that the ledger rests on: two machines could pay for one job, or a crash could forget a payment.
Invariant: only what is known to be a network file system is refused; what is unknown is not.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from seedpipe.core.errors import InputError

_NETWORK: Final = frozenset(
    {
        "afpfs", "afs", "beegfs", "ceph", "cifs", "davfs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs",
        "nfs", "nfs3", "nfs4", "ocfs2", "orangefs", "pvfs2", "smb2", "smb3", "smbfs", "webdav",
        "fuse.ceph", "fuse.cephfs", "fuse.davfs", "fuse.gcsfuse", "fuse.glusterfs", "fuse.goofys",
        "fuse.juicefs", "fuse.rclone", "fuse.s3fs", "fuse.seaweedfs", "fuse.sshfs",
    }
)  # fmt: skip
_MAC_MOUNT: Final = re.compile(r".* on (?P<place>/.*) \((?P<kind>[^,)]+)[,)].*")
_OCTAL: Final = re.compile(r"\\([0-7]{3})")
_PATIENCE_S: Final = 5.0


def file_system_of(folder: Path) -> str:
    """Return the kind of file system that a folder lies on, or will when it is made; empty if unknown."""
    return kind_at(os.path.realpath(folder), _mounts())


def kind_at(place: str, mounts: list[tuple[str, str]]) -> str:
    """Return the kind of the innermost of these mounts, the topmost first, that a resolved path is in."""
    around = [mount for mount in mounts if f"{place}/".startswith(mount[0].rstrip("/") + "/")]
    return max(around, key=lambda mount: len(mount[0]), default=("", ""))[1]


def is_network(kind: str) -> bool:
    """Say whether a kind of file system is known to be shared between machines."""
    return kind.lower() in _NETWORK


def refuse_network_folder(folder: Path) -> None:
    """Raise `InputError` for a folder that other machines may write to as well."""
    kind = file_system_of(folder)
    if is_network(kind):
        raise InputError(
            f"{folder} is on a network file system ({kind}), which cannot keep a ledger",
            hint="choose a folder on a local disk with --state; nothing was sent",
        )


def linux_mounts(text: str) -> list[tuple[str, str]]:
    """Return place and kind of each mount in the text of `/proc/self/mountinfo`; later ones lie on top."""
    mounts = []
    for line in text.splitlines():
        left, dash, right = line.partition(" - ")
        fields = left.split(" ")
        if dash and len(fields) > 4 and right:  # noqa: PLR2004 - the fifth field is the place
            place = _OCTAL.sub(lambda match: chr(int(match[1], 8)), fields[4])
            mounts.append((place, right.split(" ")[0]))
    return mounts[::-1]


def mac_mounts(text: str) -> list[tuple[str, str]]:
    """Return place and kind of each mount in what `mount` prints on macOS."""
    found = (_MAC_MOUNT.fullmatch(line) for line in text.splitlines())
    return [(match["place"], match["kind"]) for match in found if match][::-1]


def _mounts() -> list[tuple[str, str]]:
    try:
        if sys.platform == "darwin":
            return mac_mounts(subprocess.check_output(["/sbin/mount"], text=True, timeout=_PATIENCE_S))
        return linux_mounts(Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace"))
    except (OSError, subprocess.SubprocessError):
        return []
