"""A run: loads one after the other, in each of them rounds, in each round all targets in turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from confluent_kafka import KafkaException
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from peers.children import Failed
from peers.loads import Load
from peers.machine import describe
from peers.room import Room
from peers.targets import Target
from skylog.errors import SkylogError

_FAILURES_MAX = 2
"""Turns of a target that may fail in a load before it is left out of its further rounds."""

_START_AND_WARM_UP_S = 20.0
_BROKEN = (Failed, KafkaException, SkylogError, OSError, KeyError, ValueError)


@dataclass
class Outcome:
    """What one target did in one load; the turn that warmed it up does not count."""

    warm_up: list[dict[str, float]] = field(default_factory=list)
    samples: list[dict[str, float]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


@dataclass
class Run:
    """Loads and targets, and what came of them so far.

    Attributes
    ----------
    rounds : int
        Turns of each target in each load.
    outcomes : dict of (str, str) to Outcome
        By load and target.
    keep : callable
        Given all results after each turn, so that nothing measured is lost.
    """

    loads: Sequence[Load]
    targets: Sequence[Target]
    rounds: int
    room: Room
    console: Console
    keep: Callable[[dict[str, Any]], None]
    about: dict[str, Any] = field(default_factory=describe)
    outcomes: dict[tuple[str, str], Outcome] = field(default_factory=dict)
    interrupted: bool = False

    def estimate_s(self) -> float:
        """Return about how long all of it takes."""
        warm = sum(_START_AND_WARM_UP_S for target in self.targets if target.kind.long_lived)
        return warm + sum(self._turn_s(load, target) for load, target, _ in self._turns())

    def go(self) -> None:
        """Measure everything; what fails is said and the rest goes on. Ctrl-C ends it early."""
        self.room.targets = self.targets
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self.console, transient=True) as progress:
            bar = progress.add_task("starting", total=self.estimate_s())
            self.room.say = lambda text: progress.update(bar, description=text)
            try:
                for load, target, warms_up in self._turns():
                    self._turn(load, target, warms_up)
                    progress.advance(bar, self._turn_s(load, target))
            except KeyboardInterrupt:
                self.interrupted = True
            finally:
                progress.update(bar, description="stopping all brokers")
                self.room.close()

    def _turns(self) -> list[tuple[Load, Target, bool]]:
        """Return each turn, and whether it only warms up."""
        turns = []
        for load in self.loads:
            targets = [target for target in self.targets if target.name in load.targets]
            turns += [(load, each, True) for each in targets if load.warms_up and each.kind.long_lived]
            turns += [(load, each, False) for _ in range(1 if load.once else self.rounds) for each in targets]
        return turns

    def _turn_s(self, load: Load, target: Target) -> float:
        return load.estimate_s(target, self.room.scale, self.rounds)

    def _turn(self, load: Load, target: Target, warms_up: bool) -> None:
        outcome = self.outcomes.setdefault((load.name, target.name), Outcome())
        if len(outcome.failures) >= _FAILURES_MAX:
            return
        self.room.say(f"{load.title}: {target.title}")
        began = time.perf_counter()
        try:
            samples = load.measure(target, self.room, self.rounds)
        except _BROKEN as error:
            outcome.failures.append(f"{type(error).__name__}: {error}")
            told = f"failed: {error}"
        else:
            (outcome.warm_up if warms_up else outcome.samples).extend(samples)
            told = f"{'warm-up, ' if warms_up else ''}{brief(samples[-1])}"
        took = time.perf_counter() - began
        line = f"{load.title:<46} {target.title:<22} {told}  [{took:.1f} s]"
        self.console.print(line, markup=False, highlight=False)
        self.keep(self.results())

    def results(self) -> dict[str, Any]:
        """Return everything as JSON takes it."""
        return {
            "bench": "peers",
            "about": self.about | self._course(),
            "loads": [
                {
                    "name": load.name,
                    "title": load.title,
                    "aims": [asdict(aim) for aim in load.aims],
                    "targets": {
                        name: outcome.__dict__
                        for (which, name), outcome in self.outcomes.items()
                        if which == load.name
                    },
                }
                for load in self.loads
            ],
        }

    def _course(self) -> dict[str, Any]:
        return {
            "rounds": self.rounds,
            "scale": self.room.scale,
            "broker_cpus": self.room.seat.broker_cpus or "all",
            "client_cpus": self.room.seat.client_cpus or "all",
            "capacities_mib_per_s": self.room.capacities,
            "interrupted": self.interrupted,
        }


def brief(sample: dict[str, float]) -> str:
    """Return what is worth seeing at once."""
    shown = {
        "cpu_s_per_gib": "CPU-s/GiB {:.2f}",
        "mb_per_s": "{:.0f} MB/s",
        "resident_mb": "{:.0f} MB resident",
        "start_s": "{:.2f} s to start",
        "end_to_end_p99_ms": "end to end p99 {:.1f} ms",
        "metadata_cpu_ms": "Metadata {:.1f} ms of CPU",
        "restart_s": "{:.2f} s to restart",
    }
    return ", ".join(text.format(sample[name]) for name, text in shown.items() if name in sample)
