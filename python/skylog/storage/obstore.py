"""Stores that the `obstore` package carries: ``az://`` and ``gs://`` wholly, and the data path of ``s3://``.

Its requests run on threads of its own runtime and cost a fraction of boto3's CPU. One call is one attempt.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError

from skylog.errors import Conflict, InvalidConfig, InvalidRequest, NotFound, SkylogError, Unavailable
from skylog.storage.base import Buffer, ObjectInfo, check_range, check_range_end
from skylog.storage.keys import check_key
from skylog.storage.refusals import refusal_in

if TYPE_CHECKING:
    from obstore import Attributes, Bytes
    from obstore.store import ClientConfig, RetryConfig
    from obstore.store import ObjectStore as Carrier

T = TypeVar("T")

LIST_PAGE = 1000
DELETE_BATCH = 1000
PART_BYTES = 16 * 1024 * 1024
PARTS_AT_ONCE = 4

ONE_ATTEMPT: RetryConfig = {"max_retries": 0}
"""Attempts are ours to count."""


def client_options(
    *, connections: int, connect_timeout_ms: int, read_timeout_ms: int, allow_http: bool
) -> ClientConfig:
    """Return how its HTTP client is set up.

    Parameters
    ----------
    read_timeout_ms
        Until the answer begins, and between its pieces. It begins with the request, so it bounds an upload.
    allow_http
        Whether the endpoint speaks without TLS.
    """
    return {
        "allow_http": allow_http,
        "connect_timeout": timedelta(milliseconds=connect_timeout_ms),
        "read_timeout": timedelta(milliseconds=read_timeout_ms),
        "timeout": timedelta(milliseconds=connect_timeout_ms + 10 * read_timeout_ms),
        # Services close idle connections after 20 s and more; one that was closed costs an attempt.
        "pool_idle_timeout": timedelta(seconds=15),
        "pool_max_idle_per_host": str(connections),
        "user_agent": "skylog",
    }


class ObstoreStore:
    """An `ObjectStore` over a store of `obstore`.

    Parameters
    ----------
    carrier
        Knows bucket, prefix and credentials, and makes one attempt a call.
    url
        The address, for messages.
    connections
        Requests at once; further ones wait.
    storage_class
        Of new objects, where not the bucket's.
    multipart_bytes
        Larger objects go in parts. An upload that is cancelled may leave parts that nobody sees; a lifecycle
        rule should remove them.
    """

    def __init__(
        self,
        carrier: Carrier,
        url: str,
        *,
        connections: int,
        storage_class: str | None = None,
        multipart_bytes: int = 2**62,
    ) -> None:
        self._places = asyncio.Semaphore(connections)
        self._carrier: Carrier | None = carrier
        self._url = url
        self._attributes: Attributes | None = {"Storage-Class": storage_class} if storage_class else None
        self._multipart_bytes = multipart_bytes

    @property
    def url(self) -> str:
        """The store's address."""
        return self._url

    @property
    def puts_per_second(self) -> float:
        """Each costs money."""
        return 4.0

    @property
    def puts_awaited_per_second(self) -> float:
        """Each costs money, whoever waits."""
        return self.puts_per_second

    async def open(self) -> None:
        """List some objects, which proves address and credentials for reading: 1 LIST.

        Raises `InvalidConfig` for what an operator has to mend, `Unavailable` for what may pass.
        """
        try:
            async for _ in obstore.list(self._open(), chunk_size=1):
                break
        except (BaseError, OSError, ValueError) as error:
            ours, refusal = explain_obstore(error, f"store {self._url}"), refusal_in(str(error))
            mended = isinstance(ours, NotFound) or (refusal is not None and refusal.remedy is not None)
            raise (InvalidConfig(str(ours)) if mended else ours) from None

    async def put(self, key: str, data: Buffer) -> None:
        """Store `data`, which is sent as it is: 1 PUT up to `multipart_bytes`."""
        carrier, name = self._open(), check_key(key)
        in_parts = memoryview(data).nbytes > self._multipart_bytes
        await self._watch(
            f"put of {key}",
            lambda: obstore.put_async(
                carrier,
                name,
                data,
                attributes=self._attributes,
                use_multipart=in_parts,
                chunk_size=PART_BYTES,
                max_concurrency=PARTS_AT_ONCE,
            ),
        )

    async def put_if_absent(self, key: str, data: Buffer) -> None:
        """Store `data` where there is nothing under `key`: 1 PUT. Raises `Conflict`."""
        carrier, name = self._open(), check_key(key)
        await self._watch(
            f"put of {key}",
            lambda: obstore.put_async(
                carrier, name, data, attributes=self._attributes, mode="create", use_multipart=False
            ),
        )

    async def get(self, key: str) -> bytes:
        """Return the whole object: 1 GET, of a range, so that the answer says how long it should be."""
        carrier, name = self._open(), check_key(key)
        try:
            body, total = await self._watch(f"get of {key}", lambda: _read(carrier, name))
        except InvalidRequest as error:
            if isinstance(error, NotFound):
                raise
            return b""  # an empty object has no first byte
        self._check_length(key, len(body), total)
        return bytes(body)

    async def get_range(self, key: str, position: int, size: int) -> bytes:
        """Return `size` bytes from `position`: 1 GET. One that comes short costs a HEAD more, to say why."""
        check_range(key, position, size)
        carrier, name = self._open(), check_key(key)
        body = await self._watch(
            f"get of {key}", lambda: obstore.get_range_async(carrier, name, start=position, length=size)
        )
        if len(body) != size:
            meta = await self._watch(f"head of {key}", lambda: obstore.head_async(carrier, name))
            check_range_end(key, position, size, meta["size"])
            self._check_length(key, len(body), size)
        return bytes(body)

    async def delete(self, keys: Sequence[str]) -> None:
        """Remove objects; one that is not there is no error."""
        carrier, names = self._open(), [check_key(key) for key in keys]
        for at in range(0, len(names), DELETE_BATCH):
            await self._delete_batch(carrier, names[at : at + DELETE_BATCH])

    async def _delete_batch(self, carrier: Carrier, names: list[str]) -> None:
        what = f"delete of {len(names)} objects"
        try:
            await self._watch(what, lambda: obstore.delete_async(carrier, names))
        except NotFound:  # some services say so of one, and the others are left
            await asyncio.gather(*(self._delete_one(carrier, name) for name in names))

    async def _delete_one(self, carrier: Carrier, name: str) -> None:
        with contextlib.suppress(NotFound):
            await self._watch(f"delete of {name}", lambda: obstore.delete_async(carrier, name))

    async def list(self, prefix: str = "", start_after: str = "") -> AsyncIterator[ObjectInfo]:
        """Yield the objects whose keys begin with `prefix` in order of keys: 1 LIST for 1,000.

        `obstore` lists whole directories: a prefix that ends within a name costs the rest of its directory.
        """
        directory = prefix.rpartition("/")[0]
        pages = obstore.list(
            self._open(), prefix=directory or None, offset=start_after or None, chunk_size=LIST_PAGE
        )
        while True:
            try:
                page = await self._watch(f"list of {prefix!r}", pages.__anext__)
            except StopAsyncIteration:
                return
            for found in page:
                key = found["path"]
                if key.startswith(prefix) and key > start_after:
                    yield ObjectInfo(key, found["size"], round(found["last_modified"].timestamp() * 1000))

    async def close(self) -> None:
        """Let go of all connections; the runtime's few threads belong to the process and stay."""
        self._carrier = None

    def _open(self) -> Carrier:
        if self._carrier is None:
            raise Unavailable(f"{self._url}: the store is closed")
        return self._carrier

    def _check_length(self, key: str, found: int, expected: int) -> None:
        if found != expected:
            raise Unavailable(
                f"{self._url}: get of {key}: the answer was cut off: expected {expected} bytes, found {found}"
            )

    async def _watch(self, what: str, request: Callable[[], Awaitable[T]]) -> T:
        try:
            async with self._places:  # obstore's requests begin with the call
                return await request()
        except (BaseError, OSError, ValueError) as error:
            raise explain_obstore(error, f"{self._url}: {what}") from None


async def _read(carrier: Carrier, name: str) -> tuple[Bytes, int]:
    answer = await obstore.get_async(carrier, name, options={"range": {"offset": 0}})
    return await answer.bytes_async(), answer.meta["size"]


def explain_obstore(error: Exception, what: str) -> SkylogError:
    """Return our error for one of obstore's."""
    text = str(error)
    refusal = refusal_in(text)
    if isinstance(error, AlreadyExistsError):
        return Conflict(f"{what}: there is an object of this name already")
    if refusal is not None:
        return refusal.as_error(what)
    if isinstance(error, FileNotFoundError):
        return NotFound(f"{what}: there is no such object")
    if "Wanted range starting at" in text:
        return InvalidRequest(f"{what}: {text.partition(_DEBUG)[0].strip()[:500]}")
    for sign, words in _SIGNS:
        if sign in text:
            return Unavailable(f"{what}: {words}")
    return Unavailable(f"{what}: {text.partition(_DEBUG)[0].strip()[:500]}")


_DEBUG = "\n\nDebug source"
_SIGNS = (
    ("NotPartial", "the service does not answer ranged GETs as S3 does; it cannot be used"),
    ("ConnectionRefused", "the endpoint cannot be reached (connection refused); check its host and port"),
    ("dns error", "the endpoint's host name is not known; check it"),
    ("CaUsedAsEndEntity", "TLS fails: the certificate is an authority's own; check it"),
    ("UnknownIssuer", "TLS fails: nobody trusted signed the certificate; ca_bundle=FILE names whom to trust"),
    ("InvalidCertificate", "TLS fails: the certificate is not valid for this endpoint; check both"),
    ("TimedOut", "no answer in time; the outcome is unknown"),
    ("ConnectionReset", "the connection was reset; the outcome is unknown"),
    ("IncompleteMessage", "the connection was closed before the answer; the outcome is unknown"),
    ("UnexpectedEof", "the answer was cut off"),
    ("kind: Body", "the answer was cut off"),
)
"""Found in the causes that obstore prints, the more exact ones first."""
