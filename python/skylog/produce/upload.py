"""Bytes durable: one PUT per segment, tried again within a bound."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from skylog.errors import SkylogError, Unavailable

if TYPE_CHECKING:
    from skylog.clock import Clock, Entropy
    from skylog.config import ProduceConfig
    from skylog.core import SealedSegment
    from skylog.storage.base import ObjectStore
    from skylog.wire.exchange import Reply

log = logging.getLogger("skylog.produce")

BACKOFF_S_FIRST = 0.05
BACKOFF_S_MAX = 2.0


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

    An attempt that failed may still land later; the key is the segment's own, so that is harmless, and an
    object that no commit ever names is found by its key.
    """

    def __init__(self, store: ObjectStore, config: ProduceConfig, clock: Clock, entropy: Entropy) -> None:
        self._store = store
        self._config = config
        self._clock = clock
        self._entropy = entropy

    async def upload(self, upload: Upload) -> None:
        """Store one segment and mark it done, with the error that is left after all attempts."""
        try:
            await asyncio.wait_for(self._attempts(upload), self._config.upload_ms_max / 1000)
        except TimeoutError:
            upload.error = Unavailable(f"{upload.key}: not stored within {self._config.upload_ms_max} ms")
        except SkylogError as error:
            upload.error = error
        except Exception as error:
            log.exception("%s: the store failed in a way it should not", upload.key)
            upload.error = Unavailable(f"{upload.key}: {error!r}")
        upload.done = True

    async def _attempts(self, upload: Upload) -> None:
        for attempt in range(1, self._config.upload_attempts_max + 1):
            try:
                await self._store.put(upload.key, upload.sealed.data)
            except Unavailable as error:
                if attempt == self._config.upload_attempts_max:
                    raise
                log.warning("%s: attempt %d: %s", upload.key, attempt, error)
                await self._clock.sleep(self._backoff_s(attempt))
            else:
                return

    def _backoff_s(self, attempt: int) -> float:
        ceiling = min(BACKOFF_S_MAX, BACKOFF_S_FIRST * 2 ** (attempt - 1))
        return self._entropy.uniform(ceiling / 2, ceiling)
