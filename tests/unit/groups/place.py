"""A room of groups on a real coordinator, asked over the wire's codec, under virtual time."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from skylog.config import GroupsConfig
from skylog.coordinator.base import Coordinator
from skylog.groups.handlers import handlers
from skylog.groups.room import GroupRoom
from skylog.model import NewTopic, Topic
from skylog.wire import codec
from skylog.wire.codes import ErrorCode
from skylog.wire.exchange import Body, Request

OFFSET_COMMIT, OFFSET_FETCH, JOIN, HEARTBEAT, LEAVE, SYNC = 8, 9, 11, 12, 13, 14
DESCRIBE, LIST, DELETE = 15, 16, 42
NAMELESS_HEADER_SIZE = 10


@dataclass
class _Call:
    """A call that virtual time will make."""

    callback: Callable[[], None]
    cancelled: bool = field(default=False)

    def cancel(self) -> None:
        self.cancelled = True


class VirtualTime:
    """A clock that goes on when the test says so, and makes the calls that come due."""

    def __init__(self) -> None:
        self.seconds = 100.0
        self.set_alarms = 0
        self._calls: list[tuple[float, int, _Call]] = []

    def now_ms(self) -> int:
        return 1_700_000_000_000 + int(self.seconds * 1000)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("groups do not sleep")

    def call_later(self, seconds: float, callback: Callable[[], None]) -> _Call:
        call = _Call(callback)
        self.set_alarms += 1
        heapq.heappush(self._calls, (self.seconds + seconds, self.set_alarms, call))
        return call

    def advance(self, milliseconds: int) -> None:
        until = self.seconds + milliseconds / 1000
        while self._calls and self._calls[0][0] <= until:
            at, _, call = heapq.heappop(self._calls)
            self.seconds = max(self.seconds, at)
            if not call.cancelled:
                call.callback()
        self.seconds = until

    @property
    def alarms(self) -> int:
        """Calls that will be made."""
        return sum(not call.cancelled for _, _, call in self._calls)


class CountedEntropy:
    """Bytes that are never the same twice and the same in every run."""

    def __init__(self) -> None:
        self._count = 0

    def random_bytes(self, size: int) -> bytes:
        self._count += 1
        return self._count.to_bytes(size, "big")

    def uniform(self, low: float, high: float) -> float:
        return (low + high) / 2


class Faults:
    """The coordinator, but named calls fail or wait."""

    def __init__(self, coordinator: Coordinator) -> None:
        self._coordinator = coordinator
        self.errors: dict[str, Exception] = {}
        self.held: dict[str, asyncio.Event] = {}
        self.begun: dict[str, asyncio.Event] = {}
        self.calls: list[str] = []

    def hold(self, name: str) -> asyncio.Event:
        """Let the calls called `name` wait for the event that comes back."""
        self.begun[name] = asyncio.Event()
        return self.held.setdefault(name, asyncio.Event())

    def release(self) -> None:
        """Let all calls go on."""
        for event in self.held.values():
            event.set()

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._coordinator, name)

        async def carry_out(*arguments: Any) -> Any:
            self.calls.append(name)
            if name in self.held:
                self.begun[name].set()
                await self.held[name].wait()
            if name in self.errors:
                raise self.errors[name]
            return await call(*arguments)

        return carry_out


class Directory:
    """Topics by name and identity."""

    def __init__(self) -> None:
        self.topics: dict[str, Topic] = {}

    def by_name(self, name: str) -> Topic | None:
        return self.topics.get(name)

    def by_id(self, topic_id: bytes) -> Topic | None:
        return next((topic for topic in self.topics.values() if topic.topic_id == topic_id), None)

    def all(self) -> Sequence[Topic]:
        return [self.topics[name] for name in sorted(self.topics)]


class Place:
    """One broker's groups and handlers."""

    def __init__(self, coordinator: Coordinator, rules: GroupsConfig) -> None:
        self.time = VirtualTime()
        self.faults = Faults(coordinator)
        self.topics = Directory()
        self.coordinator = coordinator
        faulty: Any = self.faults
        self.room = GroupRoom(
            rules, faulty, self.topics, self.time, CountedEntropy(), call_later=self.time.call_later
        )
        self.handlers = handlers(self.room)

    async def make_topic(self, name: str, partitions: int = 1) -> Topic:
        topic_id = len(self.topics.topics).to_bytes(1, "big") * 15 + b"\1"
        (topic,) = await self.coordinator.create_topics([NewTopic(topic_id, name, partitions)])
        assert isinstance(topic, Topic)
        self.topics.topics[name] = topic
        return topic

    async def ask(self, api_key: int, version: int, **body: Any) -> Body:
        """Send a request through the codec, handle it, and read the answer as a client of this version."""
        frame = codec.encode_request(api_key, version, 7, body)[4:]
        decoded = codec.decode_request(api_key, version, frame, NAMELESS_HEADER_SIZE)
        answer = await self.handlers[api_key](Request(api_key, version, decoded, "client", "10.0.0.1"))
        return codec.decode_response(
            api_key, version, codec.encode_response(api_key, version, 7, answer)[4:]
        )[1]

    async def join(self, member_id: str = "", version: int = 9, group_id: str = "g", **changes: Any) -> Body:
        body = {
            "group_id": group_id,
            "session_timeout_ms": 10_000,
            "member_id": member_id,
            "protocol_type": "consumer",
            "protocols": [{"name": "range", "metadata": b"topics"}],
        }
        if version >= 1:
            body["rebalance_timeout_ms"] = 60_000
        return await self.ask(JOIN, version, **(body | changes))

    async def sync(
        self, joined: Body, assignments: dict[str, bytes] | None = None, version: int = 5, **changes: Any
    ) -> Body:
        body: Body = {
            "group_id": "g",
            "generation_id": joined["generation_id"],
            "member_id": joined["member_id"],
            "assignments": [
                {"member_id": member_id, "assignment": assignment}
                for member_id, assignment in (assignments or {}).items()
            ],
        }
        if version >= 5:
            body |= {"protocol_type": "consumer", "protocol_name": "range"}
        return await self.ask(SYNC, version, **(body | changes))

    async def heartbeat(self, joined: Body, version: int = 4, group_id: str = "g") -> ErrorCode:
        answer = await self.ask(
            HEARTBEAT,
            version,
            group_id=group_id,
            generation_id=joined["generation_id"],
            member_id=joined["member_id"],
        )
        return ErrorCode(answer["error_code"])

    async def stable(self, version: int = 9, **changes: Any) -> Body:
        """Bring one member into a stable group, with the assignment b"mine"."""
        member_id = ""
        if version >= 4 and "group_instance_id" not in changes:
            member_id = (await self.join(version=version, **changes))["member_id"]
        joining = asyncio.create_task(self.join(member_id, version, **changes))
        await until_idle()
        self.time.advance(0)
        joined = await joining
        assert joined["error_code"] == ErrorCode.NONE
        synced = await self.sync(
            joined, {joined["member_id"]: b"mine"}, group_id=changes.get("group_id", "g")
        )
        assert synced["assignment"] == b"mine"
        return joined


async def until_idle() -> None:
    """Let everything on the loop happen that can happen without time and storage."""
    for _ in range(5):
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(turn.set_result, None)
        await turn
