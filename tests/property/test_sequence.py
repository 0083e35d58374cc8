"""Idempotence: the Rust sequencer against a plain model of Kafka's producer state, batch after batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sealing import TIME_MS, Batch, Log, seal
from skylog.core import SealedSegment, sequence

LOGS = [Log(bytes([number]) * 16, number) for number in range(2)]
LAST_SEQUENCE = 2**31 - 1
REMEMBERED = 5


@dataclass
class Producer:
    """What Kafka keeps of a producer in one partition."""

    epoch: int
    batches: list[tuple[int, int, int]] = field(default_factory=list)


@dataclass
class Partition:
    """A log as the model sees it; extents are (base, last, largest time)."""

    next_offset: int = 0
    running_max: int = -1
    last_append_ms: int = -1
    producers: dict[int, Producer] = field(default_factory=dict)

    def append(self, batch: Batch) -> tuple[str, int]:
        if batch.producer_id >= 0:
            refusal = self._judge(batch)
            if refusal:
                return refusal
        base = self.next_offset
        self.next_offset += batch.records
        return "appended", base

    def _judge(self, batch: Batch) -> tuple[str, int] | None:
        last = batch.sequence + batch.records - 1
        last = last if last <= LAST_SEQUENCE else last - LAST_SEQUENCE - 1
        entry = self.producers.get(batch.producer_id)
        if entry is None:
            entry = self.producers[batch.producer_id] = Producer(batch.epoch)
        elif batch.epoch < entry.epoch:
            return "invalid_producer_epoch", -1
        elif batch.epoch > entry.epoch:
            if batch.sequence != 0:
                return "out_of_order_sequence", -1
            self.producers[batch.producer_id] = entry = Producer(batch.epoch)
        else:
            for first, end, base in entry.batches:
                if (first, end) == (batch.sequence, last):
                    return "duplicate", base
            previous = entry.batches[-1][1]
            if batch.sequence != (0 if previous == LAST_SEQUENCE else previous + 1):
                return "out_of_order_sequence", -1
        entry.batches = [*entry.batches, (batch.sequence, last, self.next_offset)][-REMEMBERED:]
        return None


KINDS = ["next"] * 8 + ["again", "older", "older", "gap", "zero", "near the end", "plain"]


@dataclass(frozen=True)
class Wish:
    """How a batch is drawn: mostly what follows, sometimes what does not."""

    log: Log
    producer_id: int
    kind: str
    records: int
    newer: int
    time: int


class Sequencing(RuleBasedStateMachine):
    """Commits segments of any batches; what the sequencer writes is what it gets to see the next time."""

    @initialize(append_time=st.booleans())
    def start(self, append_time: bool) -> None:
        self.append_time = append_time
        self.model = {log: Partition() for log in LOGS}
        self.rows: dict[int, tuple[int, int, int, int, int]] = {
            number: (number, 0, 0, -1, -1) for number in range(len(LOGS))
        }
        self.producers: dict[tuple[int, int], tuple[int, bytes]] = {}
        self.sent: dict[tuple[Log, int], list[Batch]] = {}
        self.now_ms = TIME_MS

    @rule(
        wishes=st.lists(
            st.tuples(
                st.sampled_from(LOGS),
                st.integers(0, 1),
                st.sampled_from(KINDS),
                st.integers(1, 3),
                st.sampled_from([0] * 12 + [1, -1]),
                st.integers(0, 50),
            ),
            min_size=1,
            max_size=6,
        ),
        step_ms=st.integers(-20, 40),
    )
    def commit(self, wishes: list[tuple[Any, ...]], step_ms: int) -> None:
        self.now_ms += step_ms
        batches = [self._draw(Wish(*wish)) for wish in wishes]
        ordered = [
            batch for log in dict.fromkeys(b.log for b in batches) for batch in batches if batch.log == log
        ]
        expected = [self.model[batch.log].append(batch) for batch in ordered]
        sealed = seal(batches, log_append_time=self.append_time)
        done = sequence(sealed, self._logs(sealed), self._known(sealed), self.now_ms)
        assert done.result.batches() == expected
        self._check_extents(ordered, expected, done.extent_rows)
        self._store(done.log_rows, done.producer_rows)

    def _draw(self, wish: Wish) -> Batch:
        timestamp_ms = TIME_MS + wish.time
        sent = self.sent.setdefault((wish.log, wish.producer_id), [])
        if wish.kind == "plain":
            return Batch(wish.log, wish.records, timestamp_ms)
        if sent and wish.kind in ("again", "older"):
            return sent[-1] if wish.kind == "again" else sent[-min(len(sent), 1 + wish.time % 7)]
        last = sent[-1] if sent else Batch(wish.log, 1, epoch=3, sequence=-1)
        follows = last.sequence + last.records
        follows = follows if follows <= LAST_SEQUENCE else follows - LAST_SEQUENCE - 1
        others = {"gap": follows % LAST_SEQUENCE + 1, "zero": 0, "near the end": LAST_SEQUENCE - 1}
        start, epoch = others.get(wish.kind, follows), max(0, last.epoch + wish.newer)
        batch = Batch(wish.log, wish.records, timestamp_ms, wish.producer_id, epoch, start)
        if wish.kind == "next" or not sent:
            sent.append(batch)
        return batch

    def _logs(self, sealed: SealedSegment) -> list[tuple[int, int, int, int, int]]:
        return [self.rows[partition] for _, partition in sealed.logs]

    def _known(self, sealed: SealedSegment) -> list[tuple[int, bytes] | None]:
        logs = [partition for _, partition in sealed.logs]
        return [self.producers.get((logs[log], producer_id)) for log, producer_id in sealed.producers]

    def _check_extents(
        self, batches: list[Batch], outcomes: list[tuple[str, int]], rows: list[tuple[int, ...]]
    ) -> None:
        taken = {
            (batch.log.partition, offset)
            for batch, (outcome, base) in zip(batches, outcomes, strict=True)
            if outcome == "appended"
            for offset in range(base, base + batch.records)
        }
        covered = [(row[0], offset) for row in rows for offset in range(row[1], row[2] + 1)]
        assert len(covered) == len(set(covered))
        assert set(covered) == taken

    def _store(self, logs: list[tuple[int, ...]], producers: list[tuple[int, int, int, bytes, int]]) -> None:
        for next_offset, running_max, last_append_ms, log_no in logs:
            _, start, before, max_before, append_before = self.rows[log_no]
            assert next_offset > before
            assert running_max >= max_before
            assert last_append_ms >= append_before
            self.rows[log_no] = (log_no, start, next_offset, running_max, last_append_ms)
        for log_no, producer_id, epoch, remembered, _ in producers:
            self.producers[log_no, producer_id] = (epoch, remembered)

    @invariant()
    def ends_agree(self) -> None:
        for log, partition in getattr(self, "model", {}).items():
            assert self.rows[log.partition][2] == partition.next_offset


Sequencing.TestCase.settings = settings(max_examples=150, stateful_step_count=20, deadline=None)
TestSequencing = Sequencing.TestCase
