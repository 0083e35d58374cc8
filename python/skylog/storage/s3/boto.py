"""The store through boto3, on threads of its own: all of it with ``client=boto3``, else DELETE and LIST."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from skylog.errors import SkylogError, Unavailable
from skylog.storage.base import Buffer, ObjectInfo, check_range, check_range_end
from skylog.storage.keys import check_key
from skylog.storage.refusals import Refusal
from skylog.storage.s3.client import Access
from skylog.storage.s3.errors import explain_boto, refusal_of

T = TypeVar("T")

DELETE_BATCH = 1000
LIST_PAGE = 1000

_TOTAL = re.compile(r"bytes \d+-\d+/(\d+)")


class BotoStore:
    """The requests of a bucket, each one attempt; `S3Store` opens and closes it.

    Parameters
    ----------
    pool
        Where requests run; a request that is cancelled ends by its timeouts.
    """

    def __init__(self, access: Access, pool: ThreadPoolExecutor) -> None:
        self._access = access
        self._client = access.client
        self._location = access.location
        self._put_options = access.put_options
        self._pool = pool

    async def put(self, key: str, data: Buffer) -> None:
        """Store an object: 1 PUT, `data` sent as it is."""
        await self._put(key, data, {})

    async def put_if_absent(self, key: str, data: Buffer) -> None:
        """Store an object where there is none: 1 PUT. Raises `Conflict`."""
        await self._put(key, data, {"IfNoneMatch": "*"})

    async def _put(self, key: str, data: Buffer, condition: Mapping[str, str]) -> None:
        options = {**self._named(key), **self._put_options, **condition}
        await self.run(
            f"put of {key}", lambda: self._client.put_object(Body=self._access.body(data), **options)
        )

    async def get(self, key: str) -> bytes:
        """Return an object: 1 GET. Asked for as a range, so that the answer says how long it should be."""
        named = self._named(key)
        body, total = await self.run(f"get of {key}", lambda: self._read(named, "bytes=0-"))
        self._check_length(key, len(body), total)
        return body

    async def get_range(self, key: str, position: int, size: int) -> bytes:
        """Return a part of an object: 1 GET."""
        check_range(key, position, size)
        named = self._named(key)
        wanted = f"bytes={position}-{position + size - 1}"
        body, total = await self.run(f"get of {key}", lambda: self._read(named, wanted))
        check_range_end(key, position, size, total)
        self._check_length(key, len(body), size)
        return body

    def _read(self, named: dict[str, str], wanted: str) -> tuple[bytes, int]:
        try:
            answer = self._client.get_object(Range=wanted, **named)
        except ClientError as error:
            if wanted == "bytes=0-" and refusal_of(error).status == 416:
                return b"", 0  # an empty object has no first byte
            raise
        with closing(answer["Body"]) as body:  # its own context manager is the bare, unchecked stream
            data: bytes = body.read()
        total = _TOTAL.fullmatch(answer.get("ContentRange", ""))
        return data, int(total[1]) if total else len(data)

    def _check_length(self, key: str, found: int, expected: int) -> None:
        if found != expected:
            raise Unavailable(
                f"{self._location.url}: get of {key}: the answer was cut off: "
                f"expected {expected} bytes, found {found}"
            )

    async def delete(self, keys: Sequence[str]) -> None:
        """Remove objects: 1 request for each 1,000, or for each where the address says batch_delete=no."""
        names = [check_key(key) for key in keys]
        if self._location.batch_delete:
            batches = [names[at : at + DELETE_BATCH] for at in range(0, len(names), DELETE_BATCH)]
            await asyncio.gather(*(self._delete_batch(batch) for batch in batches))
        else:
            await asyncio.gather(*(self._delete_one(name) for name in names))

    async def _delete_one(self, key: str) -> None:
        named = self._named(key)
        await self.run(f"delete of {key}", lambda: self._client.delete_object(**named))

    async def _delete_batch(self, names: list[str]) -> None:
        objects = [{"Key": self._location.prefix + name} for name in names]
        wanted = {"Objects": objects, "Quiet": True}
        what = f"delete of {len(names)} objects"
        bucket = self._location.bucket
        answer = await self.run(what, lambda: self._client.delete_objects(Bucket=bucket, Delete=wanted))
        # The request succeeds as a whole and fails object by object.
        failed = [error for error in answer.get("Errors", ()) if error.get("Code") != "NoSuchKey"]
        if failed:
            first = failed[0]
            refusal = Refusal(200, first.get("Code", "unknown"), first.get("Message", ""))
            count = f"{len(failed)} of {len(names)} objects not deleted, first {first.get('Key')}"
            raise refusal.as_error(f"{self._location.url}: {count}")

    async def list(self, prefix: str, start_after: str) -> AsyncIterator[ObjectInfo]:
        """Yield objects in order of keys: 1 LIST for 1,000."""
        root = self._location.prefix
        request: dict[str, Any] = {"Bucket": self._location.bucket, "MaxKeys": LIST_PAGE}
        request["Prefix"] = root + prefix
        if start_after:
            request["StartAfter"] = root + start_after
        while True:
            page = await self.run(f"list of {prefix!r}", lambda: self._client.list_objects_v2(**request))
            for found in page.get("Contents", ()):
                key = found["Key"][len(root) :]
                if key > start_after:  # services that sort by directory begin elsewhere
                    modified_ms = round(found["LastModified"].timestamp() * 1000)
                    yield ObjectInfo(key, found["Size"], modified_ms)
            if not page.get("IsTruncated"):
                break
            request["ContinuationToken"] = page["NextContinuationToken"]

    async def run(self, what: str, call: Callable[[], T]) -> T:
        """Make a blocking request on a thread; what boto3 raises becomes one of our errors."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, call)
        except SkylogError:
            raise
        except (BotoCoreError, ClientError, ResponseParserError) as error:
            raise explain_boto(error, f"{self._location.url}: {what}") from error

    def _named(self, key: str) -> dict[str, str]:
        return {"Bucket": self._location.bucket, "Key": self._location.prefix + check_key(key)}
