"""The local store's own: links, modes, symbolic links, other devices, full disks, half-written files."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import resource
import stat
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from seedpipe.core.errors import RunError
from seedpipe.stores import LocalStore
from tests.contracts.test_store import chunks_of, picture, publish, receive
from tests.fakes.disk import Disk


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "objects", tmp_path / "out")


@contextmanager
def files_no_longer_than(size_bytes):
    """A disk that is full: no file of this process can grow past a size."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def another_device(than):
    """A folder on another file system than a path's, or a skipped test."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == than.stat().st_dev:
        pytest.skip("needs a second file system at /dev/shm")
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


def digest(data):
    return hashlib.sha256(data).hexdigest()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


class TestObjects:
    def test_an_object_is_read_only_and_the_only_file(self, store, tmp_path):
        image = receive(store, picture())
        assert names(tmp_path / "objects") == [image.sha256]
        assert stat.S_IMODE((tmp_path / "objects" / image.sha256).stat().st_mode) == 0o444

    def test_an_object_that_is_there_stays_the_same_file(self, store, tmp_path):
        image = receive(store, picture())
        before = (tmp_path / "objects" / image.sha256).stat().st_ino
        receive(store, picture())
        assert (tmp_path / "objects" / image.sha256).stat().st_ino == before

    def test_an_object_that_was_cut_is_replaced(self, store, tmp_path):
        image = receive(store, picture())
        path = tmp_path / "objects" / image.sha256
        path.chmod(0o644)
        path.write_bytes(b"cut")
        assert not store.holds(image)
        assert store.holds(receive(store, picture()))
        assert path.read_bytes() == picture()

    def test_parts_of_a_killed_run_are_removed_and_nothing_else(self, store, tmp_path):
        image = receive(store, picture())
        publish(store, image, "de/a")
        for stale in ("objects/0123.part", "out/de/.seedpipe-0123.part"):
            (tmp_path / stale).write_text("half")
        (tmp_path / "out/de/engine.part").write_text("somebody's spare part")
        store.clean_parts()
        assert names(tmp_path / "objects") == [image.sha256]
        assert names(tmp_path / "out/de") == ["a.png", "engine.part"]

    def test_an_object_that_a_killed_run_had_placed_is_durable_from_the_next_start_on(self, store, tmp_path):
        """It was killed between the rename and the sync of the folder; the next run relies on the object."""
        disk = Disk(tmp_path)
        with disk.mounted():
            image = receive(store, picture())
            found = tmp_path / "objects" / image.sha256
            disk.forget_names(tmp_path / "objects")
            assert not disk.is_durable(found, image.sha256)
            store.clean_parts()
            assert disk.is_durable(found, image.sha256)

    def test_there_may_be_nothing_to_clean(self, store, tmp_path):
        store.clean_parts()
        assert names(tmp_path) == []

    def test_cancelling_while_it_is_judged_leaves_no_part(self, store, tmp_path):
        async def cancelled():
            through = asyncio.Event()

            async def all_of_it():
                async for chunk in chunks_of(picture(size=(2000, 2000))):
                    yield chunk
                through.set()

            task = asyncio.create_task(store.receive(all_of_it()))
            await through.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        asyncio.run(cancelled())
        store._workers.shutdown(wait=True)
        assert not list(tmp_path.glob("objects/*.part"))

    def test_cancelling_while_it_waits_for_a_worker_leaves_no_part(self, store, tmp_path):
        async def cancelled():
            free = threading.Event()
            busy = [store._workers.submit(free.wait) for _ in range(8)]
            task = asyncio.create_task(store.receive(chunks_of(picture())))
            await asyncio.sleep(0.02)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            free.set()
            assert all(worker.result() for worker in busy)

        asyncio.run(cancelled())
        store._workers.shutdown(wait=True)
        assert not list(tmp_path.glob("objects/*.part"))


class TestDisk:
    @pytest.mark.parametrize("failing", ["the file", "the folder"])
    def test_a_file_is_synced_before_it_has_its_name_and_the_folder_after(
        self, store, tmp_path, monkeypatch, failing
    ):
        first = receive(store, picture(colour="blue"))
        calls = iter(["the file", "the folder"])

        def broken(_fd):
            if next(calls) == failing:
                raise OSError(errno.EIO, os.strerror(errno.EIO))

        monkeypatch.setattr(os, "fsync", broken)
        with pytest.raises(RunError, match=os.strerror(errno.EIO)):
            receive(store, picture())
        kept = {first.sha256} if failing == "the file" else {first.sha256, digest(picture())}
        assert set(names(tmp_path / "objects")) == kept

    @pytest.mark.parametrize("limit", [0, 10, 60])
    def test_a_full_disk_stops_the_run_and_leaves_no_part(self, store, tmp_path, limit):
        with files_no_longer_than(limit), pytest.raises(RunError, match="cannot be"):
            receive(store, picture())
        assert names(tmp_path / "objects") == []
        assert store.holds(receive(store, picture()))

    @pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
    def test_a_full_disk_is_called_one(self, store, monkeypatch, code):
        def full(_fd):
            raise OSError(code, os.strerror(code))

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(RunError, match="the disk is full") as caught:
            receive(store, picture())
        assert "free some space" in caught.value.hint

    def test_published_files_that_are_not_there_are_counted_where_the_folder_is(self, store, tmp_path):
        assert store.count_missing(["de/a.png"]) == 0
        (tmp_path / "out" / "de").mkdir(parents=True)
        (tmp_path / "out" / "de" / "a.png").write_bytes(b"a picture")
        assert store.count_missing(["de/a.png", "de/b.png", "us/a.png"]) == 2

    @pytest.mark.parametrize("in_the_way", ["objects", "out"])
    def test_a_file_where_a_folder_should_be(self, store, tmp_path, in_the_way):
        (tmp_path / in_the_way).write_text("in the way")
        with pytest.raises(RunError, match="cannot be used"):
            publish(store, receive(store, picture()), "a")

    def test_a_folder_where_an_image_should_be(self, store, tmp_path):
        (tmp_path / "out/a.png/inside").mkdir(parents=True)
        with pytest.raises(RunError, match="cannot be used"):
            publish(store, receive(store, picture()), "a")
        assert names(tmp_path / "out") == ["a.png"]

    def test_a_name_too_long_for_the_disk(self, store, tmp_path):
        with pytest.raises(RunError, match="too long"):
            publish(store, receive(store, picture()), "a" * 300)


class TestKeeps:
    """Whether an image is here is asked for thousands: by size, never by reading."""

    def test_the_object_or_the_published_file_will_do(self, store, tmp_path):
        image = receive(store, picture())
        publish(store, image, "de/a")
        assert store.keeps(image, None)
        (tmp_path / "objects" / image.sha256).unlink()
        assert not store.keeps(image, None)
        assert store.keeps(image, "de/a")

    def test_a_published_file_of_another_size_or_none_will_not(self, store, tmp_path):
        image = receive(store, picture())
        publish(store, image, "a")
        (tmp_path / "objects" / image.sha256).unlink()
        (tmp_path / "out/a.png").unlink()
        (tmp_path / "out/a.png").write_bytes(b"other")
        assert not store.keeps(image, "a")
        assert not store.keeps(image, "b")
        assert not store.keeps(image, "a.png/c")


class TestLinks:
    def test_a_published_image_is_the_object_itself(self, store, tmp_path):
        image = receive(store, picture())
        publish(store, image, "a")
        assert (tmp_path / "out/a.png").samefile(tmp_path / "objects" / image.sha256)

    def test_another_device_gets_a_copy_once(self, tmp_path):
        with another_device(tmp_path) as folder:
            store = LocalStore(tmp_path / "objects", folder / "out")
            image = receive(store, picture())
            publish(store, image, "a/b")
            path = folder / "out/a/b.png"
            before = path.stat()
            assert (path.read_bytes(), before.st_nlink) == (picture(), 1)
            publish(store, image, "a/b")
            assert path.stat().st_ino == before.st_ino
            assert names(path.parent) == ["b.png"]

    @pytest.mark.parametrize("code", [errno.EXDEV, errno.EPERM, errno.EMLINK])
    def test_where_no_second_name_can_be_given_a_whole_copy_stands(self, store, tmp_path, monkeypatch, code):
        def refused(*_):
            raise OSError(code, os.strerror(code))

        image = receive(store, picture())
        monkeypatch.setattr(Path, "hardlink_to", refused)
        publish(store, image, "a")
        assert (tmp_path / "out/a.png").read_bytes() == picture()
        assert (tmp_path / "out/a.png").stat().st_nlink == 1

    def test_a_link_that_fails_for_the_disks_sake_is_no_reason_to_copy(self, store, tmp_path, monkeypatch):
        def broken(*_):
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        image = receive(store, picture())
        monkeypatch.setattr(Path, "hardlink_to", broken)
        with pytest.raises(RunError, match=os.strerror(errno.EIO)):
            publish(store, image, "a")
        assert names(tmp_path / "out") == []

    def test_a_copy_with_the_same_bytes_is_left_alone(self, store, tmp_path):
        image = receive(store, picture())
        (tmp_path / "out").mkdir()
        (tmp_path / "out/a.png").write_bytes(picture())
        before = (tmp_path / "out/a.png").stat().st_ino
        publish(store, image, "a")
        assert (tmp_path / "out/a.png").stat().st_ino == before

    def test_a_file_of_the_same_size_and_other_bytes_is_replaced(self, store, tmp_path):
        image = receive(store, picture())
        (tmp_path / "out").mkdir()
        (tmp_path / "out/a.png").write_bytes(bytes(image.size_bytes))
        publish(store, image, "a")
        assert (tmp_path / "out/a.png").read_bytes() == picture()

    def test_a_link_in_the_images_place_is_replaced_and_not_followed(self, store, tmp_path):
        image = receive(store, picture())
        (tmp_path / "precious").write_text("keep me")
        (tmp_path / "out").mkdir()
        (tmp_path / "out/a.png").symlink_to(tmp_path / "precious")
        publish(store, image, "a")
        assert (tmp_path / "precious").read_text() == "keep me"
        assert (tmp_path / "out/a.png").read_bytes() == picture()
        assert not (tmp_path / "out/a.png").is_symlink()

    @pytest.mark.parametrize("target", ["elsewhere", "elsewhere/new", "out/loop"])
    def test_a_linked_folder_that_leads_out_is_refused(self, store, tmp_path, target):
        (tmp_path / "out").mkdir()
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "out/loop").symlink_to(tmp_path / target)
        with pytest.raises(RunError, match="leaves the output folder"):
            publish(store, receive(store, picture()), "loop/deeper/a")
        assert names(tmp_path / "elsewhere") == []

    def test_a_linked_folder_that_stays_inside_is_fine(self, store, tmp_path):
        (tmp_path / "out/germany").mkdir(parents=True)
        (tmp_path / "out/de").symlink_to("germany")
        assert publish(store, receive(store, picture()), "de/a") == "de/a.png"
        assert os.listdir(tmp_path / "out/germany") == ["a.png"]  # noqa: PTH208

    def test_the_output_folder_itself_may_be_a_link(self, store, tmp_path):
        (tmp_path / "shared").mkdir()
        (tmp_path / "out").symlink_to(tmp_path / "shared")
        publish(store, receive(store, picture()), "a")
        assert names(tmp_path / "shared") == ["a.png"]
