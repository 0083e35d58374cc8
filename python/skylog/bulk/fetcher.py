"""Batches from brokers: one request to each leader under way while what came before is worked on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Final

from skylog.bulk.cluster import Cluster, Topic
from skylog.bulk.codes import error_name, known_code
from skylog.bulk.cursor import Cursor, Fetched, whole_batches
from skylog.bulk.positions import ISOLATION_LEVELS
from skylog.bulk.reading import Answer, Reading
from skylog.bulk.receiving import BufferPool
from skylog.bulk.refusals import advice
from skylog.bulk.retry import backoff_s
from skylog.core import FetchedPartition, parse_fetch_answer
from skylog.errors import Corrupt, InvalidRequest, SkylogError, Unavailable
from skylog.loop import stop_tasks
from skylog.wire.codec import request_is_flexible
from skylog.wire.codes import KafkaError
from skylog.wire.exchange import Body
from skylog.wire.frames import FETCH, decode_response_header

_VERSION_BEFORE_IDS: Final = 12
_HEADER_BYTES_MAX: Final = 1024


class Fetcher:
    """Reads partitions of one topic, each in order, as fast as answers are released.

    Use it with ``async with``; all methods belong to the event loop that it was entered on.

    Parameters
    ----------
    cluster : Cluster
        Entered already.
    topic : Topic
        From `Cluster.topic`.
    ranges : Mapping of int to (int, int or None)
        First offset of each partition, and the first that is not wanted; None reads on for ever.
    reading : Reading
        How to read.

    Examples
    --------
    >>> async def count_bytes(bootstrap, name):
    ...     async with Cluster(bootstrap) as cluster:
    ...         topic = await cluster.topic(name)
    ...         size = 0
    ...         async with Fetcher(cluster, topic, {0: (0, 1000)}) as fetcher:
    ...             while (answer := await fetcher.next()) is not None:
    ...                 size += sum(len(piece.records) for piece in answer.pieces)
    ...                 answer.release()
    ...         return size
    """

    def __init__(
        self,
        cluster: Cluster,
        topic: Topic,
        ranges: Mapping[int, tuple[int, int | None]],
        reading: Reading | None = None,
    ) -> None:
        self.requests = 0
        self._cluster: Final = cluster
        self._topic = topic
        self._reading: Final = reading or Reading()
        cursors = (Cursor(partition, start, stop) for partition, (start, stop) in ranges.items())
        self._cursors = {cursor.partition: cursor for cursor in cursors if not cursor.done}
        self._readers: dict[int, asyncio.Task[None]] = {}
        self._answers: asyncio.Queue[Answer | SkylogError | None] = asyncio.Queue()
        self._held_bytes = 0
        self._room = asyncio.Event()
        self._room.set()

    def __repr__(self) -> str:
        return (
            f"<Fetcher {self._topic.name} {len(self._cursors)} partitions to read, {self.requests} requests,"
            f" {self._held_bytes} bytes held>"
        )

    async def __aenter__(self) -> Fetcher:
        self._start_readers()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await stop_tasks(self._readers.values())

    async def next(self) -> Answer | None:
        """Return the next answer; None when everything wanted was read.

        Raises
        ------
        KafkaError
            The broker refuses to serve a partition for good.
        Unavailable
            A leader gave nothing of use in time.
        Corrupt
            An answer that makes no sense.
        """
        found = await self._answers.get()
        if isinstance(found, Answer):
            return found
        self._answers.put_nowait(found)
        if found is not None:
            raise found
        return None

    @property
    def _pool(self) -> BufferPool:
        return self._cluster.pool

    def _start_readers(self) -> None:
        """See that each node which leads something has a reader; the reader of node -1 looks for leaders."""
        if not self._cursors:
            self._answers.put_nowait(None)
        for node in {self._topic.leaders.get(partition, -1) for partition in self._cursors}:
            if node not in self._readers:
                self._readers[node] = asyncio.create_task(self._read(node))

    async def _read(self, node: int) -> None:
        try:
            await self._read_all(node)
        except SkylogError as error:
            self._answers.put_nowait(error)
        finally:
            self._readers.pop(node, None)
        if not self._cursors:
            self._answers.put_nowait(None)

    async def _read_all(self, node: int) -> None:
        """Read what the node leads, for as long as it does."""
        attempt, since = 0, 0.0
        while due := self._due(node):
            await self._room.wait()
            since = since if attempt else self._cluster.clock.monotonic()
            trouble = await self._try_once(node, due)
            if trouble is None:
                attempt = 0
                continue
            self._require_time(since, due, trouble)
            await self._cluster.clock.sleep(backoff_s(attempt, self._cluster.entropy))
            attempt += 1
            await self._refresh()

    def _due(self, node: int) -> list[Cursor]:
        return [
            each for each in self._cursors.values() if self._topic.leaders.get(each.partition, -1) == node
        ]

    async def _try_once(self, node: int, due: Sequence[Cursor]) -> str | None:
        """Fetch once; return why nothing came of it, if nothing did."""
        try:
            connection = await self._cluster.connection(node)
            version = connection.version(FETCH, None if self._topic.has_id else _VERSION_BEFORE_IDS)
            self.requests += 1
            frame = await connection.send(FETCH, version, self._request(due))
        except Unavailable as error:
            return str(error)
        return self._take(frame, version)

    def _require_time(self, since: float, due: Sequence[Cursor], trouble: str) -> None:
        waited = self._cluster.clock.monotonic() - since
        if waited >= self._reading.timeout_s:
            raise Unavailable(f"{self._where(due[0])}: nothing came for {waited:.1f} s: {trouble}")

    async def _refresh(self) -> None:
        try:
            topic = await self._cluster.topic(self._topic.name)
        except Unavailable:
            return  # the next attempt fails too, and says so when its time is over
        if topic.topic_id != self._topic.topic_id:
            raise InvalidRequest(f"topic {topic.name!r} was deleted and made anew while it was read")
        self._topic = topic
        self._start_readers()

    def _request(self, due: Iterable[Cursor]) -> Body:
        partitions = [
            {
                "partition": each.partition,
                "fetch_offset": each.position,
                "partition_max_bytes": self._reading.partition_bytes,
            }
            for each in due
        ]
        name = self._topic.name
        return {
            "max_wait_ms": self._reading.wait_ms,
            "min_bytes": 1,
            "max_bytes": self._reading.response_bytes,
            "isolation_level": ISOLATION_LEVELS[self._reading.isolation],
            "topics": [{"topic": name, "topic_id": self._topic.topic_id, "partitions": partitions}],
        }

    # Answers.

    def _take(self, frame: memoryview, version: int) -> str | None:
        body = frame[_body_position(frame, version) :]
        try:
            parsed = parse_fetch_answer(body, version)
        except Corrupt as error:
            raise Corrupt(f"topic {self._topic.name!r}: Fetch answer: {error}") from error
        if parsed.error_code:
            return self._judge(f"topic {self._topic.name!r}", parsed.error_code)
        parts = parsed.partitions
        troubles = [self._judge_partition(part) for part in parts if part.error_code]
        pieces = [piece for part in parts if (piece := self._piece(body, part)) is not None]
        if not any(part.size for part in parts):
            self._note_empty(parts, parsed.throttle_time_ms)
        self._deliver(frame, pieces)
        if troubles or pieces or self._tailing:
            return troubles[0] if troubles else None
        return "the answer holds no whole batch"

    @property
    def _tailing(self) -> bool:
        return any(cursor.stop is None for cursor in self._cursors.values())

    def _piece(self, body: memoryview, part: FetchedPartition) -> Fetched | None:
        """Return what came of a partition, and move it to the end of the line."""
        if part.error_code or not part.size:
            return None
        cursor = self._cursor(part)
        size, next_offset = whole_batches(body[part.position : part.position + part.size])
        start = cursor.position
        if next_offset <= start:
            return None
        cursor.advance(next_offset)
        del self._cursors[cursor.partition]
        if not cursor.done:
            self._cursors[cursor.partition] = cursor
        return Fetched(
            partition=cursor.partition,
            start=start,
            stop=cursor.stop,
            next_offset=next_offset,
            records=body[part.position : part.position + size],
            high_watermark=part.high_watermark,
            last_stable_offset=part.last_stable_offset,
            log_start_offset=part.log_start_offset,
            aborted=part.aborted,
        )

    def _note_empty(self, parts: Iterable[FetchedPartition], throttle_time_ms: int) -> None:
        for part in parts:
            if part.error_code or throttle_time_ms:
                continue
            cursor = self._cursor(part)
            committed = self._reading.isolation == "read_committed"
            cursor.note_empty(part.last_stable_offset if committed else part.high_watermark)
            if cursor.done:
                del self._cursors[cursor.partition]

    def _deliver(self, frame: memoryview, pieces: Sequence[Fetched]) -> None:
        if not pieces:
            self._pool.give(frame)
            return
        self._held_bytes += len(frame)
        if self._held_bytes >= self._reading.buffer_bytes:
            self._room.clear()
        self._answers.put_nowait(Answer(frame, pieces, self._released))

    def _released(self, frame: memoryview) -> None:
        """Take back the memory of an answer."""
        self._held_bytes -= len(frame)
        self._pool.give(frame)
        if self._held_bytes < self._reading.buffer_bytes:
            self._room.set()

    def _cursor(self, part: FetchedPartition) -> Cursor:
        cursor = self._cursors.get(part.partition)
        if cursor is None or (part.topic_id is not None and part.topic_id != self._topic.topic_id):
            raise Corrupt(
                f"topic {self._topic.name!r}: Fetch answer: expected the partitions that were asked for,"
                f" found partition {part.partition}"
            )
        return cursor

    def _judge_partition(self, part: FetchedPartition) -> str:
        cursor = self._cursor(part)
        known = f" (the log starts at {part.log_start_offset})" if part.log_start_offset >= 0 else ""
        return self._judge(f"{self._where(cursor)}{known}", part.error_code)

    def _judge(self, where: str, code: int) -> str:
        """Return the trouble of an error that may pass; raise one that will not."""
        known = known_code(code)
        if known.retriable:
            return error_name(code)
        raise KafkaError(known, f"{where}: {error_name(code)}{advice(known)}")

    def _where(self, cursor: Cursor) -> str:
        behind = "" if cursor.stop is None else f" to {cursor.stop - 1}"
        return f"topic {self._topic.name!r} partition {cursor.partition} offsets {cursor.position}{behind}"


def _body_position(frame: memoryview, version: int) -> int:
    head = bytes(frame[:_HEADER_BYTES_MAX])
    try:
        return decode_response_header(FETCH, head, flexible=request_is_flexible(FETCH, version))[1]
    except InvalidRequest as error:
        raise Corrupt(f"Fetch answer: {error}") from error
