"""A cluster without sockets: brokers that keep Kafka's rules for sequences, and a network that keeps none."""

from __future__ import annotations

import asyncio
import random  # noqa: TID251 - seeded
from dataclasses import dataclass, field
from struct import unpack_from
from typing import Any, TypeVar

from skylog.bulk.cluster import Cluster, Topic
from skylog.bulk.connection import Disconnected
from skylog.errors import NotFound, Unavailable
from skylog.wire.codes import ErrorCode
from virtual import VirtualClock

T = TypeVar("T")

TOPIC = Topic("fake", bytes(range(16)), {})
REMEMBERED = 5


@dataclass
class Log:
    """One partition: what was written, and the last five sequences of the one producer."""

    batches: list[tuple[int, int]] = field(default_factory=list)
    """Base sequence and base offset."""
    end: int = 0

    def append(self, batch: memoryview) -> tuple[int, int]:
        """Write a batch as Kafka does; return the error and the base offset."""
        sequence, count = unpack_from(">ii", batch, 53)
        for known, offset in self.batches[-REMEMBERED:]:
            if sequence == known:
                return ErrorCode.NONE, offset
        if sequence >= 0 and self.batches and sequence != self.next_sequence:
            return ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, -1
        self.batches.append((sequence, self.end))
        self.next_sequence = sequence + count
        self.end += count
        return ErrorCode.NONE, self.end - count


@dataclass
class Trouble:
    """How often what goes wrong, from 0 to 1, drawn from a seed."""

    seed: int = 0
    cut: float = 0.0
    move: float = 0.0
    refuse: float = 0.0
    refuse_after_append: float = 0.0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def strikes(self, share: float) -> bool:
        return self.random.random() < share


class FakeConnection:
    """One connection to a node: requests are worked off in order, until it breaks."""

    name = "fake"
    congested = False

    def __init__(self, world: FakeCluster, node: int) -> None:
        self.closed = False
        self._world = world
        self._node = node
        self._queue: asyncio.Queue[tuple[dict[str, Any], asyncio.Future[Any]]] = asyncio.Queue()
        self._working = asyncio.create_task(self._work())

    def version(self, api_key: int, until: int | None = None) -> int:
        return 13

    def decode(self, api_key: int, version: int, frame: Any) -> Any:
        return frame

    def send(self, api_key: int, version: int, body: dict[str, Any]) -> asyncio.Future[Any]:
        answer = asyncio.get_running_loop().create_future()
        if self.closed:
            answer.set_exception(Disconnected("closed"))
        else:
            self._queue.put_nowait((body, answer))
        return answer

    def cut(self, unanswered: list[asyncio.Future[Any]]) -> None:
        """Break: nothing is answered any more, though what has arrived may still be carried out."""
        self.closed = True
        for answer in unanswered:
            answer.set_exception(Disconnected("cut"))

    async def _work(self) -> None:
        trouble = self._world.trouble
        while True:
            body, answer = await self._queue.get()
            await asyncio.sleep(trouble.random.random() * 0.02)  # noqa: TID251 - virtual time
            done = None if trouble.strikes(trouble.cut / 2) else self._world.produce(self._node, body)
            if done is None or trouble.strikes(trouble.cut / 2):
                waiting = [self._queue.get_nowait() for _ in range(self._queue.qsize())]
                self.cut([answer, *(later for _, later in waiting)])
                await self._haunt([body for body, _ in waiting])
                return
            if not answer.done():
                answer.set_result(done)

    async def _haunt(self, requests: list[dict[str, Any]]) -> None:
        """Carry out what had arrived, while the client is long back on another connection."""
        for body in requests:
            await asyncio.sleep(self._world.trouble.random.random() * 0.1)  # noqa: TID251 - virtual time
            self._world.produce(self._node, body)


class FakeCluster(Cluster):
    """Nodes 1 and 2, which lead the partitions in turn."""

    def __init__(self, partitions: int, trouble: Trouble | None = None, timeout_s: float = 120.0) -> None:
        super().__init__("fake:1", clock=VirtualClock(), timeout_s=timeout_s)
        self.trouble = trouble or Trouble()
        self.logs = {partition: Log() for partition in range(partitions)}
        self.leaders = {partition: 1 + partition % 2 for partition in range(partitions)}
        self.errors: dict[int, ErrorCode] = {}
        """What a partition answers instead of writing."""
        self.silent = False
        self.requests: list[dict[str, Any]] = []
        self._fakes: dict[int, FakeConnection] = {}

    async def topic(self, name: str, *, create: bool = False) -> Topic:
        await asyncio.sleep(0.001)  # noqa: TID251 - virtual time
        if name != TOPIC.name:
            raise NotFound(name)
        return Topic(name, TOPIC.topic_id, dict(self.leaders))

    async def connection(self, node: int) -> Any:
        await asyncio.sleep(0.001)  # noqa: TID251 - virtual time
        if self.trouble.strikes(self.trouble.cut):
            raise Unavailable(f"node {node}: nobody there")
        if node not in self._fakes or self._fakes[node].closed:
            self._fakes[node] = FakeConnection(self, node)
        return self._fakes[node]

    async def ask_any(self, api_key: int, body: dict[str, Any]) -> dict[str, Any]:
        return {"error_code": 0, "producer_id": 7, "producer_epoch": 0}

    def produce(self, node: int, body: dict[str, Any]) -> dict[str, Any]:
        """Carry out a request."""
        self.requests.append(body)
        self._move_leaders()
        partitions = [
            self._append(node, each["index"], each["records"])
            for topic in body["topic_data"]
            for each in topic["partition_data"]
        ]
        return {"responses": [{"partition_responses": partitions}]}

    def _append(self, node: int, partition: int, batch: memoryview) -> dict[str, Any]:
        code, offset, trouble = self.errors.get(partition, ErrorCode.NONE), -1, self.trouble
        if self.leaders[partition] != node:
            code = ErrorCode.NOT_LEADER_OR_FOLLOWER
        elif not code and trouble.strikes(trouble.refuse):
            code = ErrorCode.NOT_ENOUGH_REPLICAS
        elif not code:
            code, offset = self.logs[partition].append(batch)
            if trouble.strikes(trouble.refuse_after_append):
                code, offset = ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND, -1
        return {
            "index": partition,
            "error_code": int(code),
            "base_offset": offset,
            "log_append_time_ms": -1,
            "error_message": None,
        }

    def _move_leaders(self) -> None:
        for partition in self.leaders:
            if self.trouble.strikes(self.trouble.move):
                self.leaders[partition] = 3 - self.leaders[partition]
