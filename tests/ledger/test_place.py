"""Which file systems a ledger may lie on."""

import pytest

from seedpipe.core.errors import InputError
from seedpipe.ledger import SqliteLedger, lock_holder, place
from seedpipe.ledger.place import file_system_of, is_network, kind_at, linux_mounts, mac_mounts

LINUX = """\
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 27 0:40 / /home rw,relatime shared:1 - nfs4 server:/home rw
31 30 0:41 / /home/local rw - xfs /dev/vdb rw
32 27 0:42 / /mnt/with\\040blank rw - cifs //server/share rw
33 27 0:43 / /over rw - ext4 /dev/vdc rw
34 33 0:44 / /over rw - fuse.sshfs user@host: rw
nonsense
"""
MAC = """\
/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
//user@server/share on /Volumes/the share (smbfs, nodev, nosuid)
nonsense
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "ext4"),
        ("/etc", "ext4"),
        ("/home/a/.seedpipe", "nfs4"),
        ("/homely", "ext4"),
        ("/home/local/a", "xfs"),
        ("/mnt/with blank/x", "cifs"),
        ("/over/x", "fuse.sshfs"),
    ],
)
def test_the_innermost_and_topmost_mount_counts(path, kind):
    assert kind_at(path, linux_mounts(LINUX)) == kind


def test_macs_spell_it_otherwise():
    assert kind_at("/Users/a", mac_mounts(MAC)) == "apfs"
    assert kind_at("/Volumes/the share/x", mac_mounts(MAC)) == "smbfs"


def test_nothing_known_is_nothing_refused():
    assert kind_at("/x", []) == ""
    assert not is_network("")


@pytest.mark.parametrize("system", ["darwin", "linux"])
def test_a_system_that_does_not_tell_its_mounts_is_not_refused(tmp_path, monkeypatch, system):
    def cannot_be_had(*_, **__):
        raise OSError("no such thing here")

    monkeypatch.setattr(place.sys, "platform", system)
    monkeypatch.setattr(place.subprocess, "check_output", cannot_be_had)
    monkeypatch.setattr(place.Path, "read_text", cannot_be_had)
    assert file_system_of(tmp_path) == ""


def test_this_folder_can_keep_a_ledger(tmp_path):
    assert not is_network(file_system_of(tmp_path / "not" / "there"))


def test_a_ledger_on_a_network_file_system_is_refused_before_anything_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr(place, "_mounts", lambda: [("/", "nfs4")])
    with pytest.raises(InputError, match="network file system"):
        SqliteLedger.open(tmp_path / "world" / "ledger.db", origin="sandbox")
    assert not (tmp_path / "world").exists()


def test_who_holds_the_lock_can_be_seen_without_taking_it(tmp_path):
    file = tmp_path / "ledger.db"
    assert lock_holder(file) is None
    ledger = SqliteLedger.open(file, origin="sandbox")
    assert "pid" in lock_holder(file)
    ledger.close()
    assert lock_holder(file) is None
