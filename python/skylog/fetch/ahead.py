"""Read-ahead: who walks through old data finds what comes next already loaded."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from skylog.core import FetchPlan, LogPositions
from skylog.errors import SkylogError
from skylog.storage.blocks import Reader, Window
from skylog.wire.exchange import Client

if TYPE_CHECKING:
    from skylog.clock import Clock
    from skylog.config import FetchConfig
    from skylog.coordinator.base import Coordinator
    from skylog.storage.cache import BlockCache

log = logging.getLogger("skylog.fetch")

WINDOW_MAX = 64
"""Segments ahead of one consumer, however small they are."""
EXTENTS_MAX = 256
"""Extents that are looked up ahead at once."""
LOGS_MAX = 10_000
"""Logs of one consumer that are followed."""
IDLE_SECONDS_MAX = 30.0
"""A consumer that does not fetch gives its share of what is read ahead to others after this time."""
COLD_SHARE = 0.75
"""Of the cache's part for old data, what may lie ahead unread; the rest is what is being read."""


@dataclass(slots=True)
class Place:
    """How far a consumer is in one log: where its last fetch began and ended, how far ahead is known."""

    offset: int
    end: int
    ahead: int


@dataclass(slots=True)
class Walk:
    """What one consumer reads, and what is loaded for it beyond that."""

    client: Client
    logs: dict[tuple[bytes, int], Place] = field(default_factory=dict)
    window: int = 0
    """Segments that may lie ahead: 0, then doubled by each fetch that goes on where the one before it was."""
    known: deque[Window] = field(default_factory=deque)
    """What comes next and is not loaded yet."""
    unread: OrderedDict[str, int] = field(default_factory=OrderedDict)
    """Bytes of each segment that was loaded, or is being, and not fetched yet."""
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    looking: asyncio.Task[None] | None = None
    at_end: bool = False
    """Whether the last look found nothing beyond what is known."""
    seen_at: float = 0.0

    @property
    def unread_bytes(self) -> int:
        """Bytes ahead."""
        return sum(self.unread.values())

    def follow(self, ends: list[tuple[bytes, int, int, int]]) -> bool:
        """Note where a fetch reads; False if it begins elsewhere than where the last one of its log was."""
        steady, advanced = True, False
        for topic_id, partition, offset, end in ends:
            place = self.logs.get((topic_id, partition))
            if place is None:
                self.logs[topic_id, partition] = Place(offset, end, end)
                self.at_end = False
                continue
            steady &= place.offset <= offset <= place.end
            advanced |= offset > place.offset
            if end > place.ahead:
                self.at_end = False
            place.offset, place.end, place.ahead = offset, end, max(place.ahead, end)
        if advanced:
            self.window = min(max(1, 2 * self.window), WINDOW_MAX)
        return steady

    def pass_by(self, keys: list[str]) -> None:
        """Count segments as read, and those that came before them."""
        for key in keys:
            if key in self.unread:
                while self.unread.popitem(last=False)[0] != key:
                    pass
        while self.known and self.known[0].key in keys:
            self.known.popleft()

    def stop(self) -> None:
        """Give up what is on its way, and begin anew."""
        for task in (*self.tasks, *([self.looking] if self.looking else [])):
            task.cancel()
        self.known.clear()
        self.unread.clear()
        self.window, self.at_end = 0, False
        for place in self.logs.values():
            place.ahead = place.end


class ReadAhead:
    """Loads segments behind the tail before they are asked for, one window per consumer.

    A consumer is a connection. Its window opens when a fetch begins where the one before it was, doubles with
    each one that goes on so, up to `fetch.ahead_bytes_max`, and closes when it seeks or goes away; what is on
    its way for nobody else is then cancelled. What all windows may hold is bounded too and shared evenly; one
    that was open before others came keeps what it holds until it is read.
    """

    def __init__(
        self,
        *,
        config: FetchConfig,
        clock: Clock,
        coordinator: Coordinator,
        cache: BlockCache,
        is_cold: Callable[[str], bool],
    ) -> None:
        self._config = config
        self._clock = clock
        self._coordinator = coordinator
        self._cache = cache
        self._is_cold = is_cold
        self._walks: dict[Client, Walk] = {}
        self._open: OrderedDict[Client, Walk] = OrderedDict()
        """Those whose window is open, the longest silent first."""

    def __repr__(self) -> str:
        return f"ReadAhead({len(self)} consumers, {self.unread_bytes} bytes ahead)"

    def __len__(self) -> int:
        return len(self._walks)

    @property
    def unread_bytes(self) -> int:
        """Bytes loaded, or on their way, that no consumer has asked for yet."""
        return sum(walk.unread_bytes for walk in self._walks.values())

    def follow(self, client: Client, plan: FetchPlan) -> None:
        """See what a fetch reads, and begin to load what comes after it."""
        keys = [window[0] for window in plan.windows]
        if not any(map(self._is_cold, keys)):
            return
        walk = self._walk(client)
        if not walk.follow(plan.ends):
            walk.stop()
        walk.pass_by(keys)
        self._open.pop(client, None)
        self._rest(walk.seen_at)
        if walk.window:
            self._open[client] = walk
            self._advance(walk)

    def forget(self, client: Client) -> None:
        """Give up what is on its way for a consumer that is gone."""
        walk = self._walks.pop(client, None)
        self._open.pop(client, None)
        if walk is not None:
            walk.stop()

    async def close(self) -> None:
        """Give up all."""
        tasks = [task for walk in self._walks.values() for task in walk.tasks]
        tasks += [walk.looking for walk in self._walks.values() if walk.looking is not None]
        for client in list(self._walks):
            self.forget(client)
        await asyncio.gather(*tasks, return_exceptions=True)

    def _walk(self, client: Client) -> Walk:
        walk = self._walks.get(client)
        if walk is None:
            walk = self._walks[client] = Walk(client)
            client.on_gone(lambda: self.forget(client))
        elif len(walk.logs) > LOGS_MAX:
            walk.stop()
            walk.logs.clear()
        walk.seen_at = self._clock.monotonic()
        return walk

    def _rest(self, now: float) -> None:
        """Stop reading ahead for those that fetch no more; they stay known until they are gone."""
        while self._open:
            client, walk = next(iter(self._open.items()))
            if now - walk.seen_at < IDLE_SECONDS_MAX:
                return
            del self._open[client]
            walk.stop()

    def _advance(self, walk: Walk) -> None:
        """Start loads as far as the window is open, and look for more when little is known."""
        bytes_max = self._share()
        while walk.known and len(walk.unread) < walk.window:
            window = walk.known[0]
            size = self._cache.load_bytes(window)
            if walk.unread_bytes + size > bytes_max:
                return
            walk.known.popleft()
            if self._is_cold(window.key):
                self._start(walk, window, size)
        if not walk.known and walk.looking is None and not walk.at_end:
            walk.looking = asyncio.create_task(self._look(walk), name="look ahead")
            walk.looking.add_done_callback(lambda _: self._looked(walk))

    def _share(self) -> int:
        """Bytes that may lie ahead of one consumer."""
        all_together = int(self._config.cache_cold_bytes * COLD_SHARE)
        return min(self._config.ahead_bytes_max, all_together // max(1, len(self._open)))

    def _start(self, walk: Walk, window: Window, size: int) -> None:
        walk.unread[window.key] = walk.unread.get(window.key, 0) + size
        if not self._cache.holds(window):
            task = asyncio.create_task(self._load(walk, window), name=f"ahead {window.key}")
            walk.tasks.add(task)
            task.add_done_callback(walk.tasks.discard)

    async def _load(self, walk: Walk, window: Window) -> None:
        try:
            async with asyncio.timeout(self._config.load_ms_max / 1000):
                await self._cache.get(window, Reader(walk.client, is_cold=True, is_ahead=True))
        except (SkylogError, TimeoutError) as error:
            log.info("not read ahead, segment %s: %s", window.key, error)  # whoever fetches it hears why

    async def _look(self, walk: Walk) -> None:
        """Find what comes after all that is known."""
        logs = list(walk.logs.items())
        bytes_max = 2 * self._config.ahead_bytes_max // max(1, len(logs))
        positions = [(*log, place.ahead, max(1, bytes_max)) for log, place in logs]
        try:
            found = await self._coordinator.find_extents(LogPositions(positions), EXTENTS_MAX)
        except SkylogError as error:
            log.info("cannot look ahead: %s", error)
            walk.at_end = True
            return
        except Exception:
            log.exception("looking ahead failed in a way it should not")
            walk.at_end = True
            return
        for index, _, last_offset, *_ in found.extents():
            place = logs[index][1]
            place.ahead = max(place.ahead, last_offset + 1)
        windows = [Window(*window) for window in found.windows()]
        walk.known.extend(window for window in windows if window.key not in walk.unread)
        walk.at_end = not walk.known

    def _looked(self, walk: Walk) -> None:
        walk.looking = None
        if walk.window and walk.known and walk.client in self._walks:
            self._advance(walk)
