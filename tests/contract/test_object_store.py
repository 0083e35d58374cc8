"""What every `ObjectStore` holds to. A new store joins by adding its fixture to `STORES` or `REMOTE`."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import pytest

from oracle.batch import Record, encode
from oracle.produce import seal
from skylog.clock import SystemClock, SystemEntropy
from skylog.config import StoreRequestsConfig
from skylog.errors import InvalidRequest, NotFound
from skylog.storage.base import Buffer, ObjectStore
from skylog.storage.delay import Delayed, Latency
from skylog.storage.metered import Metered
from skylog.storage.open import open_store
from skylog.storage.s3.carrier import build_data_path
from skylog.storage.s3.client import Access
from skylog.storage.s3.url import parse_location
from skylog.storage.stack import wrap_store
from stores import azurite
from stores.moto import MotoServer
from stores.seaweed import SeaweedFS

MIB = 1024 * 1024


def _memory(path: Path) -> ObjectStore:
    return open_store("memory:")


def _file(path: Path) -> ObjectStore:
    return open_store(f"file://{path}/objects")


def _delayed(path: Path) -> ObjectStore:
    latency = Latency(0.1, 0.5)
    return Delayed(_file(path), SystemClock(), SystemEntropy(), put=latency, get=latency)


def _metered(path: Path) -> ObjectStore:
    return Metered(_memory(path), SystemClock())


def _stacked(path: Path) -> ObjectStore:
    requests = StoreRequestsConfig(hedge_delay_ms_min=1, hedge_samples_min=1, not_found_attempts_max=1)
    return wrap_store(_delayed(path), requests, SystemClock(), SystemEntropy()).cold_for("a reader")


STORES: dict[str, Callable[[Path], ObjectStore]] = {
    "memory": _memory,
    "file": _file,
    "delayed file": _delayed,
    "metered memory": _metered,
    "all wrappers": _stacked,
}


def _s3(url: str) -> ObjectStore:
    return open_store(url)


def _s3_boto3(url: str) -> ObjectStore:
    return open_store(f"{url}&client=boto3")


def _obstore(url: str) -> ObjectStore:
    return build_data_path(Access(parse_location(url)), SystemClock())


REMOTE: dict[str, tuple[str, Callable[[str], ObjectStore]]] = {
    "s3 by obstore": ("seaweedfs", _s3),
    "s3 by boto3": ("seaweedfs", _s3_boto3),
    "s3 on moto": ("moto", _s3),
    "obstore alone on moto": ("moto", _obstore),
}
if azurite.PROGRAM:
    REMOTE["az on azurite"] = ("azurite", _s3)
"""Stores on a server: which, and how to build one from the URL of an empty prefix."""

BUCKET = "contract"
_numbers = itertools.count()


Server: TypeAlias = SeaweedFS | MotoServer | azurite.Azurite


@pytest.fixture(scope="module")
def server_of(request: pytest.FixtureRequest) -> Callable[[str], Server]:
    @functools.cache
    def find(name: str) -> Server:
        server: Server = request.getfixturevalue(name)
        if isinstance(server, azurite.Azurite):
            server.create_container(BUCKET)
        else:
            server.endpoint.create_bucket(BUCKET)
        return server

    return find


@pytest.fixture(params=[*STORES, *REMOTE])
async def store(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    server_of: Callable[[str], Server],
) -> AsyncIterator[ObjectStore]:
    if request.param in STORES:
        async with _opened(STORES[request.param](tmp_path)) as store:
            yield store
        return
    server_name, build = REMOTE[request.param]
    server = server_of(server_name)
    place = server if isinstance(server, azurite.Azurite) else server.endpoint
    for name, value in place.environment.items():
        monkeypatch.setenv(name, value)
    async with _opened(build(place.store_url(BUCKET, f"{server_name}/{next(_numbers)}"))) as store:
        yield store


@asynccontextmanager
async def _opened(store: ObjectStore) -> AsyncIterator[ObjectStore]:
    await store.open()
    yield store
    await store.close()


async def keys_of(store: ObjectStore, prefix: str = "", start_after: str = "") -> list[str]:
    return [found.key async for found in store.list(prefix, start_after)]


async def put_all(store: ObjectStore, *keys: str) -> None:
    await asyncio.gather(*(store.put(key, key.encode()) for key in keys))


def is_on_seaweedfs(store: ObjectStore) -> bool:
    return "/seaweedfs/" in store.url


def leave_out_on_moto(store: ObjectStore, reason: str) -> None:
    if "/moto/" in store.url:
        pytest.skip(f"moto {reason}")


def pattern(size: int) -> bytes:
    """Return bytes of which no two aligned KiB are alike, so that a swap is seen."""
    return b"".join(hashlib.sha256(b"%d" % block).digest() * 32 for block in range(-(-size // 1024)))[:size]


async def test_what_was_put_is_read_back(store: ObjectStore) -> None:
    await store.put("segments/a", b"abc")
    assert await store.get("segments/a") == b"abc"
    assert type(await store.get("segments/a")) is bytes


async def test_an_object_may_be_empty(store: ObjectStore) -> None:
    if "/azurite/" in store.url:
        pytest.skip("azurite answers a range of an empty blob with bytes 0--1, Azure with 416")
    await store.put("empty", b"")
    assert await store.get("empty") == b""
    assert [found.size async for found in store.list()] == [0]


async def test_an_object_may_have_64_mib(store: ObjectStore) -> None:
    data = pattern(64 * MIB)
    await store.put("large", data)
    # Compared outside assert: pytest would print 64 MiB.
    same = await store.get("large") == data
    assert same
    tail = await store.get_range("large", 64 * MIB - 1000, 1000)
    assert tail == data[-1000:]


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
async def test_any_buffer_can_be_put(store: ObjectStore, kind: Callable[[bytes], bytes]) -> None:
    await store.put("buffer", kind(b"0123456789"))
    assert await store.get("buffer") == b"0123456789"


async def test_a_slice_of_a_buffer_can_be_put(store: ObjectStore) -> None:
    await store.put("slice", memoryview(b"0123456789")[3:7])
    assert await store.get("slice") == b"3456"


@pytest.mark.parametrize("view", [lambda data: data, memoryview, lambda data: memoryview(data).toreadonly()])
async def test_a_buffer_that_changes_later_does_not_change_the_object(
    store: ObjectStore, view: Callable[[bytearray], Buffer]
) -> None:
    data = bytearray(b"before")
    await store.put("kept", view(data))
    data[:] = b"after!"
    assert await store.get("kept") == b"before"


async def test_a_sealed_segment_can_be_put_and_outlives_what_sealed_it(store: ObjectStore) -> None:
    batch = encode([Record(value=bytes(900_000))])
    sealed = seal([(bytes(16), 0, batch)] * 6)
    whole = bytes(sealed.data)
    await store.put("segment", sealed.data)
    sealed.release_data()
    assert await store.get("segment") == whole


async def test_the_same_key_may_be_put_again_with_the_same_bytes(store: ObjectStore) -> None:
    for _ in range(3):
        await store.put("again", b"same")
    assert await store.get("again") == b"same"
    assert await keys_of(store) == ["again"]


async def test_the_same_key_may_be_put_twice_at_once(store: ObjectStore) -> None:
    leave_out_on_moto(store, "answers 500 to that")
    data = pattern(MIB)
    await asyncio.gather(*(store.put("hedged", data) for _ in range(4)))
    assert await store.get("hedged") == data
    assert await keys_of(store) == ["hedged"]


async def test_readers_and_listings_see_all_of_an_object_or_nothing(store: ObjectStore) -> None:
    data = pattern(8 * MIB)
    put = asyncio.create_task(store.put("whole", data))
    while not put.done():
        sizes = [found.size async for found in store.list()]
        assert sizes in ([], [len(data)])
        try:
            seen = await store.get("whole")
        except NotFound:
            await asyncio.sleep(0)  # noqa: TID251
        else:
            assert len(seen) == len(data)
            assert hashlib.sha256(seen).digest() == hashlib.sha256(data).digest()
    await put
    assert await keys_of(store) == ["whole"]


async def test_ranges(store: ObjectStore) -> None:
    data = b"0123456789"
    await store.put("digits", data)
    for position, size in [(0, 1), (0, 10), (3, 4), (9, 1)]:
        assert await store.get_range("digits", position, size) == data[position : position + size]


BAD_RANGES = [(0, 11), (9, 2), (10, 1), (1000, 1), (0, 0), (3, 0), (-1, 2), (5, -1), (0, 2**62)]


async def test_a_range_must_lie_inside_the_object(store: ObjectStore) -> None:
    await store.put("digits", b"0123456789")
    for position, size in BAD_RANGES:
        with pytest.raises(InvalidRequest, match="digits") as caught:
            await store.get_range("digits", position, size)
        assert not isinstance(caught.value, NotFound)


async def test_what_is_not_there_is_not_found(store: ObjectStore) -> None:
    await store.put("some/thing", b"x")
    for key in ("nothing", "some/other", "some", "some/thing/more"):
        with pytest.raises(NotFound, match=key):
            await store.get(key)
        with pytest.raises(NotFound, match=key):
            await store.get_range(key, 0, 1)


async def test_deleting_is_idempotent(store: ObjectStore) -> None:
    await put_all(store, "a/1", "a/2", "a/3")
    await store.delete(["a/1", "a/3", "a/9", "b", "a/1"])
    assert await keys_of(store) == ["a/2"]
    await store.delete(["a/1", "a/3"])
    await store.delete([])
    with pytest.raises(NotFound):
        await store.get("a/1")


async def test_a_deleted_key_may_come_back(store: ObjectStore) -> None:
    await store.put("phoenix", b"same")
    await store.delete(["phoenix"])
    await store.put("phoenix", b"same")
    assert await store.get("phoenix") == b"same"


async def test_deleting_what_others_lie_below_deletes_nothing(store: ObjectStore) -> None:
    await put_all(store, "a/b/1", "a/b/2")
    await store.delete(["a", "a/b"])
    assert await keys_of(store) == ["a/b/1", "a/b/2"]


ODD_KEYS = ["A", "Z/1", "a-b", "a.b", "a/a", "a/b/c", "a=b", "a_b", "aa", "b/1", "b0/1", "z/-", "z/=x"]
BELOW_SLASH = {"a-b", "a.b"}


async def put_odd_keys(store: ObjectStore) -> list[str]:
    """Put them in the wrong order; return them in the right one.

    SeaweedFS sorts by directory: there they are left out that sort otherwise by whole keys.
    """
    keys = set(ODD_KEYS) - (BELOW_SLASH if is_on_seaweedfs(store) else set())
    await put_all(store, *sorted(keys, reverse=True))
    return sorted(keys)


async def test_listings_come_in_order_of_whole_keys(store: ObjectStore) -> None:
    assert await put_odd_keys(store) == await keys_of(store)


PREFIXES = ["", "a", "a/", "a/b", "a/b/c", "a/b/c/", "b", "b/", "nothing/", "z/-"]


async def test_listings_by_prefix(store: ObjectStore) -> None:
    keys = await put_odd_keys(store)
    for prefix in PREFIXES:
        assert await keys_of(store, prefix) == [key for key in keys if key.startswith(prefix)]


STARTS = ["", "A", "Z", "a", "a/", "a/a", "a/b", "a/zzz", "a=b", "b", "b0", "zzz"]


async def test_listings_after_a_key(store: ObjectStore) -> None:
    keys = await put_odd_keys(store)
    # SeaweedFS leaves out what lies below a directory that is named as the start.
    starts = [
        start for start in STARTS if not (is_on_seaweedfs(store) and start in {"Z", "a", "a/b", "b", "b0"})
    ]
    for prefix, start_after in itertools.product(["", "a", "a/"], starts):
        wanted = [key for key in keys if key.startswith(prefix) and key > start_after]
        assert await keys_of(store, prefix, start_after) == wanted, (prefix, start_after)


async def test_listings_go_beyond_a_page(store: ObjectStore) -> None:
    leave_out_on_moto(store, "takes 15 ms for a PUT")
    names = [f"segments/{number % 7:x}/{number:05d}" for number in range(2100)]
    await put_all(store, *names)
    assert await keys_of(store) == sorted(names)
    assert await keys_of(store, "segments/3/") == sorted(name for name in names if name[9] == "3")


async def test_a_listing_that_is_left_early_hurts_nobody(store: ObjectStore) -> None:
    leave_out_on_moto(store, "takes 15 ms for a PUT")
    await put_all(store, *(f"k{number:04d}" for number in range(1100)))
    async for found in store.list():
        assert found.key == "k0000"
        break
    assert len(await keys_of(store)) == 1100


async def test_objects_may_be_deleted_while_they_are_listed(store: ObjectStore) -> None:
    leave_out_on_moto(store, "takes 15 ms for a PUT")
    names = [f"k{number:04d}" for number in range(1100)]
    await put_all(store, *names)
    seen = []
    async for found in store.list():
        seen.append(found.key)
        if len(seen) % 10 == 0:
            await store.delete([*seen[-10:], "k1090"])
    assert set(names) - set(seen) <= {"k1090"}
    await store.delete(seen[-10:])
    assert await keys_of(store) == []


async def test_a_listing_tells_size_and_time(store: ObjectStore) -> None:
    before_ms = SystemClock().now_ms()
    await store.put("told", b"12345")
    after_ms = SystemClock().now_ms()
    [found] = [found async for found in store.list()]
    assert (found.key, found.size) == ("told", 5)
    # A file system's clock ticks a few milliseconds behind the machine's, an object store's counts seconds.
    assert before_ms - 1000 <= found.modified_ms <= after_ms + 1000


async def test_many_at_once(store: ObjectStore) -> None:
    async def cycle(number: int) -> None:
        key, data = f"many/{number % 16:x}/{number}", pattern(64 * 1024 + number)
        await store.put(key, data)
        assert await store.get(key) == data
        assert await store.get_range(key, number, 1024) == data[number : number + 1024]
        if number % 2:
            await store.delete([key])

    await asyncio.gather(*(cycle(number) for number in range(200)))
    assert len(await keys_of(store, "many/")) == 100


BAD_KEYS = [
    "",
    "/",
    "/etc/passwd",
    "a/",
    "a//b",
    ".",
    "..",
    "../a",
    "a/../b",
    "a/..",
    ".hidden",
    "a/.hidden",
    "a b",
    "a\\b",
    "a\0b",
    "a\n",
    "ä",
    "a*b",
    "a%2fb",
    "x" * 201,
    "/".join(["x" * 100] * 6),
]


async def test_keys_that_cannot_be_are_refused(store: ObjectStore) -> None:
    await store.put("good", b"x")
    for key in BAD_KEYS:
        for request in (
            store.put(key, b"x"),
            store.get(key),
            store.get_range(key, 0, 1),
            store.delete(["good", key]),
        ):
            with pytest.raises(InvalidRequest, match="key") as caught:
                await request
            assert not isinstance(caught.value, NotFound)
    assert await keys_of(store) == ["good"]


async def test_the_address_names_no_secret(store: ObjectStore) -> None:
    assert store.url.split(":")[0] in {"memory", "file", "s3", "az"}
    assert store.puts_per_second > 0
