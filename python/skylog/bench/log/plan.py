"""What is sent when, whatever the broker does: an open loop. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from skylog.bench.sizes import GIB, KIB, MIB, parse_size
from skylog.errors import InvalidConfig

STAMP_BYTES: Final = 16
"""What each record begins with: when it was due and its number in its partition."""

IDEMPOTENT_IN_FLIGHT_MAX: Final = 5

_NS: Final = 1_000_000_000
_BATCH_BYTES_MAX: Final = 16 * MIB
_IN_FLIGHT_MAX: Final = 1000
_FAN_OUT_MAX: Final = 64
_PARTITIONS_MAX: Final = 10_000
_SECONDS_MAX: Final = 3600.0
_RECORD_OVERHEAD_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Plan:
    """The load and its bounds.

    Attributes
    ----------
    rate : float
        Records a second, evenly spaced, over all partitions.
    record_bytes : int
        Of each record's value.
    partitions, producers, fan_out : int
        Of the topic; connections that write, each its own partitions; consumers that each read everything.
    batch_bytes : int
        Records for one partition until it is the next one's turn.
    linger_ms : float
        How often records that are due are sent.
    in_flight : int
        Requests of each producer without an answer.
    idempotent : bool
        Whether producers have an identity, as ordinary clients do.
    seconds, warm_up_seconds : float
        Measured, and before that unmeasured.
    drain_seconds : float
        How long to wait for what is under way at the end.
    bytes_max : int
        Produced at most.
    outstanding_bytes_max : int
        Sent and not acknowledged; beyond it records wait here, and their time runs.
    """

    rate: float
    record_bytes: int = KIB
    partitions: int = 16
    producers: int = 1
    fan_out: int = 1
    batch_bytes: int = 64 * KIB
    linger_ms: float = 5.0
    in_flight: int = 100
    idempotent: bool = False
    seconds: float = 30.0
    warm_up_seconds: float = 5.0
    drain_seconds: float = 30.0
    bytes_max: int = 32 * GIB
    outstanding_bytes_max: int = 512 * MIB

    def __post_init__(self) -> None:
        _within("--rate", self.rate, 0.01, 1e7, "records a second")
        _within("--record-bytes", self.record_bytes, STAMP_BYTES, MIB, "bytes")
        _within("--partitions", self.partitions, 1, _PARTITIONS_MAX)
        _within("--producers", self.producers, 1, self.partitions, "so that each has a partition")
        _within("--fan-out", self.fan_out, 0, _FAN_OUT_MAX)
        _within("--batch-bytes", self.batch_bytes, self.record_bytes, _BATCH_BYTES_MAX, "bytes")
        _within("--linger-ms", self.linger_ms, 1, 10_000)
        most = IDEMPOTENT_IN_FLIGHT_MAX if self.idempotent else _IN_FLIGHT_MAX
        _within("--in-flight", self.in_flight, 1, most, "with --idempotent at most 5")
        _within("--seconds", self.seconds, 0.1, _SECONDS_MAX)
        _within("--warm-up", self.warm_up_seconds, 0, _SECONDS_MAX)
        if self.total_bytes > self.bytes_max:
            wanted, allowed = (f"{size / GIB:,.1f} GiB" for size in (self.total_bytes, self.bytes_max))
            raise InvalidConfig(
                f"--bytes-max: expected at most {allowed}, found {wanted}: "
                f"{self.bytes_per_second / MIB:,.1f} MiB/s for "
                f"{self.seconds + self.warm_up_seconds:g} s; lower --rate or --seconds, or allow more"
            )

    @property
    def bytes_per_second(self) -> float:
        """Of values."""
        return self.rate * self.record_bytes

    @property
    def total_records(self) -> int:
        """Warm-up included."""
        return max(1, int(self.rate * (self.seconds + self.warm_up_seconds)))

    @property
    def total_bytes(self) -> int:
        """Of values, warm-up included."""
        return self.total_records * self.record_bytes

    @property
    def batch_records(self) -> int:
        """Records of a full batch."""
        return max(1, self.batch_bytes // self.record_bytes)

    @property
    def batch_bytes_max(self) -> int:
        """No batch is larger, headers included."""
        return self.batch_records * (self.record_bytes + _RECORD_OVERHEAD_BYTES) + KIB

    @property
    def warm_up_ns(self) -> int:
        """Records due before it are not measured."""
        return int(self.warm_up_seconds * _NS)

    @property
    def end_ns(self) -> int:
        """When the last record is due."""
        return int((self.warm_up_seconds + self.seconds) * _NS)


@dataclass(frozen=True, slots=True)
class Run:
    """Adjacent records for one partition: the first's number among all, and how many."""

    partition: int
    first: int
    count: int


class Schedule:
    """Says which records are due, and which partition gets them: one after the other, a batch each.

    Parameters
    ----------
    plan : Plan
    """

    def __init__(self, plan: Plan) -> None:
        self.interval_ns: Final = _NS / plan.rate
        self._plan = plan
        self._next = 0
        self._partition = 0
        self._room = plan.batch_records

    @property
    def done(self) -> bool:
        """Whether all records were handed out."""
        return self._next >= self._plan.total_records

    @property
    def handed_out(self) -> int:
        """Records so far."""
        return self._next

    def due_ns(self, number: int) -> int:
        """Return when a record is due, in nanoseconds from the start."""
        return int(number * self.interval_ns)

    def take(self, now_ns: int) -> Iterator[Run]:
        """Hand out all records that are due and were not, in order."""
        due = min(self._plan.total_records, int(now_ns / self.interval_ns) + 1)
        while self._next < due:
            count = min(self._room, due - self._next)
            yield Run(self._partition, self._next, count)
            self._next += count
            self._room -= count
            if not self._room:
                self._partition = (self._partition + 1) % self._plan.partitions
                self._room = self._plan.batch_records


_RATE: Final = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>[kmg]i?b?)?(?:/s)?", re.IGNORECASE)


def parse_rate(text: str, record_bytes: int) -> float:
    """Return records a second: ``5000`` are records, ``10MiB`` and ``10MiB/s`` bytes a second."""
    match = _RATE.fullmatch(text.strip())
    if match is None:
        raise InvalidConfig(f"--rate: expected records a second or a size such as 10MiB/s, found {text!r}")
    if match["unit"] is None:
        return float(match["number"])
    return parse_size(match["number"] + match["unit"], "--rate") / record_bytes


def _within(name: str, value: float, low: float, high: float, what: str = "") -> None:
    if not low <= value <= high:
        why = f" {what}" if what else ""
        raise InvalidConfig(f"{name}: expected {low:g} to {high:g}{why}, found {value:g}")
