"""Checksums beside those of others, and what a second thread brings."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable

import crc32c
import google_crc32c
from aiokafka.record.util import calc_crc32c

from record_data import values_of
from record_measure import Work, interleaved
from record_peers import encoded
from skylog import records

CHECKSUMS: dict[str, Callable[[bytes], int]] = {
    "skylog": records.crc32c,
    "google-crc32c": google_crc32c.value,
    "crc32c": crc32c.crc32c,
    "aiokafka": calc_crc32c,
}
CHECKSUM_BYTES = (1 << 10, 64 << 10, 1 << 20, 64 << 20)
CALLS_A_PASS_BYTES = 1 << 20


def checksums(rounds: int, round_s: float) -> list[dict[str, object]]:
    """GB/s of CRC-32C by size: up to 1 MiB of hot data, 64 MiB through memory."""
    text = b"".join(values_of(1024, CHECKSUM_BYTES[-1]).list)
    rows = []
    for size in CHECKSUM_BYTES:
        data = text[:size]
        works = {name: _repeated(check, data) for name, check in CHECKSUMS.items()}
        figures = interleaved(works, rounds, round_s)
        rows += [{"bytes": size, "contender": name} | figure.row() for name, figure in figures.items()]
    return rows


def _repeated(check: Callable[[bytes], int], data: bytes) -> Work:
    calls = max(1, CALLS_A_PASS_BYTES // len(data))

    def run() -> None:
        for _ in range(calls):
            check(data)

    return Work(run, calls * len(data), calls)


def threads(total_bytes: int, rounds: int) -> list[dict[str, object]]:
    """How many times the work of one thread two do in the same wall time."""
    rows = []
    for codec in ("none", "zstd"):
        values = values_of(1024, total_bytes if codec == "none" else total_bytes // 2)
        batches, compression = bytes(encoded(values, codec)), None if codec == "none" else codec
        passes: dict[str, Callable[[], object]] = {
            "encode": lambda v=values, c=compression: records.encode(v.array, compression=c),
            "decode": lambda b=batches: records.decode(b),
        }
        rows += [
            {"direction": name, "codec": codec, "speedup": _speedup(run, rounds)}
            for name, run in passes.items()
        ]
    return rows


def _speedup(run: Callable[[], object], rounds: int) -> list[float]:
    """Return (lowest, median, highest)."""
    _wall(run, 1)
    ratios = [2 * _wall(run, 1) / _wall(run, 2) for _ in range(rounds)]
    return [round(part, 3) for part in (min(ratios), statistics.median(ratios), max(ratios))]


def _wall(run: Callable[[], object], count: int) -> float:
    """Return the wall seconds in which `count` threads each do ten passes."""
    workers = [threading.Thread(target=lambda: [run() for _ in range(10)]) for _ in range(count)]
    started = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return time.perf_counter() - started
