"""Objects in parts: what is too large for one request becomes visible at once all the same."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from skylog.errors import SkylogError, Unavailable
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
        self._access = access
        self._client = access.client
        self._options = access.put_options
        self._requests = requests
        self._what = f"put of {key} in parts"
        self._named = {"Bucket": access.location.bucket, "Key": access.location.prefix + check_key(key)}
        self._data = memoryview(data).cast("B")
        self._given_up = False
        self._places = asyncio.Semaphore(PARTS_AT_ONCE)

    async def send(self) -> None:
        """Upload all of it. Cancelled, it waits for requests under way: a part may land after an abort."""
        sending = asyncio.create_task(self._send())
        try:
            await asyncio.shield(sending)
        except asyncio.CancelledError:
            self._given_up = True
            await asyncio.wait([sending])
            sending.exception()  # said that it was given up
            raise

    async def _send(self) -> None:
        started = await self._requests.run(
            self._what, lambda: self._client.create_multipart_upload(**self._named, **self._options)
        )
        upload = {**self._named, "UploadId": started["UploadId"]}
        try:
            parts = await self._send_parts(upload)
            await self._run(
                lambda: self._client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
            )
        except BaseException:
            await self._abort(upload)
            raise

    async def _send_parts(self, upload: dict[str, str]) -> list[dict[str, Any]]:
        size = max(PART_BYTES_MIN, -(-len(self._data) // PARTS_MAX))
        parts = [
            asyncio.create_task(self._send_part(upload, number, self._data[position : position + size]))
            for number, position in enumerate(range(0, len(self._data), size), start=1)
        ]
        await asyncio.wait(parts, return_when=asyncio.FIRST_EXCEPTION)
        self._given_up |= not all(part.done() for part in parts)
        await asyncio.wait(parts)
        errors = [error for part in parts if (error := part.exception()) is not None]
        if errors:
            raise errors[0]
        return [part.result() for part in parts]

    async def _send_part(self, upload: dict[str, str], number: int, part: memoryview) -> dict[str, Any]:
        checksum = {name: self._options[name] for name in ("ChecksumAlgorithm",) if name in self._options}
        async with self._places:
            answer = await self._run(
                lambda: self._client.upload_part(
                    **upload, **checksum, PartNumber=number, Body=self._access.body(part)
                )
            )
        sums = {name: value for name, value in answer.items() if name.startswith("Checksum")}
        return {"PartNumber": number, "ETag": answer["ETag"], **sums}

    async def _run(self, request: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        if self._given_up:
            raise Unavailable(f"{self._what}: given up")
        return await self._requests.run(self._what, request)

    async def _abort(self, upload: dict[str, str]) -> None:
        try:
            await self._requests.run(self._what, lambda: self._client.abort_multipart_upload(**upload))
        except SkylogError as error:
            log.warning("%s: its parts stay until a lifecycle rule removes them: %s", self._what, error)
