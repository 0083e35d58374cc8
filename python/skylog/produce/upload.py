"""Bytes durable: one PUT per segment, within a bound of time."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from skylog.errors import SkylogError, Unavailable

if TYPE_CHECKING:
    from skylog.config import ProduceConfig
    from skylog.core import SealedSegment
    from skylog.storage.base import ObjectStore
    from skylog.wire.exchange import Reply

log = logging.getLogger("skylog.produce")


@dataclass(slots=True, eq=False)
class Upload:
    """A sealed segment on its way, with the requests that wait for it."""

    key: str
    sealed: SealedSegment
    created_ms: int
    replies: list[Reply]
    bytes_held: int
    done: bool = field(default=False, init=False)
    error: SkylogError | None = field(default=None, init=False)


class Uploader:
    """Puts segments into the store.

    The store tries again by itself. An attempt that failed may still land later; the key is the segment's
    own, so that is harmless, and an object that no commit ever names is found by its key.
    """

    def __init__(self, store: ObjectStore, config: ProduceConfig) -> None:
        self._store = store
        self._config = config

    async def upload(self, upload: Upload) -> None:
        """Store one segment and mark it done, with the error that is left of it."""
        try:
            async with asyncio.timeout(self._config.upload_ms_max / 1000):
                await self._store.put(upload.key, upload.sealed.data)
        except TimeoutError:
            upload.error = Unavailable(f"{upload.key}: not stored within {self._config.upload_ms_max} ms")
        except SkylogError as error:
            upload.error = error
        except Exception as error:
            log.exception("%s: the store failed in a way it should not", upload.key)
            upload.error = Unavailable(f"{upload.key}: {error!r}")
        upload.done = True
