"""A disk that can be watched, broken and cut off: every call that changes files passes one gate.

While a `Disk` is mounted, the calls of `os` and `open` that touch files below its root are counted, may fail
or kill the process that made them, and are remembered: which bytes and which names were synced. Losing
power then takes back, as real disks may, any of what was not. SQLite writes past this gate, from C.
"""

from __future__ import annotations

import builtins
import hashlib
import io
import os
import shutil
from contextlib import contextmanager
from pathlib import Path

_WRITING = frozenset("wxa+")
_HANDLES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Disk:
    """The files below `root`. `gate(call, path)` is asked before every change; it may raise."""

    def __init__(self, root, gate=None):
        self.root = str(root)
        self.gate = gate or (lambda call, path: None)
        self._synced_bytes = {}  # inode → content at its last sync
        self._synced_names = {}  # folder → {name: inode} at its last sync
        self._digests = {}  # inode → sha256 of its synced content
        self._real = {}
        self._opened = []

    def close_files(self):
        """Close what a dead process has left open."""
        for file in self._opened:
            file.close()
        self._opened.clear()

    # --- what is durable ---

    def is_durable(self, path, sha256):
        """Say whether a file would stand there with this content if the power went now."""
        folder, name = os.path.split(str(path))
        inode = self._synced_names.get(folder, {}).get(name)
        if inode is None or inode not in self._synced_bytes:
            return False
        if inode not in self._digests:
            self._digests[inode] = hashlib.sha256(self._synced_bytes[inode]).hexdigest()
        return self._digests[inode] == sha256

    def forget_names(self, folder):
        """Take the names in a folder for unsynced, as after a kill between a rename and the sync."""
        self._synced_names.pop(str(folder), None)

    def lose_power(self, rng=None):
        """Take back what was not synced: all of it, or with `rng` any part of it."""
        self._lose(self.root, (lambda: rng.random() < 0.5) if rng else lambda: True)

    def _lose(self, folder, is_lost):
        durable = self._synced_names.get(folder, {})
        present = {entry.name: entry.inode() for entry in os.scandir(folder)}
        for name in sorted(durable.keys() | present.keys(), key=lambda name: (name.endswith(".part"), name)):
            path = os.path.join(folder, name)
            if durable.get(name) != present.get(name) and is_lost():
                self._take_back(path, present.get(name), durable.get(name))
            if os.path.isdir(path):
                self._lose(path, is_lost)
            elif os.path.isfile(path):
                self._tear(path, is_lost)

    def _take_back(self, path, present, durable):
        if present is not None:
            shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
        if durable is not None and durable in self._synced_bytes:
            Path(path).write_bytes(self._synced_bytes[durable])
            inode = os.stat(path).st_ino
            self._synced_bytes[inode] = self._synced_bytes[durable]
            self._synced_names[os.path.dirname(path)][os.path.basename(path)] = inode

    def _tear(self, path, is_lost):
        inode, content = os.stat(path).st_ino, Path(path).read_bytes()
        synced = self._synced_bytes.get(inode)
        if content != synced and is_lost():
            os.chmod(path, 0o644)
            Path(path).write_bytes(content[: len(content) // 2] if synced is None else synced)

    # --- the gate ---

    @contextmanager
    def mounted(self):
        """Route the calls of this process through the gate until the block ends."""
        names = ("open", "fsync", "replace", "rename", "link", "unlink", "remove", "mkdir")
        self._real = {name: getattr(os, name) for name in names} | {"builtin": io.open}
        try:
            os.open, os.fsync, os.mkdir = self._os_open, self._fsync, self._one("mkdir")
            os.unlink = os.remove = self._one("unlink")
            os.replace, os.rename, os.link = self._two("replace"), self._two("rename"), self._two("link")
            io.open = builtins.open = self._open
            yield self
        finally:
            for name in names:
                setattr(os, name, self._real[name])
            io.open = builtins.open = self._real["builtin"]

    def _is_mine(self, path):
        return not isinstance(path, int) and os.fspath(path).startswith(self.root)

    def _one(self, name):
        real = self._real[name]

        def call(path, *args, **kwargs):
            if self._is_mine(path):
                self.gate(name, path)
            return real(path, *args, **kwargs)

        return call

    def _two(self, name):
        real = self._real[name]

        def call(source, target, **kwargs):
            if self._is_mine(target):
                self.gate(name, target)
            return real(source, target, **kwargs)

        return call

    def _os_open(self, path, flags, *args, **kwargs):
        if self._is_mine(path):
            self.gate("open" if flags & _HANDLES else "open to read", path)
        return self._real["open"](path, flags, *args, **kwargs)

    def _open(self, file, mode="r", *args, **kwargs):
        if not (self._is_mine(file) and _WRITING & set(mode)):
            return self._real["builtin"](file, mode, *args, **kwargs)
        self.gate("open", file)
        opened = self._real["builtin"](file, mode, *args, **kwargs)
        self._synced_bytes.pop(
            inode := os.fstat(opened.fileno()).st_ino, None
        )  # the number may be an old one
        self._digests.pop(inode, None)
        self._opened.append(opened)
        return _Gated(opened, file, self.gate)

    def _fsync(self, fd):
        path = _path_of(fd)
        if not path.startswith(self.root):
            return self._real["fsync"](fd)
        self.gate("fsync", path)
        if os.path.isdir(path):
            self._synced_names[path] = {entry.name: entry.inode() for entry in os.scandir(path)}
        else:
            inode = os.fstat(fd).st_ino
            with self._real["builtin"](path, "rb") as file:
                self._synced_bytes[inode] = file.read()
            self._digests.pop(inode, None)
        return None


class _Gated:
    """An open file whose writes pass the gate."""

    def __init__(self, file, path, gate):
        self._file = file
        self._path = path
        self._gate = gate

    def __getattr__(self, name):
        return getattr(self._file, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def write(self, data):
        self._gate("write", self._path)
        return self._file.write(data)

    def writelines(self, lines):
        self._gate("write", self._path)
        self._file.writelines(lines)

    def flush(self):
        self._gate("flush", self._path)
        self._file.flush()


def _path_of(fd):
    try:
        return os.readlink(f"/proc/self/fd/{fd}")
    except FileNotFoundError:  # macOS
        import fcntl

        return fcntl.fcntl(fd, fcntl.F_GETPATH, b"\0" * 1024).rstrip(b"\0").decode()
