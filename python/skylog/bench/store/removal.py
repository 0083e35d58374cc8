"""Everything that a bench left in a store goes away again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

from skylog.clock import Clock
from skylog.errors import SkylogError
from skylog.storage.base import ObjectStore

REMOVAL_S_MAX: Final = 60.0

_PER_DELETE: Final = 1000
_PAUSE_S: Final = 0.2


class Removal:
    """Deletes the objects below a prefix until a listing shows none, within a bound of time.

    A listing comes last, because a PUT that was given up may land after its key was deleted.

    Attributes
    ----------
    trouble : str
        What the store said last; empty if it never complained.
    """

    def __init__(self, store: ObjectStore, prefix: str, clock: Clock) -> None:
        self.trouble = ""
        self._store = store
        self._prefix = prefix
        self._clock = clock
        self._done = False

    async def run(self, keys: Iterable[str], seconds_max: float = REMOVAL_S_MAX) -> str:
        """Remove `keys`, then whatever is listed; return what is left in words, empty if nothing is."""
        pending = sorted(keys)
        try:
            async with asyncio.timeout(seconds_max):
                while not self._done:
                    pending = await self._step(pending)
        except TimeoutError:
            self.trouble = self.trouble or f"it took longer than {seconds_max:g} s"
        except asyncio.CancelledError:
            self.trouble = "it was interrupted"
        if self._done:
            return ""
        return (
            f"objects below {self._prefix} in {self._store.url} could not all be removed: {self.trouble}; "
            "remove that prefix yourself, nothing else uses it"
        )

    async def _step(self, pending: list[str]) -> list[str]:
        try:
            while pending:
                await self._store.delete(pending[:_PER_DELETE])
                del pending[:_PER_DELETE]
            found = [each.key async for each in self._store.list(self._prefix)]
        except SkylogError as error:
            self.trouble = str(error)
            await self._clock.sleep(_PAUSE_S)
            return pending
        self._done = not found
        return found
