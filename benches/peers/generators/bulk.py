"""skylog's own bulk client: columns in, idempotent; batches out, not decoded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from peers.generators.job import Job, Told, main
from peers.payload import records
from skylog import bulk


def produce(job: Job) -> Told:
    """Encode and send."""
    made = bulk.produce(
        job.bootstrap,
        job.topic,
        _tables(job),
        key=None,
        compression=None if job.compression == "none" else job.compression,
        max_batch_bytes=job.batch_bytes,
    )
    batches = max(1, round(made.bytes / job.batch_bytes))
    return {
        "records": made.records,
        "seconds": made.seconds,
        "requests": made.requests,
        "batch_bytes": made.bytes / batches,
        "records_per_request": made.records / max(1, made.requests),
    }


def _tables(job: Job) -> Iterator[pa.RecordBatch]:
    pool = pa.array(records(Path(job.payload)), pa.binary())
    left = job.count
    while left > 0:
        yield pa.record_batch({"value": pool[:left]})
        left -= len(pool)


def fetch(job: Job) -> Told:
    """Read batches of all partitions until so many records came."""
    return asyncio.run(_fetch(job))


async def _fetch(job: Job) -> Told:
    got, start = 0, 0.0
    async with bulk.Cluster(job.bootstrap) as cluster:
        topic = await cluster.topic(job.topic)
        everything = dict.fromkeys(range(job.partitions), (job.start, None))
        async with bulk.Fetcher(cluster, topic, everything) as fetcher:
            print("ready", flush=True)
            while got < job.count and (answer := await fetcher.next()) is not None:
                start = start or time.perf_counter()
                got += sum(_records_in(piece.records) for piece in answer.pieces)
                answer.release()
    return {"records": got, "seconds": time.perf_counter() - start}


def _records_in(batches: memoryview) -> int:
    """Count records by the heads of their batches."""
    count = place = 0
    while place < len(batches):
        count += int.from_bytes(batches[place + 57 : place + 61])
        place += 12 + int.from_bytes(batches[place + 8 : place + 12])
    return count


if __name__ == "__main__":
    main({"produce": produce, "fetch": fetch})
