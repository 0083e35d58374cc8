"""What a coordinator must do: the one place where order is decided.

Methods are batched: list in, list out, same order. One item's failure is a value in the answer (a
`SkylogError`), never an exception that fails its neighbours. `Unavailable` raised by a call means that the
outcome of all of it is unknown. One contract suite (tests/contract/coordinator/) holds every
implementation to this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from skylog.core import CommitResult, Located, LogPositions, SealedSegment
from skylog.errors import SkylogError
from skylog.model import (
    ActiveProducer,
    CommittedOffset,
    ConfigChange,
    GroupRecord,
    NewTopic,
    OffsetAnswer,
    OffsetQuery,
    StoredSegment,
    Topic,
    Trim,
)

COMMIT_DEADLINE_MS = 600_000
"""A segment older than this is never committed; so what is much older and unknown is an orphan."""

PRODUCERS_MAX = 100_000
"""Producers that one call lists."""


@dataclass(frozen=True, slots=True)
class SegmentCommit:
    """One stored segment that wants its offsets. Its bytes are durable before this is built."""

    key: str
    size: int
    created_ms: int
    broker_id: int
    broker_epoch: int
    sealed: SealedSegment


class Coordinator(Protocol):
    """Logs, producers, the catalog, groups' offsets and the life of objects."""

    @property
    def cluster_id(self) -> str:
        """22 characters of base64, made once, the same for ever. Known after `open`."""
        ...

    @property
    def created_ms(self) -> int:
        """When the cluster was made: an object older than that belongs to another. Known after `open`."""
        ...

    async def open(self) -> None:
        """Connect, migrate where that is allowed, load what must be in memory."""
        ...

    async def close(self) -> None:
        """Finish what is under way and release the database."""
        ...

    async def register_broker(self, broker_id: int) -> int:
        """Take over `broker_id` and return its new epoch; commits with an older one are `Fenced`."""
        ...

    # The catalog.

    async def list_topics(self) -> list[Topic]:
        """Return all live topics by name."""
        ...

    async def create_topics(self, topics: Sequence[NewTopic]) -> list[Topic | SkylogError]:
        """Create topics with empty logs. `Conflict` for a name that exists."""
        ...

    async def delete_topics(self, topic_ids: Sequence[bytes]) -> list[SkylogError | None]:
        """Hide topics at once, with their offsets in groups; `purge` takes the rest later. `NotFound`."""
        ...

    async def create_partitions(self, counts: Mapping[bytes, int]) -> list[Topic | SkylogError]:
        """Grow topics to so many partitions. `Conflict` unless that is more than now; `NotFound`."""
        ...

    async def alter_configs(self, changes: Sequence[ConfigChange]) -> list[SkylogError | None]:
        """Set and remove explicit configs. `NotFound` for a topic that is not there."""
        ...

    async def load_configs(self, kind: str) -> dict[str, dict[str, str]]:
        """Return the explicit configs of all resources of a kind but topics: name → key → value."""
        ...

    # Logs.

    async def commit_segments(self, commits: Sequence[SegmentCommit]) -> list[CommitResult | SkylogError]:
        """Register segments in this order and give offsets; durable when it returns.

        Per segment all or nothing: one transaction writes extents, log ends, producers' states and the
        segment's row. Batches that Kafka's rules refuse (or that repeat a remembered one) get their outcome
        in the `CommitResult`; a segment of which nothing was accepted is registered too, as deletable.
        The same key again returns the first outcome for its batches by idempotence only: callers that do
        not know the outcome must not commit the key twice. `Fenced` for an old broker epoch, `Conflict` for a
        segment created more than `COMMIT_DEADLINE_MS` ago.
        """
        ...

    async def find_extents(self, positions: LogPositions, extents_max: int) -> Located:
        """Return, for each position, the log's bounds and the extents from its offset on.

        Stops for each at its own `bytes_max` and for all at `extents_max`; the first extent of each always
        comes.
        O(result + log n).
        """
        ...

    async def list_offsets(self, queries: Sequence[OffsetQuery]) -> list[OffsetAnswer | SkylogError]:
        """Answer offset queries; by time with the extent that holds the first record at or after it."""
        ...

    async def log_sizes(self, logs: Sequence[tuple[bytes, int]]) -> list[int | None]:
        """Return the bytes of logs, (topic id, partition) each; None for one that is not there.

        Deleted records count until `purge` has taken them apart. O(1) each.
        """
        ...

    async def delete_records(self, trims: Sequence[Trim]) -> list[int | SkylogError]:
        """Move the starts of logs forward and return where they start now.

        Nothing below is found any more, durably, when it returns; `purge` takes it apart later. A start never
        goes back. `Conflict` for an offset beyond the high watermark or below 0; `NotFound`. O(log n) each.
        """
        ...

    # Producers.

    async def allocate_producer_ids(self, count: int) -> int:
        """Return the first of `count` producer ids that nobody else ever gets."""
        ...

    async def list_producers(
        self, logs: Sequence[tuple[bytes, int]]
    ) -> list[list[ActiveProducer] | SkylogError]:
        """Return what logs, (topic id, partition) each, remember of producers, by id. `NotFound`.

        `PRODUCERS_MAX` in all and no more.
        """
        ...

    async def expire_producers(self, idle_ms: int, limit: int) -> int:
        """Forget up to `limit` producer states that were idle for so long; return how many."""
        ...

    # Groups.

    async def commit_offsets(
        self, group_id: str, offsets: Sequence[CommittedOffset]
    ) -> list[SkylogError | None]:
        """Store a group's offsets durably, with the group's row if it has none. `NotFound` for a topic."""
        ...

    async def fetch_offsets(
        self, group_id: str, partitions: Sequence[tuple[bytes, int]] | None
    ) -> list[CommittedOffset | None]:
        """Return offsets in the order asked; None asks for all that the group has."""
        ...

    async def delete_offsets(self, group_id: str, partitions: Sequence[tuple[bytes, int]]) -> None:
        """Forget a group's offsets in these partitions."""
        ...

    async def save_group(self, group: GroupRecord) -> None:
        """Store or replace a group's row."""
        ...

    async def list_groups(self) -> list[GroupRecord]:
        """Return all stored groups by id."""
        ...

    async def find_groups(self, group_ids: Sequence[str]) -> list[GroupRecord | None]:
        """Return the rows of these groups in the order asked, None for one that is not stored."""
        ...

    async def delete_groups(self, group_ids: Sequence[str]) -> list[SkylogError | None]:
        """Remove groups and their offsets. `NotFound`."""
        ...

    # The life of objects.

    async def purge(self, limit: int) -> int:
        """Remove up to `limit` rows (extents, producers, logs, offsets) of what was deleted; return how many.

        Segments left empty are marked. 0 says that nothing is left.
        """
        ...

    async def deletable_segments(self, grace_ms: int, limit: int) -> list[StoredSegment]:
        """Return segments that nothing has referred to for `grace_ms`."""
        ...

    async def forget_segments(self, keys: Sequence[str]) -> None:
        """Remove the rows of segments whose objects are gone."""
        ...

    async def known_segments(self, keys: Sequence[str]) -> list[bool]:
        """Say which keys have a row, for the sweep of orphans."""
        ...
