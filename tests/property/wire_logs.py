"""Logs as a coordinator and a store hold them, for plans that are made without either."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from kafka.record.memory_records import MemoryRecords
from wire_samples import NOW_MS, TOPIC_IDS, as_frame, produce_message, topic_table

from skylog.core import (
    FetchPlan,
    Located,
    SealedSegment,
    SegmentBuilder,
    TopicTable,
    parse_produce,
    sequence,
)

BIG = 1 << 30

Log = tuple[str, int]


@dataclass
class Logs:
    """Logs as they were committed: sealed segments, extents as a coordinator finds them, batches in order."""

    segments: list[bytes] = field(default_factory=list)
    extents: dict[Log, list[tuple[int, int, int, int, int, int]]] = field(default_factory=dict)
    batches: dict[Log, list[tuple[int, int, bytes]]] = field(default_factory=dict)
    ends: dict[Log, int] = field(default_factory=dict)
    starts: dict[Log, int] = field(default_factory=dict)
    table: TopicTable = field(default_factory=topic_table)
    identities: dict[str, bytes] = field(default_factory=lambda: dict(TOPIC_IDS))

    def commit(self, batches: Sequence[tuple[Log, bytes, int]]) -> SealedSegment:
        """Seal and commit (log, batch, records) in order."""
        builder = SegmentBuilder()
        for (topic, partition), batch, _ in batches:
            message = produce_message(9, [(topic, [(partition, batch)])])
            request = parse_produce(as_frame(message), self.table, NOW_MS, BIG)
            assert request.accepted == 1
            builder.append(request)
        sealed = builder.seal(bytes(16), NOW_MS)
        names = {identity: name for name, identity in self.identities.items()}
        logs = [(names[identity], partition) for identity, partition in sealed.logs]
        states = [(number, 0, self.ends.get(log, 0), -1, -1) for number, log in enumerate(logs)]
        done = sequence(sealed, states, [None] * len(sealed.producers), NOW_MS)
        for number, base, last, position, size, _, _, append_time in done.extent_rows:
            extent = (base, last, len(self.segments), position, size, append_time)
            self.extents.setdefault(logs[number], []).append(extent)
        for log, batch, records in batches:
            base = self.ends.get(log, 0)
            self.batches.setdefault(log, []).append((base, base + records - 1, batch))
            self.ends[log] = base + records
        self.segments.append(sealed.data)
        return sealed

    def locate(self, wanted: Sequence[tuple[Log | None, int]], log_start: int = 0) -> Located:
        """Return what a coordinator knows; None is a log that does not exist."""
        rows = [
            (index, *extent)
            for index, (log, offset) in enumerate(wanted)
            if log is not None
            for extent in self.extents.get(log, [])
            if extent[1] >= offset
        ]
        bounds = [
            None if log is None else (self.starts.get(log, log_start), self.ends.get(log, 0))
            for log, _ in wanted
        ]
        return Located.from_rows(bounds, rows, [(n, str(n), len(s)) for n, s in enumerate(self.segments)])

    def load(self, plan: FetchPlan) -> list[tuple[bytes, int, bool] | None]:
        """Return of each segment just the window that is wanted."""
        return [
            (self.segments[int(key)][position : position + size], position, True)
            for key, _, position, size in plan.windows
        ]


def offsets(records: bytes) -> list[int]:
    """Return the offsets of records after checking each batch's checksum."""
    found, batches = [], MemoryRecords(bytes(records))
    while (batch := batches.next_batch()) is not None:
        assert batch.validate_crc()
        found += [record.offset for record in batch]
    return found
