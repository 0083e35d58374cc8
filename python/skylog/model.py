"""The frozen values that rooms hand to each other.

A topic's identity is 16 raw bytes everywhere (`topic_id`); its printed form is Kafka's, see
:func:`format_topic_id`. Offsets are Kafka record offsets, positions are byte places in an object.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

NO_TOPIC_ID = bytes(16)
"""What the wire sends where a topic has no identity."""


def format_topic_id(topic_id: bytes) -> str:
    """Return a topic identity as Kafka prints it: 22 characters of unpadded URL-safe base64."""
    return base64.urlsafe_b64encode(topic_id).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Node:
    """A broker as clients see it."""

    node_id: int
    host: str
    port: int
    rack: str | None = None


@dataclass(frozen=True, slots=True)
class ClusterView:
    """Who is alive now; handed out whole, replaced whole."""

    cluster_id: str
    nodes: tuple[Node, ...]
    self_id: int

    @property
    def controller_id(self) -> int:
        """The broker that answers for the cluster: any live one, so the one asked."""
        return self.self_id

    @property
    def self_node(self) -> Node:
        """The broker that holds this view."""
        return next(node for node in self.nodes if node.node_id == self.self_id)


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as the coordinator knows it. `configs` holds only what was set explicitly."""

    topic_id: bytes
    name: str
    partitions: int
    configs: Mapping[str, str] = field(default_factory=dict)
    internal: bool = False


@dataclass(frozen=True, slots=True)
class NewTopic:
    """A wish for a topic; the coordinator refuses a name that exists."""

    topic_id: bytes
    name: str
    partitions: int
    configs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """New values of one resource; None removes a key and lets the default show again."""

    kind: str
    """"topic" (name is the topic's name), "broker" (name is the node id, or "" for all), "group", or
    "client-quota" (name is the entity, see `quotas.entities.to_text`)."""
    name: str
    values: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class OffsetQuery:
    """Which offset of a partition is asked for."""

    topic_id: bytes
    partition: int
    timestamp_ms: int
    """A time, or one of the constants EARLIEST, LATEST, MAX_TIMESTAMP."""
    first_offset: int = 0
    """Queries by time pass over extents that end before it."""


EARLIEST = -2
LATEST = -1
MAX_TIMESTAMP = -3


@dataclass(frozen=True, slots=True)
class Trim:
    """From where on a partition is to be kept."""

    topic_id: bytes
    partition: int
    offset: int
    """The first offset to keep, or the constant HIGH_WATERMARK to keep nothing."""


HIGH_WATERMARK = -1


@dataclass(frozen=True, slots=True)
class ExtentRef:
    """Where a run of batches lies: enough to load it and to find a record in it."""

    key: str
    position: int
    size: int
    base_offset: int
    last_offset: int
    append_time_ms: int
    """The coordinator's log append time, or -1 where records keep their own times."""
    object_size: int
    """Bytes of the whole object."""


@dataclass(frozen=True, slots=True)
class OffsetAnswer:
    """The answer to an `OffsetQuery`.

    With an `extent` the record lies somewhere in it, at `offset` or behind, and is found by reading. What the
    extent holds before `offset` is deleted, and may be what it was chosen for. Without one `offset` and
    `timestamp_ms` are final (-1 where there is none).
    """

    offset: int
    timestamp_ms: int = -1
    extent: ExtentRef | None = None


@dataclass(frozen=True, slots=True)
class ActiveProducer:
    """What a log remembers of an idempotent producer."""

    producer_id: int
    epoch: int
    last_sequence: int
    last_ms: int
    """When its last batch was committed."""


@dataclass(frozen=True, slots=True)
class CommittedOffset:
    """A group's place in one partition."""

    topic_id: bytes
    partition: int
    offset: int
    leader_epoch: int = -1
    metadata: str = ""
    committed_ms: int = -1


@dataclass(frozen=True, slots=True)
class GroupRecord:
    """What stays of a group when nobody is in it."""

    group_id: str
    protocol_type: str
    generation: int = 0


@dataclass(frozen=True, slots=True)
class StoredSegment:
    """A segment's row: where it lies and since when nothing refers to it."""

    key: str
    size: int
    created_ms: int


class TopicDirectory(Protocol):
    """Topics by name and by identity; reading never waits."""

    def by_name(self, name: str) -> Topic | None:
        """Return the topic called `name`."""
        ...

    def by_id(self, topic_id: bytes) -> Topic | None:
        """Return the topic with this identity."""
        ...

    def all(self) -> Sequence[Topic]:
        """Return every topic, by name."""
        ...
