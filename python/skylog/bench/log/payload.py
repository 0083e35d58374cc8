"""Records that carry when they were due and their number: how batches of them are made and read. Pure."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from skylog import records
from skylog.bench.log.plan import STAMP_BYTES, Plan
from skylog.clock import Entropy
from skylog.errors import Corrupt
from skylog.records import Encoded

Numbers = npt.NDArray[np.int64]

_DUE, _NUMBER = 0, 1


class BatchMaker:
    """Makes one batch after another in the same memory: random values, fresh stamps.

    Parameters
    ----------
    plan : Plan
    entropy : Entropy
        Of the values; each batch has the same.
    producer_id, producer_epoch : int
        -1 without idempotence.
    """

    def __init__(self, plan: Plan, entropy: Entropy, producer_id: int = -1, producer_epoch: int = -1) -> None:
        count, size = shape = (plan.batch_records, plan.record_bytes)
        content = bytearray(entropy.random_bytes(count * size))
        self._rows = np.frombuffer(content, np.uint8).reshape(shape)
        # The same memory as an Arrow column, which the encoder reads in place.
        buffers = [None, pa.py_buffer(content)]
        self._values = pa.FixedSizeBinaryArray.from_buffers(pa.binary(size), count, buffers)
        self._bytes_max: Final = plan.batch_bytes_max
        self._identity = (producer_id, producer_epoch)

    def make(self, due_ns: Numbers, first_number: int, timestamp_ms: int) -> Encoded:
        """Return one batch of records due at those moments, numbered from `first_number` on."""
        count = len(due_ns)
        stamps = np.empty((count, 2), "<i8")
        stamps[:, _DUE] = due_ns
        stamps[:, _NUMBER] = np.arange(first_number, first_number + count)
        self._rows[:count, :STAMP_BYTES] = stamps.view(np.uint8)
        producer_id, epoch = self._identity
        return records.encode(
            self._values.slice(0, count),
            timestamps=timestamp_ms,
            max_batch_bytes=self._bytes_max,
            producer_id=producer_id,
            producer_epoch=epoch,
            base_sequence=first_number & 0x7FFFFFFF if producer_id >= 0 else -1,
        )


def read_stamps(batches: memoryview, record_bytes: int) -> tuple[Numbers, Numbers]:
    """Return when the records of some batches were due, and their numbers, in order.

    Checksums are verified. Raises `Corrupt` for records that are not of `BatchMaker`.
    """
    table = records.decode(batches, columns=("value",))
    parts = [_stamps(chunk, record_bytes) for chunk in table.column("value").chunks if len(chunk)]
    both = np.concatenate(parts) if parts else np.empty((0, 2), "<i8")
    return both[:, _DUE], both[:, _NUMBER]


def _stamps(values: pa.Array, record_bytes: int) -> Numbers:
    count, first = len(values), values.offset
    _, offsets, content = values.buffers()
    ends = np.frombuffer(offsets, np.int32)[first : first + count + 1]
    if int(ends[-1]) - int(ends[0]) != count * record_bytes or bool(np.any(np.diff(ends) != record_bytes)):
        raise Corrupt(
            f"expected records of {record_bytes} bytes, found {count} of {int(ends[-1] - ends[0])} in all"
        )
    rows = np.frombuffer(content, np.uint8)[int(ends[0]) : int(ends[-1])].reshape(count, record_bytes)
    return np.ascontiguousarray(rows[:, :STAMP_BYTES]).view("<i8")
