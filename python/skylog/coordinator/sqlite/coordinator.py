"""The coordinator's protocol over one SQLite database."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from functools import partial

from skylog.clock import Clock, Entropy
from skylog.coordinator.base import SegmentCommit
from skylog.coordinator.sqlite import catalog, groups, objects, producers
from skylog.coordinator.sqlite.commit import Committed, commit_segments
from skylog.coordinator.sqlite.database import Database
from skylog.coordinator.sqlite.extents import Position, find
from skylog.coordinator.sqlite.folding import STEP_EXTENTS, Run, count_logs, fold, fold_step
from skylog.coordinator.sqlite.listing import each_producer, log_sizes
from skylog.coordinator.sqlite.purge import purge
from skylog.coordinator.sqlite.times import FoundByTime, Search, find_by_time
from skylog.coordinator.sqlite.trims import delete_records
from skylog.core import CommitResult, ExtentIndex, Located, LogPositions
from skylog.errors import NotFound, SkylogError
from skylog.model import (
    EARLIEST,
    LATEST,
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
    format_topic_id,
)

log = logging.getLogger("skylog.coordinator")

EXTENTS_MAX = 262_144
"""Extents in memory: about 20 MB."""
ARRIVALS_MAX = 8_192
"""Extents that commits may leave unsorted before they are folded: 512 KiB."""
PRODUCER_IDS_TOGETHER = 1_000


class SqliteCoordinator:
    """A coordinator of one process, durable in one file.

    The file is locked, so what memory knows is all there is: readers at the tail and queries of the earliest
    and the latest offset never ask the database.

    Parameters
    ----------
    path
        An absolute path, or ``:memory:``.
    """

    def __init__(self, path: str, clock: Clock, entropy: Entropy, *, extents_max: int = EXTENTS_MAX) -> None:
        self._clock = clock
        self._entropy = entropy
        self._database = Database(path)
        self._index = ExtentIndex(extents_max)
        self._cluster_id = ""
        self._created_ms = 0
        self._arrivals = 0
        self._is_folding = False
        self._producer_ids = range(0)
        self._producer_ids_lock = asyncio.Lock()
        self._expiry_place = producers.START

    def __repr__(self) -> str:
        return f"<SqliteCoordinator {self._database!r}, {len(self._index)} extents in memory>"

    @property
    def cluster_id(self) -> str:
        """22 characters of base64; empty before `open`."""
        return self._cluster_id

    @property
    def created_ms(self) -> int:
        """When the file was made; 0 before `open`."""
        return self._created_ms

    async def open(self) -> None:
        """Lock and migrate the file, load the logs' bounds."""
        await self._database.open()
        new_id = format_topic_id(self._entropy.random_bytes(16))
        make = partial(catalog.load_or_make_cluster, new_id=new_id, now_ms=self._clock.now_ms())
        self._cluster_id, self._created_ms = await self._database.run(make)
        await self._database.run(fold)
        await self._database.run(count_logs)
        self._put_logs(await self._database.run(catalog.list_logs))

    async def close(self) -> None:
        """Finish what was given, then release the file."""
        await self._database.close()

    async def register_broker(self, broker_id: int) -> int:
        """Raise the broker's epoch; 1 query."""
        return await self._database.run(partial(catalog.register_broker, broker_id=broker_id))

    # The catalog.

    async def list_topics(self) -> list[Topic]:
        """Return all live topics by name."""
        return await self._database.run(catalog.list_topics)

    async def create_topics(self, topics: Sequence[NewTopic]) -> list[Topic | SkylogError]:
        """Create topics with empty logs; 3 statements each, whatever the number of partitions."""
        work = partial(catalog.create_topics, wishes=topics)
        return await self._database.submit(work, self._publish_topics)

    async def create_partitions(self, counts: Mapping[bytes, int]) -> list[Topic | SkylogError]:
        """Grow topics."""
        work = partial(catalog.create_partitions, counts=counts)
        return await self._database.submit(work, self._publish_topics)

    def _publish_topics(
        self, outcomes: list[tuple[Topic, list[catalog.Log]] | SkylogError]
    ) -> list[Topic | SkylogError]:
        topics: list[Topic | SkylogError] = []
        for outcome in outcomes:
            if isinstance(outcome, SkylogError):
                topics.append(outcome)
            else:
                topics.append(outcome[0])
                self._put_logs(outcome[1])
        return topics

    def _put_logs(self, logs: Sequence[catalog.Log]) -> None:
        for row in logs:
            self._index.put_log(*row)

    async def delete_topics(self, topic_ids: Sequence[bytes]) -> list[SkylogError | None]:
        """Hide topics at once; what they hold goes by `purge`."""
        work = partial(catalog.delete_topics, topic_ids=topic_ids, now_ms=self._clock.now_ms())
        return await self._database.submit(work, partial(self._publish_deletions, topic_ids))

    def _publish_deletions(
        self, topic_ids: Sequence[bytes], outcomes: list[SkylogError | None]
    ) -> list[SkylogError | None]:
        for topic_id, outcome in zip(topic_ids, outcomes, strict=True):
            if outcome is None:
                self._index.remove_topic(topic_id)
        return outcomes

    async def alter_configs(self, changes: Sequence[ConfigChange]) -> list[SkylogError | None]:
        """Set and remove explicit configs."""
        return await self._database.run(partial(catalog.alter_configs, changes=changes))

    async def load_configs(self, kind: str) -> dict[str, dict[str, str]]:
        """Return the explicit configs of all resources of a kind but topics."""
        return await self._database.run(partial(catalog.load_configs, kind=kind))

    # Logs.

    async def commit_segments(self, commits: Sequence[SegmentCommit]) -> list[CommitResult | SkylogError]:
        """Register segments; one transaction and one fsync for all that wait, about six statements each."""
        numbered = [(commit, self._index.log_numbers(commit.sealed.logs)) for commit in commits]
        work = partial(commit_segments, commits=numbered, now_ms=self._clock.now_ms())
        return await self._database.submit(work, self._publish_commits)

    def _publish_commits(self, outcomes: list[Committed | SkylogError]) -> list[CommitResult | SkylogError]:
        results: list[CommitResult | SkylogError] = []
        for outcome in outcomes:
            if isinstance(outcome, SkylogError):
                results.append(outcome)
            else:
                self._index.apply(outcome.sequenced, outcome.segment_no, outcome.key, outcome.size)
                self._arrivals += outcome.extents
                results.append(outcome.sequenced.result)
        self._fold_if_many()
        return results

    def _fold_if_many(self, extents_max: int = ARRIVALS_MAX) -> None:
        # After the commit was answered, and never two at a time.
        if self._arrivals >= extents_max and not self._is_folding:
            self._arrivals = 0
            self._fold_on(None)

    def _fold_on(self, run: Run | None) -> None:
        """Take a step; the next one comes behind the commits that wait by then."""
        self._is_folding = not self._database.closed
        if self._is_folding:
            step = self._database.submit(partial(fold_step, run=run), _same_run)
            step.add_done_callback(self._folded)

    def _folded(self, done: asyncio.Future[Run | None]) -> None:
        self._is_folding = False
        if done.cancelled():
            return
        if (error := done.exception()) is not None:
            log.warning("extents stay unsorted for now: %s", error)
        elif (run := done.result()) is not None:
            self._fold_on(run)

    async def find_extents(self, positions: LogPositions, extents_max: int) -> Located:
        """Answer from memory, or by two descents for each position that has something to read below it."""
        located = self._index.find(positions, extents_max)
        if located is not None:
            return located
        return await self._find_in_database(positions, extents_max)

    async def _find_in_database(self, positions: LogPositions, extents_max: int) -> Located:
        rows = positions.rows()
        bounds = [self._index.bounds(topic_id, partition) for topic_id, partition, _, _ in rows]
        numbers = self._index.log_numbers([(topic_id, partition) for topic_id, partition, _, _ in rows])
        wanted: list[Position | None] = [
            (number, bound[1], offset, bytes_max)
            if number is not None and bound is not None and bound[0] <= offset < bound[1]
            else None
            for (_, _, offset, bytes_max), number, bound in zip(rows, numbers, bounds, strict=True)
        ]
        extents, segments = await self._database.run(partial(find, positions=wanted, extents_max=extents_max))
        self._fold_if_many(STEP_EXTENTS)
        return Located.from_rows(self._bounds_now(rows, bounds), extents, segments)

    def _bounds_now(
        self, rows: Sequence[tuple[bytes, int, int, int]], before: Sequence[tuple[int, int] | None]
    ) -> list[tuple[int, int] | None]:
        """Return bounds with the starts of now: records deleted meanwhile must not look like a gap."""
        now = (self._index.bounds(topic_id, partition) for topic_id, partition, _, _ in rows)
        return [
            (new[0], old[1]) if old is not None and new is not None else old
            for old, new in zip(before, now, strict=True)
        ]

    async def list_offsets(self, queries: Sequence[OffsetQuery]) -> list[OffsetAnswer | SkylogError]:
        """Answer from memory; by time with one b-tree descent in the database for each query."""
        places = [(query.topic_id, query.partition) for query in queries]
        numbers = self._index.log_numbers(places)
        searches = [
            Search(number, query.timestamp_ms, query.first_offset)
            for query, number in zip(queries, numbers, strict=True)
            if number is not None and query.timestamp_ms not in (EARLIEST, LATEST)
        ]
        ends = [self._end_of_log(query) for query in queries]
        found = iter(await find_by_time(self._database, searches))
        return [end or _in_extent(next(found)) for end in ends]

    def _end_of_log(self, query: OffsetQuery) -> OffsetAnswer | SkylogError | None:
        bounds = self._index.bounds(query.topic_id, query.partition)
        if bounds is None:
            return _no_log(query.topic_id, query.partition)
        if query.timestamp_ms == EARLIEST:
            return OffsetAnswer(bounds[0])
        return OffsetAnswer(bounds[1]) if query.timestamp_ms == LATEST else None

    async def log_sizes(self, logs: Sequence[tuple[bytes, int]]) -> list[int | None]:
        """Return the bytes of logs; some thousands in a transaction."""
        return await log_sizes(self._database, self._index.log_numbers(logs))

    async def delete_records(self, trims: Sequence[Trim]) -> list[int | SkylogError]:
        """Move the starts of logs forward; extents below are left to `purge`."""
        numbers = self._index.log_numbers([(trim.topic_id, trim.partition) for trim in trims])
        work = partial(delete_records, trims=list(zip(trims, numbers, strict=True)))
        return await self._database.submit(work, partial(self._publish_starts, trims))

    def _publish_starts(
        self, trims: Sequence[Trim], outcomes: list[int | SkylogError]
    ) -> list[int | SkylogError]:
        self._index.trim(
            [
                (trim.topic_id, trim.partition, outcome)
                for trim, outcome in zip(trims, outcomes, strict=True)
                if isinstance(outcome, int)
            ]
        )
        return outcomes

    # Producers.

    async def allocate_producer_ids(self, count: int) -> int:
        """Return ids from a block in memory, one write for 1,000. A restart leaves out its rest."""
        async with self._producer_ids_lock:
            if len(self._producer_ids) < count:
                size = max(count, PRODUCER_IDS_TOGETHER)
                first = await self._database.run(partial(producers.take_producer_ids, count=size))
                self._producer_ids = range(first, first + size)
            taken, self._producer_ids = self._producer_ids[:count], self._producer_ids[count:]
            return taken.start

    async def list_producers(
        self, logs: Sequence[tuple[bytes, int]]
    ) -> list[list[ActiveProducer] | SkylogError]:
        """Return what logs remember of producers; some thousands in a transaction."""
        numbers = self._index.log_numbers(logs)
        known = [place for place, number in enumerate(numbers) if number is not None]
        found: list[list[ActiveProducer] | SkylogError] = [_no_log(*log) for log in logs]
        lists: list[list[ActiveProducer]] = [[] for _ in known]
        async for place, producer in each_producer(
            self._database, [number for number in numbers if number is not None]
        ):
            lists[place].append(producer)
        for place, producers_of_log in zip(known, lists, strict=True):
            found[place] = producers_of_log
        return found

    async def expire_producers(self, idle_ms: int, limit: int) -> int:
        """Forget idle producers in the next piece of the table; 0 says that this piece had none."""
        self._expiry_place, forgotten = await self._database.run(
            partial(
                producers.expire_producers,
                place=self._expiry_place,
                before_ms=self._clock.now_ms() - idle_ms,
                limit=limit,
            )
        )
        return forgotten

    # Groups.

    async def commit_offsets(
        self, group_id: str, offsets: Sequence[CommittedOffset]
    ) -> list[SkylogError | None]:
        """Store a group's offsets durably; groups that commit at the same time share an fsync."""
        now_ms = self._clock.now_ms()
        work = partial(groups.commit_offsets, group_id=group_id, offsets=offsets, now_ms=now_ms)
        return await self._database.run(work)

    async def fetch_offsets(
        self, group_id: str, partitions: Sequence[tuple[bytes, int]] | None
    ) -> list[CommittedOffset | None]:
        """Return offsets in the order asked; None asks for all, by topic name."""
        return await self._database.run(
            partial(groups.fetch_offsets, group_id=group_id, partitions=partitions)
        )

    async def delete_offsets(self, group_id: str, partitions: Sequence[tuple[bytes, int]]) -> None:
        """Forget offsets; those that are not there are no error."""
        await self._database.run(partial(groups.delete_offsets, group_id=group_id, partitions=partitions))

    async def save_group(self, group: GroupRecord) -> None:
        """Store or replace a group's row."""
        await self._database.run(partial(groups.save_group, group=group))

    async def list_groups(self) -> list[GroupRecord]:
        """Return all groups by id."""
        return await self._database.run(groups.list_groups)

    async def find_groups(self, group_ids: Sequence[str]) -> list[GroupRecord | None]:
        """Return the rows of these groups, however many there are beside them."""
        return await self._database.run(partial(groups.find_groups, group_ids=group_ids))

    async def delete_groups(self, group_ids: Sequence[str]) -> list[SkylogError | None]:
        """Remove groups with their offsets."""
        return await self._database.run(partial(groups.delete_groups, group_ids=group_ids))

    # The life of objects.

    async def purge(self, limit: int) -> int:
        """Remove up to `limit` rows of deleted topics and records; 0 says that nothing is left."""
        return await self._database.run(partial(purge, limit=limit, now_ms=self._clock.now_ms()))

    async def deletable_segments(self, grace_ms: int, limit: int) -> list[StoredSegment]:
        """Return segments that nothing has referred to for `grace_ms`, the longest first."""
        before_ms = self._clock.now_ms() - grace_ms
        return await self._database.run(partial(objects.deletable_segments, before_ms=before_ms, limit=limit))

    async def forget_segments(self, keys: Sequence[str]) -> None:
        """Remove the rows of segments whose objects are gone."""
        await self._database.run(partial(objects.forget_segments, keys=keys))

    async def known_segments(self, keys: Sequence[str]) -> list[bool]:
        """Say which keys have a row."""
        return await self._database.run(partial(objects.known_segments, keys=keys))


def _no_log(topic_id: bytes, partition: int) -> NotFound:
    return NotFound(f"topic id {format_topic_id(topic_id)}, partition {partition}: no such partition")


def _in_extent(found: FoundByTime | None) -> OffsetAnswer:
    return OffsetAnswer(-1) if found is None else OffsetAnswer(found[0], -1, found[1])


def _same_run(run: Run | None) -> Run | None:
    return run
