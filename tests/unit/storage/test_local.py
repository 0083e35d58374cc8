from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import hashlib
import itertools
import os
import stat
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from skylog.errors import InvalidConfig, InvalidRequest, NotFound, Unavailable
from skylog.storage import directory
from skylog.storage.local import WRITES_MAX, LocalStore

KILL_TARGET = Path(__file__).parent / "kill_target.py"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[LocalStore]:
    store = LocalStore(str(tmp_path / "deep" / "objects"))
    await store.open()
    yield store
    await store.close()


def root_of(store: LocalStore) -> Path:
    return Path(store.url.removeprefix("file://"))


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count fsyncs by what was synced: a file, or a directory's path."""
    counts: Counter[str] = Counter()
    fsync = os.fsync

    def count(descriptor: int) -> None:
        is_directory = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        counts[path if is_directory else "file"] += 1
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", count)
    return counts


@contextlib.contextmanager
def without_privileges() -> Iterator[None]:
    """Give up root's rights for a while, where a test runs as root."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


@pytest.fixture
def read_only(tmp_path: Path) -> Path:
    tmp_path.chmod(0o555)
    return tmp_path


async def test_a_put_syncs_the_file_and_its_directory(store: LocalStore, synced: Counter[str]) -> None:
    await store.put("segments/7/a", b"x")
    root = str(root_of(store))
    # New directories: each is synced into the one above it.
    assert synced == {"file": 1, root: 1, f"{root}/segments": 1, f"{root}/segments/7": 1}
    synced.clear()
    await store.put("segments/7/b", b"y")
    assert synced == {"file": 1, f"{root}/segments/7": 1}


async def test_opening_syncs_every_directory_it_creates(tmp_path: Path, synced: Counter[str]) -> None:
    store = LocalStore(str(tmp_path / "a" / "b"))
    await store.open()
    assert {str(tmp_path), f"{tmp_path}/a", f"{tmp_path}/a/b"} <= set(synced)
    await store.close()


async def test_the_file_is_synced_before_it_gets_its_name(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = []
    fsync, rename = os.fsync, os.rename
    monkeypatch.setattr(os, "fsync", lambda fd: (steps.append("fsync"), fsync(fd))[1])
    monkeypatch.setattr(os, "rename", lambda old, new: (steps.append("rename"), rename(old, new))[1])
    await store.put("a", b"x")
    assert steps == ["fsync", "rename", "fsync"]


def killed_after(root: Path, puts: int) -> set[str]:
    """Run writers until `puts` were acknowledged, kill -9 them, return what was acknowledged."""
    with subprocess.Popen(
        [sys.executable, str(KILL_TARGET), str(root)], stdout=subprocess.PIPE, text=True
    ) as writers:
        assert writers.stdout is not None
        acknowledged = [next(writers.stdout).strip() for _ in range(puts)]
        writers.kill()
        return {*acknowledged, *(line.strip() for line in writers.stdout if line.endswith("\n"))}


@pytest.mark.parametrize("puts", [1, 20, 100, 101])
async def test_kill_9_leaves_only_whole_objects_and_all_that_were_acknowledged(
    tmp_path: Path, puts: int
) -> None:
    acknowledged = await asyncio.to_thread(killed_after, tmp_path, puts)
    store = LocalStore(str(tmp_path))
    await store.open()
    listed = {found.key: found.size async for found in store.list()}
    assert acknowledged <= set(listed)
    for key, size in listed.items():
        data = await store.get(key)
        assert (len(data), hashlib.sha256(data).hexdigest()) == (size, key.rsplit("/", 1)[1])
    assert list((tmp_path / ".temporary").iterdir()) == []
    await store.close()


async def test_leftovers_are_not_listed_and_removed_when_opened(store: LocalStore) -> None:
    leftover = root_of(store) / ".temporary" / "4711-0"
    leftover.write_bytes(b"half a segm")
    assert [found.key async for found in store.list()] == []
    again = LocalStore(str(root_of(store)))
    await again.open()
    assert not leftover.exists()
    await again.close()


async def test_what_another_store_writes_just_now_is_no_leftover(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, go_on = threading.Event(), threading.Event()
    fsync = os.fsync

    def stop_before_fsync(descriptor: int) -> None:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            written.set()
            assert go_on.wait(30)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", stop_before_fsync)
    put = asyncio.create_task(store.put("slow", b"whole"))
    await asyncio.to_thread(written.wait)
    other = LocalStore(str(root_of(store)))
    await other.open()
    go_on.set()
    await put
    assert await other.get("slow") == b"whole"
    await other.close()


async def test_a_temporary_file_with_our_name_is_stepped_over(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for serial in range(3):
        (root_of(store) / ".temporary" / f"{os.getpid()}-{serial}").touch()
    monkeypatch.setattr(directory, "_SERIAL", itertools.count())
    await store.put("a", b"x")
    assert await store.get("a") == b"x"


async def test_a_file_taken_away_between_creation_and_lock_is_made_anew(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    flock, taken = fcntl.flock, []

    def take_first(descriptor: int, operation: int) -> None:
        if not taken:
            taken.append(os.readlink(f"/proc/self/fd/{descriptor}"))
            os.unlink(taken[0])
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", take_first)
    await store.put("a", b"x")
    assert taken
    assert await store.get("a") == b"x"


async def test_short_writes_and_reads_are_continued(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    pwrite, pread = os.pwrite, os.pread
    monkeypatch.setattr(os, "pwrite", lambda fd, data, position: pwrite(fd, data[:1000], position))
    monkeypatch.setattr(os, "pread", lambda fd, size, position: pread(fd, min(size, 777), position))
    data = os.urandom(10_000)
    await store.put("pieces", data)
    assert await store.get("pieces") == data
    assert await store.get_range("pieces", 123, 5000) == data[123:5123]


async def test_a_full_disk_says_what_to_do_and_leaves_nothing(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(descriptor: int, data: bytes, position: int) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", fail)
        for data in (b"x", bytes(1_000_000)):
            with pytest.raises(Unavailable, match=r"put of a failed: No space left.*free some space"):
                await store.put("a", data)
    assert list((root_of(store) / ".temporary").iterdir()) == []
    assert [found.key async for found in store.list()] == []
    await store.put("a", b"x")


async def test_a_directory_that_cannot_be_written_is_refused_when_opened(read_only: Path) -> None:
    store = LocalStore(str(read_only / "objects"))
    with without_privileges(), pytest.raises(InvalidConfig, match=r"Permission denied.*--data"):
        await store.open()
    await store.close()


async def test_a_directory_that_exists_but_is_read_only_is_refused_when_opened(tmp_path: Path) -> None:
    store = LocalStore(str(tmp_path))
    await store.open()
    (tmp_path / ".temporary").chmod(0o555)
    with without_privileges(), pytest.raises(InvalidConfig, match=r"Permission denied.*--data"):
        await LocalStore(str(tmp_path)).open()
    await store.close()


async def test_a_file_in_the_place_of_the_directory_is_refused_when_opened(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("x")
    for path in (tmp_path / "taken", tmp_path / "taken" / "objects"):
        store = LocalStore(str(path))
        with pytest.raises(InvalidConfig, match=r"Not a directory.*choose a directory"):
            await store.open()
        await store.close()


async def test_a_key_below_an_object_or_above_others_is_refused(store: LocalStore) -> None:
    await store.put("a/b", b"x")
    for key in ("a", "a/b/c", "a/b/c/d"):
        with pytest.raises(InvalidRequest, match=f"{key}: it is a directory"):
            await store.put(key, b"y")
    assert [found.key async for found in store.list()] == ["a/b"]
    assert list((root_of(store) / ".temporary").iterdir()) == []


@pytest.mark.parametrize("removed", ["segments", ".temporary", "."])
async def test_directories_removed_from_outside_are_made_again_at_the_next_attempt(
    store: LocalStore, removed: str
) -> None:
    await store.put("segments/7/a", b"x")
    await asyncio.to_thread(
        subprocess.run, ["rm", "-r", str((root_of(store) / removed).resolve())], check=True
    )
    with pytest.raises(Unavailable, match="No such file"):
        await store.put("segments/7/b", b"y")
    await store.put("segments/7/b", b"y")
    assert await store.get("segments/7/b") == b"y"


async def test_foreign_files_are_not_listed(store: LocalStore) -> None:
    await store.put("a", b"x")
    for name in (".DS_Store", "with space", "ü"):
        (root_of(store) / name).write_text("x")
    assert [found.key async for found in store.list()] == ["a"]


async def test_an_object_that_goes_while_it_is_listed_is_left_out(store: LocalStore) -> None:
    for number in range(1500):
        (root_of(store) / f"{number:04d}").touch()
    listing = store.list()
    assert (await anext(listing)).key == "0000"
    (root_of(store) / "1400").unlink()
    assert "1400" not in [found.key async for found in listing]


async def test_the_loop_turns_while_a_put_waits_for_the_disk(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop_turned = threading.Event()
    monkeypatch.setattr(os, "fsync", lambda _: loop_turned.wait(30) or pytest.fail("the loop stood still"))
    put = asyncio.create_task(store.put("a", b"x"))
    asyncio.get_running_loop().call_later(0.01, loop_turned.set)
    await put


async def test_reads_do_not_queue_behind_writes(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    await store.put("there", b"x")
    syncing, go_on = threading.Semaphore(0), threading.Event()
    monkeypatch.setattr(os, "fsync", lambda _: (syncing.release(), go_on.wait(30)))
    puts = [asyncio.create_task(store.put(f"k{number}", b"x")) for number in range(WRITES_MAX)]
    for _ in puts:
        assert await asyncio.to_thread(syncing.acquire, timeout=30)
    async with asyncio.timeout(10):
        assert await store.get("there") == b"x"
    assert not any(put.done() for put in puts)
    go_on.set()
    await asyncio.gather(*puts)


async def test_objects_take_the_mode_that_umask_leaves(store: LocalStore) -> None:
    await store.put("a", b"x")
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE((root_of(store) / "a").stat().st_mode) == 0o666 & ~umask


async def test_a_second_store_on_the_same_directory_sees_the_same(store: LocalStore) -> None:
    other = LocalStore(str(root_of(store)))
    await other.open()
    await store.put("a", b"x")
    assert await other.get("a") == b"x"
    await other.delete(["a"])
    with pytest.raises(NotFound):
        await store.get("a")
    await other.close()


async def test_no_descriptor_is_left_open(store: LocalStore) -> None:
    await store.put("a/b", b"x")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        await store.put("a/c", b"x")
        await store.get("a/c")
        for key in ("a", "nothing"):
            with pytest.raises(NotFound):
                await store.get(key)
        with pytest.raises(InvalidRequest):
            await store.put("a", b"x")
    assert len(os.listdir("/proc/self/fd")) == before
