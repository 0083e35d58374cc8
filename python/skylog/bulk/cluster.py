"""A cluster as a client sees it: who is there, who leads what, and one connection to each."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, TypeVar

from skylog.bulk.addresses import Address, format_address, parse_bootstrap
from skylog.bulk.codes import error_name, known_code
from skylog.bulk.connection import Connection, Dialling, Disconnected, connect
from skylog.bulk.receiving import BufferPool
from skylog.bulk.retry import backoff_s
from skylog.clock import Clock, Entropy, SystemClock, SystemEntropy
from skylog.errors import Corrupt, NotFound, Unavailable
from skylog.loop import stop_tasks
from skylog.wire.codes import ErrorCode, KafkaError
from skylog.wire.exchange import Body
from skylog.wire.facts import NO_UUID

T = TypeVar("T")

METADATA: Final = 3

UNKNOWN_TOPIC_S: Final = 3.0
"""A topic that was just created may be unknown to some brokers for so long."""

_CONNECT_S: Final = 10.0
_REQUEST_S: Final = 30.0
_TICK_S: Final = 0.25
_CLOSE_S: Final = 5.0
_POOL_BYTES: Final = 128 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Topic:
    """What a cluster says of a topic.

    Attributes
    ----------
    name : str
    topic_id : bytes
        16 bytes; zeros where the cluster knows no identities.
    leaders : Mapping of int to int
        Node of each partition; -1 where there is none just now.
    """

    name: str
    topic_id: bytes
    leaders: Mapping[int, int]

    @property
    def has_id(self) -> bool:
        """Whether requests can name it by its identity."""
        return self.topic_id != NO_UUID

    def led_by(self, node: int) -> list[int]:
        """Return the partitions that a node leads."""
        return [partition for partition, leader in self.leaders.items() if leader == node]


class Cluster:
    """Connections to the brokers of a cluster, made when they are needed and made again when they break.

    Use it with ``async with``; all methods belong to the event loop that it was entered on.

    Parameters
    ----------
    bootstrap : str or sequence of str
        ``HOST:PORT``, several with commas between; any that answers will do.
    tls : ssl.SSLContext, optional
        Speak TLS with it. Without one connections are plain text. There is no SASL.
    client_id : str
        What brokers call the client.
    timeout_s : float
        How long to go on when nobody can be reached or no answer can be had.
    clock, entropy
        Time, and the jitter of retries.
    """

    def __init__(
        self,
        bootstrap: str | Sequence[str],
        *,
        tls: ssl.SSLContext | None = None,
        client_id: str = "skylog-bulk",
        timeout_s: float = 120.0,
        clock: Clock | None = None,
        entropy: Entropy | None = None,
    ) -> None:
        self.clock: Final = clock or SystemClock()
        self.entropy: Final = entropy or SystemEntropy()
        self.pool: Final = BufferPool(_POOL_BYTES)
        self.timeout_s: Final = timeout_s
        self._bootstrap = parse_bootstrap(bootstrap)
        self._dialling = Dialling(
            self.clock,
            tls,
            client_id,
            self.pool,
            connect_s=min(_CONNECT_S, timeout_s),
            request_s=min(_REQUEST_S, timeout_s),
        )
        self._first: Connection | None = None
        self._addresses: dict[int, Address] = {}
        self._connections: dict[int, Connection] = {}
        self._connecting: dict[int, asyncio.Task[Connection]] = {}
        self._ticking: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        seeds = ",".join(format_address(address) for address in self._bootstrap)
        return f"<Cluster {seeds} {len(self._addresses)} nodes, {len(self._connections)} connections>"

    async def __aenter__(self) -> Cluster:
        """Reach one broker of the list. Raises `Unavailable` naming all that did not answer."""
        self._first = await self._connect_any(self._bootstrap)
        self._ticking = asyncio.create_task(self._tick())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections; unless something failed, what was written to them goes out first."""
        await stop_tasks([*self._connecting.values(), *([self._ticking] if self._ticking else [])])
        open_connections = self._open_connections()
        for connection in open_connections:
            if error is None:
                connection.close()
            else:
                connection.abort(Disconnected(f"{connection.name}: closed here"))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                for connection in open_connections:
                    await connection.wait_closed()
        self._connections.clear()
        self._first = None

    async def topic(self, name: str, *, create: bool = False) -> Topic:
        """Ask who leads the partitions of a topic.

        Parameters
        ----------
        create : bool
            Let the cluster create it, if it is configured to.

        Raises
        ------
        NotFound
            There is no such topic.
        KafkaError
            It may not be used.
        Unavailable
            Nobody said so within `timeout_s`.
        """
        return await self.retrying(
            lambda: self._topic_once(name, create=create), f"metadata of topic {name!r}"
        )

    async def connection(self, node: int) -> Connection:
        """Return the open connection to a node, or make one. Raises `Unavailable`."""
        connection = self.connected(node)
        if connection is not None:
            return connection
        task = self._connecting.get(node)
        if task is None:
            task = self._connecting[node] = asyncio.create_task(self._connect_node(node))
            task.add_done_callback(lambda _: self._connecting.pop(node, None))
        return await asyncio.shield(task)

    def connected(self, node: int) -> Connection | None:
        """Return the connection to a node if one is open."""
        connection = self._connections.get(node)
        return None if connection is None or connection.closed else connection

    async def ask_any(self, api_key: int, body: Body) -> Body:
        """Ask whichever broker can be reached. Raises `Unavailable`."""
        connection = await self._any_connection()
        return await connection.ask(api_key, body)

    async def retrying(self, attempt: Callable[[], Awaitable[T]], what: str) -> T:
        """Await `attempt` again and again until it succeeds or fails for good.

        `Unavailable` and retriable `KafkaError` are tried again with growing waits until `timeout_s` is over;
        an unknown topic only for `UNKNOWN_TOPIC_S`.
        """
        start, number = self.clock.monotonic(), 0
        while True:
            try:
                return await attempt()
            except (Unavailable, KafkaError, NotFound) as error:
                waited = self.clock.monotonic() - start
                if waited >= min(self.timeout_s, _patience_s(error)):
                    raise _given_up(error, what, waited) from error
            await self.clock.sleep(backoff_s(number, self.entropy))
            number += 1

    async def _topic_once(self, name: str, *, create: bool) -> Topic:
        body = {"topics": [{"name": name}], "allow_auto_topic_creation": create}
        answer = await self.ask_any(METADATA, body)
        self._addresses = {node["node_id"]: (node["host"], node["port"]) for node in answer["brokers"]}
        found = next((topic for topic in answer["topics"] if topic["name"] == name), None)
        if found is None:
            raise Corrupt(f"metadata: expected topic {name!r}, found {len(answer['topics'])} others")
        _require_topic(name, found["error_code"])
        leaders = {each["partition_index"]: each["leader_id"] for each in found["partitions"]}
        if not leaders:
            raise KafkaError(ErrorCode.LEADER_NOT_AVAILABLE, f"topic {name!r}: it has no partitions yet")
        return Topic(name, found["topic_id"], dict(sorted(leaders.items())))

    async def _any_connection(self) -> Connection:
        for connection in self._open_connections():
            if not connection.closed:
                return connection
        known = [address for address in self._addresses.values() if address not in self._bootstrap]
        self._first = await self._connect_any([*self._bootstrap, *known])
        return self._first

    async def _connect_any(self, addresses: Sequence[Address]) -> Connection:
        failures = []
        for address in addresses:
            try:
                return await connect(address, self._dialling)
            except Unavailable as error:
                failures.append(str(error))
        raise Unavailable(f"no broker answers: {'; '.join(failures)}")

    async def _connect_node(self, node: int) -> Connection:
        address = self._addresses.get(node)
        if address is None:
            raise Unavailable(f"node {node}: not among the cluster's brokers {sorted(self._addresses)}")
        try:
            self._connections[node] = await connect(address, self._dialling)
        except Unavailable as error:
            raise Unavailable(f"node {node}, as the cluster advertises it: {error}") from error
        return self._connections[node]

    def _open_connections(self) -> list[Connection]:
        first = [self._first] if self._first is not None else []
        return [*first, *self._connections.values()]

    async def _tick(self) -> None:
        """End connections whose answers are overdue."""
        while True:
            await self.clock.sleep(_TICK_S)
            now = self.clock.monotonic()
            for connection in self._open_connections():
                connection.expire(now)


def _require_topic(name: str, code: int) -> None:
    if code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION:
        raise NotFound(f"topic {name!r}: the cluster has none of that name; create it first")
    # A topic some of whose partitions have no leader is usable as far as the others go.
    if code not in {ErrorCode.NONE, ErrorCode.LEADER_NOT_AVAILABLE}:
        raise KafkaError(known_code(code), f"topic {name!r}: {error_name(code)}")


def _patience_s(error: Exception) -> float:
    if isinstance(error, NotFound):
        return UNKNOWN_TOPIC_S
    if isinstance(error, KafkaError) and not error.code.retriable:
        return 0.0
    return float("inf")


def _given_up(error: Exception, what: str, waited_s: float) -> Exception:
    if _patience_s(error) == float("inf"):
        return Unavailable(f"{what}: given up after {waited_s:.1f} s: {error}")
    return error
