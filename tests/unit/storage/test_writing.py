from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from skylog.storage.writing import ALIGNMENT, CHUNK, DIRECT_BYTES_MIN, write_all

SIZES = [
    0,
    1,
    DIRECT_BYTES_MIN - 1,
    DIRECT_BYTES_MIN,
    DIRECT_BYTES_MIN + 1,
    CHUNK - 1,
    CHUNK,
    CHUNK + 1,
    CHUNK + ALIGNMENT,
    3 * CHUNK + ALIGNMENT - 1,
]


@pytest.fixture
def file(tmp_path: Path) -> Iterator[int]:
    descriptor = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    yield descriptor
    os.close(descriptor)


def content(descriptor: int) -> bytes:
    return os.pread(descriptor, 1 << 30, 0)


def is_written(descriptor: int, data: bytes) -> bool:
    # Compared outside assert: pytest would print megabytes.
    return content(descriptor) == data


@pytest.mark.parametrize("size", SIZES)
def test_every_size_is_written_whole(file: int, size: int) -> None:
    data = os.urandom(size)
    write_all(file, data)
    assert is_written(file, data)


def test_memory_need_not_be_aligned(file: int) -> None:
    data = os.urandom(2 * CHUNK)
    write_all(file, memoryview(data)[3:-5])
    assert is_written(file, data[3:-5])


def test_large_data_goes_past_the_page_cache_and_the_flag_is_taken_back(
    file: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pwrite, direct = os.pwrite, []

    def watch(descriptor: int, data: memoryview, position: int) -> int:
        if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_DIRECT:
            direct.append(len(data))
        return pwrite(descriptor, data, position)

    flags = fcntl.fcntl(file, fcntl.F_GETFL)
    monkeypatch.setattr(os, "pwrite", watch)
    write_all(file, bytes(2 * CHUNK + 10))
    assert direct == [CHUNK, CHUNK]
    assert fcntl.fcntl(file, fcntl.F_GETFL) == flags


def refuse(error_number: int) -> OSError:
    return OSError(error_number, os.strerror(error_number))


def test_where_direct_writes_are_refused_the_page_cache_takes_all(
    file: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = fcntl.fcntl

    def fail(descriptor: int, command: int, flags: int = 0) -> int:
        if flags & os.O_DIRECT:
            raise refuse(errno.EINVAL)
        return real(descriptor, command, flags)

    monkeypatch.setattr(fcntl, "fcntl", fail)
    data = os.urandom(2 * CHUNK + 10)
    write_all(file, data)
    assert is_written(file, data)


@pytest.mark.parametrize("good", [0, 1])
def test_where_blocks_are_larger_the_page_cache_takes_the_rest(
    file: int, monkeypatch: pytest.MonkeyPatch, good: int
) -> None:
    pwrite, direct = os.pwrite, []

    def fail(descriptor: int, data: memoryview, position: int) -> int:
        if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_DIRECT:
            direct.append(position)
            if len(direct) > good:
                raise refuse(errno.EINVAL)
        return pwrite(descriptor, data, position)

    monkeypatch.setattr(os, "pwrite", fail)
    data = os.urandom(3 * CHUNK)
    write_all(file, data)
    assert is_written(file, data)
    assert len(direct) == good + 1


def test_a_direct_write_that_stops_short_is_continued(file: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pwrite = os.pwrite
    monkeypatch.setattr(
        os, "pwrite", lambda fd, data, position: pwrite(fd, data[: max(ALIGNMENT, len(data) // 3)], position)
    )
    data = os.urandom(2 * CHUNK + 77)
    write_all(file, data)
    assert is_written(file, data)


@pytest.mark.parametrize("size", [10, 2 * CHUNK])
def test_a_full_disk_is_not_taken_for_a_refusal(
    file: int, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    def fail(descriptor: int, data: memoryview, position: int) -> int:
        raise refuse(errno.ENOSPC)

    monkeypatch.setattr(os, "pwrite", fail)
    with pytest.raises(OSError, match="No space left"):
        write_all(file, bytes(size))
