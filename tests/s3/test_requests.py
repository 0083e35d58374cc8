"""S3's own ways beyond the contract of all stores, on real servers."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Callable

import psutil
import pytest

from skylog.clock import SystemClock, wait_until
from skylog.errors import Conflict, NotFound, Unavailable
from skylog.storage.open import open_store
from skylog.storage.s3.boto import BotoStore
from skylog.storage.s3.store import S3Store
from stores.endpoint import Endpoint, environment_of
from stores.seaweed import ADMIN, READER, SeaweedFS

BUCKET = "requested"
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def service(seaweedfs: SeaweedFS) -> Endpoint:
    seaweedfs.endpoint.create_bucket(BUCKET)
    return seaweedfs.endpoint


@pytest.fixture(params=["obstore", "boto3"])
async def store(request: pytest.FixtureRequest, service: Endpoint) -> AsyncIterator[S3Store]:
    url = service.store_url(BUCKET, request.node.name.replace("[", "/").rstrip("]"), client=request.param)
    with environment_of(service.keys):
        store = open_store(f"{url}&multipart_mib=5&read_timeout_ms=5000")
        assert isinstance(store, S3Store)
        await store.open()
        yield store
        await store.close()


async def test_an_object_is_written_once(store: S3Store) -> None:
    await store.put_if_absent("once", b"first")
    with pytest.raises(Conflict, match="put of once"):
        await store.put_if_absent("once", b"second")
    assert await store.get("once") == b"first"


async def test_one_of_several_wins(store: S3Store) -> None:
    results = await asyncio.gather(
        *(store.put_if_absent("race", b"%d" % number) for number in range(2)), return_exceptions=True
    )
    [winner] = [number for number, result in enumerate(results) if result is None]
    [loser] = [result for result in results if result is not None]
    assert isinstance(loser, Conflict)
    assert await store.get("race") == b"%d" % winner


async def test_large_objects_go_in_parts(store: S3Store, service: Endpoint) -> None:
    data = bytes(range(256)) * (40 * MIB // 256) + b"end"
    await store.put("large", data)
    same = await store.get("large") == data
    assert same
    client = service.client()
    prefix = store.url.partition(f"{BUCKET}/")[2].partition("?")[0]
    tag = client.head_object(Bucket=BUCKET, Key=f"{prefix}/large".replace("//", "/"))["ETag"]
    client.close()
    assert tag.strip('"').endswith("-3")


async def test_an_upload_in_parts_that_is_cancelled_leaves_nothing(store: S3Store, service: Endpoint) -> None:
    put = asyncio.create_task(store.put("given-up", bytes(200 * MIB)))
    client = service.client()
    assert await wait_until(lambda: bool(uploads(client)), SystemClock(), 10)
    put.cancel()
    with pytest.raises(asyncio.CancelledError):
        await put
    assert uploads(client) == []
    with pytest.raises(NotFound):
        await store.get("given-up")
    client.close()


def uploads(client: object) -> list[object]:
    found: list[object] = client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])  # type: ignore[attr-defined]
    return found


async def test_each_key_of_a_batched_delete_is_looked_at(store: S3Store, service: Endpoint) -> None:
    await store.put("kept", b"x")
    with environment_of(READER):
        reading = open_store(store.url)
        assert isinstance(reading, S3Store)
        access = await asyncio.to_thread(reading._find_access)
        try:
            with pytest.raises(Unavailable, match=r"2 of 2 objects not deleted, first .*AccessDenied"):
                await BotoStore(access, reading._pool).delete(["kept", "other"])
        finally:
            access.close()
            await reading.close()
    assert await store.get("kept") == b"x"


async def test_more_keys_than_a_request_takes_are_deleted(store: S3Store) -> None:
    await store.put("k0000", b"x")
    await store.put("k2100", b"x")
    await store.delete([f"k{number:04d}" for number in range(2101)])
    assert [found.key async for found in store.list()] == []


async def test_one_by_one_where_a_service_has_no_batches(store: S3Store) -> None:
    with environment_of(ADMIN):
        single = open_store(f"{store.url}&batch_delete=no")
        await single.open()
        for key in ("a", "b"):
            await single.put(key, b"x")
        await single.delete(["a", "nothing", "b"])
        assert [found.key async for found in single.list()] == []
        await single.close()


async def test_a_server_that_stops_is_unavailable_in_time_and_comes_back(
    store: S3Store, seaweedfs: SeaweedFS
) -> None:
    with environment_of(ADMIN):
        impatient = open_store(store.url.replace("read_timeout_ms=5000", "read_timeout_ms=300"))
        await impatient.open()
        seaweedfs.process.pause()
        try:
            with pytest.raises(Unavailable, match=r"put of a: no answer in time; the outcome is unknown"):
                await impatient.put("a", b"x")
            with pytest.raises(Unavailable, match="get of a: no answer in time"):
                await impatient.get("a")
        finally:
            seaweedfs.process.resume()
        await impatient.put("a", b"x")
        assert await impatient.get("a") == b"x"
        await impatient.close()


@pytest.mark.parametrize("client", ["obstore", "boto3"])
async def test_closing_leaves_no_thread_and_no_connection(service: Endpoint, client: str) -> None:
    before = threads()
    port = int(service.url.rpartition(":")[2])
    gc.collect()  # a connection whose answer came too late hangs on its exception until then
    await wait_for(lambda: connections_to(port) == 0)
    with environment_of(ADMIN):
        store = open_store(service.store_url(BUCKET, f"closing-{client}", client=client))
        await store.open()
        await asyncio.gather(*(store.put(f"k{number}", bytes(MIB)) for number in range(8)))
        get = asyncio.create_task(store.get("k0"))
        await asyncio.sleep(0)  # noqa: TID251
        get.cancel()
        with pytest.raises(asyncio.CancelledError):
            await get
        assert connections_to(port) > 0
        await store.close()
    await wait_for(lambda: connections_to(port) == 0)
    assert not {name for name in threads() - before if name.startswith("skylog")}
    with pytest.raises(Unavailable, match="the store is not open"):
        await store.get("k0")


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate()}


def connections_to(port: int) -> int:
    found = psutil.Process().net_connections("tcp")
    return sum(bool(at.raddr) and at.raddr.port == port and at.status == "ESTABLISHED" for at in found)


async def wait_for(condition: Callable[[], bool]) -> None:
    assert await wait_until(condition, SystemClock(), 5)
