"""``s3://``: one bucket of S3 or of what speaks its protocol."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError

from skylog.clock import Clock, Entropy
from skylog.errors import InvalidRequest, NotFound, Unavailable
from skylog.storage.base import Buffer, ObjectInfo
from skylog.storage.obstore import ObstoreStore
from skylog.storage.s3.boto import BotoStore
from skylog.storage.s3.carrier import build_data_path
from skylog.storage.s3.client import Access
from skylog.storage.s3.errors import explain_at_start
from skylog.storage.s3.multipart import MultipartUpload
from skylog.storage.s3.probe import Probe, find_region
from skylog.storage.s3.url import S3Location

log = logging.getLogger("skylog.storage")

ADMINISTRATIVE_THREADS = 8
"""For DELETE and LIST, where obstore carries the data."""


@dataclass(frozen=True, slots=True)
class _Opened:
    access: Access
    requests: BotoStore
    data: BotoStore | ObstoreStore
    conditional_put: bool


class S3Store:
    """An `ObjectStore` in a bucket.

    boto3 finds credentials, region and endpoint, probes at start, makes DELETE, LIST and uploads in parts.
    PUT and GET go through obstore, or through boto3 on as many threads as there are connections with
    ``client=boto3``. Each call is one attempt; an attempt that timed out may still take effect.

    Parameters
    ----------
    location
        What the address says.
    """

    def __init__(self, location: S3Location, clock: Clock, entropy: Entropy) -> None:
        self._location = location
        self._clock = clock
        self._entropy = entropy
        threads = location.connections if location.client == "boto3" else ADMINISTRATIVE_THREADS
        self._pool = ThreadPoolExecutor(threads, "skylog-s3")
        self._state: _Opened | None = None

    def __repr__(self) -> str:
        return f"S3Store({self.url}, {self._location.client})"

    @property
    def url(self) -> str:
        """The store's address; it holds no secrets."""
        return self._location.url

    @property
    def puts_per_second(self) -> float:
        """Each costs money."""
        return 4.0

    @property
    def puts_awaited_per_second(self) -> float:
        """Each costs money, whoever waits."""
        return self.puts_per_second

    @property
    def conditional_put(self) -> bool:
        """Whether the service keeps what is there when it is told to; known once the store is open."""
        return self._opened().conditional_put

    async def open(self) -> None:
        """Find credentials, region and endpoint, and probe the bucket: 2 PUT, 2 GET, 1 LIST, 1 DELETE.

        Raises
        ------
        InvalidConfig
            For what an operator has to mend; the message says what and how.
        Unavailable
            For what may pass: no connection, no answer in time.
        """
        probe = await asyncio.get_running_loop().run_in_executor(self._pool, self._probe)
        access = probe.access
        requests = BotoStore(access, self._pool)
        data = requests if self._location.client == "boto3" else build_data_path(access, self._clock)
        self._state = _Opened(access, requests, data, probe.conditional_put)
        try:
            await data.get_range(probe.key, 0, 1)
        except NotFound:
            log.info("%s: region %s, endpoint %s", self, access.region, access.endpoint)

    def _probe(self) -> Probe:
        access = self._find_access()
        key = f"skylog-probe-{self._entropy.random_bytes(16).hex()}"
        try:
            probe = Probe(access, self._clock, key)
            probe.run()
        except BaseException:
            access.close()
            raise
        return probe

    def _find_access(self) -> Access:
        try:
            access = Access(self._location)
        except BotoCoreError as error:
            raise explain_at_start(error, f"store {self.url}") from error
        if not access.region_is_guessed:
            return access
        try:
            region = find_region(access)
        finally:
            access.close()
        return Access(self._location, region or access.region)

    async def put(self, key: str, data: Buffer) -> None:
        """Store `data`, sent as it is: 1 PUT up to ``multipart_mib``, else one for each 16 MiB and 2."""
        state = self._opened()
        if memoryview(data).nbytes > self._location.multipart_bytes:
            await MultipartUpload(state.access, state.requests, key, data).send()
        else:
            await state.data.put(key, data)

    async def put_if_absent(self, key: str, data: Buffer) -> None:
        """Store `data` where there is nothing under `key`: 1 PUT.

        Raises
        ------
        Conflict
            There is something. After an attempt whose answer was lost it may be our own.
        InvalidRequest
            The service ignores the condition; it would overwrite.
        """
        state = self._opened()
        if not state.conditional_put:
            raise InvalidRequest(f"{self.url}: put of {key}: the service has no conditional PUT")
        await state.data.put_if_absent(key, data)

    async def get(self, key: str) -> bytes:
        """Return the whole object: 1 GET. Raises `NotFound`."""
        return await self._opened().data.get(key)

    async def get_range(self, key: str, position: int, size: int) -> bytes:
        """Return `size` bytes from `position`: 1 GET. Raises `NotFound`; `InvalidRequest` past the end."""
        return await self._opened().data.get_range(key, position, size)

    async def delete(self, keys: Sequence[str]) -> None:
        """Remove objects: 1 DELETE for each 1,000, all looked at one by one."""
        await self._opened().requests.delete(keys)

    async def list(self, prefix: str = "", start_after: str = "") -> AsyncIterator[ObjectInfo]:
        """Yield the objects whose keys begin with `prefix` in order of keys: 1 LIST for each 1,000."""
        async for found in self._opened().requests.list(prefix, start_after):
            yield found

    async def close(self) -> None:
        """Close all connections; requests under way on threads are waited for, at most their timeouts."""
        state, self._state = self._state, None
        await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)
        if state is not None:
            state.access.close()
            if isinstance(state.data, ObstoreStore):
                await state.data.close()

    def _opened(self) -> _Opened:
        if self._state is None:
            raise Unavailable(f"{self.url}: the store is not open")
        return self._state
