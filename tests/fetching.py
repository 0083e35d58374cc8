"""The fetch path behind a produce line, without sockets, in virtual time."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from producing import LOG, Consumer, Line, NotingReply, frame
from skylog.clock import SystemEntropy
from skylog.core import FetchSessions
from skylog.fetch.ahead import ReadAhead
from skylog.fetch.handler import FetchHandler
from skylog.fetch.load import SegmentLoader
from skylog.fetch.wait import Parking
from skylog.storage.cache import BlockCache
from virtual import VirtualClock


@dataclass(frozen=True, slots=True)
class Fetched:
    """The only partition of an answer."""

    error_code: int
    high_watermark: int
    records: bytes


class Reading:
    """Fetches of one partition."""

    def __init__(self, line: Line, cache: BlockCache | None = None) -> None:
        cache = line.cache if cache is None else cache
        config = line.fetch_config
        self.sessions = FetchSessions(line.topics, config.session_slots_max, config.session_partitions_max)
        self.parking = Parking(self.sessions)
        self.order: list[int] = []
        self._numbers = itertools.count()
        line.listeners.append(self.parking.wake)
        loader = SegmentLoader(line.fetch_config, cache, VirtualClock())
        self.ahead = ReadAhead(
            config=line.fetch_config,
            clock=VirtualClock(),
            coordinator=line.coordinator,
            cache=cache,
            is_cold=loader.is_cold,
        )
        self.handler = FetchHandler(
            config=line.fetch_config,
            clock=VirtualClock(),
            entropy=SystemEntropy(),
            topics=line.topics,
            sessions=self.sessions,
            coordinator=line.coordinator,
            loader=loader,
            ahead=self.ahead,
            parking=self.parking,
            throttle=line.throttle,
        )

    def fetch(
        self,
        offset: int = 0,
        *,
        wait_ms: int = 0,
        min_bytes: int = 1,
        partition_bytes: int = 1 << 20,
        client: Consumer | None = None,
    ) -> NotingReply:
        """Hand in a Fetch v4 request, as a connection does."""
        return self.ask(fetch_payload(offset, wait_ms, min_bytes, partition_bytes), client)

    def ask(self, payload: bytes, client: Consumer | None = None) -> NotingReply:
        """Hand in any Fetch request."""
        reply = NotingReply(next(self._numbers), self.order, client=client or Consumer())
        self.handler(frame(payload), reply)
        return reply


def fetched(reply: NotingReply) -> Fetched:
    """Take an answer apart."""
    assert reply.answer, reply.closed
    start = 4 + 4 + 4 + 4 + 2 + len(LOG.topic) + 4
    _, code, high_watermark, _, aborted, size = struct.unpack_from(">ihqqii", reply.answer, start)
    assert aborted <= 0
    return Fetched(code, high_watermark, reply.answer[start + 30 : start + 30 + size])


def fetch_payload(offset: int, wait_ms: int, min_bytes: int, partition_bytes: int = 1 << 20) -> bytes:
    """Return a Fetch v4 request of partition 0."""
    return b"".join(
        (
            struct.pack(">hhih", 1, 4, 1, -1),
            struct.pack(">iiiib", -1, wait_ms, min_bytes, 1 << 25, 0),
            struct.pack(">ih", 1, len(LOG.topic)) + LOG.topic.encode(),
            struct.pack(">iiqi", 1, 0, offset, partition_bytes),
        )
    )


def session_payload(
    session_id: int,
    session_epoch: int,
    *,
    offsets: Sequence[int] = (0,),
    wait_ms: int = 0,
    min_bytes: int = 1,
) -> bytes:
    """Return a Fetch v7 request that names a session; of partition 0 for each of the offsets."""
    topic = struct.pack(">h", len(LOG.topic)) + LOG.topic.encode()
    parts = [topic + struct.pack(">iiqqi", 1, 0, offset, -1, 1 << 20) for offset in offsets]
    return b"".join(
        (
            struct.pack(">hhih", 1, 7, 1, -1),
            struct.pack(">iiiibii", -1, wait_ms, min_bytes, 1 << 25, 0, session_id, session_epoch),
            struct.pack(">i", len(parts)),
            *parts,
            struct.pack(">i", 0),
        )
    )


def session_outcome(reply: NotingReply) -> tuple[int, int, int]:
    """Return error code, session id and number of topics of a Fetch v7 answer."""
    assert reply.answer, reply.closed
    code, session_id, topics = struct.unpack_from(">hii", reply.answer, 4 + 4 + 4)
    return code, session_id, topics
