"""Answers that are wrong, late or cut, through a proxy before a real server: what each becomes."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Iterator
from typing import NamedTuple

import pytest

from faults import Fault, FaultProxy, Rule
from skylog.errors import NotFound, SkylogError, Throttled, Unavailable
from skylog.storage.open import open_store
from skylog.storage.s3.store import S3Store
from stores.endpoint import environment_of
from stores.seaweed import SeaweedFS

BUCKET = "answered"
DATA = bytes(range(256)) * 1024


@pytest.fixture(scope="module")
def proxy(seaweedfs: SeaweedFS) -> Iterator[FaultProxy]:
    seaweedfs.endpoint.create_bucket(BUCKET)
    port = int(seaweedfs.endpoint.url.rpartition(":")[2])
    with FaultProxy(("127.0.0.1", port), seed=1) as proxy:
        yield proxy
    assert proxy.errors == []


@pytest.fixture(params=["obstore", "boto3"])
async def store(
    request: pytest.FixtureRequest, seaweedfs: SeaweedFS, proxy: FaultProxy
) -> AsyncIterator[S3Store]:
    through = dataclasses.replace(seaweedfs.endpoint, url=proxy.endpoint)
    proxy.use()
    with environment_of(through.keys):
        store = open_store(through.store_url(BUCKET, client=request.param, read_timeout_ms="400"))
        assert isinstance(store, S3Store)
        await store.open()
        await store.put("k", DATA)
        yield store
        proxy.use()
        await store.close()


async def outcome(store: S3Store, request: str) -> SkylogError | None:
    calls = {
        "put": lambda: store.put("k", DATA),
        "get": lambda: store.get("k"),
        "range": lambda: store.get_range("k", 1000, 100_000),
        "delete": lambda: store.delete(["other"]),
    }
    try:
        await calls[request]()
    except SkylogError as error:
        return error
    return None


ALL = ("put", "get", "range", "delete")
GETS = ("get", "range")


class Case(NamedTuple):
    fault: Fault
    requests: tuple[str, ...]
    kind: type[SkylogError]
    words: str


CASES = (
    Case(Fault.SLOW_DOWN, ALL, Throttled, "SlowDown, HTTP 503"),
    Case(Fault.INTERNAL_ERROR, ALL, Unavailable, "InternalError, HTTP 500"),
    Case(Fault.TIME_SKEWED, ALL, Unavailable, "clock and the service's differ too much"),
    Case(Fault.NOT_FOUND, GETS, NotFound, "NoSuchKey"),
    Case(Fault.RESET_BEFORE, ALL, Unavailable, "onnection"),
    Case(Fault.RESET_UPLOAD, ("put",), Unavailable, "onnection"),
    Case(Fault.RESET_DOWNLOAD, GETS, Unavailable, "onnection"),
    Case(Fault.LOST_ANSWER, ALL, Unavailable, "onnection"),
    Case(Fault.HANG, ALL, Unavailable, "no answer in time"),
    Case(Fault.TRUNCATE, GETS, Unavailable, "the answer was cut off"),
    Case(Fault.CUT_SHORT, GETS, Unavailable, "the answer was cut off"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.fault)
async def test_what_a_fault_becomes(store: S3Store, proxy: FaultProxy, case: Case) -> None:
    for request in case.requests:
        proxy.use(Rule(fault=case.fault, times=1))
        before = attempts(proxy)
        error = await outcome(store, request)
        assert type(error) is case.kind, (request, error)
        assert case.words in str(error), request
        assert "\n" not in str(error)
        assert attempts(proxy) - before == 1, request
        proxy.use()
        assert await outcome(store, request) is None
    same = await store.get("k") == DATA
    assert same


def attempts(proxy: FaultProxy) -> int:
    """Requests so far; a range that came short is followed by a HEAD, which is not counted."""
    return proxy.ledger.count() - proxy.ledger.count("head")
