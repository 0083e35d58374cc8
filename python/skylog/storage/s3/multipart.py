"""Objects in parts: what is too large for one request becomes visible at once all the same."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from skylog.errors import SkylogError
from skylog.storage.base import Buffer
from skylog.storage.keys import check_key
from skylog.storage.s3.boto import BotoStore
from skylog.storage.s3.client import Access

log = logging.getLogger("skylog.storage")

PART_BYTES_MIN = 16 * 1024 * 1024
PARTS_MAX = 10_000
PARTS_AT_ONCE = 4


class MultipartUpload:
    """One object, sent in parts of at least 16 MiB, 4 at a time: parts + 2 requests.

    Nothing is seen until the last request; parts of an upload that fails or is cancelled are removed. Where
    even that fails they stay and cost storage: a lifecycle rule of the bucket should end unfinished uploads.
    """

    def __init__(self, access: Access, requests: BotoStore, key: str, data: Buffer) -> None:
        self._client = access.client
        self._options = access.put_options
        self._requests = requests
        self._what = f"put of {key} in parts"
        self._named = {"Bucket": access.location.bucket, "Key": access.location.prefix + check_key(key)}
        self._data = memoryview(data).cast("B")
        self._places = asyncio.Semaphore(PARTS_AT_ONCE)

    async def send(self) -> None:
        """Upload all of it."""
        started = await self._requests.run(
            self._what, lambda: self._client.create_multipart_upload(**self._named, **self._options)
        )
        upload = {**self._named, "UploadId": started["UploadId"]}
        try:
            parts = await self._send_parts(upload)
            await self._requests.run(
                self._what,
                lambda: self._client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}),
            )
        except BaseException:
            await asyncio.shield(self._abort(upload))
            raise

    async def _send_parts(self, upload: dict[str, str]) -> list[dict[str, Any]]:
        size = max(PART_BYTES_MIN, -(-len(self._data) // PARTS_MAX))
        tasks = [
            asyncio.create_task(self._send_part(upload, number, self._data[position : position + size]))
            for number, position in enumerate(range(0, len(self._data), size), start=1)
        ]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _send_part(self, upload: dict[str, str], number: int, part: memoryview) -> dict[str, Any]:
        checksum = {name: self._options[name] for name in ("ChecksumAlgorithm",) if name in self._options}
        async with self._places:
            answer = await self._requests.run(
                f"{self._what}: part {number}",
                lambda: self._client.upload_part(**upload, **checksum, PartNumber=number, Body=part),
            )
        sums = {name: value for name, value in answer.items() if name.startswith("Checksum")}
        return {"PartNumber": number, "ETag": answer["ETag"], **sums}

    async def _abort(self, upload: dict[str, str]) -> None:
        try:
            await self._requests.run(self._what, lambda: self._client.abort_multipart_upload(**upload))
        except SkylogError as error:
            log.warning("%s: its parts stay until a lifecycle rule removes them: %s", self._what, error)
