"""Which partition goes by which lane, and the way back after a failure."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, TypeAlias

from skylog.bulk.cluster import Cluster, Topic
from skylog.bulk.connection import Connection
from skylog.bulk.delivery import Delivery
from skylog.bulk.lane import Lane
from skylog.bulk.retry import backoff_s
from skylog.bulk.window import Outgoing, Window
from skylog.errors import InvalidRequest, SkylogError, Unavailable
from skylog.loop import stop_tasks

Taken: TypeAlias = Sequence[tuple[Window, Outgoing]]
"""The batches of one request, each of another partition."""


class Routes:
    """The lanes to the leaders of a topic's partitions.

    A partition on which something failed is held: nothing of it goes out until all of it that is in flight is
    answered, a moment has passed and the cluster has said anew who leads it.

    Parameters
    ----------
    cluster : Cluster
    name : str
        Of the topic.
    delivery : Delivery
    send : callable
        Sends one request over a connection; the lane's `in_flight` is its to count.
    fail : callable
        Told of an error after which nothing can go on.
    """

    def __init__(
        self,
        cluster: Cluster,
        name: str,
        delivery: Delivery,
        send: Callable[[Lane, Connection, Taken], None],
        fail: Callable[[SkylogError], None],
    ) -> None:
        self.topic = Topic(name, bytes(16), {})
        self.windows: dict[int, Window] = {}
        self.reason = "no answer"
        self._cluster: Final = cluster
        self._delivery: Final = delivery
        self._send = send
        self._fail = fail
        self._lanes: dict[int, Lane] = {}
        self._held: dict[int, Window] = {}
        self._pumping = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._recovering: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<Routes {self.topic.name} {list(self._lanes.values())}, {len(self._held)} partitions held>"

    async def open(self) -> None:
        """Learn who leads what. Raises what `Cluster.topic` raises."""
        topic = await self._cluster.topic(self.topic.name, create=True)
        # Partitions that the topic gets later are not written to by this producer.
        size, alone = self._delivery.in_flight, self._delivery.idempotence
        self.windows = {each: Window(each, size, first_alone=alone) for each in topic.leaders}
        self._adopt(topic)

    async def close(self) -> None:
        """End the tasks that connect and recover."""
        await stop_tasks(self._tasks)

    def offer(self, window: Window) -> None:
        """Let a partition's leader have what may be sent.

        All that is offered in one turn of the loop goes together.
        """
        if window.partition in self._held:
            return
        lane = self._lanes.get(self.topic.leaders.get(window.partition, -1))
        if lane is None:
            self.hold(window, "it has no leader")
            return
        lane.offer(window)
        if not self._pumping:
            self._pumping = True
            asyncio.get_running_loop().call_soon(self.pump)

    def hold(self, window: Window, reason: str) -> None:
        """Send nothing of a partition until its leader is asked for anew."""
        self.reason = reason
        self._held[window.partition] = window
        for lane in self._lanes.values():
            lane.withdraw(window.partition)
        if self._recovering is None or self._recovering.done():
            self._recovering = self._start(self._recover())

    def pump(self) -> None:
        """Send all that may be sent."""
        self._pumping = False
        for lane in self._lanes.values():
            while lane.wants and (connection := self._ready(lane)) is not None:
                if taken := lane.take():
                    self._send(lane, connection, taken)

    def _ready(self, lane: Lane) -> Connection | None:
        """Return a lane's connection if it can take a request now; if not, `pump` is called when it can."""
        connection = lane.connected
        if connection is None:
            if not lane.connecting:
                lane.connecting = True
                self._start(self._connect(lane))
        elif self._delivery.acks == 0 and connection.congested:
            connection.on_drained = self.pump
            return None
        return connection

    async def _connect(self, lane: Lane) -> None:
        try:
            lane.connection = await self._cluster.connection(lane.node)
        except Unavailable as error:
            for partition in self.topic.led_by(lane.node):
                self.hold(self.windows[partition], str(error))
        except SkylogError as error:
            self._fail(error)
        finally:
            lane.connecting = False
        self.pump()

    async def _recover(self) -> None:
        """Wait, ask who leads what, and go on; again and again while partitions are held."""
        attempt = 0
        while self._held:
            sends = max((w.oldest.sends for w in self._held.values() if w.oldest), default=0)
            await self._cluster.clock.sleep(backoff_s(max(attempt, sends - 1), self._cluster.entropy))
            attempt += 1
            try:
                self._resume(await self._cluster.topic(self.topic.name))
            except Unavailable as error:
                self.reason = str(error)
            except SkylogError as error:
                self._fail(error)
                return

    def _resume(self, topic: Topic) -> None:
        if topic.topic_id != self.topic.topic_id:
            raise InvalidRequest(f"topic {topic.name!r} was deleted and made anew while it was written")
        self._adopt(topic)
        for partition, window in list(self._held.items()):
            if topic.leaders.get(partition, -1) in self._lanes and window.drained:
                del self._held[partition]
                self.offer(window)

    def _adopt(self, topic: Topic) -> None:
        before, self.topic = self.topic, topic
        for node in set(topic.leaders.values()) - {-1} - self._lanes.keys():
            self._lanes[node] = Lane(node, self._delivery.in_flight, self._delivery.request_bytes)
        for partition, window in self.windows.items():
            # What the leader of before still has in flight is answered before anything goes to the new one.
            if before.leaders.get(partition) != topic.leaders.get(partition) and not window.empty:
                self.hold(window, "its leader changed")

    def _start(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
