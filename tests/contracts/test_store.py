"""What every store promises. A new store runs this suite by one more line in `STORES`."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import aclosing
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image

from seedpipe.core.audit import FileState
from seedpipe.core.errors import Malformed, RunError, Unavailable
from seedpipe.stores import LocalStore

LIMITS = {"max_bytes": 200_000, "max_pixels": 10_000}
STORES = {"local": lambda folder: LocalStore(folder / "objects", folder / "out", **LIMITS)}
FORMATS = [("PNG", "image/png", ".png"), ("JPEG", "image/jpeg", ".jpg"), ("WEBP", "image/webp", ".webp")]


@pytest.fixture(params=STORES)
def store(request, tmp_path):
    return STORES[request.param](tmp_path)


def picture(kind="PNG", *, colour="red", size=(40, 30)):
    file = BytesIO()
    Image.new("RGB", size, colour).save(file, kind)
    return file.getvalue()


async def chunks_of(data, size=1000):
    for start in range(0, len(data), size):
        yield data[start : start + size]


def receive(store, data, size=1000):
    return asyncio.run(store.receive(chunks_of(data, size)))


def publish(store, image, stem):
    return asyncio.run(store.publish(image, stem))


def published(tmp_path):
    return {
        path.relative_to(tmp_path / "out").as_posix(): path.read_bytes()
        for path in (tmp_path / "out").rglob("*")
        if path.is_file()
    }


def left_over(tmp_path):
    """Every file under the test's folder that is no whole object."""
    return [
        path
        for path in tmp_path.rglob("*")
        if path.is_file() and path.name != hashlib.sha256(path.read_bytes()).hexdigest()
    ]


class TestReceive:
    @pytest.mark.parametrize(("kind", "media_type", "_"), FORMATS)
    @pytest.mark.parametrize("chunk", [1, 7, 64, 100_000])
    def test_an_image_is_known_by_its_content(self, store, kind, media_type, _, chunk):
        data = picture(kind)
        image = receive(store, data, chunk)
        assert image.sha256 == hashlib.sha256(data).hexdigest()
        assert (image.media_type, image.width_px, image.height_px) == (media_type, 40, 30)
        assert image.size_bytes == len(data)
        assert store.holds(image)

    def test_the_same_image_twice_is_one(self, store):
        assert receive(store, picture()) == receive(store, picture(), 3)

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (b"", "an empty file"),
            (b"<html>502 Bad Gateway</html>", "a web page"),
            (b"no image whatsoever", "something unknown"),
            (picture("GIF"), "unsupported image or video format"),
            (picture("PNG")[:-1], "cut short"),
            (picture("JPEG")[:-200], "cut short"),
            (picture("WEBP")[:-10], "cut short"),
            (picture("PNG")[:40] + bytes(20) + picture("PNG")[60:], "damaged"),
            (picture(size=(101, 100)), "101x100: more than 10,000 pixels"),
            (picture() + bytes(200_000), "larger than 200,000 bytes"),
        ],
    )
    def test_what_is_no_whole_image_leaves_nothing(self, store, tmp_path, data, words):
        with pytest.raises(Malformed, match=words):
            receive(store, data)
        assert left_over(tmp_path) == []

    def test_an_endless_download_is_not_read_to_its_end(self, store):
        read = 0

        async def endless():
            nonlocal read
            while True:
                read += 50_000
                yield bytes(50_000)

        with pytest.raises(Malformed, match="larger"):
            asyncio.run(store.receive(endless()))
        assert read <= 250_000

    def test_a_download_that_breaks_off_passes_its_reason_on(self, store, tmp_path):
        async def breaking():
            yield picture()[:50]
            raise Unavailable("connection reset")

        with pytest.raises(Unavailable, match="reset"):
            asyncio.run(store.receive(breaking()))
        assert left_over(tmp_path) == []

    def test_a_cancelled_download_leaves_nothing(self, store, tmp_path):
        async def stalling():
            yield picture()[:50]
            await asyncio.Event().wait()

        async def cancelled():
            async with aclosing(stalling()) as chunks:
                task = asyncio.create_task(store.receive(chunks))
                await asyncio.sleep(0.05)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task

        asyncio.run(cancelled())
        assert left_over(tmp_path) == []

    def test_many_at_once(self, store):
        async def all_at_once():
            colours = ["red", "green", "blue", "red", "green", "blue"] * 3
            return await asyncio.gather(*(store.receive(chunks_of(picture(colour=c))) for c in colours))

        images = asyncio.run(all_at_once())
        assert len({image.sha256 for image in images}) == 3
        assert all(store.holds(image) for image in images)

    def test_what_was_never_received_is_not_held(self, store):
        image = receive(store, picture())
        assert not store.holds(replace(image, sha256="0" * 64))
        assert not store.holds(replace(image, size_bytes=image.size_bytes + 1))


class TestReading:
    def test_an_object_is_read_by_its_name(self, store):
        image = receive(store, picture())
        assert asyncio.run(store.read(image.sha256)) == picture()

    def test_what_is_gone_or_damaged_is_a_key_error(self, store, tmp_path):
        image = receive(store, picture())
        kept = tmp_path / "objects" / image.sha256
        kept.chmod(0o644)
        kept.write_bytes(picture()[:-1] + b"x")
        for name in (image.sha256, "0" * 64):
            with pytest.raises(KeyError):
                asyncio.run(store.read(name))


class TestPublish:
    @pytest.mark.parametrize(("kind", "_", "extension"), FORMATS)
    def test_the_extension_comes_from_the_bytes(self, store, tmp_path, kind, _, extension):
        image = receive(store, picture(kind))
        assert publish(store, image, "de/hero/AUR-1.5-front") == f"de/hero/AUR-1.5-front{extension}"
        assert published(tmp_path) == {f"de/hero/AUR-1.5-front{extension}": picture(kind)}

    def test_twice_is_once(self, store, tmp_path):
        image = receive(store, picture())
        publish(store, image, "a")
        before = (tmp_path / "out/a.png").stat()
        publish(store, image, "a")
        after = (tmp_path / "out/a.png").stat()
        assert (before.st_ino, before.st_ctime_ns) == (after.st_ino, after.st_ctime_ns)

    def test_one_image_may_stand_in_many_places(self, store, tmp_path):
        image = receive(store, picture())
        assert [publish(store, image, stem) for stem in ("a", "b/c")] == ["a.png", "b/c.png"]
        assert published(tmp_path) == {"a.png": picture(), "b/c.png": picture()}

    def test_another_image_takes_the_place(self, store, tmp_path):
        for colour in ("red", "blue"):
            publish(store, receive(store, picture(colour=colour)), "a")
        assert published(tmp_path) == {"a.png": picture(colour="blue")}

    def test_another_format_leaves_no_stale_sibling(self, store, tmp_path):
        publish(store, receive(store, picture("PNG")), "a")
        publish(store, receive(store, picture("PNG")), "a-2")
        for name in ("a.txt", "a.gif"):
            (tmp_path / "out" / name).write_text("not ours")
        publish(store, receive(store, picture("JPEG")), "a")
        assert sorted(published(tmp_path)) == ["a-2.png", "a.gif", "a.jpg", "a.txt"]

    def test_an_image_that_is_gone_is_a_key_error(self, store, tmp_path):
        image = replace(receive(store, picture()), sha256="0" * 64)
        with pytest.raises(KeyError):
            publish(store, image, "a")
        assert published(tmp_path) == {}

    @pytest.mark.parametrize(
        "stem", ["../a", "a/../../b", "/etc/a", "..", "", "a/", "a\0b", "a/../b", "a/.."]
    )
    def test_a_path_that_leaves_the_folder_is_refused(self, store, tmp_path, stem):
        image = receive(store, picture())
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(RunError, match="leaves the output folder"):
            publish(store, image, stem)
        assert sorted(tmp_path.rglob("*")) == before


def test_an_image_is_read_to_its_end_where_it_is_kept_and_where_it_is_shown(store, tmp_path):
    image = receive(store, picture())
    path = publish(store, image, "us/hero/1")
    assert store.inspect(image) is FileState.WHOLE
    assert store.inspect(image, path) is FileState.WHOLE
    shown = tmp_path / "out" / path
    content = bytearray(shown.read_bytes())
    content[-20] ^= 1
    shown.unlink()
    assert store.inspect(image, path) is FileState.MISSING
    assert store.inspect(image, f"{path}/below") is FileState.MISSING
    shown.write_bytes(content)  # one bit, at the same length
    assert store.inspect(image, path) is FileState.DAMAGED
    assert store.inspect(image) is FileState.WHOLE
    assert store.inspect(replace(image, sha256="0" * 64)) is FileState.MISSING
    shown.unlink()
    shown.mkdir()
    assert store.inspect(image, path) is FileState.DAMAGED


class TestWithdrawing:
    """What a cell no longer shows is taken from its path, and from nowhere else."""

    @pytest.mark.parametrize(("kind", "_", "extension"), FORMATS)
    def test_a_picture_leaves_its_path_and_is_kept(self, store, tmp_path, kind, _, extension):
        image = receive(store, picture(kind))
        publish(store, image, "us/a")
        publish(store, image, "us/b")
        asyncio.run(store.withdraw("us/a"))
        assert published(tmp_path).keys() == {f"us/b{extension}"}
        assert store.holds(image)

    def test_where_nothing_stands_nothing_happens(self, store, tmp_path):
        asyncio.run(store.withdraw("nowhere/a"))
        assert not (tmp_path / "out").exists()

    def test_the_last_copy_of_a_picture_stays(self, store, tmp_path):
        image = receive(store, picture())
        publish(store, image, "us/a")
        (tmp_path / "objects" / image.sha256).unlink()
        asyncio.run(store.withdraw("us/a"))
        assert published(tmp_path).keys() == {"us/a.png"}

    def test_what_people_have_put_there_stays(self, store, tmp_path):
        publish(store, receive(store, picture()), "us/b")
        (tmp_path / "out" / "us" / "a.png").write_bytes(b"a drawing of theirs")
        asyncio.run(store.withdraw("us/a"))
        assert published(tmp_path)["us/a.png"] == b"a drawing of theirs"

    @pytest.mark.parametrize("stem", ["../elsewhere/a", "link/a"])
    def test_nothing_outside_is_touched(self, store, tmp_path, stem):
        image = receive(store, picture())
        publish(store, image, "us/a")
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "a.png").write_bytes(picture())
        (tmp_path / "out" / "link").symlink_to(elsewhere)
        with pytest.raises(RunError, match="leaves the output folder"):
            asyncio.run(store.withdraw(stem))
        assert (elsewhere / "a.png").exists()


class TestReclaiming:
    """An object that is gone comes back from where it was published, and from nothing else."""

    @pytest.fixture
    def gone(self, store, tmp_path):
        """An image that was published and whose object is gone."""
        image = receive(store, picture())
        publish(store, image, "us/a")
        (tmp_path / "objects" / image.sha256).unlink()
        return image

    def test_a_published_file_becomes_the_object_again(self, store, gone, tmp_path):
        assert asyncio.run(store.reclaim(gone, "us/a"))
        assert store.holds(gone)
        assert publish(store, gone, "de/a") == "de/a.png"
        assert not left_over(tmp_path / "objects")

    def test_what_is_there_needs_nothing(self, store):
        image = receive(store, picture())
        assert asyncio.run(store.reclaim(image, "nowhere"))

    @pytest.mark.parametrize("stem", ["us/b", "nowhere/a", "us/a.png/a"])
    def test_a_file_that_is_not_there_gives_nothing(self, store, gone, stem):
        assert not asyncio.run(store.reclaim(gone, stem))
        assert not store.holds(gone)

    def test_a_file_that_people_have_changed_gives_nothing(self, store, gone, tmp_path):
        path = tmp_path / "out" / "us" / "a.png"
        changed = bytes([*path.read_bytes()[:-1], 0])
        path.unlink()
        path.write_bytes(changed)
        assert not asyncio.run(store.reclaim(gone, "us/a"))
        assert list((tmp_path / "objects").iterdir()) == []
        assert path.read_bytes() == changed

    def test_a_link_gives_nothing(self, store, gone, tmp_path):
        path = tmp_path / "out" / "us" / "a.png"
        path.rename(tmp_path / "elsewhere.png")
        path.symlink_to(tmp_path / "elsewhere.png")
        assert not asyncio.run(store.reclaim(gone, "us/a"))
