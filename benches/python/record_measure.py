"""Interleaved measuring on one core, in CPU seconds of this process."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

GIB = 1 << 30


@dataclass(frozen=True)
class Work:
    """One pass of a contender, and what it goes through."""

    run: Callable[[], object]
    value_bytes: int
    record_count: int


@dataclass(frozen=True)
class Figure:
    """CPU seconds of one pass, a number for each round."""

    seconds: tuple[float, ...]
    value_bytes: int
    record_count: int

    def row(self) -> dict[str, object]:
        """Return the figure as a report keeps it; ranges are (lowest, median, highest)."""
        low, middle, high = min(self.seconds), statistics.median(self.seconds), max(self.seconds)
        return {
            "cpu_s_per_gib": [round(GIB / self.value_bytes * part, 6) for part in (low, middle, high)],
            "gb_per_s": [round(self.value_bytes / part / 1e9, 6) for part in (high, middle, low)],
            "records_per_s": round(self.record_count / middle),
        }


def interleaved(works: dict[str, Work], rounds: int, round_s: float) -> dict[str, Figure]:
    """Let the contenders take turns; each repeats its pass for about `round_s` a turn.

    The collector of reference cycles rests meanwhile, which favours those who make objects.
    """
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        work.run()
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, work in works.items():
                seconds[name].append(spend(work.run, round_s))
    finally:
        gc.enable()
    return {
        name: Figure(tuple(seconds[name]), work.value_bytes, work.record_count)
        for name, work in works.items()
    }


def spend(run: Callable[[], object], for_s: float) -> float:
    """Repeat a pass for so long, at least once; return the CPU seconds of one."""
    passes = 0
    deadline = time.perf_counter() + for_s
    before = time.process_time()
    while not passes or time.perf_counter() < deadline:
        run()
        passes += 1
    return (time.process_time() - before) / passes


def fitting(prepare: Callable[[int], Work], most_bytes: int, round_s: float) -> Work:
    """Prepare a pass over as many bytes as a turn of `round_s` has time for, at most `most_bytes`."""
    probe = prepare(min(most_bytes, 1 << 20))
    probe.run()
    seconds_per_byte = spend(probe.run, round_s / 10) / probe.value_bytes
    fitting_bytes = int(round_s / seconds_per_byte)
    return prepare(min(most_bytes, max(fitting_bytes, probe.value_bytes)))


def touch_memory(gib: int) -> None:
    """Touch memory and free it: on a virtual machine the first touch of all costs many times the later."""
    room = bytearray(gib * GIB)
    room[::4096] = b"\x01" * len(room[::4096])
