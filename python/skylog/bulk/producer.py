"""Batches to brokers: many partitions in a request, several requests in flight, in order, each once."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Final

from skylog.bulk.cluster import Cluster
from skylog.bulk.codes import error_name, known_code
from skylog.bulk.connection import Connection
from skylog.bulk.delivery import Delivery
from skylog.bulk.lane import Lane
from skylog.bulk.refusals import describe, refused
from skylog.bulk.routes import Routes, Taken
from skylog.bulk.window import Acknowledged, Outgoing, Window
from skylog.errors import Corrupt, SkylogError, Unavailable
from skylog.loop import stop_tasks
from skylog.wire.codes import ErrorCode, KafkaError
from skylog.wire.exchange import Body
from skylog.wire.frames import PRODUCE

if TYPE_CHECKING:
    from typing_extensions import Buffer

INIT_PRODUCER_ID: Final = 22

_BROKER_WAIT_MS: Final = 25_000
"""How long a broker may wait for its replicas; shorter than we wait for the broker."""

_WATCH_S: Final = 0.25
_VERSION_BEFORE_IDS: Final = 12
_CORRUPT_SENDS_MAX: Final = 3


class Producer:
    """Sends prebuilt record batches to one topic, in order of `send` in each partition.

    Use it with ``async with``; all methods belong to the event loop that it was entered on. A batch of an
    idempotent producer carries `producer_id`, `producer_epoch` and the partition's next base sequence
    (`skylog.records.Scatter` and `Builder` write them); without idempotence the same batch may be sent any
    number of times, which makes a load generator that spends nothing on encoding.

    Parameters
    ----------
    cluster : Cluster
        Entered already.
    topic : str
        Created if it is missing and the cluster is configured to do so.
    delivery : Delivery
        How to send.

    Attributes
    ----------
    producer_id, producer_epoch : int
        What batches must carry; -1 without idempotence.
    requests, retries : int
        Produce requests sent, and batches that were sent again.
    unacknowledged_bytes : int
        What was given to `send` and is not acknowledged.
    error : SkylogError, optional
        Why nothing is sent any more.
    on_failure : callable
        Called once, with `error`.

    Examples
    --------
    >>> async def resend(bootstrap, topic, batch, times):
    ...     plain = Delivery(idempotence=False)
    ...     async with Cluster(bootstrap) as cluster, Producer(cluster, topic, plain) as producer:
    ...         await asyncio.gather(*(producer.send(0, batch) for _ in range(times)))
    """

    def __init__(self, cluster: Cluster, topic: str, delivery: Delivery | None = None) -> None:
        self.producer_id = -1
        self.producer_epoch = -1
        self.requests = 0
        self.retries = 0
        self.unacknowledged_bytes = 0
        self.error: SkylogError | None = None
        self.on_failure: Callable[[SkylogError], object] = lambda _: None
        self._name = topic
        self._cluster = cluster
        self._delivery = delivery or Delivery()
        self._routes = Routes(cluster, topic, self._delivery, self._send, self._fail)
        self._since: dict[int, float] = {}
        self._watching: asyncio.Task[None] | None = None
        self._waiters: set[asyncio.Future[Acknowledged]] = set()

    def __repr__(self) -> str:
        return (
            f"<Producer {self._name} {self.requests} requests, {self.retries} retries,"
            f" {self.unacknowledged_bytes} bytes unacknowledged>"
        )

    async def __aenter__(self) -> Producer:
        """Learn the topic's partitions and get an identity.

        Raises
        ------
        NotFound
            There is no such topic.
        Unavailable
            Nobody answered within the cluster's time.
        """
        await self._routes.open()
        if self._delivery.idempotence:
            await self._cluster.retrying(self._identify, "a producer id")
        self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop; what is not acknowledged is given up."""
        await stop_tasks([self._watching] if self._watching else [])
        await self._routes.close()
        for waiter in list(self._waiters):
            waiter.cancel()

    @property
    def partition_count(self) -> int:
        """Partitions of the topic."""
        return len(self._routes.windows)

    async def send(self, partition: int, batch: Buffer) -> Acknowledged:
        """Send one batch and wait until the broker has it.

        Calls that begin one after the other are sent in that order. Nothing bounds how much is given at once:
        see `unacknowledged_bytes`.

        Parameters
        ----------
        partition : int
        batch : buffer
            One whole record batch v2, sent as it is; it must not change before the answer.

        Raises
        ------
        ValueError
            The topic has no such partition, or the bytes are no batch.
        KafkaError
            The broker refuses the batch for good; the producer is beyond use then.
        Unavailable
            No acknowledgement came in time: whether the batch was written is unknown.
        """
        acknowledged: asyncio.Future[Acknowledged] = asyncio.get_running_loop().create_future()

        def settle(outcome: Acknowledged) -> None:
            if not acknowledged.done():
                acknowledged.set_result(outcome)

        self.put(partition, batch, settle)
        self._waiters.add(acknowledged)
        try:
            return await acknowledged
        finally:
            self._waiters.discard(acknowledged)

    def put(self, partition: int, batch: Buffer, done: Callable[[Acknowledged], None]) -> None:
        """Send one batch as `send` does; `done` is called with its acknowledgement.

        It is not called any more once the producer has failed.
        """
        if self.error is not None:
            raise self.error
        window = self._routes.windows.get(partition)
        if window is None:
            raise ValueError(
                f"topic {self._name!r}: expected a partition of 0 to {self.partition_count - 1},"
                f" found {partition}"
            )
        item = Outgoing(partition, memoryview(batch).cast("B"), done)
        if window.empty:
            self._since[partition] = self._cluster.clock.monotonic()
        window.add(item)
        self.unacknowledged_bytes += len(item.batch)
        self._routes.offer(window)

    # Requests and answers.

    def _send(self, lane: Lane, connection: Connection, taken: Taken) -> None:
        if self.error is not None:
            return
        self.requests += 1
        self.retries += sum(item.sends > 1 for _, item in taken)
        topic = self._routes.topic
        try:
            version = connection.version(PRODUCE, None if topic.has_id else _VERSION_BEFORE_IDS)
            if self._delivery.acks == 0:
                connection.send_unanswered(PRODUCE, version, self._request(taken))
                self._assume(taken)
                return
        except SkylogError as error:
            self._lost(taken, error)
            return
        lane.in_flight += 1
        answer = connection.send(PRODUCE, version, self._request(taken))
        answer.add_done_callback(functools.partial(self._answered, lane, connection, version, taken))

    def _request(self, taken: Taken) -> Body:
        partitions = [{"index": item.partition, "records": item.batch} for _, item in taken]
        topic = self._routes.topic
        named = {"name": topic.name, "topic_id": topic.topic_id, "partition_data": partitions}
        return {"acks": self._delivery.acks, "timeout_ms": _BROKER_WAIT_MS, "topic_data": [named]}

    def _assume(self, taken: Taken) -> None:
        for window, item in taken:
            self._acknowledge(window, item, -1, -1)

    def _answered(
        self,
        lane: Lane,
        connection: Connection,
        version: int,
        taken: Taken,
        answer: asyncio.Future[memoryview],
    ) -> None:
        lane.in_flight -= 1
        if answer.cancelled():
            return
        failure = answer.exception()
        if self.error is not None:
            return
        if failure is not None:
            self._lost(taken, failure)
        else:
            self._take_answer(taken, connection, version, answer.result())
        self._routes.pump()

    def _take_answer(self, taken: Taken, connection: Connection, version: int, frame: memoryview) -> None:
        try:
            self._settle(taken, connection.decode(PRODUCE, version, frame))
        except SkylogError as error:
            self._fail(error)

    def _settle(self, taken: Taken, body: Body) -> None:
        answers = {
            each["index"]: each for topic in body["responses"] for each in topic["partition_responses"]
        }
        for window, item in taken:
            answer = answers.get(item.partition)
            if answer is None:
                raise Corrupt(f"{describe(self._name, window, item)}: the answer lacks this partition")
            self._judge(window, item, answer)

    def _judge(self, window: Window, item: Outgoing, answer: Body) -> None:
        code, message = answer["error_code"], answer["error_message"]
        if code == ErrorCode.NONE:
            self._acknowledge(window, item, answer["base_offset"], answer["log_append_time_ms"])
        elif code == ErrorCode.DUPLICATE_SEQUENCE_NUMBER:
            # The broker had the batch long ago and remembers its offset no longer.
            self._acknowledge(window, item, -1, -1)
        elif _may_send_again(window, item, code):
            window.fail(item)
            self._routes.hold(window, f"{error_name(code)} {message or ''}".rstrip())
        else:
            self._fail(refused(self._name, window, item, known_code(code), message))

    def _acknowledge(self, window: Window, item: Outgoing, base_offset: int, append_time_ms: int) -> None:
        window.succeed(item, base_offset)
        self._since[item.partition] = self._cluster.clock.monotonic()
        self.unacknowledged_bytes -= len(item.batch)
        item.done(Acknowledged(item.partition, base_offset, item.record_count, append_time_ms))
        if not window.empty:
            self._routes.offer(window)

    # Failures.

    def _lost(self, taken: Taken, failure: BaseException) -> None:
        """Send again what a broken connection left in doubt; what cannot be had otherwise ends it all."""
        if not isinstance(failure, Unavailable):
            self._fail(failure if isinstance(failure, SkylogError) else Unavailable(str(failure)))
            return
        for window, item in taken:
            window.fail(item)
            self._routes.hold(window, str(failure))

    async def _watch(self) -> None:
        """Fail when a partition waits for longer than it may."""
        while self.error is None:
            await self._cluster.clock.sleep(min(_WATCH_S, self._delivery.timeout_s / 4))
            oldest = self._cluster.clock.monotonic() - self._delivery.timeout_s
            for partition, since in self._since.items():
                item = self._routes.windows[partition].oldest if since < oldest else None
                if item is not None:
                    self._fail(self._overdue(self._routes.windows[partition], item))

    def _overdue(self, window: Window, item: Outgoing) -> Unavailable:
        what = "whether they were written is unknown" if item.sends else "they were never sent"
        return Unavailable(
            f"{describe(self._name, window, item)}: not acknowledged within {self._delivery.timeout_s:g} s,"
            f" {what}: {self._routes.reason}"
        )

    def _fail(self, error: SkylogError) -> None:
        if self.error is None:
            self.error = error
            for waiter in list(self._waiters):
                if not waiter.done():
                    waiter.set_exception(error)
            self.on_failure(error)

    async def _identify(self) -> None:
        body = {"transactional_id": None, "transaction_timeout_ms": 60_000}
        answer = await self._cluster.ask_any(INIT_PRODUCER_ID, body)
        code = answer["error_code"]
        if code:
            text = f"a producer id: {error_name(code)}; idempotence=False does without"
            raise KafkaError(known_code(code), text)
        self.producer_id, self.producer_epoch = answer["producer_id"], answer["producer_epoch"]


def _may_send_again(window: Window, item: Outgoing, code: int) -> bool:
    if code == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER:
        return window.behind_failure(item)
    if code == ErrorCode.CORRUPT_MESSAGE:
        return item.sends < _CORRUPT_SENDS_MAX
    return known_code(code).retriable
