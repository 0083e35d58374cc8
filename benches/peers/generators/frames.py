"""Prebuilt requests over one connection, five in flight: nothing is encoded, nothing decoded."""

from __future__ import annotations

import socket
import struct
import time
from pathlib import Path

import frames
from peers.generators.job import Job, Told, main
from peers.payload import records
from pump import connect, pump, read_frame
from skylog.records import encode

_IN_FLIGHT = 5
_TIMEOUT_S = 60


def batch_of(job: Job) -> tuple[bytes, int]:
    """Return one batch of the job's size, and how many records it holds."""
    values = records(Path(job.payload))
    wanted = max(1, job.batch_bytes // (job.record_bytes + 8))
    values = (values * (wanted // len(values) + 1))[: wanted * _packed(job)]
    compression = None if job.compression == "none" else job.compression
    encoded = encode(values, compression=compression, max_batch_bytes=job.batch_bytes)
    batch = bytes(encoded.batches()[0])
    return batch, struct.unpack(">i", batch[57:61])[0]


def _packed(job: Job) -> int:
    """How many times more records to offer where they are packed."""
    return 1 if job.compression == "none" else 6


def produce(job: Job) -> Told:
    """Send one request again and again: a batch to each partition, as many partitions as fit into 8 MiB."""
    batch, batch_records = batch_of(job)
    at_once = max(1, min(job.partitions, (8 << 20) // len(batch)))
    count = max(1, round(job.count / batch_records / at_once))
    connection = _open(job)
    start = time.perf_counter()
    if at_once == job.partitions:
        pump(connection, frames.produce(job.topic, range(job.partitions), batch), count, _IN_FLIGHT)
    else:
        count = _in_turn(connection, job, batch, at_once, count)
    return {
        "records": count * at_once * batch_records,
        "seconds": time.perf_counter() - start,
        "requests": count,
        "batch_bytes": len(batch),
        "records_per_request": at_once * batch_records,
    }


def _in_turn(connection: socket.socket, job: Job, batch: bytes, at_once: int, count: int) -> int:
    groups = [range(first, first + at_once) for first in range(0, job.partitions - at_once + 1, at_once)]
    turns = max(1, count // len(groups))
    for group in groups:
        pump(connection, frames.produce(job.topic, group, batch), turns, _IN_FLIGHT)
    return turns * len(groups)


def fetch(job: Job) -> Told:
    """Read what `produce` wrote, one batch of each partition in a request."""
    batch, batch_records = batch_of(job)
    connection = _open(job)
    scratch = memoryview(bytearray(64 << 20))
    turns = max(1, job.count // batch_records // job.partitions)
    start, got = time.perf_counter(), 0
    for turn in range(turns):
        offsets = dict.fromkeys(range(job.partitions), turn * batch_records)
        connection.sendall(frames.fetch(job.topic, offsets, len(batch)))
        got += len(read_frame(connection, scratch))
    if got < turns * job.partitions * len(batch):
        raise SystemExit(
            f"expected {turns * job.partitions} batches of {len(batch)} bytes, found {got} bytes"
        )
    return {
        "records": turns * job.partitions * batch_records,
        "seconds": time.perf_counter() - start,
        "requests": turns,
        "records_per_request": job.partitions * batch_records,
    }


def _open(job: Job) -> socket.socket:
    connection = connect(int(job.bootstrap.rpartition(":")[2]))
    connection.settimeout(_TIMEOUT_S)
    return connection


if __name__ == "__main__":
    main({"produce": produce, "fetch": fetch})
