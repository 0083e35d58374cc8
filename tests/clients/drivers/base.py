"""What every foreign client can do, so that a theme is written once for all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
WAIT_SECONDS = 30.0

Header: TypeAlias = tuple[str, bytes | None]


@dataclass(frozen=True, slots=True)
class Record:
    """What a client is told to write. Without a time the client takes its own."""

    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...] = ()
    timestamp_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """What a client read, and where."""

    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...]

    @classmethod
    def of(cls, message: Any) -> Received:
        """Return what aiokafka or kafka-python read: their records have fields of the same names."""
        return cls(
            message.partition,
            message.offset,
            message.timestamp,
            message.key,
            message.value,
            tuple(message.headers),
        )


@dataclass(frozen=True, slots=True)
class Membership:
    """How a member joins its group."""

    bootstrap: str
    group: str
    topic: str
    session_ms: int = 2_000
    instance: str | None = None
    assignor: str | None = None


class ProduceError(Exception):
    """The client reported the broker's (or its own) refusal; `name` is Kafka's name of the error."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


Event: TypeAlias = dict[str, Any]
"""What a member tells: {"assigned" or "revoked": [partition…]}, {"got": [[partition, offset, value]…]}."""

Emit: TypeAlias = Callable[[Event], None]
Stopping: TypeAlias = Callable[[], bool]


class Driver(Protocol):
    """One foreign client. Calls are synchronous and raise `TimeoutError` when the broker does not answer."""

    name: str
    null_headers: bool
    """Whether it can write a header without a value."""

    def produce(
        self,
        bootstrap: str,
        topic: str,
        records: Sequence[Record],
        *,
        codec: str = "none",
        partition: int = 0,
        idempotent: bool = False,
    ) -> None:
        """Write `records` in order to one partition and wait until all are acknowledged."""
        ...

    def consume(self, bootstrap: str, topic: str, count: int, *, partition: int = 0) -> list[Received]:
        """Read the first `count` records of a partition."""
        ...

    def offsets_at(
        self, bootstrap: str, topic: str, partition: int, times: Sequence[int]
    ) -> list[int | None]:
        """Return the offset of the first record at or after each time; None where there is none."""
        ...


class GroupDriver(Driver, Protocol):
    """A client whose members run in `clients.member`."""

    def follow(self, membership: Membership, emit: Emit, stopping: Stopping) -> None:
        """Be a member until `stopping`: emit what was read, then commit it; at the end leave the group."""
        ...
