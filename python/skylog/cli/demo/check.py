"""Is every record there, once, in order, as it was sent?"""

from __future__ import annotations

from skylog.cli.demo.workload import Workload

FAULTS_SHOWN = 5


class Check:
    """Follows each partition's offsets.

    A consumer group may be handed a record again after a rebalance, at the same offset; that is no fault. A
    record that is stored twice is one: every later one then stands at the wrong offset.
    """

    def __init__(self, workload: Workload) -> None:
        self._workload = workload
        self._next = [0] * workload.partitions
        self.faults: list[str] = []
        self.again = 0

    @property
    def records(self) -> int:
        """Distinct records seen so far."""
        return sum(self._next)

    @property
    def complete(self) -> bool:
        """Whether all records were seen, or it makes no sense to wait for more."""
        return bool(self.faults) or self.records >= self._workload.records

    def see(self, partition: int, offset: int, value: bytes | None) -> None:
        """Take note of one record that was read."""
        expected = self._next[partition]
        if offset > expected:
            self._fault(f"partition {partition}: expected offset {expected} next, found {offset}")
        if value != self._workload.value_at(partition, offset):
            shown = None if value is None else value[:24]
            self._fault(f"partition {partition} offset {offset}: wrong record, it begins with {shown!r}")
        self.again += offset < expected
        self._next[partition] = max(expected, offset + 1)

    def finish(self, ends: dict[int, int]) -> None:
        """Compare what was read with what should be there and with where the broker says partitions end."""
        for partition, seen in enumerate(self._next):
            wanted, end = self._workload.count_of(partition), ends.get(partition)
            if seen != wanted or end != wanted:
                self._fault(
                    f"partition {partition}: expected {wanted} records, read {seen}, the log ends at {end}"
                )

    def _fault(self, text: str) -> None:
        if len(self.faults) < FAULTS_SHOWN:
            self.faults.append(text)
