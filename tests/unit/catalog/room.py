"""A catalog on a real coordinator, asked over the wire's codec; faults are laid over the coordinator."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from typing import Any

from skylog.catalog.catalog import Catalog
from skylog.catalog.handlers import handlers
from skylog.config import Config
from skylog.coordinator.base import Coordinator
from skylog.core import TopicTable
from skylog.errors import Unavailable
from skylog.model import ClusterView, NewTopic, Node, Topic
from skylog.wire import codec
from skylog.wire.exchange import Body, Request

CREATE_TOPICS, DELETE_TOPICS, CREATE_PARTITIONS = 19, 20, 37
DESCRIBE_CONFIGS, INCREMENTAL_ALTER_CONFIGS = 32, 44
METADATA, FIND_COORDINATOR, INIT_PRODUCER_ID, DESCRIBE_CLUSTER = 3, 10, 22, 60
DESCRIBE_ACLS, CREATE_ACLS, DELETE_ACLS, ALTER_CONFIGS = 29, 30, 31, 33
ALTER_REPLICA_LOG_DIRS, ELECT_LEADERS, DESCRIBE_USER_SCRAM_CREDENTIALS = 34, 43, 50
ALTER_PARTITION_REASSIGNMENTS, LIST_PARTITION_REASSIGNMENTS = 45, 46
DESCRIBE_QUORUM, UPDATE_FEATURES, UNREGISTER_BROKER = 55, 57, 64
LIST_CONFIG_RESOURCES, DESCRIBE_TOPIC_PARTITIONS = 74, 75

NO_ID = bytes(16)
NAMELESS_HEADER_SIZE = 10


class ManualClock:
    """A clock whose sleepers wake when the test says so."""

    def __init__(self) -> None:
        self.sleeps: list[float] = []
        self._sleepers: list[asyncio.Future[None]] = []

    def now_ms(self) -> int:
        return 1_700_000_000_000

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append(sleeper)
        await sleeper

    def wake(self) -> None:
        for sleeper in self._sleepers:
            if not sleeper.done():
                sleeper.set_result(None)
        self._sleepers.clear()


class CountedEntropy:
    """Bytes that look random and are the same in every run."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._count = 0

    def random_bytes(self, size: int) -> bytes:
        self._count += 1
        return hashlib.shake_128(f"{self._seed} {self._count}".encode()).digest(size)

    def uniform(self, low: float, high: float) -> float:
        return (low + high) / 2


class Faults:
    """The coordinator, but named calls fail: before they are carried out, or after."""

    def __init__(self, coordinator: Coordinator) -> None:
        self._coordinator = coordinator
        self.lost_requests: set[str] = set()
        self.lost_answers: set[str] = set()
        self.held: dict[str, asyncio.Event] = {}
        """Calls that wait for their event before they are carried out."""
        self.calls: list[str] = []

    def release(self) -> None:
        """Let go of all calls that wait."""
        for gate in self.held.values():
            gate.set()

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._coordinator, name)
        return self._faulty(name, call) if asyncio.iscoroutinefunction(call) else call

    def _faulty(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        async def carry_out(*arguments: Any) -> Any:
            self.calls.append(name)
            if name in self.held:
                await self.held[name].wait()
            if name in self.lost_requests:
                raise Unavailable(f"{name}: nobody answers")
            answer = await call(*arguments)
            if name in self.lost_answers:
                raise Unavailable(f"{name}: the answer was lost")
            return answer

        return carry_out


class Room:
    """One broker's catalog and handlers."""

    def __init__(self, config: Config, coordinator: Coordinator, number: int) -> None:
        self.coordinator = coordinator
        self.clock = ManualClock()
        self.faults = Faults(coordinator)
        self.table = TopicTable()
        self.gone: list[bytes] = []
        faulty: Any = self.faults
        self.catalog = Catalog(faulty, self.table, config.topics, self.clock, CountedEntropy(number))
        self.catalog.on_delete(self.gone.append)
        self.view = ClusterView("AAAAAAAAAAAAAAAAAAAAAA", (Node(1, "localhost", 9092, "a"),), 1)
        self.trimmed: list[bytes] = []
        self.handlers = handlers(self.catalog, faulty, config, lambda: self.view, self.trimmed.append)

    async def ask(self, api_key: int, version: int, **body: Any) -> Body:
        """Send a request through the codec, handle it, and read the answer as a client of this version."""
        answer = await self.answer(api_key, version, **body)
        frame = codec.encode_response(api_key, version, 7, answer)
        return codec.decode_response(api_key, version, frame[4:])[1]

    async def answer(self, api_key: int, version: int, **body: Any) -> Body:
        """Send a request through the codec and return what its handler says."""
        frame = codec.encode_request(api_key, version, 7, body)[4:]
        decoded = codec.decode_request(api_key, version, frame, NAMELESS_HEADER_SIZE)
        return await self.handlers[api_key](Request(api_key, version, decoded, "client", "127.0.0.1"))

    async def make(self, name: str, partitions: int = 1, **configs: str) -> Topic:
        """Create a topic past the handlers; config names with `_` for `.`."""
        named = {key.replace("_", "."): value for key, value in configs.items()}
        new = NewTopic(self.catalog.new_topic_id(), name, partitions, named)
        (topic,) = await self.catalog.change(lambda: self.catalog.create([new]), 1_000)
        assert isinstance(topic, Topic)
        return topic

    async def settled(self, condition: Callable[[], bool]) -> None:
        """Let tasks run until `condition` holds; fails after a good many turns of the loop."""
        for _ in range(10_000):
            if condition():
                return
            await asyncio.sleep(0)  # noqa: TID251 - one turn of the loop, no time passes
        raise AssertionError("the condition never held")
